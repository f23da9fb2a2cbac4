//! One of the kin, as the rules of others see its addresses.

use super::answers::Answers;
use super::field::{Field, Kin, Lens};
use super::profile::Profile;
use super::said::{Said, Slots};
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
}

impl Member {
    pub(super) fn new(field: &Field<'_, '_>, kin: &Kin, interface: InterfaceIx, position: usize) -> Self {
        let address = |held: &InterfaceAddress| {
            let lens = Lens { family: held.block.family(), plain: held.kind.is_plain() };
            let lens = u8::try_from(kin.lenses.binary_search(&lens).ok()?).ok()?;
            Some(OwnAddress { lens, specific: field.specific(held.block).into_iter().collect() })
        };
        let addresses =
            field.compiled.graph.interface(interface).addresses.iter().filter_map(address).collect();
        Self { interface, position, addresses }
    }

    /// Returns what a class says of its addresses where no rule but the wide ones holds them.
    pub(super) fn usual(&self, profile: &Profile<'_, '_>, note: u32, after: Option<&[Slots]>) -> Vec<Said> {
        let usual = profile.usual(note, after);
        self.addresses.iter().filter_map(|address| usual.get(address.lens as usize).copied()).collect()
    }

    /// Returns what a class says of the addresses, before and after; `None` where it is what it says of any. `left` is the
    /// group that is left and what the class says then of any address, where that can hang on the group.
    pub(super) fn said(
        &self,
        profile: &Profile<'_, '_>,
        note: u32,
        left: Option<(GroupIx, &[Slots])>,
        answers: &mut Answers<'_>,
    ) -> Option<Vec<Said>> {
        let described = profile.notes.get(note as usize)?;
        if !self.addresses.iter().any(|address| address.is_held_by(&described.groups)) {
            return None;
        }
        let mut is_usual = true;
        let mut specific: Vec<u32> = Vec::new();
        let mut said = Vec::with_capacity(self.addresses.len());
        for address in &self.addresses {
            let usual = described.verdicts.get(address.lens as usize)?;
            specific.clear();
            address.add_held_by(&described.groups, &mut specific);
            let before = profile.theirs(note, address.lens, &specific, None, Some(usual), answers);
            is_usual &= before == *usual;
            let after = match left.and_then(|(group, said)| Some((group, said.get(address.lens as usize)?))) {
                None => before,
                Some((group, usual)) => {
                    let after =
                        profile.theirs(note, address.lens, &specific, Some(group), Some(usual), answers);
                    is_usual &= after == *usual;
                    after
                }
            };
            said.push(Said { lens: address.lens, before, after });
        }
        // Two addresses of one kind that are seen alike are one, as they are in what the class says of any.
        (!is_usual).then_some(said)
    }
}

impl OwnAddress {
    fn is_held_by(&self, groups: &[GroupIx]) -> bool {
        groups.iter().any(|group| self.specific.binary_search_by_key(group, |(holder, _)| *holder).is_ok())
    }

    /// Adds the rules of these groups that hold it but not every address of the VPC, ascending.
    fn add_held_by(&self, groups: &[GroupIx], rules: &mut Vec<u32>) {
        let first = rules.len();
        for group in groups {
            if let Ok(at) = self.specific.binary_search_by_key(group, |(holder, _)| *holder)
                && let Some((_, numbers)) = self.specific.get(at)
            {
                rules.extend(numbers);
            }
        }
        if let Some(added) = rules.get_mut(first..) {
            added.sort_unstable();
        }
    }
}
