//! What was proposed and what the API would say.

use schemars::JsonSchema;
use serde::Serialize;

use super::names::Names;
use crate::graph::InterfaceIx;
use crate::report::context::RemovalMetadata;
use crate::simulate::{JudgedRemoval, Refusal, TargetForm};

/// A removal and what the API would say to it; its effect is simulated either way.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Removal")]
pub struct RemovalEntry<'a> {
    /// The interface that leaves.
    pub interface_id: &'a str,
    /// The instance it is attached to.
    pub instance_id: Option<&'a str>,
    /// The group it leaves.
    pub group_id: &'a str,
    /// The group it joins instead.
    pub join_group_id: Option<&'a str>,
    /// Whether the API would carry it out.
    pub status: RemovalStatus,
    /// The first reason for which the API would refuse.
    pub refusal: Option<RefusalEntry<'a>>,
    /// Every such reason, in the order in which the API would find them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub refusals: Vec<RefusalEntry<'a>>,
    /// How the API is called.
    pub target: TargetName,
    /// What cannot be checked beforehand.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Vec<String>", default)]
    pub unchecked: &'a [&'static str],
    /// The name of the instance, or of the interface where it has none.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub name: &'a str,
    /// The name of the group it leaves.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub group_name: &'a str,
    /// What the change request says about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestEntry<'a>>,
    /// The interface in the graph.
    #[serde(skip)]
    pub(in crate::report) ix: InterfaceIx,
}

/// Whether the API would carry a removal out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemovalStatus {
    /// Nothing known is in the way.
    Applied,
    /// The API would refuse.
    Refused,
}

/// How the API names the target of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "TargetForm")]
pub enum TargetName {
    /// By instance, which means its primary interface.
    Instance,
    /// By interface.
    Interface,
}

/// One reason for which the API would refuse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Refusal")]
pub struct RefusalEntry<'a> {
    /// The API's own code.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub http: u16,
    /// What is in the way.
    pub message: &'a str,
}

/// What a change request says about a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Request")]
pub struct RequestEntry<'a> {
    /// The change ticket.
    pub ticket: &'a str,
    /// Who asked for it.
    pub requester: &'a str,
    /// Who agreed to it.
    pub approver: &'a str,
    /// Why.
    pub reason: &'a str,
}

impl<'a> RemovalEntry<'a> {
    pub(super) fn new(
        removal: &'a JudgedRemoval,
        metadata: &'a [RemovalMetadata],
        names: &Names<'a>,
    ) -> Self {
        let refusals: Vec<RefusalEntry<'a>> = removal.refusals.iter().map(RefusalEntry::from).collect();
        let request =
            metadata.iter().find(|said| said.interface == removal.interface && said.group == removal.group);
        Self {
            interface_id: names.interface(removal.interface),
            instance_id: names.instance(removal.interface),
            group_id: names.group(removal.group),
            join_group_id: removal.join.map(|group| names.group(group)),
            status: if refusals.is_empty() { RemovalStatus::Applied } else { RemovalStatus::Refused },
            refusal: refusals.first().cloned(),
            refusals,
            target: match removal.form {
                TargetForm::Instance => TargetName::Instance,
                TargetForm::Interface => TargetName::Interface,
            },
            unchecked: &removal.unchecked,
            name: names.name_of(removal.interface),
            group_name: names.group_name(removal.group),
            request: request.map(RequestEntry::from),
            ix: removal.interface,
        }
    }
}

impl<'a> From<&'a Refusal> for RefusalEntry<'a> {
    fn from(refusal: &'a Refusal) -> Self {
        Self { code: refusal.code, http: refusal.http, message: &refusal.message }
    }
}

impl<'a> From<&'a RemovalMetadata> for RequestEntry<'a> {
    fn from(said: &'a RemovalMetadata) -> Self {
        Self {
            ticket: &said.ticket,
            requester: &said.requester,
            approver: &said.approver,
            reason: &said.reason,
        }
    }
}
