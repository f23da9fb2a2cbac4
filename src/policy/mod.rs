//! Room 5: is that acceptable?
//!
//! 1. A [`Policy`] is one kind of question about a simulation, with one file in `checks/` and one row in [`POLICIES`].
//! 2. A [`Rule`] is a policy with its parameters and its [`Level`]. Policies that need no parameters have a rule of their
//!    own code from the start; files in YAML add rules and change levels ([`PolicySet`]).
//! 3. A rule chooses interfaces, groups and addresses with a [`Selector`]. Bound to an estate ([`PolicySet::bind`]), each
//!    has to match something: a typing error must not switch a rule off.
//! 4. A [`Reviewer`] asks every rule and gets [`Finding`]s. What was so before the change is existing and not charged to
//!    it; what is not known is possible, never absent.
//! 5. A team's own rules in Rego (feature `rego`) find what they find in the JSON of the simulation, and it counts as any other.
//! 6. A [`Waiver`] takes the effect of a finding away, with a reason, an owner and an end. A [`Baseline`] does so for what
//!    was found before. Both stay visible.
//! 7. A [`Review`] without an effective denial gives a [`Clearance`]; there is no other way to one.

mod baseline;
mod binding;
mod changes;
mod checks;
mod config;
mod context;
mod definition;
mod file_error;
mod file_test;
mod finding;
mod opener;
mod parameters;
mod reach;
mod registry;
#[cfg(feature = "rego")]
mod rego;
mod review;
mod sample;
mod selector;
mod set;
mod starter;
mod traffic;
mod waiver;
mod written;

pub use baseline::{Baseline, BaselineError};
pub use config::policy_schema;
pub use definition::{Level, Policy, Rule};
pub use file_error::PolicyFileError;
pub use file_test::{FileTest, TestOutcome};
pub use finding::{Finding, Origin, Standing, Status, Subject};
pub use parameters::Parameters;
pub use registry::{POLICIES, policy};
#[cfg(feature = "rego")]
pub use rego::{RegoError, RegoRules};
pub use review::{Clearance, Denied, Outcome, Review, Reviewer};
pub use sample::{Sample, SampleFailure};
pub use selector::{Ends, Selector};
pub use set::{BoundSet, Lowered, PolicySet};
pub use starter::starter;
pub use waiver::{Today, Waiver};
pub use written::Blast;
