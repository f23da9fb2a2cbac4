//! What a row and a class of peers see of each other, so that a side is built once for all classes that look alike.
//!
//! 1. Within one run the row's rules tell peers apart by few groups: those the rules name, and those the row is in,
//!    whose intra-group Accept a peer may share.
//! 2. Of a peer's groups only those matter to its own side that have a rule which may match the row's address, that
//!    the row is in, or of which some rules are not known; and what decides where no rule does.
//! 3. The groups of a class cut down to those are its look, one for each side. Looks have numbers, and a side is found
//!    by the number of its look.
//! 4. Interfaces whose groups are not known have no look, and where rules of the class look at the local address, its
//!    own side has none: such sides are built for each peer.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt as _};

use super::matching::{Groups, is_metadata};
use super::reachability::Row;
use super::rulebook::Peer;
use crate::graph::GroupIx;
use crate::inventory::SecurityGroupType;
use crate::netset::IpRange;

/// What a row knows of a class of peers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether the change can be felt through the groups of the class.
    pub(super) is_concerned: bool,
    /// Whether what the class says of the row can change; what the row says of the class is another matter.
    pub(super) is_moved: bool,
    /// Whether rules of the class look, or may look, at the local address.
    pub(super) is_narrowed: bool,
    /// The class as the row's rules see it, by number.
    pub(super) from_us: Option<u32>,
    /// The rules of the class as far as they matter to the row, by number.
    pub(super) from_them: Option<u32>,
}

impl Look {
    /// Tells whether one answer serves all peers of the class that lie in one run.
    pub(super) fn is_shared(&self, range: IpRange) -> bool {
        !self.is_narrowed && !is_metadata(range)
    }
}

/// The part of a class that one side hangs on. Equal parts give equal sides.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Part {
    /// To the row's rules.
    Asked { groups: Vec<Held>, leaves: bool, joins: bool },
    /// To the rules of the class, with what decides before and after where no rule does.
    Asking { groups: Vec<Held>, last: [Last; 2] },
}

/// A group, and whether it is held before and after.
type Held = (GroupIx, (bool, bool));

/// What decides where no rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Last {
    /// The interface is in no group.
    NoGroup,
    /// The default of this type.
    Type(SecurityGroupType),
    /// The type is not known, so any of the groups may decide.
    Unknown,
}

/// The looks a row has met.
#[derive(Debug, Default)]
pub(super) struct Looks {
    by_class: HashMap<u32, Look>,
    numbers: HashMap<Part, u32>,
    /// The groups that tell peers apart, and the rules of others that may match the row's address, by holder.
    eyes: Option<Eyes>,
}

/// What the row looks with, and what it is seen by.
#[derive(Debug)]
struct Eyes {
    /// Sorted.
    asked: Vec<GroupIx>,
    seen: HashMap<GroupIx, Vec<u32>>,
}

impl Looks {
    fn number(&mut self, part: Part) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(part).or_insert(next)
    }
}

impl<'d, 'g> Row<'d, 'g> {
    /// Returns what the row knows of a class.
    pub(super) fn look(&mut self, class: u32) -> Look {
        if let Some(known) = self.looks.by_class.get(&class) {
            return *known;
        }
        let groups: &'d Groups<'g> = self.difference.groups(class);
        let ever = groups.ever();
        let book = self.difference.book;
        // Whoever may be in any group may have any rule.
        let is_narrowed = match groups.is_unknown() {
            true => book.has_locals(),
            false => ever.iter().any(|group| book.is_narrowed(*group)),
        };
        let has_look = !groups.is_unknown() && !self.groups.is_unknown();
        let look = Look {
            is_concerned: self.all_concerned || self.is_felt_through(class, &ever, &self.concerned),
            is_moved: self.is_felt_through(class, &ever, &self.following),
            is_narrowed,
            from_us: has_look.then(|| self.asked(groups, &ever)),
            from_them: (has_look && !is_narrowed).then(|| self.asking(groups, &ever)),
        };
        self.looks.by_class.insert(class, look);
        look
    }

