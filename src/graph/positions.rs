//! Where ids stand, while a graph is built, and which groups every interface is in.

use foldhash::{HashMap, HashSet};
use smallvec::SmallVec;

use super::security_graph::{GroupIx, InterfaceIx};
use crate::inventory::{InstanceId, Inventory, Memberships, RulePeer, SecurityGroupId};
use crate::parallel;

/// Returns every group that is described, held by an interface, or named by a rule, sorted.
pub(super) fn mentioned_groups(inventory: &Inventory) -> Vec<SecurityGroupId> {
    let mut ids: HashSet<&SecurityGroupId> = inventory.groups.iter().map(|group| &group.id).collect();
    for interface in &inventory.interfaces {
        if let Memberships::Known(groups) = &interface.memberships {
            ids.extend(groups);
        }
    }
    for rule in inventory.groups.iter().flat_map(|group| &group.rules) {
        if let RulePeer::Group { id, .. } = &rule.peer {
            ids.insert(id);
        }
    }
    for reference in &inventory.foreign_references {
        ids.extend([&reference.group, &reference.referencing]);
    }
    let mut ids: Vec<SecurityGroupId> = ids.into_iter().cloned().collect();
    ids.sort_unstable();
    ids
}

/// Where each id stands, while a graph is built: there are millions of look-ups, and a search in a sorted list waits for
/// the memory at every step.
pub(super) type Groups<'i> = HashMap<&'i SecurityGroupId, GroupIx>;

/// Where an interface belongs.
pub(super) struct Place {
    /// The position of its instance, where that is in the inventory.
    pub(super) instance: Option<u32>,
    /// Its groups, sorted; `None` where the export does not say.
    pub(super) groups: Option<SmallVec<[GroupIx; 4]>>,
}

/// Returns where every interface belongs. Linear in interfaces and memberships.
pub(super) fn places(inventory: &Inventory, groups: &Groups<'_>) -> Vec<Place> {
    let instances: HashMap<&InstanceId, u32> =
        inventory.instances.iter().zip(0..).map(|(instance, at)| (&instance.id, at)).collect();
    parallel::each(&inventory.interfaces, |interface| Place {
        instance: interface.instance.as_ref().and_then(|id| instances.get(id)).copied(),
        groups: match &interface.memberships {
            Memberships::Unknown => None,
            // Sorted by id as the groups are, so their positions are sorted too.
            Memberships::Known(ids) => Some(ids.iter().filter_map(|id| groups.get(id)).copied().collect()),
        },
    })
}

/// The sorted groups of every interface, in one piece: there are millions of them, and few of an interface.
#[derive(Debug, Default)]
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
