//! The writer of CSV: one finding a row, one row a line, the same header for every command.
//!
//! Changes are rectangles, never pairs: what a changed interface loses is one row per kind of peer, item of traffic
//! and run of ports, however many peers there are. `pairs_before` and `pairs_after` count the ordered pairs of the row
//! with that traffic accepted, everything external being one peer; they are empty where the answer is not known.

mod audit_rows;
mod cell;
mod digest;
mod review_rows;
mod row;
mod rows;
mod traffic_rows;

use std::io;

use ::csv::{Terminator, WriterBuilder};

pub(super) use self::audit_rows::AuditRows;
use self::digest::Fingerprint;
pub use self::row::HEADER;
use self::row::{Row, Run};
use super::context::{CsvDialect, ReportContext};
use super::document::{InspectionReport, SimulationReport};

pub(super) fn write_simulation(
    report: &SimulationReport<'_>,
    dialect: CsvDialect,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = report.document();
    let mut print = Fingerprint::default();
    for removal in &document.removals {
        let joined = removal.join_group_id.unwrap_or("");
        print.add(removal.interface_id).add(removal.group_id).add(joined);
    }
    for (name, value) in &document.readings {
        print.add(name).add(value);
    }
    let mode = match &document.review {
        None => "simulate",
        Some(review) => {
            print.add(review.policy_digest).add(&review.today);
            for waiver in &review.waivers {
                print.add(waiver.id).add(waiver.policy).add(waiver.subject);
            }
            "check"
        }
    };
    let mut run = run(mode, report.context, print);
    if let Some(review) = &document.review {
        run.policy = review.policy_digest.strip_prefix("sha256:").unwrap_or(review.policy_digest);
    }
    write(rows::of_simulation(report), &run, dialect, out)
}

pub(super) fn write_inspection(
    report: &InspectionReport<'_>,
    dialect: CsvDialect,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let run = run("inspect", report.context, Fingerprint::default());
    let rows = rows::of_issues(&report.document().inventory.issues);
    write(rows, &run, dialect, out)
}

fn run<'a>(mode: &'static str, context: &'a ReportContext, mut print: Fingerprint) -> Run<'a> {
    let digest = context.inventory_digest.as_str();
    print.add(mode).add(digest).add(context.tool_version);
    Run {
        id: print.short(),
        tool_version: context.tool_version,
        mode,
        inventory: digest.strip_prefix("sha256:").unwrap_or(digest),
        policy: "",
    }
}

fn write(
    mut rows: Vec<Row<'_>>,
    run: &Run<'_>,
    dialect: CsvDialect,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    rows.sort_by(Row::compare);
    let mut writer = begin(dialect, out)?;
    for row in &rows {
        writer.write_record(row.cells(run, dialect))?;
    }
    writer.flush()
}

/// Writes what stands before the first row.
fn begin(dialect: CsvDialect, out: &mut dyn io::Write) -> io::Result<::csv::Writer<&mut dyn io::Write>> {
    let terminator = match dialect {
        CsvDialect::Raw => Terminator::Any(b'\n'),
        CsvDialect::Excel => Terminator::CRLF,
    };
    if dialect == CsvDialect::Excel {
        out.write_all("\u{feff}".as_bytes())?;
    }
    let mut writer = WriterBuilder::new().terminator(terminator).from_writer(out);
    writer.write_record(HEADER.split(','))?;
    Ok(writer)
}
