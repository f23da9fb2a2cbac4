//! All traffic of a changed interface at once: by class of peers, never pair by pair.
//!
//! 1. Only pairs that touch a changed interface can change; [`Difference`] knows which those are.
//! 2. The addresses of a VPC are sorted once. The CIDRs in the rules of one interface cut the line of addresses into
//!    runs; within a run all addresses look the same to those rules.
//! 3. Interfaces with the same groups (before and after) look the same as holders of rules: a class.
//! 4. What a peer answers depends on its run and its class only, and on its address where a rule of its own is
//!    narrowed to local addresses. One evaluation serves all peers of a (run, class).
//! 5. A class is passed over unless it holds, names or is named by a group the interface leaves or joins, or the run
//!    lies in a rule that comes or goes.
//! 6. Sides are interned; a pair of sides is compared once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::delta::{Contact, Delta, contact, deltas};
use super::matching::{Groups, METADATA, Matcher, Own, Remote};
use super::reading::Readings;
use super::rulebook::{Peer, RuleBook};
use super::side::{Further, RemoteChange, Side, Unknown};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::{AddressKind, Direction, InterfaceAddress, SecurityGroupType, VpcId};
use crate::netset::{Family, IpBlock, IpRange, blocks_of};

/// Two states of one estate, ready to be compared.
#[derive(Debug)]
pub struct Difference<'g> {
    graph: &'g SecurityGraph,
    readings: Readings,
    book: RuleBook,
    classes: Vec<Groups<'g>>,
    /// The class of every interface.
    class_of: Vec<u32>,
    changed: Vec<InterfaceIx>,
    spaces: BTreeMap<(&'g VpcId, Family), Vec<Point>>,
}

/// An address, or a delegated prefix, of an interface on the line of its VPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    first: u128,
    last: u128,
    interface: InterfaceIx,
    kind: AddressKind,
}

/// Addresses of one peer that are treated alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerPiece {
    /// The peer.
    pub interface: InterfaceIx,
    /// Its addresses: one, or a run of a delegated prefix.
    pub range: IpRange,
    /// What kind of address it is.
    pub kind: AddressKind,
}

/// Peers with the same answers in one direction.
#[derive(Debug, Clone)]
pub struct PeerGroup {
    /// Egress: the changed interface is the source.
    pub direction: Direction,
    /// What changes; not empty.
    pub deltas: Arc<[Delta]>,
    /// The peers, sorted; all of one class and run.
    pub peers: Vec<PeerPiece>,
}

/// External addresses with the same answers in one direction.
#[derive(Debug, Clone)]
pub struct ExternalGroup {
    /// Egress: the changed interface is the source.
    pub direction: Direction,
    /// What changes; not empty.
    pub deltas: Arc<[Delta]>,
    /// The addresses, sorted; those of interfaces of the same VPC are not meant.
    pub blocks: Vec<IpBlock>,
}

/// What may change between a changed interface and the members of a group of another account.
#[derive(Debug, Clone)]
pub struct ForeignChange {
    /// Egress: the changed interface is the source.
    pub direction: Direction,
    /// The foreign group.
    pub group: GroupIx,
    /// What may change; not empty.
    pub deltas: Vec<Delta>,
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
    fn class(&self, interface: InterfaceIx) -> u32 {
        self.class_of[interface.at()]
    }

