//! The written forms of removals: one argument, a CSV table, a JSON list.
//!
//! A list of removals decides what is taken away from whom, so nothing in it is repaired or skipped: an unknown
//! column, a doubled key, an invisible character in an id are errors that say where.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use thiserror::Error;

use super::removal::Removal;

/// A removal with the paperwork it came with; empty text where there is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProposedRemoval {
    /// What is proposed.
    pub removal: Removal,
    /// The change ticket.
    pub ticket: String,
    /// Who asks for it.
    pub requester: String,
    /// Who approved it.
    pub approver: String,
    /// Why.
    pub reason: String,
}

impl From<Removal> for ProposedRemoval {
    /// Proposes a removal without paperwork.
    fn from(removal: Removal) -> Self {
        Self {
            removal,
            ticket: String::new(),
            requester: String::new(),
            approver: String::new(),
            reason: String::new(),
        }
    }
}

impl ProposedRemoval {
    /// Tells whether any paperwork came with it.
    #[must_use]
    pub fn has_metadata(&self) -> bool {
        ![&self.ticket, &self.requester, &self.approver, &self.reason].iter().all(|text| text.is_empty())
    }

    /// Takes over paperwork that only the other one has.
    ///
    /// # Errors
    /// [`MetadataConflict`] when both say something different.
    pub fn adopt(&mut self, other: &Self) -> Result<(), MetadataConflict> {
        let fields = [
            ("ticket", &mut self.ticket, &other.ticket),
            ("requester", &mut self.requester, &other.requester),
            ("approver", &mut self.approver, &other.approver),
            ("reason", &mut self.reason, &other.reason),
        ];
        for (field, mine, theirs) in fields {
            if mine.is_empty() {
                mine.clone_from(theirs);
            } else if !theirs.is_empty() && mine != theirs {
                return Err(MetadataConflict {
                    target: self.removal.target.clone(),
                    group: self.removal.group.clone(),
                    field,
                    values: (mine.clone(), theirs.clone()),
                });
            }
        }
        Ok(())
    }
}

/// One removal is listed twice with different paperwork.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "the removal of `{target}` from `{group}` is listed twice, with {field} `{}` and `{}`",
    .values.0,
    .values.1
)]
pub struct MetadataConflict {
    /// The target.
    pub target: String,
    /// The group.
    pub group: String,
    /// The column that differs.
    pub field: &'static str,
    /// What it says.
    pub values: (String, String),
}

/// Returns the list without repetitions, in the order of first mention, and how many were dropped.
///
/// # Errors
/// [`MetadataConflict`] when a repetition brings different paperwork.
pub fn merge_duplicates(
    proposed: Vec<ProposedRemoval>,
) -> Result<(Vec<ProposedRemoval>, usize), MetadataConflict> {
    let total = proposed.len();
    let mut merged: Vec<ProposedRemoval> = Vec::with_capacity(total);
    let mut seen: BTreeMap<Removal, usize> = BTreeMap::new();
    for candidate in proposed {
        let at = *seen.entry(candidate.removal.clone()).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(first) => first.adopt(&candidate)?,
            None => merged.push(candidate),
        }
    }
    let dropped = total - merged.len();
    Ok((merged, dropped))
}

/// A text that cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdError {
    /// Nothing.
    Empty,
    /// Characters that no id has: they are invisible, or look like others.
    Characters {
        /// The id in ASCII, with such characters written as `\u{…}`.
        id: String,
        /// Position (from 1) and character.
        found: Vec<(usize, char)>,
    },
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an id is empty"),
            Self::Characters { id, found } => {
                write!(f, "the id `{id}` holds ")?;
                for (position, (at, character)) in found.iter().take(3).enumerate() {
                    let separator = if position == 0 { "" } else { ", " };
                    write!(f, "{separator}U+{:04X} at character {at}", u32::from(*character))?;
                }
                if found.len() > 3 { write!(f, " and {} more", found.len() - 3) } else { Ok(()) }
            }
        }
    }
}

impl std::error::Error for IdError {}

/// The longest part of an input that a message repeats.
const QUOTED: usize = 120;

/// Checks that a text can be an id: printable ASCII without spaces, nothing that a reader cannot see.
///
/// # Errors
/// [`IdError`] with the code points that are in the way.
pub fn check_id(text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    let found: Vec<(usize, char)> =
        text.chars().enumerate().filter(|(_, c)| !c.is_ascii_graphic()).map(|(at, c)| (at + 1, c)).collect();
    if found.is_empty() {
        return Ok(());
    }
    let id = text.escape_default().take(QUOTED).collect();
    Err(IdError::Characters { id, found })
}

