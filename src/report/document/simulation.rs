//! The document of one simulation.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::change::{ChangeEntry, ChangeName};
use super::leftover::{IsolationEntry, OrphanEntry};
use super::names::Names;
use super::removal::{RemovalEntry, RemovalStatus};
use super::review::ReviewEntry;
use super::source::{Assumption, InventoryEntry, SCHEMA_VERSION, Tool, assumptions};
use crate::parallel;
use crate::policy::{Lowered, Review};
use crate::report::context::ReportContext;
use crate::simulate::{Simulation, SimulationVerdict};

/// One simulation, ready to be written in any format.
#[derive(Debug, Clone)]
pub struct SimulationReport<'a> {
    pub(in crate::report) document: SimulationDocument<'a>,
    pub(in crate::report) names: Arc<Names<'a>>,
    pub(in crate::report) context: &'a ReportContext,
}

/// What is lost, gained, isolated, orphaned and refused when interfaces leave security groups.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "sgleave simulation")]
pub struct SimulationDocument<'a> {
    /// Rises when a meaning changes; keys may be added without that.
    pub schema_version: u32,
    /// Always `simulation`.
    pub kind: SimulationKind,
    /// The program that wrote this.
    pub tool: Tool,
    /// What was read.
    pub inventory: InventoryEntry<'a>,
    /// The settings of the semantics; `open` means that both answers were judged.
    pub readings: BTreeMap<&'static str, &'static str>,
    /// The overall answer.
    pub verdict: VerdictName,
    /// Why the verdict cannot be `safe` although nothing certain was found, sorted.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Vec<String>", default)]
    pub verdict_reasons: &'a [String],
    /// What was proposed, sorted by interface and group.
    pub removals: Vec<RemovalEntry<'a>>,
    /// Traffic whose answer changes. Within one kind the products of sources, destinations and traffic are disjoint.
    pub changes: Vec<ChangeEntry<'a>>,
    /// Traffic that stays accepted while its established sessions may break.
    pub session_risks: Vec<ChangeEntry<'a>>,
    /// Interfaces that are cut off, sorted by interface.
    pub isolated: Vec<IsolationEntry<'a>>,
    /// What is left behind.
    pub orphans: Vec<OrphanEntry<'a>>,
    /// Counts over all entries.
    pub totals: TotalsEntry,
    /// What the answer takes for granted or does not look at.
    pub assumptions: Vec<Assumption>,
    /// What the policies say about it; only `check` asks them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewEntry<'a>>,
}

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SimulationKind {
    /// The document of one simulation.
    Simulation,
}

/// The overall answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Verdict")]
pub enum VerdictName {
    /// Nothing is lost, gained, isolated, orphaned or refused, under any reading.
    Safe,
    /// Something of that is certain.
    Impact,
    /// Nothing of that is certain, but some answer rests on missing evidence or an open reading.
    Undetermined,
}

/// Counts over all entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Totals")]
pub struct TotalsEntry {
    /// Ordered pairs of interfaces that lose some traffic.
    pub pairs_lost: u64,
    /// Ordered pairs of interfaces that gain some traffic.
    pub pairs_gained: u64,
    /// Ordered pairs of interfaces with some undetermined change.
    pub pairs_undetermined: u64,
    /// Changed interfaces that lose traffic with external addresses, counted per direction.
    pub external_lost: u64,
    /// Changed interfaces that gain traffic with external addresses, counted per direction.
    pub external_gained: u64,
    /// Changed interfaces with an undetermined change with external addresses or foreign groups, per direction.
    pub external_undetermined: u64,
    /// New isolations.
    pub isolated: u64,
    /// New orphan risks.
    pub orphans: u64,
    /// Removals the API would refuse.
    pub refused: u64,
}

impl<'a> SimulationReport<'a> {
    /// Returns the report of a simulation: every row sorted, every name looked up. Linear in the simulation, besides
    /// sorting what is not sorted yet.
    #[must_use]
    pub fn new(simulation: &'a Simulation<'_>, context: &'a ReportContext) -> Self {
        let graph = simulation.graph;
        let names = Arc::new(Names::new(graph));
        let impact = &simulation.impact;
        let changes = sorted(&impact.changes);
        let risks = sorted(&impact.session_risks);
        let removals: Vec<RemovalEntry<'a>> = sorted(&simulation.removals)
            .into_iter()
            .map(|removal| RemovalEntry::new(removal, &context.metadata, &names))
            .collect();
        let refused = removals.iter().filter(|removal| removal.status == RemovalStatus::Refused);
        let totals = TotalsEntry {
            pairs_lost: impact.totals.pairs_lost,
            pairs_gained: impact.totals.pairs_gained,
            pairs_undetermined: impact.totals.pairs_undetermined,
            external_lost: impact.totals.external_lost,
            external_gained: impact.totals.external_gained,
            external_undetermined: impact.totals.external_undetermined,
            isolated: impact.totals.isolated,
            orphans: impact.totals.orphans,
            refused: u64::try_from(refused.count()).unwrap_or(u64::MAX),
        };
        let document = SimulationDocument {
            schema_version: SCHEMA_VERSION,
            kind: SimulationKind::Simulation,
            tool: Tool::new(context),
            inventory: InventoryEntry::new(graph, context),
            readings: simulation.readings.settings().into_iter().collect(),
            verdict: match simulation.verdict {
                SimulationVerdict::Safe => VerdictName::Safe,
                SimulationVerdict::Impact => VerdictName::Impact,
                SimulationVerdict::Undetermined => VerdictName::Undetermined,
            },
            verdict_reasons: &simulation.undetermined_because,
            removals,
            changes: parallel::each(changes, |change| ChangeEntry::new(change, None, &names)),
            session_risks: parallel::each(risks, |risk| {
                ChangeEntry::new(risk, Some(ChangeName::SessionRisk), &names)
            }),
            isolated: sorted(&impact.isolated)
                .into_iter()
                .map(|isolation| IsolationEntry::new(isolation, &names))
                .collect(),
            orphans: sorted(&impact.orphans)
                .into_iter()
                .map(|orphan| OrphanEntry::new(orphan, &names))
                .collect(),
            totals,
            assumptions: assumptions(graph, &simulation.readings),
            review: None,
        };
        Self { document, names, context }
    }

    /// Adds what the policies say, and which rules weigh less than they usually do.
    #[must_use]
    pub fn reviewed(mut self, review: &'a Review<'_>, lowered: &'a [Lowered]) -> Self {
        self.document.review = Some(ReviewEntry::new(review, lowered, &self.names));
        self
    }

    /// Returns the document as it is published.
    #[must_use]
    pub const fn document(&self) -> &SimulationDocument<'a> {
        &self.document
    }
}

/// Positions in the graph sort like ids, so the order of the values is the order of the ids.
fn sorted<T: Ord>(values: &[T]) -> Vec<&T> {
    let mut references: Vec<&T> = values.iter().collect();
    references.sort();
    references
}
