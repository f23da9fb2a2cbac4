//! What is wrong with a policy file, and where.

use std::fmt;

use serde_saphyr::Location;

/// A policy file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFileError {
    /// The file.
    pub file: String,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: u64,
    /// The column, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// The line itself, and below it a caret under the word; untrusted text.
    pub excerpt: Option<Box<[String; 2]>>,
}

impl fmt::Display for PolicyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.message),
            line => write!(f, "{}:{line}:{}: {}", self.file, self.column, self.message),
        }
    }
}

impl std::error::Error for PolicyFileError {}

/// How long an excerpt may be.
const LONGEST: usize = 120;

/// A file's name and text, for whoever finds something wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

impl Source {
    /// Makes an error that points at a place.
    pub(super) fn wrong(
        &self,
        at: Location,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> PolicyFileError {
        let (line, column) = (at.line(), at.column());
        let excerpt =
            usize::try_from(line).ok().and_then(|line| self.excerpt(line, usize::try_from(column).ok()?));
        PolicyFileError {
            file: self.name.clone(),
            line,
            column,
            message: message.into(),
            help: help.into(),
            excerpt,
        }
    }

    fn excerpt(&self, line: usize, column: usize) -> Option<Box<[String; 2]>> {
        // YAML ends a line at a carriage return, too.
        let text = self.text.replace("\r\n", "\n").replace('\r', "\n");
        let line = text.split('\n').nth(line.checked_sub(1)?)?;
        let before = column.checked_sub(1)?;
        if line.chars().count() > LONGEST {
            return None;
        }
        let is_word = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | '*');
        let width = line.chars().skip(before).take_while(is_word).count().max(1);
        Some(Box::new([line.to_owned(), format!("{}{}", " ".repeat(before), "^".repeat(width))]))
    }
}

/// Returns the name that looks most like a wrong one, if one does.
pub(super) fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness =
        |name: &str| (strsim::normalized_damerau_levenshtein(wanted, name) * 1000.0).round() as u32;
    let best = names
        .map(|name| (likeness(name), name))
        .max_by_key(|(score, name)| (*score, std::cmp::Reverse(*name)))?;
    (best.0 >= 600).then_some(best.1)
}
