//! Is a state on the way as good as the states it lies between?
//!
//! A state is as good when every flow has the answer it has before the change or the answer it has after it: nothing breaks
//! that stays, and nothing opens that stays closed. This is the same forward and backward. Flows are between two ends, so
//! only two kinds of ends have to be looked at: a changed interface against everything that does not change, and two changed
//! interfaces against each other.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Moves, Unit};
use crate::evaluate::{Compiled, Delta, Difference, Effect, Endpoint, Evaluator, Readings};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::Direction;
use crate::netset::{Family, IpBlock, IpRange, TransportSet};
use crate::simulate::{ForeignGroups, Simulator};

/// Why a state is worse: in words.
pub(super) type Worse = String;

/// Judges states of one change; what was asked once is remembered.
pub(super) struct Passage<'p> {
    compiled: &'p Compiled<'p>,
    foreign: &'p ForeignGroups,
    readings: Vec<Readings>,
    moves: &'p Moves<'p>,
    /// The units, by interface.
    unit_of: BTreeMap<InterfaceIx, usize>,
    of_one: BTreeMap<(usize, BTreeSet<GroupIx>), Option<Worse>>,
    of_two: BTreeMap<[(usize, BTreeSet<GroupIx>); 2], Option<Worse>>,
}

impl<'p> Passage<'p> {
    pub(super) fn new(simulator: &'p Simulator<'p>, readings: Readings, moves: &'p Moves<'p>) -> Self {
        let unit_of = moves.units.iter().enumerate().map(|(at, unit)| (unit.interface, at)).collect();
        Self {
            compiled: simulator.compiled(),
            foreign: simulator.foreign(),
            readings: readings.closed(),
            moves,
            unit_of,
            of_one: BTreeMap::new(),
            of_two: BTreeMap::new(),
        }
    }

