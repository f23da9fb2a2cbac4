//! Interfaces with the same groups against all classes of their VPC, whichever group is left.
//!
//! 1. What the rules of the one who leaves say of a peer hangs on the peer's groups and on the runs its addresses lie
//!    in. Peers that agree in both are a cell, and a cell is the same whichever of the kin leaves.
//! 2. What the rules of a peer say of the one who leaves hangs on its groups, which are the same for all kin, and on
//!    the rules that hold its address. Rules that hold every address of the VPC are the same for all kin too.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};
use smallvec::SmallVec;

use super::answers::{Answers, Facts, Lens, NO_RULES, Slots, number_of};
use super::field::{Field, Kin};
use super::matching::METADATA;
use super::reachability::BOTH;
use super::rulebook::Peer;
use super::runs::{Run, is_covered, runs};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::Direction;
use crate::netset::{Family, IpRange};

/// Where an address of a peer lies, as the rules of the kin see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Spot {
    family: Family,
    run: u32,
    plain: bool,
}

/// Peers that are alike.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) note: u32,
    pub(super) peers: i64,
    pub(super) first: InterfaceIx,
    pub(super) second: Option<InterfaceIx>,
    /// One for each kind of address of the kin, address of the cell and direction.
    pub(super) entries: SmallVec<[Entry; 2]>,
}

/// A pair of kinds of addresses in one direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) lens: u8,
    pub(super) direction: Direction,
    pub(super) plain: bool,
    /// Number of the list of the kin's rules.
    pub(super) ours: u32,
}

/// The rules of the kin that match one kind of peer address, and their verdict.
#[derive(Debug)]
pub(super) struct OurList {
    pub(super) facts: Facts,
    pub(super) rules: Vec<u32>,
    /// The groups shared with the peer whose intra-group policy is Accept.
    pub(super) shared: u32,
    /// The groups that hold the rules, sorted.
    pub(super) holders: Vec<GroupIx>,
    pub(super) verdict: u32,
}

/// The rules of the kin that match some outside addresses.
#[derive(Debug)]
pub(super) struct OutsideList {
    pub(super) family: Family,
    pub(super) direction: Direction,
    pub(super) list: OurList,
}

/// What a class says of an address of each kind of the kin's; there is nearly always one.
pub(super) type SlotsOfLenses = SmallVec<[Slots; 1]>;

/// What the kin have to do with a class of peers, by its number in the VPC.
#[derive(Debug, Default)]
pub(super) struct Note {
    /// The kin's rules that name a group of the class; the number of that list.
    named: u32,
    /// The rules of the class that name a group of the kin, ascending.
    pub(super) naming: Vec<u32>,
    /// Number of the list of groups both hold whose intra-group policy is Accept.
    pub(super) shared: u32,
    /// Verdicts if nobody leaves, towards an address that wide rules hold only: one slot for each lens.
    pub(super) verdicts: SlotsOfLenses,
    pub(super) cells: SmallVec<[u32; 4]>,
}

impl Note {
    /// Tells whether what the class says hangs on no group of the kin: it names none and shares none.
    pub(super) fn is_of_strangers(&self) -> bool {
        self.naming.is_empty() && self.shared == EMPTY
    }
}

/// The number of the list that holds nothing, of rules or of groups.
const EMPTY: u32 = 0;

type Kinds = Vec<(Vec<u32>, bool)>;

/// Some kin against everybody.
#[derive(Debug)]
pub(super) struct Profile<'d, 'g> {
    pub(super) field: &'d Field<'d, 'g>,
    pub(super) lenses: &'d [Lens],
    pub(super) groups: Vec<GroupIx>,
    pub(super) cells: Vec<Cell>,
    pub(super) notes: Vec<Note>,
    pub(super) lists: Vec<OurList>,
    pub(super) shared: Vec<Vec<GroupIx>>,
    runs: Vec<(Family, Vec<Run>, Kinds)>,
    /// One for each kind of address of the kin, kind of run and direction that holds an outside address.
    pub(super) outside: Vec<OutsideList>,
    names: HashMap<GroupIx, Vec<u32>>,
    /// The cell of every member of kin.
    cell_of: Vec<u32>,
    named_lists: Vec<Vec<u32>>,
    list_numbers: HashMap<(u8, Direction, u32, bool, u32, u32), u32>,
}

