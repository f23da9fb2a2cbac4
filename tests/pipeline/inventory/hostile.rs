//! Input that nobody sent in good faith: every answer is an inventory or an error, never a panic.

use sgleave::inventory::load;

use super::{fixture, refusal, source};

#[test]
fn nested_envelopes_end_at_the_depth_limit() {
    for key in ["response", "body"] {
        for depth in [100, 127, 200, 100_000] {
            let open = format!("{{\"{key}\":").repeat(depth);
            let text = format!("{open}{{}}{}", "}".repeat(depth));
            let (code, _) = refusal(load(vec![source("a.json", text)]));
            assert!(["empty-source", "too-deep"].contains(&code), "{key} {depth}: {code}");
        }
    }
    let lists = format!("[{}", "[".repeat(100_000));
    assert_eq!(refusal(load(vec![source("a.json", lists)])).0, "too-deep");
}

#[test]
fn a_damaged_export_is_read_or_refused() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % end as u64).unwrap()
    };
    let pieces: [&[u8]; 14] = [
        b"null",
        b"[]",
        b"{}",
        b"\"\"",
        b"-1",
        b"1e400",
        b"18446744073709551616",
        b"\xff",
        b"\\u0000",
        b"{",
        b"}",
        b",",
        b"\"Permissions\":",
        b"true",
    ];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..4_000 {
        let mut sources = fixture("whole");
        let damaged = next(sources.len());
        let bytes = &mut sources[damaged].bytes;
        for _ in 0..=next(3) {
            let start = next(bytes.len());
            let end = (start + next(24)).min(bytes.len());
            bytes.splice(start..end, pieces[next(pieces.len())].iter().copied());
        }
        match load(sources) {
            Ok(inventory) => {
                read += 1;
                assert!(inventory.digest().starts_with("sha256:"));
            }
            Err(error) => {
                refused += 1;
                assert!(!error.code.is_empty() && !error.message.is_empty() && !error.help.is_empty());
            }
        }
    }
    assert!(read > 0 && refused > 0, "{read} {refused}");
}

#[test]
fn a_value_of_the_wrong_type_is_refused_or_judged_wherever_it_stands() {
    // Every scalar and list of the export, replaced by every type in turn.
    let replacements = ["null", "true", "-1", "1.5", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[{}]", "[null]"];
    for (file, whole) in super::whole() {
        let mut pointers = Vec::new();
        collect(&whole, String::new(), &mut pointers);
        for pointer in pointers {
            for text in replacements {
                let mut files = super::whole();
                let (_, value) = files.iter_mut().find(|(name, _)| *name == file).unwrap();
                *value.pointer_mut(&pointer).unwrap() = serde_json::from_str(text).unwrap();
                if let Err(error) = super::read(&files) {
                    assert_ne!(error.code, "invalid-json", "{file} {pointer} {text}: {error}");
                }
            }
        }
    }
}

fn collect(value: &serde_json::Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(map) => {
            for (key, value) in map {
                collect(value, format!("{pointer}/{key}"), pointers);
            }
        }
        serde_json::Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                collect(value, format!("{pointer}/{index}"), pointers);
            }
        }
        _ => {}
    }
    if !pointer.is_empty() {
        pointers.push(pointer);
    }
}

/// What may be lost without a word, because no answer about traffic rests on it; a simulation says which of it a
/// removal misses.
const OF_NO_CONSEQUENCE: &[&str] = &[
    "/InstanceName",
    "/NetworkInterfaceName",
    "/OperationLocks",
    "/OwnerId",
    "/SecurityGroupRuleId",
    "/ServiceManaged",
    "/Status",
    "/VSwitchId",
];

#[test]
fn what_is_cut_out_of_an_export_is_missed() {
    let expected = load(fixture("whole")).unwrap().digest();
    let mut silent = Vec::new();
    for (file, whole) in super::whole() {
        let mut pointers = Vec::new();
        collect(&whole, String::new(), &mut pointers);
        for pointer in pointers {
            for replacement in [None, Some("null"), Some("\"\""), Some("{}")] {
                let mut files = super::whole();
                let (_, value) = files.iter_mut().find(|(name, _)| *name == file).unwrap();
                match replacement {
                    Some(text) => *value.pointer_mut(&pointer).unwrap() = serde_json::from_str(text).unwrap(),
                    None => remove(value, &pointer),
                }
                let Ok(inventory) = super::read(&files) else {
                    continue;
                };
                let is_noticed = !inventory.gaps.is_empty()
                    || super::issues(&inventory).iter().any(|issue| issue.starts_with("error"));
                if !is_noticed && inventory.digest() != expected {
                    silent.push(format!("{file} {pointer} {replacement:?}"));
                }
            }
        }
    }
    silent.retain(|line| !OF_NO_CONSEQUENCE.iter().any(|key| line.contains(key)));
    // A rule that is not in the list at all leaves no trace without a `RuleCount`.
    assert_eq!(silent, ["sg-a.json /Permissions/Permission/0 None"]);
}

/// Removes a key or an element.
fn remove(value: &mut serde_json::Value, pointer: &str) {
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        serde_json::Value::Object(map) => {
            map.remove(last);
        }
        serde_json::Value::Array(elements) => {
            elements.remove(last.parse().unwrap());
        }
        scalar => panic!("{scalar} has no parts"),
    }
}
