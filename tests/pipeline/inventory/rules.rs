//! Every way in which a rule can be written, cut or spoilt.

use serde_json::{Value, json};
use sgleave::inventory::{RulePeer, RulePorts, Unevaluable};

use super::{issues, read, refusal, rule_gaps, rules_of_a, whole, with, with_keys, with_rule};

const RULE: &str = "/Permissions/Permission/0";

fn refused(key: &str, value: Value) -> (&'static str, String) {
    let (code, pointer) = refusal(with_rule(key, value));
    (code, pointer.replace(RULE, ""))
}

#[test]
fn a_priority_is_an_integer_from_one() {
    for value in [json!(1), json!("1"), json!("0001")] {
        assert_eq!(issues(&with_rule("Priority", value).unwrap()), [""; 0]);
    }
    for value in [
        json!(0),
        json!("0"),
        json!(-1),
        json!(1.0),
        json!("1.0"),
        json!(""),
        json!(" 1"),
        json!("high"),
        json!(65_536),
        json!(true),
        json!({"x": 1}),
        json!([1]),
    ] {
        assert_eq!(
            refused("Priority", value.clone()),
            ("invalid-priority", "/Priority".to_owned()),
            "{value}"
        );
    }
    let historic = with_rule("Priority", json!("110")).unwrap();
    assert_eq!(issues(&historic), ["note historic-priority"]);
    assert_eq!(rules_of_a(&historic), ["in accept tcp 22/22 from 10.0.0.0/8 prio 110"]);
}

#[test]
fn a_rule_that_lacks_what_it_does_leaves_a_gap() {
    let ingress = Some("ingress".to_owned());
    for (key, code, direction) in [
        ("Priority", "rule-without-priority", ingress.clone()),
        ("Policy", "rule-without-policy", ingress),
        ("Direction", "rule-without-direction", None),
    ] {
        let by_null = with_rule(key, Value::Null).unwrap();
        let by_absence = with("sg-a.json", |answer| {
            let rule = &mut answer["Permissions"]["Permission"][0];
            rule.as_object_mut().unwrap().remove(key);
        })
        .unwrap();
        for inventory in [by_null, by_absence] {
            assert_eq!(issues(&inventory), [format!("error {code}")]);
            assert_eq!(rule_gaps(&inventory, "sg-a"), [(direction.clone(), code)]);
            assert!(rules_of_a(&inventory).is_empty());
        }
    }
}

/// Rules and their places stay together when one of them cannot be used and another page follows.
#[test]
fn what_is_noted_about_a_rule_points_at_it_on_its_page() {
    let pages = |number: usize| {
        let mut files = whole();
        let (_, first) = files.iter_mut().find(|(name, _)| name == "sg-a.json").unwrap();
        let mut second = first.clone();
        first["NextToken"] = json!("tok");
        let rules = second["Permissions"]["Permission"].as_array_mut().unwrap();
        rules[0].as_object_mut().unwrap().remove("Priority");
        for at in 1..4 {
            let mut rule = rules[0].clone();
            rule["SecurityGroupRuleId"] = json!(format!("sgr-2-{at}"));
            rule["Priority"] = json!(at + 1);
            rules.push(rule);
        }
        rules[number]["SourceGroupId"] = json!("sg-nobody");
        rules[number].as_object_mut().unwrap().remove("SourceCidrIp");
        files.push(("sg-a-2.json".to_owned(), second));
        read(&files).unwrap()
    };
    for number in 1..4 {
        let inventory = pages(number);
        let issue = inventory.issues().iter().find(|issue| issue.code == "unknown-group").unwrap();
        assert_eq!(
            (issue.source.as_str(), issue.pointer.as_str()),
            ("sg-a-2.json", format!("/Permissions/Permission/{number}").as_str())
        );
        assert_eq!(rules_of_a(&inventory).len(), 4);
    }
}