/// Numbers distinct lists, the empty one first; returns them, and the number of each list.
fn numbered<T: Clone + Ord>(lists: BTreeMap<u32, Vec<T>>) -> (Vec<Vec<T>>, Vec<(u32, u32)>) {
    let (mut distinct, mut numbers) = (vec![Vec::new()], BTreeMap::from([(Vec::new(), EMPTY)]));
    let number = |(at, list): (u32, Vec<T>)| {
        let number = *numbers.entry(list).or_insert_with_key(|list| {
            distinct.push(list.clone());
            number_of(distinct.len() - 1)
        });
        (at, number)
    };
    let numbers = lists.into_iter().map(number).collect();
    (distinct, numbers)
}

/// There are four kinds of addresses at most.
pub(super) fn lens_number(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}

impl<'d, 'g> Profile<'d, 'g> {
    /// Sorts everybody into cells.
    pub(super) fn new(field: &'d Field<'d, 'g>, kin: &'d Kin, answers: &mut Answers<'_>) -> Self {
        let groups = field.groups_of(kin).to_vec();
        let mut profile = Self {
            field,
            lenses: &kin.lenses,
            groups,
            cells: Vec::new(),
            notes: Vec::new(),
            lists: Vec::new(),
            shared: Vec::new(),
            runs: Vec::new(),
            outside: Vec::new(),
            names: HashMap::new(),
            cell_of: Vec::new(),
            named_lists: Vec::new(),
            list_numbers: HashMap::new(),
        };
        profile.enter_rules();
        profile.enter_outside(answers);
        profile.enter_notes();
        profile.enter_cells(answers);
        profile.enter_verdicts(answers);
        profile
    }

    /// Enters where the rules of the kin cut the line of addresses, and whom they name.
    fn enter_rules(&mut self) {
        let book = &self.field.compiled.book;
        let mut by_block = Vec::new();
        for group in &self.groups {
            for number in book.of_group(*group) {
                match book.body(*number).peer {
                    Peer::Group(named) => self.names.entry(named).or_default().push(*number),
                    Peer::Blocks(_) => by_block.push(*number),
                    Peer::UnknownList(_) | Peer::NotUnderstood => {}
                }
            }
        }
        let families: BTreeSet<Family> = self.lenses.iter().map(|lens| lens.family).collect();
        for family in families {
            let (runs, kinds) = runs(book, family, &by_block, &[]);
            self.runs.push((family, runs, kinds));
        }
    }

    /// Enters which rules match an address that no interface of the VPC has. The metadata address is none: it can always
    /// be reached, and opens no sessions of its own (law 2.2 d).
    fn enter_outside(&mut self, answers: &mut Answers<'_>) {
        let book = &self.field.compiled.book;
        let mut found = Vec::new();
        for (family, runs, kinds) in &self.runs {
            let covered = self.field.covered(*family);
            for (at, (numbers, _)) in kinds.iter().enumerate() {
                let of_kind = runs.iter().filter(|run| run.kind as usize == at);
                let ranges: Vec<IpRange> = of_kind
                    .map(|run| IpRange::new(*family, run.first, run.last))
                    .filter(|range| !is_covered(covered, *range))
                    .collect();
                for lens in self.lenses.iter().filter(|lens| lens.family == *family) {
                    for direction in BOTH {
                        let is_other = |range: &IpRange| {
                            direction == Direction::Ingress || !self.is_metadata_or_covered(*range, covered)
                        };
                        if !ranges.iter().any(is_other) {
                            continue;
                        }
                        let rules = book.asked(numbers, direction).to_vec();
                        let facts = Facts::new(direction, *family, lens.plain, true);
                        let facts = self.facts_without(facts, u32::MAX, None);
                        let verdict = answers.verdict(facts, rules.iter().copied());
                        let holders = self.holders(&rules);
                        let list = OurList { facts, rules, shared: u32::MAX, holders, verdict };
                        found.push(OutsideList { family: *family, direction, list });
                    }
                }
            }
        }
        self.outside = found;
    }

    /// Tells whether a range holds nothing but the metadata address and addresses of the VPC.
    fn is_metadata_or_covered(&self, range: IpRange, covered: &[(u128, u128)]) -> bool {
        if range.family() != Family::Ipv4 || !(range.first()..=range.last()).contains(&METADATA) {
            return false;
        }
        let below = IpRange::new(range.family(), range.first(), METADATA - 1);
        let above = IpRange::new(range.family(), METADATA + 1, range.last());
        [below, above].into_iter().all(|part| part.first() > part.last() || is_covered(covered, part))
    }

