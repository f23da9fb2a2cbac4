//! The writer of JSON: pretty, streamed, and harmless when it is shown in a terminal.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};
use serde_json::value::RawValue;

use crate::steering::{is_steering, steers};

/// Writes a document with two spaces of indentation and a newline at the end.
///
/// # Errors
/// Those of the writer.
pub(super) fn write(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    // Serde writes a few bytes at a time; a document of a large estate has tens of millions of them.
    let mut buffered = io::BufWriter::with_capacity(64 * 1024, out);
    let mut serializer = Serializer::with_formatter(&mut buffered, Inert::default());
    document.serialize(&mut serializer)?;
    io::Write::write_all(&mut buffered, b"\n")?;
    io::Write::flush(&mut buffered)
}

/// Writes a document on one line, with the same care for displays.
///
/// # Errors
/// Those of the writer.
pub(super) fn write_line(document: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut line = line_of(document)?;
    line.push('\n');
    out.write_all(line.as_bytes())
}

/// Returns a part of a document on one line, with the same care for displays, to stand in many places.
///
/// # Errors
/// Those of the serializer.
pub(super) fn fragment(part: &impl Serialize) -> serde_json::Result<Box<RawValue>> {
    line_of(part).and_then(RawValue::from_string)
}

fn line_of(document: &impl Serialize) -> serde_json::Result<String> {
    let line = serde_json::to_string(document)?;
    if !steers(&line) {
        return Ok(line);
    }
    // Outside of strings there is no such character, so each one can be escaped where it stands.
    let mut units = [0_u16; 2];
    let escape = |character: char| match is_steering(character) {
        true => character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
        false => character.to_string(),
    };
    Ok(line.chars().map(escape).collect::<Vec<String>>().concat())
}

/// [`PrettyFormatter`], except that characters which steer a display are written as `\u` escapes. JSON itself
/// demands that for C0 only, but a document is also read with a pager.
#[derive(Default)]
struct Inert {
    pretty: PrettyFormatter<'static>,
}

impl Formatter for Inert {
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.pretty.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.pretty.end_object_value(writer)
    }

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if !steers(text) {
            return writer.write_all(text.as_bytes());
        }
        let mut units = [0_u16; 2];
        let mut bytes = [0_u8; 4];
        for character in text.chars() {
            if is_steering(character) {
                for unit in character.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(character.encode_utf8(&mut bytes).as_bytes())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_change_the_bytes_and_not_the_meaning() {
        let hostile = "a\u{1b}]52;\u{7}\u{202e}b\u{9b}\u{e0041}\n\"\\";
        let mut bytes = Vec::new();
        super::write(&[hostile], &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text, "[\n  \"a\\u001b]52;\\u0007\\u202eb\\u009b\\udb40\\udc41\\n\\\"\\\\\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [hostile]);
    }
}
