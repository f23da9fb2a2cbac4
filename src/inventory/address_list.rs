//! The addresses of an interface.

use std::ops::{Deref, DerefMut};

use serde::Serialize;
use smallvec::SmallVec;

use super::model::InterfaceAddress;

/// Addresses of one interface. It is nearly always one, which takes no memory of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Addresses(SmallVec<[InterfaceAddress; 1]>);

impl Addresses {
    /// Keeps the addresses that satisfy `keep`.
    pub fn retain(&mut self, mut keep: impl FnMut(&InterfaceAddress) -> bool) {
        self.0.retain(|address| keep(address));
    }
}

impl Deref for Addresses {
    type Target = [InterfaceAddress];

    fn deref(&self) -> &[InterfaceAddress] {
        &self.0
    }
}

impl DerefMut for Addresses {
    fn deref_mut(&mut self) -> &mut [InterfaceAddress] {
        &mut self.0
    }
}

impl FromIterator<InterfaceAddress> for Addresses {
    fn from_iter<I: IntoIterator<Item = InterfaceAddress>>(addresses: I) -> Self {
        Self(addresses.into_iter().collect())
    }
}

impl From<Vec<InterfaceAddress>> for Addresses {
    fn from(addresses: Vec<InterfaceAddress>) -> Self {
        addresses.into_iter().collect()
    }
}

impl<'a> IntoIterator for &'a Addresses {
    type Item = &'a InterfaceAddress;
    type IntoIter = std::slice::Iter<'a, InterfaceAddress>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Addresses {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}
