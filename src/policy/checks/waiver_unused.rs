//! A waiver speaks of no finding.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "waiver-unused",
    summary: "A waiver speaks of no finding.",
    explanation: "An exception that is not needed any more hides the next finding it happens to fit. Take it out of the file.",
    default_level: Level::Warn,
    is_default: true,
    example: "waiver-unused: {}",
    check,
};

/// Only the review knows what became of the waivers, and adds these findings.
const fn check(_: &Context<'_>, _: &Rule, _: &mut Findings<'_>) {}
