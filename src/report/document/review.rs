//! What the policies say about a simulation.

use schemars::JsonSchema;
use serde::Serialize;

use super::change::Traffic;
use super::leftover::CertaintyName;
use super::names::Names;
use crate::netset::Family;
use crate::policy::{Finding, Level, Lowered, Origin, Outcome, Review, Standing, Status, Subject, Waiver};

/// What the policies say about a simulation.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Review")]
pub struct ReviewEntry<'a> {
    /// How it ends: `clear`, `denied`, or `undetermined`.
    pub outcome: Outcome,
    /// The day it was made, as YYYY-MM-DD; waivers end.
    pub today: String,
    /// The digest of the policy files.
    pub policy_digest: &'a str,
    /// The policy files, in the order in which they were laid over each other.
    pub policy_files: &'a [String],
    /// The rules that were asked, sorted by id.
    pub rules: Vec<RuleEntry<'a>>,
    /// Rules that weigh less than their policy usually does.
    pub lowered: Vec<LoweredEntry<'a>>,
    /// What was found, what counts most first.
    pub findings: Vec<FindingEntry<'a>>,
    /// Every exception, whether it was needed or not.
    pub waivers: Vec<WaiverEntry<'a>>,
}

/// A rule that was asked.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Rule")]
pub struct RuleEntry<'a> {
    /// Its id.
    pub id: &'a str,
    /// The policy's code.
    pub policy: &'a str,
    /// How much it weighs.
    pub level: Level,
    /// The file and line it stands in; absent for what is asked without a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// A rule that weighs less than its policy usually does.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "LoweredRule")]
pub struct LoweredEntry<'a> {
    /// Its id.
    pub id: &'a str,
    /// The policy's code.
    pub policy: &'a str,
    /// How much it weighs.
    pub level: Level,
    /// How much it would weigh if no file said otherwise.
    pub usual: Level,
}

/// What one rule says about one subject.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub struct FindingEntry<'a> {
    /// The rule's id.
    pub rule: &'a str,
    /// The policy's code, or the name of a Rego rule.
    pub policy: &'a str,
    /// Where the rule comes from.
    pub origin: OriginName,
    /// How much it weighs.
    pub level: Level,
    /// What became of it.
    pub status: FindingStatus,
    /// False when it was so before.
    pub new: bool,
    /// Whether it holds under every reading.
    pub certainty: CertaintyName,
    /// Whether it stands against the change.
    pub denies: bool,
    /// What it is about, as a waiver names it: an id, `INTERFACE:GROUP`, or `*`.
    pub subject: String,
    /// The interface it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface_id: Option<&'a str>,
    /// The instance of the interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<&'a str>,
    /// The group it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<&'a str>,
    /// What was found.
    pub message: &'a str,
    /// The traffic it is about.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(default)]
    pub traffic: Vec<Traffic>,
    /// What to do about it.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub help: &'a str,
    /// Why the rule stands.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub because: &'a str,
    /// The controls it serves.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Vec<String>", default)]
    pub controls: &'a [String],
    /// The waiver that takes its effect away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver_id: Option<&'a str>,
    /// The name it keeps from run to run; a baseline holds these.
    pub key: String,
    /// What it is about, in the graph.
    #[serde(skip)]
    pub(in crate::report) about: Subject,
    /// The last day of the waiver.
    #[serde(skip)]
    pub(in crate::report) waiver_until: Option<String>,
}

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Origin")]
pub enum OriginName {
    /// A policy of this program.
    Policy,
    /// A rule in Rego.
    Rego,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingStatus {
    /// The change brings it.
    New,
    /// It was so before, so the change is not charged with it.
    Existing,
    /// A waiver takes its effect away.
    Waived,
    /// The baseline knows it.
    Baseline,
}

/// A reasoned, dated exception.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Waiver")]
pub struct WaiverEntry<'a> {
    /// Its name.
    pub id: &'a str,
    /// The rule or policy it is an exception to.
    pub policy: &'a str,
    /// Whom it is for.
    pub subject: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Who answers for it; empty for one that was named on the command line.
    pub owner: &'a str,
    /// The last day it holds, as YYYY-MM-DD; absent for one of this run only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether it is over.
    pub expired: bool,
    /// How many findings have no effect because of it.
    pub waives: usize,
}

