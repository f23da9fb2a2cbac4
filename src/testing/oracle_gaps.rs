//! What is missing may be anything: the oracle thinks every filling of a gap possible, and nothing else.

use std::collections::BTreeSet;

use super::oracle_laws::{Dice, Pairs, ask, flows, gaps};
use super::{
    End, Kinds, Memberships, Order, Settings, apply, arb_inventory, arb_removals, baseline, sample, world,
};
use crate::inventory::{
    Direction, GroupIds, InnerAccessPolicy, Inventory, Memberships as Known, PortRangeList, PortRangeListId,
    PrefixList, PrefixListId, RuleAction, RulePeer, RulePorts, SecurityGroup, SecurityGroupId,
    SecurityGroupRule, SecurityGroupType, Tags, Unevaluable,
};
use crate::netset::{Family, IpBlock, IpProtocol, Packet, PortRange};

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
                name: "".into(),
                network,
                region: None,
                group_type: None,
                inner_access: None,
                service_managed: Some(false),
                rules: Vec::new(),
                rule_gaps: vec![crate::inventory::RuleGap { direction: None, code: "truncated-page" }],
                tags: Tags::default(),
            });
        }
        full.groups.sort_by(|a, b| a.id.cmp(&b.id));
        for group in &mut full.groups {
            let both = [SecurityGroupType::Normal, SecurityGroupType::Enterprise];
            group.group_type = group.group_type.or_else(|| Some(self.dice.pick(&both)));
            let both = [InnerAccessPolicy::Accept, InnerAccessPolicy::Drop];
            group.inner_access = group.inner_access.or_else(|| Some(self.dice.pick(&both)));
            for rule in &mut group.rules {
                match rule.unevaluable.take().as_deref() {
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
                let mut ids: GroupIds =
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
                    name: "".into(),
                    network: interface.network,
                    region: None,
                    group_type: Some(
                        self.dice.pick(&[SecurityGroupType::Normal, SecurityGroupType::Enterprise]),
                    ),
                    inner_access: Some(InnerAccessPolicy::Accept),
                    service_managed: Some(false),
                    rules,
                    rule_gaps: Vec::new(),
                    tags: Tags::default(),
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
