//! The writer of text, for the person who has to decide now: the verdict first, then what matters most.

mod audit;
mod changes;
mod explanation;
mod inspection;
mod leftovers;
mod outside;
mod page;
mod review;
mod simulation;
mod source;
mod verification;
mod wording;

pub(super) use audit::write as write_audit;
pub(super) use explanation::write as write_explanation;
pub(super) use inspection::write as write_inspection;
pub(super) use simulation::write as write_simulation;
pub(super) use verification::write as write_verification;
