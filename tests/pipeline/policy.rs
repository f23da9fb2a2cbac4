//! Every policy twice: a case that it denies, and the same case changed in one way, which is clear.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use sgleave::graph::SecurityGraph;
use sgleave::policy::{
    Baseline, BoundSet, Finding, Level, Outcome, POLICIES, PolicyFileError, PolicySet, Review, Reviewer,
    Standing, Status, Today, Waiver,
};
use sgleave::simulate::{Options, Removal, Simulation, Simulator, parse_removal, read_removals};
use sgleave::testing::world;

use crate::support::{fixtures, load_fixture};

mod files;
mod meaning;

const TODAY: Today = sgleave::policy::Today::constant(2026, 1, 1);

fn folder(code: &str) -> PathBuf {
    fixtures().join("policy").join(code)
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn graph_of(code: &str) -> SecurityGraph {
    SecurityGraph::new(load_fixture(&format!("policy/{code}/export.jsonl")).unwrap())
}

fn graph(text: &str) -> SecurityGraph {
    SecurityGraph::new(world(text).unwrap())
}

fn set(files: &[&str]) -> PolicySet {
    let mut set = PolicySet::standard();
    for (number, text) in files.iter().enumerate() {
        set.layer(&format!("{number}.yaml"), text).unwrap_or_else(|error| panic!("{error}"));
    }
    set
}

/// What is left of a review once it is over.
#[derive(Debug, Clone, PartialEq)]
struct Reviewed {
    outcome: Outcome,
    findings: Vec<Finding>,
}

impl Reviewed {
    /// The rules with a finding that the change is charged with and that has its effect, besides those that inform.
    fn charged(&self) -> BTreeSet<&str> {
        let is_charged = |finding: &&Finding| {
            finding.standing == Standing::New
                && finding.status == Status::Effective
                && finding.level > Level::Inform
        };
        self.findings.iter().filter(is_charged).map(|finding| finding.code.as_str()).collect()
    }
}

struct Given<'g> {
    graph: &'g SecurityGraph,
    set: PolicySet,
    allowed: Vec<Waiver>,
    baseline: Option<Baseline>,
}

impl<'g> Given<'g> {
    fn new(graph: &'g SecurityGraph, files: &[&str]) -> Self {
        Self { graph, set: set(files), allowed: Vec::new(), baseline: None }
    }

    fn bound(&self) -> BoundSet {
        self.set.bind(self.graph).unwrap_or_else(|error| panic!("{error}"))
    }

    fn ask<T>(&self, removals: &[Removal], answer: impl FnOnce(&Review<'_>, &Simulation<'_>) -> T) -> T {
        let bound = self.bound();
        let options = Options::default();
        let simulator = Simulator::new(self.graph);
        let simulation = simulator.simulate(removals, &options).unwrap();
        let reviewer = Reviewer::new(&simulator, &bound, options.readings, TODAY)
            .allowing(self.allowed.clone())
            .knowing(self.baseline.as_ref());
        answer(&reviewer.review(&simulation), &simulation)
    }

    fn review(&self, removals: &[&str]) -> Reviewed {
        let removals: Vec<Removal> = removals.iter().map(|text| parse_removal(text).unwrap()).collect();
        self.ask(&removals, |review, _| Reviewed {
            outcome: review.outcome(),
            findings: review.findings().to_vec(),
        })
    }
}

fn review_of(code: &str, kind: &str) -> Reviewed {
    let graph = graph_of(code);
    let policy = read(folder(code).join(kind).join("policy.yaml"));
    let removals =
        read_removals("removals.csv", &read(folder(code).join(kind).join("removals.csv"))).unwrap();
    let removals: Vec<Removal> = removals.into_iter().map(|proposed| proposed.removal).collect();
    Given::new(&graph, &[&policy]).ask(&removals, |review, _| Reviewed {
        outcome: review.outcome(),
        findings: review.findings().to_vec(),
    })
}

#[test]
fn every_policy_denies_its_case_and_nothing_else_does() {
    for policy in POLICIES {
        let denied = review_of(policy.code, "deny");
        assert_eq!(
            denied.charged(),
            BTreeSet::from([policy.code]),
            "{}: {:#?}",
            policy.code,
            denied.findings
        );
        let expected = match policy.code {
            "undetermined-change" => Outcome::Undetermined,
            _ => Outcome::Denied,
        };
        assert_eq!(denied.outcome, expected, "{}", policy.code);
        let clear = review_of(policy.code, "clear");
        assert_eq!(clear.charged(), BTreeSet::new(), "{}: {:#?}", policy.code, clear.findings);
        assert_eq!(clear.outcome, Outcome::Clear, "{}", policy.code);
    }
}

