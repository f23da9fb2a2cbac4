//! Prefix lists and port range lists, and what is in them.

use super::dice::Subject;
use super::layout::Layout;
use super::rules::{Block, outside};

/// How many entries a prefix list has room for.
pub(super) const PREFIX_LIST_ROOM: u64 = 10;

/// How many entries a port range list has room for.
pub(super) const PORT_LIST_ROOM: u64 = 5;

impl Layout {
    pub(super) const fn prefix_lists(&self) -> u64 {
        2 + self.options.groups / 100
    }

    pub(super) const fn port_lists(&self) -> u64 {
        1 + self.options.groups / 400
    }

    /// Returns the entries of a prefix list: blocks outside, and sometimes one inside of a VPC.
    pub(super) fn prefixes(&self, list: u64) -> Vec<Block> {
        let mut dice = self.dice(Subject::PrefixList, list);
        let mut blocks: Vec<Block> =
            (0..2 + dice.below(PREFIX_LIST_ROOM - 2)).map(|_| outside(&mut dice)).collect();
        if dice.percent(50) {
            blocks.push(Block::around(Self::address(dice.below(self.options.interfaces)), 26));
        }
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }

    /// Returns the entries of a port range list.
    pub(super) fn port_ranges(&self, list: u64) -> Vec<(u64, u64)> {
        let mut dice = self.dice(Subject::PortList, list);
        let count = 2 + dice.below(PORT_LIST_ROOM - 1);
        let mut range = |number: u64| {
            let low = number * 10_000 + dice.below(9000);
            (low, low + dice.below(500))
        };
        (1..=count).map(&mut range).collect()
    }
}
