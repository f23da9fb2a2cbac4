//! The clothes an answer can come in: encodings, envelopes, streams, and what is no answer at all.

use serde_json::{Value, json};
use sgleave::inventory::{Inventory, LoadError, Source, load};

use super::{document, fixture, gaps, issues, refusal, source, whole};

fn one(name: &str, content: impl AsRef<[u8]>) -> Result<Inventory, LoadError> {
    load(vec![source(name, content)])
}

fn expected() -> String {
    load(fixture("whole")).unwrap().digest()
}

fn values() -> Vec<Value> {
    whole().into_iter().map(|(_, value)| value).collect()
}

#[test]
fn the_fingerprint_does_not_depend_on_how_the_answers_are_stored() {
    let values = values();
    let glued: String = values.iter().map(ToString::to_string).collect();
    let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
    let pretty: String = values.iter().map(|value| serde_json::to_string_pretty(value).unwrap()).collect();
    let array = Value::Array(values.clone()).to_string();
    let wrapped: String = values
        .iter()
        .map(|value| json!({"headers": {"x": "y"}, "statusCode": 200, "body": value}).to_string())
        .collect();
    for content in [glued, lines, pretty, array, wrapped] {
        let inventory = one("all.json", content).unwrap();
        assert_eq!(inventory.digest(), expected());
        assert_eq!(issues(&inventory), [""; 0]);
    }
    assert!(expected().starts_with("sha256:") && expected().len() == 71);
}

#[test]
fn byte_order_marks_and_utf16_are_decoded() {
    let text = values().iter().map(|value| format!("{value}\r\n")).collect::<String>();
    let utf8 = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
    let little: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for bytes in [utf8, little.clone(), big] {
        assert_eq!(one("all.json", bytes).unwrap().digest(), expected());
    }
    assert_eq!(refusal(one("odd.json", &little[..little.len() - 1])).0, "invalid-encoding");
    assert_eq!(refusal(one("no-mark.json", &little[2..])).0, "invalid-encoding");
    assert_eq!(refusal(one("gbk.json", b"{\"Instances\": \"\xc3\xfb\xb3\xc6\"}")).0, "invalid-encoding");
}

#[test]
fn a_pointer_names_the_document_it_is_in() {
    let mut values = values();
    values[0]["SecurityGroups"]["SecurityGroup"][1]["VpcId"] = json!(7);
    let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
    assert_eq!(
        refusal(one("all.json", lines)),
        ("wrong-type", "doc 1: /SecurityGroups/SecurityGroup/1/VpcId".to_owned())
    );
    let array = Value::Array(values).to_string();
    assert_eq!(
        refusal(one("all.json", array)),
        ("wrong-type", "/0/SecurityGroups/SecurityGroup/1/VpcId".to_owned())
    );
}

