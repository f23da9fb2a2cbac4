//! What is said of one membership, judged as if it alone went.

use std::collections::BTreeSet;

use super::impact::{Certainty, Change, EndpointSet, Isolation, OrphanKind, OrphanRisk};
use super::refusal::Refusal;
use super::simulation::{Simulation, SimulationVerdict};
use crate::evaluate::{ChangeKind, Touched, Witness};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::Direction;
use crate::netset::TransportSet;

/// What leaving does, in one word. The order is that of concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditEffect {
    /// Some traffic is lost and some is gained.
    Both,
    /// Some traffic is gained.
    Gains,
    /// Some traffic is lost.
    Loses,
    /// No traffic changes, but something is left behind.
    Orphans,
    /// Nothing is certain, but some answer rests on missing evidence or an open reading.
    Undetermined,
    /// The API would not do it.
    Refused,
    /// Nothing changes under any reading.
    None,
}

impl AuditEffect {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Both, Self::Gains, Self::Loses, Self::Orphans, Self::Undetermined, Self::Refused, Self::None];

    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Gains => "gains",
            Self::Loses => "loses",
            Self::Orphans => "orphans",
            Self::Undetermined => "undetermined",
            Self::Refused => "refused",
            Self::None => "none",
        }
    }
}

/// The worst that leaving does. The order is that of concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Consequence {
    /// Addresses outside the VPC can open sessions that were denied.
    OpensToOutside,
    /// The interface has no accepted traffic with any other one any more.
    IsolatesItself,
    /// Some peer has no accepted traffic left with the interface, and had some.
    CutsPeers,
    /// Interfaces of the VPC can open sessions that were denied, or the interface can.
    OpensInside,
    /// A service outside ECS does not admit the interface any more.
    LosesService,
    /// Traffic with interfaces or outside addresses is lost.
    LosesTraffic,
    /// A group is left without members.
    EmptiesGroup,
    /// Some of this may happen, but nothing of it is certain.
    Unknown,
    /// Nothing.
    Nothing,
}

impl Consequence {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::OpensToOutside,
        Self::IsolatesItself,
        Self::CutsPeers,
        Self::OpensInside,
        Self::LosesService,
        Self::LosesTraffic,
        Self::EmptiesGroup,
        Self::Unknown,
        Self::Nothing,
    ];

    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpensToOutside => "opens-to-outside",
            Self::IsolatesItself => "isolates-itself",
            Self::CutsPeers => "cuts-peers",
            Self::OpensInside => "opens-inside",
            Self::LosesService => "loses-service",
            Self::LosesTraffic => "loses-traffic",
            Self::EmptiesGroup => "empties-group",
            Self::Unknown => "unknown",
            Self::Nothing => "nothing",
        }
    }
}

/// One membership, judged as if the interface alone left the group; [`Simulator::simulate`](super::Simulator::simulate)
/// says the same in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditedMembership {
    /// The interface.
    pub interface: InterfaceIx,
    /// The group it would leave.
    pub group: GroupIx,
    /// What leaving does, in one word.
    pub effect: AuditEffect,
    /// The worst of it.
    pub consequence: Consequence,
    /// The overall answer (contract 3).
    pub verdict: SimulationVerdict,
    /// Why the API would refuse.
    pub refusals: Vec<Refusal>,
    /// Interfaces that lose traffic with it.
    pub lost: Touched,
    /// Interfaces that gain traffic with it.
    pub gained: Touched,
    /// Interfaces with an undetermined change.
    pub undetermined: Touched,
    /// What changes with outside addresses and foreign groups.
    pub outside: BTreeSet<(ChangeKind, Direction)>,
    /// Peers with no accepted traffic left with it under any reading, that surely had some.
    pub cut_peers: u64,
    /// Peers of which that may be so.
    pub maybe_cut_peers: u64,
    /// How the interface itself is isolated.
    pub isolation: Option<Isolation>,
    /// New orphan risks, sorted.
    pub orphans: Vec<OrphanRisk>,
    /// All traffic that is lost with anybody.
    pub lost_traffic: TransportSet,
    /// All traffic that is gained with anybody.
    pub gained_traffic: TransportSet,
    /// Traffic that goes on as before, where no interface feels anything; `None` where there is none to name.
    pub witness: Option<Witness>,
}

impl AuditedMembership {
    /// Tells whether the interface surely has no accepted traffic left with any other one, and had some.
    #[must_use]
    pub fn isolates_itself(&self) -> bool {
        self.isolation.as_ref().is_some_and(|one| one.new && one.certainty == Certainty::Certain)
    }

    /// Returns the order of concern: the worst first, and of two alike the one that touches more. What the API would not
    /// do comes behind what it would.
    #[must_use]
    pub fn rank(&self) -> impl Ord + use<> {
        let touched = self.lost.peers + self.gained.peers + self.undetermined.peers;
        (
            !self.refusals.is_empty(),
            self.consequence,
            self.effect,
            std::cmp::Reverse(self.cut_peers),
            std::cmp::Reverse(touched),
            self.interface,
            self.group,
        )
    }
}

