//! Laws of rules: what one more, one less or another way to write one does.

use super::ground::{Answers, Checked, Dice, broken, flows, named, pairs, pinned, run, same_effects};
use crate::evaluate::{AddressKinds, Readings};
use crate::graph::SecurityGraph;
use crate::inventory::{
    Direction, Inventory, Memberships, RuleAction, RulePeer, RulePorts, SecurityGroupRule,
};
use crate::netset::{Family, IpBlock, IpProtocol, PortRange};
use crate::testing::ArbRemoval;
use crate::testing::notation::sort;

/// Where a rule is: the group's position and its own.
type Place = (usize, usize);

fn places(inventory: &Inventory, wanted: impl Fn(&SecurityGroupRule) -> bool) -> Vec<Place> {
    let mut found = Vec::new();
    for (group, described) in inventory.groups.iter().enumerate() {
        let rules = described.rules.iter().enumerate().filter(|(_, rule)| wanted(rule));
        found.extend(rules.map(|(rule, _)| (group, rule)));
    }
    found
}

fn rule_at(inventory: &Inventory, (group, rule): Place) -> Option<&SecurityGroupRule> {
    inventory.groups.get(group)?.rules.get(rule)
}

/// Takes a rule out and puts others in its place.
fn replaced(inventory: &Inventory, (group, rule): Place, with: Vec<SecurityGroupRule>) -> Inventory {
    let mut other = inventory.clone();
    if let Some(group) = other.groups.get_mut(group) {
        if rule < group.rules.len() {
            group.rules.remove(rule);
        }
        group.rules.extend(with);
    }
    sort(&mut other);
    other
}

/// Invents a rule that fits the estate.
fn invented(inventory: &Inventory, action: RuleAction, dice: &mut Dice) -> SecurityGroupRule {
    let known = places(inventory, |_| true);
    let peer = dice.pick(&known).and_then(|place| rule_at(inventory, *place)).map(|rule| rule.peer.clone());
    let everything = RulePeer::Block(IpBlock::all(Family::Ipv4));
    let ports = PortRange::new(22, 80)
        .map_or(RulePorts::Any, |range| RulePorts::Ranges([range].into_iter().collect()));
    let is_tcp = dice.roll(3) == 0;
    SecurityGroupRule {
        direction: if dice.roll(3) == 0 { Direction::Egress } else { Direction::Ingress },
        priority: [1, 2, 3, 100].get(dice.roll(4)).copied().unwrap_or(1),
        action,
        protocol: if is_tcp { IpProtocol::TCP } else { IpProtocol::All },
        ports: if is_tcp { ports } else { RulePorts::Any },
        source_ports: None,
        peer: if dice.roll(2) == 0 { everything } else { peer.unwrap_or(everything) },
        local: None,
        unevaluable: None,
        id: None,
    }
}

/// From closed over open to accepted.
const fn rank(answer: Option<bool>) -> u8 {
    match answer {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    }
}

/// Fails where the flows of the second estate are answered on the wrong side of the first one's.
fn moves(one: &Inventory, other: &Inventory, upwards: bool, dice: &mut Dice) -> Checked {
    let readings = dice.readings();
    let (first, second) = (SecurityGraph::new(one.clone()), SecurityGraph::new(other.clone()));
    let (before, after) =
        (Answers::new(first.baseline(), readings), Answers::new(second.baseline(), readings));
    for flow in flows(one, dice) {
        let (was, is) = (before.of(flow), after.of(flow));
        let wrong = if upwards { rank(is) < rank(was) } else { rank(is) > rank(was) };
        if wrong {
            return broken(format!("{flow:?} was answered {was:?} and is answered {is:?}"));
        }
    }
    Ok(())
}

fn with_one_more(inventory: &Inventory, action: RuleAction, dice: &mut Dice) -> Option<Inventory> {
    let rule = invented(inventory, action, dice);
    let mut other = inventory.clone();
    let at = dice.roll(other.groups.len());
    other.groups.get_mut(at)?.rules.push(rule);
    sort(&mut other);
    Some(other)
}

/// MR-1: adding an Accept rule never takes away what was accepted.
pub fn accept_never_closes(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    match with_one_more(inventory, RuleAction::Accept, &mut dice) {
        Some(other) => moves(inventory, &other, true, &mut dice),
        None => Ok(()),
    }
}

