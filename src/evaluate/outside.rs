//! A changed interface against whoever is no interface of its VPC: external addresses, groups of other accounts.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::delta::{Delta, deltas};
use super::matching::{METADATA, Remote, is_metadata};
use super::memo::Answer;
use super::reachability::{BOTH, ExternalGroup, ForeignChange, Row};
use super::rulebook::Peer;
use super::runs::{blocks_of_answer, cut, is_covered};
use super::side::{Further, RemoteChange, Side, Unknown};
use super::study::Studied;
use crate::graph::GroupIx;
use crate::inventory::Direction;
use crate::netset::{Family, IpBlock, IpRange};

impl Row<'_, '_> {
    /// Compares every external address: the whole family, cut where the row's own rules cut it, and where what
    /// `tell` makes of what changes at an address that stands for its run differs.
    pub fn externals<T: PartialEq>(
        &mut self,
        tell: impl Fn(Direction, IpAddr, &[Delta]) -> T,
    ) -> Vec<(ExternalGroup, T)> {
        let covered =
            self.difference.line(self.vpc, self.range.family()).map_or(&[][..], |line| &line.covered);
        let mut found = Vec::new();
        for direction in BOTH {
            let mut cuts: Vec<(IpRange, u32)> = Vec::new();
            for run in &self.runs {
                let range = IpRange::new(self.range.family(), run.first, run.last);
                // Only egress asks for it; elsewhere the two sides of the cut answer alike and are joined again.
                let metadata = IpBlock::around(Family::Ipv4, METADATA, 32);
                let inner = Some(metadata).filter(|block| block.family() == range.family());
                cuts.extend(cut(range, inner.into_iter()).into_iter().map(|range| (range, run.kind)));
            }
            let mut answers: Vec<(Arc<[Delta]>, T)> = Vec::new();
            let mut known: HashMap<(u32, bool), Option<usize>> = HashMap::new();
            let mut pieces: Vec<(IpRange, Option<usize>, bool)> = Vec::new();
            for (range, run) in cuts {
                let answer = *known.entry((run, is_metadata(range))).or_insert_with(|| {
                    let deltas = self.judge_external(direction, range, run)?;
                    let told = tell(direction, range.address(), &deltas);
                    let answer = (deltas, told);
                    let place = answers.iter().position(|known| *known == answer);
                    Some(place.unwrap_or_else(|| {
                        answers.push(answer);
                        answers.len() - 1
                    }))
                });
                pieces.push((range, answer, is_covered(covered, range)));
            }
            for (number, (deltas, told)) in answers.into_iter().enumerate() {
                let blocks = blocks_of_answer(&pieces, number);
                if !blocks.is_empty() {
                    found.push((ExternalGroup { direction, deltas, blocks }, told));
                }
            }
        }
        found
    }

    /// Runs of one kind lie in the same rules, and no rule asks an external address anything else.
    fn judge_external(&mut self, direction: Direction, range: IpRange, run: u32) -> Answer {
        let block = IpBlock::single(range.address());
        let numbers = self.own_candidates(run);
        let matcher = self.difference.matcher();
        let side = matcher.side(direction, &self.own(), &Remote::External(block), numbers.into_iter());
        let ours = self.memo.intern(side);
        if let Some(known) = self.memo.externals.get(&(direction, ours)) {
            return known.clone();
        }
        let side = self.memo.side(ours);
        let (egress, ingress) = match direction {
            Direction::Egress => (Some(side), None),
            Direction::Ingress => (None, Some(side)),
        };
        let found = deltas(self.difference.book, self.range.family(), egress, ingress);
        let answer: Answer = if found.is_empty() { None } else { Some(Arc::from(found)) };
        self.memo.externals.insert((direction, ours), answer.clone());
        answer
    }

    /// Compares the members of groups of other accounts that the row's rules name, or whose rules name a group the row
    /// leaves or joins (law AM1). The other side is not ours, so nothing of it is certain.
    pub fn foreign(&self, foreign: &BTreeSet<GroupIx>, naming_us: &BTreeSet<GroupIx>) -> Vec<ForeignChange> {
        let book = self.difference.book;
        // Also a rule that stays can decide now what one that goes has hidden, so every rule counts.
        let named: BTreeSet<GroupIx> = self
            .groups
            .ever()
            .iter()
            .flat_map(|group| book.of_group(*group))
            .filter_map(|number| match book.body(*number).peer {
                Peer::Group(group) if foreign.contains(&group) => Some(group),
                _ => None,
            })
            .collect();
        let mut found = Vec::new();
        for group in named.union(naming_us).copied() {
            for direction in BOTH {
                let remote = Remote::Foreign(group, self.range.family());
                let candidates = self.groups.ever();
                let numbers = candidates.iter().flat_map(|group| book.of_group(*group)).copied();
                let ours = self.difference.matcher().side(direction, &self.own(), &remote, numbers);
                // Their rules may name the group the row leaves or joins: then their side changes too.
                let names_us = naming_us.contains(&group);
                let theirs = Side {
                    lines: Vec::new(),
                    further: vec![Further { unknown: Unknown::Foreign(group), before: true, after: true }],
                    remote: RemoteChange { leaves: names_us, joins: names_us, when: None },
                };
                let (ours, theirs) = (Studied::from(ours), Studied::from(theirs));
                let (egress, ingress) = match direction {
                    Direction::Egress => (&ours, &theirs),
                    Direction::Ingress => (&theirs, &ours),
                };
                let deltas = deltas(book, self.range.family(), Some(egress), Some(ingress));
                if !deltas.is_empty() {
                    found.push(ForeignChange { direction, group, deltas });
                }
            }
        }
        found
    }
}
