//! Characters that act on a display: names, tags and file names come from tenants.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Tells whether a character steers a display instead of being displayed.
///
/// C0, C1 and DEL move cursors and write clipboards, bidirectional controls reorder what is read, zero-width
/// characters and separators make two different names look the same or one line look like two.
#[must_use]
pub const fn is_steering(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Tells whether a character of the text steers a display. Nearly every text is printable ASCII, which is quick to see.
#[must_use]
pub(crate) fn steers(text: &str) -> bool {
    !text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.contains(is_steering)
}

/// Returns the text with every steering character written as `\u{…}`, which leaves it on one line.
#[must_use]
pub fn spelled_out(text: &str) -> Cow<'_, str> {
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
        assert_eq!(spelled_out("\u{1b}[2Jx"), "\\u{1b}[2Jx");
        assert_eq!(spelled_out("\u{1b}]52;c;aGk=\u{7}\r\n"), "\\u{1b}]52;c;aGk=\\u{7}\\u{d}\\u{a}");
        assert_eq!(spelled_out("web\u{202e}gpj\u{2066}"), "web\\u{202e}gpj\\u{2066}");
        assert_eq!(
            spelled_out("a\u{200b}b\u{feff}c\u{2028}d\u{9b}"),
            "a\\u{200b}b\\u{feff}c\\u{2028}d\\u{9b}"
        );
    }

    #[test]
    fn what_is_only_foreign_stays() {
        for text in ["web-1", "网络 接口", "naïve \"quoted\" \\ =1+1", ""] {
            assert!(matches!(spelled_out(text), Cow::Borrowed(same) if same == text));
        }
    }
}
