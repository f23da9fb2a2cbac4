//! An estate compared pair by pair: what one would write in an afternoon, to be measured against.
//!
//! Takes the folder of a generated estate and prints how many ordered pairs of interfaces lose some traffic and how
//! many gain some, when all its removals happen.
//!
//! 1. An interface has the rules of all its groups, strongest first. The defaults are rules as well.
//! 2. One side of a pair walks its rules over the traffic that is still undecided.
//! 3. Every changed interface meets every other one of its VPC: both directions, before and after.
//!
//! There are no classes, no memo and no index. What generated estates do not hold is refused, never guessed.

#![allow(clippy::expect_used, clippy::panic, reason = "a comparison that cannot begin stops")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the counts are what is compared")]

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::{env, fs};

use sgleave::inventory::{
    Direction, InnerAccessPolicy, InterfaceKind, Inventory, Memberships, NetworkInterface, RuleAction,
    RulePeer, RulePorts, SecurityGroup, SecurityGroupRule, SecurityGroupType, Source, VpcId, load,
};
use sgleave::netset::{Family, IpBlock, IpProtocol, PortRange};
use sgleave::simulate::read_csv;

/// First and last of a run of numbers.
type Interval = (u32, u32);

// All traffic is one line. The protocols that no rule names are decided alike, so one point stands for them.
const TCP: u32 = 0;
const UDP: u32 = 65_535;
const ICMP: u32 = 2 * UDP + 1;
const GRE: u32 = ICMP + 1;
const OTHERS: u32 = GRE + 1;
const EVERYTHING: Interval = (TCP + 1, OTHERS);

/// The other side of a rule.
enum Peer {
    Blocks(Vec<Interval>),
    /// By position in the inventory.
    Group(usize),
}

struct Rule {
    direction: Direction,
    /// Smaller is stronger, and Drop is smaller than Accept.
    strength: (u16, RuleAction),
    traffic: Vec<Interval>,
    peer: Peer,
}

/// The groups of an interface, and what follows from them.
struct State<'r> {
    groups: Vec<usize>,
    egress: Vec<&'r Rule>,
    ingress: Vec<&'r Rule>,
}

struct Interface<'r> {
    vpc: &'r VpcId,
    addresses: Vec<u32>,
    before: State<'r>,
    /// Where the groups differ.
    after: Option<State<'r>>,
}

impl Interface<'_> {
    fn after(&self) -> &State<'_> {
        self.after.as_ref().unwrap_or(&self.before)
    }
}

fn main() {
    // `cargo bench` gives options only, and no estate.
    let Some(estate) = env::args().skip(1).find(|argument| !argument.starts_with("--")) else {
        return eprintln!("naive: name the folder of an estate, as side-by-side does");
    };
    let inventory = load(sources(&Path::new(&estate).join("export"))).expect("a complete export");
    let rules: Vec<Vec<Rule>> =
        (0..).zip(&inventory.groups).map(|(at, group)| rules_of(&inventory, at, group)).collect();
    let leaving = removals(&inventory, &Path::new(&estate).join("removals.csv"));
    let interfaces: Vec<Interface<'_>> =
        inventory.interfaces.iter().map(|one| interface(&inventory, &rules, &leaving, one)).collect();

    let (mut lost, mut gained) = (0_u64, 0_u64);
    for (at, one) in interfaces.iter().enumerate().filter(|(_, one)| one.after.is_some()) {
        for (other_at, other) in interfaces.iter().enumerate() {
            // A pair of changed interfaces is compared once.
            let is_done = other_at < at && other.after.is_some();
            if other_at == at || other.vpc != one.vpc || is_done {
                continue;
            }
            for (from, to) in [(one, other), (other, one)] {
                let (loses, gains) = compare(from, to);
                lost += u64::from(loses);
                gained += u64::from(gains);
            }
        }
    }
    println!("{lost} {gained}");
}

/// Tells whether some traffic of an ordered pair is lost, and whether some is gained, at any of the addresses.
fn compare(from: &Interface<'_>, to: &Interface<'_>) -> (bool, bool) {
    let (mut loses, mut gains) = (false, false);
    for source in &from.addresses {
        for destination in &to.addresses {
            let before = passing((&from.before, *source), (&to.before, *destination));
            let after = passing((from.after(), *source), (to.after(), *destination));
            loses |= !is_within(&before, &after);
            gains |= !is_within(&after, &before);
        }
    }
    (loses, gains)
}

