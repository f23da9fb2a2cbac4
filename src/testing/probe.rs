//! The packets and addresses at which an answer can begin or end to differ.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::inventory::{Inventory, RulePeer, RulePorts, SecurityGroupRule};
use crate::netset::{Family, IpBlock, IpProtocol, Packet, PortRange};

/// A protocol that no rule is likely to name; the search for one nobody names starts here.
const SCTP: u8 = 132;

fn rules(inventory: &Inventory) -> impl Iterator<Item = &SecurityGroupRule> {
    inventory.groups.iter().flat_map(|group| &group.rules)
}

/// Returns the ends of the range and their neighbours outside.
fn ends_of(range: &PortRange) -> [u16; 4] {
    let (low, high) = (range.low(), range.high());
    [low.saturating_sub(1).max(1), low, high, high.saturating_add(1)]
}

/// Returns a packet for every boundary of destination and source ports that rules and lists draw, both sides of it,
/// and one for every other protocol they name, for ICMP of both families, and for a protocol nobody names.
///
/// Some exist in one family only (law AM2): ask [`crate::netset::TransportSet::universe`].
#[must_use]
pub fn probe_packets(inventory: &Inventory) -> Vec<Packet> {
    let mut destinations = BTreeSet::from([1, u16::MAX]);
    let mut sources = BTreeSet::from([1, u16::MAX]);
    let mut protocols = BTreeSet::from([IpProtocol::ICMP, IpProtocol::ICMPV6, IpProtocol::GRE]);
    for rule in rules(inventory) {
        if let RulePorts::Ranges(ranges) = &rule.ports {
            destinations.extend(ranges.iter().flat_map(ends_of));
        }
        sources.extend(rule.source_ports.iter().flat_map(ends_of));
        protocols.insert(rule.protocol);
    }
    for list in inventory.port_lists.values() {
        destinations.extend(list.entries.iter().flat_map(ends_of));
    }
    let unnamed = (SCTP..=u8::MAX).find(|number| !protocols.contains(&IpProtocol::Number(*number)));
    protocols.extend(unnamed.map(IpProtocol::Number));
    let mut packets = Vec::new();
    for source in &sources {
        for destination in &destinations {
            packets.extend([Packet::tcp(*source, *destination), Packet::udp(*source, *destination)]);
        }
    }
    for protocol in protocols {
        match protocol {
            IpProtocol::Number(number) if !protocol.has_ports() => packets.push(Packet::other(number)),
            _ => {}
        }
    }
    packets.sort_unstable();
    packets
}

/// Returns, in one family, both ends of every block that rules and lists name, their neighbours outside, every address
/// of an interface, the ends and the middle of every delegated prefix, and the metadata address.
#[must_use]
pub fn probe_addresses(inventory: &Inventory, family: Family) -> Vec<IpAddr> {
    let mut blocks: Vec<IpBlock> = Vec::new();
    for rule in rules(inventory) {
        if let RulePeer::Block(block) = rule.peer {
            blocks.push(block);
        }
        blocks.extend(rule.local.as_deref());
    }
    blocks.extend(inventory.prefix_lists.values().flat_map(|list| list.entries.iter().copied()));
    // The metadata address is exempt (law 2.2), so it is a boundary without a rule.
    blocks.push(IpBlock::single(IpAddr::from([100, 100, 100, 200])));
    let mut numbers = BTreeSet::new();
    for block in blocks.iter().filter(|block| block.family() == family) {
        let (first, last) = (block.first(), block.last());
        numbers.extend([first.saturating_sub(1), first, last, last.saturating_add(1).min(family.last())]);
    }
    for address in inventory.interfaces.iter().flat_map(|interface| &interface.addresses) {
        let block = address.block;
        if block.family() == family {
            let middle = block.first() + (block.last() - block.first()) / 2;
            numbers.extend([block.first(), middle, block.last()]);
        }
    }
    numbers.into_iter().map(|number| family.address(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::world;

    #[test]
    fn probes_stand_on_both_sides_of_every_boundary() {
        let inventory = world(
            "A=10.0.1.1,prefix 10.0.8.0/28 [G]; G{normal}; prl:web = 443/443; pl:l = 192.168.0.0/16;
             G: in 1 accept tcp 22/23 from 10.0.0.0/8 sport 7/8; G: in 1 drop 132 from 0.0.0.0/0;
             G: in 1 drop udp prl:web from pl:l",
        )
        .unwrap();
        let packets = probe_packets(&inventory);
        for port in [21, 22, 23, 24, 442, 443, 444, 1, u16::MAX] {
            assert!(packets.contains(&Packet::tcp(7, port)), "{port}");
            assert!(packets.contains(&Packet::udp(9, port)), "{port}");
        }
        for protocol in [1, 47, 58, 132, 133] {
            assert!(packets.contains(&Packet::other(protocol)), "{protocol}");
        }
        let addresses = probe_addresses(&inventory, Family::Ipv4);
        for text in [
            "0.0.0.0",
            "9.255.255.255",
            "10.0.0.0",
            "10.255.255.255",
            "11.0.0.0",
            "192.167.255.255",
            "192.168.255.255",
            "10.0.1.1",
            "10.0.8.0",
            "10.0.8.7",
            "10.0.8.15",
            "100.100.100.200",
            "255.255.255.255",
        ] {
            assert!(addresses.contains(&text.parse().unwrap()), "{text}");
        }
        assert!(probe_addresses(&inventory, Family::Ipv6).is_empty());
    }
}
