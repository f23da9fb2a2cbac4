//! Every finding of an audit as a row, written part by part.

use std::borrow::Cow;
use std::io;

use super::cell;
use super::digest::Fingerprint;
use super::row::{Place, Row, Run, Severity};
use super::{begin, run};
use crate::report::audit::AuditReport;
use crate::report::command;
use crate::report::context::CsvDialect;
use crate::report::document::{CertaintyName, MembershipEntry, Names, StandingEntry, traffic_text};
use crate::simulate::Audit;

/// A table of an audit that is being written.
pub(in crate::report) struct AuditRows<'r, 'a, 'w> {
    report: &'r AuditReport<'a>,
    run: Run<'r>,
    dialect: CsvDialect,
    options: Option<String>,
    writer: ::csv::Writer<&'w mut dyn io::Write>,
}

impl<'r, 'a, 'w> AuditRows<'r, 'a, 'w> {
    pub(in crate::report) fn new(
        report: &'r AuditReport<'a>,
        dialect: CsvDialect,
        out: &'w mut dyn io::Write,
    ) -> io::Result<Self> {
        let mut print = Fingerprint::default();
        for (name, value) in report.readings.settings() {
            print.add(name).add(value);
        }
        let options = command::options(&report.context.inputs, report.readings.settings());
        let run = run("audit", report.context, print);
        Ok(Self { report, run, dialect, options, writer: begin(dialect, out)? })
    }

    /// Writes the rows of one part: by interface, group and kind, then the standing risks.
    pub(in crate::report) fn part(&mut self, audit: &Audit) -> io::Result<()> {
        let names = &self.report.names;
        for one in &audit.memberships {
            let entry = MembershipEntry::new(one, names);
            for row in membership(&entry, names, self.options.as_deref()) {
                self.writer.write_record(row.cells(&self.run, self.dialect))?;
            }
        }
        for risk in &audit.standing {
            let entry = StandingEntry::new(risk, names);
            self.writer.write_record(standing(&entry, names).cells(&self.run, self.dialect))?;
        }
        self.writer.flush()
    }

