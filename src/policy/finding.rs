//! What a rule finds.

use super::definition::{Level, Rule};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::netset::TransportSet;
use crate::simulate::Certainty;

/// What a finding is about. The order is that of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An interface.
    Interface(InterfaceIx),
    /// An interface as a member of a group.
    Membership(InterfaceIx, GroupIx),
    /// A group.
    Group(GroupIx),
    /// The change as a whole, or the export.
    Whole,
}

/// Whether the change brings it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Standing {
    /// The change brings it.
    New,
    /// It was so before, so the change is not charged with it.
    Existing,
}

/// Where a finding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A policy of this program.
    Policy,
    /// A rule in Rego.
    Rego,
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// It has the effect of its level.
    Effective,
    /// A waiver takes its effect away: the position among those of the review.
    Waived(usize),
    /// It was found before, and the baseline says so.
    Known,
}

/// What one rule says about one subject.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// The policy's code, or the name of a Rego rule.
    pub code: String,
    /// What it is about.
    pub subject: Subject,
    /// What tells apart findings of one rule about one subject; part of the key.
    pub aspect: String,
    /// Whether the change brings it.
    pub standing: Standing,
    /// Whether it holds under every reading.
    pub certainty: Certainty,
    /// How much it weighs.
    pub level: Level,
    /// What was found, with ids and numbers.
    pub message: String,
    /// The traffic it is about; may be empty.
    pub traffic: TransportSet,
    /// What to do about it.
    pub help: &'static str,
    /// Why the rule stands; untrusted text.
    pub because: String,
    /// The controls it serves; untrusted text.
    pub controls: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// What became of it.
    pub status: Status,
}

impl Finding {
    /// Returns a name that stays the same from run to run: the rule, the ids of the
    /// subject, the aspect, and how it stands.
    #[must_use]
    pub fn key(&self, graph: &SecurityGraph) -> String {
        let mut key = format!("{} {}", self.rule, self.subject.name(graph));
        if !self.aspect.is_empty() {
            key.push(' ');
            key.push_str(&self.aspect);
        }
        // Who knows that something is possible does not know that it is certain.
        if self.certainty == Certainty::Possible {
            key.push_str(" possible");
        }
        if self.standing == Standing::Existing {
            key.push_str(" existing");
        }
        key
    }

    /// Tells whether it stands against the change.
    #[must_use]
    pub fn denies(&self) -> bool {
        self.level == Level::Deny && self.standing == Standing::New && self.status == Status::Effective
    }
}

impl Subject {
    /// Returns the ids, as a waiver names them: `eni-a`, `eni-a:sg-b`, `sg-b` or `*`.
    #[must_use]
    pub fn name(self, graph: &SecurityGraph) -> String {
        match self {
            Self::Interface(interface) => graph.interface(interface).id.to_string(),
            Self::Membership(interface, group) => {
                format!("{}:{}", graph.interface(interface).id, graph.group_id(group))
            }
            Self::Group(group) => graph.group_id(group).to_string(),
            Self::Whole => "*".to_owned(),
        }
    }

    /// Tells whether an id names it: that of the interface, of its instance, of the group, or both with a colon.
    #[must_use]
    pub fn is_named(self, graph: &SecurityGraph, id: &str) -> bool {
        let is_interface = |interface: InterfaceIx, id: &str| {
            let described = graph.interface(interface);
            described.id.as_str() == id || described.instance.as_ref().is_some_and(|one| one.as_str() == id)
        };
        match self {
            Self::Interface(interface) => is_interface(interface, id),
            Self::Group(group) => graph.group_id(group).as_str() == id,
            Self::Membership(interface, group) => {
                let of_group = |id: &str| graph.group_id(group).as_str() == id;
                match id.split_once(':') {
                    Some((left, right)) => is_interface(interface, left) && of_group(right),
                    None => is_interface(interface, id),
                }
            }
            Self::Whole => id == "*",
        }
    }
}

/// Where checks put what they find.
pub(super) struct Findings<'r> {
    rule: &'r Rule,
    found: Vec<Finding>,
}

impl<'r> Findings<'r> {
    pub(super) const fn of(rule: &'r Rule) -> Self {
        Self { rule, found: Vec::new() }
    }

    /// Adds a new and certain finding; the returned one can be changed.
    pub(super) fn add(&mut self, subject: Subject, message: String) -> &mut Finding {
        let rule = self.rule;
        let at = self.found.len();
        self.found.push(Finding {
            rule: rule.id.clone(),
            code: rule.code.to_owned(),
            subject,
            aspect: String::new(),
            standing: Standing::New,
            certainty: Certainty::Certain,
            level: rule.level,
            message,
            traffic: TransportSet::empty(),
            help: "",
            because: rule.because.clone(),
            controls: rule.controls.clone(),
            origin: Origin::Policy,
            status: Status::Effective,
        });
        #[expect(clippy::indexing_slicing, reason = "it was pushed one line above")]
        &mut self.found[at]
    }

    pub(super) fn into_found(self) -> Vec<Finding> {
        self.found
    }
}

impl Finding {
    pub(super) const fn help(&mut self, help: &'static str) -> &mut Self {
        self.help = help;
        self
    }

    pub(super) fn aspect(&mut self, aspect: impl Into<String>) -> &mut Self {
        self.aspect = aspect.into();
        self
    }

    pub(super) fn traffic(&mut self, traffic: TransportSet) -> &mut Self {
        self.traffic = traffic;
        self
    }

    pub(super) const fn standing(&mut self, new: bool) -> &mut Self {
        self.standing = if new { Standing::New } else { Standing::Existing };
        self
    }

    pub(super) const fn certainty(&mut self, certainty: Certainty) -> &mut Self {
        self.certainty = certainty;
        self
    }
}