#[test]
fn words_of_closed_lists_are_read_in_any_case_and_nothing_else_is() {
    let rules = |key, value| rules_of_a(&with_rule(key, json!(value)).unwrap()).remove(0);
    assert!(rules("Policy", "DROP").starts_with("in drop"));
    assert!(rules("Policy", "allow").starts_with("in accept"));
    assert!(rules("Direction", "INGRESS").starts_with("in "));
    assert!(rules("IpProtocol", "udp").contains(" udp "));
    assert!(rules("IpProtocol", "17").contains(" udp "));
    assert_eq!(refused("Policy", json!("reject")), ("invalid-policy", "/Policy".to_owned()));
    assert_eq!(refused("Policy", json!("")), ("invalid-policy", "/Policy".to_owned()));
    assert_eq!(refused("Direction", json!("in")), ("invalid-direction", "/Direction".to_owned()));
}

#[test]
fn an_unknown_protocol_makes_the_rule_open() {
    let inventory = with_rule("IpProtocol", json!("QUIC")).unwrap();
    assert_eq!(issues(&inventory), ["error unknown-protocol"]);
    assert_eq!(
        inventory.groups[0].rules[0].unevaluable.as_deref(),
        Some(&Unevaluable::Protocol("QUIC".into()))
    );
}

#[test]
fn port_ranges_are_read_strictly() {
    for text in ["22", "443/80", "0/0", "1/65536", "22/22,", "a/b", "+1/2", "22-80"] {
        assert_eq!(
            refused("PortRange", json!(text)),
            ("invalid-port-range", "/PortRange".to_owned()),
            "{text}"
        );
        assert_eq!(refused("SourcePortRange", json!(text)).0, "invalid-port-range", "{text}");
    }
    let message = with_rule("PortRange", json!("1/2,\u{202e}a\nb")).unwrap_err().message;
    assert_eq!(message, "port range `\\u{202e}a\\u{a}b` is not `low/high`");
    assert_eq!(refused("PortRange", json!("")).0, "invalid-port-range");
    assert_eq!(refused("PortRange", Value::Null).0, "invalid-port-range");
    let ports = |text| with_rule("PortRange", json!(text)).unwrap().groups[0].rules[0].ports.clone();
    assert_eq!(ports("-1/-1"), RulePorts::Any);
    assert_eq!(ports("1/65535"), RulePorts::Any);
    assert!(matches!(ports("443/443,22/23"), RulePorts::Ranges(ranges) if ranges.len() == 2));
}

#[test]
fn source_ports_limit_a_rule_only_where_they_say_so() {
    let read = |text| rules_of_a(&with_rule("SourcePortRange", json!(text)).unwrap()).remove(0);
    let plain = "in accept tcp 22/22 from 10.0.0.0/8 prio 1";
    assert_eq!(read(""), plain);
    assert_eq!(read("-1/-1"), plain);
    assert_eq!(read("1/65535"), plain);
    assert_eq!(read("7000/8000"), "in accept tcp 22/22 sport 7000/8000 from 10.0.0.0/8 prio 1");
}

#[test]
fn a_port_list_counts_where_no_range_is_set() {
    let peer = json!("10.0.0.0/8");
    let list = with_keys(json!({"SourceCidrIp": peer, "PortRange": "", "PortRangeListId": "prl-x"})).unwrap();
    assert_eq!(issues(&list), ["error unresolved-list"]);
    assert_eq!(rules_of_a(&list), ["in accept tcp prl-x from 10.0.0.0/8 prio 1"]);
    let both = with_keys(json!({"SourceCidrIp": peer, "PortRangeListId": "prl-x"})).unwrap();
    assert_eq!(issues(&both), ["note port-list-ignored"]);
    assert_eq!(rules_of_a(&both), ["in accept tcp 22/22 from 10.0.0.0/8 prio 1"]);
}

#[test]
fn ports_on_a_protocol_without_ports_make_the_rule_open() {
    for protocol in ["ALL", "ICMP", "GRE", "47"] {
        let inventory = with_rule("IpProtocol", json!(protocol)).unwrap();
        assert_eq!(issues(&inventory), ["error ports-without-protocol"], "{protocol}");
        assert_eq!(
            inventory.groups[0].rules[0].unevaluable.as_deref(),
            Some(&Unevaluable::AllWithPort("22/22".into()))
        );
        for ports in ["-1/-1", ""] {
            let keys = json!({"IpProtocol": protocol, "PortRange": ports, "SourceCidrIp": "10.0.0.0/8"});
            assert_eq!(issues(&with_keys(keys).unwrap()), [""; 0]);
        }
    }
}

