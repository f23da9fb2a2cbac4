//! One of the kin, as the rules of others see its addresses.

use std::collections::BTreeSet;

use super::answers::Answers;
use super::field::{Kin, Lens};
use super::profile::{Profile, Said, Slots};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::InterfaceAddress;

/// An address of the one who leaves.
#[derive(Debug)]
struct OwnAddress {
    lens: u8,
    /// Rules that hold it but not every address of the VPC, by the group that holds them, sorted.
    specific: Vec<(GroupIx, Vec<u32>)>,
}

/// What a class with rules for an address says of one of the kin if nobody leaves.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) note: u32,
    /// Whether that is what it says of any address.
    pub(super) is_usual: bool,
    /// Where its views are.
    views: std::ops::Range<usize>,
}

/// What a class says of one address.
#[derive(Debug)]
struct View {
    lens: u8,
    /// Where the class's rules for the address are.
    specific: std::ops::Range<usize>,
    before: Slots,
}

/// One of the kin.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) interface: InterfaceIx,
    /// Its position among the members of all kin.
    pub(super) position: usize,
    /// The kinds of its addresses.
    lenses: Vec<u8>,
    /// The classes with a rule for one of its addresses, sorted.
    pub(super) seen: Vec<Seen>,
    views: Vec<View>,
    rules: Vec<u32>,
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
        let address = |held: &InterfaceAddress| {
            let lens = Lens { family: held.block.family(), plain: held.kind.is_plain() };
            let lens = u8::try_from(kin.lenses.binary_search(&lens).ok()?).ok()?;
            Some(OwnAddress { lens, specific: field.specific(held.block).into_iter().collect() })
        };
        let addresses: Vec<OwnAddress> =
            field.compiled.graph.interface(interface).addresses.iter().filter_map(address).collect();
        let holders: BTreeSet<GroupIx> =
            addresses.iter().flat_map(|address| &address.specific).map(|(holder, _)| *holder).collect();
        let mut notes: Vec<u32> =
            holders.iter().filter_map(|group| profile.notes_of_group.get(group)).flatten().copied().collect();
        notes.sort_unstable();
        notes.dedup();
        let lenses = addresses.iter().map(|address| address.lens).collect();
        let (seen, views, rules) = (Vec::with_capacity(notes.len()), Vec::new(), Vec::new());
        let mut member = Self { interface, position, lenses, seen, views, rules };
        for note in notes {
            member.see(profile, note, &addresses, answers);
        }
        member
    }

    fn see(
        &mut self,
        profile: &Profile<'_, '_>,
        note: u32,
        addresses: &[OwnAddress],
        answers: &mut Answers<'_>,
    ) {
        let Some(described) = profile.notes.get(note as usize) else { return };
        let (from, mut is_usual) = (self.views.len(), true);
        for address in addresses {
            let Some(usual) = described.verdicts.get(address.lens as usize) else { continue };
            let first = self.rules.len();
            address.add_held_by(&described.groups, &mut self.rules);
            let specific = self.rules.get(first..).unwrap_or(&[]);
            let before = profile.theirs(note, address.lens, specific, None, Some(usual), answers);
            is_usual &= before == *usual;
            self.views.push(View { lens: address.lens, specific: first..self.rules.len(), before });
        }
        self.seen.push(Seen { note, is_usual, views: from..self.views.len() });
    }

    /// Returns what a class says of the addresses, before and after, and whether it is what it says of any. `left` is the
    /// group that is left and what the class says then of any address, where that can hang on the group.
    pub(super) fn said(
        &self,
        profile: &Profile<'_, '_>,
        note: u32,
        left: Option<(GroupIx, &[Slots])>,
        answers: &mut Answers<'_>,
    ) -> (Vec<Said>, bool) {
        if let Ok(at) = self.seen.binary_search_by_key(&note, |seen| seen.note)
            && let Some(seen) = self.seen.get(at)
        {
            return self.said_by(profile, seen, left, answers);
        }
        let usual = profile.usual(note, left.map(|(_, after)| after));
        (self.lenses.iter().filter_map(|lens| usual.get(*lens as usize).copied()).collect(), true)
    }

    /// Returns the same of a class with rules for an address.
    pub(super) fn said_by(
        &self,
        profile: &Profile<'_, '_>,
        seen: &Seen,
        left: Option<(GroupIx, &[Slots])>,
        answers: &mut Answers<'_>,
    ) -> (Vec<Said>, bool) {
        let mut is_usual = seen.is_usual;
        let views = self.views.get(seen.views.clone()).unwrap_or(&[]);
        let mut said = Vec::with_capacity(views.len());
        for view in views {
            let mut after = view.before;
            if let Some((group, usual)) = left
                && let Some(usual) = usual.get(view.lens as usize)
            {
                let specific = self.rules.get(view.specific.clone()).unwrap_or(&[]);
                after = profile.theirs(seen.note, view.lens, specific, Some(group), Some(usual), answers);
                is_usual &= after == *usual;
            }
            said.push(Said { lens: view.lens, before: view.before, after });
        }
        (said, is_usual)
    }
}

impl OwnAddress {
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
