//! Joining what several answers say about groups and lists.

use std::collections::BTreeMap;

use foldhash::{HashMap, HashMapExt as _};

use super::assemble::Desk;
use super::facts::{At, AttributeFact, GroupFact, Located, PortListFact, PrefixListFact, RulesFact};
use super::id::{PortRangeListId, PrefixListId, SecurityGroupId, SecurityGroupRuleId};
use super::issue::{IssueLevel, LoadError};
use super::model::{
    Direction, Network, PortRangeList, PrefixList, RuleGap, SecurityGroup, SecurityGroupRule,
};
use super::pages::{self, Break, Link};

const ERROR: IssueLevel = IssueLevel::Error;

/// A group while its answers are joined.
pub(super) struct Draft {
    pub(super) model: SecurityGroup,
    /// Whether an answer holds its rules.
    pub(super) has_rules: bool,
    /// Whether an answer of DescribeSecurityGroups covers it.
    pub(super) is_listed: bool,
    /// The first answer that describes it.
    pub(super) at: At,
    pub(super) counts: Counts,
    pub(super) read_count: u64,
    /// The places of the rules of the model. INVARIANT: as many, in the same order, until `judge_groups` sorts the rules.
    pub(super) places: Vec<At>,
}

impl Draft {
    /// Returns the rules and where they stand.
    pub(super) fn placed(&self) -> impl Iterator<Item = (At, &SecurityGroupRule)> {
        self.places.iter().copied().zip(&self.model.rules)
    }
}

/// What the listing of groups counts, and where it does.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) rules: Option<(u64, At)>,
    pub(super) group_rules: Option<(u64, At)>,
    pub(super) members: Option<(u64, At)>,
}

impl Counts {
    fn of(listed: &Located<GroupFact>) -> Self {
        let at = |count: Option<u64>| count.map(|count| (count, listed.at));
        Self {
            rules: at(listed.fact.rule_count),
            group_rules: at(listed.fact.group_rule_count),
            members: at(listed.fact.member_count),
        }
    }
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
        .unwrap_or(At::new(0, 0, None));
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
    let has_rules = pages.iter().any(|page| page.fact.rules.returned);
    let joined = join_pages(desk, &id, pages, &network)?;
    Ok(Draft {
        has_rules,
        is_listed: listed.is_some(),
        at,
        counts: listed.as_ref().map(Counts::of).unwrap_or_default(),
        read_count: joined.read_count,
        places: joined.places,
        model: SecurityGroup {
            id,
            name: name.unwrap_or_default(),
            network,
            region,
            group_type: listed.as_ref().and_then(|located| located.fact.group_type),
            inner_access,
            service_managed: listed.as_ref().and_then(|located| located.fact.service_managed),
            rules: joined.rules,
            rule_gaps: joined.gaps,
            tags: listed.map(|located| located.fact.tags).unwrap_or_default(),
        },
    })
}

/// The rules of all pages.
struct JoinedRules {
    rules: Vec<SecurityGroupRule>,
    places: Vec<At>,
    gaps: Vec<RuleGap>,
    /// How many different rules the pages show, with those that cannot be used.
    read_count: u64,
}

