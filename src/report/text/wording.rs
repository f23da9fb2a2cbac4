//! How things are called in text.

use crate::report::document::{
    CauseEntry, DispositionName, Endpoint, InterfaceEndpoint, Membership, Names, RemovalEntry, TargetName,
    Traffic, address_text,
};

/// How many addresses of one interface or blocks of the outside a bounded line holds.
const ADDRESSES: usize = 6;

pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// `12 pairs + 2 external`; empty where there is neither. An interface and the outside are one per direction.
pub(super) fn pairs(pairs: u64, external: u64) -> String {
    match (pairs, external) {
        (0, 0) => String::new(),
        (0, external) => format!("{external} external"),
        (pairs, 0) => plural(pairs, "pair", "pairs"),
        (pairs, external) => format!("{} + {external} external", plural(pairs, "pair", "pairs")),
    }
}

pub(super) fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A name in quotes, or nothing. Quotes inside are escaped, so that a name cannot pretend to end.
pub(super) fn quoted(name: &str) -> String {
    if name.is_empty() {
        String::new()
    } else {
        format!(" \"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// `i-web-1 "web" eni-web-1`; the interface alone where it is not attached.
pub(super) fn interface(interface_id: &str, instance_id: Option<&str>, name: &str) -> String {
    match instance_id {
        None => format!("{interface_id}{}", quoted(name)),
        // An interface that got its id from its instance has nothing to add.
        Some(instance) if interface_id.strip_prefix(instance).is_some_and(|rest| rest.starts_with('/')) => {
            format!("{instance}{}", quoted(name))
        }
        Some(instance) => format!("{instance}{} {interface_id}", quoted(name)),
    }
}

pub(super) fn group(group_id: &str, group_name: &str) -> String {
    format!("{group_id}{}", quoted(group_name))
}

/// A status that is worth a word: everything but the usual.
pub(super) fn status(status: &str) -> String {
    match status {
        "" | "Running" | "InUse" => String::new(),
        other => format!(" [{other}]"),
    }
}

/// The target as the caller names it.
pub(super) fn target<'a>(removal: &RemovalEntry<'a>) -> &'a str {
    match (removal.target, removal.instance_id) {
        (TargetName::Instance, Some(instance)) => instance,
        _ => removal.interface_id,
    }
}

/// `i-web-1 leaves sg-a`, or `i-web-1 moves from sg-a to sg-b`.
pub(super) fn removal(removal: &RemovalEntry<'_>) -> String {
    let target = target(removal);
    match removal.join_group_id {
        None => format!("{target} leaves {}", removal.group_id),
        Some(join) => format!("{target} moves from {} to {join}", removal.group_id),
    }
}

pub(super) fn removed_by(by: &Membership<'_>, names: &Names<'_>) -> String {
    let who = names.instance(by.ix).filter(|_| is_primary(by, names));
    format!("{} leaving {}", who.unwrap_or(by.interface_id), by.group_id)
}

fn is_primary(by: &Membership<'_>, names: &Names<'_>) -> bool {
    names.graph.interface(by.ix).kind == crate::inventory::InterfaceKind::Primary
}

/// One side of an entry, and whether something of it was left out.
pub(super) fn endpoint(end: &Endpoint<'_>, is_bounded: bool) -> (String, bool) {
    match end {
        Endpoint::Interface(end) => interface_endpoint(end, is_bounded),
        Endpoint::External(external) => {
            let (texts, is_cut) = listed(external.cidrs.iter().map(ToString::to_string), is_bounded);
            let prefix = match external.cidrs {
                [block] if block.length() == 0 => "anywhere outside",
                _ => "outside",
            };
            (format!("{prefix} {texts}"), is_cut)
        }
        Endpoint::ForeignGroup(foreign) => {
            let of = foreign.owner_id.map(|owner| format!(" of account {owner}")).unwrap_or_default();
            (format!("members of {}{of}", foreign.group_id), false)
        }
    }
}

fn interface_endpoint(end: &InterfaceEndpoint<'_>, is_bounded: bool) -> (String, bool) {
    let (addresses, is_cut) = listed(end.addresses.iter().map(|a| address_text(&a.block)), is_bounded);
    let who = interface(end.interface_id, end.instance_id, end.name);
    (format!("{who} {addresses}{}", status(end.status)), is_cut)
}

fn listed(texts: impl ExactSizeIterator<Item = String>, is_bounded: bool) -> (String, bool) {
    let total = texts.len();
    if !is_bounded || total <= ADDRESSES {
        return (texts.collect::<Vec<_>>().join(" "), false);
    }
    let shown: Vec<String> = texts.take(ADDRESSES).collect();
    (format!("{} ... {} more", shown.join(" "), total - ADDRESSES), true)
}

pub(super) fn traffic(items: &[Traffic]) -> String {
    let texts: Vec<String> = items.iter().map(traffic_item).collect();
    texts.join(" + ")
}

fn traffic_item(item: &Traffic) -> String {
    let mut text = match item.protocol.as_str() {
        "all" => "all traffic".to_owned(),
        protocol if protocol.starts_with(|c: char| c.is_ascii_digit()) => format!("protocol {protocol}"),
        protocol => protocol.to_owned(),
    };
    if let Some(ports) = &item.ports {
        text.push('/');
        text.push_str(ports);
    }
    if let Some(ports) = &item.source_ports {
        text.push_str(" from port ");
        text.push_str(ports);
    }
    text
}

pub(super) const fn disposition(disposition: DispositionName) -> &'static str {
    match disposition {
        DispositionName::Accepted => "accepted",
        DispositionName::DeniedOut => "denied at the source",
        DispositionName::DeniedIn => "denied at the destination",
        DispositionName::InsufficientInfo => "not determined",
    }
}

/// The side a cause stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Out,
    In,
}

pub(super) fn cause(cause: &CauseEntry<'_>, side: Side, disposition: DispositionName) -> String {
    match cause {
        CauseEntry::Rule(rule) => {
            let holder = group(rule.group_id, rule.group_name);
            let id = rule.rule_id.map(|id| format!(" ({id})")).unwrap_or_default();
            format!("{} - rule of {holder}{id}", rule.rule)
        }
        CauseEntry::InnerAccess { group_id, group_name } => {
            format!("intra-group Accept of {}", group(group_id, group_name))
        }
        CauseEntry::Default => match (side, disposition) {
            (Side::In, _) => "no rule matches: dropped by default".to_owned(),
            (Side::Out, DispositionName::DeniedOut) => "no rule matches: dropped by default".to_owned(),
            (Side::Out, DispositionName::InsufficientInfo) => {
                "no rule matches: default of the group type".to_owned()
            }
            (Side::Out, _) => "no rule matches: accepted by default".to_owned(),
        },
        CauseEntry::Platform => "exempt: the platform always accepts it".to_owned(),
        CauseEntry::NoGroup => "the interface is in no group: nothing passes".to_owned(),
        CauseEntry::External => "outside: not judged here".to_owned(),
        CauseEntry::Open { open } => format!("depends on {}", open.join("; ")),
    }
}
