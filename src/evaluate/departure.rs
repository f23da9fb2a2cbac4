//! Interfaces with the same groups, any of which leaves one of them: what it does, for each, without looking at pairs.
//!
//! 1. Only the cells whose verdicts the group has a part in can feel anything. They are judged once for each group that is
//!    left, for an address that wide rules hold only, and added up.
//! 2. For one interface, only those with a group that holds a rule for its address are judged again, and the sum is
//!    corrected.
//! 3. Whoever cannot stand for its class is compared alone.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::answers::{Answers, PairKey, Slots, number_of};
use super::delta::{ChangeKind, Contact, Effect};
use super::difference::Difference;
use super::felt::{Departed, Felt, Tally, Touch, Witness};
use super::leaving::{Leaving, Outside};
use super::member::Member;
use super::profile::{Cell, OurList, OutsideList, Profile, SlotsOfLenses, lens_number};
use super::said::{Said, SaidOfAll};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::Direction;

/// Cells of a class, each with what it feels; there is nearly always one.
type FeltByCells = SmallVec<[(u32, Felt); 1]>;

/// One group that any of some kin leaves.
#[derive(Debug)]
pub(super) struct Departure<'p, 'd, 'g> {
    profile: &'p Profile<'d, 'g>,
    group: GroupIx,
    /// The verdict of each list of the kin's rules once the group is left.
    after: Vec<u32>,
    /// What each class says then of addresses that wide rules hold only, where it can hang on the group.
    said: Vec<Option<SlotsOfLenses>>,
    /// The classes with a cell whose verdicts the group has a part in, and those cells with what they feel; sorted.
    touched: Vec<(u32, FeltByCells)>,
    /// Cells with accepted traffic before and after, if there are any; where the search for contact begins.
    friends: Vec<u32>,
    tally: Tally,
    odd: Vec<InterfaceIx>,
}

impl<'p, 'd, 'g> Departure<'p, 'd, 'g> {
    /// Judges the cells.
    pub(super) fn new(profile: &'p Profile<'d, 'g>, group: GroupIx, answers: &mut Answers<'_>) -> Self {
        let after: Vec<u32> =
            profile.lists.iter().map(|list| after_of(profile, list, group, answers)).collect();
        let said: Vec<Option<SlotsOfLenses>> = (0..profile.notes.len())
            .map(|note| {
                let note = number_of(note);
                let says =
                    |lens: usize| profile.theirs(note, lens_number(lens), &[], Some(group), None, answers);
                profile.follows(note, group).then(|| (0..profile.lenses.len()).map(says).collect())
            })
            .collect();
        let (touched, friends, tally, odd) = (Vec::new(), Vec::new(), Tally::default(), Vec::new());
        let mut departure = Self { profile, group, after, said, touched, friends, tally, odd };
        departure.judge_cells(answers);
        departure.find_friends(answers);
        departure
    }

    /// Returns the group that is left.
    pub(super) const fn group(&self) -> GroupIx {
        self.group
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
        let (mut touched, mut tally) = (Vec::new(), Tally::default());
        for (number, note) in (0_u32..).zip(&self.profile.notes) {
            let left = self.left(number);
            let mut felt = FeltByCells::new();
            for at in &note.cells {
                let Some(cell) = self.profile.cells.get(*at as usize) else { continue };
                if left.is_some() || cell.entries.iter().any(|entry| is_moved(entry.ours)) {
                    let said = self.profile.usual(number, left.map(|(_, said)| said));
                    let one = self.feel(cell, &said, answers);
                    tally.add(&one, cell.peers);
                    felt.push((*at, one));
                }
            }
            if !felt.is_empty() {
                touched.push((number, felt));
            }
        }
        (self.touched, self.tally) = (touched, tally);
    }

