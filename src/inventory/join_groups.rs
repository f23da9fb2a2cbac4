//! Joining what several answers say about groups and lists.

use std::collections::{BTreeMap, HashMap};

use super::assemble::Desk;
use super::facts::{At, AttributeFact, GroupFact, Located, PortListFact, PrefixListFact};
use super::id::{AccountId, PortRangeListId, PrefixListId, SecurityGroupId, SecurityGroupRuleId};
use super::issue::{IssueLevel, LoadError};
use super::model::{
    Direction, Inventory, Memberships, Network, NetworkInterface, PortRangeList, PrefixList, RuleGap,
    RulePeer, RulePorts, SecurityGroup, SecurityGroupRule,
};
use super::pages::{self, Break, Link};

const ERROR: IssueLevel = IssueLevel::Error;
const WARNING: IssueLevel = IssueLevel::Warning;
const NOTE: IssueLevel = IssueLevel::Note;

/// A group while its answers are joined.
pub(super) struct Draft {
    pub(super) model: SecurityGroup,
    /// Whether an answer holds its rules.
    pub(super) has_rules: bool,
    /// Whether an answer of DescribeSecurityGroups covers it.
    is_listed: bool,
    /// The first answer that describes it.
    at: At,
    rule_count: Option<(u64, At)>,
    read_count: u64,
    rules: Vec<Placed>,
}

/// A rule and where it stands.
#[derive(Debug, Clone)]
struct Placed {
    at: At,
    index: usize,
    rule: SecurityGroupRule,
}

/// Groups by id.
pub(super) type Groups = BTreeMap<SecurityGroupId, Draft>;

/// Joins the two answers that together describe a group.
pub(super) fn groups(
    desk: &mut Desk<'_>,
    listed: Vec<Located<GroupFact>>,
    attributes: Vec<Located<AttributeFact>>,
) -> Result<Groups, LoadError> {
    let listed = desk.unique(listed, |fact| fact.id.as_str())?;
    let mut pages: BTreeMap<SecurityGroupId, Vec<Located<AttributeFact>>> = BTreeMap::new();
    for located in attributes {
        pages.entry(located.fact.id.clone()).or_default().push(located);
    }
    let mut groups = Groups::new();
    for located in listed {
        let pages = pages.remove(&located.fact.id).unwrap_or_default();
        let id = located.fact.id.clone();
        groups.insert(id, draft(desk, Some(located), pages)?);
    }
    for (id, pages) in pages {
        let group = draft(desk, None, pages)?;
        groups.insert(id, group);
    }
    Ok(groups)
}

fn draft(
    desk: &mut Desk<'_>,
    listed: Option<Located<GroupFact>>,
    pages: Vec<Located<AttributeFact>>,
) -> Result<Draft, LoadError> {
    // One of the two is there; a default place is never shown.
    let at = listed
        .as_ref()
        .map(|located| located.at)
        .or(pages.first().map(|page| page.at))
        .unwrap_or(At {
            source: 0,
            answer: 0,
            index: None,
        });
    let id = listed
        .as_ref()
        .map(|located| located.fact.id.clone())
        .or(pages.first().map(|page| page.fact.id.clone()))
        .unwrap_or_else(|| SecurityGroupId::from(""));
    let mut network = listed.as_ref().map(|located| located.fact.network.clone());
    let mut region = listed.as_ref().and_then(|located| located.fact.region.clone());
    let mut name = listed.as_ref().map(|located| located.fact.name.clone());
    let mut inner_access = None;
    for page in &pages {
        let fact = &page.fact;
        let joined = match &network {
            None => Some(fact.network.clone()),
            Some(network) => network.join(&fact.network),
        };
        let conflict = |desk: &Desk<'_>| desk.conflict(id.as_str(), at, page.at);
        network = Some(joined.ok_or_else(|| conflict(desk))?);
        if inner_access.is_some() && fact.inner_access.is_some() && inner_access != fact.inner_access
            || region.is_some() && fact.region.is_some() && region != fact.region
        {
            return Err(conflict(desk));
        }
        inner_access = inner_access.or(fact.inner_access);
        region = region.or(fact.region.clone());
        name = name.filter(|name| !name.is_empty()).or(Some(fact.name.clone()));
    }
    let network = network.map_or(Network::Unknown, |fact| fact.network());
    let (rules, rule_gaps, read_count) = join_pages(desk, &id, &pages, &network)?;
    let has_rules = pages.iter().any(|page| page.fact.rules.returned);
    Ok(Draft {
        has_rules,
        is_listed: listed.is_some(),
        at,
        rule_count: listed
            .as_ref()
            .and_then(|located| located.fact.rule_count.map(|count| (count, located.at))),
        read_count,
        rules,
        model: SecurityGroup {
            id,
            name: name.unwrap_or_default(),
            network,
            region,
            group_type: listed.as_ref().and_then(|located| located.fact.group_type),
            inner_access,
            service_managed: listed
                .as_ref()
                .is_some_and(|located| located.fact.service_managed),
            rules: Vec::new(),
            rule_gaps,
            tags: listed.map(|located| located.fact.tags).unwrap_or_default(),
        },
    })
}

