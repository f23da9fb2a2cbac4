//! A fresh export against a plan: was it begun, is it done, has anything else moved, and is the promise kept?

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::chain::Unit;
use super::cone::Cone;
use super::draft::changes_digest;
use super::fingerprint;
use super::step::{Plan, Step, Value};
use crate::evaluate::{ReadingSetting, Readings};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{GroupIds, Inventory, Memberships, SecurityGroupId, VpcId};
use crate::simulate::{Options, Removal, Simulation, simulate};

/// How far a plan was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// No step was made.
    NotStarted,
    /// The first steps were made, so many.
    Partly(usize),
    /// Every step was made.
    Done,
    /// The targets are in no state that the plan passes through.
    Elsewhere,
}

/// One fact that is not as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Drift {
    /// The id of the interface, group or list.
    pub subject: String,
    /// What differs.
    pub what: String,
}

/// What a fresh export says of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How far it was carried out.
    pub progress: Progress,
    /// What else is not as the plan has it, sorted.
    pub drifts: Vec<Drift>,
    /// Whether the change, made in the fresh export, does to traffic what the plan says; `None` where it cannot be made.
    pub promise_holds: Option<bool>,
    /// What the fresh export does not show. Not empty means: nothing above is certain.
    pub gaps: Vec<String>,
}

/// A plan and an export that do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum VerifyError {
    /// No interface of the plan is in the export.
    #[error("no interface of the plan is in the export")]
    OtherEstate,
    /// The plan is for another account.
    #[error("the plan is for account {plan}, and {interface} belongs to {export}")]
    OtherAccount {
        /// The account of the plan.
        plan: String,
        /// An interface of the plan.
        interface: String,
        /// Its account in the export.
        export: String,
    },
}

/// Holds a fresh export against a plan.
///
/// # Errors
/// [`VerifyError`] when the two do not belong together.
pub fn verify(plan: &Plan, inventory: &Inventory) -> Result<Verification, VerifyError> {
    let mut drifts: BTreeSet<Drift> = BTreeSet::new();
    let mut drift = |subject: &str, what: String| drifts.insert(Drift { subject: subject.to_owned(), what });
    let mut found = 0;
    for (id, target) in &plan.targets {
        let Some(interface) = inventory.interface(&id.as_str().into()) else {
            drift(id, "the interface is gone".to_owned());
            continue;
        };
        found += 1;
        if let Some(owner) = interface.owner.as_ref().filter(|owner| owner.as_str() != plan.account_id) {
            return Err(VerifyError::OtherAccount {
                plan: plan.account_id.clone(),
                interface: id.clone(),
                export: owner.to_string(),
            });
        }
        if interface.instance.as_ref().map(ToString::to_string) != target.instance_id {
            drift(id, "it is attached to another instance".to_owned());
        }
        if interface.network.vpc().map(ToString::to_string).as_ref() != Some(&target.vpc_id) {
            drift(id, "it is in another VPC".to_owned());
        }
        if fingerprint::addresses(&interface.addresses) != target.addresses_sha256 {
            drift(id, "it has other addresses".to_owned());
        }
    }
    if found == 0 {
        return Err(VerifyError::OtherEstate);
    }
    let progress = progress(plan, inventory);
    if progress == Progress::Elsewhere {
        for (id, target) in &plan.targets {
            let groups = groups_of(inventory, id);
            let on_the_way = |step: &&Step| step.expect.interface.network_interface_id == *id;
            let mut ways = plan.steps.iter().filter(on_the_way).map(|step| &step.after.security_group_ids);
            if groups.as_ref() != Some(&target.groups_before) && !ways.any(|way| groups.as_ref() == Some(way))
            {
                let now =
                    groups.map_or_else(|| "groups that nobody knows".to_owned(), |groups| groups.join(", "));
                drift(id, format!("it is in {now}"));
            }
        }
        // Each may be where the plan passes through, yet not all at once.
        if drifts.is_empty() {
            drifts.insert(Drift {
                subject: plan.plan_id.clone(),
                what: "steps were made out of order".to_owned(),
            });
        }
    }
    let gaps: Vec<String> = inventory.gaps.iter().map(|gap| format!("{} ({})", gap.what, gap.code)).collect();
    let original = with_targets(plan, inventory);
    let graph = SecurityGraph::new(original);
    watched(plan, &graph, &mut drifts);
    let again = again(plan, &graph);
    if progress != Progress::Done {
        for removal in again.iter().flat_map(|simulation| &simulation.removals) {
            for refusal in &removal.refusals {
                drifts.insert(Drift {
                    subject: graph.interface(removal.interface).id.to_string(),
                    what: format!("the API would refuse it now: {} ({})", refusal.message, refusal.code),
                });
            }
        }
    }
    let promise_holds = again.map(|simulation| changes_digest(&simulation) == plan.promise.changes_sha256);
    Ok(Verification { progress, drifts: drifts.into_iter().collect(), promise_holds, gaps })
}

