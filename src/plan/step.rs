//! A plan as it is written: what is called, in which order, what has to be true before, and how to go back.
//!
//! Ids, addresses and numbers only: of the names, tags and descriptions of an estate nothing comes in here. What people
//! wrote about exceptions is kept as text and never becomes an argument.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The form of the document; it rises when a meaning changes, and a runner refuses one that it does not know.
pub const PLAN_VERSION: u32 = 1;

/// An executable plan (contract 6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "sgleave plan")]
pub struct Plan {
    /// Always `plan`.
    pub kind: String,
    /// The form of this document.
    pub plan_version: u32,
    /// `sha256:` and the digest of the canonical form of everything else in here.
    pub plan_id: String,
    /// What wrote it.
    pub tool: Tool,
    /// When it was made, in UTC.
    pub created_at: String,
    /// When it may no longer be begun; its evidence ages.
    pub expires_at: String,
    /// Not to be executed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Not to be executed after; also holds for every single step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// The account whose resources are changed.
    pub account_id: String,
    /// The regions that are called.
    pub regions: Vec<Region>,
    /// The digest of the export the verdict rests on.
    pub inventory_digest: String,
    /// When the export was taken, if somebody said so; then the plan's age counts from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory_taken_at: Option<String>,
    /// What the export does not show; empty in a plan that may be executed.
    pub incomplete_inputs: Vec<String>,
    /// The settings of the semantics.
    pub readings: BTreeMap<String, String>,
    /// The digest of the policy files.
    pub policy_digest: String,
    /// What the simulation says of the whole change.
    pub verdict: String,
    /// What the policies say; always `clear`.
    pub review: String,
    /// The exceptions that were needed.
    pub waivers: Vec<WaiverUsed>,
    /// The findings that were known before and do not count again.
    pub known_findings: Vec<String>,
    /// The rules that weigh less than their policy usually does.
    pub lowered: Vec<LoweredRule>,
    /// What was taken to be so and cannot be seen in the export.
    pub assumptions: Vec<String>,
    /// Which calls were chosen, and why.
    pub api: ApiChoice,
    /// Whether the caller may undo the calls: `same-call`, `attested` or `not-known`.
    pub rollback_permission: RollbackPermission,
    /// Every step, in the order in which every state on the way was judged.
    pub order: Vec<String>,
    /// What is done between two looks at the health of the estate.
    pub waves: Vec<Wave>,
    /// How long to wait after each wave, in seconds; sessions live up to 910.
    pub soak_seconds: u32,
    /// How often the service is called at most.
    pub rate: Rate,
    /// When execution stops.
    pub stop_rule: String,
    /// Groups that the way back needs: they must not be deleted.
    pub keep_groups: Vec<String>,
    /// The interfaces whose groups change, by id.
    pub targets: BTreeMap<String, Target>,
    /// Every fact the verdict rests on besides the targets' own groups.
    pub watch: Watch,
    /// What is done.
    pub steps: Vec<Step>,
    /// New connections that show whether the promise holds.
    pub probes: Vec<Probe>,
    /// What the change does, as it was judged.
    pub promise: Promise,
}

/// What wrote a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A region that is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// Its id.
    pub region_id: String,
    /// The product and version of the API.
    pub api: String,
}

/// An exception that was needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaiverUsed {
    /// Its name.
    pub id: String,
    /// The policy or rule.
    pub policy: String,
    /// What it is about.
    pub subject: String,
    /// Why; untrusted text.
    pub reason: String,
    /// Who answers for it; untrusted text.
    pub owner: String,
    /// Its last day; absent for one of this run only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A rule that weighs less than its policy usually does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoweredRule {
    /// The rule.
    pub id: String,
    /// Its policy.
    pub policy: String,
    /// How much it weighs.
    pub level: String,
    /// How much it would weigh if no file said otherwise.
    pub usual: String,
}

/// Which calls change memberships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Api {
    /// `ModifyInstanceAttribute` and `ModifyNetworkInterfaceAttribute`, with the whole list of groups.
    Modify,
    /// `LeaveSecurityGroup` and `JoinSecurityGroup`, one membership a call.
    Leave,
}

