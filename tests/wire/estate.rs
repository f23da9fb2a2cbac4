//! What is put on the wire: a random estate, its removals, who can be asked and what is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sgleave::evaluate::{AddressKinds, Order, Readings};
use sgleave::inventory::Inventory;
use sgleave::netset::{Family, Packet};
use sgleave::testing::{
    ArbRemoval, End, Memberships, Shape, apply, arb_inventory, arb_removals, baseline, probe_addresses,
    probe_packets, sample,
};

use crate::world::{family_of, interface_ends, is_taken};

/// Outside addresses of one family that are asked, at most.
const OUTSIDE: usize = 6;
/// Source ports that no rule names begin here; those that rules name are far below or above.
const QUIET_PORTS: std::ops::Range<u16> = 20_000..60_000;

/// An estate without gaps, with the open sentences closed.
pub struct Estate {
    pub seed: u64,
    pub inventory: Inventory,
    pub removals: Vec<ArbRemoval>,
    pub readings: Readings,
    pub before: Memberships,
    pub after: Memberships,
    /// Addresses of interfaces first, then those of the outside.
    pub ends: Vec<End>,
}

/// One question to the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    pub from: End,
    pub to: End,
    pub packet: Packet,
}

impl Estate {
    /// Draws an estate in which something leaves: one seed is always the same estate.
    pub fn drawn(seed: u64) -> Self {
        let small = |modulus: u64| usize::try_from(seed % modulus).unwrap();
        let shape = Shape {
            interfaces: 8 + small(3),
            groups: 4 + small(4),
            rules: 2 + small(5),
            exact: true,
            ipv6: seed % 4 != 3,
            prefixes: seed % 3 != 2,
            lists: true,
            narrowing: true,
            enterprise: true,
            // Both VPCs have the same addresses, which one vSwitch cannot route.
            vpcs: false,
            gaps: false,
        };
        let inventory = sample(&arb_inventory(&shape), seed);
        let removals = sample(&arb_removals(&inventory), seed);
        Self::new(seed, inventory, removals, readings(seed))
    }

    pub fn new(seed: u64, inventory: Inventory, removals: Vec<ArbRemoval>, readings: Readings) -> Self {
        let before = baseline(&inventory);
        let after = apply(&before, &removals);
        let mut ends = Vec::new();
        for family in [Family::Ipv4, Family::Ipv6] {
            let addresses = probe_addresses(&inventory, family);
            let inside = interface_ends(&inventory, &addresses);
            ends.extend(inside.into_iter().filter(|end| family_of(*end) == family));
            let outside: Vec<IpAddr> = addresses
                .into_iter()
                .filter(|address| is_usable(*address) && !is_taken(&inventory, 0, *address))
                .collect();
            let step = outside.len().div_ceil(OUTSIDE).max(1);
            ends.extend(outside.into_iter().step_by(step).map(End::External));
        }
        // The one address with an exemption.
        let metadata = End::External(IpAddr::from([100, 100, 100, 200]));
        if !ends.contains(&metadata) {
            ends.push(metadata);
        }
        Self { seed, inventory, removals, readings, before, after, ends }
    }

    /// Returns the addresses of each host: one host an interface, and the outside as the last one.
    pub fn hosts(&self) -> Vec<Vec<IpAddr>> {
        let mut hosts = vec![Vec::new(); self.inventory.interfaces.len() + 1];
        for end in &self.ends {
            hosts[self.host_of(*end)].push(end.address());
        }
        hosts
    }

    /// Returns the host behind an end.
    pub fn host_of(&self, end: End) -> usize {
        match end {
            End::Interface { index, .. } => index,
            End::External(_) => self.inventory.interfaces.len(),
        }
    }

    /// Draws about `count` questions: every pair of ends is in, those of changed interfaces more often.
    pub fn probes(&self, count: usize) -> Vec<Probe> {
        let mut dice = Dice(self.seed);
        let changes = |end: End| match end {
            End::Interface { index, .. } => self.before[index] != self.after[index],
            End::External(_) => false,
        };
        let pairs = self.ends.iter().flat_map(|from| self.ends.iter().map(move |to| (*from, *to)));
        let (near, far): (Vec<_>, Vec<_>) = pairs
            .filter(|(from, to)| is_asked(*from, *to))
            .partition(|(from, to)| changes(*from) || changes(*to));
        let menus = [Family::Ipv4, Family::Ipv6].map(|family| self.menu(family));
        let sources = self.source_ports();
        let mut quiet: BTreeMap<End, u16> = BTreeMap::new();
        let mut probes = Vec::new();
        for (pairs, share) in [(near, count / 2), (far, count / 2)] {
            let each = share.div_ceil(pairs.len().max(1));
            for (from, to) in pairs {
                let mut menu = menus[usize::from(family_of(from) == Family::Ipv6)].clone();
                for _ in 0..each.min(menu.len()) {
                    let mut packet = menu.swap_remove(dice.below(menu.len()));
                    if packet.destination_port != 0 {
                        // Source ports that rules name, but mostly one that no rule names and no other probe has.
                        let next = quiet.entry(from).or_insert(QUIET_PORTS.start);
                        packet.source_port = *next;
                        *next += 1;
                        assert!(QUIET_PORTS.contains(next), "too many probes from one address");
                        if !sources.is_empty() && dice.below(10) < 4 {
                            packet.source_port = sources[dice.below(sources.len())];
                        }
                    }
                    probes.push(Probe { from, to, packet });
                }
            }
        }
        probes
    }

    /// Returns what can be asked between two ends of a family, the source ports left open.
    pub fn menu(&self, family: Family) -> Vec<Packet> {
        let absent = if family == Family::Ipv4 { 58 } else { 1 };
        let packets = probe_packets(&self.inventory).into_iter().filter(|packet| packet.protocol != absent);
        let open: BTreeSet<Packet> = packets.map(|packet| Packet { source_port: 0, ..packet }).collect();
        open.into_iter().collect()
    }

    /// Returns the boundaries of the source ports that rules are limited to.
    fn source_ports(&self) -> Vec<u16> {
        let limited = self
            .inventory
            .groups
            .iter()
            .flat_map(|group| &group.rules)
            .any(|rule| rule.source_ports.is_some());
        let all: BTreeSet<u16> =
            probe_packets(&self.inventory).iter().map(|packet| packet.source_port).collect();
        all.into_iter().filter(|port| limited && *port != 0).collect()
    }
}

fn readings(seed: u64) -> Readings {
    let order = |first: bool| Some(if first { Order::AcceptFirst } else { Order::CustomFirst });
    Readings {
        intra_group_egress: order(seed.is_multiple_of(2)),
        intra_group_ingress: order(seed % 5 != 4),
        address_kinds: Some(if seed % 4 < 2 { AddressKinds::All } else { AddressKinds::Ipv4 }),
    }
}

/// An interface is never asked about itself, nor the outside.
fn is_asked(from: End, to: End) -> bool {
    let apart = match (from, to) {
        (End::Interface { index, .. }, End::Interface { index: other, .. }) => index != other,
        (End::External(_), End::External(_)) => false,
        _ => true,
    };
    apart && family_of(from) == family_of(to)
}

/// Tells whether a host can have the address.
fn is_usable(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let first = v4.octets()[0];
            !v4.is_link_local() && first != 0 && first != 127 && first < 224
        }
        IpAddr::V6(v6) => v6.segments()[..5] != [0; 5] && !v6.is_multicast() && !v6.is_unicast_link_local(),
    }
}

/// A small generator of numbers: the same seed, the same numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }
}
