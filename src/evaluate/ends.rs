//! Addresses to ask about: one for all that are treated alike.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::compiled::Compiled;
use super::matching::METADATA;
use super::rulebook::Peer;
use super::runs::{cut, is_covered};
use crate::graph::{GroupIx, InterfaceIx, View};
use crate::netset::{Family, IpBlock};

impl Compiled<'_> {
    /// Returns the addresses of an interface in a family; of a delegated prefix, one for each part that rules tell from the
    /// others. In the order of the inventory.
    #[must_use]
    pub fn addresses(&self, interface: InterfaceIx, family: Family) -> Vec<IpAddr> {
        let held = self.graph.interface(interface).addresses.iter().map(|held| held.block);
        let parts = held.filter(|block| block.family() == family).flat_map(|block| match block.is_single() {
            true => vec![block.address()],
            false => cut(block.into(), self.book.blocks_inside(block))
                .into_iter()
                .map(|range| range.address())
                .collect(),
        });
        parts.collect()
    }

    /// Returns addresses of a block that are no addresses of an interface of the same VPC: one for each part that the rules
    /// of the interface, in any of the views, tell from the others. Sorted.
    #[must_use]
    pub fn outside(&self, views: [&View<'_>; 2], interface: InterfaceIx, block: IpBlock) -> Vec<IpAddr> {
        let mut groups: BTreeSet<GroupIx> = BTreeSet::new();
        for view in views {
            match view.groups_of(interface) {
                Some(own) => groups.extend(own.iter().copied()),
                // An interface whose groups are unknown may be in any.
                None => groups.extend(self.graph.groups()),
            }
        }
        let named =
            groups.iter().flat_map(|group| self.book.of_group(*group)).flat_map(|number| {
                match &self.book.body(*number).peer {
                    Peer::Blocks(blocks) => &blocks[..],
                    _ => &[],
                }
            });
        let metadata = IpBlock::around(Family::Ipv4, METADATA, 32);
        let inner = named.copied().chain([metadata]).filter(|inner| block.contains(inner));
        let vpc = self.graph.interface(interface).network.vpc();
        let line = vpc.and_then(|vpc| self.line(vpc, block.family()));
        let covered = line.map_or(&[][..], |line| &line.covered);
        let pieces = cut(block.into(), inner).into_iter();
        pieces.filter(|range| !is_covered(covered, *range)).map(|range| range.address()).collect()
    }
}
