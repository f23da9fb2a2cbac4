//! The list of laws is complete, and every condition is needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{LAWS, LEFT_OUT};
use crate::testing::{leaves, world};

#[test]
fn every_public_law_is_in_the_list_and_the_list_holds_each_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/laws");
    let mut written = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let names = text.lines().filter_map(|line| line.strip_prefix("pub fn "));
        written.extend(names.filter_map(|line| line.split_once('(')).map(|(name, _)| name.to_owned()));
    }
    let listed: BTreeSet<String> = LAWS.iter().map(|law| law.name.to_owned()).collect();
    assert_eq!(listed, written);
    assert_eq!(listed.len(), LAWS.len());
    assert!(LAWS.len() >= 40);
}

#[test]
fn every_relation_is_a_law_or_left_out_with_a_reason() {
    let stated: BTreeMap<&str, &str> = LAWS.iter().map(|law| (law.reference, law.name)).collect();
    let left_out: BTreeMap<&str, &str> = LEFT_OUT.iter().copied().collect();
    for number in 1..=42 {
        let relation = format!("MR-{number}");
        let (is_stated, is_left_out) =
            (stated.contains_key(relation.as_str()), left_out.contains_key(relation.as_str()));
        assert!(is_stated != is_left_out, "{relation}");
    }
    let relations = LAWS.iter().filter(|law| law.reference.starts_with("MR-")).count();
    assert!(relations >= 40, "{relations}");
}

#[test]
fn the_names_of_the_list_are_the_functions_it_calls() {
    for law in LAWS {
        assert!(law.statement.len() > 15 && !law.statement.ends_with('.'), "{}", law.name);
    }
}

#[test]
fn a_law_fails_without_its_condition_and_holds_with_it() {
    let mut looked_at = 0;
    for law in LAWS {
        let Some(condition) = law.condition else { continue };
        let inventory = world(condition.world).unwrap();
        let removals = leaves(&inventory, condition.leaves).unwrap();
        (law.check)(&inventory, &removals).unwrap_or_else(|error| panic!("{}: {error}", law.name));
        assert!((condition.bare)(&inventory, &removals).is_err(), "{} needs no condition", law.name);
        looked_at += 1;
    }
    assert!(looked_at >= 12, "{looked_at}");
}
