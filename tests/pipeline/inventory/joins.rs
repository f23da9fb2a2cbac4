//! What several answers say about one thing: joined where they agree, refused where they do not.

use serde_json::{Value, json};
use sgleave::inventory::{AddressKind, InterfaceKind, Inventory, LoadError, Memberships, Network};

use super::{gaps, issues, read, refusal, whole, with};

fn interface(change: impl FnOnce(&mut Value)) -> impl FnOnce(&mut Value) {
    |answer| change(&mut answer["NetworkInterfaceSets"]["NetworkInterfaceSet"][0])
}

fn instance(change: impl FnOnce(&mut Value)) -> impl FnOnce(&mut Value) {
    |answer| change(&mut answer["Instances"]["Instance"][0])
}

#[test]
fn an_interface_without_a_list_of_groups_may_be_in_any() {
    for shape in [json!(null), json!({}), json!({"SecurityGroupId": null}), json!({"SecurityGroupId": []})] {
        let inventory = with("interfaces.json", interface(|eni| eni["SecurityGroupIds"] = shape)).unwrap();
        assert_eq!(issues(&inventory)[0], "error memberships-unknown");
        assert_eq!(inventory.interfaces[0].memberships, Memberships::Unknown);
    }
}

#[test]
fn every_kind_of_address_is_read_once() {
    let change = interface(|eni| {
        eni["PrivateIpSets"] = json!({"PrivateIpSet": [
            {"PrivateIpAddress": "10.0.0.1", "Primary": true},
            {"PrivateIpAddress": "10.0.0.7", "Primary": false}
        ]});
        eni["Ipv6Sets"] = json!({"Ipv6Set": [{"Ipv6Address": "2001:DB8::1"}]});
        eni["Ipv4PrefixSets"] = json!({"Ipv4PrefixSet": [{"Ipv4Prefix": "10.0.1.0/28"}]});
        eni["Ipv6PrefixSets"] = json!({"Ipv6PrefixSet": [{"Ipv6Prefix": "2001:db8:1::/80"}]});
    });
    let inventory = with("interfaces.json", change).unwrap();
    let addresses: Vec<(String, AddressKind)> = inventory.interfaces[0]
        .addresses
        .iter()
        .map(|address| (address.block.to_string(), address.kind))
        .collect();
    assert_eq!(
        addresses,
        [
            ("10.0.0.1/32".to_owned(), AddressKind::Primary),
            ("10.0.0.7/32".to_owned(), AddressKind::Secondary),
            ("10.0.1.0/28".to_owned(), AddressKind::Prefix),
            ("2001:db8::1/128".to_owned(), AddressKind::Ipv6),
            ("2001:db8:1::/80".to_owned(), AddressKind::Prefix),
        ]
    );
    for text in ["10.0.0.0/24", "2001:db8::1", "172.30.03.33", "hide"] {
        let result = with("interfaces.json", interface(|eni| eni["PrivateIpAddress"] = json!(text)));
        assert_eq!(
            refusal(result),
            ("invalid-address", "/NetworkInterfaceSets/NetworkInterfaceSet/0/PrivateIpAddress".to_owned())
        );
    }
}

#[test]
fn an_interface_without_an_address_is_missing_evidence() {
    let change = interface(|eni| {
        eni["PrivateIpAddress"] = json!("");
        eni["PrivateIpSets"] = json!({"PrivateIpSet": null});
    });
    let inventory = with("interfaces.json", change).unwrap();
    assert_eq!(issues(&inventory), ["error interface-without-address"]);
    assert_eq!(gaps(&inventory), ["interface-without-address"]);
}

#[test]
fn the_instance_of_an_interface_may_stand_in_its_attachment() {
    let change = interface(|eni| {
        eni["InstanceId"] = json!("");
        eni["Attachment"] = json!({"InstanceId": "i-1", "DeviceIndex": 0, "TrunkNetworkInterfaceId": null});
    });
    let inventory = with("interfaces.json", change).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    assert_eq!(inventory.interfaces[0].instance.as_ref().unwrap().as_str(), "i-1");
    let torn = interface(|eni| eni["Attachment"] = json!({"InstanceId": "i-2"}));
    assert_eq!(refusal(with("interfaces.json", torn)).0, "contradictory");
}

#[test]
fn an_instance_that_only_an_interface_names_is_added() {
    let mut files = whole();
    files.retain(|(name, _)| name != "instances.json");
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), ["warning instance-not-exported"]);
    assert_eq!(inventory.instances[0].id.as_str(), "i-1");
    assert_eq!(inventory.instances[0].status.as_str(), "");
}

