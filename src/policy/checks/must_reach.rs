//! Who has to reach whom.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;
use crate::policy::parameters::Parameters;
use crate::policy::reach::{Breadth, Demand, breaches, report};

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "must-reach",
    summary: "Every one of these has to reach every one of those.",
    explanation: "All of the traffic has to be accepted between the primary addresses, on both sides; `over: ipv6` asks for \
        the first IPv6 address instead. Addresses outside are asked for as a whole. Security groups are looked at, and no \
        routes. What was denied before is existing and not charged to the change.",
    default_level: Level::Deny,
    is_default: false,
    example: "must-reach: { from: { tag: { tier: web } }, to: { group: sg-db }, traffic: tcp/3306 }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Reach { from, to, traffic, over } = &rule.parameters else { return };
    let found = breaches(context, Demand::Reach, [from, to], traffic, Breadth::Primary(*over));
    report(
        context,
        Demand::Reach,
        found,
        "accept this traffic in groups that stay, on both sides, before the removal",
        findings,
    );
}
