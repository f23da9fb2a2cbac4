//! The documents: sorted rows and totals, borrowed from the rooms upstream. Nothing is computed later.
//!
//! What is serialised here is the published JSON; the schemas are derived from the same types. Fields that are not
//! serialised carry positions in the graph for the other writers.

mod audit;
mod cause;
mod change;
mod endpoint;
mod explanation;
mod inspection;
mod leftover;
mod lines;
mod names;
mod removal;
mod review;
mod simulation;
mod source;
mod verification;

pub(super) use audit::lacking;
pub use audit::{
    AuditHeader, AuditLine, MembershipEntry, StandingEntry, SummaryEntry, TouchedEntry, WitnessEntry,
};
pub use cause::{CauseEntry, DispositionName, ExplanationEntry, RuleCause};
pub(super) use change::traffic_text;
pub use change::{ChangeEntry, ChangeName, Membership, PairEndsName, SessionName, Traffic};
pub(super) use endpoint::address_text;
pub use endpoint::{Endpoint, Endpoints, ExternalEndpoint, ForeignGroupEndpoint, InterfaceEndpoint};
pub use explanation::{ExplanationDocument, ExplanationReport, FlowEnd, FlowEntry, OutcomeName};
pub use inspection::{Estate, GroupCounts, InspectionDocument, InspectionReport, Unknowns};
pub use leftover::{CertaintyName, DirectionName, ExtentName, IsolationEntry, OrphanEntry, Reference};
pub(super) use names::Names;
pub use removal::{RefusalEntry, RemovalEntry, RemovalStatus, RequestEntry, TargetName};
pub use review::{
    FindingEntry, FindingStatus, LoweredEntry, OriginName, ReviewEntry, RuleEntry, WaiverEntry,
};
pub use simulation::{SimulationDocument, SimulationReport, TotalsEntry, VerdictName};
pub use source::{Assumption, Counts, GapEntry, InventoryEntry, IssueEntry, LevelName, SCHEMA_VERSION, Tool};
pub use verification::{
    DriftEntry, ProgressName, VerificationDocument, VerificationKind, VerificationReport,
};
