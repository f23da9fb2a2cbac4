//! What is at risk before anybody leaves, and which membership is of most concern.

use sgleave::graph::SecurityGraph;
use sgleave::inventory::load;
use sgleave::simulate::{
    Audit, AuditEffect, AuditSummary, Certainty, Consequence, Options, Simulator, StandingKind,
};

use crate::support::notation::Estate;

fn audited<T>(line: &str, look: impl Fn(&SecurityGraph, &[Audit]) -> T) -> T {
    let graph = SecurityGraph::new(load(Estate::read(line).answers()).unwrap());
    let simulator = Simulator::new(&graph);
    let audits: Vec<Audit> =
        simulator.vpcs().map(|vpc| simulator.audit(Some(vpc), &Options::default(), &|_| {})).collect();
    look(&graph, &audits)
}

/// Returns the standing risks, as `kind interface group`.
fn standing(line: &str) -> Vec<String> {
    audited(line, |graph, audits| {
        let interface = |ix| graph.interface(ix).id.to_string();
        let group = |ix| graph.group_id(ix).to_string();
        let tell = |kind: &StandingKind| match kind {
            StandingKind::InterfaceWithoutGroup(ix) | StandingKind::IsolatedInterface(ix) => interface(*ix),
            StandingKind::CarriedByOneMembership(ix, left) => format!("{} {}", interface(*ix), group(*left)),
            StandingKind::SingleMemberGroup(left, ix) => format!("{} {}", interface(*ix), group(*left)),
            StandingKind::EmptyGroup(ix) | StandingKind::DanglingReference(ix, _) => group(*ix),
            StandingKind::RuleWithoutAddress(rule) | StandingKind::RuleAcrossVpcs(rule) => group(rule.group),
        };
        let risks = audits.iter().flat_map(|audit| &audit.standing);
        assert!(risks.clone().all(|risk| StandingKind::NAMES.contains(&risk.kind.name())));
        let mut told: Vec<String> =
            risks.map(|risk| format!("{} {}", risk.kind.name(), tell(&risk.kind))).collect();
        told.sort();
        told
    })
}

#[test]
fn what_is_at_risk_already_is_said() {
    let line = "G{basic,accept}; H{basic,drop}; E{basic,drop}; \
        H.in 1 accept tcp/80 -> sg E; H.in 2 accept tcp/81 -> cidr 10.9.0.0/16; \
        H.in 3 accept tcp/82 -> cidr 10.0.0.0/24; H.in 4 accept tcp/83 -> cidr 203.0.113.0/24; \
        a=10.0.0.1[G,H]; b=10.0.0.2[G]; c=10.0.0.3[H]; - a@G";
    let found = standing(line);
    for expected in ["empty-group sg-E", "dangling-reference sg-E", "rule-without-address sg-H"] {
        assert_eq!(found.iter().filter(|risk| *risk == expected).count(), 1, "{expected}: {found:?}");
    }
    // b meets a through G alone; c meets a through H, whose third rule holds both.
    assert!(
        found.iter().any(|risk| risk.starts_with("carried-by-one-membership") && risk.ends_with(" sg-G")),
        "{found:?}"
    );
}

#[test]
fn an_interface_that_meets_nobody_is_isolated() {
    let found = standing("H{basic,drop}; I{basic,drop}; a=10.0.0.1[H,I]; b=10.0.0.2[I]; - a@H");
    assert_eq!(found.iter().filter(|risk| risk.starts_with("isolated-interface")).count(), 2, "{found:?}");
    assert!(
        found.iter().any(|risk| risk.starts_with("single-member-group") && risk.ends_with(" sg-H")),
        "{found:?}"
    );
}

#[test]
fn what_opens_comes_before_what_is_lost() {
    let line = "O{basic,drop}; D{basic,drop}; L{basic,accept}; O.in 10 accept tcp/80 -> cidr 0.0.0.0/0; \
        D.in 1 drop tcp/80 -> cidr 0.0.0.0/0; a=10.0.0.1[O,D,L]; b=10.0.0.2[L,O]; - a@D";
    audited(line, |graph, audits| {
        let mut summary = AuditSummary::new(10);
        audits.iter().for_each(|audit| summary.add(audit));
        let worst = summary.worst.first().unwrap();
        assert_eq!(graph.group_id(worst.group).as_str(), "sg-D");
        assert_eq!((worst.effect, worst.consequence), (AuditEffect::Gains, Consequence::OpensToOutside));
        assert_eq!(summary.memberships, 5);
        assert_eq!(summary.effects.values().sum::<u64>(), 5);
        assert_eq!(summary.consequences.values().sum::<u64>(), 5);
        assert!(!summary.is_clear() && !summary.is_undetermined());
    });
}

#[test]
fn a_summary_does_not_depend_on_the_order_of_its_parts() {
    let line = "G{basic,accept}; H{basic,drop}; H.in 1 accept tcp/80 -> sg G; \
        a=10.0.0.1[G,H]; b=10.0.0.2[G]; c=10.0.0.3[H,G]; - a@G";
    audited(line, |_, audits| {
        let parts: Vec<Audit> = audits
            .iter()
            .flat_map(|audit| {
                let one = |membership| Audit {
                    memberships: vec![membership],
                    standing: Vec::new(),
                    ..audit.clone()
                };
                audit.memberships.iter().cloned().map(one)
            })
            .collect();
        let (mut forth, mut back) = (AuditSummary::new(2), AuditSummary::new(2));
        parts.iter().for_each(|part| forth.add(part));
        parts.iter().rev().for_each(|part| back.add(part));
        assert_eq!(forth, back);
        assert_eq!(forth.worst.len(), 2);
        assert!(forth.worst.is_sorted_by_key(sgleave::simulate::AuditedMembership::rank));
    });
}

#[test]
fn a_gap_makes_what_is_missing_only_possible() {
    let graph =
        SecurityGraph::new(load(Estate::read("E{basic,drop}; a=10.0.0.1[E]; - a@E").answers()).unwrap());
    let mut inventory = graph.inventory().clone();
    inventory
        .gaps
        .push(sgleave::inventory::InventoryGap { code: "truncated-page", what: "interfaces".to_owned() });
    inventory.interfaces.clear();
    inventory.instances.clear();
    let graph = SecurityGraph::new(inventory);
    let simulator = Simulator::new(&graph);
    assert_eq!(simulator.vpcs().count(), 0, "a VPC without interfaces has nobody to judge");
    let audit = simulator.audit(None, &Options::default(), &|_| {});
    assert!(audit.memberships.is_empty());
    assert!(audit.standing.iter().all(|risk| risk.certainty == Certainty::Possible));
}
