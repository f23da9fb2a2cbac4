//! Entries of traffic, one block each.

use std::io;

use super::page::{Page, Paint};
use super::wording::{self, Side, count, plural};
use crate::netset::Family;
use crate::report::document::{
    CauseEntry, ChangeEntry, ChangeName, Endpoint, ExplanationEntry, RemovalEntry, SessionName,
    SimulationReport,
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
    entries.sort_by_key(|entry| !entry.sources.has_external());
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
        block(page, entry, &document.removals)?;
    }
    page.more(2, entries.len(), "entries")
}

fn block(page: &mut Page<'_>, entry: &ChangeEntry<'_>, removals: &[RemovalEntry<'_>]) -> io::Result<()> {
    let family = match entry.family {
        Family::Ipv4 => "",
        Family::Ipv6 => " (IPv6)",
    };
    let traffic = wording::traffic(&entry.traffic, &entry.lacking);
    page.labelled(2, Paint::Plain, "", 0, &format!("{traffic}{family}"))?;
    side(page, "from", &entry.sources.iter().collect::<Vec<_>>())?;
    side(page, "to", &entry.destinations.iter().collect::<Vec<_>>())?;
    answer(page, "before", &entry.before, None)?;
    answer(page, "after", &entry.after, Some(&entry.before))?;
    let total = entry.removed_by.len();
    if let Some(by) = entry.removed_by.get(..page.shown_within(total)).filter(|by| !by.is_empty()) {
        page.labelled(4, Paint::Quiet, "cause", LABEL, &wording::removed_by(by, removals))?;
        page.more_within(4 + LABEL, total, "removals")?;
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
    let shown = page.shown_within(ends.len());
    let is_bounded = page.is_bounded();
    if let [only] = ends {
        let (text, is_cut) = wording::endpoint(only, is_bounded);
        if is_cut {
            page.cut();
        }
        return page.labelled(4, Paint::Quiet, label, LABEL, &text);
    }
    page.labelled(4, Paint::Quiet, label, LABEL, &kinds(ends))?;
    for end in ends.iter().take(shown) {
        let (text, is_cut) = wording::endpoint(end, is_bounded);
        if is_cut {
            page.cut();
        }
        page.labelled(4 + LABEL, Paint::Plain, "-", 2, &text)?;
    }
    let only_interfaces = ends.iter().all(|end| matches!(end, Endpoint::Interface(_)));
    page.more_within(4 + LABEL, ends.len(), if only_interfaces { "interfaces" } else { "ends" })
}

/// `2 interfaces and outside addresses`.
fn kinds(ends: &[Endpoint<'_>]) -> String {
    let interfaces = ends.iter().filter(|end| matches!(end, Endpoint::Interface(_)));
    let foreign = ends.iter().filter(|end| matches!(end, Endpoint::ForeignGroup(_)));
    let (interfaces, foreign) = (count(interfaces.count()), count(foreign.count()));
    let mut kinds = Vec::new();
    if interfaces > 0 {
        kinds.push(plural(interfaces, "interface", "interfaces"));
    }
    if ends.iter().any(|end| matches!(end, Endpoint::External(_))) {
        kinds.push("outside addresses".to_owned());
    }
    if foreign > 0 {
        kinds.push(plural(foreign, "group of another account", "groups of other accounts"));
    }
    kinds.join(" and ")
}

/// Writes an answer with what decided on each side; a side that is not ours decides nothing, and a side that is decided
/// as in the `earlier` answer is not told twice.
pub(super) fn answer(
    page: &mut Page<'_>,
    label: &str,
    answer: &ExplanationEntry<'_>,
    earlier: Option<&ExplanationEntry<'_>>,
) -> io::Result<()> {
    let disposition = wording::disposition(answer.disposition);
    page.labelled(4, Paint::Quiet, label, LABEL, disposition)?;
    let text_of = |answer: &ExplanationEntry<'_>, side| {
        let cause = match side {
            Side::Out => &answer.egress,
            Side::In => &answer.ingress,
        };
        (*cause != CauseEntry::External).then(|| wording::cause(cause, side, answer.disposition))
    };
    for (side, label) in [(Side::Out, "out"), (Side::In, "in")] {
        let Some(text) = text_of(answer, side) else {
            continue;
        };
        let is_same = earlier.and_then(|earlier| text_of(earlier, side)).as_ref() == Some(&text);
        let text = if is_same { "as before" } else { &text };
        page.labelled(4 + LABEL, Paint::Plain, label, 5, text)?;
    }
    Ok(())
}
