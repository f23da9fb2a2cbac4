//! Lines of addresses cut into runs, and runs put together again.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _};

use super::compiled::Point;
use super::rulebook::{Peer, RuleBook};
use crate::graph::GroupIx;
use crate::netset::{Family, IpBlock, IpRange, blocks_of};

/// A run of the line of addresses: all its addresses lie in the same blocks of the row's rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: u128,
    pub(super) last: u128,
    /// Number of the distinct set of rules whose remote side holds the run.
    pub(super) kind: u32,
}

/// Cuts a range where any of the blocks begins or ends inside it.
pub(super) fn cut(range: IpRange, inner: impl Iterator<Item = IpBlock>) -> Vec<IpRange> {
    let mut starts = BTreeSet::from([range.first()]);
    for block in inner {
        starts.insert(block.first());
        starts.extend(block.last().checked_add(1));
    }
    let starts: Vec<u128> =
        starts.into_iter().filter(|at| (range.first()..=range.last()).contains(at)).collect();
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([range.last()]);
    starts.iter().zip(ends).map(|(first, last)| IpRange::new(range.family(), *first, last)).collect()
}

/// Cuts the whole family where a rule's blocks begin or end; equal sets of rules get the same kind.
pub(super) fn runs(
    book: &RuleBook,
    family: Family,
    numbers: &[u32],
    changed: &[GroupIx],
) -> (Vec<Run>, Vec<(Vec<u32>, bool)>) {
    // Events, sorted: at this address, this rule begins (true) or ends (false) to hold the addresses.
    let mut events: Vec<(u128, u32, bool)> = Vec::new();
    for number in numbers {
        let Peer::Blocks(blocks) = &book.body(*number).peer else { continue };
        for block in blocks.iter().filter(|block| block.family() == family) {
            events.push((block.first(), *number, true));
            let next = block.last().checked_add(1).filter(|next| *next <= family.last());
            events.extend(next.map(|next| (next, *number, false)));
        }
    }
    events.sort_unstable();
    // Sorted: the rules that hold an address, and by how many blocks.
    let mut active: Vec<(u32, u32)> = Vec::new();
    let mut kinds: Vec<(Vec<u32>, bool)> = Vec::new();
    let mut known: HashMap<Vec<u32>, u32> = HashMap::new();
    let mut runs: Vec<Run> = Vec::new();
    let mut set: Vec<u32> = Vec::new();
    let (mut first, mut ahead) = (0, events.as_slice());
    loop {
        let (here, later) = ahead.split_at(ahead.partition_point(|(at, ..)| *at <= first));
        for (_, number, begins) in here {
            count(&mut active, *number, *begins);
        }
        set.clear();
        set.extend(active.iter().map(|(number, _)| *number));
        let kind = match known.get(set.as_slice()) {
            Some(known) => *known,
            None => {
                let next = u32::try_from(kinds.len()).unwrap_or(u32::MAX);
                let shaken = set.iter().any(|number| changed.contains(&book.body(*number).rule.group));
                kinds.push((set.clone(), shaken));
                known.insert(set.clone(), next);
                next
            }
        };
        let next = later.first().map(|(at, ..)| *at);
        runs.push(Run { first, last: next.map_or(family.last(), |next| next - 1), kind });
        let Some(next) = next else { return (runs, kinds) };
        (first, ahead) = (next, later);
    }
}

/// Counts one more or one less block of a rule.
fn count(active: &mut Vec<(u32, u32)>, number: u32, begins: bool) {
    match (active.binary_search_by_key(&number, |(known, _)| *known), begins) {
        (Ok(at), true) => active.get_mut(at).into_iter().for_each(|(_, count)| *count += 1),
        (Ok(at), false) => {
            active.get_mut(at).into_iter().for_each(|(_, count)| *count -= 1);
            active.retain(|(_, count)| *count > 0);
        }
        (Err(at), true) => active.insert(at, (number, 1)),
        (Err(_), false) => {}
    }
}

/// Returns the addresses of the points as sorted, disjoint ranges.
pub(super) fn union_of(points: &[Point]) -> Vec<(u128, u128)> {
    let mut merged: Vec<(u128, u128)> = Vec::new();
    for point in points {
        match merged.last_mut() {
            Some((_, last)) if point.first <= last.saturating_add(1) => *last = (*last).max(point.last),
            _ => merged.push((point.first, point.last)),
        }
    }
    merged
}

pub(super) fn is_covered(covered: &[(u128, u128)], range: IpRange) -> bool {
    let at = covered.partition_point(|(_, last)| *last < range.first());
    covered.get(at).is_some_and(|(first, last)| *first <= range.first() && range.last() <= *last)
}