    /// Returns what is worse in a state than before and after, as far as the interface that changed last is concerned.
    pub(super) fn worse(&mut self, done: &[bool], last: usize) -> Option<Worse> {
        let own = self.moves.groups(last, done);
        let key = (last, own.clone());
        if let Some(known) = self.of_one.get(&key).cloned().or_else(|| Some(self.look_at_one(&key))).flatten()
        {
            return Some(known);
        }
        for other in 0..self.moves.units.len() {
            if other == last {
                continue;
            }
            let theirs = (other, self.moves.groups(other, done));
            let mut pair = [key.clone(), theirs];
            pair.sort();
            let known = self.of_two.get(&pair).cloned();
            let found = known.unwrap_or_else(|| {
                let found = self.of_pair(&pair);
                self.of_two.insert(pair, found.clone());
                found
            });
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn look_at_one(&mut self, key: &(usize, BTreeSet<GroupIx>)) -> Option<Worse> {
        let found = self.moves.units.get(key.0).and_then(|unit| self.alone(unit, &key.1));
        self.of_one.insert(key.clone(), found.clone());
        found
    }

    /// One interface half way, against everybody that does not change.
    fn alone(&self, unit: &Unit, groups: &BTreeSet<GroupIx>) -> Option<Worse> {
        if *groups == unit.start || *groups == unit.end {
            return None;
        }
        let graph = self.compiled.graph();
        let before = graph.baseline();
        let (half, after) = (moved(&before, unit, groups), moved(&before, unit, &unit.end));
        self.readings.iter().find_map(|readings| {
            let leg = |from, to, touched: BTreeSet<GroupIx>| {
                let difference = Difference::new(self.compiled, from, to, *readings);
                Legs::of(&difference, unit.interface, self.foreign, &touched)
            };
            let there = leg(&before, &half, unit.start.symmetric_difference(groups).copied().collect());
            let back = leg(&half, &after, groups.symmetric_difference(&unit.end).copied().collect());
            let is_unchanged = |peer: InterfaceIx| !self.unit_of.contains_key(&peer);
            there.meets(&back, graph, unit.interface, is_unchanged)
        })
    }

    /// Two changed interfaces against each other, each in a state of its own.
    fn of_pair(&self, pair: &[(usize, BTreeSet<GroupIx>); 2]) -> Option<Worse> {
        let [one, other] = pair;
        let (unit, peer) = (self.moves.units.get(one.0)?, self.moves.units.get(other.0)?);
        let is_at =
            |groups: fn(&Unit) -> &BTreeSet<GroupIx>| one.1 == *groups(unit) && other.1 == *groups(peer);
        if is_at(|unit| &unit.start) || is_at(|unit| &unit.end) {
            return None;
        }
        let graph = self.compiled.graph();
        let vpc = |interface| graph.interface(interface).network.vpc();
        if vpc(unit.interface).is_none() || vpc(unit.interface) != vpc(peer.interface) {
            return None;
        }
        let before = graph.baseline();
        let half = moved(&moved(&before, unit, &one.1), peer, &other.1);
        let after = moved(&moved(&before, unit, &unit.end), peer, &peer.end);
        let views = [&before, &half, &after];
        [(unit, peer), (peer, unit)].into_iter().find_map(|(source, destination)| {
            [Family::Ipv4, Family::Ipv6]
                .into_iter()
                .find_map(|family| self.between(views, source.interface, destination.interface, family))
        })
    }

    fn between(
        &self,
        views: [&View<'_>; 3],
        source: InterfaceIx,
        destination: InterfaceIx,
        family: Family,
    ) -> Option<Worse> {
        let end = |interface| {
            let addresses = self.compiled.addresses(interface, family).into_iter();
            addresses.map(move |address| Endpoint::Interface { interface, address })
        };
        let universe = TransportSet::universe(family);
        for readings in &self.readings {
            let evaluator = Evaluator::of(self.compiled, *readings);
            for from in end(source) {
                for to in end(destination) {
                    let [before, half, after] = views.map(|view| {
                        let (accepted, denied) = evaluator.answers_of(view, from, to, family);
                        let open = universe.difference(&accepted).difference(&denied);
                        [accepted, denied, open]
                    });
                    let bad = |at: usize| {
                        let of = |answers: &[TransportSet; 3]| answers.get(at).cloned().unwrap_or_default();
                        of(&half).difference(&of(&before)).difference(&of(&after))
                    };
                    let graph = self.compiled.graph();
                    let who = |interface| graph.interface(interface).id.to_string();
                    for (at, what) in [(1, "breaks"), (0, "opens"), (2, "is not known to hold")] {
                        let bad = bad(at);
                        if !bad.is_empty() {
                            return Some(described(what, &who(source), &who(destination), &bad, family));
                        }
                    }
                }
            }
        }
        None
    }
}

fn described(what: &str, source: &str, destination: &str, traffic: &TransportSet, family: Family) -> Worse {
    let items: Vec<String> = traffic.items(family).iter().take(3).map(ToString::to_string).collect();
    format!("{} from {source} to {destination} {what} for a while", items.join(", "))
}

/// Returns the view in which one interface has other groups.
fn moved<'g>(view: &View<'g>, unit: &Unit, groups: &BTreeSet<GroupIx>) -> View<'g> {
    let pairs = |groups: Vec<GroupIx>| groups.into_iter().map(|group| (unit.interface, group));
    view.without(pairs(unit.start.difference(groups).copied().collect()))
        .with(pairs(groups.difference(&unit.start).copied().collect()))
}

/// Traffic of one of the interface's ranges that changes on a part of the way.
struct Leg<Peer> {
    own: IpRange,
    peer: Peer,
    effect: Effect,
    traffic: TransportSet,
}

impl<Peer> Leg<Peer> {
    /// Returns the traffic of both, if the interface's side and the peer's meet.
    fn meets(&self, other: &Self, is_met: impl Fn(&Peer, &Peer) -> bool) -> Option<TransportSet> {
        let common = self.traffic.intersection(&other.traffic);
        (overlap(self.own, other.own) && is_met(&self.peer, &other.peer) && !common.is_empty())
            .then_some(common)
    }
}

/// Traffic that changes between two states, of one interface.
struct Legs {
    peers: BTreeMap<(Direction, InterfaceIx), Vec<Leg<IpRange>>>,
    outside: BTreeMap<(Direction, Family), Vec<Leg<Vec<IpBlock>>>>,
    /// Members of groups of other accounts, whose side is not known.
    foreign: BTreeMap<(Direction, GroupIx), Vec<Leg<()>>>,
}

impl Legs {
    fn of(
        difference: &Difference<'_>,
        interface: InterfaceIx,
        foreign: &ForeignGroups,
        touched: &BTreeSet<GroupIx>,
    ) -> Self {
        let mut legs = Self { peers: BTreeMap::new(), outside: BTreeMap::new(), foreign: BTreeMap::new() };
        let naming_us = foreign.naming_any(touched);
        let changes = |delta: &&Delta| matches!(delta.effect, Effect::Change(_));
        for mut row in difference.rows(interface) {
            let own = row.range();
            for group in row.peers(false) {
                for delta in group.deltas.iter().filter(changes) {
                    for peer in &group.peers {
                        let key = (group.direction, peer.interface);
                        let traffic = delta.traffic.clone();
                        let leg = Leg { own, peer: peer.range, effect: delta.effect, traffic };
                        legs.peers.entry(key).or_default().push(leg);
                    }
                }
            }
            for (group, ()) in row.externals(|_, _, _| ()) {
                for delta in group.deltas.iter().filter(changes) {
                    let key = (group.direction, own.family());
                    let (peer, traffic) = (group.blocks.clone(), delta.traffic.clone());
                    let leg = Leg { own, peer, effect: delta.effect, traffic };
                    legs.outside.entry(key).or_default().push(leg);
                }
            }
            for change in foreign.changes(&row, &naming_us) {
                for delta in change.deltas.iter().filter(changes) {
                    let leg = Leg { own, peer: (), effect: delta.effect, traffic: delta.traffic.clone() };
                    legs.foreign.entry((change.direction, change.group)).or_default().push(leg);
                }
            }
        }
        legs
    }

