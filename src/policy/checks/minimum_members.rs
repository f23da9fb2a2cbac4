//! How many members a group keeps.

use crate::graph::{GroupIx, InterfaceIx, View};
use crate::policy::context::{Context, plural};
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::Certainty;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "minimum-members",
    summary: "A group keeps at least so many members.",
    explanation: "Counts the interfaces in the group, or those of a selection, or only those whose instance runs. The \
        message says how many of the removals the budget allows. Where the export may not show every member, too few are \
        possible and not certain.",
    default_level: Level::Deny,
    is_default: false,
    example: "minimum-members: { group: sg-web, at-least: 2, running: true }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Members { groups, of, at_least, running } = &rule.parameters else { return };
    let is_meant = |interface: &InterfaceIx| of.as_ref().is_none_or(|ends| ends.contains(*interface));
    for group in groups {
        let count = |view: &View<'_>| {
            let members = view.members_of(*group);
            let states = members.iter().filter(|one| is_meant(one)).map(|one| runs(context, *one));
            let states: Vec<Option<bool>> = states.collect();
            let surely = states.iter().filter(|state| !running || **state == Some(true)).count();
            let perhaps = states.iter().filter(|state| !running || **state != Some(false)).count();
            (surely, perhaps)
        };
        let ((before, _), (after, perhaps)) = (count(&context.before), count(&context.after));
        let required = usize::try_from(*at_least).unwrap_or(usize::MAX);
        if after >= required {
            continue;
        }
        let is_new = after < before;
        let may_be_enough = context.may_hide_members || perhaps >= required;
        let certainty = if may_be_enough { Certainty::Possible } else { Certainty::Certain };
        let message = message(context, *group, [before, after, required], is_new, &is_meant);
        findings
            .add(Subject::Group(*group), message)
            .aspect(format!("{after}"))
            .standing(is_new)
            .certainty(certainty)
            .help("take removals out of the change until the budget allows it, or bring in members first");
    }
}

/// Tells whether the instance runs; `None` where the export does not say.
fn runs(context: &Context<'_>, interface: InterfaceIx) -> Option<bool> {
    let status = context.graph.instance_of(interface).map(|instance| instance.status.as_str())?;
    if status.is_empty() { None } else { Some(status == "Running") }
}

fn message(
    context: &Context<'_>,
    group: GroupIx,
    [before, after, required]: [usize; 3],
    is_new: bool,
    is_meant: &dyn Fn(&InterfaceIx) -> bool,
) -> String {
    let group_id = context.group(group);
    if !is_new {
        return format!("{group_id} has {}, as before, and {required} are required", plural(after, "member"));
    }
    let removals = &context.simulation.removals;
    let leaving = removals.iter().filter(|one| one.group == group && is_meant(&one.interface)).count();
    let allowed = before.saturating_sub(required);
    let allows = match allowed {
        0 => format!("no order of the {} helps", plural(leaving, "removal")),
        _ => format!("it allows {allowed} of {}", plural(leaving, "removal")),
    };
    let kept = if after == 1 { "1 member" } else { &format!("{after} members") };
    format!(
        "{group_id} would keep {kept} of {before}, and {required} are required ({after} < {required}): {allows}"
    )
}
