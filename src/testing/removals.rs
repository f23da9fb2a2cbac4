//! Strategies over removals: whatever is drawn exists.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;

use super::Memberships;
use crate::inventory::{Inventory, Network, RuleAction, SecurityGroup, SecurityGroupId, SecurityGroupType};
use crate::simulate::Removal;

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

/// Draws the removals of one change: one membership, several interfaces out of one group, one interface out of
/// several groups, or any few; some of them moves. Interfaces whose groups are unknown stay where they are.
///
/// The inventory may be a small drawn one or an export of any size: time and memory follow its memberships.
pub fn arb_removals(inventory: &Inventory) -> impl Strategy<Value = Vec<ArbRemoval>> + use<> {
    let estate = Arc::new(Estate::new(inventory));
    let all: Vec<usize> = (0..estate.candidates.len()).collect();
    if all.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let by_group = pools(&estate, |(_, group)| group);
    let by_interface = pools(&estate, |(interface, _)| interface);
    let weighed = weighed(inventory, &estate);
    let drawn = |pools, most| drawn(Arc::clone(&estate), pools, most);
    prop_oneof![
        4 => drawn(vec![weighed.clone()], 1),
        2 => drawn(vec![weighed], 2),
        1 => drawn(vec![all.clone()], 1),
        2 => drawn(by_group, 5),
        2 => drawn(by_interface, 3),
        1 => drawn(vec![all], 4),
    ]
    .boxed()
}

/// Names removals as a caller of [`crate::simulate::simulate`] does, by interface.
#[must_use]
pub fn named_removals(inventory: &Inventory, removals: &[ArbRemoval]) -> Vec<Removal> {
    let name = |removal: &ArbRemoval| {
        let interface = inventory.interfaces.get(removal.interface)?;
        Some(Removal {
            target: interface.id.to_string(),
            group: removal.leave.to_string(),
            join: removal.join.as_ref().map(ToString::to_string),
        })
    };
    removals.iter().filter_map(name).collect()
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

/// A membership that can be left.
type Candidate = (usize, SecurityGroupId);

/// Groups of one network and type can take each other's place.
type Kind = (Network, SecurityGroupType);

/// What can be left and joined.
#[derive(Debug)]
struct Estate {
    candidates: Vec<Candidate>,
    /// The groups of each interface.
    held: Memberships,
    kinds: BTreeMap<SecurityGroupId, Kind>,
    alike: BTreeMap<Kind, Vec<SecurityGroupId>>,
}

impl Estate {
    fn new(inventory: &Inventory) -> Self {
        let held = super::baseline(inventory);
        let of_interface = |(at, groups): (usize, &Option<BTreeSet<SecurityGroupId>>)| {
            let groups = groups.iter().flatten().cloned();
            groups.map(move |group| (at, group)).collect::<Vec<Candidate>>()
        };
        let candidates = held.iter().enumerate().flat_map(of_interface).collect();
        let mut kinds = BTreeMap::new();
        let mut alike: BTreeMap<Kind, Vec<SecurityGroupId>> = BTreeMap::new();
        for group in &inventory.groups {
            if let Some(group_type) = group.group_type {
                let kind = (group.network.clone(), group_type);
                alike.entry(kind.clone()).or_default().push(group.id.clone());
                kinds.insert(group.id.clone(), kind);
            }
        }
        Self { candidates, held, kinds, alike }
    }

    /// Returns the groups that the interface could join in place of the one it leaves.
    fn others(&self, (interface, leave): &Candidate) -> Vec<&SecurityGroupId> {
        let held = self.held.get(*interface).and_then(Option::as_ref);
        let alike = self.kinds.get(leave).and_then(|kind| self.alike.get(kind));
        let is_new = |group: &&SecurityGroupId| held.is_none_or(|held| !held.contains(*group));
        alike.into_iter().flatten().filter(is_new).collect()
    }
}

/// Returns the candidates, as positions, that agree in something.
fn pools<'e, K: Ord + 'e>(estate: &'e Estate, key: impl Fn(&'e Candidate) -> &'e K) -> Vec<Vec<usize>> {
    let mut pools: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in estate.candidates.iter().enumerate() {
        pools.entry(key(candidate)).or_default().push(at);
    }
    pools.into_values().collect()
}

/// Repeats the memberships that are worth leaving: another group stays, and what goes both accepts and drops.
fn weighed(inventory: &Inventory, estate: &Estate) -> Vec<usize> {
    let is_mixed = |group: &&SecurityGroup| {
        let does = |action| group.rules.iter().any(|rule| rule.action == action);
        does(RuleAction::Accept) && does(RuleAction::Drop)
    };
    let mixed: BTreeSet<&SecurityGroupId> =
        inventory.groups.iter().filter(is_mixed).map(|group| &group.id).collect();
    let weight = |(interface, leave): &Candidate| {
        let held = estate.held.get(*interface).and_then(Option::as_ref);
        let others = held.is_some_and(|held| held.len() > 1);
        1 + 2 * usize::from(others) + 4 * usize::from(others && mixed.contains(leave))
    };
    let repeated = |(at, candidate)| std::iter::repeat_n(at, weight(candidate));
    estate.candidates.iter().enumerate().flat_map(repeated).collect()
}

/// Draws up to `most` memberships from one of the pools.
fn drawn(estate: Arc<Estate>, pools: Vec<Vec<usize>>, most: usize) -> impl Strategy<Value = Vec<ArbRemoval>> {
    let pick = (any::<Index>(), weighted(0.25, any::<Index>()));
    (any::<Index>(), vec(pick, 1..=most)).prop_map(move |(pool, picks)| {
        let pool = pool.get(&pools);
        // A membership can be left once only.
        let mut removals = BTreeMap::new();
        for (pick, join) in picks {
            let Some(candidate) = estate.candidates.get(*pick.get(pool)) else { continue };
            let others = join.map(|join| (join, estate.others(candidate)));
            let join = others.filter(|(_, others)| !others.is_empty());
            removals.insert(candidate.clone(), join.map(|(at, others)| (*at.get(&others)).clone()));
        }
        let removal = |((interface, leave), join)| ArbRemoval { interface, leave, join };
        removals.into_iter().map(removal).collect()
    })
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
