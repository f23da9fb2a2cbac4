//! Values as bytes and back: numbers, texts, lists. What is read may be anything, and is believed in nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use compact_str::CompactString;
use smallvec::{Array, SmallVec};

use super::few::Few;

/// How many elements are made room for on the word of a number; the rest has to be there first.
const BELIEVED: usize = 256;

/// A value that can be written down and read again. Every value takes at least one byte, so no number in a short text
/// stands for a long loop.
pub(super) trait Stored: Sized {
    /// Appends the value.
    fn put(&self, out: &mut Vec<u8>);

    /// Reads the value; `None` when the bytes are no such value.
    fn take(from: &mut Bytes<'_>) -> Option<Self>;
}

/// Bytes that are read from the front.
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the next bytes.
    pub(super) fn run(&mut self, length: usize) -> Option<&'a [u8]> {
        let (run, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(run)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    /// Takes so many bytes as an array.
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    /// Takes a number of things that each need a byte.
    pub(super) fn length(&mut self) -> Option<usize> {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // A number beyond 63 bits is none of ours.
            number |= bits.checked_shl(shift).filter(|shifted| shifted >> shift == bits && shift < 63)?;
            if byte & 0x80 == 0 {
                // Each number is written in one way, so that equal values have equal bytes.
                if byte == 0 && shift > 0 {
                    return None;
                }
                break;
            }
            shift += 7;
        }
        usize::try_from(number).ok().filter(|number| *number <= self.0.len())
    }

    /// Takes a text and its length.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        std::str::from_utf8(self.run(length)?).ok()
    }
}

/// Writes a length: seven bits a byte, the lowest first.
pub(super) fn put_length(length: usize, out: &mut Vec<u8>) {
    let mut rest = length;
    while rest >= 0x80 {
        out.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    out.push(rest as u8);
}

pub(super) fn put_text(text: &str, out: &mut Vec<u8>) {
    put_length(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

impl Stored for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        match from.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

macro_rules! stored_numbers {
    ($($number:ty),+) => {$(
        impl Stored for $number {
            fn put(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn take(from: &mut Bytes<'_>) -> Option<Self> {
                from.array().map(Self::from_le_bytes)
            }
        }
    )+};
}

stored_numbers!(u8, u16, u32);

/// Texts, whatever owns them.
macro_rules! stored_texts {
    ($($name:ty),+ $(,)?) => {$(
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                put_text(self.as_str(), out);
            }

            fn take(from: &mut Bytes<'_>) -> Option<Self> {
                from.text().map(Self::from)
            }
        }
    )+};
}

stored_texts! { String, CompactString }

pub(super) use stored_texts;

/// The code of an issue.
impl Stored for &'static str {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(self, out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        code(from.text()?)
    }
}

/// Returns a code that lives as long as the program, as those in the source do. There are a few dozen of them; what looks
/// like none, or like one too many, is refused, so that no bytes can fill the memory with what is never freed.
fn code(text: &str) -> Option<&'static str> {
    const LONGEST: usize = 64;
    const MOST: usize = 512;
    static CODES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

    // A set of texts is valid whoever panicked while holding it.
    let mut codes = CODES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(code) = codes.get(text) {
        return Some(code);
    }
    let is_code = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !is_code || text.len() > LONGEST || codes.len() >= MOST {
        return None;
    }
    let code: &'static str = Box::leak(Box::from(text));
    codes.insert(code);
    Some(code)
}

impl<T: Stored> Stored for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        if bool::take(from)? { T::take(from).map(Some) } else { Some(None) }
    }
}

/// Writes a list: its length, then its elements.
fn put_list<T: Stored>(list: &[T], out: &mut Vec<u8>) {
    put_length(list.len(), out);
    for value in list {
        value.put(out);
    }
}

/// Reads a short list into whatever owns it.
fn take_list<T: Stored, L: FromIterator<T>>(from: &mut Bytes<'_>) -> Option<L> {
    (0..from.length()?).map(|_| T::take(from)).collect()
}

impl<T: Stored> Stored for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_list(self, out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        let length = from.length()?;
        let mut values = Self::with_capacity(length.min(BELIEVED));
        for _ in 0..length {
            values.push(T::take(from)?);
        }
        Some(values)
    }
}

impl<T: Stored, const N: usize> Stored for SmallVec<[T; N]>
where
    [T; N]: Array<Item = T>,
{
    fn put(&self, out: &mut Vec<u8>) {
        put_list(self, out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        take_list(from)
    }
}

impl<T: Stored> Stored for Few<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_list(self, out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        take_list(from)
    }
}

impl<T: Stored> Stored for Box<[T]> {
    fn put(&self, out: &mut Vec<u8>) {
        put_list(self, out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        Vec::take(from).map(Self::from)
    }
}

impl<T: Stored> Stored for Box<T> {
    fn put(&self, out: &mut Vec<u8>) {
        (**self).put(out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        T::take(from).map(Self::new)
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(self.len(), out);
        for (key, value) in self {
            key.put(out);
            value.put(out);
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        let mut map = Self::new();
        for _ in 0..from.length()? {
            if map.insert(K::take(from)?, V::take(from)?).is_some() {
                return None;
            }
        }
        Some(map)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::inventory) fn bytes_of<T: Stored>(value: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        value.put(&mut bytes);
        bytes
    }

    pub(in crate::inventory) fn read<T: Stored>(bytes: &[u8]) -> Option<T> {
        let mut from = Bytes::new(bytes);
        T::take(&mut from).filter(|_| from.is_empty())
    }

    #[test]
    fn a_length_is_one_of_things_that_are_there() {
        for length in [0, 1, 127, 128, 300, 20_000] {
            let text = "x".repeat(length);
            assert_eq!(read::<String>(&bytes_of(&text)), Some(text));
        }
        assert_eq!(read::<String>(&[2, b'x']), None);
        for short in [1, 8, 9, 10, 20] {
            assert_eq!(read::<String>(&vec![0xff; short]), None);
        }
        assert_eq!(read::<Vec<Option<u8>>>(&[0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0]), None);
        // No number has a digit more than it needs, or 64 bits.
        assert_eq!(read::<String>(&[0x81, 0, b'x']), None);
        assert_eq!(Bytes::new(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]).length(), None);
    }

    #[test]
    fn what_no_value_is_written_as_is_not_read() {
        assert_eq!(read::<bool>(&[2]), None);
        assert_eq!(read::<Option<u8>>(&[1]), None);
        assert_eq!(read::<String>(&[1, 0xff]), None);
        let twice = bytes_of(&vec![(1_u8, true), (1, true)].into_iter().collect::<BTreeMap<_, _>>());
        assert_eq!(read::<BTreeMap<u8, bool>>(&twice).unwrap().len(), 1);
        assert_eq!(read::<BTreeMap<u8, bool>>(&[2, 1, 1, 1, 1]), None);
    }

    #[test]
    fn a_code_is_kept_once_and_looks_like_one() {
        let read = |text: &str| read::<&'static str>(&bytes_of(&text.to_owned()));
        let (first, second) = (read("truncated-page").unwrap(), read("truncated-page").unwrap());
        assert!(std::ptr::eq(first, second));
        for text in ["Truncated", "a b", "a\u{e9}", &"a".repeat(65)] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
