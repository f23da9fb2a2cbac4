//! The tags of a thing. Every machine has a few. Many have the same keys, which are held once; a ticket or a date makes the
//! values unlike all others, so those of one thing are a run of a text that many share, once [`Tags::share`] was called.

use std::fmt::{self, Write as _};

use arcstr::{ArcStr, Substr};
use serde::Serialize;

use super::bytes::{Bytes, Stored, put_text};
use super::shared::shared;

/// The tags of a thing, sorted by key, each key once; untrusted text.
///
/// Each key and each value is written as its length in bytes, a colon and itself.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Tags {
    keys: ArcStr,
    /// As many as there are keys.
    values: Substr,
}

/// How long the texts are that lists share.
const SHARED: usize = 1 << 18;

impl Tags {
    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == key).map(|(_, value)| value)
    }

    /// Returns keys and values, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let (mut keys, mut values) = (self.keys.as_str(), self.values.as_str());
        std::iter::from_fn(move || Some((word(&mut keys)?, word(&mut values)?)))
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: &str, value: &str) {
        let others = self.iter().filter(|(known, _)| *known != key).collect::<Vec<_>>();
        *self = others.into_iter().chain([(key, value)]).collect();
    }

    fn of(keys: &str, values: &str) -> Self {
        if keys.is_empty() {
            return Self::default();
        }
        Self { keys: shared(keys), values: Substr::from(values) }
    }

    /// Puts the values of many things into few texts.
    pub(super) fn share<'t>(all: impl Iterator<Item = &'t mut Self>) {
        let (mut text, mut sharers) = (String::new(), Vec::new());
        for tags in all.filter(|tags| !tags.values.is_empty()) {
            text.push_str(&tags.values);
            sharers.push(tags);
            if text.len() >= SHARED {
                Self::hand_out(&mut text, &mut sharers);
            }
        }
        Self::hand_out(&mut text, &mut sharers);
    }

    /// Gives each its part of the text that all of theirs make up.
    fn hand_out(text: &mut String, sharers: &mut Vec<&mut Self>) {
        if text.is_empty() {
            return;
        }
        let whole = ArcStr::from(text.as_str());
        let mut from = 0;
        for tags in sharers.drain(..) {
            let to = from + tags.values.len();
            tags.values = whole.substr(from..to);
            from = to;
        }
        text.clear();
    }
}

fn put_word(word: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{}:{word}", word.len());
}

/// Takes the word that a text begins with, if it is written as it has to be.
fn word<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let (digits, more) = rest.split_once(':')?;
    // Each number is written in one way, so that equal tags are equal texts.
    let is_plain = digits == "0" || digits.starts_with(|first| ('1'..='9').contains(&first));
    let (word, more) = more.split_at_checked(digits.parse().ok().filter(|_| is_plain)?)?;
    *rest = more;
    Some(word)
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for Tags {
    /// Of several values of one key the smallest is kept, so that their order changes nothing.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(tags: I) -> Self {
        let mut tags: Vec<(K, V)> = tags.into_iter().collect();
        if tags.is_empty() {
            return Self::default();
        }
        tags.sort_unstable_by(|a, b| (a.0.as_ref(), a.1.as_ref()).cmp(&(b.0.as_ref(), b.1.as_ref())));
        tags.dedup_by(|later, first| later.0.as_ref() == first.0.as_ref());
        let (mut keys, mut values) = (String::new(), String::new());
        for (key, value) in &tags {
            put_word(key.as_ref(), &mut keys);
            put_word(value.as_ref(), &mut values);
        }
        Self::of(&keys, &values)
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
        put_text(&self.keys, out);
        put_text(&self.values, out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        let (keys, values) = (from.text()?, from.text()?);
        let (mut more_keys, mut more_values) = (keys, values);
        let mut known: Option<&str> = None;
        while !more_keys.is_empty() {
            let (key, _) = (word(&mut more_keys)?, word(&mut more_values)?);
            if known.replace(key).is_some_and(|known| known >= key) {
                return None;
            }
        }
        more_values.is_empty().then(|| Self::of(keys, values))
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
        for (keys, values, why) in [
            ("1:a1:a", "1:11:2", "the same key twice"),
            ("1:b1:a", "1:11:2", "keys out of order"),
            ("1:a", "", "a key without a value"),
            ("1:a", "1:11:2", "a value without a key"),
            ("", "1:1", "no key"),
            ("2:a", "1:1", "too little"),
            ("1:ä", "1:1", "a cut inside a letter"),
            ("01:a", "1:1", "a length with a digit more"),
            ("+1:a", "1:1", "a length with a sign"),
            ("a", "1:1", "no length"),
        ] {
            let mut bytes = Vec::new();
            put_text(keys, &mut bytes);
            put_text(values, &mut bytes);
            assert_eq!(read::<Tags>(&bytes), None, "{why}");
        }
        assert_eq!(read::<Tags>(&[2, 0xff, b':', 0]), None, "no text");
    }

    #[test]
    fn what_is_shared_says_the_same() {
        let of = |number: usize| -> Tags {
            (0..number % 4).map(|key| (format!("key {key}"), "ä:1".repeat(number))).collect()
        };
        let mut all: Vec<Tags> = (0..1_000).map(of).collect();
        Tags::share(all.iter_mut());
        assert!(all.iter().enumerate().all(|(number, tags)| *tags == of(number)));
        let texts: std::collections::BTreeSet<_> = all
            .iter()
            .filter(|tags| !tags.values.is_empty())
            .map(|tags| tags.values.parent().as_ptr())
            .collect();
        assert!((2..20).contains(&texts.len()), "{}", texts.len());
    }
}
