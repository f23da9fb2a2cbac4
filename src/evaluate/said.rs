//! What a class of peers says of one who leaves, and what a cell feels of it.

use smallvec::SmallVec;

use super::answers::{Answers, Facts, PairKey, Slots, StrangerKey};
use super::felt::Felt;
use super::profile::{Cell, OurList, Profile, lens_number};
use super::rulebook::Peer;
use crate::graph::GroupIx;
use crate::inventory::Direction;
use crate::netset::Family;

/// An address of the one who leaves, and what a class says of it before and after.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said {
    pub(super) lens: u8,
    pub(super) before: Slots,
    pub(super) after: Slots,
}

/// What a class says of all addresses; there is nearly always one.
pub(super) type SaidOfAll = SmallVec<[Said; 1]>;

/// The slots in their order.
const SLOTS: [(Direction, bool); 4] = [
    (Direction::Egress, false),
    (Direction::Egress, true),
    (Direction::Ingress, false),
    (Direction::Ingress, true),
];

fn slot(slots: &Slots, direction: Direction, plain: bool) -> u32 {
    let [egress, plain_egress, ingress, plain_ingress] = *slots;
    match (direction, plain) {
        (Direction::Egress, false) => egress,
        (Direction::Egress, true) => plain_egress,
        (Direction::Ingress, false) => ingress,
        (Direction::Ingress, true) => plain_ingress,
    }
}

impl Profile<'_, '_> {
    /// Returns what a class says of an address of each kind that wide rules hold only, before and after.
    pub(super) fn usual(&self, note: u32, after: Option<&[Slots]>) -> SaidOfAll {
        let before = self.notes.get(note as usize).map_or(&[][..], |note| &note.verdicts);
        let both = before.iter().zip(after.unwrap_or(before));
        both.enumerate()
            .map(|(lens, (before, after))| Said { lens: lens_number(lens), before: *before, after: *after })
            .collect()
    }

    /// Judges one cell against the addresses of one who leaves a group, or nobody. `said` is what the cell's class says of
    /// each address; `ours` gives the verdicts before and after of a list of the kin's rules.
    pub(super) fn feel(
        &self,
        cell: &Cell,
        said: &[Said],
        answers: &mut Answers<'_>,
        ours: &dyn Fn(u32, &OurList) -> (u32, u32),
    ) -> Felt {
        let mut felt = Felt::default();
        for (family, direction, pair) in self.pairs(cell, said, ours) {
            let number = answers.pair(family, pair);
            felt.add(answers, number, direction);
        }
        felt
    }

    /// Returns the verdicts of a cell against the addresses of one who leaves.
    pub(super) fn pairs<'a>(
        &'a self,
        cell: &'a Cell,
        said: &'a [Said],
        ours: &'a dyn Fn(u32, &OurList) -> (u32, u32),
    ) -> impl Iterator<Item = (Family, Direction, PairKey)> + 'a {
        cell.entries.iter().flat_map(move |entry| {
            let mine = self.lists.get(entry.ours as usize).map(|list| ours(entry.ours, list));
            let family = self.lenses.get(entry.lens as usize).map(|lens| lens.family);
            said.iter().filter(|said| said.lens == entry.lens).filter_map(move |said| {
                let (mine, family) = (mine?, family?);
                let of = |slots| slot(slots, entry.direction, entry.plain);
                let theirs = (of(&said.before), of(&said.after));
                let pair = match entry.direction {
                    Direction::Egress => PairKey { egress: mine, ingress: theirs },
                    Direction::Ingress => PairKey { egress: theirs, ingress: mine },
                };
                Some((family, entry.direction, pair))
            })
        })
    }

    /// Tells whether what a class says of the one who leaves can hang on the group that is left.
    pub(super) fn follows(&self, note: u32, left: GroupIx) -> bool {
        let Some(note) = self.notes.get(note as usize) else { return false };
        let book = &self.field.compiled.book;
        self.shared.get(note.shared as usize).is_some_and(|groups| groups.contains(&left))
            || note.naming.iter().any(|number| book.body(*number).peer == Peer::Group(left))
    }

    /// Returns what a class of strangers says of an address that the rules of this list hold, besides the wide ones.
    pub(super) fn strangers(
        &self,
        note: u32,
        lens: u8,
        (specific, list): (&[u32], u32),
        answers: &mut Answers<'_>,
    ) -> Slots {
        let (Some(class), Some(described)) =
            (self.field.classes.get(note as usize), self.lenses.get(lens as usize))
        else {
            return [u32::MAX; 4];
        };
        let key = StrangerKey { note, list, lens: *described, kinds: class.kinds(self.lenses) };
        if let Some(known) = answers.stranger(&key) {
            return known;
        }
        let said = self.theirs(note, lens, specific, None, None, answers);
        answers.remember(key, said);
        said
    }

    /// Returns what a class says of an address of one who has left a group or none. `specific` are the class's rules that
    /// hold the address but not every one of the VPC, ascending; where there is none in a direction, the answer is that of
    /// `usual`, if it is known.
    pub(super) fn theirs(
        &self,
        number: u32,
        lens: u8,
        specific: &[u32],
        left: Option<GroupIx>,
        usual: Option<&Slots>,
        answers: &mut Answers<'_>,
    ) -> Slots {
        let (Some(note), Some(class), Some(described)) = (
            self.notes.get(number as usize),
            self.field.classes.get(number as usize),
            self.lenses.get(lens as usize),
        ) else {
            return [u32::MAX; 4];
        };
        let kinds = class.kinds(self.lenses);
        let book = &self.field.compiled.book;
        let names_left = |number: &u32| left.is_some_and(|left| book.body(*number).peer == Peer::Group(left));
        SLOTS.map(|(direction, plain)| {
            let is_there = if plain { kinds.1 } else { kinds.0 };
            if !is_there {
                return u32::MAX;
            }
            let asked = direction.opposite();
            let specific = book.asked(specific, asked);
            if let Some(usual) = usual
                && specific.is_empty()
            {
                return slot(usual, direction, plain);
            }
            let facts = Facts::new(asked, described.family, plain, described.plain)
                .with(Facts::NO_GROUP, class.groups.is_empty())
                .with(Facts::ACCEPTS, asked == Direction::Egress && class.accepts)
                .with(Facts::INNER, self.shares(note.shared, left));
            let base = self.field.wide_of(class, described.family, asked);
            let naming = book.asked(&note.naming, asked).iter().filter(|number| !names_left(number));
            let more = specific.iter().chain(naming).copied();
            answers.verdict_upon(facts, &base, more)
        })
    }
}
