//! `sgleave simulate`: what changes if they leave?

use super::args::{SimulateArgs, TerminalArgs};
use super::failure::Failure;
use super::removals::{self, Need};
use super::terminal::Terminal;
use super::{exit, settings};
use crate::report::{SimulationReport, write_simulation};
use crate::simulate::{SimulationVerdict, simulate};

pub(super) fn run(
    args: &SimulateArgs,
    common: &TerminalArgs,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    let options = settings::options(&args.semantics)?;
    let outputs = settings::outputs(&args.output, args.table.csv_dialect, common.color, &settings::FINDINGS)?;
    outputs.keep_clear_of(&args.removals.removals, terminal)?;
    let proposed = removals::collect(&args.removals, &args.input, Need::Required, terminal)?;
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    terminal.stage("simulating");
    let simulation = simulate(&estate.graph, &removals::bare(&proposed), &options)?;
    let context = estate.context(removals::metadata(&estate.graph, &proposed, &options)?);
    let report = SimulationReport::new(&simulation, &context);
    let verdict = simulation.verdict;
    outputs.write(verdict.name(), terminal, |format, style, out| {
        write_simulation(&report, format, style, out)
    })?;
    Ok(if args.exit.exit_code { code_of(verdict) } else { exit::CLEAR })
}

const fn code_of(verdict: SimulationVerdict) -> u8 {
    match verdict {
        SimulationVerdict::Safe => exit::CLEAR,
        SimulationVerdict::Impact => exit::NOT_CLEAR,
        SimulationVerdict::Undetermined => exit::UNDETERMINED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_safe_verdict_is_exit_zero() {
        let verdicts = [SimulationVerdict::Safe, SimulationVerdict::Impact, SimulationVerdict::Undetermined];
        assert_eq!(verdicts.map(code_of), [0, 1, 4]);
    }
}
