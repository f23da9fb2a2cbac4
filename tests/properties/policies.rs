//! Laws of the review, over random estates and removals.

use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use sgleave::evaluate::{Difference, Endpoint, Evaluator};
use sgleave::graph::SecurityGraph;
use sgleave::policy::{
    Baseline, Finding, Level, Outcome, PolicySet, Reviewer, Standing, Status, Subject, Today, Waiver,
};
use sgleave::simulate::{Certainty, ChangeKind, EndpointSet, Options, Removal, Simulation, Simulator};
use sgleave::testing::{arb_inventory, arb_removals, named_removals, sample};

use crate::draw::mixed;

const TODAY: Today = Today::constant(2026, 1, 1);

/// What a review found, and how it ends.
type Reviewed = (Outcome, Vec<Finding>);

struct Case<'g> {
    simulator: &'g Simulator<'g>,
    simulation: &'g Simulation<'g>,
}

impl Case<'_> {
    fn review(&self, files: &[&str], waivers: &[Waiver], baseline: Option<&Baseline>) -> Reviewed {
        let mut set = PolicySet::standard();
        for text in files {
            set.layer("team.yaml", text).unwrap_or_else(|error| panic!("{error}"));
        }
        let bound = set.bind(self.simulation.graph).unwrap_or_else(|error| panic!("{error}"));
        let reviewer = Reviewer::new(self.simulator, &bound, Options::default().readings, TODAY)
            .allowing(waivers.to_vec())
            .knowing(baseline);
        let review = reviewer.review(self.simulation);
        (review.outcome(), review.findings().to_vec())
    }
}

