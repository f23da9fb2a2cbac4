//! How things are called in text.

use std::collections::BTreeMap;

use super::outside::outside;
use crate::report::document::{
    CauseEntry, DispositionName, Endpoint, InterfaceEndpoint, Membership, RemovalEntry, TargetName, Traffic,
    address_text,
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

/// `i-a, i-b leave sg-g, i-c moves from sg-g to sg-h`: the removals that are responsible, once for each group. `removals`
/// are sorted by interface and group.
pub(super) fn removed_by(by: &[Membership<'_>], removals: &[RemovalEntry<'_>]) -> String {
    let mut groups: BTreeMap<(&str, Option<&str>), Vec<&str>> = BTreeMap::new();
    for by in by {
        let key = (by.ix, by.group_id);
        let found = removals.binary_search_by(|removal| (removal.ix, removal.group_id).cmp(&key));
        let removal = found.ok().and_then(|at| removals.get(at));
        let join = removal.and_then(|removal| removal.join_group_id);
        groups.entry((by.group_id, join)).or_default().push(removal.map_or(by.interface_id, target));
    }
    let said = groups.into_iter().map(|((group, join), targets)| {
        let (leave, move_) = if targets.len() == 1 { ("leaves", "moves") } else { ("leave", "move") };
        let targets = targets.join(", ");
        match join {
            None => format!("{targets} {leave} {group}"),
            Some(join) => format!("{targets} {move_} from {group} to {join}"),
        }
    });
    said.collect::<Vec<_>>().join("; ")
}

/// One side of an entry, and whether something of it was left out.
pub(super) fn endpoint(end: &Endpoint<'_>, is_bounded: bool) -> (String, bool) {
    match end {
        Endpoint::Interface(end) => interface_endpoint(end, is_bounded),
        Endpoint::External(external) => outside(external.cidrs, is_bounded),
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

pub(super) fn listed(texts: impl ExactSizeIterator<Item = String>, is_bounded: bool) -> (String, bool) {
    let total = texts.len();
    if !is_bounded || total <= ADDRESSES {
        return (texts.collect::<Vec<_>>().join(" "), false);
    }
    let shown: Vec<String> = texts.take(ADDRESSES).collect();
    (format!("{} ... {} more", shown.join(" "), total - ADDRESSES), true)
}

/// `tcp/80 + icmp`, or `all traffic except icmp` where that is shorter; `lacking` is what the items are not.
pub(super) fn traffic(items: &[Traffic], lacking: &[Traffic]) -> String {
    let texts = |items: &[Traffic]| items.iter().map(traffic_item).collect::<Vec<_>>();
    if !lacking.is_empty() && lacking.len() < items.len() {
        return format!("all traffic except {}", texts(lacking).join(" and "));
    }
    texts(items).join(" + ")
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
            // The line is labelled with the direction already.
            let content = rule.rule.split_once(' ').map_or("", |(_, content)| content);
            format!("{content} - rule of {holder}{id}")
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
        CauseEntry::Open { open } => format!("depends on {}", gathered(open)),
    }
}

/// `intra-group-egress; type of sg-a, sg-b; further rules of sg-a`: what is not known, once for each kind of it.
fn gathered(open: &[String]) -> String {
    let parts: Vec<(&str, &str)> =
        open.iter().map(|one| one.rsplit_once(" of ").unwrap_or((one, ""))).collect();
    let kinds = parts.chunk_by(|(a, _), (b, _)| a == b).map(|alike| {
        let of: Vec<&str> = alike.iter().map(|(_, of)| *of).filter(|of| !of.is_empty()).collect();
        let what = alike.first().map_or("", |(what, _)| what);
        if of.is_empty() { what.to_owned() } else { format!("{what} of {}", of.join(", ")) }
    });
    kinds.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_named_once_for_each_kind() {
        let open = [
            "intra-group-egress",
            "type of sg-a",
            "type of sg-b",
            "meaning of a rule of sg-a",
            "further rules of sg-a",
        ];
        assert_eq!(
            gathered(&open.map(str::to_owned)),
            "intra-group-egress; type of sg-a, sg-b; meaning of a rule of sg-a; further rules of sg-a"
        );
    }
}
