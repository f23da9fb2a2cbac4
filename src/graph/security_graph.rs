//! The petgraph of an estate and its look-ups. petgraph types stay in this room.

use std::num::NonZeroU32;

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::held::Held;
use super::positions::{Groups, Place, mentioned_groups, places};
use super::view::View;
use crate::inventory::{
    Direction, Instance, InstanceId, Inventory, NetworkInterface, NetworkInterfaceId, RulePeer, RulePorts,
    SecurityGroup, SecurityGroupId, SecurityGroupRule,
};

/// An interface of one [`SecurityGraph`]: its position in the sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceIx(pub(super) u32);

/// A group of one [`SecurityGraph`], described by the export or only mentioned: its position in the sorted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupIx(pub(super) u32);

impl InterfaceIx {
    /// Returns the position among all interfaces of the graph.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

impl GroupIx {
    /// Returns the position among all groups of the graph.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// A rule: its group and its position in the group's sorted rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleRef {
    /// The group that holds the rule.
    pub group: GroupIx,
    /// The position in [`SecurityGroup::rules`].
    pub index: u32,
}

/// A rule that names a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authorization {
    /// The rule that names it.
    pub rule: RuleRef,
    /// The direction of that rule.
    pub direction: Direction,
}

#[derive(Debug, Clone)]
enum Node {
    Group,
    Interface,
    Instance,
    List,
}

/// What joins two nodes, in one word: there are millions. For a rule of the one group that names the other, its position
/// among the rules of its group; else one of the three below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge(u32);

impl Edge {
    /// Interface → instance.
    const ATTACHMENT: Self = Self(u32::MAX);
    /// Interface → group.
    const MEMBERSHIP: Self = Self(u32::MAX - 1);
    /// Group → list, one edge a rule.
    const LISTING: Self = Self(u32::MAX - 2);

    /// Group → group, one edge a rule.
    fn authorization(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX).min(Self::LISTING.0 - 1))
    }

    /// Returns the position of the rule.
    fn rule(self) -> Option<u32> {
        Some(self.0).filter(|index| *index < Self::LISTING.0)
    }
}

/// The graph of an estate. Immutable; see [`View`] for before and after.
#[derive(Debug)]
pub struct SecurityGraph {
    inventory: Inventory,
    graph: DiGraph<Node, Edge, u32>,
    /// Every group that is described or mentioned, sorted by id; its node has the same index.
    group_ids: Vec<SecurityGroupId>,
    /// Position in the inventory's groups, where described.
    described: Vec<Option<u32>>,
    /// The sorted groups of each interface. An index over membership edges.
    held: Held,
    /// The position of each interface's instance, where it is in the inventory. An index over attachment edges.
    attachments: Vec<Attachment>,
}

/// The position of an instance, if there is one, in the room of a number: one more than it is.
#[derive(Debug, Clone, Copy)]
struct Attachment(Option<NonZeroU32>);

impl Attachment {
    fn to(instance: Option<u32>) -> Self {
        Self(instance.and_then(|at| NonZeroU32::new(at.saturating_add(1))))
    }

    fn instance(self) -> Option<u32> {
        self.0.map(|next| next.get() - 1)
    }
}

