//! Published and synthetic answers through the program: each alone is read and never called safe, or is refused with its
//! reason and without a trace.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Deserializer, Value};

use super::{Call, Scene, assert_refused, run, sgleave};

/// What a file alone must come to.
enum Outcome {
    /// It holds memberships; the first of them is simulated with this verdict.
    Judged(&'static str),
    /// It is read, and nobody in it is in a group.
    Read,
    /// The code of the error.
    Refused(&'static str),
}
use Outcome::{Judged, Read, Refused};

const SAMPLES: &[(&str, Outcome)] = &[
    ("01-describe-instances.cn-hangzhou.24.json", Judged("impact")),
    ("02-describe-instances.cn-beijing.public-ip.json", Judged("impact")),
    ("03-describe-instances.cn-hongkong.tags.json", Judged("impact")),
    ("04-describe-instances.cn-heyuan.12.json", Judged("impact")),
    ("05-describe-instances.cn-shanghai.4.json", Judged("impact")),
    ("06-describe-instances.empty.json", Read),
    ("07-describe-instance-attribute.json", Refused("instance-attribute-answer")),
    ("08-describe-instances.classic-2016.json", Judged("impact")),
    ("09-describe-security-groups.classic-and-vpc.json", Read),
    ("10-describe-instances.classic-and-vpc-2015.json", Judged("impact")),
    ("11-doc2021.describe-instances.json", Refused("masked-id")),
    ("12-doc2021.describe-security-groups.json", Refused("masked-id")),
    ("13-doc2021.describe-security-group-attribute.icmp.json", Refused("masked-id")),
    ("14-doc2021.describe-network-interfaces.json", Refused("masked-id")),
    ("15-doc2021.describe-security-group-references.flat.json", Refused("masked-id")),
    ("16-doc2026en.describe-security-group-attribute.numeric.json", Refused("masked-id")),
    ("17-doc2026zh.describe-security-group-attribute.strings.json", Refused("masked-id")),
    ("18-doc2026en.describe-security-groups.json", Refused("masked-id")),
    ("19-doc2026en.describe-network-interfaces.nulls.json", Refused("masked-id")),
    ("20-doc2026en.describe-security-group-references.json", Refused("masked-id")),
    ("21-doc2026en.describe-prefix-lists.json", Refused("masked-id")),
    ("22-doc2026en.describe-prefix-list-attributes.json", Refused("masked-id")),
    ("23-doc2026en.describe-port-range-lists.flat.json", Refused("masked-id")),
    ("24-doc2026zh.describe-port-range-list-entries.flat.json", Refused("missing-list-id")),
    ("25-doc2018.describe-security-group-attribute.INVALID.json.txt", Refused("invalid-json")),
    ("26-doc2018.describe-security-group-attribute.xml.txt", Refused("xml-answer")),
    ("27-doc2019.describe-security-groups.string-pages.json", Read),
    ("28-doc2019.describe-network-interfaces.json", Refused("masked-address")),
    ("29-describe-security-group-attribute.cloudsploit.jsonl", Refused("conflicting-duplicates")),
    ("30-cloudrec.ecs-eni-sg-composite.json", Refused("collector-export")),
    ("31-cloudrec.two-enis.scrambled.json", Refused("collector-export")),
    ("32-describe-security-group-attribute.cn-beijing.json", Read),
    ("33-describe-security-group-attribute.egress-drop-2024.json", Refused("missing-group-id")),
    ("34-describe-security-groups.enterprise-2024.json", Read),
    ("35-terraform-state-v3.vpc.tfstate", Refused("terraform-state")),
    ("36-terraform-state-v3.classic.tfstate", Refused("terraform-state")),
    ("37-terraform-state-v3.modules.tfstate", Refused("terraform-state")),
    ("38-terraform-show-json.0.14.json", Refused("terraform-state")),
    ("39-rules.csv", Refused("csv-file")),
    ("40-steampipe.alicloud_ecs_network_interface.json", Refused("steampipe-export")),
    ("41-ansible.ali_security_group_facts.json", Refused("ansible-facts")),
    ("42-cloud-config.get-discovered-resource.json", Refused("cloud-config-export")),
    ("43-aliyun-cli.output-table.txt", Refused("text-table")),
    ("44-describe-security-group-attribute.five-fields.json", Refused("missing-group-id")),
    ("45-describe-instances.projected.json", Refused("projected-answer")),
    ("synthetic/s01-attribute.gre-icmpv6-all-numeric.json", Read),
    ("synthetic/s02-attribute.prefix-and-port-lists.json", Read),
    ("synthetic/s03-attribute.group-refs-cross-account.json", Read),
    ("synthetic/s04-enis.several-groups.json", Judged("undetermined")),
    ("synthetic/s05-instances.several-groups-and-locks.json", Judged("undetermined")),
    ("synthetic/s06-security-groups.page1.json", Read),
    ("synthetic/s06-security-groups.page2.json", Read),
    ("synthetic/s06-security-groups.page3.json", Read),
    ("synthetic/s07-security-groups.concatenated.json", Read),
    ("synthetic/s07-security-groups.repeated-token.jsonl", Refused("conflicting-duplicates")),
    ("synthetic/s08-aliyun-pager.merged.json", Refused("missing-group-id")),
    ("synthetic/s09-security-groups.bom-utf16le-crlf.json", Read),
    ("synthetic/s09-security-groups.bom-utf8.json", Read),
    ("synthetic/s10-attribute.type-and-case-mix.json", Refused("invalid-port-range")),
    ("synthetic/s11-attribute.empty-shapes.jsonl", Read),
    ("synthetic/s12-attribute.500-rules-truncated.json", Read),
    ("synthetic/s13-aliyun-cli-error.txt", Refused("cli-error")),
    ("synthetic/s13-error-body.json", Refused("api-error")),
    ("synthetic/s14-describe-vpcs.json", Read),
    ("synthetic/s14-describe-vswitches.json", Read),
    ("synthetic/s15-tea-node.enis-body-JSON.stringify.json", Refused("camel-case-answer")),
    ("synthetic/s15-tea-python.instances-body-to_map.json", Judged("undetermined")),
    ("synthetic/s15-tea-python.response-to_map.json", Refused("invalid-port-range")),
    ("synthetic/s16-steampipe.alicloud_ecs_instance.json", Refused("steampipe-export")),
    ("synthetic/s16-steampipe.alicloud_ecs_security_group.csv", Refused("csv-file")),
    ("synthetic/s17-terraform-state-v4.tfstate", Refused("terraform-state")),
    ("synthetic/s18-resource-center.get-resource-configuration.json", Refused("resource-center-export")),
    ("synthetic/s19-cloud-config.all-strings.json", Refused("cloud-config-export")),
];

/// Returns the folder of the samples; without it there is nothing to test, which the gate does not accept.
pub(super) fn samples() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    if root.is_dir() {
        return Some(root);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "the samples are not at {}", root.display());
    None
}

/// Runs both commands on a sample, each with a file to write beside stdout.
fn calls(scene: &Scene, file: &Path, removal: &str) -> [Call; 2] {
    let with = |arguments: &[&str]| scene.sgleave([]).args(arguments).arg("-i").arg(file);
    [
        with(&["inspect", "-f", "json", "-o", "inspection.json"]),
        with(&["simulate", "-f", "json", "--report", "text=simulation.txt", removal]),
    ]
}

/// Returns the first membership that stands in a file, as `TARGET:GROUP`.
pub(super) fn first_membership(file: &Path) -> Option<String> {
    let bytes = fs::read(file).unwrap();
    Deserializer::from_slice(&bytes).into_iter::<Value>().map_while(Result::ok).find_map(|value| {
        let mut found = None;
        membership_in(&value, &mut found);
        found
    })
}

fn membership_in(value: &Value, found: &mut Option<String>) {
    let group = value.pointer("/SecurityGroupIds/SecurityGroupId/0").and_then(Value::as_str);
    let id = ["InstanceId", "NetworkInterfaceId"].iter().find_map(|key| value.get(key)?.as_str());
    match (value, id, group) {
        _ if found.is_some() => {}
        (_, Some(id), Some(group)) => *found = Some(format!("{id}:{group}")),
        (Value::Object(map), ..) => map.values().for_each(|value| membership_in(value, found)),
        (Value::Array(items), ..) => items.iter().for_each(|value| membership_in(value, found)),
        _ => {}
    }
}

#[test]
fn every_sample_is_judged_or_refused_as_the_table_says() {
    let Some(root) = samples() else { return };
    let schema: Value = serde_json::from_str(&run(sgleave(["schema", "simulation"])).stdout).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for (name, outcome) in SAMPLES {
        let scene = Scene::new();
        let file = root.join(name);
        let removal = first_membership(&file);
        assert!(removal.is_some() || !matches!(outcome, Judged(_)), "{name} holds no membership");
        let removal = removal.unwrap_or_else(|| "i-nobody:sg-none".to_owned());
        let [inspect, simulate] = calls(&scene, &file, &removal);
        if let Refused(code) = outcome {
            for call in [inspect, simulate] {
                let stderr = assert_refused(call, 3, &file.display().to_string());
                assert!(stderr.contains(&format!(" ({code})\nhelp: ")), "{name}: {stderr}");
            }
            assert_eq!(scene.names(), ["export"], "{name}");
            continue;
        }
        let said = run(inspect);
        assert_eq!((said.code, said.stdout.as_str()), (0, ""), "{name}: {}", said.stderr);
        let inspection = fs::read(scene.path("inspection.json")).unwrap();
        let inspection: Value = serde_json::from_slice(&inspection).unwrap();
        assert_eq!(inspection["kind"], "inspection", "{name}");
        let Judged(verdict) = outcome else {
            assert_refused(simulate, 3, "no instance or interface `i-nobody`");
            assert_eq!(scene.names(), ["export", "inspection.json"], "{name}");
            continue;
        };
        // One answer is never a whole export, so the table holds no `safe`.
        assert_ne!(*verdict, "safe", "{name}");
        assert_eq!(inspection["complete"], false, "{name}");
        let said = run(simulate);
        assert_eq!(said.code, 0, "{name}: {}", said.stderr);
        let result: Value = serde_json::from_str(&said.stdout).unwrap();
        let errors: Vec<String> = schema.iter_errors(&result).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{name}");
        assert_eq!(result["verdict"], *verdict, "{name}");
        let text = fs::read_to_string(scene.path("simulation.txt")).unwrap();
        assert!(text.starts_with(&format!("{}  ", verdict.to_uppercase())), "{name}: {text}");
    }
}

#[test]
fn every_sample_has_a_line_in_the_table() {
    let Some(root) = samples() else { return };
    let listed: BTreeSet<String> = SAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut found = BTreeSet::new();
    for (folder, prefix) in [(root.clone(), ""), (root.join("synthetic"), "synthetic/")] {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_file() && name != "SOURCES.md" {
                found.insert(format!("{prefix}{name}"));
            }
        }
    }
    assert_eq!(found, listed);
}
