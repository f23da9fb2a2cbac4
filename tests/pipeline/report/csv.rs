//! The audit CSV, read back as a spreadsheet would.

use std::collections::{BTreeMap, BTreeSet};

use sgleave::netset::{Family, PortSet, TransportSet};
use sgleave::report::{CSV_HEADER, CsvDialect, Format, Style};
use sgleave::simulate::{EndpointSet, PairEnds, Simulation};

use super::{sample, written};

type Row = BTreeMap<String, String>;

fn csv(simulation: &Simulation<'_>, dialect: CsvDialect) -> String {
    let style = Style { dialect, ..Style::default() };
    written(simulation, Format::Csv, style)
}

fn rows(simulation: &Simulation<'_>) -> Vec<Row> {
    let text = csv(simulation, CsvDialect::Raw);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let cells = |record: csv::StringRecord| {
        header.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect()
    };
    reader.records().map(|record| cells(record.unwrap())).collect()
}

fn of<'r>(rows: &'r [Row], kind: &str) -> Vec<&'r Row> {
    rows.iter().filter(|row| row["rule_id"] == kind).collect()
}

#[test]
fn the_header_is_the_contract() {
    let graph = sample::graph();
    let text = csv(&sample::simulation(&graph), CsvDialect::Raw);
    assert_eq!(text.lines().next().unwrap(), CSV_HEADER);
    assert_eq!(
        CSV_HEADER,
        "schema_version,run_id,tool_version,mode,inventory_sha256,policy_sha256,finding_id,status,severity,\
         rule_id,message,account_id,region_id,vpc_id,instance_id,instance_name,interface_id,security_group_id,\
         security_group_name,peer_kind,peer_id,peer_name,direction,protocol,port_from,port_to,pairs_before,\
         pairs_after,before_cause,after_cause,evidence_rule_ids,explain_command,change_ticket,requester,approver,\
         reason,waiver_id,waiver_until,plan_wave,control_ids,remediation"
    );
}

#[test]
fn one_row_is_one_line_and_no_cell_is_a_formula() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    let text = csv(&simulation, CsvDialect::Raw);
    let rows = rows(&simulation);
    assert_eq!(text.lines().count(), rows.len() + 1);
    for (column, cell) in rows.iter().flatten() {
        let first = cell.trim_start_matches([' ', '"']).chars().next();
        assert!(!first.is_some_and(|c| "=+-@\t".contains(c)), "{column}: {cell}");
        assert!(!cell.contains("-1/-1") && !cell.contains(";="), "{column}: {cell}");
    }
    let app = of(&rows, "isolated-peer")[0];
    assert_eq!(
        app["instance_name"],
        "'=cmd|' /C calc'!A0\\u{d}\\u{a}row,\"two\"\\u{1b}]52;c;aGk=\\u{7}\\u{202e}gpj"
    );
    let lost = of(&rows, "traffic-lost")[0];
    assert_eq!(lost["requester"], "'@alice");
    assert_eq!(lost["reason"], "retire, then delete\\u{a}=1+1");
}

#[test]
fn a_lost_entry_is_one_row_for_each_run_of_ports() {
    let graph = sample::graph();
    let rows = rows(&sample::simulation(&graph));
    let lost: Vec<&Row> =
        of(&rows, "traffic-lost").into_iter().filter(|row| row["peer_kind"] == "interfaces").collect();
    let traffic: Vec<[&str; 3]> = lost
        .iter()
        .map(|row| ["protocol", "port_from", "port_to"].map(|column| row[column].as_str()))
        .collect();
    assert_eq!(traffic, [["icmp", "", ""], ["tcp", "22", "79"], ["tcp", "81", "443"], ["udp", "53", "53"]]);
    let first = lost[1];
    for (column, cell) in [
        ("schema_version", "1"),
        ("tool_version", "0.1.0"),
        ("mode", "simulate"),
        ("status", "new"),
        ("severity", "error"),
        ("message", "i-web-1 (eni-web-1) loses tcp/22-79 to 2 interfaces"),
        ("account_id", "1111222233334444"),
        ("region_id", "cn-hangzhou"),
        ("vpc_id", "vpc-1"),
        ("instance_id", "i-web-1"),
        ("interface_id", "eni-web-1"),
        ("security_group_id", "sg-base"),
        ("security_group_name", "base"),
        ("peer_id", "eni-app-1 eni-db-1"),
        ("direction", "egress"),
        ("pairs_before", "2"),
        ("pairs_after", "0"),
        ("before_cause", "egress=default ingress=inner-access:sg-base"),
        ("after_cause", "egress=default ingress=default"),
        (
            "explain_command",
            r"sgleave explain -i exports/prod -i 'it'\''s here' eni-web-1 eni-app-1 tcp/22 i-web-1:sg-base",
        ),
        ("change_ticket", "CHG-7"),
        ("policy_sha256", ""),
        ("waiver_id", ""),
    ] {
        assert_eq!(first[column], cell, "{column}");
    }
    assert!(lost[3]["explain_command"].contains("--source-port 1024 "));
    assert!(lost[3]["message"].contains("udp/53 from port 1024-65535"));
}