/// Returns the inventory once the first steps are made: their calls, taken literally.
#[must_use]
pub fn carried_out(plan: &Plan, inventory: &Inventory, steps: usize) -> Inventory {
    let mut inventory = inventory.clone();
    for step in plan.steps.iter().take(steps) {
        let text = |name: &str| match step.params.get(name) {
            Some(Value::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let list = |name: &str| match step.params.get(name) {
            Some(Value::List(list)) => list.clone(),
            _ => Vec::new(),
        };
        let interface = inventory.interfaces.iter_mut().find(|interface| match text("NetworkInterfaceId") {
            Some(id) => interface.id.as_str() == id,
            None => {
                let is_of = interface.instance.as_ref().map(crate::inventory::InstanceId::as_str)
                    == text("InstanceId");
                is_of && interface.kind == crate::inventory::InterfaceKind::Primary
            }
        });
        let Some(interface) = interface else { continue };
        let Memberships::Known(groups) = &mut interface.memberships else { continue };
        let group = text("SecurityGroupId").map(SecurityGroupId::from);
        match step.action.as_str() {
            "ModifyInstanceAttribute" => *groups = as_ids(&list("SecurityGroupIds")),
            "ModifyNetworkInterfaceAttribute" => *groups = as_ids(&list("SecurityGroupId")),
            "LeaveSecurityGroup" => groups.retain(|one| Some(&*one) != group.as_ref()),
            "JoinSecurityGroup" => groups.extend(group),
            _ => {}
        }
        groups.sort();
        groups.dedup();
    }
    inventory
}

fn as_ids(list: &[String]) -> GroupIds {
    list.iter().map(|id| id.as_str().into()).collect()
}

fn groups_of(inventory: &Inventory, interface: &str) -> Option<Vec<String>> {
    match &inventory.interface(&interface.into())?.memberships {
        Memberships::Known(groups) => Some(groups.iter().map(ToString::to_string).collect()),
        Memberships::Unknown => None,
    }
}

/// Finds how many of the steps are made: the first so many of them and no other.
fn progress(plan: &Plan, inventory: &Inventory) -> Progress {
    let now: BTreeMap<&str, Option<Vec<String>>> =
        plan.targets.keys().map(|id| (id.as_str(), groups_of(inventory, id))).collect();
    let mut state: BTreeMap<&str, Option<Vec<String>>> =
        plan.targets.iter().map(|(id, target)| (id.as_str(), Some(target.groups_before.clone()))).collect();
    let mut made = 0;
    loop {
        if state == now {
            return match made {
                0 => Progress::NotStarted,
                made if made == plan.steps.len() => Progress::Done,
                made => Progress::Partly(made),
            };
        }
        let Some(step) = plan.steps.get(made) else { return Progress::Elsewhere };
        state
            .insert(&step.expect.interface.network_interface_id, Some(step.after.security_group_ids.clone()));
        made += 1;
    }
}

/// Returns the inventory with the targets in the groups they had when the plan was made.
fn with_targets(plan: &Plan, inventory: &Inventory) -> Inventory {
    let mut inventory = inventory.clone();
    for interface in &mut inventory.interfaces {
        if let Some(target) = plan.targets.get(interface.id.as_str()) {
            interface.memberships = Memberships::Known(as_ids(&target.groups_before));
        }
    }
    inventory
}

/// Compares every watched fact.
fn watched(plan: &Plan, graph: &SecurityGraph, drifts: &mut BTreeSet<Drift>) {
    let groups = |ids: &[String]| -> BTreeSet<GroupIx> {
        ids.iter().filter_map(|id| graph.find_group(&id.as_str().into())).collect()
    };
    let units = plan.targets.iter().filter_map(|(id, target)| {
        let interface = graph.find_interface(&id.as_str().into())?;
        Some(Unit { interface, start: groups(&target.groups_before), end: groups(&target.groups_after) })
    });
    let units: Vec<Unit> = units.collect();
    let region = |interface: InterfaceIx| {
        let target = plan.targets.get(graph.interface(interface).id.as_str());
        target.map(|target| target.region_id.clone()).unwrap_or_default()
    };
    let is_whole =
        |vpc: &VpcId| plan.watch.vpcs.iter().any(|one| one.vpc_id == vpc.as_str() && one.everything);
    let labels = plan.watch.labels;
    let mut cone =
        Cone { graph, units: &units, region: &region, labels, whole: &is_whole, unknown: BTreeSet::new() };
    let fresh = cone.watch();
    for unit in units.iter().filter(|_| labels) {
        let id = graph.interface(unit.interface).id.as_str();
        let was = plan.targets.get(id).and_then(|target| target.labels_sha256.as_ref());
        if was != Some(&fingerprint::labels(graph, unit.interface)) {
            let what = "its names or tags changed, and rules select by them".to_owned();
            drifts.insert(Drift { subject: id.to_owned(), what });
        }
    }
    for what in std::mem::take(&mut cone.unknown) {
        drifts.insert(Drift { subject: "export".to_owned(), what: format!("it does not show {what}") });
    }
    let was = &plan.watch;
    differences(
        &was.groups,
        &fresh.groups,
        "the group",
        "its rules, its type, its inner access policy or its name",
        drifts,
    );
    differences(&was.references, &fresh.references, "the group", "the groups whose rules name it", drifts);
    differences(&was.prefix_lists, &fresh.prefix_lists, "the prefix list", "its entries", drifts);
    differences(&was.port_lists, &fresh.port_lists, "the port list", "its entries", drifts);
    for vpc in &was.vpcs {
        let none = BTreeMap::new();
        let now = fresh.vpcs.iter().find(|other| other.vpc_id == vpc.vpc_id);
        let now = now.map_or(&none, |other| &other.interfaces);
        differences(
            &vpc.interfaces,
            now,
            "the peer",
            "its groups, its addresses, its names or its tags",
            drifts,
        );
    }
}

fn differences<T: PartialEq>(
    was: &BTreeMap<String, T>,
    now: &BTreeMap<String, T>,
    noun: &str,
    what: &str,
    drifts: &mut BTreeSet<Drift>,
) {
    for id in was.keys().chain(now.keys()).collect::<BTreeSet<_>>() {
        let what = match (was.get(id), now.get(id)) {
            (Some(was), Some(now)) if was == now => continue,
            (Some(_), Some(_)) => format!("{what} changed"),
            (Some(_), None) => format!("{noun} is gone, or no longer concerned"),
            (None, _) => format!("{noun} is new, or newly concerned"),
        };
        drifts.insert(Drift { subject: id.clone(), what });
    }
}

/// Makes the change again in the fresh estate, if it can be made there.
fn again<'g>(plan: &Plan, graph: &'g SecurityGraph) -> Option<Simulation<'g>> {
    let mut readings = Readings::default();
    for (name, value) in &plan.readings {
        readings = readings.with(format!("{name}={value}").parse::<ReadingSetting>().ok()?);
    }
    let mut removals = Vec::new();
    for (id, target) in &plan.targets {
        let only = |these: &[String], those: &[String]| -> Vec<String> {
            these.iter().filter(|group| !those.contains(group)).cloned().collect()
        };
        let left = only(&target.groups_before, &target.groups_after);
        let mut joined = only(&target.groups_after, &target.groups_before).into_iter();
        for group in left {
            removals.push(Removal { target: id.clone(), group, join: joined.next() });
        }
    }
    let options = Options { readings, ..Options::default() };
    simulate(graph, &removals, &options).ok()
}
