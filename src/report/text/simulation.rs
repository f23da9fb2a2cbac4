//! A simulation as text.

use std::io;

use super::page::{Page, Paint};
use super::wording::{self, count, plural};
use super::{changes, leftovers, review, source};
use crate::report::command::Commands;
use crate::report::context::Style;
use crate::report::document::{
    CertaintyName, ChangeName, RemovalEntry, RemovalStatus, SimulationDocument, SimulationReport, VerdictName,
};

pub(in crate::report) fn write(
    report: &SimulationReport<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = report.document();
    let mut page = Page::new(style, out);
    let (paint, title, text) = verdict(document);
    match &document.review {
        None => page.verdict(paint, title, &text)?,
        Some(entry) => {
            review::verdict(&mut page, entry, &subject(&document.removals))?;
            review::sections(&mut page, entry)?;
            page.heading(paint, title, &text)?;
        }
    }
    if document.verdict == VerdictName::Undetermined {
        reasons(&mut page, document)?;
    }
    removals(&mut page, report)?;
    changes::write(&mut page, report, ChangeName::Gained)?;
    leftovers::write_isolated(&mut page, report)?;
    changes::write(&mut page, report, ChangeName::Lost)?;
    changes::write(&mut page, report, ChangeName::Undetermined)?;
    if document.verdict != VerdictName::Undetermined {
        reasons(&mut page, document)?;
    }
    leftovers::write_orphans(&mut page, report)?;
    changes::write(&mut page, report, ChangeName::SessionRisk)?;
    source::write_issues(&mut page, &document.inventory)?;
    source::write_basis(&mut page, &document.readings, &document.assumptions)?;
    page.heading(Paint::Plain, "READ", &source::read(&document.inventory))?;
    page.line(2, document.inventory.digest)?;
    if page.is_cut() {
        let command = Commands::new(report).simulate("--all");
        page.heading(Paint::Plain, "ALL", "entries are shown by the same command with --all, or -f json")?;
        if let Some(command) = command {
            page.verbatim(2, &command)?;
        }
    }
    page.finish()
}

/// Returns the overall answer in one line.
fn verdict(document: &SimulationDocument<'_>) -> (Paint, &'static str, String) {
    let subject = subject(&document.removals);
    let counts = counts(document).join(", ");
    match document.verdict {
        VerdictName::Safe => {
            let text = format!("{subject}: nothing is lost, gained, isolated, orphaned or refused");
            (Paint::Good, "SAFE", text)
        }
        VerdictName::Impact => (Paint::Bad, "IMPACT", format!("{subject}: {counts}")),
        VerdictName::Undetermined => {
            let found = if counts.is_empty() { "nothing certain was found" } else { &counts };
            let unknown = match document.verdict_reasons {
                [] => String::new(),
                [only] => format!("; not known: {only}"),
                several => format!("; {} things are not known", several.len()),
            };
            (Paint::Unsure, "UNDETERMINED", format!("{subject}: {found}{unknown}"))
        }
    }
}

/// Writes why the verdict cannot be `safe`, unless the first line says it already.
fn reasons(page: &mut Page<'_>, document: &SimulationDocument<'_>) -> io::Result<()> {
    let reasons = document.verdict_reasons;
    let is_said = document.verdict == VerdictName::Undetermined && reasons.len() == 1;
    if reasons.is_empty() || is_said {
        return Ok(());
    }
    page.heading(Paint::Unsure, "NOT KNOWN", "answers rest on these")?;
    for reason in reasons.iter().take(page.shown(reasons.len())) {
        page.labelled(2, Paint::Plain, "-", 2, reason)?;
    }
    page.more(2, reasons.len(), "reasons")
}