type JoinedRules = (Vec<Placed>, Vec<RuleGap>, u64);

/// Joins the pages of the rules of one group.
fn join_pages(
    desk: &mut Desk<'_>,
    id: &SecurityGroupId,
    pages: &[Located<AttributeFact>],
    network: &Network,
) -> Result<JoinedRules, LoadError> {
    let mut distinct: Vec<&Located<AttributeFact>> = Vec::new();
    for page in pages {
        if distinct.iter().any(|other| other.fact == page.fact) {
            desk.duplicate(id.as_str(), page.at);
        } else {
            distinct.push(page);
        }
    }
    let mut gaps: Vec<RuleGap> = Vec::new();
    for only in [None, Some(Direction::Ingress), Some(Direction::Egress)] {
        let part: Vec<&Located<AttributeFact>> = distinct
            .iter()
            .copied()
            .filter(|page| page.fact.only == only)
            .collect();
        // A classic group is described by one answer for each kind of network card (law 1.2).
        if network != &Network::Classic {
            one_listing(desk, id, &part)?;
        }
        let links: Vec<Link<'_>> = part
            .iter()
            .map(|page| Link {
                given: page.fact.token.as_deref(),
                asked: page.fact.asked.as_ref().map(Option::as_deref),
            })
            .collect();
        for broken in pages::breaks(&links, false) {
            gaps.push(truncated(desk, id, &part, broken, only));
        }
    }
    if let Some(only) = limited_to(&distinct)
        && let Some(page) = distinct.first()
    {
        let (missing, code) = (other(only), "filtered-rules");
        desk.note(
            (ERROR, code),
            id.as_str(),
            Some((page.at, "")),
            || format!("only the {only} rules of `{id}` were asked for"),
            "export DescribeSecurityGroupAttribute with Direction=all",
        );
        gaps.push(RuleGap {
            direction: Some(missing),
            code,
        });
    }
    let mut rules: Vec<Placed> = Vec::new();
    let mut read_count = 0;
    for page in &distinct {
        gaps.extend(page.fact.rules.gaps.iter().cloned());
        read_count += page.fact.rules.count;
        rules.extend(page.fact.rules.rules.iter().map(|(index, rule)| Placed {
            at: page.at,
            index: *index,
            rule: rule.clone(),
        }));
    }
    let repeated = check_rule_ids(desk, &rules)?;
    gaps.sort();
    gaps.dedup();
    Ok((rules, gaps, read_count - repeated))
}

const fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    }
}

/// Returns the direction that all answers were limited to.
fn limited_to(pages: &[&Located<AttributeFact>]) -> Option<Direction> {
    let first = pages.first()?.fact.only?;
    pages
        .iter()
        .all(|page| page.fact.only == Some(first))
        .then_some(first)
}

