//! Text, as people read it.

use sgleave::evaluate::{Cause, Disposition, Endpoint, Evidence, Flow, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::Inventory;
use sgleave::netset::Packet;
use sgleave::report::{
    ExplanationReport, Format, InspectionReport, ReportContext, Style, write_explanation, write_inspection,
};
use sgleave::simulate::{Simulation, SimulationVerdict};

use super::{sample, written};

fn text(simulation: &Simulation<'_>, limit: Option<usize>) -> String {
    let style = Style { limit, ..Style::default() };
    written(simulation, Format::Text, style)
}

#[test]
fn an_impact_is_told_from_the_worst_to_the_least() {
    let graph = sample::graph();
    insta::assert_snapshot!(text(&sample::simulation(&graph), None));
}

#[test]
fn a_safe_removal_is_told_in_one_line() {
    let graph = sample::graph();
    let text = text(&sample::quiet(&graph, SimulationVerdict::Safe, &[]), None);
    assert_eq!(
        text.lines().next().unwrap(),
        "SAFE  i-web-1 moves from sg-base to sg-db: nothing is lost, gained, isolated, orphaned or refused"
    );
}

#[test]
fn an_undetermined_removal_says_why() {
    let graph = sample::graph();
    let reasons = ["further rules of sg-base"];
    let text = text(&sample::quiet(&graph, SimulationVerdict::Undetermined, &reasons), None);
    assert_eq!(
        text.lines().next().unwrap(),
        "UNDETERMINED  i-web-1 moves from sg-base to sg-db: nothing certain was found; not known: further rules of \
         sg-base"
    );
}

#[test]
fn a_limit_cuts_lists_and_says_how_to_see_them() {
    let graph = sample::graph();
    insta::assert_snapshot!(text(&sample::simulation(&graph), Some(1)));
}

#[test]
fn colour_adds_nothing_but_colour() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    let style = Style { colour: true, ..Style::default() };
    let coloured = written(&simulation, Format::Text, style);
    assert!(coloured.starts_with("\u{1b}[1;31mIMPACT\u{1b}[0m  2 removals: "));
    let mut plain = coloured;
    for code in ["[1m", "[1;32m", "[1;31m", "[1;33m", "[2m", "[0m"] {
        plain = plain.replace(&format!("\u{1b}{code}"), "");
    }
    assert_eq!(plain, text(&simulation, None));
}

#[test]
fn an_inspection_says_what_is_missing() {
    let graph = sample::graph();
    let context = sample::context(&graph);
    insta::assert_snapshot!(inspection(&graph, &context));
}

#[test]
fn an_export_without_gaps_is_complete() {
    let graph = SecurityGraph::new(Inventory::default());
    let context = ReportContext::default();
    assert!(inspection(&graph, &context).starts_with("COMPLETE  0 instances, 0 interfaces, 0 groups"));
}

fn inspection(graph: &SecurityGraph, context: &ReportContext) -> String {
    let mut bytes = Vec::new();
    let report = InspectionReport::new(graph, context);
    write_inspection(&report, Format::Text, &Style::default(), &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn an_explanation_names_the_rule_on_each_side() {
    let graph = sample::graph();
    let context = sample::context(&graph);
    let end = |id, address: &str| Endpoint::Interface {
        interface: sample::interface(&graph, id),
        address: address.parse().unwrap(),
    };
    let flow = Flow {
        source: end("eni-app-1", "10.0.0.3"),
        destination: end("eni-db-1", "10.0.0.2"),
        packet: Packet::tcp(49_152, 3306),
    };
    let rule = |name, index| {
        let group = sample::group(&graph, name);
        Cause::Rule(sgleave::graph::RuleRef { group, index })
    };
    let open = Cause::Open(vec![Evidence::IntraGroupEgress]);
    let before = sample::answer(Disposition::DeniedIn, Cause::Default, rule("sg-deny", 0));
    let after = sample::answer(Disposition::InsufficientInfo, open, rule("sg-db", 0));
    let report = ExplanationReport::new(&graph, &context, &flow, &before, Some(&after), &Readings::default());
    let mut bytes = Vec::new();
    write_explanation(&report, Format::Text, &Style::default(), &mut bytes).unwrap();
    insta::assert_snapshot!(String::from_utf8(bytes).unwrap());
    let refused = write_explanation(&report, Format::Csv, &Style::default(), &mut Vec::new()).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::Unsupported);
}
