//! A whole export with a few places of its JSON changed.

use serde_json::{Map, Value};
use sgleave::inventory::Source;

use super::draw::Draw;
use super::inventory::accept_or_refuse;

const EXPORT: [(&str, &str); 7] = [
    ("groups.json", include_str!("../../../fixtures/demo/groups.json")),
    ("instances.json", include_str!("../../../fixtures/inventory/whole/instances.json")),
    ("interfaces.json", include_str!("../../../fixtures/inventory/whole/interfaces.json")),
    ("groups-whole.json", include_str!("../../../fixtures/inventory/whole/groups.json")),
    ("rules-sg-a.json", include_str!("../../../fixtures/inventory/whole/sg-a.json")),
    ("rules-sg-api.json", include_str!("../../../fixtures/demo/rules-sg-api.json")),
    ("prefix-list-pl-office.json", include_str!("../../../fixtures/demo/prefix-list-pl-office.json")),
];

/// Values that have been seen where another was expected.
const VALUES: [&str; 24] = [
    "null",
    "true",
    "0",
    "-1",
    "1",
    "65536",
    "18446744073709551616",
    "1e400",
    "0.5",
    "\"\"",
    "\" \"",
    "\"-1/-1\"",
    "\"1/0\"",
    "\"0.0.0.0/0\"",
    "\"::ffff:1.2.3.4\"",
    "\"sg-a\"",
    "\"sg-***\"",
    "\"\\u202e\"",
    "\"ALL\"",
    "\"none\"",
    "[]",
    "{}",
    "[null]",
    "{\"\":{}}",
];

/// Each change takes a file, a place in it, and what happens there.
pub(super) fn a_damaged_export_is_read_or_refused(bytes: &[u8]) {
    let mut draw = Draw::new(bytes);
    let mut files: Vec<(String, Value)> =
        EXPORT.iter().map(|(name, text)| ((*name).to_owned(), serde_json::from_str(text).unwrap())).collect();
    let mut changes = 0;
    while !draw.is_over() && changes < 8 {
        changes += 1;
        let file = draw.below(files.len());
        let wide = u16::from_le_bytes([draw.byte(), draw.byte()]);
        let places = count(&files[file].1);
        let mut at = usize::from(wide) % places;
        let kind = draw.below(8);
        match kind {
            0 => files.push((draw.text(), files[file].1.clone())),
            1 if files.len() > 1 => drop(files.remove(file)),
            _ => {
                let value = match draw.below(VALUES.len() + 1) {
                    at if at < VALUES.len() => serde_json::from_str(VALUES[at]).unwrap_or(Value::Null),
                    _ => Value::String(draw.text()),
                };
                change(&mut files[file].1, &mut at, kind, &value);
            }
        }
    }
    let source = |(name, value): (String, Value)| Source { name, bytes: value.to_string().into_bytes() };
    accept_or_refuse(files.into_iter().map(source).collect());
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// Counts down to the place in document order, and changes it there.
fn change(value: &mut Value, at: &mut usize, kind: usize, new: &Value) -> bool {
    if *at == 0 {
        match (kind, &mut *value) {
            (2, Value::Array(items)) if !items.is_empty() => drop(items.remove(0)),
            (2, Value::Object(fields)) => remove_first(fields),
            (3, Value::Array(items)) => items.extend(items.first().cloned()),
            (3, Value::Object(fields)) => drop(fields.insert("Unknown".to_owned(), new.clone())),
            (4, _) => *value = Value::Array(vec![value.take()]),
            (5, Value::Array(items)) => items.reverse(),
            (5, _) => *value = Value::String(value.to_string()),
            (6, Value::Array(items)) => items.push(new.clone()),
            _ => *value = new.clone(),
        }
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, at, kind, new)),
        Value::Object(fields) => fields.values_mut().any(|field| change(field, at, kind, new)),
        _ => false,
    }
}

fn remove_first(fields: &mut Map<String, Value>) {
    if let Some(key) = fields.keys().next().cloned() {
        fields.remove(&key);
    }
}
