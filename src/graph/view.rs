//! Before and after: a graph, and the interfaces whose groups differ from the export.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::security_graph::{GroupIx, InterfaceIx, SecurityGraph};

/// The estate in one state. Cheap: only changed interfaces are held.
#[derive(Debug, Clone)]
pub struct View<'g> {
    graph: &'g SecurityGraph,
    changed: BTreeMap<InterfaceIx, BTreeSet<GroupIx>>,
}

impl<'g> View<'g> {
    pub(super) const fn baseline(graph: &'g SecurityGraph) -> Self {
        Self { graph, changed: BTreeMap::new() }
    }

    /// Returns the view in which these memberships are gone; one that does not exist is not missed.
    #[must_use]
    pub fn without(&self, removed: impl IntoIterator<Item = (InterfaceIx, GroupIx)>) -> Self {
        let mut view = self.clone();
        for (interface, group) in removed {
            if let Some(groups) = view.entry(interface) {
                groups.remove(&group);
            }
        }
        view
    }

    /// Returns the view in which these memberships are added.
    #[must_use]
    pub fn with(&self, joined: impl IntoIterator<Item = (InterfaceIx, GroupIx)>) -> Self {
        let mut view = self.clone();
        for (interface, group) in joined {
            if let Some(groups) = view.entry(interface) {
                groups.insert(group);
            }
        }
        view
    }

    /// An interface with unknown groups stays unknown: nothing is known of it before or after.
    fn entry(&mut self, interface: InterfaceIx) -> Option<&mut BTreeSet<GroupIx>> {
        let exported = self.graph.exported_groups(interface)?;
        Some(self.changed.entry(interface).or_insert_with(|| exported.iter().copied().collect()))
    }

    /// Returns the graph the view looks at.
    #[must_use]
    pub const fn graph(&self) -> &'g SecurityGraph {
        self.graph
    }

    /// Returns the interfaces whose groups differ from the export, sorted.
    pub fn changed(&self) -> impl Iterator<Item = InterfaceIx> + '_ {
        self.changed.iter().filter_map(|(interface, groups)| {
            let exported = self.graph.exported_groups(*interface)?;
            (!groups.iter().eq(exported)).then_some(*interface)
        })
    }

    /// Returns the sorted groups of an interface; `None` where the export does not say.
    #[must_use]
    pub fn groups_of(&self, interface: InterfaceIx) -> Option<Cow<'g, [GroupIx]>> {
        match self.changed.get(&interface) {
            Some(groups) => Some(Cow::Owned(groups.iter().copied().collect())),
            None => self.graph.exported_groups(interface).map(Cow::Borrowed),
        }
    }

    /// Tells whether the interface is known to be in the group.
    #[must_use]
    pub fn is_member(&self, interface: InterfaceIx, group: GroupIx) -> bool {
        match self.changed.get(&interface) {
            Some(groups) => groups.contains(&group),
            None => self
                .graph
                .exported_groups(interface)
                .is_some_and(|groups| groups.binary_search(&group).is_ok()),
        }
    }

    /// Returns the known members of a group, sorted.
    #[must_use]
    pub fn members_of(&self, group: GroupIx) -> Vec<InterfaceIx> {
        let exported = self.graph.exported_members(group).into_iter();
        let mut members: Vec<InterfaceIx> = exported.filter(|ix| !self.changed.contains_key(ix)).collect();
        members.extend(self.changed.iter().filter(|(_, groups)| groups.contains(&group)).map(|(ix, _)| *ix));
        members.sort_unstable();
        members
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::SecurityGraph;
    use crate::inventory::{Addresses, InterfaceKind, Inventory, Memberships, Network, NetworkInterface};

    fn interface(id: &str, groups: &[&str]) -> NetworkInterface {
        NetworkInterface {
            id: id.into(),
            name: "".into(),
            kind: InterfaceKind::Primary,
            status: "".into(),
            instance: None,
            network: Network::Vpc("vpc-1".into()),
            vswitch: None,
            region: None,
            owner: None,
            memberships: Memberships::Known(groups.iter().map(|g| (*g).into()).collect()),
            addresses: Addresses::default(),
            service_managed: Some(false),
            tags: crate::inventory::Tags::default(),
        }
    }

    #[test]
    fn before_and_after_are_two_views_of_one_graph() {
        let interfaces = vec![interface("eni-a", &["sg-g", "sg-h"]), interface("eni-b", &["sg-g"])];
        let graph = SecurityGraph::new(Inventory { interfaces, ..Inventory::default() });
        let (a, g) =
            (graph.find_interface(&"eni-a".into()).unwrap(), graph.find_group(&"sg-g".into()).unwrap());
        let before = graph.baseline();
        let after = before.without([(a, g)]);
        assert_eq!(before.members_of(g).len(), 2);
        assert_eq!(after.members_of(g).len(), 1);
        assert!(before.is_member(a, g) && !after.is_member(a, g));
        assert_eq!(after.changed().collect::<Vec<_>>(), [a]);
        assert_eq!(after.with([(a, g)]).changed().count(), 0);
    }
}
