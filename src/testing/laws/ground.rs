//! What laws stand on: seeded choices, simulations, the traffic between two ends, and how two of them compare.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

use super::LawViolation;
use crate::evaluate::{AddressKinds, ChangeKind, Disposition, Endpoint, Evaluator, Flow, Order, Readings};
use crate::graph::{InterfaceIx, SecurityGraph, View};
use crate::inventory::{Inventory, Memberships, SecurityGroupId};
use crate::netset::{Family, IpBlock, Packet, TransportSet};
use crate::simulate::{Change, EndpointSet, Options, Removal, Simulation, simulate};
use crate::testing::{ArbRemoval, End, probe_addresses, probe_packets};

/// How many pairs of ends one check looks at, at most.
const MOST_PAIRS: usize = 160;
/// How many flows one check evaluates, at most.
const MOST_FLOWS: usize = 120;

pub(super) type Checked = Result<(), LawViolation>;

/// Fails with a sentence.
pub(super) fn broken<T>(message: impl Into<String>) -> Result<T, LawViolation> {
    Err(LawViolation { message: message.into() })
}

/// Choices that depend on the estate alone, so that a law says the same of it every time.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn of(inventory: &Inventory, removals: &[ArbRemoval]) -> Self {
        let mut hasher = DefaultHasher::new();
        removals.hash(&mut hasher);
        for group in &inventory.groups {
            group.rules.hash(&mut hasher);
        }
        for interface in &inventory.interfaces {
            (&interface.id, &interface.addresses).hash(&mut hasher);
        }
        Self(hasher.finish())
    }

    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> Option<&'t T> {
        from.get(self.roll(from.len()))
    }

    /// Keeps `most` of the items, evenly spread.
    fn thin<T>(&mut self, items: Vec<T>, most: usize) -> Vec<T> {
        let step = items.len().div_ceil(most).max(1);
        let from = self.roll(step);
        items.into_iter().skip(from).step_by(step).collect()
    }

    /// Picks settings of the semantics; mostly those that leave sentences open.
    pub(super) fn readings(&mut self) -> Readings {
        let open = Readings::default();
        match self.roll(6) {
            0 => Readings { intra_group_egress: Some(Order::CustomFirst), ..open },
            1 => Readings { intra_group_egress: Some(Order::AcceptFirst), ..open },
            2 => Readings { address_kinds: Some(AddressKinds::Ipv4), ..open },
            3 => Readings { intra_group_ingress: None, ..open },
            _ => open,
        }
    }
}

/// Settings under which nothing is open but missing evidence.
pub(super) const fn pinned() -> Readings {
    Readings {
        intra_group_egress: Some(Order::CustomFirst),
        intra_group_ingress: Some(Order::AcceptFirst),
        address_kinds: Some(AddressKinds::All),
    }
}

/// Tells whether nothing that decides traffic is missing.
pub(super) fn is_complete(inventory: &Inventory) -> bool {
    let known = |id: &SecurityGroupId| inventory.group(id).is_some();
    let groups = inventory.groups.iter().all(|group| {
        group.group_type.is_some()
            && group.inner_access.is_some()
            && group.rule_gaps.is_empty()
            && group.rules.iter().all(|rule| rule.unevaluable.is_none() && names_known_lists(inventory, rule))
    });
    groups
        && inventory.interfaces.iter().all(|interface| match &interface.memberships {
            Memberships::Known(ids) => ids.iter().all(known),
            Memberships::Unknown => false,
        })
}

fn names_known_lists(inventory: &Inventory, rule: &crate::inventory::SecurityGroupRule) -> bool {
    use crate::inventory::{RulePeer, RulePorts};
    let peer = match &rule.peer {
        RulePeer::PrefixList(id) => inventory.prefix_lists.contains_key(id),
        RulePeer::Block(_) | RulePeer::Group { .. } => true,
    };
    let ports = match &rule.ports {
        RulePorts::List(id) => inventory.port_lists.contains_key(id),
        RulePorts::Any | RulePorts::Ranges(_) => true,
    };
    peer && ports
}

pub(super) use crate::testing::named_removals as named;

