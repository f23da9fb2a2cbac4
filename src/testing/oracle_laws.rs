//! What must hold of the oracle and the strategies whatever they draw.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Change, End, Kinds, Memberships, Order, Settings, Shape, apply, arb_inventory, arb_removals, baseline,
    change, outcomes, probe_addresses, probe_packets, sample, world,
};
use crate::inventory::{
    Direction, InnerAccessPolicy, Inventory, Memberships as Known, PortRangeList, PortRangeListId,
    PrefixList, PrefixListId, RuleAction, RulePeer, RulePorts, SecurityGroup, SecurityGroupId,
    SecurityGroupRule, SecurityGroupType, Unevaluable,
};
use crate::netset::{Family, IpBlock, IpProtocol, Packet, PortRange, TransportSet};

/// A small stream of numbers; what it draws needs no shrinking.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

fn gaps() -> Shape {
    Shape { gaps: true, groups: 3, interfaces: 3, rules: 3, ..Shape::default() }
}

/// Draws some flows of the inventory: both ends of one VPC, or one of them external to the other's.
fn flows(inventory: &Inventory, dice: &mut Dice, count: usize) -> Vec<(End, End, Packet)> {
    let packets = probe_packets(inventory);
    let mut flows = Vec::new();
    for _ in 0..count * 10 {
        let family = dice.pick(&[Family::Ipv4, Family::Ipv4, Family::Ipv6]);
        let ours = own_ends(inventory, family);
        if ours.is_empty() {
            continue;
        }
        let mine @ End::Interface { index, .. } = dice.pick(&ours) else {
            continue;
        };
        let network = &inventory.interfaces[index].network;
        let fellow = |end: &End| match end {
            End::Interface { index: other, .. } => inventory.interfaces[*other].network == *network,
            End::External(_) => false,
        };
        let address = dice.pick(&probe_addresses(inventory, family));
        let other = if dice.roll(3) > 0 { dice.pick(&ours) } else { End::External(address) };
        let fits =
            match other {
                End::Interface { index: theirs, .. } => index != theirs && fellow(&other),
                // An address of an interface of another VPC is external.
                End::External(address) => {
                    let single = IpBlock::single(address);
                    inventory.interfaces.iter().filter(|interface| interface.network == *network).all(
                        |interface| interface.addresses.iter().all(|other| !other.block.contains(&single)),
                    )
                }
            };
        let packet = dice.pick(&packets);
        if fits && TransportSet::universe(family).contains(packet) && flows.len() < count {
            flows.push(if dice.roll(2) == 0 { (mine, other, packet) } else { (other, mine, packet) });
        }
    }
    flows
}

fn own_ends(inventory: &Inventory, family: Family) -> Vec<End> {
    let mut ends = Vec::new();
    for (index, interface) in inventory.interfaces.iter().enumerate() {
        for address in interface.addresses.iter().filter(|address| address.block.family() == family) {
            for number in [address.block.first(), address.block.last()] {
                ends.push(End::Interface { index, address: family.address(number) });
            }
        }
    }
    ends
}

type Pairs = BTreeSet<(bool, bool)>;

fn ask(
    inventory: &Inventory,
    before: &Memberships,
    after: &Memberships,
    flow: (End, End, Packet),
    settings: &Settings,
) -> Pairs {
    outcomes(inventory, before, after, settings, flow.0, flow.1, flow.2)
}

