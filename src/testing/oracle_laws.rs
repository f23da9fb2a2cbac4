//! What must hold of the oracle and the strategies whatever they draw.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Change, End, Kinds, Memberships, Order, Settings, Shape, apply, arb_inventory, arb_removals, baseline,
    change, outcomes, probe_addresses, probe_packets, sample,
};
use crate::inventory::{Inventory, Memberships as Known, RulePeer, RulePorts};
use crate::netset::{Family, IpBlock, Packet, TransportSet};

/// A small stream of numbers; what it draws needs no shrinking.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len())]
    }
}

pub(super) fn gaps() -> Shape {
    Shape { gaps: true, groups: 3, interfaces: 3, rules: 3, ..Shape::default() }
}

/// Draws some flows of the inventory: both ends of one VPC, or one of them external to the other's.
pub(super) fn flows(inventory: &Inventory, dice: &mut Dice, count: usize) -> Vec<(End, End, Packet)> {
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

pub(super) type Pairs = BTreeSet<(bool, bool)>;

pub(super) fn ask(
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
