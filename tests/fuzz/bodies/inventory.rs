//! Exports that are no exports.

use sgleave::graph::SecurityGraph;
use sgleave::inventory::{LoadError, Source, load};
use sgleave::report::{Format, InspectionReport, ReportContext, Style, write_inspection};

/// The last part of a name can hold the id of the group or the list inside.
const NAMES: [&str; 8] = [
    "groups.json",
    "rules-sg-web.json",
    "a/prefix-list-pl-office.json",
    "prl-1.json",
    "<stdin>",
    "",
    "sg-\u{202e}.json",
    "/",
];

/// The first byte names the file, the others are its content. Reading has no third way to end.
pub(super) fn any_bytes_are_read_or_refused(bytes: &[u8]) {
    let Some((name, bytes)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*name) % NAMES.len()];
    accept_or_refuse(vec![source(name, bytes)]);
}

/// Reads sources; what is accepted can be inspected, what is refused is said in one line with advice.
pub(super) fn accept_or_refuse(sources: Vec<Source>) {
    match load(sources) {
        Err(LoadError { code, message, help, .. }) => {
            assert!(
                !code.is_empty() && !message.is_empty() && !help.is_empty(),
                "`{code}` says `{message}`, `{help}`"
            );
            assert!(!message.contains('\n'), "`{message}` is on several lines");
        }
        Ok(inventory) => {
            let digest = inventory.digest();
            let context = ReportContext { inventory_digest: digest, ..ReportContext::default() };
            let graph = SecurityGraph::new(inventory);
            let report = InspectionReport::new(&graph, &context);
            for format in [Format::Text, Format::Json, Format::Csv] {
                write_inspection(&report, format, &Style::default(), &mut Vec::new()).unwrap();
            }
        }
    }
}

/// Each part between two NUL bytes is a document. In which order they come, and whether they come in one file, is not
/// part of what they say.
pub(super) fn order_changes_nothing(bytes: &[u8]) {
    let parts: Vec<&[u8]> = bytes.split(|byte| *byte == 0).take(6).collect();
    let numbered = |(at, part): (usize, &&[u8])| source(&format!("{at}.json"), part);
    let sources: Vec<Source> = parts.iter().enumerate().map(numbered).collect();
    let mut reversed = sources.clone();
    reversed.reverse();
    let forward = load(sources);
    assert_eq!(forward, load(reversed), "the order in which sources are given changes something");
    // Names and positions differ in another order of the names; what was read does not.
    let renumbered = |(at, part): (usize, &&[u8])| source(&format!("{at}.json"), part);
    let backward = load(parts.iter().rev().enumerate().map(renumbered).collect());
    match (forward, backward) {
        (Ok(one), Ok(other)) => {
            assert_eq!(one.digest(), other.digest(), "the order of the names changes what is read");
        }
        (Err(_), Err(_)) => {}
        (one, other) => panic!("refused in one order only: {:?} {:?}", one.err(), other.err()),
    }
}

fn source(name: &str, bytes: &[u8]) -> Source {
    Source { name: name.to_owned(), bytes: bytes.to_vec() }
}
