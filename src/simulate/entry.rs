//! From the rows of changed interfaces to the entries of a report: as few as the answers allow, never blurred.
//!
//! 1. All addresses of one changed interface with the same answer towards the same peers become one entry.
//! 2. Entries of several changed interfaces with the same answer towards the same peers become one entry.
//! 3. So do entries that differ only in that each interface is missing among its own peers: an interface is never
//!    paired with itself, so naming it on both sides means nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::impact::{Change, EndpointSet, SessionEffect};
use crate::evaluate::{Cause, ChangeKind, Delta, Disposition, Effect, Evidence, Explanation};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::{AddressKind, Direction, InterfaceAddress};
use crate::netset::{Family, IpBlock, IpRange, blocks_of};

/// What entries must share to be one. Removals of the changed interface itself are named without it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) direction: Direction,
    pub(super) family: Family,
    pub(super) delta: Delta,
    pub(super) removed_by: Vec<(Option<InterfaceIx>, GroupIx)>,
}

/// The peers of one address of a changed interface.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peers {
    Interfaces(Vec<(InterfaceIx, AddressKind, IpRange)>),
    External(Vec<IpBlock>),
    Foreign(GroupIx),
}

/// What one row says: one answer towards some peers.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) own: (InterfaceIx, AddressKind, IpRange),
    pub(super) key: Key,
    pub(super) peers: Peers,
}

/// Groups findings into changes, sorted, and session risks, sorted.
pub(super) fn entries(findings: Vec<Finding>) -> (Vec<Change>, Vec<Change>) {
    let (mut changes, mut risks) = (Vec::new(), Vec::new());
    for (key, owners) in merge_owners(merge_addresses(findings)) {
        for (sources, peers) in owners {
            let effect = key.delta.effect;
            let change = change_of(&key, sources, peers);
            if effect == Effect::SessionRisk { risks.push(change) } else { changes.push(change) }
        }
    }
    changes.sort_unstable();
    risks.sort_unstable();
    (changes, risks)
}

type Own = EndpointSet;

/// Step 1: one address list a changed interface, key and set of peers.
fn merge_addresses(findings: Vec<Finding>) -> BTreeMap<Key, Vec<(Own, Vec<EndpointSet>)>> {
    type Range = (InterfaceIx, AddressKind, IpRange);
    let mut by_row: BTreeMap<Key, BTreeMap<Range, Vec<Peers>>> = BTreeMap::new();
    for finding in findings {
        by_row.entry(finding.key).or_default().entry(finding.own).or_default().push(finding.peers);
    }
    let mut merged = BTreeMap::new();
    for (key, rows) in by_row {
        let mut by_peers: BTreeMap<(InterfaceIx, Vec<EndpointSet>), Vec<Range>> = BTreeMap::new();
        for (own, peers) in rows {
            by_peers.entry((own.0, endpoints(peers))).or_default().push(own);
        }
        let owners = by_peers.into_iter().flat_map(|((_, peers), ranges)| {
            interfaces(ranges).into_iter().map(move |own| (own, peers.clone()))
        });
        merged.insert(key, owners.collect());
    }
    merged
}

type Rectangles = Vec<(Vec<Own>, Vec<EndpointSet>)>;

/// Steps 2 and 3: rectangles of sources and peers.
fn merge_owners(entries: BTreeMap<Key, Vec<(Own, Vec<EndpointSet>)>>) -> Vec<(Key, Rectangles)> {
    let merge = |owners: Vec<(Own, Vec<EndpointSet>)>| -> Rectangles {
        let mut same: BTreeMap<Vec<EndpointSet>, Vec<Own>> = BTreeMap::new();
        for (own, peers) in owners {
            same.entry(peers).or_default().push(own);
        }
        let (mut rectangles, mut with_self): (Rectangles, BTreeMap<Vec<EndpointSet>, Vec<Own>>) =
            Default::default();
        for (peers, mut owners) in same {
            if let [own] = owners.as_slice() {
                let mut closed = peers.clone();
                closed.push(own.clone());
                closed.sort_unstable();
                with_self.entry(closed).or_default().append(&mut owners);
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
    };
    entries.into_iter().map(|(key, owners)| (key, merge(owners))).collect()
}

fn endpoints(peers: Vec<Peers>) -> Vec<EndpointSet> {
    let mut ranges = Vec::new();
    let mut blocks: Vec<IpBlock> = Vec::new();
    let mut found = Vec::new();
    for one in peers {
        match one {
            Peers::Interfaces(mut pieces) => ranges.append(&mut pieces),
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

/// Joins the addresses of each interface; neighbouring runs of one delegated prefix become blocks again.
fn interfaces(mut ranges: Vec<(InterfaceIx, AddressKind, IpRange)>) -> Vec<EndpointSet> {
    ranges.sort_unstable();
    let mut joined: Vec<(InterfaceIx, AddressKind, IpRange)> = Vec::new();
    for (interface, kind, range) in ranges {
        match joined.last_mut() {
            Some((other, known, last))
                if *other == interface
                    && *known == kind
                    && kind == AddressKind::Prefix
                    && last.family == range.family
                    && last.last.checked_add(1) == Some(range.first) =>
            {
                last.last = range.last;
            }
            _ => joined.push((interface, kind, range)),
        }
    }
    let mut by_interface: BTreeMap<InterfaceIx, BTreeSet<InterfaceAddress>> = BTreeMap::new();
    for (interface, kind, range) in joined {
        let blocks = blocks_of(range).into_iter().map(|block| InterfaceAddress { block, kind });
        by_interface.entry(interface).or_default().extend(blocks);
    }
    let endpoint = |(interface, addresses): (_, BTreeSet<_>)| EndpointSet::Interface {
        interface,
        addresses: addresses.into_iter().collect(),
    };
    by_interface.into_iter().map(endpoint).collect()
}

fn change_of(key: &Key, mut own: Vec<Own>, mut peers: Vec<EndpointSet>) -> Change {
    own.sort_unstable();
    peers.sort_unstable();
    let owners: BTreeSet<InterfaceIx> = own
        .iter()
        .filter_map(
            |one| if let EndpointSet::Interface { interface, .. } = one { Some(*interface) } else { None },
        )
        .collect();
    let removed_by: BTreeSet<(InterfaceIx, GroupIx)> = key
        .removed_by
        .iter()
        .flat_map(|(interface, group)| match interface {
            Some(other) => vec![(*other, *group)],
            None => owners.iter().map(|owner| (*owner, *group)).collect(),
        })
        .collect();
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
        sessions: sessions(&key.delta),
    }
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
