//! Neither the order of files, documents, pages, rules and keys nor the names of the files change what is read.

use serde_json::{Map, Value};
use sgleave::inventory::{Inventory, load};

use super::{document, fixture, fixtures};

/// A small generator: the same numbers on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end as u64).unwrap()
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Writes a value with its keys and elements in another order.
fn scramble(value: &Value, dice: &mut Dice) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<(&String, &Value)> = Map::iter(map).collect();
            dice.shuffle(&mut keys);
            let members: Vec<String> = keys
                .into_iter()
                .map(|(key, value)| format!("{} :{}", Value::from(key.as_str()), scramble(value, dice)))
                .collect();
            format!("{{{}}}", members.join(",\n"))
        }
        Value::Array(elements) => {
            let mut elements: Vec<String> = elements.iter().map(|element| scramble(element, dice)).collect();
            dice.shuffle(&mut elements);
            format!("[{}]", elements.join(" , "))
        }
        scalar => scalar.to_string(),
    }
}

/// Removes what says where something stands.
fn without_places(mut inventory: Inventory) -> Inventory {
    for issue in &mut inventory.issues {
        issue.source.clear();
        issue.pointer.clear();
        issue.message.clear();
    }
    inventory.issues.sort();
    inventory
}

#[test]
fn order_and_names_change_nothing() {
    let mut dice = Dice(0x5eed_1234_abcd_0001);
    let mut names: Vec<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .filter(|name| name != "i09-torn-snapshot")
        .collect();
    names.sort();
    assert!(names.len() >= 10);
    for name in names {
        let sources = fixture(&name);
        let expected = load(sources.clone()).unwrap();
        for round in 0..8 {
            let mut shuffled: Vec<_> = sources
                .iter()
                .map(|source| {
                    let value: Value = serde_json::from_slice(&source.bytes).unwrap();
                    let file = format!("{}.json", dice.below(1_000_000));
                    super::source(&file, scramble(&value, &mut dice))
                })
                .collect();
            dice.shuffle(&mut shuffled);
            let read = load(shuffled).unwrap();
            assert_eq!(read.digest(), expected.digest(), "{name} round {round}");
            assert_eq!(
                without_places(read),
                without_places(expected.clone()),
                "{name} round {round}"
            );
        }
    }
}

#[test]
fn every_part_of_the_model_is_in_the_fingerprint() {
    let base = load(fixture("whole")).unwrap().digest();
    for (file, path, value) in [
        ("instances.json", "/Instances/Instance/0/Status", "Stopped"),
        ("instances.json", "/Instances/Instance/0/InstanceName", "other"),
        (
            "interfaces.json",
            "/NetworkInterfaceSets/NetworkInterfaceSet/0/VSwitchId",
            "vsw-b",
        ),
        ("sg-a.json", "/InnerAccessPolicy", "Drop"),
        ("sg-a.json", "/Permissions/Permission/0/Policy", "Drop"),
        (
            "sg-a.json",
            "/Permissions/Permission/0/SecurityGroupRuleId",
            "sgr-9",
        ),
        ("sg-a.json", "/NextToken", "tok"),
    ] {
        let sources = fixture("whole")
            .into_iter()
            .map(|source| {
                let mut answer: Value = serde_json::from_slice(&source.bytes).unwrap();
                if source.name == file {
                    if path == "/NextToken" {
                        answer["NextToken"] = value.into();
                    } else {
                        *answer.pointer_mut(path).unwrap() = value.into();
                    }
                }
                document(&source.name, &answer)
            })
            .collect();
        assert_ne!(load(sources).unwrap().digest(), base, "{file} {path}");
    }
}
