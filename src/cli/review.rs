//! A change reviewed, as `check` and `plan` begin: read everything, simulate, ask the policies.

use super::args::{InputArgs, OutputArgs, RemovalArgs, SemanticsArgs, TableArgs, TerminalArgs};
use super::failure::Failure;
use super::output::Outputs;
use super::policies::{self, Policies};
use super::policy_args::PolicyArgs;
use super::removals::{self, Need};
use super::settings;
use super::terminal::Terminal;
use crate::policy::{Lowered, Review};
use crate::report::{SimulationReport, write_simulation};
use crate::simulate::{Options, Simulator, isolate_last};

/// What was typed about a change and its review.
pub(super) struct Asked<'a> {
    pub(super) removals: &'a RemovalArgs,
    pub(super) input: &'a InputArgs,
    pub(super) policies: &'a PolicyArgs,
    pub(super) semantics: &'a SemanticsArgs,
    pub(super) output: &'a OutputArgs,
    pub(super) table: &'a TableArgs,
    /// The group that whoever leaves the last one joins instead.
    pub(super) isolation_group: Option<&'a str>,
}

/// A change that was reviewed, and everything about it.
pub(super) struct Reviewed<'r> {
    pub(super) review: &'r Review<'r>,
    pub(super) options: Options,
    pub(super) policies: &'r Policies,
    /// The rules that weigh less than their policy usually does.
    pub(super) lowered: &'r [Lowered],
    pub(super) inventory_digest: &'r str,
    report: SimulationReport<'r>,
    outputs: &'r Outputs,
}

impl Reviewed<'_> {
    /// Writes what was asked for.
    pub(super) fn write(&self, terminal: &mut Terminal) -> Result<(), Failure> {
        self.outputs.write(self.review.outcome().name(), terminal, |format, style, out| {
            write_simulation(&self.report, format, style, out)
        })
    }
}

/// Reviews a change and hands it on.
pub(super) fn reviewed<T>(
    asked: &Asked<'_>,
    common: &TerminalArgs,
    terminal: &mut Terminal,
    then: impl FnOnce(&Reviewed<'_>, &mut Terminal) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let options = settings::options(asked.semantics)?;
    let dialect = asked.table.csv_dialect;
    let outputs = settings::outputs(asked.output, dialect, common.color, &settings::FINDINGS)?;
    outputs.keep_clear_of(&asked.removals.removals, terminal)?;
    outputs.keep_clear_of(&asked.policies.policy, terminal)?;
    let policies = policies::read(asked.policies, terminal)?;
    let mut proposed = removals::collect(asked.removals, asked.input, Need::Required, terminal)?;
    let estate = settings::estate(asked.input, &outputs, terminal)?;
    if let Some(group) = asked.isolation_group {
        isolate_last(&estate.graph, proposed.iter_mut().map(|one| &mut one.removal).collect(), group)?;
    }
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
    let reviewed = Reviewed {
        review: &review,
        options,
        policies: &policies,
        lowered: &lowered,
        inventory_digest: &context.inventory_digest,
        report,
        outputs: &outputs,
    };
    then(&reviewed, terminal)
}
