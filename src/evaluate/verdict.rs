//! The answer to one question, and what decided it on each side.

use crate::graph::{GroupIx, RuleRef};

use super::reading::Evidence;

/// May the flow pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// Both sides accept under every reading.
    Accepted,
    /// The source's interface does not let it out.
    DeniedOut,
    /// The destination's interface does not let it in.
    DeniedIn,
    /// The answer differs between readings.
    InsufficientInfo,
}

impl Disposition {
    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::DeniedOut => "denied-out",
            Self::DeniedIn => "denied-in",
            Self::InsufficientInfo => "insufficient-info",
        }
    }
}

/// What decided one side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// The first rule that matched.
    Rule(RuleRef),
    /// The intra-group Accept of this group.
    InnerAccess(GroupIx),
    /// No rule matched: the default of the group type.
    Default,
    /// An exemption of the platform (law 2.2).
    Platform,
    /// The interface is in no group (law AM5).
    NoGroup,
    /// The side is not ours.
    External,
    /// It depends on these.
    Open(Vec<Evidence>),
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Explanation {
    /// May it pass?
    pub disposition: Disposition,
    /// What decided at the source.
    pub egress: Cause,
    /// What decided at the destination.
    pub ingress: Cause,
}
