//! Traffic sets as people and documents read them.

use std::fmt;

use super::protocol::{ICMP, ICMPV6, PORTS, TCP, TCP_NUMBER, UDP, UDP_NUMBER, name_of};
use super::transport::Sources;
use super::{Family, Packet, PortRange, PortSet, TransportSet};

impl TransportSet {
    /// Returns the set as readable items; everything a pair of the family can carry is the one item `all`.
    #[must_use]
    pub fn items(&self, family: Family) -> Vec<TrafficItem> {
        if *self == Self::universe(family) || *self == Self::everything() {
            return vec![TrafficItem {
                protocol: "all".to_owned(),
                ports: PortSet::all(),
                source_ports: PortSet::all(),
            }];
        }
        let mut items = Vec::new();
        self.port_items("tcp", TCP, &mut items);
        self.port_items("udp", UDP, &mut items);
        items.extend(self.other_items());
        items
    }

    /// Groups the bands of TCP or UDP by their source ports, in order of first appearance.
    fn port_items(&self, protocol: &str, base: u32, items: &mut Vec<TrafficItem>) {
        let mut groups: Vec<(&Sources, Vec<PortRange>)> = Vec::new();
        for band in &self.bands {
            let (first, last) = (band.first.max(base + 1), band.last.min(base + PORTS));
            if first > last {
                continue;
            }
            let port = |position: u32| u16::try_from(position - base).unwrap_or(u16::MAX);
            let Some(range) = PortRange::new(port(first), port(last)) else {
                continue;
            };
            match groups.iter_mut().find(|(sources, _)| *sources == &band.sources) {
                Some((_, ranges)) => ranges.push(range),
                None => groups.push((&band.sources, vec![range])),
            }
        }
        items.extend(groups.into_iter().map(|(sources, ranges)| TrafficItem {
            protocol: protocol.to_owned(),
            ports: ranges.into_iter().collect(),
            source_ports: sources.as_ref().map_or_else(PortSet::all, |set| set.as_ref().clone()),
        }));
    }

    /// Names the protocols without ports: known ones by name, runs of others as `first-last`.
    fn other_items(&self) -> Vec<TrafficItem> {
        if self.bands.iter().all(|band| ICMPV6 < band.first && band.last < ICMP) {
            return Vec::new();
        }
        let numbers = (0..=u8::MAX).filter(|n| !matches!(*n, TCP_NUMBER | UDP_NUMBER));
        let held: Vec<u8> = numbers.filter(|n| self.contains(Packet::other(*n))).collect();
        let mut named: Vec<String> = held.iter().filter_map(|n| name_of(*n)).map(str::to_owned).collect();
        let mut runs: Vec<(u8, u8)> = Vec::new();
        for number in held.into_iter().filter(|n| name_of(*n).is_none()) {
            match runs.last_mut() {
                Some((_, last)) if u16::from(*last) + 1 == u16::from(number) => *last = number,
                _ => runs.push((number, number)),
            }
        }
        named.extend(
            runs.into_iter().map(
                |(first, last)| {
                    if first == last { first.to_string() } else { format!("{first}-{last}") }
                },
            ),
        );
        let item = |protocol| TrafficItem { protocol, ports: PortSet::all(), source_ports: PortSet::all() };
        named.into_iter().map(item).collect()
    }
}

/// One readable line of a traffic set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TrafficItem {
    /// `all`, a protocol name, a number, or a run of numbers such as `59-255`.
    pub protocol: String,
    /// The destination ports; all of them for protocols without ports.
    pub ports: PortSet,
    /// The source ports; all of them for protocols without ports.
    pub source_ports: PortSet,
}

impl fmt::Display for TrafficItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.protocol)?;
        if !self.ports.is_all() {
            write!(f, "/{}", self.ports)?;
        }
        if !self.source_ports.is_all() {
            write!(f, " from port {}", self.source_ports)?;
        }
        Ok(())
    }
}
