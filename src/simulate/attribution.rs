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

    pub(super) fn of(&self, interfaces: &[InterfaceIx]) -> Vec<&'a JudgedRemoval> {
        interfaces.iter().flat_map(|interface| self.removals_of(*interface)).collect()
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
    /// A removal is responsible where it alone changes the answer, or the answer would not change without it.
    pub(super) fn of_ends(
        &self,
        interfaces: &[InterfaceIx],
        direction: Direction,
        ends: [Endpoint; 2],
    ) -> Responsible<'a> {
        let candidates = self.of(interfaces);
        if candidates.len() < 2 {
            return Responsible { candidates, traffic: Vec::new() };
        }
        let [own, peer] = ends;
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
        let alone: Vec<_> = candidates.iter().map(|one| of_removals(std::slice::from_ref(*one))).collect();
        // Without the one of two is the other alone.
        let without: Vec<_> = match alone.as_slice() {
            [first, second] => vec![second.clone(), first.clone()],
            _ => {
                let others = |removal: &&JudgedRemoval| -> Vec<JudgedRemoval> {
                    let others = candidates.iter().filter(|other| *other != removal);
                    others.map(|other| (*other).clone()).collect()
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

/// The removals that can have a part in what changes between two ends.
pub(super) struct Responsible<'a> {
    candidates: Vec<&'a JudgedRemoval>,
    /// The traffic each is responsible for; empty where there is one candidate only.
    traffic: Vec<TransportSet>,
}

impl Responsible<'_> {
    /// Cuts a delta by who is responsible for it. Where no single removal is, all of them are.
    pub(super) fn shares(&self, delta: &Delta) -> Vec<(Vec<(InterfaceIx, GroupIx)>, Delta)> {
        let names: Vec<(InterfaceIx, GroupIx)> =
            self.candidates.iter().map(|one| (one.interface, one.group)).collect();
        if self.traffic.is_empty() {
            return vec![(names, delta.clone())];
        }
        let mut pieces: Vec<(Vec<(InterfaceIx, GroupIx)>, TransportSet)> =
            vec![(Vec::new(), delta.traffic.clone())];
        for (name, traffic) in names.iter().zip(&self.traffic) {
            let cut = |(by, piece): (Vec<(InterfaceIx, GroupIx)>, TransportSet)| {
                let (inside, outside) = (piece.intersection(traffic), piece.difference(traffic));
                let with = by.iter().copied().chain([*name]).collect();
                [(with, inside), (by, outside)].into_iter().filter(|(_, piece)| !piece.is_empty())
            };
            pieces = pieces.into_iter().flat_map(cut).collect();
        }
        let mut shares: BTreeMap<Vec<(InterfaceIx, GroupIx)>, TransportSet> = BTreeMap::new();
        for (by, piece) in pieces {
            shares.entry(if by.is_empty() { names.clone() } else { by }).or_default().add(&piece);
        }
        let share = |(removed_by, traffic)| (removed_by, Delta { traffic, ..delta.clone() });
        shares.into_iter().map(share).collect()
    }
}
