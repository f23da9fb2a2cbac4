//! Where a case is looked at: at every boundary, or at one packet and one address of every class.
//!
//! A class holds what no rule, list, interface and entry of the engine tells apart. An answer depends on nothing else,
//! and an entry that ends in the wrong place makes a class of its own, so one of each is as good as all.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use sgleave::inventory::{Inventory, RulePeer, RulePorts, SecurityGroupRule};
use sgleave::netset::{Family, IpBlock, IpProtocol, Packet, PortRange};
use sgleave::simulate::{EndpointSet, Simulation};
use sgleave::testing::{probe_addresses, probe_packets};

/// What is looked at, sorted.
pub struct Probes {
    pub packets: Vec<Packet>,
    pub addresses: Vec<IpAddr>,
}

/// Returns every packet and address at or beside a boundary.
pub fn at_every_boundary(inventory: &Inventory) -> Probes {
    let addresses = [Family::Ipv4, Family::Ipv6].map(|family| probe_addresses(inventory, family)).concat();
    Probes { packets: probe_packets(inventory), addresses }
}

/// Returns one packet and one address of every class.
pub fn of_every_class(inventory: &Inventory, simulation: &Simulation<'_>) -> Probes {
    let mut probes = at_every_boundary(inventory);
    probes.packets.extend(simulation.impact.changes.iter().flat_map(|change| change.traffic.edges()));
    let of_packet = |packet: &Packet| packet_class(inventory, simulation, *packet);
    let blocks = blocks(inventory, simulation);
    let of_address = |address: &IpAddr| address_class(&blocks, *address);
    Probes {
        packets: one_of_each(probes.packets, of_packet),
        addresses: one_of_each(probes.addresses, of_address),
    }
}

fn one_of_each<T: Ord>(all: Vec<T>, class: impl Fn(&T) -> Vec<bool>) -> Vec<T> {
    let mut found = BTreeMap::new();
    for one in all {
        found.entry(class(&one)).or_insert(one);
    }
    let mut kept: Vec<T> = found.into_values().collect();
    kept.sort_unstable();
    kept
}

fn packet_class(inventory: &Inventory, simulation: &Simulation<'_>, packet: Packet) -> Vec<bool> {
    let rules = inventory.groups.iter().flat_map(|group| &group.rules);
    let changes = &simulation.impact.changes;
    // ICMP exists in one family, ICMPv6 in the other (law AM2).
    [packet.protocol == 1, packet.protocol == 58]
        .into_iter()
        .chain(rules.map(|rule| is_within(inventory, rule, packet)))
        .chain(changes.iter().map(|change| change.traffic.contains(packet)))
        .collect()
}

/// Tells whether the traffic of a rule holds the packet; what an unknown list holds, it holds of all alike.
fn is_within(inventory: &Inventory, rule: &SecurityGroupRule, packet: Packet) -> bool {
    let within = |ranges: &[PortRange], port: u16| {
        ranges.iter().any(|range| range.low() <= port && port <= range.high())
    };
    let destination = match &rule.ports {
        RulePorts::Any => true,
        RulePorts::Ranges(ranges) => within(ranges, packet.destination_port),
        RulePorts::List(id) => match inventory.port_lists.get(id) {
            Some(list) => within(&list.entries, packet.destination_port),
            None => true,
        },
    };
    let source = rule.source_ports.is_none_or(|range| within(&[range], packet.source_port));
    match rule.protocol {
        IpProtocol::All => true,
        protocol if protocol != IpProtocol::Number(packet.protocol) => false,
        protocol => !protocol.has_ports() || (source && destination),
    }
}

/// Returns every block that tells addresses apart.
fn blocks(inventory: &Inventory, simulation: &Simulation<'_>) -> Vec<IpBlock> {
    let mut blocks = vec![IpBlock::single(IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)))];
    for rule in inventory.groups.iter().flat_map(|group| &group.rules) {
        if let RulePeer::Block(block) = rule.peer {
            blocks.push(block);
        }
        blocks.extend(rule.local.as_deref());
    }
    blocks.extend(inventory.prefix_lists.values().flat_map(|list| &list.entries));
    let held = inventory.interfaces.iter().flat_map(|interface| &interface.addresses);
    blocks.extend(held.map(|address| address.block));
    for change in &simulation.impact.changes {
        for set in change.sources.iter().chain(&change.destinations) {
            match set {
                EndpointSet::Interface { addresses, .. } => {
                    blocks.extend(addresses.iter().map(|held| held.block))
                }
                EndpointSet::External { blocks: outside } => blocks.extend(outside),
                EndpointSet::ForeignGroup { .. } => {}
            }
        }
    }
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

fn address_class(blocks: &[IpBlock], address: IpAddr) -> Vec<bool> {
    let single = IpBlock::single(address);
    let held = blocks.iter().map(|block| block.contains(&single));
    [Family::of(address) == Family::Ipv4].into_iter().chain(held).collect()
}