/// Returns what leaves the one side and enters the other.
fn passing((from, source): (&State<'_>, u32), (to, destination): (&State<'_>, u32)) -> Vec<Interval> {
    let out = accepted(&from.egress, destination, &to.groups);
    let into = accepted(&to.ingress, source, &from.groups);
    let mut both = Vec::new();
    for (low, high) in &out {
        for (other_low, other_high) in &into {
            let (first, last) = (*low.max(other_low), *high.min(other_high));
            if first <= last {
                both.push((first, last));
            }
        }
    }
    both
}

/// Returns the traffic that one side accepts: for each piece of it, the first rule that matches decides. Ascending.
fn accepted(rules: &[&Rule], address: u32, groups: &[usize]) -> Vec<Interval> {
    let mut accepted = Vec::new();
    let mut undecided = vec![EVERYTHING];
    let mut rest = Vec::new();
    for rule in rules.iter().filter(|rule| matches(&rule.peer, address, groups)) {
        for (rule_low, rule_high) in &rule.traffic {
            for (low, high) in undecided.drain(..) {
                let (first, last) = (low.max(*rule_low), high.min(*rule_high));
                if first > last {
                    rest.push((low, high));
                    continue;
                }
                if rule.strength.1 == RuleAction::Accept {
                    accepted.push((first, last));
                }
                if low < first {
                    rest.push((low, first - 1));
                }
                if last < high {
                    rest.push((last + 1, high));
                }
            }
            std::mem::swap(&mut undecided, &mut rest);
        }
        if undecided.is_empty() {
            break;
        }
    }
    accepted.sort_unstable();
    accepted
}

fn matches(peer: &Peer, address: u32, groups: &[usize]) -> bool {
    match peer {
        Peer::Blocks(blocks) => blocks.iter().any(|(first, last)| *first <= address && address <= *last),
        Peer::Group(group) => groups.contains(group),
    }
}

/// Tells whether all of `part` is in `whole`; both ascend.
fn is_within(part: &[Interval], whole: &[Interval]) -> bool {
    part.iter().all(|(low, high)| {
        let mut next = *low;
        for (first, last) in whole {
            if *first <= next && next <= *last {
                next = last + 1;
            }
        }
        next > *high
    })
}

fn sources(export: &Path) -> Vec<Source> {
    let files = fs::read_dir(export).expect("the folder of an export");
    let source = |path: &Path| Source {
        name: path.display().to_string(),
        bytes: fs::read(path).expect("a readable file"),
    };
    files.map(|file| source(&file.expect("a readable folder").path())).collect()
}

/// Returns the groups that interfaces leave, by the position of the interface.
fn removals(inventory: &Inventory, list: &Path) -> BTreeMap<String, Vec<usize>> {
    let text = fs::read_to_string(list).expect("a list of removals");
    let mut leaving: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for proposed in read_csv(&list.display().to_string(), &text).expect("a list the generator wrote") {
        let removal = proposed.removal;
        assert!(removal.join.is_none(), "generated removals join nothing");
        leaving.entry(removal.target).or_default().push(group_at(inventory, &removal.group));
    }
    leaving
}

fn group_at(inventory: &Inventory, id: &str) -> usize {
    let found = inventory.groups.binary_search_by(|group| group.id.as_str().cmp(id));
    found.unwrap_or_else(|_| panic!("`{id}` is no group of the export"))
}

fn interface<'r>(
    inventory: &'r Inventory,
    rules: &'r [Vec<Rule>],
    leaving: &BTreeMap<String, Vec<usize>>,
    described: &'r NetworkInterface,
) -> Interface<'r> {
    let Memberships::Known(ids) = &described.memberships else { panic!("generated memberships are known") };
    let groups: Vec<usize> = ids.iter().map(|id| group_at(inventory, id.as_str())).collect();
    // An instance stands for its primary interface.
    let instance = described.instance.as_ref().filter(|_| described.kind == InterfaceKind::Primary);
    let names = [Some(described.id.as_str()), instance.map(|id| id.as_str())];
    let left: Vec<usize> =
        names.iter().flatten().filter_map(|name| leaving.get(*name)).flatten().copied().collect();
    let remaining = groups.iter().filter(|group| !left.contains(group)).copied().collect();
    Interface {
        vpc: described.network.vpc().expect("generated interfaces are in a VPC"),
        addresses: described.addresses.iter().map(|address| single(address.block)).collect(),
        before: state(rules, groups),
        after: (!left.is_empty()).then(|| state(rules, remaining)),
    }
}