    /// Returns traffic that changes there and changes again on the rest of the way.
    fn meets(
        &self,
        rest: &Self,
        graph: &SecurityGraph,
        interface: InterfaceIx,
        is_unchanged: impl Fn(InterfaceIx) -> bool,
    ) -> Option<Worse> {
        let own = graph.interface(interface).id.to_string();
        let say =
            |direction: Direction, peer: String, effect: Effect, traffic: &TransportSet, family: Family| {
                let what = match effect {
                    Effect::Change(crate::evaluate::ChangeKind::Lost) => "breaks",
                    Effect::Change(crate::evaluate::ChangeKind::Gained) => "opens",
                    _ => "is not known to hold",
                };
                match direction {
                    Direction::Egress => described(what, &own, &peer, traffic, family),
                    Direction::Ingress => described(what, &peer, &own, traffic, family),
                }
            };
        for (key, legs) in self.peers.iter().filter(|((_, peer), _)| is_unchanged(*peer)) {
            for leg in legs {
                for other in rest.peers.get(key).into_iter().flatten() {
                    if let Some(common) = leg.meets(other, |one, other| overlap(*one, *other)) {
                        let peer = graph.interface(key.1).id.to_string();
                        return Some(say(key.0, peer, leg.effect, &common, leg.own.family()));
                    }
                }
            }
        }
        for (key, legs) in &self.outside {
            for leg in legs {
                for other in rest.outside.get(key).into_iter().flatten() {
                    let met = |one: &Vec<IpBlock>, other: &Vec<IpBlock>| common_block(one, other).is_some();
                    let common = leg.meets(other, met);
                    if let (Some(common), Some(block)) = (common, common_block(&leg.peer, &other.peer)) {
                        return Some(say(key.0, block.to_string(), leg.effect, &common, leg.own.family()));
                    }
                }
            }
        }
        for (key, legs) in &self.foreign {
            for leg in legs {
                for other in rest.foreign.get(key).into_iter().flatten() {
                    if let Some(common) = leg.meets(other, |(), ()| true) {
                        let peer = graph.group_id(key.1).to_string();
                        return Some(say(key.0, peer, leg.effect, &common, leg.own.family()));
                    }
                }
            }
        }
        None
    }
}

/// Returns a block of the first that shares addresses with the second.
fn common_block<'b>(blocks: &'b [IpBlock], others: &[IpBlock]) -> Option<&'b IpBlock> {
    blocks.iter().find(|block| others.iter().any(|other| other.contains(block) || block.contains(other)))
}

fn overlap(one: IpRange, other: IpRange) -> bool {
    one.family() == other.family() && one.first() <= other.last() && other.first() <= one.last()
}