#[test]
fn an_instance_without_interfaces_has_a_primary_one() {
    let mut files = whole();
    files.retain(|(name, _)| name != "interfaces.json");
    for (name, value) in &mut files {
        if name == "instances.json" {
            value["Instances"]["Instance"][0].as_object_mut().unwrap().remove("NetworkInterfaces");
        }
    }
    let inventory = read(&files).unwrap();
    let primary = &inventory.interfaces[0];
    assert_eq!(primary.id.as_str(), "i-1/primary");
    assert_eq!(primary.kind, InterfaceKind::Primary);
    assert_eq!(primary.addresses[0].block.to_string(), "10.0.0.1/32");
    assert_eq!(primary.network, Network::Vpc("vpc-a".into()));
}

#[test]
fn an_interface_that_the_interface_export_lacks_shows_that_others_may_be_missing() {
    let change = instance(|instance| {
        let nested = instance["NetworkInterfaces"]["NetworkInterface"].as_array_mut().unwrap();
        nested.push(
            json!({"NetworkInterfaceId": "eni-2", "Type": "Secondary", "PrimaryIpAddress": "10.0.0.2"}),
        );
    });
    let inventory = with("instances.json", change).unwrap();
    assert_eq!(gaps(&inventory), ["interface-not-exported"]);
    assert_eq!(issues(&inventory), ["error interface-not-exported", "error memberships-unknown"]);
}

#[test]
fn answers_of_different_times_are_refused() {
    let moved = interface(|eni| eni["InstanceId"] = json!("i-2"));
    assert_eq!(refusal(with("interfaces.json", moved)).0, "torn-snapshot");
    let replaced = instance(|instance| {
        instance["NetworkInterfaces"]["NetworkInterface"][0]["NetworkInterfaceId"] = json!("eni-9");
    });
    assert_eq!(refusal(with("instances.json", replaced)).0, "torn-snapshot");
}

#[test]
fn an_instance_shows_no_address_and_no_vpc_that_its_interface_lacks() {
    let nested = |key: &str, value: Value| {
        with(
            "instances.json",
            instance(|instance| instance["NetworkInterfaces"]["NetworkInterface"][0][key] = value),
        )
    };
    let torn = |result: Result<Inventory, LoadError>| {
        let error = result.unwrap_err();
        assert_eq!(error.code, "torn-snapshot");
        assert!(error.message.contains("`eni-1`") && error.message.contains("`i-1`"), "{error}");
        error.pointer.unwrap()
    };
    let place = "/NetworkInterfaceSets/NetworkInterfaceSet/0";
    assert_eq!(torn(nested("PrimaryIpAddress", json!("10.0.0.9"))), place);
    let sets = json!({"PrivateIpSet": [{"PrivateIpAddress": "10.0.0.9", "Primary": false}]});
    assert_eq!(torn(nested("PrivateIpSets", sets)), place);
    assert_eq!(torn(nested("Ipv6Sets", json!({"Ipv6Set": [{"Ipv6Address": "2001:db8::1"}]}))), place);
    let prefixes = json!({"Ipv4PrefixSet": [{"Ipv4Prefix": "10.0.1.0/28"}]});
    assert_eq!(torn(nested("Ipv4PrefixSets", prefixes)), place);
    assert_eq!(issues(&nested("PrivateIpSets", json!(null)).unwrap()), [""; 0], "fewer is no contradiction");

    let vpc = instance(|instance| instance["VpcAttributes"]["VpcId"] = json!("vpc-b"));
    assert_eq!(torn(with("instances.json", vpc)), format!("{place}/VpcId"));
    // Old answers do not list the interfaces of an instance.
    let old = instance(|instance| {
        instance["NetworkInterfaces"] = json!(null);
        instance["VpcAttributes"]["PrivateIpAddress"]["IpAddress"] = json!(["10.0.0.9"]);
    });
    assert_eq!(torn(with("instances.json", old)), place);
}

#[test]
fn two_interfaces_with_one_address_are_missing_evidence() {
    let inventory = with("interfaces.json", |answer| {
        let sets = answer["NetworkInterfaceSets"]["NetworkInterfaceSet"].as_array_mut().unwrap();
        let mut twin = sets[0].clone();
        twin["NetworkInterfaceId"] = json!("eni-2");
        twin["Type"] = json!("Secondary");
        twin["InstanceId"] = json!("");
        sets.push(twin);
    })
    .unwrap();
    assert_eq!(gaps(&inventory), ["repeated-address"]);
    assert_eq!(issues(&inventory), ["error repeated-address"]);
}