/// Returns the blocks of one answer. A piece without any external address joins its neighbours where they agree, so
/// that an inventory address named by a rule does not tear a hole nobody can be in.
pub(super) fn blocks_of_answer(pieces: &[(IpRange, Option<usize>, bool)], answer: usize) -> Vec<IpBlock> {
    let mut ranges: Vec<IpRange> = Vec::new();
    let mut bridge: Option<IpRange> = None;
    for (range, found, covered) in pieces {
        if *covered {
            let first = bridge.map_or(range.first(), |open| open.first());
            bridge = ranges.last().map(|_| IpRange::new(range.family(), first, range.last()));
            continue;
        }
        if *found == Some(answer) {
            match ranges.last_mut() {
                Some(last) if last.last() + 1 == bridge.map_or(range.first(), |open| open.first()) => {
                    *last = IpRange::new(last.family(), last.first(), range.last());
                }
                _ => ranges.push(*range),
            }
        }
        bridge = None;
    }
    ranges.into_iter().flat_map(blocks_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::SecurityGraph;
    use crate::inventory::{
        Direction, InnerAccessPolicy, Inventory, Network, PrefixList, RuleAction, RulePeer, RulePorts,
        SecurityGroup, SecurityGroupRule, SecurityGroupType, Tags,
    };
    use crate::netset::IpProtocol;

    fn rule(direction: Direction, priority: u16, action: RuleAction, peer: &str) -> SecurityGroupRule {
        let peer = match peer.strip_prefix("sg-").map(|_| peer.into()) {
            Some(id) => RulePeer::Group { id, owner: None },
            None if peer.starts_with("pl-") => RulePeer::PrefixList(peer.into()),
            None => RulePeer::Block(peer.parse().unwrap()),
        };
        SecurityGroupRule {
            direction,
            priority,
            action,
            protocol: IpProtocol::All,
            ports: RulePorts::Any,
            source_ports: None,
            peer,
            local: None,
            unevaluable: None,
            id: None,
        }
    }

    fn graph(rules: Vec<SecurityGroupRule>, blocks: &[&str]) -> SecurityGraph {
        let entries = blocks.iter().map(|block| block.parse().unwrap()).collect();
        let list = PrefixList { entries, max_entries: None };
        let group = SecurityGroup {
            id: "sg-g".into(),
            name: "".into(),
            network: Network::Vpc("vpc-1".into()),
            region: None,
            group_type: Some(SecurityGroupType::Normal),
            inner_access: Some(InnerAccessPolicy::Accept),
            service_managed: Some(false),
            rules,
            rule_gaps: Vec::new(),
            tags: Tags::default(),
        };
        SecurityGraph::new(Inventory {
            groups: vec![group],
            prefix_lists: [("pl-many".into(), list)].into(),
            ..Inventory::default()
        })
    }

    #[test]
    fn a_run_has_the_rules_whose_blocks_hold_it_and_their_numbers_tell_direction_and_strength() {
        // One list with nested, adjacent and repeated blocks; rules of both directions; both ends of the line.
        let (into, out) = (Direction::Ingress, Direction::Egress);
        let rules = vec![
            rule(into, 1, RuleAction::Accept, "pl-many"),
            rule(into, 1, RuleAction::Drop, "0.0.0.0/0"),
            rule(out, 1, RuleAction::Accept, "10.0.1.0/24"),
            rule(out, 2, RuleAction::Drop, "10.0.0.0/23"),
            rule(into, 3, RuleAction::Accept, "10.0.2.0/24"),
            rule(into, 4, RuleAction::Drop, "sg-g"),
            rule(into, 5, RuleAction::Accept, "::/0"),
            rule(into, 6, RuleAction::Accept, "255.255.255.255"),
        ];
        let (list, more) = (
            ["10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/16", "10.0.0.128/25"],
            ["10.0.0.0/24", "255.0.0.0/8", "fd00::/8"],
        );
        let graph = graph(rules, &[&list[..], &more[..]].concat());
        let book = RuleBook::new(&graph);
        let all: Vec<u32> = graph.groups().flat_map(|group| book.of_group(group)).copied().collect();
        for family in [Family::Ipv4, Family::Ipv6] {
            let (runs, kinds) = runs(&book, family, &all, &[]);
            assert_eq!((runs[0].first, runs[runs.len() - 1].last), (0, family.last()));
            assert!(runs.windows(2).all(|pair| pair[0].last + 1 == pair[1].first));
            for run in &runs {
                for address in [run.first, run.last] {
                    let holds = |number: &&u32| match &book.body(**number).peer {
                        Peer::Blocks(blocks) => blocks.iter().any(|block| {
                            block.family() == family && (block.first()..=block.last()).contains(&address)
                        }),
                        _ => false,
                    };
                    let expected: Vec<u32> = all.iter().filter(holds).copied().collect();
                    assert_eq!(kinds[run.kind as usize].0, expected, "{family:?} {address:x}");
                }
            }
            let distinct: BTreeSet<&Vec<u32>> = kinds.iter().map(|(numbers, _)| numbers).collect();
            assert_eq!(distinct.len(), kinds.len());
        }
        for direction in [into, out] {
            let asked: Vec<u32> =
                all.iter().copied().filter(|number| book.body(*number).direction == direction).collect();
            assert_eq!(book.asked(&all, direction), asked);
            assert!(all.iter().all(|number| book.is_asked(*number, direction) == asked.contains(number)));
            let strength = |number: &u32| (book.body(*number).priority, book.body(*number).action);
            assert!(asked.is_sorted_by_key(strength));
        }
    }
}
