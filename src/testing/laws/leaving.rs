//! Laws of leaving: which groups can be left without a loss, without a gain, or without anything.

use std::collections::{BTreeMap, BTreeSet};

use super::ground::{Checked, Dice, broken, effect, is_complete, named, pairs, pinned, run, same_effects};
use crate::evaluate::{ChangeKind, Readings};
use crate::graph::SecurityGraph;
use crate::inventory::{
    InnerAccessPolicy, Inventory, Memberships, RuleAction, RulePeer, SecurityGroup, SecurityGroupId,
    SecurityGroupRule, SecurityGroupType,
};
use crate::simulate::{Certainty, Change, EndpointSet};
use crate::testing::ArbRemoval;
use crate::testing::notation::sort;

/// The removals as plain departures, nobody joins.
pub(super) fn departures(removals: &[ArbRemoval]) -> Vec<ArbRemoval> {
    removals.iter().map(|removal| ArbRemoval { join: None, ..removal.clone() }).collect()
}

fn left(removals: &[ArbRemoval]) -> BTreeSet<&SecurityGroupId> {
    removals.iter().map(|removal| &removal.leave).collect()
}

fn names(rule: &SecurityGroupRule, groups: &BTreeSet<&SecurityGroupId>) -> bool {
    matches!(&rule.peer, RulePeer::Group { id, .. } if groups.contains(id))
}

/// Fails when the removals do anything but this to traffic, under settings that leave nothing open. What members of groups of
/// other accounts have of it is never certain, as their own side is not known.
fn only(kind: ChangeKind, inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let graph = SecurityGraph::new(inventory.clone());
    let simulation = run(&graph, &named(inventory, removals), pinned())?;
    let is_foreign = |end: &EndpointSet| matches!(end, EndpointSet::ForeignGroup { .. });
    let fits = |change: &Change| {
        let is_open = change.kind == ChangeKind::Undetermined;
        change.kind == kind || (is_open && change.sources.iter().chain(&change.destinations).any(is_foreign))
    };
    match simulation.impact.changes.iter().find(|change| !fits(change)) {
        Some(change) => broken(format!("not only {}: {change:?}", kind.name())),
        None => Ok(()),
    }
}

/// MR-4: leaving only takes access away when the groups left hold no Drop rule and no Drop rule names them.
pub fn leaving_without_drops_only_loses(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut other = inventory.clone();
    let gone = left(removals);
    for group in &mut other.groups {
        let is_left = gone.contains(&group.id);
        group.rules.retain(|rule| rule.action == RuleAction::Accept || !(is_left || names(rule, &gone)));
    }
    leaving_without_drops_only_loses_bare(&other, removals)
}

/// [`leaving_without_drops_only_loses`], drops and all.
pub(super) fn leaving_without_drops_only_loses_bare(
    inventory: &Inventory,
    removals: &[ArbRemoval],
) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    only(ChangeKind::Lost, inventory, &departures(removals))
}

/// Keeps the departures after which every interface is still in a group.
fn staying(inventory: &Inventory, removals: &[ArbRemoval]) -> Vec<ArbRemoval> {
    let mut left: BTreeMap<usize, usize> = BTreeMap::new();
    for interface in removals.iter().map(|removal| removal.interface) {
        *left.entry(interface).or_default() += 1;
    }
    let stays = |removal: &ArbRemoval| {
        let groups = inventory.interfaces.get(removal.interface).map(|interface| &interface.memberships);
        let count = left.get(&removal.interface).copied().unwrap_or_default();
        matches!(groups, Some(Memberships::Known(groups)) if groups.len() > count)
    };
    departures(removals).into_iter().filter(stays).collect()
}

