//! Every rule of the estate compiled once, and an index from an address or a group to the rules that name it.
//!
//! 1. A rule becomes a [`Body`]: strength, action, traffic, remote side, and the evidence its match hangs on.
//! 2. Bodies of one direction are numbered by strength: smaller number, asked earlier. Sorting numbers is the order of
//!    law 2.3. Those of the other direction follow, so that a number alone tells its direction.
//! 3. The remote side is a few blocks (a CIDR, or a known prefix list), a group, or not known.

use std::ops::Deref;
use std::slice;
use std::sync::Arc;

use super::by_block::ByBlock;
use super::reading::Evidence;
use crate::graph::{GroupIx, InterfaceIx, RuleRef};
use crate::inventory::{Direction, PortRangeListId, PrefixListId, RuleAction};
use crate::netset::{IpBlock, TransportSet};

/// One boolean that is not known. A reading gives each of them a value, the same before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Variable {
    /// A1: is the intra-group Accept asked first on egress?
    IntraGroupEgress,
    /// A2: is it asked first on ingress?
    IntraGroupIngress,
    /// A8: are IPv6 addresses and delegated prefixes covered?
    AddressKinds,
    /// Does this list hold the remote address of a rule of this direction?
    PrefixList(u32, Direction),
    /// Does this list hold the destination port?
    PortList(u32),
    /// Does this rule, which is not understood, match?
    Rule(RuleRef),
    /// Does it still match once the remote interface has left a group? It may name that group.
    RuleStays(RuleRef),
    /// Did it match already before the remote interface joined a group?
    RuleHeld(RuleRef),
    /// Is the group basic?
    GroupType(GroupIx),
    /// Is its intra-group policy Accept?
    InnerAccess(GroupIx),
    /// Is this interface, whose groups are unknown, in this group?
    Member(InterfaceIx, GroupIx),
    /// Does the unknown address of a foreign member lie in the remote side of this body?
    ForeignAddress(u32),
}

/// The blocks of a remote side, of which there is nearly always one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Blocks {
    One(IpBlock),
    /// Those of a list, which many rules may name.
    List(Arc<[IpBlock]>),
}

impl Deref for Blocks {
    type Target = [IpBlock];

    fn deref(&self) -> &[IpBlock] {
        match self {
            Self::One(block) => slice::from_ref(block),
            Self::List(blocks) => blocks,
        }
    }
}

/// The remote side of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Any address in one of these.
    Blocks(Blocks),
    /// The members of this group.
    Group(GroupIx),
    /// The entries of a list the inventory does not hold.
    UnknownList(u32),
    /// Whatever the rule means by the keys that are not understood.
    NotUnderstood,
}

/// A compiled rule.
#[derive(Debug, Clone)]
pub(crate) struct Body {
    pub(crate) rule: RuleRef,
    pub(crate) direction: Direction,
    pub(crate) priority: u16,
    pub(crate) action: RuleAction,
    /// The number of its traffic: few rules have one of their own.
    pub(super) traffic: u32,
    pub(crate) peer: Peer,
    /// There is hardly ever one.
    pub(super) proviso: Option<Box<Proviso>>,
}

/// What a match hangs on besides the remote side.
#[derive(Debug, Clone)]
pub(super) struct Proviso {
    pub(super) local: Option<IpBlock>,
    pub(super) when: Option<Variable>,
}

impl Body {
    /// Returns the local addresses the rule is narrowed to.
    pub(crate) fn local(&self) -> Option<IpBlock> {
        self.proviso.as_ref().and_then(|proviso| proviso.local)
    }

    /// Returns what the match hangs on besides the two ends.
    pub(crate) fn when(&self) -> Option<Variable> {
        self.proviso.as_ref().and_then(|proviso| proviso.when)
    }

    /// Tells whether nothing can be stronger: priority 1 and Drop.
    pub(crate) const fn is_strongest_drop(&self) -> bool {
        self.priority <= 1 && matches!(self.action, RuleAction::Drop)
    }
}

/// The direction whose bodies have the smaller numbers.
pub(super) const NUMBERED_FIRST: Direction = Direction::Egress;

/// All bodies of an estate.
#[derive(Debug)]
pub(crate) struct RuleBook {
    /// Sorted by (direction, priority, Drop first, rule): the position is the body's number.
    pub(super) bodies: Vec<Body>,
    /// How many bodies are of the direction that comes first.
    pub(super) of_first_direction: u32,
    /// The distinct sets of traffic.
    pub(super) traffics: Vec<TransportSet>,
    /// The numbers of each group's bodies, ascending.
    pub(super) of_group: Vec<Vec<u32>>,
    /// The numbers of the bodies that name each group.
    pub(super) naming: Vec<Vec<u32>>,
    pub(super) by_block: ByBlock,
    /// Bodies whose remote side is not known.
    pub(super) open: Vec<u32>,
    /// Groups with a rule that is narrowed to local addresses.
    pub(super) narrowed: Vec<bool>,
    /// Groups with a rule of which only action and priority are understood.
    pub(super) mysterious: Vec<bool>,
    /// The blocks rules are narrowed to, sorted.
    pub(super) locals: Vec<IpBlock>,
    pub(super) unknown_lists: Vec<PrefixListId>,
    pub(super) unknown_ports: Vec<PortRangeListId>,
}

