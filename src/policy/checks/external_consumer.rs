//! Services outside ECS that admit the members of a group.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::OrphanKind;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "external-consumer",
    summary: "A service outside ECS would no longer admit an interface.",
    explanation: "A database can admit the members of a security group. Whoever leaves the group, and is in no other the \
        service admits, loses its access, and no rule of a security group says so (law 8).",
    default_level: Level::Deny,
    is_default: true,
    example: "external-consumer: {}",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Scope(of) = &rule.parameters else { return };
    for orphan in &context.simulation.impact.orphans {
        let OrphanKind::ExternalConsumer { group, consumer, consumer_id, interfaces } = &orphan.kind else {
            continue;
        };
        for interface in interfaces {
            if of.as_ref().is_some_and(|ends| !ends.contains(*interface)) {
                continue;
            }
            let (who, group_id) = (context.who(*interface), context.group(*group));
            findings
                .add(
                    Subject::Membership(*interface, *group),
                    format!("{consumer} {consumer_id} admits members of {group_id} and would no longer admit {who}"),
                )
                .aspect(format!("{consumer} {consumer_id}"))
                .standing(orphan.new)
                .certainty(orphan.certainty)
                .help("admit another group of the interface at the service first");
        }
    }
}
