//! An entry seen from the interfaces that change: the form in which people ask about it.

use std::collections::BTreeSet;

use super::document::{ChangeEntry, Endpoint, ForeignGroupEndpoint, InterfaceEndpoint, PairEndsName};
use crate::netset::IpBlock;

/// One changed interface and everything of one kind on the other side of an entry.
#[derive(Debug)]
pub(super) struct Rectangle<'d, 'a> {
    /// The interface that changes.
    pub(super) changed: &'d InterfaceEndpoint<'a>,
    /// Whether the interface opens the session.
    pub(super) outgoing: bool,
    /// The other side.
    pub(super) peers: Peers<'d, 'a>,
}

/// The other side of a rectangle.
#[derive(Debug)]
pub(super) enum Peers<'d, 'a> {
    /// Interfaces of the inventory.
    Interfaces(Vec<&'d InterfaceEndpoint<'a>>),
    /// External addresses.
    External(Vec<&'a IpBlock>),
    /// The members of a group of another account.
    ForeignGroup(&'d ForeignGroupEndpoint<'a>),
}

impl Peers<'_, '_> {
    /// How many ordered pairs the rectangle holds; everything external is one peer.
    pub(super) fn pairs(&self) -> u64 {
        match self {
            Self::Interfaces(interfaces) => {
                let mut distinct: Vec<_> = interfaces.iter().map(|end| end.ix).collect();
                distinct.sort_unstable();
                distinct.dedup();
                u64::try_from(distinct.len()).unwrap_or(u64::MAX)
            }
            Self::External(_) | Self::ForeignGroup(_) => 1,
        }
    }
}

/// Cuts an entry, whose sources and destinations these are, into disjoint rectangles that together are its product.
///
/// 1. Every changed interface among the sources meets all destinations, unless the destinations alone are responsible.
/// 2. Every changed interface among the destinations meets the sources that are not covered by 1, unless the sources alone
///    are responsible.
/// 3. An entry without a changed interface on either side is seen from its sources, or else its destinations.
pub(super) fn rectangles<'d, 'a>(
    entry: &ChangeEntry<'a>,
    sources: &'d [Endpoint<'a>],
    destinations: &'d [Endpoint<'a>],
) -> Vec<Rectangle<'d, 'a>> {
    let removed: BTreeSet<_> = entry.removed_by.iter().map(|by| by.ix).collect();
    let is_removed = |end: &InterfaceEndpoint<'_>| removed.contains(&end.ix);
    let changed_in = |side: &'d [Endpoint<'a>]| -> Vec<&'d InterfaceEndpoint<'a>> {
        interfaces_of(side).filter(|end| is_removed(end)).collect()
    };
    let (mut outgoing, mut incoming) = match entry.removals_of {
        PairEndsName::Sources => (changed_in(sources), Vec::new()),
        PairEndsName::Destinations => (Vec::new(), changed_in(destinations)),
        PairEndsName::Both => (changed_in(sources), changed_in(destinations)),
    };
    if outgoing.is_empty() && incoming.is_empty() {
        outgoing = interfaces_of(sources).collect();
        if outgoing.is_empty() {
            incoming = interfaces_of(destinations).collect();
        }
    }
    let mut found = Vec::new();
    for changed in &outgoing {
        let peers = peers_of(destinations, |end| end.ix != changed.ix);
        found.extend(peers.into_iter().map(|peers| Rectangle { changed, outgoing: true, peers }));
    }
    let covered: BTreeSet<_> = outgoing.iter().map(|end| end.ix).collect();
    for changed in &incoming {
        let peers = peers_of(sources, |end| end.ix != changed.ix && !covered.contains(&end.ix));
        found.extend(peers.into_iter().map(|peers| Rectangle { changed, outgoing: false, peers }));
    }
    found
}

fn interfaces_of<'d, 'a>(side: &'d [Endpoint<'a>]) -> impl Iterator<Item = &'d InterfaceEndpoint<'a>> {
    side.iter().filter_map(|end| match end {
        Endpoint::Interface(interface) => Some(interface),
        Endpoint::External(_) | Endpoint::ForeignGroup(_) => None,
    })
}

fn peers_of<'d, 'a>(
    side: &'d [Endpoint<'a>],
    keep: impl Fn(&InterfaceEndpoint<'a>) -> bool,
) -> Vec<Peers<'d, 'a>> {
    let interfaces: Vec<_> = interfaces_of(side).filter(|end| keep(end)).collect();
    let mut blocks = Vec::new();
    let mut foreign = Vec::new();
    for end in side {
        match end {
            Endpoint::Interface(_) => {}
            Endpoint::External(external) => blocks.extend(external.cidrs),
            Endpoint::ForeignGroup(group) => foreign.push(Peers::ForeignGroup(group)),
        }
    }
    let mut found = Vec::new();
    if !interfaces.is_empty() {
        found.push(Peers::Interfaces(interfaces));
    }
    if !blocks.is_empty() {
        found.push(Peers::External(blocks));
    }
    found.extend(foreign);
    found
}