fn state(rules: &[Vec<Rule>], groups: Vec<usize>) -> State<'_> {
    let sorted = |direction| {
        let of_group = groups.iter().filter_map(|group| rules.get(*group)).flatten();
        let mut sorted: Vec<&Rule> = of_group.filter(|rule| rule.direction == direction).collect();
        sorted.sort_by_key(|rule| rule.strength);
        sorted
    };
    let (egress, ingress) = (sorted(Direction::Egress), sorted(Direction::Ingress));
    State { groups, egress, ingress }
}

/// Returns the rules of a group and those that come with its kind.
fn rules_of(inventory: &Inventory, at: usize, group: &SecurityGroup) -> Vec<Rule> {
    let mut rules: Vec<Rule> = group.rules.iter().map(|rule| compile(inventory, rule)).collect();
    let mut default = |direction, priority, peer| {
        let strength = (priority, RuleAction::Accept);
        rules.push(Rule { direction, strength, traffic: vec![EVERYTHING], peer });
    };
    if group.group_type == Some(SecurityGroupType::Normal) {
        default(Direction::Egress, u16::MAX, Peer::Blocks(vec![(0, u32::MAX)]));
        // Read as accept-first, this comes before every rule on both sides.
        if group.inner_access == Some(InnerAccessPolicy::Accept) {
            default(Direction::Egress, 0, Peer::Group(at));
            default(Direction::Ingress, 0, Peer::Group(at));
        }
    }
    rules
}

fn compile(inventory: &Inventory, rule: &SecurityGroupRule) -> Rule {
    let is_plain = rule.unevaluable.is_none() && rule.source_ports.is_none() && rule.local.is_none();
    assert!(is_plain && rule.priority > 0, "no generated rule is like `{rule}`");
    let peer = match &rule.peer {
        RulePeer::Block(block) => Peer::Blocks(vec![bounds(*block)]),
        RulePeer::PrefixList(id) => {
            let list = inventory.prefix_lists.get(id).expect("generated lists are known");
            Peer::Blocks(list.entries.iter().map(|block| bounds(*block)).collect())
        }
        RulePeer::Group { id, .. } => Peer::Group(group_at(inventory, id.as_str())),
    };
    let (direction, strength) = (rule.direction, (rule.priority, rule.action));
    Rule { direction, strength, traffic: traffic(inventory, rule), peer }
}

fn traffic(inventory: &Inventory, rule: &SecurityGroupRule) -> Vec<Interval> {
    let base = match rule.protocol {
        IpProtocol::All => return vec![EVERYTHING],
        IpProtocol::Number(1) => return vec![(ICMP, ICMP)],
        IpProtocol::Number(47) => return vec![(GRE, GRE)],
        IpProtocol::Number(6) => TCP,
        IpProtocol::Number(17) => UDP,
        IpProtocol::Number(_) => panic!("no generated rule is like `{rule}`"),
    };
    let shift = |range: &PortRange| (base + u32::from(range.low()), base + u32::from(range.high()));
    match &rule.ports {
        RulePorts::Any => vec![(base + 1, base + u32::from(u16::MAX))],
        RulePorts::Ranges(ranges) => ranges.iter().map(shift).collect(),
        RulePorts::List(id) => {
            let list = inventory.port_lists.get(id).expect("generated lists are known");
            list.entries.iter().map(shift).collect()
        }
    }
}

fn bounds(block: IpBlock) -> Interval {
    assert!(block.family() == Family::Ipv4, "generated estates are IPv4");
    let number = |number: u128| u32::try_from(number).expect("an IPv4 address");
    (number(block.first()), number(block.last()))
}

fn single(block: IpBlock) -> u32 {
    match block.address() {
        IpAddr::V4(address) if block.is_single() => address.to_bits(),
        _ => panic!("generated addresses are single ones of IPv4"),
    }
}
