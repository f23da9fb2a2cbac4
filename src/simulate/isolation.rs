//! Isolated peers: who has no accepted traffic left with the removed, or with anybody.

use std::sync::atomic::{AtomicBool, Ordering};

use super::impact::{Certainty, Extent, Isolation};
use crate::evaluate::{Contact, Difference, Row};
use crate::graph::InterfaceIx;
use crate::parallel;

/// Judges the changed interfaces and every peer that lost something with one of them, `losing`, sorted. Sorted by interface.
///
/// Cost: a few friends are asked about all suspects, by class; for each of the others the classes of peers its rules can admit,
/// until there is accepted traffic.
pub(super) fn isolations(difference: &Difference<'_>, losing: &[InterfaceIx]) -> Vec<Isolation> {
    let mut peers: Vec<InterfaceIx> = losing.iter().chain(difference.changed()).copied().collect();
    peers.sort_unstable();
    peers.dedup();
    let with_removed = contacts_with_removed(difference, &peers);
    let suspects = peers.into_iter().zip(with_removed).map(|(interface, removed)| {
        let loses = losing.binary_search(&interface).is_ok();
        let touched = Touched { changed: difference.changes(interface), loses };
        Suspect { interface, removed, touched, anybody: Contact::default() }
    });
    let mut suspects: Vec<Suspect> =
        suspects.filter(|one| one.touched.may_be_isolated(one.removed)).collect();
    ask_friends(difference, &mut suspects);
    let judged = parallel::each(suspects, |Suspect { interface, removed, touched, anybody }| {
        let anybody = contact_with_anybody(difference, interface, anybody)?;
        conclude(interface, anybody, removed, touched)
    });
    judged.into_iter().flatten().collect()
}

/// Somebody who may be isolated.
struct Suspect {
    interface: InterfaceIx,
    /// The contact with the changed interfaces.
    removed: Contact,
    touched: Touched,
    /// The contact with anybody, as far as it is known.
    anybody: Contact,
}

/// How many friends are asked about all suspects.
const FRIENDS: usize = 8;

/// Whoever one suspect is in contact with is often in contact with the others as well, and one look at a class of them answers
/// for all of it, where each would have to look at everybody to find somebody.
fn ask_friends(difference: &Difference<'_>, suspects: &mut [Suspect]) {
    let mut from = 0;
    for _ in 0..FRIENDS {
        let rest = suspects.get(from..).unwrap_or(&[]);
        let Some(next) = rest.iter().position(|one| !one.anybody.is_settled()) else { return };
        from += next + 1;
        let Some(one) = suspects.get_mut(from - 1) else { return };
        let Some((anybody, friend)) = search(difference, one.interface, one.anybody) else { continue };
        one.anybody = anybody;
        let Some(friend) = friend.filter(|friend| difference.knows_groups(*friend)) else { continue };
        let mut rows = difference.rows(friend);
        let asks = |one: &&mut Suspect| {
            !one.anybody.is_settled()
                && one.interface != friend
                && difference.share_vpc(one.interface, friend)
        };
        for one in suspects.iter_mut().filter(asks) {
            let contact = |total: Contact, row: &mut Row<'_, '_>| total.or(row.contact(one.interface));
            one.anybody = rows.iter_mut().fold(one.anybody, contact);
        }
    }
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

/// Returns the contact of an interface with anybody, as far as it matters: whoever surely reaches somebody afterwards, and
/// may have before, is not isolated from all. `None` where nothing of it is simulated, so that nothing is said.
pub(super) fn contact_with_anybody(
    difference: &Difference<'_>,
    interface: InterfaceIx,
    known: Contact,
) -> Option<Contact> {
    if known.is_settled() {
        return Some(known);
    }
    search(difference, interface, known).map(|(anybody, _)| anybody)
}

/// Looks for somebody with whom the contact is settled: returns the contact that is known then, and who that is.
fn search(
    difference: &Difference<'_>,
    interface: InterfaceIx,
    known: Contact,
) -> Option<(Contact, Option<InterfaceIx>)> {
    let mut rows = difference.rows(interface);
    if rows.is_empty() {
        return None;
    }
    let mut anybody = known;
    for row in &mut rows {
        let (contact, friend) = row.contact_with_anybody(|contact| anybody.or(contact).is_settled());
        anybody = anybody.or(contact);
        if friend.is_some() {
            return Some((anybody, friend));
        }
    }
    Some((anybody, None))
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
