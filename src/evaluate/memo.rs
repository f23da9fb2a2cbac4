//! What a row has worked out so far: sides by what they hang on, and what pairs of sides answer.

use std::sync::Arc;

use foldhash::HashMap;

use super::delta::{Contact, Delta};
use super::reach::Reach;
use super::side::Side;
use super::study::Studied;
use crate::inventory::Direction;

/// What changes for a pair of sides; `None` when nothing does.
pub(super) type Answer = Option<Arc<[Delta]>>;

/// What the row's side hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct OurSide {
    /// Of the row.
    pub(super) direction: Direction,
    pub(super) run: u32,
    /// How the row's rules see the peer.
    pub(super) look: u32,
    /// Whether the peer's address is a plain one.
    pub(super) plain: bool,
}

/// What a peer's side hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct TheirSide {
    /// Of the row.
    pub(super) direction: Direction,
    /// What of the peer's rules matters to the row.
    pub(super) look: u32,
    /// Whether the peer's address is a plain one.
    pub(super) plain: bool,
}

/// What a row has worked out so far.
#[derive(Debug, Default)]
pub(super) struct Memo {
    numbers: HashMap<Arc<Side>, u32>,
    sides: Vec<Studied>,
    pub(super) ours: HashMap<OurSide, u32>,
    pub(super) theirs: HashMap<TheirSide, u32>,
    /// What changes with external addresses, by the row's side.
    pub(super) externals: HashMap<(Direction, u32), Answer>,
    pub(super) contacts: HashMap<(Direction, u32, u32), Contact>,
    /// The contact with a peer, by (run, class, plain).
    pub(super) cells: HashMap<(u32, u32, bool), Contact>,
    /// What sessions of the row meet, by number; the numbers by pair of sides, and by (run, class, plain).
    pub(super) reaches: Vec<Reach>,
    pub(super) reach_of_sides: HashMap<(u32, u32), u32>,
    pub(super) reach_of_cell: HashMap<(u32, u32, bool), u32>,
}

impl Memo {
    pub(super) fn intern(&mut self, side: Side) -> u32 {
        if let Some(known) = self.numbers.get(&side) {
            return *known;
        }
        let next = u32::try_from(self.sides.len()).unwrap_or(u32::MAX);
        let side = Arc::new(side);
        self.sides.push(Studied::new(Arc::clone(&side)));
        self.numbers.insert(side, next);
        next
    }

    #[expect(clippy::indexing_slicing, reason = "a side number is only made by `intern`")]
    pub(super) fn side(&self, number: u32) -> &Studied {
        &self.sides[number as usize]
    }
}
