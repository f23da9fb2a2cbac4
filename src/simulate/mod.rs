//! Room 4: what changes if they leave?

mod impact;
mod refusal;
mod removal;
mod simulation;

pub use impact::{
    Certainty, Change, ChangeKind, EndpointSet, Extent, Impact, Isolation, OrphanKind, OrphanRisk,
    SessionEffect, Totals,
};
pub use refusal::Refusal;
pub use removal::{JudgedRemoval, Removal, TargetForm};
pub use simulation::{RemovalError, Simulation, SimulationVerdict};
