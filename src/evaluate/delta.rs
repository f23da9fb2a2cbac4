//! What changes between two states of one pair, and what decides it before and after.

use super::cause::Piece;
use super::rulebook::RuleBook;
use super::side::{Side, State};
use super::study::Studied;
use super::verdict::{Cause, Disposition, Explanation};
use super::walk::{Outcomes, joint_outcomes};
use crate::netset::{Family, TransportSet};

/// What happens to the traffic of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Accepted before and not after, under every reading.
    Lost,
    /// Not accepted before and accepted after, under every reading.
    Gained,
    /// The answer changes under some reading, but not in the same way under all.
    Undetermined,
}

impl ChangeKind {
    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Gained => "gained",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Traffic of one pair that is decided by the same causes before and by the same causes after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delta {
    /// Lost, gained, undetermined; or kept, where only established sessions are at risk.
    pub effect: Effect,
    /// The traffic.
    pub traffic: TransportSet,
    /// The answer before.
    pub before: Explanation,
    /// The answer after.
    pub after: Explanation,
}

/// What a [`Delta`] says about its traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// The answer changes.
    Change(ChangeKind),
    /// The answer stays accepted, but not by the intra-group Accept any more (law 4).
    SessionRisk,
}

/// Whether a pair has accepted traffic, over all readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Contact {
    /// Before: under every reading, some.
    pub surely_before: bool,
    /// Before: under some reading, some.
    pub maybe_before: bool,
    /// After: under every reading, some.
    pub surely_after: bool,
    /// After: under some reading, some.
    pub maybe_after: bool,
}

impl Contact {
    /// Tells whether no more has to be looked at: whoever surely reaches somebody afterwards, and may have before, is not
    /// isolated, whatever else holds.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        self.surely_after && self.maybe_before
    }

    /// Returns what holds for two pairs together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            surely_before: self.surely_before || other.surely_before,
            maybe_before: self.maybe_before || other.maybe_before,
            surely_after: self.surely_after || other.surely_after,
            maybe_after: self.maybe_after || other.maybe_after,
        }
    }
}

