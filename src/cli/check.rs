//! `sgleave check`: may this go ahead?

use super::args::TerminalArgs;
use super::failure::Failure;
use super::policy_args::CheckArgs;
use super::removals::{self, Need};
use super::terminal::Terminal;
use super::{exit, output, policies, sample, settings};
use crate::policy::{Baseline, Outcome};
use crate::report::{SimulationReport, write_simulation};
use crate::simulate::Simulator;

pub(super) fn run(args: &CheckArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    if let Some(sets) = args.sample.sample {
        return sample::run(sets, args, common, terminal);
    }
    let options = settings::options(&args.semantics)?;
    let outputs = settings::outputs(&args.output, args.table.csv_dialect, common.color, &settings::FINDINGS)?;
    outputs.keep_clear_of(&args.removals.removals, terminal)?;
    outputs.keep_clear_of(&args.policies.policy, terminal)?;
    if let Some(path) = &args.policies.write_baseline {
        output::check_place(path)?;
    }
    let policies = policies::read(&args.policies, terminal)?;
    let proposed = removals::collect(&args.removals, &args.input, Need::Required, terminal)?;
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    let bound = policies.set.bind(&estate.graph)?;
    terminal.stage("simulating");
    let simulator = Simulator::new(&estate.graph);
    let simulation = simulator.simulate(&removals::bare(&proposed), &options)?;
    terminal.stage("reviewing");
    let reviewer = policies.reviewer(&simulator, &bound, &options);
    let context = estate.context(removals::metadata(&estate.graph, &proposed, &options)?);
    let report = SimulationReport::new(&simulation, &context);
    let review = reviewer.review_with(&simulation, policies.found_in_rego(&report, &estate.graph)?);
    let lowered = policies.set.lowered();
    let report = report.reviewed(&review, &lowered);
    let outcome = review.outcome();
    outputs.write(outcome.name(), terminal, |format, style, out| {
        write_simulation(&report, format, style, out)
    })?;
    if let Some(path) = &args.policies.write_baseline {
        let against = review.findings().iter().filter(|finding| finding.denies());
        output::to_file(path, &Baseline::of(against, &estate.graph).to_json())?;
    }
    Ok(code_of(outcome))
}

pub(super) const fn code_of(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Clear => exit::CLEAR,
        Outcome::Denied => exit::NOT_CLEAR,
        Outcome::Undetermined => exit::UNDETERMINED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_review_is_exit_zero() {
        assert_eq!([Outcome::Clear, Outcome::Denied, Outcome::Undetermined].map(code_of), [0, 1, 4]);
    }
}
