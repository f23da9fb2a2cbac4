//! From a clearance to a plan.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::canonical::plan_id;
use super::chain::{Moves, Unit};
use super::cone::{Cone, ids};
use super::fingerprint;
use super::order::{NoOrder, Search};
use super::probe::probes;
use super::step::{
    Api, ApiChoice, LoweredRule, PLAN_VERSION, Plan, Promise, Rate, Region, RollbackPermission, Step, Target,
    Tool, WaiverUsed, Wave,
};
use super::steps::{Steps, interface_type};
use super::waves::waves;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::policy::{Clearance, Lowered, Origin, Review, Status};
use crate::simulate::{EndpointSet, Options, Quotas, Simulation, TargetForm};

/// Everything about a plan that the review does not say.
#[derive(Debug, Clone)]
pub struct DraftOptions<'o> {
    /// Which calls.
    pub api: Api,
    /// The limits of the account.
    pub quotas: Quotas,
    /// Now.
    pub created_at: Timestamp,
    /// When the export was taken, if that is known.
    pub taken_at: Option<Timestamp>,
    /// How long the plan may wait until it is begun, in seconds, from when the export was taken or else from now.
    pub max_age_seconds: u32,
    /// Not to be executed before.
    pub not_before: Option<Timestamp>,
    /// Not to be executed after.
    pub not_after: Option<Timestamp>,
    /// The account, where the export does not say.
    pub account: Option<String>,
    /// The region, where the export does not say.
    pub region: Option<String>,
    /// How many interfaces a wave may change.
    pub max_wave: usize,
    /// How long to wait after a wave, in seconds.
    pub soak_seconds: u32,
    /// How long to wait between a join and the leave that needs it, in seconds.
    pub wait_seconds: u32,
    /// Somebody attests that the caller may undo every call.
    pub rollback_attested: bool,
    /// The digest of the export.
    pub inventory_digest: &'o str,
    /// The version of this program.
    pub tool_version: &'o str,
    /// The rules that weigh less than their policy usually does.
    pub lowered: &'o [Lowered],
    /// Rules in Rego were asked as well.
    pub asks_rego: bool,
}

/// Why there is no plan, although no policy denies the change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DraftError {
    /// Nothing is to be changed.
    #[error("there is nothing to change")]
    Nothing,
    /// The verdict rests on facts that the export does not show, so no runner could check them.
    #[error("the export does not show {}", .0.join(", "))]
    Incomplete(Vec<String>),
    /// The API would refuse it.
    #[error("the API would refuse it: {}", .0.join("; "))]
    Refused(Vec<String>),
    /// Every order passes through a state that is worse than before and after.
    #[error("no order of the steps is safe: {}", .0.join("; "))]
    NoSafeOrder(Vec<String>),
    /// Nobody knows whether there is an order.
    #[error("no safe order was found among the {0} states that were looked at")]
    OrderTooHard(usize),
    /// The account is not known.
    #[error("the export does not say whose account it is")]
    NoAccount,
    /// The interfaces belong to several accounts, or to another one than the caller said.
    #[error("the interfaces belong to {}, and a plan is for one account", .0.join(" and "))]
    Accounts(Vec<String>),
    /// The region of an interface is not known.
    #[error("the export does not say in which region {0} is")]
    NoRegion(String),
    /// The export is older than the plan may be, or comes from the future.
    #[error("the export was taken at {0}, and the plan would not live to be made")]
    OtherTime(String),
    /// The plan cannot be written.
    #[error("the plan cannot be written: {0}")]
    Unwritable(String),
}

/// How many reasons an error names.
const REASONS: usize = 5;

