//! The ids of a removal, and its form as one argument.

use std::fmt;

use thiserror::Error;

use super::removal::Removal;

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
pub(super) const QUOTED: usize = 120;

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

/// Makes a removal of ids that are checked here.
pub(super) fn removal(target: &str, group: &str, join: Option<&str>) -> Result<Removal, IdError> {
    for id in [Some(target), Some(group), join].into_iter().flatten() {
        check_id(id)?;
    }
    Ok(Removal { target: target.to_owned(), group: group.to_owned(), join: join.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_has_one_colon_and_a_move_has_two() {
        assert_eq!(parse_removal("i-a:sg-g").unwrap(), removal("i-a", "sg-g", None).unwrap());
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
    fn three_such_characters_are_named_and_the_others_counted() {
        for (hidden, end) in [(3, "at character 5"), (4, " and 1 more"), (5, " and 2 more")] {
            let error = check_id(&format!("i-{}", "\u{200b}".repeat(hidden))).unwrap_err().to_string();
            assert!(error.ends_with(end), "{error}");
            assert_eq!(error.matches("U+200B").count(), 3, "{error}");
        }
    }
}