/// An argument that is no removal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RemovalTextError {
    /// Not of the form that is expected.
    #[error("`{text}` is not of the form `{form}`")]
    Form {
        /// What was given.
        text: String,
        /// What is expected.
        form: &'static str,
    },
    /// Of that form, but with an id that cannot be one.
    #[error(transparent)]
    Id(#[from] IdError),
}

/// Parses `TARGET:GROUP`.
///
/// # Errors
/// [`RemovalTextError`] for any other form, and for ids that cannot be ids.
///
/// ```
/// let removal = sgleave::simulate::parse_removal("i-web-1:sg-web")?;
/// assert_eq!((removal.target.as_str(), removal.group.as_str()), ("i-web-1", "sg-web"));
/// # Ok::<(), sgleave::simulate::RemovalTextError>(())
/// ```
pub fn parse_removal(text: &str) -> Result<Removal, RemovalTextError> {
    let parts: Vec<&str> = text.split(':').collect();
    let &[target, group] = parts.as_slice() else { return Err(form(text, "TARGET:GROUP")) };
    removal(target, group, None).map_err(RemovalTextError::Id)
}

/// Parses `TARGET:OLD:NEW`, a move from one group to another.
///
/// # Errors
/// [`RemovalTextError`] for any other form, and for ids that cannot be ids.
pub fn parse_move(text: &str) -> Result<Removal, RemovalTextError> {
    let parts: Vec<&str> = text.split(':').collect();
    let &[target, old, new] = parts.as_slice() else { return Err(form(text, "TARGET:OLD:NEW")) };
    removal(target, old, Some(new)).map_err(RemovalTextError::Id)
}

fn form(text: &str, form: &'static str) -> RemovalTextError {
    RemovalTextError::Form { text: text.chars().take(QUOTED).collect(), form }
}

fn removal(target: &str, group: &str, join: Option<&str>) -> Result<Removal, IdError> {
    for id in [Some(target), Some(group), join].into_iter().flatten() {
        check_id(id)?;
    }
    Ok(Removal { target: target.to_owned(), group: group.to_owned(), join: join.map(str::to_owned) })
}

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

    fn plain(target: &str, group: &str) -> ProposedRemoval {
        Removal { target: target.to_owned(), group: group.to_owned(), join: None }.into()
    }

    #[test]
    fn an_argument_has_one_colon_and_a_move_has_two() {
        assert_eq!(parse_removal("i-a:sg-g").unwrap(), plain("i-a", "sg-g").removal);
        assert_eq!(parse_move("i-a:sg-g:sg-h").unwrap().join.as_deref(), Some("sg-h"));
        for text in ["", "i-a", "i-a:sg-g:sg-h", ":::"] {
            assert!(matches!(parse_removal(text), Err(RemovalTextError::Form { .. })), "{text}");
        }
        for text in [":sg-g", "i-a:", ":"] {
            assert!(matches!(parse_removal(text), Err(RemovalTextError::Id(IdError::Empty))), "{text}");
        }
        assert!(parse_move("i-a:sg-g").is_err());
    }

    #[test]
    fn characters_that_cannot_be_seen_are_named_by_code_point() {
        let hidden =
            ['\u{feff}', '\u{a0}', '\u{200b}', '\u{435}', '\u{202e}', ' ', '\t', '\u{1b}', '\u{ff0d}'];
        for hidden in hidden {
            let error = parse_removal(&format!("i-a{hidden}:sg-g")).unwrap_err().to_string();
            assert!(error.contains(&format!("U+{:04X} at character 4", u32::from(hidden))), "{error}");
            assert!(error.is_ascii() && !error.contains('\u{1b}'), "{error}");
        }
    }

    #[test]
    fn a_table_is_read_in_any_order_of_columns() {
        let text = "\u{feff}ticket,group,target,join\r\nCHG-1,sg-g,i-a,\r\n\r\n,sg-g,i-b,sg-h\r\n";
        let read = read_removals("list.csv", text).unwrap();
        assert_eq!(read[0].ticket, "CHG-1");
        assert_eq!(read[0].removal, plain("i-a", "sg-g").removal);
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
    fn repetitions_are_merged_and_contradictions_are_not() {
        let mut ticketed = plain("i-a", "sg-g");
        ticketed.ticket = "CHG-1".to_owned();
        let list = vec![plain("i-a", "sg-g"), plain("i-b", "sg-g"), ticketed.clone(), ticketed.clone()];
        let (merged, dropped) = merge_duplicates(list).unwrap();
        assert_eq!((merged, dropped), (vec![ticketed.clone(), plain("i-b", "sg-g")], 2));
        let mut other = ticketed.clone();
        other.ticket = "CHG-2".to_owned();
        let error = merge_duplicates(vec![ticketed, other]).unwrap_err().to_string();
        assert!(error.contains("ticket `CHG-1` and `CHG-2`"), "{error}");
    }
}
