//! Every rule asked, exceptions applied: may this go ahead?

use std::cmp::Reverse;
use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::baseline::Baseline;
use super::context::Context;
use super::definition::Rule;
use super::finding::{Finding, Findings, Standing, Status, Subject};
use super::registry::{concern, policy};
use super::set::BoundSet;
use super::waiver::{Today, Waiver};
use crate::evaluate::{Evaluator, Readings};
use crate::graph::InterfaceIx;
use crate::simulate::{Certainty, Simulation, Simulator};

/// How a review ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing stands against the change.
    Clear,
    /// Something that is certain stands against it.
    Denied,
    /// Nothing certain does, but something that is possible.
    Undetermined,
}

impl Outcome {
    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Denied => "denied",
            Self::Undetermined => "undetermined",
        }
    }
}

/// Reviews any number of simulations of one estate against one set of rules; may be shared between threads.
#[derive(Debug)]
pub struct Reviewer<'r> {
    simulator: &'r Simulator<'r>,
    evaluator: Evaluator<'r>,
    set: &'r BoundSet,
    today: Today,
    baseline: Option<&'r Baseline>,
    waivers: Vec<Waiver>,
}

impl<'r> Reviewer<'r> {
    /// Makes ready to review on a day. The readings are those of the simulations.
    #[must_use]
    pub fn new(simulator: &'r Simulator<'r>, set: &'r BoundSet, readings: Readings, today: Today) -> Self {
        Self {
            simulator,
            evaluator: Evaluator::of(simulator.compiled(), readings),
            set,
            today,
            baseline: None,
            waivers: set.waivers.clone(),
        }
    }

    /// Returns what simulates the estate.
    #[must_use]
    pub const fn simulator(&self) -> &'r Simulator<'r> {
        self.simulator
    }

    /// Adds exceptions for this run.
    #[must_use]
    pub fn allowing(mut self, waivers: impl IntoIterator<Item = Waiver>) -> Self {
        self.waivers.extend(waivers);
        self
    }

    /// Takes the effect away from what was found before.
    #[must_use]
    pub const fn knowing(mut self, baseline: Option<&'r Baseline>) -> Self {
        self.baseline = baseline;
        self
    }

    /// Asks every rule about one simulation.
    #[must_use]
    pub fn review<'s>(&'s self, simulation: &'s Simulation<'s>) -> Review<'s> {
        self.review_with(simulation, Vec::new())
    }

    /// Asks every rule about one simulation, and adds what others found.
    #[must_use]
    pub fn review_with<'s>(&'s self, simulation: &'s Simulation<'s>, found: Vec<Finding>) -> Review<'s> {
        let leaving: BTreeSet<InterfaceIx> =
            simulation.removals.iter().map(|removal| removal.interface).collect();
        let context = Context {
            graph: simulation.graph,
            simulation,
            before: simulation.before(),
            after: simulation.after(),
            compiled: self.simulator.compiled(),
            evaluator: &self.evaluator,
            may_hide_members: self.simulator.may_hide_members(),
            leaving: leaving.into_iter().collect(),
        };
        // One rule after the other: those that ask about many pairs share the threads themselves.
        let of_rules = self.set.rules.iter().flat_map(|rule| ask(&context, rule));
        let mut findings: Vec<Finding> = of_rules.chain(found).collect();
        let used = self.apply_exceptions(&context, &mut findings);
        findings.extend(self.of_waivers(&used));
        findings.sort_by_cached_key(rank);
        Review { simulation, reviewer: self, findings }
    }

    /// Marks what waivers and the baseline speak of; returns which waivers speak of something.
    fn apply_exceptions(&self, context: &Context<'_>, findings: &mut [Finding]) -> Vec<bool> {
        let mut used = vec![false; self.waivers.len()];
        for finding in findings {
            let waivers = self.waivers.iter().zip(&mut used).enumerate();
            let about = waivers.filter(|(_, (waiver, _))| waiver.is_about(finding, context.graph));
            let mut status = Status::Effective;
            for (at, (waiver, used)) in about {
                *used = true;
                if !waiver.is_expired(self.today) && status == Status::Effective {
                    status = Status::Waived(at);
                }
            }
            if status == Status::Effective
                && self.baseline.is_some_and(|one| one.knows(finding, context.graph))
            {
                status = Status::Known;
            }
            finding.status = status;
        }
        used
    }

    /// Says which waivers are over, and which speak of nothing.
    fn of_waivers(&self, used: &[bool]) -> Vec<Finding> {
        let mut found = Vec::new();
        for (waiver, used) in self.waivers.iter().zip(used) {
            let until = waiver.until.filter(|_| waiver.is_expired(self.today));
            let (code, message) = match (until, *used) {
                (Some(until), true) => (
                    "waiver-expired",
                    format!("waiver {} ended on {until}, so its findings have their effect again", waiver.id),
                ),
                (Some(until), false) => (
                    "waiver-expired",
                    format!("waiver {} ended on {until}, and nothing is found that it speaks of", waiver.id),
                ),
                (None, false) => (
                    "waiver-unused",
                    format!(
                        "waiver {} speaks of {}:{}, and there is no such finding",
                        waiver.id, waiver.policy, waiver.subject
                    ),
                ),
                (None, true) => continue,
            };
            // Each rule of the policy says it with its own level.
            for rule in self.set.rules.iter().filter(|rule| rule.code == code) {
                let mut findings = Findings::of(rule);
                findings
                    .add(Subject::Whole, message.clone())
                    .aspect(waiver.id.clone())
                    .help("take the waiver out of the file, or renew it with a reason");
                found.extend(findings.into_found());
            }
        }
        found
    }
}

