//! Room 4: what changes if they leave?

mod entry;
mod impact;
mod isolation;
mod judge;
mod orphan;
mod refusal;
mod removal;
mod removal_file;
mod run;
mod simulation;

pub use crate::evaluate::ChangeKind;
pub use impact::{
    Certainty, Change, EndpointSet, Extent, Impact, Isolation, OrphanKind, OrphanRisk, SessionEffect, Totals,
};
pub use judge::judge;
pub use refusal::Refusal;
pub use removal::{JudgedRemoval, Removal, TargetForm};
pub use removal_file::{
    IdError, MetadataConflict, ProposedRemoval, RemovalFileError, RemovalTextError, check_id,
    merge_duplicates, parse_move, parse_removal, read_csv, read_json, read_removals,
};
pub use run::simulate;
pub use simulation::{Options, Quotas, RemovalError, Simulation, SimulationVerdict};
