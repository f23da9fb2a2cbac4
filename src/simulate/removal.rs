//! What is proposed: which interface leaves which group, and what it joins instead.

use crate::graph::{GroupIx, InterfaceIx};

use super::refusal::Refusal;

/// A proposed removal, as named by the caller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Removal {
    /// An instance id (its primary interface) or an interface id.
    pub target: String,
    /// The group to leave.
    pub group: String,
    /// The group to join instead, for a move.
    pub join: Option<String>,
}

/// How the API names the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetForm {
    /// By instance: its primary interface.
    Instance,
    /// By interface.
    Interface,
}

/// A removal whose ids are known to exist, with what the API would say to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgedRemoval {
    /// The interface.
    pub interface: InterfaceIx,
    /// The group it leaves.
    pub group: GroupIx,
    /// The group it joins instead.
    pub join: Option<GroupIx>,
    /// A state on the way to the end: the group to join is joined, and the old one not left yet.
    pub stays: bool,
    /// How the API would be called.
    pub form: TargetForm,
    /// Why the API would refuse, in the order in which it is found; the effect is simulated all the same.
    pub refusals: Vec<Refusal>,
    /// What could not be checked beforehand, such as the instance's status.
    pub unchecked: Vec<&'static str>,
}
