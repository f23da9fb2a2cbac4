//! What a policy is, and what a rule makes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::finding::Findings;
use super::parameters::Parameters;

/// How much a finding weighs. The order is that of concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The rule is not asked.
    Off,
    /// It is said.
    Inform,
    /// It is said where nobody can overlook it.
    Warn,
    /// The change must not be made.
    Deny,
}

impl Level {
    /// Returns the name as it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Inform => "inform",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

/// One kind of question about a simulation.
#[derive(Clone, Copy)]
pub struct Policy {
    /// The name in files, findings and file names.
    pub code: &'static str,
    /// What it looks at, in one sentence.
    pub summary: &'static str,
    /// Why one wants to know, what counts, and what does not.
    pub explanation: &'static str,
    /// The level of a rule that names none.
    pub default_level: Level,
    /// Whether it is asked without a policy file.
    pub is_default: bool,
    /// A rule as it is written.
    pub example: &'static str,
    pub(super) check: fn(&Context<'_>, &Rule, &mut Findings<'_>),
}

impl Policy {
    /// Returns when it is asked, as lists write it.
    #[must_use]
    pub const fn asked(&self) -> &'static str {
        if self.is_default { "always" } else { "in files" }
    }
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("code", &self.code).finish_non_exhaustive()
    }
}

/// A policy with its parameters.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name of the rule: unique in a set, and the policy's code where no file names it.
    pub id: String,
    /// The policy's code.
    pub code: &'static str,
    /// How much its findings weigh.
    pub level: Level,
    /// Why the rule stands; untrusted text, may be empty.
    pub because: String,
    /// The controls of a catalogue it serves; untrusted text.
    pub controls: Vec<String>,
    /// Whether its selectors may match nothing.
    pub optional: bool,
    /// What it asks for.
    pub parameters: Parameters,
    /// The file it stands in, and the line; `None` for what is asked without a file.
    pub place: Option<(String, u64)>,
}
