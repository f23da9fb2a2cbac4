//! Where an answer comes from: the tool, the inventory with its issues, and what is taken for granted.

use schemars::JsonSchema;
use serde::Serialize;

use crate::evaluate::{Order, Readings};
use crate::graph::SecurityGraph;
use crate::inventory::{InventoryIssue, IssueLevel, SecurityGroupType};
use crate::report::context::ReportContext;

/// The version of every document written by this version of the tool.
pub const SCHEMA_VERSION: u32 = 1;

/// The program that wrote a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Tool {
    /// Always `sgleave`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
}

/// What was read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Inventory")]
pub struct InventoryEntry<'a> {
    /// The digest of everything that was read, `sha256:…`.
    pub digest: &'a str,
    /// How much was read.
    pub counts: Counts,
    /// What was noticed while reading, worst first.
    pub issues: Vec<IssueEntry<'a>>,
    /// What the export as a whole does not show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub gaps: Vec<GapEntry<'a>>,
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Instances.
    pub instances: u64,
    /// Network interfaces.
    pub interfaces: u64,
    /// Security groups that are described.
    pub groups: u64,
    /// Rules of these groups.
    pub rules: u64,
    /// Known memberships of interfaces in groups.
    pub memberships: u64,
}

/// Something that was noticed while reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Issue")]
pub struct IssueEntry<'a> {
    /// A stable code, such as `truncated-page`.
    pub code: &'a str,
    /// How much it matters.
    pub level: LevelName,
    /// The file or stream.
    pub source: &'a str,
    /// The JSON pointer inside it; empty where all of it is meant.
    pub pointer: &'a str,
    /// What is wrong.
    pub message: &'a str,
    /// What to do about it.
    pub help: &'a str,
}

/// How much an issue matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Level")]
pub enum LevelName {
    /// Evidence is missing: answers that rest on it are undetermined.
    Error,
    /// Something looks wrong; no answer depends on it.
    Warning,
    /// Worth knowing.
    Note,
}

/// Evidence that is missing for the export as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Gap")]
pub struct GapEntry<'a> {
    /// The code of the issue that explains it.
    pub code: &'a str,
    /// What may be missing.
    pub what: &'a str,
}

/// Something an answer takes for granted or does not look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Assumption {
    /// A stable code.
    pub code: &'static str,
    /// What is taken for granted or not looked at.
    pub text: &'static str,
}

impl Tool {
    pub(super) const fn new(context: &ReportContext) -> Self {
        Self { name: "sgleave", version: context.tool_version }
    }
}

impl<'a> InventoryEntry<'a> {
    pub(super) fn new(graph: &'a SecurityGraph, context: &'a ReportContext) -> Self {
        let inventory = graph.inventory();
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let mut issues: Vec<&InventoryIssue> = inventory.issues().iter().collect();
        issues.sort();
        let mut gaps: Vec<_> = inventory.gaps.iter().collect();
        gaps.sort();
        Self {
            digest: &context.inventory_digest,
            counts: Counts {
                instances: count(inventory.instances.len()),
                interfaces: count(inventory.interfaces.len()),
                groups: count(inventory.groups.len()),
                rules: count(inventory.groups.iter().map(|group| group.rules.len()).sum()),
                memberships: count(graph.membership_count()),
            },
            issues: issues.into_iter().map(IssueEntry::from).collect(),
            gaps: gaps.into_iter().map(|gap| GapEntry { code: gap.code, what: &gap.what }).collect(),
        }
    }
}

impl<'a> From<&'a InventoryIssue> for IssueEntry<'a> {
    fn from(issue: &'a InventoryIssue) -> Self {
        Self {
            code: issue.code,
            level: match issue.level {
                IssueLevel::Error => LevelName::Error,
                IssueLevel::Warning => LevelName::Warning,
                IssueLevel::Note => LevelName::Note,
            },
            source: &issue.source,
            pointer: &issue.pointer,
            message: &issue.message,
            help: &issue.help,
        }
    }
}

/// Returns what an answer on this graph takes for granted, in a fixed order.
pub(super) fn assumptions(graph: &SecurityGraph, readings: &Readings) -> Vec<Assumption> {
    let inventory = graph.inventory();
    let mut found = vec![
        Assumption {
            code: "other-layers",
            text: "only security groups are judged: network ACLs, routes, Cloud Firewall, firewalls inside the \
                   guest and the block on outbound TCP 25 may still stop accepted traffic",
        },
        Assumption {
            code: "established-sessions",
            text: "answers are about new sessions; established ones may be cut at any time up to 910 seconds \
                   after the change, or at once where they rest on an intra-group Accept",
        },
    ];
    if readings.intra_group_ingress == Some(Order::AcceptFirst) {
        found.push(Assumption {
            code: "intra-group-ingress",
            text: "on ingress the intra-group Accept is asked before custom rules \
                   (`--reading intra-group-ingress=open` judges both orders)",
        });
    }
    let enterprise = Some(SecurityGroupType::Enterprise);
    if inventory.groups.iter().any(|group| group.group_type == enterprise) {
        found.push(Assumption {
            code: "enterprise-stateful",
            text: "enterprise security groups are taken as stateful: replies need no rule of their own",
        });
    }
    if inventory.consumers.is_empty() {
        found.push(Assumption {
            code: "outside-consumers",
            text: "the export names no database, cache or load balancer that admits members of a group; \
                   if some do, leaving the group also ends that admission",
        });
    }
    found
}
