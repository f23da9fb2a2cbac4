//! One side of a flow, before and after at once: the ordered lines one interface asks, and what they can answer.
//!
//! 1. A [`Side`] lists the lines that may match, strongest first. Each line says in which state it is there: not at
//!    all, certainly, or when some variables are true.
//! 2. The walk keeps the traffic that no line has decided yet, apart for "neither state decided", "before decided"
//!    and "after decided". A certain line takes its traffic away; a conditional one takes a copy and leaves it too.
//! 3. Rules that may exist without being known (a truncated answer, a group that is not described) may decide the
//!    undecided traffic at any point of the order, but not before a certain Drop of priority 1.
//! 4. What no line decides is denied: the egress Accept of a basic group is a line of its own, the weakest.
//!
//! The result is, for each pair of answers (before, after), the traffic for which some reading gives it. A variable
//! that occurs in one line only needs no enumeration: both of its values are walked at once.

use super::reading::Evidence;
use super::rulebook::{RuleBook, Variable};
use super::verdict::Cause;
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::RuleAction;
use crate::netset::{Family, TransportSet};

/// How strong a custom line is. Lines of one rank are asked together: no unknown rule comes between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
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

/// Whether a line is there: `None` no, `Some(&[])` certainly, else when all variables are true.
pub(crate) type Presence = Option<Box<[Variable]>>;

/// Returns the presence of a line that is certainly there.
pub(crate) fn certain() -> Presence {
    Some(Box::default())
}

/// Where a line stands; the order of the variants is the order in which lines are asked (law 2.4, 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Slot {
    /// An exemption of the platform: accept.
    Platform,
    /// The interface is in no group: deny (AM5).
    NoGroup,
    /// The intra-group Accept before the custom rules.
    InnerFirst(GroupIx),
    /// A custom rule, by number.
    Rule(u32),
    /// The intra-group Accept behind the custom rules.
    InnerLast(GroupIx),
    /// The egress Accept of a basic group; with a group where it hangs on that group's type.
    Default(Option<GroupIx>),
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub(crate) slot: Slot,
    pub(crate) before: Presence,
    pub(crate) after: Presence,
}

/// Whose rules may be more than is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Unknown {
    /// A group's.
    Rules(GroupIx),
    /// Everything about an interface whose groups are unknown.
    Memberships(InterfaceIx),
    /// The other account's side.
    Foreign(GroupIx),
    /// Everything about an interface that is in no VPC the export names (law 1.2).
    Network(InterfaceIx),
}

impl Unknown {
    /// Returns what is missing.
    pub(crate) const fn evidence(self) -> Evidence {
        match self {
            Self::Rules(group) => Evidence::FurtherRules(group),
            Self::Memberships(interface) => Evidence::Memberships(interface),
            Self::Foreign(group) => Evidence::ForeignGroup(group),
            Self::Network(interface) => Evidence::Network(interface),
        }
    }
}

/// Unknown rules and the states in which they are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Further {
    pub(crate) unknown: Unknown,
    pub(crate) before: bool,
    pub(crate) after: bool,
}

/// One side of a flow, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Side {
    /// Sorted by slot.
    pub(crate) lines: Vec<Line>,
    pub(crate) further: Vec<Further>,
    /// What an unknown rule that names a group may do because the remote interface changes its groups.
    pub(crate) remote: RemoteChange,
}

/// How the groups of the remote interface change. An unknown rule may name one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct RemoteChange {
    /// It leaves one: the unknown rule then matches before only.
    pub(crate) leaves: bool,
    /// It joins one: the unknown rule then matches after only.
    pub(crate) joins: bool,
    /// Whether references cover the remote address hangs on this (A8).
    pub(crate) when: Option<Variable>,
}

/// One of the two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Before,
    After,
}

/// Traffic of one side in one state that the same cause decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) traffic: TransportSet,
    pub(crate) cause: Cause,
    /// `None` where the cause is open.
    pub(crate) accepts: Option<bool>,
}

