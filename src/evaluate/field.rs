//! One VPC as the class engine sees it: who is alike, which rules hold every address, and who has to be looked at alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::answers::Base;
use super::compiled::Compiled;
use super::matching::{Groups, METADATA};
use super::reachability::BOTH;
use super::reading::Readings;
use super::rulebook::Peer;
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::{Direction, InnerAccessPolicy, SecurityGroupType, VpcId};
use crate::netset::{Family, IpBlock};

/// What the rules of others can tell of an address besides the address itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Lens {
    pub(super) family: Family,
    pub(super) plain: bool,
}

/// Interfaces of one VPC with the same groups and the same kinds of addresses.
#[derive(Debug)]
pub struct Kin {
    pub(super) class: u32,
    /// Sorted, without repetitions.
    pub(super) lenses: Vec<Lens>,
    /// Sorted; not empty.
    pub(super) members: Vec<InterfaceIx>,
    /// The position of the first member among those of all kin.
    pub(super) first: usize,
}

impl Kin {
    /// Returns the interfaces, sorted.
    #[must_use]
    pub fn members(&self) -> &[InterfaceIx] {
        &self.members
    }
}

/// An address of one of the kin.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldSpot {
    pub(super) family: Family,
    pub(super) plain: bool,
    pub(super) address: u128,
}

/// One VPC, ready to have all its memberships judged.
#[derive(Debug)]
pub struct Field<'c, 'g> {
    pub(super) compiled: &'c Compiled<'g>,
    pub(super) vpc: &'g VpcId,
    pub(super) readings: Readings,
    /// The rules of each group that hold every address of the VPC in a family; ascending.
    wide: HashMap<(GroupIx, Family), Vec<u32>>,
    /// The other rules of the groups here, by the blocks they are for, and the lengths that occur.
    narrow: HashMap<IpBlock, Vec<u32>>,
    narrow_lengths: BTreeSet<(Family, u8)>,
    /// The same for classes, by direction: the number of the list.
    wide_of_class: HashMap<(u32, Family, Direction), u32>,
    wide_lists: Vec<Vec<u32>>,
    groups_of_class: HashMap<u32, Vec<GroupIx>>,
    /// The classes of which all is known but for the open settings, and no rule looks at local addresses.
    clear: BTreeSet<u32>,
    basic: BTreeSet<GroupIx>,
    accepts_inside: BTreeSet<GroupIx>,
    kin: Vec<Kin>,
    /// The addresses of all members of kin, in their order.
    pub(super) spots: Vec<FieldSpot>,
    /// Where the addresses of each member begin.
    spots_from: Vec<usize>,
    /// Positions of addresses, sorted by family and address.
    pub(super) by_address: Vec<u32>,
    odd: Vec<InterfaceIx>,
}

impl<'c, 'g> Field<'c, 'g> {
    /// Sorts the interfaces of a VPC. Linear in them and in the rules of their groups, besides sorting.
    #[must_use]
    pub fn new(compiled: &'c Compiled<'g>, vpc: &'g VpcId, readings: Readings) -> Self {
        let interfaces = compiled.interfaces_of(vpc);
        let classes: BTreeSet<u32> = interfaces.iter().filter_map(|one| compiled.class_of(*one)).collect();
        let groups_of =
            |class: &u32| compiled.classes.get(*class as usize).map(Groups::ever).unwrap_or_default();
        let held: BTreeSet<GroupIx> = classes.iter().flat_map(groups_of).collect();
        let clear_groups: BTreeSet<GroupIx> =
            held.iter().copied().filter(|group| is_clear(compiled, *group)).collect();
        let is_known = |class: &u32| compiled.classes.get(*class as usize).is_some_and(|g| !g.is_unknown());
        let is_clear = |class: &u32| {
            is_known(class) && groups_of(class).iter().all(|group| clear_groups.contains(group))
        };
        let of_type = |group: &GroupIx| compiled.graph.group(*group).and_then(|group| group.group_type);
        let is_basic = |group: &GroupIx| of_type(group) == Some(SecurityGroupType::Normal);
        let policy = |group: &GroupIx| compiled.graph.group(*group).and_then(|group| group.inner_access);
        let accepts = |group: &GroupIx| is_basic(group) && policy(group) == Some(InnerAccessPolicy::Accept);
        let mut field = Self {
            compiled,
            vpc,
            readings,
            wide: HashMap::new(),
            narrow: HashMap::new(),
            narrow_lengths: BTreeSet::new(),
            wide_of_class: HashMap::new(),
            wide_lists: Vec::new(),
            groups_of_class: classes.iter().map(|class| (*class, groups_of(class))).collect(),
            clear: classes.iter().copied().filter(is_clear).collect(),
            basic: held.iter().copied().filter(is_basic).collect(),
            accepts_inside: held.iter().copied().filter(accepts).collect(),
            kin: Vec::new(),
            spots: Vec::new(),
            spots_from: Vec::new(),
            by_address: Vec::new(),
            odd: Vec::new(),
        };
        field.enter_wide_rules(&held);
        field.enter_kin(interfaces);
        field
    }

