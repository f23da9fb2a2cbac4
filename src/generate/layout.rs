//! How interfaces and groups are divided among VPCs, and what a group of a VPC is for.

use std::ops::Range;

use super::dice::{Dice, Subject};
use super::options::EstateOptions;

/// How many interfaces share a base group.
pub(super) const BASE_SIZE: u64 = 2000;

/// How many interfaces a vSwitch holds. Each has a /21: the lower half for primary addresses, the upper for others.
const SWITCH_SIZE: u64 = 1000;

/// What a group of a VPC is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Holds the host that administrators come through.
    Bastion,
    /// Holds the hosts that scrape every other one.
    Monitor,
    /// Holds every interface of a range.
    Base(u64),
    /// A basic group of an application.
    App(u64),
    /// An enterprise group of an application.
    Enterprise(u64),
}

/// The plan of an estate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) options: EstateOptions,
}

/// The part of a whole that falls to one of several equal shares.
const fn share(whole: u64, shares: u64, number: u64) -> Range<u64> {
    number * whole / shares..(number + 1) * whole / shares
}

/// The share that holds an index.
const fn share_of(whole: u64, shares: u64, index: u64) -> u64 {
    ((index + 1) * shares - 1) / whole
}

impl Layout {
    pub(super) const fn dice(&self, subject: Subject, index: u64) -> Dice {
        Dice::new(self.options.seed, subject, index)
    }

    pub(super) const fn interfaces_of(&self, vpc: u64) -> Range<u64> {
        share(self.options.interfaces, self.options.vpcs, vpc)
    }

    pub(super) const fn groups_of(&self, vpc: u64) -> Range<u64> {
        share(self.options.groups, self.options.vpcs, vpc)
    }

    pub(super) const fn vpc_of_interface(&self, interface: u64) -> u64 {
        share_of(self.options.interfaces, self.options.vpcs, interface)
    }

    pub(super) const fn vpc_of_group(&self, group: u64) -> u64 {
        share_of(self.options.groups, self.options.vpcs, group)
    }

    /// Returns how many base groups a VPC has: enough for its interfaces, and one group is left for applications.
    pub(super) fn bases_of(&self, vpc: u64) -> u64 {
        let (interfaces, groups) = (self.interfaces_of(vpc), self.groups_of(vpc));
        let wanted = (interfaces.end - interfaces.start).div_ceil(BASE_SIZE).max(1);
        wanted.min(groups.end - groups.start - 3)
    }

    /// Returns how many groups of applications a VPC has.
    pub(super) fn apps_of(&self, vpc: u64) -> u64 {
        let groups = self.groups_of(vpc);
        groups.end - groups.start - 2 - self.bases_of(vpc)
    }

    /// Tells whether a group of an application is an enterprise one: 8 in 100.
    pub(super) const fn is_enterprise(app: u64) -> bool {
        matches!(app % 25, 2 | 14)
    }

    pub(super) fn bastion(&self, vpc: u64) -> u64 {
        self.groups_of(vpc).start
    }

    pub(super) fn monitor(&self, vpc: u64) -> u64 {
        self.groups_of(vpc).start + 1
    }

    pub(super) fn base(&self, vpc: u64, number: u64) -> u64 {
        self.groups_of(vpc).start + 2 + number
    }

    pub(super) fn app(&self, vpc: u64, app: u64) -> u64 {
        self.groups_of(vpc).start + 2 + self.bases_of(vpc) + app
    }

    /// Returns the nearest basic group of an application at or before this one; the first one is basic.
    pub(super) fn basic_app(&self, vpc: u64, app: u64) -> u64 {
        self.app(vpc, if Self::is_enterprise(app) { app - 1 } else { app })
    }

    /// Returns what a group is for.
    pub(super) fn role(&self, group: u64) -> Role {
        let vpc = self.vpc_of_group(group);
        let bases = self.bases_of(vpc);
        match group - self.groups_of(vpc).start {
            0 => Role::Bastion,
            1 => Role::Monitor,
            place if place < 2 + bases => Role::Base(place - 2),
            place if Self::is_enterprise(place - 2 - bases) => Role::Enterprise(place - 2 - bases),
            place => Role::App(place - 2 - bases),
        }
    }

    /// Returns the vSwitch of the interface at this place of a VPC.
    pub(super) const fn switch(place: u64) -> u64 {
        place / SWITCH_SIZE
    }

    /// Returns the primary address of the interface at this place of a VPC. Each VPC is one 10.0.0.0/8 of its own.
    pub(super) const fn address(place: u64) -> u32 {
        let host = Self::switch(place) * 2048 + 10 + place % SWITCH_SIZE;
        0x0a00_0000 | host as u32
    }

    /// Returns the second address of the interface at this place, if it has one.
    pub(super) const fn second_address(place: u64) -> u32 {
        Self::address(place) + 1024
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::EstateShape;
    use super::*;

    #[test]
    fn every_index_is_in_its_share() {
        let layout =
            Layout { options: EstateOptions { vpcs: 7, ..EstateOptions::new(999, EstateShape::Realistic) } };
        for interface in 0..999 {
            assert!(layout.interfaces_of(layout.vpc_of_interface(interface)).contains(&interface));
        }
        for group in 0..layout.options.groups {
            let vpc = layout.vpc_of_group(group);
            assert!(layout.groups_of(vpc).contains(&group));
            let expected = match layout.role(group) {
                Role::Bastion => layout.bastion(vpc),
                Role::Monitor => layout.monitor(vpc),
                Role::Base(number) => layout.base(vpc, number),
                Role::App(app) => layout.basic_app(vpc, app),
                Role::Enterprise(app) => layout.app(vpc, app),
            };
            assert_eq!(expected, group);
        }
    }
}
