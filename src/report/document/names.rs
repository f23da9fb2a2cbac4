//! Ids and names of a graph, looked up once for every writer.

use std::collections::BTreeMap;

use super::lines::Lines;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::RulePeer;

/// Look-ups that borrow from the graph.
#[derive(Debug, Clone)]
pub(in crate::report) struct Names<'a> {
    pub(in crate::report) graph: &'a SecurityGraph,
    owners: BTreeMap<&'a str, &'a str>,
    pub(super) lines: Lines,
}

impl<'a> Names<'a> {
    pub(in crate::report) fn new(graph: &'a SecurityGraph) -> Self {
        let inventory = graph.inventory();
        let mut owners = BTreeMap::new();
        for rule in inventory.groups.iter().flat_map(|group| &group.rules) {
            if let RulePeer::Group { id, owner: Some(owner) } = &rule.peer {
                owners.insert(id.as_str(), owner.as_str());
            }
        }
        for reference in &inventory.foreign_references {
            if let Some(owner) = &reference.owner {
                owners.insert(reference.referencing.as_str(), owner.as_str());
            }
        }
        Self { graph, owners, lines: Lines::new(inventory.interfaces.len()) }
    }

    pub(in crate::report) fn interface(&self, ix: InterfaceIx) -> &'a str {
        self.graph.interface(ix).id.as_str()
    }

    pub(in crate::report) fn instance(&self, ix: InterfaceIx) -> Option<&'a str> {
        self.graph.interface(ix).instance.as_ref().map(|id| id.as_str())
    }

    /// The name of the instance; of the interface where the instance has none. Untrusted text.
    pub(in crate::report) fn name_of(&self, ix: InterfaceIx) -> &'a str {
        let own = self.graph.interface(ix).name.as_str();
        self.instance_name(ix).filter(|name| !name.is_empty()).unwrap_or(own)
    }

    pub(in crate::report) fn instance_name(&self, ix: InterfaceIx) -> Option<&'a str> {
        self.graph.instance_of(ix).map(|instance| instance.name.as_str())
    }

    /// The status of the instance; of the interface where it is not attached.
    pub(in crate::report) fn status_of(&self, ix: InterfaceIx) -> &'a str {
        let interface = self.graph.interface(ix);
        match self.graph.instance_of(ix) {
            Some(instance) => instance.status.as_str(),
            None if interface.instance.is_none() => interface.status.as_str(),
            None => "",
        }
    }

    pub(in crate::report) fn group(&self, ix: GroupIx) -> &'a str {
        self.graph.group_id(ix).as_str()
    }

    pub(in crate::report) fn group_name(&self, ix: GroupIx) -> &'a str {
        self.graph.group(ix).map_or("", |group| group.name.as_str())
    }

    pub(in crate::report) fn owner_of(&self, ix: GroupIx) -> Option<&'a str> {
        self.owners.get(self.group(ix)).copied()
    }
}
