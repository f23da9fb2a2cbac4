//! The document of one verification: a fresh export against a plan.

use schemars::JsonSchema;
use serde::Serialize;

use super::source::{SCHEMA_VERSION, Tool};
use crate::plan::{Plan, Progress, Verification};
use crate::report::context::ReportContext;

/// One verification, ready to be written.
#[derive(Debug, Clone)]
pub struct VerificationReport<'a> {
    document: VerificationDocument<'a>,
}

/// A fresh export against a plan.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "sgleave verification")]
pub struct VerificationDocument<'a> {
    /// Rises when a meaning changes; keys may be added without that.
    pub schema_version: u32,
    /// Always `verification`.
    pub kind: VerificationKind,
    /// The program that wrote this.
    pub tool: Tool,
    /// The plan.
    pub plan_id: &'a str,
    /// The digest of the fresh export.
    pub inventory_digest: &'a str,
    /// How far the plan was carried out.
    pub progress: ProgressName,
    /// The steps that were made.
    pub steps_made: &'a [String],
    /// The steps that were not.
    pub steps_left: &'a [String],
    /// What is not as the plan has it.
    pub drifts: Vec<DriftEntry<'a>>,
    /// Whether the change does in the fresh export what the plan promises; null where it cannot be made there.
    pub promise_holds: Option<bool>,
    /// What the fresh export does not show.
    pub gaps: &'a [String],
}

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VerificationKind {
    /// A verification.
    Verification,
}

/// How far a plan was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Progress")]
pub enum ProgressName {
    /// No step was made.
    NotStarted,
    /// The first steps were made.
    Partly,
    /// Every step was made.
    Done,
    /// The interfaces are in no state that the plan passes through.
    Elsewhere,
}

impl ProgressName {
    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotStarted => "not-started",
            Self::Partly => "partly",
            Self::Done => "done",
            Self::Elsewhere => "elsewhere",
        }
    }
}

/// One fact that is not as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Drift")]
pub struct DriftEntry<'a> {
    /// The id of the interface, group or list.
    pub subject: &'a str,
    /// What differs.
    pub what: &'a str,
}

impl<'a> VerificationReport<'a> {
    /// Returns the report of a verification.
    #[must_use]
    pub fn new(plan: &'a Plan, found: &'a Verification, context: &'a ReportContext) -> Self {
        let (progress, made) = match found.progress {
            Progress::NotStarted => (ProgressName::NotStarted, 0),
            Progress::Partly(made) => (ProgressName::Partly, made),
            Progress::Done => (ProgressName::Done, plan.order.len()),
            Progress::Elsewhere => (ProgressName::Elsewhere, 0),
        };
        let (steps_made, steps_left) = plan.order.split_at(made.min(plan.order.len()));
        let drifts =
            found.drifts.iter().map(|drift| DriftEntry { subject: &drift.subject, what: &drift.what });
        let document = VerificationDocument {
            schema_version: SCHEMA_VERSION,
            kind: VerificationKind::Verification,
            tool: Tool::new(context),
            plan_id: &plan.plan_id,
            inventory_digest: &context.inventory_digest,
            progress,
            steps_made,
            steps_left,
            drifts: drifts.collect(),
            promise_holds: found.promise_holds,
            gaps: &found.gaps,
        };
        Self { document }
    }

    /// Returns the document.
    #[must_use]
    pub const fn document(&self) -> &VerificationDocument<'a> {
        &self.document
    }

    /// Returns the answer in one word.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.document.drifts.is_empty() { self.document.progress.name() } else { "drifted" }
    }
}
