//! Pages of one listing: joined when they are all there, missed when they are not.

use serde_json::{Value, json};
use sgleave::inventory::{Inventory, LoadError};

use super::{gaps, issues, read, refusal, rule_gaps, rules_of_a, whole, with};

/// The interface export of the whole fixture in three pages, with the calls that got them.
fn interface_pages() -> Vec<(String, Value)> {
    let tokens = [Value::Null, json!("tok-2"), json!("tok-3"), json!("")];
    (0..3)
        .map(|page| {
            let mut sets = json!([]);
            if page == 0 {
                sets = whole()[2].1["NetworkInterfaceSets"]["NetworkInterfaceSet"].clone();
            } else {
                let interface = json!({
                    "NetworkInterfaceId": format!("eni-x{page}"), "Type": "Secondary", "Status": "Available",
                    "VpcId": "vpc-a", "ZoneId": "cn-hangzhou-k", "OwnerId": "1000",
                    "PrivateIpAddress": format!("10.0.9.{page}"),
                    "SecurityGroupIds": {"SecurityGroupId": ["sg-a"]}
                });
                sets.as_array_mut().unwrap().push(interface);
            }
            let mut request = json!({"Action": "DescribeNetworkInterfaces", "RegionId": "cn-hangzhou"});
            if page > 0 {
                request["NextToken"] = tokens[page].clone();
            }
            let response = json!({
                "NextToken": tokens[page + 1], "NetworkInterfaceSets": {"NetworkInterfaceSet": sets}
            });
            (format!("interfaces-{page}.json"), json!({"request": request, "response": response}))
        })
        .collect()
}

fn read_with_pages(pages: &[(String, Value)]) -> Result<Inventory, LoadError> {
    let mut files = whole();
    files.retain(|(name, _)| name != "interfaces.json");
    files.extend_from_slice(pages);
    read(&files)
}

#[test]
fn with_their_calls_pages_are_chained_and_every_missing_one_is_found() {
    let pages = interface_pages();
    let inventory = read_with_pages(&pages).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    assert_eq!(inventory.interfaces.len(), 3);
    for missing in 0..3 {
        let mut rest = pages.clone();
        rest.remove(missing);
        let inventory = read_with_pages(&rest).unwrap();
        assert!(gaps(&inventory).contains(&"truncated-page"), "page {missing}");
        assert!(issues(&inventory).contains(&"error truncated-page".to_owned()), "page {missing}");
    }
}

#[test]
fn without_their_calls_pages_need_an_end() {
    let bare: Vec<(String, Value)> =
        interface_pages().into_iter().map(|(name, value)| (name, value["response"].clone())).collect();
    let inventory = read_with_pages(&bare).unwrap();
    assert_eq!(issues(&inventory), ["note unchained-pages"]);
    let inventory = read_with_pages(&bare[..2]).unwrap();
    assert_eq!(gaps(&inventory), ["truncated-page"]);
    let issue = &inventory.issues()[0];
    assert_eq!((issue.code, issue.pointer.as_str()), ("truncated-page", "/NextToken"));
}

#[test]
fn a_token_that_comes_back_is_a_loop() {
    let mut pages = interface_pages();
    for (_, page) in &mut pages {
        *page = page["response"].clone();
        page["NextToken"] = json!("tok-2");
    }
    pages[2].1["NextToken"] = json!("");
    let inventory = read_with_pages(&pages).unwrap();
    assert_eq!(gaps(&inventory), ["truncated-page"]);
    assert!(inventory.issues()[0].message.contains("same token"));
}

#[test]
fn in_page_number_mode_the_total_must_be_there() {
    let read = |total| {
        with("interfaces.json", |answer| {
            answer["PageNumber"] = json!("1");
            answer["TotalCount"] = json!(total);
        })
        .unwrap()
    };
    assert_eq!(issues(&read(1)), [""; 0]);
    let short = read(2);
    assert_eq!(gaps(&short), ["truncated-page"]);
    assert_eq!(short.issues()[0].pointer, "/TotalCount");
}

/// Pages of two regions that give a token each, without their calls.
fn open_regions() -> Vec<(String, Value)> {
    let mut pages: Vec<(String, Value)> = interface_pages()
        .into_iter()
        .take(2)
        .map(|(name, value)| (name, value["response"].clone()))
        .collect();
    pages[1].1["NetworkInterfaceSets"]["NetworkInterfaceSet"][0]["ZoneId"] = json!("cn-beijing-h");
    pages
}

#[test]
fn tokens_of_one_region_say_nothing_about_the_total_of_another() {
    let mut pages = open_regions();
    pages[1].1["NextToken"] = json!("");
    pages[1].1["PageNumber"] = json!(1);
    pages[1].1["TotalCount"] = json!(2);
    pages.push(("end.json".to_owned(), json!({"NetworkInterfaceSets": {"NetworkInterfaceSet": []}})));
    let inventory = read_with_pages(&pages).unwrap();
    assert_eq!(gaps(&inventory), ["truncated-page"]);
    assert_eq!(inventory.issues()[0].pointer, "/TotalCount");
}

#[test]
fn a_last_page_that_says_no_region_ends_one_listing() {
    let end = |file: &str, call: &str| {
        let answer = json!({"RequestId": call, "NetworkInterfaceSets": {"NetworkInterfaceSet": []}});
        (file.to_owned(), answer)
    };
    let read = |ends: &[(String, Value)]| read_with_pages(&[open_regions(), ends.to_vec()].concat()).unwrap();
    let truncated = |inventory: &Inventory| {
        inventory.issues().iter().filter(|issue| issue.code == "truncated-page").count()
    };
    assert_eq!(truncated(&read(&[])), 2);
    let one = read(&[end("end-1.json", "r-1")]);
    assert_eq!((truncated(&one), gaps(&one)), (1, vec!["truncated-page"]));
    // The same answer in two files is still one.
    assert_eq!(truncated(&read(&[end("end-1.json", "r-1"), end("end-2.json", "r-1")])), 1);
    let both = read(&[end("end-1.json", "r-1"), end("end-2.json", "r-2")]);
    assert_eq!((truncated(&both), gaps(&both)), (0, vec![]));
}

