//! Room 6: what exactly is called, in which order, and how to undo it.
//!
//! 1. [`draft`] takes a [`Clearance`](crate::policy::Clearance): what a review denies has no plan.
//! 2. `chain` says which calls each interface needs: join, wait, leave; or one list that replaces another.
//! 3. `order` looks for an order in which every state on the way is as good as the states it lies between, forward and
//!    backward (`passage`), and that no policy denies. Without one there is no plan.
//! 4. `cone` finds every fact the verdict rests on, and `fingerprint` says it in a form that the runner can compute from
//!    fresh answers, too.
//! 5. `waves` cuts the order where the health of the estate is looked at; `probe` names the connections to try.
//! 6. `emit` writes it: the document, a page for the ticket, and a runner that is the same for every plan.
//! 7. [`verify`] holds a fresh export against a plan; [`signature`] says whether it is still the one that was approved.

mod canonical;
mod chain;
mod cone;
mod draft;
mod emit;
mod fingerprint;
mod order;
mod passage;
mod probe;
pub mod signature;
mod step;
mod steps;
mod verify;
mod waves;

pub use canonical::{PlanError, plan_id, read_plan};
pub use draft::{DraftError, DraftOptions, draft};
pub use emit::{RUNNER, to_json, to_markdown};
pub use step::{
    After, Api, ApiChoice, Expect, ExpectInstance, ExpectInterface, LoweredRule, PLAN_VERSION, Params, Plan,
    Poll, Probe, ProbeEnd, ProbeExpectation, Promise, Rate, Read, References, Region, Rollback,
    RollbackPermission, Step, StepEvidence, Target, Tool, Value, WaiverUsed, Watch, WatchedGroup,
    WatchedList, WatchedVpc, Wave,
};
pub use verify::{Drift, Progress, Verification, VerifyError, carried_out, verify};