/// Shows a law on random cases; returns on how many of them it had something to show.
fn show(cases: u64, law: impl Fn(&Case<'_>) -> bool + Sync) -> usize {
    let shown = AtomicUsize::new(0);
    (0..cases).into_par_iter().for_each(|seed| {
        let inventory = sample(&arb_inventory(&mixed(seed, 5)), seed);
        let removals = arb_removals(&inventory);
        let graph = SecurityGraph::new(inventory);
        let removals: Vec<Removal> = named_removals(graph.inventory(), &sample(&removals, seed));
        let simulator = Simulator::new(&graph);
        let simulation = simulator.simulate(&removals, &Options::default()).unwrap();
        shown.fetch_add(
            usize::from(law(&Case { simulator: &simulator, simulation: &simulation })),
            Ordering::Relaxed,
        );
    });
    shown.into_inner()
}

fn waiver(finding: &Finding, graph: &SecurityGraph) -> Waiver {
    Waiver {
        id: "w".to_owned(),
        policy: finding.rule.clone(),
        subject: finding.subject.name(graph),
        reason: "r".to_owned(),
        owner: "o".to_owned(),
        until: Some(TODAY),
        place: None,
    }
}

#[test]
fn a_waiver_changes_what_it_speaks_of_and_nothing_else() {
    let shown = show(300, |case| {
        let graph = case.simulation.graph;
        let (_, plain) = case.review(&[], &[], None);
        for finding in plain.iter().filter(|finding| finding.denies()) {
            let waiver = waiver(finding, graph);
            let (_, waived) = case.review(&[], std::slice::from_ref(&waiver), None);
            let mut expected = plain.clone();
            for one in expected.iter_mut().filter(|one| waiver.is_about(one, graph)) {
                one.status = Status::Waived(0);
            }
            let sorted = |mut findings: Vec<Finding>| {
                findings.sort();
                findings
            };
            assert_eq!(sorted(waived), sorted(expected), "{waiver:?}");
        }
        plain.iter().any(Finding::denies)
    });
    assert!(shown > 150, "{shown} cases had something to waive");
}

/// Rules that can be added in any estate, none of which is asked by itself.
const MORE: [&str; 4] = [
    "must-reach: { from: { all: true }, to: { all: true }, traffic: tcp/22 }",
    "must-not-reach: { from: { internet: true }, to: { all: true }, traffic: [tcp/22, udp/53] }",
    "blast-radius: { removals: 1, pairs: 2 }",
    "protected: { of: { all: true } }",
];

#[test]
fn adding_a_rule_never_clears_another() {
    let shown = show(200, |case| {
        let (outcome, plain) = case.review(&[], &[], None);
        let mut is_stricter = false;
        for rule in MORE {
            let text = format!("version: 1\npolicies:\n  - {rule}\n");
            let (stricter, found) = case.review(&[&text], &[], None);
            assert!(plain.iter().all(|finding| found.contains(finding)), "{rule}");
            assert!(outcome != Outcome::Denied || stricter == Outcome::Denied, "{rule}");
            assert!(outcome == Outcome::Clear || stricter != Outcome::Clear, "{rule}");
            is_stricter |= found.len() > plain.len();
        }
        is_stricter
    });
    assert!(shown > 100, "{shown} cases had something to add");
}

#[test]
fn a_baseline_of_what_stands_against_it_clears_the_same_change() {
    let shown = show(300, |case| {
        let (outcome, plain) = case.review(&[], &[], None);
        let against = plain.iter().filter(|finding| finding.denies());
        let baseline = Baseline::of(against, case.simulation.graph);
        assert_eq!(case.review(&[], &[], Some(&baseline)).0, Outcome::Clear);
        outcome != Outcome::Clear
    });
    assert!(shown > 150, "{shown} cases had something to know");
}

#[test]
fn a_change_of_nothing_brings_nothing_but_what_is_not_known() {
    show(150, |case| {
        let nothing = case.simulator.simulate(&[], &Options::default()).unwrap();
        let case = Case { simulator: case.simulator, simulation: &nothing };
        for rule in MORE {
            let text = format!("version: 1\nlevels: {{ undetermined-change: off }}\npolicies:\n  - {rule}\n");
            let (outcome, found) = case.review(&[&text], &[], None);
            assert_eq!(outcome, Outcome::Clear, "{rule}: {found:#?}");
        }
        false
    });
}

#[test]
fn no_default_clears_what_a_simulation_calls_certain() {
    let shown = show(300, |case| {
        let impact = &case.simulation.impact;
        let is_gained = impact.changes.iter().any(|change| change.kind == ChangeKind::Gained);
        let is_isolated = impact.isolated.iter().any(|one| one.new && one.certainty == Certainty::Certain);
        let is_left = impact.orphans.iter().any(|one| one.new && one.certainty == Certainty::Certain);
        let is_refused = case.simulation.removals.iter().any(|removal| !removal.refusals.is_empty());
        let (outcome, found) = case.review(&[], &[], None);
        let is_bad = is_gained || is_isolated || is_left || is_refused;
        assert!(!is_bad || outcome == Outcome::Denied, "{found:#?}");
        let is_unknown = !case.simulation.undetermined_because.is_empty();
        assert!(!is_unknown || outcome != Outcome::Clear, "{found:#?}");
        is_bad
    });
    assert!(shown > 150, "{shown} cases were bad");
}

/// What a source opens is worked out by class of destinations. Pair by pair the evaluator says the same, in both states.
#[test]
fn what_passes_by_class_is_what_passes_pair_by_pair() {
    let shown = show(150, |case| {
        let (graph, simulation) = (case.simulation.graph, case.simulation);
        let views = [simulation.before(), simulation.after()];
        let readings = Options::default().readings;
        let compiled = case.simulator.compiled();
        let difference = Difference::new(compiled, &views[0], &views[1], readings);
        let evaluator = Evaluator::of(compiled, readings);
        let mut differs = false;
        for source in graph.interfaces().filter(|source| views[0].groups_of(*source).is_some()) {
            for mut row in difference.rows(source) {
                let family = row.range().family();
                let own =
                    Endpoint::Interface { interface: source, address: family.address(row.range().first()) };
                for peer in
                    graph.interfaces().filter(|peer| *peer != source && difference.share_vpc(source, *peer))
                {
                    let held = graph.interface(peer).addresses.iter().copied();
                    for address in held.filter(|held| held.block.family() == family) {
                        // The first part holds the first address, and of a single one there is no other.
                        let numbers = row.reach_of(peer, address);
                        assert!(!numbers.is_empty() && (numbers.len() == 1 || !address.block.is_single()));
                        let reach = row.reach(numbers[0]).unwrap();
                        let other = Endpoint::Interface { interface: peer, address: address.block.address() };
                        for (view, answered) in views.iter().zip([&reach.before, &reach.after]) {
                            let (accepted, denied) = evaluator.answers_of(view, own, other, family);
                            assert_eq!(
                                (&accepted, &denied),
                                (&answered.accepted, &answered.denied),
                                "{own:?} {other:?}"
                            );
                        }
                        differs |= reach.before != reach.after;
                    }
                }
            }
        }
        differs
    });
    assert!(shown > 50, "{shown} cases changed something");
}

/// The rules of reachability and the simulation say the same.
#[test]
fn rules_of_reachability_agree_with_the_simulation() {
    let policy = "version: 1\npolicies:\n  - must-not-reach: { from: { all: true }, to: { all: true }, traffic: all }\n";
    let shown = show(400, |case| {
        let (_, found) = case.review(&[policy], &[], None);
        let is_new = |certainty: Certainty| {
            found.iter().any(|one| {
                one.code == "must-not-reach" && one.standing == Standing::New && one.certainty == certainty
            })
        };
        let is_inside = |set: &EndpointSet| matches!(set, EndpointSet::Interface { .. });
        let changes = case.simulation.impact.changes.iter();
        let inside = changes.filter(|change| {
            change.sources.iter().any(is_inside) && change.destinations.iter().any(is_inside)
        });
        let kinds: Vec<ChangeKind> = inside.map(|change| change.kind).collect();
        let is_gained = kinds.contains(&ChangeKind::Gained);
        let is_open = kinds.contains(&ChangeKind::Undetermined);
        assert!(!is_gained || is_new(Certainty::Certain), "{found:#?}");
        assert!(is_gained || is_open || !is_new(Certainty::Certain), "{found:#?}");
        assert!(is_gained || is_open || !is_new(Certainty::Possible), "{found:#?}");
        is_gained
    });
    assert!(shown > 40, "{shown} cases gained something inside");
}

#[test]
fn every_finding_has_a_key_of_its_own() {
    show(200, |case| {
        let text = format!("version: 1\npolicies:\n  - {}\n  - {}\n", MORE[0], MORE[1]);
        let (_, found) = case.review(&[&text], &[], None);
        let mut keys: Vec<String> = found.iter().map(|finding| finding.key(case.simulation.graph)).collect();
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all, "{found:#?}");
        assert!(found.iter().all(|finding| finding.level > Level::Off && !finding.message.is_empty()));
        assert!(
            found.iter().all(|one| one.subject != Subject::Whole || !one.aspect.is_empty()),
            "{found:#?}"
        );
        false
    });
}