#[test]
fn duplicate_keys_are_refused_everywhere() {
    for text in [
        r#"{"RequestId": "a", "RequestId": "a", "Instances": {"Instance": []}}"#,
        r#"{"Instances": {"Instance": []}, "Instances": {"Instance": []}}"#,
        r#"{"Instances": {"Instance": [], "Instance": []}}"#,
        r#"{"Instances": {"Instance": [{"InstanceId": "i-1", "Cpu": 1, "Cpu": 1}]}}"#,
        r#"{"Instances": {"Instance": [{"InstanceId": "i-1", "EipAddress": {"a": [{"b": 1, "b": 1}]}}]}}"#,
        r#"{"Instances": {"Instance": [{"InstanceId": "i-1", "Future": 1, "Future": 1}]}}"#,
        r#"{"Instances": {"Instance": [{"InstanceId": "i-1", "\u0043pu": 1, "Cpu": 1}]}}"#,
        r#"{"request": {"Action": "a", "Action": "a"}, "response": {}}"#,
        r#"{"Unknown": {"x": 1, "x": 2}}"#,
    ] {
        let (code, pointer) = refusal(one("a.json", text));
        assert_eq!(code, "duplicate-key", "{text}");
        assert!(pointer.starts_with("line 1 column "), "{pointer}");
    }
    let many: String = (0..40).map(|n| format!("\"k{n}\": 1, ")).collect();
    let text = format!(r#"{{"Instances": {{"Instance": []}}, "Zone": {{{many} "k7": 1}}}}"#);
    assert_eq!(refusal(one("a.json", text)).0, "duplicate-key");
    // The old Go SDK writes keys that differ in case only.
    let text = r#"{"Instances": {"Instance": [{"InstanceId": "i-1", "CPU": 1, "Cpu": 1, "HostName": "a", "Hostname": "a"}]}}"#;
    assert!(!issues(&one("a.json", text).unwrap()).iter().any(|issue| issue.contains("unknown-key")));
}

#[test]
fn broken_json_is_refused_with_line_and_column() {
    assert_eq!(
        refusal(one("a.json", "{\n  \"Instances\": {\"Instance\": [}")),
        ("invalid-json", "line 2 column 30".to_owned())
    );
    let deep = format!("{{\"X\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    assert_eq!(refusal(one("a.json", deep)).0, "too-deep");
    let long = json!({"SecurityGroups": {"SecurityGroup": [{"SecurityGroupName": "x".repeat(70_000)}]}});
    assert_eq!(refusal(one("a.json", long.to_string())).0, "text-too-long");
}

#[test]
fn nothing_is_not_an_export() {
    for content in ["", " \n", "null", "{}", "[]", "{} {\"a\": 1}"] {
        assert_eq!(refusal(one("a.json", content)).0, "empty-source", "{content}");
    }
    assert_eq!(refusal(load(Vec::new())).0, "empty-source");
    let empty = one("a.json", r#"{"Instances": {"Instance": []}, "TotalCount": 0}"#).unwrap();
    assert!(issues(&empty).contains(&"warning empty-answer".to_owned()));
    for list in ["null", "{}", r#"{"Instance": null}"#] {
        let text = format!(r#"{{"Instances": {list}}}"#);
        assert_eq!(refusal(one("a.json", text)).0, "list-not-returned", "{list}");
    }
}

#[test]
fn an_envelope_tells_what_its_answer_does_not() {
    let entries = json!({"Entries": [{"PortRange": "80/80"}]});
    let request = |id: &str| json!({"Action": "DescribePortRangeListEntries", "PortRangeListId": id});
    let enveloped = json!({"request": request("prl-a"), "response": entries});
    let inventory = load(vec![document("a.json", &enveloped)]).unwrap();
    assert!(inventory.port_lists.contains_key("prl-a"));
    assert_eq!(refusal(load(vec![document("a.json", &entries)])), ("missing-list-id", "/Entries".to_owned()));
    let sdk = json!({"request": request("prl-a"),
        "response": {"headers": {}, "statusCode": 200, "body": entries}});
    assert!(load(vec![document("a.json", &sdk)]).unwrap().port_lists.contains_key("prl-a"));
    assert!(load(vec![document("x.prl-b.json", &entries)]).unwrap().port_lists.contains_key("prl-b"));

    let mut rules = fixture("whole").remove(3);
    assert_eq!(rules.name, "sg-a.json");
    let answer: Value = serde_json::from_slice(&rules.bytes).unwrap();
    let other = json!({"request": {"Action": "DescribeSecurityGroupAttribute", "SecurityGroupId": "sg-z"},
        "response": answer});
    assert_eq!(
        refusal(load(vec![document("a.json", &other)])),
        ("contradictory", "/response/SecurityGroupId".to_owned())
    );
    let other = json!({"request": {"Action": "DescribeInstances"}, "response": answer});
    assert_eq!(refusal(load(vec![document("a.json", &other)])).0, "contradictory");
    let other = json!({"request": {"Action": "DescribeDisks"}, "response": {"Disks": {"Disk": []}}});
    assert_eq!(refusal(load(vec![document("a.json", &other)])).0, "unsupported-answer");

    // What `aliyun --pager` leaves: the name of the file is all that tells the group.
    rules.bytes = json!({"Permissions": answer["Permissions"]}).to_string().into_bytes();
    let inventory = load(vec![rules.clone()]).unwrap();
    assert_eq!(inventory.groups[0].id.as_str(), "sg-a");
    assert_eq!(inventory.groups[0].inner_access, None);
    rules.name = "rules.json".to_owned();
    assert_eq!(refusal(load(vec![rules])).0, "missing-group-id");
}

#[test]
fn what_is_no_raw_answer_is_named() {
    for (content, code) in [
        ("<?xml version=\"1.0\"?><a/>", "xml-answer"),
        ("ERROR: SDK.ServerError\nErrorCode: Throttling", "cli-error"),
        ("InstanceId | Status\n---------- | ------\ni-1 | Running", "text-table"),
        ("实例ID,内网IP,公网IP\ni-1,10.0.0.1,", "csv-file"),
        ("# a comment\na;b;c\n1;2;3", "csv-file"),
        ("resource \"alicloud_instance\" \"a\" {}", "terraform-source"),
        (r#"{"version": 4, "terraform_version": "1.9", "resources": []}"#, "terraform-state"),
        (r#"{"format_version": "1.0", "values": {}}"#, "terraform-state"),
        (r#"[{"instance_id": "i-1", "vpc_id": "vpc-1"}]"#, "steampipe-export"),
        (r#"{"columns": [], "rows": []}"#, "steampipe-export"),
        (r#"{"instances": {"instance": []}}"#, "camel-case-answer"),
        (r#"{"RequestId": "r", "HostId": "h", "Code": "Forbidden.RAM", "Message": "m"}"#, "api-error"),
        (r#"{"InstanceId": "i-1", "VpcAttributes": {}, "RequestId": "r"}"#, "instance-attribute-answer"),
        (r#"{"NetworkInterfaceId": "eni-1", "RequestId": "r"}"#, "interface-attribute-answer"),
        (r#"[{"InstanceId": "i-1", "Status": "Running"}]"#, "projected-answer"),
        (r#"{"Disks": {"Disk": []}, "RequestId": "r"}"#, "unknown-format"),
        (r#"{"Instances": {"Instance": []}, "SecurityGroups": {"SecurityGroup": []}}"#, "unknown-format"),
        ("\"{}\"", "unknown-format"),
        ("[1]", "unknown-format"),
        ("PK\u{3}\u{4}", "compressed-file"),
    ] {
        assert_eq!(refusal(one("a", content)).0, code, "{content}");
    }
}

#[test]
fn unknown_keys_are_counted_once_for_each_kind() {
    let mut files = whole();
    for (name, value) in &mut files {
        if name == "groups.json" {
            for group in value["SecurityGroups"]["SecurityGroup"].as_array_mut().unwrap() {
                group["FutureField"] = json!({"On": true});
            }
        }
        if name == "interfaces.json" {
            value["FutureTop"] = json!("");
        }
    }
    let inventory = super::read(&files).unwrap();
    assert_eq!(issues(&inventory), ["warning unknown-key", "note unknown-key"]);
    assert_eq!(gaps(&inventory), ["unknown-key"]);
    let issue = &inventory.issues()[0];
    assert_eq!(issue.pointer, "/SecurityGroups/SecurityGroup/0/FutureField");
    assert!(issue.message.ends_with("(and 1 more like it)"), "{}", issue.message);
}

#[test]
fn only_a_filled_unknown_key_of_a_group_or_an_interface_may_change_who_is_a_member() {
    let change = |file: &str, pointer: &str, value: Value| {
        let inventory =
            super::with(file, |answer| answer.pointer_mut(pointer).unwrap()["Future"] = value).unwrap();
        (issues(&inventory), gaps(&inventory))
    };
    for (file, pointer, is_gap) in [
        ("groups.json", "/SecurityGroups/SecurityGroup/1", true),
        ("interfaces.json", "/NetworkInterfaceSets/NetworkInterfaceSet/0", true),
        ("sg-a.json", "", true),
        ("instances.json", "/Instances/Instance/0", false),
        ("interfaces.json", "", false),
        ("groups.json", "", false),
    ] {
        let wanted = if is_gap { vec!["unknown-key"] } else { vec![] };
        assert_eq!(
            change(file, pointer, json!("x")),
            (vec!["warning unknown-key".to_owned()], wanted),
            "{file} {pointer}"
        );
        let (issues, gaps) = change(file, pointer, json!({"A": [""]}));
        assert_eq!((issues, gaps), (vec!["note unknown-key".to_owned()], vec![]), "{file} {pointer}");
    }
}

#[test]
fn the_smallest_broken_source_is_reported() {
    let sources: Vec<Source> = ["c.json", "a.json", "b.json"]
        .map(|name| source(name, if name == "a.json" { "{\"x\"" } else { "" }))
        .to_vec();
    assert_eq!(load(sources).unwrap_err().source_name, "a.json");
}

#[test]
fn values_in_messages_are_short_and_cannot_steer_a_terminal() {
    let text = json!({"SecurityGroups": {"SecurityGroup": [{"SecurityGroupId": format!("\u{1b}[2J{}", "x".repeat(999))}]}});
    let error = one("a.json", text.to_string()).unwrap_err();
    assert!(error.message.contains("`\\u{1b}[2Jxxx"), "{}", error.message);
    assert!(error.message.chars().count() < 200);
}
