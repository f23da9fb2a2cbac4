//! What the API would refuse, and what cannot be checked: each on the limit and just beyond it.

use sgleave::graph::SecurityGraph;
use sgleave::inventory::Inventory;
use sgleave::simulate::{JudgedRemoval, Options, Quotas, Removal, RemovalError, TargetForm, judge};
use sgleave::testing::world;

fn moved(target: &str, group: &str, join: Option<&str>) -> Removal {
    Removal { target: target.to_owned(), group: group.to_owned(), join: join.map(str::to_owned) }
}

fn judged(
    inventory: Inventory,
    removals: &[Removal],
    quotas: Quotas,
) -> Result<Vec<JudgedRemoval>, RemovalError> {
    judge(&SecurityGraph::new(inventory), removals, &Options { quotas, ..Options::default() })
}

fn codes(text: &str, removals: &[Removal], quotas: Quotas) -> Vec<&'static str> {
    let judged = judged(world(text).unwrap(), removals, quotas).unwrap();
    judged.iter().flat_map(|one| &one.refusals).map(|refusal| refusal.code).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn the_ids_that_look_most_like_an_unknown_one_come_first() {
    let inventory = world("web1{normal}; web2{normal}; database{normal}; A=10.0.0.1 [web1]").unwrap();
    let Err(RemovalError::UnknownGroup { nearest, .. }) =
        judged(inventory, &[moved("i-A", "sg-web2x", None)], Quotas::default())
    else {
        panic!("the group exists")
    };
    assert_eq!(nearest, ["sg-web2", "sg-web1"]);
}

#[test]
fn two_groups_to_join_instead_of_one_are_a_conflict_and_one_named_twice_is_not() {
    let world = || world("G{normal}; J{normal}; L{normal}; A=10.0.0.1 [G]").unwrap();
    let (one, other) = (moved("i-A", "sg-G", Some("sg-J")), moved("eni-A", "sg-G", Some("sg-L")));
    let error = judged(world(), &[one.clone(), other], Quotas::default()).unwrap_err();
    assert!(matches!(error, RemovalError::Conflicting { .. }), "{error}");
    assert_eq!(judged(world(), &[one.clone(), one], Quotas::default()).unwrap().len(), 1);
}

#[test]
fn a_last_group_is_counted_for_each_interface() {
    let world = "G{normal}; H{normal}; A=10.0.0.1 [G,H]; B.2=10.0.0.2 [G]";
    let all = [moved("i-A", "sg-G", None), moved("i-A", "sg-H", None), moved("eni-B.2", "sg-G", None)];
    let told: Vec<(&str, String)> = judged(sgleave::testing::world(world).unwrap(), &all, Quotas::default())
        .unwrap()
        .into_iter()
        .flat_map(|one| one.refusals)
        .map(|refusal| (refusal.code, refusal.message))
        .collect();
    let together = "the 2 removals of eni-A together leave it in no group".to_owned();
    let last = "sg-G is the last group of eni-B.2".to_owned();
    let expected = [
        ("InstanceLastSecurityGroup", together.clone()),
        ("InstanceLastSecurityGroup", together),
        ("InvalidOperation.AtLeastInOneGroup", last),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_primary_interface_without_an_instance_is_named_by_itself() {
    let form = |instance: bool| {
        let mut inventory = world("G{normal}; H{normal}; A=10.0.0.1 [G,H]").unwrap();
        if !instance {
            inventory.interfaces[0].instance = None;
        }
        judged(inventory, &[moved("eni-A", "sg-G", None)], Quotas::default()).unwrap()[0].form
    };
    assert_eq!((form(true), form(false)), (TargetForm::Instance, TargetForm::Interface));
}

#[test]
fn a_group_stands_twice_only_in_the_list_of_one_interface() {
    let world = "G{normal}; H{normal}; J{normal}; A=10.0.0.1 [G,H]; B=10.0.0.2 [G]; C=10.0.0.3 [G,H]";
    let two = [moved("i-A", "sg-G", Some("sg-J")), moved("i-B", "sg-G", Some("sg-J"))];
    assert_eq!(codes(world, &two, Quotas::default()), NONE);
    let twice = [moved("i-C", "sg-G", Some("sg-J")), moved("i-C", "sg-H", Some("sg-J"))];
    assert_eq!(codes(world, &twice, Quotas::default()), ["InvalidParameter.SecurityGroupIdRepeated"; 2]);
}

#[test]
fn a_quota_is_reached_before_it_is_exceeded() {
    let most = Quotas::default();
    let basic = "G{normal}; J{normal}; A=10.0.0.1,10.0.0.2 [G]; B=10.0.0.3 [J]; G: in 1 accept tcp from ::/0;
        J: in 1 accept tcp from 10.0.0.0/8; J: in 1 accept udp from 10.0.0.0/8";
    let enterprise = "G{enterprise}; J{enterprise}; A=10.0.0.1,10.0.0.2 [G]; B=10.0.0.3 [J]";
    let joins = [moved("i-A", "sg-G", Some("sg-J"))];
    for less in [0, 1] {
        for (world, quotas, code) in [
            (basic, Quotas { groups_per_interface: 2 - less, ..most }, "JoinedGroupLimitExceed"),
            (basic, Quotas { rules_per_interface: 3 - less, ..most }, "AclLimitExceed"),
            (basic, Quotas { addresses_per_group: 3 - less, ..most }, "SecurityGroupInstanceLimitExceeded"),
            (
                enterprise,
                Quotas { interfaces_per_enterprise_group: 2 - less, ..most },
                "InvalidOperation.NetworkInterfaceCountExceeded",
            ),
        ] {
            let expected: Vec<&str> = Some(code).into_iter().filter(|_| less == 1).collect();
            assert_eq!(codes(world, &joins, quotas), expected, "{code}");
        }
    }
}

#[test]
fn the_number_of_rules_is_known_when_every_rule_and_list_is() {
    let what = "number of rules of every group in the new list";
    let joins = [moved("i-A", "sg-G", Some("sg-J"))];
    for (more, is_known) in [
        ("", true),
        ("J: gap in", false),
        ("J: in 1 accept tcp 80/80 from pl:unread", false),
        ("J: in 1 accept tcp prl:unread from 10.0.0.0/8", false),
        (
            "J: in 1 accept tcp prl:web from pl:office; pl:office = 10.0.0.0/16; prl:web = 80/80, 443/443",
            true,
        ),
        ("J: in 1 accept tcp 80/80 from sg:G", true),
    ] {
        let text = format!("G{{normal}}; J{{normal}}; A=10.0.0.1 [G]; {more}");
        let judged = judged(world(&text).unwrap(), &joins, Quotas::default()).unwrap();
        assert_eq!(!judged[0].unchecked.contains(&what), is_known, "{more}");
    }
}