    fn enter_wide_rules(&mut self, held: &BTreeSet<GroupIx>) {
        let book = &self.compiled.book;
        for family in [Family::Ipv4, Family::Ipv6] {
            let covered = self.covered(family);
            let (Some((first, _)), Some((_, last))) = (covered.first(), covered.last()) else { continue };
            let ends = [first, last].map(|address| IpBlock::single(family.address(*address)));
            for group in held {
                let is_wide = |number: &u32| match &book.body(*number).peer {
                    Peer::Blocks(blocks) => {
                        blocks.iter().any(|block| ends.iter().all(|end| block.contains(end)))
                    }
                    Peer::Group(_) | Peer::UnknownList(_) | Peer::NotUnderstood => false,
                };
                let (wide, narrow): (Vec<u32>, Vec<u32>) =
                    book.of_group(*group).iter().copied().partition(is_wide);
                self.wide.insert((*group, family), wide);
                for number in narrow {
                    let Peer::Blocks(blocks) = &book.body(number).peer else { continue };
                    for block in blocks.iter().filter(|block| block.family() == family) {
                        self.narrow.entry(*block).or_default().push(number);
                        self.narrow_lengths.insert((family, block.length()));
                    }
                }
            }
            let mut numbers: HashMap<Vec<u32>, u32> = HashMap::new();
            for class in &self.clear {
                let groups = self.groups_of_class.get(class).into_iter().flatten();
                let mut wide: Vec<u32> =
                    groups.filter_map(|group| self.wide.get(&(*group, family))).flatten().copied().collect();
                wide.sort_unstable();
                for direction in BOTH {
                    let asked =
                        wide.iter().copied().filter(|number| book.body(*number).direction == direction);
                    let next = u32::try_from(self.wide_lists.len()).unwrap_or(u32::MAX);
                    let number = *numbers.entry(asked.collect()).or_insert_with_key(|list| {
                        self.wide_lists.push(list.clone());
                        next
                    });
                    self.wide_of_class.insert((*class, family, direction), number);
                }
            }
        }
    }

    fn enter_kin(&mut self, interfaces: &[InterfaceIx]) {
        let mut kin: BTreeMap<(u32, Vec<Lens>), Vec<InterfaceIx>> = BTreeMap::new();
        for interface in interfaces {
            let addresses = &self.compiled.graph.interface(*interface).addresses;
            let Some(class) = self.compiled.class_of(*interface) else { continue };
            if addresses.is_empty() || self.is_odd(*interface, class) {
                self.odd.push(*interface);
                continue;
            }
            let lens = |address: &crate::inventory::InterfaceAddress| Lens {
                family: address.block.family(),
                plain: address.kind.is_plain(),
            };
            let lenses: BTreeSet<Lens> = addresses.iter().map(lens).collect();
            kin.entry((class, lenses.into_iter().collect())).or_default().push(*interface);
        }
        for ((class, lenses), members) in kin {
            let first = self.spots_from.len();
            for member in &members {
                self.spots_from.push(self.spots.len());
                for held in &self.compiled.graph.interface(*member).addresses {
                    let (family, plain) = (held.block.family(), held.kind.is_plain());
                    self.spots.push(FieldSpot { family, plain, address: held.block.first() });
                }
            }
            self.kin.push(Kin { class, lenses, members, first });
        }
        let mut order: Vec<u32> = (0..self.spots.len()).filter_map(|at| u32::try_from(at).ok()).collect();
        order.sort_by_key(|at| self.spots.get(*at as usize).map(|spot| (spot.family, spot.address)));
        self.by_address = order;
    }

