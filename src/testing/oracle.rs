//! The specification as a program: one flow, every reading, plain loops.
//!
//! A reading answers every open question. The evaluation runs under an assignment of answers; when it needs one that
//! is not there, it stops with the question, and both answers are tried in turn. What an evaluation never asks cannot
//! matter to the flow, so this covers every reading without listing them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use crate::inventory::{
    AddressKind, Direction, InnerAccessPolicy, Inventory, NetworkInterface, PortRangeListId, PrefixListId,
    RuleAction, RulePeer, RulePorts, SecurityGroupId, SecurityGroupRule, SecurityGroupType,
};
use crate::netset::{Family, IpBlock, IpProtocol, Packet, PortRange};

/// The one destination that no rule can deny (law 2.2 d).
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200));

/// Which groups each interface is in, in one state of the world: the index is the position in
/// `inventory.interfaces`, `None` means that the export does not say.
pub type Memberships = Vec<Option<BTreeSet<SecurityGroupId>>>;

/// Returns the memberships as exported.
#[must_use]
pub fn baseline(inventory: &Inventory) -> Memberships {
    let of = |interface: &NetworkInterface| match &interface.memberships {
        crate::inventory::Memberships::Known(groups) => Some(groups.iter().cloned().collect()),
        crate::inventory::Memberships::Unknown => None,
    };
    inventory.interfaces.iter().map(of).collect()
}

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// An address of an interface of the inventory.
    Interface {
        /// The position in `inventory.interfaces`.
        index: usize,
        /// One of its addresses, or one inside a prefix delegated to it.
        address: IpAddr,
    },
    /// An address that no interface of the same VPC has (law AM4).
    External(IpAddr),
}

impl End {
    /// Returns the address rules see.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Interface { address, .. } | Self::External(address) => address,
        }
    }

    const fn index(self) -> Option<usize> {
        match self {
            Self::Interface { index, .. } => Some(index),
            Self::External(_) => None,
        }
    }
}

/// Where the intra-group rule of a connected basic group stands (law 10, A1 and A2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Before every custom rule.
    AcceptFirst,
    /// After the custom rules, before the default.
    CustomFirst,
}

/// Which addresses group references and the intra-group rule cover (law 10, A8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kinds {
    /// Every address of an interface.
    All,
    /// Its primary and secondary IPv4 addresses only.
    Ipv4,
}

/// The settings of the semantics; `None` leaves one open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Settings {
    /// A1.
    pub intra_group_egress: Option<Order>,
    /// A8.
    pub address_kinds: Option<Kinds>,
    /// A2.
    pub intra_group_ingress: Option<Order>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            intra_group_egress: None,
            address_kinds: None,
            intra_group_ingress: Some(Order::AcceptFirst),
        }
    }
}

/// What becomes of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The same before and after under every reading.
    None,
    /// Accepted before and not after, under every reading.
    Lost,
    /// Accepted after and not before, under every reading.
    Gained,
    /// It changes under some reading, but not in the same way under all.
    Undetermined,
}

/// Judges the outcomes of one flow.
#[must_use]
pub fn change(outcomes: &BTreeSet<(bool, bool)>) -> Change {
    if outcomes.iter().all(|(before, after)| before == after) {
        Change::None
    } else if outcomes.iter().all(|pair| *pair == (true, false)) {
        Change::Lost
    } else if outcomes.iter().all(|pair| *pair == (false, true)) {
        Change::Gained
    } else {
        Change::Undetermined
    }
}

/// An open question with the answers yes and no. One answer holds before and after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// Does the intra-group rule come before the custom rules of this direction?
    AcceptFirst(Direction),
    /// Do group references and the intra-group rule cover every kind of address?
    CoversAllKinds,
    /// Does the unknown prefix list hold this address?
    ListHoldsAddress(PrefixListId, IpAddr),
    /// Does the unknown port list hold the destination port?
    ListHoldsPort(PortRangeListId),
    /// Does the unevaluable rule, the n-th of its group, match?
    RuleMatches(SecurityGroupId, usize),
    /// Is the group a basic one?
    IsNormal(SecurityGroupId),
    /// Does the group connect its members?
    InnerAccept(SecurityGroupId),
    /// Is the interface, whose groups are unknown, in this group?
    IsMember(usize, SecurityGroupId),
    /// Are the groups of the interface, which are unknown, basic ones?
    HoldsNormal(usize),
}

