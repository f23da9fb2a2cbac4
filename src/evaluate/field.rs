//! One VPC as the class engine sees it: who is alike, which rules hold every address, and who has to be looked at alone.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt as _};
use smallvec::SmallVec;

use super::answers::{Base, Lens, number_of};
use super::by_block::ByBlock;
use super::by_family::ByFamily;
use super::compiled::Compiled;
use super::matching::{Groups, METADATA};
use super::reachability::BOTH;
use super::reading::Readings;
use super::rulebook::Peer;
use crate::graph::{GroupIx, InterfaceIx};
use crate::inventory::{Direction, InnerAccessPolicy, SecurityGroupType, VpcId};
use crate::netset::{Family, IpBlock};

/// Interfaces of one VPC with the same groups and the same kinds of addresses.
#[derive(Debug)]
pub struct Kin {
    pub(super) class: u32,
    /// The number of the class among those of the VPC.
    pub(super) note: u32,
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

/// A class of the VPC: what of it is the same whoever is looked at.
#[derive(Debug)]
pub(super) struct FieldClass {
    pub(super) groups: Vec<GroupIx>,
    /// Whether what no rule decides is let out.
    pub(super) accepts: bool,
    /// The numbers of the lists of rules that hold every address, by direction: egress, ingress.
    wide: ByFamily<[u32; 2]>,
    /// Whether some member has an address that is not plain, and one that is.
    kinds: ByFamily<(bool, bool)>,
}

impl FieldClass {
    /// Returns whether members have addresses of these families that are not plain, and that are.
    pub(super) fn kinds(&self, lenses: &[Lens]) -> (bool, bool) {
        let of = |lens: &Lens| *self.kinds.get(lens.family);
        lenses.iter().map(of).fold((false, false), |all, one| (all.0 | one.0, all.1 | one.1))
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
    /// The other rules of the groups here that are for blocks.
    narrow: ByBlock,
    /// The distinct lists of them that classes have in one direction and family.
    wide_lists: Vec<Vec<u32>>,
    /// The classes of all kin, in their order.
    pub(super) classes: Vec<FieldClass>,
    /// Those that hold a group, ascending.
    classes_of_group: HashMap<GroupIx, Vec<u32>>,
    /// The classes of which all is known but for the open settings, and no rule looks at local addresses.
    clear: BTreeSet<u32>,
    basic: BTreeSet<GroupIx>,
    accepts_inside: BTreeSet<GroupIx>,
    kin: Vec<Kin>,
    /// The addresses of all members of kin, in their order.
    pub(super) spots: Vec<FieldSpot>,
    /// Where the addresses of each member begin.
    spots_from: Vec<usize>,
    /// The addresses with their positions, sorted by family and address.
    pub(super) by_address: Vec<(Family, u128, u32)>,
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
            narrow: ByBlock::new(Vec::new()),
            wide_lists: Vec::new(),
            classes: Vec::new(),
            classes_of_group: HashMap::new(),
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
        field.enter_classes();
        field
    }

    fn enter_wide_rules(&mut self, held: &BTreeSet<GroupIx>) {
        let book = &self.compiled.book;
        let mut named: Vec<(IpBlock, u32)> = Vec::new();
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
                    let here = blocks.iter().filter(|block| block.family() == family);
                    named.extend(here.map(|block| (*block, number)));
                }
            }
        }
        self.narrow = ByBlock::new(named);
    }

    /// Describes the class of every kin, and the rules of it that hold every address.
    fn enter_classes(&mut self) {
        let book = &self.compiled.book;
        let mut numbers: HashMap<Vec<u32>, u32> = HashMap::new();
        let mut last: Option<u32> = None;
        for kin in &mut self.kin {
            // Kin of one class follow each other.
            if last.replace(kin.class) != Some(kin.class) {
                let groups =
                    self.compiled.classes.get(kin.class as usize).map(Groups::ever).unwrap_or_default();
                let wide = ByFamily::new(|family| {
                    let of_group = |group: &GroupIx| self.wide.get(&(*group, family));
                    let mut wide: Vec<u32> = groups.iter().filter_map(of_group).flatten().copied().collect();
                    wide.sort_unstable();
                    BOTH.map(|direction| {
                        let asked = book.asked(&wide, direction);
                        let next = number_of(self.wide_lists.len());
                        *numbers.entry(asked.to_vec()).or_insert_with_key(|list| {
                            self.wide_lists.push(list.clone());
                            next
                        })
                    })
                });
                for group in &groups {
                    self.classes_of_group.entry(*group).or_default().push(number_of(self.classes.len()));
                }
                let accepts = groups.first().is_some_and(|group| self.basic.contains(group));
                let kinds = ByFamily::default();
                self.classes.push(FieldClass { groups, accepts, wide, kinds });
            }
            kin.note = number_of(self.classes.len().saturating_sub(1));
            let Some(class) = self.classes.last_mut() else { continue };
            for lens in &kin.lenses {
                let kinds = class.kinds.get_mut(lens.family);
                kinds.0 |= !lens.plain;
                kinds.1 |= lens.plain;
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
            self.kin.push(Kin { class, note: 0, lenses, members, first });
        }
        let mut order: Vec<(Family, u128, u32)> =
            (0..).zip(&self.spots).map(|(at, spot)| (spot.family, spot.address, at)).collect();
        order.sort_unstable();
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
    pub(super) fn wide_of(&self, class: &FieldClass, family: Family, direction: Direction) -> Base<'_> {
        let [egress, ingress] = *class.wide.get(family);
        let number = match direction {
            Direction::Egress => egress,
            Direction::Ingress => ingress,
        };
        Base { number, rules: self.wide_lists.get(number as usize).map_or(&[], Vec::as_slice) }
    }

    /// Returns the addresses of the VPC as sorted, disjoint ranges.
    pub(super) fn covered(&self, family: Family) -> &[(u128, u128)] {
        self.compiled.line(self.vpc, family).map_or(&[], |line| &line.covered)
    }

    /// Returns the numbers of the classes that hold a group, ascending.
    pub(super) fn classes_of(&self, group: GroupIx) -> &[u32] {
        self.classes_of_group.get(&group).map_or(&[], Vec::as_slice)
    }

    /// Returns the groups of some kin, sorted.
    pub(super) fn groups_of(&self, kin: &Kin) -> &[GroupIx] {
        self.classes.get(kin.note as usize).map_or(&[], |class| &class.groups)
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
    pub(super) fn specific(&self, block: IpBlock) -> Vec<(GroupIx, SmallVec<[u32; 4]>)> {
        let holder = |number: u32| self.compiled.book.body(number).rule.group;
        let mut held: Vec<(GroupIx, u32)> =
            self.narrow.holding(block).map(|number| (holder(number), number)).collect();
        held.sort_unstable();
        held.dedup();
        let by_group = held.chunk_by(|(one, _), (other, _)| one == other);
        let of_group = |rules: &[(GroupIx, u32)]| {
            let (group, _) = *rules.first()?;
            Some((group, rules.iter().map(|(_, number)| *number).collect()))
        };
        by_group.filter_map(of_group).collect()
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
            body.when().is_none()
                && body.local().is_none()
                && matches!(body.peer, Peer::Blocks(_) | Peer::Group(_))
        })
}
