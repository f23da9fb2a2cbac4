//! The published JSON against the contract and its own schema.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sgleave::evaluate::{Cause, Disposition, Endpoint, Flow, Readings};
use sgleave::netset::Packet;
use sgleave::report::{
    ExplanationReport, Format, InspectionReport, SCHEMAS, SimulationReport, Style, schema, write_explanation,
    write_inspection,
};
use sgleave::simulate::SimulationVerdict;

use super::{sample, written};

fn document() -> Value {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    serde_json::from_str(&written(&simulation, Format::Json, Style::default())).unwrap()
}

fn validator(name: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&schema(name).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn an_entry_has_the_shape_of_the_contract() {
    let document = document();
    let entry = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["traffic"].as_array().unwrap().len() == 3)
        .unwrap();
    assert_eq!(
        *entry,
        json!({
            "change": "lost",
            "sources": [{ "kind": "interface", "interface_id": "eni-web-1", "instance_id": "i-web-1",
                "name": "shop front", "status": "Running", "addresses": ["10.0.0.1"] }],
            "destinations": [
                { "kind": "interface", "interface_id": "eni-app-1", "instance_id": "i-app-1",
                  "name": sample::HOSTILE, "status": "Stopped", "addresses": ["10.0.0.3"] },
                { "kind": "interface", "interface_id": "eni-db-1", "instance_id": "i-db-1",
                  "name": "orders db", "status": "Running", "addresses": ["10.0.0.2"] }],
            "traffic": [
                { "protocol": "tcp", "ports": "22-79,81-443" },
                { "protocol": "udp", "ports": "53", "source_ports": "1024-65535" },
                { "protocol": "icmp" }],
            "before": { "disposition": "accepted", "egress": { "cause": "default" },
                "ingress": { "cause": "inner-access", "group_id": "sg-base", "group_name": "base" } },
            "after": { "disposition": "denied-in", "egress": { "cause": "default" },
                "ingress": { "cause": "default" } },
            "removed_by": [{ "interface_id": "eni-web-1", "group_id": "sg-base" }],
            "removals_of": "sources",
            "sessions": "may-break-at-once"
        })
    );
}

