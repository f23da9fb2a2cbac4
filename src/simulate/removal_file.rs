//! Lists of removals: a CSV table, a JSON list.
//!
//! A list of removals decides what is taken away from whom, so nothing in it is repaired or skipped: an unknown
//! column, a doubled key, an invisible character in an id are errors that say where.

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use super::proposal::ProposedRemoval;
use super::removal_text::{QUOTED, removal};

/// A list of removals that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{list}{}: {message}", .position.as_deref().map(|p| format!(" at {p}")).unwrap_or_default())]
pub struct RemovalFileError {
    /// The file or stream.
    pub list: String,
    /// The line, the line and column, or the entry.
    pub position: Option<String>,
    /// What is wrong, as a lower-case fragment.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
}

/// Reads a list of removals, JSON when it begins like JSON and CSV otherwise.
///
/// # Errors
/// [`RemovalFileError`] with the first thing that cannot be used.
pub fn read_removals(name: &str, text: &str) -> Result<Vec<ProposedRemoval>, RemovalFileError> {
    if without_mark(text).trim_start().starts_with(['[', '{']) {
        read_json(name, text)
    } else {
        read_csv(name, text)
    }
}

/// Spreadsheets begin a text with a byte order mark; it belongs to the encoding and not to the first column.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

const COLUMNS: [&str; 7] = ["target", "group", "join", "ticket", "requester", "approver", "reason"];
const CSV_HELP: &str = "the first line is `target,group`, and may go on with `join`, `ticket`, `requester`, \
                        `approver` and `reason`";
const CELL_HELP: &str = "type the id again, or copy it from the answer of the API";

/// Reads a CSV table with the columns `target` and `group` in any order, and optionally `join` (the group to join
/// instead), `ticket`, `requester`, `approver` and `reason`.
///
/// # Errors
/// [`RemovalFileError`] for a missing, doubled or unknown column, a row of another length, a cell over several lines
/// and an id that cannot be one.
pub fn read_csv(name: &str, text: &str) -> Result<Vec<ProposedRemoval>, RemovalFileError> {
    let fail = |position: Option<u64>, message: String, help| RemovalFileError {
        list: name.to_owned(),
        position: position.map(|line| format!("line {line}")),
        message,
        help,
    };
    let broken = |error: &csv::Error| match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => fail(
            pos.as_ref().map(csv::Position::line),
            format!("the row has {len} cells where the first line has {expected_len}"),
            "separate the cells with commas and quote a cell that holds one",
        ),
        _ => fail(error.position().map(csv::Position::line), "the row is not valid CSV".to_owned(), CSV_HELP),
    };
    let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(without_mark(text).as_bytes());
    let header = reader.headers().map_err(|error| broken(&error))?.clone();
    let columns = columns_of(&header).map_err(|message| fail(Some(1), message, CSV_HELP))?;
    let mut proposed = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(&error))?;
        let line = record.position().map(csv::Position::line);
        let cell = |column: &str| columns.get(column).and_then(|at| record.get(*at)).unwrap_or_default();
        // A quote that is never closed swallows the rows behind it; they must not vanish in a `reason`.
        if record.iter().any(|cell| cell.contains(['\n', '\r'])) {
            let message = "a cell goes over several lines".to_owned();
            return Err(fail(line, message, "close the quote, or keep the text on one line"));
        }
        let join = Some(cell("join")).filter(|join| !join.is_empty());
        let removal = removal(cell("target"), cell("group"), join)
            .map_err(|error| fail(line, error.to_string(), CELL_HELP))?;
        proposed.push(ProposedRemoval {
            removal,
            ticket: cell("ticket").to_owned(),
            requester: cell("requester").to_owned(),
            approver: cell("approver").to_owned(),
            reason: cell("reason").to_owned(),
        });
    }
    Ok(proposed)
}

