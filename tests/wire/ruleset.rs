//! An inventory as an nftables ruleset, without any code of the engine: the law once more, as a packet filter.
//!
//! 1. A group is one set of member addresses per family. Where references cover plain IPv4 addresses only, the other
//!    addresses are in no set.
//! 2. Every interface has two chains. Leaving a packet to the next chain is how egress accepts it.
//! 3. A chain asks the rules of all groups of its interface by priority, drop before accept, then the default.
//! 4. The intra-group rule is one more line, where the reading puts it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sgleave::evaluate::{AddressKinds, Order, Readings};
use sgleave::inventory::{
    AddressKind, Direction, InnerAccessPolicy, Inventory, RuleAction, RulePeer, RulePorts, SecurityGroup,
    SecurityGroupId, SecurityGroupRule, SecurityGroupType,
};
use sgleave::netset::{Family, IpBlock, IpProtocol, PortRange};
use sgleave::testing::Memberships;

/// The only exemption that packets between our hosts can meet.
const METADATA: &str = "ip daddr 100.100.100.200 return";
const FAMILIES: [Family; 2] = [Family::Ipv4, Family::Ipv6];

/// Writes rulesets for one estate under one reading.
pub struct Compiler<'a> {
    inventory: &'a Inventory,
    readings: Readings,
    /// Every group that is described, held or named; the position is its name in the ruleset.
    groups: BTreeMap<SecurityGroupId, usize>,
}

impl<'a> Compiler<'a> {
    pub fn new(inventory: &'a Inventory, readings: Readings, states: &[&Memberships]) -> Self {
        let described = inventory.groups.iter().map(|group| group.id.clone());
        let rules = inventory.groups.iter().flat_map(|group| &group.rules);
        let named = rules.filter_map(|rule| match &rule.peer {
            RulePeer::Group { id, .. } => Some(id.clone()),
            _ => None,
        });
        let held = states.iter().flat_map(|state| state.iter().flatten().flatten().cloned());
        let ids: BTreeSet<SecurityGroupId> = described.chain(named).chain(held).collect();
        let groups = ids.into_iter().enumerate().map(|(position, id)| (id, position)).collect();
        Self { inventory, readings, groups }
    }

    /// Returns the ruleset of one state.
    pub fn ruleset(&self, state: &Memberships) -> String {
        let mut text = "table inet sg {\n".to_owned();
        for id in self.groups.keys() {
            for family in FAMILIES {
                let members = held_by(state, id).flat_map(|index| self.covered(index, family));
                let members: Vec<String> = members.map(|block| block.to_string()).collect();
                text += &set(&self.group_set(id, family), address_type(family), "interval", &members);
            }
        }
        for (id, list) in &self.inventory.prefix_lists {
            for family in FAMILIES {
                let entries = list.entries.iter().filter(|entry| entry.family() == family);
                let entries: Vec<String> = entries.map(ToString::to_string).collect();
                let name = format!("{}_{}", plain(id.as_str()), suffix(family));
                text += &set(&name, address_type(family), "interval; auto-merge", &entries);
            }
        }
        for (id, list) in &self.inventory.port_lists {
            let entries: Vec<String> = list.entries.iter().map(ports).collect();
            text += &set(&plain(id.as_str()), "inet_service", "interval; auto-merge", &entries);
        }
        for index in 0..state.len() {
            for direction in [Direction::Egress, Direction::Ingress] {
                writeln!(text, "  chain {} {{", chain(index, direction)).unwrap();
                for line in self.lines(state, index, direction) {
                    writeln!(text, "    {line}").unwrap();
                }
                text += "  }\n";
            }
        }
        let jumps = |direction| {
            let jump = |index| format!("\"v{index}\" : jump {}", chain(index, direction));
            (0..state.len()).map(jump).collect::<Vec<_>>().join(", ")
        };
        // What neither chain decides comes from egress to an end that is not ours.
        write!(
            text,
            "  chain forward {{\n    type filter hook forward priority 0; policy drop;\n    \
             ct state established,related accept\n    iifname vmap {{ {} }}\n    oifname vmap {{ {} }}\n    \
             accept\n  }}\n}}\n",
            jumps(Direction::Egress),
            jumps(Direction::Ingress)
        )
        .unwrap();
        text
    }