/// Simulates named removals.
pub(super) fn run<'g>(
    graph: &'g SecurityGraph,
    removals: &[Removal],
    readings: Readings,
) -> Result<Simulation<'g>, LawViolation> {
    simulate(graph, removals, &Options { readings, ..Options::default() })
        .map_err(|error| LawViolation { message: format!("the simulation is refused: {error}") })
}

/// The traffic between two ends that changes, by how it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) lost: TransportSet,
    pub(super) gained: TransportSet,
    pub(super) open: TransportSet,
}

impl Effect {
    pub(super) fn none() -> Self {
        let empty = TransportSet::empty;
        Self { lost: empty(), gained: empty(), open: empty() }
    }

    pub(super) fn changed(&self) -> TransportSet {
        self.lost.union(&self.gained).union(&self.open)
    }
}

/// Tells whether a side of an entry means this end.
pub(super) fn means(set: &EndpointSet, end: End) -> bool {
    match (set, end) {
        (EndpointSet::Interface { interface, addresses }, End::Interface { index, address }) => {
            let single = IpBlock::single(address);
            interface.at() == index && addresses.iter().any(|held| held.block.contains(&single))
        }
        (EndpointSet::External { blocks }, End::External(address)) => {
            let single = IpBlock::single(address);
            blocks.iter().any(|block| block.contains(&single))
        }
        _ => false,
    }
}

/// Returns the entries that speak of traffic between two ends.
pub(super) fn entries_between(changes: &[Change], (from, to): (End, End)) -> Vec<&Change> {
    let family = Family::of(from.address());
    let about = |change: &&Change| {
        change.family == family
            && change.sources.iter().any(|set| means(set, from))
            && change.destinations.iter().any(|set| means(set, to))
    };
    changes.iter().filter(about).collect()
}

/// Returns what the entries say of the traffic between two ends.
pub(super) fn effect(simulation: &Simulation<'_>, pair: (End, End)) -> Effect {
    let mut effect = Effect::none();
    for change in entries_between(&simulation.impact.changes, pair) {
        let set = match change.kind {
            ChangeKind::Lost => &mut effect.lost,
            ChangeKind::Gained => &mut effect.gained,
            ChangeKind::Undetermined => &mut effect.open,
        };
        *set = set.union(&change.traffic);
    }
    effect
}

/// The pairs of ends at which two estates of the same interfaces are compared.
pub(super) fn pairs(inventories: &[&Inventory], removals: &[ArbRemoval], dice: &mut Dice) -> Vec<(End, End)> {
    let Some(inventory) = inventories.first() else { return Vec::new() };
    let changed: BTreeSet<usize> = removals.iter().map(|removal| removal.interface).collect();
    let mut probes: BTreeSet<IpAddr> = BTreeSet::new();
    for family in [Family::Ipv4, Family::Ipv6] {
        probes.extend(inventories.iter().flat_map(|inventory| probe_addresses(inventory, family)));
    }
    let ends = interface_ends(inventory, &probes);
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for from in &ends {
        let End::Interface { index, address } = *from else { continue };
        for to in ends.iter().filter(|to| may_meet(inventory, *from, **to)) {
            let End::Interface { index: other, .. } = *to else { continue };
            if changed.contains(&index) || changed.contains(&other) {
                inside.push((*from, *to));
            }
        }
        if changed.contains(&index) {
            for probe in probes.iter().filter(|probe| Family::of(**probe) == Family::of(address)) {
                if !is_taken(inventory, index, *probe) {
                    outside.push((*from, End::External(*probe)));
                    outside.push((End::External(*probe), *from));
                }
            }
        }
    }
    let mut pairs = dice.thin(inside, MOST_PAIRS / 2);
    pairs.extend(dice.thin(outside, MOST_PAIRS / 2));
    pairs
}

