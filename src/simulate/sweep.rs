//! Every membership of an estate tried alone.

use std::collections::BTreeSet;

use super::audit::Audit;
use super::audited::{AuditEffect, AuditedMembership, Consequence};
use super::impact::Isolation;
use super::isolation::{Touched as Touch, conclude, contact_with_anybody};
use super::judge::{judge_one, outcome};
use super::removal::JudgedRemoval;
use super::run::Simulator;
use super::simulation::{Options, SimulationVerdict};
use crate::evaluate::{Answers, Contact, Departed, Difference, Field, ForeignNames, Kin, Outside};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::VpcId;
use crate::parallel;

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
                if answers.is_full() {
                    answers = Answers::new(&self.compiled, options.readings);
                }
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
                settled if settled.is_settled() => Some(settled),
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

impl<'g> Simulator<'g> {
    /// Returns the graph that is simulated on.
    #[must_use]
    pub const fn graph(&self) -> &'g SecurityGraph {
        self.compiled.graph()
    }
}
