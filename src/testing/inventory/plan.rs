//! What is drawn: choices that do not depend on each other.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use super::Shape;
use crate::inventory::Direction;
use crate::netset::{Family, IpProtocol, PortRange};

/// Lengths that cut the pools of addresses into parts, and those that hold all or one.
const LENGTHS_V4: [u8; 10] = [0, 8, 24, 27, 28, 29, 30, 31, 32, 32];
const LENGTHS_V6: [u8; 10] = [0, 64, 80, 82, 120, 124, 125, 126, 127, 128];
/// Close to each other, so that ranges touch, overlap and leave gaps; and the ends of the scale.
const PORTS: [u16; 10] = [1, 2, 21, 22, 23, 80, 81, 82, 65534, 65535];
/// Few, so that ties are frequent. Drops tend to be strong, so that their leaving uncovers an accept.
const DROPS: [u16; 6] = [1, 1, 2, 2, 3, 100];
const ACCEPTS: [u16; 6] = [1, 2, 3, 3, 100, 100];

#[derive(Debug, Clone)]
pub(super) struct GroupPlan {
    pub(super) second_vpc: bool,
    pub(super) enterprise: bool,
    pub(super) accept: bool,
    pub(super) type_known: bool,
    pub(super) inner_known: bool,
    pub(super) described: bool,
    pub(super) gap: Option<Option<Direction>>,
    pub(super) rules: Vec<RulePlan>,
}

