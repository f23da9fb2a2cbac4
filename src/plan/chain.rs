//! Which calls each interface needs, before anybody asks for an order.

use std::collections::BTreeSet;

use super::step::Api;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::simulate::{JudgedRemoval, Quotas, may_hold};

/// What becomes of one removal in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The new group is joined.
    Join,
    /// The old group is left.
    Leave,
    /// Both in one call.
    Swap,
}

/// One call, not yet in any order.
#[derive(Debug, Clone)]
pub(super) struct Move {
    /// The position of the interface among the units.
    pub(super) unit: usize,
    /// Removals by position, and what becomes of them.
    pub(super) parts: Vec<(usize, Part)>,
    /// The calls that have to come before, by position.
    pub(super) requires: Vec<usize>,
    /// The call carries the whole list.
    pub(super) replaces: bool,
    /// A group that was joined has to take effect before it.
    pub(super) waits: bool,
}

/// One interface whose groups change.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) interface: InterfaceIx,
    pub(super) start: BTreeSet<GroupIx>,
    pub(super) end: BTreeSet<GroupIx>,
}

/// Every interface and every call.
#[derive(Debug)]
pub(super) struct Moves<'r> {
    pub(super) removals: &'r [JudgedRemoval],
    pub(super) units: Vec<Unit>,
    pub(super) moves: Vec<Move>,
}

impl<'r> Moves<'r> {
    /// Says which calls the removals need. `removals` are sorted by interface.
    pub(super) fn new(
        graph: &SecurityGraph,
        removals: &'r [JudgedRemoval],
        api: Api,
        quotas: &Quotas,
    ) -> Self {
        let mut all = Self { removals, units: Vec::new(), moves: Vec::new() };
        let mut at = 0;
        for of_one in removals.chunk_by(|one, next| one.interface == next.interface) {
            let Some(first) = of_one.first() else { continue };
            let start: BTreeSet<GroupIx> =
                graph.baseline().groups_of(first.interface).unwrap_or_default().iter().copied().collect();
            let joined: BTreeSet<GroupIx> = of_one.iter().filter_map(|removal| removal.join).collect();
            let mut end = start.clone();
            for removal in of_one {
                end.remove(&removal.group);
            }
            end.extend(&joined);
            let at_most: BTreeSet<GroupIx> = start.union(&joined).copied().collect();
            let numbered: Vec<(usize, Option<GroupIx>)> =
                of_one.iter().enumerate().map(|(nth, removal)| (at + nth, removal.join)).collect();
            let swaps = !joined.is_empty() && !may_hold(graph, &at_most, quotas);
            all.add(&numbered, swaps, api);
            all.units.push(Unit { interface: first.interface, start, end });
            at += of_one.len();
        }
        all
    }

    fn add(&mut self, removals: &[(usize, Option<GroupIx>)], swaps: bool, api: Api) {
        let unit = self.units.len();
        let part = |part: Part| move |(number, _): &(usize, Option<GroupIx>)| (*number, part);
        if swaps {
            let parts = removals
                .iter()
                .map(|(number, join)| (*number, if join.is_some() { Part::Swap } else { Part::Leave }));
            self.moves.push(Move {
                unit,
                parts: parts.collect(),
                requires: Vec::new(),
                replaces: true,
                waits: false,
            });
            return;
        }
        let joining: Vec<_> = removals.iter().filter(|(_, join)| join.is_some()).copied().collect();
        let replaces = api == Api::Modify;
        let calls = |parts: Vec<(usize, Part)>| match api {
            Api::Modify if parts.is_empty() => Vec::new(),
            Api::Modify => vec![parts],
            Api::Leave => parts.into_iter().map(|part| vec![part]).collect(),
        };
        let first = self.moves.len();
        for parts in calls(joining.iter().map(part(Part::Join)).collect()) {
            self.moves.push(Move { unit, parts, requires: Vec::new(), replaces, waits: false });
        }
        let joins: Vec<usize> = (first..self.moves.len()).collect();
        for parts in calls(removals.iter().map(part(Part::Leave)).collect()) {
            let waits = !joins.is_empty();
            self.moves.push(Move { unit, parts, requires: joins.clone(), replaces, waits });
        }
    }

    /// Returns the groups of an interface once these calls are made.
    pub(super) fn groups(&self, unit: usize, done: &[bool]) -> BTreeSet<GroupIx> {
        let Some(described) = self.units.get(unit) else { return BTreeSet::new() };
        let mut groups = described.start.clone();
        for (number, part) in self.parts_done(done).filter(|(at, _)| *at == unit).map(|(_, part)| part) {
            let Some(removal) = self.removals.get(number) else { continue };
            if part != Part::Join {
                groups.remove(&removal.group);
            }
            if part != Part::Leave {
                groups.extend(removal.join);
            }
        }
        groups
    }

    /// Returns the state once these calls are made, as removals of which some are only half done.
    pub(super) fn state(&self, done: &[bool]) -> Vec<JudgedRemoval> {
        let mut joined: BTreeSet<usize> = BTreeSet::new();
        let mut left: BTreeSet<usize> = BTreeSet::new();
        for (_, (number, part)) in self.parts_done(done) {
            if part != Part::Leave {
                joined.insert(number);
            }
            if part != Part::Join {
                left.insert(number);
            }
        }
        let state = self.removals.iter().enumerate().filter_map(|(number, removal)| {
            let (joined, left) = (joined.contains(&number), left.contains(&number));
            (joined || left).then(|| JudgedRemoval { stays: !left, ..removal.clone() })
        });
        state.collect()
    }

    fn parts_done<'a>(&'a self, done: &'a [bool]) -> impl Iterator<Item = (usize, (usize, Part))> + 'a {
        let made = self.moves.iter().zip(done).filter(|(_, done)| **done);
        made.flat_map(|(made, _)| made.parts.iter().map(|part| (made.unit, *part)))
    }
}