/// Makes the plan of a change that nothing stands against: calls, order, way back, and what has to be true.
///
/// # Errors
/// [`DraftError`] where the export does not show enough, the API would refuse, or no order is safe.
pub fn draft(clearance: &Clearance<'_>, options: &DraftOptions<'_>) -> Result<Plan, DraftError> {
    let review = clearance.review();
    let simulation = review.simulation();
    let graph = simulation.graph;
    let removals = &simulation.removals;
    if removals.is_empty() {
        return Err(DraftError::Nothing);
    }
    let expires_at = expiry(options)?;
    let refusals = removals.iter().flat_map(|removal| &removal.refusals);
    let refusals: Vec<String> =
        refusals.map(|refusal| format!("{} ({})", refusal.message, refusal.code)).take(REASONS).collect();
    if !refusals.is_empty() {
        return Err(DraftError::Refused(refusals));
    }
    let moves = Moves::new(graph, removals, options.api, &options.quotas);
    let place = Place::find(graph, &moves.units, options)?;
    let region = |interface: InterfaceIx| place.regions.get(&interface).cloned().unwrap_or_default();
    let rules = review.rules();
    let labels = options.asks_rego || !rules.files.is_empty();
    let counts_sources = rules.rules.iter().any(|rule| rule.code == "minimum-sources");
    let mut cone = Cone {
        graph,
        units: &moves.units,
        region: &region,
        labels,
        whole: &|_| counts_sources,
        unknown: BTreeSet::new(),
    };
    let watch = cone.watch();
    let gaps = graph.inventory().gaps.iter().map(|gap| format!("{} ({})", gap.what, gap.code));
    let unknown: Vec<String> = gaps.chain(cone.unknown).take(REASONS).collect();
    if !unknown.is_empty() {
        return Err(DraftError::Incomplete(unknown));
    }
    let judging = Options { readings: simulation.readings, quotas: options.quotas };
    let mut search = Search::new(&moves, review.reviewer(), judging);
    let order = search.order().map_err(|none| match none {
        NoOrder::None(mut worse) => {
            worse.truncate(REASONS);
            DraftError::NoSafeOrder(worse)
        }
        NoOrder::TooHard(states) => DraftError::OrderTooHard(states),
    })?;
    let waves = waves(&order, &moves, &mut search, options.max_wave);
    let steps = Steps { review, moves: &moves, regions: &place.regions, options }.in_order(&order);
    let id_of: BTreeMap<usize, &str> =
        order.iter().copied().zip(steps.iter().map(|step| step.id.as_str())).collect();
    let wave = |(nth, wave): (usize, &Vec<usize>)| Wave {
        wave: u32::try_from(nth + 1).unwrap_or(u32::MAX),
        canary: nth == 0,
        steps: wave.iter().filter_map(|call| id_of.get(call)).map(|id| (*id).to_owned()).collect(),
    };
    let waves: Vec<Wave> = waves.iter().enumerate().map(wave).collect();
    let last_step = |interface: InterfaceIx| {
        let id = graph.interface(interface).id.as_str();
        let is_its = |step: &Step| step.expect.interface.network_interface_id == id;
        steps.iter().rposition(is_its).and_then(|at| Some((at, steps.get(at)?.id.clone())))
    };
    let probes = probes(simulation, review.reviewer().simulator().compiled(), &moves.units, &last_step);
    let left: BTreeSet<GroupIx> = removals.iter().map(|removal| removal.group).collect();
    let totals = &simulation.impact.totals;
    let written = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut plan = Plan {
        kind: "plan".to_owned(),
        plan_version: PLAN_VERSION,
        plan_id: String::new(),
        tool: Tool { name: "sgleave".to_owned(), version: options.tool_version.to_owned() },
        created_at: written(options.created_at),
        expires_at: written(expires_at),
        not_before: options.not_before.map(written),
        not_after: options.not_after.map(written),
        account_id: place.account,
        regions: place
            .regions
            .values()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|region| Region { region_id: region.clone(), api: "Ecs/2014-05-26".to_owned() })
            .collect(),
        inventory_digest: options.inventory_digest.to_owned(),
        inventory_taken_at: options.taken_at.map(written),
        incomplete_inputs: Vec::new(),
        readings: simulation
            .readings
            .settings()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        policy_digest: rules.digest.clone(),
        verdict: simulation.verdict.name().to_owned(),
        review: review.outcome().name().to_owned(),
        waivers: waivers_used(review),
        known_findings: known_findings(review),
        lowered: options.lowered.iter().map(lowered).collect(),
        assumptions: assumptions(review, options),
        api: api_choice(options.api),
        rollback_permission: match (options.api, options.rollback_attested) {
            (_, true) => RollbackPermission::Attested,
            (Api::Modify, false) => RollbackPermission::SameCall,
            (Api::Leave, false) => RollbackPermission::NotKnown,
        },
        order: steps.iter().map(|step| step.id.clone()).collect(),
        waves,
        soak_seconds: options.soak_seconds,
        rate: Rate { reads_per_minute: 300, writes_per_minute: 60 },
        stop_rule: "Stop at the first deviation from what a step expects, after a call whose outcome cannot be read, and \
                    after a wave without evidence of health."
            .to_owned(),
        keep_groups: ids(graph, &left),
        targets: targets(graph, &moves.units, &place.regions, labels),
        watch,
        probes,
        steps,
        promise: Promise {
            pairs_lost: totals.pairs_lost,
            pairs_gained: totals.pairs_gained,
            pairs_undetermined: totals.pairs_undetermined,
            isolated: totals.isolated,
            changes_sha256: changes_digest(simulation),
        },
    };
    plan.plan_id = plan_id(&plan).map_err(|error| DraftError::Unwritable(error.to_string()))?;
    Ok(plan)
}