/// Strongest first: by priority, and Drop before Accept on a tie (law 2.3).
type Strength = (u16, RuleAction);

type Pairs = BTreeSet<(bool, bool)>;

/// Returns every (accepted before, accepted after) that some reading gives.
///
/// The ends are two interfaces of one VPC, or at least one is external; an interface of another VPC is external too.
#[must_use]
pub fn outcomes(
    inventory: &Inventory,
    before: &Memberships,
    after: &Memberships,
    settings: &Settings,
    from: End,
    to: End,
    packet: Packet,
) -> BTreeSet<(bool, bool)> {
    debug_assert!(
        from.index().is_none() || from.index() != to.index(),
        "an interface never meets itself"
    );
    debug_assert_eq!(
        Family::of(from.address()),
        Family::of(to.address()),
        "families never meet"
    );
    let mut answers = BTreeMap::new();
    let fixed = [
        (
            Question::AcceptFirst(Direction::Egress),
            settings.intra_group_egress.map(|o| o == Order::AcceptFirst),
        ),
        (
            Question::AcceptFirst(Direction::Ingress),
            settings.intra_group_ingress.map(|o| o == Order::AcceptFirst),
        ),
        (
            Question::CoversAllKinds,
            settings.address_kinds.map(|k| k == Kinds::All),
        ),
    ];
    for (question, answer) in fixed {
        answers.extend(answer.map(|yes| (question, yes)));
    }
    let mut reading = Reading {
        inventory,
        before,
        after,
        packet,
        answers,
    };
    let mut found = Pairs::new();
    reading.explore(from, to, &mut found);
    found
}

/// The world, and the questions answered so far.
struct Reading<'a> {
    inventory: &'a Inventory,
    before: &'a Memberships,
    after: &'a Memberships,
    packet: Packet,
    answers: BTreeMap<Question, bool>,
}

/// The interface at which rules are applied, and what it sees on the other side.
#[derive(Clone, Copy)]
struct Side {
    direction: Direction,
    local: usize,
    local_address: IpAddr,
    remote: End,
}

/// What is certain about one side in one state: the rule that decides among the known ones, and what surrounds it.
struct Facts {
    /// A verdict that no custom rule can change.
    settled: Option<bool>,
    /// The strongest known rule that matches.
    known: Option<Strength>,
    /// The verdict when no rule matches.
    fallback: bool,
}

impl Facts {
    fn verdict(&self, further: [Option<Strength>; 2]) -> bool {
        let strongest = further.into_iter().chain([self.known]).flatten().min();
        self.settled
            .unwrap_or_else(|| strongest.map_or(self.fallback, |(_, action)| action == RuleAction::Accept))
    }
}

