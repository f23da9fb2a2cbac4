//! Laws of what does not matter: bystanders, names, and where in the address space an estate lies.

use std::net::{IpAddr, Ipv4Addr};

use super::ground::{Checked, Dice, broken, effect, named, pairs, run, same_effects};
use super::leaving::same_in;
use crate::graph::SecurityGraph;
use crate::inventory::{
    AddressKind, InnerAccessPolicy, Instance, InterfaceAddress, InterfaceKind, Inventory, Memberships,
    Network, NetworkInterface, RulePeer, SecurityGroup, SecurityGroupType, Tags,
};
use crate::netset::{Family, IpBlock, IpProtocol, Packet};
use crate::testing::notation::sort;
use crate::testing::{ArbRemoval, End, probe_packets};

/// Adds an instance in a group of its own, behind all others in every list.
fn with_bystander(inventory: &Inventory, network: Network, address: IpBlock) -> Inventory {
    let mut other = inventory.clone();
    other.instances.push(Instance {
        id: "i-~bystander".into(),
        name: "bystander".into(),
        status: "Running".into(),
        region: None,
        locks: Some(Box::default()),
        tags: Tags::default(),
    });
    other.interfaces.push(NetworkInterface {
        id: "eni-~bystander".into(),
        name: "bystander".into(),
        kind: InterfaceKind::Primary,
        status: "InUse".into(),
        instance: Some("i-~bystander".into()),
        network: network.clone(),
        vswitch: None,
        region: None,
        owner: None,
        memberships: Memberships::Known(vec!["sg-~bystander".into()].into()),
        addresses: vec![InterfaceAddress { block: address, kind: AddressKind::Primary }].into(),
        service_managed: Some(false),
        tags: Tags::default(),
    });
    other.groups.push(SecurityGroup {
        id: "sg-~bystander".into(),
        name: "bystander".into(),
        network,
        region: None,
        group_type: Some(SecurityGroupType::Normal),
        inner_access: Some(InnerAccessPolicy::Drop),
        service_managed: Some(false),
        rules: Vec::new(),
        rule_gaps: Vec::new(),
        tags: Tags::default(),
    });
    sort(&mut other);
    other
}

/// MR-23: another VPC, with an address that is in use here too, changes nothing at all.
pub fn unrelated_vpc(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let taken = inventory.interfaces.iter().flat_map(|interface| &interface.addresses).next();
    let address = taken.map_or(IpBlock::single(Ipv4Addr::new(10, 0, 0, 1).into()), |held| held.block);
    let other = with_bystander(inventory, Network::Vpc("vpc-~bystander".into()), address);
    same_impact(inventory, &other, removals)
}

/// Fails where anything at all differs; both estates have the same positions.
fn same_impact(inventory: &Inventory, other: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let removals = named(inventory, removals);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other.clone()));
    let (one, two) = (run(&first, &removals, readings)?, run(&second, &removals, readings)?);
    if one.impact == two.impact && one.verdict == two.verdict {
        Ok(())
    } else {
        broken(format!("first {:?} {:?}, then {:?} {:?}", one.verdict, one.impact, two.verdict, two.impact))
    }
}

/// MR-23: one more instance of the same VPC, in a group of its own, changes nothing between the others.
pub fn unrelated_interface(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let Some(removal) = removals.first() else { return Ok(()) };
    let Some(interface) = inventory.interfaces.get(removal.interface) else { return Ok(()) };
    let free = Ipv4Addr::new(10, 255, 255, 254).into();
    let address = IpBlock::single(free);
    if inventory
        .interfaces
        .iter()
        .flat_map(|other| &other.addresses)
        .any(|held| held.block.contains(&address))
    {
        return Ok(());
    }
    let other = with_bystander(inventory, interface.network.clone(), address);
    // The address of the new instance was external and is not any more.
    let is_old = |(from, to): &(End, End)| from.address() != free && to.address() != free;
    let pairs: Vec<(End, End)> =
        pairs(&[inventory], removals, &mut dice).into_iter().filter(is_old).collect();
    let removals = named(inventory, removals);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let one = run(&first, &removals, readings)?;
    same_effects(&one, &run(&second, &removals, readings)?, &pairs, |end| end)
}

/// Names, tags and states are for people: they change nothing but what the API refuses.
pub fn names_do_not_matter(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut other = inventory.clone();
    let tags: Tags = [("sg-1", "10.0.0.1")].into_iter().collect();
    for instance in &mut other.instances {
        (instance.name, instance.tags) = ("eni-1".into(), tags.clone());
    }
    for interface in &mut other.interfaces {
        (interface.name, interface.tags) = ("sg-1".into(), tags.clone());
    }
    for group in &mut other.groups {
        (group.name, group.tags) = ("default".into(), tags.clone());
    }
    same_impact(inventory, &other, removals)
}

/// Rules are what they say; their ids change nothing.
pub fn rule_ids_do_not_matter(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut other = inventory.clone();
    // Whether two rules that are not understood match is one question for each; without ids they could become one.
    for rule in other.groups.iter_mut().flat_map(|group| &mut group.rules) {
        if rule.unevaluable.is_none() {
            rule.id = None;
        }
    }
    sort(&mut other);
    same_in(inventory, &other, removals, Dice::of(inventory, removals).readings())
}

