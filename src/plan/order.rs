//! In which order? One in which every state on the way is as good as the end.

use std::collections::HashSet;

use super::chain::Moves;
use super::passage::Passage;
use crate::policy::{Reviewer, Standing};
use crate::simulate::{JudgedRemoval, Options};

/// How many states are looked at before the search gives up.
const LIMIT: usize = 20_000;

/// Why there is no order.
#[derive(Debug)]
pub(super) enum NoOrder {
    /// Every order passes through a worse state; what is worse in those that were met, in the order in which they were.
    None(Vec<String>),
    /// Nobody knows: so many states were looked at.
    TooHard(usize),
}

/// Looks for an order of the calls. Every order is tried if need be; usually the first one will do.
pub(super) struct Search<'s> {
    moves: &'s Moves<'s>,
    passage: Passage<'s>,
    reviewer: &'s Reviewer<'s>,
    options: Options,
    /// States from which no way leads to the end.
    dead: HashSet<Vec<bool>>,
    looked_at: usize,
    worse: Vec<String>,
}

impl<'s> Search<'s> {
    pub(super) fn new(moves: &'s Moves<'s>, reviewer: &'s Reviewer<'s>, options: Options) -> Self {
        let passage = Passage::new(reviewer.simulator(), options.readings, moves);
        Self { moves, passage, reviewer, options, dead: HashSet::new(), looked_at: 0, worse: Vec::new() }
    }

    /// Returns the calls by position, in order.
    pub(super) fn order(&mut self) -> Result<Vec<usize>, NoOrder> {
        let total = self.moves.moves.len();
        let mut done = vec![false; total];
        // For each call that was made, the first one that was not tried in its place.
        let mut made: Vec<usize> = Vec::with_capacity(total);
        let mut next = 0;
        while made.len() < total {
            if self.looked_at > LIMIT {
                return Err(NoOrder::TooHard(self.looked_at));
            }
            if let Some(call) = (next..total).find(|call| self.may_follow(&done, *call)) {
                set(&mut done, call, true);
                made.push(call);
                next = 0;
                continue;
            }
            self.dead.insert(done.clone());
            let Some(call) = made.pop() else {
                self.worse.dedup();
                return Err(NoOrder::None(std::mem::take(&mut self.worse)));
            };
            set(&mut done, call, false);
            next = call + 1;
        }
        Ok(made)
    }

    /// Tells whether a call may be made in a state: those before it are made, and the state it leads to is good.
    fn may_follow(&mut self, done: &[bool], call: usize) -> bool {
        let Some(described) = self.moves.moves.get(call) else { return false };
        let is_done = |call: &usize| done.get(*call).copied().unwrap_or(false);
        if is_done(&call) || !described.requires.iter().all(is_done) {
            return false;
        }
        let mut state = done.to_vec();
        set(&mut state, call, true);
        if state.iter().all(|done| *done) {
            return true;
        }
        if self.dead.contains(&state) {
            return false;
        }
        self.looked_at += 1;
        let worse = self.passage.worse(&state, described.unit).or_else(|| self.denied(&state));
        let is_good = worse.is_none();
        self.worse.extend(worse);
        if !is_good {
            self.dead.insert(state);
        }
        is_good
    }

    /// Returns what a policy has against a state that it has not against the end.
    fn denied(&self, done: &[bool]) -> Option<String> {
        let part: Vec<JudgedRemoval> = self.moves.state(done);
        let simulation = self.reviewer.simulator().simulate_judged(part, &self.options);
        let review = self.reviewer.review(&simulation);
        let mut against = review.findings().iter().filter(|finding| {
            // An exception that is needed at the end only is not idle.
            finding.denies() && finding.standing == Standing::New && !finding.code.starts_with("waiver-")
        });
        against.next().map(|finding| format!("{}: {} (on the way)", finding.rule, finding.message))
    }

    /// Tells whether a call could as well be made first of all calls after `made`, together with what it requires.
    pub(super) fn is_independent(&mut self, made: &[usize], call: usize) -> bool {
        let mut state = vec![false; self.moves.moves.len()];
        let Some(described) = self.moves.moves.get(call) else { return false };
        for call in made.iter().chain(&described.requires).chain([&call]) {
            set(&mut state, *call, true);
        }
        self.passage.worse(&state, described.unit).is_none()
    }
}

fn set(done: &mut [bool], call: usize, value: bool) {
    if let Some(place) = done.get_mut(call) {
        *place = value;
    }
}
