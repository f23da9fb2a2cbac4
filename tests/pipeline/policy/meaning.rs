//! What the rules mean, one small estate each.

use std::net::IpAddr;

use sgleave::evaluate::Compiled;
use sgleave::netset::Family;

use super::*;

/// Reviews removals under one rule and nothing else that could deny; returns its findings as `STANDING CERTAINTY SUBJECT`.
fn found_by(graph: &SecurityGraph, rule: &str, removals: &[&str]) -> Vec<String> {
    let code = rule.split(':').next().unwrap();
    let policy = format!("version: 1\npolicies:\n  - id: it\n    {rule}\n");
    let reviewed = Given::new(graph, &[&policy]).review(removals);
    let of_rule = reviewed.findings.iter().filter(|finding| finding.rule == "it");
    let told = of_rule.map(|finding| {
        assert_eq!(finding.code, code);
        format!("{:?} {:?} {}", finding.standing, finding.certainty, finding.subject.name(graph))
            .to_lowercase()
    });
    told.collect()
}

#[test]
fn a_selector_chooses_by_what_is_known_of_an_interface() {
    let mut inventory = world(
        "G{normal,drop}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G,H]; c=10.0.1.3,fd00::3[H] @vpc-1",
    )
    .unwrap();
    for instance in &mut inventory.instances {
        let name = instance.id.as_str().trim_start_matches("i-").to_owned();
        instance.tags.insert("tier", if name == "c" { "db" } else { "web" });
        instance.name = format!("{name}-server").into();
    }
    let graph = SecurityGraph::new(inventory);
    let chosen = |selector: &str| {
        let rule = format!("protected: {{ of: {selector} }}");
        found_by(&graph, &rule, &["i-a:sg-G", "i-b:sg-H", "i-c:sg-H"])
    };
    let named = |ids: &[&str]| -> Vec<String> { ids.iter().map(|id| format!("new certain {id}")).collect() };
    let (a, b, c) = ("eni-a:sg-g", "eni-b:sg-h", "eni-c:sg-h");
    for (selector, expected) in [
        ("{ instance: i-a }", vec![a]),
        ("{ interface: [eni-a, eni-c] }", vec![a, c]),
        ("{ name: \"?-server\" }", vec![a, b, c]),
        ("{ name: \"b-*\" }", vec![b]),
        ("{ group: sg-G }", vec![a, b]),
        ("{ vpc: vpc-1 }", vec![a, b, c]),
        ("{ tag: { tier: web } }", vec![a, b]),
        ("{ tag: { tier: [db, cache] } }", vec![c]),
        ("{ tag: { tier: web }, instance: \"i-b\" }", vec![b]),
        ("{ cidr: 10.0.0.0/24 }", vec![a, b]),
        ("{ cidr: \"fd00::/16\" }", vec![c]),
        ("{ all: true, not: { instance: i-a } }", vec![b, c]),
        ("{ group: sg-H, not: { tag: { tier: db } } }", vec![a, b]),
    ] {
        assert_eq!(chosen(selector), named(&expected), "{selector}");
    }
    assert_eq!(found_by(&graph, "protected: { group: sg-H }", &["i-a:sg-G", "i-b:sg-H"]), named(&[b]));
}

const TIERS: &str = "L{normal,drop}; W{normal,drop}; D{normal,drop}; B{normal,drop};
    W: in 1 accept tcp 80/80 from sg:L; W: in 1 accept tcp 22/22 from 10.9.0.7/32;
    D: in 1 accept tcp 3306/3306 from sg:W; D: in 2 accept tcp 3306/3306 from fd00::/64;
    l=10.0.0.1[L,B]; w1=10.0.1.1,fd00::11[W,B]; w2=10.0.1.2[W,B]; db=10.0.2.1,fd00::21[D,B]";

