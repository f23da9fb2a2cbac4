//! An audit judges interfaces by class; simulating each membership alone says the same of every one.
//!
//! `SGLEAVE_SWEEP_ESTATES` looks at more estates, `SGLEAVE_SEED` starts elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rayon::prelude::*;
use sgleave::evaluate::{
    Answers, Compiled, Departed, Disposition, Endpoint, Evaluator, Field, Flow, ForeignNames, Kin, Outside,
    Readings,
};
use sgleave::graph::{GroupIx, InterfaceIx, SecurityGraph};
use sgleave::inventory::Direction;
use sgleave::netset::Family;
use sgleave::simulate::{AuditEffect, AuditedMembership, Options, Removal, Simulator, Witness, simulate};
use sgleave::testing::Shape;

use crate::draw::{drawn, number, summarize};

/// Half of the estates hold nothing that has to be looked at address by address, so that classes stand for many.
fn shape(seed: u64) -> Shape {
    let is_clear = seed.is_multiple_of(2);
    Shape {
        interfaces: 4 + usize::try_from(seed % 9).unwrap(),
        groups: 3 + usize::try_from(seed % 3).unwrap(),
        rules: 3 + usize::try_from(seed % 4).unwrap(),
        exact: is_clear,
        ipv6: seed % 5 < 3,
        prefixes: !is_clear && seed % 7 == 1,
        lists: seed % 3 != 1,
        narrowing: !is_clear && seed % 3 != 2,
        enterprise: seed % 4 != 1,
        vpcs: seed % 6 < 2,
        gaps: !is_clear && seed % 4 == 3,
    }
}

/// A witness passes before and after.
fn check_witness(graph: &SecurityGraph, one: &AuditedMembership, witness: &Witness, options: &Options) {
    let address = |interface| {
        let held = graph.interface(interface).addresses.iter();
        held.map(|held| held.block).filter(|block| block.family() == witness.family).collect::<Vec<_>>()
    };
    let before = graph.baseline();
    let after = before.without([(one.interface, one.group)]);
    let evaluator = Evaluator::new(graph, options.readings);
    let packet = witness.traffic.witness().unwrap();
    let passes = address(one.interface).iter().any(|own| {
        address(witness.peer).iter().any(|other| {
            let end = |interface, block: &sgleave::netset::IpBlock| Endpoint::Interface {
                interface,
                address: Family::address(block.family(), block.first()),
            };
            let (own, peer) = (end(one.interface, own), end(witness.peer, other));
            let (source, destination) = match witness.direction {
                Direction::Egress => (own, peer),
                Direction::Ingress => (peer, own),
            };
            let flow = Flow { source, destination, packet };
            [&before, &after]
                .iter()
                .all(|view| evaluator.evaluate(view, &flow).disposition == Disposition::Accepted)
        })
    });
    assert!(passes, "{one:?}");
}

#[test]
fn an_audit_says_what_simulations_say() {
    let started = Instant::now();
    let (from, estates) = (number("SGLEAVE_SEED", 0), number("SGLEAVE_SWEEP_ESTATES", 1_500));
    let counted = (from..from + estates)
        .into_par_iter()
        .map(|seed| {
            let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
            let (inventory, _) = drawn(seed, &shape(seed));
            let graph = SecurityGraph::new(inventory);
            let simulator = Simulator::new(&graph);
            let options = Options::default();
            let scopes = simulator.vpcs().map(Some).chain([None]);
            let mut total = 0;
            for scope in scopes {
                let found = simulator.audit(scope, &options, &|_| {}).memberships;
                assert_eq!(simulator.memberships_of(scope), found.len() as u64, "seed {seed}");
                total += found.len();
                for one in found {
                    let removal = Removal {
                        target: graph.interface(one.interface).id.to_string(),
                        group: graph.group_id(one.group).to_string(),
                        join: None,
                    };
                    let alone = simulate(&graph, std::slice::from_ref(&removal), &options).unwrap();
                    let alone = AuditedMembership::of(&alone, one.interface, one.group);
                    if let Some(witness) = &one.witness {
                        *counts.entry("witness").or_default() += 1;
                        check_witness(&graph, &one, witness, &options);
                    }
                    *counts.entry(one.effect.name()).or_default() += 1;
                    let one = AuditedMembership { witness: None, ..one };
                    assert_eq!(one, alone, "seed {seed}: {removal:?}");
                }
            }
            assert_eq!(total, graph.membership_count(), "seed {seed}");
            counts
        })
        .reduce(BTreeMap::new, |mut all, more| {
            more.into_iter().for_each(|(name, count)| *all.entry(name).or_default() += count);
            all
        });
    summarize(started, || format!("audit: seed {from}, {estates} estates, {counted:?}"));
    for effect in AuditEffect::ALL {
        assert!(counted.get(effect.name()).copied().unwrap_or(0) >= estates / 100, "{effect:?}: {counted:?}");
    }
    assert!(counted.get("witness").copied().unwrap_or(0) >= estates / 20, "{counted:?}");
}

/// What every departure of some kin does, with whatever is known already.
fn departures(
    field: &Field<'_, '_>,
    kin: &Kin,
    answers: &mut Answers<'_>,
) -> Vec<(InterfaceIx, GroupIx, Outside, Departed)> {
    let (named, naming) = (BTreeSet::new(), BTreeMap::new());
    let foreign = ForeignNames { named: &named, naming: &naming };
    let mut found = Vec::new();
    field.departures(kin, answers, &foreign, |leaving, outside, departed| {
        found.push((leaving.interface, leaving.group, outside.clone(), departed));
    });
    found
}

/// What is remembered of one kin is true of the next: of others with the same groups, with other kinds of addresses.
#[test]
fn what_is_remembered_changes_no_answer() {
    let (from, estates) = (number("SGLEAVE_SEED", 0), number("SGLEAVE_SWEEP_ESTATES", 1_500) / 5);
    let several: usize = (from..from + estates)
        .into_par_iter()
        .map(|seed| {
            let wide =
                Shape { interfaces: 12 + usize::try_from(seed % 12).unwrap(), vpcs: false, ..shape(seed) };
            let (inventory, _) = drawn(seed, &wide);
            let graph = SecurityGraph::new(inventory);
            let compiled = Compiled::new(&graph);
            let readings = Readings::default();
            let mut several = 0;
            for vpc in compiled.vpcs() {
                let field = Field::new(&compiled, vpc, readings);
                let alone = |kin| departures(&field, kin, &mut Answers::new(&compiled, readings));
                let (mut forth, mut back) =
                    (Answers::new(&compiled, readings), Answers::new(&compiled, readings));
                for kin in field.kin() {
                    assert_eq!(departures(&field, kin, &mut forth), alone(kin), "seed {seed}: {kin:?}");
                }
                for kin in field.kin().iter().rev() {
                    assert_eq!(departures(&field, kin, &mut back), alone(kin), "seed {seed}: {kin:?}");
                }
                several += usize::from(field.kin().len() > 3);
            }
            several
        })
        .sum();
    assert!(several as u64 >= estates / 3, "{several} of {estates}");
}
