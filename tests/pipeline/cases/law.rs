//! The cases of the conformance table: rows of `fixtures/law/cases.json`, each with an export of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use sgleave::evaluate::{Cause, ChangeKind, Disposition, Endpoint, Flow, Readings, evaluate};
use sgleave::graph::{InterfaceIx, SecurityGraph, View};
use sgleave::inventory::{Inventory, IssueLevel, LoadError};
use sgleave::netset::Family;
use sgleave::simulate::{Options, Removal, Simulation, TargetForm, simulate};

use crate::support::table::{Table, speaks_of};
use crate::support::{Names, fixtures, isolation_lines, load_fixture, orphan_lines, refusal_lines, removal};

/// A row of `fixtures/law/cases.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    pub(super) id: String,
    /// The claim, for people.
    #[expect(dead_code, reason = "for people")]
    what: String,
    /// What lies outside of the case, or why it has no fixture.
    note: Option<String>,
    /// Where the case is decided when it is not decided here.
    r#where: Option<String>,
    pub(super) fixture: Option<String>,
    load_error: Option<String>,
    /// `level code` of every issue above a note.
    #[serde(default)]
    issues: Vec<String>,
    #[serde(default)]
    gaps: Vec<String>,
    #[serde(default)]
    questions: Vec<Question>,
    #[serde(default)]
    removals: Vec<String>,
    #[serde(default)]
    moves: Vec<String>,
    #[serde(default)]
    after: Vec<Question>,
    /// Absent where the law does not speak of the traffic.
    lost: Option<Vec<String>>,
    #[serde(default)]
    gained: Vec<String>,
    #[serde(default)]
    undetermined: Vec<String>,
    #[serde(default)]
    sessions: Vec<String>,
    #[serde(default)]
    isolated: BTreeSet<String>,
    #[serde(default)]
    orphans: BTreeSet<String>,
    #[serde(default)]
    refusals: Vec<Refused>,
    form: Option<String>,
    error: Option<String>,
    verdict: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    from: String,
    to: String,
    traffic: String,
    #[serde(default = "ephemeral")]
    source_port: u16,
    expect: String,
    /// The answers under settings that close an open sentence.
    #[serde(default)]
    under: BTreeMap<String, String>,
}

const fn ephemeral() -> u16 {
    40_000
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    removal: String,
    codes: Vec<String>,
}

/// Returns the rows of the table.
pub(super) fn cases() -> Vec<Case> {
    serde_json::from_slice(&fs::read(fixtures().join("law/cases.json")).unwrap()).unwrap()
}