#[test]
fn generated_inventories_keep_the_promises_of_the_model() {
    for seed in 0..300 {
        let inventory = sample(&arb_inventory(&gaps()), seed);
        assert!(inventory.interfaces.is_sorted_by(|a, b| a.id < b.id));
        assert!(inventory.instances.is_sorted_by(|a, b| a.id < b.id));
        assert!(inventory.groups.is_sorted_by(|a, b| a.id < b.id));
        for group in &inventory.groups {
            assert!(group.rules.is_sorted(), "{seed}");
        }
        let mut addresses: Vec<_> = Vec::new();
        for interface in &inventory.interfaces {
            assert!(inventory.instance(interface.instance.as_ref().unwrap()).is_some());
            assert!(interface.addresses.is_sorted() && !interface.addresses.is_empty());
            addresses.extend(interface.addresses.iter().map(|address| (&interface.network, address.block)));
            let Known::Known(groups) = &interface.memberships else {
                continue;
            };
            assert!(!groups.is_empty() && groups.is_sorted_by(|a, b| a < b));
            let described: Vec<_> = groups.iter().filter_map(|id| inventory.group(id)).collect();
            assert!(described.iter().all(|group| group.network == interface.network));
            let types: BTreeSet<_> = described.iter().filter_map(|group| group.group_type).collect();
            assert!(types.len() <= 1, "one interface holds one type");
        }
        for (at, (network, block)) in addresses.iter().enumerate() {
            let others = &addresses[at + 1..];
            assert!(
                others.iter().all(|(other, theirs)| other != network || !theirs.contains(block)),
                "{seed}"
            );
        }
    }
}

#[test]
fn exact_shapes_have_exactly_what_they_say() {
    let shape = Shape { exact: true, interfaces: 40, groups: 9, rules: 6, ..Shape::default() };
    let inventory = sample(&arb_inventory(&shape), 1);
    assert_eq!((inventory.interfaces.len(), inventory.groups.len()), (40, 9));
    assert_eq!(inventory, sample(&arb_inventory(&shape), 1));
}

#[test]
fn a_world_without_gaps_misses_nothing() {
    for seed in 0..200 {
        let inventory = sample(&arb_inventory(&Shape::default()), seed);
        for group in &inventory.groups {
            assert!(group.group_type.is_some() && group.inner_access.is_some() && group.rule_gaps.is_empty());
            for rule in &group.rules {
                assert!(rule.unevaluable.is_none());
                assert!(
                    !matches!(&rule.peer, RulePeer::PrefixList(id) if !inventory.prefix_lists.contains_key(id))
                );
                assert!(
                    !matches!(&rule.ports, RulePorts::List(id) if !inventory.port_lists.contains_key(id))
                );
            }
        }
        for interface in &inventory.interfaces {
            let Known::Known(groups) = &interface.memberships else { panic!("memberships are known") };
            assert!(groups.iter().all(|id| inventory.group(id).is_some()));
        }
    }
}

#[test]
fn removals_of_generated_worlds_change_something_often() {
    for (shape, rarest) in [(Shape::default(), 150), (gaps(), 400)] {
        let mut seen: BTreeMap<Change, usize> = BTreeMap::new();
        for seed in 0..300 {
            let inventory = sample(&arb_inventory(&shape), seed);
            let removals = sample(&arb_removals(&inventory), seed);
            let before = baseline(&inventory);
            let after = apply(&before, &removals);
            for flow in flows(&inventory, &mut Dice(seed), 20) {
                let found = ask(&inventory, &before, &after, flow, &Settings::default());
                *seen.entry(change(&found)).or_default() += 1;
            }
        }
        let total: usize = seen.values().sum();
        for kind in [Change::None, Change::Lost, Change::Gained, Change::Undetermined] {
            let count = seen.get(&kind).copied().unwrap_or(0);
            assert!(count * rarest > total, "{kind:?} is too rare: {seen:?}");
        }
    }
}

#[test]
fn removing_nothing_changes_nothing() {
    for seed in 0..300 {
        let inventory = sample(&arb_inventory(&gaps()), seed);
        let state = baseline(&inventory);
        let settings = Settings { intra_group_ingress: None, ..Settings::default() };
        for flow in flows(&inventory, &mut Dice(seed), 20) {
            assert_eq!(
                change(&ask(&inventory, &state, &state, flow, &settings)),
                Change::None,
                "{seed} {flow:?}"
            );
        }
    }
}

#[test]
fn undoing_mirrors_every_outcome() {
    for seed in 0..300 {
        let inventory = sample(&arb_inventory(&gaps()), seed);
        let before = baseline(&inventory);
        let after = apply(&before, &sample(&arb_removals(&inventory), seed));
        for flow in flows(&inventory, &mut Dice(seed), 10) {
            let forth = ask(&inventory, &before, &after, flow, &Settings::default());
            let back = ask(&inventory, &after, &before, flow, &Settings::default());
            let mirrored: Pairs = back.into_iter().map(|(a, b)| (b, a)).collect();
            assert_eq!(forth, mirrored, "{seed} {flow:?}");
        }
    }
}

