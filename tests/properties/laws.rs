//! Every law over random estates.
//!
//! A failing case is shrunk and printed with its seed. `SGLEAVE_LAW_CASES` runs more of each law, `SGLEAVE_SEED` starts
//! elsewhere.

use std::collections::BTreeMap;
use std::time::Instant;

use rayon::prelude::*;
use sgleave::inventory::Inventory;
use sgleave::testing::laws::{LAWS, Law};
use sgleave::testing::{ArbRemoval, Shape};

use crate::draw::{Drawn, drawn, number, shrunk, summarize};

/// Few gaps: most laws say more about what is known.
fn shape(seed: u64) -> Shape {
    Shape {
        interfaces: 3 + usize::from(seed.is_multiple_of(3)),
        groups: 3 + usize::from(seed.is_multiple_of(5)),
        rules: 3,
        exact: false,
        ipv6: seed.is_multiple_of(2),
        prefixes: seed.is_multiple_of(4),
        lists: seed % 3 != 1,
        narrowing: seed % 3 != 2,
        enterprise: seed % 4 != 1,
        vpcs: seed.is_multiple_of(7),
        gaps: seed % 4 == 3,
    }
}

fn check(law: &Law, (inventory, removals): &Drawn) -> Result<(), String> {
    if removals.is_empty() {
        return Ok(());
    }
    let ask: fn(&Inventory, &[ArbRemoval]) -> _ = law.check;
    ask(inventory, removals).map_err(|error| error.to_string())
}

#[test]
fn every_law_holds_of_random_estates() {
    let started = Instant::now();
    let (from, cases) = (number("SGLEAVE_SEED", 0), number("SGLEAVE_LAW_CASES", 500));
    let of_law = |at: usize| LAWS.get(at).unwrap();
    let all = LAWS.len() as u64 * cases;
    // One loop over all laws, since a loop inside a loop takes up ever more of the stack. Each law has seeds of its own,
    // so that together they see more estates.
    let case = |n: u64| (usize::try_from(n / cases).unwrap(), from + n / cases * 10_000_000 + n % cases);
    let failed: Vec<(usize, u64)> = (0..all)
        .into_par_iter()
        .map(case)
        .filter(|(law, seed)| check(of_law(*law), &drawn(*seed, &shape(*seed))).is_err())
        .collect();
    // In order, so the last one entered is the smallest seed of its law.
    let failed: BTreeMap<usize, u64> = failed.into_iter().rev().collect();
    let tell = |(law, seed): (usize, u64)| {
        let law = of_law(law);
        let story = shrunk(seed, &shape(seed), |case| check(law, case));
        format!("{} ({}): {}\n{story}", law.name, law.reference, law.statement)
    };
    let broken: Vec<String> = failed.into_iter().map(tell).collect();
    summarize(started, || format!("laws: seed {from}, {} laws, {cases} cases each", LAWS.len()));
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}
