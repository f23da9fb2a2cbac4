//! The shop of `fixtures/demo`: each of the removals its README names shows what it claims.

use std::collections::BTreeSet;
use std::fs;

use sgleave::evaluate::{ChangeKind, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::simulate::{Options, simulate};

use crate::support::table::Table;
use crate::support::{fixtures, isolation_lines, load_fixture, orphan_lines, refusal_lines, removal};

/// Everything a removal does, in lines.
#[derive(Debug, Default, PartialEq, Eq)]
struct Effect {
    verdict: &'static str,
    lost: BTreeSet<String>,
    gained: BTreeSet<String>,
    undetermined: BTreeSet<String>,
    sessions: BTreeSet<String>,
    isolated: BTreeSet<String>,
    orphans: BTreeSet<String>,
    refusals: Vec<(String, Vec<String>)>,
}

fn effect_of(text: &str) -> Effect {
    effect(text, &Options::default())
}

fn effect_under(text: &str, reading: &str) -> Effect {
    let readings = Readings::default().with(reading.parse().unwrap());
    effect(text, &Options { readings, ..Options::default() })
}

fn effect(text: &str, options: &Options) -> Effect {
    let readme = fs::read_to_string(fixtures().join("README.md")).unwrap();
    assert!(readme.contains(&format!("| `{text}` |")), "the README of the fixtures does not name {text}");
    let graph = SecurityGraph::new(load_fixture("demo").unwrap());
    let simulation = simulate(&graph, &[removal(text)], options).unwrap();
    Effect {
        verdict: simulation.verdict.name(),
        lost: Table::of(&simulation, ChangeKind::Lost).lines(),
        gained: Table::of(&simulation, ChangeKind::Gained).lines(),
        undetermined: Table::of(&simulation, ChangeKind::Undetermined).lines(),
        sessions: Table::sessions(&simulation).lines(),
        isolated: isolation_lines(&simulation),
        orphans: orphan_lines(&simulation),
        refusals: refusal_lines(&simulation).into_iter().collect(),
    }
}

fn lines(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn the_export_is_whole() {
    let inventory = load_fixture("demo").unwrap();
    assert_eq!(inventory.issues(), []);
    assert_eq!(inventory.gaps, []);
    assert_eq!((inventory.instances.len(), inventory.groups.len()), (12, 14));
}

#[test]
fn one_removal_loses_exposes_isolates_and_orphans() {
    let opened = ["api-1", "api-2", "bastion", "cache-1", "db-1", "monitor", "web-1", "web-2"];
    let mut gained: BTreeSet<String> =
        opened.iter().map(|name| format!("i-{name}>i-worker-1 tcp/22,3389")).collect();
    gained.extend(lines(&["0.0.0.0/0>i-worker-1 tcp/22,3389", "i-worker-1>i-db-1 tcp/5432"]));
    let expected = Effect {
        verdict: "impact",
        lost: lines(&[
            "i-bastion>i-worker-1 tcp/8443",
            "i-monitor>i-worker-1 tcp/9100",
            "i-worker-1>i-archive tcp/873,2049",
        ]),
        gained,
        isolated: lines(&["i-archive from-all"]),
        orphans: lines(&[
            "dangling sg-quarantine by sg-archive ingress, sg-archive ingress, sg-db ingress",
            "empty sg-quarantine",
        ]),
        ..Effect::default()
    };
    assert_eq!(effect_of("i-worker-1:sg-quarantine"), expected);
}

#[test]
fn a_pair_that_shares_another_group_stays_connected() {
    assert_eq!(effect_of("i-web-2:sg-web-old"), Effect { verdict: "safe", ..Effect::default() });
}

#[test]
fn an_egress_drop_towards_a_fellow_member_is_open() {
    let fellow = || lines(&["i-api-1>i-api-2 tcp/7946"]);
    let open = Effect { verdict: "undetermined", undetermined: fellow(), ..Effect::default() };
    assert_eq!(effect_of("i-api-1:sg-api-freeze"), open);
    let custom_first = Effect { verdict: "impact", gained: fellow(), ..Effect::default() };
    assert_eq!(effect_under("i-api-1:sg-api-freeze", "intra-group-egress=custom-first"), custom_first);
    let accept_first = Effect { verdict: "safe", ..Effect::default() };
    assert_eq!(effect_under("i-api-1:sg-api-freeze", "intra-group-egress=accept-first"), accept_first);
}

#[test]
fn the_last_group_cannot_be_left() {
    let effect = effect_of("i-cache-1:sg-cache");
    let refused = ("i-cache-1:sg-cache".to_owned(), vec!["403 InstanceLastSecurityGroup".to_owned()]);
    assert_eq!(effect.refusals, [refused]);
    assert_eq!(effect.verdict, "impact");
    assert!(effect.orphans.contains("without-group i-cache-1"), "{:?}", effect.orphans);
    assert!(effect.lost.contains("i-api-1>i-cache-1 tcp/6379"), "{:?}", effect.lost);
}