/// Returns the position of every known column, or what is wrong with the first line.
fn columns_of(header: &csv::StringRecord) -> Result<BTreeMap<&str, usize>, String> {
    let list = |names: &[&str]| names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
    let mut columns = BTreeMap::new();
    let mut unknown: Vec<&str> = Vec::new();
    for (at, column) in header.iter().enumerate() {
        if !COLUMNS.contains(&column) {
            unknown.push(column);
        } else if columns.insert(column, at).is_some() {
            return Err(format!("the column `{column}` stands there twice"));
        }
    }
    if !unknown.is_empty() {
        let noun = if unknown.len() == 1 { "unknown column" } else { "unknown columns" };
        return Err(format!("{noun} {}", list(&unknown)));
    }
    let missing: Vec<&str> = ["target", "group"].into_iter().filter(|c| !columns.contains_key(c)).collect();
    if missing.is_empty() { Ok(columns) } else { Err(format!("there is no column {}", list(&missing))) }
}

const JSON_HELP: &str = "write a list of objects, each with `target` (or `instance_id`, or `interface_id`), \
                         `group`, and optionally `join`, `ticket`, `requester`, `approver` and `reason`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    target: Option<String>,
    instance_id: Option<String>,
    interface_id: Option<String>,
    group: Option<String>,
    group_id: Option<String>,
    join: Option<String>,
    ticket: Option<String>,
    requester: Option<String>,
    approver: Option<String>,
    reason: Option<String>,
}

/// Reads a JSON list of objects with `target` (or `instance_id`, or `interface_id`), `group` (or `group_id`), and
/// optionally `join`, `ticket`, `requester`, `approver` and `reason`.
///
/// # Errors
/// [`RemovalFileError`] for anything that is not exactly that: unknown and doubled keys, two names for one thing, an id
/// that cannot be one.
pub fn read_json(name: &str, text: &str) -> Result<Vec<ProposedRemoval>, RemovalFileError> {
    let entries: Vec<Entry> = serde_json::from_str(without_mark(text)).map_err(|error| {
        let text = error.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        RemovalFileError {
            list: name.to_owned(),
            position: Some(format!("line {} column {}", error.line(), error.column())),
            message: message.chars().take(3 * QUOTED).collect(),
            help: JSON_HELP,
        }
    })?;
    let numbered = entries.into_iter().enumerate();
    numbered
        .map(|(at, entry)| {
            entry.propose().map_err(|(message, help)| RemovalFileError {
                list: name.to_owned(),
                position: Some(format!("entry {}", at + 1)),
                message,
                help,
            })
        })
        .collect()
}

impl Entry {
    fn propose(self) -> Result<ProposedRemoval, (String, &'static str)> {
        if self.instance_id.is_some() && self.interface_id.is_some() {
            let message = "both `instance_id` and `interface_id` are given \
                           (`InvalidParam.EniIdAndInstanceId.Conflict`)";
            return Err((
                message.to_owned(),
                "name the interface alone, or the instance for its primary one",
            ));
        }
        let target = one_of([
            ("target", self.target),
            ("instance_id", self.instance_id),
            ("interface_id", self.interface_id),
        ])?;
        let group = one_of([("group", self.group), ("group_id", self.group_id)])?;
        let removal =
            removal(&target, &group, self.join.as_deref()).map_err(|error| (error.to_string(), CELL_HELP))?;
        Ok(ProposedRemoval {
            removal,
            ticket: self.ticket.unwrap_or_default(),
            requester: self.requester.unwrap_or_default(),
            approver: self.approver.unwrap_or_default(),
            reason: self.reason.unwrap_or_default(),
        })
    }
}