    #[expect(clippy::indexing_slicing, reason = "a class number is only made for a position in this list")]
    fn groups(&self, class: u32) -> &Groups<'g> {
        &self.classes[class as usize]
    }

    /// Tells whether two interfaces are in one VPC, so that they meet as interfaces.
    #[must_use]
    pub fn share_vpc(&self, one: InterfaceIx, other: InterfaceIx) -> bool {
        let vpc = |interface| self.graph.interface(interface).network.vpc();
        vpc(one).is_some() && vpc(one) == vpc(other)
    }

    fn matcher(&self) -> Matcher<'_> {
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
    fn concerned(&self, changed: &[GroupIx]) -> BTreeSet<GroupIx> {
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

/// Cuts a range where any of the blocks begins or ends inside it.
fn cut(range: IpRange, inner: impl Iterator<Item = IpBlock>) -> Vec<IpRange> {
    let mut starts = BTreeSet::from([range.first]);
    for block in inner {
        starts.insert(block.first());
        starts.extend(block.last().checked_add(1));
    }
    let starts: Vec<u128> = starts.into_iter().filter(|at| (range.first..=range.last).contains(at)).collect();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([range.last]);
    starts
        .iter()
        .zip(ends)
        .map(|(first, last)| IpRange { family: range.family, first: *first, last })
        .collect()
}

/// A run of the line of addresses: all its addresses lie in the same blocks of the row's rules.
#[derive(Debug, Clone, Copy)]
struct Run {
    first: u128,
    last: u128,
    /// Number of the distinct set of rules whose remote side holds the run.
    kind: u32,
}

/// One address of a changed interface against everybody.
#[derive(Debug)]
pub struct Row<'d, 'g> {
    difference: &'d Difference<'g>,
    vpc: &'g VpcId,
    interface: InterfaceIx,
    range: IpRange,
    kind: AddressKind,
    groups: &'d Groups<'g>,
    /// Cover the whole family, ascending.
    runs: Vec<Run>,
    /// For each kind of run: the row's own rules that hold it, by number, and whether one of them comes or goes.
    run_kinds: Vec<(Vec<u32>, bool)>,
    /// Own rules that match by group, or whose remote side is not known.
    by_group: Vec<u32>,
    /// Rules of others that may match the row's address, by holder.
    seen: HashMap<GroupIx, Vec<u32>>,
    concerned: BTreeSet<GroupIx>,
    /// Whether every peer may be concerned: the default or unknown rules come or go.
    all_concerned: bool,
    memo: Memo,
}

/// What changes for a pair of sides; `None` when nothing does.
type Answer = Option<Arc<[Delta]>>;

/// What a row has worked out so far.
#[derive(Debug, Default)]
struct Memo {
    concerned: HashMap<u32, bool>,
    sides: HashMap<Side, u32>,
    by_number: Vec<Side>,
    /// The peer's side, by (class, plain, direction of the row).
    theirs: HashMap<(u32, bool, Direction), u32>,
    answers: HashMap<(Direction, u32, u32), Answer>,
    contacts: HashMap<(Direction, u32, u32), Contact>,
}

impl Memo {
    fn intern(&mut self, side: Side) -> u32 {
        let next = u32::try_from(self.by_number.len()).unwrap_or(u32::MAX);
        *self.sides.entry(side).or_insert_with_key(|side| {
            self.by_number.push(side.clone());
            next
        })
    }

    #[expect(clippy::indexing_slicing, reason = "a side number is only made by `intern`")]
    fn side(&self, number: u32) -> &Side {
        &self.by_number[number as usize]
    }
}

const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

impl<'d, 'g> Row<'d, 'g> {
    fn new(
        difference: &'d Difference<'g>,
        vpc: &'g VpcId,
        interface: InterfaceIx,
        range: IpRange,
        kind: AddressKind,
    ) -> Self {
        let book = &difference.book;
        let groups = difference.groups(difference.class(interface));
        let changed = groups.changed();
        let own: Vec<u32> = groups.ever().iter().flat_map(|group| book.of_group(*group)).copied().collect();
        let (by_block, by_group): (Vec<u32>, Vec<u32>) =
            own.into_iter().partition(|number| matches!(book.body(*number).peer, Peer::Blocks(_)));
        let (runs, run_kinds) = runs(book, range.family, &by_block, &changed);
        let mut row = Self {
            difference,
            vpc,
            interface,
            range,
            kind,
            groups,
            runs,
            run_kinds,
            by_group,
            seen: HashMap::new(),
            concerned: difference.concerned(&changed),
            all_concerned: difference.shakes_everybody(groups, &changed),
            memo: Memo::default(),
        };
        row.see();
        row
    }

    /// Returns the interface the row belongs to.
    #[must_use]
    pub const fn interface(&self) -> InterfaceIx {
        self.interface
    }

    /// Returns the address, or the run of a delegated prefix, the row belongs to.
    #[must_use]
    pub const fn range(&self) -> IpRange {
        self.range
    }

    /// Returns what kind of address it is.
    #[must_use]
    pub const fn kind(&self) -> AddressKind {
        self.kind
    }

    fn own(&self) -> Own<'d> {
        let block = IpBlock::single(self.range.family.address(self.range.first));
        Own { interface: self.interface, block, plain: self.kind.is_plain(), groups: self.groups }
    }

    /// Collects the rules of others that may match this address: by block, by group, or in an unknown way.
    fn see(&mut self) {
        let book = &self.difference.book;
        let mut numbers: Vec<u32> = book.open().to_vec();
        book.holding(self.own().block, |number| numbers.push(number));
        numbers.extend(self.groups.ever().iter().flat_map(|group| book.naming(*group)));
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            self.seen.entry(book.body(number).rule.group).or_default().push(number);
        }
    }

    fn points(&self) -> &'d [Point] {
        self.difference.spaces.get(&(self.vpc, self.range.family)).map_or(&[], Vec::as_slice)
    }

    /// Compares every peer that can be concerned. Linear in the addresses of the VPC, plus the distinct answers.
    pub fn peers(&mut self) -> Vec<PeerGroup> {
        let mut groups: BTreeMap<(u32, u32, bool, Option<u128>), Vec<PeerPiece>> = BTreeMap::new();
        for point in self.points() {
            // Each pair of changed interfaces is compared once, from the smaller.
            if point.interface == self.interface {
                continue;
            }
            let class = self.difference.class(point.interface);
            if point.interface < self.interface && !self.difference.groups(class).changed().is_empty() {
                continue;
            }
            let class_concerned = self.is_concerned(class);
            for (piece, run) in self.pieces_of(point, class) {
                if !class_concerned && !self.run_kinds.get(run as usize).is_some_and(|(_, shaken)| *shaken) {
                    continue;
                }
                // Where rules of the class look at the local address, each address stands for itself; its answer is
                // still shared through interned sides.
                let narrowing = Some(piece.range.first).filter(|_| self.is_narrowed(class));
                groups.entry((run, class, piece.kind.is_plain(), narrowing)).or_default().push(piece);
            }
        }
        let mut found = Vec::new();
        for ((run, class, _, _), mut peers) in groups {
            let Some(first) = peers.first().copied() else { continue };
            for direction in BOTH {
                let (ours, theirs) = self.sides(direction, run, class, &first);
                if let Some(deltas) = self.answer(direction, ours, theirs) {
                    peers.sort_unstable();
                    found.push(PeerGroup { direction, deltas, peers: peers.clone() });
                }
            }
        }
        found
    }

    /// Returns whether the row has accepted traffic with these addresses of a peer, in either direction.
    pub fn contact(&mut self, interface: InterfaceIx) -> Contact {
        let (family, difference) = (self.range.family, self.difference);
        let addresses = &difference.graph.interface(interface).addresses;
        let mut total = Contact::default();
        for address in addresses.iter().filter(|address| address.block.family() == family) {
            total = total.or(self.contact_with(interface, *address));
        }
        total
    }

    fn contact_with(&mut self, interface: InterfaceIx, address: InterfaceAddress) -> Contact {
        let point =
            Point { first: address.block.first(), last: address.block.last(), interface, kind: address.kind };
        let class = self.difference.class(interface);
        let mut total = Contact::default();
        for (piece, run) in self.pieces_of(&point, class) {
            for direction in BOTH {
                let (ours, theirs) = self.sides(direction, run, class, &piece);
                total = total.or(self.contact_of(direction, ours, theirs));
            }
        }
        total
    }

    /// Returns the contact with anybody else in the VPC, stopping as soon as `enough` says so.
    pub fn contact_with_anybody(&mut self, enough: impl Fn(Contact) -> bool) -> Contact {
        let accepting = self.partners();
        let mut total = Contact::default();
        let mut tried: BTreeSet<(u32, u32, bool)> = BTreeSet::new();
        for point in self.points() {
            let class = self.difference.class(point.interface);
            let groups = self.difference.groups(class);
            let plausible = accepting.is_none()
                || groups.is_unknown()
                || groups
                    .ever()
                    .iter()
                    .any(|group| accepting.as_ref().is_some_and(|set| set.contains(group)));
            if point.interface == self.interface || !plausible {
                continue;
            }
            for (piece, run) in self.pieces_of(point, class) {
                let narrowed = self.is_narrowed(class);
                if !narrowed && !tried.insert((run, class, piece.kind.is_plain())) {
                    continue;
                }
                for direction in BOTH {
                    let (ours, theirs) = self.sides(direction, run, class, &piece);
                    total = total.or(self.contact_of(direction, ours, theirs));
                }
            }
            if enough(total) {
                return total;
            }
        }
        total
    }

    /// Returns the groups a partner must be in for any traffic to be accepted, or `None` when it may be anybody.
    ///
    /// Traffic to the row needs an accepting ingress rule of its own, or a shared group; traffic from the row needs
    /// an accepting ingress rule of the partner that sees the row's address, or a shared group.
    fn partners(&self) -> Option<BTreeSet<GroupIx>> {
        let book = &self.difference.book;
        let admits = |number: &u32| {
            let body = book.body(*number);
            body.direction == Direction::Ingress && body.action == crate::inventory::RuleAction::Accept
        };
        let ever = self.groups.ever();
        let unknown_rules = ever.iter().any(|group| {
            !self.difference.graph.group(*group).is_some_and(|g| g.knows_rules(Direction::Ingress))
        });
        let by_address = self.run_kinds.iter().flat_map(|(numbers, _)| numbers).any(admits);
        let open = self
            .by_group
            .iter()
            .any(|number| admits(number) && !matches!(book.body(*number).peer, Peer::Group(_)));
        if unknown_rules || by_address || open || self.groups.is_unknown() {
            return None;
        }
        let mut partners: BTreeSet<GroupIx> = ever.into_iter().collect();
        partners.extend(self.by_group.iter().filter(|number| admits(number)).filter_map(|number| {
            if let Peer::Group(group) = book.body(*number).peer { Some(group) } else { None }
        }));
        partners.extend(
            self.seen.iter().filter(|(_, numbers)| numbers.iter().any(admits)).map(|(group, _)| *group),
        );
        partners.extend(self.difference.graph.groups().filter(|group| {
            !self.difference.graph.group(*group).is_some_and(|g| g.knows_rules(Direction::Ingress))
        }));
        Some(partners)
    }

    /// Compares every external address: the whole family, cut where the row's own rules cut it.
    pub fn externals(&mut self) -> Vec<ExternalGroup> {
        let covered = union_of(self.points());
        let mut found = Vec::new();
        for direction in BOTH {
            let mut cuts: Vec<IpRange> = Vec::new();
            for run in self.runs.clone() {
                let range = IpRange { family: self.range.family, first: run.first, last: run.last };
                let metadata = IpBlock::around(Family::Ipv4, METADATA, 32);
                let inner = Some(metadata).filter(|block| {
                    direction == Direction::Egress
                        && range.family == Family::Ipv4
                        && (range.first..=range.last).contains(&block.first())
                });
                cuts.extend(cut(range, inner.into_iter()));
            }
            let mut answers: Vec<Arc<[Delta]>> = Vec::new();
            let mut pieces: Vec<(IpRange, Option<usize>, bool)> = Vec::new();
            for range in cuts {
                let answer = self.external_answer(direction, range).map(|deltas| {
                    answers.iter().position(|known| *known == deltas).unwrap_or_else(|| {
                        answers.push(deltas);
                        answers.len() - 1
                    })
                });
                pieces.push((range, answer, is_covered(&covered, range)));
            }
            for (number, deltas) in answers.iter().enumerate() {
                let blocks = blocks_of_answer(&pieces, number);
                if !blocks.is_empty() {
                    found.push(ExternalGroup { direction, deltas: deltas.clone(), blocks });
                }
            }
        }
        found
    }

    fn external_answer(&mut self, direction: Direction, range: IpRange) -> Answer {
        let block = IpBlock::single(range.family.address(range.first));
        let numbers = self.own_candidates(self.run_at(range.first));
        let matcher = self.difference.matcher();
        let side = matcher.side(direction, &self.own(), &Remote::External(block), numbers.into_iter());
        let ours = self.memo.intern(side);
        if let Some(known) = self.memo.answers.get(&(direction, ours, u32::MAX)) {
            return known.clone();
        }
        let side = self.memo.side(ours);
        let (egress, ingress) = match direction {
            Direction::Egress => (Some(side), None),
            Direction::Ingress => (None, Some(side)),
        };
        let found = deltas(&self.difference.book, self.range.family, egress, ingress);
        let answer: Answer = if found.is_empty() { None } else { Some(Arc::from(found)) };
        self.memo.answers.insert((direction, ours, u32::MAX), answer.clone());
        answer
    }

    /// Compares the members of groups of other accounts that the row's coming and going rules name, or whose rules
    /// name a group the row leaves or joins (law AM1). The other side is not ours, so nothing of it is certain.
    pub fn foreign(&self, foreign: &BTreeSet<GroupIx>, naming_us: &BTreeSet<GroupIx>) -> Vec<ForeignChange> {
        let book = &self.difference.book;
        let changed = self.groups.changed();
        let named: BTreeSet<GroupIx> = changed
            .iter()
            .flat_map(|group| book.of_group(*group))
            .filter_map(|number| match book.body(*number).peer {
                Peer::Group(group) if foreign.contains(&group) => Some(group),
                _ => None,
            })
            .collect();
        let mut found = Vec::new();
        for group in named.union(naming_us).copied() {
            for direction in BOTH {
                let remote = Remote::Foreign(group, self.range.family);
                let candidates = self.groups.ever();
                let numbers = candidates.iter().flat_map(|group| book.of_group(*group)).copied();
                let ours = self.difference.matcher().side(direction, &self.own(), &remote, numbers);
                // Their rules may name the group the row leaves or joins: then their side changes too.
                let names_us = naming_us.contains(&group);
                let theirs = Side {
                    lines: Vec::new(),
                    further: vec![Further { unknown: Unknown::Foreign(group), before: true, after: true }],
                    remote: RemoteChange { leaves: names_us, joins: names_us, when: None },
                };
                let (egress, ingress) = match direction {
                    Direction::Egress => (&ours, &theirs),
                    Direction::Ingress => (&theirs, &ours),
                };
                let deltas = deltas(book, self.range.family, Some(egress), Some(ingress));
                if !deltas.is_empty() {
                    found.push(ForeignChange { direction, group, deltas });
                }
            }
        }
        found
    }

    fn is_concerned(&mut self, class: u32) -> bool {
        if self.all_concerned {
            return true;
        }
        if let Some(known) = self.memo.concerned.get(&class) {
            return *known;
        }
        let groups = self.difference.groups(class);
        let answer = groups.is_unknown()
            || !groups.changed().is_empty()
            || groups.ever().iter().any(|group| {
                self.concerned.contains(group)
                    || self.difference.has_unknown_rules(*group)
                    || self.difference.book.is_mysterious(*group)
            });
        self.memo.concerned.insert(class, answer);
        answer
    }

    fn is_narrowed(&self, class: u32) -> bool {
        let groups = self.difference.groups(class);
        groups.ever().iter().any(|group| self.difference.book.is_narrowed(*group))
    }

    /// Cuts the addresses of a peer where the row's rules, or the peer's narrowed rules, cut them.
    fn pieces_of(&self, point: &Point, class: u32) -> Vec<(PeerPiece, u32)> {
        let family = self.range.family;
        let whole = IpRange { family, first: point.first, last: point.last };
        let piece = |range| PeerPiece { interface: point.interface, range, kind: point.kind };
        if point.first == point.last {
            return vec![(piece(whole), self.run_at(point.first))];
        }
        let cuts: Vec<IpBlock> = if self.is_narrowed(class) {
            blocks_of(whole).into_iter().flat_map(|block| self.difference.book.locals_inside(block)).collect()
        } else {
            Vec::new()
        };
        let mut pieces = Vec::new();
        for range in cut(whole, cuts.into_iter()) {
            let from = self.runs.partition_point(|run| run.last < range.first);
            for run in self.runs.iter().skip(from).take_while(|run| run.first <= range.last) {
                let (first, last) = (run.first.max(range.first), run.last.min(range.last));
                pieces.push((piece(IpRange { family, first, last }), run.kind));
            }
        }
        pieces
    }

    fn run_at(&self, address: u128) -> u32 {
        let at = self.runs.partition_point(|run| run.last < address);
        self.runs.get(at).map_or(0, |run| run.kind)
    }

    fn own_candidates(&self, run: u32) -> Vec<u32> {
        let by_address = self.run_kinds.get(run as usize).map_or(&[][..], |(numbers, _)| numbers);
        by_address.iter().chain(&self.by_group).copied().collect()
    }

    /// Returns the numbers of (the row's side, the peer's side) for new sessions in this direction of the row.
    fn sides(&mut self, direction: Direction, run: u32, class: u32, peer: &PeerPiece) -> (u32, u32) {
        let own = self.own();
        let plain = peer.kind.is_plain();
        let block = IpBlock::single(peer.range.family.address(peer.range.first));
        let other = Own { interface: peer.interface, block, plain, groups: self.difference.groups(class) };
        let matcher = self.difference.matcher();
        let candidates = self.own_candidates(run);
        let ours = matcher.side(direction, &own, &Remote::Interface(other), candidates.into_iter());
        let ours = self.memo.intern(ours);
        let narrowed = self.is_narrowed(class);
        let key = (class, plain, direction);
        if let Some(known) = self.memo.theirs.get(&key).filter(|_| !narrowed) {
            return (ours, *known);
        }
        let holders = other.groups.ever();
        let candidates = holders.iter().filter_map(|group| self.seen.get(group)).flatten().copied();
        let theirs = matcher.side(direction.opposite(), &other, &Remote::Interface(own), candidates);
        let theirs = self.memo.intern(theirs);
        self.memo.theirs.insert(key, theirs);
        (ours, theirs)
    }

    fn answer(&mut self, direction: Direction, ours: u32, theirs: u32) -> Answer {
        if let Some(known) = self.memo.answers.get(&(direction, ours, theirs)) {
            return known.clone();
        }
        let (egress, ingress) = match direction {
            Direction::Egress => (ours, theirs),
            Direction::Ingress => (theirs, ours),
        };
        let (egress, ingress) = (self.memo.side(egress), self.memo.side(ingress));
        let found = deltas(&self.difference.book, self.range.family, Some(egress), Some(ingress));
        let answer: Answer = if found.is_empty() { None } else { Some(Arc::from(found)) };
        self.memo.answers.insert((direction, ours, theirs), answer.clone());
        answer
    }

    fn contact_of(&mut self, direction: Direction, ours: u32, theirs: u32) -> Contact {
        if let Some(known) = self.memo.contacts.get(&(direction, ours, theirs)) {
            return *known;
        }
        let (egress, ingress) = match direction {
            Direction::Egress => (ours, theirs),
            Direction::Ingress => (theirs, ours),
        };
        let (egress, ingress) = (self.memo.side(egress), self.memo.side(ingress));
        let found = contact(&self.difference.book, self.range.family, egress, ingress);
        self.memo.contacts.insert((direction, ours, theirs), found);
        found
    }
}

