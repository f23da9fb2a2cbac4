//! Judging the joined groups against the interfaces and each other.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};

use super::assemble::Desk;
use super::counts;
use super::facts::{At, Located};
use super::id::{AccountId, SecurityGroupId};
use super::issue::IssueLevel;
use super::join_groups::{Draft, Groups};
use super::model::{
    ForeignReference, Inventory, Memberships, Network, NetworkInterface, RuleGap, RulePeer, RulePorts,
    SecurityGroupRule,
};

const ERROR: IssueLevel = IssueLevel::Error;
const WARNING: IssueLevel = IssueLevel::Warning;

/// Judges the groups against the interfaces and each other, and puts their rules in order.
pub(super) fn finish(
    desk: &mut Desk<'_>,
    groups: &mut Groups,
    interfaces: &[Located<NetworkInterface>],
    named_by: &[Located<ForeignReference>],
    lists: &Inventory,
) {
    let held = holders(interfaces);
    for (id, at) in &held.first {
        if !groups.contains_key(*id) {
            desk.note(
                (ERROR, "undescribed-group"),
                id.as_str(),
                Some((*at, "/SecurityGroupIds")),
                || format!("`{id}` is held by an interface and no answer describes it"),
                "export DescribeSecurityGroups and DescribeSecurityGroupAttribute of this group",
            );
        }
    }
    counts::named_by(desk, groups, named_by);
    let networks: BTreeMap<SecurityGroupId, Network> =
        groups.iter().map(|(id, draft)| (id.clone(), draft.model.network.clone())).collect();
    for (id, draft) in groups.iter_mut() {
        let level = if held.first.contains_key(id) { ERROR } else { WARNING };
        missing_answers(desk, draft, level);
        counts::rules(desk, draft);
        counts::members(desk, draft, held.addresses.get(id).copied().unwrap_or_default());
        references(desk, draft, &networks, lists);
        let account = held.account(id);
        draft.places = Vec::new();
        let mut rules = std::mem::take(&mut draft.model.rules);
        for rule in &mut rules {
            if let RulePeer::Group { owner, .. } = &mut rule.peer
                && owner.is_some()
                && owner.as_ref() == account
            {
                *owner = None;
            }
        }
        rules.sort_unstable();
        // Sorted with the id last: of equal rules the one with the smallest id is kept; no id sorts first.
        rules.dedup_by(|next, kept| {
            let is_same = content(next) == content(kept);
            if is_same && kept.id.is_none() {
                kept.id = next.id.take();
            }
            is_same
        });
        rules.shrink_to_fit();
        draft.model.rules = rules;
        draft.model.rule_gaps.sort();
        draft.model.rule_gaps.dedup();
    }
}

/// Returns everything that a rule says about traffic.
const fn content(rule: &SecurityGroupRule) -> impl PartialEq {
    (
        (rule.direction, rule.priority, rule.action, rule.protocol),
        (&rule.ports, rule.source_ports),
        (&rule.peer, &rule.local, &rule.unevaluable),
    )
}

/// Who holds which group.
struct Holders<'i> {
    first: HashMap<&'i SecurityGroupId, At>,
    /// How many private addresses the members have.
    addresses: HashMap<&'i SecurityGroupId, u64>,
    owners: HashMap<&'i SecurityGroupId, Option<&'i AccountId>>,
    everywhere: Option<&'i AccountId>,
}

impl Holders<'_> {
    /// Returns the account of a group: the one of all its members, or of all interfaces if it has none.
    fn account(&self, group: &SecurityGroupId) -> Option<&AccountId> {
        match self.owners.get(group) {
            Some(owner) => *owner,
            None => self.everywhere,
        }
    }
}

fn holders(interfaces: &[Located<NetworkInterface>]) -> Holders<'_> {
    let mut holders = Holders {
        first: HashMap::new(),
        addresses: HashMap::new(),
        owners: HashMap::new(),
        everywhere: None,
    };
    let mut all: Vec<&AccountId> = Vec::new();
    for located in interfaces {
        let owner = located.fact.owner.as_ref();
        if let Some(owner) = owner
            && all.last() != Some(&owner)
            && all.len() < 2
        {
            all.push(owner);
        }
        let Memberships::Known(groups) = &located.fact.memberships else {
            continue;
        };
        let addresses =
            located.fact.addresses.iter().filter(|address| address.kind.is_plain()).count() as u64;
        for group in groups {
            *holders.addresses.entry(group).or_default() += addresses;
            holders.first.entry(group).or_insert(located.at);
            if let Some(owner) = owner {
                holders
                    .owners
                    .entry(group)
                    .and_modify(|known| *known = known.filter(|known| *known == owner))
                    .or_insert(Some(owner));
            }
        }
    }
    if let [one] = all.as_slice() {
        holders.everywhere = Some(one);
    }
    holders
}

