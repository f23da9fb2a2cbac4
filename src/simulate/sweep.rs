//! Every membership of an estate tried alone.

use std::collections::BTreeSet;

use super::audit::Audit;
use super::impact::{Certainty, Change, EndpointSet, Isolation, OrphanKind, OrphanRisk};
use super::isolation::{Touched as Touch, conclude, contact_with_anybody};
use super::judge::{judge_one, outcome};
use super::refusal::Refusal;
use super::removal::JudgedRemoval;
use super::run::Simulator;
use super::simulation::{Options, Simulation, SimulationVerdict};
use crate::evaluate::{
    Answers, ChangeKind, Contact, Departed, Difference, Field, ForeignNames, Kin, Outside, Touched, Witness,
};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{Direction, VpcId};
use crate::netset::TransportSet;
use crate::parallel;

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

/// One membership, judged as if the interface alone left the group; [`Simulator::simulate`] says the same in full.
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

impl Simulator<'_> {
    /// Returns the VPCs of the estate, sorted; they are independent of each other.
    pub fn vpcs(&self) -> impl Iterator<Item = &VpcId> {
        self.compiled.vpcs()
    }

    /// Returns how many memberships a VPC has; `None` means the interfaces that are in no VPC the export names.
    #[must_use]
    pub fn memberships_of(&self, vpc: Option<&VpcId>) -> u64 {
        let view = self.compiled.graph().baseline();
        let groups = |interface| view.groups_of(interface).map_or(0, |groups| groups.len());
        let total: usize = match vpc {
            Some(vpc) => self.compiled.interfaces_of(vpc).iter().map(|one| groups(*one)).sum(),
            None => self.outside_vpcs().into_iter().map(groups).sum(),
        };
        u64::try_from(total).unwrap_or(u64::MAX)
    }

    fn outside_vpcs(&self) -> Vec<InterfaceIx> {
        let graph = self.compiled.graph();
        graph.interfaces().filter(|one| graph.interface(*one).network.vpc().is_none()).collect()
    }

    /// Judges every membership of a VPC as if it alone went; `None` means the interfaces that are in no VPC the export
    /// names. `tick` is told how many more memberships are done.
    ///
    /// Interfaces with the same groups are judged together. For each distinct set of groups and each group of it the
    /// cost follows the distinct classes of peers it can concern, and for each interface the classes with a rule for its
    /// address. Interfaces about whose groups or rules something is not known are simulated one by one.
    pub fn audit(&self, vpc: Option<&VpcId>, options: &Options, tick: &(dyn Fn(u64) + Sync)) -> Audit {
        let mut swept = match vpc {
            Some(vpc) => self.sweep_field(vpc, options, tick),
            None => self.sweep_singly(&self.outside_vpcs(), options, tick),
        };
        swept.sort_unstable_by_key(|(one, _)| (one.interface, one.group));
        let isolated: BTreeSet<InterfaceIx> =
            swept.iter().filter(|(_, had_contact)| !had_contact).map(|(one, _)| one.interface).collect();
        let isolated: Vec<InterfaceIx> = isolated.into_iter().collect();
        let memberships = swept.into_iter().map(|(one, _)| one).collect();
        let mut audit = Audit { vpc: vpc.cloned(), memberships, standing: Vec::new() };
        self.add_standing(vpc, &isolated, &mut audit);
        audit
    }

    fn sweep_field(&self, vpc: &VpcId, options: &Options, tick: &(dyn Fn(u64) + Sync)) -> Vec<Swept> {
        let field = Field::new(&self.compiled, vpc, options.readings);
        let pieces = rayon::current_num_threads() * PIECES_A_THREAD;
        let chunks: Vec<&[Kin]> = field.kin().chunks(field.kin().len().div_ceil(pieces).max(1)).collect();
        let by_chunk = parallel::each(chunks, |chunk| {
            let mut answers = Answers::new(&self.compiled, options.readings);
            let mut found = Vec::new();
            for kin in chunk {
                let known = found.len();
                self.sweep_kin(&field, kin, options, &mut answers, &mut found);
                tick((found.len() - known) as u64);
            }
            found
        });
        let mut found: Vec<Swept> = by_chunk.into_iter().flatten().collect();
        found.append(&mut self.sweep_singly(field.odd(), options, tick));
        found
    }

    fn sweep_kin<'c>(
        &'c self,
        field: &Field<'c, '_>,
        kin: &Kin,
        options: &Options,
        answers: &mut Answers<'_>,
        found: &mut Vec<Swept>,
    ) {
        let foreign = ForeignNames { named: &self.foreign.named, naming: &self.foreign.naming };
        field.departures(kin, answers, &foreign, |leaving, outside, departed| {
            let interface = leaving.interface;
            let removal = judge_one(self.compiled.graph(), interface, leaving.group, options);
            let loses = departed.lost.peers + departed.undetermined.peers > 0;
            let touch = Touch { changed: true, loses };
            let anybody = match departed.contact {
                all if departed.is_complete => Some(all),
                enough if enough.surely_after && enough.maybe_before => Some(enough),
                some => contact_with_anybody(&leaving.difference(), interface, some),
            };
            let isolation =
                anybody.and_then(|anybody| conclude(interface, anybody, Contact::default(), touch));
            let one = self.audited(removal, departed, outside, isolation);
            found.push((one, had_contact(anybody)));
        });
    }

    fn audited(
        &self,
        removal: JudgedRemoval,
        departed: Departed,
        outside: &Outside,
        isolation: Option<Isolation>,
    ) -> AuditedMembership {
        let graph = self.compiled.graph();
        let (before, after) = (graph.baseline(), outcome(graph, std::slice::from_ref(&removal)));
        let is_last = self.compiled.members_of(removal.group) == [removal.interface];
        let orphans = self.standing.orphans_of_one(&before, &after, &removal, is_last);
        let doubt = !graph.inventory().gaps.is_empty()
            || self.unknown_network
            || !removal.unchecked.is_empty()
            || graph.interface(removal.interface).addresses.is_empty();
        let Departed { lost, gained, undetermined, surely_cut, maybe_cut, witness, .. } = departed;
        let mut one = AuditedMembership {
            interface: removal.interface,
            group: removal.group,
            effect: AuditEffect::None,
            consequence: Consequence::Nothing,
            verdict: SimulationVerdict::Safe,
            refusals: removal.refusals,
            lost,
            gained,
            undetermined,
            outside: outside.changes.clone(),
            cut_peers: surely_cut,
            maybe_cut_peers: maybe_cut,
            isolation,
            orphans,
            lost_traffic: departed.lost_traffic.union(&outside.lost_traffic),
            gained_traffic: departed.gained_traffic.union(&outside.gained_traffic),
            witness,
        };
        one.conclude(doubt);
        one
    }

    /// Simulates every membership of these interfaces.
    fn sweep_singly(
        &self,
        interfaces: &[InterfaceIx],
        options: &Options,
        tick: &(dyn Fn(u64) + Sync),
    ) -> Vec<Swept> {
        let view = self.compiled.graph().baseline();
        let nobody = Difference::new(&self.compiled, &view, &view, options.readings);
        let of_one = parallel::each(interfaces, |interface| {
            let anybody = contact_with_anybody(&nobody, *interface, Contact::default());
            let groups = view.groups_of(*interface).unwrap_or_default();
            let simulated = |group: &GroupIx| {
                let removal = judge_one(self.compiled.graph(), *interface, *group, options);
                let simulation = self.simulate_judged(vec![removal], options);
                tick(1);
                (AuditedMembership::of(&simulation, *interface, *group), had_contact(anybody))
            };
            groups.iter().map(simulated).collect::<Vec<Swept>>()
        });
        of_one.into_iter().flatten().collect()
    }
}

/// A membership, and whether its interface may have accepted traffic with some other one as it is.
type Swept = (AuditedMembership, bool);

/// Where nothing of an interface is simulated, nothing is said of its isolation.
fn had_contact(anybody: Option<Contact>) -> bool {
    anybody.is_none_or(|contact| contact.maybe_before)
}

/// Into how many pieces a thread's work on a VPC is cut. What is worked out for one of the kin helps the next, so there
/// are not more pieces than keep the threads busy to the end.
const PIECES_A_THREAD: usize = 3;

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
    fn conclude(&mut self, doubt: bool) {
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

impl<'g> Simulator<'g> {
    /// Returns the graph that is simulated on.
    #[must_use]
    pub const fn graph(&self) -> &'g SecurityGraph {
        self.compiled.graph()
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
