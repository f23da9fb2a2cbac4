//! The lines of an audit: one for the run, one for each membership and each standing risk, one for the sums.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::change::Traffic;
use super::leftover::{CertaintyName, DirectionName};
use super::names::Names;
use super::simulation::VerdictName;
use super::source::{Assumption, InventoryEntry, SCHEMA_VERSION, Tool, assumptions};
use crate::evaluate::Readings;
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::Direction;
use crate::netset::{Family, TransportSet};
use crate::report::context::ReportContext;
use crate::simulate::{
    AuditSummary, AuditedMembership, ChangeKind, OrphanKind, SimulationVerdict, StandingKind, StandingRisk,
    Touched,
};

/// One line of an audit.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(title = "sgleave audit")]
pub enum AuditLine<'a> {
    /// The first line: what was read, and how it is judged.
    Audit(Box<AuditHeader<'a>>),
    /// One membership, judged as if it alone went.
    Membership(Box<MembershipEntry<'a>>),
    /// A risk that is there already.
    Standing(Box<StandingEntry<'a>>),
    /// The last line: how many of each. A file without it is not whole.
    Summary(SummaryEntry),
}

/// What was read, and how it is judged.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AuditHeader<'a> {
    /// Rises when a meaning changes; keys may be added without that.
    pub schema_version: u32,
    /// The program that wrote this.
    pub tool: Tool,
    /// What was read.
    pub inventory: InventoryEntry<'a>,
    /// The settings of the semantics; `open` means that both answers were judged.
    pub readings: BTreeMap<&'static str, &'static str>,
    /// What the answers take for granted or do not look at.
    pub assumptions: Vec<Assumption>,
}

/// How many are touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TouchedEntry {
    /// Peers in either direction.
    pub peers: u64,
    /// Ordered pairs: a peer counts once a direction.
    pub pairs: u64,
    /// Destination ports and protocols without ports, over all peers and the outside.
    pub ports: u64,
}

/// One membership, judged as if it alone went.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct MembershipEntry<'a> {
    /// The account of the interface.
    pub account_id: Option<&'a str>,
    /// Its region.
    pub region_id: Option<&'a str>,
    /// Its VPC; the results of different VPCs are independent.
    pub vpc_id: Option<&'a str>,
    /// The interface.
    pub interface_id: &'a str,
    /// The instance it is attached to.
    pub instance_id: Option<&'a str>,
    /// The group it would leave.
    pub group_id: &'a str,
    /// `none`, `loses`, `gains`, `both`, `orphans`, `undetermined` or `refused`.
    pub effect: &'static str,
    /// The worst of it.
    pub consequence: &'static str,
    /// The place of the consequence in the order of concern: 0 is the worst.
    pub rank: u64,
    /// The overall answer.
    pub verdict: VerdictName,
    /// Who surely loses what.
    pub lost: TouchedEntry,
    /// Who surely gains what.
    pub gained: TouchedEntry,
    /// Peers with a change under some reading only.
    pub undetermined_peers: u64,
    /// Peers with no accepted traffic left with it, that had some.
    pub cut_peers: u64,
    /// Peers of which that may be so.
    pub maybe_cut_peers: u64,
    /// Whether it has no accepted traffic left with any interface.
    pub isolates_itself: bool,
    /// What changes with the outside: `lost-egress`, `gained-ingress` and so on, sorted.
    pub outside: Vec<String>,
    /// All traffic that is lost with anybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub lost_traffic: Vec<Traffic>,
    /// All traffic that is gained with anybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub gained_traffic: Vec<Traffic>,
    /// The kinds of orphan risks that are new, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub orphans: Vec<&'static str>,
    /// Why the API would refuse: its codes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub refusals: Vec<&'static str>,
    /// Traffic that goes on as before, where no interface feels anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessEntry<'a>>,
    #[serde(skip)]
    pub(in crate::report) ix: InterfaceIx,
    #[serde(skip)]
    pub(in crate::report) group: GroupIx,
    #[serde(skip)]
    pub(in crate::report) refusal_texts: Vec<String>,
}

