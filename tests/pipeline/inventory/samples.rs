//! Published and synthetic answers, each read or refused as the table says.

use std::collections::BTreeSet;
use std::path::Path;

use sgleave::inventory::load;

use super::source;

/// What a sample must come to.
enum Outcome {
    /// Instances, interfaces, groups, rules; and the codes of its issues beside the ones of an export with missing
    /// halves.
    Read([usize; 4], &'static [&'static str]),
    /// The code of the error.
    Refused(&'static str),
}
use Outcome::{Read, Refused};

/// Issues that a single answer always has: the other answers of its export are not there.
const ALONE: &[&str] = &[
    "no-interface-export",
    "undescribed-group",
    "no-attribute-export",
    "no-group-export",
];

const SAMPLES: &[(&str, Outcome)] = &[
    (
        "01-describe-instances.cn-hangzhou.24.json",
        Read([24, 27, 0, 0], &["memberships-unknown"]),
    ),
    (
        "02-describe-instances.cn-beijing.public-ip.json",
        Read([2, 2, 0, 0], &[]),
    ),
    (
        "03-describe-instances.cn-hongkong.tags.json",
        Read([1, 1, 0, 0], &[]),
    ),
    (
        "04-describe-instances.cn-heyuan.12.json",
        Read([12, 12, 0, 0], &[]),
    ),
    (
        "05-describe-instances.cn-shanghai.4.json",
        Read([4, 4, 0, 0], &[]),
    ),
    (
        "06-describe-instances.empty.json",
        Read([0, 0, 0, 0], &["empty-answer"]),
    ),
    (
        "07-describe-instance-attribute.json",
        Refused("instance-attribute-answer"),
    ),
    ("08-describe-instances.classic-2016.json", Read([1, 1, 0, 0], &[])),
    (
        "09-describe-security-groups.classic-and-vpc.json",
        Read([0, 0, 4, 0], &["classic-network", "group-type-unknown"]),
    ),
    (
        "10-describe-instances.classic-and-vpc-2015.json",
        Read([2, 2, 0, 0], &[]),
    ),
    ("11-doc2021.describe-instances.json", Refused("masked-id")),
    ("12-doc2021.describe-security-groups.json", Refused("masked-id")),
    (
        "13-doc2021.describe-security-group-attribute.icmp.json",
        Refused("masked-id"),
    ),
    (
        "14-doc2021.describe-network-interfaces.json",
        Refused("masked-id"),
    ),
    (
        "15-doc2021.describe-security-group-references.flat.json",
        Refused("masked-id"),
    ),
    (
        "16-doc2026en.describe-security-group-attribute.numeric.json",
        Refused("masked-id"),
    ),
    (
        "17-doc2026zh.describe-security-group-attribute.strings.json",
        Refused("masked-id"),
    ),
    ("18-doc2026en.describe-security-groups.json", Refused("masked-id")),
    (
        "19-doc2026en.describe-network-interfaces.nulls.json",
        Refused("masked-id"),
    ),
    (
        "20-doc2026en.describe-security-group-references.json",
        Refused("masked-id"),
    ),
    ("21-doc2026en.describe-prefix-lists.json", Refused("masked-id")),
    (
        "22-doc2026en.describe-prefix-list-attributes.json",
        Refused("masked-id"),
    ),
    (
        "23-doc2026en.describe-port-range-lists.flat.json",
        Refused("masked-id"),
    ),
    (
        "24-doc2026zh.describe-port-range-list-entries.flat.json",
        Refused("missing-list-id"),
    ),
    (
        "25-doc2018.describe-security-group-attribute.INVALID.json.txt",
        Refused("invalid-json"),
    ),
    (
        "26-doc2018.describe-security-group-attribute.xml.txt",
        Refused("xml-answer"),
    ),
    (
        "27-doc2019.describe-security-groups.string-pages.json",
        Read([0, 0, 4, 0], &["classic-network", "group-type-unknown"]),
    ),
    (
        "28-doc2019.describe-network-interfaces.json",
        Refused("masked-address"),
    ),
    (
        "29-describe-security-group-attribute.cloudsploit.jsonl",
        Refused("conflicting-duplicates"),
    ),
    (
        "30-cloudrec.ecs-eni-sg-composite.json",
        Refused("collector-export"),
    ),
    ("31-cloudrec.two-enis.scrambled.json", Refused("collector-export")),
    (
        "32-describe-security-group-attribute.cn-beijing.json",
        Read([0, 0, 1, 1], &[]),
    ),
    (
        "33-describe-security-group-attribute.egress-drop-2024.json",
        Refused("missing-group-id"),
    ),
    (
        "34-describe-security-groups.enterprise-2024.json",
        Read([0, 0, 2, 0], &[]),
    ),
    ("35-terraform-state-v3.vpc.tfstate", Refused("terraform-state")),
    (
        "36-terraform-state-v3.classic.tfstate",
        Refused("terraform-state"),
    ),
    (
        "37-terraform-state-v3.modules.tfstate",
        Refused("terraform-state"),
    ),
    ("38-terraform-show-json.0.14.json", Refused("terraform-state")),
    ("39-rules.csv", Refused("csv-file")),
    (
        "40-steampipe.alicloud_ecs_network_interface.json",
        Refused("steampipe-export"),
    ),
    (
        "41-ansible.ali_security_group_facts.json",
        Refused("ansible-facts"),
    ),
    (
        "42-cloud-config.get-discovered-resource.json",
        Refused("cloud-config-export"),
    ),
    ("43-aliyun-cli.output-table.txt", Refused("text-table")),
    (
        "44-describe-security-group-attribute.five-fields.json",
        Refused("missing-group-id"),
    ),
    (
        "45-describe-instances.projected.json",
        Refused("projected-answer"),
    ),
    (
        "synthetic/s01-attribute.gre-icmpv6-all-numeric.json",
        Read([0, 0, 1, 10], &[]),
    ),
    (
        "synthetic/s02-attribute.prefix-and-port-lists.json",
        Read([0, 0, 1, 3], &["unresolved-list"]),
    ),
    (
        "synthetic/s03-attribute.group-refs-cross-account.json",
        Read([0, 0, 1, 4], &["unknown-group"]),
    ),
    (
        "synthetic/s04-enis.several-groups.json",
        Read([2, 6, 0, 0], &["instance-not-exported", "interface-not-exported"]),
    ),
    (
        "synthetic/s05-instances.several-groups-and-locks.json",
        Read([5, 5, 0, 0], &["memberships-unknown", "repeated-group"]),
    ),
    (
        "synthetic/s06-security-groups.page1.json",
        Read([0, 0, 2, 0], &["truncated-page"]),
    ),
    (
        "synthetic/s06-security-groups.page2.json",
        Read([0, 0, 2, 0], &["truncated-page"]),
    ),
    (
        "synthetic/s06-security-groups.page3.json",
        Read([0, 0, 1, 0], &[]),
    ),
    (
        "synthetic/s07-security-groups.concatenated.json",
        Read([0, 0, 4, 0], &["duplicate", "unchained-pages"]),
    ),
    (
        "synthetic/s07-security-groups.repeated-token.jsonl",
        Refused("conflicting-duplicates"),
    ),
    (
        "synthetic/s08-aliyun-pager.merged.json",
        Refused("missing-group-id"),
    ),
    (
        "synthetic/s09-security-groups.bom-utf16le-crlf.json",
        Read([0, 0, 1, 0], &[]),
    ),
    (
        "synthetic/s09-security-groups.bom-utf8.json",
        Read([0, 0, 1, 0], &[]),
    ),
    (
        "synthetic/s10-attribute.type-and-case-mix.json",
        Refused("invalid-port-range"),
    ),
    (
        "synthetic/s11-attribute.empty-shapes.jsonl",
        Read([0, 0, 1, 0], &["duplicate", "rules-not-returned"]),
    ),
    (
        "synthetic/s12-attribute.500-rules-truncated.json",
        Read([0, 0, 1, 500], &["truncated-page"]),
    ),
    ("synthetic/s13-aliyun-cli-error.txt", Refused("cli-error")),
    ("synthetic/s13-error-body.json", Refused("api-error")),
    ("synthetic/s14-describe-vpcs.json", Read([0, 0, 0, 0], &[])),
    (
        "synthetic/s14-describe-vswitches.json",
        Read([0, 0, 0, 0], &["network-acl"]),
    ),
    (
        "synthetic/s15-tea-node.enis-body-JSON.stringify.json",
        Refused("camel-case-answer"),
    ),
    (
        "synthetic/s15-tea-python.instances-body-to_map.json",
        Read([5, 5, 0, 0], &["memberships-unknown", "repeated-group"]),
    ),
    (
        "synthetic/s15-tea-python.response-to_map.json",
        Refused("invalid-port-range"),
    ),
    (
        "synthetic/s16-steampipe.alicloud_ecs_instance.json",
        Refused("steampipe-export"),
    ),
    (
        "synthetic/s16-steampipe.alicloud_ecs_security_group.csv",
        Refused("csv-file"),
    ),
    (
        "synthetic/s17-terraform-state-v4.tfstate",
        Refused("terraform-state"),
    ),
    (
        "synthetic/s18-resource-center.get-resource-configuration.json",
        Refused("resource-center-export"),
    ),
    (
        "synthetic/s19-cloud-config.all-strings.json",
        Refused("cloud-config-export"),
    ),
];

