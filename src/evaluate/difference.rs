//! Two states of one estate: who changes, and the classes that come with it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _};

use super::compiled::{Compiled, Line, class_among};
use super::matching::{Groups, Matcher};
use super::reachability::Row;
use super::reading::Readings;
use super::rulebook::{Peer, RuleBook};
use super::runs::cut;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::{SecurityGroupType, VpcId};
use crate::netset::Family;

/// Two states of one estate, ready to be compared.
#[derive(Debug)]
pub struct Difference<'g> {
    pub(super) compiled: &'g Compiled<'g>,
    pub(super) graph: &'g SecurityGraph,
    pub(super) readings: Readings,
    pub(super) book: &'g RuleBook,
    changed: Vec<InterfaceIx>,
    /// The classes of the changed interfaces, by position in `changed`; numbered behind those of the estate.
    class_of_changed: Vec<u32>,
    changed_classes: Vec<Groups<'g>>,
}

impl<'g> Difference<'g> {
    /// Compares two states. The cost follows the changed interfaces.
    #[must_use]
    pub fn new(compiled: &'g Compiled<'g>, before: &View<'g>, after: &View<'g>, readings: Readings) -> Self {
        let changed: BTreeSet<InterfaceIx> = before.changed().chain(after.changed()).collect();
        let (mut changed_classes, mut known) = (Vec::new(), HashMap::new());
        let first = u32::try_from(compiled.classes.len()).unwrap_or(u32::MAX);
        let class_of = |interface: &InterfaceIx| {
            let (before, after) = (before.groups_of(*interface), after.groups_of(*interface));
            let class = class_among(&mut changed_classes, &mut known, Groups { before, after });
            first.saturating_add(class)
        };
        let class_of_changed = changed.iter().map(class_of).collect();
        Self {
            compiled,
            graph: compiled.graph,
            readings,
            book: &compiled.book,
            changed: changed.into_iter().collect(),
            class_of_changed,
            changed_classes,
        }
    }

    /// Returns the interfaces whose groups differ, sorted.
    #[must_use]
    pub fn changed(&self) -> &[InterfaceIx] {
        &self.changed
    }

    /// Tells whether the groups of an interface differ.
    #[must_use]
    pub fn changes(&self, interface: InterfaceIx) -> bool {
        self.changed.binary_search(&interface).is_ok()
    }

    /// Tells whether the groups of an interface are known.
    #[must_use]
    pub fn knows_groups(&self, interface: InterfaceIx) -> bool {
        !self.groups(self.class(interface)).is_unknown()
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "every interface of the graph has a class, and so has every changed one"
    )]
    pub(super) fn class(&self, interface: InterfaceIx) -> u32 {
        match self.changed.binary_search(&interface) {
            Ok(at) => self.class_of_changed[at],
            Err(_) => self.compiled.class_of[interface.at()],
        }
    }

    #[expect(clippy::indexing_slicing, reason = "a class number is only made for a position in these lists")]
    pub(super) fn groups(&self, class: u32) -> &Groups<'g> {
        let (class, first) = (class as usize, self.compiled.classes.len());
        if class < first { &self.compiled.classes[class] } else { &self.changed_classes[class - first] }
    }

    /// Tells whether the class is one of interfaces whose groups differ.
    pub(super) fn is_changed(&self, class: u32) -> bool {
        class as usize >= self.compiled.classes.len()
    }

    pub(super) fn line(&self, vpc: &'g VpcId, family: Family) -> Option<&'g Line> {
        self.compiled.line(vpc, family)
    }

    /// Tells whether two interfaces are in one VPC, so that they meet as interfaces.
    #[must_use]
    pub fn share_vpc(&self, one: InterfaceIx, other: InterfaceIx) -> bool {
        let vpc = |interface| self.graph.interface(interface).network.vpc();
        vpc(one).is_some() && vpc(one) == vpc(other)
    }

    pub(super) fn matcher(&self) -> Matcher<'_> {
        Matcher { graph: self.graph, book: self.book, readings: &self.readings }
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

    /// Returns the groups whose rules, or whose intra-group policy, can follow somebody who leaves or joins these: those
    /// themselves, and those whose rules name them.
    pub(super) fn following(&self, changed: &[GroupIx]) -> BTreeSet<GroupIx> {
        let naming = changed.iter().flat_map(|group| self.book.naming(*group));
        let holders = naming.map(|number| self.book.body(*number).rule.group);
        changed.iter().copied().chain(holders).collect()
    }

    /// Returns the groups through which a change of `changed` groups can be felt: those that follow it, and those the
    /// rules of the changed ones name.
    pub(super) fn concerned(&self, changed: &[GroupIx], following: &BTreeSet<GroupIx>) -> BTreeSet<GroupIx> {
        let mut concerned = following.clone();
        for group in changed {
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
        self.compiled.with_unknown_rules.binary_search(&group).is_ok()
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