impl SecurityGraph {
    /// Builds the graph. Linear in interfaces, memberships and rules, besides sorting the mentioned groups.
    #[must_use]
    pub fn new(inventory: Inventory) -> Self {
        let group_ids = mentioned_groups(&inventory);
        let groups: Groups<'_> = group_ids.iter().zip((0..).map(GroupIx)).collect();
        let described = group_ids
            .iter()
            .map(|id| {
                inventory.groups.binary_search_by(|g| g.id.cmp(id)).ok().and_then(|at| u32::try_from(at).ok())
            })
            .collect();
        let lists = inventory.prefix_lists.len() + inventory.port_lists.len();
        let nodes = group_ids.len() + inventory.interfaces.len() + inventory.instances.len() + lists;
        let mut graph = DiGraph::with_capacity(nodes, 0);
        // INVARIANT: nodes are added groups first, then interfaces, so a GroupIx is its node index.
        for _ in &group_ids {
            graph.add_node(Node::Group);
        }
        let base = group_ids.len();
        for _ in &inventory.interfaces {
            graph.add_node(Node::Interface);
        }
        let instance_base = graph.node_count();
        for _ in &inventory.instances {
            graph.add_node(Node::Instance);
        }
        let mut attachments = Vec::with_capacity(inventory.interfaces.len());
        let places = places(&inventory, &groups);
        // In one piece: while the list of edges grows there would be two of them.
        let edges_of = |place: &Place| {
            usize::from(place.instance.is_some()) + place.groups.as_ref().map_or(0, |groups| groups.len())
        };
        let rules = inventory.groups.iter().flat_map(|group| &group.rules);
        let edges: usize =
            places.iter().map(edges_of).sum::<usize>() + rules.map(edges_of_rule).sum::<usize>();
        graph.reserve_exact_edges(edges);
        let held = Held::new(&places);
        for (position, Place { instance, groups }) in places.into_iter().enumerate() {
            let node = NodeIndex::new(base + position);
            if let Some(at) = instance {
                graph.add_edge(node, NodeIndex::new(instance_base + at as usize), Edge::ATTACHMENT);
            }
            for group in groups.iter().flatten() {
                graph.add_edge(node, NodeIndex::new(group.at()), Edge::MEMBERSHIP);
            }
            attachments.push(Attachment::to(instance));
        }
        add_rules(&inventory, &groups, &mut graph);
        Self { inventory, graph, group_ids, described, held, attachments }
    }

    /// Returns the inventory the graph was built from.
    #[must_use]
    pub const fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// Returns the estate as it is.
    #[must_use]
    pub const fn baseline(&self) -> View<'_> {
        View::baseline(self)
    }

    /// Returns every interface, sorted by id.
    pub fn interfaces(&self) -> impl DoubleEndedIterator<Item = InterfaceIx> + ExactSizeIterator + use<> {
        (0..u32::try_from(self.inventory.interfaces.len()).unwrap_or(u32::MAX)).map(InterfaceIx)
    }

    /// Returns every group, described or mentioned, sorted by id.
    pub fn groups(&self) -> impl DoubleEndedIterator<Item = GroupIx> + ExactSizeIterator + use<> {
        (0..u32::try_from(self.group_ids.len()).unwrap_or(u32::MAX)).map(GroupIx)
    }

    /// Looks an interface up by id. Logarithmic.
    #[must_use]
    pub fn find_interface(&self, id: &NetworkInterfaceId) -> Option<InterfaceIx> {
        let at = self.inventory.interfaces.binary_search_by(|i| i.id.cmp(id)).ok()?;
        u32::try_from(at).ok().map(InterfaceIx)
    }

    /// Looks a group up by id, described or mentioned. Logarithmic.
    #[must_use]
    pub fn find_group(&self, id: &SecurityGroupId) -> Option<GroupIx> {
        self.group_ids.binary_search(id).ok().and_then(group_ix)
    }

    /// Returns the interface behind an index of this graph.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "an InterfaceIx is only made for a position in this list")]
    pub fn interface(&self, ix: InterfaceIx) -> &NetworkInterface {
        &self.inventory.interfaces[ix.at()]
    }

    /// Returns the instance the interface is attached to, if it is in the inventory.
    #[must_use]
    pub fn instance_of(&self, ix: InterfaceIx) -> Option<&Instance> {
        let at = self.attachments.get(ix.at())?.instance()?;
        self.inventory.instances.get(at as usize)
    }

    /// Returns the interfaces of an instance, sorted by id.
    #[must_use]
    pub fn interfaces_of(&self, instance: &InstanceId) -> Vec<InterfaceIx> {
        let Some(at) = position_of_instance(&self.inventory, instance) else {
            return Vec::new();
        };
        let node = NodeIndex::new(self.group_ids.len() + self.inventory.interfaces.len() + at);
        let mut found: Vec<InterfaceIx> =
            self.graph.neighbors_directed(node, Incoming).filter_map(|n| self.interface_of(n)).collect();
        found.sort_unstable();
        found
    }

    /// Returns the id of a group.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a GroupIx is only made for a position in this list")]
    pub fn group_id(&self, ix: GroupIx) -> &SecurityGroupId {
        &self.group_ids[ix.at()]
    }

    /// Returns what the export says about a group; `None` where it is only mentioned.
    #[must_use]
    pub fn group(&self, ix: GroupIx) -> Option<&SecurityGroup> {
        self.described.get(ix.at()).copied().flatten().and_then(|at| self.inventory.groups.get(at as usize))
    }

    /// Returns a rule by reference.
    #[must_use]
    pub fn rule(&self, rule: RuleRef) -> Option<&SecurityGroupRule> {
        self.group(rule.group).and_then(|group| group.rules.get(rule.index as usize))
    }

    /// Returns the rules that name this group, sorted.
    #[must_use]
    pub fn authorizations_of(&self, group: GroupIx) -> Vec<Authorization> {
        let edges = self.graph.edges_directed(NodeIndex::new(group.at()), Incoming);
        let mut found: Vec<Authorization> = edges
            .filter_map(|edge| {
                let rule = RuleRef { group: group_ix(edge.source().index())?, index: edge.weight().rule()? };
                Some(Authorization { rule, direction: self.rule(rule)?.direction })
            })
            .collect();
        found.sort_unstable();
        found
    }

    /// Returns the interfaces that are in this group as exported, sorted.
    #[must_use]
    pub(super) fn exported_members(&self, group: GroupIx) -> Vec<InterfaceIx> {
        let edges = self.graph.edges_directed(NodeIndex::new(group.at()), Incoming);
        let members = edges.filter(|edge| *edge.weight() == Edge::MEMBERSHIP);
        let mut found: Vec<InterfaceIx> =
            members.filter_map(|edge| self.interface_of(edge.source())).collect();
        found.sort_unstable();
        found
    }

    /// Returns the sorted groups of an interface as exported; `None` where the export does not say.
    #[must_use]
    pub(super) fn exported_groups(&self, interface: InterfaceIx) -> Option<&[GroupIx]> {
        self.held.of(interface)
    }

    /// Returns how many memberships the export holds.
    #[must_use]
    pub const fn membership_count(&self) -> usize {
        self.held.len()
    }

    /// Returns how many lists and groups the rules of a group lean on.
    #[must_use]
    pub fn reach_of_rules(&self, group: GroupIx) -> usize {
        self.graph.edges_directed(NodeIndex::new(group.at()), Outgoing).count()
    }

    fn interface_of(&self, node: NodeIndex<u32>) -> Option<InterfaceIx> {
        let at = node.index().checked_sub(self.group_ids.len())?;
        (at < self.inventory.interfaces.len()).then(|| u32::try_from(at).ok().map(InterfaceIx)).flatten()
    }
}