#[test]
fn deny_and_clear_differ_in_one_file() {
    for policy in POLICIES {
        let differs = |name: &str| {
            read(folder(policy.code).join("deny").join(name))
                != read(folder(policy.code).join("clear").join(name))
        };
        assert_ne!(differs("policy.yaml"), differs("removals.csv"), "{}", policy.code);
    }
}

#[test]
fn every_policy_has_a_file_fixtures_and_a_row_in_the_readme() {
    let names = |folder: PathBuf| -> BTreeSet<String> {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let codes: BTreeSet<String> = POLICIES.iter().map(|policy| policy.code.to_owned()).collect();
    let files = names(root.join("src/policy/checks"));
    let files: BTreeSet<String> = files
        .iter()
        .filter(|name| *name != "mod.rs")
        .map(|name| name.trim_end_matches(".rs").replace('_', "-"))
        .collect();
    assert_eq!(files, codes);
    assert_eq!(names(fixtures().join("policy")), codes);
    let readme = read(root.join("README.md"));
    for policy in POLICIES {
        let level = policy.default_level.name();
        let always = if policy.is_default { "always" } else { "in files" };
        let row = format!("| `{}` | {level} | {always} | {} |", policy.code, policy.summary);
        assert!(readme.contains(&row), "the README has no row\n{row}");
    }
}

// The public cases that are about decisions.

#[test]
fn a29_what_was_broken_before_is_not_charged() {
    let graph = graph("G{normal,drop}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]");
    let policy = "version: 1\npolicies:\n  - must-reach: { from: { instance: i-b }, to: { instance: i-a }, traffic: tcp/22 }\n";
    let reviewed = Given::new(&graph, &[policy]).review(&["i-a:sg-G"]);
    assert_eq!(reviewed.outcome, Outcome::Clear);
    let found: Vec<&Finding> =
        reviewed.findings.iter().filter(|finding| finding.code == "must-reach").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].standing, Standing::Existing);
    assert!(found[0].message.contains("did not reach before"), "{}", found[0].message);
}

const A30: &str = "G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]";
const MINIMUM: &str = "version: 1\nlevels: { isolated-peer: off, well-known-service-lost: off }\npolicies:\n  - minimum-members: { group: sg-G, at-least: 2 }\n";

#[test]
fn a30_the_finding_names_the_group_and_the_counts() {
    let graph = graph(A30);
    let reviewed = Given::new(&graph, &[MINIMUM]).review(&["i-a:sg-G"]);
    assert_eq!(reviewed.outcome, Outcome::Denied);
    let first = &reviewed.findings[0];
    assert_eq!(first.code, "minimum-members");
    assert!(first.message.contains("sg-G") && first.message.contains("1 < 2"), "{}", first.message);
    // Without the budget, isolation stands against it.
    let plain = Given::new(&graph, &[]).review(&["i-a:sg-G"]);
    assert_eq!((plain.outcome, plain.findings[0].code.as_str()), (Outcome::Denied, "isolated-peer"));
}

fn allow(policy: &str, subject: &str) -> Waiver {
    Waiver {
        id: format!("--allow {policy}:{subject}"),
        policy: policy.to_owned(),
        subject: subject.to_owned(),
        reason: "T-123".to_owned(),
        owner: String::new(),
        until: None,
        place: None,
    }
}

#[test]
fn a31_an_exception_lets_it_pass_and_stays_visible() {
    let graph = graph(A30);
    let mut given = Given::new(&graph, &[MINIMUM]);
    given.allowed = vec![allow("minimum-members", "sg-G")];
    let reviewed = given.review(&["i-a:sg-G"]);
    assert_eq!(reviewed.outcome, Outcome::Clear);
    let waived = reviewed.findings.iter().find(|finding| finding.code == "minimum-members").unwrap();
    assert_eq!(waived.status, Status::Waived(0));
}

#[test]
fn a32_a_budget_that_no_order_can_meet_is_said_to_be_one() {
    let graph = graph("G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G,H]");
    let reviewed = Given::new(&graph, &[MINIMUM]).review(&["i-a:sg-G", "i-b:sg-G"]);
    let found = reviewed.findings.iter().find(|finding| finding.code == "minimum-members").unwrap();
    assert!(found.message.ends_with("no order of the 2 removals helps"), "{}", found.message);
}