/// Returns the only value among keys that name one thing.
fn one_of<const N: usize>(
    values: [(&'static str, Option<String>); N],
) -> Result<String, (String, &'static str)> {
    let names = values.iter().map(|(key, _)| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
    let mut given = values.into_iter().filter_map(|(key, value)| value.map(|value| (key, value)));
    match (given.next(), given.next()) {
        (Some((_, value)), None) => Ok(value),
        (Some((first, _)), Some((second, _))) => {
            Err((format!("both `{first}` and `{second}` are given"), "name it once"))
        }
        (None, _) => Err((format!("there is no {names}"), JSON_HELP)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_in_any_order_of_columns() {
        let text = "\u{feff}ticket,group,target,join\r\nCHG-1,sg-g,i-a,\r\n\r\n,sg-g,i-b,sg-h\r\n";
        let read = read_removals("list.csv", text).unwrap();
        assert_eq!(read[0].ticket, "CHG-1");
        assert_eq!(read[0].removal, removal("i-a", "sg-g", None).unwrap());
        assert_eq!(read[1].removal.join.as_deref(), Some("sg-h"));
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_table_with_a_fault_is_refused_with_its_line() {
        let cases = [
            ("target,gruop,zone\ni-a,sg-g,z\n", "line 1: unknown columns `gruop`, `zone`"),
            ("target;group\ni-a;sg-g\n", "line 1: unknown column `target;group`"),
            ("target,target,group\n", "line 1: the column `target` stands there twice"),
            ("target,ticket\n", "line 1: there is no column `group`"),
            ("", "line 1: there is no column `target`, `group`"),
            ("target,group\ni-a,sg-g\ni-b\n", "line 3: the row has 1 cells"),
            ("target,group\ni-a,\n", "line 2: an id is empty"),
            ("target,group\ni-a, sg-g\n", "line 2: the id ` sg-g` holds U+0020 at character 1"),
            ("target,group,reason\ni-a,sg-g,\"old\ni-b,sg-g,x\n", "line 2: a cell goes over several lines"),
        ];
        for (text, expected) in cases {
            let error = read_csv("list.csv", text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("list.csv at {expected}")), "{error}");
        }
    }

    #[test]
    fn a_list_names_its_target_in_one_of_three_ways() {
        let text = r#"[{"target":"eni-a","group":"sg-g"},{"instance_id":"i-b","group_id":"sg-g","ticket":"T"},
            {"interface_id":"eni-c","group":"sg-g","join":"sg-h","reason":null}]"#;
        let read = read_removals("list", text).unwrap();
        let targets: Vec<&str> = read.iter().map(|p| p.removal.target.as_str()).collect();
        assert_eq!(targets, ["eni-a", "i-b", "eni-c"]);
        assert_eq!(read[1].ticket, "T");
        assert_eq!(read[2].removal.join.as_deref(), Some("sg-h"));
    }

    #[test]
    fn a_list_with_a_fault_is_refused_with_its_place() {
        let cases = [
            (r#"[{"targte":"i-a","group":"sg-g"}]"#, "line 1 column 10: unknown field `targte`"),
            (
                r#"[{"target":"i-a","target":"i-b","group":"sg-g"}]"#,
                "line 1 column 25: duplicate field `target`",
            ),
            (r#"{"target":"i-a","group":"sg-g"}"#, "line 1 column 0: invalid type: map, expected a sequence"),
            (
                r#"[{"instance_id":"i-a","interface_id":"eni-a","group":"sg-g"}]"#,
                "entry 1: both `instance_id` and `interface_id` are given \
                 (`InvalidParam.EniIdAndInstanceId.Conflict`)",
            ),
            (
                r#"[{"target":"i-a","instance_id":"i-a","group":"g"}]"#,
                "entry 1: both `target` and `instance_id`",
            ),
            (r#"[{"target":"i-a"}]"#, "entry 1: there is no `group` or `group_id`"),
            (r#"[{"group":"sg-g"}]"#, "entry 1: there is no `target` or `instance_id` or `interface_id`"),
            (
                "[{\"target\":\"i-a\\u200b\",\"group\":\"sg-g\"}]",
                "entry 1: the id `i-a\\u{200b}` holds U+200B",
            ),
            (r#"[] []"#, "line 1 column 4: trailing characters"),
            (r#"[{"target":7,"group":"sg-g"}]"#, "line 1 column 12: invalid type: integer `7`"),
        ];
        for (text, expected) in cases {
            let error = read_removals("list.json", text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("list.json at {expected}")), "{error}");
        }
    }
    #[test]
    fn a_message_repeats_only_so_much_of_a_list() {
        let error = read_json("list", &format!(r#"[{{"{}":1}}]"#, "a".repeat(1_000))).unwrap_err();
        assert_eq!(error.message.chars().count(), 3 * QUOTED);
    }
}
