//! A small estate out of bytes, in the notation of `sgleave::testing::world`, so that a failure can be read.

use std::collections::BTreeMap;

use sgleave::inventory::Inventory;
use sgleave::testing::{ArbRemoval, baseline, world};

use super::draw::Draw;

/// An estate, and what leaves.
pub(super) struct Estate {
    /// In the notation.
    pub(super) text: String,
    pub(super) inventory: Inventory,
    pub(super) removals: Vec<ArbRemoval>,
}

const V4_BLOCKS: [&str; 10] = [
    "0.0.0.0/0",
    "10.0.0.0/29",
    "10.0.0.0/31",
    "10.0.0.2",
    "10.0.0.1",
    "10.64.0.0/27",
    "1.2.3.4",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "0.0.0.0/1",
];
const V6_BLOCKS: [&str; 5] = ["::/0", "fd00::/126", "fd00::1", "fd00:0:0:1::/64", "2001:db8::/32"];
const PORTS: [&str; 9] =
    ["", "22/22", "1/1023", "22/80", "80/80,443/443", "65535/65535", "1/1", "prl:0", "prl:1"];
const PROTOCOLS: [&str; 9] = ["tcp", "tcp", "all", "udp", "icmp", "icmpv6", "gre", "132", "tcp"];

/// What was drawn about a group; its name is its position.
struct Group {
    enterprise: bool,
    described: bool,
    vpc: u8,
}

