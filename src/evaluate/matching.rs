//! Which lines does one interface ask about one remote end? Does one rule match it?

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::reading::{AddressKinds, Order, Readings};
use super::rulebook::{Body, Peer, RuleBook, Variable};
use super::side::{Further, Line, Presence, RemoteChange, Side, Slot, Unknown, certain};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{Direction, InnerAccessPolicy, SecurityGroupType};
use crate::netset::{Family, IpBlock, IpRange};

/// The groups of an interface before and after, sorted; `None` where the export does not say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Groups<'g> {
    pub(crate) before: Option<Cow<'g, [GroupIx]>>,
    pub(crate) after: Option<Cow<'g, [GroupIx]>>,
}

impl Groups<'_> {
    /// Returns the groups held in either state, sorted.
    pub(crate) fn ever(&self) -> Vec<GroupIx> {
        if self.before == self.after {
            return self.before.as_deref().unwrap_or(&[]).to_vec();
        }
        let mut all: Vec<GroupIx> =
            self.before.iter().chain(&self.after).flat_map(|groups| groups.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the groups held in one state only, sorted.
    pub(crate) fn changed(&self) -> Vec<GroupIx> {
        if self.before == self.after {
            return Vec::new();
        }
        self.ever().into_iter().filter(|group| self.holds(*group) != (true, true)).collect()
    }

    /// Tells whether the group is held before and after.
    pub(crate) fn holds(&self, group: GroupIx) -> (bool, bool) {
        let holds = |groups: &Option<Cow<'_, [GroupIx]>>| {
            groups.as_ref().is_some_and(|groups| groups.binary_search(&group).is_ok())
        };
        (holds(&self.before), holds(&self.after))
    }

    /// Tells whether both may be in the group at once, before or after.
    fn may_share(&self, other: &Self, group: GroupIx) -> bool {
        let ((before, after), (other_before, other_after)) = (self.holds(group), other.holds(group));
        self.is_unknown() || other.is_unknown() || (before && other_before) || (after && other_after)
    }

    pub(crate) const fn is_unknown(&self) -> bool {
        self.before.is_none()
    }

    pub(crate) fn leaves(&self) -> bool {
        self.changed().iter().any(|group| self.holds(*group) == (true, false))
    }

    pub(crate) fn joins(&self) -> bool {
        self.changed().iter().any(|group| self.holds(*group) == (false, true))
    }
}

/// The interface whose rules are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) interface: InterfaceIx,
    pub(crate) block: IpBlock,
    /// A primary or secondary IPv4 address (A8).
    pub(crate) plain: bool,
    pub(crate) groups: &'a Groups<'a>,
}

/// The other end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Remote<'a> {
    /// An interface of the same VPC.
    Interface(Own<'a>),
    /// Any other address; the block is not cut by any rule that is asked.
    External(IpBlock),
    /// A member of a group of another account, at an address that is not known.
    Foreign(GroupIx, Family),
}

/// Asks the rules of one estate under the given settings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matcher<'a> {
    pub(crate) graph: &'a SecurityGraph,
    pub(crate) book: &'a RuleBook,
    pub(crate) readings: &'a Readings,
}

/// The address the platform always lets an interface reach (law 2.2 d): 100.100.100.200.
pub(crate) const METADATA: u128 = 0x6464_64c8;