/// MR-5: leaving only gives access when the groups left hold Drop rules only, do not connect their members, no Accept
/// rule names them, and another group is held.
pub fn leaving_drops_only_gains(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut other = inventory.clone();
    let gone = left(removals);
    for group in &mut other.groups {
        let is_left = gone.contains(&group.id);
        group.rules.retain(|rule| rule.action == RuleAction::Drop || !(is_left || names(rule, &gone)));
        if is_left {
            group.inner_access = Some(InnerAccessPolicy::Drop);
        }
    }
    leaving_drops_only_gains_bare(&other, &staying(inventory, removals))
}

/// [`leaving_drops_only_gains`], accepts and all.
pub(super) fn leaving_drops_only_gains_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    only(ChangeKind::Gained, inventory, &departures(removals))
}

/// A new group beside the one that is left.
pub(super) fn new_group(
    inventory: &Inventory,
    like: &SecurityGroupId,
    name: &str,
    inner_access: InnerAccessPolicy,
) -> Option<SecurityGroup> {
    let like = inventory.group(like).filter(|group| group.group_type.is_some())?;
    let inner_access = match like.group_type {
        Some(SecurityGroupType::Enterprise) => InnerAccessPolicy::Drop,
        _ => inner_access,
    };
    Some(SecurityGroup {
        id: SecurityGroupId::from(format!("sg-~{name}")),
        name: name.into(),
        inner_access: Some(inner_access),
        rules: Vec::new(),
        rule_gaps: Vec::new(),
        ..like.clone()
    })
}

/// Puts the interfaces that leave into new groups, each into one of its own, and lets them leave those instead. Where
/// rules or members may be missing, one of them may name the new group.
fn leaving_new_groups(inventory: &Inventory, removals: &[ArbRemoval], inner: InnerAccessPolicy) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    let mut other = inventory.clone();
    let mut leaving: Vec<ArbRemoval> = Vec::new();
    for removal in removals {
        if leaving.iter().any(|known| known.interface == removal.interface) {
            continue;
        }
        let Some(group) = new_group(inventory, &removal.leave, &format!("new-{}", leaving.len()), inner)
        else {
            continue;
        };
        if let Some(interface) = other.interfaces.get_mut(removal.interface)
            && let Memberships::Known(ids) = &mut interface.memberships
        {
            ids.push(group.id.clone());
            ids.sort_unstable();
            leaving.push(ArbRemoval { interface: removal.interface, leave: group.id.clone(), join: None });
            other.groups.push(group);
        }
    }
    sort(&mut other);
    leaving_a_silent_group_bare(&other, &leaving)
}

/// MR-9: leaving a group without rules that connects nobody and that nothing names changes no traffic.
pub fn leaving_a_silent_group(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    leaving_new_groups(inventory, removals, InnerAccessPolicy::Drop)
}

/// [`leaving_a_silent_group`] for any group.
pub(super) fn leaving_a_silent_group_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let graph = SecurityGraph::new(inventory.clone());
    let readings = Dice::of(inventory, removals).readings();
    let impact = run(&graph, &named(inventory, removals), readings)?.impact;
    if let Some(change) = impact.changes.iter().chain(&impact.session_risks).next() {
        return broken(format!("something changes: {change:?}"));
    }
    // Whether somebody is cut off may stay as open as it was.
    match impact.isolated.iter().find(|one| one.new && one.certainty == Certainty::Certain) {
        Some(one) => broken(format!("somebody is isolated: {one:?}")),
        None => Ok(()),
    }
}

/// MR-10: leaving a connected group without rules has no effect when nobody else is in it.
pub fn leaving_a_connected_group_alone(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    leaving_new_groups(inventory, removals, InnerAccessPolicy::Accept)
}

/// MR-28: moving to a group with the same rules changes nothing when the first one connects nobody and nothing names
/// it.
pub fn moving_to_a_clone(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut other = inventory.clone();
    let gone = left(removals);
    for group in &mut other.groups {
        group.rules.retain(|rule| !names(rule, &gone));
        if gone.contains(&group.id) {
            group.inner_access = Some(InnerAccessPolicy::Drop);
        }
    }
    moving_to_a_clone_bare(&other, removals)
}