#[test]
fn open_settings_are_the_union_of_the_fixed_ones() {
    let open = Settings { intra_group_ingress: None, ..Settings::default() };
    let orders = [Some(Order::AcceptFirst), Some(Order::CustomFirst)];
    for seed in 0..200 {
        let inventory = sample(&arb_inventory(&gaps()), seed);
        let before = baseline(&inventory);
        let after = apply(&before, &sample(&arb_removals(&inventory), seed));
        for flow in flows(&inventory, &mut Dice(seed), 10) {
            let mut union = Pairs::new();
            for intra_group_egress in orders {
                for intra_group_ingress in orders {
                    for address_kinds in [Some(Kinds::All), Some(Kinds::Ipv4)] {
                        let fixed = Settings { intra_group_egress, address_kinds, intra_group_ingress };
                        union.extend(ask(&inventory, &before, &after, flow, &fixed));
                    }
                }
            }
            assert_eq!(ask(&inventory, &before, &after, flow, &open), union, "{seed} {flow:?}");
        }
    }
}

/// Fills every gap by chance; what a filled world says, the world with the gap must have thought possible.
struct Filling<'a> {
    dice: &'a mut Dice,
    hidden: Vec<SecurityGroupId>,
}

impl Filling<'_> {
    fn block(&mut self) -> IpBlock {
        let text = self.dice.pick(&[
            "0.0.0.0/0",
            "::/0",
            "10.0.0.0/30",
            "fd00::/126",
            "10.0.0.2/32",
            "10.64.0.0/29",
        ]);
        text.parse().unwrap()
    }

    fn rule(&mut self, direction: Direction) -> SecurityGroupRule {
        let peer = match self.dice.roll(3) {
            0 => RulePeer::Block(self.block()),
            1 => RulePeer::Block(IpBlock::all(self.dice.pick(&[Family::Ipv4, Family::Ipv6]))),
            _ => RulePeer::Group { id: self.group(), owner: None },
        };
        SecurityGroupRule {
            direction,
            priority: self.dice.pick(&[1, 2, 3, 4, 5, 99, 101, 200]),
            action: self.dice.pick(&[RuleAction::Accept, RuleAction::Drop]),
            protocol: IpProtocol::All,
            ports: RulePorts::Any,
            source_ports: None,
            peer,
            local: None,
            unevaluable: None,
            id: None,
        }
    }

    fn group(&mut self) -> SecurityGroupId {
        self.hidden[self.dice.roll(self.hidden.len())].clone()
    }

    fn rules(&mut self, direction: Direction, into: &mut Vec<SecurityGroupRule>) {
        for _ in 0..self.dice.roll(4) {
            into.push(self.rule(direction));
        }
    }

    fn fill(&mut self, gappy: &Inventory) -> Inventory {
        let mut full = gappy.clone();
        let described: BTreeSet<SecurityGroupId> =
            gappy.groups.iter().map(|group| group.id.clone()).collect();
        for id in self.hidden.iter().filter(|id| !described.contains(*id)) {
            let network = full.interfaces.iter().find(
                |interface| matches!(&interface.memberships, Known::Known(groups) if groups.contains(id)),
            );
            let network =
                network.map_or_else(|| full.interfaces[0].network.clone(), |found| found.network.clone());
            full.groups.push(SecurityGroup {
                id: id.clone(),
                name: String::new(),
                network,
                region: None,
                group_type: None,
                inner_access: None,
                service_managed: Some(false),
                rules: Vec::new(),
                rule_gaps: vec![crate::inventory::RuleGap { direction: None, code: "truncated-page" }],
                tags: BTreeMap::new(),
            });
        }
        full.groups.sort_by(|a, b| a.id.cmp(&b.id));
        for group in &mut full.groups {
            let both = [SecurityGroupType::Normal, SecurityGroupType::Enterprise];
            group.group_type = group.group_type.or_else(|| Some(self.dice.pick(&both)));
            let both = [InnerAccessPolicy::Accept, InnerAccessPolicy::Drop];
            group.inner_access = group.inner_access.or_else(|| Some(self.dice.pick(&both)));
            for rule in &mut group.rules {
                match rule.unevaluable.take() {
                    None => {}
                    // The key may have meant anything, a group too.
                    Some(Unevaluable::UnknownKey(_)) => {
                        rule.protocol = IpProtocol::All;
                        rule.ports = RulePorts::Any;
                        rule.local = None;
                        rule.peer = self.rule(rule.direction).peer;
                    }
                    // The addresses are understood.
                    Some(Unevaluable::Protocol(_) | Unevaluable::AllWithPort(_)) => {
                        rule.protocol = self.dice.pick(&[IpProtocol::All, IpProtocol::TCP, IpProtocol::GRE]);
                        rule.ports = RulePorts::Any;
                        rule.source_ports = None;
                    }
                }
            }
            for direction in [Direction::Ingress, Direction::Egress] {
                if !group.knows_rules(direction) {
                    self.rules(direction, &mut group.rules);
                }
            }
            group.rule_gaps.clear();
        }
        let rules: Vec<SecurityGroupRule> =
            full.groups.iter().flat_map(|group| group.rules.clone()).collect();
        for rule in rules {
            if let RulePeer::PrefixList(id) = rule.peer {
                self.prefix_list(&mut full, id);
            }
            if let RulePorts::List(id) = rule.ports {
                self.port_list(&mut full, id);
            }
        }
        for interface in &mut full.interfaces {
            if interface.memberships == Known::Unknown {
                let here = full.groups.iter().filter(|group| group.network == interface.network);
                let mut ids: Vec<_> =
                    here.map(|group| group.id.clone()).filter(|_| self.dice.roll(2) == 0).collect();
                ids.push(SecurityGroupId::from(format!("sg-only-of-{}", interface.id)));
                ids.sort();
                interface.memberships = Known::Known(ids);
            }
        }
        // The groups that only one interface of unknown memberships is in.
        for interface in full.interfaces.clone() {
            let id = SecurityGroupId::from(format!("sg-only-of-{}", interface.id));
            if matches!(&interface.memberships, Known::Known(groups) if groups.contains(&id)) {
                let mut rules = Vec::new();
                self.rules(Direction::Ingress, &mut rules);
                self.rules(Direction::Egress, &mut rules);
                full.groups.push(SecurityGroup {
                    id,
                    name: String::new(),
                    network: interface.network,
                    region: None,
                    group_type: Some(
                        self.dice.pick(&[SecurityGroupType::Normal, SecurityGroupType::Enterprise]),
                    ),
                    inner_access: Some(InnerAccessPolicy::Accept),
                    service_managed: Some(false),
                    rules,
                    rule_gaps: Vec::new(),
                    tags: BTreeMap::new(),
                });
            }
        }
        full.groups.sort_by(|a, b| a.id.cmp(&b.id));
        full
    }

    fn prefix_list(&mut self, full: &mut Inventory, id: PrefixListId) {
        let entries: Vec<IpBlock> = (0..self.dice.roll(3)).map(|_| self.block()).collect();
        full.prefix_lists.entry(id).or_insert(PrefixList { entries, max_entries: None });
    }

    fn port_list(&mut self, full: &mut Inventory, id: PortRangeListId) {
        let entries = [PortRange::new(1, 22), PortRange::new(81, 65535)];
        let entries = entries.into_iter().flatten().filter(|_| self.dice.roll(2) == 0).collect();
        full.port_lists.entry(id).or_insert(PortRangeList { entries, max_entries: None });
    }
}

