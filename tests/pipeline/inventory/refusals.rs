//! What an answer must say before a removal is not refused: no word is not a "no".

use serde_json::{Value, json};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{InterfaceKind, Inventory, LoadError};
use sgleave::simulate::{Options, Removal, simulate};

use super::{read, whole, with};

/// Leaves `sg-b`, which has no rules and another member; returns the verdict, what was not checked, and the refusals.
fn leave(inventory: Result<Inventory, LoadError>) -> (&'static str, Vec<&'static str>, Vec<&'static str>) {
    let mut inventory = inventory.unwrap();
    let mut other = inventory.interfaces[0].clone();
    other.id = "eni-2".into();
    other.kind = InterfaceKind::Secondary;
    other.addresses[0].block = "10.0.0.2/32".parse().unwrap();
    inventory.interfaces.push(other);
    let graph = SecurityGraph::new(inventory);
    let removal = Removal { target: "i-1".to_owned(), group: "sg-b".to_owned(), join: None };
    let simulation = simulate(&graph, &[removal], &Options::default()).unwrap();
    let [judged] = simulation.removals.as_slice() else { panic!("one removal") };
    let refusals = judged.refusals.iter().map(|refusal| refusal.code).collect();
    (simulation.verdict.name(), judged.unchecked.clone(), refusals)
}

fn instance(locks: Value) -> Result<Inventory, LoadError> {
    with("instances.json", |answer| answer["Instances"]["Instance"][0]["OperationLocks"] = locks)
}

#[test]
fn an_answer_without_operation_locks_does_not_say_that_there_are_none() {
    for none in [json!({"LockReason": []}), json!([]), json!({"LockReason": [{"LockReason": "financial"}]})] {
        assert_eq!(leave(instance(none)), ("safe", vec![], vec![]));
    }
    for silent in [json!(null), json!({}), json!({"LockReason": null})] {
        assert_eq!(leave(instance(silent)), ("undetermined", vec!["operation locks"], vec![]));
    }
    let absent = with("instances.json", |answer| {
        answer["Instances"]["Instance"][0].as_object_mut().unwrap().remove("OperationLocks");
    });
    assert_eq!(leave(absent), ("undetermined", vec!["operation locks"], vec![]));
    let locked = instance(json!({"LockReason": [{"LockReason": "Security"}]}));
    assert_eq!(leave(locked), ("impact", vec![], vec!["InstanceLockedForSecurity"]));
}

#[test]
fn an_answer_without_service_managed_does_not_say_no() {
    let group = |value: Value| {
        with("groups.json", |answer| answer["SecurityGroups"]["SecurityGroup"][1]["ServiceManaged"] = value)
    };
    let interface = |value: Value| {
        with("interfaces.json", |answer| {
            answer["NetworkInterfaceSets"]["NetworkInterfaceSet"][0]["ServiceManaged"] = value;
        })
    };
    for no in [json!(false), json!("False")] {
        assert_eq!(leave(group(no.clone())), ("safe", vec![], vec![]));
        assert_eq!(leave(interface(no)), ("safe", vec![], vec![]));
    }
    for silent in [json!(null), json!("")] {
        assert_eq!(leave(group(silent.clone())), ("undetermined", vec!["management of the group"], vec![]));
        assert_eq!(leave(interface(silent)), ("undetermined", vec!["management of the interface"], vec![]));
    }
    let managed = "InvalidOperation.ResourceManagedByCloudProduct";
    assert_eq!(leave(group(json!(true))), ("impact", vec![], vec![managed]));
    assert_eq!(
        leave(interface(json!("true"))),
        ("impact", vec![], vec!["InvalidOperation.EniServiceManaged"])
    );

    let mut files = whole();
    files.retain(|(name, _)| name != "groups.json");
    assert_eq!(leave(read(&files)).1, ["management of the group"]);
}
