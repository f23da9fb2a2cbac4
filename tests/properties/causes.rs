//! What an answer names as its cause, where the comparison with the oracle only asks for the answer.

use sgleave::evaluate::{
    Cause, Compiled, Difference, Disposition, Endpoint, Evaluator, Flow, Order, Readings,
};
use sgleave::graph::{GroupIx, InterfaceIx, SecurityGraph};
use sgleave::inventory::Network;
use sgleave::netset::Packet;
use sgleave::simulate::{Change, ChangeKind, EndpointSet, Options, Removal, SessionEffect, simulate};
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

#[test]
fn every_drop_of_priority_one_is_certain_beside_a_gap() {
    let text = "A=10.0.0.1 [G1,G2]; G1{normal,drop}; G2{normal,drop}; G1: gap in;
        G1: in 1 drop tcp 22/22 from 10.0.0.9; G1: in 1 drop udp 53/53 from 10.0.0.9;
        G2: in 2 accept tcp 22/22 from 10.0.0.9; G2: in 2 accept udp 53/53 from 10.0.0.9";
    changes(text, |_, changes| {
        let gained: Vec<&Change> =
            changes.iter().filter(|change| change.kind == ChangeKind::Gained).collect();
        for packet in [Packet::tcp(50_000, 22), Packet::udp(50_000, 53)] {
            assert!(gained.iter().any(|change| change.traffic.contains(packet)), "{packet} in {changes:?}");
        }
    });
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
        G1: in 1 accept tcp 22/22 from 0.0.0.0/0";
    // Each of them is named, or both together.
    for more in [
        "G2: in 1 accept udp 53/53 from 10.0.0.4; G2: in 1 accept udp 53/53 from 10.0.0.5",
        "G1: in 1 drop tcp 22/22 from 10.0.0.4/31",
    ] {
        let outside = changes(&format!("{text}; {more}"), |_, changes| -> Vec<String> {
            let sources = changes.iter().flat_map(|change| &change.sources);
            let blocks = sources.filter_map(|set| match set {
                EndpointSet::External { blocks } => Some(blocks),
                _ => None,
            });
            blocks.flatten().map(ToString::to_string).collect()
        });
        assert_eq!(outside, ["0.0.0.0/0"], "{more}");
    }
}

#[test]
fn an_explanation_names_the_missing_rules_where_no_other_is_left() {
    for text in [
        "A=10.0.0.1 [G1]; G1{normal,drop}; G1: gap in",
        "A=10.0.0.1 [G1]; G1{normal,drop}; G1: gap in; G1: in 2 drop tcp 22/22 from 10.0.0.9",
    ] {
        let (_, disposition, cause) = ingress(text, None);
        assert_eq!(disposition, Disposition::InsufficientInfo, "{text}");
        assert!(matches!(&cause, Cause::Open(open) if open.len() == 1), "{cause:?}");
    }
}

#[test]
fn an_explanation_names_the_default_that_lets_out_and_not_the_group_behind_it() {
    let graph = SecurityGraph::new(world("A=10.0.0.1 [G1]; B=10.0.0.2 [G1]; G1{normal,accept}").unwrap());
    let at = |name: &str| {
        let interface = graph.find_interface(&name.into()).unwrap();
        Endpoint::Interface { interface, address: graph.interface(interface).addresses[0].block.address() }
    };
    let flow = Flow { source: at("eni-A"), destination: at("eni-B"), packet: Packet::tcp(50_000, 22) };
    let readings = Readings { intra_group_egress: Some(Order::CustomFirst), ..Readings::default() };
    let answer = Evaluator::new(&graph, readings).evaluate(&graph.baseline(), &flow);
    assert_eq!((answer.disposition, answer.egress), (Disposition::Accepted, Cause::Default));
}

