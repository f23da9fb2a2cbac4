//! Every fact the verdict rests on besides the targets' own groups.
//!
//! Leaving group G changes what the interface says to a peer only where the peer is in G, in a group that a rule of G names,
//! or at an address that a rule of G names; and it changes what the peer says only where a group of the peer names G. So
//! these peers are watched, with their groups, addresses and rules, and so are all rules of the interface itself. Who comes
//! into one of these groups or blocks later is a peer, too: the watch is a rule, not a list. Where the default itself
//! changes, because all groups go or another type comes, every interface of the VPC is a peer.
//!
//! A policy file may rest on more: on names and tags, by which it selects, and where it counts sources also on machines that
//! the change does not touch. Then these are watched as well.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Unit;
use super::fingerprint;
use super::step::{References, Watch, WatchedGroup, WatchedList, WatchedVpc};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{InnerAccessPolicy, RulePeer, RulePorts, SecurityGroupId, SecurityGroupType, VpcId};
use crate::netset::IpBlock;

/// Collects the watch of a change; `unknown` gets whatever the export does not say of it.
pub(super) struct Cone<'g> {
    pub(super) graph: &'g SecurityGraph,
    pub(super) units: &'g [Unit],
    /// Where a group or interface does not say its region.
    pub(super) region: &'g dyn Fn(InterfaceIx) -> String,
    /// Names and tags count, because rules select by them.
    pub(super) labels: bool,
    /// The VPCs of which everything counts, because rules count machines that the change does not touch.
    pub(super) whole: &'g dyn Fn(&VpcId) -> bool,
    pub(super) unknown: BTreeSet<String>,
}

/// Which interfaces of a VPC are watched.
struct Scope {
    region_id: String,
    everything: bool,
    groups: BTreeSet<GroupIx>,
    blocks: BTreeSet<IpBlock>,
}

