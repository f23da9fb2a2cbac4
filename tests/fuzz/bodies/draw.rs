//! Choices out of bytes. Nothing is rejected, and what is missing is zero, so each byte of an input means one choice.

/// The bytes that are left.
pub(super) struct Draw<'b>(&'b [u8]);

/// What a byte beyond ASCII becomes in a text: everything a display, a shell or a spreadsheet has ever acted upon.
const HOSTILE: [char; 32] = [
    '\u{80}',
    '\u{9b}',
    '\u{9d}',
    '\u{a0}',
    '\u{ad}',
    '\u{61c}',
    '\u{200b}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202e}',
    '\u{2066}',
    '\u{2069}',
    '\u{2060}',
    '\u{3000}',
    '\u{feff}',
    '\u{fff9}',
    '\u{ff1d}',
    '\u{ff0b}',
    '\u{ff0d}',
    '\u{ff20}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{fffd}',
    '网',
    '\u{301}',
    '\u{1f980}',
    '\u{10ffff}',
    'ß',
];

impl<'b> Draw<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn is_over(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// Returns a number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    /// Returns yes in one of so many cases; never when the bytes are over.
    pub(super) fn one_in(&mut self, count: u8) -> bool {
        self.byte() % count == count - 1
    }

    pub(super) fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[self.below(from.len())]
    }

    /// Returns up to 31 characters.
    pub(super) fn text(&mut self) -> String {
        let length = self.below(32).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        let character = |byte: &u8| match byte {
            0..0x80 => char::from(*byte),
            beyond => HOSTILE[usize::from(*beyond) % HOSTILE.len()],
        };
        text.iter().map(character).collect()
    }
}
