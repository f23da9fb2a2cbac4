//! A side with what follows from it alone, worked out when it is first asked for: one side meets many others.

use std::cell::OnceCell;
use std::sync::Arc;

use super::cause::Piece;
use super::rulebook::{RuleBook, Variable};
use super::side::{Side, State};
use super::walk::Outcomes;
use crate::netset::Family;

/// A side and what follows from it alone.
#[derive(Debug)]
pub(crate) struct Studied {
    side: Arc<Side>,
    /// Each once a line, sorted.
    variables: Vec<Variable>,
    /// What it can answer when no variable is fixed.
    outcomes: OnceCell<Outcomes>,
    before: OnceCell<Vec<Piece>>,
    after: OnceCell<Vec<Piece>>,
}

impl Studied {
    pub(crate) fn new(side: Arc<Side>) -> Self {
        let mut variables: Vec<Variable> = side.variables().collect();
        variables.sort_unstable();
        let (outcomes, before, after) = Default::default();
        Self { side, variables, outcomes, before, after }
    }

    pub(crate) fn side(&self) -> &Side {
        &self.side
    }

    pub(crate) fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// Returns what the side can answer when no variable is fixed. A side is asked in one family only.
    pub(crate) fn outcomes(&self, book: &RuleBook, family: Family) -> &Outcomes {
        self.outcomes.get_or_init(|| self.side.outcomes(book, family, &|_| None))
    }

    /// Returns what decides the side in one state.
    pub(crate) fn pieces(&self, book: &RuleBook, family: Family, state: State) -> &[Piece] {
        let pieces = match state {
            State::Before => &self.before,
            State::After => &self.after,
        };
        pieces.get_or_init(|| self.side.pieces(book, family, state))
    }
}

impl From<Side> for Studied {
    fn from(side: Side) -> Self {
        Self::new(Arc::new(side))
    }
}
