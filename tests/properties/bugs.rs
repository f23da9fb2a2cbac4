//! Each test bears the name of a bug that was.

use sgleave::evaluate::{Disposition, Endpoint, Evaluator, Flow, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{InventoryGap, Unevaluable};
use sgleave::netset::{Family, Packet};
use sgleave::simulate::{
    Certainty, ChangeKind, EndpointSet, Options, OrphanKind, Removal, RemovalError, SimulationVerdict,
    simulate,
};
use sgleave::testing::world;

fn leave(target: &str, group: &str) -> Removal {
    Removal { target: target.to_owned(), group: group.to_owned(), join: None }
}

fn verdict(text: &str, removals: &[Removal]) -> SimulationVerdict {
    let graph = SecurityGraph::new(world(text).unwrap());
    simulate(&graph, removals, &Options::default()).unwrap().verdict
}

const FELLOWS: &str = "G{normal,drop}; K{normal,drop}; B{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [G,B];
    K: in 1 accept icmp from 10.0.0.0/8; B: in 1 accept icmp from 10.0.0.0/8;";

#[test]
fn a_rule_that_is_not_understood_forgets_the_group_it_names() {
    assert_eq!(verdict(FELLOWS, &[leave("i-X", "sg-G")]), SimulationVerdict::Safe);
    let text = format!("{FELLOWS} B: in 1 accept tcp 80/80 from sg:G ?");
    for doubt in [
        Unevaluable::UnknownKey("NewKey".into()),
        Unevaluable::Protocol("XYZ".into()),
        Unevaluable::AllWithPort("80/80".into()),
    ] {
        let mut inventory = world(&text).unwrap();
        for rule in inventory.groups.iter_mut().flat_map(|group| &mut group.rules) {
            if rule.unevaluable.is_some() {
                rule.unevaluable = Some(Box::new(doubt.clone()));
            }
        }
        let graph = SecurityGraph::new(inventory);
        let simulation = simulate(&graph, &[leave("i-X", "sg-G")], &Options::default()).unwrap();
        assert_eq!(simulation.verdict, SimulationVerdict::Undetermined, "{doubt:?}");
    }
}

#[test]
fn a_foreign_group_uncovered_by_a_drop_that_goes_is_not_seen() {
    let text = "G{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,K]; G: in 1 drop tcp 22/22 from 0.0.0.0/0;
        K: in 2 accept tcp 22/22 from sg:2000/other; Y=10.0.2.2 [G]";
    assert_eq!(verdict(text, &[leave("i-X", "sg-G")]), SimulationVerdict::Undetermined);
}

#[test]
fn an_interface_of_another_account_makes_its_groups_ours() {
    let text = "G{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [G];
        G: in 1 accept tcp 22/22 from sg:2000/other";
    let mut inventory = world(text).unwrap();
    for interface in &mut inventory.interfaces {
        interface.owner = Some(if interface.id.as_str() == "eni-Y" { "2000" } else { "1000" }.into());
    }
    let graph = SecurityGraph::new(inventory);
    let simulation = simulate(&graph, &[leave("i-X", "sg-G")], &Options::default()).unwrap();
    assert_eq!(simulation.verdict, SimulationVerdict::Undetermined);
}

#[test]
fn more_unknowns_than_are_tried_count_as_false() {
    let lists: String = (0..20).map(|n| format!("B: in 50 accept tcp 22/22 from pl:l{n};")).collect();
    let text = format!(
        "A{{normal,drop}}; B{{normal,drop}}; X=10.0.3.3 [A]; Y=10.0.2.2 [B]; {lists}
        B: in 1 drop tcp 22/22 from pl:z; B: in 100 accept tcp 22/22 from 10.0.0.0/8"
    );
    let graph = SecurityGraph::new(world(&text).unwrap());
    let end = |id: &str, address: &str| Endpoint::Interface {
        interface: graph.find_interface(&id.into()).unwrap(),
        address: address.parse().unwrap(),
    };
    let flow = Flow {
        source: end("eni-X", "10.0.3.3"),
        destination: end("eni-Y", "10.0.2.2"),
        packet: Packet::tcp(40_000, 22),
    };
    let answer = Evaluator::new(&graph, Readings::default()).evaluate(&graph.baseline(), &flow);
    assert_eq!(answer.disposition, Disposition::InsufficientInfo);
}

#[test]
fn an_isolation_that_no_reading_changes_is_called_new() {
    let text = "K{normal,accept}; G{normal,drop}; X=10.0.3.3 [K,G]; Y=10.0.2.2 [K]; Z=10.0.2.9 [G];
        K: out 1 drop all to 0.0.0.0/0";
    let graph = SecurityGraph::new(world(text).unwrap());
    let simulation = simulate(&graph, &[leave("i-X", "sg-G")], &Options::default()).unwrap();
    assert!(simulation.impact.isolated.iter().all(|one| !one.new), "{:?}", simulation.impact.isolated);
    assert_eq!(simulation.verdict, SimulationVerdict::Safe);
}

#[test]
fn a_group_is_called_empty_although_members_may_be_unseen() {
    let mut inventory = world("G{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,K]; Y=10.0.2.2 [K]").unwrap();
    let is_impact = |inventory: &sgleave::inventory::Inventory| {
        let graph = SecurityGraph::new(inventory.clone());
        let simulation = simulate(&graph, &[leave("i-X", "sg-G")], &Options::default()).unwrap();
        let empty =
            simulation.impact.orphans.iter().find(|one| matches!(one.kind, OrphanKind::EmptyGroup(_)));
        (simulation.verdict, empty.unwrap().certainty)
    };
    assert_eq!(is_impact(&inventory), (SimulationVerdict::Impact, Certainty::Certain));
    inventory.gaps.push(InventoryGap { code: "truncated-page", what: "further interfaces".to_owned() });
    assert_eq!(is_impact(&inventory), (SimulationVerdict::Undetermined, Certainty::Possible));
}

#[test]
fn one_witness_answers_for_traffic_that_another_removal_carries() {
    let text = "G{normal,drop}; H{normal,drop}; K{normal,drop}; X=10.0.3.3 [G,H,K]; Y=10.0.2.2 [K];
        G: in 1 accept tcp 80/90 from 10.0.0.0/8; H: in 2 accept tcp 85/85 from 10.0.0.0/8";
    let graph = SecurityGraph::new(world(text).unwrap());
    let removals = [leave("i-X", "sg-G"), leave("i-X", "sg-H")];
    let simulation = simulate(&graph, &removals, &Options::default()).unwrap();
    let mut shares: Vec<(String, usize)> = simulation
        .impact
        .changes
        .iter()
        .filter(|change| change.kind == ChangeKind::Lost)
        .map(|change| {
            let items = change.traffic.items(Family::Ipv4);
            (items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "), change.removed_by.len())
        })
        .collect();
    shares.sort();
    shares.dedup();
    // Port 85 goes only because both go; the rest goes with the first.
    assert_eq!(shares, [("tcp/80-84,86-90".to_owned(), 1), ("tcp/85".to_owned(), 2)]);
}

#[test]
fn a_group_is_joined_and_left_in_one_request() {
    let text = "G{normal,drop}; H{normal,drop}; X=10.0.3.3 [G,H]";
    let graph = SecurityGraph::new(world(text).unwrap());
    let into = Removal { join: Some("sg-H".to_owned()), ..leave("i-X", "sg-G") };
    let error = simulate(&graph, &[into, leave("i-X", "sg-H")], &Options::default()).unwrap_err();
    assert!(matches!(error, RemovalError::LeavesAndJoins { .. }));
    let error = simulate(&graph, &[leave("eni-Q", "sg-H")], &Options::default()).unwrap_err();
    assert!(error.to_string().contains("InvalidEniId.NotFound"), "{error}");
}

#[test]
fn a_drop_for_one_address_says_nothing_of_another_where_groups_are_unknown() {
    // Whether Y is in G is not known. If it is, G's Drop holds for its first address, and only for that.
    let text = "G{normal,drop}; X=10.0.3.3 [G]; Y=10.0.2.9,10.0.2.12 [?];
        G: in 100 accept all from sg:G; G: out 1 drop all to sg:G local 10.0.2.9";
    let graph = SecurityGraph::new(world(text).unwrap());
    let simulation = simulate(&graph, &[leave("i-X", "sg-G")], &Options::default()).unwrap();
    let from: Vec<(ChangeKind, String)> = simulation
        .impact
        .changes
        .iter()
        .flat_map(|change| change.sources.iter().map(|end| (change.kind, end)))
        .filter_map(|(kind, end)| match end {
            EndpointSet::Interface { interface, addresses }
                if graph.interface(*interface).id.as_str() == "eni-Y" =>
            {
                let texts: Vec<String> = addresses.iter().map(|held| held.block.to_string()).collect();
                Some((kind, texts.join(" ")))
            }
            _ => None,
        })
        .collect();
    assert_eq!(from, [(ChangeKind::Undetermined, "10.0.2.12/32".to_owned())]);
}
