//! An audit: what it says, in which forms, of which part, with which exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::{Scene, assert_refused, run, sgleave};

const DEMO: &str = "fixtures/demo";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_kind<'v>(lines: &'v [Value], kind: &'v str) -> impl Iterator<Item = &'v Value> {
    lines.iter().filter(move |line| line["kind"] == kind)
}

fn estate(scene: &Scene) {
    let generate = ["generate", "--interfaces", "120", "--vpcs", "3", "--seed", "5", "--out", "estate"];
    assert_eq!(run(scene.sgleave(generate)).code, 0);
}

#[test]
fn the_text_is_for_people() {
    let said = run(sgleave(["audit", "-i", DEMO]));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("audit_of_the_demo", said.stdout);
    let short = run(sgleave(["audit", "-i", DEMO, "--limit", "2"]));
    assert!(short.stdout.contains("\n  ... "), "{}", short.stdout);
    assert!(
        short.stdout.ends_with("rows are in the same command with -f csv or -f jsonl\n"),
        "{}",
        short.stdout
    );
    assert!(short.stdout.lines().count() < said.stdout.lines().count());
}

#[test]
fn every_line_is_described_and_agrees_with_a_simulation() {
    let schema: Value = serde_json::from_str(&run(sgleave(["schema", "audit"])).stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let said = run(sgleave(["audit", "-i", DEMO, "-f", "jsonl"]));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let found = lines(&said.stdout);
    for line in &found {
        let errors: Vec<String> = schema.iter_errors(line).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{line}");
    }
    assert_eq!(found.first().unwrap()["kind"], "audit");
    let summary = found.last().unwrap();
    assert_eq!(summary["kind"], "summary");
    let memberships: Vec<&Value> = of_kind(&found, "membership").collect();
    assert_eq!(summary["memberships"], memberships.len());
    assert_eq!(found[0]["inventory"]["counts"]["memberships"], memberships.len());
    let mut effects: BTreeMap<&str, u64> = BTreeMap::new();
    for one in memberships {
        *effects.entry(one["effect"].as_str().unwrap()).or_default() += 1;
        let target =
            format!("{}:{}", one["interface_id"].as_str().unwrap(), one["group_id"].as_str().unwrap());
        let alone = run(sgleave(["simulate", "-i", DEMO, "-f", "json", &target]));
        let alone: Value = serde_json::from_str(&alone.stdout).unwrap();
        assert_eq!(one["verdict"], alone["verdict"], "{target}");
        assert_eq!(one["lost"]["pairs"], alone["totals"]["pairs_lost"], "{target}");
        assert_eq!(one["gained"]["pairs"], alone["totals"]["pairs_gained"], "{target}");
        let outside = one["outside"].as_array().unwrap().len() as u64;
        let totals = ["external_lost", "external_gained", "external_undetermined"];
        let expected: u64 = totals.iter().map(|name| alone["totals"][name].as_u64().unwrap()).sum();
        assert_eq!(outside, expected, "{target}");
        let cut = one["cut_peers"].as_u64().unwrap() + one["maybe_cut_peers"].as_u64().unwrap();
        let of_itself =
            alone["isolated"].as_array().unwrap().iter().filter(|isolated| {
                isolated["interface_id"] == one["interface_id"] && isolated["new"] == true
            });
        assert_eq!(cut + of_itself.count() as u64, alone["totals"]["isolated"].as_u64().unwrap(), "{target}");
        let refusals = alone["removals"][0].get("refusals").and_then(Value::as_array);
        let refused: Vec<&Value> = refusals.into_iter().flatten().map(|refusal| &refusal["code"]).collect();
        let codes = one.get("refusals").and_then(Value::as_array).cloned().unwrap_or_default();
        assert_eq!(codes.iter().collect::<Vec<_>>(), refused, "{target}");
    }
    for (effect, count) in effects {
        assert_eq!(summary["effects"][effect], count, "{effect}");
    }
}

#[test]
fn threads_and_parts_change_no_byte() {
    let scene = Scene::new();
    estate(&scene);
    for format in ["text", "jsonl", "csv"] {
        let with = |threads| {
            let said =
                run(scene.sgleave(["audit", "-i", "estate/export", "-f", format, "--threads", threads]));
            assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{format}");
            said.stdout
        };
        let one = with("1");
        assert!(one.len() > 500, "{one}");
        for threads in ["2", "7"] {
            assert_eq!(one, with(threads), "{format} with {threads} threads");
        }
    }
    let whole = run(scene.sgleave(["audit", "-i", "estate/export", "-f", "jsonl"])).stdout;
    let found = lines(&whole);
    let vpcs: BTreeSet<&str> =
        of_kind(&found, "membership").map(|one| one["vpc_id"].as_str().unwrap()).collect();
    assert_eq!(vpcs.len(), 3);
    let (mut rows, mut sums) = (Vec::new(), BTreeMap::new());
    for vpc in vpcs {
        let part = run(scene.sgleave(["audit", "-i", "estate/export", "-f", "jsonl", "--vpc", vpc])).stdout;
        let part = lines(&part);
        assert_eq!(part[0], found[0]);
        rows.extend(
            part.iter()
                .filter(|line| ["membership", "standing"].contains(&line["kind"].as_str().unwrap()))
                .cloned(),
        );
        for (effect, count) in part.last().unwrap()["effects"].as_object().unwrap() {
            *sums.entry(effect.clone()).or_insert(0) += count.as_u64().unwrap();
        }
    }
    assert_eq!(rows, found[1..found.len() - 1]);
    assert_eq!(serde_json::to_value(sums).unwrap(), found.last().unwrap()["effects"]);
}

#[test]
fn a_part_that_is_not_there_is_named() {
    let stderr = assert_refused(
        sgleave(["audit", "-i", DEMO, "--vpc", "vpc-x"]),
        3,
        "no interface of the export is in VPC `vpc-x`",
    );
    assert!(stderr.contains("there are `vpc-"), "{stderr}");
    let nobody = run(sgleave(["audit", "-i", DEMO, "--vpc", "none", "-f", "jsonl"]));
    assert_eq!(nobody.code, 0);
    assert_eq!(lines(&nobody.stdout).last().unwrap()["memberships"], 0);
}

#[test]
fn the_table_has_the_header_of_every_table_and_an_id_a_row() {
    let table = run(sgleave(["audit", "-i", DEMO, "-f", "csv"])).stdout;
    let inspection = run(sgleave(["inspect", "-i", DEMO, "-f", "csv"])).stdout;
    assert_eq!(table.lines().next(), inspection.lines().next());
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let (id, kind, mode) = (column("finding_id"), column("rule_id"), column("mode"));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len() + 1, table.lines().count(), "one row is one line");
    let ids: BTreeSet<&str> = records.iter().map(|record| &record[id]).collect();
    assert_eq!(ids.len(), records.len());
    assert!(records.iter().all(|record| &record[mode] == "audit"));
    let memberships: BTreeSet<(&str, &str)> = records
        .iter()
        .filter(|record| record[kind].starts_with("audit-"))
        .map(|record| (&record[column("interface_id")], &record[column("security_group_id")]))
        .collect();
    let json = run(sgleave(["audit", "-i", DEMO, "-f", "jsonl"])).stdout;
    assert_eq!(memberships.len(), of_kind(&lines(&json), "membership").count());
}

