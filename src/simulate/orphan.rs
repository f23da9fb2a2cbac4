//! Orphan risks: what is left behind, new or already there.

use std::collections::BTreeSet;

use super::impact::{Certainty, OrphanKind, OrphanRisk};
use super::removal::JudgedRemoval;
use crate::graph::{GroupIx, SecurityGraph, View};
use crate::inventory::VpcId;

/// Returns the orphan risks of the VPCs the change touches, sorted, the new ones marked. Linear in their groups,
/// memberships and references.
pub(super) fn orphans(before: &View<'_>, after: &View<'_>, removals: &[JudgedRemoval]) -> Vec<OrphanRisk> {
    let graph = before.graph();
    let mut found = BTreeSet::new();
    for interface in graph.interfaces() {
        if after.groups_of(interface).is_some_and(|groups| groups.is_empty()) {
            let new = !before.groups_of(interface).is_some_and(|groups| groups.is_empty());
            let kind = OrphanKind::InterfaceWithoutGroup(interface);
            found.insert(OrphanRisk { kind, new, certainty: Certainty::Certain });
        }
    }
    let touched: BTreeSet<GroupIx> =
        removals.iter().flat_map(|removal| [Some(removal.group), removal.join]).flatten().collect();
    let vpcs: BTreeSet<&VpcId> =
        removals.iter().filter_map(|removal| graph.interface(removal.interface).network.vpc()).collect();
    // A gap of the export, or an interface whose groups are unknown, may hide a member.
    let unseen_members = !graph.inventory().gaps.is_empty()
        || graph.interfaces().any(|interface| before.groups_of(interface).is_none());
    for group in graph.groups() {
        let in_vpc = graph.group(group).and_then(|g| g.network.vpc()).is_some_and(|vpc| vpcs.contains(vpc));
        if !touched.contains(&group) && !in_vpc {
            continue;
        }
        if !after.members_of(group).is_empty() {
            continue;
        }
        let new = !before.members_of(group).is_empty();
        let certainty = if unseen_members { Certainty::Possible } else { Certainty::Certain };
        found.insert(OrphanRisk { kind: OrphanKind::EmptyGroup(group), new, certainty });
        let naming = graph.authorizations_of(group);
        if !naming.is_empty() {
            let kind = OrphanKind::DanglingReference(group, naming);
            found.insert(OrphanRisk { kind, new, certainty });
        }
    }
    found.extend(lost_consumers(graph, removals));
    found.into_iter().collect()
}

/// Law 8: a database admits the members of a group; leaving the group ends the admission (A19: a certain loss),
/// unless another of the interface's groups is admitted to the same service.
fn lost_consumers(graph: &SecurityGraph, removals: &[JudgedRemoval]) -> Vec<OrphanRisk> {
    let after = super::judge::outcome(graph, removals);
    let mut found = Vec::new();
    for consumer in &graph.inventory().consumers {
        let Some(group) = graph.find_group(&consumer.group) else { continue };
        let admitted: BTreeSet<GroupIx> = graph
            .inventory()
            .consumers
            .iter()
            .filter(|other| other.kind == consumer.kind && other.id == consumer.id)
            .filter_map(|other| graph.find_group(&other.group))
            .collect();
        let interfaces: BTreeSet<_> = removals
            .iter()
            .filter(|removal| removal.group == group)
            .map(|removal| removal.interface)
            .filter(|interface| !admitted.iter().any(|other| after.is_member(*interface, *other)))
            .collect();
        if !interfaces.is_empty() {
            let kind = OrphanKind::ExternalConsumer {
                group,
                consumer: consumer.kind.clone(),
                consumer_id: consumer.id.clone(),
                interfaces: interfaces.into_iter().collect(),
            };
            found.push(OrphanRisk { kind, new: true, certainty: Certainty::Certain });
        }
    }
    found
}
