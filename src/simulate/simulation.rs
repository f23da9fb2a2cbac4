//! From removals to their impact.

use thiserror::Error;

use super::impact::Impact;
use super::judge::outcome;
use super::removal::JudgedRemoval;
use crate::evaluate::Readings;
use crate::graph::{SecurityGraph, View};

/// Limits of the account, where its numbers differ from the documented ones (law A11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Groups one interface may be in.
    pub groups_per_interface: usize,
    /// Rules over all groups of one interface.
    pub rules_per_interface: usize,
    /// Private addresses in one basic group.
    pub addresses_per_group: usize,
    /// Interfaces in one enterprise group.
    pub interfaces_per_enterprise_group: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            groups_per_interface: 10,
            rules_per_interface: 1_000,
            addresses_per_group: 6_000,
            interfaces_per_enterprise_group: 65_536,
        }
    }
}

/// How to simulate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// The settings of the semantics.
    pub readings: Readings,
    /// The limits of the account.
    pub quotas: Quotas,
}

/// The overall answer (contract 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SimulationVerdict {
    /// Nothing is lost, gained, isolated, orphaned or refused under any reading.
    Safe,
    /// Something of that is certain.
    Impact,
    /// Nothing of that is certain, but some answer rests on missing evidence or an open reading.
    Undetermined,
}

impl SimulationVerdict {
    /// Something certain is an impact; else anything open leaves it undetermined (contract 3).
    pub(super) const fn of(certain: bool, open: bool) -> Self {
        match (certain, open) {
            (true, _) => Self::Impact,
            (false, false) => Self::Safe,
            (false, true) => Self::Undetermined,
        }
    }

    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Impact => "impact",
            Self::Undetermined => "undetermined",
        }
    }
}

/// The result of a simulation.
#[derive(Debug, Clone)]
pub struct Simulation<'g> {
    /// The graph it was run on.
    pub graph: &'g SecurityGraph,
    /// The settings of the semantics.
    pub readings: Readings,
    /// What was proposed and what the API would say, sorted.
    pub removals: Vec<JudgedRemoval>,
    /// What changes.
    pub impact: Impact,
    /// The overall answer.
    pub verdict: SimulationVerdict,
    /// Why the verdict cannot be `safe` although nothing certain was found: sorted phrases.
    pub undetermined_because: Vec<String>,
}

impl<'g> Simulation<'g> {
    /// Returns the estate as it was exported.
    #[must_use]
    pub const fn before(&self) -> View<'g> {
        self.graph.baseline()
    }

    /// Returns the estate as it is once everything proposed is done.
    #[must_use]
    pub fn after(&self) -> View<'g> {
        outcome(self.graph, &self.removals)
    }
}

/// A removal that cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RemovalError {
    /// No such instance or interface.
    #[error("no instance or interface `{target}` in the inventory (`{code}`)")]
    UnknownTarget {
        /// What was named.
        target: String,
        /// What the API would say.
        code: &'static str,
        /// The ids that look most like it.
        nearest: Vec<String>,
    },
    /// No such group.
    #[error("no security group `{group}` in the inventory (`InvalidSecurityGroupId.NotFound`)")]
    UnknownGroup {
        /// What was named.
        group: String,
        /// The ids that look most like it.
        nearest: Vec<String>,
    },
    /// The instance has no primary interface in the inventory.
    #[error("instance `{instance}` has no primary interface in the inventory")]
    NoPrimary {
        /// The instance.
        instance: String,
    },
    /// The target is not in the group; since 2024-07-08 the API says so too.
    #[error("`{target}` is not in `{group}` (`InvalidSecurityGroupAssociation.NotFound`)")]
    NotMember {
        /// What was named.
        target: String,
        /// The group.
        group: String,
        /// The groups it is in.
        member_of: Vec<String>,
        /// Other interfaces of the same instance that are in the group.
        siblings: Vec<String>,
    },
    /// The groups of the target are not in the export.
    #[error("the export does not say which groups `{target}` is in")]
    UnknownMemberships {
        /// What was named.
        target: String,
    },
    /// A group that one removal joins is left by another.
    #[error("`{target}` is to leave `{group}` and to join it")]
    LeavesAndJoins {
        /// What was named.
        target: String,
        /// The group.
        group: String,
    },
    /// The same membership is named with two different groups to join.
    #[error("`{target}` leaves `{group}` twice with different groups to join")]
    Conflicting {
        /// What was named.
        target: String,
        /// The group.
        group: String,
    },
}
