//! An inventory that was put away as bytes is the one that is taken out.

use proptest::collection::vec;
use proptest::prelude::{any, prop_assert_eq, proptest};
use proptest::sample::{Index, select};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{Inventory, Source, load};
use sgleave::testing::{Shape, arb_inventory, export_in_pages};
use sha2::{Digest as _, Sha256};

fn with_gaps() -> Shape {
    Shape { gaps: true, ..Shape::default() }
}

/// What is read of an export that has lost every third of its files: issues, gaps and all.
fn read_with_holes(inventory: &Inventory, hole: usize) -> Inventory {
    let files = export_in_pages(inventory, 2).into_iter().enumerate();
    let kept = files.filter(|(at, _)| at % 3 != hole % 3).map(|(_, (name, text))| (name, text));
    let sources: Vec<Source> = kept.map(|(name, text)| Source { name, bytes: text.into_bytes() }).collect();
    if sources.is_empty() { Inventory::default() } else { load(sources).unwrap_or_default() }
}

/// What of the parts is missing.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Nothing,
    Bytes,
    Parts,
}

proptest! {
    #[test]
    fn every_inventory_comes_back(inventory in arb_inventory(&with_gaps())) {
        prop_assert_eq!(Inventory::from_parts(inventory.to_parts()), Some(inventory));
    }

    #[test]
    fn nothing_may_follow(inventory in arb_inventory(&with_gaps()), part in any::<Index>(), more in any::<u8>()) {
        let parts = inventory.to_parts();
        let further = |part: Vec<u8>| parts.iter().cloned().chain([part]).collect();
        prop_assert_eq!(Inventory::from_parts(further(Vec::new())), None);
        prop_assert_eq!(Inventory::from_parts(further(parts[part.index(parts.len())].clone())), None);
        let mut longer = parts.clone();
        longer[0].push(more);
        prop_assert_eq!(Inventory::from_parts(longer), None);
    }

    #[test]
    fn the_digest_is_that_of_the_compact_json(inventory in arb_inventory(&with_gaps())) {
        let json = serde_json::to_string(&inventory).unwrap();
        let hash = Sha256::digest(format!("sgleave inventory 1\n{json}"));
        let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(inventory.digest(), format!("sha256:{digits}"));
    }

    #[test]
    fn what_was_read_comes_back_with_its_issues(
        inventory in arb_inventory(&with_gaps()),
        hole in any::<usize>(),
    ) {
        let read = read_with_holes(&inventory, hole);
        let back = Inventory::from_parts(read.to_parts());
        prop_assert_eq!(back.as_ref().map(Inventory::issues), Some(read.issues()));
        prop_assert_eq!(back.as_ref().map(Inventory::digest), Some(read.digest()));
        prop_assert_eq!(back, Some(read));
    }

    #[test]
    fn changed_bytes_are_no_inventory_or_a_sound_one(
        inventory in arb_inventory(&with_gaps()),
        changes in vec((any::<Index>(), any::<Index>(), any::<u8>()), 1..4),
        end in any::<Index>(),
        cut in select(&[Cut::Nothing, Cut::Bytes, Cut::Parts][..]),
    ) {
        let mut parts = inventory.to_parts();
        for (part, at, byte) in changes {
            let count = parts.len();
            let part = &mut parts[part.index(count)];
            if let Some(byte_at) = Some(at).filter(|_| !part.is_empty()).map(|at| at.index(part.len())) {
                part[byte_at] = byte;
            }
        }
        match cut {
            Cut::Nothing => {}
            Cut::Bytes => {
                let count = parts.len();
                let part = &mut parts[end.index(count)];
                part.truncate(end.index(part.len() + 1));
            }
            Cut::Parts => parts.truncate(end.index(parts.len() + 1)),
        }
        if let Some(other) = Inventory::from_parts(parts) {
            let again = Inventory::from_parts(other.to_parts());
            prop_assert_eq!(again.as_ref(), Some(&other));
            let ids: Vec<_> = other.interfaces.iter().map(|interface| interface.id.clone()).collect();
            prop_assert_eq!(ids.iter().filter(|id| other.interface(id).is_none()).count(), 0);
            let _ = SecurityGraph::new(other);
        }
    }
}

#[test]
fn holes_make_issues() {
    let inventory = sgleave::testing::sample(&arb_inventory(&with_gaps()), 7);
    assert!((0..3).any(|hole| !read_with_holes(&inventory, hole).issues().is_empty()));
}
