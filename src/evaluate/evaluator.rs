//! One flow at a time: what explains an answer, and what the class engine is checked against.
//!
//! 1. Both sides list the rules of their groups that may match, strongest first (law 2.3, 2.4).
//! 2. A reading gives every open variable a value; under it the first line that matches the packet decides a side.
//! 3. Accepted means: egress at the source and ingress at the destination accept (law 2.1).
//! 4. Every reading is tried. Where they agree the answer is certain; else there is not enough information.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::compiled::Compiled;
use super::flow::{Endpoint, Flow};
use super::matching::{Groups, Matcher, Own, Remote};
use super::reading::{Evidence, Readings};
use super::rulebook::{RuleBook, Variable};
use super::side::{Further, Presence, RemoteChange, Side, Slot, Unknown};
use super::study::Studied;
use super::verdict::{Cause, Disposition, Explanation};
use super::walk::joint_outcomes;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::{Direction, RuleAction};
use crate::netset::{Family, IpBlock, Packet, TransportSet};

/// Answers single flows over one graph. Compiling is linear in rules; a flow costs the rules of its two interfaces.
#[derive(Debug)]
pub struct Evaluator<'g> {
    graph: &'g SecurityGraph,
    book: Arc<RuleBook>,
    readings: Readings,
}

/// Answers one flow; see [`Evaluator`] for many.
#[must_use]
pub fn evaluate(view: &View<'_>, flow: &Flow, readings: &Readings) -> Explanation {
    Evaluator::new(view.graph(), *readings).evaluate(view, flow)
}

impl<'g> Evaluator<'g> {
    /// Compiles the rules of a graph.
    #[must_use]
    pub fn new(graph: &'g SecurityGraph, readings: Readings) -> Self {
        Self { graph, book: Arc::new(RuleBook::new(graph)), readings }
    }

    /// Uses what was compiled before.
    #[must_use]
    pub fn of(compiled: &Compiled<'g>, readings: Readings) -> Self {
        Self { graph: compiled.graph, book: Arc::clone(&compiled.book), readings }
    }

    /// Answers one flow in one state of the estate.
    #[must_use]
    pub fn evaluate(&self, view: &View<'_>, flow: &Flow) -> Explanation {
        let family = match (address_of(flow.source), address_of(flow.destination)) {
            (Some(address), _) | (None, Some(address)) => Family::of(address),
            (None, None) => Family::Ipv4,
        };
        let egress = self.side(view, Direction::Egress, flow.source, flow.destination);
        let ingress = self.side(view, Direction::Ingress, flow.destination, flow.source);
        let answers = self.answers(&egress, &ingress, flow.packet, family);
        let all = |wanted: fn(&(bool, bool)) -> bool| answers.iter().all(wanted);
        let disposition = if all(|(out, into)| *out && *into) {
            Disposition::Accepted
        } else if all(|(out, _)| !*out) {
            Disposition::DeniedOut
        } else if all(|(out, into)| !*out || !*into) {
            Disposition::DeniedIn
        } else {
            Disposition::InsufficientInfo
        };
        let cause = |side: &End, direction| match side {
            End::Ours(side) => self.cause(side, flow.packet, family),
            End::Exempt => Cause::Platform,
            End::NotOurs => {
                let _ = direction;
                Cause::External
            }
        };
        Explanation {
            disposition,
            egress: cause(&egress, Direction::Egress),
            ingress: cause(&ingress, Direction::Ingress),
        }
    }

    /// Answers all traffic between two ends in one state of the estate: what is surely accepted, and what surely denied.
    #[must_use]
    pub fn answers_of(
        &self,
        view: &View<'_>,
        source: Endpoint,
        destination: Endpoint,
        family: Family,
    ) -> (TransportSet, TransportSet) {
        let egress = self.side(view, Direction::Egress, source, destination);
        let ingress = self.side(view, Direction::Ingress, destination, source);
        let sides = [egress, ingress].into_iter().filter_map(End::into_ours);
        let sides: Vec<Studied> = sides.map(Studied::from).collect();
        let sides: Vec<&Studied> = sides.iter().collect();
        if sides.is_empty() {
            return (TransportSet::universe(family), TransportSet::empty());
        }
        let outcomes = joint_outcomes(&self.book, family, &sides);
        let (accepted, denied) = (&outcomes.kept, &outcomes.denied);
        (accepted.difference(denied), denied.difference(accepted))
    }

