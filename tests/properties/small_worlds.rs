//! Every small world: two groups with up to two rules each, three interfaces, and every way to leave.
//!
//! The ordinary run looks at a slice that is spread over all of them. `SGLEAVE_SMALL_WORLDS` is how many to look at, and
//! `all` is every one; `SGLEAVE_SEED` chooses another slice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;
use sgleave::evaluate::Readings;
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{
    InnerAccessPolicy, Inventory, Memberships, SecurityGroupId, SecurityGroupRule, SecurityGroupType,
};
use sgleave::testing::{ArbRemoval, apply, baseline, named_removals, world};

use crate::compare::{Case, compare, simulated};
use crate::draw::{number, summarize};

const GROUPS: [&str; 2] = ["sg-G", "sg-H"];
const BASIC: SecurityGroupType = SecurityGroupType::Normal;
const ACCEPT: Option<InnerAccessPolicy> = Some(InnerAccessPolicy::Accept);
const DROP: Option<InnerAccessPolicy> = Some(InnerAccessPolicy::Drop);

/// Types and inner access policies of both groups. An interface in both makes their types equal (law 3), and without
/// one nobody can leave.
const POLICIES: [(SecurityGroupType, [Option<InnerAccessPolicy>; 2]); 5] = [
    (BASIC, [ACCEPT, ACCEPT]),
    (BASIC, [ACCEPT, DROP]),
    (BASIC, [DROP, ACCEPT]),
    (BASIC, [DROP, DROP]),
    (SecurityGroupType::Enterprise, [None, None]),
];

/// In which groups an interface is, and which one it leaves.
const STATES: [(&[usize], Option<usize>); 5] =
    [(&[0], None), (&[1], None), (&[0, 1], None), (&[0, 1], Some(0)), (&[0, 1], Some(1))];

/// Everything a small world is made of.
struct Alphabet {
    base: Inventory,
    /// The sets of up to two rules that a group can have: positions in `rules`.
    rule_sets: Vec<Vec<usize>>,
    rules: Vec<SecurityGroupRule>,
    /// For a rule set, the one in which both groups have changed names.
    mirrored: Vec<usize>,
    /// What three interfaces can do, up to their order: positions in [`STATES`].
    states: Vec<[usize; 3]>,
}

impl Alphabet {
    fn new() -> Self {
        let mut text = String::from("G{normal,accept}; H{normal,accept};");
        for (direction, way) in [("in", "from"), ("out", "to")] {
            for priority in [1, 2] {
                for action in ["accept", "drop"] {
                    for peer in ["sg:G", "sg:H", "0.0.0.0/0"] {
                        text += &format!("G: {direction} {priority} {action} tcp 80/80 {way} {peer};");
                    }
                }
            }
        }
        text += "A=10.0.0.1 [G]; B=10.0.0.2 [G]; C=10.0.0.3 [G]";
        let mut base = world(&text).unwrap();
        let rules = std::mem::take(&mut base.groups[0].rules);
        let mut rule_sets = vec![vec![]];
        rule_sets.extend((0..rules.len()).map(|one| vec![one]));
        rule_sets.extend((0..rules.len()).flat_map(|one| (0..one).map(move |other| vec![other, one])));
        let mirror = |set: &Vec<usize>| {
            let mut other: Vec<usize> = set.iter().map(|rule| mirror_of(&rules, *rule)).collect();
            other.sort_unstable();
            rule_sets.iter().position(|set| *set == other).unwrap()
        };
        let mirrored = rule_sets.iter().map(mirror).collect();
        let all = 0..STATES.len();
        let states = all.clone().flat_map(|a| {
            let all = all.clone();
            all.clone().skip(a).flat_map(move |b| all.clone().skip(b).map(move |c| [a, b, c]))
        });
        let leaves = |states: &[usize; 3]| states.iter().any(|state| STATES[*state].1.is_some());
        let states = states.filter(leaves).collect();
        Self { base, rule_sets, rules, mirrored, states }
    }

    fn count(&self) -> usize {
        self.rule_sets.len().pow(2) * POLICIES.len() * self.states.len()
    }

