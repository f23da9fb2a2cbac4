//! Why a command stops: one line of what, one line of what to do, and an exit code.

use std::fmt::Display;

use super::exit;
use crate::inventory::LoadError;
use crate::plan::signature::SignatureError;
use crate::plan::{PlanError, VerifyError};
#[cfg(feature = "rego")]
use crate::policy::RegoError;
use crate::policy::{BaselineError, PolicyFileError};
use crate::simulate::{RemovalError, RemovalFileError, RemovalTextError};

/// The end of a command that did not reach its answer.
#[derive(Debug)]
pub(super) struct Failure {
    /// What the process returns.
    pub(super) code: u8,
    /// What is said on stderr; a reader that went away is told nothing.
    pub(super) message: Option<String>,
    /// What to do about it.
    pub(super) help: Option<String>,
    /// A line of a file and, below it, marks under the words that are meant; untrusted text.
    pub(super) excerpt: Option<Box<[String; 2]>>,
}

impl Failure {
    pub(super) fn new(code: u8, message: impl Display) -> Self {
        Self { code, message: Some(message.to_string()), help: None, excerpt: None }
    }

    /// The command line cannot be understood.
    pub(super) fn usage(message: impl Display) -> Self {
        Self::new(exit::USAGE, message)
    }

    /// An input cannot be used.
    pub(super) fn input(message: impl Display) -> Self {
        Self::new(exit::INPUT, message)
    }

    /// An output cannot be written.
    pub(super) fn output(message: impl Display) -> Self {
        Self::new(exit::OUTPUT, message)
    }

    /// The reader of stdout went away before it had everything. It knows; the exit code tells everybody else.
    pub(super) const fn truncated() -> Self {
        Self { code: exit::OUTPUT, message: None, help: None, excerpt: None }
    }

    /// Adds what to do about it.
    pub(super) fn with_help(mut self, help: impl Display) -> Self {
        self.help = Some(help.to_string());
        self
    }
}

impl From<LoadError> for Failure {
    /// The code at the end is what a caller can look for; the words before it may change.
    fn from(error: LoadError) -> Self {
        Self::input(format!("{error} ({})", error.code)).with_help(&error.help)
    }
}

impl From<PolicyFileError> for Failure {
    fn from(error: PolicyFileError) -> Self {
        let failure = Self::input(&error).with_help(&error.help);
        Self { excerpt: error.excerpt, ..failure }
    }
}

#[cfg(feature = "rego")]
impl From<RegoError> for Failure {
    fn from(error: RegoError) -> Self {
        let failure = Self::input(&error).with_help(error.help);
        Self { excerpt: error.excerpt, ..failure }
    }
}

impl From<PlanError> for Failure {
    /// A plan that was changed, or is of another form, belongs to nothing.
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Form { .. } => {
                Self::input(error).with_help("name the plan.json that `sgleave plan` wrote")
            }
            PlanError::Version { .. } | PlanError::Changed { .. } => {
                Self::new(exit::STALE, error).with_help("make the plan again")
            }
        }
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::PrivateKey(_) | SignatureError::PublicKey(_) => Self::input(error)
                .with_help("make one with `openssl genpkey -algorithm ed25519`, and `openssl pkey -pubout`"),
            SignatureError::Form | SignatureError::Mismatch | SignatureError::Plan(_) => {
                Self::new(exit::STALE, error).with_help("have the plan approved again")
            }
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        Self::new(exit::STALE, error).with_help("name the export of the account and region of the plan")
    }
}

impl From<BaselineError> for Failure {
    fn from(error: BaselineError) -> Self {
        Self::input(error).with_help("write a new one with --write-baseline")
    }
}

impl From<RemovalFileError> for Failure {
    fn from(error: RemovalFileError) -> Self {
        Self::input(&error).with_help(error.help)
    }
}

impl From<RemovalTextError> for Failure {
    /// A wrong form is a slip of the hand; an id that looks right and is not comes from a bad source.
    fn from(error: RemovalTextError) -> Self {
        match error {
            RemovalTextError::Form { form, .. } => {
                let help = format!("write {form}, or name targets alone after `--from GROUP`");
                Self::usage(error).with_help(help)
            }
            RemovalTextError::Id(error) => {
                Self::input(error).with_help("type the id again, or copy it from the answer of the API")
            }
        }
    }
}

impl From<RemovalError> for Failure {
    fn from(error: RemovalError) -> Self {
        let help = help_of(&error);
        Self::input(error).with_help(help)
    }
}

fn help_of(error: &RemovalError) -> String {
    match error {
        RemovalError::UnknownTarget { nearest, .. } => or_else(
            "did you mean",
            nearest,
            "check the id, and that the export covers its account and region",
        ),
        RemovalError::UnknownGroup { nearest, .. } => or_else(
            "did you mean",
            nearest,
            "check the id, and that the export covers its account and region",
        ),
        RemovalError::NoPrimary { .. } => {
            "add the answer of DescribeNetworkInterfaces to the export, or name the interface".to_owned()
        }
        RemovalError::NotMember { member_of, siblings, .. } if siblings.is_empty() => {
            or_else("it is in", member_of, "it is in no group at all")
        }
        RemovalError::NotMember { siblings, .. } => {
            or_else("name the interface that is in it:", siblings, "")
        }
        RemovalError::UnknownMemberships { .. } => {
            "add the answer of DescribeNetworkInterfaces to the export".to_owned()
        }
        RemovalError::LeavesAndJoins { .. } | RemovalError::Conflicting { .. } => {
            "keep one of the two".to_owned()
        }
    }
}

fn or_else(lead: &str, ids: &[String], otherwise: &str) -> String {
    if ids.is_empty() { otherwise.to_owned() } else { format!("{lead} {}", listed(ids)) }
}

/// Returns ids as they stand in a sentence: in backticks, a long list cut and counted.
pub(super) fn listed<S: AsRef<str>>(ids: &[S]) -> String {
    const SHOWN: usize = 8;
    let mut text =
        ids.iter().take(SHOWN).map(|id| format!("`{}`", id.as_ref())).collect::<Vec<_>>().join(", ");
    if let Some(more) = ids.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