fn group_ix(at: usize) -> Option<GroupIx> {
    u32::try_from(at).ok().map(GroupIx)
}

fn position_of_instance(inventory: &Inventory, id: &InstanceId) -> Option<usize> {
    inventory.instances.binary_search_by(|i| i.id.cmp(id)).ok()
}

/// Returns how many edges a rule makes at most.
fn edges_of_rule(rule: &SecurityGroupRule) -> usize {
    usize::from(!matches!(rule.peer, RulePeer::Block(_)))
        + usize::from(matches!(rule.ports, RulePorts::List(_)))
}

fn add_rules(inventory: &Inventory, groups: &Groups<'_>, graph: &mut DiGraph<Node, Edge, u32>) {
    let list_base = graph.node_count();
    for _ in 0..inventory.prefix_lists.len() + inventory.port_lists.len() {
        graph.add_node(Node::List);
    }
    let prefix: Vec<_> = inventory.prefix_lists.keys().collect();
    let port: Vec<_> = inventory.port_lists.keys().collect();
    for group in &inventory.groups {
        let Some(&holder) = groups.get(&group.id) else { continue };
        let node = NodeIndex::new(holder.at());
        for (index, rule) in group.rules.iter().enumerate() {
            match &rule.peer {
                RulePeer::Group { id, .. } => {
                    if let Some(peer) = groups.get(id) {
                        graph.add_edge(node, NodeIndex::new(peer.at()), Edge::authorization(index));
                    }
                }
                RulePeer::PrefixList(id) => {
                    if let Ok(at) = prefix.binary_search(&id) {
                        graph.add_edge(node, NodeIndex::new(list_base + at), Edge::LISTING);
                    }
                }
                RulePeer::Block(_) => {}
            }
            if let RulePorts::List(id) = &rule.ports
                && let Ok(at) = port.binary_search(&id)
            {
                graph.add_edge(node, NodeIndex::new(list_base + prefix.len() + at), Edge::LISTING);
            }
        }
    }
}
