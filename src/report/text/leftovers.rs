//! What is cut off and what is left behind.

use std::io;

use super::page::{Page, Paint};
use super::wording::{self, count, plural};
use crate::report::document::{
    CertaintyName, ExtentName, IsolationEntry, Names, OrphanEntry, RemovalEntry, SimulationReport,
};

/// The column behind `new` and `before`.
const LABEL: usize = 10;

pub(super) fn write_isolated(page: &mut Page<'_>, report: &SimulationReport<'_>) -> io::Result<()> {
    let mut entries: Vec<&IsolationEntry<'_>> = report.document().isolated.iter().collect();
    if entries.is_empty() {
        return Ok(());
    }
    let rank = |entry: &IsolationEntry<'_>| {
        let is_possible = entry.certainty == CertaintyName::Possible;
        (!entry.new, is_possible, entry.extent == ExtentName::FromRemoved)
    };
    entries.sort_by_key(|entry| rank(entry));
    let new = count(entries.iter().filter(|entry| entry.new).count());
    let old = count(entries.len()) - new;
    page.heading(paint(new), "ISOLATED", &newness(new, old, "interface", "interfaces"))?;
    for alike in entries.chunk_by(|a, b| rank(a) == rank(b)) {
        isolated_alike(page, alike, &report.document().removals)?;
    }
    Ok(())
}

/// Writes interfaces that are cut off from the same others: one on its line, several below a line that counts them.
fn isolated_alike(
    page: &mut Page<'_>,
    alike: &[&IsolationEntry<'_>],
    removals: &[RemovalEntry<'_>],
) -> io::Result<()> {
    let Some(first) = alike.first() else { return Ok(()) };
    let (paint, label) = match (first.new, first.certainty) {
        (true, CertaintyName::Possible) => (Paint::Unsure, "possible"),
        (new, _) => newly(new),
    };
    let perhaps = match first.certainty {
        CertaintyName::Certain => "no",
        CertaintyName::Possible => "perhaps no",
    };
    let whom = match (first.extent, removals) {
        (ExtentName::FromAll, _) => "any interface at all",
        (ExtentName::FromRemoved, [only]) => wording::target(only),
        (ExtentName::FromRemoved, _) => "any interface that leaves",
    };
    let left = format!("{perhaps} accepted traffic left with {whom}");
    let who = |entry: &IsolationEntry<'_>| {
        let who = wording::interface(entry.interface_id, entry.instance_id, entry.name);
        format!("{who}{}", wording::status(entry.status))
    };
    if alike.len() == 1 {
        return page.labelled(2, paint, label, LABEL, &format!("{}: {left}", who(first)));
    }
    let text = format!("{} interfaces have {left}:", alike.len());
    page.labelled(2, paint, label, LABEL, &text)?;
    for entry in alike.iter().take(page.shown(alike.len())) {
        page.labelled(2 + LABEL, Paint::Plain, "-", 2, &who(entry))?;
    }
    page.more(2 + LABEL, alike.len(), "interfaces")
}

pub(super) fn write_orphans(page: &mut Page<'_>, report: &SimulationReport<'_>) -> io::Result<()> {
    let mut entries: Vec<&OrphanEntry<'_>> = report.document().orphans.iter().collect();
    if entries.is_empty() {
        return Ok(());
    }
    entries.sort_by_key(|entry| !entry.is_new());
    let new = count(entries.iter().filter(|entry| entry.is_new()).count());
    let old = count(entries.len()) - new;
    page.heading(paint(new), "ORPHANS", &newness(new, old, "risk", "risks"))?;
    for entry in entries.iter().take(page.shown(entries.len())) {
        let (paint, label) = match (entry.is_new(), entry.is_certain()) {
            (true, false) => (Paint::Unsure, "possible"),
            (new, _) => newly(new),
        };
        page.labelled(2, paint, label, LABEL, &orphan(entry, &report.names))?;
        if let OrphanEntry::DanglingReference { referenced_by, .. } = entry {
            for by in referenced_by.iter().take(page.shown_within(referenced_by.len())) {
                let id = by.rule_id.map(|id| format!(" ({id})")).unwrap_or_default();
                let text = format!("{} - rule of {}{id}", by.rule, by.group_id);
                page.labelled(2 + LABEL, Paint::Plain, "-", 2, &text)?;
            }
            page.more_within(2 + LABEL, referenced_by.len(), "rules")?;
        }
    }
    page.more(2, entries.len(), "risks")
}

/// Limits a statement to what the export shows, where it may not show everything.
const fn shown(entry: &OrphanEntry<'_>) -> &'static str {
    if entry.is_certain() { "" } else { " that the export shows" }
}

fn orphan(entry: &OrphanEntry<'_>, names: &Names<'_>) -> String {
    let group = |id: &str, ix| wording::group(id, names.group_name(ix));
    match entry {
        OrphanEntry::InterfaceWithoutGroup { interface_id, instance_id, ix, .. } => {
            let who = wording::interface(interface_id, *instance_id, names.name_of(*ix));
            format!("{who} is in no group: it can neither send nor receive")
        }
        OrphanEntry::EmptyGroup { group_id, group: ix, .. } => {
            format!("{} has no members{}", group(group_id, *ix), shown(entry))
        }
        OrphanEntry::DanglingReference { group_id, referenced_by, group: ix, .. } => {
            let rules = plural(count(referenced_by.len()), "rule names", "rules name");
            format!("{} has no members{}, but {rules} it:", group(group_id, *ix), shown(entry))
        }
        OrphanEntry::ExternalConsumer {
            group_id, consumer, consumer_id, interface_ids, group: ix, ..
        } => {
            let lose = plural(count(interface_ids.len()), "interface loses", "interfaces lose");
            format!("{consumer} {consumer_id} admits members of {}: {lose} admission", group(group_id, *ix))
        }
    }
}

const fn newly(new: bool) -> (Paint, &'static str) {
    if new { (Paint::Bad, "new") } else { (Paint::Quiet, "before") }
}

fn newness(new: u64, old: u64, one: &str, many: &str) -> String {
    match (new, old) {
        (new, 0) => plural(new, one, many),
        (0, old) => format!("{}, none of them new", plural(old, one, many)),
        (new, old) => format!("{new} new, {old} as before"),
    }
}

const fn paint(new: u64) -> Paint {
    if new > 0 { Paint::Bad } else { Paint::Plain }
}
