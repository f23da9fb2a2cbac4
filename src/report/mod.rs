//! Room 7: what people and machines read.
//!
//! A result comes in and becomes a document: [`SimulationReport`], [`InspectionReport`] or [`ExplanationReport`].
//! It is sorted and complete; the writers print it and choose nothing. An audit, which may be longer than memory, is
//! written part by part ([`AuditWriter`]). JSON is a promise ([`schema()`]), CSV has one
//! fixed header for every command, text is for people and may change.

mod audit;
mod command;
mod context;
mod csv;
pub mod document;
mod json;
mod rectangle;
mod schema;
mod text;
mod write;

pub use crate::steering::{is_steering, spelled_out};
pub use audit::{AuditReport, AuditWriter};
pub use command::command_line;
pub use context::{CsvDialect, Format, RemovalMetadata, ReportContext, Style};
pub use csv::HEADER as CSV_HEADER;
pub use document::{ExplanationReport, InspectionReport, SimulationReport, VerificationReport};
pub use schema::{SCHEMAS, schema};
pub use write::{write_explanation, write_inspection, write_simulation, write_verification};
