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
use super::walk::Rank;
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::RuleAction;
use crate::netset::TransportSet;

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
    /// A custom rule, by number. INVARIANT: all lines of a side are about one direction, in which numbers go by strength.
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
}

impl Line {
    /// Returns the strength of a line an unknown rule could outrank; `None` for those before every rule.
    pub(super) fn rank(&self, book: &RuleBook) -> Option<Rank> {
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

    pub(super) fn effect<'a>(
        &self,
        book: &'a RuleBook,
        everything: &'a TransportSet,
    ) -> (&'a TransportSet, RuleAction) {
        match self.slot {
            Slot::NoGroup => (everything, RuleAction::Drop),
            Slot::Rule(number) => (book.traffic(book.body(number)), book.body(number).action),
            Slot::Platform | Slot::InnerFirst(_) | Slot::InnerLast(_) | Slot::Default(_) => {
                (everything, RuleAction::Accept)
            }
        }
    }

    pub(super) fn cause(&self, book: &RuleBook) -> Cause {
        match self.slot {
            Slot::Platform => Cause::Platform,
            Slot::NoGroup => Cause::NoGroup,
            Slot::InnerFirst(group) | Slot::InnerLast(group) => Cause::InnerAccess(group),
            Slot::Rule(number) => Cause::Rule(book.body(number).rule),
            Slot::Default(_) => Cause::Default,
        }
    }
}