    fn find_friends(&mut self, answers: &mut Answers<'_>) {
        for (at, cell) in (0_u32..).zip(&self.profile.cells) {
            let said = self.profile.usual(cell.note, self.left(cell.note).map(|(_, said)| said));
            if self.feel(cell, &said, answers).contact.is_settled() {
                self.friends.push(at);
                if self.friends.len() == FRIENDS {
                    return;
                }
            }
        }
    }

    fn feel(&self, cell: &Cell, said: &[Said], answers: &mut Answers<'_>) -> Felt {
        self.profile.feel(cell, said, answers, &|list, before| self.ours(list, before))
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
        &self,
        member: &mut Member,
        leaving: &Leaving<'_>,
        answers: &mut Answers<'_>,
    ) -> Departed {
        let mut tally = self.tally.clone();
        let own = self.profile.cell_of(member.position);
        let own_note = own.and_then(|own| self.profile.cells.get(own as usize)).map(|cell| cell.note);
        for (note, cells) in self.touched_among(member.looking(), own_note) {
            let note = *note;
            let said = member.said(self.profile, note, self.left(note), answers);
            for (at, usual) in cells.iter().filter(|(at, _)| said.is_some() || Some(*at) == own) {
                let Some(cell) = self.profile.cells.get(*at as usize) else { continue };
                let felt = said.as_ref().map(|said| self.feel(cell, said, answers));
                let felt = felt.as_ref().unwrap_or(usual);
                // It is no peer of its own.
                let peers = cell.peers - i64::from(Some(*at) == own);
                if felt != usual || peers != cell.peers {
                    tally.add(usual, -cell.peers);
                    tally.add(felt, peers);
                }
            }
        }
        let mut departed = tally.finish(answers);
        departed.contact = self.contact(member, own, answers);
        departed.is_complete = self.profile.field.odd().is_empty();
        if !self.odd.is_empty() {
            self.add_odd(member.interface, &leaving.difference(), &mut departed);
        }
        if departed.is_nothing() {
            departed.witness = self.witness(member, answers);
        }
        departed
    }

    /// Returns those of the touched that are among these classes, which are sorted, or are this one.
    fn touched_among(&self, notes: &[u32], own: Option<u32>) -> Vec<&(u32, FeltByCells)> {
        let mut notes = notes.iter().copied().peekable();
        let is_asked = |(note, _): &&(u32, _)| {
            while notes.next_if(|other| other < note).is_some() {}
            own == Some(*note) || notes.peek() == Some(note)
        };
        self.touched.iter().filter(is_asked).collect()
    }

    /// Returns what a class says of one of the kin.
    fn said_of(&self, member: &mut Member, note: u32, answers: &mut Answers<'_>) -> SaidOfAll {
        let left = self.left(note);
        let said = member.said(self.profile, note, left, answers);
        said.unwrap_or_else(|| member.usual(self.profile, note, left.map(|(_, said)| said)))
    }

    /// Returns the contact with anybody who can stand for its class, until there is enough of it.
    fn contact(&self, member: &mut Member, own: Option<u32>, answers: &mut Answers<'_>) -> Contact {
        let mut contact = Contact::default();
        let all = 0..number_of(self.profile.cells.len());
        for at in self.friends.iter().copied().chain(all) {
            let Some(cell) = self.profile.cells.get(at as usize) else { continue };
            if cell.peers == 1 && own == Some(at) {
                continue;
            }
            let said = self.said_of(member, cell.note, answers);
            contact = contact.or(self.feel(cell, &said, answers).contact);
            if contact.is_settled() {
                break;
            }
        }
        contact
    }

    /// Finds traffic that goes on as before, with a member of the group that is left if there is any.
    fn witness(&self, member: &mut Member, answers: &mut Answers<'_>) -> Option<Witness> {
        let members = self.profile.field.classes_of(self.group);
        let others = 0..number_of(self.profile.notes.len());
        for note in members.iter().copied().chain(others) {
            let said = self.said_of(member, note, answers);
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

/// How many cells with accepted traffic are remembered.
const FRIENDS: usize = 8;

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
