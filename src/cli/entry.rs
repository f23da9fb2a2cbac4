//! One entry of a cache: a line that says what it is, and an inventory as bytes.
//!
//! The line holds the form, the version, the key, the digest of the inventory, the length of the bytes and a checksum of
//! all that. Nothing behind it is looked at before the line is right and the checksum holds.

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::hash::{Hash, hash_of_pieces};
use crate::hex::hex;
use crate::inventory::Inventory;

/// Changes when an entry is written differently.
const FORM: &str = "sgleave-inventory-1";
/// No first line is longer.
const LINE: usize = 512;

/// What an export is understood as.
pub(super) struct Understood {
    pub(super) inventory: Inventory,
    /// Its digest, which takes a while to compute.
    pub(super) digest: String,
}

/// Writes an entry.
pub(super) fn write(key: &Hash, understood: &Understood, out: &mut dyn Write) -> io::Result<()> {
    let bytes = understood.inventory.to_bytes();
    writeln!(out, "{}", line(key, &understood.digest, &bytes))?;
    out.write_all(&bytes)
}

/// Reads an entry, or tells why it is none.
pub(super) fn read(key: &Hash, entry: &[u8]) -> Result<Understood, &'static str> {
    let end = entry.iter().take(LINE).position(|byte| *byte == b'\n').ok_or("it has no first line")?;
    let (first, bytes) = entry.split_at(end);
    let first = std::str::from_utf8(first).map_err(|_| "its first line is no text")?;
    let bytes = bytes.get(1..).unwrap_or_default();
    let words: Vec<&str> = first.split(' ').collect();
    let [form, version, of, digest, length, _] = words.as_slice() else {
        return Err("its first line is that of no entry");
    };
    if (*form, *version) != (FORM, env!("CARGO_PKG_VERSION")) {
        return Err("it is of another version");
    }
    if *of != hex(key) {
        return Err("it is of another export");
    }
    if length.parse() != Ok(bytes.len()) {
        return Err("it is not as long as it says");
    }
    // Also a line that says the same in other words is not the one that was written.
    if line(key, digest, bytes) != first {
        return Err("its checksum does not hold");
    }
    let inventory = Inventory::from_bytes(bytes).ok_or("it holds no inventory")?;
    Ok(Understood { inventory, digest: (*digest).to_owned() })
}

/// Returns the first line. A length and a checksum stand for the bytes.
fn line(key: &Hash, digest: &str, bytes: &[u8]) -> String {
    let (key, length) = (hex(key), bytes.len());
    let said = format!("{FORM} {} {key} {digest} {length}", env!("CARGO_PKG_VERSION"));
    let checksum = Sha256::new().chain_update(&said).chain_update(hash_of_pieces(bytes)).finalize();
    format!("{said} {}", hex(&Hash::from(checksum)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Instance, InventoryGap};

    const KEY: Hash = [7; 32];

    fn entry() -> Vec<u8> {
        let instance = Instance {
            id: "i-a".into(),
            name: "a".to_owned(),
            status: "".into(),
            region: None,
            locks: None,
            tags: [("k", "v")].into_iter().collect(),
        };
        let gap = InventoryGap { code: "truncated-page", what: "more".to_owned() };
        let inventory = Inventory { instances: vec![instance], gaps: vec![gap], ..Inventory::default() };
        let mut entry = Vec::new();
        let digest = inventory.digest();
        write(&KEY, &Understood { inventory, digest }, &mut entry).unwrap();
        entry
    }

    #[test]
    fn an_entry_comes_back() {
        let read = read(&KEY, &entry()).ok().unwrap();
        assert_eq!(read.digest, read.inventory.digest());
        assert_eq!(read.inventory.gaps[0].code, "truncated-page");
    }

    #[test]
    fn no_bit_may_change_and_no_byte_be_missing() {
        let entry = entry();
        for at in 0..entry.len() {
            assert!(read(&KEY, &entry[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut entry = entry.clone();
                entry[at] ^= 1 << bit;
                assert!(read(&KEY, &entry).is_err(), "byte {at} bit {bit}");
            }
        }
        assert!(read(&KEY, &[entry.as_slice(), b"x"].concat()).is_err());
        assert!(read(&[8; 32], &entry).is_err());
    }

    #[test]
    fn an_entry_of_another_version_is_known_by_its_line() {
        let entry = entry();
        let here = format!(" {} ", env!("CARGO_PKG_VERSION"));
        let text = String::from_utf8_lossy(&entry).replacen(&here, " 0.0.9 ", 1);
        assert_eq!(read(&KEY, text.as_bytes()).err(), Some("it is of another version"));
    }
}
