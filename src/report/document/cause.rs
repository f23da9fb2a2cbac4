//! Why: what decided on each side.

use schemars::JsonSchema;
use serde::Serialize;

use super::names::Names;
use crate::evaluate;

/// The answer to one question and what decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Explanation")]
pub struct ExplanationEntry<'a> {
    /// May the traffic pass?
    pub disposition: DispositionName,
    /// What decided at the source.
    pub egress: CauseEntry<'a>,
    /// What decided at the destination.
    pub ingress: CauseEntry<'a>,
}

/// May the traffic pass?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Disposition")]
pub enum DispositionName {
    /// Both sides accept under every reading.
    Accepted,
    /// The source does not let it out.
    DeniedOut,
    /// The destination does not let it in.
    DeniedIn,
    /// The answer differs between readings.
    InsufficientInfo,
}

/// What decided one side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "kebab-case")]
#[schemars(rename = "Cause")]
pub enum CauseEntry<'a> {
    /// The first rule that matched.
    Rule(RuleCause<'a>),
    /// The intra-group Accept of a group.
    InnerAccess {
        /// The group.
        group_id: &'a str,
        /// Its name.
        #[serde(skip_serializing_if = "str::is_empty")]
        #[schemars(default)]
        group_name: &'a str,
    },
    /// No rule matched: the default of the group type.
    Default,
    /// An exemption of the platform.
    Platform,
    /// The interface is in no group.
    NoGroup,
    /// That side is not ours.
    External,
    /// It depends on what is not known.
    Open {
        /// The readings, and the missing evidence, on which it depends.
        open: Vec<String>,
    },
}

/// The first rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuleCause<'a> {
    /// The group that holds the rule.
    pub group_id: &'a str,
    /// The name of that group.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub group_name: &'a str,
    /// The id of the rule; null where the API gave none.
    pub rule_id: Option<&'a str>,
    /// Smaller is stronger.
    pub priority: u16,
    /// The rule in one line, such as `in accept tcp 22/22 from 10.0.0.0/8 prio 1`.
    pub rule: String,
}

impl<'a> ExplanationEntry<'a> {
    pub(super) fn new(explanation: &evaluate::Explanation, names: &Names<'a>) -> Self {
        Self {
            disposition: match explanation.disposition {
                evaluate::Disposition::Accepted => DispositionName::Accepted,
                evaluate::Disposition::DeniedOut => DispositionName::DeniedOut,
                evaluate::Disposition::DeniedIn => DispositionName::DeniedIn,
                evaluate::Disposition::InsufficientInfo => DispositionName::InsufficientInfo,
            },
            egress: CauseEntry::new(&explanation.egress, names),
            ingress: CauseEntry::new(&explanation.ingress, names),
        }
    }
}

impl<'a> CauseEntry<'a> {
    fn new(cause: &evaluate::Cause, names: &Names<'a>) -> Self {
        match cause {
            evaluate::Cause::Rule(reference) => {
                let rule = names.graph.rule(*reference);
                Self::Rule(RuleCause {
                    group_id: names.group(reference.group),
                    group_name: names.group_name(reference.group),
                    rule_id: rule.and_then(|rule| rule.id.as_ref()).map(|id| id.as_str()),
                    priority: rule.map_or(0, |rule| rule.priority),
                    rule: rule.map(ToString::to_string).unwrap_or_default(),
                })
            }
            evaluate::Cause::InnerAccess(group) => {
                Self::InnerAccess { group_id: names.group(*group), group_name: names.group_name(*group) }
            }
            evaluate::Cause::Default => Self::Default,
            evaluate::Cause::Platform => Self::Platform,
            evaluate::Cause::NoGroup => Self::NoGroup,
            evaluate::Cause::External => Self::External,
            evaluate::Cause::Open(evidence) => {
                Self::Open { open: evidence.iter().map(|e| e.name(names.graph).to_string()).collect() }
            }
        }
    }
}
