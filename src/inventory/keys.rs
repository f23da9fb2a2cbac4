//! Keys of objects: each once, and those that no list knows counted.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

/// The longest text that is kept; the API's own limits are far below.
pub(super) const TEXT_LIMIT: usize = 64 * 1024;

/// The beginning of the message for a key that occurs twice in one object.
pub(super) const DUPLICATE_KEY: &str = "duplicate key ";
/// The beginning of the message for a text beyond [`TEXT_LIMIT`].
pub(super) const TOO_LONG: &str = "text of ";

/// A key of an object, borrowed where it has no escapes.
pub(super) struct Key<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                bounded(text).map(|text| Key(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                bounded(text).map(|text| Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

pub(super) fn bounded<E: de::Error>(text: &str) -> Result<&str, E> {
    if text.len() > TEXT_LIMIT {
        return Err(E::custom(format_args!("{TOO_LONG}{} bytes", text.len())));
    }
    Ok(text)
}

pub(super) fn duplicate<E: de::Error>(key: &str) -> E {
    E::custom(format_args!("{DUPLICATE_KEY}`{}`", super::place::excerpt(key)))
}

/// Which known keys of an object were seen: one bit each.
#[derive(Default)]
pub(super) struct Seen(u128);

impl Seen {
    /// Notes a key by its number.
    pub(super) fn claim<E: de::Error>(&mut self, number: usize, key: &str) -> Result<(), E> {
        let bit = 1_u128.checked_shl(u32::try_from(number).unwrap_or(u32::MAX)).unwrap_or(0);
        if self.0 & bit != 0 {
            return Err(duplicate(key));
        }
        self.0 |= bit;
        Ok(())
    }
}

/// Keys without a fixed number: few are compared one by one, many are hashed.
#[derive(Default)]
struct KeyLog<'de> {
    few: SmallVec<[Cow<'de, str>; 8]>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> KeyLog<'de> {
    const FEW: usize = 16;

    fn claim<E: de::Error>(&mut self, key: Cow<'de, str>) -> Result<(), E> {
        if self.many.is_empty() && self.few.len() < Self::FEW {
            if self.few.contains(&key) {
                return Err(duplicate(&key));
            }
            self.few.push(key);
            return Ok(());
        }
        self.many.extend(self.few.drain(..));
        if self.many.contains(&key) {
            return Err(duplicate(&key));
        }
        self.many.insert(key);
        Ok(())
    }
}

/// Reads a value, keeps nothing but whether it says anything, and still refuses duplicate keys inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Skip {
    /// Whether there is more than `null`, `""`, `{}` and `[]`.
    pub(super) filled: bool,
    /// The JSON type, for messages.
    pub(super) kind: &'static str,
}

impl<'de> Deserialize<'de> for Skip {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SkipVisitor)
    }
}

pub(super) struct SkipVisitor;

impl SkipVisitor {
    const fn filled(kind: &'static str) -> Skip {
        Skip { filled: true, kind }
    }
}

impl<'de> Visitor<'de> for SkipVisitor {
    type Value = Skip;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Skip, E> {
        Ok(Self::filled("boolean"))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Skip, E> {
        Ok(Self::filled("number"))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Skip, E> {
        Ok(Self::filled("number"))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Skip, E> {
        Ok(Self::filled("number"))
    }
    fn visit_str<E>(self, text: &str) -> Result<Skip, E> {
        Ok(Skip { filled: !text.trim().is_empty(), kind: "string" })
    }
    fn visit_unit<E>(self) -> Result<Skip, E> {
        Ok(Skip { filled: false, kind: "null" })
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Skip, A::Error> {
        let mut filled = false;
        while let Some(item) = seq.next_element::<Skip>()? {
            filled |= item.filled;
        }
        Ok(Skip { filled, kind: "array" })
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Skip, A::Error> {
        let mut keys = KeyLog::default();
        let mut filled = false;
        while let Some(Key(key)) = map.next_key()? {
            keys.claim(key)?;
            filled |= map.next_value::<Skip>()?.filled;
        }
        Ok(Skip { filled, kind: "object" })
    }
}

/// The keys of one object that no list knows, with whether they say anything.
#[derive(Debug, Default)]
pub(super) struct Unknown<'de>(Option<Box<UnknownKeys<'de>>>);

/// Boxed, because nearly no record has any.
type UnknownKeys<'de> = Vec<(Cow<'de, str>, bool)>;

impl<'de> Unknown<'de> {
    /// Beyond this many the keys are no oversight but an attack, and the rest counts as one.
    const LIMIT: usize = 1024;

    /// Reads the value of an unknown key.
    pub(super) fn read<A: MapAccess<'de>>(
        &mut self,
        key: Cow<'de, str>,
        map: &mut A,
    ) -> Result<(), A::Error> {
        let keys = self.0.get_or_insert_default();
        if keys.iter().any(|(known, _)| *known == key) {
            return Err(duplicate(&key));
        }
        if keys.len() >= Self::LIMIT {
            return Err(de::Error::custom("an object with more than 1024 unknown keys"));
        }
        let filled = map.next_value::<Skip>()?.filled;
        keys.push((key, filled));
        Ok(())
    }

    /// Returns the keys in order of appearance.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, bool)> {
        self.0.iter().flat_map(|keys| keys.iter()).map(|(key, filled)| (key.as_ref(), *filled))
    }

    /// Tells whether such a key says anything.
    pub(super) fn is_filled(&self) -> bool {
        self.iter().any(|(_, is_filled)| is_filled)
    }

    /// Tells whether such a key was seen.
    pub(super) fn has(&self, key: &str) -> bool {
        self.iter().any(|(known, _)| known == key)
    }
}
