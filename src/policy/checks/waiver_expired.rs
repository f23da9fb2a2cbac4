//! A waiver is over.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "waiver-expired",
    summary: "A waiver is over.",
    explanation: "An exception that nobody renews is none any more: the findings it spoke of have their effect again, and this says why.",
    default_level: Level::Warn,
    is_default: true,
    example: "waiver-expired: {}",
    check,
};

/// Only the review knows what became of the waivers, and adds these findings.
const fn check(_: &Context<'_>, _: &Rule, _: &mut Findings<'_>) {}
