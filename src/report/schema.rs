//! The published schemas, derived from the types that are written.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

use super::document::{
    AuditLine, ExplanationDocument, InspectionDocument, SimulationDocument, VerificationDocument,
};
use crate::plan::Plan;

/// The names of the documents that have a schema.
pub const SCHEMAS: &[&str] = &["simulation", "inspection", "explanation", "audit", "plan", "verification"];

/// Returns the JSON Schema of a document as text with a newline at the end; `None` for a name not in [`SCHEMAS`].
#[must_use]
pub fn schema(name: &str) -> Option<String> {
    let schema = match name {
        "simulation" => schema_of::<SimulationDocument<'_>>(),
        "inspection" => schema_of::<InspectionDocument<'_>>(),
        "explanation" => schema_of::<ExplanationDocument<'_>>(),
        "audit" => schema_of::<AuditLine<'_>>(),
        "plan" => schema_of::<Plan>(),
        "verification" => schema_of::<VerificationDocument<'_>>(),
        _ => return None,
    };
    let mut text = serde_json::to_string_pretty(&schema).ok()?;
    text.push('\n');
    Some(text)
}

fn schema_of<T: JsonSchema>() -> Schema {
    // What is described is what is written: a key that is left out when it is empty is not required.
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