/// MR-2: adding a Drop rule never lets anything pass that did not.
pub fn drop_never_opens(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    match with_one_more(inventory, RuleAction::Drop, &mut dice) {
        Some(other) => moves(inventory, &other, false, &mut dice),
        None => Ok(()),
    }
}

fn with_one_less(inventory: &Inventory, action: RuleAction, dice: &mut Dice) -> Option<Inventory> {
    let fitting = places(inventory, |rule| rule.action == action);
    dice.pick(&fitting).map(|place| replaced(inventory, *place, Vec::new()))
}

/// MR-3: taking an Accept rule out never lets anything pass that did not.
pub fn without_accept_nothing_opens(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    match with_one_less(inventory, RuleAction::Accept, &mut dice) {
        Some(other) => moves(inventory, &other, false, &mut dice),
        None => Ok(()),
    }
}

/// MR-3: taking a Drop rule out never takes away what was accepted.
pub fn without_drop_nothing_closes(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    match with_one_less(inventory, RuleAction::Drop, &mut dice) {
        Some(other) => moves(inventory, &other, true, &mut dice),
        None => Ok(()),
    }
}

/// Fails where the same removals do something else in the other estate.
fn same_change(one: &Inventory, other: &Inventory, removals: &[ArbRemoval], readings: Readings) -> Checked {
    let mut dice = Dice::of(one, removals);
    let pairs = pairs(&[one, other], removals, &mut dice);
    let (first, second) = (SecurityGraph::new(one.clone()), SecurityGraph::new(other.clone()));
    let removals = named(one, removals);
    let (before, after) = (run(&first, &removals, readings)?, run(&second, &removals, readings)?);
    same_effects(&before, &after, &pairs, |end| end)
}

/// Rewrites one fitting rule and compares what the removals do.
fn rewritten(
    inventory: &Inventory,
    removals: &[ArbRemoval],
    rewrite: impl Fn(&SecurityGroupRule) -> Option<Vec<SecurityGroupRule>>,
) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let fitting = places(inventory, |rule| rule.unevaluable.is_none() && rewrite(rule).is_some());
    let Some(place) = dice.pick(&fitting) else { return Ok(()) };
    let Some(with) = rule_at(inventory, *place).and_then(rewrite) else { return Ok(()) };
    same_change(inventory, &replaced(inventory, *place, with), removals, dice.readings())
}

/// MR-18: a rule that is there twice is there once.
pub fn duplicate_rule(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    rewritten(inventory, removals, |rule| {
        let twin = SecurityGroupRule { id: Some("sgr-~twin".into()), ..rule.clone() };
        Some(vec![rule.clone(), twin])
    })
}

/// MR-19: a port range may be written as two adjacent ones.
pub fn split_ports(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    rewritten(inventory, removals, |rule| {
        let RulePorts::Ranges(ranges) = &rule.ports else { return None };
        let at = ranges.iter().position(|range| range.low() < range.high())?;
        let range = ranges.get(at)?;
        let middle = range.low() + (range.high() - range.low()) / 2;
        let half = |low, high| {
            let mut ranges = ranges.clone();
            *ranges.get_mut(at)? = PortRange::new(low, high)?;
            Some(SecurityGroupRule { ports: RulePorts::Ranges(ranges), ..rule.clone() })
        };
        Some(vec![half(range.low(), middle)?, half(middle + 1, range.high())?])
    })
}

/// MR-19: a block may be written as its two halves.
pub fn split_block(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    rewritten(inventory, removals, |rule| {
        let RulePeer::Block(block) = &rule.peer else { return None };
        let family = block.family();
        let length = block.length().checked_add(1).filter(|length| *length <= family.bits())?;
        let half = |number| SecurityGroupRule {
            peer: RulePeer::Block(IpBlock::around(family, number, length)),
            ..rule.clone()
        };
        Some(vec![half(block.first()), half(block.last())])
    })
}