/// [`moving_to_a_clone`] from any group.
pub(super) fn moving_to_a_clone_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    let mut other = inventory.clone();
    let mut moves = Vec::new();
    for removal in removals {
        let Some(group) = inventory.group(&removal.leave) else { continue };
        let name = format!("clone-{}", moves.len());
        if let Some(clone) = new_group(inventory, &removal.leave, &name, InnerAccessPolicy::Drop) {
            let clone = SecurityGroup { rules: group.rules.clone(), ..clone };
            moves.push(ArbRemoval { join: Some(clone.id.clone()), ..removal.clone() });
            other.groups.push(clone);
        }
    }
    sort(&mut other);
    leaving_a_silent_group_bare(&other, &moves)
}

fn without_drops(inventory: &Inventory) -> Inventory {
    let mut other = inventory.clone();
    for group in &mut other.groups {
        group.rules.retain(|rule| rule.action == RuleAction::Accept);
    }
    other
}

/// MR-7: joining one group more only adds access when no rule drops.
pub fn moving_without_drops_only_adds(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    moving_without_drops_only_adds_bare(&without_drops(inventory), removals)
}

/// [`moving_without_drops_only_adds`], drops and all: "more groups mean more access" is false.
pub(super) fn moving_without_drops_only_adds_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    // An interface can only be seen to join when it leaves; what it leaves here is silent.
    let mut other = inventory.clone();
    let mut joins = Vec::new();
    for removal in removals {
        let Some(interface) = other.interfaces.get_mut(removal.interface) else { continue };
        let Memberships::Known(ids) = &mut interface.memberships else { continue };
        let Some(target) = inventory.group(&removal.leave) else { continue };
        let name = format!("silent-{}", joins.len());
        let Some(silent) = new_group(inventory, &removal.leave, &name, InnerAccessPolicy::Drop) else {
            continue;
        };
        ids.retain(|id| *id != target.id);
        ids.push(silent.id.clone());
        ids.sort_unstable();
        joins.push(ArbRemoval {
            interface: removal.interface,
            leave: silent.id.clone(),
            join: Some(target.id.clone()),
        });
        other.groups.push(silent);
    }
    sort(&mut other);
    let graph = SecurityGraph::new(other);
    let simulation = run(&graph, &named(graph.inventory(), &joins), pinned())?;
    match simulation.impact.changes.iter().find(|change| change.kind != ChangeKind::Gained) {
        Some(change) => broken(format!("joining does not only add: {change:?}")),
        None => Ok(()),
    }
}

/// MR-8: a larger set of removals loses what a smaller one loses when no rule drops.
pub fn larger_removals_lose_more(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    larger_removals_lose_more_bare(&without_drops(inventory), removals)
}

/// [`larger_removals_lose_more`], drops and all (witness W1).
pub(super) fn larger_removals_lose_more_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    let all = departures(removals);
    let (some, _) = all.split_at(all.len().div_ceil(2));
    let graph = SecurityGraph::new(inventory.clone());
    let (fewer, more) =
        (run(&graph, &named(inventory, some), pinned())?, run(&graph, &named(inventory, &all), pinned())?);
    for pair in pairs(&[inventory], some, &mut Dice::of(inventory, removals)) {
        let (lost, also) = (effect(&fewer, pair).lost, effect(&more, pair).lost);
        if !lost.is_subset(&also) {
            return broken(format!("{pair:?}: fewer removals lose {lost:?}, more lose {also:?}"));
        }
    }
    Ok(())
}

/// Fails where the same removals do something else in the other estate, which has the same interfaces.
pub(super) fn same_in(
    inventory: &Inventory,
    other: &Inventory,
    removals: &[ArbRemoval],
    readings: Readings,
) -> Checked {
    let pairs = pairs(&[inventory, other], removals, &mut Dice::of(inventory, removals));
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other.clone()));
    let one = run(&first, &named(inventory, removals), readings)?;
    same_effects(&one, &run(&second, &named(other, removals), readings)?, &pairs, |end| end)
}
