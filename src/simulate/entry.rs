//! From the rows of changed interfaces to the entries of a report: as few as the answers allow, never blurred.
//!
//! 1. All addresses of one changed interface with the same answer towards the same peers become one entry.
//! 2. Entries of several changed interfaces with the same answer towards the same peers become one entry.
//! 3. So do entries that differ only in that each interface is missing among its own peers: an interface is never
//!    paired with itself, so naming it on both sides means nothing. Where both ends of a pair are responsible, whoever
//!    stands on both sides must leave the same groups as one and as the other, or it would not be said which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::attribution::{RemovedBy, Who};
use super::impact::{Change, EndpointSet, PairEnds, SessionEffect};
use crate::evaluate::{Cause, ChangeKind, Delta, Disposition, Effect, Evidence, Explanation};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::{AddressKind, Addresses, Direction, InterfaceAddress};
use crate::netset::{Family, IpBlock, IpRange, blocks_of};
use crate::parallel;

/// What entries must share to be one. Removals are named without their interface.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) direction: Direction,
    pub(super) family: Family,
    pub(super) delta: Delta,
    pub(super) removed_by: RemovedBy,
}

/// An address, or a part of a delegated prefix, of an interface.
pub(super) type Range = (InterfaceIx, AddressKind, IpRange);

/// The peers of one address of a changed interface.
#[derive(Debug, Clone)]
pub(super) enum Peers {
    /// Shared by all that changes towards them.
    Interfaces(Arc<[Range]>),
    External(Vec<IpBlock>),
    Foreign(GroupIx),
}

/// What one row says: one answer towards some peers.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) own: Range,
    pub(super) key: Key,
    pub(super) peers: Peers,
}

/// Groups findings into changes, sorted, and session risks, sorted.
///
/// What shares no key shares no entry, so each key is worked on alone.
pub(super) fn entries(findings: Vec<Finding>) -> (Vec<Change>, Vec<Change>) {
    let mut by_key: HashMap<Key, Vec<(Range, Peers)>> = HashMap::new();
    for Finding { own, key, peers } in findings {
        by_key.entry(key).or_default().push((own, peers));
    }
    // Keys come in no order; what is made of them is sorted at the end.
    let by_key: Vec<(Key, Vec<(Range, Peers)>)> = by_key.into_iter().collect();
    let changes_of = |(key, rows): (Key, Vec<(Range, Peers)>)| {
        let rectangles = merge(rows, may_close(&key.removed_by)).into_iter();
        let changes = rectangles.map(|(sources, peers)| change_of(&key, sources, peers));
        (key.delta.effect, changes.collect::<Vec<Change>>())
    };
    let (mut changes, mut risks) = (Vec::new(), Vec::new());
    for (effect, mut found) in parallel::each(by_key, changes_of) {
        let place = if effect == Effect::SessionRisk { &mut risks } else { &mut changes };
        place.append(&mut found);
    }
    changes.sort_unstable();
    risks.sort_unstable();
    (changes, risks)
}

type Own = EndpointSet;
type Rectangles = Vec<(Vec<Own>, Vec<EndpointSet>)>;

/// Tells whether an interface may stand on both sides of an entry.
fn may_close(removed_by: &[(Who, GroupIx)]) -> bool {
    let left_by = |who: Who| removed_by.iter().filter(move |(one, _)| *one == who).map(|(_, group)| group);
    left_by(Who::Peer).next().is_none() || left_by(Who::Own).eq(left_by(Who::Peer))
}

/// Rectangles of sources and peers.
fn merge(findings: Vec<(Range, Peers)>, may_close: bool) -> Rectangles {
    let mut rows: BTreeMap<Range, Vec<Peers>> = BTreeMap::new();
    for (own, peers) in findings {
        rows.entry(own).or_default().push(peers);
    }
    let mut same: BTreeMap<Vec<EndpointSet>, Vec<Range>> = BTreeMap::new();
    for (own, peers) in rows {
        same.entry(endpoints(peers)).or_default().push(own);
    }
    let same = same.into_iter().map(|(peers, owners)| (peers, interfaces(owners)));
    let (mut rectangles, mut with_self): (Rectangles, BTreeMap<Vec<EndpointSet>, Vec<Own>>) =
        Default::default();
    for (mut peers, mut owners) in same {
        if let [own] = owners.as_slice()
            && may_close
        {
            let at = peers.partition_point(|peer| peer < own);
            peers.insert(at, own.clone());
            with_self.entry(peers).or_default().append(&mut owners);
        } else {
            rectangles.push((owners, peers));
        }
    }
    for (closed, owners) in with_self {
        let peers = match owners.as_slice() {
            [own] => closed.into_iter().filter(|peer| peer != own).collect(),
            _ => closed,
        };
        rectangles.push((owners, peers));
    }
    rectangles
}

fn endpoints(peers: Vec<Peers>) -> Vec<EndpointSet> {
    let mut ranges = Vec::new();
    let mut blocks: Vec<IpBlock> = Vec::new();
    let mut found = Vec::new();
    for one in peers {
        match one {
            Peers::Interfaces(pieces) => ranges.extend_from_slice(&pieces),
            Peers::External(mut more) => blocks.append(&mut more),
            Peers::Foreign(group) => found.push(EndpointSet::ForeignGroup { group }),
        }
    }
    found.extend(interfaces(ranges));
    if !blocks.is_empty() {
        blocks.sort_unstable();
        found.push(EndpointSet::External { blocks });
    }
    found.sort_unstable();
    found
}

