//! Addresses of the outside in words: what is nearly everything is told by what it lacks.

use super::wording::listed;
use crate::netset::{Family, IpBlock, IpRange, blocks_of};

/// Returns `anywhere outside`, `anywhere outside except` a few, or the blocks, and whether some of them were left out.
pub(super) fn outside(blocks: &[IpBlock], is_bounded: bool) -> (String, bool) {
    let texts = |blocks: &[IpBlock]| listed(blocks.iter().map(ToString::to_string), is_bounded);
    let lacking = lacking(blocks);
    if lacking.is_empty() {
        let (all, is_cut) = texts(blocks);
        return (format!("anywhere outside ({all})"), is_cut);
    }
    if lacking.len() < blocks.len() {
        let (few, is_cut) = texts(&lacking);
        return (format!("anywhere outside except {few}"), is_cut);
    }
    let (some, is_cut) = texts(blocks);
    (format!("outside {some}"), is_cut)
}

/// Returns the addresses of the family that no block holds. The blocks are sorted and disjoint.
fn lacking(blocks: &[IpBlock]) -> Vec<IpBlock> {
    let family = blocks.first().map_or(Family::Ipv4, IpBlock::family);
    let mut gaps = Vec::new();
    let mut next = Some(0);
    for block in blocks {
        if let Some(last) = block.first().checked_sub(1) {
            gaps.extend(next.filter(|first| *first <= last).map(|first| IpRange::new(family, first, last)));
        }
        next = block.last().checked_add(1);
    }
    let last = family.last();
    gaps.extend(next.filter(|first| *first <= last).map(|first| IpRange::new(family, first, last)));
    gaps.into_iter().flat_map(blocks_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(blocks: &[&str]) -> String {
        let blocks: Vec<IpBlock> = blocks.iter().map(|text| text.parse().unwrap()).collect();
        outside(&blocks, false).0
    }

    fn without(hole: &str) -> Vec<IpBlock> {
        lacking(&[hole.parse().unwrap()])
    }

    #[test]
    fn everything_and_nearly_everything_are_told_by_what_is_missing() {
        assert_eq!(said(&["0.0.0.0/0"]), "anywhere outside (0.0.0.0/0)");
        assert_eq!(said(&["::/0"]), "anywhere outside (::/0)");
        for hole in ["100.100.100.200/32", "0.0.0.0/32", "255.255.255.255/32", "10.0.0.0/8", "2001:db8::/32"]
        {
            assert_eq!(outside(&without(hole), true), (format!("anywhere outside except {hole}"), false));
        }
    }

    #[test]
    fn what_is_shorter_as_it_is_stays() {
        assert_eq!(said(&["198.51.100.0/24", "203.0.113.0/24"]), "outside 198.51.100.0/24 203.0.113.0/24");
        assert_eq!(said(&["128.0.0.0/1"]), "outside 128.0.0.0/1");
    }

    #[test]
    fn what_is_lacking_from_what_is_lacking_is_what_there_was() {
        for blocks in
            [vec!["10.0.0.0/8", "192.168.1.0/24", "203.0.113.7/32"], vec!["2001:db8::/32", "ff00::/8"]]
        {
            let blocks: Vec<IpBlock> = blocks.iter().map(|text| text.parse().unwrap()).collect();
            assert_eq!(lacking(&lacking(&blocks)), blocks);
        }
    }

    #[test]
    fn a_long_list_is_cut_where_lists_are_cut() {
        let blocks: Vec<IpBlock> = (0..20).map(|n| format!("10.0.{}.0/24", 2 * n).parse().unwrap()).collect();
        let (text, is_cut) = outside(&blocks, true);
        assert!(
            is_cut && text.starts_with("outside 10.0.0.0/24 ") && text.ends_with("... 14 more"),
            "{text}"
        );
    }
}
