//! The rules of a group: what its role needs, references to other groups, and what tickets left behind.

use super::dice::{Dice, Subject};
use super::layout::{Layout, Role};
use super::lists::{PORT_LIST_ROOM, PREFIX_LIST_ROOM};
use super::options::{EstateShape, RULES_PER_GROUP};

/// The other side of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Block(Block),
    Group(u64),
    PrefixList(u64),
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Block {
    pub(super) address: u32,
    pub(super) bits: u32,
}

impl Block {
    /// Returns the block of this length that holds an address.
    pub(super) const fn around(address: u32, bits: u32) -> Self {
        let host = match u32::MAX.checked_shr(bits) {
            Some(host) => host,
            None => 0,
        };
        Self { address: address & !host, bits }
    }
}

/// The ports of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ports {
    Any,
    Range(u64, u64),
    List(u64),
}

/// A rule, in the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) direction: &'static str,
    pub(super) policy: &'static str,
    pub(super) priority: u64,
    pub(super) protocol: &'static str,
    pub(super) ports: Ports,
    pub(super) peer: Peer,
}

pub(super) const INGRESS: &str = "ingress";
pub(super) const EGRESS: &str = "egress";

const EVERYWHERE: Peer = Peer::Block(Block::around(0, 0));
const PRIVATE: Peer = Peer::Block(Block::around(0x0a00_0000, 8));

/// How often a rule is drawn anew when the group has it already.
const TRIES: u64 = 16;

/// How many rules with a group as their peer a group may have is 20; the role has two of them at most.
const REFERENCES: u64 = 18;

/// How many rules groups have, from the sixteenth with the fewest to the one with the most, before the quota cuts.
const TAIL: [u64; 16] = [5, 8, 10, 13, 16, 20, 25, 32, 40, 50, 65, 90, 130, 200, 340, 556];

const SERVICES: [u64; 20] = [
    22, 25, 53, 80, 123, 161, 389, 443, 1433, 2181, 3306, 3389, 5432, 5672, 6379, 8080, 8443, 9092, 9200,
    27017,
];

const RANGES: [(u64, u64); 6] =
    [(8000, 8100), (7000, 7010), (30000, 32767), (9000, 9999), (20000, 20099), (137, 139)];

impl Rule {
    const fn accept(protocol: &'static str, port: u64, peer: Peer) -> Self {
        let ports = if port == 0 { Ports::Any } else { Ports::Range(port, port) };
        Self { direction: INGRESS, policy: "Accept", priority: 1, protocol, ports, peer }
    }

    /// Returns what the rule takes of the quota: a list counts with all it has room for.
    const fn cost(&self) -> u64 {
        match (self.peer, self.ports) {
            (Peer::PrefixList(_), _) => PREFIX_LIST_ROOM,
            (_, Ports::List(_)) => PORT_LIST_ROOM,
            _ => 1,
        }
    }
}

impl Layout {
    /// Returns the rules of a group, each once.
    pub(super) fn rules_of(&self, group: u64) -> Vec<Rule> {
        let wanted = self.rule_count(group);
        let mut rules: Vec<Rule> = Vec::with_capacity(wanted as usize);
        let mut cost = 0;
        for position in 0..wanted {
            let draws = (0..TRIES).map(|attempt| self.rule(group, position, attempt));
            let Some(rule) = { draws }.find(|rule| !rules.contains(rule)) else { continue };
            cost += rule.cost();
            if cost > RULES_PER_GROUP {
                break;
            }
            rules.push(rule);
        }
        rules
    }

