//! The inventory cases I01 to I10 of the conformance table.

use sgleave::inventory::{InnerAccessPolicy, InterfaceKind, Memberships, Network, RulePeer, load};

use super::{fixture, gaps, issues, refusal, rule_gaps, rules_of_a};

#[test]
fn a_whole_export_has_no_issue_and_no_gap() {
    let inventory = load(fixture("whole")).unwrap();
    assert_eq!(issues(&inventory), [""; 0]);
    assert_eq!(gaps(&inventory), [""; 0]);
    assert_eq!(inventory.instances.len(), 1);
    assert_eq!(inventory.interfaces.len(), 1);
    assert_eq!(inventory.groups.len(), 2);
    assert_eq!(rules_of_a(&inventory), ["in accept tcp 22/22 from 10.0.0.0/8 prio 1"]);
    let interface = &inventory.interfaces[0];
    assert_eq!(interface.kind, InterfaceKind::Primary);
    assert_eq!(interface.region.as_ref().unwrap().as_str(), "cn-hangzhou");
    assert_eq!(interface.memberships, Memberships::Known(vec!["sg-a".into(), "sg-b".into()].into()));
}

#[test]
fn i01_interfaces_listed_by_group_hide_the_primary_ones() {
    let inventory = load(fixture("i01-interfaces-by-group")).unwrap();
    assert_eq!(gaps(&inventory), ["filtered-interfaces"]);
    assert_eq!(issues(&inventory), ["error filtered-interfaces"]);
    // The primary interface is made from the instance, so that its own flows are still answered.
    assert_eq!(inventory.interfaces.len(), 2);
}

#[test]
fn i02_an_instance_export_does_not_know_the_groups_of_secondary_interfaces() {
    let inventory = load(fixture("i02-instance-with-two-interfaces")).unwrap();
    assert_eq!(gaps(&inventory), ["no-interface-export"]);
    assert_eq!(issues(&inventory), ["error memberships-unknown", "error no-interface-export"]);
    assert_eq!(
        inventory.interfaces[0].memberships,
        Memberships::Known(vec!["sg-a".into(), "sg-b".into()].into())
    );
    assert_eq!(inventory.interfaces[1].memberships, Memberships::Unknown);
}

#[test]
fn i03_a_next_token_without_its_page_leaves_the_rules_open() {
    let inventory = load(fixture("i03-rules-with-next-token")).unwrap();
    assert_eq!(issues(&inventory), ["error truncated-page"]);
    assert_eq!(inventory.issues()[0].source, "sg-a.json");
    assert_eq!(inventory.issues()[0].pointer, "/NextToken");
    assert_eq!(rule_gaps(&inventory, "sg-a"), [(None, "truncated-page")]);
    assert_eq!(rules_of_a(&inventory).len(), 1, "the known rules stay");
}

#[test]
fn i04_total_count_means_nothing_in_token_mode() {
    let inventory = load(fixture("i04-total-count-in-token-mode")).unwrap();
    assert_eq!(issues(&inventory), ["note unchained-pages"]);
    assert_eq!(gaps(&inventory), [""; 0]);
}

#[test]
fn i05_a_rule_may_name_a_group_that_nobody_describes() {
    let inventory = load(fixture("i05-rule-names-unknown-group")).unwrap();
    // The members are known from the interfaces (law AM1), so nothing is missing.
    assert_eq!(issues(&inventory), ["warning unknown-group"]);
    assert_eq!(inventory.issues()[0].pointer, "/Permissions/Permission/0");
    let rule = &inventory.groups[0].rules[0];
    assert!(matches!(&rule.peer, RulePeer::Group { id, owner: None } if id.as_str() == "sg-gone"));
    assert_eq!(rule.unevaluable, None);
}

#[test]
fn i06_a_group_without_its_attribute_has_unknown_rules_and_policy() {
    let inventory = load(fixture("i06-group-without-attribute")).unwrap();
    assert_eq!(issues(&inventory), ["error no-attribute-export"]);
    assert_eq!(rule_gaps(&inventory, "sg-b"), [(None, "no-attribute-export")]);
    assert_eq!(inventory.groups[1].inner_access, None);
    assert_eq!(inventory.groups[0].inner_access, Some(InnerAccessPolicy::Accept));
}

#[test]
fn i07_a_priority_is_the_same_as_text_and_as_number() {
    let text = load(fixture("i07-priority-as-text")).unwrap();
    let number = load(fixture("whole")).unwrap();
    assert_eq!(text, number);
    assert_eq!(text.digest(), number.digest());
}

#[test]
fn i08_a_classic_group_is_read_and_said_to_be_one() {
    let inventory = load(fixture("i08-classic-group")).unwrap();
    assert_eq!(issues(&inventory), ["warning classic-network"]);
    assert_eq!(inventory.groups[1].network, Network::Classic);
}

#[test]
fn i09_an_instance_and_its_primary_interface_agree_about_the_groups() {
    assert_eq!(
        refusal(load(fixture("i09-torn-snapshot"))),
        ("torn-snapshot", "/NetworkInterfaceSets/NetworkInterfaceSet/0/SecurityGroupIds".to_owned())
    );
}

#[test]
fn i10_fewer_rules_than_the_count_says_leaves_the_rules_open() {
    let inventory = load(fixture("i10-rule-count")).unwrap();
    assert_eq!(issues(&inventory), ["warning rule-count-mismatch"]);
    assert_eq!(inventory.issues()[0].pointer, "/SecurityGroups/SecurityGroup/0/RuleCount");
    assert_eq!(rule_gaps(&inventory, "sg-a"), [(None, "rule-count-mismatch")]);
    assert_eq!(rule_gaps(&inventory, "sg-b"), []);
}
