//! Which of several removals is responsible for what changes.

use std::collections::{BTreeMap, BTreeSet};

use super::judge::outcome;
use super::removal::JudgedRemoval;
use crate::evaluate::{Delta, Endpoint, Evaluator};
use crate::graph::{GroupIx, InterfaceIx, View};
use crate::inventory::Direction;
use crate::netset::{Family, TransportSet};

/// Which of several removals is responsible for a change.
pub(super) struct Attribution<'a> {
    pub(super) removals: &'a [JudgedRemoval],
    pub(super) before: &'a View<'a>,
    pub(super) after: &'a View<'a>,
    pub(super) evaluator: &'a Evaluator<'a>,
}

impl<'a> Attribution<'a> {
    /// Returns the removals of one interface; they stand together because removals are sorted.
    fn removals_of(&self, interface: InterfaceIx) -> &'a [JudgedRemoval] {
        let from = self.removals.partition_point(|removal| removal.interface < interface);
        let rest = self.removals.get(from..).unwrap_or(&[]);
        rest.get(..rest.partition_point(|removal| removal.interface == interface)).unwrap_or(&[])
    }

    /// Returns the removals of a changed interface, as its own.
    pub(super) fn own(&self, interface: InterfaceIx) -> RemovedBy {
        self.removals_of(interface).iter().map(|removal| (Who::Own, removal.group)).collect()
    }

    /// Returns the groups that an interface leaves, in order; `None` where it joins one.
    pub(super) fn leaving(&self, interface: InterfaceIx) -> Option<Vec<&'a GroupIx>> {
        let leaves = |removal: &'a JudgedRemoval| {
            Some(&removal.group).filter(|_| removal.join.is_none() && !removal.stays)
        };
        self.removals_of(interface).iter().map(leaves).collect()
    }

    pub(super) fn changes(&self, interface: InterfaceIx) -> bool {
        !self.removals_of(interface).is_empty()
    }

    pub(super) fn touched(&self, interface: InterfaceIx) -> BTreeSet<GroupIx> {
        self.removals_of(interface)
            .iter()
            .flat_map(|removal| [Some(removal.group), removal.join])
            .flatten()
            .collect()
    }

    /// Tells which traffic between the ends each removal is responsible for; nothing where there is one removal only.
    ///
    /// A removal is responsible where it alone changes the answer, or the answer would not change without it. `direction` is
    /// that of the first end, which changes; what holds for both ends holds for all that look like them.
    pub(super) fn of_ends(&self, direction: Direction, ends: [Endpoint; 2]) -> Responsible<'a> {
        let of_end = |who: Who, end: Endpoint| {
            let removals = match end {
                Endpoint::Interface { interface, .. } => self.removals_of(interface),
                Endpoint::External(_) | Endpoint::LoadBalancer => &[],
            };
            removals.iter().map(move |removal| (who, removal))
        };
        let [own, peer] = ends;
        let candidates: Vec<(Who, &JudgedRemoval)> =
            of_end(Who::Own, own).chain(of_end(Who::Peer, peer)).collect();
        if candidates.len() < 2 {
            return Responsible { candidates, traffic: Vec::new() };
        }
        let (source, destination) = match direction {
            Direction::Egress => (own, peer),
            Direction::Ingress => (peer, own),
        };
        let family = match own {
            Endpoint::Interface { address, .. } | Endpoint::External(address) => Family::of(address),
            Endpoint::LoadBalancer => Family::Ipv4,
        };
        let answer = |view: &View<'_>| self.evaluator.answers_of(view, source, destination, family);
        let (before, after) = (answer(self.before), answer(self.after));
        let graph = self.before.graph();
        let of_removals = |removals: &[JudgedRemoval]| answer(&outcome(graph, removals));
        let alone: Vec<_> =
            candidates.iter().map(|(_, one)| of_removals(std::slice::from_ref(*one))).collect();
        // Without the one of two is the other alone.
        let without: Vec<_> = match alone.as_slice() {
            [first, second] => vec![second.clone(), first.clone()],
            _ => {
                let others = |removal: &(Who, &JudgedRemoval)| -> Vec<JudgedRemoval> {
                    let others = candidates.iter().filter(|other| *other != removal);
                    others.map(|(_, other)| (*other).clone()).collect()
                };
                candidates.iter().map(|removal| of_removals(&others(removal))).collect()
            }
        };
        let of_one =
            |(alone, without)| differs(alone, &before, family).union(&differs(without, &after, family));
        let traffic = alone.iter().zip(&without).map(of_one).collect();
        Responsible { candidates, traffic }
    }
}

/// Returns the traffic that two states answer differently; an answer that is open is an answer of its own.
fn differs(
    one: &(TransportSet, TransportSet),
    other: &(TransportSet, TransportSet),
    family: Family,
) -> TransportSet {
    if one == other {
        return TransportSet::empty();
    }
    let universe = TransportSet::universe(family);
    let open =
        |(accepted, denied): &(TransportSet, TransportSet)| universe.difference(accepted).difference(denied);
    let same = one.0.intersection(&other.0).union(&one.1.intersection(&other.1));
    universe.difference(&same.union(&open(one).intersection(&open(other))))
}

/// Whose removal it is, seen from a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Who {
    /// That of the changed interface the row belongs to.
    Own,
    /// That of the peer, which changes as well.
    Peer,
}

/// The groups that are left, and by whom; in the order of the removals of the one, then of the other.
pub(super) type RemovedBy = Vec<(Who, GroupIx)>;

/// The removals that can have a part in what changes between two ends.
pub(super) struct Responsible<'a> {
    candidates: Vec<(Who, &'a JudgedRemoval)>,
    /// The traffic each is responsible for; empty where there is one candidate only.
    traffic: Vec<TransportSet>,
}

impl Responsible<'_> {
    /// Cuts a delta by who is responsible for it. Where no single removal is, all of them are.
    pub(super) fn shares(&self, delta: &Delta) -> Vec<(RemovedBy, Delta)> {
        let names: RemovedBy = self.candidates.iter().map(|(who, one)| (*who, one.group)).collect();
        if self.traffic.is_empty() {
            return vec![(names, delta.clone())];
        }
        let mut pieces: Vec<(RemovedBy, TransportSet)> = vec![(Vec::new(), delta.traffic.clone())];
        for (name, traffic) in names.iter().zip(&self.traffic) {
            let cut = |(by, piece): (RemovedBy, TransportSet)| {
                let (inside, outside) = (piece.intersection(traffic), piece.difference(traffic));
                let with = by.iter().copied().chain([*name]).collect();
                [(with, inside), (by, outside)].into_iter().filter(|(_, piece)| !piece.is_empty())
            };
            pieces = pieces.into_iter().flat_map(cut).collect();
        }
        let mut shares: BTreeMap<RemovedBy, TransportSet> = BTreeMap::new();
        for (by, piece) in pieces {
            shares.entry(if by.is_empty() { names.clone() } else { by }).or_default().add(&piece);
        }
        let share = |(removed_by, traffic)| (removed_by, Delta { traffic, ..delta.clone() });
        shares.into_iter().map(share).collect()
    }
}