/// The end of the time in which a plan may be begun; it lies after the time at which the plan is made.
fn expiry(options: &DraftOptions<'_>) -> Result<Timestamp, DraftError> {
    let lifetime = SignedDuration::from_secs(options.max_age_seconds.into());
    let begin = options.taken_at.unwrap_or(options.created_at);
    let end = begin.saturating_add(lifetime).unwrap_or(begin);
    if begin > options.created_at || end <= options.created_at {
        return Err(DraftError::OtherTime(begin.to_string()));
    }
    Ok(end)
}

/// Where the interfaces are, and whose they are.
struct Place {
    account: String,
    regions: BTreeMap<InterfaceIx, String>,
}

impl Place {
    fn find(graph: &SecurityGraph, units: &[Unit], options: &DraftOptions<'_>) -> Result<Self, DraftError> {
        let mut accounts: BTreeSet<String> = options.account.iter().cloned().collect();
        let mut regions = BTreeMap::new();
        for unit in units {
            let described = graph.interface(unit.interface);
            accounts.extend(described.owner.iter().map(ToString::to_string));
            let instance = graph.instance_of(unit.interface).and_then(|instance| instance.region.as_ref());
            let region = described.region.as_ref().or(instance).map(ToString::to_string);
            let region = region.or_else(|| options.region.clone());
            let region = region.ok_or_else(|| DraftError::NoRegion(described.id.to_string()))?;
            regions.insert(unit.interface, region);
        }
        let mut accounts: Vec<String> = accounts.into_iter().collect();
        match (accounts.pop(), accounts.is_empty()) {
            (Some(account), true) => Ok(Self { account, regions }),
            (None, _) => Err(DraftError::NoAccount),
            (Some(account), false) => {
                accounts.push(account);
                Err(DraftError::Accounts(accounts))
            }
        }
    }
}

fn targets(
    graph: &SecurityGraph,
    units: &[Unit],
    regions: &BTreeMap<InterfaceIx, String>,
    labels: bool,
) -> BTreeMap<String, Target> {
    let target = |unit: &Unit| {
        let described = graph.interface(unit.interface);
        let target = Target {
            instance_id: described.instance.as_ref().map(ToString::to_string),
            interface_type: interface_type(described.kind).to_owned(),
            region_id: regions.get(&unit.interface).cloned().unwrap_or_default(),
            vpc_id: described.network.vpc().map(ToString::to_string).unwrap_or_default(),
            groups_before: ids(graph, &unit.start),
            groups_after: ids(graph, &unit.end),
            addresses_sha256: fingerprint::addresses(&described.addresses),
            labels_sha256: labels.then(|| fingerprint::labels(graph, unit.interface)),
        };
        (described.id.to_string(), target)
    };
    units.iter().map(target).collect()
}