impl Cone<'_> {
    pub(super) fn watch(&mut self) -> Watch {
        let mut scopes: BTreeMap<&VpcId, Scope> = BTreeMap::new();
        let (units, graph) = (self.units, self.graph);
        let mut watched_groups: BTreeMap<GroupIx, String> = BTreeMap::new();
        let mut touched: BTreeMap<GroupIx, String> = BTreeMap::new();
        for unit in units {
            let Some(vpc) = graph.interface(unit.interface).network.vpc() else { continue };
            let region_id = (self.region)(unit.interface);
            let scope = scopes.entry(vpc).or_insert_with(|| Scope {
                region_id: region_id.clone(),
                everything: (self.whole)(vpc),
                groups: BTreeSet::new(),
                blocks: BTreeSet::new(),
            });
            scope.everything |= changes_default(graph, unit);
            let ever: BTreeSet<GroupIx> = unit.start.union(&unit.end).copied().collect();
            watched_groups.extend(ever.iter().map(|group| (*group, region_id.clone())));
            for group in unit.start.symmetric_difference(&unit.end) {
                touched.insert(*group, region_id.clone());
                self.widen(*group, scope);
            }
        }
        let is_target: BTreeSet<InterfaceIx> = units.iter().map(|unit| unit.interface).collect();
        let mut vpcs = Vec::new();
        for (vpc, scope) in scopes {
            let mut interfaces = BTreeMap::new();
            for interface in graph.interfaces().filter(|interface| !is_target.contains(interface)) {
                let described = graph.interface(interface);
                if described.network.vpc() != Some(vpc) {
                    continue;
                }
                let Some(groups) = graph.baseline().groups_of(interface) else {
                    self.unknown.insert(format!("the groups of {}", described.id));
                    continue;
                };
                let is_inside = described.addresses.iter().any(|address| {
                    let meets =
                        |block: &IpBlock| block.contains(&address.block) || address.block.contains(block);
                    scope.blocks.iter().any(meets)
                });
                if scope.everything || is_inside || groups.iter().any(|group| scope.groups.contains(group)) {
                    let digest = fingerprint::peer(graph, interface, &groups, self.labels);
                    interfaces.insert(described.id.to_string(), digest);
                    watched_groups.extend(groups.iter().map(|group| (*group, scope.region_id.clone())));
                }
            }
            vpcs.push(WatchedVpc {
                region_id: scope.region_id,
                vpc_id: vpc.to_string(),
                everything: scope.everything,
                groups: ids(graph, &scope.groups),
                blocks: scope.blocks.iter().map(ToString::to_string).collect(),
                interfaces,
            });
        }
        let mut watch = Watch { labels: self.labels, vpcs, ..Watch::default() };
        for (group, region_id) in watched_groups {
            self.add_group(group, region_id, &mut watch);
        }
        for (group, region_id) in touched {
            let named_by = references(graph, group);
            watch.references.insert(graph.group_id(group).to_string(), References { region_id, named_by });
        }
        watch
    }

    /// Adds the interfaces to which a group that is left or joined matters.
    fn widen(&mut self, group: GroupIx, scope: &mut Scope) {
        let graph = self.graph;
        scope.groups.insert(group);
        let naming = graph.authorizations_of(group);
        scope.groups.extend(naming.iter().map(|authorization| authorization.rule.group));
        let Some(described) = graph.group(group) else { return };
        for rule in &described.rules {
            match &rule.peer {
                RulePeer::Block(block) => {
                    scope.blocks.insert(*block);
                }
                RulePeer::Group { id, .. } => scope.groups.extend(graph.find_group(id)),
                RulePeer::PrefixList(id) => match graph.inventory().prefix_lists.get(id) {
                    Some(list) => scope.blocks.extend(&list.entries),
                    None => {
                        self.unknown.insert(format!("the entries of {id}"));
                    }
                },
            }
        }
    }

    /// Adds a group with everything that decides what it does; what is not known of it is said.
    fn add_group(&mut self, group: GroupIx, region_id: String, watch: &mut Watch) {
        let graph = self.graph;
        let id = graph.group_id(group);
        let Some(described) = graph.group(group) else {
            self.unknown.insert(format!("the rules of {id}"));
            return;
        };
        let (Some(group_type), Some(inner), Some(vpc)) =
            (described.group_type, described.inner_access, described.network.vpc())
        else {
            self.unknown.insert(format!("the type, the VPC or the inner access policy of {id}"));
            return;
        };
        if !described.rule_gaps.is_empty() || described.rules.iter().any(|rule| rule.unevaluable.is_some()) {
            self.unknown.insert(format!("every rule of {id}"));
            return;
        }
        for rule in &described.rules {
            if let RulePeer::PrefixList(list) = &rule.peer {
                match graph.inventory().prefix_lists.get(list) {
                    Some(known) => {
                        let list_of = WatchedList {
                            region_id: region_id.clone(),
                            sha256: fingerprint::prefix_list(known),
                        };
                        watch.prefix_lists.insert(list.to_string(), list_of);
                    }
                    None => {
                        self.unknown.insert(format!("the entries of {list}"));
                    }
                }
            }
            if let RulePorts::List(list) = &rule.ports {
                match graph.inventory().port_lists.get(list) {
                    Some(known) => {
                        let list_of = WatchedList {
                            region_id: region_id.clone(),
                            sha256: fingerprint::port_list(known),
                        };
                        watch.port_lists.insert(list.to_string(), list_of);
                    }
                    None => {
                        self.unknown.insert(format!("the entries of {list}"));
                    }
                }
            }
        }
        let entry = WatchedGroup {
            region_id,
            vpc_id: vpc.to_string(),
            group_type: match group_type {
                SecurityGroupType::Normal => "normal".to_owned(),
                SecurityGroupType::Enterprise => "enterprise".to_owned(),
            },
            inner_access_policy: match inner {
                InnerAccessPolicy::Accept => "Accept".to_owned(),
                InnerAccessPolicy::Drop => "Drop".to_owned(),
            },
            rules_sha256: fingerprint::rules(described),
            labels_sha256: self.labels.then(|| fingerprint::group_labels(described)),
        };
        watch.groups.insert(id.to_string(), entry);
    }
}

/// Tells whether what no rule decides may change: all groups go, or another type comes.
fn changes_default(graph: &SecurityGraph, unit: &Unit) -> bool {
    let types = |groups: &BTreeSet<GroupIx>| -> BTreeSet<Option<SecurityGroupType>> {
        groups.iter().map(|group| graph.group(*group).and_then(|described| described.group_type)).collect()
    };
    let (before, after) = (types(&unit.start), types(&unit.end));
    before != after || before.contains(&None)
}

/// Returns the other groups whose rules name a group, sorted.
pub(super) fn references(graph: &SecurityGraph, group: GroupIx) -> Vec<String> {
    let own = graph.authorizations_of(group).into_iter().map(|authorization| authorization.rule.group);
    let mut naming: BTreeSet<&SecurityGroupId> = own.map(|naming| graph.group_id(naming)).collect();
    let foreign = graph.inventory().foreign_references.iter();
    let id = graph.group_id(group);
    naming.extend(foreign.filter(|one| one.group == *id).map(|one| &one.referencing));
    naming.remove(id);
    naming.into_iter().map(ToString::to_string).collect()
}

/// Returns the ids of groups, sorted.
pub(super) fn ids<'a>(graph: &SecurityGraph, groups: impl IntoIterator<Item = &'a GroupIx>) -> Vec<String> {
    let mut ids: Vec<String> = groups.into_iter().map(|group| graph.group_id(*group).to_string()).collect();
    ids.sort_unstable();
    ids
}