    /// Returns the world at a place, unless it is another one with the names of its groups changed.
    fn world(&self, place: usize) -> Option<(Inventory, Vec<ArbRemoval>)> {
        let (rest, states) = (place / self.states.len(), self.states[place % self.states.len()]);
        let (rest, policy) = (rest / POLICIES.len(), rest % POLICIES.len());
        let sets = [rest / self.rule_sets.len(), rest % self.rule_sets.len()];
        let mirrored = [self.mirrored[sets[1]], self.mirrored[sets[0]]];
        if (mirrored, mirrored_policy(policy), mirrored_states(states)) < (sets, policy, states) {
            return None;
        }
        let mut inventory = self.base.clone();
        let (group_type, inner) = POLICIES[policy];
        for (at, group) in inventory.groups.iter_mut().enumerate() {
            group.rules = self.rule_sets[sets[at]].iter().map(|rule| self.rules[*rule].clone()).collect();
            group.group_type = Some(group_type);
            group.inner_access = inner[at];
        }
        let id = |group: usize| SecurityGroupId::from(GROUPS[group]);
        let mut removals = Vec::new();
        for (at, state) in states.into_iter().enumerate() {
            let (held, left) = STATES[state];
            inventory.interfaces[at].memberships =
                Memberships::Known(held.iter().map(|group| id(*group)).collect());
            removals.extend(left.map(|group| ArbRemoval { interface: at, leave: id(group), join: None }));
        }
        Some((inventory, removals))
    }
}

fn mirror_of(rules: &[SecurityGroupRule], rule: usize) -> usize {
    let other = |text: String| match (text.contains(GROUPS[0]), text.contains(GROUPS[1])) {
        (true, _) => text.replace(GROUPS[0], GROUPS[1]),
        (_, true) => text.replace(GROUPS[1], GROUPS[0]),
        _ => text,
    };
    let wanted = other(rules[rule].to_string());
    rules.iter().position(|rule| rule.to_string() == wanted).unwrap()
}

fn mirrored_policy(policy: usize) -> usize {
    let (group_type, [one, other]) = POLICIES[policy];
    POLICIES.iter().position(|policy| *policy == (group_type, [other, one])).unwrap()
}

fn mirrored_states(states: [usize; 3]) -> [usize; 3] {
    let mut mirrored = states.map(|state| {
        let (held, left) = STATES[state];
        let held: Vec<usize> = held.iter().rev().map(|group| 1 - group).collect();
        let left = left.map(|group| 1 - group);
        STATES.iter().position(|state| state.0 == held && state.1 == left).unwrap()
    });
    mirrored.sort_unstable();
    mirrored
}

fn check(inventory: &Inventory, removals: &[ArbRemoval]) -> Result<(), String> {
    let graph = SecurityGraph::new(inventory.clone());
    let case = Case {
        inventory,
        graph: &graph,
        removals: &named_removals(inventory, removals),
        after: &apply(&baseline(inventory), removals),
        readings: Readings { intra_group_ingress: None, ..Readings::default() },
        at_every_boundary: false,
    };
    compare(&case, &simulated(&case)?).map(drop)
}

#[test]
fn engine_and_oracle_agree_on_small_worlds() {
    let (started, alphabet) = (Instant::now(), Alphabet::new());
    let count = alphabet.count();
    let wanted = match std::env::var("SGLEAVE_SMALL_WORLDS").as_deref() {
        Ok("all") => count,
        _ => usize::try_from(number("SGLEAVE_SMALL_WORLDS", 5_000)).unwrap().min(count),
    };
    // A step without a common factor meets every policy and state with every set of rules.
    let is_even = |step: &usize| [5, 7, 43].iter().all(|factor| !step.is_multiple_of(*factor));
    let step = (1..=count / wanted).rev().find(is_even).unwrap();
    let from = usize::try_from(number("SGLEAVE_SEED", 0)).unwrap() % step;
    let seen = AtomicUsize::new(0);
    let wrong = (0..wanted).into_par_iter().find_map_first(|at| {
        let place = from + at * step;
        let (inventory, removals) = alphabet.world(place)?;
        seen.fetch_add(1, Ordering::Relaxed);
        let error = check(&inventory, &removals).err()?;
        let rules: Vec<String> = inventory
            .groups
            .iter()
            .flat_map(|group| group.rules.iter().map(|rule| format!("{}: {rule}", group.id)))
            .collect();
        Some(format!("small world {place}: {error}\n{removals:?}\n{}", rules.join("\n")))
    });
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    let seen = seen.into_inner();
    summarize(started, || {
        format!("small worlds: {seen}, every {step}th from {from} of {count}, of which most have two names")
    });
    // About half are others with the names of the groups changed.
    assert!(seen * 3 > wanted, "{seen} of {wanted}");
}
