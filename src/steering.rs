//! Characters that act on a display.

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
