//! One of the kin, as the rules of others see its addresses.
//!
//! 1. The groups that hold a rule for an address of it, but not for every one of the VPC, give the classes that may say
//!    something else of it than of any address. Nobody else is asked.
//! 2. What a class says before is the same whichever group is left, and is worked out once.

use smallvec::SmallVec;

use super::answers::{Answers, Lens, Slots};
use super::field::Kin;
use super::profile::Profile;
use super::said::{Said, SaidOfAll};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::InterfaceAddress;

/// An address of the one who leaves.
#[derive(Debug)]
struct OwnAddress {
    lens: u8,
    /// Rules that hold it but not every address of the VPC, sorted by the group that holds them.
    specific: Vec<Specific>,
}

/// The rules of one group that hold an address but not every one of the VPC.
#[derive(Debug)]
struct Specific {
    group: GroupIx,
    /// Ascending.
    rules: SmallVec<[u32; 4]>,
    /// The number of the list, where others may have it too: none of the rules is for this address alone.
    list: Option<u32>,
}

/// A class of peers with a group that holds a rule for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Looking {
    note: u32,
    /// By position.
    address: u32,
    /// Position of the group's rules among those for the address.
    holder: u32,
}

/// One of the kin.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) interface: InterfaceIx,
    /// Its position among the members of all kin.
    pub(super) position: usize,
    addresses: Vec<OwnAddress>,
    /// The classes of peers with a group that holds such a rule, sorted.
    looking: Vec<u32>,
    /// Those, each with an address and one of its lists; sorted.
    lists: Vec<Looking>,
    /// What they say before, as far as it was asked.
    before: Vec<Option<Before>>,
}

/// What a class says of the addresses before: by position the rules of it that are not wide, and the verdicts.
#[derive(Debug)]
struct Before {
    of_address: SmallVec<[(SmallVec<[u32; 4]>, Slots); 1]>,
    /// Whether it is what it says of any address.
    is_usual: bool,
}

impl Member {
    pub(super) fn new(
        profile: &Profile<'_, '_>,
        kin: &Kin,
        interface: InterfaceIx,
        position: usize,
        answers: &mut Answers<'_>,
    ) -> Self {
        let field = profile.field;
        let mut address = |held: &InterfaceAddress| {
            let lens = Lens { family: held.block.family(), plain: held.kind.is_plain() };
            let lens = u8::try_from(kin.lenses.binary_search(&lens).ok()?).ok()?;
            let of_group = |(group, rules): (GroupIx, SmallVec<[u32; 4]>)| {
                let is_alone = rules.iter().any(|number| field.compiled.book.is_for_one(*number, held.block));
                let list = (!is_alone).then(|| answers.list(&rules));
                Specific { group, rules, list }
            };
            Some(OwnAddress {
                lens,
                specific: field.specific(held.block).into_iter().map(of_group).collect(),
            })
        };
        let addresses: Vec<OwnAddress> =
            field.compiled.graph.interface(interface).addresses.iter().filter_map(&mut address).collect();
        let mut lists: Vec<Looking> = Vec::new();
        for (address, own) in (0..).zip(&addresses) {
            for (holder, specific) in (0..).zip(&own.specific) {
                let notes = field.classes_of(specific.group).iter();
                lists.extend(notes.map(|note| Looking { note: *note, address, holder }));
            }
        }
        lists.sort_unstable();
        let mut looking: Vec<u32> = lists.iter().map(|one| one.note).collect();
        looking.dedup();
        let before = looking.iter().map(|_| None).collect();
        Self { interface, position, addresses, looking, lists, before }
    }

    /// Returns the classes of peers that may say something else of it than of any address, sorted.
    pub(super) fn looking(&self) -> &[u32] {
        &self.looking
    }

    /// Returns what a class says of its addresses where no rule but the wide ones holds them.
    pub(super) fn usual(&self, profile: &Profile<'_, '_>, note: u32, after: Option<&[Slots]>) -> SaidOfAll {
        let usual = profile.usual(note, after);
        self.addresses.iter().filter_map(|address| usual.get(address.lens as usize).copied()).collect()
    }

    /// Returns what a class says of the addresses, before and after; `None` where it is what it says of any. `left` is the
    /// group that is left and what the class says then of any address, where that can hang on the group.
    pub(super) fn said(
        &mut self,
        profile: &Profile<'_, '_>,
        note: u32,
        left: Option<(GroupIx, &[Slots])>,
        answers: &mut Answers<'_>,
    ) -> Option<SaidOfAll> {
        let at = self.looking.binary_search(&note).ok()?;
        let place = self.before.get_mut(at)?;
        if place.is_none() {
            let from = self.lists.partition_point(|one| one.note < note);
            let lists = self.lists.get(from..)?.chunk_by(|a, b| a.note == b.note).next()?;
            *place = Some(Before::new(&self.addresses, lists, profile, note, answers)?);
        }
        let before = place.as_ref()?;
        let mut is_usual = before.is_usual;
        if is_usual && left.is_none() {
            return None;
        }
        let mut said = SaidOfAll::new();
        for (address, (specific, before)) in self.addresses.iter().zip(&before.of_address) {
            let after = match left.and_then(|(group, said)| Some((group, said.get(address.lens as usize)?))) {
                None => *before,
                Some((group, usual)) => {
                    let after =
                        profile.theirs(note, address.lens, specific, Some(group), Some(usual), answers);
                    is_usual &= after == *usual;
                    after
                }
            };
            said.push(Said { lens: address.lens, before: *before, after });
        }
        // Two addresses of one kind that are seen alike are one, as they are in what the class says of any.
        (!is_usual).then_some(said)
    }
}

impl Before {
    /// `lists` are those of the class.
    fn new(
        addresses: &[OwnAddress],
        lists: &[Looking],
        profile: &Profile<'_, '_>,
        note: u32,
        answers: &mut Answers<'_>,
    ) -> Option<Self> {
        let described = profile.notes.get(note as usize)?;
        let mut found = Self { of_address: SmallVec::new(), is_usual: true };
        for (position, address) in (0..).zip(addresses) {
            let usual = described.verdicts.get(address.lens as usize)?;
            let held = lists.iter().filter(|one| one.address == position);
            let mut held = held.filter_map(|one| address.specific.get(one.holder as usize));
            let (specific, before) = match (held.next(), held.next()) {
                (None, _) => (SmallVec::new(), *usual),
                (Some(Specific { rules, list: Some(list), .. }), None) if described.is_of_strangers() => {
                    // Nobody asks for the rules again: what strangers say stays.
                    (SmallVec::new(), profile.strangers(note, address.lens, (rules, *list), answers))
                }
                (first, second) => {
                    let all = first.into_iter().chain(second).chain(held);
                    let mut specific: SmallVec<[u32; 4]> = all.flat_map(|one| &one.rules).copied().collect();
                    specific.sort_unstable();
                    let before = profile.theirs(note, address.lens, &specific, None, Some(usual), answers);
                    (specific, before)
                }
            };
            found.is_usual &= before == *usual;
            found.of_address.push((specific, before));
        }
        Some(found)
    }
}
