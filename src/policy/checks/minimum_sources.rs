//! How many sources a target keeps.

use crate::parallel;
use crate::policy::context::{Context, plural};
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::policy::reach::{Answer, Breadth, End, Pair, answers};
use crate::policy::traffic;
use crate::simulate::Certainty;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "minimum-sources",
    summary: "A target keeps at least so many sources that reach it.",
    explanation: "A source counts when all of the traffic is accepted between the primary addresses. Fewer than before, \
        and fewer than required, is charged to the change; too few as before is not.",
    default_level: Level::Deny,
    is_default: false,
    example: "minimum-sources: { from: { group: sg-lb }, to: { tag: { tier: web } }, traffic: tcp/80, at-least: 2 }",
    check,
};

/// How many sources surely reach a target, and how many may.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    surely: usize,
    perhaps: usize,
}

impl Count {
    fn add(&mut self, answer: Option<&Answer>) {
        // Without a pair of addresses nothing is known.
        let (is_sure, is_possible) = answer.map_or((false, true), |one| {
            (one.denied.is_empty() && one.open.is_empty(), one.denied.is_empty())
        });
        self.surely += usize::from(is_sure);
        self.perhaps += usize::from(is_possible);
    }
}

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Sources { from, to, traffic, at_least } = &rule.parameters else { return };
    let required = usize::try_from(*at_least).unwrap_or(usize::MAX);
    let counts = parallel::each(&to.interfaces[..], |target| {
        let (mut before, mut after) = (Count::default(), Count::default());
        for source in from.interfaces.iter().filter(|source| *source != target) {
            let pair = Pair { source: End::Ours(*source), destination: End::Ours(*target) };
            let found = answers(context, pair, traffic, Breadth::Primary(None));
            before.add(found.first().map(|[before, _]| before));
            after.add(found.first().map(|[_, after]| after));
        }
        (*target, before, after)
    });
    for (target, before, after) in counts {
        if after.surely >= required {
            continue;
        }
        let is_new = after.surely < before.surely;
        let certainty = if after.perhaps >= required { Certainty::Possible } else { Certainty::Certain };
        let (who, traffic) = (context.who(target), traffic::name(traffic));
        let (sources, surely) = (plural(after.surely, "source"), before.surely);
        let keeps = if is_new {
            format!("{who} would keep {sources} of {surely} on {traffic}")
        } else {
            format!("{who} has {sources} on {traffic}, as before")
        };
        findings
            .add(Subject::Interface(target), format!("{keeps}, and {required} are required"))
            .aspect(format!("{}", after.surely))
            .standing(is_new)
            .certainty(certainty)
            .help("take removals out of the change, or let other sources in first");
    }
}