#[test]
fn causes_name_their_rule_or_what_they_depend_on() {
    let document = document();
    let causes: Vec<&Value> = document["changes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| [&entry["before"], &entry["after"]])
        .flat_map(|side| [&side["egress"], &side["ingress"]])
        .collect();
    let rule = json!({ "cause": "rule", "group_id": "sg-db", "group_name": "db", "rule_id": "sgr-db-1",
        "priority": 2, "rule": "in accept tcp 3306/3306 from 0.0.0.0/0 prio 2" });
    let open = json!({ "cause": "open", "open": ["intra-group-egress", "further rules of sg-old"] });
    assert!(causes.contains(&&rule));
    assert!(causes.contains(&&open));
    let risk = &document["session_risks"][0];
    assert_eq!(risk["change"], "session-risk");
    assert_eq!(risk["after"]["ingress"]["rule_id"], Value::Null);
}

#[test]
fn removals_and_leftovers_have_the_shape_of_the_contract() {
    let document = document();
    let refusal = json!({ "code": "InstanceLastSecurityGroup", "http": 403,
        "message": "the interface would be in no group" });
    assert_eq!(
        document["removals"][0],
        json!({ "interface_id": "eni-db-1", "instance_id": "i-db-1", "group_id": "sg-deny",
            "join_group_id": null, "status": "refused", "refusal": refusal, "refusals": [refusal],
            "target": "interface", "unchecked": ["status of the instance"], "name": "orders db",
            "group_name": sample::HOSTILE })
    );
    assert_eq!(document["removals"][1]["refusal"], Value::Null);
    assert_eq!(document["removals"][1]["status"], "applied");
    assert_eq!(
        document["isolated"][0],
        json!({ "interface_id": "eni-app-1", "instance_id": "i-app-1", "extent": "from-all", "new": true,
            "certainty": "certain", "name": sample::HOSTILE, "status": "Stopped" })
    );
    let kinds: Vec<&Value> = document["orphans"].as_array().unwrap().iter().map(|o| &o["kind"]).collect();
    assert_eq!(kinds, ["interface-without-group", "empty-group", "dangling-reference", "external-consumer"]);
    assert_eq!(
        document["orphans"][2]["referenced_by"],
        json!([{ "group_id": "sg-deny", "rule_id": null, "direction": "ingress",
            "rule": "in accept tcp 22/22 from sg-old prio 3" }])
    );
    assert_eq!(
        document["totals"],
        json!({ "pairs_lost": 4, "pairs_gained": 2, "pairs_undetermined": 0, "external_lost": 1,
            "external_gained": 1, "external_undetermined": 1, "isolated": 2, "orphans": 3, "refused": 1 })
    );
    assert_eq!(
        document["readings"],
        json!({ "address-kinds": "open", "intra-group-egress": "open", "intra-group-ingress": "accept-first" })
    );
}

#[test]
fn defaults_are_absent() {
    let graph = sample::graph();
    let safe = sample::quiet(&graph, SimulationVerdict::Safe, &[]);
    let document: Value = serde_json::from_str(&written(&safe, Format::Json, Style::default())).unwrap();
    assert_eq!(document["verdict"], "safe");
    assert_eq!(document["changes"], json!([]));
    assert!(document.get("verdict_reasons").is_none());
    assert!(document["removals"][0].get("refusals").is_none());
    assert_eq!(document["removals"][0]["join_group_id"], "sg-db");
    let gained = self::document()["changes"].as_array().unwrap().clone();
    let gained: Vec<Value> = gained.into_iter().filter(|entry| entry["change"] == "gained").collect();
    assert_eq!(gained.len(), 2);
    assert!(gained.iter().all(|entry| entry.get("sessions").is_none()));
}

#[test]
fn the_document_ends_with_a_newline_and_holds_no_fractions() {
    let graph = sample::graph();
    let text = written(&sample::simulation(&graph), Format::Json, Style::default());
    assert!(text.starts_with("{\n  \"schema_version\": 1,\n  \"kind\": \"simulation\",\n"));
    assert!(text.ends_with("\n}\n"));
    fn no_float(value: &Value) -> bool {
        match value {
            Value::Number(n) => n.is_u64(),
            Value::Array(items) => items.iter().all(no_float),
            Value::Object(map) => map.values().all(no_float),
            _ => true,
        }
    }
    assert!(no_float(&document()));
}

#[test]
fn a_simulation_fits_its_schema_and_a_broken_one_does_not() {
    let validator = validator("simulation");
    let document = document();
    let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let breaks: [(&str, Value); 5] = [
        ("/verdict", json!("fine")),
        ("/changes/0/change", json!("vanished")),
        ("/changes/0/sources/0/kind", json!("nowhere")),
        ("/totals/pairs_lost", json!("four")),
        ("/removals/0", json!({})),
    ];
    for (pointer, value) in breaks {
        let mut broken = document.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert!(!validator.is_valid(&broken), "{pointer}");
    }
}

#[test]
fn an_inspection_fits_its_schema() {
    let graph = sample::graph();
    let context = sample::context(&graph);
    let mut bytes = Vec::new();
    let report = InspectionReport::new(&graph, &context);
    write_inspection(&report, Format::Json, &Style::default(), &mut bytes).unwrap();
    let document: Value = serde_json::from_slice(&bytes).unwrap();
    let errors: Vec<String> = validator("inspection").iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(document["complete"], false);
    assert_eq!(document["unknown"]["groups"], 2);
    assert_eq!(
        document["estates"],
        json!([{ "account_id": "1111222233334444", "region_id": "cn-hangzhou", "vpc_id": "vpc-1",
            "instances": 3, "interfaces": 4, "groups": { "normal": 4, "enterprise": 0, "unknown": 0 },
            "rules": 4, "memberships": 7 }])
    );
}

#[test]
fn an_explanation_fits_its_schema() {
    let graph = sample::graph();
    let context = sample::context(&graph);
    let flow = Flow {
        source: Endpoint::External("203.0.113.7".parse().unwrap()),
        destination: Endpoint::Interface {
            interface: sample::interface(&graph, "eni-db-1"),
            address: "10.0.0.2".parse().unwrap(),
        },
        packet: Packet::tcp(49_152, 3306),
    };
    let before = sample::answer(Disposition::DeniedIn, Cause::External, Cause::Default);
    let after = sample::accepted(Cause::External, Cause::NoGroup);
    for (after, outcome) in [(None, Value::Null), (Some(&after), json!("gained"))] {
        let report = ExplanationReport::new(&graph, &context, &flow, &before, after, &Readings::default());
        let mut bytes = Vec::new();
        write_explanation(&report, Format::Json, &Style::default(), &mut bytes).unwrap();
        let document: Value = serde_json::from_slice(&bytes).unwrap();
        let validator = validator("explanation");
        let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(document["outcome"], outcome);
        assert_eq!(document["flow"]["destination"]["group_ids"], json!(["sg-base", "sg-db", "sg-deny"]));
    }
}

#[test]
fn schemas_are_described_and_always_the_same() {
    for name in SCHEMAS {
        let text = schema(name).unwrap();
        assert_eq!(text, schema(name).unwrap());
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["title"], format!("sgleave {name}"));
        // A line of an audit is one of several kinds, each described by itself.
        let kinds = value["$defs"].as_object().unwrap().values().chain([&value]);
        let properties: Vec<_> = kinds.filter_map(|kind| kind["properties"].as_object()).flatten().collect();
        assert!(properties.len() > 10, "{name}");
        for (key, property) in properties {
            assert!(property.get("description").is_some(), "{name}: {key} has no description");
        }
    }
    assert_eq!(schema("simulations"), None);
}

#[test]
fn the_report_is_the_document() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    let context = sample::context(&graph);
    let report = SimulationReport::new(&simulation, &context);
    assert_eq!(serde_json::to_value(report.document()).unwrap(), document());
}

#[test]
fn an_interface_is_written_with_the_addresses_of_its_entry() {
    let graph = sample::graph();
    let simulation = sample::simulation(&graph);
    let context = sample::context(&graph);
    let report = SimulationReport::new(&simulation, &context);
    let written = document();
    let mut addresses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (at, entry) in report.document().changes.iter().enumerate() {
        for (side, ends) in [("sources", &entry.sources), ("destinations", &entry.destinations)] {
            let shown: Vec<Value> = ends.iter().map(|end| serde_json::to_value(end).unwrap()).collect();
            for end in shown.iter().filter(|end| end["kind"] == "interface") {
                addresses
                    .entry(end["interface_id"].to_string())
                    .or_default()
                    .insert(end["addresses"].to_string());
            }
            assert_eq!(written["changes"][at][side], Value::from(shown));
        }
    }
    assert!(addresses.values().any(|sets| sets.len() > 1), "no interface has two sets of addresses");
}

#[test]
fn the_sample_reads_as_before() {
    let graph = sample::graph();
    let text = written(&sample::simulation(&graph), Format::Json, Style::default());
    insta::assert_snapshot!(text);
}