#[test]
fn several_forms_come_from_one_run() {
    let scene = Scene::new();
    estate(&scene);
    let both = ["audit", "-i", "estate/export", "-f", "csv", "-o", "a.csv", "--report", "jsonl=a.jsonl"];
    let said = run(scene.sgleave(both));
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "", ""));
    let alone = run(scene.sgleave(["audit", "-i", "estate/export", "-f", "csv"])).stdout;
    assert_eq!(fs::read_to_string(scene.path("a.csv")).unwrap(), alone);
    let alone = run(scene.sgleave(["audit", "-i", "estate/export", "-f", "jsonl"])).stdout;
    assert_eq!(fs::read_to_string(scene.path("a.jsonl")).unwrap(), alone);
    let refused = ["audit", "-i", "estate/export", "-o", "b.csv", "--vpc", "vpc-x"];
    assert_refused(scene.sgleave(refused), 3, "no interface of the export is in VPC `vpc-x`");
    assert!(!scene.path("b.csv").exists());
}

#[test]
fn each_result_has_its_own_forms() {
    let forms = [
        (["audit", "-i", DEMO, "-f", "json"], "[possible values: text, jsonl, csv]"),
        (["audit", "-i", DEMO, "--report", "json=a"], "--report jsonl=FILE or --report csv=FILE"),
        (["inspect", "-i", DEMO, "-f", "jsonl"], "[possible values: text, json, csv]"),
        (["inspect", "-i", DEMO, "--report", "jsonl=a"], "--report json=FILE or --report csv=FILE"),
    ];
    for (arguments, expected) in forms {
        let said = run(sgleave(arguments));
        assert_eq!((said.code, said.stdout.as_str()), (2, ""));
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
}

#[test]
fn the_exit_code_says_whether_everything_can_go() {
    assert_eq!(run(sgleave(["audit", "-i", DEMO])).code, 0);
    assert_eq!(run(sgleave(["audit", "-i", DEMO, "--exit-code"])).code, 1);
    assert_eq!(run(sgleave(["audit", "-i", DEMO, "--exit-code", "--vpc", "none"])).code, 0);
}

#[test]
fn progress_goes_to_stderr() {
    let said = run(sgleave(["audit", "-i", DEMO, "--progress", "always"]));
    assert_eq!(said.code, 0);
    assert!(said.stderr.contains("progress: judging VPC vpc-"), "{}", said.stderr);
    assert!(said.stdout.starts_with("AUDITED  "), "{}", said.stdout);
}
