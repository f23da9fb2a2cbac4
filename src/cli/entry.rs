//! One entry of a cache: a line that says what it is, and an inventory as bytes.
//!
//! The line holds the form, the version, the key, the digest of the inventory, the number of its parts and a checksum of
//! all that and of the parts. The lengths of the parts follow, then the parts. Nothing is made of them before the line
//! is right and the checksum holds.

use std::io::{self, BufRead, Read, Write};

use super::hash::{Hash, hash_of, hash_of_hashes, hash_of_pieces};
use crate::hex::hex;
use crate::inventory::Inventory;

/// Changes when an entry is written differently.
const FORM: &str = "sgleave-inventory-3";
/// No first line is longer.
const LINE: u64 = 512;
/// No entry has more parts, which hold thousands of interfaces or dozens of groups each.
const MOST_PARTS: u64 = 1 << 20;

/// What an export is understood as.
pub(super) struct Understood {
    pub(super) inventory: Inventory,
    /// Its digest, which takes a while to compute.
    pub(super) digest: String,
}

/// Writes an entry.
pub(super) fn write(key: &Hash, understood: &Understood, out: &mut dyn Write) -> io::Result<()> {
    let parts = understood.inventory.to_parts();
    writeln!(out, "{}", line(key, &understood.digest, &parts))?;
    for part in &parts {
        out.write_all(&(part.len() as u64).to_le_bytes())?;
    }
    parts.iter().try_for_each(|part| out.write_all(part))
}

/// Reads an entry of so many bytes, or tells why it is none.
pub(super) fn read(key: &Hash, length: u64, from: impl Read) -> Result<Understood, &'static str> {
    // What grows while it is read is not read to its end.
    let mut from = io::BufReader::new(from.take(length));
    let mut first = Vec::new();
    from.by_ref().take(LINE).read_until(b'\n', &mut first).map_err(|_| "it cannot be read")?;
    let first = first.strip_suffix(b"\n").ok_or("it has no first line")?;
    let first = std::str::from_utf8(first).map_err(|_| "its first line is no text")?;
    let words: Vec<&str> = first.split(' ').collect();
    let [form, version, of, digest, count, _] = words.as_slice() else {
        return Err("its first line is that of no entry");
    };
    if (*form, *version) != (FORM, env!("CARGO_PKG_VERSION")) {
        return Err("it is of another version");
    }
    if *of != hex(key) {
        return Err("it is of another export");
    }
    let count: u64 = count.parse().map_err(|_| "its first line is that of no entry")?;
    let parts = parts(count, length.saturating_sub(first.len() as u64 + 1), &mut from)?;
    // Also a line that says the same in other words is not the one that was written.
    if line(key, digest, &parts) != first {
        return Err("its checksum does not hold");
    }
    let digest = (*digest).to_owned();
    let inventory = Inventory::from_parts(parts).ok_or("it holds no inventory")?;
    Ok(Understood { inventory, digest })
}

/// Reads this many lengths and parts; there must be just as many bytes. Nothing is made room for that is not there.
fn parts(count: u64, bytes: u64, from: &mut impl Read) -> Result<Vec<Vec<u8>>, &'static str> {
    const LENGTH: u64 = size_of::<u64>() as u64;
    const OTHER_LENGTH: &str = "it is not as long as it says";
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => OTHER_LENGTH,
        _ => "it cannot be read",
    };
    let table = count.checked_mul(LENGTH).filter(|_| count <= MOST_PARTS).ok_or(OTHER_LENGTH)?;
    let mut rest = bytes.checked_sub(table).ok_or(OTHER_LENGTH)?;
    let mut lengths = Vec::new();
    for _ in 0..count {
        let mut length = [0; LENGTH as usize];
        from.read_exact(&mut length).map_err(failed)?;
        let length = u64::from_le_bytes(length);
        rest = rest.checked_sub(length).ok_or(OTHER_LENGTH)?;
        lengths.push(usize::try_from(length).map_err(|_| OTHER_LENGTH)?);
    }
    if rest > 0 {
        return Err(OTHER_LENGTH);
    }
    let read = |length| {
        let mut part = vec![0; length];
        from.read_exact(&mut part).map_err(failed).map(|()| part)
    };
    lengths.into_iter().map(read).collect()
}

/// Returns the first line. The number of parts and a checksum stand for the bytes.
fn line(key: &Hash, digest: &str, parts: &[Vec<u8>]) -> String {
    let (key, count) = (hex(key), parts.len());
    let said = format!("{FORM} {} {key} {digest} {count}", env!("CARGO_PKG_VERSION"));
    let checksum = hash_of_hashes([hash_of(said.as_bytes()), hash_of_pieces(parts)]);
    format!("{said} {}", hex(&checksum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{Instance, InventoryGap};

    const KEY: Hash = [7; 32];

    fn read_bytes(key: &Hash, entry: &[u8]) -> Result<Understood, &'static str> {
        read(key, entry.len() as u64, entry)
    }

    fn entry() -> Vec<u8> {
        let instance = Instance {
            id: "i-a".into(),
            name: "a".into(),
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
        let read = read_bytes(&KEY, &entry()).ok().unwrap();
        assert_eq!(read.digest, read.inventory.digest());
        assert_eq!(read.inventory.gaps[0].code, "truncated-page");
    }

    #[test]
    fn no_bit_may_change_and_no_byte_be_missing() {
        let entry = entry();
        for at in 0..entry.len() {
            assert!(read_bytes(&KEY, &entry[..at]).is_err(), "cut at {at}");
            for bit in 0..8 {
                let mut entry = entry.clone();
                entry[at] ^= 1 << bit;
                assert!(read_bytes(&KEY, &entry).is_err(), "byte {at} bit {bit}");
            }
        }
        assert!(read_bytes(&KEY, &[entry.as_slice(), b"x"].concat()).is_err());
        assert!(read_bytes(&[8; 32], &entry).is_err());
    }

    #[test]
    fn no_number_makes_room_for_what_is_not_there() {
        let line =
            |count: u64| format!("{FORM} {} {} sha256:0 {count} 0\n", env!("CARGO_PKG_VERSION"), hex(&KEY));
        for count in [MOST_PARTS + 1, u64::MAX / 8, u64::MAX] {
            // As long as it says, at no cost on the disk: all parts are empty.
            let (line, length) = (line(count), count.saturating_mul(8));
            let entry = line.as_bytes().chain(io::repeat(0));
            let read = read(&KEY, length.saturating_add(line.len() as u64), entry);
            assert_eq!(read.err(), Some("it is not as long as it says"), "{count}");
        }
        let mut entry = line(1).into_bytes();
        entry.extend(u64::MAX.to_le_bytes());
        assert_eq!(read_bytes(&KEY, &entry).err(), Some("it is not as long as it says"));
    }

    #[test]
    fn an_entry_of_another_version_is_known_by_its_line() {
        let entry = entry();
        let here = format!(" {} ", env!("CARGO_PKG_VERSION"));
        let text = String::from_utf8_lossy(&entry).replacen(&here, " 0.0.9 ", 1);
        assert_eq!(read_bytes(&KEY, text.as_bytes()).err(), Some("it is of another version"));
    }
}
