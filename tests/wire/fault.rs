//! A wire that lies is found out: one membership is missing in the rules only.

use std::collections::BTreeSet;

use sgleave::graph::SecurityGraph;
use sgleave::testing::ArbRemoval;

use crate::engine::Engine;
use crate::estate::Estate;
use crate::fabric::Fabric;
use crate::prober::Prober;
use crate::requirements;
use crate::ruleset::Compiler;
use crate::wire;

/// Questions to the wire.
const PROBES: usize = 1_500;

/// Draws estates until one membership of one of them matters, and makes that membership the only one that leaves.
fn with_a_membership_that_matters() -> Estate {
    for seed in 0.. {
        let drawn = Estate::drawn(seed);
        for (interface, groups) in drawn.before.iter().enumerate() {
            for leave in groups.iter().flatten() {
                let removal = ArbRemoval { interface, leave: leave.clone(), join: None };
                let estate = Estate::new(seed, drawn.inventory.clone(), vec![removal], drawn.readings);
                let graph = SecurityGraph::new(estate.inventory.clone());
                let engine = Engine::new(&graph, &estate);
                if estate.probes(PROBES).iter().any(|probe| !engine.changes(probe).is_empty()) {
                    return estate;
                }
            }
        }
    }
    unreachable!("memberships matter")
}

#[test]
fn a_membership_that_the_rules_forget_is_found() {
    if !requirements::are_met() {
        return;
    }
    let estate = with_a_membership_that_matters();
    let graph = SecurityGraph::new(estate.inventory.clone());
    let engine = Engine::new(&graph, &estate);
    let probes = estate.probes(PROBES);
    let compiler = Compiler::new(&estate.inventory, estate.readings, &[&estate.before]);
    let fabric = Fabric::new(&estate.hosts());
    let mut prober = Prober::new(&fabric, &estate);
    let expected: Vec<bool> = probes.iter().map(|probe| engine.accepts(&engine.before, probe)).collect();

    fabric.filter(&compiler.ruleset(&estate.after));
    let passed = wire::ask(&mut prober, &estate, &probes, &expected);
    let found: BTreeSet<usize> = (0..probes.len()).filter(|at| passed[*at] != expected[*at]).collect();
    assert!(!found.is_empty(), "the fault is not found");
    // It is found where the engine knows that it shows, and nowhere else.
    let shows = (0..probes.len()).filter(|at| !engine.changes(&probes[*at]).is_empty()).collect();
    assert_eq!(found, shows);

    fabric.filter(&format!("delete table inet sg\n{}", compiler.ruleset(&estate.before)));
    let passed = wire::ask(&mut prober, &estate, &probes, &expected);
    assert_eq!(passed, expected, "without the fault nothing is found");
}
