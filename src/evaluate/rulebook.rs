//! Every rule of the estate compiled once, and an index from an address or a group to the rules that name it.
//!
//! 1. A rule becomes a [`Body`]: strength, action, traffic, remote side, and the evidence its match hangs on.
//! 2. Bodies of one direction are numbered by strength: smaller number, asked earlier. Sorting numbers is the order of
//!    law 2.3. Those of the other direction follow, so that a number alone tells its direction.
//! 3. The remote side is a few blocks (a CIDR, or a known prefix list), a group, or not known.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::slice;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::by_block::ByBlock;
use super::reading::Evidence;
use crate::graph::{GroupIx, InterfaceIx, RuleRef, SecurityGraph};
use crate::inventory::{
    Direction, PortRangeListId, PrefixListId, RuleAction, RulePeer, RulePorts, SecurityGroupRule, Unevaluable,
};
use crate::netset::{IpBlock, PortSet, TransportSet};
use crate::parallel;

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
    traffic: u32,
    pub(crate) peer: Peer,
    /// There is hardly ever one.
    proviso: Option<Box<Proviso>>,
}

/// What a match hangs on besides the remote side.
#[derive(Debug, Clone)]
struct Proviso {
    local: Option<IpBlock>,
    when: Option<Variable>,
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
const FIRST: Direction = Direction::Egress;

/// All bodies of an estate.
#[derive(Debug)]
pub(crate) struct RuleBook {
    /// Sorted by (direction, priority, Drop first, rule): the position is the body's number.
    bodies: Vec<Body>,
    /// How many bodies are of the direction that comes first.
    of_first_direction: u32,
    /// The distinct sets of traffic.
    traffics: Vec<TransportSet>,
    /// The numbers of each group's bodies, ascending.
    of_group: Vec<Vec<u32>>,
    /// The numbers of the bodies that name each group.
    naming: Vec<Vec<u32>>,
    by_block: ByBlock,
    /// Bodies whose remote side is not known.
    open: Vec<u32>,
    /// Groups with a rule that is narrowed to local addresses.
    narrowed: Vec<bool>,
    /// Groups with a rule of which only action and priority are understood.
    mysterious: Vec<bool>,
    /// The blocks rules are narrowed to, sorted.
    locals: Vec<IpBlock>,
    unknown_lists: Vec<PrefixListId>,
    unknown_ports: Vec<PortRangeListId>,
}

impl RuleBook {
    /// Compiles every rule. Linear in rules and list entries, besides sorting.
    pub(crate) fn new(graph: &SecurityGraph) -> Self {
        let inventory = graph.inventory();
        let rules = || inventory.groups.iter().flat_map(|group| &group.rules);
        let unknown_lists = sorted(rules().filter_map(|rule| match &rule.peer {
            RulePeer::PrefixList(id) if !inventory.prefix_lists.contains_key(id) => Some(id),
            _ => None,
        }));
        let unknown_ports = sorted(rules().filter_map(|rule| match &rule.ports {
            RulePorts::List(id) if !inventory.port_lists.contains_key(id) => Some(id),
            _ => None,
        }));
        let lists = inventory
            .prefix_lists
            .iter()
            .map(|(id, list)| (id, Arc::from(list.entries.as_slice())))
            .collect::<HashMap<_, Arc<[IpBlock]>>>();
        let compiler = Compiler { graph, unknown_lists, unknown_ports, lists };
        let order = compiler.order();
        // Before the bodies, so that what is sorted for it does not lie beside them.
        let by_block = ByBlock::new(compiler.named(&order));
        compiler.finish(&order, by_block)
    }

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
        let (first, second) =
            numbers.split_at(numbers.partition_point(|number| *number < self.of_first_direction));
        if direction == FIRST { first } else { second }
    }

