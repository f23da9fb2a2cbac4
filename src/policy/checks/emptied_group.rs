//! A group without members.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::{Certainty, OrphanKind};

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "emptied-group",
    summary: "A group would have no members.",
    explanation: "An empty group protects nobody and is easily deleted or forgotten, with rules that may matter to whoever \
        joins it next. Where the export may not show every member, it is possible and not certain.",
    default_level: Level::Deny,
    is_default: true,
    example: "emptied-group: {}",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Groups(groups) = &rule.parameters else { return };
    for orphan in &context.simulation.impact.orphans {
        let OrphanKind::EmptyGroup(group) = &orphan.kind else { continue };
        if groups.as_ref().is_some_and(|groups| groups.binary_search(group).is_err()) {
            continue;
        }
        let would = match (orphan.new, orphan.certainty) {
            (true, Certainty::Certain) => "would have",
            (true, Certainty::Possible) => "may have",
            (false, _) => "has",
        };
        findings
            .add(Subject::Group(*group), format!("{} {would} no members", context.group(*group)))
            .standing(orphan.new)
            .certainty(orphan.certainty)
            .help("keep a member, or delete the group and what names it in the same change");
    }
}
