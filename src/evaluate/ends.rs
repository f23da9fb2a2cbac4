//! Addresses to ask about: one for all that are treated alike.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::compiled::Compiled;
use super::matching::METADATA;
use super::rulebook::Peer;
use super::runs::{cut, is_covered};
use crate::graph::{GroupIx, InterfaceIx, View};
use crate::netset::{Family, IpBlock, IpRange};

impl Compiled<'_> {
    /// Returns the addresses of an interface in a family; of a delegated prefix, one for each part that rules tell from the
    /// others. In the order of the export.
    #[must_use]
    pub fn addresses(&self, interface: InterfaceIx, family: Family) -> Vec<IpAddr> {
        let held = self.graph.interface(interface).addresses.iter().map(|held| held.block);
        let parts = held.filter(|block| block.family() == family).flat_map(|block| match block.is_single() {
            true => vec![block.address()],
            false => cut(range_of(block), self.book.blocks_inside(block)).into_iter().map(first_of).collect(),
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
        let pieces = cut(range_of(block), inner).into_iter();
        pieces.filter(|range| !is_covered(covered, *range)).map(first_of).collect()
    }
}

const fn range_of(block: IpBlock) -> IpRange {
    IpRange { family: block.family(), first: block.first(), last: block.last() }
}

fn first_of(range: IpRange) -> IpAddr {
    range.family.address(range.first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SecurityGraph;
    use crate::inventory::{
        AddressKind, Direction, InterfaceAddress, InterfaceKind, Inventory, Memberships, Network,
        NetworkInterface, RuleAction, RulePeer, RulePorts, SecurityGroup, SecurityGroupRule,
        SecurityGroupType,
    };
    use crate::netset::IpProtocol;

    fn rule(peer: &str) -> SecurityGroupRule {
        SecurityGroupRule {
            direction: Direction::Ingress,
            priority: 1,
            action: RuleAction::Accept,
            protocol: IpProtocol::TCP,
            ports: RulePorts::Any,
            source_ports: None,
            peer: RulePeer::Block(peer.parse().unwrap()),
            local: None,
            unevaluable: None,
            id: None,
        }
    }

    fn interface(id: &str, address: &str, kind: AddressKind) -> NetworkInterface {
        NetworkInterface {
            id: id.into(),
            name: String::new(),
            kind: InterfaceKind::Primary,
            status: String::new(),
            instance: None,
            network: Network::Vpc("vpc-a".into()),
            vswitch: None,
            region: None,
            owner: None,
            memberships: Memberships::Known(vec!["sg-g".into()]),
            addresses: vec![InterfaceAddress { block: address.parse().unwrap(), kind }],
            service_managed: Some(false),
            tags: Default::default(),
        }
    }

    #[test]
    fn a_block_is_cut_where_rules_cut_it_and_addresses_of_ours_are_left_out() {
        let group = SecurityGroup {
            id: "sg-g".into(),
            name: String::new(),
            network: Network::Vpc("vpc-a".into()),
            region: None,
            group_type: Some(SecurityGroupType::Normal),
            inner_access: None,
            service_managed: Some(false),
            rules: vec![rule("10.0.0.4/30"), rule("10.0.0.9/32"), rule("192.168.0.0/16")],
            rule_gaps: Vec::new(),
            tags: Default::default(),
        };
        let interfaces = vec![
            interface("eni-a", "10.0.0.9", AddressKind::Primary),
            interface("eni-b", "10.0.0.0/28", AddressKind::Prefix),
        ];
        let graph = SecurityGraph::new(Inventory { interfaces, groups: vec![group], ..Inventory::default() });
        let compiled = Compiled::new(&graph);
        let [a, b] = ["eni-a", "eni-b"].map(|id| graph.find_interface(&id.into()).unwrap());
        let texts = |found: Vec<IpAddr>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
        let parts = compiled.addresses(b, Family::Ipv4);
        assert_eq!(texts(parts), ["10.0.0.0", "10.0.0.4", "10.0.0.8", "10.0.0.9", "10.0.0.10"]);
        let base = graph.baseline();
        let outside = compiled.outside([&base, &base], a, "10.0.0.0/24".parse().unwrap());
        // Nothing but what lies behind the delegated prefix is outside, and no rule cuts it there; the first part
        // that is not covered begins where the last cut is.
        assert_eq!(texts(outside), ["10.0.0.10"]);
        assert_eq!(compiled.addresses(a, Family::Ipv6), Vec::<IpAddr>::new());
    }
}