/// Tells whether no interface holds two types, which no export shows.
fn is_possible(full: &Inventory) -> bool {
    baseline(full).iter().flatten().all(|groups| {
        let types: BTreeSet<_> =
            groups.iter().filter_map(|id| full.group(id)).map(|group| group.group_type).collect();
        types.len() <= 1
    })
}

#[test]
fn whatever_fills_the_gaps_was_thought_possible() {
    let settings = [
        Settings {
            intra_group_egress: Some(Order::CustomFirst),
            address_kinds: Some(Kinds::All),
            intra_group_ingress: Some(Order::AcceptFirst),
        },
        Settings {
            intra_group_egress: Some(Order::AcceptFirst),
            address_kinds: Some(Kinds::Ipv4),
            intra_group_ingress: Some(Order::CustomFirst),
        },
    ];
    let mut filled = 0;
    for seed in 0..600 {
        let gappy = sample(&arb_inventory(&gaps()), seed);
        let removals = sample(&arb_removals(&gappy), seed);
        let (before, after) = (baseline(&gappy), apply(&baseline(&gappy), &removals));
        let mut dice = Dice(seed);
        let mut hidden: BTreeSet<SecurityGroupId> =
            gappy.groups.iter().map(|group| group.id.clone()).collect();
        hidden.extend(before.iter().flatten().flatten().cloned());
        let hidden: Vec<SecurityGroupId> = hidden.into_iter().collect();
        if hidden.is_empty() {
            continue;
        }
        let flows = flows(&gappy, &mut dice, 15);
        for _ in 0..10 {
            let full = Filling { dice: &mut dice, hidden: hidden.clone() }.fill(&gappy);
            if !is_possible(&full) || !is_possible(&gappy) {
                continue;
            }
            filled += 1;
            let (full_before, full_after) = (baseline(&full), apply(&baseline(&full), &removals));
            for flow in &flows {
                for settings in &settings {
                    let possible = ask(&gappy, &before, &after, *flow, settings);
                    let real = ask(&full, &full_before, &full_after, *flow, settings);
                    assert_eq!(real.len(), 1, "nothing is open any more");
                    assert!(
                        real.is_subset(&possible),
                        "{seed} {flow:?} {real:?} {possible:?} {removals:?}\n{full:#?}"
                    );
                }
            }
        }
    }
    assert!(filled > 1000, "{filled}");
}

