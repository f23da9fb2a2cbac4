//! What was found before: only new findings count against a change.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::finding::Finding;
use crate::graph::SecurityGraph;

/// The findings of an earlier run, by their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Baseline {
    keys: BTreeSet<String>,
}

/// A baseline file that cannot be used.
#[derive(Debug, Error)]
#[error("{file}: {message}")]
pub struct BaselineError {
    file: String,
    message: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema_version: u32,
    kind: String,
    findings: BTreeSet<String>,
}

const VERSION: u32 = 1;
const KIND: &str = "baseline";

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// [`BaselineError`] for anything but what [`Baseline::to_json`] writes.
    pub fn parse(name: &str, text: &str) -> Result<Self, BaselineError> {
        let wrong = |message: String| BaselineError { file: name.to_owned(), message };
        let document: Document = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if document.schema_version != VERSION || document.kind != KIND {
            return Err(wrong(format!("it is no baseline of version {VERSION}")));
        }
        Ok(Self { keys: document.findings })
    }

    /// Returns the baseline that knows these findings.
    #[must_use]
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>, graph: &SecurityGraph) -> Self {
        Self { keys: findings.into_iter().map(|finding| finding.key(graph)).collect() }
    }

    /// Returns it as a file, sorted, with a newline at the end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let document =
            Document { schema_version: VERSION, kind: KIND.to_owned(), findings: self.keys.clone() };
        // INVARIANT: numbers and text can always be written.
        serde_json::to_string_pretty(&document).map_or_else(|_| String::new(), |text| text + "\n")
    }

    /// Tells whether a finding was there.
    #[must_use]
    pub fn knows(&self, finding: &Finding, graph: &SecurityGraph) -> bool {
        self.keys.contains(&finding.key(graph))
    }
}
