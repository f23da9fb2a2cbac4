//! Evidence is deleted, one field, record or page at a time: no deletion makes a change look safe.
//!
//! `SGLEAVE_EVIDENCE_ESTATES` and `SGLEAVE_DELETIONS` run more, `SGLEAVE_SEED` starts elsewhere.

use std::collections::BTreeMap;
use std::time::Instant;

use rayon::prelude::*;
use serde_json::Value;
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{Source, load};
use sgleave::simulate::{Options, Removal, SimulationVerdict, simulate};
use sgleave::testing::{Shape, export_in_pages, named_removals};

use crate::draw::{drawn, number, summarize};

/// Deletions that nobody can notice, by file and place (numbers and ids as `*`), and why.
const UNNOTICEABLE: &[(&str, &str)] = &[
    (
        "rules-*.json /Permissions/Permission/*",
        "how RuleCount counts a rule with a list is not documented (A20), so where lists are used a missing rule is \
         only warned about",
    ),
    ("service-*.json", "a service that admits a group is known from its own answer only"),
    ("references.json", "who names a group from another account is known from that answer only"),
];

fn shape(seed: u64) -> Shape {
    Shape {
        interfaces: 4,
        groups: 3,
        rules: 3,
        ipv6: seed.is_multiple_of(2),
        prefixes: seed.is_multiple_of(3),
        vpcs: seed.is_multiple_of(5),
        ..Shape::default()
    }
}

/// Where something can be deleted: a file, and the path inside; an empty path means the file.
type Place = (usize, Vec<String>);

fn places(file: usize, value: &Value, path: &mut Vec<String>, found: &mut Vec<Place>) {
    found.push((file, path.clone()));
    let children: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        path.push(key);
        places(file, child, path, found);
        path.pop();
    }
}

fn delete(value: &mut Value, path: &[String]) {
    let (last, parents) = path.split_last().unwrap();
    let mut at = value;
    for key in parents {
        at = match at {
            Value::Object(object) => object.get_mut(key).unwrap(),
            Value::Array(items) => &mut items[key.parse::<usize>().unwrap()],
            _ => unreachable!("a path leads through objects and arrays"),
        };
    }
    match at {
        Value::Object(object) => drop(object.remove(last)),
        Value::Array(items) => drop(items.remove(last.parse().unwrap())),
        _ => unreachable!("a path ends in an object or an array"),
    }
}

/// Loads and simulates; `None` when the export or the removal is refused, which nobody takes for safe.
fn verdict(files: &[(String, Value)], removals: &[Removal]) -> Option<SimulationVerdict> {
    let source = |(name, value): &(String, Value)| Source {
        name: name.clone(),
        bytes: value.to_string().into_bytes(),
    };
    let inventory = load(files.iter().map(source).collect()).ok()?;
    let graph = SecurityGraph::new(inventory);
    simulate(&graph, removals, &Options::default()).ok().map(|simulation| simulation.verdict)
}

/// Writes a place without what differs between estates.
fn kind_of_place(name: &str, path: &[String]) -> String {
    let stem = name.trim_end_matches(".json");
    let kind = match stem.find(|c: char| c.is_ascii_digit()) {
        Some(_) if stem.starts_with("rules-") => "rules-*".to_owned(),
        Some(at) => format!("{}*", &stem[..at]),
        None => stem.to_owned(),
    };
    let parts: Vec<&str> =
        path.iter().map(|part| if part.parse::<usize>().is_ok() { "*" } else { part }).collect();
    if parts.is_empty() { format!("{kind}.json") } else { format!("{kind}.json /{}", parts.join("/")) }
}

#[derive(Default)]
struct Tally {
    deletions: u64,
    impacts: u64,
    refused: u64,
    unnoticed: BTreeMap<&'static str, u64>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(mut self, other: Self) -> Self {
        self.deletions += other.deletions;
        self.impacts += other.impacts;
        self.refused += other.refused;
        for (place, count) in other.unnoticed {
            *self.unnoticed.entry(place).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self
    }
}

fn campaign(seed: u64, most: usize) -> Tally {
    let mut tally = Tally::default();
    let (inventory, removals) = drawn(seed, &shape(seed));
    let removals = named_removals(&inventory, &removals);
    let page = if seed.is_multiple_of(2) { usize::MAX } else { 2 };
    let parse = |(name, text): (String, String)| (name, serde_json::from_str(&text).unwrap());
    let files: Vec<(String, Value)> = export_in_pages(&inventory, page).into_iter().map(parse).collect();
    let whole = verdict(&files, &removals).expect("the whole export is read");
    if removals.is_empty() || whole == SimulationVerdict::Safe {
        return tally;
    }
    tally.impacts = 1;
    let mut found = Vec::new();
    for (at, (_, value)) in files.iter().enumerate() {
        places(at, value, &mut Vec::new(), &mut found);
    }
    let step = found.len().div_ceil(most).max(1);
    for (at, path) in found.into_iter().skip(usize::try_from(seed).unwrap() % step).step_by(step) {
        let mut less = files.clone();
        if path.is_empty() {
            less.remove(at);
        } else {
            delete(&mut less[at].1, &path);
        }
        tally.deletions += 1;
        match verdict(&less, &removals) {
            None => tally.refused += 1,
            Some(SimulationVerdict::Safe) => {
                let place = kind_of_place(&files[at].0, &path);
                match UNNOTICEABLE.iter().find(|(known, _)| *known == place) {
                    Some((known, _)) => *tally.unnoticed.entry(known).or_default() += 1,
                    None => tally.wrong.push(format!(
                        "seed {seed}: `{}` becomes safe without {place} (/{}): {removals:?}",
                        whole.name(),
                        path.join("/"),
                    )),
                }
            }
            Some(SimulationVerdict::Impact | SimulationVerdict::Undetermined) => {}
        }
    }
    tally
}

#[test]
fn no_deletion_makes_a_change_look_safe() {
    let (started, from) = (Instant::now(), 5_000_000_000 + number("SGLEAVE_SEED", 0));
    let (estates, deletions) = (number("SGLEAVE_EVIDENCE_ESTATES", 60), number("SGLEAVE_DELETIONS", 3_000));
    let most = usize::try_from(deletions.div_ceil(estates)).unwrap();
    let tally = (from..from + estates)
        .into_par_iter()
        .map(|seed| campaign(seed, most))
        .reduce(Tally::default, Tally::add);
    summarize(started, || {
        format!(
            "evidence: seed {from}, {} estates with a finding, {} deletions, {} refused, unnoticed {:?}",
            tally.impacts, tally.deletions, tally.refused, tally.unnoticed
        )
    });
    assert!(tally.wrong.is_empty(), "{} wrong:\n{}", tally.wrong.len(), tally.wrong.join("\n"));
    // The estates must have something to hide.
    assert!(tally.impacts * 10 >= estates * 7 && tally.deletions >= deletions / 2, "{}", tally.deletions);
}