impl AuditedMembership {
    /// Says in short what a simulation of one removal says.
    #[must_use]
    pub fn of(simulation: &Simulation<'_>, interface: InterfaceIx, group: GroupIx) -> Self {
        let impact = &simulation.impact;
        let peers = |kind| touched(&impact.changes, interface, kind);
        let traffic = |kind| {
            let of_kind = impact.changes.iter().filter(|change| change.kind == kind);
            of_kind.fold(TransportSet::empty(), |all, change| all.union(&change.traffic))
        };
        let isolated = impact.isolated.iter().filter(|one| one.new && one.interface != interface);
        let (cut, maybe_cut): (Vec<&Isolation>, Vec<&Isolation>) =
            isolated.partition(|one| one.certainty == Certainty::Certain);
        let mut one = Self {
            interface,
            group,
            effect: AuditEffect::None,
            consequence: Consequence::Nothing,
            verdict: simulation.verdict,
            refusals: simulation.removals.iter().flat_map(|removal| &removal.refusals).cloned().collect(),
            lost: peers(ChangeKind::Lost),
            gained: peers(ChangeKind::Gained),
            undetermined: peers(ChangeKind::Undetermined),
            outside: impact.changes.iter().filter_map(|change| outside(change, interface)).collect(),
            cut_peers: cut.len() as u64,
            maybe_cut_peers: maybe_cut.len() as u64,
            isolation: impact.isolated.iter().find(|one| one.interface == interface).cloned(),
            orphans: impact.orphans.iter().filter(|one| one.new).cloned().collect(),
            lost_traffic: traffic(ChangeKind::Lost),
            gained_traffic: traffic(ChangeKind::Gained),
            witness: None,
        };
        one.conclude(simulation.verdict == SimulationVerdict::Undetermined);
        one
    }

    /// Names effect and consequence, and gives the verdict. `doubt`: something could not be checked.
    pub(super) fn conclude(&mut self, doubt: bool) {
        let outside = |kind| self.outside.iter().any(|(other, _)| *other == kind);
        let (lost, gained) = (ChangeKind::Lost, ChangeKind::Gained);
        let loses = self.lost.peers > 0 || outside(lost);
        let gains = self.gained.peers > 0 || outside(gained);
        let new_isolation = self.isolation.as_ref().filter(|one| one.new).map(|one| one.certainty);
        let certain_orphan = |one: &&OrphanRisk| one.certainty == Certainty::Certain;
        let orphaned = self.orphans.iter().any(|one| certain_orphan(&one));
        let certain = loses
            || gains
            || orphaned
            || self.cut_peers > 0
            || new_isolation == Some(Certainty::Certain)
            || !self.refusals.is_empty();
        let open = doubt
            || self.undetermined.peers > 0
            || outside(ChangeKind::Undetermined)
            || self.maybe_cut_peers > 0
            || new_isolation == Some(Certainty::Possible)
            || self.orphans.iter().any(|one| one.certainty == Certainty::Possible);
        self.verdict = SimulationVerdict::of(certain, open);
        self.effect = match (loses, gains) {
            _ if !self.refusals.is_empty() => AuditEffect::Refused,
            (true, true) => AuditEffect::Both,
            (true, false) => AuditEffect::Loses,
            (false, true) => AuditEffect::Gains,
            (false, false) if certain => AuditEffect::Orphans,
            (false, false) if open => AuditEffect::Undetermined,
            (false, false) => AuditEffect::None,
        };
        let service = |one: &OrphanRisk| matches!(one.kind, OrphanKind::ExternalConsumer { .. });
        self.consequence = if self.outside.contains(&(gained, Direction::Ingress)) {
            Consequence::OpensToOutside
        } else if new_isolation == Some(Certainty::Certain) {
            Consequence::IsolatesItself
        } else if self.cut_peers > 0 {
            Consequence::CutsPeers
        } else if gains {
            Consequence::OpensInside
        } else if self.orphans.iter().any(service) {
            Consequence::LosesService
        } else if loses {
            Consequence::LosesTraffic
        } else if orphaned {
            Consequence::EmptiesGroup
        } else if open {
            Consequence::Unknown
        } else {
            Consequence::Nothing
        };
    }
}

/// Returns what changes of this kind touch which peers of the interface.
fn touched(changes: &[Change], interface: InterfaceIx, kind: ChangeKind) -> Touched {
    let mut by_direction = [BTreeSet::new(), BTreeSet::new()];
    let of = |ends: &[EndpointSet]| -> BTreeSet<InterfaceIx> {
        let name = |end: &EndpointSet| match end {
            EndpointSet::Interface { interface, .. } => Some(*interface),
            EndpointSet::External { .. } | EndpointSet::ForeignGroup { .. } => None,
        };
        ends.iter().filter_map(name).collect()
    };
    for change in changes.iter().filter(|change| change.kind == kind) {
        let (sources, destinations) = (of(&change.sources), of(&change.destinations));
        let [egress, ingress] = &mut by_direction;
        let others = |ends: &BTreeSet<InterfaceIx>| {
            ends.iter().copied().filter(|one| *one != interface).collect::<Vec<_>>()
        };
        if sources.contains(&interface) {
            egress.extend(others(&destinations));
        }
        if destinations.contains(&interface) {
            ingress.extend(others(&sources));
        }
    }
    let [egress, ingress] = by_direction;
    Touched {
        egress: egress.len() as u64,
        ingress: ingress.len() as u64,
        peers: egress.union(&ingress).count() as u64,
    }
}

/// Returns kind and direction of a change with somebody who is no interface of the VPC.
fn outside(change: &Change, interface: InterfaceIx) -> Option<(ChangeKind, Direction)> {
    let is_outside = |end: &EndpointSet| !matches!(end, EndpointSet::Interface { .. });
    let is_own = |end: &EndpointSet| matches!(end, EndpointSet::Interface { interface: other, .. } if *other == interface);
    if change.destinations.iter().any(is_outside) && change.sources.iter().any(is_own) {
        Some((change.kind, Direction::Egress))
    } else if change.sources.iter().any(is_outside) && change.destinations.iter().any(is_own) {
        Some((change.kind, Direction::Ingress))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_concern_puts_what_opens_first() {
        assert!(Consequence::OpensToOutside < Consequence::IsolatesItself);
        assert!(AuditEffect::Both < AuditEffect::None);
    }
}
