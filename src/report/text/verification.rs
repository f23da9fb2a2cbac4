//! A verification as text.

use std::io;

use super::page::{Page, Paint};
use super::wording::{count, plural};
use crate::report::context::Style;
use crate::report::document::{ProgressName, VerificationReport};

pub(in crate::report) fn write(
    report: &VerificationReport<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = report.document();
    let mut page = Page::new(style, out);
    let (made, left) = (count(document.steps_made.len()), count(document.steps_left.len()));
    let steps = match document.progress {
        ProgressName::Elsewhere => "the interfaces are in no state that the plan passes through".to_owned(),
        _ => format!("{} made, {left} left", plural(made, "step", "steps")),
    };
    let paint = match (document.drifts.is_empty(), document.gaps.is_empty(), document.promise_holds) {
        (false, _, _) | (_, _, Some(false)) => Paint::Bad,
        (true, true, Some(true)) => Paint::Good,
        (true, _, _) => Paint::Unsure,
    };
    page.verdict(paint, &report.verdict().to_uppercase(), &steps)?;
    page.line(2, &format!("plan   {}", document.plan_id))?;
    page.line(2, &format!("export {}", document.inventory_digest))?;
    match document.promise_holds {
        Some(true) => page.line(2, "the change does in this export exactly what the plan promises")?,
        Some(false) => {
            page.line(2, "the change does in this export something else than the plan promises")?
        }
        None => page.line(2, "the change cannot be made in this export, so nobody knows what it would do")?,
    }
    if !document.drifts.is_empty() {
        page.heading(Paint::Bad, "DRIFT", "not as the plan has it")?;
        for drift in document.drifts.iter().take(page.shown(document.drifts.len())) {
            page.line(2, &format!("{}: {}", drift.subject, drift.what))?;
        }
        page.more(2, document.drifts.len(), "drifts")?;
    }
    if !document.gaps.is_empty() {
        page.heading(Paint::Unsure, "NOT KNOWN", "answers that rest on these are undetermined")?;
        for gap in document.gaps {
            page.line(2, gap)?;
        }
    }
    if !document.steps_left.is_empty() && document.progress != ProgressName::Elsewhere {
        page.heading(Paint::Plain, "LEFT", &document.steps_left.join(", "))?;
    }
    page.finish()
}