    fn side(&self, view: &View<'_>, direction: Direction, own: Endpoint, remote: Endpoint) -> End {
        let Endpoint::Interface { interface, address } = own else { return End::NotOurs };
        if remote == Endpoint::LoadBalancer {
            // Law 2.2 c: what a load balancer forwards is the business of the load balancer's own group.
            return End::Exempt;
        }
        if self.graph.interface(interface).network.vpc().is_none() {
            let unknown = Unknown::Network(interface);
            let further = vec![Further { unknown, before: true, after: true }];
            return End::Ours(Side { lines: Vec::new(), further, remote: RemoteChange::default() });
        }
        let groups = groups_in(view, interface);
        let own = self.own(interface, address, &groups);
        let remote_groups;
        let remote = match remote {
            Endpoint::Interface { interface: other, address }
                if self.graph.interface(other).network == self.graph.interface(interface).network =>
            {
                remote_groups = groups_in(view, other);
                Remote::Interface(self.own(other, address, &remote_groups))
            }
            Endpoint::Interface { address, .. } | Endpoint::External(address) => {
                Remote::External(IpBlock::single(address))
            }
            Endpoint::LoadBalancer => return End::Exempt,
        };
        let matcher = Matcher { graph: self.graph, book: &self.book, readings: &self.readings };
        // An interface whose groups are unknown may be in any.
        let holders: Vec<GroupIx> =
            if own.groups.is_unknown() { self.graph.groups().collect() } else { own.groups.ever() };
        let candidates: Vec<u32> =
            holders.iter().flat_map(|group| self.book.of_group(*group)).copied().collect();
        End::Ours(matcher.side(direction, &own, &remote, candidates.into_iter()))
    }

    fn own<'a>(&self, interface: InterfaceIx, address: IpAddr, groups: &'a Groups<'a>) -> Own<'a> {
        let block = IpBlock::single(address);
        let held = self.graph.interface(interface).addresses.iter().find(|held| held.block.contains(&block));
        Own { interface, block, plain: held.is_some_and(|held| held.kind.is_plain()), groups }
    }

    /// Tries every reading that matters: returns the (egress, ingress) answers they give.
    fn answers(&self, egress: &End, ingress: &End, packet: Packet, family: Family) -> BTreeSet<(bool, bool)> {
        let mut variables: Vec<Variable> = Vec::new();
        for side in [egress, ingress].into_iter().filter_map(End::ours) {
            for line in side.lines.iter().filter(|line| self.takes(line.slot, packet, family)) {
                variables.extend(line.before.iter().flat_map(|when| when.iter().copied()));
            }
        }
        variables.sort_unstable();
        variables.dedup();
        if variables.len() > MOST_VARIABLES {
            // Too many to try: nothing is claimed.
            return [(true, true), (true, false), (false, true), (false, false)].into();
        }
        let mut answers = BTreeSet::new();
        for choice in 0..(1_u32 << variables.len()) {
            let holds = |when: &Presence| {
                when.as_ref().is_some_and(|when| {
                    when.iter().all(|v| variables.binary_search(v).is_ok_and(|bit| choice & (1 << bit) != 0))
                })
            };
            let out = self.decide(egress, packet, family, &holds);
            let into = self.decide(ingress, packet, family, &holds);
            answers.extend(out.iter().flat_map(|o| into.iter().map(|i| (*o, *i))));
        }
        answers
    }

    /// Returns the answers of one side under one reading: one, or two where rules may exist that are not known.
    fn decide(
        &self,
        end: &End,
        packet: Packet,
        family: Family,
        holds: &dyn Fn(&Presence) -> bool,
    ) -> Vec<bool> {
        let End::Ours(side) = end else { return vec![true] };
        let unknown = side.further.iter().any(|further| further.before);
        for line in &side.lines {
            let custom = matches!(line.slot, Slot::Rule(_) | Slot::InnerLast(_) | Slot::Default(_));
            if custom && unknown {
                let strongest = matches!(line.slot, Slot::Rule(n) if self.book.body(n).is_strongest_drop());
                if !strongest {
                    return vec![false, true];
                }
            }
            if holds(&line.before) && self.takes(line.slot, packet, family) {
                return vec![self.accepts(line.slot)];
            }
        }
        if unknown { vec![false, true] } else { vec![false] }
    }

    fn takes(&self, slot: Slot, packet: Packet, family: Family) -> bool {
        match slot {
            Slot::Rule(number) => self.book.traffic(self.book.body(number)).contains(packet),
            _ => TransportSet::universe(family).contains(packet),
        }
    }

    fn accepts(&self, slot: Slot) -> bool {
        match slot {
            Slot::Rule(number) => self.book.body(number).action == RuleAction::Accept,
            Slot::NoGroup => false,
            Slot::Platform | Slot::InnerFirst(_) | Slot::InnerLast(_) | Slot::Default(_) => true,
        }
    }

