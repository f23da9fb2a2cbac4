//! What the policies say, above what is simulated.

use std::io;

use super::page::{Page, Paint};
use super::wording::{count, plural};
use crate::policy::{Level, Outcome};
use crate::report::document::{CertaintyName, FindingEntry, FindingStatus, ReviewEntry};

/// The column behind the level of a finding.
const LABEL: usize = 10;

/// Writes the first line: how it ends, for which change, and the worst that was found.
pub(super) fn verdict(page: &mut Page<'_>, review: &ReviewEntry<'_>, change: &str) -> io::Result<()> {
    let (paint, title) = match review.outcome {
        Outcome::Clear => (Paint::Good, "CLEAR"),
        Outcome::Denied => (Paint::Bad, "DENIED"),
        Outcome::Undetermined => (Paint::Unsure, "UNDETERMINED"),
    };
    let against = count(review.findings.iter().filter(|finding| finding.denies).count());
    let worst = review.findings.first().filter(|finding| finding.denies);
    let mut said = match worst {
        Some(finding) => format!("{}: {}", finding.rule, finding.message),
        None => "nothing stands against it".to_owned(),
    };
    if against > 1 {
        said.push_str(&format!("; {} more", against - 1));
    }
    for (status, word) in
        [(FindingStatus::Waived, "waived"), (FindingStatus::Baseline, "known from the baseline")]
    {
        let found = count(review.findings.iter().filter(|finding| finding.status == status).count());
        if found > 0 {
            said.push_str(&format!("; {} {word}", plural(found, "finding", "findings")));
        }
    }
    page.verdict(paint, title, &format!("{change}: {said}"))
}

/// Writes the findings, the exceptions, and the rules that were made to weigh less.
pub(super) fn sections(page: &mut Page<'_>, review: &ReviewEntry<'_>) -> io::Result<()> {
    let findings = &review.findings;
    if !findings.is_empty() {
        let against = count(findings.iter().filter(|finding| finding.denies).count());
        let paint = if against > 0 { Paint::Bad } else { Paint::Plain };
        let total = plural(count(findings.len()), "finding", "findings");
        page.heading(paint, "FINDINGS", &format!("{total}, {against} against the change"))?;
        for finding in findings.iter().take(page.shown(findings.len())) {
            one(page, finding)?;
        }
        page.more(2, findings.len(), "findings")?;
    }
    if !review.waivers.is_empty() {
        page.heading(Paint::Unsure, "WAIVERS", "exceptions to the policies")?;
        for waiver in review.waivers.iter().take(page.shown(review.waivers.len())) {
            let label = match (waiver.expired, waiver.waives) {
                (true, _) => "ended",
                (false, 0) => "unused",
                (false, _) => "in use",
            };
            let until =
                waiver.until.as_deref().map_or("for this run".to_owned(), |day| format!("until {day}"));
            let owner = if waiver.owner.is_empty() { String::new() } else { format!(", {}", waiver.owner) };
            let (policy, subject, reason) = (waiver.policy, waiver.subject, waiver.reason);
            let text = format!("{}: {policy}:{subject}, {until}{owner}: {reason}", waiver.id);
            page.labelled(2, Paint::Quiet, label, LABEL, &text)?;
        }
        page.more(2, review.waivers.len(), "waivers")?;
    }
    if !review.lowered.is_empty() {
        page.heading(Paint::Unsure, "LOWERED", "rules that weigh less than they usually do")?;
        for rule in &review.lowered {
            let text = format!("{}, usually {}", rule.id, rule.usual.name());
            page.labelled(2, Paint::Quiet, rule.level.name(), LABEL, &text)?;
        }
    }
    Ok(())
}

fn one(page: &mut Page<'_>, finding: &FindingEntry<'_>) -> io::Result<()> {
    let label = match finding.status {
        FindingStatus::New => finding.level.name(),
        FindingStatus::Existing => "existing",
        FindingStatus::Waived => "waived",
        FindingStatus::Baseline => "known",
    };
    let paint = match (finding.status, finding.level) {
        (FindingStatus::New, Level::Deny) if finding.certainty == CertaintyName::Certain => Paint::Bad,
        (FindingStatus::New, Level::Deny | Level::Warn) => Paint::Unsure,
        _ => Paint::Quiet,
    };
    page.labelled(2, paint, label, LABEL, &format!("{}: {}", finding.rule, finding.message))?;
    if let Some(waiver) = finding.waiver_id {
        page.line(2 + LABEL, &format!("by waiver {waiver}"))?;
    }
    if !finding.because.is_empty() {
        page.line(2 + LABEL, &format!("because {}", finding.because))?;
    }
    if finding.denies && !finding.help.is_empty() {
        page.line(2 + LABEL, finding.help)?;
    }
    Ok(())
}