impl Reading<'_> {
    fn explore(&mut self, from: End, to: End, found: &mut Pairs) {
        match self.flow(from, to) {
            Ok(pairs) => found.extend(pairs),
            Err(question) => {
                for answer in [false, true] {
                    self.answers.insert(question.clone(), answer);
                    self.explore(from, to, found);
                }
                self.answers.remove(&question);
            }
        }
    }

    fn ask(&self, question: Question) -> Result<bool, Question> {
        self.answers.get(&question).copied().ok_or(question)
    }

    /// A new flow must pass egress at its source and ingress at its destination (law 2.1). What is asked at both
    /// sides is answered by now; the further rules of the sides are different rules, so they vary independently.
    fn flow(&self, from: End, to: End) -> Result<Pairs, Question> {
        let egress = self.end(Direction::Egress, from, to)?;
        let ingress = self.end(Direction::Ingress, to, from)?;
        let both = |out: &(bool, bool), into: &(bool, bool)| (out.0 && into.0, out.1 && into.1);
        Ok(egress
            .iter()
            .flat_map(|out| ingress.iter().map(move |into| both(out, into)))
            .collect())
    }

    fn end(&self, direction: Direction, local: End, remote: End) -> Result<Pairs, Question> {
        match local {
            // A side that is not ours does not stop anything (law 2.6).
            End::External(_) => Ok(Pairs::from([(true, true)])),
            End::Interface { index, address } => self.side(Side {
                direction,
                local: index,
                local_address: address,
                remote,
            }),
        }
    }

    /// Combines what is certain with the further rules that may exist.
    ///
    /// Of any number of further rules, from any number of groups, only the strongest that matches counts in a state.
    /// A further rule can match in both states; or only before, when its group is left or when it names a group that
    /// the remote side leaves; or only after, when its group is joined or when it names a group that the remote side
    /// joins. So three rules, one of each sort, stand for all. One would not do: a drop that goes away can uncover a
    /// weaker accept, both unknown.
    fn side(&self, side: Side) -> Result<Pairs, Question> {
        let before = self.facts(side, self.before)?;
        let after = self.facts(side, self.after)?;
        let (mut in_both, mut only_before, mut only_after) = (false, false, false);
        match (
            self.groups_of(self.before, side.local),
            self.groups_of(self.after, side.local),
        ) {
            (Some(old), Some(new)) => {
                for group in old
                    .union(new)
                    .filter(|group| self.may_have_further_rules(group, side.direction))
                {
                    in_both |= old.contains(group) && new.contains(group);
                    only_before |= !new.contains(group);
                    only_after |= !old.contains(group);
                }
            }
            // Unknown groups have unknown rules.
            _ => in_both = true,
        }
        let leaves = self.gives_up(side.remote, self.before, self.after);
        let joins = self.gives_up(side.remote, self.after, self.before);
        if in_both && (leaves || joins) && self.covers(side.remote)? {
            only_before |= leaves;
            only_after |= joins;
        }
        let choices = |possible: bool| {
            if possible {
                further_rules(&before, &after)
            } else {
                vec![None]
            }
        };
        let mut pairs = Pairs::new();
        for both in choices(in_both) {
            for old in choices(only_before) {
                for new in choices(only_after) {
                    pairs.insert((before.verdict([both, old]), after.verdict([both, new])));
                }
            }
        }
        Ok(pairs)
    }

    /// Walks the order of law 2.4 for one interface, direction and state.
    fn facts(&self, side: Side, state: &Memberships) -> Result<Facts, Question> {
        let settled = |verdict| {
            Ok(Facts {
                settled: Some(verdict),
                known: None,
                fallback: verdict,
            })
        };
        // 1. Exemptions come before everything (law 2.2).
        if side.direction == Direction::Egress && side.remote.address() == METADATA {
            return settled(true);
        }
        // 2. No group, no traffic (law AM5). Unknown groups are some groups.
        if self.groups_of(state, side.local).is_some_and(BTreeSet::is_empty) {
            return settled(false);
        }
        // 3. The intra-group rule, where it stands first (law 2.5, A1, A2).
        let connected = self.connected(side, state)?;
        if connected && self.ask(Question::AcceptFirst(side.direction))? {
            return settled(true);
        }
        // 4. The custom rules of all groups together, strongest first (law 2.3).
        let known = self.strongest_rule(side, state)?;
        // 5. The default (law 2.4). An intra-group rule behind the custom rules still comes before a denial on
        // ingress; on egress the tables know no such row.
        let fallback = match side.direction {
            Direction::Ingress => connected,
            Direction::Egress => self.sends_by_default(side, state)?,
        };
        Ok(Facts {
            settled: None,
            known,
            fallback,
        })
    }

    /// Tells whether both sides are members of one basic group that accepts inner traffic, and the policy covers both
    /// addresses.
    fn connected(&self, side: Side, state: &Memberships) -> Result<bool, Question> {
        let Some(remote) = side.remote.index() else {
            return Ok(false);
        };
        let local = End::Interface {
            index: side.local,
            address: side.local_address,
        };
        for group in self.every_group(state) {
            if self.may_hold(state, side.local, group)
                && self.may_hold(state, remote, group)
                && self.is_normal(group)?
                && self.inner_accept(group)?
                && self.holds(state, side.local, group)?
                && self.holds(state, remote, group)?
                && self.covers(local)?
                && self.covers(side.remote)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn strongest_rule(&self, side: Side, state: &Memberships) -> Result<Option<Strength>, Question> {
        let mut strongest: Option<Strength> = None;
        for group in &self.inventory.groups {
            if !self.may_hold(state, side.local, &group.id) {
                continue;
            }
            for (position, rule) in group.rules.iter().enumerate() {
                let matches = match &rule.unevaluable {
                    _ if rule.direction != side.direction => false,
                    Some(_) => self.ask(Question::RuleMatches(group.id.clone(), position))?,
                    None => self.matches(rule, side, state)?,
                };
                if matches && self.holds(state, side.local, &group.id)? {
                    let strength = (rule.priority, rule.action);
                    strongest = Some(strongest.map_or(strength, |other| other.min(strength)));
                }
            }
        }
        Ok(strongest)
    }

    /// Law 2.6, rule match: protocol, ports, source ports, local narrowing and object.
    fn matches(&self, rule: &SecurityGroupRule, side: Side, state: &Memberships) -> Result<bool, Question> {
        let Packet {
            protocol,
            source_port,
            destination_port,
        } = self.packet;
        if rule.protocol != IpProtocol::All && rule.protocol != IpProtocol::Number(protocol) {
            return Ok(false);
        }
        if rule
            .local
            .is_some_and(|block| !holds_address(&block, side.local_address))
        {
            return Ok(false);
        }
        // Ports narrow TCP and UDP rules only (law 1.1).
        let source_matches = |range: &PortRange| range.low() <= source_port && source_port <= range.high();
        if rule.protocol.has_ports() && !rule.source_ports.as_ref().is_none_or(source_matches) {
            return Ok(false);
        }
        let remote = side.remote.address();
        let object = match &rule.peer {
            RulePeer::Block(block) => holds_address(block, remote),
            RulePeer::PrefixList(id) => match self.inventory.prefix_lists.get(id) {
                Some(list) => list.entries.iter().any(|block| holds_address(block, remote)),
                None => self.ask(Question::ListHoldsAddress(id.clone(), remote))?,
            },
            // Members are known from the interface, never from the group (law AM1); public addresses are nobody's
            // membership (law AM4).
            RulePeer::Group { id, .. } => match side.remote.index() {
                Some(index) => self.holds(state, index, id)? && self.covers(side.remote)?,
                None => false,
            },
        };
        if !object || !rule.protocol.has_ports() {
            return Ok(object);
        }
        let within = |range: &PortRange| range.low() <= destination_port && destination_port <= range.high();
        match &rule.ports {
            RulePorts::Any => Ok(true),
            RulePorts::Ranges(ranges) => Ok(ranges.iter().any(within)),
            RulePorts::List(id) => match self.inventory.port_lists.get(id) {
                Some(list) => Ok(list.entries.iter().any(within)),
                None => self.ask(Question::ListHoldsPort(id.clone())),
            },
        }
    }

    fn groups_of<'s>(&self, state: &'s Memberships, index: usize) -> Option<&'s BTreeSet<SecurityGroupId>> {
        state.get(index).and_then(Option::as_ref)
    }

    /// Tells whether the interface holds the group under some answer.
    fn may_hold(&self, state: &Memberships, index: usize, group: &SecurityGroupId) -> bool {
        match self.groups_of(state, index) {
            Some(groups) => groups.contains(group),
            // A group serves exactly one VPC (law 3).
            None => match (self.inventory.group(group), self.inventory.interfaces.get(index)) {
                (Some(group), Some(interface)) => match (group.network.vpc(), interface.network.vpc()) {
                    (Some(a), Some(b)) => a == b,
                    _ => true,
                },
                _ => true,
            },
        }
    }

    fn holds(&self, state: &Memberships, index: usize, group: &SecurityGroupId) -> Result<bool, Question> {
        match self.groups_of(state, index) {
            Some(groups) => Ok(groups.contains(group)),
            None if self.may_hold(state, index, group) => self.ask(Question::IsMember(index, group.clone())),
            None => Ok(false),
        }
    }

    /// Every group that is described or that some interface is in.
    fn every_group<'s>(&'s self, state: &'s Memberships) -> BTreeSet<&'s SecurityGroupId> {
        let described = self.inventory.groups.iter().map(|group| &group.id);
        described.chain(state.iter().flatten().flatten()).collect()
    }

    fn is_normal(&self, id: &SecurityGroupId) -> Result<bool, Question> {
        match self.inventory.group(id).and_then(|group| group.group_type) {
            Some(group_type) => Ok(group_type == SecurityGroupType::Normal),
            None => self.ask(Question::IsNormal(id.clone())),
        }
    }

    fn inner_accept(&self, id: &SecurityGroupId) -> Result<bool, Question> {
        match self.inventory.group(id).and_then(|group| group.inner_access) {
            Some(policy) => Ok(policy == InnerAccessPolicy::Accept),
            None => self.ask(Question::InnerAccept(id.clone())),
        }
    }

    /// Basic groups send by default, enterprise groups do not (law 2.4). One interface holds one type only (law 3),
    /// so a known type speaks for the others.
    fn sends_by_default(&self, side: Side, state: &Memberships) -> Result<bool, Question> {
        let Some(groups) = self.groups_of(state, side.local) else {
            return self.ask(Question::HoldsNormal(side.local));
        };
        let type_of = |id: &SecurityGroupId| self.inventory.group(id).and_then(|group| group.group_type);
        if let Some(known) = groups.iter().find_map(type_of) {
            return Ok(known == SecurityGroupType::Normal);
        }
        for group in groups {
            if self.is_normal(group)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Tells whether group references and the intra-group rule cover the address (law 10, A8).
    fn covers(&self, end: End) -> Result<bool, Question> {
        let End::Interface { index, address } = end else {
            return Ok(false);
        };
        let Some(interface) = self.inventory.interfaces.get(index) else {
            return Ok(false);
        };
        let of = |wanted: fn(AddressKind) -> bool| {
            let here = |other: &&crate::inventory::InterfaceAddress| holds_address(&other.block, address);
            interface
                .addresses
                .iter()
                .filter(here)
                .any(|other| wanted(other.kind))
        };
        debug_assert!(of(|_| true), "the interface has the address");
        if of(AddressKind::is_plain) {
            return Ok(true);
        }
        self.ask(Question::CoversAllKinds)
    }

    fn may_have_further_rules(&self, group: &SecurityGroupId, direction: Direction) -> bool {
        self.inventory
            .group(group)
            .is_none_or(|group| !group.knows_rules(direction))
    }

    /// Tells whether the far side is in a group in one state that it is not in in the other.
    fn gives_up(&self, end: End, here: &Memberships, there: &Memberships) -> bool {
        let groups = |state| end.index().and_then(|index| self.groups_of(state, index));
        match (groups(here), groups(there)) {
            (Some(here), Some(there)) => !here.is_subset(there),
            _ => false,
        }
    }
}

/// Returns the further rules worth trying: none, and both actions at every priority that makes a difference.
///
/// A rule counts by its place among the known matches alone. Between two of those at most two places differ: where
/// the rule that applies in both states stands, and where the one that hides it in one state stands. The smallest
/// priorities reach them: 1 and 2, a known priority itself, and the two behind it.
fn further_rules(before: &Facts, after: &Facts) -> Vec<Option<Strength>> {
    let mut priorities = BTreeSet::from([1, 2]);
    for (priority, _) in [before.known, after.known].into_iter().flatten() {
        priorities.extend([priority, priority.saturating_add(1), priority.saturating_add(2)]);
    }
    let actions = [RuleAction::Drop, RuleAction::Accept];
    let rule = |priority: u16| actions.map(|action| Some((priority, action)));
    [None]
        .into_iter()
        .chain(priorities.into_iter().flat_map(rule))
        .collect()
}

/// Families never mix: an IPv4 block holds no IPv6 address.
fn holds_address(block: &IpBlock, address: IpAddr) -> bool {
    block.contains(&IpBlock::single(address))
}