    fn is_felt_through(&self, class: u32, ever: &[GroupIx], near: &BTreeSet<GroupIx>) -> bool {
        let difference = self.difference;
        let is_near = |group: &GroupIx| near.contains(group) || difference.compiled.is_opaque(*group);
        difference.groups(class).is_unknown() || difference.is_changed(class) || ever.iter().any(is_near)
    }

    /// Point 1.
    fn asked(&mut self, groups: &Groups<'_>, ever: &[GroupIx]) -> u32 {
        let asked = &self.eyes().asked;
        let matters = ever.iter().filter(|group| asked.binary_search(group).is_ok());
        let part = Part::Asked {
            groups: matters.map(|group| (*group, groups.holds(*group))).collect(),
            leaves: groups.leaves(),
            joins: groups.joins(),
        };
        self.looks.number(part)
    }

    /// Point 2.
    fn asking(&mut self, groups: &Groups<'_>, ever: &[GroupIx]) -> u32 {
        let last = [self.last(groups.before.as_deref()), self.last(groups.after.as_deref())];
        let (own, difference) = (self.ever.clone(), self.difference);
        let seen = &self.eyes().seen;
        let matters = |group: &&GroupIx| {
            last.contains(&Last::Unknown)
                || seen.contains_key(*group)
                || own.binary_search(group).is_ok()
                || difference.has_unknown_rules(**group)
        };
        let matters = ever.iter().filter(matters);
        let groups = matters.map(|group| (*group, groups.holds(*group))).collect();
        self.looks.number(Part::Asking { groups, last })
    }

    fn last(&self, groups: Option<&[GroupIx]>) -> Last {
        let groups = groups.unwrap_or(&[]);
        let group_type = |group: &GroupIx| self.difference.graph.group(*group).and_then(|g| g.group_type);
        match groups.iter().find_map(group_type) {
            Some(known) => Last::Type(known),
            None if groups.is_empty() => Last::NoGroup,
            None => Last::Unknown,
        }
    }

    /// Returns the rules of these groups that may match the row's address.
    pub(super) fn seen_by(&mut self, holders: &[GroupIx]) -> Vec<u32> {
        let seen = &self.eyes().seen;
        holders.iter().filter_map(|group| seen.get(group)).flatten().copied().collect()
    }

    /// Returns the rules of anybody that may match the row's address.
    pub(super) fn seen_by_anybody(&mut self) -> Vec<u32> {
        self.eyes().seen.values().flatten().copied().collect()
    }

    fn eyes(&mut self) -> &Eyes {
        let (book, groups, own) = (self.difference.book, &self.ever, self.own().block);
        let by_group = &self.by_group;
        let (graph, is_unknown) = (self.difference.graph, self.groups.is_unknown());
        self.looks.eyes.get_or_insert_with(|| {
            let named = by_group.iter().filter_map(|number| match book.body(*number).peer {
                Peer::Group(group) => Some(group),
                Peer::Blocks(_) | Peer::UnknownList(_) | Peer::NotUnderstood => None,
            });
            let asked: BTreeSet<GroupIx> = groups.iter().copied().chain(named).collect();
            // A rule may match this address by block, by group, or in an unknown way.
            let mut numbers: Vec<u32> = book.open().to_vec();
            numbers.extend(book.holding(own));
            if is_unknown {
                // Whoever may be in any group may be named by any rule that names one.
                numbers.extend(graph.groups().flat_map(|group| book.naming(group)));
            } else {
                numbers.extend(groups.iter().flat_map(|group| book.naming(*group)));
            }
            let mut seen: HashMap<GroupIx, Vec<u32>> = HashMap::new();
            for number in numbers {
                seen.entry(book.body(number).rule.group).or_default().push(number);
            }
            Eyes { asked: asked.into_iter().collect(), seen }
        })
    }
}
