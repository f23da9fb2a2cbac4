//! One door to every writer.

use std::io;

use super::context::{Format, Style};
use super::document::{ExplanationReport, InspectionReport, SimulationReport, VerificationReport};
use super::{csv, json, text};

/// Writes the report of a simulation.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] for JSON lines, else those of the writer.
pub fn write_simulation(
    report: &SimulationReport<'_>,
    format: Format,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write_simulation(report, style, out),
        Format::Json => json::write(report.document(), out),
        Format::Csv => csv::write_simulation(report, style.dialect, out),
        Format::Lines => Err(no_such_form(format)),
    }
}

/// Writes the report of an inspection.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] for JSON lines, else those of the writer.
pub fn write_inspection(
    report: &InspectionReport<'_>,
    format: Format,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write_inspection(report, style, out),
        Format::Json => json::write(report.document(), out),
        Format::Csv => csv::write_inspection(report, style.dialect, out),
        Format::Lines => Err(no_such_form(format)),
    }
}

/// Writes the report of an explanation.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] for CSV and JSON lines, else those of the writer.
pub fn write_explanation(
    report: &ExplanationReport<'_>,
    format: Format,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write_explanation(report, style, out),
        Format::Json => json::write(report.document(), out),
        // Rows are findings, and a question has none.
        Format::Csv | Format::Lines => Err(no_such_form(format)),
    }
}

/// Writes the report of a verification.
///
/// # Errors
/// [`io::ErrorKind::Unsupported`] for CSV and JSON lines, else those of the writer.
pub fn write_verification(
    report: &VerificationReport<'_>,
    format: Format,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Text => text::write_verification(report, style, out),
        Format::Json => json::write(report.document(), out),
        Format::Csv | Format::Lines => Err(no_such_form(format)),
    }
}

pub(super) fn no_such_form(format: Format) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, format!("this result has no form `{}`", format.name()))
}
