//! Isolated peers: who has no accepted traffic left with the removed, or with anybody.

use std::sync::atomic::{AtomicBool, Ordering};

use super::impact::{Certainty, Extent, Isolation};
use crate::evaluate::{Contact, Difference, Row};
use crate::graph::InterfaceIx;
use crate::parallel;

/// Judges the changed interfaces and every peer that lost something with one of them, `losing`, sorted. Sorted by interface.
///
/// Cost: for each candidate the classes of peers its rules can admit; the search stops at the first accepted traffic.
pub(super) fn isolations(difference: &Difference<'_>, losing: &[InterfaceIx]) -> Vec<Isolation> {
    let mut peers: Vec<InterfaceIx> = losing.iter().chain(difference.changed()).copied().collect();
    peers.sort_unstable();
    peers.dedup();
    let with_removed = contacts_with_removed(difference, &peers);
    let peers: Vec<(InterfaceIx, Contact)> = peers.into_iter().zip(with_removed).collect();
    let judged = parallel::each(peers, |(interface, removed)| {
        let touched = Touched {
            changed: difference.changes(interface),
            loses: losing.binary_search(&interface).is_ok(),
        };
        judge(difference, interface, removed, touched)
    });
    judged.into_iter().flatten().collect()
}

/// Returns the contact of each peer with all changed interfaces but itself. Of a peer that does not change itself no more
/// is asked once it surely reaches one of them afterwards: it is not isolated then, whatever else holds.
fn contacts_with_removed(difference: &Difference<'_>, peers: &[InterfaceIx]) -> Vec<Contact> {
    let settled: Vec<AtomicBool> = peers.iter().map(|_| AtomicBool::new(false)).collect();
    let of_one: Vec<Vec<Contact>> = parallel::each(difference.changed(), |changed| {
        let mut rows: Option<Vec<Row<'_, '_>>> = None;
        let mut contact_with = |(peer, settled): (&InterfaceIx, &AtomicBool)| {
            let is_asked = peer != changed && !settled.load(Ordering::Relaxed);
            if !is_asked || !difference.share_vpc(*peer, *changed) {
                return Contact::default();
            }
            let rows = rows.get_or_insert_with(|| difference.rows(*changed));
            let contact = rows.iter_mut().fold(Contact::default(), |total, row| total.or(row.contact(*peer)));
            // INVARIANT: which thread comes first decides how much is asked, and never what is found.
            if contact.surely_after && !difference.changes(*peer) {
                settled.store(true, Ordering::Relaxed);
            }
            contact
        };
        peers.iter().zip(&settled).map(&mut contact_with).collect()
    });
    let mut totals = vec![Contact::default(); peers.len()];
    for contacts in of_one {
        for (total, contact) in totals.iter_mut().zip(contacts) {
            *total = total.or(contact);
        }
    }
    totals
}

/// What the change does to an interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touched {
    /// Its own groups change.
    pub(super) changed: bool,
    /// It loses something, surely or perhaps.
    pub(super) loses: bool,
}

impl Touched {
    const fn may_be_isolated(self, removed: Contact) -> bool {
        self.changed || (self.loses && removed.maybe_before && !removed.surely_after)
    }
}

fn judge(
    difference: &Difference<'_>,
    interface: InterfaceIx,
    removed: Contact,
    touched: Touched,
) -> Option<Isolation> {
    if !touched.may_be_isolated(removed) {
        return None;
    }
    let anybody = contact_with_anybody(difference, interface, Contact::default())?;
    conclude(interface, anybody, removed, touched)
}

/// Returns the contact of an interface with anybody, as far as it matters: whoever surely reaches somebody afterwards, and
/// may have before, is not isolated from all. `None` where nothing of it is simulated, so that nothing is said.
pub(super) fn contact_with_anybody(
    difference: &Difference<'_>,
    interface: InterfaceIx,
    known: Contact,
) -> Option<Contact> {
    let mut anybody = known;
    if anybody.is_settled() {
        return Some(anybody);
    }
    let mut rows = difference.rows(interface);
    if rows.is_empty() {
        return None;
    }
    for row in &mut rows {
        anybody = anybody.or(row.contact_with_anybody(|contact| anybody.or(contact).is_settled()));
        if anybody.is_settled() {
            break;
        }
    }
    Some(anybody)
}

/// Tells how an interface is isolated, from its contact with anybody and that with the changed ones.
pub(super) fn conclude(
    interface: InterfaceIx,
    anybody: Contact,
    removed: Contact,
    touched: Touched,
) -> Option<Isolation> {
    let surely_cut = removed.surely_before && !removed.maybe_after;
    let maybe_cut = touched.loses && removed.maybe_before && !removed.surely_after;
    // A peer that lost its traffic with the removed had traffic before.
    let (surely_before, maybe_before) =
        (anybody.surely_before || removed.surely_before, anybody.maybe_before || removed.maybe_before);
    let isolation = |extent, new, certainty| Some(Isolation { interface, extent, new, certainty });
    if !anybody.maybe_after && (surely_before || !maybe_before) {
        return isolation(Extent::FromAll, surely_before, Certainty::Certain);
    }
    if !touched.loses {
        // Whatever a reading gives, it gives the same before and after.
        return None;
    }
    if surely_cut {
        return isolation(Extent::FromRemoved, true, Certainty::Certain);
    }
    if !anybody.surely_after && maybe_before {
        return isolation(Extent::FromAll, true, Certainty::Possible);
    }
    if maybe_cut { isolation(Extent::FromRemoved, true, Certainty::Possible) } else { None }
}
