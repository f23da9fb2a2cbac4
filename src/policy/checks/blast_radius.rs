//! How much one change may touch.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{GroupIx, InterfaceIx};
use crate::policy::context::{Context, plural};
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::EndpointSet;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "blast-radius",
    summary: "One change touches at most so many pairs, peers, removals, or so large a share of a group.",
    explanation: "`pairs` are the ordered pairs of interfaces with traffic lost, gained or undetermined, each of the three \
        counted on its own, as the totals of a simulation do; `peers` are the interfaces besides those that leave with any of \
        that; `removals` are memberships; `share` is how many of a hundred members leave one group.",
    default_level: Level::Deny,
    is_default: false,
    example: "blast-radius: { pairs: 100, peers: 20, share: 25 }",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Blast(limits) = &rule.parameters else { return };
    let simulation = context.simulation;
    let totals = &simulation.impact.totals;
    let pairs = totals.pairs_lost + totals.pairs_gained + totals.pairs_undetermined;
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let measured = [
        ("pairs", limits.pairs, pairs, "pairs of interfaces change"),
        ("peers", limits.peers, count(peers(context)), "peers are touched"),
        ("removals", limits.removals, count(simulation.removals.len()), "memberships end"),
    ];
    for (name, limit, found, what) in measured {
        let Some(limit) = limit.filter(|limit| found > *limit) else { continue };
        findings
            .add(Subject::Whole, format!("{found} {what}, and at most {limit} are allowed"))
            .aspect(name)
            .help("split the change into smaller ones");
    }
    let Some(share) = limits.share else { return };
    let mut leaving: BTreeMap<GroupIx, BTreeSet<InterfaceIx>> = BTreeMap::new();
    for removal in &simulation.removals {
        leaving.entry(removal.group).or_default().insert(removal.interface);
    }
    for (group, leaving) in leaving {
        let members = context.before.members_of(group).len();
        if leaving.len().saturating_mul(100) > members.saturating_mul(usize::from(share)) {
            let leaving = plural(leaving.len(), "member");
            let message =
                format!("{leaving} of {members} leave {}, and at most {share} % may", context.group(group));
            findings
                .add(Subject::Group(group), message)
                .aspect("share")
                .help("split the change into smaller ones");
        }
    }
}

/// Counts the interfaces besides those that leave that lose or gain something, surely or perhaps.
fn peers(context: &Context<'_>) -> usize {
    let changes = &context.simulation.impact.changes;
    let ends = changes.iter().flat_map(|change| change.sources.iter().chain(&change.destinations));
    let touched: BTreeSet<InterfaceIx> = ends
        .filter_map(|end| match end {
            EndpointSet::Interface { interface, .. } => Some(*interface),
            EndpointSet::External { .. } | EndpointSet::ForeignGroup { .. } => None,
        })
        .filter(|interface| !context.leaves(*interface))
        .collect();
    touched.len()
}