fn shadowed(inventory: &Inventory, removals: &[ArbRemoval], weaker: u16) -> Checked {
    rewritten(inventory, removals, |rule| {
        let action = match rule.action {
            RuleAction::Accept => RuleAction::Drop,
            RuleAction::Drop => RuleAction::Accept,
        };
        let priority = rule.priority.checked_add(weaker)?;
        Some(vec![rule.clone(), SecurityGroupRule { action, priority, id: None, ..rule.clone() }])
    })
}

/// MR-20: a rule behind a stronger one that matches everything it matches changes nothing.
pub fn shadowed_rule(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    shadowed(inventory, removals, 1)
}

/// [`shadowed_rule`], where the second rule is no weaker: a Drop wins the tie.
pub(super) fn shadowed_rule_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    shadowed(inventory, removals, 0)
}

fn with_priorities(inventory: &Inventory, map: impl Fn(u16) -> u16) -> Inventory {
    let mut other = inventory.clone();
    for rule in other.groups.iter_mut().flat_map(|group| &mut group.rules) {
        rule.priority = map(rule.priority);
    }
    sort(&mut other);
    other
}

/// MR-21: only the order of priorities counts. Where rules may be missing, the strongest priority stays what it is.
pub fn priorities_are_ranks(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let other = with_priorities(inventory, |priority| priority.saturating_mul(3).saturating_sub(2));
    same_change(inventory, &other, removals, readings)
}

/// [`priorities_are_ranks`], where the strongest priority is given up.
pub(super) fn priorities_are_ranks_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    same_change(
        inventory,
        &with_priorities(inventory, |priority| priority.saturating_add(1)),
        removals,
        pinned(),
    )
}

/// MR-22: `ALL` is one rule for every protocol number.
pub fn all_is_every_number(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    rewritten(inventory, removals, |rule| {
        let one = |number| SecurityGroupRule { protocol: IpProtocol::Number(number), ..rule.clone() };
        (rule.protocol == IpProtocol::All).then(|| (0..=u8::MAX).map(one).collect())
    })
}

/// Replaces a rule that names a group by one for each plain address of the members.
fn spelled_out(inventory: &Inventory, removals: &[ArbRemoval]) -> Option<Inventory> {
    let mut dice = Dice::of(inventory, removals);
    if inventory.interfaces.iter().any(|interface| interface.memberships == Memberships::Unknown) {
        return None;
    }
    let fitting =
        places(inventory, |rule| rule.unevaluable.is_none() && matches!(rule.peer, RulePeer::Group { .. }));
    let place = *dice.pick(&fitting)?;
    let network = &inventory.groups.get(place.0)?.network;
    let rule = rule_at(inventory, place)?;
    let RulePeer::Group { id, .. } = &rule.peer else { return None };
    let members = inventory.interfaces.iter().filter(|interface| {
        interface.network == *network
            && matches!(&interface.memberships, Memberships::Known(groups) if groups.contains(id))
    });
    let plain = members.flat_map(|member| &member.addresses).filter(|address| address.kind.is_plain());
    let of = |block| SecurityGroupRule { peer: RulePeer::Block(block), id: None, ..rule.clone() };
    let with = plain.map(|address| of(address.block)).collect();
    Some(replaced(inventory, place, with))
}

fn covering_plain_addresses() -> Readings {
    Readings { address_kinds: Some(AddressKinds::Ipv4), ..pinned() }
}

/// MR-27: before a removal, a group reference says what the addresses of its members say, where references cover
/// plain addresses only (law A8). After it they differ: the reference follows the members.
pub fn members_stand_for_their_group(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let Some(other) = spelled_out(inventory, removals) else { return Ok(()) };
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let readings = covering_plain_addresses();
    let (one, two) = (Answers::new(first.baseline(), readings), Answers::new(second.baseline(), readings));
    for flow in flows(inventory, &mut Dice::of(inventory, removals)) {
        let (named, spelled) = (one.of(flow), two.of(flow));
        if named != spelled {
            return broken(format!("{flow:?}: {named:?} by group, {spelled:?} by address"));
        }
    }
    Ok(())
}

/// [`members_stand_for_their_group`], asked of the change.
pub(super) fn members_stand_for_their_group_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    match spelled_out(inventory, removals) {
        Some(other) => same_change(inventory, &other, removals, covering_plain_addresses()),
        None => Ok(()),
    }
}
