//! One value for each family of addresses.

use crate::netset::Family;

/// One value for each family of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct ByFamily<T> {
    v4: T,
    v6: T,
}

impl<T> ByFamily<T> {
    pub(super) fn new(mut of: impl FnMut(Family) -> T) -> Self {
        Self { v4: of(Family::Ipv4), v6: of(Family::Ipv6) }
    }

    pub(super) const fn get(&self, family: Family) -> &T {
        match family {
            Family::Ipv4 => &self.v4,
            Family::Ipv6 => &self.v6,
        }
    }

    pub(super) const fn get_mut(&mut self, family: Family) -> &mut T {
        match family {
            Family::Ipv4 => &mut self.v4,
            Family::Ipv6 => &mut self.v6,
        }
    }
}
