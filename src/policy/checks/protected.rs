//! Who must not leave, and what must not be left.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "protected",
    summary: "These interfaces leave no group, and nobody leaves these groups.",
    explanation: "`of` protects interfaces, by tag, name, id or whatever else a selector knows; `group` protects groups by \
        id or name. Any removal that touches one is a finding.",
    default_level: Level::Deny,
    is_default: false,
    example: "protected: { of: { tag: { change-freeze: \"*\" } }, group: sg-baseline }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Protected { of, groups } = &rule.parameters else { return };
    for removal in &context.simulation.removals {
        let (interface, group) = (removal.interface, removal.group);
        let by_interface = of.as_ref().is_some_and(|ends| ends.contains(interface));
        let by_group = groups.binary_search(&group).is_ok();
        if !by_interface && !by_group {
            continue;
        }
        let what = match (by_interface, by_group) {
            (true, true) => "both are",
            (true, false) => "the interface is",
            (false, _) => "the group is",
        };
        let message =
            format!("{} leaves {}, and {what} protected", context.who(interface), context.group(group));
        findings
            .add(Subject::Membership(interface, group), message)
            .help("take this removal out of the change, or let whoever protects it decide");
    }
}
