//! Exceptions with a reason, an owner and an end.

use super::finding::Finding;
use crate::graph::SecurityGraph;

/// The day a review takes place; only the command line knows a clock.
pub type Today = jiff::civil::Date;

/// A reasoned, dated exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Its name.
    pub id: String,
    /// The rule's id or the policy's code.
    pub policy: String,
    /// The id of the interface, instance or group, or `interface:group`; `*` for findings about the whole.
    pub subject: String,
    /// Why; untrusted text.
    pub reason: String,
    /// Who answers for it; untrusted text.
    pub owner: String,
    /// The last day it holds; `None` for this run only.
    pub until: Option<Today>,
    /// The file it stands in, and the line.
    pub place: Option<(String, u64)>,
}

impl Waiver {
    /// Tells whether it is over.
    #[must_use]
    pub fn is_expired(&self, today: Today) -> bool {
        self.until.is_some_and(|until| until < today)
    }

    /// Tells whether it speaks of a finding.
    #[must_use]
    pub fn is_about(&self, finding: &Finding, graph: &SecurityGraph) -> bool {
        (self.policy == finding.rule || self.policy == finding.code)
            && finding.subject.is_named(graph, &self.subject)
    }
}