    /// Returns the run of every address of the field, by its position; both are walked in order.
    fn runs_of_spots(&self) -> Vec<u32> {
        let mut found = vec![0; self.field.spots.len()];
        for (family, runs, _) in &self.runs {
            let mut runs = runs.iter().peekable();
            for (_, address, at) in self.field.by_address.iter().filter(|(of, _, _)| of == family) {
                while runs.next_if(|run| run.last < *address).is_some() {}
                if let (Some(run), Some(place)) = (runs.peek(), found.get_mut(*at as usize)) {
                    *place = run.kind;
                }
            }
        }
        found
    }

    fn enter_cells(&mut self, answers: &mut Answers<'_>) {
        let runs = self.runs_of_spots();
        // Nearly everybody has one address, whose place in the table says which cell of its class it belongs to; the members
        // of a class follow each other, so the table serves one class after the other.
        let mut table: Vec<(u32, u32)> = Vec::new();
        let mut first_of: Vec<(Family, usize)> = Vec::new();
        for (family, _, kinds) in &self.runs {
            first_of.push((*family, table.len()));
            table.resize(table.len() + kinds.len() * 2, (u32::MAX, 0));
        }
        let mut pattern: SmallVec<[Spot; 2]> = SmallVec::new();
        let mut of_several: HashMap<(u32, Vec<Spot>), u32> = HashMap::new();
        for kin in self.field.kin() {
            let note = kin.note;
            for (position, interface) in (kin.first..).zip(&kin.members) {
                pattern.clear();
                for at in self.field.spots_of(position) {
                    let (Some(spot), Some(run)) = (self.field.spots.get(at), runs.get(at)) else { continue };
                    if first_of.iter().any(|(family, _)| *family == spot.family) {
                        pattern.push(Spot { family: spot.family, run: *run, plain: spot.plain });
                    }
                }
                pattern.sort_unstable();
                pattern.dedup();
                let next = number_of(self.cells.len());
                let place = match pattern.as_slice() {
                    [spot] => {
                        first_of.iter().find(|(family, _)| *family == spot.family).and_then(|(_, first)| {
                            table.get_mut(first + spot.run as usize * 2 + usize::from(spot.plain))
                        })
                    }
                    _ => None,
                };
                let at = match place {
                    Some((known, cell)) if *known == note => *cell,
                    Some(place) => {
                        *place = (note, next);
                        next
                    }
                    None => *of_several.entry((note, pattern.to_vec())).or_insert(next),
                };
                self.cell_of.push(at);
                if let Some(cell) = self.cells.get_mut(at as usize) {
                    cell.peers += 1;
                    cell.second.get_or_insert(*interface);
                    continue;
                }
                let entries = self.entries(note, &pattern, answers);
                self.cells.push(Cell { note, peers: 1, first: *interface, second: None, entries });
            }
        }
        for (at, cell) in self.cells.iter().enumerate() {
            if let Some(note) = self.notes.get_mut(cell.note as usize) {
                note.cells.push(number_of(at));
            }
        }
    }

    /// Enters what every class says of an address that wide rules hold only.
    fn enter_verdicts(&mut self, answers: &mut Answers<'_>) {
        for at in 0..self.notes.len() {
            let number = number_of(at);
            let are_strangers = self.notes.get(at).is_some_and(Note::is_of_strangers);
            let usual = |lens: usize| match are_strangers {
                true => self.strangers(number, lens_number(lens), (&[], NO_RULES), answers),
                false => self.theirs(number, lens_number(lens), &[], None, None, answers),
            };
            let verdicts = (0..self.lenses.len()).map(usual).collect();
            if let Some(note) = self.notes.get_mut(at) {
                note.verdicts = verdicts;
            }
        }
    }

    fn entries(&mut self, note: u32, pattern: &[Spot], answers: &mut Answers<'_>) -> SmallVec<[Entry; 2]> {
        let mut entries = SmallVec::with_capacity(pattern.len() * 2);
        for (at, lens) in self.lenses.iter().enumerate() {
            let number = lens_number(at);
            for spot in pattern.iter().filter(|spot| spot.family == lens.family) {
                for direction in BOTH {
                    let ours = self.list(number, *lens, direction, note, spot, answers);
                    entries.push(Entry { lens: number, direction, plain: spot.plain, ours });
                }
            }
        }
        entries
    }

