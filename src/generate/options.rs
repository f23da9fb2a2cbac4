//! How large an estate is, and what is special about it.

use thiserror::Error;

/// The rules of one group, in and out: what an account has before it asks for more.
pub(super) const RULES_PER_GROUP: u64 = 200;

/// A bastion, a monitor, a base group and a group of an application.
const GROUPS_PER_VPC: u64 = 4;

/// What 10.0.0.0/8 holds, at a thousand interfaces in each /21.
const INTERFACES_PER_VPC: u64 = 8_000_000;

/// Indices are multiplied with each other in 64 bits.
const MOST: u64 = u32::MAX as u64;

/// What is counted of groups is held.
const MOST_GROUPS: u64 = 10_000_000;

/// What an estate is made to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EstateShape {
    /// The skew of real estates.
    Realistic,
    /// Every rule for an address names the same address.
    OneAddress,
    /// Nearly every interface is in a set of groups that no other one is in.
    UniqueGroupSets,
    /// Every interface is in a base group that accepts everything from everywhere.
    AllOpen,
    /// Every group names the large base groups as often as it may.
    ReferencedEverywhere,
}

impl EstateShape {
    /// All shapes.
    pub const ALL: [Self; 5] =
        [Self::Realistic, Self::OneAddress, Self::UniqueGroupSets, Self::AllOpen, Self::ReferencedEverywhere];

    /// Returns the name as it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Realistic => "realistic",
            Self::OneAddress => "one-address",
            Self::UniqueGroupSets => "unique-group-sets",
            Self::AllOpen => "all-open",
            Self::ReferencedEverywhere => "referenced-everywhere",
        }
    }
}

/// How large an estate is, what is special about it, and where its chances begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EstateOptions {
    /// How many network interfaces.
    pub interfaces: u64,
    /// How many security groups.
    pub groups: u64,
    /// About how many rules.
    pub rules: u64,
    /// How many VPCs.
    pub vpcs: u64,
    /// What it is made to show.
    pub shape: EstateShape,
    /// At most how many removals.
    pub removals: u64,
    /// Another seed is another estate of the same kind.
    pub seed: u64,
}

/// An estate that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EstateOptionsError {
    /// Something is missing altogether or beyond counting.
    #[error("`{number}` {what}: there are 1 to {most}")]
    Range {
        /// What is counted.
        what: &'static str,
        /// What was asked for.
        number: u64,
        /// The largest number.
        most: u64,
    },
    /// The groups do not suffice for the VPCs.
    #[error("`{groups}` groups for `{vpcs}` VPCs: each needs {GROUPS_PER_VPC} or more")]
    FewGroups {
        /// The groups that were asked for.
        groups: u64,
        /// The VPCs that were asked for.
        vpcs: u64,
    },
    /// The rules do not fit into the groups.
    #[error("`{rules}` rules in `{groups}` groups: each has room for {RULES_PER_GROUP}")]
    ManyRules {
        /// The rules that were asked for.
        rules: u64,
        /// The groups that were asked for.
        groups: u64,
    },
    /// The interfaces do not fit into the VPCs.
    #[error("`{interfaces}` interfaces in `{vpcs}` VPCs: each has room for {INTERFACES_PER_VPC}")]
    ManyInterfaces {
        /// The interfaces that were asked for.
        interfaces: u64,
        /// The VPCs that were asked for.
        vpcs: u64,
    },
}

impl EstateOptions {
    /// Returns the usual estate of a shape around so many interfaces: 50 interfaces and 100 rules a group.
    #[must_use]
    pub const fn new(interfaces: u64, shape: EstateShape) -> Self {
        Self { interfaces, groups: 0, rules: 0, vpcs: 0, shape, removals: 100, seed: 0 }
            .over(2 + interfaces / 25_000)
    }

    /// Returns the same with so many VPCs, and as many groups and rules as are usual then.
    #[must_use]
    pub const fn over(self, vpcs: u64) -> Self {
        let usual = (self.interfaces / 50).saturating_add(vpcs.saturating_mul(2));
        let least = vpcs.saturating_mul(match self.shape {
            // Fewer groups have too few sets of five.
            EstateShape::UniqueGroupSets => 24,
            _ => 6,
        });
        Self { vpcs, ..self }.among(if usual > least { usual } else { least })
    }

    /// Returns the same with so many groups, and as many rules as are usual then.
    #[must_use]
    pub const fn among(self, groups: u64) -> Self {
        Self { groups, rules: groups.saturating_mul(100), ..self }
    }

    /// Tells whether there can be such an estate.
    ///
    /// # Errors
    /// [`EstateOptionsError`] with the first thing that does not fit.
    pub fn check(&self) -> Result<(), EstateOptionsError> {
        let Self { interfaces, groups, rules, vpcs, .. } = *self;
        for (what, number, most) in [
            ("interfaces", interfaces, MOST),
            ("groups", groups, MOST_GROUPS),
            ("rules", rules, MOST),
            ("VPCs", vpcs, MOST_GROUPS),
        ] {
            if number == 0 || number > most {
                return Err(EstateOptionsError::Range { what, number, most });
            }
        }
        if groups / GROUPS_PER_VPC < vpcs {
            return Err(EstateOptionsError::FewGroups { groups, vpcs });
        }
        if rules > groups * RULES_PER_GROUP {
            return Err(EstateOptionsError::ManyRules { rules, groups });
        }
        if interfaces.div_ceil(vpcs) > INTERFACES_PER_VPC {
            return Err(EstateOptionsError::ManyInterfaces { interfaces, vpcs });
        }
        Ok(())
    }
}