/// Runs a case of the conformance table.
pub(super) fn run(id: &str) {
    let case = cases().into_iter().find(|case| case.id == id).unwrap();
    let Some(fixture) = &case.fixture else {
        assert!(case.r#where.is_some() && case.note.is_some(), "a case without a fixture says why");
        return;
    };
    let Some(inventory) = loaded(&case, load_fixture(fixture)) else { return };
    let graph = SecurityGraph::new(inventory);
    for question in &case.questions {
        ask(&graph, &graph.baseline(), question);
        ask_by_leaving(&graph, question);
    }
    let removals: Vec<Removal> = case.removals.iter().chain(&case.moves).map(|text| removal(text)).collect();
    if removals.is_empty() {
        return;
    }
    match (simulate(&graph, &removals, &Options::default()), &case.error) {
        (Ok(simulation), None) => judged(&case, &simulation),
        (Err(error), Some(code)) => assert!(error.to_string().contains(&format!("`{code}`")), "{error}"),
        (Ok(_), Some(code)) => panic!("simulated, wanted {code}"),
        (Err(error), None) => panic!("{error}"),
    }
}

fn loaded(case: &Case, result: Result<Inventory, LoadError>) -> Option<Inventory> {
    let inventory = match (result, &case.load_error) {
        (Ok(inventory), None) => inventory,
        (Err(error), Some(code)) => {
            assert_eq!(error.code, code);
            return None;
        }
        (Ok(_), Some(code)) => panic!("read, wanted {code}"),
        (Err(error), None) => panic!("{error}"),
    };
    let level = |level| match level {
        IssueLevel::Error => "error",
        IssueLevel::Warning => "warning",
        IssueLevel::Note => "note",
    };
    let issues = inventory.issues().iter().filter(|issue| issue.level != IssueLevel::Note);
    let issues: BTreeSet<String> =
        issues.map(|issue| format!("{} {}", level(issue.level), issue.code)).collect();
    assert_eq!(issues, case.issues.iter().cloned().collect());
    let gaps: BTreeSet<&str> = inventory.gaps.iter().map(|gap| gap.code).collect();
    assert_eq!(gaps, case.gaps.iter().map(String::as_str).collect());
    Some(inventory)
}

/// Every setting under which a question is asked, with the wanted answer.
fn settings(question: &Question) -> Vec<(Readings, &str)> {
    let closed = question
        .under
        .iter()
        .map(|(setting, answer)| (Readings::default().with(setting.parse().unwrap()), answer.as_str()));
    std::iter::once((Readings::default(), question.expect.as_str())).chain(closed).collect()
}

fn flow_of(graph: &SecurityGraph, question: &Question) -> Flow {
    Names(graph).flow(&question.from, &question.to, &question.traffic, question.source_port)
}

/// The path of single flows.
fn ask(graph: &SecurityGraph, view: &View<'_>, question: &Question) {
    let flow = flow_of(graph, question);
    for (readings, wanted) in settings(question) {
        let answer = evaluate(view, &flow, &readings);
        let Question { from, to, traffic, .. } = question;
        assert_eq!(
            answer.disposition.name(),
            wanted,
            "{from} > {to} {traffic} under {readings:?}: {answer:?}"
        );
    }
}

/// The path of classes: who leaves all groups has no traffic left, so what was accepted is lost and nothing else.
fn ask_by_leaving(graph: &SecurityGraph, question: &Question) {
    let flow = flow_of(graph, question);
    let ends: Vec<InterfaceIx> = [flow.source, flow.destination]
        .into_iter()
        .filter_map(
            |end| if let Endpoint::Interface { interface, .. } = end { Some(interface) } else { None },
        )
        .filter(|_| flow.source != Endpoint::LoadBalancer)
        .collect();
    for interface in ends {
        let Some(groups) = graph.baseline().groups_of(interface) else { continue };
        let target = graph.interface(interface).id.to_string();
        let leave = |group: &_| Removal {
            target: target.clone(),
            group: graph.group_id(*group).to_string(),
            join: None,
        };
        let removals: Vec<Removal> = groups.iter().map(leave).collect();
        for (readings, wanted) in settings(question) {
            let options = Options { readings, ..Options::default() };
            let simulation = simulate(graph, &removals, &options).unwrap();
            if graph.interface(interface).network.vpc().is_none() {
                assert!(!simulation.undetermined_because.is_empty(), "{target} is not simulated");
                continue;
            }
            let platform = evaluate(&graph.baseline(), &flow, &readings).egress == Cause::Platform;
            let expected = match wanted {
                "accepted" if !platform => vec![ChangeKind::Lost],
                "insufficient-info" => vec![ChangeKind::Undetermined],
                _ => Vec::new(),
            };
            assert_eq!(kinds(&simulation, &flow), expected, "{flow:?} when {target} leaves everything");
        }
    }
}

fn kinds(simulation: &Simulation<'_>, flow: &Flow) -> Vec<ChangeKind> {
    simulation
        .impact
        .changes
        .iter()
        .filter(|change| speaks_of(change, flow))
        .map(|change| change.kind)
        .collect()
}

fn judged(case: &Case, simulation: &Simulation<'_>) {
    let graph = simulation.graph;
    let gone = simulation.removals.iter().map(|one| (one.interface, one.group));
    let joined = simulation.removals.iter().filter_map(|one| Some((one.interface, one.join?)));
    let after = graph.baseline().without(gone).with(joined);
    for question in &case.after {
        ask(graph, &after, question);
        // Both paths see the same difference.
        let flow = flow_of(graph, question);
        let before = evaluate(&graph.baseline(), &flow, &Readings::default()).disposition;
        let accepted = (before == Disposition::Accepted, question.expect == "accepted");
        if before != Disposition::InsufficientInfo && question.expect != "insufficient-info" {
            let expected = match accepted {
                (true, false) if flow.source != Endpoint::LoadBalancer => vec![ChangeKind::Lost],
                (false, true) => vec![ChangeKind::Gained],
                _ => Vec::new(),
            };
            assert_eq!(kinds(simulation, &flow), expected, "{flow:?}");
        }
    }
    if let Some(lost) = &case.lost {
        let of = |kind| Table::of(simulation, kind).lines();
        let read = |lines: &[String]| Table::read(lines, Family::Ipv4).lines();
        assert_eq!(of(ChangeKind::Lost), read(lost), "lost");
        assert_eq!(of(ChangeKind::Gained), read(&case.gained), "gained");
        assert_eq!(of(ChangeKind::Undetermined), read(&case.undetermined), "undetermined");
        assert_eq!(Table::sessions(simulation).lines(), read(&case.sessions), "sessions");
        assert_eq!(isolation_lines(simulation), case.isolated, "isolated");
        assert_eq!(orphan_lines(simulation), case.orphans, "orphans");
    }
    let refused = case.refusals.iter().map(|one| (one.removal.clone(), one.codes.clone())).collect();
    assert_eq!(refusal_lines(simulation), refused, "refusals");
    if let Some(form) = &case.form {
        let wanted = if form == "instance" { TargetForm::Instance } else { TargetForm::Interface };
        assert!(simulation.removals.iter().all(|one| one.form == wanted));
    }
    assert_eq!(Some(simulation.verdict.name()), case.verdict.as_deref());
}
