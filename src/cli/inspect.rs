//! `sgleave inspect`: what was read?

use super::args::{InspectArgs, TerminalArgs};
use super::failure::Failure;
use super::terminal::Terminal;
use super::{exit, settings};
use crate::report::{InspectionReport, write_inspection};

pub(super) fn run(args: &InspectArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let outputs = settings::outputs(&args.output, args.table.csv_dialect, common.color, &settings::FINDINGS)?;
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    let context = estate.context(Vec::new());
    let report = InspectionReport::new(&estate.graph, &context);
    let complete = report.document().complete;
    let answer = if complete { "complete" } else { "incomplete" };
    outputs.write(answer, terminal, |format, style, out| write_inspection(&report, format, style, out))?;
    Ok(if args.exit.exit_code && !complete { exit::UNDETERMINED } else { exit::CLEAR })
}
