//! The specification as a program: one flow, every reading, plain loops.
//!
//! A reading answers every open question. The evaluation runs under an assignment of answers; when it needs one that
//! is not there, it stops with the question, and both answers are tried in turn. What an evaluation never asks cannot
//! matter to the flow, so this covers every reading without listing them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::outcome::{End, Memberships, Settings};
use super::reading::{Question, Reading, holds_address};
use crate::inventory::{
    Direction, Inventory, RuleAction, RulePeer, RulePorts, SecurityGroupId, SecurityGroupRule,
    SecurityGroupType, Unevaluable,
};
use crate::netset::{Family, IpProtocol, Packet, PortRange};

/// The one destination that no rule can deny (law 2.2 d).
const METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200));

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
    debug_assert!(from.index().is_none() || from.index() != to.index(), "an interface never meets itself");
    debug_assert_eq!(Family::of(from.address()), Family::of(to.address()), "families never meet");
    let vpc = |end: End| inventory.interfaces.get(end.index()?)?.network.vpc();
    debug_assert!(
        from.index().is_none() || to.index().is_none() || vpc(from).is_some_and(|here| vpc(to) == Some(here)),
        "interfaces meet in one VPC only"
    );
    let mut reading = Reading::new(inventory, before, after, settings, packet);
    let mut found = Pairs::new();
    reading.explore(from, to, &mut found);
    found
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
    const fn settled(verdict: bool) -> Self {
        Self { settled: Some(verdict), known: None, fallback: verdict }
    }

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

    /// A new flow must pass egress at its source and ingress at its destination (law 2.1). What is asked at both
    /// sides is answered by now; the further rules of the sides are different rules, so they vary independently.
    fn flow(&self, from: End, to: End) -> Result<Pairs, Question> {
        let egress = self.end(Direction::Egress, from, to)?;
        let ingress = self.end(Direction::Ingress, to, from)?;
        let both = |out: &(bool, bool), into: &(bool, bool)| (out.0 && into.0, out.1 && into.1);
        Ok(egress.iter().flat_map(|out| ingress.iter().map(move |into| both(out, into))).collect())
    }

    fn end(&self, direction: Direction, local: End, remote: End) -> Result<Pairs, Question> {
        match local {
            // A side that is not ours does not stop anything (law 2.6).
            End::External(_) => Ok(Pairs::from([(true, true)])),
            End::Interface { index, address } => {
                self.side(Side { direction, local: index, local_address: address, remote })
            }
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
        match (self.groups_of(self.before, side.local), self.groups_of(self.after, side.local)) {
            (Some(old), Some(new)) => {
                for group in old.union(new).filter(|group| self.may_have_further_rules(group, side.direction))
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
        let further = further_rules(&before, &after);
        let choices = |possible: bool| if possible { further.as_slice() } else { &[None] };
        let mut pairs = Pairs::new();
        for both in choices(in_both) {
            let olds: BTreeSet<bool> =
                choices(only_before).iter().map(|old| before.verdict([*both, *old])).collect();
            let news: BTreeSet<bool> =
                choices(only_after).iter().map(|new| after.verdict([*both, *new])).collect();
            pairs.extend(olds.iter().flat_map(|old| news.iter().map(|new| (*old, *new))));
        }
        Ok(pairs)
    }

    /// Walks the order of law 2.4 for one interface, direction and state.
    fn facts(&self, side: Side, state: &Memberships) -> Result<Facts, Question> {
        // 1. Exemptions come before everything (law 2.2).
        if side.direction == Direction::Egress && side.remote.address() == METADATA {
            return Ok(Facts::settled(true));
        }
        // 2. No group, no traffic (law AM5). Unknown groups are some groups.
        if self.groups_of(state, side.local).is_some_and(BTreeSet::is_empty) {
            return Ok(Facts::settled(false));
        }
        // 3. The intra-group rule, where it stands first (law 2.5, A1, A2).
        let connected = self.connected(side, state)?;
        if connected && self.ask(Question::AcceptFirst(side.direction))? {
            return Ok(Facts::settled(true));
        }
        // 4. The custom rules of all groups together, strongest first (law 2.3).
        let known = self.strongest_rule(side, state)?;
        // 5. The default (law 2.4). An intra-group rule behind the custom rules still comes before a denial on
        // ingress; on egress the tables know no such row.
        let fallback = match side.direction {
            Direction::Ingress => connected,
            Direction::Egress => self.sends_by_default(side, state)?,
        };
        Ok(Facts { settled: None, known, fallback })
    }

    /// Tells whether both sides are members of one basic group that accepts inner traffic, and the policy covers both
    /// addresses.
    fn connected(&self, side: Side, state: &Memberships) -> Result<bool, Question> {
        let Some(remote) = side.remote.index() else {
            return Ok(false);
        };
        let local = End::Interface { index: side.local, address: side.local_address };
        for group in self.every_group_of(state, side.local) {
            if self.may_hold(state, remote, group)
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

    fn strongest_rule(&self, side: Side, state: &Memberships) -> Result<Option<Strength>, Question> {
        let mut strongest: Option<Strength> = None;
        for group in &self.inventory.groups {
            if !self.may_hold(state, side.local, &group.id) {
                continue;
            }
            for (position, rule) in group.rules.iter().enumerate() {
                let matches = match rule.unevaluable.as_deref() {
                    _ if rule.direction != side.direction => false,
                    // A key nobody knows may even name a group that the far side leaves or joins.
                    Some(Unevaluable::UnknownKey(_)) => {
                        let name = || (group.id.clone(), position);
                        let (leaves, joins) = (
                            self.gives_up(side.remote, self.before, self.after),
                            self.gives_up(side.remote, self.after, self.before),
                        );
                        let is_after = std::ptr::eq(state, self.after);
                        self.ask(Question::RuleMatches(name()))?
                            && (!leaves || !is_after || self.ask(Question::RuleStays(name()))?)
                            && (!joins || is_after || self.ask(Question::RuleHeld(name()))?)
                    }
                    // Of a protocol nobody knows, the addresses are known.
                    Some(Unevaluable::Protocol(_) | Unevaluable::AllWithPort(_)) => {
                        self.addresses_match(rule, side, state)?
                            && self.ask(Question::RuleMatches((group.id.clone(), position)))?
                    }
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

    /// Law 2.6, rule match: local narrowing and object.
    fn addresses_match(
        &self,
        rule: &SecurityGroupRule,
        side: Side,
        state: &Memberships,
    ) -> Result<bool, Question> {
        if rule.local.as_deref().is_some_and(|block| !holds_address(block, side.local_address)) {
            return Ok(false);
        }
        let remote = side.remote.address();
        Ok(match &rule.peer {
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
        })
    }

    /// Law 2.6, rule match: protocol, ports, source ports, and the addresses.
    fn matches(&self, rule: &SecurityGroupRule, side: Side, state: &Memberships) -> Result<bool, Question> {
        let Packet { protocol, source_port, destination_port } = self.packet;
        if rule.protocol != IpProtocol::All && rule.protocol != IpProtocol::Number(protocol) {
            return Ok(false);
        }
        // Ports narrow TCP and UDP rules only (law 1.1).
        let source_matches = |range: &PortRange| range.low() <= source_port && source_port <= range.high();
        if rule.protocol.has_ports() && !rule.source_ports.as_ref().is_none_or(source_matches) {
            return Ok(false);
        }
        let object = self.addresses_match(rule, side, state)?;
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
    [None].into_iter().chain(priorities.into_iter().flat_map(rule)).collect()
}