/// Notes the halves of a description that are missing.
fn missing_answers(desk: &mut Desk<'_>, draft: &mut Draft, level: IssueLevel) {
    let id = draft.model.id.clone();
    let has_attribute = draft.has_rules || !draft.model.rule_gaps.is_empty();
    if !has_attribute {
        desk.note(
            (level, "no-attribute-export"),
            id.as_str(),
            Some((draft.at, "")),
            || format!("the rules of `{id}` are not in the export"),
            "export DescribeSecurityGroupAttribute of this group",
        );
        draft.model.rule_gaps.push(RuleGap { direction: None, code: "no-attribute-export" });
    } else if draft.model.inner_access.is_none() {
        desk.note(
            (level, "inner-access-unknown"),
            id.as_str(),
            Some((draft.at, "")),
            || format!("the InnerAccessPolicy of `{id}` is not in the export"),
            "export DescribeSecurityGroupAttribute of this group as the raw answer, without `--pager` and --query",
        );
    }
    if !draft.is_listed {
        desk.note(
            (level, "no-group-export"),
            id.as_str(),
            Some((draft.at, "")),
            || format!("the type of `{id}` is not in the export"),
            "export DescribeSecurityGroups of its region, all pages",
        );
    } else if draft.model.group_type.is_none() {
        desk.note(
            (level, "group-type-unknown"),
            id.as_str(),
            Some((draft.at, "")),
            || format!("the answer does not say the type of `{id}`"),
            "export DescribeSecurityGroups again with the command line or a current SDK",
        );
    }
    if draft.model.network == Network::Classic {
        desk.note(
            (WARNING, "classic-network"),
            id.as_str(),
            Some((draft.at, "")),
            || format!("`{id}` is in the classic network, which is not simulated"),
            "leave classic groups out of a change that is checked here",
        );
    }
}

/// Notes references that lead nowhere.
fn references(
    desk: &mut Desk<'_>,
    draft: &Draft,
    networks: &BTreeMap<SecurityGroupId, Network>,
    lists: &Inventory,
) {
    let own = &draft.model;
    for (at, rule) in draft.placed() {
        let place = Some((at, ""));
        match &rule.peer {
            RulePeer::Group { id, .. } => match networks.get(id) {
                None => desk.note(
                    (WARNING, "unknown-group"),
                    id.as_str(),
                    place,
                    || format!("a rule of `{}` names `{id}`, which no answer describes", own.id),
                    "who is in it is known from the interfaces; export the group too, if it is yours",
                ),
                Some(Network::Vpc(vpc)) if own.network.vpc().is_some_and(|own| own != vpc) => desk.note(
                    (WARNING, "cross-vpc-reference"),
                    &format!("{} {id}", own.id),
                    place,
                    || format!("a rule of `{}` names `{id}`, which is in another VPC", own.id),
                    "such a rule never matches",
                ),
                Some(_) => {}
            },
            RulePeer::PrefixList(id) if !lists.prefix_lists.contains_key(id) => desk.note(
                (ERROR, "unresolved-list"),
                id.as_str(),
                place,
                || {
                    format!(
                        "a rule of `{}` names prefix list `{id}`, whose entries are not in the export",
                        own.id
                    )
                },
                "export DescribePrefixListAttributes of this list",
            ),
            RulePeer::PrefixList(_) | RulePeer::Block(_) => {}
        }
        if let RulePorts::List(id) = &rule.ports
            && !lists.port_lists.contains_key(id)
        {
            desk.note(
                (ERROR, "unresolved-list"),
                id.as_str(),
                place,
                || {
                    format!(
                        "a rule of `{}` names port list `{id}`, whose entries are not in the export",
                        own.id
                    )
                },
                "export DescribePortRangeListEntries of this list into a file named after it",
            );
        }
    }
}
