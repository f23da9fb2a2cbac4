//! The rules that name a block, found by the block.

use std::collections::BTreeSet;

use super::by_family::ByFamily;
use crate::netset::IpBlock;
use crate::parallel;

/// The numbers of the rules that name each block. There are millions of blocks, nearly each named once, so they stand in
/// sorted lists that hold nothing else.
#[derive(Debug)]
pub(super) struct ByBlock {
    /// Sorted, each once.
    blocks: Vec<IpBlock>,
    /// Where the numbers of each block begin.
    from: Vec<u32>,
    numbers: Vec<u32>,
    /// The lengths that occur, ascending.
    lengths: ByFamily<Vec<u8>>,
}

impl ByBlock {
    /// Sorts what rules name.
    pub(super) fn new(mut named: Vec<(IpBlock, u32)>) -> Self {
        parallel::sort_unstable_by(&mut named, Ord::cmp);
        let distinct = named.chunk_by(|(one, _), (next, _)| one == next).count();
        let (mut blocks, mut from) = (Vec::with_capacity(distinct), Vec::with_capacity(distinct));
        let mut numbers = Vec::with_capacity(named.len());
        let mut lengths: ByFamily<BTreeSet<u8>> = ByFamily::default();
        for (block, number) in named {
            if blocks.last() != Some(&block) {
                blocks.push(block);
                from.push(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
                lengths.get_mut(block.family()).insert(block.length());
            }
            numbers.push(number);
        }
        let lengths = ByFamily::new(|family| lengths.get(family).iter().copied().collect());
        Self { blocks, from, numbers, lengths }
    }

    /// Returns the rules that name this very block, ascending.
    fn of(&self, block: IpBlock) -> &[u32] {
        let Ok(at) = self.blocks.binary_search(&block) else { return &[] };
        let place = |at: usize| self.from.get(at).map_or(self.numbers.len(), |from| *from as usize);
        self.numbers.get(place(at)..place(at + 1)).unwrap_or(&[])
    }

    /// Returns the rules that name a block which holds all of this one; one that names several comes as often.
    pub(super) fn holding(&self, block: IpBlock) -> impl Iterator<Item = u32> + '_ {
        let lengths = self.lengths.get(block.family()).iter();
        let shorter = lengths.take_while(move |length| **length <= block.length());
        let around = move |length: &u8| IpBlock::around(block.family(), block.first(), *length);
        shorter.flat_map(move |length| self.of(around(length))).copied()
    }

    /// Returns the blocks that are named and lie inside this one, sorted.
    pub(super) fn inside(&self, outer: IpBlock) -> impl Iterator<Item = IpBlock> + '_ {
        let from = self
            .blocks
            .partition_point(|block| (block.family(), block.first()) < (outer.family(), outer.first()));
        let blocks = self.blocks.iter().skip(from);
        let near =
            blocks.take_while(move |block| block.family() == outer.family() && block.first() <= outer.last());
        near.copied().filter(move |block| outer.contains(block))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_by_what_they_hold_and_by_what_holds_them() {
        let texts =
            ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "10.1.0.0/16", "::/0", "11.0.0.0/8", "10.0.0.0/9"];
        let block = |text: &str| text.parse::<IpBlock>().unwrap();
        let named: Vec<(IpBlock, u32)> = texts.iter().map(|text| block(text)).zip(0..).collect();
        let by_block = ByBlock::new(named.clone());
        for asked in texts.iter().chain(&["0.0.0.0/0", "10.1.2.0/24", "10.200.0.1", "12.0.0.0/8", "::1"]) {
            let asked = block(asked);
            let held = |outer: &IpBlock, inner: &IpBlock| outer.contains(inner);
            let mut holding: Vec<u32> = by_block.holding(asked).collect();
            holding.sort_unstable();
            let expected = named.iter().filter(|(block, _)| held(block, &asked)).map(|(_, number)| *number);
            assert_eq!(holding, expected.collect::<Vec<u32>>(), "{asked}");
            let inside: BTreeSet<IpBlock> =
                named.iter().map(|(block, _)| *block).filter(|block| held(&asked, block)).collect();
            assert_eq!(by_block.inside(asked).collect::<Vec<_>>(), Vec::from_iter(inside), "{asked}");
        }
        assert_eq!(ByBlock::new(Vec::new()).holding(block("10.0.0.1")).count(), 0);
    }
}