#[test]
fn a_cut_instance_listing_hides_interfaces_only_without_an_interface_export() {
    let cut = |value: &mut Value| value["NextToken"] = json!("tok-2");
    let inventory = with("instances.json", cut).unwrap();
    assert_eq!(issues(&inventory), ["error truncated-page"]);
    assert_eq!(gaps(&inventory), [""; 0]);
    let mut files = whole();
    files.retain(|(name, _)| name != "interfaces.json");
    files.iter_mut().filter(|(name, _)| name == "instances.json").for_each(|(_, value)| cut(value));
    assert_eq!(gaps(&read(&files).unwrap()), ["no-interface-export", "truncated-page"]);
}

#[test]
fn a_filter_in_the_call_hides_interfaces_unless_the_whole_listing_is_there_too() {
    let pages = interface_pages();
    let mut filtered = pages[0].clone();
    filtered.0 = "filtered.json".to_owned();
    filtered.1["request"]["Status"] = json!("InUse");
    filtered.1["response"]["NextToken"] = json!("");
    let inventory = read_with_pages(&[filtered.clone()]).unwrap();
    assert_eq!(gaps(&inventory), ["filtered-interfaces"]);
    let mut all = pages;
    all.push(filtered);
    let inventory = read_with_pages(&all).unwrap();
    assert_eq!(gaps(&inventory), [""; 0]);
    assert_eq!(issues(&inventory), ["note duplicate"]);
}

#[test]
fn pages_of_rules_are_joined() {
    let second = |change: fn(&mut Value)| {
        let mut files = whole();
        let at = files.iter().position(|(name, _)| name == "sg-a.json").unwrap();
        let mut page = files[at].1.clone();
        files[at].1["NextToken"] = json!("tok-2");
        page["Permissions"]["Permission"][0]["SecurityGroupRuleId"] = json!("sgr-2");
        page["Permissions"]["Permission"][0]["PortRange"] = json!("80/80");
        change(&mut page);
        files.push(("sg-a.2.json".to_owned(), page));
        read(&files)
    };
    let inventory = second(|_| {}).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    assert_eq!(rules_of_a(&inventory).len(), 2);
    assert!(rule_gaps(&inventory, "sg-a").is_empty());
    for change in [
        (|page| page["InnerAccessPolicy"] = json!("Drop")) as fn(&mut Value),
        |page| page["VpcId"] = json!("vpc-b"),
        |page| page["RegionId"] = json!("cn-beijing"),
    ] {
        assert_eq!(refusal(second(change)).0, "conflicting-duplicates");
    }
}

#[test]
fn two_whole_descriptions_of_a_group_must_be_equal() {
    let twice = |change: fn(&mut Value)| {
        let mut files = whole();
        let mut copy = files.iter().find(|(name, _)| name == "sg-a.json").unwrap().1.clone();
        change(&mut copy);
        files.push(("sg-a.copy.json".to_owned(), copy));
        read(&files)
    };
    assert_eq!(issues(&twice(|_| {}).unwrap()), ["note duplicate"]);
    let error = twice(|copy| copy["Permissions"]["Permission"][0]["Policy"] = json!("Drop")).unwrap_err();
    assert_eq!(error.code, "conflicting-duplicates");
    assert_eq!(error.source_name, "sg-a.json");
    assert!(error.message.contains("sg-a.copy.json"), "both places are named: {error}");
}

#[test]
fn rules_of_one_direction_leave_the_other_open() {
    let inventory = with("sg-a.json", |answer| {
        let request = json!({
            "Action": "DescribeSecurityGroupAttribute", "SecurityGroupId": "sg-a", "Direction": "ingress"
        });
        *answer = json!({"request": request, "response": answer.clone()});
    })
    .unwrap();
    assert_eq!(issues(&inventory), ["error filtered-rules"]);
    assert_eq!(rule_gaps(&inventory, "sg-a"), [(Some("egress".to_owned()), "filtered-rules")]);
}

#[test]
fn the_rule_count_only_warns_where_lists_are_used() {
    let mut files = whole();
    for (name, value) in &mut files {
        if name == "groups.json" {
            value["SecurityGroups"]["SecurityGroup"][0]["RuleCount"] = json!("12");
        }
        if name == "sg-a.json" {
            let rule = &mut value["Permissions"]["Permission"][0];
            rule["SourceCidrIp"] = json!("");
            rule["SourcePrefixListId"] = json!("pl-a");
        }
    }
    let list = json!({"PrefixListId": "pl-a", "AddressFamily": "IPv4", "MaxEntries": 10,
        "Entries": {"Entry": [{"Cidr": "10.0.0.0/8\n"}]}});
    files.push(("pl-a.json".to_owned(), list));
    let inventory = read(&files).unwrap();
    assert_eq!(issues(&inventory), ["warning rule-count-mismatch"]);
    assert!(rule_gaps(&inventory, "sg-a").is_empty());
    let more = with("groups.json", |value| {
        value["SecurityGroups"]["SecurityGroup"][0]["RuleCount"] = json!(0);
    });
    assert_eq!(issues(&more.unwrap()), ["note rule-count-mismatch"]);
}
