//! Facts in a form that the runner computes from fresh answers, too: a line of text for each, hashed.
//!
//! `emit/runner.py` has the same functions under the same names; a test holds the two against each other.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::hex::hex;
use crate::inventory::{
    AddressKind, Direction, InterfaceAddress, PortRangeList, PrefixList, RuleAction, RulePeer, RulePorts,
    SecurityGroup, SecurityGroupRule, Tags,
};
use crate::netset::{Family, IpBlock, IpProtocol, PortRange};

/// Returns the digest of lines as a set.
fn digest(form: &str, lines: BTreeSet<String>) -> String {
    let mut text = format!("{form} 1\n");
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    hex(&Sha256::digest(text.as_bytes()))
}

/// `4:0a000001/32`: the family, the first address in hexadecimal, the length.
fn block(block: &IpBlock) -> String {
    match block.family() {
        Family::Ipv4 => format!("4:{:08x}/{}", block.first(), block.length()),
        Family::Ipv6 => format!("6:{:032x}/{}", block.first(), block.length()),
    }
}

fn ports(range: &PortRange) -> String {
    format!("{}-{}", range.low(), range.high())
}

fn address(address: &InterfaceAddress) -> String {
    let kind = if address.kind == AddressKind::Prefix { "prefix" } else { "address" };
    format!("{kind} {}", block(&address.block))
}

/// Returns the digest of the addresses of an interface.
pub(super) fn addresses(held: &[InterfaceAddress]) -> String {
    digest("addresses", held.iter().map(address).collect())
}

/// Returns the digest of an interface as a peer: its groups and its addresses, and its names and tags if they count.
pub(super) fn peer(
    graph: &SecurityGraph,
    interface: InterfaceIx,
    groups: &[GroupIx],
    with_labels: bool,
) -> String {
    let groups = groups.iter().map(|group| format!("group {}", graph.group_id(*group)));
    let labels = if with_labels { label_lines(graph, interface) } else { Vec::new() };
    let addresses = graph.interface(interface).addresses.iter().map(address);
    digest("interface", groups.chain(addresses).chain(labels).collect())
}

/// Returns the digest of the names and tags of an interface and its instance.
pub(super) fn labels(graph: &SecurityGraph, interface: InterfaceIx) -> String {
    digest("labels", label_lines(graph, interface).into_iter().collect())
}

/// Returns the digest of the name of a group.
pub(super) fn group_labels(group: &SecurityGroup) -> String {
    digest("labels", BTreeSet::from([format!("name {}", hashed(&group.name))]))
}

/// What people wrote is hashed before it becomes a line: it may hold any character.
fn label_lines(graph: &SecurityGraph, interface: InterfaceIx) -> Vec<String> {
    let described = graph.interface(interface);
    let of = |what: &str, name: &str, tags: &Tags| {
        let name = format!("{what} name {}", hashed(name));
        let tags = tags.iter().map(|(key, value)| format!("{what} tag {} {}", hashed(key), hashed(value)));
        std::iter::once(name).chain(tags).collect::<Vec<_>>()
    };
    let mut lines = of("interface", &described.name, &described.tags);
    if let Some(instance) = graph.instance_of(interface) {
        lines.extend(of("instance", &instance.name, &instance.tags));
    }
    lines
}

fn hashed(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Returns the digest of the rules of a group. Ids, descriptions and times are no part of it.
pub(super) fn rules(group: &SecurityGroup) -> String {
    digest("rules", group.rules.iter().map(rule).collect())
}

fn rule(rule: &SecurityGroupRule) -> String {
    let direction = match rule.direction {
        Direction::Ingress => "ingress",
        Direction::Egress => "egress",
    };
    let action = match rule.action {
        RuleAction::Accept => "accept",
        RuleAction::Drop => "drop",
    };
    let mut line = format!("{direction} {} {action} ", rule.priority);
    // Writing to a text cannot fail.
    let _ = match rule.protocol {
        IpProtocol::All => write!(line, "all"),
        IpProtocol::Number(number) => write!(line, "{number}"),
    };
    line.push(' ');
    match &rule.ports {
        RulePorts::Any => line.push('*'),
        RulePorts::Ranges(ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ports).collect();
            line.push_str(&ranges.join(","));
        }
        RulePorts::List(id) => {
            let _ = write!(line, "list:{id}");
        }
    }
    line.push(' ');
    line.push_str(&rule.source_ports.as_ref().map_or_else(|| "*".to_owned(), ports));
    line.push(' ');
    match &rule.peer {
        RulePeer::Block(peer) => line.push_str(&block(peer)),
        RulePeer::Group { id, .. } => {
            let _ = write!(line, "group:{id}");
        }
        RulePeer::PrefixList(id) => {
            let _ = write!(line, "list:{id}");
        }
    }
    line.push(' ');
    line.push_str(&rule.local.as_deref().map_or_else(|| "*".to_owned(), block));
    line
}

/// Returns the digest of the entries of a prefix list.
pub(super) fn prefix_list(list: &PrefixList) -> String {
    digest("list", list.entries.iter().map(block).collect())
}

/// Returns the digest of the ports of a port range list.
pub(super) fn port_list(list: &PortRangeList) -> String {
    digest("list", list.entries.iter().map(ports).collect())
}

/// Returns the digest of statements of any kind.
pub(super) fn statements(lines: impl IntoIterator<Item = String>) -> String {
    digest("changes", lines.into_iter().collect())
}