    /// Returns how many rules a group is to have. Of sixteen neighbours each takes another place in the tail.
    fn rule_count(&self, group: u64) -> u64 {
        let options = &self.options;
        let cut = |slope: u64, weight: u64| (slope * weight / 10_000).min(RULES_PER_GROUP);
        let suffices = |slope: u64| {
            let sum: u64 = TAIL.iter().map(|weight| cut(slope, *weight)).sum();
            sum * options.groups >= options.rules * 16
        };
        let (mut low, mut high) = (0, 400_000);
        while low < high {
            let middle = (low + high) / 2;
            if suffices(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        let turn = self.dice(Subject::Quantile, group / 16).below(16);
        let weight = TAIL.get(((group * 5 + turn) % 16) as usize).copied().unwrap_or_default();
        let least = match self.role(group) {
            Role::Base(_) | Role::Enterprise(_) => 3,
            Role::Bastion | Role::Monitor | Role::App(_) => 1,
        };
        cut(low, weight).max(least)
    }

    fn rule(&self, group: u64, position: u64, attempt: u64) -> Rule {
        let vpc = self.vpc_of_group(group);
        let role = self.role(group);
        if attempt == 0
            && let Some(rule) = self.standing_rule(vpc, role, position)
        {
            return rule;
        }
        let mut dice = self.dice(Subject::Rule, (group << 20) | (position << 8) | attempt);
        let mut rule = self.ticket_rule(vpc, &mut dice);
        if attempt > 0 {
            rule.protocol = "TCP";
            rule.ports = single(1024 + dice.below(60_000));
        }
        let is_everywhere = self.options.shape == EstateShape::ReferencedEverywhere;
        let is_reference = if is_everywhere { position < REFERENCES } else { position % 11 == 5 };
        if is_reference && !matches!(role, Role::Enterprise(_)) {
            let other = if is_everywhere {
                self.base(vpc, dice.below(self.bases_of(vpc)))
            } else {
                self.basic_app(vpc, dice.skewed(self.apps_of(vpc)))
            };
            // No group may name itself.
            if other != group {
                rule.peer = Peer::Group(other);
            }
        } else if position % 97 == 7 {
            rule.peer = Peer::PrefixList(dice.below(self.prefix_lists()));
        } else if position % 89 == 11 {
            rule.protocol = "TCP";
            rule.ports = Ports::List(dice.below(self.port_lists()));
        }
        rule
    }

    /// Returns the rule that the role of a group needs at this position.
    fn standing_rule(&self, vpc: u64, role: Role, position: u64) -> Option<Rule> {
        let host = |place| Peer::Block(Block::around(Self::address(place), 32));
        Some(match (role, position) {
            (Role::Base(_), 0) if self.options.shape == EstateShape::AllOpen => {
                Rule::accept("ALL", 0, EVERYWHERE)
            }
            (Role::Base(_), 0) => Rule::accept("TCP", 22, Peer::Group(self.bastion(vpc))),
            (Role::Base(_), 1) => Rule::accept("TCP", 9100, Peer::Group(self.monitor(vpc))),
            (Role::Base(_), 2) => Rule::accept("ICMP", 0, PRIVATE),
            (Role::Bastion, 0) => Rule::accept("TCP", 22, Peer::PrefixList(0)),
            (Role::Monitor, 0) => Rule::accept("TCP", 9090, Peer::Group(self.bastion(vpc))),
            // Neither side of a reference may be an enterprise group, and without a rule such a group sends nothing.
            (Role::Enterprise(_), 0) => Rule { direction: EGRESS, ..Rule::accept("ALL", 0, EVERYWHERE) },
            (Role::Enterprise(_), 1) => Rule::accept("TCP", 22, host(0)),
            (Role::Enterprise(_), 2) => Rule::accept("TCP", 9100, host(1)),
            // Three groups are an application: everybody asks the first, the first the second, that one the third.
            (Role::App(app), 0) => match app % 3 {
                0 => Rule::accept("TCP", 443, EVERYWHERE),
                1 => Rule::accept("TCP", 8080, Peer::Group(self.basic_app(vpc, app - 1))),
                _ => Rule::accept("TCP", 3306, Peer::Group(self.basic_app(vpc, app - 1))),
            },
            _ => return None,
        })
    }

    /// Draws a rule that somebody once asked for.
    fn ticket_rule(&self, vpc: u64, dice: &mut Dice) -> Rule {
        let direction = if dice.percent(8) { EGRESS } else { INGRESS };
        let (policy, priority) = match dice.percent(6) {
            true => ("Drop", dice.pick([1, 1, 1, 10, 50, 100])),
            false => ("Accept", dice.pick([1, 1, 1, 1, 1, 10, 10, 50, 100, 100])),
        };
        let protocol = match dice.below(100) {
            0..78 => "TCP",
            78..88 => "UDP",
            88..93 => "ICMP",
            93..98 => "ALL",
            _ => "GRE",
        };
        let ports = match (protocol, dice.below(100)) {
            ("TCP" | "UDP", 0..70) => single(dice.pick(SERVICES)),
            ("TCP" | "UDP", 70..85) => {
                let (low, high) = dice.pick(RANGES);
                Ports::Range(low, high)
            }
            ("TCP" | "UDP", 85..95) => single(1024 + dice.below(60_000)),
            ("TCP" | "UDP", _) => Ports::Range(1, 65_535),
            _ => Ports::Any,
        };
        Rule { direction, policy, priority, protocol, ports, peer: self.ticket_peer(vpc, dice) }
    }

    /// Draws whom a ticket names: half of the addresses are outside of the VPC.
    fn ticket_peer(&self, vpc: u64, dice: &mut Dice) -> Peer {
        let interfaces = self.interfaces_of(vpc);
        let inside = Self::address(dice.below(interfaces.end - interfaces.start));
        if self.options.shape == EstateShape::OneAddress {
            return Peer::Block(Block::around(Self::address(0), 32));
        }
        match dice.below(100) {
            0..3 => EVERYWHERE,
            3..6 => PRIVATE,
            6..9 => Peer::Block(Block::around(inside, 21)),
            9..17 => Peer::Block(Block::around(inside, 24)),
            17..25 => Peer::Block(Block::around(inside, 28)),
            25..52 => Peer::Block(Block::around(inside, 32)),
            _ => Peer::Block(outside(dice)),
        }
    }
}

const fn single(port: u64) -> Ports {
    Ports::Range(port, port)
}

/// Draws a block outside of every VPC: the data centre, the branches, partners on the Internet.
pub(super) fn outside(dice: &mut Dice) -> Block {
    let (network, room) = dice.pick([
        (0xac10_0000, 20),
        (0xac10_0000, 20),
        (0xac10_0000, 20),
        (0xc0a8_0000, 16),
        (0xcb00_7100, 8),
        (0xc633_6400, 8),
    ]);
    let address = network | dice.below(1 << room) as u32;
    Block::around(address, dice.pick([32, 32, 32, 32, 32, 28, 26, 24, 24]))
}
