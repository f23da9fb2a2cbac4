//! The entries of a simulation, unfolded into pairs and written as lines.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sgleave::evaluate::{ChangeKind, Endpoint, Flow};
use sgleave::graph::{InterfaceIx, SecurityGraph};
use sgleave::netset::{Family, IpBlock, IpProtocol, IpRange, PortRange, PortSet, TransportSet, blocks_of};
use sgleave::simulate::{Change, EndpointSet, Simulation};

use super::Names;

/// Reads traffic: `all`, or words such as `tcp`, `tcp/22-79,81-443`, `icmp`, `132`, `48-57`.
pub(crate) fn traffic(text: &str, family: Family) -> TransportSet {
    let every = PortSet::all();
    let mut set = TransportSet::empty();
    for word in text.split(' ') {
        let (protocol, ports) = word.split_once('/').unwrap_or((word, "1-65535"));
        let ports: PortSet = ports
            .split(',')
            .map(|range| {
                let (low, high) = range.split_once('-').unwrap_or((range, range));
                PortRange::new(low.parse().unwrap(), high.parse().unwrap()).unwrap()
            })
            .collect();
        let numbers = match protocol.split_once('-') {
            Some((low, high)) => {
                (low.parse::<u8>().unwrap()..=high.parse().unwrap()).map(IpProtocol::Number).collect()
            }
            None => vec![IpProtocol::parse(protocol).unwrap()],
        };
        for number in numbers {
            set = set.union(&TransportSet::of(number, &ports, &every));
        }
    }
    set.intersection(&TransportSet::universe(family))
}

/// Tells whether an entry speaks of this flow.
pub(crate) fn speaks_of(change: &Change, flow: &Flow) -> bool {
    let holds = |sets: &[EndpointSet], end: &Endpoint| {
        sets.iter().any(|set| match (set, end) {
            (
                EndpointSet::Interface { interface, addresses },
                Endpoint::Interface { interface: own, address },
            ) => {
                interface == own
                    && addresses.iter().any(|held| held.block.contains(&IpBlock::single(*address)))
            }
            (EndpointSet::External { blocks }, Endpoint::External(address)) => {
                blocks.iter().any(|block| block.contains(&IpBlock::single(*address)))
            }
            _ => false,
        })
    };
    let is_itself = matches!((flow.source, flow.destination),
        (Endpoint::Interface { interface: a, .. }, Endpoint::Interface { interface: b, .. }) if a == b);
    !is_itself
        && change.traffic.contains(flow.packet)
        && holds(&change.sources, &flow.source)
        && holds(&change.destinations, &flow.destination)
}

/// One side of a line: somebody with a name, or external addresses.
#[derive(Clone)]
enum Side {
    Named(String),
    Outside(Vec<IpRange>),
}

/// What changes, pair by pair; every entry is checked to say it once.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) pairs: BTreeMap<(String, String), (Family, TransportSet)>,
    /// By (the external side is the source, the other side).
    externals: BTreeMap<(bool, String), Vec<(IpRange, TransportSet)>>,
}

impl Table {
    /// Unfolds the entries of one kind.
    pub(crate) fn of(simulation: &Simulation<'_>, kind: ChangeKind) -> Self {
        let changes = simulation.impact.changes.iter().filter(|change| change.kind == kind);
        Self::unfold(simulation.graph, changes)
    }

    /// Unfolds the sessions that are at risk while their traffic stays accepted.
    pub(crate) fn sessions(simulation: &Simulation<'_>) -> Self {
        Self::unfold(simulation.graph, simulation.impact.session_risks.iter())
    }