/// The choice of calls, with its reason and its risk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiChoice {
    /// The choice.
    pub choice: Api,
    /// Why.
    pub why: String,
    /// What can go wrong with it, and what is done about that.
    pub hazard: String,
}

/// Whether the caller may undo the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RollbackPermission {
    /// Back and forth are the same call.
    SameCall,
    /// Somebody said so when the plan was made.
    Attested,
    /// Nobody said so, and the API has no way to ask.
    NotKnown,
}

/// Steps between two looks at the health of the estate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Its number, from 1.
    pub wave: u32,
    /// Whether it is the first and smallest.
    pub canary: bool,
    /// Its steps, in order.
    pub steps: Vec<String>,
}

/// How often the service is called at most, per API and region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Describe calls a minute.
    pub reads_per_minute: u32,
    /// Changing calls a minute.
    pub writes_per_minute: u32,
}

/// An interface whose groups change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The instance it is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// `Primary` or `Secondary`.
    pub interface_type: String,
    /// The region.
    pub region_id: String,
    /// The VPC.
    pub vpc_id: String,
    /// Its groups before, sorted.
    pub groups_before: Vec<String>,
    /// Its groups after, sorted.
    pub groups_after: Vec<String>,
    /// The digest of its addresses.
    pub addresses_sha256: String,
    /// The digest of its names and tags, where they are watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels_sha256: Option<String>,
}

/// Every fact the verdict rests on besides the targets' own groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Names and tags are watched as well: rules of policy files select by them.
    pub labels: bool,
    /// The peers, VPC by VPC.
    pub vpcs: Vec<WatchedVpc>,
    /// The groups of targets and peers, by id.
    pub groups: BTreeMap<String, WatchedGroup>,
    /// For each group that is left or joined, the other groups whose rules name it, sorted.
    pub references: BTreeMap<String, References>,
    /// The prefix lists in the rules of those groups, by id.
    pub prefix_lists: BTreeMap<String, WatchedList>,
    /// The port range lists in the rules of those groups, by id.
    pub port_lists: BTreeMap<String, WatchedList>,
}

/// The interfaces of one VPC whose traffic with a target the change can touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedVpc {
    /// The region.
    pub region_id: String,
    /// The VPC.
    pub vpc_id: String,
    /// Every interface of the VPC is watched.
    pub everything: bool,
    /// Interfaces in one of these groups are watched, sorted.
    pub groups: Vec<String>,
    /// Interfaces with an address in one of these blocks are watched, sorted.
    pub blocks: Vec<String>,
    /// The watched interfaces but the targets, with the digest of their groups and addresses, and of their names and tags
    /// where those are watched.
    pub interfaces: BTreeMap<String, String>,
}

/// A group whose rules decide traffic of a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedGroup {
    /// The region.
    pub region_id: String,
    /// The VPC.
    pub vpc_id: String,
    /// `normal` or `enterprise`.
    pub group_type: String,
    /// `Accept` or `Drop`.
    pub inner_access_policy: String,
    /// The digest of its rules.
    pub rules_sha256: String,
    /// The digest of its name, where names are watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels_sha256: Option<String>,
}

/// The groups whose rules name one group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct References {
    /// The region.
    pub region_id: String,
    /// The other groups, sorted.
    pub named_by: Vec<String>,
}

/// A list that rules lean on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WatchedList {
    /// The region.
    pub region_id: String,
    /// The digest of its entries.
    pub sha256: String,
}

/// A parameter as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// Text.
    Text(String),
    /// A number.
    Number(u32),
    /// A list; its elements become `Name.1`, `Name.2` and so on.
    List(Vec<String>),
}

/// Parameters by wire name.
pub type Params = BTreeMap<String, Value>;