impl RuleBook {
    #[expect(clippy::indexing_slicing, reason = "a body number is only made for a position in this list")]
    pub(crate) fn body(&self, number: u32) -> &Body {
        &self.bodies[number as usize]
    }

    /// Returns the traffic of a body of this book.
    #[expect(
        clippy::indexing_slicing,
        reason = "a body's number of traffic is only made for a position in this list"
    )]
    pub(crate) fn traffic(&self, body: &Body) -> &TransportSet {
        &self.traffics[body.traffic as usize]
    }

    /// Returns those of ascending numbers whose bodies are asked in this direction.
    pub(crate) fn asked<'n>(&self, numbers: &'n [u32], direction: Direction) -> &'n [u32] {
        debug_assert!(numbers.is_sorted(), "numbers that do not ascend are cut at the wrong place");
        let (first, second) =
            numbers.split_at(numbers.partition_point(|number| *number < self.of_first_direction));
        if direction == NUMBERED_FIRST { first } else { second }
    }

    /// Tells whether a body is asked in this direction.
    pub(crate) fn is_asked(&self, number: u32, direction: Direction) -> bool {
        (number < self.of_first_direction) == (direction == NUMBERED_FIRST)
    }

    /// Returns the numbers of a group's bodies, ascending.
    pub(crate) fn of_group(&self, group: GroupIx) -> &[u32] {
        self.of_group.get(group.at()).map_or(&[], Vec::as_slice)
    }

    /// Returns the numbers of the bodies that name this group.
    pub(crate) fn naming(&self, group: GroupIx) -> &[u32] {
        self.naming.get(group.at()).map_or(&[], Vec::as_slice)
    }

    /// Returns the numbers of the bodies whose remote side is not known.
    pub(crate) fn open(&self) -> &[u32] {
        &self.open
    }

    /// Tells whether a rule of the group looks at the local address.
    pub(crate) fn is_narrowed(&self, group: GroupIx) -> bool {
        self.narrowed.get(group.at()).copied().unwrap_or(false)
    }

    /// Tells whether a rule of the group may name any group, for all that is understood of it.
    pub(crate) fn is_mysterious(&self, group: GroupIx) -> bool {
        self.mysterious.get(group.at()).copied().unwrap_or(false)
    }

    /// Tells whether one of the blocks of a body is this single address.
    pub(crate) fn is_for_one(&self, number: u32, block: IpBlock) -> bool {
        matches!(&self.body(number).peer, Peer::Blocks(blocks) if blocks.contains(&block))
    }

    /// Returns the number of every body one of whose blocks holds the whole block; a body may come twice.
    pub(crate) fn holding(&self, block: IpBlock) -> impl Iterator<Item = u32> + '_ {
        self.by_block.holding(block)
    }

    /// Returns every block of a remote side or a narrowing that lies inside this one, in no order.
    pub(crate) fn blocks_inside(&self, outer: IpBlock) -> impl Iterator<Item = IpBlock> + '_ {
        self.by_block.inside(outer).chain(self.locals_inside(outer))
    }

    /// Tells whether any rule is narrowed to local addresses.
    pub(crate) const fn has_locals(&self) -> bool {
        !self.locals.is_empty()
    }

    /// Returns the narrowings that lie inside this block, sorted.
    pub(crate) fn locals_inside(&self, outer: IpBlock) -> impl Iterator<Item = IpBlock> + '_ {
        self.locals.iter().copied().filter(move |block| outer.contains(block))
    }

    /// Returns what a variable stands for.
    pub(crate) fn evidence(&self, variable: Variable) -> Evidence {
        match variable {
            Variable::IntraGroupEgress => Evidence::IntraGroupEgress,
            Variable::IntraGroupIngress => Evidence::IntraGroupIngress,
            Variable::AddressKinds => Evidence::AddressKinds,
            Variable::PrefixList(at, _) => match self.unknown_lists.get(at as usize) {
                Some(id) => Evidence::PrefixList(id.clone()),
                None => Evidence::AddressKinds,
            },
            Variable::PortList(at) => match self.unknown_ports.get(at as usize) {
                Some(id) => Evidence::PortList(id.clone()),
                None => Evidence::AddressKinds,
            },
            Variable::Rule(rule) | Variable::RuleStays(rule) | Variable::RuleHeld(rule) => {
                Evidence::Rule(rule)
            }
            Variable::GroupType(group) => Evidence::GroupType(group),
            Variable::InnerAccess(group) => Evidence::InnerAccess(group),
            Variable::Member(interface, _) => Evidence::Memberships(interface),
            Variable::ForeignAddress(number) => Evidence::ForeignGroup(self.body(number).rule.group),
        }
    }

    /// Enters where a body is looked up, besides its blocks.
    pub(super) fn enter(&mut self, number: u32, body: &Body) {
        let holder = body.rule.group.at();
        self.of_group.get_mut(holder).into_iter().for_each(|list| list.push(number));
        if body.local().is_some() {
            self.narrowed.get_mut(holder).into_iter().for_each(|flag| *flag = true);
        }
        match &body.peer {
            Peer::Blocks(_) => {}
            Peer::Group(group) => {
                self.naming.get_mut(group.at()).into_iter().for_each(|list| list.push(number));
            }
            Peer::UnknownList(_) => self.open.push(number),
            Peer::NotUnderstood => {
                self.open.push(number);
                self.mysterious.get_mut(holder).into_iter().for_each(|flag| *flag = true);
            }
        }
    }
}
