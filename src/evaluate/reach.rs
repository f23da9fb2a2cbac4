//! What sessions from an interface to others meet, before and after: all that passes, not only what changes. By class of peers,
//! as in `reachability`.

use super::compiled::Point;
use super::reachability::Row;
use super::walk::{Outcomes, joint_outcomes};
use crate::graph::InterfaceIx;
use crate::inventory::{Direction, InterfaceAddress};
use crate::netset::TransportSet;

/// What is certain about the traffic of a pair of addresses in one state; what is in neither set is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Accepted under every reading.
    pub accepted: TransportSet,
    /// Denied under every reading.
    pub denied: TransportSet,
}

/// The answers for a pair of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// As the estate is.
    pub before: Answered,
    /// Once the change is made.
    pub after: Answered,
}

impl Reach {
    fn of(outcomes: &Outcomes) -> Self {
        let Outcomes { kept, lost, gained, denied } = outcomes;
        let answered = |accepted: TransportSet, denied: TransportSet| Answered {
            accepted: accepted.difference(&denied),
            denied: denied.difference(&accepted),
        };
        Self {
            before: answered(kept.union(lost), gained.union(denied)),
            after: answered(kept.union(gained), lost.union(denied)),
        }
    }
}

impl Row<'_, '_> {
    /// Returns the numbers of what sessions from the row to an address of an interface of its VPC meet: one for each part of
    /// a delegated prefix that rules tell from the others. The groups of the row must be known: what the rules of an interface
    /// say that may be in any group is not in its row. The cost follows the distinct classes of those who are asked.
    pub fn reach_of(&mut self, interface: InterfaceIx, address: InterfaceAddress) -> Vec<u32> {
        let point = Point::new(interface, address);
        let class = self.difference.class(interface);
        let look = self.look(class);
        let mut found = Vec::with_capacity(1);
        for (piece, run) in self.pieces_of(&point, look.is_narrowed) {
            let cell = (run, class, piece.kind.is_plain());
            if let Some(known) = self.memo.reach_of_cell.get(&cell).filter(|_| look.is_shared(piece.range)) {
                found.push(*known);
                continue;
            }
            let sides = self.sides(Direction::Egress, run, class, &piece);
            let number = self.reach_of_sides(sides);
            self.memo.reach_of_cell.insert(cell, number);
            found.push(number);
        }
        found
    }

    fn reach_of_sides(&mut self, sides: (u32, u32)) -> u32 {
        if let Some(known) = self.memo.reach_of_sides.get(&sides) {
            return *known;
        }
        let (egress, ingress) = (self.memo.side(sides.0), self.memo.side(sides.1));
        let outcomes = joint_outcomes(self.difference.book, self.range.family(), &[egress, ingress]);
        let number = u32::try_from(self.memo.reaches.len()).unwrap_or(u32::MAX);
        self.memo.reaches.push(Reach::of(&outcomes));
        self.memo.reach_of_sides.insert(sides, number);
        number
    }

    /// Returns the answers with a number that [`Self::reach_of`] gave.
    #[must_use]
    pub fn reach(&self, number: u32) -> Option<&Reach> {
        self.memo.reaches.get(number as usize)
    }
}
