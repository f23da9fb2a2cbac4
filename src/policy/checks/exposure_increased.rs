//! Traffic that is denied now and would be accepted.

use crate::policy::changes::{Narrowed, Sought, sums};
use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;
use crate::policy::parameters::Parameters;
use crate::policy::traffic;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "exposure-increased",
    summary: "Traffic that is denied now would be accepted.",
    explanation: "Whoever leaves a group leaves its Drop rules too, and a move brings the Accept rules of another group. \
        Without parameters every gain counts; from, to and traffic narrow it, such as `from: { internet: true }`.",
    default_level: Level::Deny,
    is_default: true,
    example: "exposure-increased: { from: { internet: true }, traffic: [tcp/22, tcp/3389] }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Between { from, to, traffic } = &rule.parameters else { return };
    let narrowed = Narrowed { from: from.as_ref(), to: to.as_ref(), traffic: traffic.as_ref() };
    for (key, sum) in sums(context, Sought::Gain, narrowed) {
        findings
            .add(
                key.subject,
                key.sentence(context, ["would open", "may open"], &traffic::name(&sum.traffic), &sum),
            )
            .aspect(key.aspect(&sum))
            .certainty(key.certainty)
            .traffic(sum.traffic)
            .help("keep the Drop rule: copy it to a group that stays, before the removal");
    }
}