#[test]
fn addresses_of_one_interface_never_overlap_and_those_of_two_are_compared_as_blocks() {
    let own =
        interface(|eni| eni["Ipv4PrefixSets"] = json!({"Ipv4PrefixSet": [{"Ipv4Prefix": "10.0.0.0/30"}]}));
    let inventory = with("interfaces.json", own).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    let blocks: Vec<String> =
        inventory.interfaces[0].addresses.iter().map(|address| address.block.to_string()).collect();
    assert_eq!(blocks, ["10.0.0.0/32", "10.0.0.1/32", "10.0.0.2/31"]);

    // The prefix of one holds the address of another, with addresses of other VPCs between them.
    let other = |vpc: &str, prefix: &str| {
        let inventory = with("interfaces.json", |answer| {
            let sets = answer["NetworkInterfaceSets"]["NetworkInterfaceSet"].as_array_mut().unwrap();
            sets.push(json!({
                "NetworkInterfaceId": "eni-2", "Type": "Secondary", "Status": "Available", "VpcId": vpc,
                "OwnerId": "1000", "PrivateIpAddress": "10.0.9.9",
                "SecurityGroupIds": {"SecurityGroupId": ["sg-other"]},
                "Ipv4PrefixSets": {"Ipv4PrefixSet": [{"Ipv4Prefix": prefix}]}
            }));
        })
        .unwrap();
        gaps(&inventory)
    };
    assert_eq!(other("vpc-a", "10.0.0.0/28"), ["repeated-address"]);
    assert_eq!(other("vpc-a", "10.0.1.0/28"), [""; 0]);
    assert_eq!(other("vpc-b", "10.0.0.0/28"), [""; 0]);
}

#[test]
fn one_id_has_one_content() {
    let copy = |change: fn(&mut Value)| {
        with("interfaces.json", |answer| {
            let sets = answer["NetworkInterfaceSets"]["NetworkInterfaceSet"].as_array_mut().unwrap();
            let mut twin = sets[0].clone();
            change(&mut twin);
            sets.push(twin);
        })
    };
    assert_eq!(issues(&copy(|_| {}).unwrap()), ["note duplicate"]);
    let error = copy(|twin| twin["Status"] = json!("Detaching")).unwrap_err();
    assert_eq!(error.code, "conflicting-duplicates");
    assert_eq!(error.pointer.as_deref(), Some("/NetworkInterfaceSets/NetworkInterfaceSet/1"));
    assert!(error.message.contains("/NetworkInterfaceSets/NetworkInterfaceSet/0"));
}

/// Files are named by strangers, and a message is one line.
#[test]
fn a_conflict_names_the_other_file_without_its_line_breaks() {
    let mut files = whole();
    let (_, mut torn) = files.iter().find(|(name, _)| name == "groups.json").unwrap().clone();
    torn["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupName"] = json!("another");
    files.push(("a\nb\u{202e}.json".to_owned(), torn));
    let error = read(&files).unwrap_err();
    assert_eq!((error.code, error.source_name.as_str()), ("conflicting-duplicates", "groups.json"));
    assert!(error.message.contains("in a\\u{a}b\\u{202e}.json at /SecurityGroups/"), "{}", error.message);
}

#[test]
fn an_interface_is_in_the_network_of_its_groups() {
    let mut files = whole();
    files.retain(|(name, _)| name != "instances.json");
    for (_, answer) in files.iter_mut().filter(|(name, _)| name == "interfaces.json") {
        interface(|eni| eni["VpcId"] = json!("vpc-b"))(answer);
    }
    assert_eq!(
        refusal(read(&files)),
        ("contradictory", "/NetworkInterfaceSets/NetworkInterfaceSet/0/VpcId".to_owned())
    );
    let mixed = with("groups.json", |answer| {
        answer["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupType"] = json!("enterprise");
    });
    assert_eq!(refusal(mixed).0, "mixed-group-types");
    let future = with("groups.json", |answer| {
        answer["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupType"] = json!("premium");
    });
    assert_eq!(refusal(future).0, "invalid-group-type");
}

#[test]
fn a_group_held_and_described_by_nobody_is_missing_evidence() {
    let mut files = whole();
    files.retain(|(name, _)| name != "sg-b.json");
    for (name, value) in &mut files {
        if name == "groups.json" {
            value["SecurityGroups"]["SecurityGroup"].as_array_mut().unwrap().pop();
        }
    }
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), ["error undescribed-group"]);
    assert_eq!(inventory.groups.len(), 1);
}

#[test]
fn a_group_type_that_no_answer_tells_is_unknown() {
    let mut files = whole();
    files.retain(|(name, _)| name != "groups.json");
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), ["error no-group-export", "error no-group-export"]);
    assert_eq!(inventory.groups[0].group_type, None);
    let silent = with("groups.json", |answer| {
        answer["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupType"] = json!(null);
    });
    assert_eq!(issues(&silent.unwrap()), ["error group-type-unknown"]);
}