#[test]
fn reachability_is_asked_of_the_right_addresses() {
    let graph = graph(TIERS);
    let ask = |rule: &str, removal: &str| found_by(&graph, rule, &[removal]);
    let must = |over: &str| {
        format!(
            "must-reach: {{ from: {{ instance: i-w1 }}, to: {{ instance: i-db }}, traffic: tcp/3306{over} }}"
        )
    };
    assert_eq!(ask(&must(""), "i-w1:sg-W"), ["new certain eni-w1"]);
    assert_eq!(ask(&must(", over: ipv6"), "i-w1:sg-W"), Vec::<String>::new());
    assert_eq!(ask(&must(", over: ipv6"), "i-db:sg-D"), ["new certain eni-db"]);
    // One of the addresses is enough to reach somebody who must not be.
    let not = "must-not-reach: { from: { instance: i-w1 }, to: { instance: i-db }, traffic: tcp/3306 }";
    assert_eq!(ask(not, "i-w1:sg-W"), ["existing certain eni-w1"]);
    // Outside addresses, as a whole and as one that is in fact ours.
    let outside = |cidr: &str| {
        format!("must-reach: {{ from: {{ cidr: {cidr} }}, to: {{ instance: i-w1 }}, traffic: tcp/22 }}")
    };
    assert_eq!(ask(&outside("10.9.0.7/32"), "i-w1:sg-W"), ["new certain eni-w1"]);
    assert_eq!(ask(&outside("10.9.0.6/31"), "i-w1:sg-W"), ["new certain eni-w1", "existing certain eni-w1"]);
    assert_eq!(ask(&outside("10.0.1.1/32"), "i-w1:sg-W"), Vec::<String>::new());
}

#[test]
fn traffic_is_narrowed_to_who_and_what_a_rule_is_about() {
    let graph = graph(TIERS);
    let lost = |rest: &str| found_by(&graph, &format!("traffic-lost: {{ {rest} }}"), &["i-w1:sg-W"]);
    assert_eq!(lost("from: { instance: i-l }"), ["new certain eni-w1"]);
    assert_eq!(lost("to: { instance: i-l }"), Vec::<String>::new());
    assert_eq!(lost("traffic: tcp/23"), Vec::<String>::new());
    assert_eq!(lost("traffic: [tcp/23, tcp/20-25]"), ["new certain eni-w1"]);
    assert_eq!(lost("from: { cidr: 10.9.0.0/16 }"), ["new certain eni-w1"]);
    assert_eq!(lost("from: { cidr: 10.8.0.0/16 }"), Vec::<String>::new());
    // From the load balancer, from outside, and to the database.
    assert_eq!(lost("traffic: all").len(), 3);
    let service =
        |rest: &str| found_by(&graph, &format!("well-known-service-lost: {{ {rest} }}"), &["i-w1:sg-W"]);
    assert_eq!(service("service: [mysql]").len(), 1);
    assert_eq!(service("service: [redis]").len(), 0);
    assert_eq!(service("service: http, to: { instance: i-db }").len(), 0);
}

#[test]
fn budgets_count_what_stays() {
    let mut inventory = world(TIERS).unwrap();
    for instance in &mut inventory.instances {
        instance.status = if instance.id.as_str() == "i-w2" { "Stopped" } else { "Running" }.into();
    }
    let plain = SecurityGraph::new(inventory.clone());
    let ask = |rule: &str, removal: &str| found_by(&plain, rule, &[removal]);
    assert_eq!(ask("minimum-members: { group: sg-W, at-least: 1 }", "i-w1:sg-W"), Vec::<String>::new());
    assert_eq!(
        ask("minimum-members: { group: sg-W, at-least: 1, running: true }", "i-w1:sg-W"),
        ["new certain sg-w"]
    );
    assert_eq!(
        ask("minimum-members: { group: sg-W, at-least: 1, of: { instance: i-w1 } }", "i-w1:sg-W"),
        ["new certain sg-w"]
    );
    assert_eq!(ask("minimum-members: { group: sg-W, at-least: 3 }", "i-l:sg-L"), ["existing certain sg-w"]);
    let sources = |least: u8| {
        format!(
            "minimum-sources: {{ from: {{ group: sg-W }}, to: {{ group: sg-D }}, traffic: tcp/3306, at-least: {least} }}"
        )
    };
    assert_eq!(ask(&sources(1), "i-w1:sg-W"), Vec::<String>::new());
    assert_eq!(ask(&sources(2), "i-w1:sg-W"), ["new certain eni-db"]);
    assert_eq!(ask(&sources(3), "i-l:sg-L"), ["existing certain eni-db"]);
    // What the export does not say may be enough.
    for instance in &mut inventory.instances {
        instance.status = "".into();
    }
    let unknown = SecurityGraph::new(inventory);
    let running = "minimum-members: { group: sg-W, at-least: 1, running: true }";
    assert_eq!(found_by(&unknown, running, &["i-w1:sg-W"]), ["existing possible sg-w"]);
}

#[test]
fn a_blast_radius_has_four_measures() {
    let graph = graph(TIERS);
    let ask = |limit: &str| found_by(&graph, &format!("blast-radius: {{ {limit} }}"), &["i-w1:sg-W"]);
    // The load balancer and the database, one pair each.
    for (limit, is_found) in [
        ("pairs: 1", true),
        ("pairs: 2", false),
        ("peers: 1", true),
        ("peers: 2", false),
        ("removals: 0", true),
        ("removals: 1", false),
    ] {
        assert_eq!(ask(limit), if is_found { vec!["new certain *"] } else { vec![] }, "{limit}");
    }
    assert_eq!(ask("share: 49"), ["new certain sg-w"]);
    assert_eq!(ask("share: 50"), Vec::<String>::new());
}