#[test]
fn the_other_side_of_a_row_says_what_it_is() {
    let graph = sample::graph();
    let rows = rows(&sample::simulation(&graph));
    let gained = of(&rows, "traffic-gained");
    let external = gained.iter().find(|row| row["peer_kind"] == "external").unwrap();
    assert_eq!(external["direction"], "ingress");
    assert_eq!(external["peer_id"], "0.0.0.0/0");
    assert_eq!((external["pairs_before"].as_str(), external["pairs_after"].as_str()), ("0", "1"));
    assert_eq!(external["evidence_rule_ids"], "sgr-db-1 sgr-deny-1");
    assert!(external["explain_command"].ends_with(" 203.0.113.1 eni-db-1 tcp/3306 eni-db-1:sg-deny"));
    let foreign =
        of(&rows, "traffic-lost").into_iter().find(|row| row["peer_kind"] == "foreign-group").unwrap();
    assert_eq!(foreign["peer_id"], "sg-other");
    assert_eq!(foreign["explain_command"], "");
    let six = rows.iter().find(|row| row["message"].ends_with("over IPv6")).unwrap();
    assert!(six["explain_command"].contains(" eni-web-1@2001:db8::1 eni-db-1@2001:db8::2 tcp/443"));
    let open = of(&rows, "traffic-undetermined")[0];
    assert_eq!(open["pairs_before"], "");
    assert_eq!(
        open["before_cause"],
        "egress=open:[intra-group-egress; further rules of sg-old] ingress=external"
    );
}

#[test]
fn every_kind_of_finding_has_its_rows() {
    let graph = sample::graph();
    let rows = rows(&sample::simulation(&graph));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *counts.entry(row["rule_id"].as_str()).or_default() += 1;
    }
    let expected = [
        ("inventory-issue", 2),
        ("isolated-peer", 3),
        ("orphan-dangling-reference", 1),
        ("orphan-empty-group", 1),
        ("orphan-external-consumer", 1),
        ("orphan-interface-without-group", 1),
        ("refused-removal", 1),
        ("session-risk", 1),
        ("traffic-gained", 2),
        ("traffic-lost", 7),
        ("traffic-undetermined", 1),
    ];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    let kinds: Vec<&String> = rows.iter().map(|row| &row["rule_id"]).collect();
    assert!(kinds.is_sorted());
    let existing = of(&rows, "orphan-dangling-reference")[0];
    assert_eq!((existing["status"].as_str(), existing["severity"].as_str()), ("existing", "note"));
}

#[test]
fn finding_ids_are_distinct_and_outlive_a_run() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    let ids = |rows: &[Row]| -> Vec<String> { rows.iter().map(|row| row["finding_id"].clone()).collect() };
    let first = rows(&simulation);
    let distinct: BTreeSet<String> = ids(&first).into_iter().collect();
    assert_eq!(distinct.len(), first.len());
    assert!(distinct.iter().all(|id| id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit())));
    // Another reading is another run, and the same findings.
    let mut other = simulation.clone();
    other.readings = other.readings.with("address-kinds=all".parse().unwrap());
    let second = rows(&other);
    assert_eq!(ids(&first), ids(&second));
    assert_ne!(first[0]["run_id"], second[0]["run_id"]);
    assert!(first.iter().all(|row| row["run_id"] == first[0]["run_id"]));
    assert!(second.iter().any(|row| row["explain_command"].contains(" --reading address-kinds=all ")));
}

