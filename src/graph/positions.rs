//! Where ids stand, while a graph is built.

use foldhash::{HashMap, HashSet};
use smallvec::SmallVec;

use super::security_graph::GroupIx;
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
