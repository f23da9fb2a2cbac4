//! A plan becomes an inventory: references are resolved, addresses laid out, promises of the model kept.

use proptest::sample::Index;

use super::Shape;
use super::plan::{BlockPlan, GroupPlan, InterfacePlan, MotifPlan, PeerPlan, PortsPlan, RulePlan, WorldPlan};
use crate::inventory::{
    AccountId, AddressKind, Direction, GroupIds, InnerAccessPolicy, Instance, InstanceId, InterfaceAddress,
    InterfaceKind, Inventory, Memberships, Network, NetworkInterface, NetworkInterfaceId, PortRangeList,
    PortRangeListId, PrefixList, PrefixListId, RegionId, RuleAction, RuleGap, RulePeer, RulePorts,
    SecurityGroup, SecurityGroupId, SecurityGroupRule, SecurityGroupRuleId, SecurityGroupType, Tags,
    Unevaluable, VpcId,
};
use crate::netset::{Family, IpBlock, PortRange, PortSet};
use crate::testing::notation::sort;

const POOL_V4: u128 = 0x0a00_0000;
const PREFIXES_V4: u128 = 0x0a40_0000;
const POOL_V6: u128 = 0xfd00 << 112;
const PREFIXES_V6: u128 = (0xfd00 << 112) | (1 << 64);
/// 1.2.3.4, the metadata address and 192.168.0.1: nobody's addresses.
const OUTSIDE_V4: [u128; 3] = [0x0102_0304, 0x6464_64c8, 0xc0a8_0001];
const OUTSIDE_V6: [u128; 1] = [0x2001_0db8 << 96];

/// The network of a part, in a world that may have one VPC only.
fn vpc(plan: &WorldPlan, second: bool) -> Network {
    Network::Vpc(VpcId::from(if plan.second_vpc && second { "vpc-2" } else { "vpc-1" }))
}

fn region() -> Option<RegionId> {
    Some(RegionId::from("cn-hangzhou"))
}

fn group_id(position: usize) -> SecurityGroupId {
    SecurityGroupId::from(format!("sg-{position}"))
}

pub(super) fn build(shape: Shape, plan: &WorldPlan) -> Inventory {
    let mut inventory = Inventory::default();
    place_interfaces(plan, &mut inventory);
    let pools = Pools::of(&inventory);
    build_lists(plan, &pools, &mut inventory);
    for (position, group) in plan.groups.iter().enumerate().filter(|(_, group)| group.described) {
        let rules = group.rules.iter().enumerate();
        let rules = rules.map(|(at, rule)| build_rule(shape, plan, &pools, position, at, rule)).collect();
        let group_type =
            if group.enterprise { SecurityGroupType::Enterprise } else { SecurityGroupType::Normal };
        // The policy of enterprise groups is fixed (law 3).
        let inner_access = if group.accept && !group.enterprise {
            InnerAccessPolicy::Accept
        } else {
            InnerAccessPolicy::Drop
        };
        let gap = |direction| RuleGap { direction, code: "truncated-page" };
        inventory.groups.push(SecurityGroup {
            id: group_id(position),
            name: format!("group {position}").into(),
            network: vpc(plan, group.second_vpc),
            region: region(),
            group_type: Some(group_type).filter(|_| group.type_known),
            inner_access: Some(inner_access).filter(|_| group.inner_known),
            service_managed: Some(false),
            rules,
            rule_gaps: group.gap.into_iter().map(gap).collect(),
            tags: Tags::default(),
        });
    }
    for (number, motif) in plan.motifs.iter().enumerate() {
        add_motif(shape, plan, &pools, (number, motif), &mut inventory);
    }
    sort(&mut inventory);
    inventory
}

/// Writes the rules of a motif into two groups of one interface, where there are two.
fn add_motif(
    shape: Shape,
    plan: &WorldPlan,
    pools: &Pools,
    (number, motif): (usize, &MotifPlan),
    inventory: &mut Inventory,
) {
    let held = |interface: &NetworkInterface| match &interface.memberships {
        Memberships::Known(ids) => ids.clone(),
        Memberships::Unknown => GroupIds::new(),
    };
    let pools_of: Vec<GroupIds> = inventory.interfaces.iter().map(held).filter(|ids| ids.len() > 1).collect();
    if pools_of.is_empty() {
        return;
    }
    let mut ids = motif.interface.get(&pools_of).clone();
    let leave = ids.remove(motif.leave.index(ids.len()));
    let stay = ids.remove(motif.stay.index(ids.len()));
    let rule = |plan_of: &RulePlan, place: usize| {
        let position = number * 3 + place;
        let plan_of = RulePlan { unevaluable: false, ..plan_of.clone() };
        build_rule(shape, plan, pools, plan.groups.len(), position, &plan_of)
    };
    let (dropped, accepted) = (rule(&motif.hidden, 0), rule(&motif.hidden, 1));
    let priority = if motif.tie { dropped.priority } else { dropped.priority + 1 };
    let rules = [
        (&leave, SecurityGroupRule { action: RuleAction::Drop, ..dropped }),
        (&stay, SecurityGroupRule { action: RuleAction::Accept, priority, ..accepted }),
        (&leave, SecurityGroupRule { action: RuleAction::Accept, ..rule(&motif.own, 2) }),
    ];
    for (id, rule) in rules {
        if let Some(group) = inventory.groups.iter_mut().find(|group| group.id == *id) {
            group.rules.push(rule);
        }
    }
}