#[test]
fn a_pair_of_two_changed_interfaces_stands_in_one_row() {
    let graph = sample::graph();
    let mut simulation = sample::simulation(&graph);
    let (db, web) = (sample::interface(&graph, "eni-db-1"), sample::interface(&graph, "eni-web-1"));
    let both = vec![(db, sample::group(&graph, "sg-deny")), (web, sample::group(&graph, "sg-base"))];
    let app = sample::interface(&graph, "eni-app-1");
    let mut change = simulation.impact.changes.remove(0);
    change.family = Family::Ipv4;
    change.sources = vec![sample::v4(&graph, app), sample::v4(&graph, db), sample::v4(&graph, web)];
    change.destinations = vec![sample::v4(&graph, db), sample::v4(&graph, web)];
    change.traffic = sample::tcp(22, 22);
    change.removed_by = both;
    change.removals_of = PairEnds::Both;
    simulation.impact.changes = vec![change];
    let rows = rows(&simulation);
    let rows: Vec<[&str; 3]> = of(&rows, "traffic-lost")
        .into_iter()
        .map(|row| ["interface_id", "direction", "peer_id"].map(|column| row[column].as_str()))
        .collect();
    assert_eq!(
        rows,
        [
            ["eni-db-1", "egress", "eni-web-1"],
            ["eni-db-1", "ingress", "eni-app-1"],
            ["eni-web-1", "egress", "eni-db-1"],
            ["eni-web-1", "ingress", "eni-app-1"],
        ]
    );
}

#[test]
fn ids_that_a_shell_would_read_leave_the_command_empty() {
    let mut inventory = sample::graph().inventory().clone();
    for interface in &mut inventory.interfaces {
        if interface.id.as_str() == "eni-app-1" {
            interface.id = "eni-$(reboot)".into();
        }
    }
    inventory.interfaces.sort_by(|a, b| a.id.cmp(&b.id));
    let graph = sgleave::graph::SecurityGraph::new(inventory);
    let (app, web) = (sample::interface(&graph, "eni-$(reboot)"), sample::interface(&graph, "eni-web-1"));
    let mut simulation = sample::quiet(&graph, sgleave::simulate::SimulationVerdict::Impact, &[]);
    let base = sample::group(&graph, "sg-base");
    let template = sample::graph();
    let mut change = sample::simulation(&template).impact.changes.remove(0);
    change.sources = vec![sample::v4(&graph, app)];
    change.destinations = vec![sample::v4(&graph, web)];
    change.removed_by = vec![(web, base)];
    change.removals_of = PairEnds::Destinations;
    simulation.impact.changes = vec![change];
    let rows = rows(&simulation);
    let lost = of(&rows, "traffic-lost");
    assert!(!lost.is_empty());
    assert!(lost.iter().all(|row| row["explain_command"].is_empty() && row["peer_id"] == "eni-$(reboot)"));
}

#[test]
fn a_spreadsheet_gets_its_mark_its_line_ends_and_whole_account_ids() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    let text = csv(&simulation, CsvDialect::Excel);
    assert!(text.starts_with("\u{feff}schema_version,"));
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert!(lines.iter().all(|line| !line.contains(['\r', '\n'])));
    assert!(text.contains(",'1111222233334444,"));
    let raw = csv(&simulation, CsvDialect::Raw);
    assert!(raw.starts_with("schema_version,") && !raw.contains('\r'));
    assert_eq!(lines.len(), raw.lines().count());
}

#[test]
fn rows_do_not_grow_with_peers_and_their_pairs_are_exact() {
    let mut inventory = sample::graph().inventory().clone();
    for n in 0..3_000_u32 {
        let address = format!("10.1.{}.{}", n / 250, n % 250 + 1);
        inventory.interfaces.push(sample::nic(&format!("eni-peer-{n:05}"), None, &["sg-base"], &[&address]));
    }
    inventory.interfaces.sort_by(|a, b| a.id.cmp(&b.id));
    let graph = sgleave::graph::SecurityGraph::new(inventory);
    let mut simulation = sample::simulation(&graph);
    let mut change =
        simulation.impact.changes.iter().find(|change| change.destinations.len() == 2).unwrap().clone();
    let peers = graph.interfaces().filter(|ix| graph.interface(*ix).id.as_str().starts_with("eni-peer"));
    change.destinations = peers.map(|ix| sample::v4(&graph, ix)).collect::<Vec<EndpointSet>>();
    change.traffic = TransportSet::of(sgleave::netset::IpProtocol::TCP, &PortSet::all(), &PortSet::all());
    simulation.impact.changes = vec![change];
    let rows = rows(&simulation);
    let lost = of(&rows, "traffic-lost");
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0]["pairs_before"], "3000");
    assert!(lost[0]["peer_id"].len() <= 30_010);
    let hidden: usize = lost[0]["peer_id"].rsplit('+').next().unwrap().parse().unwrap();
    assert_eq!(lost[0]["peer_id"].split(' ').count() - 1 + hidden, 3_000);
}

#[test]
fn the_sample_reads_as_before() {
    let graph = sample::graph();
    insta::assert_snapshot!(csv(&sample::simulation(&graph), CsvDialect::Raw));
}
