//! What a side can answer: traffic walks down the lines of both states at once.
//!
//! The numbers are those of the prose in `side`.

use std::borrow::Cow;

use super::rulebook::{RuleBook, Variable};
use super::side::{Presence, RemoteChange, Side};
use super::study::Studied;
use crate::inventory::RuleAction;
use crate::netset::{Family, TransportSet};

/// How strong a custom line is. Lines of one rank are asked together: no unknown rule comes between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// A rule's priority and action.
    Rule(u16, RuleAction),
    /// Behind all rules: the intra-group Accept where rules come first, and the default.
    End,
}

impl RemoteChange {
    fn under(self, value: &dyn Fn(Variable) -> Option<bool>) -> Self {
        match self.when {
            Some(variable) if value(variable) == Some(false) => Self::default(),
            _ => self,
        }
    }
}

/// For each pair of answers, the traffic for which some reading gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Outcomes {
    /// Accepted before and after.
    pub(crate) kept: TransportSet,
    /// Accepted before only.
    pub(crate) lost: TransportSet,
    /// Accepted after only.
    pub(crate) gained: TransportSet,
    /// Denied before and after.
    pub(crate) denied: TransportSet,
}

impl Outcomes {
    /// Returns the outcomes of both sides together: accepted is accepted by both (law 2.1).
    pub(crate) fn and(&self, other: &Self) -> Self {
        let meet = TransportSet::intersection;
        Self {
            kept: meet(&self.kept, &other.kept),
            lost: meet(&self.kept, &other.lost)
                .union(&meet(&self.lost, &other.kept))
                .union(&meet(&self.lost, &other.lost)),
            gained: meet(&self.kept, &other.gained)
                .union(&meet(&self.gained, &other.kept))
                .union(&meet(&self.gained, &other.gained)),
            denied: self
                .denied
                .union(&other.denied)
                .union(&meet(&self.lost, &other.gained))
                .union(&meet(&self.gained, &other.lost)),
        }
    }

    /// Adds what another reading gives.
    pub(crate) fn add(&mut self, other: &Self) {
        self.kept.add(&other.kept);
        self.lost.add(&other.lost);
        self.gained.add(&other.gained);
        self.denied.add(&other.denied);
    }

    fn slot(&mut self, before: RuleAction, after: RuleAction) -> &mut TransportSet {
        match (before, after) {
            (RuleAction::Accept, RuleAction::Accept) => &mut self.kept,
            (RuleAction::Accept, RuleAction::Drop) => &mut self.lost,
            (RuleAction::Drop, RuleAction::Accept) => &mut self.gained,
            (RuleAction::Drop, RuleAction::Drop) => &mut self.denied,
        }
    }
}

/// In which states a line can match: every combination its variables allow.
#[derive(Debug, Clone, Copy)]
struct Options {
    both: bool,
    before_only: bool,
    after_only: bool,
    neither: bool,
}

impl Options {
    fn of(before: &Presence, after: &Presence) -> Self {
        match (before, after) {
            (None, None) => Self { both: false, before_only: false, after_only: false, neither: true },
            (Some(b), None) => {
                Self { both: false, before_only: true, after_only: false, neither: !b.is_empty() }
            }
            (None, Some(a)) => {
                Self { both: false, before_only: false, after_only: true, neither: !a.is_empty() }
            }
            (Some(b), Some(a)) => Self {
                both: true,
                // One can hold without the other unless the other asks for no more than the one.
                before_only: a.iter().any(|variable| !b.contains(variable)),
                after_only: b.iter().any(|variable| !a.contains(variable)),
                neither: !b.is_empty() && !a.is_empty(),
            },
        }
    }
}

/// The traffic that is not decided yet.
struct Walk {
    neither: TransportSet,
    /// Decided before, by action; after is open.
    before: [TransportSet; 2],
    /// Decided after, by action; before is open.
    after: [TransportSet; 2],
    done: Outcomes,
}

