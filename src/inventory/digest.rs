//! The fingerprint of what an export says, whatever the pages, the white space and the names of its files.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::id::{PortRangeListId, PrefixListId};
use super::model::{ExternalConsumer, ForeignReference, Inventory, InventoryGap, PortRangeList, PrefixList};
use crate::hex::hex;
use crate::parallel;

/// Changes when the canonical form changes, so that no old fingerprint vouches for a new reading.
const FORM: &[u8] = b"sgleave inventory 1\n";
/// How many elements one piece of text holds.
const PIECE: usize = 128;
/// A group is as long as its rules.
const PIECE_OF_GROUPS: usize = 2;
/// How many pieces are held at a time, twice: some are hashed while the next ones are written.
const BATCH: usize = 64;

/// What follows the long lists in the canonical form.
#[derive(Serialize)]
struct Rest<'i> {
    prefix_lists: &'i BTreeMap<PrefixListId, PrefixList>,
    port_lists: &'i BTreeMap<PortRangeListId, PortRangeList>,
    foreign_references: &'i [ForeignReference],
    consumers: &'i [ExternalConsumer],
    gaps: &'i [InventoryGap],
}

impl Inventory {
    /// Returns `sha256:` and the hexadecimal SHA-256 of the canonical model: of its compact JSON.
    ///
    /// Everything a verdict can rest on is in it, the gaps included; the issues, which name files, are not.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(FORM);
        hasher.update(b"{\"instances\":[");
        list(&self.instances, PIECE, &mut hasher);
        hasher.update(b"],\"interfaces\":[");
        list(&self.interfaces, PIECE, &mut hasher);
        hasher.update(b"],\"groups\":[");
        list(&self.groups, PIECE_OF_GROUPS, &mut hasher);
        hasher.update(b"],");
        let rest = text(&Rest {
            prefix_lists: &self.prefix_lists,
            port_lists: &self.port_lists,
            foreign_references: &self.foreign_references,
            consumers: &self.consumers,
            gaps: &self.gaps,
        });
        hasher.update(rest.strip_prefix(b"{").unwrap_or(&rest));
        format!("sha256:{}", hex(&hasher.finalize()))
    }
}

/// Hashes what stands between the brackets of a list, which several threads write.
fn list<T: Serialize + Sync>(elements: &[T], length: usize, hasher: &mut Sha256) {
    let pieces: Vec<&[T]> = elements.chunks(length).collect();
    let mut written: Vec<Vec<u8>> = Vec::new();
    let mut is_first = true;
    let mut hash = |pieces: &[Vec<u8>]| {
        for piece in pieces {
            if !std::mem::replace(&mut is_first, false) {
                hasher.update(b",");
            }
            let inside = piece.strip_prefix(b"[").and_then(|text| text.strip_suffix(b"]"));
            hasher.update(inside.unwrap_or(piece));
        }
    };
    for batch in pieces.chunks(BATCH) {
        let write = || parallel::each(batch, |piece| text(*piece));
        (_, written) = parallel::both(|| hash(&written), write);
    }
    hash(&written);
}

/// Returns the compact JSON of a part of the model.
fn text<T: Serialize + ?Sized>(part: &T) -> Vec<u8> {
    // INVARIANT: a model of sorted lists and text keys cannot fail; a failure would still give a digest that no other
    // inventory has been approved under.
    serde_json::to_vec(part).unwrap_or_else(|error| error.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Instance;

    #[test]
    fn it_is_the_hash_of_the_compact_json() {
        let instance = |number: usize| Instance {
            id: format!("i-{number:05}").into(),
            name: "a \"name\"".into(),
            status: "Running".into(),
            region: None,
            locks: Some(Box::default()),
            tags: [("k", "v")].into_iter().collect(),
        };
        for count in [0, 1, 2, PIECE, PIECE + 1, 3 * PIECE * BATCH + 5] {
            let inventory = Inventory {
                instances: (0..count).map(instance).collect(),
                gaps: vec![InventoryGap { code: "truncated-page", what: count.to_string() }],
                ..Inventory::default()
            };
            let json = serde_json::to_vec(&inventory).unwrap();
            let hash = Sha256::new().chain_update(FORM).chain_update(json).finalize();
            assert_eq!(inventory.digest(), format!("sha256:{}", hex(&hash)), "{count}");
        }
    }
}
