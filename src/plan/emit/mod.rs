//! A plan in writing. Nothing is decided here.

mod markdown;

use super::step::Plan;

pub use markdown::to_markdown;

/// The program that executes plans: the same bytes for every plan. What differs from plan to plan is data.
pub const RUNNER: &str = include_str!("runner.py");

/// Returns the document as text with a newline at the end.
///
/// # Errors
/// That of the writer; a plan can always be written.
pub fn to_json(plan: &Plan) -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(plan)?;
    text.push('\n');
    Ok(text)
}