#[test]
fn ids_are_opaque_but_whole() {
    for (id, code) in [
        ("sg-bp1****", "masked-id"),
        ("sg-\u{202e}a", "invalid-id"),
        ("sg a", "invalid-id"),
        ("sg-\"a", "invalid-id"),
        ("", "missing-id"),
    ] {
        let result = with("groups.json", |answer| {
            answer["SecurityGroups"]["SecurityGroup"][0]["SecurityGroupId"] = json!(id);
        });
        assert_eq!(
            refusal(result),
            (code, "/SecurityGroups/SecurityGroup/0/SecurityGroupId".to_owned()),
            "{id}"
        );
    }
    for id in ["AY121018033933eaxxxxx", "130A89D5-B753-1C1F-9356-1F4C89E814D3", "i-1\n"] {
        let mut files = whole();
        files.retain(|(name, _)| name == "instances.json");
        files[0].1["Instances"]["Instance"][0]["InstanceId"] = json!(id);
        assert_eq!(read(&files).unwrap().instances[0].id.as_str(), id.trim());
    }
}

#[test]
fn lists_consumers_and_references_are_read() {
    let mut files = whole();
    let add = |files: &mut Vec<(String, Value)>, name: &str, value| files.push((name.to_owned(), value));
    add(
        &mut files,
        "port-list.prl-a.json",
        json!({"Entries": [{"PortRange": "443/443\n"}, {"PortRange": "80/90"}, {"PortRange": "85/100"}]}),
    );
    add(
        &mut files,
        "port-lists.json",
        json!({"PortRangeLists": [{"PortRangeListId": "prl-a", "MaxEntries": 20, "Tags": []}]}),
    );
    for (_, answer) in files.iter_mut().filter(|(name, _)| name == "sg-b.json") {
        answer["Permissions"]["Permission"] = json!([{"Direction": "egress", "IpProtocol": "ALL",
            "PortRange": "-1/-1", "Priority": 1, "Policy": "Accept", "DestGroupId": "sg-a"}]);
    }
    add(
        &mut files,
        "references.json",
        json!({"SecurityGroupReferences": {"SecurityGroupReference": [{"SecurityGroupId": "sg-a",
        "ReferencingSecurityGroups": {"ReferencingSecurityGroup": [
            {"SecurityGroupId": "sg-b", "AliUid": "1000"}, {"SecurityGroupId": "sg-x", "AliUid": 2000}
        ]}}]}}),
    );
    add(
        &mut files,
        "references.flat.json",
        json!({"SecurityGroupReferences": [{"SecurityGroupId": "sg-a",
            "SecurityReferencingGroups": [{"SecurityGroupId": "sg-x", "AliUid": "2000"}]}]}),
    );
    add(
        &mut files,
        "rds.json",
        json!({"DBInstanceName": "rm-1", "RequestId": "r", "Items": {"EcsSecurityGroupRelation": [
            {"SecurityGroupId": "sg-a", "RegionId": "cn-hangzhou", "NetworkType": "vpc"}]}}),
    );
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    let list = &inventory.port_lists["prl-a"];
    assert_eq!(list.entries.iter().map(ToString::to_string).collect::<Vec<_>>(), ["80-100", "443"]);
    assert_eq!(list.max_entries, Some(20));
    assert_eq!(inventory.foreign_references.len(), 1);
    assert_eq!(inventory.foreign_references[0].referencing.as_str(), "sg-x");
    assert_eq!(inventory.consumers[0].id, "rm-1");
    assert_eq!(inventory.consumers[0].kind, "rds");
}

#[test]
fn entries_that_are_not_there_are_not_an_empty_list() {
    let mut files = whole();
    files.push(("pl.json".to_owned(), json!({"PrefixListId": "pl-a", "Entries": {"Entry": null}})));
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), ["error entries-not-returned"]);
    assert!(inventory.prefix_lists.is_empty());
    files.last_mut().unwrap().1["Entries"]["Entry"] = json!([]);
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    assert!(inventory.prefix_lists["pl-a"].entries.is_empty());
}

#[test]
fn a_region_comes_from_the_instance_then_the_zone_then_a_group() {
    let region = |keep_instance: bool, zone: Value| {
        let mut files = whole();
        for (name, value) in &mut files {
            if name == "instances.json" && !keep_instance {
                *value = json!({"Instances": {"Instance": []}});
            }
            if name == "interfaces.json" {
                value["NetworkInterfaceSets"]["NetworkInterfaceSet"][0]["ZoneId"] = zone.clone();
            }
            if name == "groups.json" || name.starts_with("sg-") {
                value["RegionId"] = json!("of-group");
            }
        }
        let inventory = read(&files).unwrap();
        inventory.interfaces[0].region.as_ref().unwrap().to_string()
    };
    assert_eq!(region(true, json!("ap-southeast-1a")), "cn-hangzhou");
    assert_eq!(region(false, json!("ap-southeast-1a")), "ap-southeast-1");
    assert_eq!(region(false, json!(null)), "of-group");
}
