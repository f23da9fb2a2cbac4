//! An inventory as bytes, so that what was judged once need not be judged again.
//!
//! The bytes hold the model as it is, issues included, in parts that are written and read side by side: the length of every
//! list's parts, then the parts. They are no format of exchange: nobody but the same program may read them. They carry
//! no proof of their own, so whoever keeps them keeps a checksum as well; but no bytes whatever make an inventory that
//! breaks a promise of the model about its order.

use super::bytes::{Bytes, Stored, put_length};
use super::model::{Inventory, Memberships, NetworkInterface, SecurityGroup};
use crate::parallel;

/// How many elements a part holds: enough to be worth a thread's while, few enough to share them evenly.
const PART: usize = 2_048;
/// How many lists of parts there are.
const LISTS: usize = 5;
/// A group holds hundreds of rules.
const PART_OF_GROUPS: usize = 64;

impl Inventory {
    /// Returns the inventory as bytes for [`Inventory::from_bytes`] of the same program.
    ///
    /// ```
    /// use sgleave::inventory::Inventory;
    ///
    /// let bytes = Inventory::default().to_bytes();
    /// assert_eq!(Inventory::from_bytes(&bytes), Some(Inventory::default()));
    /// assert_eq!(Inventory::from_bytes(b"no inventory"), None);
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
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
        let mut rest = Vec::new();
        prefix_lists.put(&mut rest);
        port_lists.put(&mut rest);
        foreign_references.put(&mut rest);
        consumers.put(&mut rest);
        gaps.put(&mut rest);
        let lists: [_; LISTS] = [
            parts_of(instances, PART),
            parts_of(interfaces, PART),
            parts_of(groups, PART_OF_GROUPS),
            parts_of(issues, PART),
            vec![rest],
        ];
        let mut bytes = Vec::new();
        for parts in &lists {
            put_length(parts.len(), &mut bytes);
            for part in parts {
                put_length(part.len(), &mut bytes);
            }
        }
        bytes.reserve_exact(lists.iter().flatten().map(Vec::len).sum());
        for part in lists.into_iter().flatten() {
            bytes.extend_from_slice(&part);
        }
        bytes
    }

    /// Returns the inventory that [`Inventory::to_bytes`] of the same program wrote; `None` when the bytes are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Bytes::new(bytes);
        let mut lengths = Vec::new();
        for _ in 0..LISTS {
            lengths.push((0..from.length()?).map(|_| from.length()).collect::<Option<Vec<_>>>()?);
        }
        let mut lists = Vec::new();
        for lengths in lengths {
            lists.push(lengths.into_iter().map(|length| from.run(length)).collect::<Option<Vec<_>>>()?);
        }
        let [instances, interfaces, groups, issues, rest]: [Vec<&[u8]>; LISTS] = lists.try_into().ok()?;
        let [rest] = rest.as_slice() else { return None };
        let mut rest = Bytes::new(rest);
        let inventory = Self {
            instances: joined(instances, |_| true)?,
            interfaces: joined(interfaces, is_in_order)?,
            groups: joined(groups, |group: &SecurityGroup| group.rules.is_sorted())?,
            prefix_lists: Stored::take(&mut rest)?,
            port_lists: Stored::take(&mut rest)?,
            foreign_references: Stored::take(&mut rest)?,
            consumers: Stored::take(&mut rest)?,
            gaps: Stored::take(&mut rest)?,
            issues: joined(issues, |_| true)?,
        };
        // Look-ups search these lists.
        let are_sorted = inventory.instances.is_sorted_by(|a, b| a.id < b.id)
            && inventory.interfaces.is_sorted_by(|a, b| a.id < b.id)
            && inventory.groups.is_sorted_by(|a, b| a.id < b.id);
        (from.is_empty() && rest.is_empty() && are_sorted).then_some(inventory)
    }
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

/// Reads a list from its parts; every element must be as the model promises.
fn joined<T: Stored + Send>(parts: Vec<&[u8]>, is_sound: fn(&T) -> bool) -> Option<Vec<T>> {
    let parts = parallel::each(parts, |part| {
        let mut from = Bytes::new(part);
        let mut list = Vec::new();
        while !from.is_empty() {
            list.push(T::take(&mut from).filter(is_sound)?);
        }
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
