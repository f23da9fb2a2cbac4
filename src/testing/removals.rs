//! Strategies over removals: whatever is drawn exists.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;

use super::Memberships;
use crate::inventory::{Inventory, RuleAction, SecurityGroupId};

/// An interface that leaves a group, and may join another in its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArbRemoval {
    /// The position in `inventory.interfaces`.
    pub interface: usize,
    /// A group it is in.
    pub leave: SecurityGroupId,
    /// A group it is not in, of the same VPC and the same known type.
    pub join: Option<SecurityGroupId>,
}

/// A membership, and the groups that could take its place.
type Candidate = (usize, SecurityGroupId, Vec<SecurityGroupId>);

/// Draws the removals of one change: one membership, several interfaces out of one group, one interface out of
/// several groups, or any few; some of them moves. Interfaces whose groups are unknown stay where they are.
pub fn arb_removals(inventory: &Inventory) -> impl Strategy<Value = Vec<ArbRemoval>> + use<> {
    let candidates = candidates(inventory);
    if candidates.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let held: BTreeSet<&SecurityGroupId> = candidates.iter().map(|(_, group, _)| group).collect();
    let by_group = held.into_iter().map(|id| select(&candidates, |(_, group, _)| group == id)).collect();
    let members: BTreeSet<usize> = candidates.iter().map(|(interface, ..)| *interface).collect();
    let by_interface =
        members.into_iter().map(|at| select(&candidates, |(other, ..)| *other == at)).collect();
    prop_oneof![
        4 => drawn(vec![weighed(inventory, &candidates)], 1),
        2 => drawn(vec![weighed(inventory, &candidates)], 2),
        1 => drawn(vec![candidates.clone()], 1),
        2 => drawn(by_group, 5),
        2 => drawn(by_interface, 3),
        1 => drawn(vec![candidates], 4),
    ]
    .boxed()
}

/// Returns the memberships after the removals.
#[must_use]
pub fn apply(baseline: &Memberships, removals: &[ArbRemoval]) -> Memberships {
    let mut state = baseline.clone();
    for removal in removals {
        if let Some(Some(groups)) = state.get_mut(removal.interface) {
            groups.remove(&removal.leave);
            groups.extend(removal.join.clone());
        }
    }
    state
}

/// Repeats the memberships that are worth leaving: another group stays, and what goes both accepts and drops.
fn weighed(inventory: &Inventory, candidates: &[Candidate]) -> Vec<Candidate> {
    let weight = |(interface, leave, _): &Candidate| {
        let others = candidates.iter().any(|(other, group, _)| other == interface && group != leave);
        let does = |action| {
            inventory.group(leave).is_some_and(|group| group.rules.iter().any(|rule| rule.action == action))
        };
        let mixed = does(RuleAction::Accept) && does(RuleAction::Drop);
        1 + 2 * usize::from(others) + 4 * usize::from(others && mixed)
    };
    candidates.iter().flat_map(|one| std::iter::repeat_n(one.clone(), weight(one))).collect()
}

fn select(candidates: &[Candidate], wanted: impl Fn(&&Candidate) -> bool) -> Vec<Candidate> {
    candidates.iter().filter(wanted).cloned().collect()
}

/// Draws up to `most` memberships from one of the pools.
fn drawn(pools: Vec<Vec<Candidate>>, most: usize) -> impl Strategy<Value = Vec<ArbRemoval>> {
    let pick = (any::<Index>(), weighted(0.25, any::<Index>()));
    (any::<Index>(), vec(pick, 1..=most)).prop_map(move |(pool, picks)| {
        let pool = pool.get(&pools);
        // A membership can be left once only.
        let mut removals = BTreeMap::new();
        for (pick, join) in picks {
            let (interface, leave, others) = pick.get(pool);
            let join = join.filter(|_| !others.is_empty()).map(|at| at.get(others).clone());
            removals.insert((*interface, leave.clone()), join);
        }
        let removal = |((interface, leave), join)| ArbRemoval { interface, leave, join };
        removals.into_iter().map(removal).collect()
    })
}

fn candidates(inventory: &Inventory) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (index, groups) in super::baseline(inventory).into_iter().enumerate() {
        let groups = groups.unwrap_or_default();
        for leave in &groups {
            let left = inventory.group(leave).filter(|group| group.group_type.is_some());
            let others = inventory.groups.iter().filter(|other| {
                !groups.contains(&other.id)
                    && left.is_some_and(|left| {
                        left.group_type == other.group_type && left.network == other.network
                    })
            });
            candidates.push((index, leave.clone(), others.map(|other| other.id.clone()).collect()));
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{baseline, sample, world};

    #[test]
    fn removals_name_memberships_and_joins_fit() {
        let inventory = world(
            "A=10.0.0.1 [G1,G2]; B=10.0.0.2 [G1]; C=10.0.0.3 [E1]; D=10.0.0.4 [?]; G1{normal}; G2{normal};
             G3{normal}; G4{normal} @vpc-2; G5{?}; E1{enterprise}",
        )
        .unwrap();
        let strategy = arb_removals(&inventory);
        let state = baseline(&inventory);
        let mut seen = BTreeSet::new();
        let mut sizes = BTreeSet::new();
        for seed in 0..400 {
            let removals = sample(&strategy, seed);
            sizes.insert(removals.len());
            let after = apply(&state, &removals);
            for removal in &removals {
                assert!(state[removal.interface].as_ref().unwrap().contains(&removal.leave));
                let now = after[removal.interface].as_ref().unwrap();
                assert!(!now.contains(&removal.leave));
                assert!(removal.join.iter().all(|join| now.contains(join)));
                seen.insert((
                    removal.interface,
                    removal.leave.as_str().to_owned(),
                    removal.join.as_ref().map(|join| join.as_str().to_owned()),
                ));
            }
        }
        let text =
            |entry: (usize, &str, Option<&str>)| (entry.0, entry.1.to_owned(), entry.2.map(str::to_owned));
        let expected: BTreeSet<_> = [
            (0, "sg-G1", None),
            (0, "sg-G1", Some("sg-G3")),
            (0, "sg-G2", None),
            (0, "sg-G2", Some("sg-G3")),
            (1, "sg-G1", None),
            (1, "sg-G1", Some("sg-G2")),
            (1, "sg-G1", Some("sg-G3")),
            (2, "sg-E1", None),
        ]
        .map(text)
        .into();
        assert_eq!(seen, expected);
        assert!(sizes.contains(&1) && sizes.contains(&2) && sizes.contains(&3));
    }

    #[test]
    fn nothing_to_leave_draws_nothing() {
        let inventory = world("A=10.0.0.1 [?]").unwrap();
        assert_eq!(sample(&arb_removals(&inventory), 1), []);
    }
}
