//! What the README shows for a user's own CI, run on the demo estate.

use std::path::PathBuf;
use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::select;
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{Source, load};
use sgleave::netset::Packet;
use sgleave::simulate::{ChangeKind, EndpointSet, Options, simulate};
use sgleave::testing::laws::LAWS;
use sgleave::testing::{arb_removals, named_removals};

/// Last night's export.
static ESTATE: LazyLock<SecurityGraph> = LazyLock::new(|| {
    let file =
        |path: PathBuf| Source { name: path.display().to_string(), bytes: std::fs::read(path).unwrap() };
    let files = std::fs::read_dir("fixtures/demo").unwrap();
    SecurityGraph::new(load(files.map(|entry| file(entry.unwrap().path())).collect()).unwrap())
});

proptest! {
    /// Whoever leaves whatever group: the database is never opened to the outside.
    #[test]
    fn nobody_who_leaves_opens_the_database(removals in arb_removals(ESTATE.inventory())) {
        let removals = named_removals(ESTATE.inventory(), &removals);
        let simulation = simulate(&ESTATE, &removals, &Options::default()).unwrap();
        let database = ESTATE.interfaces().find(|at| ESTATE.interface(*at).id.as_str() == "eni-db-1");
        let outside = |set: &EndpointSet| matches!(set, EndpointSet::External { .. });
        let inside = |set: &EndpointSet| {
            matches!(set, EndpointSet::Interface { interface, .. } if Some(*interface) == database)
        };
        for change in simulation.impact.changes.iter().filter(|change| change.kind != ChangeKind::Lost) {
            let opens = change.sources.iter().any(outside) && change.destinations.iter().any(inside);
            prop_assert!(!opens || !change.traffic.contains(Packet::tcp(49152, 5432)), "{removals:?}");
        }
    }

    /// What holds of every estate holds of ours.
    #[test]
    fn laws_hold_of_our_estate(law in select(LAWS), removals in arb_removals(ESTATE.inventory())) {
        if let Err(broken) = (law.check)(ESTATE.inventory(), &removals) {
            prop_assert!(false, "{}: {broken}", law.statement);
        }
    }
}