#[test]
fn a42_the_last_one_to_leave_empties_the_group() {
    let graph = graph("G{normal,accept}; H{normal,drop}; a=10.0.0.1[G,H]");
    let reviewed = Given::new(&graph, &[]).review(&["i-a:sg-G"]);
    assert_eq!(reviewed.charged(), BTreeSet::from(["emptied-group"]));
}

#[test]
fn a43_who_stays_connected_through_another_group_is_clear() {
    let graph = graph("DEF{normal,accept}; G{normal,accept}; a=10.0.0.1[DEF,G]; b=10.0.0.2[DEF,G]");
    let reviewed = Given::new(&graph, &[]).review(&["i-a:sg-G"]);
    assert_eq!((reviewed.outcome, reviewed.findings), (Outcome::Clear, Vec::new()));
}

// Exceptions, baselines, layers.

#[test]
fn a_waiver_changes_its_finding_and_no_other() {
    let graph = graph(A30);
    let plain = Given::new(&graph, &[]).review(&["i-a:sg-G"]);
    let mut given = Given::new(&graph, &[]);
    given.allowed = vec![allow("isolated-peer", "i-b")];
    let waived = given.review(&["i-a:sg-G"]);
    let differing: Vec<(&Finding, &Finding)> = plain
        .findings
        .iter()
        .filter_map(|one| {
            Some((
                one,
                waived.findings.iter().find(|other| {
                    other.subject == one.subject && other.rule == one.rule && other.aspect == one.aspect
                })?,
            ))
        })
        .filter(|(one, other)| one != other)
        .collect();
    assert_eq!(plain.findings.len(), waived.findings.len());
    let [(before, after)] = differing.as_slice() else { panic!("{differing:#?}") };
    assert_eq!(before.code, "isolated-peer");
    let expected = Finding { status: Status::Waived(0), ..(*before).clone() };
    assert_eq!(&expected, *after);
    assert_eq!(waived.outcome, Outcome::Denied, "the other end is isolated too");
}

#[test]
fn a_baseline_knows_what_was_found_and_nothing_more() {
    let graph = graph(A30);
    let plain = Given::new(&graph, &[]).review(&["i-a:sg-G"]);
    let mut given = Given::new(&graph, &[]);
    let against: Vec<&Finding> = plain.findings.iter().filter(|finding| finding.denies()).collect();
    let text = Baseline::of(against.iter().copied(), &graph).to_json();
    given.baseline = Some(Baseline::parse("baseline.json", &text).unwrap());
    assert_eq!(given.review(&["i-a:sg-G"]).outcome, Outcome::Clear);
    given.baseline = Some(Baseline::of(against.into_iter().skip(1), &graph));
    assert_eq!(given.review(&["i-a:sg-G"]).outcome, Outcome::Denied);
    assert!(
        Baseline::parse("x", "{}").is_err()
            && Baseline::parse("x", &text.replace("baseline", "plan")).is_err()
    );
}

#[test]
fn later_files_are_laid_over_earlier_ones() {
    let graph = graph(A30);
    let off = "version: 1\nlevels: { isolated-peer: off }\n";
    let on = "version: 1\npolicies:\n  - isolated-peer: {}\n";
    assert_eq!(Given::new(&graph, &[off]).review(&["i-a:sg-G"]).outcome, Outcome::Clear);
    assert_eq!(Given::new(&graph, &[off, on]).review(&["i-a:sg-G"]).outcome, Outcome::Denied);
    assert_eq!(Given::new(&graph, &[on, off]).review(&["i-a:sg-G"]).outcome, Outcome::Clear);
    assert_eq!(set(&[off]).lowered().len(), 1);
    assert_ne!(set(&[off, on]).digest(), set(&[on, off]).digest());
}

#[test]
fn a_clear_review_gives_a_clearance_and_a_denied_one_does_not() {
    let graph = graph(A30);
    let removals = [parse_removal("i-a:sg-G").unwrap()];
    let denied = Given::new(&graph, &[]);
    denied.ask(&removals, |review, _| assert_eq!(review.clear().unwrap_err().outcome, Outcome::Denied));
    let clear = Given::new(&graph, &["version: 1\nlevels: { isolated-peer: warn }\n"]);
    clear.ask(&removals, |review, simulation| {
        assert_eq!(review.clear().unwrap().review().simulation().removals, simulation.removals);
    });
}