const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200));
/// Mirrors the line of addresses in blocks of any size, so that blocks stay blocks.
const MASKS: [(Family, u128); 2] =
    [(Family::Ipv4, 0x0105_0300), (Family::Ipv6, (0x0101 << 96) | (0x5 << 64))];

fn mirrored(family: Family, number: u128) -> u128 {
    MASKS.iter().filter(|(of, _)| *of == family).fold(number, |number, (_, mask)| number ^ mask)
}

fn mirrored_address(address: IpAddr) -> IpAddr {
    let block = IpBlock::single(address);
    block.family().address(mirrored(block.family(), block.first()))
}

fn mirrored_block(block: IpBlock) -> IpBlock {
    IpBlock::around(block.family(), mirrored(block.family(), block.first()), block.length())
}

fn translated(inventory: &Inventory) -> Inventory {
    let mut other = inventory.clone();
    for interface in &mut other.interfaces {
        for held in interface.addresses.iter_mut() {
            held.block = mirrored_block(held.block);
        }
        interface.addresses.sort_unstable();
    }
    for rule in other.groups.iter_mut().flat_map(|group| &mut group.rules) {
        if let RulePeer::Block(block) = &mut rule.peer {
            *block = mirrored_block(*block);
        }
        rule.local = rule.local.take().map(|local| Box::new(mirrored_block(*local)));
    }
    for list in other.prefix_lists.values_mut() {
        list.entries = list.entries.iter().copied().map(mirrored_block).collect();
        list.entries.sort_unstable();
    }
    sort(&mut other);
    other
}

fn translation(inventory: &Inventory, removals: &[ArbRemoval], exempt: bool) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let other = translated(inventory);
    let is_exempt = |end: End| [end.address(), mirrored_address(end.address())].contains(&METADATA);
    let pairs: Vec<(End, End)> = pairs(&[inventory], removals, &mut dice)
        .into_iter()
        .filter(|(from, to)| !exempt || !(is_exempt(*from) || is_exempt(*to)))
        .collect();
    let map = |end| match end {
        End::Interface { index, address } => End::Interface { index, address: mirrored_address(address) },
        End::External(address) => End::External(mirrored_address(address)),
    };
    let removals = named(inventory, removals);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let one = run(&first, &removals, readings)?;
    same_effects(&one, &run(&second, &removals, readings)?, &pairs, map)
}

/// MR-24: an estate may lie anywhere; only the metadata address is a place of its own.
pub fn translation_of_addresses(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    translation(inventory, removals, true)
}

/// [`translation_of_addresses`], the metadata address included.
pub(super) fn translation_of_addresses_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    translation(inventory, removals, false)
}

/// Takes every address and block of a family out.
fn without(inventory: &Inventory, family: Family) -> Inventory {
    let mut other = inventory.clone();
    for interface in &mut other.interfaces {
        interface.addresses.retain(|held| held.block.family() != family);
    }
    for group in &mut other.groups {
        group.rules.retain(|rule| {
            // A rule that is not understood says nothing of its family.
            let block = match &rule.peer {
                RulePeer::Block(block) => Some(*block),
                RulePeer::Group { .. } | RulePeer::PrefixList(_) => rule.local.as_deref().copied(),
            };
            rule.unevaluable.is_some() || block.is_none_or(|block| block.family() != family)
        });
    }
    for list in other.prefix_lists.values_mut() {
        list.entries.retain(|entry| entry.family() != family);
    }
    other
}

fn family_alone(inventory: &Inventory, removals: &[ArbRemoval], gone: Family) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let stays = |(from, _): &(End, End)| Family::of(from.address()) != gone;
    let pairs: Vec<(End, End)> = pairs(&[inventory], removals, &mut dice).into_iter().filter(stays).collect();
    let other = without(inventory, gone);
    let removals = named(inventory, removals);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let one = run(&first, &removals, readings)?;
    same_effects(&one, &run(&second, &removals, readings)?, &pairs, |end| end)
}

/// MR-25: without IPv6, IPv4 is what it was.
pub fn families_are_independent_v4(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    family_alone(inventory, removals, Family::Ipv6)
}

/// MR-25: without IPv4, IPv6 is what it was.
pub fn families_are_independent_v6(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    family_alone(inventory, removals, Family::Ipv4)
}

/// MR-26: TCP and UDP are treated alike.
pub fn tcp_and_udp_are_alike(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let swapped = |number| match number {
        6 => 17,
        17 => 6,
        other => other,
    };
    let mut other = inventory.clone();
    for rule in other.groups.iter_mut().flat_map(|group| &mut group.rules) {
        if let IpProtocol::Number(number) = &mut rule.protocol {
            *number = swapped(*number);
        }
    }
    sort(&mut other);
    let pairs = pairs(&[inventory], removals, &mut dice);
    let packets = probe_packets(inventory);
    let removals = named(inventory, removals);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let (one, two) = (run(&first, &removals, readings)?, run(&second, &removals, readings)?);
    for pair in pairs {
        let (here, there) = (effect(&one, pair), effect(&two, pair));
        for packet in &packets {
            let twin = Packet { protocol: swapped(packet.protocol), ..*packet };
            for (a, b) in
                [(&here.lost, &there.lost), (&here.gained, &there.gained), (&here.open, &there.open)]
            {
                if a.contains(*packet) != b.contains(twin) {
                    return broken(format!("{pair:?}: {packet:?} and {twin:?} differ"));
                }
            }
        }
    }
    Ok(())
}
