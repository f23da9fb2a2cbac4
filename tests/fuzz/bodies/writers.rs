//! What hostile text must not become in an output.

use sgleave::report::{CSV_HEADER, CsvDialect, Format, Style};

use super::hostile::write;

/// No cell is a formula, one finding is one line, and what a reader of CSV gets is what was written.
pub(super) fn csv(bytes: &[u8]) {
    for dialect in [CsvDialect::Raw, CsvDialect::Excel] {
        let style = Style { dialect, ..Style::default() };
        let Some(written) = write(bytes, Format::Csv, &style) else { return };
        for table in [written.simulation, written.inspection] {
            check_table(std::str::from_utf8(&table).unwrap(), dialect);
        }
    }
}

fn check_table(table: &str, dialect: CsvDialect) {
    let (text, end) = match dialect {
        CsvDialect::Raw => (table, "\n"),
        CsvDialect::Excel => (table.strip_prefix('\u{feff}').expect("a spreadsheet gets a mark"), "\r\n"),
    };
    let lines: Vec<&str> = text.strip_suffix(end).expect("the last line ends").split(end).collect();
    for line in &lines {
        assert!(!line.contains(is_harmful), "{line:?}");
    }
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(records.len(), lines.len(), "{text}");
    assert!(records[0].iter().eq(CSV_HEADER.split(',')));
    let mut writer = csv::WriterBuilder::new()
        .terminator(if end == "\n" { csv::Terminator::Any(b'\n') } else { csv::Terminator::CRLF })
        .from_writer(Vec::new());
    for record in &records {
        writer.write_record(record).unwrap();
        for cell in record {
            check_cell(cell);
        }
    }
    assert_eq!(String::from_utf8(writer.into_inner().unwrap()).unwrap(), text, "it reads back differently");
}

/// Blanks and quotes are skipped by some spreadsheets before they look for a formula; an apostrophe in front makes text.
fn check_cell(cell: &str) {
    if cell.starts_with('\'') {
        return;
    }
    let shown = cell.trim_start_matches([' ', '"', '\u{a0}', '\u{3000}']);
    let formula = ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    assert!(!shown.starts_with(formula), "`{cell}` is a formula");
}

/// The document is JSON, has its schema's kind, and no byte of it steers a display.
pub(super) fn json(bytes: &[u8]) {
    let Some(written) = write(bytes, Format::Json, &Style::default()) else { return };
    for (kind, document) in [
        ("simulation", written.simulation),
        ("inspection", written.inspection),
        ("explanation", written.explanation),
    ] {
        let text = String::from_utf8(document).unwrap();
        assert!(!text.contains(|c| c != '\n' && is_harmful(c)), "{text:?}");
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["kind"], kind);
        assert!(value["schema_version"].is_number());
    }
}

/// Nothing but the program's own colours and line ends steers the terminal, and who chooses a name chooses no line.
pub(super) fn text(bytes: &[u8]) {
    for (colour, limit) in [(false, None), (true, Some(1))] {
        let style = Style { colour, limit, ..Style::default() };
        let Some(written) = write(bytes, Format::Text, &style) else { return };
        for page in [written.simulation, written.inspection, written.explanation] {
            let mut text = String::from_utf8(page).unwrap();
            if colour {
                for code in
                    ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[2m", "\u{1b}[1;31m", "\u{1b}[1;32m", "\u{1b}[1;33m"]
                {
                    text = text.replace(code, "");
                }
            }
            assert!(!text.contains(|c| c != '\n' && is_harmful(c)), "{text:?}");
            assert!(text.ends_with('\n'));
        }
    }
}

/// Written down again, so that a gap in the program's own list is found: controls, bidirectional controls, separators,
/// and characters without width.
fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
