//! A removal that the API would refuse.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "refused-removal",
    summary: "The API would refuse a removal.",
    explanation: "Each refusal is named with the code the API would answer with. A change of which a part is refused stops \
        half-way, so it is better not begun.",
    default_level: Level::Deny,
    is_default: true,
    example: "refused-removal: {}",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Scope(of) = &rule.parameters else { return };
    for removal in &context.simulation.removals {
        if removal.refusals.is_empty() || of.as_ref().is_some_and(|ends| !ends.contains(removal.interface)) {
            continue;
        }
        let said: Vec<String> = removal
            .refusals
            .iter()
            .map(|refusal| format!("{} ({})", refusal.code, refusal.message))
            .collect();
        let codes: Vec<&str> = removal.refusals.iter().map(|refusal| refusal.code).collect();
        let (who, group) = (context.who(removal.interface), context.group(removal.group));
        findings
            .add(
                Subject::Membership(removal.interface, removal.group),
                format!("the API would refuse that {who} leaves {group}: {}", said.join("; ")),
            )
            .aspect(codes.join(" "))
            .help("take this removal out of the change, or clear what is in its way first");
    }
}