fn build_lists(plan: &WorldPlan, pools: &Pools, inventory: &mut Inventory) {
    for (position, entries) in plan.prefix_lists.iter().enumerate() {
        // A list has one family (law 1.1): that of its first entry.
        let ipv6 = entries.first().is_some_and(|entry| entry.ipv6);
        let mut entries: Vec<IpBlock> =
            entries.iter().map(|entry| pools.block(BlockPlan { ipv6, ..*entry })).collect();
        entries.sort_unstable();
        entries.dedup();
        let list = PrefixList { entries, max_entries: None };
        inventory.prefix_lists.insert(PrefixListId::from(format!("pl-{position}")), list);
    }
    for (position, entries) in plan.port_lists.iter().enumerate() {
        let set: PortSet = entries.iter().copied().collect();
        let list = PortRangeList { entries: set.ranges().to_vec(), max_entries: None };
        inventory.port_lists.insert(PortRangeListId::from(format!("prl-{position}")), list);
    }
}

/// The first free position of each pool of one VPC.
#[derive(Default)]
struct Free {
    v4: u128,
    v6: u128,
    prefixes_v4: u128,
    prefixes_v6: u128,
}

impl Free {
    /// Lays the addresses of an interface into the pools, one behind the other.
    fn take(&mut self, plan: &InterfacePlan) -> Vec<InterfaceAddress> {
        let mut addresses = Vec::new();
        let mut add = |kind, family, number, length| {
            let block = IpBlock::around(family, number, length);
            addresses.push(InterfaceAddress { block, kind });
        };
        // An interface without any address is a primary address away from being useful.
        let bare = plan.v4.is_empty() && plan.v6.is_empty();
        let skips = if bare { [0].as_slice() } else { plan.v4.as_slice() };
        for (at, skip) in skips.iter().enumerate() {
            self.v4 += u128::from(*skip) + 1;
            let kind = if at == 0 { AddressKind::Primary } else { AddressKind::Secondary };
            add(kind, Family::Ipv4, POOL_V4 + self.v4, 32);
        }
        for skip in &plan.v6 {
            self.v6 += u128::from(*skip) + 1;
            add(AddressKind::Ipv6, Family::Ipv6, POOL_V6 + self.v6, 128);
        }
        if plan.prefix_v4 {
            add(AddressKind::Prefix, Family::Ipv4, PREFIXES_V4 + (self.prefixes_v4 << 4), 28);
            self.prefixes_v4 += 1;
        }
        if plan.prefix_v6 {
            add(AddressKind::Prefix, Family::Ipv6, PREFIXES_V6 + (self.prefixes_v6 << 48), 80);
            self.prefixes_v6 += 1;
        }
        addresses.sort_unstable();
        addresses
    }
}

fn place_interfaces(plan: &WorldPlan, inventory: &mut Inventory) {
    // Both VPCs have the same pools, so addresses recur.
    let (mut first, mut second) = (Free::default(), Free::default());
    for (position, interface) in plan.interfaces.iter().enumerate() {
        // An interface lives where there are groups: the API leaves none without one.
        let wanted = interface.second_vpc;
        let inhabited = plan.groups.iter().any(|group| group.second_vpc == wanted);
        let in_second = plan.second_vpc && if inhabited { wanted } else { !wanted };
        let network = vpc(plan, in_second);
        let addresses = if in_second { second.take(interface) } else { first.take(interface) };
        // A second interface of the instance before it, where both live in one VPC.
        let host = inventory.interfaces.last();
        let host = host.filter(|host| interface.secondary && host.network == network);
        let kind = if host.is_some() { InterfaceKind::Secondary } else { InterfaceKind::Primary };
        let host = host.and_then(|host| host.instance.clone());
        let instance = host.unwrap_or_else(|| InstanceId::from(format!("i-{position}")));
        if kind == InterfaceKind::Primary {
            inventory.instances.push(Instance {
                id: instance.clone(),
                name: format!("instance {position}").into(),
                status: "Running".into(),
                region: region(),
                locks: Some(Box::default()),
                tags: Tags::default(),
            });
        }
        inventory.interfaces.push(NetworkInterface {
            id: NetworkInterfaceId::from(format!("eni-{position}")),
            name: format!("interface {position}").into(),
            kind,
            status: "InUse".into(),
            instance: Some(instance),
            vswitch: None,
            region: region(),
            owner: None,
            memberships: memberships(plan, interface, &network),
            network,
            addresses: addresses.into(),
            service_managed: Some(false),
            tags: Tags::default(),
        });
    }
}