/// Traffic that is accepted before and after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WitnessEntry<'a> {
    /// With whom.
    pub interface_id: &'a str,
    /// Egress: the one who leaves opens the sessions.
    pub direction: DirectionName,
    /// All of it between these two.
    pub traffic: Vec<Traffic>,
    #[serde(skip)]
    pub(in crate::report) ix: InterfaceIx,
}

/// A risk that is there already.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct StandingEntry<'a> {
    /// The kind of risk.
    pub risk: &'static str,
    /// Whether it holds whatever the export may hide.
    pub certainty: CertaintyName,
    /// The VPC.
    pub vpc_id: Option<&'a str>,
    /// The interface at risk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_id: Option<&'a str>,
    /// The group at risk, or that holds the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<&'a str>,
    /// The rules that are meant.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub rule_ids: Vec<&'a str>,
    #[serde(skip)]
    pub(in crate::report) ix: Option<InterfaceIx>,
    #[serde(skip)]
    pub(in crate::report) group: Option<GroupIx>,
    /// Position of the rule in its group, where it may have no id.
    #[serde(skip)]
    pub(in crate::report) rule: Option<u32>,
}

/// How many of each. The summaries of different VPCs add up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SummaryEntry {
    /// VPCs, and one for the interfaces outside of every VPC the export names.
    pub parts: u64,
    /// Memberships.
    pub memberships: u64,
    /// By effect.
    pub effects: BTreeMap<&'static str, u64>,
    /// By consequence.
    pub consequences: BTreeMap<&'static str, u64>,
    /// Standing risks by kind.
    pub standing: BTreeMap<&'static str, u64>,
}

impl<'a> AuditHeader<'a> {
    pub(in crate::report) fn new(names: &Names<'a>, context: &'a ReportContext, readings: &Readings) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::new(context),
            inventory: InventoryEntry::new(names.graph, context),
            readings: readings.settings().into_iter().collect(),
            assumptions: assumptions(names.graph, readings),
        }
    }
}

fn touched(touched: Touched, traffic: &TransportSet) -> TouchedEntry {
    TouchedEntry { peers: touched.peers, pairs: touched.pairs(), ports: traffic.breadth() }
}

/// Both families are meant, so everything either can carry is everything.
fn items(traffic: &TransportSet) -> Vec<Traffic> {
    let is_all = [Family::Ipv4, Family::Ipv6].map(|family| *traffic == TransportSet::universe(family));
    let family = if is_all == [false, true] { Family::Ipv6 } else { Family::Ipv4 };
    traffic.items(family).into_iter().map(Traffic::from).collect()
}

/// Returns what an IPv4 pair can carry besides this traffic.
pub(in crate::report) fn lacking(traffic: &TransportSet) -> Vec<Traffic> {
    let lacking = TransportSet::universe(Family::Ipv4).difference(traffic);
    lacking.items(Family::Ipv4).into_iter().map(Traffic::from).collect()
}

const fn direction(direction: Direction) -> DirectionName {
    match direction {
        Direction::Egress => DirectionName::Egress,
        Direction::Ingress => DirectionName::Ingress,
    }
}

