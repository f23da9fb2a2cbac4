//! The changes of a simulation as the checks of traffic see them: by the interface that leaves, narrowed to what a rule is
//! about.

use std::collections::{BTreeMap, BTreeSet};

use super::context::{Context, few, short_digest};
use super::finding::Subject;
use super::selector::Ends;
use super::traffic;
use crate::evaluate::{ChangeKind, Disposition};
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::InterfaceAddress;
use crate::netset::{IpBlock, TransportSet};
use crate::simulate::{Certainty, Change, EndpointSet};

/// What a rule is about; `None` is everything.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Narrowed<'r> {
    pub(super) from: Option<&'r Ends>,
    pub(super) to: Option<&'r Ends>,
    pub(super) traffic: Option<&'r TransportSet>,
}

/// Somebody who loses or gains traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Party {
    Interface(InterfaceIx),
    Outside(IpBlock),
    Foreign(GroupIx),
}

/// What one leaving interface loses, or gains, in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// The interface that is responsible.
    pub(super) subject: Subject,
    pub(super) certainty: Certainty,
    way: Way,
    /// With outside addresses and groups of other accounts, or with interfaces.
    is_inside: bool,
}

/// How the traffic runs, seen from the interface that leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    In,
    Out,
    /// Among others.
    Aside,
}

/// All that a key stands for.
#[derive(Debug, Default)]
pub(super) struct Sum {
    others: BTreeSet<Party>,
    pub(super) traffic: TransportSet,
    exact: Vec<String>,
}

/// Gains or losses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    Loss,
    Gain,
}

impl Sought {
    /// Tells how sure it is that a change is one; `None` if it cannot be.
    fn certainty(self, change: &Change) -> Option<Certainty> {
        let (certain, excluded): (_, &[Disposition]) = match self {
            Self::Loss => (ChangeKind::Lost, &[Disposition::DeniedIn, Disposition::DeniedOut]),
            Self::Gain => (ChangeKind::Gained, &[Disposition::Accepted]),
        };
        match change.kind {
            kind if kind == certain => Some(Certainty::Certain),
            // What was surely denied cannot be lost, what was surely accepted cannot be gained.
            ChangeKind::Undetermined if !excluded.contains(&change.before.disposition) => {
                Some(Certainty::Possible)
            }
            _ => None,
        }
    }
}

/// Sums up the losses or gains a rule is about, by the interface that is responsible, certainty, direction, and whether the
/// other end is inside. What both ends are responsible for counts for each of them. Linear in the entries and their sides.
pub(super) fn sums(context: &Context<'_>, sought: Sought, narrowed: Narrowed<'_>) -> BTreeMap<Key, Sum> {
    let mut found: BTreeMap<Key, Sum> = BTreeMap::new();
    for change in &context.simulation.impact.changes {
        let Some(certainty) = sought.certainty(change) else { continue };
        let part = match narrowed.traffic {
            Some(wanted) => change.traffic.intersection(wanted),
            None => change.traffic.clone(),
        };
        if part.is_empty() {
            continue;
        }
        let (sources, is_sure_source) = parties(&change.sources, narrowed.from);
        let (destinations, is_sure_destination) = parties(&change.destinations, narrowed.to);
        let is_sure = is_sure_source && is_sure_destination;
        let certainty = if is_sure { certainty } else { Certainty::Possible };
        let responsible: BTreeSet<Subject> =
            change.removed_by.iter().map(|(interface, _)| Subject::Interface(*interface)).collect();
        let exact = traffic::exact(&part);
        let nobody = responsible.is_empty().then_some(Subject::Whole);
        for subject in responsible.into_iter().chain(nobody) {
            let mut add = |way: Way, others: &[Party], but: Option<Party>| {
                for other in others.iter().filter(|other| Some(**other) != but) {
                    let is_inside = matches!(other, Party::Interface(_));
                    let sum = found.entry(Key { subject, certainty, way, is_inside }).or_default();
                    if sum.others.insert(*other) || !part.is_subset(&sum.traffic) {
                        sum.traffic.add(&part);
                    }
                    sum.exact.push(format!("{} {exact}", other.name(context)));
                }
            };
            let own = match subject {
                Subject::Interface(interface) => Some(Party::Interface(interface)),
                _ => None,
            };
            let Some(own) = own else {
                if !sources.is_empty() && !destinations.is_empty() {
                    add(Way::Aside, &sources, None);
                    add(Way::Aside, &destinations, None);
                }
                continue;
            };
            let holds = |side: &[Party]| side.binary_search(&own).is_ok();
            // An interface is never paired with itself.
            if change.removals_of.has_sources() && holds(&sources) {
                add(Way::Out, &destinations, Some(own));
            }
            if change.removals_of.has_destinations() && holds(&destinations) {
                add(Way::In, &sources, Some(own));
            }
        }
    }
    found
}

/// Returns those of one side whom the rule is about, and whether it is surely about them.
fn parties(side: &[EndpointSet], wanted: Option<&Ends>) -> (Vec<Party>, bool) {
    let mut is_sure = true;
    let mut found: Vec<Party> = Vec::new();
    for end in side {
        match end {
            EndpointSet::Interface { interface, addresses } => {
                let has_address =
                    |ends: &Ends| addresses.iter().any(|held: &InterfaceAddress| ends.meets(&held.block));
                if wanted.is_none_or(|ends| ends.contains(*interface) || has_address(ends)) {
                    found.push(Party::Interface(*interface));
                }
            }
            EndpointSet::External { blocks } => {
                let meant = blocks.iter().filter(|block| wanted.is_none_or(|ends| ends.meets(block)));
                found.extend(meant.map(|block| Party::Outside(*block)));
            }
            EndpointSet::ForeignGroup { group } => match wanted {
                None => found.push(Party::Foreign(*group)),
                // Nobody knows which addresses its members have.
                Some(ends) if !ends.outside.is_empty() => {
                    is_sure = false;
                    found.push(Party::Foreign(*group));
                }
                Some(_) => {}
            },
        }
    }
    found.sort_unstable();
    found.dedup();
    (found, is_sure)
}

impl Party {
    fn name(self, context: &Context<'_>) -> String {
        match self {
            Self::Interface(interface) => context.who(interface),
            Self::Outside(block) => block.to_string(),
            Self::Foreign(group) => format!("members of {}", context.group(group)),
        }
    }
}

impl Key {
    /// `i-a (eni-a) would open tcp/22 from 0.0.0.0/0`, with `what` for the traffic.
    pub(super) fn sentence(
        &self,
        context: &Context<'_>,
        [surely, perhaps]: [&str; 2],
        what: &str,
        sum: &Sum,
    ) -> String {
        let verb = if self.certainty == Certainty::Certain { surely } else { perhaps };
        let way = match self.way {
            Way::In => "from",
            Way::Out => "to",
            Way::Aside => "between",
        };
        let others = few(sum.others.iter().map(|party| party.name(context)));
        format!("{} {verb} {what} {way} {others}", context.subject(self.subject))
    }

    /// Returns a short name of exactly this.
    pub(super) fn aspect(&self, sum: &Sum) -> String {
        let mut exact = sum.exact.clone();
        exact.sort_unstable();
        let way = match self.way {
            Way::In => "in",
            Way::Out => "out",
            Way::Aside => "aside",
        };
        // What comes from outside is read first.
        let end = if self.is_inside { "inside" } else { "beyond" };
        format!("{end} {way} {}", short_digest(&exact.join("\n")))
    }
}