const ACTIONS: [RuleAction; 2] = [RuleAction::Drop, RuleAction::Accept];

impl Walk {
    fn new(family: Family) -> Self {
        Self {
            neither: TransportSet::universe(family),
            before: Default::default(),
            after: Default::default(),
            done: Outcomes::default(),
        }
    }

    fn is_over(&self) -> bool {
        self.neither.is_empty() && self.before.iter().chain(&self.after).all(TransportSet::is_empty)
    }

    /// Lets a line decide its traffic in the states its options allow.
    fn decide(&mut self, traffic: &TransportSet, action: RuleAction, options: Options) {
        let Options { both, before_only, after_only, neither } = options;
        for (waiting, earlier) in self.before.iter_mut().zip(ACTIONS) {
            let hit = waiting.intersection(traffic);
            if !hit.is_empty() && (both || after_only) {
                self.done.slot(earlier, action).add(&hit);
                if !before_only && !neither {
                    *waiting = waiting.difference(traffic);
                }
            }
        }
        for (waiting, later) in self.after.iter_mut().zip(ACTIONS) {
            let hit = waiting.intersection(traffic);
            if !hit.is_empty() && (both || before_only) {
                self.done.slot(action, later).add(&hit);
                if !after_only && !neither {
                    *waiting = waiting.difference(traffic);
                }
            }
        }
        let hit = self.neither.intersection(traffic);
        if hit.is_empty() {
            return;
        }
        if both {
            self.done.slot(action, action).add(&hit);
        }
        for (wanted, sets) in [(before_only, &mut self.before), (after_only, &mut self.after)] {
            if wanted {
                for (set, _) in sets.iter_mut().zip(ACTIONS).filter(|(_, other)| *other == action) {
                    set.add(&hit);
                }
            }
        }
        if !neither {
            self.neither = self.neither.difference(traffic);
        }
    }

    fn finish(mut self, family: Family) -> Outcomes {
        let options = Options { both: true, before_only: false, after_only: false, neither: false };
        self.decide(&TransportSet::universe(family), RuleAction::Drop, options);
        self.done
    }
}

impl Side {
    /// Returns what the side can answer when `value` fixes some variables (`None`: both values are walked).
    pub(crate) fn outcomes(
        &self,
        book: &RuleBook,
        family: Family,
        value: &dyn Fn(Variable) -> Option<bool>,
    ) -> Outcomes {
        let everything = TransportSet::universe(family);
        if self.is_settled() {
            let lines = self.lines.iter().map(|line| line.effect(book, &everything));
            let asked = lines.map(|(traffic, action)| (traffic, action == RuleAction::Accept));
            let kept = everything.decided(asked, false);
            return Outcomes { denied: everything.difference(&kept), kept, ..Outcomes::default() };
        }
        let mut walk = Walk::new(family);
        let remote = self.remote.under(value);
        let mut rank = None;
        for line in &self.lines {
            let (before, after) = (fixed(&line.before, value), fixed(&line.after, value));
            if before.is_none() && after.is_none() {
                continue;
            }
            let next = line.rank(book);
            if next.is_some() && rank < next && rank != Some(Rank::End) {
                // Point 3: between two strengths, but no unknown Accept outranks a Drop of priority 1.
                let outranked = rank.is_none() && next == Some(Rank::Rule(1, RuleAction::Drop));
                self.let_unknown_decide(&mut walk, &everything, remote, outranked);
                rank = next;
            }
            let (traffic, action) = line.effect(book, &everything);
            walk.decide(traffic, action, Options::of(&before, &after));
            if walk.is_over() {
                return walk.done;
            }
        }
        if rank != Some(Rank::End) {
            self.let_unknown_decide(&mut walk, &everything, remote, false);
        }
        walk.finish(family)
    }

