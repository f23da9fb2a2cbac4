//! What is left behind, who is responsible, and what the verdict rests on.

use std::collections::BTreeSet;

use sgleave::graph::SecurityGraph;
use sgleave::inventory::{ExternalConsumer, ForeignReference, Inventory};
use sgleave::simulate::{
    Certainty, Change, ChangeKind, EndpointSet, Options, OrphanKind, Removal, Simulation, SimulationVerdict,
    simulate,
};
use sgleave::testing::world;

fn leave(target: &str, group: &str) -> Removal {
    Removal { target: target.to_owned(), group: group.to_owned(), join: None }
}

fn after<T>(inventory: Inventory, removals: &[Removal], read: impl Fn(&Simulation<'_>) -> T) -> T {
    let graph = SecurityGraph::new(inventory);
    read(&simulate(&graph, removals, &Options::default()).unwrap())
}

/// Returns the groups that are empty afterwards, and whether that is new and certain.
fn empty(simulation: &Simulation<'_>) -> Vec<(String, bool, bool)> {
    let orphans = simulation.impact.orphans.iter().filter_map(|one| match one.kind {
        OrphanKind::EmptyGroup(group) => {
            Some((simulation.graph.group_id(group).to_string(), one.new, one.certainty == Certainty::Certain))
        }
        _ => None,
    });
    orphans.collect()
}

#[test]
fn empty_groups_are_told_of_the_vpcs_and_groups_that_the_change_touches() {
    let text = "K{normal,drop}; J{normal,drop}; F{normal,drop} @vpc-2; X=10.0.3.3 [G,K]";
    let found = after(world(text).unwrap(), &[leave("i-X", "sg-G")], empty);
    // G is held and not described, so nothing tells its VPC; F is empty elsewhere.
    assert_eq!(found, [("sg-G".to_owned(), true, true), ("sg-J".to_owned(), false, true)]);
}

#[test]
fn only_a_new_orphan_decides_the_verdict() {
    let text = "G{normal,drop}; K{normal,drop}; J{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [G] @vpc-1";
    let phrase = "some group is empty unless the export does not show all its members";
    for (more, removed, verdict, is_said) in [
        // J was empty before.
        ("", "sg-G", SimulationVerdict::Safe, false),
        ("; U=10.9.0.1 [?] @vpc-2", "sg-G", SimulationVerdict::Safe, false),
        ("", "sg-K", SimulationVerdict::Impact, false),
        ("; U=10.9.0.1 [?] @vpc-2", "sg-K", SimulationVerdict::Undetermined, true),
    ] {
        let found = after(world(&format!("{text}{more}")).unwrap(), &[leave("i-X", removed)], |simulation| {
            let because = &simulation.undetermined_because;
            (simulation.verdict, because.iter().any(|reason| reason == phrase))
        });
        assert_eq!(found, (verdict, is_said), "{removed}{more}");
    }
}

#[test]
fn an_isolation_that_is_only_possible_is_no_certain_impact() {
    let text =
        "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [B]; Z=10.0.9.9 [G];
        B: gap in";
    after(world(text).unwrap(), &[leave("i-X", "sg-G")], |simulation| {
        assert!(simulation.impact.isolated.iter().any(|one| one.new), "{:?}", simulation.impact.isolated);
        assert_eq!(simulation.verdict, SimulationVerdict::Undetermined);
    });
}

#[test]
fn a_service_is_lost_unless_it_admits_another_group_of_the_interface() {
    let lost = |kind: &str, id: &str| {
        let text = "G{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [G]";
        let mut inventory = world(text).unwrap();
        for (group, kind, id) in [("sg-G", "rds", "rm-1"), ("sg-K", kind, id)] {
            let (kind, id) = (kind.to_owned(), id.to_owned());
            inventory.consumers.push(ExternalConsumer { group: group.into(), kind, id });
        }
        let is_lost = |kind: &OrphanKind| matches!(kind, OrphanKind::ExternalConsumer { .. });
        after(inventory, &[leave("i-X", "sg-G")], |simulation| {
            simulation.impact.orphans.iter().filter(|one| is_lost(&one.kind)).count()
        })
    };
    assert_eq!(lost("rds", "rm-1"), 0);
    assert_eq!(lost("rds", "rm-2"), 1);
    assert_eq!(lost("redis", "rm-1"), 1);
    assert_eq!(lost("redis", "rm-2"), 1);
}

#[test]
fn a_group_of_another_account_that_names_ours_may_be_reached() {
    let text = "G{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [G]";
    for (named, is_reached) in [("sg-G", true), ("sg-K", false)] {
        let mut inventory = world(text).unwrap();
        // A rule names it too, so that the graph knows it.
        inventory.foreign_references.push(ForeignReference {
            group: named.into(),
            referencing: "sg-theirs".into(),
            owner: Some("2000".into()),
        });
        let kinds = after(inventory, &[leave("i-X", "sg-G")], |simulation| -> BTreeSet<ChangeKind> {
            let is_foreign = |end: &EndpointSet| matches!(end, EndpointSet::ForeignGroup { .. });
            let changes = simulation.impact.changes.iter();
            let foreign = changes.filter(|one| one.sources.iter().chain(&one.destinations).any(is_foreign));
            foreign.map(|change| change.kind).collect()
        });
        let expected: BTreeSet<ChangeKind> =
            Some(ChangeKind::Undetermined).into_iter().filter(|_| is_reached).collect();
        assert_eq!(kinds, expected, "{named}");
    }
}

#[test]
fn an_undetermined_verdict_names_what_it_rests_on() {
    let text = "G{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [G];
        G: in 1 accept tcp 80/80 from pl:unread";
    let because = after(world(text).unwrap(), &[leave("i-X", "sg-G")], |simulation| {
        simulation.undetermined_because.clone()
    });
    assert!(because.iter().any(|reason| reason == "entries of pl-unread"), "{because:?}");
    assert!(because.iter().all(|reason| reason != "what some answers depend on"), "{because:?}");
}

/// Returns (destination, removals that are responsible) of each pair that changes and begins at A.
fn responsible(simulation: &Simulation<'_>) -> BTreeSet<(String, Vec<String>)> {
    let graph = simulation.graph;
    let name = |end: &EndpointSet| match end {
        EndpointSet::Interface { interface, .. } => graph.interface(*interface).id.to_string(),
        other => format!("{other:?}"),
    };
    let from = |change: &&Change| change.sources.iter().any(|end| name(end) == "eni-A");
    let found = simulation.impact.changes.iter().filter(from).flat_map(|change| {
        let removed = |(interface, group): &(_, _)| {
            format!("{} {}", graph.interface(*interface).id, graph.group_id(*group))
        };
        change.destinations.iter().map(move |end| {
            let is_of_pair = |(interface, _): &&(_, _)| {
                let of = graph.interface(*interface).id.to_string();
                (change.removals_of.has_sources() && of == "eni-A")
                    || (change.removals_of.has_destinations() && of == name(end))
            };
            (name(end), change.removed_by.iter().filter(is_of_pair).map(removed).collect())
        })
    });
    found.collect()
}

#[test]
fn a_removal_that_changes_nothing_is_not_responsible() {
    let text = "G{normal,drop}; H{normal,drop}; L{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,H,K,L];
        A=10.0.2.2 [K]; G: in 1 accept tcp 80/80 from 10.0.2.2; H: in 1 accept tcp 80/80 from 10.0.2.2";
    let removals = [leave("i-X", "sg-G"), leave("i-X", "sg-H"), leave("i-X", "sg-L")];
    // The port goes only when both go; neither alone changes anything.
    let both = vec!["eni-X sg-G".to_owned(), "eni-X sg-H".to_owned()];
    assert_eq!(after(world(text).unwrap(), &removals, responsible), [("eni-X".to_owned(), both)].into());
}

#[test]
fn peers_that_leave_the_same_group_answer_for_themselves() {
    let text = "G{normal,drop}; H{normal,drop}; K{normal,drop}; A=10.0.2.2 [G,K]; V=10.0.3.3 [H,K];
        W=10.0.3.4 [H,K]; H: in 1 accept tcp 80/80 from 10.0.2.2";
    let removals = [leave("i-A", "sg-G"), leave("i-V", "sg-H"), leave("i-W", "sg-H")];
    let one = |name: &str| (name.to_owned(), vec![format!("{name} sg-H")]);
    assert_eq!(after(world(text).unwrap(), &removals, responsible), [one("eni-V"), one("eni-W")].into());
}

#[test]
fn what_is_orphaned_is_new_where_it_was_not_so_before() {
    // X leaves its only group; Y has had none before. K names G, and nobody names J.
    let text = "G{normal,drop}; K{normal,drop}; J{normal,drop}; X=10.0.3.3 [G]; Y=10.0.2.2 [];
        K: in 1 accept tcp 80/80 from sg:G";
    let options = Options::default();
    let graph = SecurityGraph::new(world(text).unwrap());
    let simulation = simulate(&graph, &[leave("i-X", "sg-G")], &options).unwrap();
    let (mut without, mut dangling) = (Vec::new(), Vec::new());
    for one in &simulation.impact.orphans {
        match &one.kind {
            OrphanKind::InterfaceWithoutGroup(interface) => {
                without.push((graph.interface(*interface).id.to_string(), one.new));
            }
            OrphanKind::DanglingReference(group, _) => dangling.push(graph.group_id(*group).to_string()),
            _ => {}
        }
    }
    without.sort();
    assert_eq!(without, [("eni-X".to_owned(), true), ("eni-Y".to_owned(), false)]);
    assert_eq!(dangling, ["sg-G"]);
}