#[test]
fn a_block_wins_over_a_group_and_a_group_over_a_list() {
    let peer = |keys| with_keys(keys).unwrap().groups[0].rules[0].peer.clone();
    let list = json!({"SourcePrefixListId": "pl-x"});
    assert!(matches!(peer(list), RulePeer::PrefixList(id) if id.as_str() == "pl-x"));
    let group = json!({"SourcePrefixListId": "pl-x", "SourceGroupId": "sg-b"});
    assert!(matches!(peer(group), RulePeer::Group { id, .. } if id.as_str() == "sg-b"));
    let block = json!({"SourcePrefixListId": "pl-x", "SourceGroupId": "sg-b", "SourceCidrIp": "10.1.0.0/16"});
    assert!(matches!(peer(block.clone()), RulePeer::Block(block) if block.to_string() == "10.1.0.0/16"));
    assert_eq!(issues(&with_keys(block).unwrap()), ["note several-peers"]);
}

#[test]
fn a_rule_without_a_peer_is_never_any() {
    for keys in [json!({}), json!({"SourceCidrIp": "", "SourceGroupId": null, "DestCidrIp": "10.0.0.1"})] {
        assert_eq!(refusal(with_keys(keys)), ("rule-without-peer", "/Permissions/Permission/0".to_owned()));
    }
    let egress = json!({"Direction": "egress", "SourceCidrIp": "0.0.0.0/0"});
    assert_eq!(refusal(with_keys(egress)).0, "rule-without-peer");
}

#[test]
fn two_families_in_one_rule_are_refused() {
    let keys = json!({"SourceCidrIp": "0.0.0.0/0", "Ipv6SourceCidrIp": "::/0"});
    assert_eq!(refusal(with_keys(keys)).0, "two-address-families");
    let swapped = json!({"SourceCidrIp": "::/0"});
    assert_eq!(refusal(with_keys(swapped)).0, "invalid-address");
}

#[test]
fn the_other_side_narrows_the_rule_to_local_addresses() {
    let ingress = json!({"SourceCidrIp": "10.0.0.0/8", "DestCidrIp": "10.0.0.1"});
    assert_eq!(
        rules_of_a(&with_keys(ingress).unwrap()),
        ["in accept tcp 22/22 from 10.0.0.0/8 local 10.0.0.1/32 prio 1"]
    );
    let egress =
        json!({"Direction": "egress", "DestCidrIp": "10.0.0.0/8", "Ipv6SourceCidrIp": "2001:db8::/32"});
    assert_eq!(
        rules_of_a(&with_keys(egress).unwrap()),
        ["out accept tcp 22/22 to 10.0.0.0/8 local 2001:db8::/32 prio 1"]
    );
}

#[test]
fn a_key_that_may_narrow_or_widen_makes_the_rule_open() {
    for (key, value) in [
        ("SourceDomainName", json!("a.example")),
        ("DestGroupId", json!("sg-b")),
        ("DestPrefixListId", json!("pl-x")),
        ("FutureFlag", json!(false)),
    ] {
        let inventory = with_rule(key, value).unwrap();
        assert_eq!(issues(&inventory), ["error unknown-rule-key"], "{key}");
        assert_eq!(inventory.issues()[0].pointer, format!("{RULE}/{key}"));
        assert_eq!(
            inventory.groups[0].rules[0].unevaluable.as_deref(),
            Some(&Unevaluable::UnknownKey(key.into()))
        );
    }
    for value in [json!(""), json!(null), json!([]), json!({"a": [""]})] {
        let inventory = with_rule("SourceDomainName", value).unwrap();
        assert_eq!(issues(&inventory), ["note unknown-key"]);
        assert_eq!(inventory.groups[0].rules[0].unevaluable, None);
    }
    // A new kind of peer is no rule without a peer.
    let only = with_keys(json!({"SourceDomainName": "a.example"})).unwrap();
    assert_eq!(issues(&only), ["error unknown-rule-key"]);
}

