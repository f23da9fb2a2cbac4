//! What both sides of a comparison need: a random case, the oracle's states, and a look-up in a simulation.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use sgleave::graph::{InterfaceIx, SecurityGraph};
use sgleave::inventory::Inventory;
use sgleave::netset::{Family, IpBlock};
use sgleave::simulate::{Change, EndpointSet, Simulation};

use sgleave::testing::End;

/// Returns every address of the inventory as an end, a few of each delegated prefix.
pub fn interface_ends(inventory: &Inventory, probes: &[IpAddr]) -> Vec<End> {
    let mut ends = Vec::new();
    for (index, interface) in inventory.interfaces.iter().enumerate() {
        for address in &interface.addresses {
            if address.block.is_single() {
                ends.push(End::Interface { index, address: address.block.address() });
                continue;
            }
            let last = address.block.family().address(address.block.last());
            let inside =
                probes.iter().copied().filter(|probe| address.block.contains(&IpBlock::single(*probe)));
            let picked: BTreeSet<IpAddr> =
                [address.block.address(), last].into_iter().chain(inside).collect();
            ends.extend(picked.into_iter().map(|address| End::Interface { index, address }));
        }
    }
    ends
}

/// Tells whether an address belongs to an interface of the same VPC as the interface at `index`.
pub fn is_taken(inventory: &Inventory, index: usize, address: IpAddr) -> bool {
    let network = &inventory.interfaces[index].network;
    let block = IpBlock::single(address);
    let of_vpc = inventory.interfaces.iter().filter(|interface| interface.network == *network);
    of_vpc.flat_map(|interface| &interface.addresses).any(|held| held.block.contains(&block))
}

pub fn share_vpc(inventory: &Inventory, one: usize, other: usize) -> bool {
    inventory.interfaces[one].network == inventory.interfaces[other].network
}

pub fn family_of(end: End) -> Family {
    Family::of(end.address())
}

pub fn ix_of(graph: &SecurityGraph, index: usize) -> InterfaceIx {
    graph.interfaces().nth(index).unwrap()
}

fn holds(set: &EndpointSet, end: End, graph: &SecurityGraph) -> bool {
    match (set, end) {
        (EndpointSet::Interface { interface, addresses }, End::Interface { index, address }) => {
            *interface == ix_of(graph, index)
                && addresses.iter().any(|held| held.block.contains(&IpBlock::single(address)))
        }
        (EndpointSet::External { blocks }, End::External(address)) => {
            blocks.iter().any(|block| block.contains(&IpBlock::single(address)))
        }
        _ => false,
    }
}

/// Returns the entries that speak of this pair. The contract allows one at most for a packet.
pub fn entries_about<'s>(simulation: &'s Simulation<'_>, from: End, to: End) -> Vec<&'s Change> {
    let family = family_of(from);
    let about = |change: &&Change| {
        change.family == family
            && change.sources.iter().any(|set| holds(set, from, simulation.graph))
            && change.destinations.iter().any(|set| holds(set, to, simulation.graph))
    };
    simulation.impact.changes.iter().filter(about).collect()
}

/// Counts what a run met, so that a test can say that its cases were worth running.
#[derive(Debug, Default, Clone)]
pub struct Shares {
    pub cases: usize,
    pub counts: BTreeMap<&'static str, usize>,
}

impl Shares {
    pub fn note(&mut self, what: &'static str, met: bool) {
        *self.counts.entry(what).or_default() += usize::from(met);
    }

    pub fn add(mut self, other: Self) -> Self {
        self.cases += other.cases;
        for (what, count) in other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        self
    }

    pub fn percent(&self, what: &'static str) -> f64 {
        self.counts.get(what).copied().unwrap_or(0) as f64 * 100.0 / self.cases.max(1) as f64
    }
}