impl Matcher<'_> {
    /// Returns the lines `own` asks about `remote` in this direction.
    ///
    /// `candidates` are numbers of rules that may match, in any order and with repetitions; rules of groups `own`
    /// never holds and rules that do not match are passed over.
    pub(crate) fn side(
        &self,
        direction: Direction,
        own: &Own<'_>,
        remote: &Remote<'_>,
        candidates: impl Iterator<Item = u32>,
    ) -> Side {
        let mut side = Side { lines: Vec::new(), further: Vec::new(), remote: self.remote_change(remote) };
        if direction == Direction::Egress && is_metadata_address(remote) {
            side.lines.push(Line { slot: Slot::Platform, before: certain(), after: certain() });
            return side;
        }
        if own.groups.is_unknown() {
            let unknown = Unknown::Memberships(own.interface);
            side.further.push(Further { unknown, before: true, after: true });
            self.add_inner(direction, own, remote, &mut side);
            self.add_strongest_drops(direction, own, remote, candidates, &mut side);
            side.lines.sort_by_key(|line| line.slot);
            return side;
        }
        self.add_no_group(own, &mut side);
        self.add_inner(direction, own, remote, &mut side);
        let is_asked = |number: &u32| self.book.is_asked(*number, direction);
        let mut numbers: Vec<u32> = candidates.filter(is_asked).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            let body = self.book.body(number);
            let (before, after) = own.groups.holds(body.rule.group);
            if !(before || after) {
                continue;
            }
            if body.local().is_some_and(|local| !local.contains(&own.block)) {
                continue;
            }
            let (matched_before, matched_after) = self.matches(number, body, remote);
            let line = Line {
                slot: Slot::Rule(number),
                before: matched_before.filter(|_| before),
                after: matched_after.filter(|_| after),
            };
            if line.before.is_some() || line.after.is_some() {
                side.lines.push(line);
            }
        }
        if direction == Direction::Egress {
            self.add_default(own, &mut side);
        }
        self.add_further(direction, own, &mut side);
        side.lines.sort_by_key(|line| line.slot);
        side
    }

    /// Of an interface whose groups are unknown any rule may be outranked by one nobody has read, except a Drop of
    /// priority 1: if the interface is in that group, the Drop holds.
    fn add_strongest_drops(
        &self,
        direction: Direction,
        own: &Own<'_>,
        remote: &Remote<'_>,
        candidates: impl Iterator<Item = u32>,
        side: &mut Side,
    ) {
        let numbers: BTreeSet<u32> = candidates.collect();
        for number in numbers {
            let body = self.book.body(number);
            if !self.book.is_asked(number, direction)
                || !body.is_strongest_drop()
                || body.local().is_some_and(|local| !local.contains(&own.block))
            {
                continue;
            }
            let mut member = Vec::new();
            if self.holds(own, body.rule.group, &mut member) != (true, true) {
                continue;
            }
            let joined = |presence: Presence| -> Presence {
                let mut when: Vec<Variable> =
                    presence?.iter().copied().chain(member.iter().copied()).collect();
                when.sort_unstable();
                Some(when.into_boxed_slice())
            };
            let (before, after) = self.matches(number, body, remote);
            side.lines.push(Line { slot: Slot::Rule(number), before: joined(before), after: joined(after) });
        }
    }

    /// An unknown rule may name a group; then it follows the remote interface in and out of it, as far as references
    /// cover the remote address (A8).
    fn remote_change(&self, remote: &Remote<'_>) -> RemoteChange {
        let Remote::Interface(other) = remote else { return RemoteChange::default() };
        let change = RemoteChange { leaves: other.groups.leaves(), joins: other.groups.joins(), when: None };
        match (other.plain, self.readings.address_kinds) {
            (true, _) | (false, Some(AddressKinds::All)) => change,
            (false, Some(AddressKinds::Ipv4)) => RemoteChange::default(),
            (false, None) => RemoteChange {
                when: Some(Variable::AddressKinds).filter(|_| change.leaves || change.joins),
                ..change
            },
        }
    }

    /// AM5: an interface in no group neither sends nor receives.
    fn add_no_group(&self, own: &Own<'_>, side: &mut Side) {
        let empty =
            |groups: &Option<Cow<'_, [GroupIx]>>| groups.as_ref().is_some_and(|groups| groups.is_empty());
        let (before, after) = (empty(&own.groups.before), empty(&own.groups.after));
        if before || after {
            let line = Line {
                slot: Slot::NoGroup,
                before: certain().filter(|_| before),
                after: certain().filter(|_| after),
            };
            side.lines.push(line);
        }
    }

    /// Law 2.4, 2.5: the intra-group Accept of every basic group both interfaces share.
    fn add_inner(&self, direction: Direction, own: &Own<'_>, remote: &Remote<'_>, side: &mut Side) {
        let Remote::Interface(other) = remote else { return };
        // An interface whose groups are unknown may share any group of the other.
        let candidates = if own.groups.is_unknown() { other.groups.ever() } else { own.groups.ever() };
        for group in candidates {
            if !own.groups.may_share(other.groups, group) {
                continue;
            }
            let Some(mut when) = self.inner_policy(group) else { continue };
            if !(own.plain && other.plain) {
                match self.readings.address_kinds {
                    Some(AddressKinds::All) => {}
                    Some(AddressKinds::Ipv4) => continue,
                    None => when.push(Variable::AddressKinds),
                }
            }
            let (own_before, own_after) = self.holds(own, group, &mut when);
            let (other_before, other_after) = self.holds(other, group, &mut when);
            let (before, after) = (own_before && other_before, own_after && other_after);
            if !before && !after {
                continue;
            }
            let order = match direction {
                Direction::Ingress => self.readings.intra_group_ingress,
                Direction::Egress => self.readings.intra_group_egress,
            };
            let mut push = |slot: Slot, when: &[Variable]| {
                let mut sorted = when.to_vec();
                sorted.sort_unstable();
                let presence: Presence = Some(sorted.into_boxed_slice());
                side.lines.push(Line {
                    slot,
                    before: presence.clone().filter(|_| before),
                    after: presence.filter(|_| after),
                });
            };
            // On egress the basic default accepts what no rule decides; a line of its own would only hide it (2.4).
            if direction == Direction::Ingress && order != Some(Order::AcceptFirst) {
                push(Slot::InnerLast(group), &when);
            }
            if order != Some(Order::CustomFirst) {
                if order.is_none() {
                    when.push(match direction {
                        Direction::Ingress => Variable::IntraGroupIngress,
                        Direction::Egress => Variable::IntraGroupEgress,
                    });
                }
                push(Slot::InnerFirst(group), &when);
            }
        }
    }

    /// Is the interface in the group, before and after? Where its groups are unknown it may be, if the group serves
    /// its VPC (law 3).
    fn holds(&self, one: &Own<'_>, group: GroupIx, when: &mut Vec<Variable>) -> (bool, bool) {
        if !one.groups.is_unknown() {
            return one.groups.holds(group);
        }
        let here = self.graph.interface(one.interface).network.vpc();
        let there = self.graph.group(group).and_then(|described| described.network.vpc());
        let possible = there.is_none() || here.is_none() || here == there;
        if possible {
            when.push(Variable::Member(one.interface, group));
        }
        (possible, possible)
    }

    /// Returns what the group's intra-group Accept hangs on, or `None` when there is none (enterprise, or Drop).
    fn inner_policy(&self, group: GroupIx) -> Option<Vec<Variable>> {
        let described = self.graph.group(group);
        let mut when = Vec::new();
        match described.and_then(|g| g.group_type) {
            Some(SecurityGroupType::Enterprise) => return None,
            Some(SecurityGroupType::Normal) => {}
            None => when.push(Variable::GroupType(group)),
        }
        match described.and_then(|g| g.inner_access) {
            Some(InnerAccessPolicy::Drop) => return None,
            Some(InnerAccessPolicy::Accept) => {}
            None => when.push(Variable::InnerAccess(group)),
        }
        Some(when)
    }

    /// Does the rule match the remote end, before and after? Protocol and ports are the traffic's business.
    pub(crate) fn matches(&self, number: u32, body: &Body, remote: &Remote<'_>) -> (Presence, Presence) {
        let mut when: Vec<Variable> = body.when().into_iter().collect();
        let (before, after) = match &body.peer {
            Peer::NotUnderstood => return self.matches_in_doubt(body, remote),
            Peer::UnknownList(list) => {
                when.push(Variable::PrefixList(*list, body.direction));
                (true, true)
            }
            Peer::Blocks(blocks) => match remote {
                Remote::Interface(Own { block, .. }) | Remote::External(block) => {
                    let held = blocks.iter().any(|outer| outer.contains(block));
                    (held, held)
                }
                Remote::Foreign(_, family) => {
                    let everywhere = blocks.contains(&IpBlock::all(*family));
                    let possible = blocks.iter().any(|block| block.family() == *family);
                    if possible && !everywhere {
                        when.push(Variable::ForeignAddress(number));
                    }
                    (possible, possible)
                }
            },
            Peer::Group(group) => match remote {
                Remote::External(_) => (false, false),
                Remote::Foreign(foreign, _) => (foreign == group, foreign == group),
                Remote::Interface(other) => {
                    if !other.plain {
                        match self.readings.address_kinds {
                            Some(AddressKinds::All) => {}
                            Some(AddressKinds::Ipv4) => return (None, None),
                            None => when.push(Variable::AddressKinds),
                        }
                    }
                    self.holds(other, *group, &mut when)
                }
            },
        };
        when.sort_unstable();
        let presence: Presence = Some(when.into_boxed_slice());
        (presence.clone().filter(|_| before), presence.filter(|_| after))
    }

    /// A rule that is not understood may match or not, the same before and after, unless the remote interface changes
    /// its groups: the rule may name one of them.
    fn matches_in_doubt(&self, body: &Body, remote: &Remote<'_>) -> (Presence, Presence) {
        let (leaves, joins) = match remote {
            Remote::Interface(other) => (other.groups.leaves(), other.groups.joins()),
            Remote::External(_) | Remote::Foreign(..) => (false, false),
        };
        let presence = |extra: Option<Variable>| -> Presence {
            let mut when: Vec<Variable> = body.when().into_iter().chain(extra).collect();
            when.sort_unstable();
            Some(when.into_boxed_slice())
        };
        let before = presence(Some(Variable::RuleHeld(body.rule)).filter(|_| joins));
        let after = presence(Some(Variable::RuleStays(body.rule)).filter(|_| leaves));
        (before, after)
    }

    /// Law 2.4: a basic group lets out what no rule decides. A known type decides for the interface, since types do
    /// not mix; where no type is known, any of its groups may be basic.
    fn add_default(&self, own: &Own<'_>, side: &mut Side) {
        let group_type = |group: GroupIx| self.graph.group(group).and_then(|g| g.group_type);
        let accepts = |groups: &Option<Cow<'_, [GroupIx]>>| -> Vec<Option<GroupIx>> {
            let Some(groups) = groups else { return Vec::new() };
            let known = groups.iter().find_map(|group| group_type(*group));
            match known {
                Some(SecurityGroupType::Normal) => vec![None],
                Some(SecurityGroupType::Enterprise) => Vec::new(),
                None => groups.iter().map(|group| Some(*group)).collect(),
            }
        };
        let (before, after) = (accepts(&own.groups.before), accepts(&own.groups.after));
        let mut all: Vec<Option<GroupIx>> = before.iter().chain(&after).copied().collect();
        all.sort_unstable();
        all.dedup();
        for one in all {
            let presence: Presence =
                Some(one.map(Variable::GroupType).into_iter().collect::<Vec<_>>().into_boxed_slice());
            side.lines.push(Line {
                slot: Slot::Default(one),
                before: presence.clone().filter(|_| before.contains(&one)),
                after: presence.filter(|_| after.contains(&one)),
            });
        }
    }

    /// A truncated answer or a group that is not described may hold any rule.
    fn add_further(&self, direction: Direction, own: &Own<'_>, side: &mut Side) {
        for group in own.groups.ever() {
            if self.graph.group(group).is_some_and(|g| g.knows_rules(direction)) {
                continue;
            }
            let (before, after) = own.groups.holds(group);
            side.further.push(Further { unknown: Unknown::Rules(group), before, after });
        }
    }
}

/// Tells whether the remote end is the metadata address of the platform.
fn is_metadata_address(remote: &Remote<'_>) -> bool {
    match remote {
        Remote::Interface(Own { block, .. }) | Remote::External(block) => {
            block.is_single() && is_metadata((*block).into())
        }
        Remote::Foreign(..) => false,
    }
}

/// Tells whether a range begins with the metadata address of the platform.
pub(super) fn is_metadata(range: IpRange) -> bool {
    range.family() == Family::Ipv4 && range.first() == METADATA
}