/// Joins the addresses of each interface.
fn interfaces(mut ranges: Vec<Range>) -> Vec<EndpointSet> {
    ranges.sort_unstable();
    ranges.dedup();
    let of_one = |pieces: &[Range]| {
        let interface = pieces.first()?.0;
        Some(EndpointSet::Interface { interface, addresses: addresses(pieces) })
    };
    ranges.chunk_by(|one, next| one.0 == next.0).filter_map(of_one).collect()
}

/// Returns the addresses of one interface; neighbouring runs of one delegated prefix become blocks again.
fn addresses(pieces: &[Range]) -> Addresses {
    if let [(_, kind, range)] = pieces
        && range.first() == range.last()
    {
        let block = IpBlock::single(range.address());
        return Addresses::from_iter([InterfaceAddress { block, kind: *kind }]);
    }
    let mut joined: Vec<(AddressKind, IpRange)> = Vec::new();
    for (_, kind, range) in pieces.iter().copied() {
        match joined.last_mut() {
            Some((known, last))
                if *known == kind
                    && kind == AddressKind::Prefix
                    && last.family() == range.family()
                    && last.last().checked_add(1) == Some(range.first()) =>
            {
                *last = IpRange::new(last.family(), last.first(), range.last());
            }
            _ => joined.push((kind, range)),
        }
    }
    let blocks =
        |(kind, range)| blocks_of(range).into_iter().map(move |block| InterfaceAddress { block, kind });
    let mut found: Addresses = joined.into_iter().flat_map(blocks).collect();
    found.sort_unstable();
    found
}

fn change_of(key: &Key, mut own: Vec<Own>, mut peers: Vec<EndpointSet>) -> Change {
    own.sort_unstable();
    peers.sort_unstable();
    let left = |(who, group): &(Who, GroupIx)| {
        let group = *group;
        let side = if *who == Who::Own { &own } else { &peers };
        interfaces_of(side).map(move |interface| (interface, group))
    };
    let removed_by: BTreeSet<(InterfaceIx, GroupIx)> = key.removed_by.iter().flat_map(left).collect();
    let is_of_both = key.removed_by.iter().any(|(who, _)| *who == Who::Peer);
    let removals_of = match key.direction {
        _ if is_of_both => PairEnds::Both,
        Direction::Egress => PairEnds::Sources,
        Direction::Ingress => PairEnds::Destinations,
    };
    let kind = match key.delta.effect {
        Effect::Change(kind) => kind,
        Effect::SessionRisk => ChangeKind::Lost,
    };
    let (sources, destinations) = match key.direction {
        Direction::Egress => (own, peers),
        Direction::Ingress => (peers, own),
    };
    Change {
        kind,
        family: key.family,
        sources,
        destinations,
        traffic: key.delta.traffic.clone(),
        before: key.delta.before.clone(),
        after: key.delta.after.clone(),
        removed_by: removed_by.into_iter().collect(),
        removals_of,
        sessions: sessions(&key.delta),
    }
}

fn interfaces_of(side: &[EndpointSet]) -> impl Iterator<Item = InterfaceIx> {
    side.iter().filter_map(|end| match end {
        EndpointSet::Interface { interface, .. } => Some(*interface),
        EndpointSet::External { .. } | EndpointSet::ForeignGroup { .. } => None,
    })
}

/// Law 4: sessions that live on the intra-group Accept can break at once; others can last until they time out.
fn sessions(delta: &Delta) -> Option<SessionEffect> {
    let was_possible =
        matches!(delta.before.disposition, Disposition::Accepted | Disposition::InsufficientInfo);
    let lives_on_inner_access = |one: &Explanation| matches!(one.ingress, Cause::InnerAccess(_));
    // Where it is not known whether they do, the worse of the two is said.
    let may_live_on_it = |one: &Explanation| match &one.ingress {
        Cause::InnerAccess(_) => true,
        Cause::Open(evidence) => evidence.iter().any(|one| match one {
            Evidence::InnerAccess(_)
            | Evidence::GroupType(_)
            | Evidence::Memberships(_)
            | Evidence::AddressKinds
            | Evidence::IntraGroupIngress => true,
            Evidence::IntraGroupEgress
            | Evidence::PrefixList(_)
            | Evidence::PortList(_)
            | Evidence::Rule(_)
            | Evidence::FurtherRules(_)
            | Evidence::ForeignGroup(_)
            | Evidence::Network(_) => false,
        }),
        _ => false,
    };
    if !was_possible {
        None
    } else if may_live_on_it(&delta.before) && !lives_on_inner_access(&delta.after) {
        Some(SessionEffect::MayBreakAtOnce)
    } else {
        // What is surely accepted afterwards ends no session.
        Some(SessionEffect::MayLast910Seconds).filter(|_| delta.after.disposition != Disposition::Accepted)
    }
}