    /// Returns the commands that lead from one state to the other while packets flow.
    pub fn transition(&self, before: &Memberships, after: &Memberships) -> String {
        let mut text = String::new();
        for index in (0..before.len()).filter(|index| before[*index] != after[*index]) {
            let (held, holds) = (before[index].clone().unwrap(), after[index].clone().unwrap());
            let left = held.difference(&holds).map(|id| ("delete", id));
            let joined = holds.difference(&held).map(|id| ("add", id));
            for (act, id) in left.chain(joined) {
                for family in FAMILIES {
                    let members: Vec<String> =
                        self.covered(index, family).map(|block| block.to_string()).collect();
                    if !members.is_empty() {
                        let set = self.group_set(id, family);
                        writeln!(text, "{act} element inet sg {set} {{ {} }}", members.join(", ")).unwrap();
                    }
                }
            }
            for direction in [Direction::Egress, Direction::Ingress] {
                let chain = chain(index, direction);
                writeln!(text, "flush chain inet sg {chain}").unwrap();
                for line in self.lines(after, index, direction) {
                    writeln!(text, "add rule inet sg {chain} {line}").unwrap();
                }
            }
        }
        text
    }

    /// Returns the addresses of an interface that group references and the intra-group rule cover.
    fn covered(&self, index: usize, family: Family) -> impl Iterator<Item = IpBlock> + '_ {
        let all = match self.readings.address_kinds.expect("the reading is closed") {
            AddressKinds::All => true,
            AddressKinds::Ipv4 => false,
        };
        let addresses = self.inventory.interfaces[index].addresses.iter();
        addresses
            .filter(move |one| all || matches!(one.kind, AddressKind::Primary | AddressKind::Secondary))
            .map(|one| one.block)
            .filter(move |block| block.family() == family)
    }

    fn group_set(&self, id: &SecurityGroupId, family: Family) -> String {
        format!("g{}_{}", self.groups[id], suffix(family))
    }

    fn lines(&self, state: &Memberships, index: usize, direction: Direction) -> Vec<String> {
        let accept = accept(direction);
        let mut lines = Vec::new();
        if direction == Direction::Egress {
            lines.push(METADATA.to_owned());
        }
        let held = state[index].as_ref().expect("the estate has no gaps");
        let groups: Vec<&SecurityGroup> =
            self.inventory.groups.iter().filter(|group| held.contains(&group.id)).collect();
        assert_eq!(groups.len(), held.len(), "the estate has no gaps");
        let order = match direction {
            Direction::Egress => self.readings.intra_group_egress,
            Direction::Ingress => self.readings.intra_group_ingress,
        };
        let order = order.expect("the reading is closed");
        let fellows = self.fellows(&groups, accept);
        if order == Order::AcceptFirst {
            lines.extend(fellows.clone());
        }
        let mut rules: Vec<&SecurityGroupRule> =
            groups.iter().flat_map(|group| &group.rules).filter(|rule| rule.direction == direction).collect();
        rules.sort_by_key(|rule| (rule.priority, rule.action == RuleAction::Accept));
        lines.extend(rules.into_iter().flat_map(|rule| self.rule(rule)));
        if order == Order::CustomFirst {
            lines.extend(fellows);
        }
        let basic = groups.iter().any(|group| group.group_type == Some(SecurityGroupType::Normal));
        let default = if basic && direction == Direction::Egress { accept } else { "drop" };
        lines.push(default.to_owned());
        lines
    }

    /// Returns the intra-group rule: both sides stand in the set of one group.
    fn fellows(&self, groups: &[&SecurityGroup], accept: &str) -> Vec<String> {
        let connected = groups.iter().filter(|group| {
            group.group_type == Some(SecurityGroupType::Normal)
                && group.inner_access == Some(InnerAccessPolicy::Accept)
        });
        connected
            .flat_map(|group| {
                FAMILIES.map(|family| {
                    let (word, set) = (word(family), self.group_set(&group.id, family));
                    format!("{word} saddr @{set} {word} daddr @{set} {accept}")
                })
            })
            .collect()
    }

    /// Returns the lines of one rule: one for each family it can match.
    fn rule(&self, rule: &SecurityGroupRule) -> Vec<String> {
        assert!(rule.unevaluable.is_none(), "the estate has no gaps");
        let (far, near) = match rule.direction {
            Direction::Ingress => ("saddr", "daddr"),
            Direction::Egress => ("daddr", "saddr"),
        };
        let mut lines = Vec::new();
        for family in FAMILIES {
            let word = word(family);
            let remote = match &rule.peer {
                RulePeer::Block(block) if block.family() != family => continue,
                RulePeer::Block(block) => at(far, *block),
                RulePeer::Group { id, .. } => format!("{word} {far} @{}", self.group_set(id, family)),
                RulePeer::PrefixList(id) => {
                    format!("{word} {far} @{}_{}", plain(id.as_str()), suffix(family))
                }
            };
            let local = match rule.local.as_deref().copied() {
                Some(block) if block.family() != family => continue,
                Some(block) => at(near, block),
                None => String::new(),
            };
            let verdict = if rule.action == RuleAction::Accept { accept(rule.direction) } else { "drop" };
            lines.push(format!("{remote} {local} {} {verdict}", protocol(rule)));
        }
        lines
    }
}