#[test]
fn odd_addresses_are_refused_with_their_place() {
    for (text, code) in [
        ("172.30.03.33", "invalid-address"),
        ("10.0.0.0/33", "invalid-address"),
        ("::ffff:10.0.0.1", "invalid-address"),
        ("any", "invalid-address"),
        ("172.17.**.**", "masked-address"),
        ("XXX.XXX.XX.XX", "masked-address"),
    ] {
        assert_eq!(refused("SourceCidrIp", json!(text)), (code, "/SourceCidrIp".to_owned()), "{text}");
    }
    let masked = with_rule("SourceCidrIp", json!("10.159.6.18/12")).unwrap();
    assert_eq!(issues(&masked), ["note host-bits"]);
    assert_eq!(rules_of_a(&masked), ["in accept tcp 22/22 from 10.144.0.0/12 prio 1"]);
}

#[test]
fn the_own_account_is_no_foreign_owner() {
    let owner = |value| {
        let keys = json!({"SourceGroupId": "sg-b", "SourceGroupOwnerAccount": value});
        match with_keys(keys).unwrap().groups[0].rules[0].peer.clone() {
            RulePeer::Group { owner, .. } => owner.map(|owner| owner.to_string()),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(owner(json!("")), None);
    assert_eq!(owner(json!(null)), None);
    assert_eq!(owner(json!("1000")), None, "the account of the interfaces");
    assert_eq!(owner(json!(1000)), None);
    assert_eq!(owner(json!(1_000_000_000_000_002_u64)).as_deref(), Some("1000000000000002"));
    assert_eq!(owner(json!("owner@example.com")).as_deref(), Some("owner@example.com"));
    let float = json!({"SourceGroupId": "sg-b", "SourceGroupOwnerAccount": 1.8e19});
    assert_eq!(refusal(with_keys(float)).0, "wrong-type");
}

#[test]
fn rules_of_equal_content_count_once() {
    let inventory = with("sg-a.json", |answer| {
        let rules = answer["Permissions"]["Permission"].as_array_mut().unwrap();
        let mut twin = rules[0].clone();
        twin["SecurityGroupRuleId"] = json!("sgr-2");
        twin["Priority"] = json!("1");
        twin["IpProtocol"] = json!("tcp");
        rules.insert(0, twin);
    })
    .unwrap();
    assert_eq!(rules_of_a(&inventory).len(), 1);
    assert_eq!(inventory.groups[0].rules[0].id.as_ref().unwrap().as_str(), "sgr-1");
    let torn = with("sg-a.json", |answer| {
        let rules = answer["Permissions"]["Permission"].as_array_mut().unwrap();
        let mut twin = rules[0].clone();
        twin["Policy"] = json!("Drop");
        rules.push(twin);
    });
    assert_eq!(refusal(torn), ("conflicting-duplicates", "/Permissions/Permission/1".to_owned()));
}

#[test]
fn only_an_empty_list_in_its_wrapper_says_that_there_are_no_rules() {
    let known = with("sg-a.json", |answer| answer["Permissions"] = json!({"Permission": []})).unwrap();
    assert_eq!(issues(&known), [""; 0]);
    assert!(rule_gaps(&known, "sg-a").is_empty());
    let absent = with("sg-a.json", |answer| {
        answer.as_object_mut().unwrap().remove("Permissions");
    });
    let others = [json!({}), json!(null), json!({"Permission": null}), json!([])]
        .map(|shape| with("sg-a.json", |answer| answer["Permissions"] = shape));
    for inventory in others.into_iter().chain([absent]) {
        let inventory = inventory.unwrap();
        assert_eq!(issues(&inventory), ["error rules-not-returned"]);
        assert_eq!(rule_gaps(&inventory, "sg-a"), [(None, "rules-not-returned")]);
    }
    let bare = with("sg-a.json", |answer| {
        answer["Permissions"] = answer["Permissions"]["Permission"].clone();
    })
    .unwrap();
    assert_eq!(issues(&bare), [""; 0]);
    assert_eq!(rules_of_a(&bare).len(), 1);
    for shape in [json!("none"), json!({"Permission": {}}), json!({"Permission": [null]}), json!(3)] {
        let result = with("sg-a.json", |answer| answer["Permissions"] = shape);
        assert_eq!(refusal(result).0, "wrong-type");
    }
}
