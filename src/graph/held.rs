//! Which groups every interface is in.

use super::positions::Place;
use super::security_graph::{GroupIx, InterfaceIx};

/// The sorted groups of every interface, in one piece: there are millions of them, and few of an interface.
#[derive(Debug)]
pub(super) struct Held {
    groups: Vec<GroupIx>,
    /// Where the groups of each interface end.
    ends: Vec<u32>,
    /// The interfaces of which the export does not say, sorted.
    unknown: Vec<InterfaceIx>,
}

impl Held {
    pub(super) fn new(places: &[Place]) -> Self {
        let count = places.iter().filter_map(|place| place.groups.as_ref()).map(|groups| groups.len()).sum();
        let mut held = Self {
            groups: Vec::with_capacity(count),
            ends: Vec::with_capacity(places.len()),
            unknown: Vec::new(),
        };
        for (place, interface) in places.iter().zip((0..).map(InterfaceIx)) {
            match &place.groups {
                Some(groups) => held.groups.extend_from_slice(groups),
                None => held.unknown.push(interface),
            }
            held.ends.push(u32::try_from(held.groups.len()).unwrap_or(u32::MAX));
        }
        held
    }

    /// Returns the groups of an interface; `None` where the export does not say.
    pub(super) fn of(&self, interface: InterfaceIx) -> Option<&[GroupIx]> {
        if self.unknown.binary_search(&interface).is_ok() {
            return None;
        }
        let end = *self.ends.get(interface.at())?;
        let first =
            interface.at().checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |end| *end);
        self.groups.get(first as usize..end as usize)
    }

    /// Returns how many memberships there are.
    pub(super) const fn len(&self) -> usize {
        self.groups.len()
    }
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;

    use super::*;

    #[test]
    fn every_interface_has_the_groups_of_its_place() {
        let places = [
            None,
            Some(smallvec![GroupIx(2), GroupIx(5)]),
            Some(smallvec![]),
            None,
            Some(smallvec![GroupIx(5)]),
        ];
        let places = places.map(|groups| Place { instance: None, groups });
        let held = Held::new(&places);
        for (at, place) in (0..).zip(&places) {
            assert_eq!(held.of(InterfaceIx(at)), place.groups.as_deref(), "{at}");
        }
        assert_eq!((held.of(InterfaceIx(5)), held.len()), (None, 3));
    }
}
