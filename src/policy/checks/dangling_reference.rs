//! Rules that name a group without members.

use crate::policy::context::{Context, few, plural};
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::OrphanKind;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "dangling-reference",
    summary: "Rules would name a group without members.",
    explanation: "A rule that names an empty group matches nobody. Nothing warns of it, and the next member of the group gets \
        everything these rules grant.",
    default_level: Level::Deny,
    is_default: true,
    example: "dangling-reference: {}",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Groups(groups) = &rule.parameters else { return };
    for orphan in &context.simulation.impact.orphans {
        let OrphanKind::DanglingReference(group, naming) = &orphan.kind else { continue };
        if groups.as_ref().is_some_and(|groups| groups.binary_search(group).is_err()) {
            continue;
        }
        let mut holders: Vec<String> = naming.iter().map(|one| context.group(one.rule.group)).collect();
        holders.dedup();
        let (rules, group_id) = (plural(naming.len(), "rule"), context.group(*group));
        let would = if orphan.new { "would name" } else { "named before, and name," };
        let message =
            format!("{rules} of {} {would} {group_id}, which has no members", few(holders.into_iter()));
        findings
            .add(Subject::Group(*group), message)
            .standing(orphan.new)
            .certainty(orphan.certainty)
            .help("revoke these rules, or keep a member in the group");
    }
}
