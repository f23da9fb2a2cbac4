//! What other answers say about how much of a group there must be: its rules, its members, who names whom.

use std::collections::{BTreeSet, HashSet};

use super::assemble::Desk;
use super::facts::Located;
use super::id::SecurityGroupId;
use super::issue::IssueLevel;
use super::join_groups::{Draft, Groups};
use super::model::{ForeignReference, RuleGap, RulePeer, RulePorts, SecurityGroupRule};

const ERROR: IssueLevel = IssueLevel::Error;
const WARNING: IssueLevel = IssueLevel::Warning;
const NOTE: IssueLevel = IssueLevel::Note;

/// Compares the rules with `RuleCount`. How that counts a list is not documented (A20), so a group with lists is
/// only warned about.
pub(super) fn rules(desk: &mut Desk<'_>, draft: &mut Draft) {
    if !draft.has_rules {
        return;
    }
    group_rules(desk, draft);
    let Some((count, at)) = draft.counts.rules else {
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
        let uses_list = |rule: &SecurityGroupRule| {
            matches!(rule.peer, RulePeer::PrefixList(_)) || matches!(rule.ports, RulePorts::List(_))
        };
        if !draft.model.rules.iter().any(uses_list) {
            draft.model.rule_gaps.push(RuleGap { direction: None, code: "rule-count-mismatch" });
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

/// Compares the rules that name a group with `GroupToGroupRuleCount`. No list hides such a rule.
fn group_rules(desk: &mut Desk<'_>, draft: &mut Draft) {
    let Some((count, at)) = draft.counts.group_rules else {
        return;
    };
    let mut ids = BTreeSet::new();
    let mut read = 0_u64;
    for rule in &draft.model.rules {
        // A rule on two pages is one.
        if matches!(rule.peer, RulePeer::Group { .. }) && rule.id.as_ref().is_none_or(|id| ids.insert(id)) {
            read += 1;
        }
    }
    if count <= read {
        return;
    }
    let (id, code) = (draft.model.id.clone(), "group-rule-count-mismatch");
    desk.note(
        (WARNING, code),
        id.as_str(),
        Some((at, "/GroupToGroupRuleCount")),
        || format!("`{count}` rules of `{id}` name a group and {read} of them are here"),
        "export DescribeSecurityGroupAttribute of this group again, all pages",
    );
    draft.model.rule_gaps.push(RuleGap { direction: None, code });
}

/// Compares the members with `EcsCount`, which counts private IPv4 addresses. The key is retired and 0 where nobody
/// asks for it, so fewer than seen says nothing.
pub(super) fn members(desk: &mut Desk<'_>, draft: &Draft, seen: u64) {
    let Some((count, at)) = draft.counts.members.filter(|(count, _)| *count > seen) else {
        return;
    };
    let (id, code) = (&draft.model.id, "member-count-mismatch");
    desk.note(
        (ERROR, code),
        id.as_str(),
        Some((at, "/EcsCount")),
        || format!("the members of `{id}` have `{count}` private addresses and {seen} of them are here"),
        "export DescribeNetworkInterfaces of every region, all pages, without filters",
    );
    desk.gap(code, "members of groups that count more of them");
}

/// Looks for the rules that another answer says exist: those of one described group that name another.
pub(super) fn named_by(desk: &mut Desk<'_>, groups: &mut Groups, references: &[Located<ForeignReference>]) {
    if references.is_empty() {
        return;
    }
    let named: HashSet<(&SecurityGroupId, &SecurityGroupId)> = groups
        .iter()
        .flat_map(|(own, draft)| draft.model.rules.iter().map(move |rule| (own, &rule.peer)))
        .filter_map(|(own, peer)| if let RulePeer::Group { id, .. } = peer { Some((own, id)) } else { None })
        .collect();
    // Without rules, or with a gap, the group may have such a rule already.
    let is_whole = |id: &SecurityGroupId| {
        groups.get(id).is_some_and(|draft| draft.has_rules && draft.model.rule_gaps.is_empty())
    };
    let missing: Vec<&Located<ForeignReference>> = references
        .iter()
        .filter(|located| {
            let ForeignReference { referencing, group, .. } = &located.fact;
            is_whole(referencing) && !named.contains(&(referencing, group))
        })
        .collect();
    let code = "reference-not-in-rules";
    for Located { at, fact } in missing {
        desk.note(
            (ERROR, code),
            &format!("{} {}", fact.referencing, fact.group),
            Some((*at, "")),
            || format!("`{}` is said to name `{}`, and none of its rules does", fact.referencing, fact.group),
            "the answers are of different times: export DescribeSecurityGroupAttribute of this group again, all pages",
        );
        if let Some(draft) = groups.get_mut(&fact.referencing) {
            draft.model.rule_gaps.push(RuleGap { direction: None, code });
        }
    }
}
