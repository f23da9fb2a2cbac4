//! The cases from public reports: one line of notation each, with the exact answer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use sgleave::evaluate::ChangeKind;
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{IssueLevel, load};
use sgleave::netset::{Family, TransportSet};
use sgleave::simulate::{Certainty, Extent, Options, OrphanKind, Simulation, simulate};

use crate::support::Names;
use crate::support::notation::Estate;
use crate::support::table::{Table, traffic};

/// A case from public reports.
#[derive(Deserialize)]
struct Report {
    id: String,
    case: String,
    removals: Vec<ReportRemoval>,
    lost: Vec<String>,
    gained: Vec<String>,
    isolated_from_all: BTreeSet<String>,
    emptied: BTreeSet<String>,
    dangling: BTreeSet<String>,
    left_without_group: BTreeSet<String>,
}

#[derive(Deserialize)]
struct ReportRemoval {
    instance: String,
    group: String,
}

/// Runs a case from public reports. They lie beside the project, not in it.
pub(super) fn run(id: &str) {
    #[derive(Deserialize)]
    struct File {
        cases: Vec<Report>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases/public-cases.json");
    let Ok(bytes) = fs::read(&path) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is not there", path.display());
        return;
    };
    let file: File = serde_json::from_slice(&bytes).unwrap();
    let report = file.cases.into_iter().find(|report| report.id == id).unwrap();
    let estate = Estate::read(&report.case);
    let named: Vec<(String, String)> =
        estate.removals.iter().map(|one| (one.target.clone(), one.group.clone())).collect();
    let wanted =
        report.removals.iter().map(|one| (format!("i-{}", one.instance), format!("sg-{}", one.group)));
    assert_eq!(named, wanted.collect::<Vec<_>>(), "the line and the list name the same removals");
    let inventory = load(estate.answers()).unwrap();
    let alarms: Vec<_> = inventory.issues().iter().filter(|issue| issue.level != IssueLevel::Note).collect();
    assert!(alarms.is_empty(), "{alarms:?}");
    let graph = SecurityGraph::new(inventory);
    let simulation = simulate(&graph, &estate.removals, &Options::default()).unwrap();
    compare(&report, &estate, &simulation);
}

fn compare(report: &Report, estate: &Estate, simulation: &Simulation<'_>) {
    let short = |text: String| text.replace("i-", "").replace("sg-", "");
    let table = |kind| -> BTreeSet<String> {
        let mut table = Table::of(simulation, kind);
        for (name, address) in &estate.externals {
            table.name_external(name, *address);
        }
        // Towards external addresses a case speaks of those it names only.
        table.pair_lines().into_iter().map(short).collect()
    };
    let read = |lines: &[String]| -> BTreeSet<String> {
        let mut table = Table::default();
        for line in lines {
            let (pair, words) = line.split_once(' ').unwrap();
            let (from, to) = pair.split_once('>').unwrap();
            table.pairs.insert((from.to_owned(), to.to_owned()), (Family::Ipv4, report_traffic(words)));
        }
        table.pair_lines()
    };
    assert_eq!(table(ChangeKind::Lost), read(&report.lost), "lost");
    assert_eq!(table(ChangeKind::Gained), read(&report.gained), "gained");
    assert_eq!(table(ChangeKind::Undetermined), BTreeSet::new(), "undetermined");

    let graph = simulation.graph;
    let isolated = simulation
        .impact
        .isolated
        .iter()
        .filter(|one| one.new && one.extent == Extent::FromAll && one.certainty == Certainty::Certain);
    let isolated: BTreeSet<String> =
        isolated.map(|one| short(Names(graph).interface(one.interface))).collect();
    assert_eq!(isolated, report.isolated_from_all, "isolated");
    let orphans = |pick: fn(&OrphanKind, &SecurityGraph) -> Option<String>| -> BTreeSet<String> {
        let new = simulation.impact.orphans.iter().filter(|orphan| orphan.new);
        new.filter_map(|orphan| pick(&orphan.kind, graph)).map(short).collect()
    };
    let emptied = orphans(|kind, graph| match kind {
        OrphanKind::EmptyGroup(group) => Some(graph.group_id(*group).to_string()),
        _ => None,
    });
    assert_eq!(emptied, report.emptied, "emptied");
    let dangling = orphans(|kind, graph| match kind {
        OrphanKind::DanglingReference(group, _) => Some(graph.group_id(*group).to_string()),
        _ => None,
    });
    assert_eq!(dangling, report.dangling, "dangling");
    let without = orphans(|kind, graph| match kind {
        OrphanKind::InterfaceWithoutGroup(interface) => Some(Names(graph).interface(*interface)),
        _ => None,
    });
    assert_eq!(without, report.left_without_group, "left without a group");
}

/// The cases write `udp icmp gre` for every protocol beside TCP.
fn report_traffic(words: &str) -> TransportSet {
    let Some(tcp) = words.strip_suffix(" udp icmp gre") else { return traffic(words, Family::Ipv4) };
    let others = TransportSet::universe(Family::Ipv4).difference(&traffic("tcp", Family::Ipv4));
    traffic(tcp, Family::Ipv4).union(&others)
}
