//! Decoders for answers of the API: every state a value can be in is kept, nothing is guessed.
//!
//! serde's own derive fails open on this data: it fills a struct from an array by position, and a default hides the
//! difference between an absent list, `null`, `{}` and `[]`. The decoders here keep these states apart, never fail
//! on a wrong type (the judge in `lower` names it with its JSON pointer) and refuse duplicate keys in every object,
//! read or skipped, because two readers of such an object may see two different rules.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::keys::{Key, Skip, SkipVisitor, Unknown, bounded, duplicate};

/// A scalar as it was written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Text<'de> {
    /// The key is not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A string.
    Str(Cow<'de, str>),
    /// An integer that is not negative.
    Unsigned(u64),
    /// A negative integer.
    Signed(i64),
    /// Any other number, also an integer too large for 64 bits.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// An array or an object.
    Other(Skip),
}

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Text::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(u64::try_from(value).map_or(Text::Signed(value), Text::Unsigned))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Text::Unsigned(value))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Text::Float(value))
            }
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                bounded(text).map(|text| Text::Str(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                bounded(text).map(|text| Text::Str(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Text::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                SkipVisitor.visit_seq(seq).map(Text::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                SkipVisitor.visit_map(map).map(Text::Other)
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl Text<'_> {
    /// Tells whether the key is there at all.
    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Tells whether the scalar says anything.
    pub(super) fn is_filled(&self) -> bool {
        match self {
            Self::Absent | Self::Null => false,
            Self::Str(text) => !text.trim().is_empty(),
            Self::Other(skip) => skip.filled,
            Self::Unsigned(_) | Self::Signed(_) | Self::Float(_) | Self::Bool(_) => true,
        }
    }
}

/// An object with named keys.
pub(super) trait Object<'de>: Sized + Default {
    /// The key that wraps a list of these objects.
    const INNER: &'static str;

    /// Reads the object.
    fn read<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error>;
}

impl<'de, T: Object<'de>> Object<'de> for Box<T> {
    const INNER: &'static str = T::INNER;

    fn read<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::read(map).map(Box::new)
    }
}

/// A place for an object, in whatever state it is.
#[derive(Debug, Default)]
pub(super) enum Slot<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// The object.
    Object(T),
    /// A value of another type, by its name.
    Other(&'static str),
}

impl<T> Slot<T> {
    /// Returns the object, if it is one.
    pub(super) const fn object(&self) -> Option<&T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Absent | Self::Null | Self::Other(_) => None,
        }
    }

    /// Tells whether the key is there at all.
    pub(super) const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

struct SlotVisitor<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for SlotVisitor<T> {
    type Value = Slot<T>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Slot::Other("boolean"))
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Slot::Other("number"))
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Slot::Other("number"))
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Slot::Other("number"))
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Slot::Other("string"))
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Slot::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        SkipVisitor.visit_seq(seq).map(|_| Slot::Other("array"))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::read(map).map(Slot::Object)
    }
}

impl<'de, T: Object<'de>> Deserialize<'de> for Slot<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SlotVisitor(PhantomData))
    }
}

/// An element of a wrapped list such as `{"SecurityGroups": {"SecurityGroup": [...]}}`.
pub(super) trait Element<'de>: Deserialize<'de> {
    /// The inner key.
    const INNER: &'static str;
}

impl<'de, T: Object<'de>> Element<'de> for Slot<T> {
    const INNER: &'static str = T::INNER;
}

/// The form in which a list came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Shape {
    /// The key is not there.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// `{}`, or an object without the inner key.
    NoInner,
    /// `{"Inner": null}`.
    InnerNull,
    /// `{"Inner": [...]}`, the API's own form.
    Nested,
    /// A bare array.
    Flat,
    /// The inner key holds something else.
    InnerOther(&'static str),
    /// The outer key holds something else.
    Other(&'static str),
}

/// A wrapped list with the form in which it came.
#[derive(Debug)]
pub(super) struct List<'de, E> {
    /// The form.
    pub(super) shape: Shape,
    /// The elements.
    pub(super) items: Vec<E>,
    /// Keys beside the inner one.
    pub(super) unknown: Unknown<'de>,
}

impl<E> Default for List<'_, E> {
    fn default() -> Self {
        Self::of(Shape::Absent)
    }
}

impl<E> List<'_, E> {
    fn of(shape: Shape) -> Self {
        Self {
            shape,
            items: Vec::new(),
            unknown: Unknown::default(),
        }
    }

    /// Tells whether the key is there at all.
    pub(super) fn is_absent(&self) -> bool {
        self.shape == Shape::Absent
    }
}

struct ListVisitor<E>(PhantomData<E>);

impl<'de, E: Element<'de>> Visitor<'de> for ListVisitor<E> {
    type Value = List<'de, E>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_bool<X>(self, _: bool) -> Result<Self::Value, X> {
        Ok(List::of(Shape::Other("boolean")))
    }
    fn visit_i64<X>(self, _: i64) -> Result<Self::Value, X> {
        Ok(List::of(Shape::Other("number")))
    }
    fn visit_u64<X>(self, _: u64) -> Result<Self::Value, X> {
        Ok(List::of(Shape::Other("number")))
    }
    fn visit_f64<X>(self, _: f64) -> Result<Self::Value, X> {
        Ok(List::of(Shape::Other("number")))
    }
    fn visit_str<X>(self, _: &str) -> Result<Self::Value, X> {
        Ok(List::of(Shape::Other("string")))
    }
    fn visit_unit<X>(self) -> Result<Self::Value, X> {
        Ok(List::of(Shape::Null))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = List::of(Shape::Flat);
        while let Some(item) = seq.next_element()? {
            list.items.push(item);
        }
        Ok(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list = List::of(Shape::NoInner);
        while let Some(Key(key)) = map.next_key()? {
            if key == E::INNER {
                if list.shape != Shape::NoInner {
                    return Err(duplicate(&key));
                }
                let (shape, items) = map.next_value_seed(InnerSeed(PhantomData))?;
                list.shape = shape;
                list.items = items;
            } else {
                list.unknown.read(key, &mut map)?;
            }
        }
        Ok(list)
    }
}