#[test]
fn every_sample_comes_to_what_the_table_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples");
    if !root.is_dir() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "the samples are not at {}",
            root.display()
        );
        return;
    }
    for (name, outcome) in SAMPLES {
        let file = name.rsplit('/').next().unwrap();
        let bytes = std::fs::read(root.join(name)).unwrap();
        match (load(vec![source(file, bytes)]), outcome) {
            (Ok(inventory), Read(counts, codes)) => {
                let rules = inventory.groups.iter().map(|group| group.rules.len()).sum();
                let found = [
                    inventory.instances.len(),
                    inventory.interfaces.len(),
                    inventory.groups.len(),
                    rules,
                ];
                assert_eq!(found, *counts, "{name}");
                let noticed: BTreeSet<&str> = inventory
                    .issues()
                    .iter()
                    .map(|issue| issue.code)
                    .filter(|code| !ALONE.contains(code))
                    .collect();
                assert_eq!(noticed, codes.iter().copied().collect(), "{name}");
            }
            (Err(error), Refused(code)) => {
                assert_eq!(error.code, *code, "{name}: {error}");
                assert!(!error.help.is_empty(), "{name}");
            }
            (Ok(_), Refused(code)) => panic!("{name} is read, not refused as {code}"),
            (Err(error), Read(..)) => panic!("{name}: {error}"),
        }
    }
    let listed: BTreeSet<String> = SAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut found = BTreeSet::new();
    for (folder, prefix) in [(root.clone(), ""), (root.join("synthetic"), "synthetic/")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_file() && name != "SOURCES.md" {
                found.insert(format!("{prefix}{name}"));
            }
        }
    }
    assert_eq!(found, listed, "every sample has a line in the table");
}
