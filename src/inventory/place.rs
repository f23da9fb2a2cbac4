//! Where something stands in an export, and what is said about it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::facts::CountedIssue;
use super::issue::{InventoryIssue, IssueLevel, LoadError};
use crate::steering::spelled_out;

/// The longest value that a message repeats.
const EXCERPT_LIMIT: usize = 120;

/// Returns a value as a message may show it: steering characters spelled out, at most 120 characters.
pub(super) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT_LIMIT) {
        Some((end, _)) => format!("{}…", spelled_out(text.get(..end).unwrap_or_default())),
        None => spelled_out(text).into_owned(),
    }
}

/// Returns a message with what strangers wrote into it spelled out where it would steer a display or break the line.
pub(super) fn one_line(message: String) -> String {
    match spelled_out(&message) {
        Cow::Borrowed(_) => message,
        Cow::Owned(harmless) => harmless,
    }
}

/// A JSON pointer under construction; text is only made when somebody asks for it.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    /// The beginning: what stands before the first slash, such as `doc 2: `, or an envelope's `/response`.
    Root(&'p str),
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// Returns the path of a document.
    pub(super) const fn root(prefix: &'p str) -> Self {
        Self { parent: None, step: Step::Root(prefix) }
    }

    /// Returns the path of a value under a key.
    pub(super) const fn key(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }

    /// Returns the path of an element.
    pub(super) const fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root(prefix) => f.write_str(prefix),
            Step::Key(key) => write!(f, "/{}", excerpt(&key.replace('~', "~0").replace('/', "~1"))),
            Step::Index(index) => write!(f, "/{index}"),
        }
    }
}

/// Returns a pointer as it is shown: of a whole document among several only its number is left.
pub(super) fn pointer_text(pointer: &str) -> String {
    pointer.trim_end_matches([':', ' ']).to_owned()
}

/// Notices gathered from one source; many of one kind become one with a count.
pub(super) struct Notices<'s> {
    source: &'s str,
    pending: BTreeMap<(&'static str, String), Pending>,
}

struct Pending {
    issue: InventoryIssue,
    count: u64,
}

impl<'s> Notices<'s> {
    pub(super) const fn new(source: &'s str) -> Self {
        Self { source, pending: BTreeMap::new() }
    }

    /// Returns the source that is being judged.
    pub(super) const fn source(&self) -> &'s str {
        self.source
    }

    /// Notes something; the first of each (code, subject) is shown, the others are counted.
    pub(super) fn add(
        &mut self,
        (level, code): (IssueLevel, &'static str),
        subject: &str,
        place: &Path<'_>,
        message: impl FnOnce() -> String,
        help: &str,
    ) {
        let source = self.source;
        self.pending
            .entry((code, subject.to_owned()))
            .and_modify(|pending| pending.count += 1)
            .or_insert_with(|| Pending {
                issue: InventoryIssue {
                    level,
                    code,
                    source: source.to_owned(),
                    pointer: pointer_text(&place.to_string()),
                    message: one_line(message()),
                    help: help.to_owned(),
                },
                count: 1,
            });
    }

    /// Returns the issues, each with its count.
    pub(super) fn finish(self) -> Vec<CountedIssue> {
        self.pending
            .into_iter()
            .map(|((_, subject), Pending { issue, count })| CountedIssue { subject, issue, count })
            .collect()
    }

    /// Returns the error that stops the reading here.
    pub(super) fn refuse(
        &self,
        code: &'static str,
        place: &Path<'_>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> LoadError {
        LoadError {
            code,
            source_name: self.source.to_owned(),
            pointer: Some(pointer_text(&place.to_string())).filter(|pointer| !pointer.is_empty()),
            message: one_line(message.into()),
            help: help.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_escaped_as_the_standard_says() {
        let root = Path::root("doc 2: /response");
        let list = root.key("a/b~c");
        assert_eq!(list.index(3).to_string(), "doc 2: /response/a~1b~0c/3");
    }

    #[test]
    fn an_excerpt_is_short_and_harmless() {
        assert_eq!(excerpt("a\u{1b}[31m\u{202e}"), "a\\u{1b}[31m\\u{202e}");
        assert_eq!(excerpt("tc\u{ad}p\u{e0041}"), "tc\\u{ad}p\\u{e0041}");
        assert_eq!(excerpt(&"x".repeat(500)).chars().count(), 121);
    }
}
