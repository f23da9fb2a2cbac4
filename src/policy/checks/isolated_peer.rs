//! An interface that is cut off.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::{Certainty, Extent};

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "isolated-peer",
    summary: "An interface would have no accepted traffic left with those that leave, or with anybody.",
    explanation: "This is what the vendor warns of: whoever shared the group is cut off. It counts for the interfaces that \
        leave as well. One that was isolated before is not charged to the change.",
    default_level: Level::Deny,
    is_default: true,
    example: "isolated-peer: { of: { tag: { tier: db } } }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Scope(of) = &rule.parameters else { return };
    for isolation in &context.simulation.impact.isolated {
        if of.as_ref().is_some_and(|ends| !ends.contains(isolation.interface)) {
            continue;
        }
        let whom = match isolation.extent {
            Extent::FromRemoved => "any interface that leaves",
            Extent::FromAll => "any interface of the inventory",
        };
        let has = match (isolation.new, isolation.certainty) {
            (true, Certainty::Certain) => "would have",
            (true, Certainty::Possible) => "may have",
            (false, _) => "has, and had before,",
        };
        let who = context.who(isolation.interface);
        findings
            .add(
                Subject::Interface(isolation.interface),
                format!("{who} {has} no accepted traffic left with {whom}"),
            )
            .aspect(isolation.extent.name())
            .standing(isolation.new)
            .certainty(isolation.certainty)
            .help("keep one path: accept what is needed in a group that stays");
    }
}
