//! The document of one inspection: what was read, and whether it is all there is.

use foldhash::{HashMap, HashMapExt as _};
use schemars::JsonSchema;
use serde::Serialize;

use super::source::{InventoryEntry, SCHEMA_VERSION, Tool};
use crate::graph::SecurityGraph;
use crate::inventory::{InstanceId, Inventory, Memberships, SecurityGroup, SecurityGroupType, VpcId};
use crate::report::context::ReportContext;

/// One inspection, ready to be written in any format.
#[derive(Debug, Clone)]
pub struct InspectionReport<'a> {
    pub(in crate::report) document: InspectionDocument<'a>,
    pub(in crate::report) context: &'a ReportContext,
}

/// What was read, and whether it is all there is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "sgleave inspection")]
pub struct InspectionDocument<'a> {
    /// Rises when a meaning changes; keys may be added without that.
    pub schema_version: u32,
    /// Always `inspection`.
    pub kind: InspectionKind,
    /// The program that wrote this.
    pub tool: Tool,
    /// What was read.
    pub inventory: InventoryEntry<'a>,
    /// Whether nothing is known to be missing.
    pub complete: bool,
    /// What is known to be missing, counted.
    pub unknown: Unknowns,
    /// What was read in each network, sorted by account, region and VPC.
    pub estates: Vec<Estate<'a>>,
}

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InspectionKind {
    /// The document of one inspection.
    Inspection,
}

/// What is known to be missing, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unknowns {
    /// Interfaces whose groups are not in the export.
    pub memberships: u64,
    /// Groups that are held or named but not described; groups of other accounts are among them.
    pub groups: u64,
    /// Described groups whose type is not in the export.
    pub group_types: u64,
    /// Described groups whose intra-group policy is not in the export.
    pub inner_access: u64,
    /// Described groups that may have further rules.
    pub rules: u64,
    /// Rules that are not understood.
    pub unevaluable_rules: u64,
}

/// What was read in one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Estate<'a> {
    /// The account; null where the export does not say.
    pub account_id: Option<&'a str>,
    /// The region; null where the export does not say.
    pub region_id: Option<&'a str>,
    /// The VPC; null outside one, and where the export does not say.
    pub vpc_id: Option<&'a str>,
    /// Instances.
    pub instances: u64,
    /// Network interfaces.
    pub interfaces: u64,
    /// Security groups.
    pub groups: GroupCounts,
    /// Rules of these groups.
    pub rules: u64,
    /// Known memberships of these interfaces.
    pub memberships: u64,
}

/// Security groups by type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GroupCounts {
    /// Basic groups.
    pub normal: u64,
    /// Advanced groups.
    pub enterprise: u64,
    /// Groups whose type is not in the export.
    pub unknown: u64,
}

impl<'a> InspectionReport<'a> {
    /// Returns the report of what a graph was built from. Linear in the inventory.
    #[must_use]
    pub fn new(graph: &'a SecurityGraph, context: &'a ReportContext) -> Self {
        let inventory = graph.inventory();
        let unknown = Unknowns::of(graph);
        let document = InspectionDocument {
            schema_version: SCHEMA_VERSION,
            kind: InspectionKind::Inspection,
            tool: Tool::new(context),
            inventory: InventoryEntry::new(graph, context),
            complete: inventory.gaps.is_empty() && unknown == Unknowns::default(),
            unknown,
            estates: estates(inventory),
        };
        Self { document, context }
    }

    /// Returns the document as it is published.
    #[must_use]
    pub const fn document(&self) -> &InspectionDocument<'a> {
        &self.document
    }
}

impl Unknowns {
    fn of(graph: &SecurityGraph) -> Self {
        let inventory = graph.inventory();
        let groups = |holds: &dyn Fn(&SecurityGroup) -> bool| {
            count(inventory.groups.iter().filter(|group| holds(group)).count())
        };
        let rules = inventory.groups.iter().flat_map(|group| &group.rules);
        let interfaces = inventory.interfaces.iter();
        Self {
            memberships: count(interfaces.filter(|i| i.memberships == Memberships::Unknown).count()),
            groups: count(graph.groups().filter(|group| graph.group(*group).is_none()).count()),
            group_types: groups(&|group| group.group_type.is_none()),
            inner_access: groups(&|group| {
                // An enterprise group has no intra-group policy that could be missing.
                group.inner_access.is_none() && group.group_type != Some(SecurityGroupType::Enterprise)
            }),
            rules: groups(&|group| !group.rule_gaps.is_empty()),
            unevaluable_rules: count(rules.filter(|rule| rule.unevaluable.is_some()).count()),
        }
    }
}

type Key<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn estates(inventory: &Inventory) -> Vec<Estate<'_>> {
    // A group does not say whose it is; the interfaces of its VPC do, where they agree with one another.
    let mut accounts: HashMap<&VpcId, Option<&str>> = HashMap::new();
    let mut homes: HashMap<&InstanceId, usize> = HashMap::with_capacity(inventory.instances.len());
    let mut found = Estates::default();
    for interface in &inventory.interfaces {
        let account = interface.owner.as_ref().map(|id| id.as_str());
        let region = interface.region.as_ref().map(|id| id.as_str());
        let key = (account, region, interface.network.vpc().map(|id| id.as_str()));
        let at = found.position(key);
        if let Some(estate) = found.list.get_mut(at) {
            estate.interfaces += 1;
            if let Memberships::Known(groups) = &interface.memberships {
                estate.memberships += count(groups.len());
            }
        }
        if let Some(instance) = &interface.instance {
            homes.entry(instance).or_insert(at);
        }
        if let Some(vpc) = interface.network.vpc() {
            let known = accounts.entry(vpc).or_insert(account);
            *known = known.filter(|known| Some(*known) == account);
        }
    }
    for instance in &inventory.instances {
        let region = instance.region.as_ref().map(|id| id.as_str());
        let home = homes.get(&instance.id).copied();
        let at = home.unwrap_or_else(|| found.position((None, region, None)));
        found.list.get_mut(at).into_iter().for_each(|estate| estate.instances += 1);
    }
    for group in &inventory.groups {
        let account = group.network.vpc().and_then(|vpc| accounts.get(vpc).copied().flatten());
        let region = group.region.as_ref().map(|id| id.as_str());
        let key = (account, region, group.network.vpc().map(|id| id.as_str()));
        let at = found.position(key);
        let Some(estate) = found.list.get_mut(at) else { continue };
        estate.rules += count(group.rules.len());
        *match group.group_type {
            Some(SecurityGroupType::Normal) => &mut estate.groups.normal,
            Some(SecurityGroupType::Enterprise) => &mut estate.groups.enterprise,
            None => &mut estate.groups.unknown,
        } += 1;
    }
    found.list.sort_by_key(Estate::key);
    found.list
}

/// The estates that were met, and where each stands.
#[derive(Default)]
struct Estates<'a> {
    list: Vec<Estate<'a>>,
    positions: HashMap<Key<'a>, usize>,
}

impl<'a> Estates<'a> {
    /// Returns where an estate stands; it is made if it is not there.
    fn position(&mut self, key: Key<'a>) -> usize {
        let next = self.list.len();
        *self.positions.entry(key).or_insert_with(|| {
            self.list.push(Estate {
                account_id: key.0,
                region_id: key.1,
                vpc_id: key.2,
                instances: 0,
                interfaces: 0,
                groups: GroupCounts::default(),
                rules: 0,
                memberships: 0,
            });
            next
        })
    }
}

impl<'a> Estate<'a> {
    const fn key(&self) -> Key<'a> {
        (self.account_id, self.region_id, self.vpc_id)
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}
