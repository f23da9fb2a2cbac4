//! One estate compiled once: rules, classes, and the lines of addresses, for any number of differences.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use foldhash::{HashMap, HashMapExt as _};

use super::matching::Groups;
use super::reachability::BOTH;
use super::rulebook::RuleBook;
use super::runs::union_of;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{AddressKind, Direction, InterfaceAddress, NetworkInterface, VpcId};
use crate::netset::{Family, IpBlock};
use crate::parallel;

/// An estate, ready for what-ifs.
///
/// Compiling is linear in rules, list entries and memberships, besides sorting; the addresses of a VPC are sorted when
/// the first change touches it.
#[derive(Debug)]
pub struct Compiled<'g> {
    pub(super) graph: &'g SecurityGraph,
    pub(super) book: Arc<RuleBook>,
    /// The distinct sets of groups.
    pub(super) classes: Vec<Groups<'g>>,
    /// The class of every interface.
    pub(super) class_of: Vec<u32>,
    /// The interfaces of each VPC, sorted.
    interfaces: BTreeMap<&'g VpcId, Vec<InterfaceIx>>,
    lines: BTreeMap<(&'g VpcId, Family), OnceLock<Line>>,
    /// The members of each group, sorted.
    members: Vec<Vec<InterfaceIx>>,
    /// Interfaces that any change can concern: their groups, or rules of theirs, are not known. Sorted.
    pub(super) always_concerned: Vec<InterfaceIx>,
    /// Groups of which some rules are not known, in either direction, and on ingress; sorted.
    pub(super) with_unknown_rules: Vec<GroupIx>,
    pub(super) with_unknown_ingress: Vec<GroupIx>,
}

/// An address, or a delegated prefix, of an interface on the line of its VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub(super) first: u128,
    pub(super) last: u128,
    pub(super) interface: InterfaceIx,
    pub(super) kind: AddressKind,
}

impl Point {
    pub(super) const fn new(interface: InterfaceIx, held: InterfaceAddress) -> Self {
        Self { first: held.block.first(), last: held.block.last(), interface, kind: held.kind }
    }
}

/// The addresses of the interfaces of one VPC in one family.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Sorted.
    pub(super) points: Vec<Point>,
    /// The same as sorted, disjoint ranges.
    pub(super) covered: Vec<(u128, u128)>,
    /// Whether no point reaches into another, so that their last addresses are sorted too.
    is_disjoint: bool,
}

impl Line {
    /// Returns the points that reach into a range, if the line can be searched.
    pub(super) fn within(&self, first: u128, last: u128) -> Option<&[Point]> {
        let from = self.points.partition_point(|point| point.last < first);
        let to = self.points.partition_point(|point| point.first <= last);
        self.points.get(from..to.max(from)).filter(|_| self.is_disjoint)
    }
}

/// The interfaces of an estate by their groups, and by VPC.
struct Sorted<'g> {
    classes: Vec<Groups<'g>>,
    class_of: Vec<u32>,
    interfaces: BTreeMap<&'g VpcId, Vec<InterfaceIx>>,
}

impl<'g> Sorted<'g> {
    fn new(graph: &'g SecurityGraph) -> Self {
        let view = graph.baseline();
        let mut classes: Vec<Groups<'g>> = Vec::new();
        let mut known: HashMap<Groups<'g>, u32> = HashMap::new();
        let mut class_of = Vec::with_capacity(graph.interfaces().len());
        let mut interfaces: BTreeMap<&'g VpcId, Vec<InterfaceIx>> = BTreeMap::new();
        for interface in graph.interfaces() {
            let groups = view.groups_of(interface);
            let groups = Groups { before: groups.clone(), after: groups };
            class_of.push(class_among(&mut classes, &mut known, groups));
            if let Some(vpc) = graph.interface(interface).network.vpc() {
                interfaces.entry(vpc).or_default().push(interface);
            }
        }
        Self { classes, class_of, interfaces }
    }
}

impl<'g> Compiled<'g> {
    /// Compiles the rules and sorts the interfaces into classes.
    #[must_use]
    pub fn new(graph: &'g SecurityGraph) -> Self {
        let (book, sorted) = parallel::both(|| RuleBook::new(graph), || Sorted::new(graph));
        let Sorted { classes, class_of, interfaces } = sorted;
        let families = [Family::Ipv4, Family::Ipv6];
        let lines =
            interfaces.keys().flat_map(|vpc| families.map(|family| ((*vpc, family), OnceLock::new())));
        let lines = lines.collect();
        let knows = |group: GroupIx, direction: Direction| {
            graph.group(group).is_some_and(|described| described.knows_rules(direction))
        };
        let with_unknown_rules =
            graph.groups().filter(|group| !BOTH.iter().all(|direction| knows(*group, *direction))).collect();
        let with_unknown_ingress =
            graph.groups().filter(|group| !knows(*group, Direction::Ingress)).collect();
        let mut compiled = Self {
            graph,
            book: Arc::new(book),
            classes,
            class_of,
            interfaces,
            lines,
            members: vec![Vec::new(); graph.groups().len()],
            always_concerned: Vec::new(),
            with_unknown_rules,
            with_unknown_ingress,
        };
        compiled.enter_members();
        compiled
    }

