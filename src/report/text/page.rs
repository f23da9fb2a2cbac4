//! Lines, columns and colours. All text passes through here, so nothing reaches a terminal unescaped.

use std::io::{self, Write};

use crate::report::context::Style;
use crate::steering::spelled_out;

/// The column at which lines are wrapped; ids are never cut, so a line may still be longer.
const WIDTH: usize = 96;

/// A meaning that may be shown as a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Good,
    Bad,
    Unsure,
    Quiet,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "\u{1b}[1m",
            Self::Good => "\u{1b}[1;32m",
            Self::Bad => "\u{1b}[1;31m",
            Self::Unsure => "\u{1b}[1;33m",
            Self::Quiet => "\u{1b}[2m",
        }
    }
}

/// The page that is being written.
pub(super) struct Page<'w> {
    out: io::BufWriter<&'w mut dyn Write>,
    style: Style,
    is_empty: bool,
    is_cut: bool,
}

impl<'w> Page<'w> {
    pub(super) fn new(style: &Style, out: &'w mut dyn Write) -> Self {
        Self {
            out: io::BufWriter::with_capacity(64 * 1024, out),
            style: *style,
            is_empty: true,
            is_cut: false,
        }
    }

    /// Writes a heading, after an empty line unless it is the first thing on the page.
    pub(super) fn heading(&mut self, paint: Paint, title: &str, rest: &str) -> io::Result<()> {
        if !self.is_empty {
            self.out.write_all(b"\n")?;
        }
        self.labelled(0, paint, title, title.chars().count() + 2, rest)
    }

    /// Writes the first line, which stays one line however long it is: it is what is searched for and quoted.
    pub(super) fn verdict(&mut self, paint: Paint, title: &str, rest: &str) -> io::Result<()> {
        self.is_empty = false;
        let rest = spelled_out(rest);
        if self.style.colour {
            writeln!(self.out, "{}{title}\u{1b}[0m  {rest}", paint.code())
        } else {
            writeln!(self.out, "{title}  {rest}")
        }
    }

    /// Writes a line that is copied as a whole, so it is never broken.
    pub(super) fn verbatim(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.is_empty = false;
        writeln!(self.out, "{:indent$}{}", "", spelled_out(text))
    }

    /// Writes text at an indentation.
    pub(super) fn line(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.labelled(indent, Paint::Plain, "", 0, text)
    }

    /// Writes a label, padded to `column` characters, and text that continues below itself.
    pub(super) fn labelled(
        &mut self,
        indent: usize,
        paint: Paint,
        label: &str,
        column: usize,
        text: &str,
    ) -> io::Result<()> {
        self.is_empty = false;
        let hang = indent + column;
        let label = spelled_out(label);
        let lines = wrap(&spelled_out(text), WIDTH.saturating_sub(hang));
        write!(self.out, "{:indent$}", "")?;
        if !label.is_empty() {
            if self.style.colour {
                write!(self.out, "{}{label}\u{1b}[0m", paint.code())?;
            } else {
                self.out.write_all(label.as_bytes())?;
            }
        }
        let mut lines = lines.into_iter();
        if let Some(first) = lines.next() {
            let padding = match column.saturating_sub(label.chars().count()) {
                0 if column > 0 => 1,
                padding => padding,
            };
            write!(self.out, "{:padding$}{first}", "")?;
        }
        self.out.write_all(b"\n")?;
        for line in lines {
            // A tall heading hangs its text by two columns only.
            let hang = if indent == 0 { 4 } else { hang };
            writeln!(self.out, "{:hang$}{line}", "")?;
        }
        Ok(())
    }

    /// Returns how many of `total` rows are shown.
    pub(super) fn shown(&self, total: usize) -> usize {
        self.style.limit.map_or(total, |limit| total.min(limit))
    }

    /// Says how many rows are left out, if any.
    pub(super) fn more(&mut self, indent: usize, total: usize, what: &str) -> io::Result<()> {
        self.rest(indent, self.shown(total), total, what)
    }

    /// Returns how many of `total` rows are shown within one entry. An entry is read as a whole, next to others like it, so
    /// its lists are much shorter than the list of entries.
    pub(super) fn shown_within(&self, total: usize) -> usize {
        self.style.limit.map_or(total, |limit| total.min((limit / 5).max(1)))
    }

    /// Says how many rows of an entry are left out, if any.
    pub(super) fn more_within(&mut self, indent: usize, total: usize, what: &str) -> io::Result<()> {
        self.rest(indent, self.shown_within(total), total, what)
    }

    fn rest(&mut self, indent: usize, shown: usize, total: usize, what: &str) -> io::Result<()> {
        let hidden = total - shown;
        if hidden == 0 {
            return Ok(());
        }
        self.is_cut = true;
        self.line(indent, &format!("... {hidden} more of {total} {what}"))
    }

    /// Tells whether lists are cut.
    pub(super) const fn is_bounded(&self) -> bool {
        self.style.limit.is_some()
    }

    /// Tells whether something was left out.
    pub(super) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Remembers that something was left out within a line.
    pub(super) const fn cut(&mut self) {
        self.is_cut = true;
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Breaks text at blanks, and lists without blanks behind their commas. A piece longer than a line stays whole.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let is_break = |c: char| c == ' ' || c == ',';
    for piece in text.split_inclusive(is_break) {
        let visible = piece.trim_end_matches(' ').chars().count();
        if used > 0 && used + visible > width {
            lines.push(line.trim_end_matches(' ').to_owned());
            line.clear();
            used = 0;
            if piece == " " {
                continue;
            }
        }
        line.push_str(piece);
        used += piece.chars().count();
    }
    if !line.is_empty() {
        lines.push(line.trim_end_matches(' ').to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(style: Style, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut bytes = Vec::new();
        let mut page = Page::new(&style, &mut bytes);
        write(&mut page).unwrap();
        page.finish().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn long_text_continues_below_itself_and_ids_stay_whole() {
        let id = "eni-".repeat(40);
        let text = page(Style::default(), |page| {
            page.labelled(4, Paint::Plain, "to", 8, &format!("{id} and then {}", "words ".repeat(20)))
        });
        assert!(text.contains(&id));
        let mut lines = text.lines();
        assert!(lines.next().unwrap().starts_with("    to      eni-"));
        assert!(lines.all(|line| line.starts_with("            ") && line.len() <= WIDTH));
    }

    #[test]
    fn port_lists_break_behind_commas() {
        let ports = (1..200_u16).step_by(2).map(|p| p.to_string()).collect::<Vec<_>>().join(",");
        let lines = wrap(&format!("tcp/{ports}"), 40);
        assert!(lines.iter().all(|line| line.len() <= 40));
        assert_eq!(lines.concat(), format!("tcp/{ports}"));
    }

    #[test]
    fn nothing_reaches_the_terminal_unescaped() {
        for colour in [false, true] {
            let style = Style { colour, ..Style::default() };
            let text = page(style, |page| page.heading(Paint::Bad, "A\u{1b}[2J", "b\u{202e}\n\u{9b}c"));
            let own = text.replace("\u{1b}[1;31m", "").replace("\u{1b}[0m", "");
            assert_eq!(own, "A\\u{1b}[2J b\\u{202e}\\u{a}\\u{9b}c\n");
        }
    }
}