fn truncated(
    desk: &mut Desk<'_>,
    id: &SecurityGroupId,
    pages: &[&Located<AttributeFact>],
    broken: Break,
    only: Option<Direction>,
) -> RuleGap {
    let (position, what) = broken.describe();
    let place = pages.get(position).map(|page| (page.at, "/NextToken"));
    desk.note(
        (ERROR, "truncated-page"),
        &format!("{id} {broken:?} {only:?}"),
        place,
        || format!("not all rules of `{id}` are here: {what}"),
        "export every page of DescribeSecurityGroupAttribute: follow NextToken until it is empty",
    );
    RuleGap {
        direction: only,
        code: "truncated-page",
    }
}

/// Refuses several whole descriptions of one group that do not say the same.
fn one_listing(
    desk: &Desk<'_>,
    id: &SecurityGroupId,
    pages: &[&Located<AttributeFact>],
) -> Result<(), LoadError> {
    let returned = || pages.iter().copied().filter(|page| page.fact.rules.returned);
    let lasts: Vec<_> = returned().filter(|page| page.fact.token.is_none()).collect();
    let firsts: Vec<_> = returned().filter(|page| page.fact.asked == Some(None)).collect();
    for pages in [lasts, firsts] {
        let [first, second, ..] = pages.as_slice() else {
            continue;
        };
        // One call for each direction, saved without its envelope, is one description in two parts.
        let one_way = |page: &Located<AttributeFact>, direction| {
            let rules = &page.fact.rules.rules;
            !rules.is_empty() && rules.iter().all(|(_, rule)| rule.direction == direction)
        };
        let are_parts = |a, b| one_way(a, Direction::Ingress) && one_way(b, Direction::Egress);
        if pages.len() == 2 && (are_parts(first, second) || are_parts(second, first)) {
            continue;
        }
        return Err(desk.conflict(id.as_str(), first.at, second.at));
    }
    Ok(())
}

/// Refuses a rule id with two contents; returns how many rules were there before.
fn check_rule_ids(desk: &mut Desk<'_>, rules: &[Placed]) -> Result<u64, LoadError> {
    let mut by_id: HashMap<&SecurityGroupRuleId, &Placed> = HashMap::new();
    let mut repeated = 0;
    for placed in rules {
        let Some(id) = &placed.rule.id else {
            continue;
        };
        match by_id.get(id) {
            None => {
                by_id.insert(id, placed);
            }
            Some(first) if first.rule == placed.rule => {
                repeated += 1;
                let at = with_index(placed);
                desk.duplicate(id.as_str(), at);
            }
            Some(first) => return Err(desk.conflict(id.as_str(), with_index(first), with_index(placed))),
        }
    }
    Ok(repeated)
}

const fn with_index(placed: &Placed) -> At {
    At {
        index: Some(placed.index),
        ..placed.at
    }
}

type Lists = (
    BTreeMap<PrefixListId, PrefixList>,
    BTreeMap<PortRangeListId, PortRangeList>,
);

/// Joins what is said about prefix lists and port range lists.
pub(super) fn lists(
    desk: &mut Desk<'_>,
    prefix_lists: Vec<Located<PrefixListFact>>,
    port_lists: Vec<Located<PortListFact>>,
) -> Result<Lists, LoadError> {
    let (heads, bodies): (Vec<_>, Vec<_>) = prefix_lists
        .into_iter()
        .partition(|located| located.fact.entries.is_none());
    let heads = desk.unique(heads, |fact| fact.id.as_str())?;
    let quotas: BTreeMap<PrefixListId, u32> = heads
        .into_iter()
        .filter_map(|located| Some((located.fact.id, located.fact.max_entries?)))
        .collect();
    let mut prefixes = BTreeMap::new();
    for located in desk.unique(bodies, |fact| fact.id.as_str())? {
        let PrefixListFact {
            id,
            entries,
            max_entries,
        } = located.fact;
        let max_entries = max_entries.or(quotas.get(&id).copied());
        let entries = entries.unwrap_or_default();
        prefixes.insert(id, PrefixList { entries, max_entries });
    }
    let (heads, bodies): (Vec<_>, Vec<_>) = port_lists
        .into_iter()
        .partition(|located| located.fact.entries.is_none());
    let heads = desk.unique(heads, |fact| fact.id.as_str())?;
    let quotas: BTreeMap<PortRangeListId, u32> = heads
        .into_iter()
        .filter_map(|located| Some((located.fact.id, located.fact.max_entries?)))
        .collect();
    let mut ports = BTreeMap::new();
    for located in desk.unique(bodies, |fact| fact.id.as_str())? {
        let max_entries = quotas.get(&located.fact.id).copied();
        let entries = located.fact.entries.unwrap_or_default();
        ports.insert(located.fact.id, PortRangeList { entries, max_entries });
    }
    Ok((prefixes, ports))
}