impl<'de, E: Element<'de>> Deserialize<'de> for List<'de, E> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct InnerSeed<E>(PhantomData<E>);

impl<'de, E: Element<'de>> DeserializeSeed<'de> for InnerSeed<E> {
    type Value = (Shape, Vec<E>);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E: Element<'de>> Visitor<'de> for InnerSeed<E> {
    type Value = (Shape, Vec<E>);
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_bool<X>(self, _: bool) -> Result<Self::Value, X> {
        Ok((Shape::InnerOther("boolean"), Vec::new()))
    }
    fn visit_i64<X>(self, _: i64) -> Result<Self::Value, X> {
        Ok((Shape::InnerOther("number"), Vec::new()))
    }
    fn visit_u64<X>(self, _: u64) -> Result<Self::Value, X> {
        Ok((Shape::InnerOther("number"), Vec::new()))
    }
    fn visit_f64<X>(self, _: f64) -> Result<Self::Value, X> {
        Ok((Shape::InnerOther("number"), Vec::new()))
    }
    fn visit_str<X>(self, _: &str) -> Result<Self::Value, X> {
        Ok((Shape::InnerOther("string"), Vec::new()))
    }
    fn visit_unit<X>(self) -> Result<Self::Value, X> {
        Ok((Shape::InnerNull, Vec::new()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok((Shape::Nested, items))
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        SkipVisitor
            .visit_map(map)
            .map(|_| (Shape::InnerOther("object"), Vec::new()))
    }
}

/// One JSON document of a source.
#[derive(Debug)]
pub(super) enum Top<T> {
    /// An object.
    Object(T),
    /// An array of documents.
    Array(Vec<Slot<T>>),
    /// `null`.
    Null,
    /// A bare scalar, by its type.
    Other(&'static str),
}

impl<'de, T: Object<'de>> Deserialize<'de> for Top<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TopVisitor<T>(PhantomData<T>);
        impl<'de, T: Object<'de>> Visitor<'de> for TopVisitor<T> {
            type Value = Top<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a document")
            }
            fn visit_bool<X>(self, _: bool) -> Result<Self::Value, X> {
                Ok(Top::Other("boolean"))
            }
            fn visit_i64<X>(self, _: i64) -> Result<Self::Value, X> {
                Ok(Top::Other("number"))
            }
            fn visit_u64<X>(self, _: u64) -> Result<Self::Value, X> {
                Ok(Top::Other("number"))
            }
            fn visit_f64<X>(self, _: f64) -> Result<Self::Value, X> {
                Ok(Top::Other("number"))
            }
            fn visit_str<X>(self, _: &str) -> Result<Self::Value, X> {
                Ok(Top::Other("string"))
            }
            fn visit_unit<X>(self) -> Result<Self::Value, X> {
                Ok(Top::Null)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Top::Array(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::read(map).map(Top::Object)
            }
        }
        deserializer.deserialize_any(TopVisitor(PhantomData))
    }
}

/// Declares wire objects: fields by their key, and the keys that are known and of no interest.
macro_rules! wire {
    ($(
        $(#[$meta:meta])*
        struct $name:ident in $inner:literal {
            $($field:ident: $type:ty = $key:literal),* $(,)?
        }
        ignore [$($ignored:literal),* $(,)?]
    )+) => {$(
        $(#[$meta])*
        #[derive(Debug, Default)]
        pub(super) struct $name<'de> {
            $(pub(super) $field: $type,)*
            /// Keys that no list knows.
            pub(super) unknown: $crate::inventory::keys::Unknown<'de>,
        }

        impl<'de> $crate::inventory::wire::Object<'de> for $name<'de> {
            const INNER: &'static str = $inner;

            fn read<A: serde::de::MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
                const KEYS: &[&str] = &[$($key),*];
                const IGNORED: &[&str] = &[$($ignored),*];
                const {
                    assert!(KEYS.len() + IGNORED.len() <= 128, "one bit for each key");
                }
                #[expect(non_camel_case_types, reason = "fields become the numbers of their bits")]
                enum Bit { $($field),* }
                let mut object = Self::default();
                let mut seen = $crate::inventory::keys::Seen::default();
                while let Some($crate::inventory::keys::Key(key)) = map.next_key()? {
                    match key.as_ref() {
                        $($key => {
                            seen.claim(Bit::$field as usize, &key)?;
                            object.$field = map.next_value()?;
                        })*
                        $($ignored => {
                            let number = const { KEYS.len() + $crate::inventory::wire::position(IGNORED, $ignored) };
                            seen.claim(number, &key)?;
                            map.next_value::<$crate::inventory::keys::Skip>()?;
                        })*
                        _ => object.unknown.read(key, &mut map)?,
                    }
                }
                Ok(object)
            }
        }
    )+};
}
pub(super) use wire;

/// Returns where the key stands in the list, at compile time.
pub(super) const fn position(keys: &[&str], key: &str) -> usize {
    let mut rest = keys;
    let mut position = 0;
    while let [first, tail @ ..] = rest {
        if is_equal(first.as_bytes(), key.as_bytes()) {
            return position;
        }
        position += 1;
        rest = tail;
    }
    position
}

const fn is_equal(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        left = left_rest;
        right = right_rest;
    }
    left.is_empty() && right.is_empty()
}
