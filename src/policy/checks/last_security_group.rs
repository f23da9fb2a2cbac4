//! An interface that would be in no group.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::OrphanKind;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "last-security-group",
    summary: "An interface would be in no security group.",
    explanation: "An interface keeps at least one group: the API refuses to take the last one away, and an interface \
        without a group neither sends nor receives. Move it to another group in the same step instead.",
    default_level: Level::Deny,
    is_default: true,
    example: "last-security-group: {}",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Scope(of) = &rule.parameters else { return };
    for orphan in &context.simulation.impact.orphans {
        let OrphanKind::InterfaceWithoutGroup(interface) = &orphan.kind else { continue };
        if of.as_ref().is_some_and(|ends| !ends.contains(*interface)) {
            continue;
        }
        let would = if orphan.new { "would be" } else { "is" };
        findings
            .add(
                Subject::Interface(*interface),
                format!("{} {would} in no security group", context.who(*interface)),
            )
            .standing(orphan.new)
            .certainty(orphan.certainty)
            .help("join another group in the same step, with --move");
    }
}