/// Who leaves what, in as few words as keep it true.
fn subject(removals: &[RemovalEntry<'_>]) -> String {
    match removals {
        [] => "nobody leaves".to_owned(),
        [only] => wording::removal(only),
        [first, rest @ ..] => {
            let same = rest
                .iter()
                .all(|other| (other.group_id, other.join_group_id) == (first.group_id, first.join_group_id));
            let total = removals.len();
            match (same, first.join_group_id) {
                (true, None) => format!("{total} interfaces leave {}", first.group_id),
                (true, Some(join)) => format!("{total} interfaces move from {} to {join}", first.group_id),
                (false, _) => format!("{total} removals"),
            }
        }
    }
}

fn counts(document: &SimulationDocument<'_>) -> Vec<String> {
    let totals = &document.totals;
    let mut found = Vec::new();
    if totals.refused > 0 {
        found.push(plural(totals.refused, "removal refused", "removals refused"));
    }
    for (pairs, external, what) in [
        (totals.pairs_lost, totals.external_lost, "lost"),
        (totals.pairs_gained, totals.external_gained, "gained"),
        (totals.pairs_undetermined, totals.external_undetermined, "undetermined"),
    ] {
        let how_many = wording::pairs(pairs, external);
        if !how_many.is_empty() {
            found.push(format!("{how_many} {what}"));
        }
    }
    for (certainty, one, many) in [
        (CertaintyName::Certain, "interface isolated", "interfaces isolated"),
        (CertaintyName::Possible, "interface perhaps isolated", "interfaces perhaps isolated"),
    ] {
        let isolated = document.isolated.iter().filter(|entry| entry.new && entry.certainty == certainty);
        let isolated = count(isolated.count());
        if isolated > 0 {
            found.push(plural(isolated, one, many));
        }
    }
    if totals.orphans > 0 {
        found.push(plural(totals.orphans, "orphan", "orphans"));
    }
    if !document.session_risks.is_empty() {
        found.push("sessions at risk".to_owned());
    }
    found
}

fn removals(page: &mut Page<'_>, report: &SimulationReport<'_>) -> io::Result<()> {
    let document = report.document();
    let mut entries: Vec<&RemovalEntry<'_>> = document.removals.iter().collect();
    let is_refused = |entry: &RemovalEntry<'_>| entry.status == RemovalStatus::Refused;
    entries.sort_by_key(|entry| !is_refused(entry));
    let refused = document.totals.refused;
    let (paint, rest) = if refused > 0 {
        let text =
            format!("the API would refuse {refused} of {}; the effect is shown all the same", entries.len());
        (Paint::Bad, text)
    } else {
        (Paint::Plain, plural(count(entries.len()), "membership ends", "memberships end"))
    };
    page.heading(paint, "REMOVALS", &rest)?;
    for entry in entries.iter().take(page.shown(entries.len())) {
        let who = wording::interface(entry.interface_id, entry.instance_id, entry.name);
        let group = wording::group(entry.group_id, entry.group_name);
        let text = match entry.join_group_id {
            None => format!("{who} leaves {group}"),
            Some(join) => format!("{who} leaves {group} and joins {join}"),
        };
        let (paint, label) =
            if is_refused(entry) { (Paint::Bad, "refused") } else { (Paint::Quiet, "applied") };
        page.labelled(2, paint, label, 9, &text)?;
        for refusal in &entry.refusals {
            let text = format!("{} {}: {}", refusal.http, refusal.code, refusal.message);
            page.line(11, &text)?;
        }
        if !entry.unchecked.is_empty() {
            page.line(11, &format!("not checked beforehand: {}", entry.unchecked.join(", ")))?;
        }
        if let Some(request) = &entry.request {
            let parts = [
                ("", request.ticket),
                ("requested by ", request.requester),
                ("approved by ", request.approver),
                ("reason: ", request.reason),
            ];
            let said: Vec<String> = parts
                .iter()
                .filter(|(_, value)| !value.is_empty())
                .map(|(label, value)| format!("{label}{value}"))
                .collect();
            if !said.is_empty() {
                page.line(11, &said.join(", "))?;
            }
        }
    }
    page.more(2, entries.len(), "removals")
}
