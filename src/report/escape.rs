//! Untrusted text made harmless: names, tags and file names come from tenants.

use std::borrow::Cow;
use std::fmt::Write as _;

pub use crate::steering::is_steering;
use crate::steering::steers;

/// Returns the text with every steering character written as `\u{…}`.
#[must_use]
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !steers(text) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_steering(character) {
            // Writing to a string cannot fail.
            let _ = write!(harmless, "\\u{{{:x}}}", u32::from(character));
        } else {
            harmless.push(character);
        }
    }
    Cow::Owned(harmless)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_spelled_out() {
        assert_eq!(terminal("\u{1b}[2Jx"), "\\u{1b}[2Jx");
        assert_eq!(terminal("\u{1b}]52;c;aGk=\u{7}\r\n"), "\\u{1b}]52;c;aGk=\\u{7}\\u{d}\\u{a}");
        assert_eq!(terminal("web\u{202e}gpj\u{2066}"), "web\\u{202e}gpj\\u{2066}");
        assert_eq!(terminal("a\u{200b}b\u{feff}c\u{2028}d\u{9b}"), "a\\u{200b}b\\u{feff}c\\u{2028}d\\u{9b}");
    }

    #[test]
    fn what_is_only_foreign_stays() {
        for text in ["web-1", "网络 接口", "naïve \"quoted\" \\ =1+1", ""] {
            assert!(matches!(terminal(text), Cow::Borrowed(same) if same == text));
        }
    }
}
