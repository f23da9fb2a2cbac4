//! What checks look at.

use sha2::{Digest, Sha256};

use super::finding::Subject;
use crate::evaluate::{Compiled, Evaluator};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::hex::hex;
use crate::simulate::Simulation;

/// One simulation, and who answers further questions about the same two states.
pub(super) struct Context<'c> {
    pub(super) graph: &'c SecurityGraph,
    pub(super) simulation: &'c Simulation<'c>,
    pub(super) before: View<'c>,
    pub(super) after: View<'c>,
    pub(super) compiled: &'c Compiled<'c>,
    pub(super) evaluator: &'c Evaluator<'c>,
    /// Groups may have members that the export does not show.
    pub(super) may_hide_members: bool,
    /// The interfaces that leave a group, sorted.
    pub(super) leaving: Vec<InterfaceIx>,
}

impl Context<'_> {
    /// Tells whether an interface leaves a group.
    pub(super) fn leaves(&self, interface: InterfaceIx) -> bool {
        self.leaving.binary_search(&interface).is_ok()
    }

    /// `i-web-1 (eni-web-1)`, or the interface alone.
    pub(super) fn who(&self, interface: InterfaceIx) -> String {
        let described = self.graph.interface(interface);
        match &described.instance {
            Some(instance) => format!("{instance} ({})", described.id),
            None => described.id.to_string(),
        }
    }

    /// The id of a group.
    pub(super) fn group(&self, group: GroupIx) -> String {
        self.graph.group_id(group).to_string()
    }

    /// Who a finding is about, at the beginning of a message.
    pub(super) fn subject(&self, subject: Subject) -> String {
        match subject {
            Subject::Interface(interface) | Subject::Membership(interface, _) => self.who(interface),
            Subject::Group(group) => self.group(group),
            Subject::Whole => "the change".to_owned(),
        }
    }
}

/// How many of a list a message names.
const NAMED: usize = 3;

/// Names the first of a list, and says how many more there are.
pub(super) fn few(names: impl ExactSizeIterator<Item = String>) -> String {
    let total = names.len();
    let named: Vec<String> = names.take(NAMED).collect();
    let named = named.join(", ");
    match total.checked_sub(NAMED).filter(|more| *more > 0) {
        Some(more) => format!("{named} and {more} more"),
        None => named,
    }
}

/// `1 peer`, `2 peers`.
pub(super) fn plural(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

/// Returns a short name for a text of any length.
pub(super) fn short_digest(text: &str) -> String {
    let mut name = hex(&Sha256::digest(text.as_bytes()));
    name.truncate(16);
    name
}
