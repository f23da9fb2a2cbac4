//! Texts that many things hold: the id of a group stands in all its members and in rules, that of a network or an account in
//! everything that lies there. Each holder pays one word, and a text that was made a moment ago is not made again.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::fmt;
use std::hash::BuildHasher;
use std::ops::Deref;

use arcstr::ArcStr;
use foldhash::fast::FixedState;
use serde::Serialize;

/// How many texts a thread remembers. An estate has more interfaces than that, and far fewer groups and networks.
const REMEMBERED: usize = 1 << 14;

/// Longer texts are hardly ever the same. The keys of the tags of a thing, which are one text, can be as long.
const LONGEST: usize = 256;

static HASHER: FixedState = FixedState::with_seed(0);

thread_local! {
    static RECENT: RefCell<Vec<Option<ArcStr>>> = const { RefCell::new(Vec::new()) };
}

/// Returns the text, in the memory of an equal one if this thread has lately seen one.
pub(super) fn shared(text: &str) -> ArcStr {
    if text.len() > LONGEST {
        return ArcStr::from(text);
    }
    RECENT.with_borrow_mut(|recent| {
        recent.resize(REMEMBERED, None);
        let at = usize::try_from(HASHER.hash_one(text)).unwrap_or_default() % REMEMBERED;
        match recent.get_mut(at) {
            Some(Some(known)) if **known == *text => ArcStr::clone(known),
            Some(place) => ArcStr::clone(place.insert(ArcStr::from(text))),
            None => ArcStr::from(text),
        }
    })
}

/// A text that others may hold as well. It is compared, ordered and hashed as the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SharedText(ArcStr);

impl SharedText {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str>> From<T> for SharedText {
    fn from(text: T) -> Self {
        Self(shared(text.as_ref()))
    }
}

impl Default for SharedText {
    fn default() -> Self {
        Self::from("")
    }
}

impl Deref for SharedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for SharedText {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for SharedText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_equal_text_has_the_same_memory() {
        let (one, other) = (SharedText::from("sg-web"), SharedText::from("sg-web".to_owned()));
        assert!(ArcStr::ptr_eq(&one.0, &other.0));
        let long = "x".repeat(LONGEST + 1);
        let (one, other) = (SharedText::from(&long), SharedText::from(&long));
        assert!(one == other && !ArcStr::ptr_eq(&one.0, &other.0));
    }

    #[test]
    fn more_texts_than_are_remembered_are_still_themselves() {
        let texts: Vec<String> = (0..3 * REMEMBERED).map(|number| format!("eni-{number}")).collect();
        let shared: Vec<SharedText> = texts.iter().map(SharedText::from).collect();
        assert!(texts.iter().zip(&shared).all(|(text, shared)| text == shared.as_str()));
    }
}