/// Returns the order in which findings are read: what counts most comes first.
fn rank(finding: &Finding) -> impl Ord + use<> {
    let effect = match (&finding.status, finding.standing) {
        (Status::Effective, Standing::New) => 0,
        (Status::Waived(_), _) => 1,
        (Status::Known, _) => 2,
        (Status::Effective, Standing::Existing) => 3,
    };
    let weight = (effect, Reverse(finding.level), finding.certainty, concern(&finding.code));
    (weight, finding.rule.clone(), finding.subject, finding.aspect.clone())
}

fn ask(context: &Context<'_>, rule: &Rule) -> Vec<Finding> {
    let mut findings = Findings::of(rule);
    if let Some(policy) = policy(rule.code) {
        (policy.check)(context, rule, &mut findings);
    }
    findings.into_found()
}

/// What the rules say about one simulation.
#[derive(Debug)]
pub struct Review<'s> {
    simulation: &'s Simulation<'s>,
    reviewer: &'s Reviewer<'s>,
    findings: Vec<Finding>,
}

impl<'s> Review<'s> {
    /// Returns the findings, what counts most first.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the simulation that was reviewed.
    #[must_use]
    pub const fn simulation(&self) -> &'s Simulation<'s> {
        self.simulation
    }

    /// Returns the rules that were asked.
    #[must_use]
    pub const fn rules(&self) -> &'s BoundSet {
        self.reviewer.set
    }

    /// Returns who reviewed it, and can review the states on the way.
    #[must_use]
    pub const fn reviewer(&self) -> &'s Reviewer<'s> {
        self.reviewer
    }

    /// Returns every exception, whether it was needed or not; findings name them by position.
    #[must_use]
    pub fn waivers(&self) -> &'s [Waiver] {
        &self.reviewer.waivers
    }

    /// Returns the day of the review.
    #[must_use]
    pub const fn today(&self) -> Today {
        self.reviewer.today
    }

    /// Returns how it ends.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let mut against =
            self.findings.iter().filter(|finding| finding.denies()).map(|finding| finding.certainty);
        match against.clone().any(|certainty| certainty == Certainty::Certain) {
            true => Outcome::Denied,
            false if against.next().is_some() => Outcome::Undetermined,
            false => Outcome::Clear,
        }
    }

    /// Returns the proof that nothing stands against the change.
    ///
    /// # Errors
    /// [`Denied`] when something does.
    pub fn clear(&self) -> Result<Clearance<'_>, Denied> {
        match self.outcome() {
            Outcome::Clear => Ok(Clearance { review: self }),
            outcome => Err(Denied {
                outcome,
                against: self.findings.iter().filter(|finding| finding.denies()).count(),
            }),
        }
    }
}

/// The proof that a review had nothing left that denies the change. Only [`Review::clear`] makes one.
///
/// ```compile_fail
/// use sgleave::policy::{Clearance, Review};
/// fn forge<'r>(review: &'r Review<'r>) -> Clearance<'r> {
///     Clearance { review }
/// }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Clearance<'r> {
    review: &'r Review<'r>,
}

impl<'r> Clearance<'r> {
    /// Returns the review it comes from.
    #[must_use]
    pub const fn review(&self) -> &'r Review<'r> {
        self.review
    }
}

/// A change that must not be made, or of which nobody knows whether it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{against} findings stand against the change ({})", .outcome.name())]
pub struct Denied {
    /// `Denied` or `Undetermined`.
    pub outcome: Outcome,
    /// How many findings.
    pub against: usize,
}
