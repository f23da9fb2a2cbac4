//! Reading an export: what is understood, what is refused, what stays unknown.

mod counts;
mod forms;
mod hostile;
mod joins;
mod law;
mod pages;
mod refusals;
mod rules;
mod samples;
mod shuffled;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sgleave::inventory::{Inventory, IssueLevel, LoadError, Source, load};

fn source(name: &str, content: impl AsRef<[u8]>) -> Source {
    Source { name: name.to_owned(), bytes: content.as_ref().to_vec() }
}

fn document(name: &str, value: &Value) -> Source {
    source(name, value.to_string())
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inventory")
}

/// Returns the files of a fixture.
fn fixture(name: &str) -> Vec<Source> {
    let mut sources: Vec<Source> = std::fs::read_dir(fixtures().join(name))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| source(entry.file_name().to_str().unwrap(), std::fs::read(entry.path()).unwrap()))
        .collect();
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!sources.is_empty());
    sources
}

/// Returns the files of the whole export as values, to be broken one way.
fn whole() -> Vec<(String, Value)> {
    fixture("whole")
        .into_iter()
        .map(|source| (source.name, serde_json::from_slice(&source.bytes).unwrap()))
        .collect()
}

/// Reads the whole export with one file changed.
fn with(name: &str, change: impl FnOnce(&mut Value)) -> Result<Inventory, LoadError> {
    let mut files = whole();
    let (_, value) = files.iter_mut().find(|(file, _)| file == name).unwrap();
    change(value);
    read(&files)
}

fn read(files: &[(String, Value)]) -> Result<Inventory, LoadError> {
    load(files.iter().map(|(name, value)| document(name, value)).collect())
}

/// Reads the whole export with one key of its one rule changed; `Null` stands for `null`.
fn with_rule(key: &str, value: Value) -> Result<Inventory, LoadError> {
    with("sg-a.json", |answer| {
        answer["Permissions"]["Permission"][0][key] = value;
    })
}

/// Reads the whole export with its one rule replaced by these keys on top of an ingress rule without a peer.
fn with_keys(keys: Value) -> Result<Inventory, LoadError> {
    with("sg-a.json", |answer| {
        let mut rule = json!({
            "Direction": "ingress", "IpProtocol": "TCP", "PortRange": "22/22", "Priority": 1, "Policy": "Accept"
        });
        for (key, value) in keys.as_object().unwrap() {
            rule[key] = value.clone();
        }
        answer["Permissions"]["Permission"] = json!([rule]);
    })
}

/// Returns `level code` of every issue, worst first.
fn issues(inventory: &Inventory) -> Vec<String> {
    let level = |level| match level {
        IssueLevel::Error => "error",
        IssueLevel::Warning => "warning",
        IssueLevel::Note => "note",
    };
    inventory.issues().iter().map(|issue| format!("{} {}", level(issue.level), issue.code)).collect()
}

fn gaps(inventory: &Inventory) -> Vec<&'static str> {
    inventory.gaps.iter().map(|gap| gap.code).collect()
}

/// Returns the one-line notation of the rules of `sg-a`.
fn rules_of_a(inventory: &Inventory) -> Vec<String> {
    inventory.group(&"sg-a".into()).unwrap().rules.iter().map(ToString::to_string).collect()
}

/// Returns the gaps in the rules of a group: direction and code.
fn rule_gaps(inventory: &Inventory, group: &str) -> Vec<(Option<String>, &'static str)> {
    inventory
        .group(&group.into())
        .unwrap()
        .rule_gaps
        .iter()
        .map(|gap| (gap.direction.map(|direction| direction.to_string()), gap.code))
        .collect()
}

/// Returns code and pointer of the error.
fn refusal(result: Result<Inventory, LoadError>) -> (&'static str, String) {
    let error = result.unwrap_err();
    assert!(!error.help.is_empty(), "{error}");
    (error.code, error.pointer.unwrap_or_default())
}
