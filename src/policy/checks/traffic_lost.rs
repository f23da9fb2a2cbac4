//! Traffic that is accepted now and would not be.

use crate::policy::changes::{Narrowed, Sought, sums};
use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;
use crate::policy::parameters::Parameters;
use crate::policy::traffic;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "traffic-lost",
    summary: "Accepted traffic would be lost.",
    explanation: "One finding for each interface that leaves. Without parameters it is about all traffic and only informs, \
        since losing something is what a removal is for; a rule with from, to and traffic says what must not be lost.",
    default_level: Level::Inform,
    is_default: true,
    example: "traffic-lost: { from: { tag: { tier: web } }, traffic: tcp/443 }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Between { from, to, traffic } = &rule.parameters else { return };
    let narrowed = Narrowed { from: from.as_ref(), to: to.as_ref(), traffic: traffic.as_ref() };
    for (key, sum) in sums(context, Sought::Loss, narrowed) {
        findings
            .add(
                key.subject,
                key.sentence(context, ["would lose", "may lose"], &traffic::name(&sum.traffic), &sum),
            )
            .aspect(key.aspect(&sum))
            .certainty(key.certainty)
            .traffic(sum.traffic)
            .help("accept what is needed in a group that stays, before the removal");
    }
}
