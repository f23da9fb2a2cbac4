//! What an audit says: of one VPC in full, and of all of them in numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::audited::{AuditEffect, AuditedMembership, Consequence};
use super::standing::{StandingKind, StandingRisk};
use crate::graph::GroupIx;
use crate::inventory::VpcId;

/// Every membership of one VPC, judged as if it alone went, and what is at risk already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The VPC; `None` stands for the interfaces that are in no VPC the export names.
    pub vpc: Option<VpcId>,
    /// Sorted by interface and group.
    pub memberships: Vec<AuditedMembership>,
    /// Sorted.
    pub standing: Vec<StandingRisk>,
}

/// The numbers of several VPCs, and the memberships of most concern. Adding is the merge rule: the order changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSummary {
    /// How many parts were added.
    pub parts: u64,
    /// How many memberships were judged.
    pub memberships: u64,
    /// How many of each effect; every effect is in it.
    pub effects: BTreeMap<AuditEffect, u64>,
    /// How many of each consequence; every consequence is in it.
    pub consequences: BTreeMap<Consequence, u64>,
    /// How many standing risks of each kind; every kind is in it.
    pub standing: BTreeMap<&'static str, u64>,
    /// The memberships of most concern, worst first.
    pub worst: Vec<AuditedMembership>,
    /// The standing risks of interfaces and groups, up to the same number of each kind.
    pub risks: BTreeMap<&'static str, BTreeSet<StandingRisk>>,
    /// Groups that somebody can leave without any effect, with how many can.
    pub idle: BTreeMap<GroupIx, u64>,
    keep: usize,
}

impl AuditSummary {
    /// Returns the summary of nothing, which will keep so many of the worst memberships.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self {
            parts: 0,
            memberships: 0,
            effects: AuditEffect::ALL.iter().map(|effect| (*effect, 0)).collect(),
            consequences: Consequence::ALL.iter().map(|one| (*one, 0)).collect(),
            standing: StandingKind::NAMES.iter().map(|name| (*name, 0)).collect(),
            worst: Vec::new(),
            risks: BTreeMap::new(),
            idle: BTreeMap::new(),
            keep,
        }
    }

    /// Adds one part.
    pub fn add(&mut self, audit: &Audit) {
        self.parts += 1;
        for one in &audit.memberships {
            self.memberships += 1;
            *self.effects.entry(one.effect).or_default() += 1;
            *self.consequences.entry(one.consequence).or_default() += 1;
            if one.effect == AuditEffect::None {
                *self.idle.entry(one.group).or_default() += 1;
            }
        }
        let mut concerning: Vec<&AuditedMembership> =
            audit.memberships.iter().filter(|one| one.effect != AuditEffect::None).collect();
        concerning.sort_unstable_by_key(|one| one.rank());
        self.worst.extend(concerning.into_iter().take(self.keep).cloned());
        self.worst.sort_unstable_by_key(AuditedMembership::rank);
        self.worst.truncate(self.keep);
        for risk in &audit.standing {
            *self.standing.entry(risk.kind.name()).or_default() += 1;
            let kept = self.risks.entry(risk.kind.name()).or_default();
            kept.insert(risk.clone());
            if kept.len() > self.keep {
                kept.pop_last();
            }
        }
    }

    /// Tells whether every membership can go without any effect.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.effects.iter().all(|(effect, count)| *effect == AuditEffect::None || *count == 0)
    }

    /// Tells whether nothing certain was found, but some answer is undetermined.
    #[must_use]
    pub fn is_undetermined(&self) -> bool {
        let harmless = [AuditEffect::None, AuditEffect::Undetermined];
        !self.is_clear()
            && self.effects.iter().all(|(effect, count)| harmless.contains(effect) || *count == 0)
    }
}
