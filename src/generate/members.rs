//! Who an interface is: its VPC, its addresses, its instance, its groups.

use super::dice::{Dice, Subject};
use super::layout::{BASE_SIZE, Layout};
use super::options::EstateShape;

/// How many neighbours were set up by one team, in one set of groups.
const TEAM_SIZE: u64 = 10;

/// How many groups an interface of the shape of unique sets is in.
const UNIQUE_SET: u64 = 5;

/// A network interface.
#[derive(Debug, Clone)]
pub(super) struct Interface {
    pub(super) index: u64,
    pub(super) vpc: u64,
    /// Its place among the interfaces of the VPC.
    pub(super) place: u64,
    /// The primary interface of its instance, itself if it is one.
    pub(super) primary: u64,
    /// The groups, at most five and each once.
    pub(super) groups: Vec<u64>,
    pub(super) address: u32,
    pub(super) second_address: Option<u32>,
}

impl Interface {
    pub(super) const fn is_primary(&self) -> bool {
        self.primary == self.index
    }
}

impl Layout {
    /// Returns an interface.
    pub(super) fn interface(&self, index: u64) -> Interface {
        let vpc = self.vpc_of_interface(index);
        let place = index - self.interfaces_of(vpc).start;
        let mut dice = self.dice(Subject::Interface, index);
        Interface {
            index,
            vpc,
            place,
            primary: if self.is_secondary(index) { index - 1 } else { index },
            groups: self.groups_at(vpc, place),
            address: Self::address(place),
            second_address: dice.percent(2).then(|| Self::second_address(place)),
        }
    }

    /// Tells whether an interface is the second one of the instance before it: one in twelve, never two in a row.
    pub(super) fn is_secondary(&self, index: u64) -> bool {
        let place = index - self.interfaces_of(self.vpc_of_interface(index)).start;
        place % 2 == 1 && self.dice(Subject::Instance, index).below(6) == 0
    }

    fn groups_at(&self, vpc: u64, place: u64) -> Vec<u64> {
        let base = self.base(vpc, (place / BASE_SIZE).min(self.bases_of(vpc) - 1));
        match place {
            0 => return vec![self.bastion(vpc), base],
            1 | 2 => return vec![self.monitor(vpc), base],
            _ => {}
        }
        let start = self.interfaces_of(vpc).start;
        let mut own = self.dice(Subject::Member, start + place);
        if self.options.shape == EstateShape::UniqueGroupSets {
            return self.unique_set(vpc, &mut own);
        }
        // One in a hundred was set up by hand.
        let mut team = match own.percent(1) {
            true => own,
            false => self.dice(Subject::Team, (vpc << 32) | (place / TEAM_SIZE)),
        };
        let apps = self.apps_of(vpc);
        let app = team.skewed(apps);
        let more = team.pick([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2]);
        let mut groups = Vec::with_capacity(4);
        if Self::is_enterprise(app) {
            groups.push(self.app(vpc, app));
            // The enterprise groups of one department stand twelve apart.
            let other = if app % 25 == 2 { app + 12 } else { app - 12 };
            if more > 0 && other < apps {
                groups.push(self.app(vpc, other));
            }
            return groups;
        }
        let always = !matches!(self.options.shape, EstateShape::Realistic | EstateShape::OneAddress);
        if team.percent(95) || always {
            groups.push(base);
        }
        groups.push(self.app(vpc, app));
        for _ in 0..more {
            let other = self.basic_app(vpc, team.skewed(apps));
            if !groups.contains(&other) {
                groups.push(other);
            }
        }
        groups
    }

    fn unique_set(&self, vpc: u64, dice: &mut Dice) -> Vec<u64> {
        let mut groups: Vec<u64> =
            (0..UNIQUE_SET).map(|_| self.basic_app(vpc, dice.below(self.apps_of(vpc)))).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}