#[test]
fn whoever_manages_keeps_the_managed_in_hand() {
    let graph = graph(
        "M{normal,drop}; W{normal,drop}; B{normal,drop}; M: in 1 accept tcp 22/22 from sg:J; J{normal,drop};
         W: in 1 accept tcp 22/22 from 10.9.0.7/32; jump=10.0.9.1[J,B]; a=10.0.0.1[M,W,B]; b=10.0.0.2[M,B]",
    );
    let ask =
        |rest: &str, removal: &str| found_by(&graph, &format!("management-path: {{ {rest} }}"), &[removal]);
    let bastion = "bastion: { instance: i-jump }, traffic: tcp/22";
    assert_eq!(ask(bastion, "i-a:sg-M"), ["new certain eni-a"]);
    assert_eq!(ask(bastion, "i-a:sg-W"), Vec::<String>::new());
    // A bastion that leaves loses everybody.
    assert_eq!(ask(bastion, "i-jump:sg-J"), ["new certain eni-jump"]);
    assert_eq!(ask("executor: 10.9.0.7, traffic: tcp/22", "i-a:sg-W"), ["new certain eni-a"]);
    assert_eq!(ask("executor: 10.0.9.1, traffic: tcp/22", "i-a:sg-M"), ["new certain eni-a"]);
    assert_eq!(ask(&format!("of: {{ instance: i-b }}, {bastion}"), "i-a:sg-M"), Vec::<String>::new());
    let platform = graph_of("management-path");
    for (rest, is_found) in [
        ("cloud-assistant: false", true),
        ("dns: false", true),
        ("cloud-assistant: false, dns: false", false),
    ] {
        let found = found_by(&platform, &format!("management-path: {{ {rest} }}"), &["i-a:sg-E"]);
        assert_eq!(!found.is_empty(), is_found, "{rest}");
    }
}

#[test]
fn what_is_not_known_is_possible_and_never_absent() {
    let graph =
        graph("G{normal,drop}; H{normal,drop}; G: gap in; a=10.0.0.1[G,H]; b=10.0.0.2[H]; c=10.0.0.3[G,H]");
    let reach = |demand: &str| {
        format!("{demand}: {{ from: {{ instance: i-b }}, to: {{ instance: i-a }}, traffic: tcp/22 }}")
    };
    // Before, the missing rules may accept it; afterwards nothing does.
    assert_eq!(found_by(&graph, &reach("must-reach"), &["i-a:sg-G"]), ["new certain eni-a"]);
    assert_eq!(found_by(&graph, &reach("must-not-reach"), &["i-a:sg-G"]), Vec::<String>::new());
    assert_eq!(found_by(&graph, &reach("must-not-reach"), &["i-a:sg-H"]), ["existing possible eni-a"]);
    let reviewed = Given::new(&graph, &[]).review(&["i-a:sg-G"]);
    assert_eq!(reviewed.outcome, Outcome::Undetermined);
}

#[test]
fn a_block_is_cut_where_rules_cut_it_and_addresses_of_ours_are_left_out() {
    let graph = graph(
        "G{normal,drop}; G: in 1 accept tcp from 10.0.0.4/30; G: in 1 accept tcp from 10.0.0.9;
         G: in 1 accept tcp from 192.168.0.0/16; a=10.0.0.9[G]; b=prefix 10.0.0.0/28[G]",
    );
    let compiled = Compiled::new(&graph);
    let [a, b] = ["eni-a", "eni-b"].map(|id| graph.find_interface(&id.into()).unwrap());
    let texts = |found: Vec<IpAddr>| found.iter().map(ToString::to_string).collect::<Vec<_>>();
    let parts = compiled.addresses(b, Family::Ipv4);
    assert_eq!(texts(parts), ["10.0.0.0", "10.0.0.4", "10.0.0.8", "10.0.0.9", "10.0.0.10"]);
    let base = graph.baseline();
    let outside = compiled.outside([&base, &base], a, "10.0.0.0/24".parse().unwrap());
    // Nothing but what lies behind the delegated prefix is outside, and no rule cuts it there; the first part
    // that is not covered begins where the last cut is.
    assert_eq!(texts(outside), ["10.0.0.10"]);
    assert_eq!(compiled.addresses(a, Family::Ipv6), Vec::<IpAddr>::new());
}
