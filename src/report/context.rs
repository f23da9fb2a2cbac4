//! What a report needs to know besides the result: who ran what on which inventory, and how it is to look.

use crate::graph::{GroupIx, InterfaceIx};

/// The run a report belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportContext {
    /// The version of this tool.
    pub tool_version: &'static str,
    /// The digest of everything that was read, as `sha256:…`.
    pub inventory_digest: String,
    /// The `-i` arguments as typed, for the commands a report suggests.
    pub inputs: Vec<String>,
    /// What the change request says about each removal; may be empty.
    pub metadata: Vec<RemovalMetadata>,
}

/// What a change request says about one removal; untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemovalMetadata {
    /// The interface that leaves.
    pub interface: InterfaceIx,
    /// The group it leaves.
    pub group: GroupIx,
    /// The change ticket.
    pub ticket: String,
    /// Who asked for it.
    pub requester: String,
    /// Who agreed to it.
    pub approver: String,
    /// Why.
    pub reason: String,
}

/// The form of a written report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// For programs; described by [`schema`](super::schema()).
    Json,
    /// For programs that read as it is written: one JSON document a line, of an audit only.
    Lines,
    /// For auditors and spreadsheets: one finding a row.
    Csv,
}

impl Format {
    /// Returns the name as it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Lines => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// The dialect of CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum CsvDialect {
    /// Plain: UTF-8 without a byte order mark, LF.
    #[default]
    Raw,
    /// For spreadsheets: byte order mark, CRLF, account ids that cannot be rounded.
    Excel,
}

/// How a report is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// Whether text may be coloured.
    pub colour: bool,
    /// How many rows a section of text shows; `None` shows all.
    pub limit: Option<usize>,
    /// The dialect of CSV.
    pub dialect: CsvDialect,
}
