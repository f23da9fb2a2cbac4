//! The tags of a thing. Every machine has a few, and a ticket or a date makes many of them unlike all others, so each list
//! is one run of bytes.

use std::fmt;

use serde::Serialize;

use super::bytes::{Bytes, Stored, put_length, put_text};

/// The tags of a thing, sorted by key, each key once; untrusted text.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tags(Box<[u8]>);

impl Tags {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Returns keys and values, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        pairs(&self.0)
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: &str, value: &str) {
        let others = self.iter().filter(|(known, _)| *known != key).collect::<Vec<_>>();
        *self = others.into_iter().chain([(key, value)]).collect();
    }
}

/// Returns the pairs at the beginning of bytes.
fn pairs(bytes: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut from = Bytes::new(bytes);
    std::iter::from_fn(move || Some((from.text()?, from.text()?)))
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Tags {
    /// Of several values of one key the smallest is kept, so that their order changes nothing.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(tags: I) -> Self {
        let mut tags: Vec<(K, V)> = tags.into_iter().collect();
        tags.sort_unstable_by(|a, b| (a.0.as_ref(), a.1.as_ref()).cmp(&(b.0.as_ref(), b.1.as_ref())));
        tags.dedup_by(|later, first| later.0.as_ref() == first.0.as_ref());
        let mut bytes = Vec::new();
        for (key, value) in &tags {
            put_text(key.as_ref(), &mut bytes);
            put_text(value.as_ref(), &mut bytes);
        }
        Self(bytes.into())
    }
}

impl fmt::Debug for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Tags {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl Stored for Tags {
    fn put(&self, out: &mut Vec<u8>) {
        put_length(self.0.len(), out);
        out.extend_from_slice(&self.0);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        let length = from.length()?;
        let bytes = from.run(length)?;
        let mut known: Option<&str> = None;
        let mut rest = Bytes::new(bytes);
        while !rest.is_empty() {
            let (key, _) = (rest.text()?, rest.text()?);
            if known.replace(key).is_some_and(|known| known >= key) {
                return None;
            }
        }
        Some(Self(bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::bytes::tests::{bytes_of, read};
    use super::*;

    #[test]
    fn tags_are_a_sorted_map() {
        let mut tags: Tags = [("b", "2"), ("a", "9"), ("a", "1")].into_iter().collect();
        assert_eq!(tags.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
        tags.insert("b", "0");
        tags.insert("c", "");
        assert_eq!((tags.get("b"), tags.get("c"), tags.get("d")), (Some("0"), Some(""), None));
        assert_eq!(serde_json::to_string(&tags).unwrap(), r#"{"a":"1","b":"0","c":""}"#);
        assert_eq!(format!("{tags:?}"), r#"{"a": "1", "b": "0", "c": ""}"#);
    }

    #[test]
    fn bytes_that_are_no_tags_are_refused() {
        let tags: Tags = [("a", "1"), ("b", "")].into_iter().collect();
        assert_eq!(read(&bytes_of(&tags)), Some(tags));
        // The same key twice, keys out of order, a key without a value, no text, too little, a length with a digit more.
        for bytes in [
            &[8, 1, b'a', 1, b'1', 1, b'a', 1, b'2'][..],
            &[8, 1, b'b', 1, b'1', 1, b'a', 1, b'2'],
            &[2, 1, b'a'],
            &[4, 1, 0xff, 1, b'1'],
            &[4, 1, b'a'],
            &[5, 0x81, 0, b'a', 1, b'1'],
        ] {
            assert_eq!(read::<Tags>(bytes), None, "{bytes:?}");
        }
    }
}
