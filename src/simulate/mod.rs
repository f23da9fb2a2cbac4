//! Room 4: what changes if they leave?

mod attribution;
mod audit;
mod audited;
mod entry;
mod impact;
mod isolation;
mod judge;
mod orphan;
mod proposal;
mod refusal;
mod removal;
mod removal_file;
mod removal_text;
mod run;
mod simulation;
mod standing;
mod sweep;

pub use crate::evaluate::{ChangeKind, Touched, Witness};
pub use audit::{Audit, AuditSummary};
pub use audited::{AuditEffect, AuditedMembership, Consequence};
pub use impact::{
    Certainty, Change, EndpointSet, Extent, Impact, Isolation, OrphanKind, OrphanRisk, PairEnds,
    SessionEffect, Totals,
};
pub use judge::{isolate_last, judge, may_hold, unknown_target};
pub use proposal::{MetadataConflict, ProposedRemoval, merge_duplicates};
pub use refusal::Refusal;
pub use removal::{JudgedRemoval, Removal, TargetForm};
pub use removal_file::{RemovalFileError, read_csv, read_json, read_removals};
pub use removal_text::{IdError, RemovalTextError, check_id, parse_move, parse_removal};
pub(crate) use run::ForeignGroups;
pub use run::{Simulator, simulate};
pub use simulation::{Options, Quotas, RemovalError, Simulation, SimulationVerdict};
pub use standing::{StandingKind, StandingRisk};
