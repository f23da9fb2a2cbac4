//! One form of bytes for one plan, whatever the white space: what is hashed and signed.

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::step::{PLAN_VERSION, Plan};
use crate::hex::hex;

/// Why a text is no plan that can be used.
#[derive(Debug, Error)]
pub enum PlanError {
    /// Not the JSON of a plan.
    #[error("{name} is no plan: {error}")]
    Form {
        /// The file.
        name: String,
        /// What is wrong, with line and column.
        error: serde_json::Error,
    },
    /// A form of another time.
    #[error("{name} has the plan version {found}, and this program knows {PLAN_VERSION}")]
    Version {
        /// The file.
        name: String,
        /// Its version.
        found: u32,
    },
    /// Somebody changed it.
    #[error("{name} was changed after it was made: its content is {found}, and it calls itself {said}")]
    Changed {
        /// The file.
        name: String,
        /// The digest of the content.
        found: String,
        /// What it says of itself.
        said: String,
    },
}

/// Returns the canonical form: JSON without white space, keys sorted by their bytes. Numbers are whole, so every writer of
/// JSON that escapes only what must be escaped gives the same bytes.
///
/// # Errors
/// That of the writer; a plan can always be written.
pub(super) fn canonical(plan: &Plan) -> serde_json::Result<Vec<u8>> {
    // A value keeps its keys sorted.
    serde_json::to_vec(&serde_json::to_value(plan)?)
}

/// Returns `sha256:` and the digest of everything in a plan but its own id.
///
/// # Errors
/// That of the writer; a plan can always be written.
pub fn plan_id(plan: &Plan) -> serde_json::Result<String> {
    let nameless = Plan { plan_id: String::new(), ..plan.clone() };
    Ok(format!("sha256:{}", hex(&Sha256::digest(canonical(&nameless)?))))
}

/// Reads a plan and checks that it is still what it calls itself.
///
/// # Errors
/// [`PlanError`] for any other text.
pub fn read_plan(name: &str, text: &str) -> Result<Plan, PlanError> {
    let form = |error| PlanError::Form { name: name.to_owned(), error };
    let plan: Plan = serde_json::from_str(text).map_err(form)?;
    if plan.plan_version != PLAN_VERSION {
        return Err(PlanError::Version { name: name.to_owned(), found: plan.plan_version });
    }
    let found = plan_id(&plan).map_err(form)?;
    if found == plan.plan_id {
        Ok(plan)
    } else {
        Err(PlanError::Changed { name: name.to_owned(), found, said: plan.plan_id })
    }
}
