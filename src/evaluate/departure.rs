//! Interfaces with the same groups, any of which leaves one of them: what it does, for each, without looking at pairs.
//!
//! 1. The cells of the kin are judged once for each group that is left, for an address that wide rules hold only, and
//!    added up; those the group has no part in feel what they feel when nobody leaves.
//! 2. For one interface, only the cells with a group that holds a rule for its address are judged again, and the sum is
//!    corrected.
//! 3. Whoever cannot stand for its class is compared alone.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{Answers, PairKey};
use super::delta::{ChangeKind, Contact, Effect};
use super::difference::Difference;
use super::felt::{Departed, Felt, Tally, Touch, Witness};
use super::field::{Leaving, Outside};
use super::member::Member;
use super::profile::{OurList, OutsideList, Profile, Slots, lens_number};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::Direction;

/// One group that any of some kin leaves.
#[derive(Debug)]
pub(super) struct Departure<'p, 'd, 'g> {
    profile: &'p Profile<'d, 'g>,
    group: GroupIx,
    /// The verdict of each list of the kin's rules once the group is left.
    after: Vec<u32>,
    /// What each class says then of addresses that wide rules hold only, where it can hang on the group.
    said: Vec<Option<Vec<Slots>>>,
    /// What each cell feels that feels something else than if nobody left; sorted by cell.
    felt: BTreeMap<u32, Felt>,
    tally: Tally,
    odd: Vec<InterfaceIx>,
}

impl<'p, 'd, 'g> Departure<'p, 'd, 'g> {
    /// Judges the cells.
    pub(super) fn new(profile: &'p Profile<'d, 'g>, group: GroupIx, answers: &mut Answers<'_>) -> Self {
        let after: Vec<u32> =
            profile.lists.iter().map(|list| after_of(profile, list, group, answers)).collect();
        let said: Vec<Option<Vec<Slots>>> = (0..profile.notes.len())
            .map(|note| {
                let note = u32::try_from(note).unwrap_or(u32::MAX);
                let says =
                    |lens: usize| profile.theirs(note, lens_number(lens), &[], Some(group), None, answers);
                profile.follows(note, group).then(|| (0..profile.lenses.len()).map(says).collect())
            })
            .collect();
        let tally = profile.tally.clone();
        let mut departure =
            Self { profile, group, after, said, felt: BTreeMap::new(), tally, odd: Vec::new() };
        departure.judge_cells(answers);
        departure
    }

    /// Returns what changes with outside addresses; it is the same for all kin.
    pub(super) fn outside(&self, answers: &mut Answers<'_>) -> Outside {
        let mut outside = Outside::default();
        for OutsideList { family, direction, list } in &self.profile.outside {
            let after = after_of(self.profile, list, self.group, answers);
            if after == list.verdict {
                continue;
            }
            let everything = answers.everything(*family);
            let (ours, theirs) = ((list.verdict, after), (everything, everything));
            let pair = match direction {
                Direction::Egress => PairKey { egress: ours, ingress: theirs },
                Direction::Ingress => PairKey { egress: theirs, ingress: ours },
            };
            let number = answers.pair(*family, pair);
            let answer = answers.answer(number);
            outside.add(ChangeKind::Lost, *direction, &answer.lost);
            outside.add(ChangeKind::Gained, *direction, &answer.gained);
            outside.add(ChangeKind::Undetermined, *direction, &answer.undetermined);
        }
        outside
    }

    /// Tells whether a rule of the kin names any of these groups.
    pub(super) fn names_any(&self, groups: &BTreeSet<GroupIx>) -> bool {
        !groups.is_empty() && groups.iter().any(|group| self.profile.names(*group))
    }

    /// Sets which of the odd the change can concern.
    pub(super) fn concern(&mut self, odd: Vec<InterfaceIx>) {
        self.odd = odd;
    }

    fn judge_cells(&mut self, answers: &mut Answers<'_>) {
        let moved: Vec<bool> =
            self.profile.lists.iter().zip(&self.after).map(|(list, after)| list.verdict != *after).collect();
        let is_moved = |list: u32| moved.get(list as usize).copied().unwrap_or(true);
        for (at, cell) in self.profile.cells.iter().enumerate() {
            let after = self.said.get(cell.note as usize).and_then(Option::as_deref);
            if after.is_none() && !cell.entries.iter().any(|entry| is_moved(entry.ours)) {
                continue;
            }
            let said = self.profile.usual(cell.note, after);
            let felt = self.profile.feel(cell, &said, answers, &|list, before| self.ours(list, before));
            if cell.steady != felt {
                self.tally.add(&cell.steady, -cell.peers);
                self.tally.add(&felt, cell.peers);
                self.felt.insert(u32::try_from(at).unwrap_or(u32::MAX), felt);
            }
        }
    }

