//! An audit is written while it is worked out: part by part, in one of three forms.

use std::io::{self, Write as _};

use super::context::{Format, ReportContext, Style};
use super::csv::AuditRows;
use super::document::{AuditHeader, AuditLine, MembershipEntry, Names, StandingEntry, SummaryEntry};
use super::write::no_such_form;
use super::{json, text};
use crate::evaluate::Readings;
use crate::graph::SecurityGraph;
use crate::simulate::{Audit, AuditSummary};

/// What every writer of one audit shares.
#[derive(Debug)]
pub struct AuditReport<'a> {
    pub(super) names: Names<'a>,
    pub(super) context: &'a ReportContext,
    pub(super) readings: Readings,
}

impl<'a> AuditReport<'a> {
    /// Looks up what is the same for all parts.
    #[must_use]
    pub fn new(graph: &'a SecurityGraph, context: &'a ReportContext, readings: Readings) -> Self {
        Self { names: Names::new(graph), context, readings }
    }
}

/// One form of an audit that is being written. JSON and CSV hold everything and are written part by part, in the order in
/// which parts are added; text is bounded and written at the end.
pub struct AuditWriter<'r, 'a, 'w> {
    report: &'r AuditReport<'a>,
    form: Form<'r, 'a, 'w>,
}

enum Form<'r, 'a, 'w> {
    Text(Style, &'w mut dyn io::Write),
    Lines(io::BufWriter<&'w mut dyn io::Write>),
    Csv(Box<AuditRows<'r, 'a, 'w>>),
}

impl<'r, 'a, 'w> AuditWriter<'r, 'a, 'w> {
    /// Begins.
    ///
    /// # Errors
    /// [`io::ErrorKind::Unsupported`] for JSON as one document, else those of the writer.
    pub fn new(
        report: &'r AuditReport<'a>,
        format: Format,
        style: &Style,
        out: &'w mut dyn io::Write,
    ) -> io::Result<Self> {
        let form = match format {
            Format::Text => Form::Text(*style, out),
            Format::Lines => {
                let mut out = io::BufWriter::with_capacity(1 << 16, out);
                let header = AuditHeader::new(&report.names, report.context, &report.readings);
                json::write_line(&AuditLine::Audit(Box::new(header)), &mut out)?;
                Form::Lines(out)
            }
            Format::Csv => Form::Csv(Box::new(AuditRows::new(report, style.dialect, out)?)),
            Format::Json => return Err(no_such_form(format)),
        };
        Ok(Self { report, form })
    }

    /// Adds one part.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn part(&mut self, audit: &Audit) -> io::Result<()> {
        let names = &self.report.names;
        match &mut self.form {
            Form::Text(..) => Ok(()),
            Form::Lines(out) => {
                for one in &audit.memberships {
                    let entry = MembershipEntry::new(one, names);
                    json::write_line(&AuditLine::Membership(Box::new(entry)), out)?;
                }
                for risk in &audit.standing {
                    let entry = StandingEntry::new(risk, names);
                    json::write_line(&AuditLine::Standing(Box::new(entry)), out)?;
                }
                out.flush()
            }
            Form::Csv(rows) => rows.part(audit),
        }
    }

    /// Ends.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(self, summary: &AuditSummary) -> io::Result<()> {
        match self.form {
            Form::Text(style, out) => text::write_audit(self.report, summary, &style, out),
            Form::Lines(mut out) => {
                json::write_line(&AuditLine::Summary(SummaryEntry::new(summary)), &mut out)?;
                out.flush()
            }
            Form::Csv(rows) => rows.finish(),
        }
    }
}

impl std::fmt::Debug for AuditWriter<'_, '_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditWriter").finish_non_exhaustive()
    }
}
