//! One compiled estate answers every what-if as a fresh one does, in any order and from any thread.

use rayon::prelude::*;
use sgleave::graph::SecurityGraph;
use sgleave::simulate::{Options, Simulation, Simulator, simulate};
use sgleave::testing::{arb_inventory, arb_removals, named_removals, sample};

use crate::draw::mixed;

fn told(simulation: &Simulation<'_>) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        simulation.verdict, simulation.undetermined_because, simulation.removals, simulation.impact
    )
}

#[test]
fn what_ifs_over_one_estate_do_not_touch_each_other() {
    let asked: usize = (0..200_u64)
        .into_par_iter()
        .map(|seed| {
            let inventory = sample(&arb_inventory(&mixed(seed, 6)), seed);
            let strategy = arb_removals(&inventory);
            let graph = SecurityGraph::new(inventory);
            let simulator = Simulator::new(&graph);
            let draw = |turn| named_removals(graph.inventory(), &sample(&strategy, seed * 10 + turn));
            let drawn: Vec<_> = (0..6_u64).map(draw).collect();
            let asked = drawn.par_iter().filter(|removals| {
                let (one, fresh) = (
                    simulator.simulate(removals, &Options::default()).unwrap(),
                    simulate(&graph, removals, &Options::default()).unwrap(),
                );
                assert_eq!(told(&one), told(&fresh), "seed {seed}: {removals:?}");
                !one.impact.changes.is_empty()
            });
            asked.count()
        })
        .sum();
    assert!(asked > 600, "{asked} what-ifs changed something");
}