impl<'a> MembershipEntry<'a> {
    pub(in crate::report) fn new(one: &AuditedMembership, names: &Names<'a>) -> Self {
        let interface = names.graph.interface(one.interface);
        let side = |direction| match direction {
            Direction::Egress => "egress",
            Direction::Ingress => "ingress",
        };
        let mut outside: Vec<String> = one
            .outside
            .iter()
            .map(|(kind, direction): &(ChangeKind, Direction)| {
                format!("{}-{}", kind.name(), side(*direction))
            })
            .collect();
        outside.sort();
        let mut orphans: Vec<&'static str> = one
            .orphans
            .iter()
            .map(|orphan| match orphan.kind {
                OrphanKind::InterfaceWithoutGroup(_) => "interface-without-group",
                OrphanKind::EmptyGroup(_) => "empty-group",
                OrphanKind::DanglingReference(..) => "dangling-reference",
                OrphanKind::ExternalConsumer { .. } => "external-consumer",
            })
            .collect();
        orphans.sort_unstable();
        Self {
            account_id: interface.owner.as_ref().map(|id| id.as_str()),
            region_id: interface.region.as_ref().map(|id| id.as_str()),
            vpc_id: interface.network.vpc().map(|id| id.as_str()),
            interface_id: names.interface(one.interface),
            instance_id: names.instance(one.interface),
            group_id: names.group(one.group),
            effect: one.effect.name(),
            consequence: one.consequence.name(),
            rank: one.consequence as u64,
            verdict: match one.verdict {
                SimulationVerdict::Safe => VerdictName::Safe,
                SimulationVerdict::Impact => VerdictName::Impact,
                SimulationVerdict::Undetermined => VerdictName::Undetermined,
            },
            lost: touched(one.lost, &one.lost_traffic),
            gained: touched(one.gained, &one.gained_traffic),
            undetermined_peers: one.undetermined.peers,
            cut_peers: one.cut_peers,
            maybe_cut_peers: one.maybe_cut_peers,
            isolates_itself: one.isolates_itself(),
            outside,
            lost_traffic: items(&one.lost_traffic),
            gained_traffic: items(&one.gained_traffic),
            orphans,
            refusals: one.refusals.iter().map(|refusal| refusal.code).collect(),
            witness: one.witness.as_ref().map(|witness| WitnessEntry {
                interface_id: names.interface(witness.peer),
                direction: direction(witness.direction),
                traffic: witness.traffic.items(witness.family).into_iter().map(Traffic::from).collect(),
                ix: witness.peer,
            }),
            ix: one.interface,
            group: one.group,
            refusal_texts: one
                .refusals
                .iter()
                .map(|refusal| format!("{} ({}), {}", refusal.code, refusal.http, refusal.message))
                .collect(),
        }
    }
}

impl<'a> StandingEntry<'a> {
    pub(in crate::report) fn new(risk: &StandingRisk, names: &Names<'a>) -> Self {
        let (ix, group, rules) = match &risk.kind {
            StandingKind::InterfaceWithoutGroup(ix) | StandingKind::IsolatedInterface(ix) => {
                (Some(*ix), None, Vec::new())
            }
            StandingKind::CarriedByOneMembership(ix, group) | StandingKind::SingleMemberGroup(group, ix) => {
                (Some(*ix), Some(*group), Vec::new())
            }
            StandingKind::EmptyGroup(group) => (None, Some(*group), Vec::new()),
            StandingKind::DanglingReference(group, naming) => {
                (None, Some(*group), naming.iter().map(|one| one.rule).collect())
            }
            StandingKind::RuleWithoutAddress(rule) | StandingKind::RuleAcrossVpcs(rule) => {
                (None, Some(rule.group), vec![*rule])
            }
        };
        let vpc = match (ix, group) {
            (Some(ix), _) => names.graph.interface(ix).network.vpc(),
            (None, Some(group)) => names.graph.group(group).and_then(|group| group.network.vpc()),
            (None, None) => None,
        };
        let id = |rule| names.graph.rule(rule).and_then(|rule| rule.id.as_ref()).map(|id| id.as_str());
        Self {
            risk: risk.kind.name(),
            certainty: risk.certainty.into(),
            vpc_id: vpc.map(|id| id.as_str()),
            interface_id: ix.map(|ix| names.interface(ix)),
            group_id: group.map(|group| names.group(group)),
            rule_ids: rules.iter().filter_map(|rule| id(*rule)).collect(),
            ix,
            group,
            rule: match rules.as_slice() {
                [only] => Some(only.index),
                _ => None,
            },
        }
    }
}

impl SummaryEntry {
    pub(in crate::report) fn new(summary: &AuditSummary) -> Self {
        Self {
            parts: summary.parts,
            memberships: summary.memberships,
            effects: summary.effects.iter().map(|(effect, count)| (effect.name(), *count)).collect(),
            consequences: summary.consequences.iter().map(|(one, count)| (one.name(), *count)).collect(),
            standing: summary.standing.clone(),
        }
    }
}
