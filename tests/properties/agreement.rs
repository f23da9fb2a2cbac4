//! The engine and the oracle agree on random estates: every kind of change, causes, isolation, external addresses.
//!
//! A failing case is shrunk and printed with its seed. `SGLEAVE_CASES` runs more, `SGLEAVE_SEED` starts elsewhere.

use std::time::Instant;

use rayon::prelude::*;
use sgleave::evaluate::{AddressKinds, Order, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::simulate::ChangeKind;
use sgleave::testing::{Shape, apply, baseline, named_removals};

use crate::compare::{Case, Met, compare, compare_singles, simulated};
use crate::draw::{Drawn, drawn, number, shrunk, summarize};
use crate::marks;
use crate::world::Shares;

/// Worlds of several shapes: one seed is always the same world.
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

/// Most cases leave the open sentences open; some close one.
fn readings(seed: u64) -> Readings {
    let open = Readings::default();
    match seed % 10 {
        0 => Readings { intra_group_egress: Some(Order::CustomFirst), ..open },
        1 => Readings { intra_group_egress: Some(Order::AcceptFirst), ..open },
        2 => Readings { address_kinds: Some(AddressKinds::Ipv4), ..open },
        3 => Readings { address_kinds: Some(AddressKinds::All), ..open },
        4 => Readings { intra_group_ingress: None, ..open },
        5 => Readings { intra_group_ingress: Some(Order::CustomFirst), ..open },
        _ => open,
    }
}

/// What a case met, and what makes it worth running.
struct Found {
    met: Met,
    /// Whether a Drop decides a changed flow by winning a tie.
    tie: bool,
    /// Whether the intra-group Accept decides a changed flow, or comes or goes under one that stays.
    inner: bool,
}

fn check(drawn: &Drawn, seed: u64, at_every_boundary: bool) -> Result<Option<Found>, String> {
    let (inventory, removals) = drawn;
    if removals.is_empty() {
        return Ok(None);
    }
    let after = apply(&baseline(inventory), removals);
    let graph = SecurityGraph::new(inventory.clone());
    let case = Case {
        inventory,
        graph: &graph,
        removals: &named_removals(inventory, removals),
        after: &after,
        readings: readings(seed),
        at_every_boundary,
    };
    let simulation = simulated(&case)?;
    let met = compare(&case, &simulation)?;
    if seed.is_multiple_of(8) {
        let turn = usize::try_from(seed / 8).unwrap();
        compare_singles(&case, turn, turn)?;
    }
    let (tie, inner) = (marks::tie(&case, &simulation), marks::inner(&simulation));
    Ok(Some(Found { met, tie, inner }))
}

fn run(from: u64, cases: u64, at_every_boundary: bool) -> Shares {
    (from..from + cases)
        .into_par_iter()
        .map(|seed| {
            let mut shares = Shares { cases: 1, ..Shares::default() };
            match check(&drawn(seed, &shape(seed)), seed, at_every_boundary) {
                Err(_) => {
                    let again = |case: &Drawn| check(case, seed, at_every_boundary).map(|_| ());
                    panic!("{}", shrunk(seed, &shape(seed), again))
                }
                Ok(None) => shares.cases = 0,
                Ok(Some(Found { met, tie, inner })) => {
                    shares.note("change", !met.kinds.is_empty());
                    shares.note("lost", met.kinds.contains(&ChangeKind::Lost));
                    shares.note("gained", met.kinds.contains(&ChangeKind::Gained));
                    shares.note("undetermined", met.kinds.contains(&ChangeKind::Undetermined));
                    let both =
                        [ChangeKind::Lost, ChangeKind::Gained].iter().all(|kind| met.kinds.contains(kind));
                    shares.note("lost and gained", both);
                    shares.note("careful", met.careful);
                    shares.note("tie", tie);
                    shares.note("inner", inner);
                    *shares.counts.entry("flows").or_default() += met.flows;
                }
            }
            shares
        })
        .reduce(Shares::default, Shares::add)
}

/// The cases must be worth running: everything that can go wrong happens often.
fn assert_worth(shares: &Shares) {
    for (what, least) in
        [("change", 50.0), ("lost and gained", 15.0), ("tie", 10.0), ("inner", 10.0), ("undetermined", 5.0)]
    {
        assert!(shares.percent(what) >= least, "{what}: {shares:?}");
    }
    assert!(shares.percent("careful") < 1.0, "{shares:?}");
}

fn described(name: &str, from: u64, shares: &Shares) -> String {
    let flows = shares.counts.get("flows").copied().unwrap_or(0);
    let parts: Vec<String> = shares
        .counts
        .keys()
        .filter(|what| **what != "flows")
        .map(|what| format!("{what} {:.1} %", shares.percent(what)))
        .collect();
    format!("{name}: seed {from}, {} cases, {flows} flows: {}", shares.cases, parts.join(", "))
}

#[test]
fn engine_and_oracle_agree_on_twenty_thousand_estates() {
    let (started, from) = (Instant::now(), number("SGLEAVE_SEED", 0));
    let shares = run(from, number("SGLEAVE_CASES", 21_000), false);
    summarize(started, || described("agreement", from, &shares));
    assert!(shares.cases >= 20_000 || std::env::var_os("SGLEAVE_CASES").is_some(), "{shares:?}");
    assert_worth(&shares);
}

#[test]
fn engine_and_oracle_agree_at_every_boundary_of_some_estates() {
    let (started, from) = (Instant::now(), 1_000_000_000 + number("SGLEAVE_SEED", 0));
    let shares = run(from, number("SGLEAVE_COMPLETE_CASES", 400), true);
    summarize(started, || described("agreement at every boundary", from, &shares));
    assert!(shares.percent("change") > 50.0, "{shares:?}");
}