    pub(in crate::report) fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Returns one row for each aspect of a membership: what it loses, gains, leaves behind; or that it does nothing.
fn membership<'a>(entry: &MembershipEntry<'a>, names: &Names<'a>, options: Option<&str>) -> Vec<Row<'a>> {
    let place = Place::of(entry.ix, names);
    let again = options.and_then(|options| command::one_simulation(options, entry));
    let row = |kind, severity, message: String| {
        let mut row = Row::new(kind, severity, place);
        row.message = message;
        row.group_ids = entry.group_id.to_owned();
        row.group_names = names.group_name(entry.group).to_owned();
        row.explain.clone_from(&again);
        row
    };
    let mut rows = Vec::new();
    for text in &entry.refusal_texts {
        rows.push(row("audit-refused", Severity::Note, format!("the API would refuse: {text}")));
    }
    let outside = |kind: &str| -> Vec<&str> {
        entry.outside.iter().filter(|one| one.starts_with(kind)).map(String::as_str).collect()
    };
    let mut touched = |kind, name, severity, peers: u64, pairs: u64, traffic: String| {
        let outside = outside(name);
        if peers == 0 && outside.is_empty() {
            return;
        }
        let beyond =
            if outside.is_empty() { String::new() } else { format!("; outside: {}", outside.join(" ")) };
        let mut row = row(kind, severity, format!("{traffic} is {name} with {peers} interfaces{beyond}"));
        (row.pairs_before, row.pairs_after) = match name {
            "lost" => (Some(pairs), Some(0)),
            "gained" => (Some(0), Some(pairs)),
            _ => (None, None),
        };
        rows.push(row);
    };
    let severe = if entry.refusals.is_empty() { Severity::Error } else { Severity::Warning };
    let (lost, gained) = (&entry.lost, &entry.gained);
    let text = traffic_text(&entry.lost_traffic);
    touched("audit-lost", "lost", severe, lost.peers, lost.pairs, text);
    let text = traffic_text(&entry.gained_traffic);
    touched("audit-gained", "gained", severe, gained.peers, gained.pairs, text);
    let some = "some traffic".to_owned();
    touched("audit-undetermined", "undetermined", Severity::Warning, entry.undetermined_peers, 0, some);
    if entry.isolates_itself {
        rows.push(row("audit-isolated", severe, "no accepted traffic with any interface is left".to_owned()));
    }
    if entry.cut_peers + entry.maybe_cut_peers > 0 {
        let may = entry.maybe_cut_peers;
        let message = format!("{} interfaces are cut off from it, {may} more may be", entry.cut_peers);
        rows.push(row("audit-cut-peers", severe, message));
    }
    if !entry.orphans.is_empty() {
        rows.push(row(
            "audit-orphan",
            Severity::Warning,
            format!("left behind: {}", entry.orphans.join(" ")),
        ));
    }
    if rows.is_empty() && entry.effect == "none" {
        let mut row = row("audit-no-effect", Severity::Note, "leaving changes nothing".to_owned());
        if let Some(witness) = &entry.witness {
            row.message = format!("leaving changes nothing; {} goes on", traffic_text(&witness.traffic));
            row.peer_kind = "interface";
            row.peer_ids = Cow::Borrowed(witness.interface_id);
            row.peer_name = names.name_of(witness.ix);
        }
        rows.push(row);
    } else if rows.is_empty() {
        let message = "nothing certain changes, but evidence is missing or a reading is open".to_owned();
        rows.push(row("audit-undetermined", Severity::Warning, message));
    }
    for row in &mut rows {
        row.content.add(entry.interface_id).add(entry.group_id);
    }
    rows
}

/// Returns the row of a risk that is there already.
fn standing<'a>(entry: &StandingEntry<'a>, names: &Names<'a>) -> Row<'a> {
    let place = match (entry.ix, entry.group) {
        (Some(ix), _) => Place::of(ix, names),
        (None, Some(group)) => Place::of_group(group, names),
        (None, None) => Place::default(),
    };
    let (kind, message, remediation) = match entry.risk {
        "interface-without-group" => {
            ("standing-interface-without-group", "in no security group", "join a group")
        }
        "isolated-interface" => (
            "standing-isolated-interface",
            "no accepted traffic with any interface of the inventory",
            "accept the needed traffic, or retire the interface",
        ),
        "carried-by-one-membership" => (
            "standing-carried-by-one-membership",
            "without this one membership no accepted traffic with any interface is left",
            "accept the needed traffic in a second group before anything leaves",
        ),
        "empty-group" => ("standing-empty-group", "no members", "delete the group if nothing refers to it"),
        "single-member-group" => {
            ("standing-single-member-group", "one member: it is empty when that one leaves", "")
        }
        "dangling-reference" => (
            "standing-dangling-reference",
            "rules name the group, which has no members",
            "revoke the rules, or point them at a group with members",
        ),
        "rule-across-vpcs" => (
            "standing-rule-across-vpcs",
            "the rule names a group of another VPC and never matches",
            "name addresses instead",
        ),
        _ => (
            "standing-rule-without-address",
            "the rule is for private addresses that no interface of the VPC has",
            "revoke the rule unless a peered or on-premises network has them",
        ),
    };
    let severity = match entry.risk {
        "isolated-interface" | "interface-without-group" | "dangling-reference" => Severity::Warning,
        _ => Severity::Note,
    };
    let mut row = Row::new(kind, severity, place);
    row.new = false;
    row.message = match entry.certainty {
        CertaintyName::Certain => message.to_owned(),
        CertaintyName::Possible => format!("{message}, as far as the export shows"),
    };
    if let (Some(id), Some(group)) = (entry.group_id, entry.group) {
        row.group_ids = id.to_owned();
        row.group_names = names.group_name(group).to_owned();
    }
    row.evidence = cell::id_list(entry.rule_ids.iter());
    row.remediation = Cow::Borrowed(remediation);
    if let Some(rule) = entry.rule {
        row.content.add(&rule.to_string());
    }
    row
}