    /// Returns the interfaces that are alike, sorted by their groups.
    #[must_use]
    pub fn kin(&self) -> &[Kin] {
        &self.kin
    }

    /// Returns the interfaces that have to be looked at one by one, sorted: something about their groups or rules is
    /// not known or looks at single addresses.
    #[must_use]
    pub fn odd(&self) -> &[InterfaceIx] {
        &self.odd
    }

    /// Tells whether an interface cannot stand for its class.
    pub(super) fn is_odd(&self, interface: InterfaceIx, class: u32) -> bool {
        let special = |block: &IpBlock| {
            !block.is_single() || (block.family() == Family::Ipv4 && block.first() == METADATA)
        };
        !self.clear.contains(&class)
            || self.compiled.graph.interface(interface).addresses.iter().any(|held| special(&held.block))
    }

    /// Returns the rules of a class that hold every address of the VPC, ascending.
    pub(super) fn wide_of_class(&self, class: u32, family: Family, direction: Direction) -> Base<'_> {
        let number = self.wide_of_class.get(&(class, family, direction)).copied().unwrap_or(u32::MAX);
        Base { number, rules: self.wide_lists.get(number as usize).map_or(&[], Vec::as_slice) }
    }

    /// Returns the addresses of the VPC as sorted, disjoint ranges.
    pub(super) fn covered(&self, family: Family) -> &[(u128, u128)] {
        self.compiled.line(self.vpc, family).map_or(&[], |line| &line.covered)
    }

    /// Returns the groups of a class, sorted.
    pub(super) fn groups_of(&self, class: u32) -> &[GroupIx] {
        self.groups_of_class.get(&class).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_basic(&self, group: GroupIx) -> bool {
        self.basic.contains(&group)
    }

    /// Tells whether a group is a basic one whose intra-group policy is Accept.
    pub(super) fn accepts_inside(&self, group: GroupIx) -> bool {
        self.accepts_inside.contains(&group)
    }

    /// Returns the rules that hold this address but not every one of the VPC, by the group that holds them; only
    /// groups that somebody in the VPC is in.
    pub(super) fn specific(&self, block: IpBlock) -> BTreeMap<GroupIx, Vec<u32>> {
        let book = &self.compiled.book;
        let mut found: BTreeMap<GroupIx, Vec<u32>> = BTreeMap::new();
        let (family, address) = (block.family(), block.first());
        for (_, length) in self.narrow_lengths.iter().filter(|(of, _)| *of == family) {
            for number in self.narrow.get(&IpBlock::around(family, address, *length)).into_iter().flatten() {
                found.entry(book.body(*number).rule.group).or_default().push(*number);
            }
        }
        for numbers in found.values_mut() {
            numbers.sort_unstable();
            numbers.dedup();
        }
        found
    }

    /// Returns the positions of the addresses of a member of kin.
    pub(super) fn spots_of(&self, member: usize) -> std::ops::Range<usize> {
        let from = self.spots_from.get(member).copied().unwrap_or(self.spots.len());
        from..self.spots_from.get(member + 1).copied().unwrap_or(self.spots.len())
    }
}

/// Tells whether nothing about a group hangs on anything but the settings of the semantics, or looks at local addresses.
fn is_clear(compiled: &Compiled<'_>, group: GroupIx) -> bool {
    let Some(described) = compiled.graph.group(group) else { return false };
    let knows_inner = match described.group_type {
        Some(SecurityGroupType::Enterprise) => true,
        Some(SecurityGroupType::Normal) => {
            matches!(described.inner_access, Some(InnerAccessPolicy::Accept | InnerAccessPolicy::Drop))
        }
        None => false,
    };
    knows_inner
        && BOTH.iter().all(|direction| described.knows_rules(*direction))
        && compiled.book.of_group(group).iter().all(|number| {
            let body = compiled.book.body(*number);
            body.when.is_none()
                && body.local.is_none()
                && matches!(body.peer, Peer::Blocks(_) | Peer::Group(_))
        })
}
