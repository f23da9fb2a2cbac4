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
//! 6. Where neither what the row says of a class nor what the class says of the row can change, nothing is compared.
//! 7. Sides are interned, and found again by what they hang on (`look`); a pair of sides is compared once.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::compiled::{Point, points_of};
use super::delta::{Delta, deltas};
use super::difference::Difference;
use super::look::Looks;
use super::matching::{Groups, Own, Remote, is_metadata};
use super::memo::{Answer, Memo, OurSide, TheirSide};
use super::rulebook::Peer;
use super::runs::{Run, cut, runs};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::{AddressKind, Direction, VpcId};
use crate::netset::{IpBlock, IpRange, blocks_of};

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
    /// The peers, sorted. None of them changes itself, or all do; those are of one class and run.
    pub peers: Vec<PeerPiece>,
    /// The side of the row and that of the peers, by number; equal numbers are equal sides.
    pub(crate) sides: (u32, u32),
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

/// One address of a changed interface against everybody.
#[derive(Debug)]
pub struct Row<'d, 'g> {
    pub(super) difference: &'d Difference<'g>,
    pub(super) vpc: &'g VpcId,
    pub(super) interface: InterfaceIx,
    pub(super) range: IpRange,
    pub(super) kind: AddressKind,
    pub(super) groups: &'d Groups<'g>,
    /// The groups held in either state, sorted.
    pub(super) ever: Vec<GroupIx>,
    /// Cover the whole family, ascending.
    pub(super) runs: Vec<Run>,
    /// For each kind of run: the row's own rules that hold it, by number, and whether one of them comes or goes.
    pub(super) run_kinds: Vec<(Vec<u32>, bool)>,
    /// Own rules that match by group, or whose remote side is not known.
    pub(super) by_group: Vec<u32>,
    pub(super) concerned: BTreeSet<GroupIx>,
    /// The groups whose members can say something else of the row than before.
    pub(super) following: BTreeSet<GroupIx>,
    /// Whether every peer may be concerned: the default or unknown rules come or go.
    pub(super) all_concerned: bool,
    pub(super) looks: Looks,
    pub(super) memo: Memo,
}

/// A run, a class, and whether the address is a plain one: what peers must share to be treated alike.
type Cell = (u32, u32, bool);

pub(super) const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];

impl<'d, 'g> Row<'d, 'g> {
    pub(super) fn new(
        difference: &'d Difference<'g>,
        vpc: &'g VpcId,
        interface: InterfaceIx,
        range: IpRange,
        kind: AddressKind,
    ) -> Self {
        let book = difference.book;
        let groups = difference.groups(difference.class(interface));
        let changed = groups.changed();
        let ever = groups.ever();
        let own: Vec<u32> = ever.iter().flat_map(|group| book.of_group(*group)).copied().collect();
        let (by_block, by_group): (Vec<u32>, Vec<u32>) =
            own.into_iter().partition(|number| matches!(book.body(*number).peer, Peer::Blocks(_)));
        let following = difference.following(&changed);
        let (runs, run_kinds) = runs(book, range.family(), &by_block, &changed);
        Self {
            difference,
            vpc,
            interface,
            range,
            kind,
            groups,
            ever,
            runs,
            run_kinds,
            by_group,
            concerned: difference.concerned(&changed, &following),
            following,
            all_concerned: difference.shakes_everybody(groups, &changed),
            looks: Looks::default(),
            memo: Memo::default(),
        }
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

    pub(super) fn own(&self) -> Own<'d> {
        let block = IpBlock::single(self.range.address());
        Own { interface: self.interface, block, plain: self.kind.is_plain(), groups: self.groups }
    }

