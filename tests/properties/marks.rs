//! What makes a case worth running, read off its entries.

use std::collections::BTreeSet;

use sgleave::evaluate::{Cause, Explanation};
use sgleave::graph::RuleRef;
use sgleave::inventory::{Direction, Inventory, RuleAction};
use sgleave::simulate::{Change, EndpointSet, Simulation};
use sgleave::testing::{End, Memberships, baseline, outcomes};

use crate::compare::{Case, settings};
use crate::world::is_taken;

/// Tells whether the intra-group Accept decides something that changes, or goes under something that stays.
pub fn inner(simulation: &Simulation<'_>) -> bool {
    let by_inner = |explanation: &Explanation| {
        [&explanation.egress, &explanation.ingress].iter().any(|cause| matches!(cause, Cause::InnerAccess(_)))
    };
    let impact = &simulation.impact;
    !impact.session_risks.is_empty()
        || impact.changes.iter().any(|change| by_inner(&change.before) || by_inner(&change.after))
}

/// Tells whether, before or after, a changed flow is denied by a Drop that would not decide without winning a tie.
pub fn tie(case: &Case<'_>, simulation: &Simulation<'_>) -> bool {
    let before = baseline(case.inventory);
    simulation.impact.changes.iter().any(|change| {
        [(&change.before, &before), (&change.after, case.after)]
            .iter()
            .any(|(explanation, state)| decided_by_tie(case, change, explanation, state))
    })
}

fn decided_by_tie(case: &Case<'_>, change: &Change, explanation: &Explanation, state: &Memberships) -> bool {
    [(&explanation.egress, Direction::Egress), (&explanation.ingress, Direction::Ingress)].into_iter().any(
        |(cause, direction)| {
            let Cause::Rule(rule) = cause else { return false };
            ties(case, *rule, direction) && flips(case, change, *rule, state)
        },
    )
}

/// Tells whether the rule drops and some Accept of its direction is as strong.
fn ties(case: &Case<'_>, rule: RuleRef, direction: Direction) -> bool {
    let Some(dropping) = case.graph.rule(rule).filter(|rule| rule.action == RuleAction::Drop) else {
        return false;
    };
    case.inventory.groups.iter().flat_map(|group| &group.rules).any(|other| {
        other.direction == direction
            && other.priority == dropping.priority
            && other.action == RuleAction::Accept
    })
}

/// Tells whether a flow of the entry is answered differently when the Drop is one rank weaker.
fn flips(case: &Case<'_>, change: &Change, rule: RuleRef, state: &Memberships) -> bool {
    let Some((from, to)) = ends(case.inventory, change) else { return false };
    let Some(packet) = change.traffic.witness() else { return false };
    let mut weaker: Inventory = case.inventory.clone();
    let id = case.graph.group_id(rule.group);
    for group in weaker.groups.iter_mut().filter(|group| group.id == *id) {
        group.rules[rule.index as usize].priority += 1;
    }
    let settings = settings(&case.readings);
    outcomes(case.inventory, state, state, &settings, from, to, packet)
        != outcomes(&weaker, state, state, &settings, from, to, packet)
}

fn ends(inventory: &Inventory, change: &Change) -> Option<(End, End)> {
    let source = change.sources.first()?;
    let apart = |set: &&EndpointSet| match (source, *set) {
        (EndpointSet::Interface { interface, .. }, EndpointSet::Interface { interface: other, .. }) => {
            interface != other
        }
        _ => true,
    };
    let destination = change.destinations.iter().find(apart)?;
    let owner = [source, destination].iter().find_map(|set| match set {
        EndpointSet::Interface { interface, .. } => Some(interface.at()),
        _ => None,
    })?;
    let end = |set: &EndpointSet| match set {
        EndpointSet::Interface { interface, addresses } => {
            Some(End::Interface { index: interface.at(), address: addresses.first()?.block.address() })
        }
        EndpointSet::External { blocks } => {
            let found: BTreeSet<std::net::IpAddr> = blocks.iter().map(|block| block.address()).collect();
            found.into_iter().find(|address| !is_taken(inventory, owner, *address)).map(End::External)
        }
        EndpointSet::ForeignGroup { .. } => None,
    };
    Some((end(source)?, end(destination)?))
}
