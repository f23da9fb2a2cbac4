//! What is not known, so that no change is safe.

use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::{Findings, Subject};
use crate::policy::parameters::Parameters;
use crate::simulate::Certainty;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "undetermined-change",
    summary: "Some answer rests on missing evidence or on a sentence that can be read in two ways.",
    explanation: "Each thing that is not known is a finding of its own. Under `deny` there is no verdict, and the exit code is \
        4: complete the export, or close a reading with --reading.",
    default_level: Level::Deny,
    is_default: true,
    example: "undetermined-change: {}",
    check,
};

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Nothing = &rule.parameters else { return };
    for reason in &context.simulation.undetermined_because {
        findings
            .add(Subject::Whole, format!("not known: {reason}"))
            .aspect(reason.clone())
            .certainty(Certainty::Possible)
            .help("complete the export, or close an open sentence with --reading NAME=VALUE");
    }
}
