//! The open sentences about the order of rules and about addresses, one value each (A1, A2, A8).

use super::answers::Facts;
use super::reading::{AddressKinds, Order, Readings};

/// A value for each of A1, A2 and A8.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice {
    first_on_egress: bool,
    first_on_ingress: bool,
    covers_all_kinds: bool,
}

/// Where the intra-group Accept stands among the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inner {
    Absent,
    First,
    Last,
}

/// What a choice means for one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) inner: Inner,
    /// Whether references cover the remote address.
    pub(super) references: bool,
}

impl Choice {
    /// Returns every choice that settings leave open.
    pub(super) fn all(readings: Readings) -> Vec<Self> {
        let order = |order: Option<Order>| match order {
            Some(order) => vec![order == Order::AcceptFirst],
            None => vec![false, true],
        };
        let kinds = match readings.address_kinds {
            Some(kinds) => vec![kinds == AddressKinds::All],
            None => vec![false, true],
        };
        let mut choices = Vec::new();
        for first_on_egress in order(readings.intra_group_egress) {
            for first_on_ingress in order(readings.intra_group_ingress) {
                for covers_all_kinds in &kinds {
                    choices.push(Choice {
                        first_on_egress,
                        first_on_ingress,
                        covers_all_kinds: *covers_all_kinds,
                    });
                }
            }
        }
        choices
    }

    /// Returns what the choice means for the side these facts are about.
    pub(super) const fn about(self, facts: Facts) -> Chosen {
        let comes_first = if facts.is_egress() { self.first_on_egress } else { self.first_on_ingress };
        let is_there = facts.has(Facts::INNER) && (!facts.has(Facts::ANY_DOUBT) || self.covers_all_kinds);
        Chosen {
            inner: match (is_there, comes_first) {
                (false, _) => Inner::Absent,
                (true, true) => Inner::First,
                (true, false) => Inner::Last,
            },
            references: !facts.has(Facts::REMOTE_DOUBT) || self.covers_all_kinds,
        }
    }
}