/// Every answer that the oracle gives for missing rules is given by some two rules, and no other.
#[test]
fn two_rules_reach_every_outcome_of_missing_ones() {
    let base = "X=10.0.3.3 [G1,G9]; B=10.0.2.2 [H,K]; G1{normal,drop}; G2{normal,drop}; G9{normal,drop};
                H{normal,drop}; K{normal,drop}";
    let worlds = [
        "",
        "K: in 2 drop all from 0.0.0.0/0",
        "K: in 3 accept all from 0.0.0.0/0",
        "K: in 2 accept all from sg:G1; K: in 4 drop all from sg:G2",
        "K: in 1 drop all from sg:G1; K: in 2 accept all from 0.0.0.0/0",
        "K: in 1 accept all from sg:G2; K: in 1 drop all from sg:G1",
    ];
    let mut rules = vec![String::new()];
    for priority in 1..=6 {
        for action in ["accept", "drop"] {
            for peer in ["0.0.0.0/0", "sg:G1", "sg:G2"] {
                rules.push(format!("; H: in {priority} {action} all from {peer}"));
            }
        }
    }
    let (x, b) = ("10.0.3.3".parse().unwrap(), "10.0.2.2".parse().unwrap());
    let [from, to] = [(1, x), (0, b)].map(|(index, address)| End::Interface { index, address });
    let packet = Packet::tcp(1, 80);
    for (join, local) in [(None, false), (Some("sg-G2"), false), (None, true), (Some("sg-G2"), true)] {
        for extra in worlds {
            let state_after = |before: &Memberships| {
                let mut after = before.clone();
                // The far side leaves G1 and may join G2; the near side may leave the group with the gap.
                let groups = after[1].as_mut().unwrap();
                groups.remove("sg-G1");
                groups.extend(join.map(SecurityGroupId::from));
                if local {
                    after[0].as_mut().unwrap().remove("sg-H");
                }
                after
            };
            let answer = |text: &str| {
                let inventory = world(text).unwrap();
                let before = baseline(&inventory);
                let after = state_after(&before);
                ask(&inventory, &before, &after, (from, to, packet), &Settings::default())
            };
            let claimed = answer(&format!("{base}; {extra}; H: gap in"));
            let mut reached = Pairs::new();
            for one in &rules {
                for other in &rules {
                    reached.extend(answer(&format!("{base}; {extra}{one}{other}")));
                }
            }
            assert_eq!(claimed, reached, "{join:?} {local} {extra}");
        }
    }
}
