//! What becomes of sessions that are established when a removal takes effect.

use sgleave::evaluate::Readings;
use sgleave::graph::SecurityGraph;
use sgleave::inventory::load;
use sgleave::simulate::{Options, SessionEffect, simulate};

use crate::support::notation::Estate;

/// Returns the session effects of the changes, in their order.
fn sessions(line: &str, reading: &str) -> Vec<Option<SessionEffect>> {
    let estate = Estate::read(line);
    let graph = SecurityGraph::new(load(estate.answers()).unwrap());
    let readings = Readings::default().with(reading.parse().unwrap());
    let simulation = simulate(&graph, &estate.removals, &Options { readings, ..Options::default() }).unwrap();
    simulation.impact.changes.iter().map(|change| change.sessions).collect()
}

#[test]
fn sessions_on_an_intra_group_accept_that_goes_may_break_at_once() {
    let line = "G{basic,accept}; H{basic,drop}; a=10.0.0.1[G,H]; b=10.0.0.2[G]; - a@G";
    let both_ways = [Some(SessionEffect::MayBreakAtOnce); 2];
    assert_eq!(sessions(line, "intra-group-egress=open"), both_ways);
}

#[test]
fn sessions_on_an_intra_group_accept_that_stays_do_not_break_at_once() {
    let line = "G{basic,accept}; H{basic,drop}; G.out 100 drop all -> cidr 10.0.0.2/32; \
                H.out 1 accept tcp/80 -> cidr 10.0.0.2/32; a=10.0.0.1[G,H]; b=10.0.0.2[G]; - a@H";
    let lost = sessions(line, "intra-group-egress=custom-first");
    assert!(
        !lost.is_empty() && lost.iter().all(|one| *one == Some(SessionEffect::MayLast910Seconds)),
        "{lost:?}"
    );
}

#[test]
fn no_session_is_at_risk_where_traffic_can_only_be_gained() {
    let line =
        "G{basic,accept}; H{basic,drop}; H.out 1 drop tcp/80 -> sg G; a=10.0.0.1[G,H]; b=10.0.0.2[G]; - a@H";
    assert_eq!(sessions(line, "intra-group-egress=open"), [None]);
}
