//! From the rules of an estate to their bodies, in the order of their numbers.

use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::by_block::ByBlock;
use super::rulebook::{Blocks, Body, NUMBERED_FIRST, Peer, Proviso, RuleBook, Variable};
use crate::graph::{RuleRef, SecurityGraph};
use crate::inventory::{
    PortRangeListId, PrefixListId, RuleAction, RulePeer, RulePorts, SecurityGroupRule, Unevaluable,
};
use crate::netset::{IpBlock, PortSet, TransportSet};
use crate::parallel;

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
}

struct Compiler<'g> {
    graph: &'g SecurityGraph,
    unknown_lists: Vec<PrefixListId>,
    unknown_ports: Vec<PortRangeListId>,
    lists: HashMap<&'g PrefixListId, Arc<[IpBlock]>>,
}

/// Whose turn it is: whether the rule is of the second direction, its strength, and the rule.
type Turn = (bool, u16, RuleAction, RuleRef);

impl<'g> Compiler<'g> {
    /// Returns all rules in the order of their numbers.
    fn order(&self) -> Vec<Turn> {
        let groups = || self.graph.groups().filter_map(|group| Some((group, self.graph.group(group)?)));
        let mut order = Vec::with_capacity(groups().map(|(_, described)| described.rules.len()).sum());
        for (group, described) in groups() {
            order.extend((0..).zip(&described.rules).map(|(index, rule)| {
                (rule.direction != NUMBERED_FIRST, rule.priority, rule.action, RuleRef { group, index })
            }));
        }
        parallel::sort_unstable_by(&mut order, Ord::cmp);
        order
    }

    fn rule(&self, reference: RuleRef) -> Option<&'g SecurityGroupRule> {
        self.graph.group(reference.group)?.rules.get(reference.index as usize)
    }

    /// Returns the blocks of every body with its number.
    fn named(&self, order: &[Turn]) -> Vec<(IpBlock, u32)> {
        let blocks = || {
            let numbered = (0..).zip(order);
            numbered.filter_map(|(number, (.., rule))| Some((number, self.blocks(self.rule(*rule)?)?)))
        };
        let mut named = Vec::with_capacity(blocks().map(|(_, blocks)| blocks.len()).sum());
        for (number, blocks) in blocks() {
            named.extend(blocks.iter().map(|block| (*block, number)));
        }
        named
    }

    /// Returns the remote side of a rule where it is known blocks.
    fn blocks(&self, rule: &SecurityGroupRule) -> Option<Blocks> {
        if let Some(Unevaluable::UnknownKey(_)) = rule.unevaluable.as_deref() {
            return None;
        }
        match &rule.peer {
            RulePeer::Block(block) => Some(Blocks::One(*block)),
            RulePeer::PrefixList(id) => self.lists.get(id).cloned().map(Blocks::List),
            RulePeer::Group { .. } => None,
        }
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
        if let Some(blocks) = self.blocks(rule) {
            return Peer::Blocks(blocks);
        }
        let is_understood = !matches!(rule.unevaluable.as_deref(), Some(Unevaluable::UnknownKey(_)));
        let peer = match &rule.peer {
            RulePeer::Group { id, .. } => self.graph.find_group(id).map(Peer::Group),
            RulePeer::PrefixList(id) => {
                let at = self.unknown_lists.binary_search(id).ok();
                at.and_then(|at| u32::try_from(at).ok()).map(Peer::UnknownList)
            }
            RulePeer::Block(_) => None,
        };
        peer.filter(|_| is_understood).unwrap_or(Peer::NotUnderstood)
    }

    fn finish(self, order: &[Turn], by_block: ByBlock) -> RuleBook {
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
            // INVARIANT: an order is made of rules that are there, so none is passed over and positions are numbers.
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

/// Returns distinct ids, sorted.
fn sorted<'a, T: Ord + Clone + 'a>(ids: impl Iterator<Item = &'a T>) -> Vec<T> {
    ids.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}
