//! One of the kin, as the rules of others see its addresses.
//!
//! 1. The groups that hold a rule for an address of it, but not for every one of the VPC, give the classes that may say
//!    something else of it than of any address. Nobody else is asked.
//! 2. What a class says before is the same whichever group is left, and is worked out once.

use smallvec::SmallVec;

use super::answers::Answers;
use super::field::{Kin, Lens};
use super::profile::Profile;
use super::said::{Said, SaidOfAll, Slots};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::InterfaceAddress;

/// An address of the one who leaves.
#[derive(Debug)]
struct OwnAddress {
    lens: u8,
    /// Rules that hold it but not every address of the VPC, by the group that holds them, sorted.
    specific: Vec<(GroupIx, Vec<u32>)>,
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
    pub(super) fn new(profile: &Profile<'_, '_>, kin: &Kin, interface: InterfaceIx, position: usize) -> Self {
        let field = profile.field;
        let address = |held: &InterfaceAddress| {
            let lens = Lens { family: held.block.family(), plain: held.kind.is_plain() };
            let lens = u8::try_from(kin.lenses.binary_search(&lens).ok()?).ok()?;
            Some(OwnAddress { lens, specific: field.specific(held.block).into_iter().collect() })
        };
        let addresses: Vec<OwnAddress> =
            field.compiled.graph.interface(interface).addresses.iter().filter_map(address).collect();
        let holders = addresses.iter().flat_map(|address| &address.specific).map(|(group, _)| group);
        let notes = holders.filter_map(|group| profile.notes_of_group.get(group)).flatten();
        let mut looking: Vec<u32> = notes.copied().collect();
        looking.sort_unstable();
        looking.dedup();
        let before = looking.iter().map(|_| None).collect();
        Self { interface, position, addresses, looking, before }
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
            *place = Some(Before::new(&self.addresses, profile, note, answers)?);
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
    fn new(
        addresses: &[OwnAddress],
        profile: &Profile<'_, '_>,
        note: u32,
        answers: &mut Answers<'_>,
    ) -> Option<Self> {
        let described = profile.notes.get(note as usize)?;
        let mut found = Self { of_address: SmallVec::new(), is_usual: true };
        for address in addresses {
            let usual = described.verdicts.get(address.lens as usize)?;
            let specific = address.held_by(&described.groups);
            let before = profile.theirs(note, address.lens, &specific, None, Some(usual), answers);
            found.is_usual &= before == *usual;
            found.of_address.push((specific, before));
        }
        Some(found)
    }
}

impl OwnAddress {
    /// Returns the rules of these groups that hold it but not every address of the VPC, ascending.
    fn held_by(&self, groups: &[GroupIx]) -> SmallVec<[u32; 4]> {
        let of_group = |group: &GroupIx| {
            let at = self.specific.binary_search_by_key(group, |(holder, _)| *holder).ok()?;
            self.specific.get(at).map(|(_, numbers)| numbers)
        };
        let mut rules: SmallVec<[u32; 4]> = groups.iter().filter_map(of_group).flatten().copied().collect();
        rules.sort_unstable();
        rules
    }
}
