//! Does an interface have any accepted traffic with another one, or with anybody?

use std::collections::BTreeSet;

use super::compiled::Point;
use super::delta::{Contact, contact};
use super::reachability::{BOTH, Row};
use super::rulebook::Peer;
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::{Direction, InterfaceAddress, RuleAction};

/// How many are asked before it is worked out who can be a partner at all: most find one at once.
const AT_RANDOM: usize = 64;

impl Row<'_, '_> {
    /// Returns whether the row has accepted traffic with these addresses of a peer, in either direction.
    pub fn contact(&mut self, interface: InterfaceIx) -> Contact {
        let (family, difference) = (self.range.family(), self.difference);
        let addresses = &difference.graph.interface(interface).addresses;
        let mut total = Contact::default();
        for address in addresses.iter().filter(|address| address.block.family() == family) {
            total = total.or(self.contact_with(interface, *address));
        }
        total
    }

    fn contact_with(&mut self, interface: InterfaceIx, address: InterfaceAddress) -> Contact {
        let point = Point::new(interface, address);
        let class = self.difference.class(interface);
        let mut total = Contact::default();
        let look = self.look(class);
        for (piece, run) in self.pieces_of(&point, look.is_narrowed) {
            let key = (run, class, piece.kind.is_plain());
            if let Some(known) = self.memo.cells.get(&key).filter(|_| look.is_shared(piece.range)) {
                total = total.or(*known);
                continue;
            }
            let mut found = Contact::default();
            for direction in BOTH {
                let (ours, theirs) = self.sides(direction, run, class, &piece);
                found = found.or(self.contact_of(direction, ours, theirs));
            }
            self.memo.cells.insert(key, found);
            total = total.or(found);
        }
        total
    }

    /// Returns the contact with anybody else in the VPC, stopping as soon as `enough` says so; then also with whom it was.
    pub fn contact_with_anybody(
        &mut self,
        enough: impl Fn(Contact) -> bool,
    ) -> (Contact, Option<InterfaceIx>) {
        let mut total = Contact::default();
        let mut tried: BTreeSet<(u32, u32, bool)> = BTreeSet::new();
        let mut partners: Option<BTreeSet<GroupIx>> = None;
        for (nth, point) in self.points().iter().enumerate() {
            if nth == AT_RANDOM {
                partners = self.partners();
            }
            let class = self.difference.class(point.interface);
            let groups = self.difference.groups(class);
            let plausible = partners.as_ref().is_none_or(|partners| {
                groups.is_unknown() || groups.ever().iter().any(|group| partners.contains(group))
            });
            if point.interface == self.interface || !plausible {
                continue;
            }
            let look = self.look(class);
            for (piece, run) in self.pieces_of(point, look.is_narrowed) {
                if look.is_shared(piece.range) && !tried.insert((run, class, piece.kind.is_plain())) {
                    continue;
                }
                for direction in BOTH {
                    let (ours, theirs) = self.sides(direction, run, class, &piece);
                    total = total.or(self.contact_of(direction, ours, theirs));
                }
            }
            if enough(total) {
                return (total, Some(point.interface));
            }
        }
        (total, None)
    }

    /// Returns the groups a partner must be in for any traffic to be accepted, or `None` when it may be anybody.
    ///
    /// Traffic to the row needs an accepting ingress rule of its own, or a shared group; traffic from the row needs
    /// an accepting ingress rule of the partner that sees the row's address, or a shared group.
    fn partners(&mut self) -> Option<BTreeSet<GroupIx>> {
        let book = self.difference.book;
        let admits = |number: &u32| {
            book.is_asked(*number, Direction::Ingress) && book.body(*number).action == RuleAction::Accept
        };
        let ever = &self.ever;
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
        let mut partners: BTreeSet<GroupIx> = ever.iter().copied().collect();
        partners.extend(self.by_group.iter().filter(|number| admits(number)).filter_map(|number| {
            if let Peer::Group(group) = book.body(*number).peer { Some(group) } else { None }
        }));
        let seen = self.seen_by_anybody().into_iter().filter(admits);
        partners.extend(seen.map(|number| book.body(number).rule.group));
        partners.extend(&self.difference.compiled.with_unknown_ingress);
        Some(partners)
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
        let found = contact(self.difference.book, self.range.family(), egress, ingress);
        self.memo.contacts.insert((direction, ours, theirs), found);
        found
    }
}