impl Difference<'_> {
    fn has_unknown_rules(&self, group: GroupIx) -> bool {
        !self.graph.group(group).is_some_and(|g| BOTH.iter().all(|direction| g.knows_rules(*direction)))
    }

    /// Tells whether a change of groups can be felt by every peer: a default, unknown rules, or all groups come or go.
    fn shakes_everybody(&self, groups: &Groups<'_>, changed: &[GroupIx]) -> bool {
        let known_type = |groups: &Option<std::borrow::Cow<'_, [GroupIx]>>| -> Option<SecurityGroupType> {
            groups
                .iter()
                .flat_map(|groups| groups.iter())
                .find_map(|g| self.graph.group(*g).and_then(|g| g.group_type))
        };
        !changed.is_empty()
            && (known_type(&groups.before) != known_type(&groups.after)
                || known_type(&groups.before).is_none()
                || groups.after.as_ref().is_some_and(|after| after.is_empty())
                || groups.before.as_ref().is_some_and(|before| before.is_empty())
                || changed.iter().any(|group| self.has_unknown_rules(*group))
                || changed.iter().flat_map(|group| self.book.of_group(*group)).any(|number| {
                    matches!(self.book.body(*number).peer, Peer::UnknownList(_) | Peer::NotUnderstood)
                }))
    }
}

