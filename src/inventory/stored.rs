//! An inventory as bytes, so that what was judged once need not be judged again.
//!
//! The bytes hold the model as it is, issues included, in parts that are written and read side by side, and let go one by
//! one: what is short and the number of every long list's parts, then those parts. They are no format of exchange: nobody
//! but the same program may read them. They carry no proof of their own, so whoever keeps them keeps a checksum as well;
//! but no bytes whatever make an inventory that breaks a promise of the model about its order.

use super::bytes::{Bytes, Stored};
use super::model::{Instance, Inventory, Memberships, NetworkInterface, SecurityGroup};
use super::tags::Tags;
use crate::parallel;

/// How many elements a part holds: enough to be worth a thread's while, few enough to share them evenly.
const PART: usize = 2_048;
/// A group holds hundreds of rules.
const PART_OF_GROUPS: usize = 64;

impl Inventory {
    /// Returns the inventory as bytes for [`Inventory::from_parts`] of the same program.
    ///
    /// ```
    /// use sgleave::inventory::Inventory;
    ///
    /// let parts = Inventory::default().to_parts();
    /// assert_eq!(Inventory::from_parts(parts), Some(Inventory::default()));
    /// assert_eq!(Inventory::from_parts(vec![b"no inventory".to_vec()]), None);
    /// ```
    #[must_use]
    pub fn to_parts(&self) -> Vec<Vec<u8>> {
        let Self {
            instances,
            interfaces,
            groups,
            prefix_lists,
            port_lists,
            foreign_references,
            consumers,
            gaps,
            issues,
        } = self;
        let lists = [
            parts_of(instances, PART),
            parts_of(interfaces, PART),
            parts_of(groups, PART_OF_GROUPS),
            parts_of(issues, PART),
        ];
        let mut first = Vec::new();
        prefix_lists.put(&mut first);
        port_lists.put(&mut first);
        foreign_references.put(&mut first);
        consumers.put(&mut first);
        gaps.put(&mut first);
        for parts in &lists {
            first.extend_from_slice(&count(parts.len()).to_le_bytes());
        }
        [first].into_iter().chain(lists.into_iter().flatten()).collect()
    }

    /// Returns the inventory that [`Inventory::to_parts`] of the same program wrote; `None` when the bytes are none. Each
    /// part is let go when it is read.
    #[must_use]
    pub fn from_parts(parts: Vec<Vec<u8>>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let first = parts.next()?;
        let mut first = Bytes::new(&first);
        let mut inventory = Self {
            prefix_lists: Stored::take(&mut first)?,
            port_lists: Stored::take(&mut first)?,
            foreign_references: Stored::take(&mut first)?,
            consumers: Stored::take(&mut first)?,
            gaps: Stored::take(&mut first)?,
            ..Self::default()
        };
        let mut list = || {
            let count = usize::try_from(u32::take(&mut first)?).ok()?;
            let list: Vec<Vec<u8>> = parts.by_ref().take(count).collect();
            Some(list).filter(|list| list.len() == count)
        };
        let [instances, interfaces, groups, issues] = [list()?, list()?, list()?, list()?];
        if !first.is_empty() || parts.next().is_some() {
            return None;
        }
        inventory.instances = joined(instances, |_| true, |one: &mut Instance| Some(&mut one.tags))?;
        inventory.interfaces = joined(interfaces, is_in_order, |one| Some(&mut one.tags))?;
        let are_rules_sorted = |group: &SecurityGroup| group.rules.is_sorted();
        inventory.groups = joined(groups, are_rules_sorted, |one| Some(&mut one.tags))?;
        inventory.issues = joined(issues, |_| true, |_| None)?;
        // Look-ups search these lists.
        let are_sorted = inventory.instances.is_sorted_by(|a, b| a.id < b.id)
            && inventory.interfaces.is_sorted_by(|a, b| a.id < b.id)
            && inventory.groups.is_sorted_by(|a, b| a.id < b.id);
        are_sorted.then_some(inventory)
    }
}

/// Parts hold dozens of groups or thousands of anything else: no memory would hold what has more of them.
fn count(parts: usize) -> u32 {
    u32::try_from(parts).unwrap_or(u32::MAX)
}

/// Writes a list in parts.
fn parts_of<T: Stored + Sync>(list: &[T], length: usize) -> Vec<Vec<u8>> {
    parallel::each(list.chunks(length).collect::<Vec<_>>(), |elements| {
        let mut part = Vec::new();
        for element in elements {
            element.put(&mut part);
        }
        part
    })
}

/// Reads a list from its parts; every element must be as the model promises. Tags of a part share texts.
fn joined<T: Stored + Send>(
    parts: Vec<Vec<u8>>,
    is_sound: fn(&T) -> bool,
    tags: fn(&mut T) -> Option<&mut Tags>,
) -> Option<Vec<T>> {
    let parts = parallel::each(parts, |part| {
        let mut from = Bytes::new(&part);
        let mut list = Vec::new();
        while !from.is_empty() {
            list.push(T::take(&mut from).filter(is_sound)?);
        }
        Tags::share(list.iter_mut().filter_map(tags));
        Some(list)
    });
    let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
    let mut list = Vec::with_capacity(parts.iter().map(Vec::len).sum());
    list.extend(parts.into_iter().flatten());
    Some(list)
}

/// Tells whether the lists of an interface are sorted, without duplicates and overlaps.
fn is_in_order(interface: &NetworkInterface) -> bool {
    let are_memberships = match &interface.memberships {
        Memberships::Known(groups) => groups.is_sorted_by(|a, b| a < b),
        Memberships::Unknown => true,
    };
    are_memberships
        && interface.addresses.is_sorted_by(|a, b| {
            a.block.family() < b.block.family()
                || a.block.family() == b.block.family() && a.block.last() < b.block.first()
        })
}