/// Returns every address of an interface as an end, the probes inside its delegated prefixes among them.
fn interface_ends(inventory: &Inventory, probes: &BTreeSet<IpAddr>) -> Vec<End> {
    let mut ends = Vec::new();
    for (index, interface) in inventory.interfaces.iter().enumerate() {
        for held in &interface.addresses {
            let last = held.block.family().address(held.block.last());
            let inside = probes.iter().copied().filter(|probe| held.block.contains(&IpBlock::single(*probe)));
            let all: BTreeSet<IpAddr> = [held.block.address(), last].into_iter().chain(inside).collect();
            ends.extend(all.into_iter().map(|address| End::Interface { index, address }));
        }
    }
    ends
}

/// Tells whether two ends are different interfaces of one VPC with addresses of one family.
fn may_meet(inventory: &Inventory, one: End, other: End) -> bool {
    let vpc = |end: End| match end {
        End::Interface { index, .. } => inventory.interfaces.get(index).and_then(|of| of.network.vpc()),
        End::External(_) => None,
    };
    let apart = match (one, other) {
        (End::Interface { index, .. }, End::Interface { index: other, .. }) => index != other,
        _ => false,
    };
    apart
        && Family::of(one.address()) == Family::of(other.address())
        && vpc(one).is_some_and(|here| vpc(other) == Some(here))
}

/// Tells whether an interface of the same VPC has the address.
pub(super) fn is_taken(inventory: &Inventory, index: usize, address: IpAddr) -> bool {
    let Some(interface) = inventory.interfaces.get(index) else { return true };
    let single = IpBlock::single(address);
    let here = inventory.interfaces.iter().filter(|other| other.network == interface.network);
    interface.network.vpc().is_none()
        || here.flat_map(|other| &other.addresses).any(|held| held.block.contains(&single))
}

/// Fails where two simulations differ between the given ends. `map` finds the ends of the other one.
pub(super) fn same_effects(
    one: &Simulation<'_>,
    other: &Simulation<'_>,
    pairs: &[(End, End)],
    map: impl Fn(End) -> End,
) -> Checked {
    for (from, to) in pairs {
        let (here, there) = (effect(one, (*from, *to)), effect(other, (map(*from), map(*to))));
        if here != there {
            return broken(format!("between {from:?} and {to:?}: first {here:?}, then {there:?}"));
        }
    }
    Ok(())
}

/// Flows of the estate, any ends, both directions.
pub(super) fn flows(inventory: &Inventory, dice: &mut Dice) -> Vec<(End, End, Packet)> {
    let packets = probe_packets(inventory);
    // Every interface counts as changed: laws on flows do not ask who leaves.
    let everybody: Vec<ArbRemoval> = (0..inventory.interfaces.len())
        .map(|interface| ArbRemoval { interface, leave: SecurityGroupId::from(""), join: None })
        .collect();
    let pairs = pairs(&[inventory], &everybody, dice);
    let mut flows = Vec::new();
    for _ in 0..MOST_FLOWS {
        if let (Some((from, to)), Some(packet)) = (dice.pick(&pairs), dice.pick(&packets))
            && TransportSet::universe(Family::of(from.address())).contains(*packet)
        {
            flows.push((*from, *to, *packet));
        }
    }
    flows
}

/// Answers flows in one state of one estate.
pub(super) struct Answers<'g> {
    evaluator: Evaluator<'g>,
    view: View<'g>,
    interfaces: Vec<InterfaceIx>,
}

impl<'g> Answers<'g> {
    pub(super) fn new(view: View<'g>, readings: Readings) -> Self {
        let graph = view.graph();
        Self { evaluator: Evaluator::new(graph, readings), view, interfaces: graph.interfaces().collect() }
    }

    /// Returns what all readings say, or `None` where they differ or an end does not exist.
    pub(super) fn of(&self, (from, to, packet): (End, End, Packet)) -> Option<bool> {
        let end = |end: End| match end {
            End::Interface { index, address } => self
                .interfaces
                .get(index)
                .map(|interface| Endpoint::Interface { interface: *interface, address }),
            End::External(address) => Some(Endpoint::External(address)),
        };
        let flow = Flow { source: end(from)?, destination: end(to)?, packet };
        match self.evaluator.evaluate(&self.view, &flow).disposition {
            Disposition::Accepted => Some(true),
            Disposition::DeniedIn | Disposition::DeniedOut => Some(false),
            Disposition::InsufficientInfo => None,
        }
    }
}