/// Cuts the whole family where a rule's blocks begin or end; equal sets of rules get the same kind.
fn runs(
    book: &RuleBook,
    family: Family,
    numbers: &[u32],
    changed: &[GroupIx],
) -> (Vec<Run>, Vec<(Vec<u32>, bool)>) {
    // Events: at this address, these rules begin (true) or end (false).
    let mut events: BTreeMap<u128, Vec<(u32, bool)>> = BTreeMap::from([(0, Vec::new())]);
    for number in numbers {
        let Peer::Blocks(blocks) = &book.body(*number).peer else { continue };
        for block in blocks.iter().filter(|block| block.family() == family) {
            events.entry(block.first()).or_default().push((*number, true));
            if let Some(next) = block.last().checked_add(1).filter(|next| *next <= family.last()) {
                events.entry(next).or_default().push((*number, false));
            }
        }
    }
    let mut active: BTreeMap<u32, u32> = BTreeMap::new();
    let mut kinds: Vec<(Vec<u32>, bool)> = Vec::new();
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut runs: Vec<Run> = Vec::new();
    for (first, changes) in events {
        for (number, begins) in changes {
            let count = active.entry(number).or_insert(0);
            *count = if begins { *count + 1 } else { count.saturating_sub(1) };
        }
        active.retain(|_, count| *count > 0);
        let set: Vec<u32> = active.keys().copied().collect();
        let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
        let kind = *known.entry(set).or_insert_with_key(|set| {
            let shaken = set.iter().any(|number| changed.contains(&book.body(*number).rule.group));
            kinds.push((set.clone(), shaken));
            next
        });
        if let Some(previous) = runs.last_mut() {
            previous.last = first - 1;
        }
        runs.push(Run { first, last: family.last(), kind });
    }
    (runs, kinds)
}