fn waivers_used(review: &Review<'_>) -> Vec<WaiverUsed> {
    let used: BTreeSet<usize> = review
        .findings()
        .iter()
        .filter_map(|finding| match finding.status {
            Status::Waived(at) => Some(at),
            Status::Effective | Status::Known => None,
        })
        .collect();
    let waivers = used.into_iter().filter_map(|at| review.waivers().get(at));
    waivers
        .map(|waiver| WaiverUsed {
            id: waiver.id.clone(),
            policy: waiver.policy.clone(),
            subject: waiver.subject.clone(),
            reason: waiver.reason.clone(),
            owner: waiver.owner.clone(),
            until: waiver.until.map(|until| until.to_string()),
        })
        .collect()
}

fn known_findings(review: &Review<'_>) -> Vec<String> {
    let graph = review.simulation().graph;
    let known = review.findings().iter().filter(|finding| finding.status == Status::Known);
    known.map(|finding| finding.key(graph)).collect::<BTreeSet<_>>().into_iter().collect()
}

fn lowered(rule: &Lowered) -> LoweredRule {
    LoweredRule {
        id: rule.id.clone(),
        policy: rule.code.to_owned(),
        level: rule.level.name().to_owned(),
        usual: rule.usual.name().to_owned(),
    }
}

fn assumptions(review: &Review<'_>, options: &DraftOptions<'_>) -> Vec<String> {
    let simulation = review.simulation();
    let mut found: BTreeSet<String> = BTreeSet::new();
    if options.taken_at.is_none() {
        found.insert(
            "when the export was taken is not known; the runner reads every watched fact again".to_owned(),
        );
    }
    for removal in &simulation.removals {
        let name = match (removal.form, &simulation.graph.interface(removal.interface).instance) {
            (TargetForm::Instance, Some(instance)) => instance.to_string(),
            _ => simulation.graph.interface(removal.interface).id.to_string(),
        };
        found.extend(removal.unchecked.iter().map(|what| {
            format!("the {what} of {name} is not in the export; the runner reads what the API shows of it")
        }));
    }
    found.extend(simulation.undetermined_because.iter().map(|why| format!("undetermined: {why}")));
    if review.findings().iter().any(|finding| finding.origin == Origin::Rego) {
        found.insert(
            "rules in Rego were asked about the end of the change, not about the states on the way"
                .to_owned(),
        );
    }
    found.insert(
        "services outside ECS that admit the members of a group are known only where the export names them"
            .to_owned(),
    );
    found.into_iter().collect()
}

fn api_choice(choice: Api) -> ApiChoice {
    let (why, hazard) = match choice {
        Api::Modify => (
            "The whole list of groups is replaced, as the vendor recommends; several groups of one interface go in one call.",
            "A change that somebody else makes between the last look and the call would be overwritten: the exact list is \
             read directly before, and read again directly after.",
        ),
        Api::Leave => (
            "One membership is left or joined a call, so a change that somebody else makes meanwhile cannot be overwritten.",
            "The vendor does not recommend these calls, and going back needs the permission for another call.",
        ),
    };
    ApiChoice { choice, why: why.to_owned(), hazard: hazard.to_owned() }
}

/// Returns the digest of every change of traffic.
pub(super) fn changes_digest(simulation: &Simulation<'_>) -> String {
    let graph = simulation.graph;
    let end = |set: &EndpointSet| match set {
        EndpointSet::Interface { interface, addresses } => {
            let addresses: Vec<String> = addresses.iter().map(|address| address.block.to_string()).collect();
            format!("{}@{}", graph.interface(*interface).id, addresses.join("+"))
        }
        EndpointSet::External { blocks } => {
            let blocks: Vec<String> = blocks.iter().map(ToString::to_string).collect();
            format!("outside@{}", blocks.join("+"))
        }
        EndpointSet::ForeignGroup { group } => graph.group_id(*group).to_string(),
    };
    let ends = |sets: &[EndpointSet]| sets.iter().map(end).collect::<Vec<_>>().join(",");
    let lines = simulation.impact.changes.iter().map(|change| {
        let items: Vec<String> =
            change.traffic.items(change.family).iter().map(ToString::to_string).collect();
        let (from, to) = (ends(&change.sources), ends(&change.destinations));
        format!("{} {from} > {to} {}", change.kind.name(), items.join(" "))
    });
    fingerprint::statements(lines)
}
