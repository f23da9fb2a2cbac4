//! Rows of traffic that is lost, gained, undetermined or at risk.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::cell::id_list;
use super::digest::Fingerprint;
use super::row::{Place, Row, Severity};
use crate::netset::{Family, PortRange};
use crate::report::command::Commands;
use crate::report::document::{
    CauseEntry, ChangeEntry, ChangeName, DispositionName, ExplanationEntry, InterfaceEndpoint, SessionName,
    SimulationReport, Traffic, address_text,
};
use crate::report::rectangle::{Peers, Rectangle, rectangles};

/// Adds the rows of one entry.
pub(super) fn push<'d, 'a>(
    entry: &'d ChangeEntry<'a>,
    report: &'d SimulationReport<'a>,
    commands: &Commands<'_, 'a>,
    rows: &mut Vec<Row<'a>>,
) where
    'd: 'a,
{
    let evidence = evidence_of(entry);
    let (sources, destinations): (Vec<_>, Vec<_>) =
        (entry.sources.iter().collect(), entry.destinations.iter().collect());
    for rectangle in rectangles(entry, &sources, &destinations) {
        let base = base_row(entry, &rectangle, report, &evidence);
        for traffic in &entry.traffic {
            for ports in runs(traffic) {
                let mut row = base.clone();
                row.protocol = Cow::Borrowed(traffic.protocol.as_str());
                row.ports = ports;
                row.content.add(traffic.source_ports.as_deref().unwrap_or(""));
                row.message = message(entry, &rectangle, &run_text(traffic, ports));
                row.explain = commands.explain(&rectangle, traffic, ports);
                rows.push(row);
            }
        }
    }
}

fn base_row<'a>(
    entry: &ChangeEntry<'a>,
    rectangle: &Rectangle<'_, 'a>,
    report: &SimulationReport<'a>,
    evidence: &str,
) -> Row<'a> {
    let changed = rectangle.changed;
    let (kind, severity, remediation) = kind_of(entry.change);
    let mut row = Row::new(kind, severity, Place::of(changed.ix, &report.names));
    let left: Vec<&str> =
        entry.removed_by.iter().filter(|by| by.ix == changed.ix).map(|by| by.group_id).collect();
    let removals: Vec<_> = report
        .document
        .removals
        .iter()
        .filter(|removal| removal.ix == changed.ix && left.contains(&removal.group_id))
        .collect();
    row.group_ids = left.join(" ");
    let names: Vec<&str> = removals.iter().map(|removal| removal.group_name).collect();
    row.group_names = names.join("; ");
    row.request = removals.iter().find_map(|removal| removal.request.clone());
    row.direction = if rectangle.outgoing { "egress" } else { "ingress" };
    let pairs = rectangle.peers.pairs();
    row.pairs_before = accepted_pairs(&entry.before, pairs);
    row.pairs_after = accepted_pairs(&entry.after, pairs);
    row.before_cause = causes(&entry.before);
    row.after_cause = causes(&entry.after);
    row.evidence = evidence.to_owned();
    row.remediation = Cow::Borrowed(remediation);
    describe_peers(&rectangle.peers, &mut row);
    add_addresses(changed, &mut row.content);
    row
}

const fn kind_of(change: ChangeName) -> (&'static str, Severity, &'static str) {
    match change {
        ChangeName::Lost => (
            "traffic-lost",
            Severity::Error,
            "if this traffic is needed, accept it in a group that stays before leaving",
        ),
        ChangeName::Gained => (
            "traffic-gained",
            Severity::Error,
            "if this traffic is unwanted, drop it in a group that stays before leaving",
        ),
        ChangeName::Undetermined => (
            "traffic-undetermined",
            Severity::Warning,
            "export what is missing, or settle the open reading, and simulate again",
        ),
        ChangeName::SessionRisk => {
            ("session-risk", Severity::Warning, "leave when these sessions can be re-established")
        }
    }
}

fn describe_peers<'a>(peers: &Peers<'_, 'a>, row: &mut Row<'a>) {
    match peers {
        Peers::Interfaces(interfaces) => {
            row.peer_ids = Cow::Owned(id_list(interfaces.iter().map(|end| end.interface_id)));
            if let [only] = interfaces.as_slice() {
                row.peer_kind = "interface";
                row.peer_name = only.name;
            } else {
                row.peer_kind = "interfaces";
            }
            for end in interfaces {
                row.content.add(end.interface_id);
                add_addresses(end, &mut row.content);
            }
        }
        Peers::External(blocks) => {
            row.peer_kind = "external";
            let texts: Vec<String> = blocks.iter().map(ToString::to_string).collect();
            row.peer_ids = Cow::Owned(id_list(texts.iter()));
            for text in &texts {
                row.content.add(text);
            }
        }
        Peers::ForeignGroup(group) => {
            row.peer_kind = "foreign-group";
            row.peer_ids = Cow::Borrowed(group.group_id);
            row.content.add(group.group_id);
        }
    }
}