    /// Returns the number of the list of the kin's rules that match a spot of a class.
    fn list(
        &mut self,
        number: u8,
        lens: Lens,
        direction: Direction,
        note: u32,
        spot: &Spot,
        answers: &mut Answers<'_>,
    ) -> u32 {
        let (named, shared) =
            self.notes.get(note as usize).map_or((u32::MAX, u32::MAX), |note| (note.named, note.shared));
        let key = (number, direction, spot.run, spot.plain, named, shared);
        if let Some(known) = self.list_numbers.get(&key) {
            return *known;
        }
        let book = &self.field.compiled.book;
        let kinds = self.runs.iter().find(|(family, ..)| *family == lens.family).map(|(_, _, kinds)| kinds);
        let by_address = kinds.and_then(|kinds| kinds.get(spot.run as usize)).map(|(numbers, _)| numbers);
        let by_group = self.named_lists.get(named as usize);
        let asked =
            [by_address, by_group].map(|numbers| book.asked(numbers.map_or(&[], |all| all), direction));
        let mut rules = asked.concat();
        rules.sort_unstable();
        let facts = Facts::new(direction, lens.family, lens.plain, spot.plain);
        let facts = self.facts_without(facts, shared, None);
        let verdict = answers.verdict(facts, rules.iter().copied());
        let next = number_of(self.lists.len());
        let holders = self.holders(&rules);
        self.lists.push(OurList { facts, rules, shared, holders, verdict });
        self.list_numbers.insert(key, next);
        next
    }

    fn holders(&self, rules: &[u32]) -> Vec<GroupIx> {
        let book = &self.field.compiled.book;
        let mut holders: Vec<GroupIx> = rules.iter().map(|number| book.body(*number).rule.group).collect();
        holders.sort_unstable();
        holders.dedup();
        holders
    }

    /// Returns the facts about the kin's own side when a group is left.
    pub(super) fn facts_without(&self, facts: Facts, shared: u32, left: Option<GroupIx>) -> Facts {
        let mut groups = self.groups.iter().copied().filter(|group| Some(*group) != left);
        let first = groups.next();
        facts
            .with(Facts::NO_GROUP, first.is_none())
            .with(Facts::ACCEPTS, facts.is_egress() && first.is_some_and(|group| self.field.is_basic(group)))
            .with(Facts::INNER, self.shares(shared, left))
    }

    /// Tells whether a list of shared groups holds one that is not left.
    pub(super) fn shares(&self, shared: u32, left: Option<GroupIx>) -> bool {
        self.shared.get(shared as usize).is_some_and(|groups| groups.iter().any(|group| Some(*group) != left))
    }

    /// Works out what is the same for all cells of a class: whom of it the kin's rules name, which of its rules name a group
    /// of the kin, and which groups are shared.
    fn enter_notes(&mut self) {
        let (field, book) = (self.field, &self.field.compiled.book);
        let mut notes: Vec<Note> = field.classes.iter().map(|_| Note::default()).collect();
        let mut named: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (group, rules) in &self.names {
            for note in field.classes_of(*group) {
                named.entry(*note).or_default().extend(rules);
            }
        }
        for number in self.groups.iter().flat_map(|group| book.naming(*group)) {
            for note in field.classes_of(book.body(*number).rule.group) {
                notes.get_mut(*note as usize).into_iter().for_each(|note| note.naming.push(*number));
            }
        }
        let mut shared: BTreeMap<u32, Vec<GroupIx>> = BTreeMap::new();
        for group in self.groups.iter().filter(|group| field.accepts_inside(**group)) {
            for note in field.classes_of(*group) {
                shared.entry(*note).or_default().push(*group);
            }
        }
        for note in &mut notes {
            note.naming.sort_unstable();
            note.naming.dedup();
        }
        for list in named.values_mut() {
            list.sort_unstable();
            list.dedup();
        }
        let (lists, numbers) = numbered(named);
        self.named_lists = lists;
        for (at, number) in numbers {
            notes.get_mut(at as usize).into_iter().for_each(|note| note.named = number);
        }
        let (lists, numbers) = numbered(shared);
        self.shared = lists;
        for (at, number) in numbers {
            notes.get_mut(at as usize).into_iter().for_each(|note| note.shared = number);
        }
        self.notes = notes;
    }

    /// Tells whether a rule of the kin names this group.
    pub(super) fn names(&self, group: GroupIx) -> bool {
        self.names.contains_key(&group)
    }

    /// Returns the cell of a member of kin.
    pub(super) fn cell_of(&self, member: usize) -> Option<u32> {
        self.cell_of.get(member).copied()
    }
}