/// Returns the addresses of the points as sorted, disjoint ranges.
fn union_of(points: &[Point]) -> Vec<(u128, u128)> {
    let mut merged: Vec<(u128, u128)> = Vec::new();
    for point in points {
        match merged.last_mut() {
            Some((_, last)) if point.first <= last.saturating_add(1) => *last = (*last).max(point.last),
            _ => merged.push((point.first, point.last)),
        }
    }
    merged
}

fn is_covered(covered: &[(u128, u128)], range: IpRange) -> bool {
    let at = covered.partition_point(|(_, last)| *last < range.first);
    covered.get(at).is_some_and(|(first, last)| *first <= range.first && range.last <= *last)
}

/// Returns the blocks of one answer. A piece without any external address joins its neighbours where they agree, so
/// that an inventory address named by a rule does not tear a hole nobody can be in.
fn blocks_of_answer(pieces: &[(IpRange, Option<usize>, bool)], answer: usize) -> Vec<IpBlock> {
    let mut ranges: Vec<IpRange> = Vec::new();
    let mut bridge: Option<IpRange> = None;
    for (range, found, covered) in pieces {
        if *covered {
            let first = bridge.map_or(range.first, |open| open.first);
            bridge = ranges.last().map(|_| IpRange { first, ..*range });
            continue;
        }
        if *found == Some(answer) {
            match ranges.last_mut() {
                Some(last) if last.last + 1 == bridge.map_or(range.first, |open| open.first) => {
                    last.last = range.last
                }
                _ => ranges.push(*range),
            }
        }
        bridge = None;
    }
    ranges.into_iter().flat_map(blocks_of).collect()
}