    fn unfold<'c>(graph: &SecurityGraph, changes: impl Iterator<Item = &'c Change>) -> Self {
        let mut table = Self::default();
        for change in changes {
            assert!(!change.removed_by.is_empty(), "nobody is responsible for {change:?}");
            for source in &change.sources {
                // An interface is never paired with itself.
                for destination in change.destinations.iter().filter(|other| {
                    interface_of(other) != interface_of(source) || interface_of(source).is_none()
                }) {
                    for from in sides(Names(graph), source) {
                        for to in sides(Names(graph), destination) {
                            table.add(from.clone(), to, change.family, &change.traffic);
                        }
                    }
                }
            }
        }
        table
    }

    fn add(&mut self, from: Side, to: Side, family: Family, traffic: &TransportSet) {
        let (key, ranges) = match (from, to) {
            (Side::Named(from), Side::Named(to)) => {
                let held = self.pairs.entry((from, to)).or_insert_with(|| (family, TransportSet::empty()));
                assert!(held.1.is_disjoint(traffic), "one pair and one traffic said twice");
                held.1 = held.1.union(traffic);
                return;
            }
            (Side::Outside(ranges), Side::Named(name)) => ((true, name), ranges),
            (Side::Named(name), Side::Outside(ranges)) => ((false, name), ranges),
            (Side::Outside(_), Side::Outside(_)) => panic!("two external sides"),
        };
        let held = self.externals.entry(key).or_default();
        for range in ranges {
            for (other, said) in held.iter() {
                let meet = other.family() == range.family()
                    && other.first() <= range.last()
                    && range.first() <= other.last();
                assert!(!meet || said.is_disjoint(traffic), "one address and one traffic said twice");
            }
            held.push((range, traffic.clone()));
        }
    }

    /// Reads lines such as `i-a>i-b tcp/22`, `0.0.0.0/0>i-a all`, `i-a>10.0.0.0/8 except 10.1.0.0/16 udp`.
    pub(crate) fn read(lines: &[String], family: Family) -> Self {
        let mut table = Self::default();
        for line in lines {
            let (from, rest) = line.split_once('>').unwrap();
            let at = match rest.find(" except ") {
                Some(at) => at + 8 + rest[at + 8..].find(' ').unwrap(),
                None => rest.find(' ').unwrap(),
            };
            table.add(read_side(from), read_side(&rest[..at]), family, &traffic(&rest[at + 1..], family));
        }
        table
    }

    /// Adds the traffic with one external address as pairs with its name.
    pub(crate) fn name_external(&mut self, name: &str, address: IpAddr) {
        let block = IpBlock::single(address);
        for ((is_source, other), ranges) in &self.externals {
            for (range, traffic) in ranges {
                if range.family() == block.family()
                    && range.first() <= block.first()
                    && block.last() <= range.last()
                {
                    let ends = (name.to_owned(), other.clone());
                    let ends = if *is_source { ends } else { (ends.1, ends.0) };
                    let held = self.pairs.entry(ends).or_insert((range.family(), TransportSet::empty()));
                    held.1 = held.1.union(traffic);
                }
            }
        }
    }

    /// Writes one line for each pair of named sides.
    pub(crate) fn pair_lines(&self) -> BTreeSet<String> {
        let pairs = self.pairs.iter();
        pairs
            .map(|((from, to), (family, traffic))| format!("{from}>{to} {}", words(traffic, *family)))
            .collect()
    }

    /// Writes one line for each pair, and for all external addresses with the same traffic.
    pub(crate) fn lines(&self) -> BTreeSet<String> {
        let mut lines = self.pair_lines();
        for ((is_source, name), ranges) in &self.externals {
            for family in [Family::Ipv4, Family::Ipv6] {
                for (traffic, blocks) in by_traffic(ranges, family) {
                    let traffic = words(&traffic, family);
                    lines.insert(if *is_source {
                        format!("{blocks}>{name} {traffic}")
                    } else {
                        format!("{name}>{blocks} {traffic}")
                    });
                }
            }
        }
        lines
    }
}

fn interface_of(set: &EndpointSet) -> Option<InterfaceIx> {
    match set {
        EndpointSet::Interface { interface, .. } => Some(*interface),
        EndpointSet::External { .. } | EndpointSet::ForeignGroup { .. } => None,
    }
}

fn sides(names: Names<'_>, set: &EndpointSet) -> Vec<Side> {
    match set {
        EndpointSet::Interface { interface, addresses } => {
            addresses.iter().map(|held| Side::Named(names.address(*interface, held.block))).collect()
        }
        EndpointSet::External { blocks } => {
            vec![Side::Outside(blocks.iter().map(|block| (*block).into()).collect())]
        }
        EndpointSet::ForeignGroup { group } => {
            vec![Side::Named(format!("foreign:{}", names.0.group_id(*group)))]
        }
    }
}

fn read_side(text: &str) -> Side {
    let (block, cut) = text.split_once(" except ").map_or((text, None), |(block, cut)| (block, Some(cut)));
    let Ok(block) = block.parse::<IpBlock>() else { return Side::Named(text.to_owned()) };
    let Some(cut) = cut.map(|cut| cut.parse::<IpBlock>().unwrap()) else {
        return Side::Outside(vec![block.into()]);
    };
    let below = IpRange::new(block.family(), block.first(), cut.first() - 1);
    let above = IpRange::new(block.family(), cut.last() + 1, block.last());
    Side::Outside(vec![below, above])
}

/// Joins the external addresses that have exactly the same traffic, written as CIDR blocks.
fn by_traffic(ranges: &[(IpRange, TransportSet)], family: Family) -> BTreeMap<TransportSet, String> {
    let own: Vec<&(IpRange, TransportSet)> =
        ranges.iter().filter(|(range, _)| range.family() == family).collect();
    let mut cuts: BTreeSet<u128> = own.iter().map(|(range, _)| range.first()).collect();
    cuts.extend(own.iter().filter_map(|(range, _)| range.last().checked_add(1)));
    let mut joined: BTreeMap<TransportSet, Vec<IpRange>> = BTreeMap::new();
    for first in &cuts {
        let last = cuts.range(first + 1..).next().map_or(family.last(), |next| next - 1);
        let held = own.iter().filter(|(range, _)| range.first() <= *first && last <= range.last());
        let traffic = held.fold(TransportSet::empty(), |sum, (_, traffic)| sum.union(traffic));
        if traffic.is_empty() {
            continue;
        }
        let list = joined.entry(traffic).or_default();
        match list.last_mut() {
            Some(before) if before.last() + 1 == *first => {
                *before = IpRange::new(family, before.first(), last)
            }
            _ => list.push(IpRange::new(family, *first, last)),
        }
    }
    let text = |list: Vec<IpRange>| {
        let blocks: Vec<String> =
            list.into_iter().flat_map(blocks_of).map(|block| block.to_string()).collect();
        blocks.join(",")
    };
    joined.into_iter().map(|(traffic, list)| (traffic, text(list))).collect()
}

/// Writes traffic as [`traffic`] reads it.
fn words(traffic: &TransportSet, family: Family) -> String {
    traffic.items(family).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
