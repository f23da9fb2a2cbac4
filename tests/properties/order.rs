//! Order and threads change nothing.

use proptest::prelude::{Just, Strategy, TestCaseError, proptest};
use sgleave::graph::SecurityGraph;
use sgleave::simulate::{Options, simulate};
use sgleave::testing::{Shape, arb_inventory, arb_removals, named_removals};

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(200))]

    #[test]
    fn one_two_and_eight_threads_say_the_same(
        (inventory, removals) in arb_inventory(&Shape::default()).prop_flat_map(|inventory| {
            let removals = arb_removals(&inventory);
            (Just(inventory), removals)
        }),
    ) {
        let removals = named_removals(&inventory, &removals);
        let graph = SecurityGraph::new(inventory);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| simulate(&graph, &removals, &Options::default()).map(|simulation| simulation.impact))
        };
        let one = with(1);
        for threads in [2, 8] {
            if with(threads) != one {
                return Err(TestCaseError::fail("the number of threads changes the impact"));
            }
        }
        // The order in which removals are named means nothing either.
        let mut reversed = removals.clone();
        reversed.reverse();
        let other = simulate(&graph, &reversed, &Options::default()).map(|simulation| simulation.impact);
        if other != one {
            return Err(TestCaseError::fail("the order of removals changes the impact"));
        }
    }
}