fn add_addresses(end: &InterfaceEndpoint<'_>, print: &mut Fingerprint) {
    for address in end.addresses {
        print.add(&address_text(&address.block));
    }
}

/// Every contiguous run of destination ports; one run without ports where all are meant.
fn runs(traffic: &Traffic) -> Vec<Option<PortRange>> {
    if traffic.destination_ports.is_all() {
        return vec![None];
    }
    traffic.destination_ports.ranges().iter().copied().map(Some).collect()
}

fn run_text(traffic: &Traffic, ports: Option<PortRange>) -> String {
    let mut text = match (traffic.protocol.as_str(), ports) {
        ("all", _) => "all traffic".to_owned(),
        (protocol, None) => protocol.to_owned(),
        (protocol, Some(range)) => format!("{protocol}/{range}"),
    };
    if let Some(ports) = &traffic.source_ports {
        text.push_str(&format!(" from port {ports}"));
    }
    text
}

fn message(entry: &ChangeEntry<'_>, rectangle: &Rectangle<'_, '_>, traffic: &str) -> String {
    let who = interface_text(rectangle.changed);
    let way = if rectangle.outgoing { "to" } else { "from" };
    let peers = match &rectangle.peers {
        Peers::Interfaces(interfaces) => match interfaces.as_slice() {
            [only] => interface_text(only),
            several => format!("{} interfaces", several.len()),
        },
        Peers::External(blocks) => match blocks.as_slice() {
            [only] => format!("external addresses in {only}"),
            several => format!("external addresses in {} blocks", several.len()),
        },
        Peers::ForeignGroup(group) => format!("members of {}", group.group_id),
    };
    let over = match entry.family {
        Family::Ipv4 => "",
        Family::Ipv6 => " over IPv6",
    };
    match entry.change {
        ChangeName::Lost => format!("{who} loses {traffic} {way} {peers}{over}"),
        ChangeName::Gained => format!("{who} gains {traffic} {way} {peers}{over}"),
        ChangeName::Undetermined => {
            format!("it is not determined whether {traffic} of {who} {way} {peers}{over} changes")
        }
        ChangeName::SessionRisk => {
            let when = match entry.sessions {
                Some(SessionName::MayBreakAtOnce) => "may break at once",
                _ => "may be cut within 910 seconds",
            };
            format!("established sessions of {who} {way} {peers}{over} with {traffic} {when}")
        }
    }
}

fn interface_text(end: &InterfaceEndpoint<'_>) -> String {
    match end.instance_id {
        Some(instance) => format!("{instance} ({})", end.interface_id),
        None => end.interface_id.to_owned(),
    }
}

const fn accepted_pairs(explanation: &ExplanationEntry<'_>, pairs: u64) -> Option<u64> {
    match explanation.disposition {
        DispositionName::Accepted => Some(pairs),
        DispositionName::DeniedIn | DispositionName::DeniedOut => Some(0),
        DispositionName::InsufficientInfo => None,
    }
}

/// `egress=default ingress=rule:sgr-1`; a rule without an id is named by its group and its one-line notation.
fn causes(explanation: &ExplanationEntry<'_>) -> String {
    let cause = |cause: &CauseEntry<'_>| match cause {
        CauseEntry::Rule(rule) => match rule.rule_id {
            Some(id) => format!("rule:{id}"),
            None => format!("rule:{}[{}]", rule.group_id, rule.rule),
        },
        CauseEntry::InnerAccess { group_id, .. } => format!("inner-access:{group_id}"),
        CauseEntry::Default => "default".to_owned(),
        CauseEntry::Platform => "platform".to_owned(),
        CauseEntry::NoGroup => "no-group".to_owned(),
        CauseEntry::External => "external".to_owned(),
        CauseEntry::Open { open } => format!("open:[{}]", open.join("; ")),
    };
    format!("egress={} ingress={}", cause(&explanation.egress), cause(&explanation.ingress))
}

fn evidence_of(entry: &ChangeEntry<'_>) -> String {
    let sides = [&entry.before, &entry.after].into_iter().flat_map(|side| [&side.egress, &side.ingress]);
    let ids: BTreeSet<&str> = sides
        .filter_map(|cause| match cause {
            CauseEntry::Rule(rule) => rule.rule_id,
            _ => None,
        })
        .collect();
    ids.into_iter().collect::<Vec<_>>().join(" ")
}
