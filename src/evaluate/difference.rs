//! Two states of one estate: who changes, which classes of interfaces there are, and the lines of addresses.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::matching::{Groups, Matcher};
use super::reachability::{BOTH, Row};
use super::reading::Readings;
use super::rulebook::{Peer, RuleBook};
use super::runs::cut;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::{AddressKind, SecurityGroupType, VpcId};
use crate::netset::Family;

/// Two states of one estate, ready to be compared.
#[derive(Debug)]
pub struct Difference<'g> {
    pub(super) graph: &'g SecurityGraph,
    pub(super) readings: Readings,
    pub(super) book: RuleBook,
    pub(super) classes: Vec<Groups<'g>>,
    /// The class of every interface.
    pub(super) class_of: Vec<u32>,
    pub(super) changed: Vec<InterfaceIx>,
    pub(super) spaces: BTreeMap<(&'g VpcId, Family), Vec<Point>>,
}

/// An address, or a delegated prefix, of an interface on the line of its VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) first: u128,
    pub(super) last: u128,
    pub(super) interface: InterfaceIx,
    pub(super) kind: AddressKind,
}

impl<'g> Difference<'g> {
    /// Compiles the rules and sorts the addresses of the VPCs the change touches. Linear besides sorting.
    #[must_use]
    pub fn new(before: &View<'g>, after: &View<'g>, readings: Readings) -> Self {
        let graph = before.graph();
        let mut classes: Vec<Groups<'g>> = Vec::new();
        let mut known: HashMap<Groups<'g>, u32> = HashMap::new();
        let mut class_of = Vec::with_capacity(graph.interfaces().len());
        for interface in graph.interfaces() {
            let groups = Groups { before: before.groups_of(interface), after: after.groups_of(interface) };
            let next = u32::try_from(classes.len()).unwrap_or(u32::MAX);
            // Two interfaces whose groups are unknown need not be in the same ones.
            let class = if groups.is_unknown() {
                classes.push(groups);
                next
            } else {
                *known.entry(groups).or_insert_with_key(|groups| {
                    classes.push(groups.clone());
                    next
                })
            };
            class_of.push(class);
        }
        let changed: BTreeSet<InterfaceIx> = before.changed().chain(after.changed()).collect();
        let vpcs: BTreeSet<&VpcId> =
            changed.iter().filter_map(|interface| graph.interface(*interface).network.vpc()).collect();
        let mut spaces: BTreeMap<(&'g VpcId, Family), Vec<Point>> = BTreeMap::new();
        for interface in graph.interfaces() {
            let described = graph.interface(interface);
            let Some(vpc) = described.network.vpc().filter(|vpc| vpcs.contains(vpc)) else { continue };
            for address in &described.addresses {
                let (first, last) = (address.block.first(), address.block.last());
                let point = Point { first, last, interface, kind: address.kind };
                spaces.entry((vpc, address.block.family())).or_default().push(point);
            }
        }
        spaces.values_mut().for_each(|points| points.sort_unstable());
        Self {
            graph,
            readings,
            book: RuleBook::new(graph),
            classes,
            class_of,
            changed: changed.into_iter().collect(),
            spaces,
        }
    }

    /// Returns the interfaces whose groups differ, sorted.
    #[must_use]
    pub fn changed(&self) -> &[InterfaceIx] {
        &self.changed
    }

    #[expect(clippy::indexing_slicing, reason = "every interface of the graph has a class")]
    pub(super) fn class(&self, interface: InterfaceIx) -> u32 {
        self.class_of[interface.at()]
    }

    #[expect(clippy::indexing_slicing, reason = "a class number is only made for a position in this list")]
    pub(super) fn groups(&self, class: u32) -> &Groups<'g> {
        &self.classes[class as usize]
    }

    /// Tells whether two interfaces are in one VPC, so that they meet as interfaces.
    #[must_use]
    pub fn share_vpc(&self, one: InterfaceIx, other: InterfaceIx) -> bool {
        let vpc = |interface| self.graph.interface(interface).network.vpc();
        vpc(one).is_some() && vpc(one) == vpc(other)
    }

    pub(super) fn matcher(&self) -> Matcher<'_> {
        Matcher { graph: self.graph, book: &self.book, readings: &self.readings }
    }

    /// Returns one row for each address of an interface; a delegated prefix is cut where rules cut it. An interface
    /// outside every VPC has none.
    #[must_use]
    pub fn rows(&self, interface: InterfaceIx) -> Vec<Row<'_, 'g>> {
        let described = self.graph.interface(interface);
        let Some(vpc) = described.network.vpc() else { return Vec::new() };
        let mut rows = Vec::new();
        for address in &described.addresses {
            let inner = Some(address.block).filter(|block| !block.is_single());
            let inner = inner.into_iter().flat_map(|block| self.book.blocks_inside(block));
            for range in cut(address.block.into(), inner) {
                rows.push(Row::new(self, vpc, interface, range, address.kind));
            }
        }
        rows
    }

    /// Returns the groups through which a change of `changed` groups can be felt: those themselves, those their rules
    /// name, and those whose rules name them.
    pub(super) fn concerned(&self, changed: &[GroupIx]) -> BTreeSet<GroupIx> {
        let mut concerned: BTreeSet<GroupIx> = changed.iter().copied().collect();
        for group in changed {
            concerned
                .extend(self.book.naming(*group).iter().map(|number| self.book.body(*number).rule.group));
            concerned.extend(self.book.of_group(*group).iter().filter_map(|number| {
                match self.book.body(*number).peer {
                    Peer::Group(named) => Some(named),
                    Peer::Blocks(_) | Peer::UnknownList(_) | Peer::NotUnderstood => None,
                }
            }));
        }
        concerned
    }
}

impl Difference<'_> {
    pub(super) fn has_unknown_rules(&self, group: GroupIx) -> bool {
        !self.graph.group(group).is_some_and(|g| BOTH.iter().all(|direction| g.knows_rules(*direction)))
    }

    /// Tells whether a change of groups can be felt by every peer: a default, unknown rules, or all groups come or go.
    pub(super) fn shakes_everybody(&self, groups: &Groups<'_>, changed: &[GroupIx]) -> bool {
        let known_type = |groups: &Option<Cow<'_, [GroupIx]>>| -> Option<SecurityGroupType> {
            groups
                .iter()
                .flat_map(|groups| groups.iter())
                .find_map(|g| self.graph.group(*g).and_then(|g| g.group_type))
        };
        !changed.is_empty()
            && (known_type(&groups.before) != known_type(&groups.after)
                || known_type(&groups.before).is_none()
                || changed.iter().any(|group| self.has_unknown_rules(*group))
                || changed.iter().flat_map(|group| self.book.of_group(*group)).any(|number| {
                    matches!(self.book.body(*number).peer, Peer::UnknownList(_) | Peer::NotUnderstood)
                }))
    }
}
