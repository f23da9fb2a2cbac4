//! Every finding of a document as a row.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::row::{Place, Row, Severity};
use super::{review_rows, traffic_rows};
use crate::report::command::Commands;
use crate::report::document::{
    CertaintyName, ExtentName, IsolationEntry, IssueEntry, LevelName, Names, OrphanEntry, RemovalEntry,
    SimulationReport,
};

/// Returns the rows of a simulation, unsorted.
pub(super) fn of_simulation<'a>(report: &'a SimulationReport<'a>) -> Vec<Row<'a>> {
    let document = report.document();
    let commands = Commands::new(report);
    let mut rows = Vec::new();
    for entry in document.changes.iter().chain(&document.session_risks) {
        traffic_rows::push(entry, report, &commands, &mut rows);
    }
    rows.extend(document.isolated.iter().map(|entry| isolation(entry, &report.names)));
    rows.extend(document.orphans.iter().map(|entry| orphan(entry, &report.names)));
    for removal in &document.removals {
        refusals(removal, &report.names, &mut rows);
    }
    rows.extend(of_issues(&document.inventory.issues));
    rows.extend(document.review.iter().flat_map(|review| review_rows::of(review, &report.names)));
    rows
}

/// Returns the rows of what was noticed while reading, unsorted.
pub(super) fn of_issues<'a>(issues: &'a [IssueEntry<'a>]) -> Vec<Row<'a>> {
    issues.iter().map(issue).collect()
}

fn issue<'a>(issue: &'a IssueEntry<'a>) -> Row<'a> {
    let severity = match issue.level {
        LevelName::Error => Severity::Error,
        LevelName::Warning => Severity::Warning,
        LevelName::Note => Severity::Note,
    };
    let mut row = Row::new("inventory-issue", severity, Place::default());
    let at = if issue.pointer.is_empty() { "" } else { " at " };
    row.new = false;
    row.message = format!("{} in {}{at}{}: {}", issue.code, issue.source, issue.pointer, issue.message);
    row.remediation = Cow::Borrowed(issue.help);
    row.content.add(issue.code).add(issue.source).add(issue.pointer);
    row
}

fn who(interface_id: &str, instance_id: Option<&str>) -> String {
    instance_id.map_or_else(|| interface_id.to_owned(), |instance| format!("{instance} ({interface_id})"))
}

fn isolation<'a>(entry: &IsolationEntry<'a>, names: &Names<'a>) -> Row<'a> {
    let severity = match (entry.new, entry.certainty) {
        (false, _) => Severity::Note,
        (true, CertaintyName::Possible) => Severity::Warning,
        (true, CertaintyName::Certain) => Severity::Error,
    };
    let mut row = Row::new("isolated-peer", severity, Place::of(entry.ix, names));
    row.new = entry.new;
    let may = match entry.certainty {
        CertaintyName::Certain => "has",
        CertaintyName::Possible => "may have",
    };
    let whom = match entry.extent {
        ExtentName::FromRemoved => "any removed interface",
        ExtentName::FromAll => "any interface of the inventory",
    };
    let who = who(entry.interface_id, entry.instance_id);
    row.message = format!("{who} {may} no accepted traffic left with {whom}");
    row.remediation = Cow::Borrowed("keep one path: accept the needed traffic in a group that stays");
    row
}

fn orphan<'a>(entry: &'a OrphanEntry<'a>, names: &Names<'a>) -> Row<'a> {
    let warn = |kind, group| Row::new(kind, Severity::Warning, Place::of_group(group, names));
    let mut row = match entry {
        OrphanEntry::InterfaceWithoutGroup { interface_id, instance_id, ix, .. } => {
            let place = Place::of(*ix, names);
            let mut row = Row::new("orphan-interface-without-group", Severity::Error, place);
            row.message = format!("{} is in no security group", who(interface_id, *instance_id));
            row.remediation =
                Cow::Borrowed("join another group first; the API refuses to leave the last one");
            row
        }
        OrphanEntry::EmptyGroup { group_id, group, .. } => {
            let mut row = warn("orphan-empty-group", *group);
            row.message = format!("{group_id} has no members left");
            row.remediation = Cow::Borrowed("delete the group if nothing refers to it");
            row
        }
        OrphanEntry::DanglingReference { group_id, referenced_by, group, .. } => {
            let mut row = warn("orphan-dangling-reference", *group);
            let ids: Vec<&str> = referenced_by.iter().filter_map(|by| by.rule_id).collect();
            let holders: BTreeSet<&str> = referenced_by.iter().map(|by| by.group_id).collect();
            let holders: Vec<&str> = holders.into_iter().collect();
            row.message =
                format!("rules of {} still name {group_id}, which has no members left", holders.join(" "));
            row.evidence = ids.join(" ");
            row.remediation = Cow::Borrowed("revoke the rules, or point them at a group with members");
            row
        }
        OrphanEntry::ExternalConsumer { group_id, consumer, consumer_id, interface_ids, group, .. } => {
            let mut row = warn("orphan-external-consumer", *group);
            row.message = format!(
                "{consumer} {consumer_id} admits members of {group_id}; its admission ends for {}",
                interface_ids.join(" ")
            );
            row.peer_kind = "consumer";
            row.peer_ids = Cow::Borrowed(consumer_id);
            row.peer_name = consumer;
            row.content.add(consumer).add(consumer_id);
            row.remediation = Cow::Borrowed("admit the interfaces in the service's own whitelist first");
            row
        }
    };
    row.new = entry.is_new();
    if !row.new {
        row.severity = Severity::Note;
    }
    if let OrphanEntry::EmptyGroup { group, .. }
    | OrphanEntry::DanglingReference { group, .. }
    | OrphanEntry::ExternalConsumer { group, .. } = entry
    {
        row.group_ids = names.group(*group).to_owned();
        row.group_names = names.group_name(*group).to_owned();
    }
    row
}

fn refusals<'a>(removal: &RemovalEntry<'a>, names: &Names<'a>, rows: &mut Vec<Row<'a>>) {
    for refusal in &removal.refusals {
        let place = Place::of(removal.ix, names);
        let mut row = Row::new("refused-removal", Severity::Error, place);
        row.message = format!(
            "the API refuses that {} leaves {}: {} ({}), {}",
            who(removal.interface_id, removal.instance_id),
            removal.group_id,
            refusal.code,
            refusal.http,
            refusal.message
        );
        row.group_ids = removal.group_id.to_owned();
        row.group_names = removal.group_name.to_owned();
        row.request = removal.request.clone();
        row.content.add(refusal.code);
        row.remediation = Cow::Borrowed("remove what is in the way first");
        rows.push(row);
    }
}