/// Joins the pages of the rules of one group.
fn join_pages(
    desk: &mut Desk<'_>,
    id: &SecurityGroupId,
    pages: Vec<Located<AttributeFact>>,
    network: &Network,
) -> Result<JoinedRules, LoadError> {
    let mut distinct: Vec<Located<AttributeFact>> = Vec::new();
    for page in pages {
        if distinct.iter().any(|other| other.fact == page.fact) {
            desk.duplicate(id.as_str(), page.at);
        } else {
            distinct.push(page);
        }
    }
    let mut gaps: Vec<RuleGap> = Vec::new();
    for only in [None, Some(Direction::Ingress), Some(Direction::Egress)] {
        let part: Vec<&Located<AttributeFact>> =
            distinct.iter().filter(|page| page.fact.only == only).collect();
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
        for broken in pages::breaks(&links) {
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
        gaps.push(RuleGap { direction: Some(missing), code });
    }
    let (mut rules, mut places, mut read_count) = (Vec::new(), Vec::new(), 0);
    for page in distinct {
        let RulesFact { rules: mut more, positions, gaps: its_gaps, count, .. } = page.fact.rules;
        gaps.extend(its_gaps);
        read_count += count;
        places.extend(positions.into_iter().map(|position| page.at.element(position)));
        // Nearly always there is one page, whose list stays where it is.
        if rules.is_empty() {
            rules = more;
        } else {
            rules.append(&mut more);
        }
    }
    read_count -= check_rule_ids(desk, &rules, &places)?;
    gaps.sort();
    gaps.dedup();
    Ok(JoinedRules { rules, places, gaps, read_count })
}

const fn other(direction: Direction) -> Direction {
    match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    }
}

/// Returns the direction that all answers were limited to.
fn limited_to(pages: &[Located<AttributeFact>]) -> Option<Direction> {
    let first = pages.first()?.fact.only?;
    pages.iter().all(|page| page.fact.only == Some(first)).then_some(first)
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
    RuleGap { direction: only, code: "truncated-page" }
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
            !rules.is_empty() && rules.iter().all(|rule| rule.direction == direction)
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
fn check_rule_ids(desk: &mut Desk<'_>, rules: &[SecurityGroupRule], places: &[At]) -> Result<u64, LoadError> {
    let mut by_id: HashMap<&SecurityGroupRuleId, (&SecurityGroupRule, At)> = HashMap::new();
    let mut repeated = 0;
    for (rule, at) in rules.iter().zip(places) {
        let Some(id) = &rule.id else {
            continue;
        };
        match by_id.get(id) {
            None => {
                by_id.insert(id, (rule, *at));
            }
            Some((first, _)) if *first == rule => {
                repeated += 1;
                desk.duplicate(id.as_str(), *at);
            }
            Some((_, first)) => return Err(desk.conflict(id.as_str(), *first, *at)),
        }
    }
    Ok(repeated)
}

type Lists = (BTreeMap<PrefixListId, PrefixList>, BTreeMap<PortRangeListId, PortRangeList>);

/// Joins what is said about prefix lists and port range lists.
pub(super) fn lists(
    desk: &mut Desk<'_>,
    prefix_lists: Vec<Located<PrefixListFact>>,
    port_lists: Vec<Located<PortListFact>>,
) -> Result<Lists, LoadError> {
    let (heads, bodies): (Vec<_>, Vec<_>) =
        prefix_lists.into_iter().partition(|located| located.fact.entries.is_none());
    let heads = desk.unique(heads, |fact| fact.id.as_str())?;
    let quotas: BTreeMap<PrefixListId, u32> =
        heads.into_iter().filter_map(|located| Some((located.fact.id, located.fact.max_entries?))).collect();
    let mut prefixes = BTreeMap::new();
    for located in desk.unique(bodies, |fact| fact.id.as_str())? {
        let PrefixListFact { id, entries, max_entries } = located.fact;
        let max_entries = max_entries.or(quotas.get(&id).copied());
        let entries = entries.unwrap_or_default();
        prefixes.insert(id, PrefixList { entries, max_entries });
    }
    let (heads, bodies): (Vec<_>, Vec<_>) =
        port_lists.into_iter().partition(|located| located.fact.entries.is_none());
    let heads = desk.unique(heads, |fact| fact.id.as_str())?;
    let quotas: BTreeMap<PortRangeListId, u32> =
        heads.into_iter().filter_map(|located| Some((located.fact.id, located.fact.max_entries?))).collect();
    let mut ports = BTreeMap::new();
    for located in desk.unique(bodies, |fact| fact.id.as_str())? {
        let max_entries = quotas.get(&located.fact.id).copied();
        let entries = located.fact.entries.unwrap_or_default();
        ports.insert(located.fact.id, PortRangeList { entries, max_entries });
    }
    Ok((prefixes, ports))
}
