//! Entries of traffic, one block each.

use std::io;

use super::page::{Page, Paint};
use super::wording::{self, Side, count, plural};
use crate::netset::Family;
use crate::report::document::{
    CauseEntry, ChangeEntry, ChangeName, Endpoint, ExplanationEntry, Names, SessionName, SimulationReport,
};

/// The column of the labels of a block.
pub(super) const LABEL: usize = 10;

/// Writes the section of one kind of change, if there is any.
pub(super) fn write(page: &mut Page<'_>, report: &SimulationReport<'_>, kind: ChangeName) -> io::Result<()> {
    let document = report.document();
    let entries = match kind {
        ChangeName::SessionRisk => &document.session_risks,
        ChangeName::Lost | ChangeName::Gained | ChangeName::Undetermined => &document.changes,
    };
    let mut entries: Vec<&ChangeEntry<'_>> = entries.iter().filter(|entry| entry.change == kind).collect();
    if entries.is_empty() {
        return Ok(());
    }
    // What opens to the outside is what nobody may overlook.
    entries.sort_by_key(|entry| !has_external(&entry.sources));
    let totals = &document.totals;
    let (paint, title, pairs, external, meaning) = match kind {
        ChangeName::Gained => {
            (Paint::Bad, "GAINED", totals.pairs_gained, totals.external_gained, "accepted only afterwards")
        }
        ChangeName::Lost => {
            (Paint::Bad, "LOST", totals.pairs_lost, totals.external_lost, "accepted only before")
        }
        ChangeName::Undetermined => (
            Paint::Unsure,
            "UNDETERMINED",
            totals.pairs_undetermined,
            totals.external_undetermined,
            "may change, depending on what is not known",
        ),
        ChangeName::SessionRisk => (
            Paint::Unsure,
            "SESSIONS",
            0,
            0,
            "the traffic stays accepted, but sessions that exist now may break",
        ),
    };
    let how_many = wording::pairs(pairs, external);
    let separator = if how_many.is_empty() { "" } else { ": " };
    page.heading(paint, title, &format!("{how_many}{separator}{meaning}"))?;
    for (position, entry) in entries.iter().take(page.shown(entries.len())).enumerate() {
        if position > 0 {
            page.line(0, "")?;
        }
        block(page, entry, &report.names)?;
    }
    page.more(2, entries.len(), "entries")
}

fn has_external(side: &[Endpoint<'_>]) -> bool {
    side.iter().any(|end| matches!(end, Endpoint::External(_)))
}

fn block(page: &mut Page<'_>, entry: &ChangeEntry<'_>, names: &Names<'_>) -> io::Result<()> {
    let family = match entry.family {
        Family::Ipv4 => "",
        Family::Ipv6 => " (IPv6)",
    };
    let traffic = wording::traffic(&entry.traffic);
    page.labelled(2, Paint::Plain, "", 0, &format!("{traffic}{family}"))?;
    side(page, "from", &entry.sources)?;
    side(page, "to", &entry.destinations)?;
    answer(page, "before", &entry.before)?;
    answer(page, "after", &entry.after)?;
    let shown = page.shown(entry.removed_by.len());
    let by: Vec<String> =
        entry.removed_by.iter().take(shown).map(|by| wording::removed_by(by, names)).collect();
    if !by.is_empty() {
        page.labelled(4, Paint::Quiet, "because", LABEL, &format!("of {}", by.join(", ")))?;
        page.more(4 + LABEL, entry.removed_by.len(), "removals")?;
    }
    match entry.sessions {
        Some(SessionName::MayBreakAtOnce) => {
            page.labelled(4, Paint::Quiet, "sessions", LABEL, "established ones may break at once")
        }
        Some(SessionName::MayLast910Seconds) => page.labelled(
            4,
            Paint::Quiet,
            "sessions",
            LABEL,
            "established ones may be cut at any time up to 910 seconds",
        ),
        None => Ok(()),
    }
}

fn side(page: &mut Page<'_>, label: &str, ends: &[Endpoint<'_>]) -> io::Result<()> {
    let shown = page.shown(ends.len());
    let is_bounded = page.is_bounded();
    if let [only] = ends {
        let (text, is_cut) = wording::endpoint(only, is_bounded);
        if is_cut {
            page.cut();
        }
        return page.labelled(4, Paint::Quiet, label, LABEL, &text);
    }
    let interfaces = ends.iter().filter(|end| matches!(end, Endpoint::Interface(_)));
    let interfaces = count(interfaces.count());
    let others = count(ends.len()) - interfaces;
    let mut kinds = Vec::new();
    if interfaces > 0 {
        kinds.push(plural(interfaces, "interface", "interfaces"));
    }
    if others > 0 {
        kinds.push(plural(others, "set outside", "sets outside"));
    }
    page.labelled(4, Paint::Quiet, label, LABEL, &kinds.join(" and "))?;
    for end in ends.iter().take(shown) {
        let (text, is_cut) = wording::endpoint(end, is_bounded);
        if is_cut {
            page.cut();
        }
        page.labelled(4 + LABEL, Paint::Plain, "-", 2, &text)?;
    }
    page.more(4 + LABEL, ends.len(), "of them")
}

/// Writes an answer with what decided on each side; a side that is not ours decides nothing.
pub(super) fn answer(page: &mut Page<'_>, label: &str, answer: &ExplanationEntry<'_>) -> io::Result<()> {
    let disposition = wording::disposition(answer.disposition);
    page.labelled(4, Paint::Quiet, label, LABEL, disposition)?;
    for (side, label, cause) in [(Side::Out, "out", &answer.egress), (Side::In, "in", &answer.ingress)] {
        if *cause == CauseEntry::External {
            continue;
        }
        let text = wording::cause(cause, side, answer.disposition);
        page.labelled(4 + LABEL, Paint::Plain, label, 5, &text)?;
    }
    Ok(())
}
