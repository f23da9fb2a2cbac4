//! Tests that stand in a policy file: removals, and what the rules have to say about them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::file_error::{PolicyFileError, Source};
use super::finding::{Finding, Standing, Status};
use super::review::{Outcome, Review, Reviewer};
use crate::graph::SecurityGraph;
use crate::simulate::{Options, Removal, RemovalError, Simulator, parse_move, parse_removal};

/// Removals, and what the rules have to say about them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Test")]
pub(super) struct WrittenTest {
    /// What the test shows.
    #[schemars(with = "String")]
    name: Spanned<String>,
    /// TARGET:GROUP, or TARGET:OLD:NEW for a move; all together are one change.
    #[schemars(with = "Vec<String>")]
    removals: Vec<Spanned<String>>,
    /// How the review has to end.
    outcome: Option<Outcome>,
    /// Findings there have to be: RULE, or RULE:SUBJECT.
    #[serde(default)]
    finds: Vec<String>,
    /// Findings there must not be, in the same form.
    #[serde(default)]
    finds_not: Vec<String>,
}

/// A test of a policy file.
#[derive(Debug, Clone)]
pub struct FileTest {
    /// What it shows; untrusted text.
    pub name: String,
    /// The file and the line.
    pub place: (String, u64),
    removals: Vec<Removal>,
    outcome: Option<Outcome>,
    finds: Vec<String>,
    finds_not: Vec<String>,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestOutcome {
    /// What is not as the test has it; nothing if it passed.
    pub problems: Vec<String>,
}

impl FileTest {
    pub(super) fn read(source: &Source, written: Spanned<WrittenTest>) -> Result<Self, PolicyFileError> {
        let (at, test) = (written.referenced, written.value);
        if test.outcome.is_none() && test.finds.is_empty() && test.finds_not.is_empty() {
            let help = "add outcome, finds or finds-not; a test that expects nothing cannot fail";
            return Err(source.wrong(at, "the test expects nothing", help));
        }
        let mut removals = Vec::new();
        for text in &test.removals {
            let is_move = text.value.matches(':').count() == 2;
            let read = if is_move { parse_move(&text.value) } else { parse_removal(&text.value) };
            removals.push(read.map_err(|error| {
                source.wrong(
                    text.referenced,
                    error.to_string(),
                    "write TARGET:GROUP, or TARGET:OLD:NEW for a move",
                )
            })?);
        }
        Ok(Self {
            name: test.name.value,
            place: (source.name.clone(), test.name.referenced.line()),
            removals,
            outcome: test.outcome,
            finds: test.finds,
            finds_not: test.finds_not,
        })
    }

    /// Simulates the removals and compares what is found with what the test expects.
    ///
    /// # Errors
    /// [`RemovalError`] where the export does not know what the test removes.
    pub fn run(
        &self,
        simulator: &Simulator<'_>,
        reviewer: &Reviewer<'_>,
        options: &Options,
    ) -> Result<TestOutcome, RemovalError> {
        let simulation = simulator.simulate(&self.removals, options)?;
        let review = reviewer.review(&simulation);
        Ok(TestOutcome { problems: self.problems(&review, simulation.graph) })
    }

    fn problems(&self, review: &Review<'_>, graph: &SecurityGraph) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(expected) = self.outcome.filter(|expected| *expected != review.outcome()) {
            let (expected, found) = (expected.name(), review.outcome().name());
            problems.push(format!("the review ends {found}, and the test expects {expected}"));
        }
        let is_of =
            |finding: &&Finding| finding.standing == Standing::New && finding.status == Status::Effective;
        let there: Vec<&Finding> = review.findings().iter().filter(is_of).collect();
        let is_there = |wanted: &str| there.iter().any(|finding| is_named(finding, graph, wanted));
        let names: BTreeSet<String> =
            there.iter().map(|finding| format!("{}:{}", finding.rule, finding.subject.name(graph))).collect();
        let names: Vec<String> = names.into_iter().collect();
        for wanted in self.finds.iter().filter(|wanted| !is_there(wanted)) {
            let found = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            problems.push(format!("there is no finding {wanted}; there is {found}"));
        }
        for unwanted in self.finds_not.iter().filter(|unwanted| is_there(unwanted)) {
            problems.push(format!("there is a finding {unwanted}"));
        }
        problems
    }
}

/// Tells whether a finding is meant by `RULE` or `RULE:SUBJECT`.
fn is_named(finding: &Finding, graph: &SecurityGraph, text: &str) -> bool {
    let is_rule = |name: &str| finding.rule == name || finding.code == name;
    match text.split_once(':') {
        Some((rule, subject)) => is_rule(rule) && finding.subject.is_named(graph, subject),
        None => is_rule(text),
    }
}