/// For each pair of answers, the traffic for which some reading gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Returns the outcomes of a side that accepts everything.
    pub(crate) fn accepting(family: Family) -> Self {
        Self { kept: TransportSet::universe(family), ..Self::default() }
    }

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
        self.kept = self.kept.union(&other.kept);
        self.lost = self.lost.union(&other.lost);
        self.gained = self.gained.union(&other.gained);
        self.denied = self.denied.union(&other.denied);
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
                let slot = self.done.slot(earlier, action);
                *slot = slot.union(&hit);
                if !before_only && !neither {
                    *waiting = waiting.difference(traffic);
                }
            }
        }
        for (waiting, later) in self.after.iter_mut().zip(ACTIONS) {
            let hit = waiting.intersection(traffic);
            if !hit.is_empty() && (both || before_only) {
                let slot = self.done.slot(action, later);
                *slot = slot.union(&hit);
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
            let slot = self.done.slot(action, action);
            *slot = slot.union(&hit);
        }
        for (wanted, sets) in [(before_only, &mut self.before), (after_only, &mut self.after)] {
            if wanted {
                for (set, _) in sets.iter_mut().zip(ACTIONS).filter(|(_, other)| *other == action) {
                    *set = set.union(&hit);
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
    /// Counts each variable once a line.
    pub(crate) fn variables(&self) -> impl Iterator<Item = Variable> + '_ {
        let in_lines = self.lines.iter().flat_map(|line| {
            let before = line.before.as_deref().unwrap_or(&[]);
            let after = line.after.as_deref().unwrap_or(&[]);
            before.iter().chain(after.iter().filter(|variable| !before.contains(variable))).copied()
        });
        in_lines.chain(self.remote.when.filter(|_| !self.further.is_empty()))
    }

    /// Tells whether both states ask the same lines, so that no reading can tell them apart.
    pub(crate) fn is_steady(&self) -> bool {
        self.lines.iter().all(|line| line.before == line.after)
            && self.further.iter().all(|further| further.before == further.after)
            && (self.further.is_empty() || (!self.remote.leaves && !self.remote.joins))
    }

    /// Returns what the side can answer when `value` fixes some variables (`None`: both values are walked).
    pub(crate) fn outcomes(
        &self,
        book: &RuleBook,
        family: Family,
        value: &dyn Fn(Variable) -> Option<bool>,
    ) -> Outcomes {
        let everything = TransportSet::universe(family);
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

    /// Cuts the universe by what decides it in one state.
    pub(crate) fn pieces(&self, book: &RuleBook, family: Family, state: State) -> Vec<Piece> {
        let mut pieces =
            Pieces { waiting: vec![(TransportSet::universe(family), Vec::new())], done: Vec::new() };
        let unknown: Vec<Evidence> = self
            .further
            .iter()
            .filter(|further| if state == State::Before { further.before } else { further.after })
            .map(|further| further.unknown.evidence())
            .collect();
        let everything = TransportSet::universe(family);
        let mut in_custom = false;
        let mut outranked = false;
        for line in &self.lines {
            let presence = if state == State::Before { &line.before } else { &line.after };
            let Some(variables) = presence else { continue };
            if line.slot > Slot::InnerFirst(GROUP_MAX) {
                if !in_custom {
                    pieces.open(&everything, &unknown, RuleAction::Drop);
                    in_custom = true;
                }
                let strongest = matches!(line.slot, Slot::Rule(n) if book.body(n).is_strongest_drop());
                if !outranked && !strongest {
                    pieces.open(&everything, &unknown, RuleAction::Accept);
                    outranked = true;
                }
            }
            let (traffic, action) = line.effect(book, &everything);
            if variables.is_empty() {
                pieces.close(traffic, action, &line.cause(book));
            } else {
                let evidence: Vec<Evidence> = variables.iter().map(|v| book.evidence(*v)).collect();
                pieces.open(traffic, &evidence, action);
            }
        }
        if !in_custom {
            pieces.open(&everything, &unknown, RuleAction::Drop);
        }
        if !outranked {
            pieces.open(&everything, &unknown, RuleAction::Accept);
        }
        pieces.close(&everything, RuleAction::Drop, &Cause::Default);
        pieces.done
    }
}

/// Above every group of any graph: marks the end of the intra-group lines in comparisons.
const GROUP_MAX: GroupIx = GroupIx::MAX;

fn fixed(presence: &Presence, value: &dyn Fn(Variable) -> Option<bool>) -> Presence {
    let variables = presence.as_ref()?;
    if variables.iter().any(|variable| value(*variable) == Some(false)) {
        return None;
    }
    Some(variables.iter().copied().filter(|variable| value(*variable).is_none()).collect())
}

impl Line {
    /// Returns the strength of a line an unknown rule could outrank; `None` for those before every rule.
    fn rank(&self, book: &RuleBook) -> Option<Rank> {
        match self.slot {
            Slot::Platform | Slot::NoGroup | Slot::InnerFirst(_) => None,
            // A priority below 1 does not exist; reading it as 1 keeps Drop of priority 1 the strongest.
            Slot::Rule(number) => {
                Some(Rank::Rule(book.body(number).priority.max(1), book.body(number).action))
            }
            Slot::InnerLast(_) | Slot::Default(_) => Some(Rank::End),
        }
    }

    /// Tells whether the line is an intra-group Accept.
    pub(crate) const fn is_inner(&self) -> bool {
        matches!(self.slot, Slot::InnerFirst(_) | Slot::InnerLast(_))
    }

    fn effect<'a>(&self, book: &'a RuleBook, everything: &'a TransportSet) -> (&'a TransportSet, RuleAction) {
        match self.slot {
            Slot::NoGroup => (everything, RuleAction::Drop),
            Slot::Rule(number) => (&book.body(number).traffic, book.body(number).action),
            Slot::Platform | Slot::InnerFirst(_) | Slot::InnerLast(_) | Slot::Default(_) => {
                (everything, RuleAction::Accept)
            }
        }
    }

    fn cause(&self, book: &RuleBook) -> Cause {
        match self.slot {
            Slot::Platform => Cause::Platform,
            Slot::NoGroup => Cause::NoGroup,
            Slot::InnerFirst(group) | Slot::InnerLast(group) => Cause::InnerAccess(group),
            Slot::Rule(number) => Cause::Rule(book.body(number).rule),
            Slot::Default(_) => Cause::Default,
        }
    }
}

/// The universe while it is cut by causes. Each waiting piece knows the open lines it has passed.
struct Pieces {
    waiting: Vec<(TransportSet, Vec<(Evidence, RuleAction)>)>,
    done: Vec<Piece>,
}

impl Pieces {
    fn open(&mut self, traffic: &TransportSet, evidence: &[Evidence], action: RuleAction) {
        if evidence.is_empty() {
            return;
        }
        let mut next = Vec::with_capacity(self.waiting.len() + 1);
        for (set, opens) in std::mem::take(&mut self.waiting) {
            let hit = set.intersection(traffic);
            if hit.is_empty() {
                next.push((set, opens));
                continue;
            }
            let rest = set.difference(traffic);
            if !rest.is_empty() {
                next.push((rest, opens.clone()));
            }
            let mut opens = opens;
            opens.extend(evidence.iter().map(|one| (one.clone(), action)));
            next.push((hit, opens));
        }
        self.waiting = next;
    }

    fn close(&mut self, traffic: &TransportSet, action: RuleAction, cause: &Cause) {
        for (set, opens) in &mut self.waiting {
            let hit = set.intersection(traffic);
            if hit.is_empty() {
                continue;
            }
            *set = set.difference(traffic);
            // Open lines of the same action change who decides, not what is decided (law 2.6).
            let (cause, accepts) = if opens.iter().all(|(_, other)| *other == action) {
                (cause.clone(), Some(action == RuleAction::Accept))
            } else {
                let mut names: Vec<Evidence> = opens.iter().map(|(evidence, _)| evidence.clone()).collect();
                names.sort_unstable();
                names.dedup();
                (Cause::Open(names), None)
            };
            match self.done.iter_mut().find(|piece| piece.cause == cause && piece.accepts == accepts) {
                Some(piece) => piece.traffic = piece.traffic.union(&hit),
                None => self.done.push(Piece { traffic: hit, cause, accepts }),
            }
        }
        self.waiting.retain(|(set, _)| !set.is_empty());
    }
}

/// What a pair can answer over every reading: the variables that both sides or several lines share are enumerated.
pub(crate) fn joint_outcomes(book: &RuleBook, family: Family, sides: &[&Side]) -> Outcomes {
    let mut counted: Vec<Variable> = sides.iter().flat_map(|side| side.variables()).collect();
    counted.sort_unstable();
    let mut shared: Vec<Variable> = counted
        .windows(2)
        .filter_map(|pair| if let [a, b] = pair { (a == b).then_some(*a) } else { None })
        .collect();
    shared.dedup();
    // Beyond this many, the rest are walked as if each line had a variable of its own: more readings than there
    // are, so "lost" and "gained" stay certain, and an answer may be called undetermined that is not.
    shared.truncate(MOST_SHARED);
    let mut result = Outcomes::default();
    for choice in 0..(1_u32 << shared.len()) {
        let value =
            |variable: Variable| shared.binary_search(&variable).ok().map(|bit| choice & (1 << bit) != 0);
        let mut joint: Option<Outcomes> = None;
        for side in sides {
            let outcomes = side.outcomes(book, family, &value);
            joint = Some(joint.map_or_else(|| outcomes.clone(), |so_far| so_far.and(&outcomes)));
        }
        result.add(&joint.unwrap_or_else(|| Outcomes::accepting(family)));
    }
    result
}

const MOST_SHARED: usize = 10;