impl<'a> ReviewEntry<'a> {
    pub(super) fn new(review: &'a Review<'_>, lowered: &'a [Lowered], names: &Names<'a>) -> Self {
        let waivers = review.waivers();
        let findings: Vec<FindingEntry<'a>> =
            review.findings().iter().map(|finding| FindingEntry::new(finding, waivers, names)).collect();
        let waiver = |(at, waiver): (usize, &'a Waiver)| WaiverEntry {
            id: &waiver.id,
            policy: &waiver.policy,
            subject: &waiver.subject,
            reason: &waiver.reason,
            owner: &waiver.owner,
            until: waiver.until.map(|day| day.to_string()),
            expired: waiver.is_expired(review.today()),
            waives: review.findings().iter().filter(|finding| finding.status == Status::Waived(at)).count(),
        };
        let rules = review.rules();
        Self {
            outcome: review.outcome(),
            today: review.today().to_string(),
            policy_digest: &rules.digest,
            policy_files: &rules.files,
            rules: rules
                .rules
                .iter()
                .map(|rule| RuleEntry {
                    id: &rule.id,
                    policy: rule.code,
                    level: rule.level,
                    place: rule.place.as_ref().map(|(file, line)| format!("{file}:{line}")),
                })
                .collect(),
            lowered: lowered
                .iter()
                .map(|rule| LoweredEntry {
                    id: &rule.id,
                    policy: rule.code,
                    level: rule.level,
                    usual: rule.usual,
                })
                .collect(),
            findings,
            waivers: waivers.iter().enumerate().map(waiver).collect(),
        }
    }
}

impl<'a> FindingEntry<'a> {
    fn new(finding: &'a Finding, waivers: &'a [Waiver], names: &Names<'a>) -> Self {
        let graph = names.graph;
        let (interface, group) = match finding.subject {
            Subject::Interface(interface) => (Some(interface), None),
            Subject::Membership(interface, group) => (Some(interface), Some(group)),
            Subject::Group(group) => (None, Some(group)),
            Subject::Whole => (None, None),
        };
        let waiver = match finding.status {
            Status::Waived(at) => waivers.get(at),
            Status::Effective | Status::Known => None,
        };
        let status = match (&finding.status, finding.standing) {
            (Status::Waived(_), _) => FindingStatus::Waived,
            (Status::Known, _) => FindingStatus::Baseline,
            (Status::Effective, Standing::New) => FindingStatus::New,
            (Status::Effective, Standing::Existing) => FindingStatus::Existing,
        };
        Self {
            rule: &finding.rule,
            policy: &finding.code,
            origin: match finding.origin {
                Origin::Policy => OriginName::Policy,
                Origin::Rego => OriginName::Rego,
            },
            level: finding.level,
            status,
            new: finding.standing == Standing::New,
            certainty: finding.certainty.into(),
            denies: finding.denies(),
            subject: finding.subject.name(graph),
            interface_id: interface.map(|interface| names.interface(interface)),
            instance_id: interface.and_then(|interface| names.instance(interface)),
            group_id: group.map(|group| names.group(group)),
            message: &finding.message,
            traffic: finding.traffic.items(Family::Ipv4).into_iter().map(Traffic::from).collect(),
            help: finding.help,
            because: &finding.because,
            controls: &finding.controls,
            waiver_id: waiver.map(|waiver| waiver.id.as_str()),
            key: finding.key(graph),
            about: finding.subject,
            waiver_until: waiver.and_then(|waiver| waiver.until).map(|day| day.to_string()),
        }
    }
}