/// Picks groups of one VPC and one type (law 3); of the other type where the VPC has none of the wanted one.
fn memberships(plan: &WorldPlan, interface: &InterfacePlan, network: &Network) -> Memberships {
    if interface.unknown {
        return Memberships::Unknown;
    }
    let of_type = |enterprise: bool| -> Vec<usize> {
        let here = |group: &GroupPlan| vpc(plan, group.second_vpc) == *network;
        let groups = plan.groups.iter().enumerate();
        let fitting = groups.filter(|(_, group)| here(group) && group.enterprise == enterprise);
        fitting.map(|(at, _)| at).collect()
    };
    let mut pool = of_type(interface.enterprise);
    if pool.is_empty() {
        pool = of_type(!interface.enterprise);
    }
    if pool.is_empty() {
        return Memberships::Known(GroupIds::new());
    }
    let mut ids: GroupIds = interface.groups.iter().map(|at| group_id(*at.get(&pool))).collect();
    ids.sort_unstable();
    ids.dedup();
    Memberships::Known(ids)
}

/// The addresses that blocks are drawn around.
struct Pools {
    v4: Vec<u128>,
    v6: Vec<u128>,
}

impl Pools {
    fn of(inventory: &Inventory) -> Self {
        let of = |family: Family, outside: &[u128]| -> Vec<u128> {
            let blocks = inventory.interfaces.iter().flat_map(|interface| &interface.addresses);
            let blocks = blocks.map(|address| address.block).filter(|block| block.family() == family);
            let middle = |block: IpBlock| block.first() + (block.last() - block.first()) / 2;
            blocks.map(middle).chain(outside.iter().copied()).collect()
        };
        Self { v4: of(Family::Ipv4, &OUTSIDE_V4), v6: of(Family::Ipv6, &OUTSIDE_V6) }
    }

    fn block(&self, plan: BlockPlan) -> IpBlock {
        if plan.ipv6 {
            IpBlock::around(Family::Ipv6, *plan.address.get(&self.v6), plan.v6_length)
        } else {
            IpBlock::around(Family::Ipv4, *plan.address.get(&self.v4), plan.v4_length)
        }
    }
}

fn build_rule(
    shape: Shape,
    plan: &WorldPlan,
    pools: &Pools,
    group: usize,
    position: usize,
    rule: &RulePlan,
) -> SecurityGroupRule {
    // With gaps, one more list than there are is named.
    let list = |at: &Index, known: usize| {
        let count = known + usize::from(shape.gaps);
        (count > 0).then(|| at.index(count))
    };
    let peer = match &rule.peer {
        PeerPlan::Block(block) => RulePeer::Block(pools.block(*block)),
        PeerPlan::Everything(family) => RulePeer::Block(IpBlock::all(*family)),
        PeerPlan::Group(at, owner) => RulePeer::Group {
            id: group_id(at.index(plan.groups.len())),
            owner: owner.then(|| AccountId::from("1234")),
        },
        PeerPlan::Own => RulePeer::Group { id: group_id(group), owner: None },
        PeerPlan::Elsewhere => RulePeer::Group { id: SecurityGroupId::from("sg-elsewhere"), owner: None },
        PeerPlan::List(at) => match list(at, plan.prefix_lists.len()) {
            Some(list) => RulePeer::PrefixList(PrefixListId::from(format!("pl-{list}"))),
            None => RulePeer::Block(IpBlock::all(Family::Ipv4)),
        },
    };
    // Other protocols have no ports.
    let ports = match &rule.ports {
        _ if !rule.protocol.has_ports() => RulePorts::Any,
        PortsPlan::Any => RulePorts::Any,
        PortsPlan::Ranges(ranges) => {
            // One form for one meaning, as reading an export gives it.
            let set: PortSet = ranges.iter().copied().collect();
            if set.is_all() {
                RulePorts::Any
            } else {
                RulePorts::Ranges(set.ranges().iter().copied().collect())
            }
        }
        PortsPlan::List(at) => match list(at, plan.port_lists.len()) {
            Some(list) => RulePorts::List(PortRangeListId::from(format!("prl-{list}"))),
            None => RulePorts::Any,
        },
    };
    let local = rule.local.map(|local| match &peer {
        // Both sides of a rule have one family.
        RulePeer::Block(block) => pools.block(BlockPlan { ipv6: block.family() == Family::Ipv6, ..local }),
        _ => pools.block(local),
    });
    SecurityGroupRule {
        direction: if rule.ingress { Direction::Ingress } else { Direction::Egress },
        priority: rule.priority,
        action: if rule.drop { RuleAction::Drop } else { RuleAction::Accept },
        protocol: rule.protocol,
        ports,
        source_ports: rule.sources.filter(|range| rule.protocol.has_ports() && *range != PortRange::ALL),
        peer,
        local: local.map(Box::new),
        unevaluable: rule.unevaluable.then(|| {
            Box::new(match position % 2 {
                0 => Unevaluable::Protocol("xtp".into()),
                _ => Unevaluable::UnknownKey("SourceTagKey".into()),
            })
        }),
        id: rule.id.then(|| SecurityGroupRuleId::from(format!("sgr-{group}-{position}"))),
    }
}