    /// Returns the verdicts of a list of the kin's rules before and after.
    fn ours(&self, number: u32, list: &OurList) -> (u32, u32) {
        (list.verdict, self.after.get(number as usize).copied().unwrap_or(list.verdict))
    }

    /// Returns what a class says of any address once the group is left, where that can hang on the group.
    fn left(&self, note: u32) -> Option<(GroupIx, &[Slots])> {
        self.said.get(note as usize)?.as_deref().map(|said| (self.group, said))
    }

    /// Returns what it does when this one of the kin leaves. `leaving` is how it leaves the group.
    pub(super) fn of(
        &mut self,
        member: &Member,
        leaving: &Leaving<'_>,
        answers: &mut Answers<'_>,
    ) -> Departed {
        let mut tally = self.tally.clone();
        let ours = |list: u32, before: &OurList| self.ours(list, before);
        for seen in &member.seen {
            let left = self.left(seen.note);
            if seen.is_usual && left.is_none() {
                continue;
            }
            let (said, is_usual) = member.said_by(self.profile, seen, left, answers);
            let cells = self.profile.notes.get(seen.note as usize).map_or(&[][..], |note| &note.cells);
            for at in cells.iter().filter(|_| !is_usual) {
                let Some(cell) = self.profile.cells.get(*at as usize) else { continue };
                let felt = self.profile.feel(cell, &said, answers, &ours);
                let usual = self.felt.get(at).unwrap_or(&cell.steady);
                if felt != *usual {
                    tally.add(usual, -cell.peers);
                    tally.add(&felt, cell.peers);
                }
            }
        }
        // It is no peer of its own.
        let own = self.profile.cell_of(member.position);
        if let Some(cell) = own.and_then(|at| self.profile.cells.get(at as usize)) {
            let (said, _) = member.said(self.profile, cell.note, self.left(cell.note), answers);
            tally.add(&self.profile.feel(cell, &said, answers, &ours), -1);
        }
        let mut departed = tally.finish(answers);
        departed.is_complete = self.profile.field.odd().is_empty();
        if !self.odd.is_empty() {
            self.add_odd(member.interface, &leaving.difference(), &mut departed);
        }
        if departed.is_nothing() {
            departed.witness = self.witness(member, answers);
        }
        departed
    }

    /// Finds traffic that goes on as before, with a member of the group that is left if there is any.
    fn witness(&self, member: &Member, answers: &mut Answers<'_>) -> Option<Witness> {
        let members = self.profile.notes_of_group.get(&self.group).map_or(&[][..], Vec::as_slice);
        let others = 0..u32::try_from(self.profile.notes.len()).unwrap_or(u32::MAX);
        for note in members.iter().copied().chain(others) {
            let (said, _) = member.said(self.profile, note, self.left(note), answers);
            for at in &self.profile.notes.get(note as usize)?.cells {
                let cell = self.profile.cells.get(*at as usize)?;
                let Some(peer) = Some(cell.first).filter(|peer| *peer != member.interface).or(cell.second)
                else {
                    continue;
                };
                for (family, direction, pair) in
                    self.profile.pairs(cell, &said, &|list, before| self.ours(list, before))
                {
                    let traffic = answers.kept(family, pair);
                    if !traffic.is_empty() {
                        return Some(Witness { peer, direction, family, traffic });
                    }
                }
            }
        }
        None
    }

    /// Compares those who cannot stand for their class.
    fn add_odd(&self, interface: InterfaceIx, difference: &Difference<'_>, departed: &mut Departed) {
        let mut rows = difference.rows(interface);
        let mut touches: BTreeMap<InterfaceIx, Touch> = BTreeMap::new();
        for row in &mut rows {
            for group in row.peers_among(&self.odd) {
                for delta in group.deltas.iter() {
                    let Effect::Change(kind) = delta.effect else { continue };
                    for peer in &group.peers {
                        touches.entry(peer.interface).or_default().add(kind, group.direction);
                    }
                    departed.note(kind, &delta.traffic);
                }
            }
        }
        for peer in &self.odd {
            let contact = rows.iter_mut().fold(Contact::default(), |all, row| all.or(row.contact(*peer)));
            departed.add(touches.get(peer).copied().unwrap_or_default(), contact);
        }
    }
}

/// Returns the verdict of a list of the kin's rules once a group is left.
fn after_of(profile: &Profile<'_, '_>, list: &OurList, group: GroupIx, answers: &mut Answers<'_>) -> u32 {
    let book = &profile.field.compiled.book;
    let stays = |number: &u32| book.body(*number).rule.group != group;
    let facts = profile.facts_without(list.facts, list.shared, Some(group));
    if facts == list.facts && list.holders.binary_search(&group).is_err() {
        return list.verdict;
    }
    answers.verdict(facts, list.rules.iter().copied().filter(stays))
}
