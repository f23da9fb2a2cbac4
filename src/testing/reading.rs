//! What is open, and what one reading answers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::outcome::{End, Kinds, Memberships, Order, Settings};
use crate::inventory::{
    AddressKind, Direction, InnerAccessPolicy, InterfaceAddress, Inventory, PortRangeListId, PrefixListId,
    SecurityGroupId, SecurityGroupType,
};
use crate::netset::{IpBlock, Packet};

/// An open question with the answers yes and no. One answer holds before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Question {
    /// Does the intra-group rule come before the custom rules of this direction?
    AcceptFirst(Direction),
    /// Do group references and the intra-group rule cover every kind of address?
    CoversAllKinds,
    /// Does the unknown prefix list hold this address?
    ListHoldsAddress(PrefixListId, IpAddr),
    /// Does the unknown port list hold the destination port?
    ListHoldsPort(PortRangeListId),
    /// Does the unevaluable rule, the n-th of its group, match?
    RuleMatches((SecurityGroupId, usize)),
    /// Does it still match when the far side has left a group?
    RuleStays((SecurityGroupId, usize)),
    /// Did it match already before the far side joined a group?
    RuleHeld((SecurityGroupId, usize)),
    /// Is the group a basic one?
    IsNormal(SecurityGroupId),
    /// Does the group connect its members?
    InnerAccept(SecurityGroupId),
    /// Is the interface, whose groups are unknown, in this group?
    IsMember(usize, SecurityGroupId),
    /// Are the groups of the interface, which are unknown, basic ones?
    HoldsNormal(usize),
}

/// The world, and the questions answered so far.
pub(super) struct Reading<'a> {
    pub(super) inventory: &'a Inventory,
    pub(super) before: &'a Memberships,
    pub(super) after: &'a Memberships,
    pub(super) packet: Packet,
    pub(super) answers: BTreeMap<Question, bool>,
}

impl<'a> Reading<'a> {
    /// Returns the reading that answers what the settings fix, and nothing else.
    pub(super) fn new(
        inventory: &'a Inventory,
        before: &'a Memberships,
        after: &'a Memberships,
        settings: &Settings,
        packet: Packet,
    ) -> Self {
        let mut answers = BTreeMap::new();
        let fixed = [
            (
                Question::AcceptFirst(Direction::Egress),
                settings.intra_group_egress.map(|o| o == Order::AcceptFirst),
            ),
            (
                Question::AcceptFirst(Direction::Ingress),
                settings.intra_group_ingress.map(|o| o == Order::AcceptFirst),
            ),
            (Question::CoversAllKinds, settings.address_kinds.map(|k| k == Kinds::All)),
        ];
        for (question, answer) in fixed {
            answers.extend(answer.map(|yes| (question, yes)));
        }
        Self { inventory, before, after, packet, answers }
    }

    pub(super) fn ask(&self, question: Question) -> Result<bool, Question> {
        self.answers.get(&question).copied().ok_or(question)
    }

    pub(super) fn groups_of<'s>(
        &self,
        state: &'s Memberships,
        index: usize,
    ) -> Option<&'s BTreeSet<SecurityGroupId>> {
        state.get(index).and_then(Option::as_ref)
    }

    /// Tells whether the interface holds the group under some answer.
    pub(super) fn may_hold(&self, state: &Memberships, index: usize, group: &SecurityGroupId) -> bool {
        match self.groups_of(state, index) {
            Some(groups) => groups.contains(group),
            // A group serves exactly one VPC (law 3).
            None => match (self.inventory.group(group), self.inventory.interfaces.get(index)) {
                (Some(group), Some(interface)) => match (group.network.vpc(), interface.network.vpc()) {
                    (Some(a), Some(b)) => a == b,
                    _ => true,
                },
                _ => true,
            },
        }
    }

    pub(super) fn holds(
        &self,
        state: &Memberships,
        index: usize,
        group: &SecurityGroupId,
    ) -> Result<bool, Question> {
        match self.groups_of(state, index) {
            Some(groups) => Ok(groups.contains(group)),
            None if self.may_hold(state, index, group) => self.ask(Question::IsMember(index, group.clone())),
            None => Ok(false),
        }
    }

    /// Every group that the interface holds under some answer. Of an interface whose groups are unknown these are
    /// groups that are described or that some interface is in, in either state: a group that loses its last member
    /// does not stop to exist.
    pub(super) fn every_group_of<'s>(
        &'s self,
        state: &'s Memberships,
        index: usize,
    ) -> Vec<&'s SecurityGroupId> {
        if let Some(groups) = self.groups_of(state, index) {
            return groups.iter().collect();
        }
        let described = self.inventory.groups.iter().map(|group| &group.id);
        let held = self.before.iter().chain(self.after).flatten().flatten();
        let every: BTreeSet<&SecurityGroupId> = described.chain(held).collect();
        every.into_iter().filter(|group| self.may_hold(state, index, group)).collect()
    }

    pub(super) fn is_normal(&self, id: &SecurityGroupId) -> Result<bool, Question> {
        match self.inventory.group(id).and_then(|group| group.group_type) {
            Some(group_type) => Ok(group_type == SecurityGroupType::Normal),
            None => self.ask(Question::IsNormal(id.clone())),
        }
    }

    pub(super) fn inner_accept(&self, id: &SecurityGroupId) -> Result<bool, Question> {
        match self.inventory.group(id).and_then(|group| group.inner_access) {
            Some(policy) => Ok(policy == InnerAccessPolicy::Accept),
            None => self.ask(Question::InnerAccept(id.clone())),
        }
    }

    /// Tells whether group references and the intra-group rule cover the address (law 10, A8).
    pub(super) fn covers(&self, end: End) -> Result<bool, Question> {
        let End::Interface { index, address } = end else {
            return Ok(false);
        };
        let Some(interface) = self.inventory.interfaces.get(index) else {
            return Ok(false);
        };
        let of = |wanted: fn(AddressKind) -> bool| {
            let here = |other: &&InterfaceAddress| holds_address(&other.block, address);
            interface.addresses.iter().filter(here).any(|other| wanted(other.kind))
        };
        debug_assert!(of(|_| true), "the interface has the address");
        if of(AddressKind::is_plain) {
            return Ok(true);
        }
        self.ask(Question::CoversAllKinds)
    }

    pub(super) fn may_have_further_rules(&self, group: &SecurityGroupId, direction: Direction) -> bool {
        self.inventory.group(group).is_none_or(|group| !group.knows_rules(direction))
    }

    /// Tells whether the far side is in a group in one state that it is not in in the other.
    pub(super) fn gives_up(&self, end: End, here: &Memberships, there: &Memberships) -> bool {
        let groups = |state| end.index().and_then(|index| self.groups_of(state, index));
        match (groups(here), groups(there)) {
            (Some(here), Some(there)) => !here.is_subset(there),
            _ => false,
        }
    }
}

/// Families never mix: an IPv4 block holds no IPv6 address.
pub(super) fn holds_address(block: &IpBlock, address: IpAddr) -> bool {
    block.contains(&IpBlock::single(address))
}
