//! What one answer counts and another one lacks.

use serde_json::{Value, json};
use sgleave::inventory::Inventory;

use super::{gaps, issues, read, rule_gaps, whole, with};

fn group_a(key: &str, value: Value) -> Inventory {
    with("groups.json", |answer| answer["SecurityGroups"]["SecurityGroup"][0][key] = value).unwrap()
}

#[test]
fn fewer_rules_that_name_a_group_than_counted_are_a_gap() {
    let short = group_a("GroupToGroupRuleCount", json!(1));
    assert_eq!(issues(&short), ["warning group-rule-count-mismatch"]);
    assert_eq!(short.issues()[0].pointer, "/SecurityGroups/SecurityGroup/0/GroupToGroupRuleCount");
    assert_eq!(rule_gaps(&short, "sg-a"), [(None, "group-rule-count-mismatch")]);
    for silent in [json!(0), json!(null), json!("")] {
        assert_eq!(issues(&group_a("GroupToGroupRuleCount", silent)), [""; 0]);
    }
    let mut files = whole();
    for (name, value) in &mut files {
        if name == "groups.json" {
            value["SecurityGroups"]["SecurityGroup"][0]["GroupToGroupRuleCount"] = json!("1");
        }
        if name == "sg-a.json" {
            let mut rule = value["Permissions"]["Permission"][0].clone();
            rule["SecurityGroupRuleId"] = json!("sgr-2");
            rule["SourceCidrIp"] = json!("");
            rule["SourceGroupId"] = json!("sg-b");
            value["Permissions"]["Permission"].as_array_mut().unwrap().push(rule);
        }
    }
    assert_eq!(issues(&read(&files).unwrap()), [""; 0]);
    // A rule on two pages is one.
    let at = files.iter().position(|(name, _)| name == "sg-a.json").unwrap();
    let mut page = files[at].1.clone();
    files[at].1["NextToken"] = json!("tok-2");
    page["Permissions"]["Permission"].as_array_mut().unwrap().remove(0);
    files.push(("sg-a.2.json".to_owned(), page));
    for (_, value) in files.iter_mut().filter(|(name, _)| name == "groups.json") {
        value["SecurityGroups"]["SecurityGroup"][0]["GroupToGroupRuleCount"] = json!(2);
    }
    assert_eq!(rule_gaps(&read(&files).unwrap(), "sg-a"), [(None, "group-rule-count-mismatch")]);
}

#[test]
fn fewer_members_than_counted_are_missing_evidence() {
    let short = group_a("EcsCount", json!(2));
    assert_eq!(issues(&short), ["error member-count-mismatch"]);
    assert_eq!(short.issues()[0].pointer, "/SecurityGroups/SecurityGroup/0/EcsCount");
    assert_eq!(gaps(&short), ["member-count-mismatch"]);
    for count in [json!(1), json!(0), json!(null)] {
        let inventory = group_a("EcsCount", count);
        assert_eq!((issues(&inventory), gaps(&inventory)), (vec![], vec![]));
    }
}

#[test]
fn a_reference_that_no_rule_makes_is_a_gap_in_the_rules() {
    let read_with = |rules: Value| {
        let mut files = whole();
        for (_, answer) in files.iter_mut().filter(|(name, _)| name == "sg-b.json") {
            answer["Permissions"]["Permission"] = rules.clone();
        }
        let references = json!({"SecurityGroupReferences": {"SecurityGroupReference": [{"SecurityGroupId": "sg-a",
            "ReferencingSecurityGroups": {"ReferencingSecurityGroup": [{"SecurityGroupId": "sg-b"}]}}]}});
        files.push(("references.json".to_owned(), references));
        read(&files).unwrap()
    };
    let rule = |key: &str, peer: &str| {
        let mut rule = json!({"Direction": "ingress", "IpProtocol": "ALL", "PortRange": "-1/-1", "Priority": 1,
            "Policy": "Accept"});
        rule[key] = json!(peer);
        json!([rule])
    };
    for rules in [json!([]), rule("SourceCidrIp", "10.0.0.0/8"), rule("SourceGroupId", "sg-b")] {
        let inventory = read_with(rules);
        assert_eq!(issues(&inventory), ["error reference-not-in-rules"]);
        assert_eq!(rule_gaps(&inventory, "sg-b"), [(None, "reference-not-in-rules")]);
        assert!(inventory.foreign_references.is_empty(), "the gap stands for it");
        let issue = &inventory.issues()[0];
        assert_eq!(issue.pointer, "/SecurityGroupReferences/SecurityGroupReference/0");
    }
    let named = read_with(rule("SourceGroupId", "sg-a"));
    assert_eq!(issues(&named), [""; 0]);
    assert!(rule_gaps(&named, "sg-b").is_empty());
}