#[test]
fn addresses_of_the_inventory_tear_no_hole_where_their_own_answer_differs() {
    let text = "A=10.0.0.1 [G1,G2]; B=10.0.0.4 [G2]; C=10.0.0.9 [G2]; G1{normal,drop}; G2{normal,drop};
        G1: in 2 accept tcp 22/22 from 0.0.0.0/0; G1: in 1 drop tcp 22/22 from 10.0.0.4;
        G1: in 1 drop tcp 22/22 from 10.0.0.9";
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

#[test]
fn a_prefix_is_cut_by_rules_of_its_own_groups_only() {
    let text = "A=10.0.0.1 [G1,G3]; B=10.0.0.2,prefix 10.64.0.0/28 [G2]; C=10.0.0.3 [G4]; G1{normal,drop};
        G2{normal,drop}; G3{normal,drop}; G4{normal,drop}; G2: in 1 accept tcp 22/22 from sg:G1;
        G4: in 1 accept udp 53/53 from 1.2.3.4 local 10.64.0.0/29";
    let lost = changes(text, |_, changes| -> Vec<String> {
        let sets = changes.iter().flat_map(|change| &change.destinations).filter_map(|set| match set {
            EndpointSet::Interface { addresses, .. } => Some(addresses),
            _ => None,
        });
        sets.flatten().map(|address| address.block.to_string()).collect()
    });
    assert_eq!(lost, ["10.0.0.2/32", "10.64.0.0/28"]);
}

#[test]
fn an_explanation_sees_no_member_of_a_group_across_networks() {
    let text =
        "A=10.0.0.1 [G1]; B=10.0.0.2 [G1] @vpc-2; G1{normal,accept}; G1: in 1 accept tcp 22/22 from sg:G1";
    let (_, disposition, cause) = ingress(text, Some("eni-B"));
    assert_eq!((disposition, cause), (Disposition::DeniedIn, Cause::Default));
}

#[test]
fn a_rule_for_a_part_of_a_delegated_prefix_is_lost_for_that_part() {
    // The prefix of the one that leaves, and that of a peer.
    for text in [
        "A=10.0.0.1,prefix 10.64.0.0/28 [G1]; G1{normal,drop};
         G1: in 1 accept tcp 22/22 from 1.2.3.4 local 10.64.0.0/29",
        "A=10.0.0.1 [G1,G3]; B=10.0.0.2,prefix 10.64.0.0/28 [G2]; G1{normal,drop}; G2{normal,drop};
         G3{normal,drop}; G2: in 1 accept tcp 22/22 from sg:G1 local 10.64.0.0/29",
    ] {
        let lost = changes(text, |_, changes| -> Vec<String> {
            let sets = changes.iter().filter(|change| change.kind == ChangeKind::Lost);
            let sets = sets.flat_map(|change| &change.destinations).filter_map(|set| match set {
                EndpointSet::Interface { addresses, .. } => Some(addresses),
                _ => None,
            });
            sets.flatten().map(|address| address.block.to_string()).collect()
        });
        assert_eq!(lost, ["10.64.0.0/29"], "{text}");
    }
}

#[test]
fn interfaces_share_a_vpc_when_both_are_in_it() {
    let mut inventory =
        world("A=10.0.0.1 []; B=10.0.0.2 []; C=10.0.0.3 [] @vpc-2; D=10.0.0.4 []; E=10.0.0.5 []").unwrap();
    for interface in &mut inventory.interfaces[3..] {
        interface.network = Network::Unknown;
    }
    let graph = SecurityGraph::new(inventory);
    let compiled = Compiled::new(&graph);
    let difference = Difference::new(&compiled, &graph.baseline(), &graph.baseline(), Readings::default());
    let all: Vec<InterfaceIx> = graph.interfaces().collect();
    let shared = |one: usize, other: usize| difference.share_vpc(all[one], all[other]);
    assert!(shared(0, 1));
    assert!(!shared(0, 2) && !shared(0, 3) && !shared(3, 4));
}

/// Whatever else changes for the pair.
#[test]
fn sessions_are_at_risk_only_where_an_intra_group_accept_goes() {
    let groups = "A=10.0.0.1 [G1,G2]; B=10.0.0.2 [G1]; G1{normal,accept}; G2{normal,drop}; G3{normal,drop};
        G3: in 1 accept tcp 22/22 from 10.0.0.2";
    let readings = Readings { intra_group_ingress: Some(Order::CustomFirst), ..Readings::default() };
    for (left, more, expected) in [
        ("sg-G2", "", 0),
        ("sg-G2", "; G3: in 1 drop udp 53/53 from 10.0.0.2", 0),
        ("sg-G1", "", 1),
        ("sg-G1", "; G3: in 1 drop udp 53/53 from 10.0.0.2", 1),
    ] {
        let graph = SecurityGraph::new(world(&format!("{groups}{more}")).unwrap());
        let removal =
            Removal { target: "eni-A".to_owned(), group: left.to_owned(), join: Some("sg-G3".to_owned()) };
        let simulation = simulate(&graph, &[removal], &Options { readings, ..Options::default() }).unwrap();
        let risks = &simulation.impact.session_risks;
        assert_eq!(risks.len(), expected, "{left}{more}: {risks:?}");
    }
}

#[test]
fn what_one_rule_decides_is_one_entry_although_an_open_rule_of_its_action_comes_first() {
    let text = "A=10.0.0.1 [G1,G2]; G1{normal,drop}; G2{normal,drop};
        G1: in 1 accept tcp 22/22 from pl:unread; G1: in 2 accept tcp from 10.0.0.9 #sgr-accept";
    changes(text, |graph, changes| {
        let lost: Vec<&Change> = changes.iter().filter(|change| change.kind == ChangeKind::Lost).collect();
        let [lost] = lost.as_slice() else { panic!("{lost:?}") };
        assert_eq!(rule_id(graph, &lost.before.ingress), "sgr-accept");
    });
}

#[test]
fn an_interface_that_left_its_last_group_is_denied_because_it_has_none() {
    let text = "A=10.0.0.1 [G1]; G1{normal,drop}; G1: in 1 accept tcp 22/22 from 10.0.0.9";
    let afterwards = changes(text, |_, changes| -> Vec<(Cause, Cause)> {
        changes.iter().map(|change| (change.after.egress.clone(), change.after.ingress.clone())).collect()
    });
    assert!(afterwards.contains(&(Cause::External, Cause::NoGroup)), "{afterwards:?}");
    assert!(afterwards.contains(&(Cause::NoGroup, Cause::External)), "{afterwards:?}");
}

#[test]
fn an_explanation_names_the_open_rule_before_one_of_the_other_action() {
    let text = "A=10.0.0.1 [G1]; G1{normal,drop}; G1: in 1 drop tcp 22/22 from pl:unread;
        G1: in 2 accept tcp 22/22 from 10.0.0.9";
    let (_, disposition, cause) = ingress(text, None);
    assert_eq!(disposition, Disposition::InsufficientInfo);
    assert!(matches!(&cause, Cause::Open(open) if open.len() == 1), "{cause:?}");
}

#[test]
fn an_explanation_tries_every_answer_of_sixteen_lists() {
    let text = |lists: usize| -> String {
        let rule = |n| format!("G1: in 1 accept tcp 22/22 from pl:l{n};");
        "A=10.0.0.1 [G1]; G1{normal,drop};".to_owned() + &(0..lists).map(rule).collect::<String>()
    };
    let answer = |text: &str| ingress(text, None).1;
    // None of the lists may hold the address.
    assert_eq!(answer(&text(2)), Disposition::InsufficientInfo);
    let accept = "G1: in 2 accept tcp 22/22 from 10.0.0.9";
    assert_eq!(answer(&(text(16) + accept)), Disposition::Accepted);
    assert_eq!(answer(&(text(17) + accept)), Disposition::InsufficientInfo);
}

#[test]
fn a_prefix_that_rules_cut_in_vain_is_one_prefix() {
    let text = "A=10.0.0.1,prefix 10.64.0.0/28 [G1]; G1{normal,drop}; G4{normal,drop};
        G1: in 1 accept tcp 22/22 from 1.2.3.4; G4: in 1 accept udp 53/53 from 10.64.0.0/29";
    let lost = changes(text, |_, changes| -> Vec<String> {
        let sets = changes.iter().flat_map(|change| &change.destinations).filter_map(|set| match set {
            EndpointSet::Interface { addresses, .. } => Some(addresses),
            _ => None,
        });
        sets.flatten().map(|address| address.block.to_string()).collect()
    });
    assert_eq!(lost, ["10.0.0.1/32", "10.64.0.0/28"]);
}

/// Where it is not known whether they live on the intra-group Accept, the worse is said.
#[test]
fn sessions_that_may_live_on_an_intra_group_accept_may_break_at_once() {
    let world = "A=10.0.0.1 [G1,G2]; B=10.0.0.2 [G1]; G2{normal,drop};";
    for (more, expected) in [
        ("G1{normal,?}", SessionEffect::MayBreakAtOnce),
        ("G1{?,accept}", SessionEffect::MayBreakAtOnce),
        ("G1{normal,drop}; G1: in 1 accept tcp 22/22 from pl:unread", SessionEffect::MayLast910Seconds),
        ("G1{normal,drop}; G1: in 1 accept tcp 22/22 from 10.0.0.2 ?", SessionEffect::MayLast910Seconds),
    ] {
        let into_a = changes(&format!("{world} {more}"), |graph, changes| -> Vec<SessionEffect> {
            let is = |end: &EndpointSet, name: &str| matches!(end, EndpointSet::Interface { interface, .. } if graph.interface(*interface).id.as_str() == name);
            let into = changes.iter().filter(|change| {
                change.sources.iter().any(|end| is(end, "eni-B"))
                    && change.destinations.iter().any(|end| is(end, "eni-A"))
            });
            into.filter_map(|change| change.sessions).collect()
        });
        assert_eq!(into_a, [expected], "{more}");
    }
}