impl Estate {
    /// Reads an estate. Every promise of the model is kept: groups of one interface have one network and one type.
    pub(super) fn draw(draw: &mut Draw<'_>) -> Self {
        let mut lines = Vec::new();
        // What is not known multiplies the readings that the oracle goes through, so there is little of it.
        let mut unknowns = 3_u8;
        let second_vpc = draw.one_in(8);
        let mut groups = Vec::new();
        for at in 0..=draw.below(4) {
            let group = Group {
                enterprise: draw.one_in(5),
                described: !(draw.one_in(12) && take(&mut unknowns, 1)),
                vpc: if second_vpc && draw.one_in(2) { 2 } else { 1 },
            };
            if group.described {
                describe(at, &group, &mut unknowns, draw, &mut lines);
            }
            groups.push(group);
        }
        lists(draw, &mut lines);
        for at in 0..2 + draw.below(3) {
            lines.push(interface(at, &groups, second_vpc, &mut unknowns, draw));
        }
        let text = lines.join("\n");
        let inventory = world(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let removals = removals(&inventory, draw);
        Self { text, inventory, removals }
    }
}

/// Pays for something unknown, or says that there is enough of it already.
fn take(unknowns: &mut u8, cost: u8) -> bool {
    let left = unknowns.checked_sub(cost);
    *unknowns = left.unwrap_or(*unknowns);
    left.is_some()
}

fn describe(at: usize, group: &Group, unknowns: &mut u8, draw: &mut Draw<'_>, lines: &mut Vec<String>) {
    let known = !(draw.one_in(10) && take(unknowns, 1));
    let kind = match (known, group.enterprise) {
        (false, _) => "?",
        (true, true) => "enterprise",
        (true, false) => "normal",
    };
    // The policy of enterprise groups is fixed (law 3).
    let inner = match draw.below(6) {
        _ if group.enterprise => "drop",
        0..4 => "accept",
        4 => "drop",
        _ if take(unknowns, 1) => "?",
        _ => "accept",
    };
    lines.push(format!("G{at}{{{kind},{inner}}} @vpc-{}", group.vpc));
    if draw.one_in(16) && take(unknowns, 2) {
        lines.push(format!("G{at}: gap {}", draw.pick(&["in", "out", "both"])));
    }
    for number in 0..draw.below(4) {
        lines.push(format!("G{at}: {}", rule(at, number, unknowns, draw)));
    }
}

fn rule(group: usize, number: usize, unknowns: &mut u8, draw: &mut Draw<'_>) -> String {
    let ingress = draw.below(2) == 0;
    let mut text = format!(
        "{} {} {}",
        if ingress { "in" } else { "out" },
        draw.pick(&[1, 1, 2, 3, 100]),
        draw.pick(&["accept", "drop"])
    );
    let protocol = *draw.pick(&PROTOCOLS);
    let has_ports = matches!(protocol, "tcp" | "udp");
    let ports = *draw.pick(&PORTS);
    text.push_str(&format!(" {protocol} {}", if has_ports { ports } else { "" }));
    let mut ipv6 = draw.one_in(4);
    let peer = match draw.below(8) {
        0..4 => (*draw.pick(if ipv6 { V6_BLOCKS.as_slice() } else { &V4_BLOCKS })).to_owned(),
        4 => format!("sg:G{group}"),
        5 => format!("sg:G{}", draw.below(5)),
        6 => (*draw.pick(&["sg:1234/G0", "sg:1234/elsewhere", "sg:elsewhere"])).to_owned(),
        _ => format!("pl:{}", draw.below(2)),
    };
    text.push_str(&format!(" {} {peer}", if ingress { "from" } else { "to" }));
    if draw.one_in(6) {
        // Both sides of a rule have one family.
        if peer.starts_with("sg:") || peer.starts_with("pl:") {
            ipv6 = false;
        }
        text.push_str(&format!(" local {}", draw.pick(if ipv6 { V6_BLOCKS.as_slice() } else { &V4_BLOCKS })));
    }
    if has_ports && draw.one_in(6) {
        text.push_str(&format!(" sport {}", draw.pick(&["7/8", "1024/65535"])));
    }
    if draw.one_in(16) && take(unknowns, 1) {
        text.push_str(" ?");
    }
    format!("{text} #sgr-{group}-{number}")
}

/// Prefix list 1 may be IPv6. A list that is not written is unknown.
fn lists(draw: &mut Draw<'_>, lines: &mut Vec<String>) {
    let ipv6 = draw.one_in(3);
    for at in 0..2 {
        let blocks = if ipv6 && at == 1 { V6_BLOCKS.as_slice() } else { &V4_BLOCKS };
        if !draw.one_in(8) {
            lines.push(format!("pl:{at} = {}, {}", draw.pick(blocks), draw.pick(blocks)));
        }
        if !draw.one_in(8) {
            lines.push(format!("prl:{at} = {}", draw.pick(&PORTS[1..7])));
        }
    }
}

fn interface(
    at: usize,
    groups: &[Group],
    second_vpc: bool,
    unknowns: &mut u8,
    draw: &mut Draw<'_>,
) -> String {
    let vpc = if second_vpc && draw.one_in(3) { 2 } else { 1 };
    let enterprise = draw.one_in(4);
    let mut addresses = vec![format!("10.0.0.{}", at + 1)];
    let extras = [
        format!("10.0.1.{at}"),
        format!("fd00::{at}"),
        format!("prefix 10.64.0.{}/28", at * 16),
        format!("prefix fd00:0:0:1:{at}::/80"),
    ];
    let wanted = draw.byte();
    addresses.extend(
        extras.into_iter().enumerate().filter(|(bit, _)| wanted >> (2 * bit) & 3 == 3).map(|(_, text)| text),
    );
    let held = draw.byte();
    let of_one_kind = |number: &usize| {
        groups[*number].vpc == vpc
            && groups[*number].enterprise == enterprise
            && (held ^ 1) >> number & 1 == 1
    };
    let names: Vec<String> =
        (0..groups.len()).filter(of_one_kind).map(|number| format!("G{number}")).collect();
    let names = if draw.one_in(20) && take(unknowns, 3) { "?".to_owned() } else { names.join(",") };
    format!("I{at}={} [{names}] @vpc-{vpc}", addresses.join(","))
}

fn removals(inventory: &Inventory, draw: &mut Draw<'_>) -> Vec<ArbRemoval> {
    let state = baseline(inventory);
    let memberships: Vec<_> = state
        .iter()
        .enumerate()
        .flat_map(|(interface, groups)| groups.iter().flatten().map(move |group| (interface, group)))
        .collect();
    if memberships.is_empty() {
        return Vec::new();
    }
    // A membership can be left once only.
    let mut drawn = BTreeMap::new();
    for _ in 0..=draw.below(3) {
        let (interface, leave) = *draw.pick(&memberships);
        let left = inventory.group(leave).filter(|group| group.group_type.is_some());
        let fits = |other: &&sgleave::inventory::SecurityGroup| {
            let held = state[interface].as_ref().is_some_and(|held| held.contains(&other.id));
            left.is_some_and(|left| {
                !held && left.group_type == other.group_type && left.network == other.network
            })
        };
        let others: Vec<_> = inventory.groups.iter().filter(fits).map(|group| group.id.clone()).collect();
        let join = (draw.one_in(4) && !others.is_empty()).then(|| draw.pick(&others).clone());
        drawn.insert((interface, leave.clone()), join);
    }
    drawn.into_iter().map(|((interface, leave), join)| ArbRemoval { interface, leave, join }).collect()
}
