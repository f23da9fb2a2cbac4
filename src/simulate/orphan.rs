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
        found.extend(without_group(self.without_group.iter().copied().chain(changed), before, after));
        let touched = removals.iter().flat_map(|removal| [Some(removal.group), removal.join]).flatten();
        let vpcs: BTreeSet<&VpcId> =
            removals.iter().filter_map(|removal| graph.interface(removal.interface).network.vpc()).collect();
        let standing = vpcs.iter().filter_map(|vpc| self.empty.get(*vpc)).flatten().copied();
        let groups: BTreeSet<GroupIx> = touched.chain(standing).collect();
        for group in groups {
            if after.members_of(group).is_empty() {
                found.extend(self.emptied(graph, group, !before.members_of(group).is_empty()));
            }
        }
        found.extend(lost_consumers(graph, after, removals));
        found.into_iter().collect()
    }

    /// Returns the new orphan risks of one membership that goes, sorted. `is_last` tells whether the interface is the
    /// only known member of the group.
    pub(super) fn orphans_of_one(
        &self,
        before: &View<'_>,
        after: &View<'_>,
        removal: &JudgedRemoval,
        is_last: bool,
    ) -> Vec<OrphanRisk> {
        let graph = before.graph();
        let mut found: BTreeSet<OrphanRisk> =
            without_group([removal.interface].into_iter(), before, after).collect();
        if is_last {
            found.extend(self.emptied(graph, removal.group, true));
        }
        found.extend(lost_consumers(graph, after, std::slice::from_ref(removal)));
        found.into_iter().collect()
    }

    /// Returns what a group without members leaves behind.
    fn emptied(&self, graph: &SecurityGraph, group: GroupIx, new: bool) -> Vec<OrphanRisk> {
        let certainty = if self.unseen_members { Certainty::Possible } else { Certainty::Certain };
        let naming = graph.authorizations_of(group);
        let dangling = Some(naming)
            .filter(|naming| !naming.is_empty())
            .map(|naming| OrphanKind::DanglingReference(group, naming));
        let kinds = [Some(OrphanKind::EmptyGroup(group)), dangling];
        kinds.into_iter().flatten().map(|kind| OrphanRisk { kind, new, certainty }).collect()
    }

    /// Returns the interfaces that are in no group, sorted.
    pub(super) fn without_group(&self) -> &[InterfaceIx] {
        &self.without_group
    }

    /// Tells whether a gap of the export, or an interface whose groups are unknown, may hide a member.
    pub(super) const fn may_hide_members(&self) -> bool {
        self.unseen_members
    }
}

/// Returns those of the interfaces that are in no group afterwards.
fn without_group<'a>(
    interfaces: impl Iterator<Item = InterfaceIx> + 'a,
    before: &'a View<'_>,
    after: &'a View<'_>,
) -> impl Iterator<Item = OrphanRisk> + 'a {
    let is_empty =
        |view: &View<'_>, interface| view.groups_of(interface).is_some_and(|groups| groups.is_empty());
    interfaces.filter(move |interface| is_empty(after, *interface)).map(move |interface| OrphanRisk {
        kind: OrphanKind::InterfaceWithoutGroup(interface),
        new: !is_empty(before, interface),
        certainty: Certainty::Certain,
    })
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