    fn enter_members(&mut self) {
        let view = self.graph.baseline();
        for interface in self.graph.interfaces() {
            let Some(groups) = view.groups_of(interface) else {
                self.always_concerned.push(interface);
                continue;
            };
            for group in groups.iter() {
                if let Some(members) = self.members.get_mut(group.at()) {
                    members.push(interface);
                }
            }
            if groups.iter().any(|group| self.is_opaque(*group)) {
                self.always_concerned.push(interface);
            }
        }
        self.members.iter_mut().for_each(Vec::shrink_to_fit);
    }

    /// Tells whether rules of the group are not known or not understood, so that they may ask about anything.
    pub(super) fn is_opaque(&self, group: GroupIx) -> bool {
        self.with_unknown_rules.binary_search(&group).is_ok() || self.book.is_mysterious(group)
    }

    /// Returns the known members of a group as exported, sorted.
    #[must_use]
    pub fn members_of(&self, group: GroupIx) -> &[InterfaceIx] {
        self.members.get(group.at()).map_or(&[], Vec::as_slice)
    }

    /// Returns the VPCs that interfaces of the estate are in, sorted.
    pub fn vpcs(&self) -> impl Iterator<Item = &'g VpcId> + '_ {
        self.interfaces.keys().copied()
    }

    /// Returns the interfaces of a VPC, sorted.
    #[must_use]
    pub fn interfaces_of(&self, vpc: &VpcId) -> &[InterfaceIx] {
        self.interfaces.get(vpc).map_or(&[], Vec::as_slice)
    }

    /// Tells whether an interface of the VPC has an address, or a part of a delegated prefix, in a block.
    #[must_use]
    pub fn has_address_in(&self, vpc: &VpcId, block: IpBlock) -> bool {
        let Some((vpc, _)) = self.interfaces.get_key_value(vpc) else { return false };
        let covered = self.line(vpc, block.family()).map_or(&[][..], |line| &line.covered);
        let at = covered.partition_point(|(_, last)| *last < block.first());
        covered.get(at).is_some_and(|(first, _)| *first <= block.last())
    }

    /// Returns the class of an interface.
    pub(super) fn class_of(&self, interface: InterfaceIx) -> Option<u32> {
        self.class_of.get(interface.at()).copied()
    }

    /// Returns the graph that was compiled.
    #[must_use]
    pub const fn graph(&self) -> &'g SecurityGraph {
        self.graph
    }

    /// Returns the addresses of a VPC.
    pub(super) fn line(&self, vpc: &'g VpcId, family: Family) -> Option<&Line> {
        let line = self.lines.get(&(vpc, family))?;
        Some(line.get_or_init(|| {
            let mut points = Vec::new();
            for interface in self.interfaces.get(vpc).into_iter().flatten() {
                points.extend(points_of(*interface, self.graph.interface(*interface), family));
            }
            points.sort_unstable();
            let covered = union_of(&points);
            let is_disjoint = points.is_sorted_by(|one, next| one.last < next.first);
            Line { points, covered, is_disjoint }
        }))
    }
}

/// Returns the addresses of an interface in one family.
pub(super) fn points_of(
    interface: InterfaceIx,
    described: &NetworkInterface,
    family: Family,
) -> impl Iterator<Item = Point> {
    let here = described.addresses.iter().filter(move |address| address.block.family() == family);
    here.map(move |address| Point::new(interface, *address))
}

/// Returns the number of a class, which is added when it is new. Two interfaces whose groups are unknown need not be
/// in the same ones, so each is a class of its own.
pub(super) fn class_among<'g>(
    classes: &mut Vec<Groups<'g>>,
    known: &mut HashMap<Groups<'g>, u32>,
    groups: Groups<'g>,
) -> u32 {
    let next = u32::try_from(classes.len()).unwrap_or(u32::MAX);
    if groups.is_unknown() {
        classes.push(groups);
        return next;
    }
    *known.entry(groups).or_insert_with_key(|groups| {
        classes.push(groups.clone());
        next
    })
}