    /// Names what decides one side: the first certain line, unless an open one before it says otherwise.
    fn cause(&self, side: &Side, packet: Packet, family: Family) -> Cause {
        let mut open: Vec<(Evidence, bool)> = Vec::new();
        let unknown: Vec<Evidence> = side.further.iter().map(|further| further.unknown.evidence()).collect();
        let mut asked_unknown = false;
        let settle = |open: Vec<(Evidence, bool)>, accept: bool, cause: Cause| {
            if open.iter().all(|(_, other)| *other == accept) {
                return cause;
            }
            Cause::Open(
                open.into_iter().map(|(evidence, _)| evidence).collect::<BTreeSet<_>>().into_iter().collect(),
            )
        };
        for line in &side.lines {
            let custom = matches!(line.slot, Slot::Rule(_) | Slot::InnerLast(_) | Slot::Default(_));
            let strongest = matches!(line.slot, Slot::Rule(n) if self.book.body(n).is_strongest_drop());
            if custom && !strongest && !asked_unknown {
                open.extend(unknown.iter().flat_map(|one| [(one.clone(), true), (one.clone(), false)]));
                asked_unknown = true;
            }
            let Some(when) = &line.before else { continue };
            if !self.takes(line.slot, packet, family) {
                continue;
            }
            let accept = self.accepts(line.slot);
            if when.is_empty() {
                let cause = match line.slot {
                    Slot::Platform => Cause::Platform,
                    Slot::NoGroup => Cause::NoGroup,
                    Slot::InnerFirst(group) | Slot::InnerLast(group) => Cause::InnerAccess(group),
                    Slot::Rule(number) => Cause::Rule(self.book.body(number).rule),
                    Slot::Default(_) => Cause::Default,
                };
                return settle(open, accept, cause);
            }
            open.extend(when.iter().map(|variable| (self.book.evidence(*variable), accept)));
        }
        if !asked_unknown {
            open.extend(unknown.iter().flat_map(|one| [(one.clone(), true), (one.clone(), false)]));
        }
        settle(open, false, Cause::Default)
    }
}

/// More open variables on one flow than this are not enumerated; the answer is then not claimed to be known.
const MOST_VARIABLES: usize = 16;

enum End {
    Ours(Side),
    Exempt,
    NotOurs,
}

impl End {
    fn into_ours(self) -> Option<Side> {
        match self {
            Self::Ours(side) => Some(side),
            Self::Exempt | Self::NotOurs => None,
        }
    }

    const fn ours(&self) -> Option<&Side> {
        match self {
            Self::Ours(side) => Some(side),
            Self::Exempt | Self::NotOurs => None,
        }
    }
}

const fn address_of(endpoint: Endpoint) -> Option<IpAddr> {
    match endpoint {
        Endpoint::Interface { address, .. } | Endpoint::External(address) => Some(address),
        Endpoint::LoadBalancer => None,
    }
}

fn groups_in<'g>(view: &View<'g>, interface: InterfaceIx) -> Groups<'g> {
    let groups = view.groups_of(interface);
    Groups { before: groups.clone(), after: groups }
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::inventory::Tags;
    use crate::inventory::{
        AddressKind, InnerAccessPolicy, InterfaceAddress, InterfaceKind, Inventory, Memberships, Network,
        NetworkInterface, SecurityGroup, SecurityGroupType,
    };

    fn interface(id: &str, address: &str) -> NetworkInterface {
        NetworkInterface {
            id: id.into(),
            name: "".into(),
            kind: InterfaceKind::Primary,
            status: "".into(),
            instance: None,
            network: Network::Classic,
            vswitch: None,
            region: None,
            owner: None,
            memberships: Memberships::Known(vec!["sg-g".into()].into()),
            addresses: vec![InterfaceAddress { block: address.parse().unwrap(), kind: AddressKind::Primary }]
                .into(),
            service_managed: Some(false),
            tags: Tags::default(),
        }
    }

    #[test]
    fn nothing_is_said_of_the_classic_network() {
        let group = SecurityGroup {
            id: "sg-g".into(),
            name: "".into(),
            network: Network::Classic,
            region: None,
            group_type: Some(SecurityGroupType::Normal),
            inner_access: Some(InnerAccessPolicy::Accept),
            service_managed: Some(false),
            rules: Vec::new(),
            rule_gaps: Vec::new(),
            tags: Tags::default(),
        };
        let interfaces = vec![interface("eni-a", "10.0.0.1"), interface("eni-b", "10.0.0.2")];
        let graph = SecurityGraph::new(Inventory { interfaces, groups: vec![group], ..Inventory::default() });
        let end = |id: &str, address: &str| Endpoint::Interface {
            interface: graph.find_interface(&id.into()).unwrap(),
            address: address.parse().unwrap(),
        };
        let (source, destination) = (end("eni-a", "10.0.0.1"), end("eni-b", "10.0.0.2"));
        let flow = Flow { source, destination, packet: Packet::tcp(40_000, 80) };
        let answer = evaluate(&graph.baseline(), &flow, &Readings::default());
        assert_eq!(answer.disposition, Disposition::InsufficientInfo);
        let Cause::Open(evidence) = answer.ingress else { panic!("{:?}", answer.ingress) };
        assert_eq!(evidence[0].name(&graph).to_string(), "VPC of eni-b");
    }
}
