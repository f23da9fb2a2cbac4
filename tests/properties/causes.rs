//! What an answer names as its cause, where the comparison with the oracle only asks for the answer.

use sgleave::evaluate::{Cause, Disposition, Endpoint, Evaluator, Flow, Readings};
use sgleave::graph::{GroupIx, InterfaceIx, SecurityGraph};
use sgleave::netset::Packet;
use sgleave::simulate::{Change, ChangeKind, EndpointSet, Options, Removal, simulate};
use sgleave::testing::world;

fn changes<T>(text: &str, read: impl Fn(&SecurityGraph, &[Change]) -> T) -> T {
    let graph = SecurityGraph::new(world(text).unwrap());
    let removal = Removal { target: "eni-A".to_owned(), group: "sg-G1".to_owned(), join: None };
    let simulation = simulate(&graph, &[removal], &Options::default()).unwrap();
    read(&graph, &simulation.impact.changes)
}

fn rule_id(graph: &SecurityGraph, cause: &Cause) -> String {
    match cause {
        Cause::Rule(rule) => graph.rule(*rule).unwrap().id.as_ref().unwrap().to_string(),
        other => panic!("{other:?} is no rule"),
    }
}

/// A drop of priority 1 stands above every rule that may be missing, so it is certain and named.
const TOP_DROP_BESIDE_A_GAP: &str = "A=10.0.0.1 [G1,G2]; G1{normal,drop}; G2{normal,drop}; G1: gap in;
    G1: in 1 drop tcp 22/22 from 10.0.0.9 #sgr-drop; G2: in 2 accept tcp 22/22 from 10.0.0.9 #sgr-accept";

#[test]
fn a_change_names_the_top_drop_although_rules_may_be_missing() {
    let (before, after) = changes(TOP_DROP_BESIDE_A_GAP, |graph, changes| {
        let gained = changes.iter().find(|change| change.kind == ChangeKind::Gained).unwrap();
        (rule_id(graph, &gained.before.ingress), rule_id(graph, &gained.after.ingress))
    });
    assert_eq!((before.as_str(), after.as_str()), ("sgr-drop", "sgr-accept"));
}

fn ingress(text: &str, source: Option<&str>) -> (SecurityGraph, Disposition, Cause) {
    let graph = SecurityGraph::new(world(text).unwrap());
    let at = |name: &str| -> Endpoint {
        let interface: InterfaceIx = graph.find_interface(&name.into()).unwrap();
        Endpoint::Interface { interface, address: graph.interface(interface).addresses[0].block.address() }
    };
    let source = source.map_or(Endpoint::External([10, 0, 0, 9].into()), at);
    let flow = Flow { source, destination: at("eni-A"), packet: Packet::tcp(50_000, 22) };
    let answer = Evaluator::new(&graph, Readings::default()).evaluate(&graph.baseline(), &flow);
    (graph, answer.disposition, answer.ingress)
}

#[test]
fn an_explanation_names_the_top_drop_although_rules_may_be_missing() {
    let (graph, disposition, cause) = ingress(TOP_DROP_BESIDE_A_GAP, None);
    assert_eq!((disposition, rule_id(&graph, &cause).as_str()), (Disposition::DeniedIn, "sgr-drop"));
}

#[test]
fn an_explanation_names_the_group_that_lets_its_members_in_although_rules_may_be_missing() {
    let text = "A=10.0.0.1 [G1]; B=10.0.0.2 [G1]; G1{normal,accept}; G1: gap in";
    let (graph, _, cause) = ingress(text, Some("eni-B"));
    let group: GroupIx = graph.find_group(&"sg-G1".into()).unwrap();
    assert_eq!(cause, Cause::InnerAccess(group));
}

#[test]
fn neighbouring_addresses_of_the_inventory_tear_no_hole_into_what_is_outside() {
    let text = "A=10.0.0.1 [G1,G2]; B=10.0.0.4 [G2]; C=10.0.0.5 [G2]; G1{normal,drop}; G2{normal,drop};
        G1: in 1 accept tcp 22/22 from 0.0.0.0/0; G2: in 1 accept udp 53/53 from 10.0.0.4;
        G2: in 1 accept udp 53/53 from 10.0.0.5";
    let outside = changes(text, |_, changes| -> Vec<String> {
        let sources = changes.iter().flat_map(|change| &change.sources);
        let blocks = sources.filter_map(|set| match set {
            EndpointSet::External { blocks } => Some(blocks),
            _ => None,
        });
        blocks.flatten().map(ToString::to_string).collect()
    });
    assert_eq!(outside, ["0.0.0.0/0"]);
}