/// One changing call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// The steps that come before it.
    pub depends_on: Vec<String>,
    /// The region that is called.
    pub region_id: String,
    /// The action.
    pub action: String,
    /// The version of the API.
    pub api_version: String,
    /// The parameters.
    pub params: Params,
    /// The call replaces the whole list of groups.
    pub replaces: bool,
    /// How long to wait before the call, in seconds: a group that was joined has to take effect first.
    pub wait_seconds: u32,
    /// What is read directly before and after.
    pub reads: Vec<Read>,
    /// What the reads must show before the call.
    pub expect: Expect,
    /// What they must show after it.
    pub after: After,
    /// How to go back.
    pub rollback: Rollback,
    /// What it is done for.
    pub evidence: StepEvidence,
}

/// One reading call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Read {
    /// Its id within the step.
    pub id: String,
    /// The action.
    pub action: String,
    /// The parameters.
    pub params: Params,
}

/// What must be true before a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// The instance the interface is attached to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<ExpectInstance>,
    /// The interface.
    pub interface: ExpectInterface,
    /// How many groups the interface has left afterwards, at least.
    pub min_groups_left: u32,
}

/// What must be true of an instance. The names are those of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ExpectInstance {
    /// Its id.
    pub instance_id: String,
    /// One of these.
    pub status: Vec<String>,
    /// Exactly these reasons; empty.
    pub operation_locks: Vec<String>,
    /// The VPC.
    pub vpc_id: String,
    /// The groups of the primary interface as the instance shows them; absent where another interface is changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_group_ids: Option<Vec<String>>,
}

/// What must be true of an interface. The names are those of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub struct ExpectInterface {
    /// Its id.
    pub network_interface_id: String,
    /// `Primary` or `Secondary`.
    #[serde(rename = "Type")]
    pub interface_type: String,
    /// One of these.
    pub status: Vec<String>,
    /// Whether a cloud product manages it; false.
    pub service_managed: bool,
    /// The VPC.
    pub vpc_id: String,
    /// Exactly these groups, sorted.
    pub security_group_ids: Vec<String>,
}

/// What must be true after a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// Exactly these groups, sorted.
    #[serde(rename = "SecurityGroupIds")]
    pub security_group_ids: Vec<String>,
    /// How to look.
    pub poll: Poll,
}

/// How to look until two looks in a row show the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Between two looks, in milliseconds.
    pub every_ms: u32,
    /// In all, in milliseconds.
    pub for_ms: u32,
}

/// How to go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// The action.
    pub action: String,
    /// The parameters.
    pub params: Params,
    /// Exactly these groups afterwards, sorted.
    #[serde(rename = "SecurityGroupIds")]
    pub security_group_ids: Vec<String>,
}

/// What a step is done for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepEvidence {
    /// The groups that are left, sorted.
    pub leaves: Vec<String>,
    /// The groups that are joined, sorted.
    pub joins: Vec<String>,
    /// The keys of the findings about the interface.
    pub findings: Vec<String>,
}

/// A new connection that shows whether the promise holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Its id.
    pub id: String,
    /// What must come of it.
    pub expect: ProbeExpectation,
    /// Why: `lost`, `gained` or `kept`.
    pub because: String,
    /// It holds once this step is made; absent: in every state from before the first step to after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_step: Option<String>,
    /// Who opens the connection.
    pub from: ProbeEnd,
    /// Who is asked.
    pub to: ProbeEnd,
    /// The protocol, by name or number.
    pub protocol: String,
    /// The destination port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The source port, where not any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
}

/// What must come of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeExpectation {
    /// Security groups let it pass.
    Pass,
    /// They do not.
    Fail,
}

/// One end of a new connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeEnd {
    /// The interface; absent for an address outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface_id: Option<String>,
    /// Its instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// The address.
    pub address: String,
    /// The block of which any address will do; absent where it is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any_of: Option<String>,
}

/// What the change does, as it was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Promise {
    /// Pairs of interfaces that lose traffic.
    pub pairs_lost: u64,
    /// Pairs of interfaces that gain traffic.
    pub pairs_gained: u64,
    /// Pairs of interfaces with an undetermined change.
    pub pairs_undetermined: u64,
    /// Interfaces that are newly isolated.
    pub isolated: u64,
    /// The digest of every change of traffic.
    pub changes_sha256: String,
}
