//! A list that is nearly always of one thing, which then takes no memory of its own.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::slice;

use serde::Serialize;

/// A list that is nearly always of one thing. It is compared, ordered and hashed as a list.
#[derive(Clone)]
pub struct Few<T>(Form<T>);

#[derive(Clone)]
enum Form<T> {
    One(T),
    Others(Box<[T]>),
}

impl<T> Few<T> {
    /// Keeps what satisfies `keep`.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        *self = std::mem::take(self).into_iter().filter(keep).collect();
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self(Form::Others(Box::default()))
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match &self.0 {
            Form::One(one) => slice::from_ref(one),
            Form::Others(others) => others,
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Form::One(one) => slice::from_mut(one),
            Form::Others(others) => others,
        }
    }
}

impl<T> From<Vec<T>> for Few<T> {
    fn from(list: Vec<T>) -> Self {
        if list.len() == 1 { list.into_iter().collect() } else { Self(Form::Others(list.into())) }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(list: I) -> Self {
        let mut list = list.into_iter();
        match (list.next(), list.next()) {
            (None, _) => Self::default(),
            (Some(one), None) => Self(Form::One(one)),
            (one, other) => Self(Form::Others(one.into_iter().chain(other).chain(list).collect())),
        }
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, others) = match self.0 {
            Form::One(one) => (Some(one), Vec::new()),
            Form::Others(others) => (None, others.into_vec()),
        };
        one.into_iter().chain(others)
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T: PartialOrd> PartialOrd for Few<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (**self).partial_cmp(&**other)
    }
}

impl<T: Ord> Ord for Few<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

impl<T: Hash> Hash for Few<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Serialize> Serialize for Few<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_a_list() {
        for length in 0..4_u16 {
            let list: Vec<u16> = (0..length).collect();
            let few = Few::from(list.clone());
            assert_eq!((&*few, format!("{few:?}")), (list.as_slice(), format!("{list:?}")));
            assert_eq!(few, list.iter().copied().collect());
            assert_eq!(few.clone().into_iter().chain(few.iter().copied()).count(), list.len() * 2);
            assert_eq!(serde_json::to_string(&few).unwrap(), serde_json::to_string(&list).unwrap());
            for other in [vec![], vec![0], vec![1], vec![0, 1]] {
                assert_eq!(few.cmp(&Few::from(other.clone())), list.cmp(&other));
            }
            let mut kept = few;
            kept.retain(|one| one % 2 == 1);
            kept.iter_mut().for_each(|one| *one += 1);
            assert_eq!(
                *kept,
                list.into_iter().filter(|one| one % 2 == 1).map(|one| one + 1).collect::<Vec<_>>()
            );
        }
        assert_eq!(Few::<u16>::default(), Few::from(vec![]));
    }

    #[test]
    fn one_takes_no_memory_of_its_own() {
        let one = Few::from(vec![7_u16]);
        let place = std::ptr::from_ref(&one).cast::<u8>();
        let inside = place.wrapping_add(size_of::<Few<u16>>());
        assert!((place..inside).contains(&one.as_ptr().cast::<u8>()));
    }
}