    /// Tells whether every line is certain and the same in both states, so that there is nothing to walk twice.
    fn is_settled(&self) -> bool {
        let is_certain = |presence: &Presence| presence.as_ref().is_some_and(|when| when.is_empty());
        self.further.is_empty()
            && self.lines.iter().all(|line| is_certain(&line.before) && is_certain(&line.after))
    }

    /// Lets every unknown rule take a copy of what is undecided, with either action.
    fn let_unknown_decide(
        &self,
        walk: &mut Walk,
        everything: &TransportSet,
        remote: RemoteChange,
        outranked: bool,
    ) {
        for further in &self.further {
            let options = Options {
                both: further.before && further.after,
                before_only: further.before && (!further.after || remote.leaves),
                after_only: further.after && (!further.before || remote.joins),
                neither: true,
            };
            walk.decide(everything, RuleAction::Drop, options);
            if !outranked {
                walk.decide(everything, RuleAction::Accept, options);
            }
        }
    }
}

fn fixed(presence: &Presence, value: &dyn Fn(Variable) -> Option<bool>) -> Presence {
    let variables = presence.as_ref()?;
    if variables.iter().any(|variable| value(*variable) == Some(false)) {
        return None;
    }
    Some(variables.iter().copied().filter(|variable| value(*variable).is_none()).collect())
}

/// What a pair can answer over every reading: the variables that both sides or several lines share are enumerated.
pub(crate) fn joint_outcomes(book: &RuleBook, family: Family, sides: &[&Studied]) -> Outcomes {
    let mut counted: Vec<Variable> = sides.iter().flat_map(|side| side.variables()).copied().collect();
    counted.sort_unstable();
    let mut shared: Vec<Variable> = counted
        .windows(2)
        .filter_map(|pair| if let [a, b] = pair { (a == b).then_some(*a) } else { None })
        .collect();
    shared.dedup();
    if shared.is_empty() {
        let outcomes = sides.iter().map(|side| Cow::Borrowed(side.outcomes(book, family)));
        let joint = outcomes.reduce(|so_far, next| Cow::Owned(so_far.and(&next)));
        return joint.unwrap_or_default().into_owned();
    }
    // Beyond this many, the rest are walked as if each line had a variable of its own: more readings than there
    // are, so "lost" and "gained" stay certain, and an answer may be called undetermined that is not.
    shared.truncate(MOST_SHARED);
    let mut result = Outcomes::default();
    for choice in 0..(1_u32 << shared.len()) {
        let value =
            |variable: Variable| shared.binary_search(&variable).ok().map(|bit| choice & (1 << bit) != 0);
        let outcomes = sides.iter().map(|side| side.side().outcomes(book, family, &value));
        if let Some(joint) = outcomes.reduce(|so_far, next| so_far.and(&next)) {
            result.add(&joint);
        }
    }
    result
}

const MOST_SHARED: usize = 10;

#[cfg(test)]
mod tests {
    use super::super::side::certain;
    use super::*;

    #[test]
    fn a_line_may_be_missing_only_where_nothing_makes_it_certain() {
        let may = |presence: &Presence, other: &Presence| {
            let Options { both, before_only, after_only, neither } = Options::of(presence, other);
            [both, before_only, after_only, neither]
        };
        let on = |variables: &[Variable]| -> Presence { Some(variables.into()) };
        let (one, two) = (Variable::IntraGroupEgress, Variable::AddressKinds);
        assert_eq!(may(&None, &None), [false, false, false, true]);
        assert_eq!(may(&certain(), &None), [false, true, false, false]);
        assert_eq!(may(&None, &on(&[one])), [false, false, true, true]);
        assert_eq!(may(&certain(), &certain()), [true, false, false, false]);
        assert_eq!(may(&certain(), &on(&[one])), [true, true, false, false]);
        assert_eq!(may(&on(&[one]), &certain()), [true, false, true, false]);
        assert_eq!(may(&on(&[one]), &on(&[one])), [true, false, false, true]);
        assert_eq!(may(&on(&[one]), &on(&[one, two])), [true, true, false, true]);
    }
}
