//! Text made harmless for spreadsheets.

use std::borrow::Cow;

use crate::steering::spelled_out;

/// How much of a list of peers one cell holds; the cell of a spreadsheet ends at 32,767 characters.
const CELL_LIMIT: usize = 30_000;

/// Returns untrusted text on one line, without steering characters, and never read as a formula.
pub(super) fn text(raw: &str) -> Cow<'_, str> {
    let harmless = spelled_out(raw);
    if !begins_formula(raw) && !begins_formula(&harmless) && !hides_formula(&harmless) {
        return harmless;
    }
    let mut cell = String::with_capacity(harmless.len() + 2);
    if begins_formula(raw) || begins_formula(&harmless) {
        cell.push('\'');
    }
    for (at, character) in harmless.char_indices() {
        cell.push(character);
        if is_separator(character) && harmless.get(at + 1..).is_some_and(begins_formula) {
            cell.push('\'');
        }
    }
    Cow::Owned(cell)
}

/// Returns text that is copied into a shell, or nothing where making it harmless would change it.
pub(super) fn command(raw: &str) -> &str {
    if *text(raw) == *raw { raw } else { "" }
}

/// Returns an account id that a spreadsheet cannot round: sixteen digits are one too many for a number.
pub(super) fn account(raw: &str) -> Cow<'_, str> {
    if raw.is_empty() {
        return Cow::Borrowed("");
    }
    let cell = text(raw);
    if cell.starts_with('\'') { cell } else { Cow::Owned(format!("'{cell}")) }
}

/// Joins ids with single spaces up to what a cell holds, and says how many are left out.
pub(super) fn id_list<T: AsRef<str>>(ids: impl ExactSizeIterator<Item = T>) -> String {
    let total = ids.len();
    let mut cell = String::new();
    for (taken, id) in ids.enumerate() {
        let id = id.as_ref();
        if cell.len() + id.len() + 1 > CELL_LIMIT {
            cell.push_str(&format!(" +{}", total - taken));
            break;
        }
        if taken > 0 {
            cell.push(' ');
        }
        cell.push_str(id);
    }
    cell
}

/// A spreadsheet skips leading blanks and quotes before it looks for a formula.
fn begins_formula(text: &str) -> bool {
    text.trim_start_matches([' ', '\u{a0}', '\u{3000}', '"', '\''])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

/// Where the list separator of a country is not the comma, the text behind it is a cell of its own.
fn hides_formula(text: &str) -> bool {
    text.char_indices().any(|(at, c)| is_separator(c) && text.get(at + 1..).is_some_and(begins_formula))
}

const fn is_separator(character: char) -> bool {
    matches!(character, ';' | ',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for hostile in [
            "=cmd|' /C calc'!A0",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            " =1",
            "\"=1",
            "'=1",
            "\u{ff1d}1",
            "\u{ff0b}1",
            "\u{ff0d}1",
            "\u{ff20}1",
            "\u{3000}=1",
        ] {
            assert!(text(hostile).starts_with('\''), "{hostile:?} became {}", text(hostile));
        }
        assert_eq!(text("a;=1,b; @c"), "a;'=1,b;' @c");
        assert_eq!(text("a\nb\u{202e}"), "a\\u{a}b\\u{202e}");
    }

    #[test]
    fn harmless_text_is_not_touched() {
        for plain in ["web-1", "a=b", "10.0.0.0/8", "tcp/22-79,81-443", "网络", ""] {
            assert_eq!(text(plain), plain);
        }
    }

    #[test]
    fn a_long_list_says_how_much_is_missing() {
        let ids: Vec<String> = (0..10_000).map(|n| format!("eni-{n:08}")).collect();
        let cell = id_list(ids.iter());
        assert!(cell.len() <= CELL_LIMIT + 10);
        let shown = cell.split(' ').filter(|id| id.starts_with("eni-")).count();
        assert!(cell.ends_with(&format!(" +{}", 10_000 - shown)));
        assert_eq!(id_list(["a", "b"].iter()), "a b");
    }
}
