//! What went wrong while reading: [`LoadError`] stops, [`InventoryIssue`] goes on and says so.

use serde::Serialize;
use thiserror::Error;

/// Reading could not go on.
///
/// Every message names the source, the JSON pointer or position, the value and the cure.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{source_name}{}: {message}", .pointer.as_deref().map(|p| format!(" at {p}")).unwrap_or_default())]
pub struct LoadError {
    /// A stable kebab-case code, such as `invalid-json`.
    pub code: &'static str,
    /// The file or stream.
    pub source_name: String,
    /// The JSON pointer inside the document, or `line N column M`.
    pub pointer: Option<String>,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// How much an issue matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum IssueLevel {
    /// Evidence is missing: answers that rest on it are undetermined.
    Error,
    /// Something looks wrong and deserves a look; no answer depends on it.
    Warning,
    /// Worth knowing.
    Note,
}

/// Something that was noticed while reading; the inventory carries it so that nobody drops it on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InventoryIssue {
    /// How much it matters.
    pub level: IssueLevel,
    /// A stable kebab-case code, such as `truncated-page`.
    pub code: &'static str,
    /// The file or stream.
    pub source: String,
    /// The JSON pointer inside the document, empty where the whole source is meant.
    pub pointer: String,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: String,
}