    /// Tells whether a body is asked in this direction.
    pub(crate) fn is_asked(&self, number: u32, direction: Direction) -> bool {
        (number < self.of_first_direction) == (direction == FIRST)
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
    fn enter(&mut self, number: u32, body: &Body) {
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

fn sorted<'a, T: Ord + Clone + 'a>(ids: impl Iterator<Item = &'a T>) -> Vec<T> {
    ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

struct Compiler<'g> {
    graph: &'g SecurityGraph,
    unknown_lists: Vec<PrefixListId>,
    unknown_ports: Vec<PortRangeListId>,
    lists: HashMap<&'g PrefixListId, Arc<[IpBlock]>>,
}

/// What bodies are sorted by: whether they are of the second direction, their strength, and the rule.
type Rank = (bool, u16, RuleAction, RuleRef);

impl<'g> Compiler<'g> {
    /// Returns all rules in the order of their numbers.
    fn order(&self) -> Vec<Rank> {
        let groups = || self.graph.groups().filter_map(|group| Some((group, self.graph.group(group)?)));
        let mut order = Vec::with_capacity(groups().map(|(_, described)| described.rules.len()).sum());
        for (group, described) in groups() {
            order.extend((0..).zip(&described.rules).map(|(index, rule)| {
                (rule.direction != FIRST, rule.priority, rule.action, RuleRef { group, index })
            }));
        }
        parallel::sort_unstable_by(&mut order, Ord::cmp);
        order
    }

    fn rule(&self, reference: RuleRef) -> Option<&'g SecurityGroupRule> {
        self.graph.group(reference.group)?.rules.get(reference.index as usize)
    }

    /// Returns the blocks of every body with its number.
    fn named(&self, order: &[Rank]) -> Vec<(IpBlock, u32)> {
        let peers = || {
            let numbered = (0..).zip(order);
            numbered.filter_map(|(number, (.., rule))| Some((number, self.peer(self.rule(*rule)?))))
        };
        let blocks = |peer: &Peer| match peer {
            Peer::Blocks(blocks) => blocks.len(),
            Peer::Group(_) | Peer::UnknownList(_) | Peer::NotUnderstood => 0,
        };
        let mut named = Vec::with_capacity(peers().map(|(_, peer)| blocks(&peer)).sum());
        for (number, peer) in peers() {
            if let Peer::Blocks(blocks) = &peer {
                named.extend(blocks.iter().map(|block| (*block, number)));
            }
        }
        named
    }

    fn body(
        &self,
        reference: RuleRef,
        rule: &SecurityGroupRule,
        traffics: &mut HashMap<TransportSet, u32>,
    ) -> Body {
        let open = Some(Variable::Rule(reference));
        let local = rule.local.as_deref().copied();
        let (traffic, local, when) = match rule.unevaluable.as_deref() {
            // Law 2.6: a key that is not understood leaves nothing certain but action and priority.
            Some(Unevaluable::UnknownKey(_)) => (TransportSet::everything(), None, open),
            // Only the traffic is in doubt; the addresses are what they are.
            Some(Unevaluable::Protocol(_) | Unevaluable::AllWithPort(_)) => {
                (TransportSet::everything(), local, open)
            }
            None => {
                let (ports, when) = self.ports(rule);
                (rule.traffic(&ports), local, when)
            }
        };
        let next = u32::try_from(traffics.len()).unwrap_or(u32::MAX);
        Body {
            rule: reference,
            direction: rule.direction,
            priority: rule.priority,
            action: rule.action,
            traffic: *traffics.entry(traffic).or_insert(next),
            peer: self.peer(rule),
            proviso: (local.is_some() || when.is_some()).then(|| Box::new(Proviso { local, when })),
        }
    }

    fn ports(&self, rule: &SecurityGroupRule) -> (PortSet, Option<Variable>) {
        match &rule.ports {
            RulePorts::Any => (PortSet::all(), None),
            RulePorts::Ranges(ranges) => (ranges.iter().copied().collect(), None),
            RulePorts::List(id) => match self.graph.inventory().port_lists.get(id) {
                Some(list) => (list.entries.iter().copied().collect(), None),
                None => {
                    let at = self.unknown_ports.binary_search(id).ok().and_then(|at| u32::try_from(at).ok());
                    (PortSet::all(), at.map(Variable::PortList))
                }
            },
        }
    }

    fn peer(&self, rule: &SecurityGroupRule) -> Peer {
        if let Some(Unevaluable::UnknownKey(_)) = rule.unevaluable.as_deref() {
            return Peer::NotUnderstood;
        }
        match &rule.peer {
            RulePeer::Block(block) => Peer::Blocks(Blocks::One(*block)),
            RulePeer::Group { id, .. } => match self.graph.find_group(id) {
                Some(group) => Peer::Group(group),
                None => Peer::NotUnderstood,
            },
            RulePeer::PrefixList(id) => match (self.lists.get(id), self.unknown_lists.binary_search(id)) {
                (Some(entries), _) => Peer::Blocks(Blocks::List(entries.clone())),
                (None, Ok(at)) => Peer::UnknownList(u32::try_from(at).unwrap_or(u32::MAX)),
                (None, Err(_)) => Peer::NotUnderstood,
            },
        }
    }

    fn finish(self, order: &[Rank], by_block: ByBlock) -> RuleBook {
        let groups = self.graph.groups().len();
        let of_first = order.partition_point(|(is_second, ..)| !is_second);
        let mut book = RuleBook {
            bodies: Vec::with_capacity(order.len()),
            of_first_direction: u32::try_from(of_first).unwrap_or(u32::MAX),
            traffics: Vec::new(),
            of_group: vec![Vec::new(); groups],
            naming: vec![Vec::new(); groups],
            by_block,
            open: Vec::new(),
            narrowed: vec![false; groups],
            mysterious: vec![false; groups],
            locals: Vec::new(),
            unknown_lists: Vec::new(),
            unknown_ports: Vec::new(),
        };
        let mut traffics: HashMap<TransportSet, u32> = HashMap::new();
        let mut locals: BTreeSet<IpBlock> = BTreeSet::new();
        for (number, (.., reference)) in (0..).zip(order) {
            // An order is made of rules that are there.
            let Some(rule) = self.rule(*reference) else { continue };
            let body = self.body(*reference, rule, &mut traffics);
            book.enter(number, &body);
            locals.extend(body.local());
            book.bodies.push(body);
        }
        let mut traffics: Vec<(TransportSet, u32)> = traffics.into_iter().collect();
        traffics.sort_unstable_by_key(|(_, number)| *number);
        book.traffics = traffics.into_iter().map(|(traffic, _)| traffic).collect();
        book.locals = locals.into_iter().collect();
        for lists in [&mut book.of_group, &mut book.naming] {
            lists.iter_mut().for_each(Vec::shrink_to_fit);
        }
        (book.unknown_lists, book.unknown_ports) = (self.unknown_lists, self.unknown_ports);
        book
    }
}