/// Judges the groups against the interfaces and each other, and puts their rules in order.
pub(super) fn finish(
    desk: &mut Desk<'_>,
    groups: &mut Groups,
    interfaces: &[Located<NetworkInterface>],
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
    let networks: BTreeMap<SecurityGroupId, Network> = groups
        .iter()
        .map(|(id, draft)| (id.clone(), draft.model.network.clone()))
        .collect();
    for (id, draft) in groups.iter_mut() {
        let level = if held.first.contains_key(id) {
            ERROR
        } else {
            WARNING
        };
        missing_answers(desk, draft, level);
        count_rules(desk, draft);
        references(desk, draft, &networks, lists);
        let account = held.account(id);
        for placed in &mut draft.rules {
            if let RulePeer::Group { owner, .. } = &mut placed.rule.peer
                && owner.is_some()
                && owner.as_ref() == account
            {
                *owner = None;
            }
        }
        let mut rules: Vec<SecurityGroupRule> = draft.rules.drain(..).map(|placed| placed.rule).collect();
        rules.sort_unstable();
        // Sorted with the id last: of equal rules the one with the smallest id is kept, none sorts first.
        rules.dedup_by(|next, kept| {
            let is_same = {
                let same_id = std::mem::replace(&mut next.id, kept.id.clone());
                let is_same = next == kept;
                next.id = same_id;
                is_same
            };
            if is_same && kept.id.is_none() {
                kept.id = next.id.take();
            }
            is_same
        });
        draft.model.rules = rules;
        draft.model.rule_gaps.sort();
        draft.model.rule_gaps.dedup();
    }
}

/// Who holds which group.
struct Holders<'i> {
    first: BTreeMap<&'i SecurityGroupId, At>,
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
        first: BTreeMap::new(),
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
        for group in groups {
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
        draft.model.rule_gaps.push(RuleGap {
            direction: None,
            code: "no-attribute-export",
        });
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

/// Compares the rules with `RuleCount`. How that counts a list is not documented (A20), so a group with lists is
/// only warned about.
fn count_rules(desk: &mut Desk<'_>, draft: &mut Draft) {
    let Some((count, at)) = draft.rule_count.filter(|_| draft.has_rules) else {
        return;
    };
    let (id, read) = (draft.model.id.clone(), draft.read_count);
    if count > read {
        desk.note(
            (WARNING, "rule-count-mismatch"),
            id.as_str(),
            Some((at, "/RuleCount")),
            || format!("`{id}` has `{count}` rules and {read} of them are here: its rules were probably cut"),
            "export DescribeSecurityGroupAttribute of this group again, all pages",
        );
        let uses_list = |placed: &Placed| {
            matches!(placed.rule.peer, RulePeer::PrefixList(_))
                || matches!(placed.rule.ports, RulePorts::List(_))
        };
        if !draft.rules.iter().any(uses_list) {
            draft.model.rule_gaps.push(RuleGap {
                direction: None,
                code: "rule-count-mismatch",
            });
        }
    } else if count < read {
        desk.note(
            (NOTE, "rule-count-mismatch"),
            id.as_str(),
            Some((at, "/RuleCount")),
            || format!("`{id}` has `{count}` rules and {read} are here"),
            "nothing to do, if rules were added while the export ran: the answers may be of different times",
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
    for placed in &draft.rules {
        let suffix = desk.rule_suffix(placed.at, placed.index);
        let place = Some((placed.at, suffix.as_str()));
        match &placed.rule.peer {
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
        if let RulePorts::List(id) = &placed.rule.ports
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