    pub(super) fn points(&self) -> &'d [Point] {
        self.difference.line(self.vpc, self.range.family()).map_or(&[], |line| &line.points)
    }

    /// Returns the points that can be concerned, and perhaps others: members of concerned groups, and what lies in the
    /// runs of rules that come or go. Sorted.
    pub(super) fn candidates(&self) -> Cow<'d, [Point]> {
        let difference = self.difference;
        let Some(line) = difference.line(self.vpc, self.range.family()) else { return Cow::Borrowed(&[]) };
        // A list that would not be shorter than the line is not worth making.
        let (all, enough) = (Cow::Borrowed(line.points.as_slice()), line.points.len());
        let compiled = difference.compiled;
        let count = |group: &GroupIx| compiled.members_of(*group).len();
        let members: usize = self.concerned.iter().map(count).sum();
        if self.all_concerned || members + compiled.always_concerned.len() > enough {
            return all;
        }
        let members = self.concerned.iter().flat_map(|group| compiled.members_of(*group));
        let mut found: Vec<Point> = Vec::new();
        for interface in members.chain(&compiled.always_concerned).chain(difference.changed()) {
            let described = difference.graph.interface(*interface);
            if described.network.vpc() == Some(self.vpc) {
                found.extend(points_of(*interface, described, self.range.family()));
            }
        }
        let is_shaken = |run: &&Run| self.run_kinds.get(run.kind as usize).is_some_and(|(_, shaken)| *shaken);
        for run in self.runs.iter().filter(is_shaken) {
            match line.within(run.first, run.last) {
                Some(points) if points.len() + found.len() <= enough => found.extend(points),
                _ => return all,
            }
        }
        found.sort_unstable();
        found.dedup();
        Cow::Owned(found)
    }

    /// Compares every peer that can be concerned, also those that change themselves: such a pair stands in the rows of both
    /// its interfaces. The cost follows the members of the groups that the change concerns
    /// and the addresses in the rules that come or go, plus the distinct answers. `is_apart` keeps all apart by class and run.
    pub fn peers(&mut self, is_apart: bool) -> Vec<PeerGroup> {
        let candidates = self.candidates();
        self.compare(&candidates, is_apart)
    }

    /// Compares these peers only.
    pub(super) fn peers_among(&mut self, interfaces: &[InterfaceIx]) -> Vec<PeerGroup> {
        let (graph, family) = (self.difference.graph, self.range.family());
        let points = interfaces.iter().flat_map(|one| points_of(*one, graph.interface(*one), family));
        let points: Vec<Point> = points.collect();
        self.compare(&points, false)
    }

    fn compare(&mut self, points: &[Point], is_apart: bool) -> Vec<PeerGroup> {
        let mut found: Vec<PeerGroup> = Vec::new();
        // What changes for a pair of sides, and where among the found its peers are.
        let mut answers: HashMap<(Direction, u32, u32), Answer> = HashMap::new();
        let mut places: HashMap<(Direction, u32, u32, Option<Cell>), usize> = HashMap::new();
        let mut cells: HashMap<Cell, [Option<usize>; 2]> = HashMap::new();
        let itself = self.interface;
        for point in points.iter().filter(|point| point.interface != itself) {
            let class = self.difference.class(point.interface);
            let is_apart = is_apart || self.difference.is_changed(class);
            let look = self.look(class);
            for (piece, run) in self.pieces_of(point, look.is_narrowed) {
                let is_shaken = || self.run_kinds.get(run as usize).is_some_and(|(_, shaken)| *shaken);
                if !look.is_concerned && !is_shaken() {
                    continue;
                }
                let cell = (run, class, piece.kind.is_plain());
                let is_shared = look.is_shared(piece.range);
                let groups = cells.get(&cell).filter(|_| is_shared).copied().unwrap_or_else(|| {
                    let groups = BOTH.map(|direction| {
                        let ours = self.ours(direction, run, class, &piece);
                        if !look.is_moved && self.memo.side(ours).side().is_steady() {
                            return None;
                        }
                        let theirs = self.theirs(direction, class, &piece);
                        let sides = (direction, ours, theirs);
                        let answer = answers.entry(sides).or_insert_with(|| self.answer(sides));
                        let deltas = Arc::clone(answer.as_ref()?);
                        let next = found.len();
                        let place = match (is_apart, is_shared) {
                            (true, false) => next,
                            _ => *places
                                .entry((direction, ours, theirs, is_apart.then_some(cell)))
                                .or_insert(next),
                        };
                        if place == next {
                            let sides = (ours, theirs);
                            found.push(PeerGroup { direction, deltas, peers: Vec::new(), sides });
                        }
                        Some(place)
                    });
                    cells.insert(cell, groups);
                    groups
                });
                for group in groups.into_iter().flatten() {
                    if let Some(group) = found.get_mut(group) {
                        group.peers.push(piece);
                    }
                }
            }
        }
        for group in &mut found {
            group.peers.sort_unstable();
        }
        found
    }

    /// Cuts the addresses of a peer where the row's rules, or the peer's narrowed rules, cut them.
    pub(super) fn pieces_of(
        &self,
        point: &Point,
        is_narrowed: bool,
    ) -> impl Iterator<Item = (PeerPiece, u32)> + use<> {
        let family = self.range.family();
        let whole = IpRange::new(family, point.first, point.last);
        let (interface, kind) = (point.interface, point.kind);
        let piece = |range| PeerPiece { interface, range, kind };
        let (mut only, mut pieces) = (None, Vec::new());
        if point.first == point.last {
            only = Some((piece(whole), self.run_at(point.first)));
        } else {
            let cuts: Vec<IpBlock> = if is_narrowed {
                blocks_of(whole)
                    .into_iter()
                    .flat_map(|block| self.difference.book.locals_inside(block))
                    .collect()
            } else {
                Vec::new()
            };
            for range in cut(whole, cuts.into_iter()) {
                let from = self.runs.partition_point(|run| run.last < range.first());
                for run in self.runs.iter().skip(from).take_while(|run| run.first <= range.last()) {
                    let (first, last) = (run.first.max(range.first()), run.last.min(range.last()));
                    pieces.push((piece(IpRange::new(family, first, last)), run.kind));
                }
            }
        }
        only.into_iter().chain(pieces)
    }

    pub(super) fn run_at(&self, address: u128) -> u32 {
        let at = self.runs.partition_point(|run| run.last < address);
        self.runs.get(at).map_or(0, |run| run.kind)
    }

    pub(super) fn own_candidates(&self, run: u32) -> Vec<u32> {
        let by_address = self.run_kinds.get(run as usize).map_or(&[][..], |(numbers, _)| numbers);
        by_address.iter().chain(&self.by_group).copied().collect()
    }

    /// Returns the numbers of (the row's side, the peer's side) for new sessions in this direction of the row.
    pub(super) fn sides(
        &mut self,
        direction: Direction,
        run: u32,
        class: u32,
        peer: &PeerPiece,
    ) -> (u32, u32) {
        (self.ours(direction, run, class, peer), self.theirs(direction, class, peer))
    }

    /// Returns the number of the row's side.
    fn ours(&mut self, direction: Direction, run: u32, class: u32, peer: &PeerPiece) -> u32 {
        let look = self.look(class);
        let plain = peer.kind.is_plain();
        // The metadata address is an exemption of its own, which no run shows.
        let from_us = look.from_us.filter(|_| !is_metadata(peer.range));
        let key = from_us.map(|look| OurSide { direction, run, look, plain });
        if let Some(known) = key.and_then(|key| self.memo.ours.get(&key)) {
            return *known;
        }
        let remote = Remote::Interface(self.peer(class, peer));
        let candidates = self.own_candidates(run);
        let side = self.difference.matcher().side(direction, &self.own(), &remote, candidates.into_iter());
        let number = self.memo.intern(side);
        self.memo.ours.extend(key.map(|key| (key, number)));
        number
    }

    /// Returns the number of the peer's side.
    fn theirs(&mut self, direction: Direction, class: u32, peer: &PeerPiece) -> u32 {
        let look = self.look(class);
        let plain = peer.kind.is_plain();
        let key = look.from_them.map(|look| TheirSide { direction, look, plain });
        if let Some(known) = key.and_then(|key| self.memo.theirs.get(&key)) {
            return *known;
        }
        let other = self.peer(class, peer);
        let seen = match other.groups.is_unknown() {
            true => self.seen_by_anybody(),
            false => self.seen_by(&other.groups.ever()),
        };
        let remote = Remote::Interface(self.own());
        let side = self.difference.matcher().side(direction.opposite(), &other, &remote, seen.into_iter());
        let number = self.memo.intern(side);
        self.memo.theirs.extend(key.map(|key| (key, number)));
        number
    }

    fn peer(&self, class: u32, peer: &PeerPiece) -> Own<'d> {
        let block = IpBlock::single(peer.range.address());
        let groups = self.difference.groups(class);
        Own { interface: peer.interface, block, plain: peer.kind.is_plain(), groups }
    }

    /// Returns what changes for a pair of sides. It is remembered where it is asked: a row is compared once.
    fn answer(&self, (direction, ours, theirs): (Direction, u32, u32)) -> Answer {
        let (egress, ingress) = match direction {
            Direction::Egress => (ours, theirs),
            Direction::Ingress => (theirs, ours),
        };
        let (egress, ingress) = (self.memo.side(egress), self.memo.side(ingress));
        let found = deltas(self.difference.book, self.range.family(), Some(egress), Some(ingress));
        if found.is_empty() { None } else { Some(Arc::from(found)) }
    }
}
