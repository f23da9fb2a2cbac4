//! Risks that are there already, before anybody leaves.

use super::audit::Audit;
use super::impact::Certainty;
use super::run::Simulator;
use crate::evaluate::Compiled;
use crate::graph::{Authorization, GroupIx, InterfaceIx, RuleRef, SecurityGraph};
use crate::inventory::{RulePeer, SecurityGroup, SecurityGroupRule, VpcId};
use crate::netset::IpBlock;

/// What is at risk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum StandingKind {
    /// An interface in no group.
    InterfaceWithoutGroup(InterfaceIx),
    /// An interface without accepted traffic with any other interface.
    IsolatedInterface(InterfaceIx),
    /// An interface that has no accepted traffic with any other one once it leaves this group.
    CarriedByOneMembership(InterfaceIx, GroupIx),
    /// A group without members.
    EmptyGroup(GroupIx),
    /// A group that is empty when this interface leaves it.
    SingleMemberGroup(GroupIx, InterfaceIx),
    /// A group without members that rules still name.
    DanglingReference(GroupIx, Vec<Authorization>),
    /// A rule for private addresses of which no interface of the VPC has one.
    RuleWithoutAddress(RuleRef),
    /// A rule that names a group of another VPC, which never matches (AM4, A7).
    RuleAcrossVpcs(RuleRef),
}

impl StandingKind {
    /// The names of all kinds, sorted.
    pub const NAMES: [&'static str; 8] = [
        "carried-by-one-membership",
        "dangling-reference",
        "empty-group",
        "interface-without-group",
        "isolated-interface",
        "rule-across-vpcs",
        "rule-without-address",
        "single-member-group",
    ];

    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::InterfaceWithoutGroup(_) => "interface-without-group",
            Self::IsolatedInterface(_) => "isolated-interface",
            Self::CarriedByOneMembership(..) => "carried-by-one-membership",
            Self::EmptyGroup(_) => "empty-group",
            Self::SingleMemberGroup(..) => "single-member-group",
            Self::DanglingReference(..) => "dangling-reference",
            Self::RuleWithoutAddress(_) => "rule-without-address",
            Self::RuleAcrossVpcs(_) => "rule-across-vpcs",
        }
    }
}

/// A risk that is there already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StandingRisk {
    /// What is at risk.
    pub kind: StandingKind,
    /// `Possible` where members or interfaces may exist that the export does not show.
    pub certainty: Certainty,
}

/// Ranges that are used inside networks only: RFC 1918, RFC 6598, RFC 4193.
const PRIVATE: [&str; 5] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

impl Simulator<'_> {
    /// Adds the standing risks of a scope whose memberships were judged, sorted.
    pub(super) fn add_standing(&self, vpc: Option<&VpcId>, isolated: &[InterfaceIx], audit: &mut Audit) {
        let graph = self.compiled.graph();
        let may_hide = self.standing.may_hide_members();
        let certainty = if may_hide { Certainty::Possible } else { Certainty::Certain };
        let mut kinds: Vec<StandingKind> = Vec::new();
        let here = |interface: &InterfaceIx| graph.interface(*interface).network.vpc() == vpc;
        let without_group = self.standing.without_group().iter().copied().filter(here);
        let alone: Vec<StandingKind> = without_group.map(StandingKind::InterfaceWithoutGroup).collect();
        kinds.extend(isolated.iter().copied().map(StandingKind::IsolatedInterface));
        for one in &audit.memberships {
            if one.isolates_itself() {
                kinds.push(StandingKind::CarriedByOneMembership(one.interface, one.group));
            }
        }
        let private: Vec<IpBlock> = PRIVATE.iter().filter_map(|text| text.parse().ok()).collect();
        for group in graph.groups().filter(|_| vpc.is_some()) {
            let Some(described) = graph.group(group).filter(|group| group.network.vpc() == vpc) else {
                continue;
            };
            match self.compiled.members_of(group) {
                [] => {
                    kinds.push(StandingKind::EmptyGroup(group));
                    let naming = graph.authorizations_of(group);
                    if !naming.is_empty() {
                        kinds.push(StandingKind::DanglingReference(group, naming));
                    }
                }
                [only] => kinds.push(StandingKind::SingleMemberGroup(group, *only)),
                _ => {}
            }
            for (index, rule) in described.rules.iter().enumerate() {
                let reference = RuleRef { group, index: u32::try_from(index).unwrap_or(u32::MAX) };
                kinds.extend(idle(&self.compiled, graph, described, rule, reference, &private));
            }
        }
        let risk = |kind, certainty| StandingRisk { kind, certainty };
        audit.standing = kinds.into_iter().map(|kind| risk(kind, certainty)).collect();
        audit.standing.extend(alone.into_iter().map(|kind| risk(kind, Certainty::Certain)));
        audit.standing.sort_unstable();
    }
}

/// Says why a rule concerns no interface, if it does not.
fn idle(
    compiled: &Compiled<'_>,
    graph: &SecurityGraph,
    holder: &SecurityGroup,
    rule: &SecurityGroupRule,
    reference: RuleRef,
    private: &[IpBlock],
) -> Option<StandingKind> {
    if rule.unevaluable.is_some() {
        return None;
    }
    let vpc = holder.network.vpc()?;
    let lists = &graph.inventory().prefix_lists;
    let blocks = match &rule.peer {
        RulePeer::Group { id, owner: None } => {
            let named = graph.find_group(id).and_then(|group| graph.group(group))?.network.vpc()?;
            return (named != vpc).then_some(StandingKind::RuleAcrossVpcs(reference));
        }
        RulePeer::Group { .. } => return None,
        RulePeer::Block(block) => std::slice::from_ref(block),
        RulePeer::PrefixList(id) => lists.get(id)?.entries.as_slice(),
    };
    let is_private = |block: &IpBlock| private.iter().any(|range| range.contains(block));
    let is_idle = !blocks.is_empty()
        && blocks.iter().all(|block| is_private(block) && !compiled.has_address_in(vpc, *block));
    is_idle.then_some(StandingKind::RuleWithoutAddress(reference))
}
