//! The engine and the oracle agree on random estates: every kind of change, causes, isolation, external addresses.
//!
//! A failing case is shrunk and printed with its seed. `SGLEAVE_CASES` runs more, `SGLEAVE_SEED` starts elsewhere.

use rayon::prelude::*;
use sgleave::evaluate::{AddressKinds, Evaluator, Order, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::Inventory;
use sgleave::netset::{Family, Packet};
use sgleave::simulate::ChangeKind;
use sgleave::testing::{End, Shape, apply, baseline, probe_addresses, probe_packets};

use crate::compare::{Case, Met, compare, compare_single};
use crate::draw::{Drawn, drawn, number, shrunk};
use crate::world::{Shares, family_of, interface_ends, removals_of, share_vpc};

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

/// Where a case is looked at: everywhere that matters, or at a part that the seed picks.
fn probes(inventory: &Inventory, seed: u64, complete: bool) -> (Vec<Packet>, Vec<std::net::IpAddr>) {
    let packets = probe_packets(inventory);
    let mut addresses = probe_addresses(inventory, Family::Ipv4);
    addresses.extend(probe_addresses(inventory, Family::Ipv6));
    if complete {
        return (packets, addresses);
    }
    let pick = |length: usize, most: usize| {
        let step = length.div_ceil(most).max(1);
        let from = usize::try_from(seed).unwrap() % step;
        (from, step)
    };
    let (from, step) = pick(packets.len(), 16);
    let packets = packets.into_iter().skip(from).step_by(step).collect();
    let (from, step) = pick(addresses.len(), 12);
    (packets, addresses.into_iter().skip(from).step_by(step).collect())
}

fn check(drawn: &Drawn, seed: u64, complete: bool) -> Result<Option<Met>, String> {
    let (inventory, removals) = drawn;
    if removals.is_empty() {
        return Ok(None);
    }
    let after = apply(&baseline(inventory), removals);
    let (packets, addresses) = probes(inventory, seed, complete);
    let graph = SecurityGraph::new(inventory.clone());
    let case = Case {
        inventory,
        graph: &graph,
        removals: &removals_of(inventory, removals),
        after: &after,
        readings: readings(seed),
        packets: &packets,
        addresses: &addresses,
        complete,
    };
    let met = compare(&case)?;
    if seed.is_multiple_of(8) {
        singles(&case)?;
    }
    Ok(Some(met))
}

/// The evaluator that explains single flows, on a few flows of the case.
fn singles(case: &Case<'_>) -> Result<(), String> {
    let ends = interface_ends(case.inventory, case.addresses);
    let evaluator = Evaluator::new(case.graph, case.readings);
    let before = baseline(case.inventory);
    for from in ends.iter().take(3) {
        for to in ends.iter().rev().take(3) {
            let (End::Interface { index, .. }, End::Interface { index: other, .. }) = (*from, *to) else {
                continue;
            };
            if index == other
                || family_of(*from) != family_of(*to)
                || !share_vpc(case.inventory, index, other)
            {
                continue;
            }
            let absent = if family_of(*from) == Family::Ipv4 { 58 } else { 1 };
            for packet in case.packets.iter().filter(|packet| packet.protocol != absent).take(8) {
                compare_single(case, &evaluator, &before, (*from, *to, *packet))?;
            }
        }
    }
    Ok(())
}

fn run(from: u64, cases: u64, complete: bool) -> Shares {
    (from..from + cases)
        .into_par_iter()
        .map(|seed| {
            let mut shares = Shares { cases: 1, ..Shares::default() };
            match check(&drawn(seed, &shape(seed)), seed, complete) {
                Err(_) => {
                    let again = |case: &Drawn| check(case, seed, complete).map(|_| ());
                    panic!("{}", shrunk(seed, &shape(seed), again))
                }
                Ok(None) => shares.cases = 0,
                Ok(Some(met)) => {
                    shares.note("change", !met.kinds.is_empty());
                    shares.note("lost", met.kinds.contains(&ChangeKind::Lost));
                    shares.note("gained", met.kinds.contains(&ChangeKind::Gained));
                    shares.note("undetermined", met.kinds.contains(&ChangeKind::Undetermined));
                    let both =
                        [ChangeKind::Lost, ChangeKind::Gained].iter().all(|kind| met.kinds.contains(kind));
                    shares.note("lost and gained", both);
                    shares.note("careful", met.careful);
                    shares.note("tie", met.tie);
                    shares.note("inner", met.inner);
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

/// Tells what a run did, when somebody wants to know.
#[expect(clippy::print_stderr, reason = "a named command prints what it did; the ordinary run is silent")]
fn summarize(name: &str, from: u64, shares: &Shares) {
    if std::env::var_os("SGLEAVE_SUMMARY").is_some() {
        let flows = shares.counts.get("flows").copied().unwrap_or(0);
        let parts: Vec<String> = shares
            .counts
            .keys()
            .filter(|what| **what != "flows")
            .map(|what| format!("{what} {:.1} %", shares.percent(what)))
            .collect();
        eprintln!("{name}: seed {from}, {} cases, {flows} flows: {}", shares.cases, parts.join(", "));
    }
}

#[test]
fn engine_and_oracle_agree_on_twenty_thousand_estates() {
    let from = number("SGLEAVE_SEED", 0);
    let shares = run(from, number("SGLEAVE_CASES", 21_000), false);
    summarize("agreement", from, &shares);
    assert!(shares.cases >= 20_000 || std::env::var_os("SGLEAVE_CASES").is_some(), "{shares:?}");
    assert_worth(&shares);
}

#[test]
fn engine_and_oracle_agree_at_every_boundary_of_some_estates() {
    let from = 1_000_000_000 + number("SGLEAVE_SEED", 0);
    let shares = run(from, number("SGLEAVE_COMPLETE_CASES", 400), true);
    summarize("agreement at every boundary", from, &shares);
    assert!(shares.percent("change") > 50.0, "{shares:?}");
}
