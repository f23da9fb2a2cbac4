//! Who must not reach whom.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;
use crate::policy::parameters::Parameters;
use crate::policy::reach::{Breadth, Demand, breaches, report};

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "must-not-reach",
    summary: "None of these may reach any of those.",
    explanation: "None of the traffic may be accepted between any of their addresses, delegated prefixes included. What was \
        accepted before is existing and not charged to the change.",
    default_level: Level::Deny,
    is_default: false,
    example: "must-not-reach: { from: { internet: true }, to: { tag: { tier: db } }, traffic: all }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Reach { from, to, traffic, over } = &rule.parameters else { return };
    let found = breaches(context, Demand::NotReach, [from, to], traffic, Breadth::Every(*over));
    report(
        context,
        Demand::NotReach,
        found,
        "drop this traffic in a group that stays, before the removal",
        findings,
    );
}
