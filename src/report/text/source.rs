//! What an answer rests on: issues of the export, readings, and what is not looked at.

use std::collections::BTreeMap;
use std::io;

use super::page::{Page, Paint};
use super::wording::{count, plural};
use crate::report::document::{Assumption, InventoryEntry, LevelName};

/// Writes what was noticed while reading, worst first.
pub(super) fn write_issues(page: &mut Page<'_>, inventory: &InventoryEntry<'_>) -> io::Result<()> {
    let issues = &inventory.issues;
    if !inventory.gaps.is_empty() {
        let gaps = &inventory.gaps;
        let total = count(gaps.len());
        page.heading(Paint::Unsure, "MISSING", &plural(total, "gap in the export", "gaps in the export"))?;
        for gap in gaps.iter().take(page.shown(gaps.len())) {
            page.line(2, &format!("{} ({})", gap.what, gap.code))?;
        }
        page.more(2, gaps.len(), "gaps")?;
    }
    if issues.is_empty() {
        return Ok(());
    }
    let of = |level| count(issues.iter().filter(|issue| issue.level == level).count());
    let levels = [
        (LevelName::Error, "error", "errors"),
        (LevelName::Warning, "warning", "warnings"),
        (LevelName::Note, "note", "notes"),
    ];
    let counts: Vec<String> = levels
        .iter()
        .filter(|(level, ..)| of(*level) > 0)
        .map(|(level, one, many)| plural(of(*level), one, many))
        .collect();
    let paint = if of(LevelName::Error) > 0 { Paint::Unsure } else { Paint::Plain };
    page.heading(paint, "ISSUES", &format!("{} while reading", counts.join(", ")))?;
    for issue in issues.iter().take(page.shown(issues.len())) {
        let (paint, label) = match issue.level {
            LevelName::Error => (Paint::Bad, "error"),
            LevelName::Warning => (Paint::Unsure, "warning"),
            LevelName::Note => (Paint::Quiet, "note"),
        };
        let at = if issue.pointer.is_empty() { "" } else { " at " };
        // What is missing has no place.
        let separator = if issue.source.is_empty() { "" } else { ": " };
        let place = format!("{}{at}{}{separator}", issue.source, issue.pointer);
        page.labelled(2, paint, label, 9, &format!("{place}{} ({})", issue.message, issue.code))?;
        if !issue.help.is_empty() {
            page.labelled(11, Paint::Quiet, "help:", 6, issue.help)?;
        }
    }
    page.more(2, issues.len(), "issues")
}

/// Writes the readings and what is taken for granted.
pub(super) fn write_basis(
    page: &mut Page<'_>,
    readings: &BTreeMap<&'static str, &'static str>,
    assumptions: &[Assumption],
) -> io::Result<()> {
    let settings: Vec<String> = readings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let is_open = readings.values().any(|value| *value == "open");
    let note = if is_open { "both answers are judged where one is open" } else { "" };
    page.heading(Paint::Plain, "READINGS", note)?;
    page.line(2, &settings.join(" "))?;
    page.heading(Paint::Plain, "LIMITS", "what this answer does not see or takes for granted")?;
    for assumption in assumptions {
        page.labelled(2, Paint::Plain, "-", 2, assumption.text)?;
    }
    Ok(())
}

/// One line about what was read.
pub(super) fn read(inventory: &InventoryEntry<'_>) -> String {
    let counts = &inventory.counts;
    [
        plural(counts.instances, "instance", "instances"),
        plural(counts.interfaces, "interface", "interfaces"),
        plural(counts.groups, "group", "groups"),
        plural(counts.rules, "rule", "rules"),
        plural(counts.memberships, "membership", "memberships"),
    ]
    .join(", ")
}