/// Compares the states of a pair. A side that is not ours is `None` and accepts everything.
pub(crate) fn deltas(
    book: &RuleBook,
    family: Family,
    egress: Option<&Studied>,
    ingress: Option<&Studied>,
) -> Vec<Delta> {
    let sides: Vec<&Studied> = egress.into_iter().chain(ingress).collect();
    if sides.iter().all(|side| side.side().is_steady()) {
        return Vec::new();
    }
    let Judged { lost, gained, undetermined, kept } = joint_outcomes(book, family, &sides).judged();
    let wanted = [
        (Effect::Change(ChangeKind::Lost), lost),
        (Effect::Change(ChangeKind::Gained), gained),
        (Effect::Change(ChangeKind::Undetermined), undetermined),
        (Effect::SessionRisk, kept),
    ];
    let is_inner_access_moved = lives_on_inner_access(ingress.map(Studied::side));
    if wanted.iter().take(3).all(|(_, set)| set.is_empty()) && !is_inner_access_moved {
        return Vec::new();
    }
    let not_ours =
        [Piece { traffic: TransportSet::universe(family), cause: Cause::External, accepts: Some(true) }];
    let pieces = |side, state| pieces_of(side, &not_ours, book, family, state);
    let (out_before, out_after) = (pieces(egress, State::Before), pieces(egress, State::After));
    let (in_before, in_after) = (pieces(ingress, State::Before), pieces(ingress, State::After));
    let mut found = Vec::new();
    for (effect, set) in &wanted {
        // Sessions live on where a rule only overtakes an intra-group Accept that stays (law 4).
        if *effect == Effect::SessionRisk && !is_inner_access_moved {
            continue;
        }
        for (set, into_before) in cut(set, in_before) {
            for (set, into_after) in cut(&set, in_after) {
                if *effect == Effect::SessionRisk && !is_session_risk(into_before, into_after) {
                    continue;
                }
                for (set, from_before) in cut(&set, out_before) {
                    for (traffic, from_after) in cut(&set, out_after) {
                        let (before, after) =
                            explain(*effect, [from_before, into_before], [from_after, into_after]);
                        found.push(Delta { effect: *effect, traffic, before, after });
                    }
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// Returns whether the pair has accepted traffic before and after.
pub(crate) fn contact(book: &RuleBook, family: Family, egress: &Studied, ingress: &Studied) -> Contact {
    joint_outcomes(book, family, &[egress, ingress]).contact()
}

/// What all readings together say of the traffic of a pair.
pub(super) struct Judged {
    pub(super) lost: TransportSet,
    pub(super) gained: TransportSet,
    /// Lost or gained under some reading, but not the same under all.
    pub(super) undetermined: TransportSet,
    pub(super) kept: TransportSet,
}

impl Outcomes {
    /// Returns what is certain, and what changes without being so.
    pub(super) fn judged(&self) -> Judged {
        let (kept, lost, gained, denied) = (&self.kept, &self.lost, &self.gained, &self.denied);
        let only = |set: &TransportSet, others: [&TransportSet; 3]| {
            others.iter().fold(set.clone(), |left, other| left.difference(other))
        };
        let surely_lost = only(lost, [kept, gained, denied]);
        let surely_gained = only(gained, [kept, lost, denied]);
        let undetermined = lost.union(gained).difference(&surely_lost).difference(&surely_gained);
        let kept = only(kept, [lost, gained, denied]);
        Judged { lost: surely_lost, gained: surely_gained, undetermined, kept }
    }

    /// Returns whether there is accepted traffic before and after.
    pub(super) fn contact(&self) -> Contact {
        let before = self.kept.union(&self.lost);
        let after = self.kept.union(&self.gained);
        Contact {
            surely_before: !before.difference(&self.gained).difference(&self.denied).is_empty(),
            maybe_before: !before.is_empty(),
            surely_after: !after.difference(&self.lost).difference(&self.denied).is_empty(),
            maybe_after: !after.is_empty(),
        }
    }
}

fn lives_on_inner_access(ingress: Option<&Side>) -> bool {
    ingress.is_some_and(|side| side.lines.iter().any(|line| line.is_inner() && line.before != line.after))
}

const fn is_session_risk(before: &Piece, after: &Piece) -> bool {
    matches!(before.cause, Cause::InnerAccess(_)) && !matches!(after.cause, Cause::InnerAccess(_))
}

fn pieces_of<'s>(
    side: Option<&'s Studied>,
    not_ours: &'s [Piece],
    book: &RuleBook,
    family: Family,
    state: State,
) -> &'s [Piece] {
    side.map_or(not_ours, |side| side.pieces(book, family, state))
}

/// Cuts a set by the pieces of one side in one state.
fn cut<'p>(set: &TransportSet, pieces: &'p [Piece]) -> Vec<(TransportSet, &'p Piece)> {
    if set.is_empty() {
        return Vec::new();
    }
    let cuts = pieces.iter().map(|piece| (set.intersection(&piece.traffic), piece));
    cuts.filter(|(hit, _)| !hit.is_empty()).collect()
}

/// Names the answers. What the joint readings made certain is certain, even where one side alone is open.
fn explain(effect: Effect, before: [&Piece; 2], after: [&Piece; 2]) -> (Explanation, Explanation) {
    let accepted = |kind| match effect {
        Effect::Change(ChangeKind::Undetermined) => None,
        Effect::Change(certain) => Some(certain == kind),
        Effect::SessionRisk => Some(true),
    };
    let name = |[out, into]: [&Piece; 2], accepted: Option<bool>| Explanation {
        disposition: match (accepted, out.accepts, into.accepts) {
            (Some(true), ..) | (None, Some(true), Some(true)) => Disposition::Accepted,
            (_, Some(false), _) => Disposition::DeniedOut,
            (Some(false), ..) | (None, _, Some(false)) => Disposition::DeniedIn,
            (None, ..) => Disposition::InsufficientInfo,
        },
        egress: out.cause.clone(),
        ingress: into.cause.clone(),
    };
    (name(before, accepted(ChangeKind::Lost)), name(after, accepted(ChangeKind::Gained)))
}
