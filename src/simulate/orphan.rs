//! Orphan risks: what is left behind, new or already there.

use std::collections::{BTreeMap, BTreeSet};

use super::impact::{Certainty, OrphanKind, OrphanRisk};
use super::removal::JudgedRemoval;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::VpcId;

/// What is orphaned already, whatever is proposed.
#[derive(Debug)]
pub(super) struct Standing {
    without_group: Vec<InterfaceIx>,
    /// The groups of each VPC without known members.
    empty: BTreeMap<VpcId, Vec<GroupIx>>,
    /// A gap of the export, or an interface whose groups are unknown, may hide a member.
    unseen_members: bool,
}

impl Standing {
    /// Linear in groups, interfaces and memberships.
    pub(super) fn new(graph: &SecurityGraph) -> Self {
        let view = graph.baseline();
        let is_without =
            |interface: &InterfaceIx| view.groups_of(*interface).is_some_and(|groups| groups.is_empty());
        let mut empty: BTreeMap<VpcId, Vec<GroupIx>> = BTreeMap::new();
        for group in graph.groups() {
            let vpc = graph.group(group).and_then(|described| described.network.vpc());
            if let Some(vpc) = vpc.filter(|_| view.members_of(group).is_empty()) {
                empty.entry(vpc.clone()).or_default().push(group);
            }
        }
        Self {
            without_group: graph.interfaces().filter(is_without).collect(),
            empty,
            unseen_members: !graph.inventory().gaps.is_empty()
                || graph.interfaces().any(|interface| view.groups_of(interface).is_none()),
        }
    }

    /// Returns the orphan risks of the VPCs the change touches, sorted, the new ones marked. The cost follows the
    /// members and references of the groups that are left or joined.
    pub(super) fn orphans(
        &self,
        before: &View<'_>,
        after: &View<'_>,
        removals: &[JudgedRemoval],
    ) -> Vec<OrphanRisk> {
        let graph = before.graph();
        let mut found = BTreeSet::new();
        let changed = removals.iter().map(|removal| removal.interface);
        for interface in self.without_group.iter().copied().chain(changed) {
            if after.groups_of(interface).is_some_and(|groups| groups.is_empty()) {
                let new = !before.groups_of(interface).is_some_and(|groups| groups.is_empty());
                let kind = OrphanKind::InterfaceWithoutGroup(interface);
                found.insert(OrphanRisk { kind, new, certainty: Certainty::Certain });
            }
        }
        let touched = removals.iter().flat_map(|removal| [Some(removal.group), removal.join]).flatten();
        let vpcs: BTreeSet<&VpcId> =
            removals.iter().filter_map(|removal| graph.interface(removal.interface).network.vpc()).collect();
        let standing = vpcs.iter().filter_map(|vpc| self.empty.get(*vpc)).flatten().copied();
        let groups: BTreeSet<GroupIx> = touched.chain(standing).collect();
        let certainty = if self.unseen_members { Certainty::Possible } else { Certainty::Certain };
        for group in groups {
            if !after.members_of(group).is_empty() {
                continue;
            }
            let new = !before.members_of(group).is_empty();
            found.insert(OrphanRisk { kind: OrphanKind::EmptyGroup(group), new, certainty });
            let naming = graph.authorizations_of(group);
            if !naming.is_empty() {
                let kind = OrphanKind::DanglingReference(group, naming);
                found.insert(OrphanRisk { kind, new, certainty });
            }
        }
        found.extend(lost_consumers(graph, after, removals));
        found.into_iter().collect()
    }
}

/// Law 8: a database admits the members of a group; leaving the group ends the admission (A19: a certain loss),
/// unless another of the interface's groups is admitted to the same service.
fn lost_consumers(graph: &SecurityGraph, after: &View<'_>, removals: &[JudgedRemoval]) -> Vec<OrphanRisk> {
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