#[derive(Debug, Clone)]
pub(super) struct InterfacePlan {
    pub(super) second_vpc: bool,
    pub(super) enterprise: bool,
    pub(super) groups: Vec<Index>,
    pub(super) unknown: bool,
    pub(super) secondary: bool,
    /// How many addresses of the pool stay free before each IPv4 address.
    pub(super) v4: Vec<u8>,
    pub(super) v6: Vec<u8>,
    pub(super) prefix_v4: bool,
    pub(super) prefix_v6: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct BlockPlan {
    pub(super) ipv6: bool,
    pub(super) address: Index,
    pub(super) v4_length: u8,
    pub(super) v6_length: u8,
}

#[derive(Debug, Clone)]
pub(super) enum PeerPlan {
    Block(BlockPlan),
    Everything(Family),
    Group(Index, bool),
    Own,
    Elsewhere,
    List(Index),
}

#[derive(Debug, Clone)]
pub(super) enum PortsPlan {
    Any,
    Ranges(Vec<PortRange>),
    List(Index),
}

#[derive(Debug, Clone)]
pub(super) struct RulePlan {
    pub(super) ingress: bool,
    pub(super) priority: u16,
    pub(super) drop: bool,
    pub(super) protocol: IpProtocol,
    pub(super) ports: PortsPlan,
    pub(super) sources: Option<PortRange>,
    pub(super) peer: PeerPlan,
    pub(super) local: Option<BlockPlan>,
    pub(super) unevaluable: bool,
    pub(super) id: bool,
}

/// What makes leaving one group of two worth a look: it hides an accept of the other one, and has an accept itself.
#[derive(Debug, Clone)]
pub(super) struct MotifPlan {
    pub(super) interface: Index,
    pub(super) leave: Index,
    pub(super) stay: Index,
    /// Dropped by the one group and accepted by the other; on a tie the Drop wins (law 2.3).
    pub(super) hidden: RulePlan,
    pub(super) tie: bool,
    /// Accepted by the one group only.
    pub(super) own: RulePlan,
}

#[derive(Debug, Clone)]
pub(super) struct WorldPlan {
    pub(super) motifs: Vec<MotifPlan>,
    pub(super) second_vpc: bool,
    pub(super) groups: Vec<GroupPlan>,
    pub(super) interfaces: Vec<InterfacePlan>,
    pub(super) prefix_lists: Vec<Vec<BlockPlan>>,
    pub(super) port_lists: Vec<Vec<PortRange>>,
}

/// Yes with this probability, but only where the shape wants it at all.
pub(super) fn chance(wanted: bool, probability: f64) -> impl Strategy<Value = bool> {
    proptest::bool::weighted(if wanted { probability } else { 0.0 })
}

/// Some value with this probability, but only where the shape wants it at all.
fn maybe<S: Strategy>(wanted: bool, probability: f64, value: S) -> impl Strategy<Value = Option<S::Value>> {
    (chance(wanted, probability), value).prop_map(|(yes, value)| yes.then_some(value))
}

pub(super) fn group_plan(shape: Shape) -> impl Strategy<Value = GroupPlan> {
    let direction = prop_oneof![Just(None), Just(Some(Direction::Ingress)), Just(Some(Direction::Egress))];
    let gap = maybe(shape.gaps, 0.12, direction);
    (
        chance(true, 0.3),
        chance(shape.enterprise, 0.2),
        chance(true, 0.5),
        chance(shape.gaps, 0.1).prop_map(|unknown| !unknown),
        chance(shape.gaps, 0.1).prop_map(|unknown| !unknown),
        chance(shape.gaps, 0.06).prop_map(|missing| !missing),
        gap,
        vec(rule_plan(shape), shape.count(shape.rules, 0)),
    )
        .prop_map(|(second_vpc, enterprise, accept, type_known, inner_known, described, gap, rules)| {
            GroupPlan { second_vpc, enterprise, accept, type_known, inner_known, described, gap, rules }
        })
}

pub(super) fn interface_plan(shape: Shape) -> impl Strategy<Value = InterfacePlan> {
    // Two groups are the interesting case: one stays when the other is left.
    let groups = prop_oneof![
        1 => vec(any::<Index>(), 1),
        4 => vec(any::<Index>(), 2),
        3 => vec(any::<Index>(), 3..=4),
    ];
    let v4 = prop_oneof![5 => vec(0..=2_u8, 1), 2 => vec(0..=2_u8, 2..=3), 1 => Just(Vec::new())];
    let v6 = if shape.ipv6 {
        prop_oneof![2 => Just(Vec::new()), 2 => vec(0..=2_u8, 1), 1 => vec(0..=2_u8, 2)].boxed()
    } else {
        Just(Vec::new()).boxed()
    };
    (
        chance(true, 0.3),
        chance(shape.enterprise, 0.25),
        groups,
        chance(shape.gaps, 0.1),
        chance(true, 0.2),
        v4,
        v6,
        chance(shape.prefixes, 0.2),
        chance(shape.prefixes && shape.ipv6, 0.15),
    )
        .prop_map(
            |(second_vpc, enterprise, groups, unknown, secondary, v4, v6, prefix_v4, prefix_v6)| {
                InterfacePlan {
                    second_vpc,
                    enterprise,
                    groups,
                    unknown,
                    secondary,
                    v4,
                    v6,
                    prefix_v4,
                    prefix_v6,
                }
            },
        )
}

pub(super) fn block_plan(shape: Shape) -> impl Strategy<Value = BlockPlan> {
    (chance(shape.ipv6, 0.35), any::<Index>(), select(LENGTHS_V4.as_slice()), select(LENGTHS_V6.as_slice()))
        .prop_map(|(ipv6, address, v4_length, v6_length)| BlockPlan { ipv6, address, v4_length, v6_length })
}

pub(super) fn ports() -> impl Strategy<Value = PortRange> {
    (select(PORTS.as_slice()), select(PORTS.as_slice()))
        .prop_map(|(a, b)| PortRange::new(a.min(b), a.max(b)).unwrap_or(PortRange::ALL))
}

/// None where the sizes are exact.
pub(super) fn motifs(shape: Shape) -> impl Strategy<Value = Vec<MotifPlan>> {
    let wide = |rule: RulePlan, everything: bool| RulePlan {
        peer: if everything { PeerPlan::Everything(Family::Ipv4) } else { rule.peer },
        local: rule.local.filter(|_| !everything),
        unevaluable: false,
        ..rule
    };
    let motif = (
        (any::<Index>(), any::<Index>(), any::<Index>(), chance(true, 0.5)),
        (rule_plan(shape), chance(true, 0.8)),
        (rule_plan(shape), chance(true, 0.8)),
    )
        .prop_map(move |((interface, leave, stay, tie), hidden, own)| MotifPlan {
            interface,
            leave,
            stay,
            hidden: wide(hidden.0, hidden.1),
            tie,
            own: wide(own.0, own.1),
        });
    let most = usize::from(!shape.exact);
    prop_oneof![1 => Just(Vec::new()), 9 => vec(motif, most..=2 * most)]
}

fn rule_plan(shape: Shape) -> impl Strategy<Value = RulePlan> {
    let protocol = prop_oneof![
        8 => Just(IpProtocol::All),
        6 => Just(IpProtocol::TCP),
        3 => Just(IpProtocol::UDP),
        1 => Just(IpProtocol::ICMP),
        1 => Just(IpProtocol::ICMPV6),
        1 => Just(IpProtocol::GRE),
        1 => Just(IpProtocol::Number(132)),
    ];
    let lists = u32::from(shape.lists);
    let ports_of = prop_oneof![
        4 => Just(PortsPlan::Any),
        5 => vec(ports(), 1).prop_map(PortsPlan::Ranges),
        1 => vec(ports(), 2).prop_map(PortsPlan::Ranges),
        2 * lists => any::<Index>().prop_map(PortsPlan::List),
    ];
    let peer = prop_oneof![
        8 => block_plan(shape).prop_map(PeerPlan::Block),
        4 => chance(shape.ipv6, 0.25).prop_map(|ipv6| {
            PeerPlan::Everything(if ipv6 { Family::Ipv6 } else { Family::Ipv4 })
        }),
        6 => (any::<Index>(), chance(true, 0.1)).prop_map(|(at, owner)| PeerPlan::Group(at, owner)),
        2 => Just(PeerPlan::Own),
        1 => Just(PeerPlan::Elsewhere),
        3 * lists => any::<Index>().prop_map(PeerPlan::List),
    ];
    (
        (
            chance(true, 0.6),
            select(DROPS.as_slice()),
            select(ACCEPTS.as_slice()),
            chance(true, 0.4),
            protocol,
            ports_of,
        ),
        (
            maybe(shape.narrowing, 0.12, ports()),
            peer,
            maybe(shape.narrowing, 0.12, block_plan(shape)),
            chance(shape.gaps, 0.06),
            chance(true, 0.5),
        ),
    )
        .prop_map(
            |((ingress, strong, weak, drop, protocol, ports), (sources, peer, local, unevaluable, id))| {
                RulePlan {
                    ingress,
                    priority: if drop { strong } else { weak },
                    drop,
                    protocol,
                    ports,
                    sources,
                    peer,
                    local,
                    unevaluable,
                    id,
                }
            },
        )
}