fn protocol(rule: &SecurityGroupRule) -> String {
    let number = match rule.protocol {
        IpProtocol::All => return String::new(),
        IpProtocol::Number(number) => number,
    };
    let mut text = format!("meta l4proto {number}");
    if rule.protocol.has_ports() {
        match &rule.ports {
            RulePorts::Any => {}
            RulePorts::Ranges(ranges) => {
                let ranges: Vec<String> = ranges.iter().map(ports).collect();
                write!(text, " th dport {{ {} }}", ranges.join(", ")).unwrap();
            }
            RulePorts::List(id) => write!(text, " th dport @{}", plain(id.as_str())).unwrap(),
        }
        if let Some(range) = &rule.source_ports {
            write!(text, " th sport {}", ports(range)).unwrap();
        }
    }
    text
}

fn held_by<'s>(state: &'s Memberships, id: &'s SecurityGroupId) -> impl Iterator<Item = usize> + 's {
    (0..state.len()).filter(|index| state[*index].as_ref().is_some_and(|groups| groups.contains(id)))
}

fn chain(index: usize, direction: Direction) -> String {
    match direction {
        Direction::Egress => format!("out_{index}"),
        Direction::Ingress => format!("in_{index}"),
    }
}

const fn accept(direction: Direction) -> &'static str {
    match direction {
        Direction::Egress => "return",
        Direction::Ingress => "accept",
    }
}

fn at(side: &str, block: IpBlock) -> String {
    if block == IpBlock::all(block.family()) {
        format!("meta nfproto {}", if block.family() == Family::Ipv4 { "ipv4" } else { "ipv6" })
    } else {
        format!("{} {side} {block}", word(block.family()))
    }
}

const fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ip",
        Family::Ipv6 => "ip6",
    }
}

const fn suffix(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "v4",
        Family::Ipv6 => "v6",
    }
}

const fn address_type(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4_addr",
        Family::Ipv6 => "ipv6_addr",
    }
}

fn ports(range: &PortRange) -> String {
    if range.low() == range.high() {
        range.low().to_string()
    } else {
        format!("{}-{}", range.low(), range.high())
    }
}

/// Names in a ruleset have no dash.
fn plain(id: &str) -> String {
    id.replace('-', "_")
}

fn set(name: &str, kind: &str, flags: &str, elements: &[String]) -> String {
    let elements = match elements {
        [] => String::new(),
        some => format!("elements = {{ {} }};", some.join(", ")),
    };
    format!("  set {name} {{ type {kind}; flags {flags}; {elements} }}\n")
}
