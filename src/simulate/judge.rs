//! Do the ids exist, and would the API do it?

use std::collections::{BTreeMap, BTreeSet};

use super::refusal::Refusal;
use super::removal::{JudgedRemoval, Removal, TargetForm};
use super::simulation::{Options, Quotas, RemovalError};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph, View};
use crate::inventory::{InterfaceKind, Memberships, Network, RulePeer, RulePorts, SecurityGroupType};

/// How many ids an error suggests.
const SUGGESTIONS: usize = 3;

/// Resolves the ids of removals and says what the API would refuse. Sorted; a removal given twice counts once.
///
/// # Errors
/// [`RemovalError`] when an id does not exist, or the target is not in the group.
pub fn judge(
    graph: &SecurityGraph,
    removals: &[Removal],
    options: &Options,
) -> Result<Vec<JudgedRemoval>, RemovalError> {
    let mut judged: BTreeMap<(InterfaceIx, GroupIx), JudgedRemoval> = BTreeMap::new();
    for removal in removals {
        let resolved = resolve(graph, removal)?;
        match judged.get(&(resolved.interface, resolved.group)) {
            Some(known) if known.join != resolved.join => {
                return Err(RemovalError::Conflicting {
                    target: removal.target.clone(),
                    group: removal.group.clone(),
                });
            }
            _ => {
                judged.insert((resolved.interface, resolved.group), resolved);
            }
        }
    }
    let mut judged: Vec<JudgedRemoval> = judged.into_values().collect();
    for removal in &judged {
        let Some(join) = removal.join else { continue };
        if judged.iter().any(|other| other.interface == removal.interface && other.group == join) {
            return Err(RemovalError::LeavesAndJoins {
                target: graph.interface(removal.interface).id.to_string(),
                group: graph.group_id(join).to_string(),
            });
        }
    }
    ask(graph, &mut judged, options);
    Ok(judged)
}

/// Judges a membership of the graph as if it alone went.
pub(super) fn judge_one(
    graph: &SecurityGraph,
    interface: InterfaceIx,
    group: GroupIx,
    options: &Options,
) -> JudgedRemoval {
    let mut removal = [unjudged(graph, interface, group, None)];
    ask(graph, &mut removal, options);
    let [removal] = removal;
    removal
}

fn ask(graph: &SecurityGraph, removals: &mut [JudgedRemoval], options: &Options) {
    let after = outcome(graph, removals);
    let all = removals.to_vec();
    for removal in removals {
        let mut judge = Judge { graph, removal, all: &all, after: &after, quotas: &options.quotas };
        judge.state();
        judge.ownership();
        judge.remaining();
        judge.joining();
    }
}

/// Returns a removal nobody has judged yet. A primary interface is named by its instance, whichever way the caller
/// named it (law A16).
fn unjudged(
    graph: &SecurityGraph,
    interface: InterfaceIx,
    group: GroupIx,
    join: Option<GroupIx>,
) -> JudgedRemoval {
    let described = graph.interface(interface);
    let form = match described.kind {
        InterfaceKind::Primary if described.instance.is_some() => TargetForm::Instance,
        _ => TargetForm::Interface,
    };
    JudgedRemoval { interface, group, join, stays: false, form, refusals: Vec::new(), unchecked: Vec::new() }
}

/// Returns the view in which all of it is done.
pub(super) fn outcome<'g>(graph: &'g SecurityGraph, removals: &[JudgedRemoval]) -> View<'g> {
    let gone = removals.iter().filter(|removal| !removal.stays);
    let gone = gone.map(|removal| (removal.interface, removal.group));
    let joined = removals.iter().filter_map(|removal| removal.join.map(|group| (removal.interface, group)));
    graph.baseline().without(gone).with(joined)
}

fn resolve(graph: &SecurityGraph, removal: &Removal) -> Result<JudgedRemoval, RemovalError> {
    let target = &removal.target;
    let instance = graph.inventory().instance(&target.as_str().into());
    let interface = match instance {
        Some(instance) => graph
            .interfaces_of(&instance.id)
            .into_iter()
            .find(|ix| graph.interface(*ix).kind == InterfaceKind::Primary)
            .ok_or_else(|| RemovalError::NoPrimary { instance: target.clone() })?,
        None => graph.find_interface(&target.as_str().into()).ok_or_else(|| unknown_target(graph, target))?,
    };
    let find = |id: &str| graph.find_group(&id.into()).ok_or_else(|| unknown_group(graph, id));
    let group = find(&removal.group)?;
    let described = graph.interface(interface);
    if described.memberships == Memberships::Unknown {
        return Err(RemovalError::UnknownMemberships { target: target.clone() });
    }
    let baseline = graph.baseline();
    if !baseline.is_member(interface, group) {
        let groups = baseline.groups_of(interface).unwrap_or_default();
        let siblings = described.instance.iter().flat_map(|instance| graph.interfaces_of(instance));
        return Err(RemovalError::NotMember {
            target: target.clone(),
            group: removal.group.clone(),
            member_of: groups.iter().map(|group| graph.group_id(*group).to_string()).collect(),
            siblings: siblings
                .filter(|other| baseline.is_member(*other, group))
                .map(|other| graph.interface(other).id.to_string())
                .collect(),
        });
    }
    let join = removal.join.as_deref().map(find).transpose()?;
    Ok(unjudged(graph, interface, group, join))
}

/// Lets every interface that would leave its last group join another one instead.
///
/// # Errors
/// [`RemovalError`] when an id does not exist, or a target is not in its group.
pub fn isolate_last(
    graph: &SecurityGraph,
    removals: Vec<&mut Removal>,
    group: &str,
) -> Result<(), RemovalError> {
    let join = graph.find_group(&group.into()).ok_or_else(|| unknown_group(graph, group))?;
    let mut of_interface: BTreeMap<InterfaceIx, Vec<(JudgedRemoval, &mut Removal)>> = BTreeMap::new();
    for removal in removals {
        let judged = resolve(graph, removal)?;
        of_interface.entry(judged.interface).or_default().push((judged, removal));
    }
    for (interface, removals) in of_interface {
        let left: BTreeSet<GroupIx> = removals.iter().map(|(judged, _)| judged.group).collect();
        let groups = graph.baseline().groups_of(interface).unwrap_or_default();
        let is_last = groups.iter().all(|group| left.contains(group)) && !left.contains(&join);
        let joins = removals.iter().any(|(judged, _)| judged.join.is_some());
        if let Some((_, removal)) = removals.into_iter().next_back().filter(|_| is_last && !joins) {
            removal.join = Some(group.to_owned());
        }
    }
    Ok(())
}

/// Returns the error for an id that is neither an instance nor an interface, with those that look most like it.
#[must_use]
pub fn unknown_target(graph: &SecurityGraph, target: &str) -> RemovalError {
    let inventory = graph.inventory();
    let ids = inventory
        .instances
        .iter()
        .map(|i| i.id.as_str())
        .chain(inventory.interfaces.iter().map(|i| i.id.as_str()));
    let code =
        if target.starts_with("eni-") { "InvalidEniId.NotFound" } else { "InvalidInstanceId.NotFound" };
    RemovalError::UnknownTarget { target: target.to_owned(), code, nearest: nearest(target, ids) }
}

fn unknown_group(graph: &SecurityGraph, group: &str) -> RemovalError {
    let ids = graph.groups().map(|ix| graph.group_id(ix).as_str());
    RemovalError::UnknownGroup { group: group.to_owned(), nearest: nearest(group, ids) }
}

/// Returns the ids that look most like `wanted`, best first.
fn nearest<'a>(wanted: &str, ids: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut scored: Vec<(u32, &str)> = ids
        .filter_map(|id| {
            let likeness = strsim::normalized_damerau_levenshtein(wanted, id);
            // Compared as parts of ten thousand: no float decides an order.
            let score = (likeness * 10_000.0).round();
            (likeness >= 0.6).then_some((10_000_u32.saturating_sub(score as u32), id))
        })
        .collect();
    scored.sort_unstable();
    scored.truncate(SUGGESTIONS);
    scored.into_iter().map(|(_, id)| id.to_owned()).collect()
}

/// Tells whether an interface may be in all these groups at once: of one type, and within the quotas (law 1.1, 3).
#[must_use]
pub fn may_hold(graph: &SecurityGraph, groups: &BTreeSet<GroupIx>, quotas: &Quotas) -> bool {
    let types: BTreeSet<SecurityGroupType> = groups
        .iter()
        .filter_map(|group| graph.group(*group).and_then(|described| described.group_type))
        .collect();
    let rules: usize = groups.iter().map(|group| rule_cost(graph, *group)).sum();
    types.len() < 2 && groups.len() <= quotas.groups_per_interface && rules <= quotas.rules_per_interface
}

/// Law 1.1: a list costs its maximum, not its entries.
fn rule_cost(graph: &SecurityGraph, group: GroupIx) -> usize {
    let inventory = graph.inventory();
    let Some(described) = graph.group(group) else { return 0 };
    let size = |entries: usize, most: Option<u32>| {
        most.and_then(|n| usize::try_from(n).ok()).unwrap_or(entries).max(1)
    };
    let cost = |rule: &crate::inventory::SecurityGroupRule| {
        let peer = match &rule.peer {
            RulePeer::PrefixList(id) => {
                inventory.prefix_lists.get(id).map(|l| size(l.entries.len(), l.max_entries))
            }
            RulePeer::Block(_) | RulePeer::Group { .. } => None,
        };
        let ports = match &rule.ports {
            RulePorts::List(id) => inventory.port_lists.get(id).map(|l| size(l.entries.len(), l.max_entries)),
            RulePorts::Any | RulePorts::Ranges(_) => None,
        };
        peer.unwrap_or(1).saturating_mul(ports.unwrap_or(1))
    };
    described.rules.iter().map(cost).sum()
}

/// Judges one removal of a set; the order of the questions is the order of the reported refusals.
struct Judge<'a, 'g> {
    graph: &'g SecurityGraph,
    removal: &'a mut JudgedRemoval,
    all: &'a [JudgedRemoval],
    after: &'a View<'g>,
    quotas: &'a Quotas,
}

impl Judge<'_, '_> {
    fn refuse(&mut self, code: &'static str, http: u16, message: String) {
        self.removal.refusals.push(Refusal { code, http, message });
    }

    fn is_by_instance(&self) -> bool {
        self.removal.form == TargetForm::Instance
    }

    /// Law 6.2: state of the instance and of the interface, security lock, classic network.
    fn state(&mut self) {
        let interface = self.graph.interface(self.removal.interface);
        if interface.network == Network::Classic {
            let message = "the classic network is retired and not simulated".to_owned();
            self.refuse("InvalidNetworkType.NotSupported", 400, message);
        }
        if let Some(instance) = self.graph.instance_of(self.removal.interface) {
            match instance.status.as_str() {
                "Running" | "Stopped" => {}
                "" => self.removal.unchecked.push("instance status"),
                other => {
                    let message = format!("instance {} is {other}, not Running or Stopped", instance.id);
                    self.refuse("IncorrectInstanceStatus", 403, message);
                }
            }
            match &instance.locks {
                None => self.removal.unchecked.push("operation locks"),
                Some(locks) if locks.iter().any(|lock| lock.eq_ignore_ascii_case("security")) => {
                    let message = format!("instance {} is locked for security reasons", instance.id);
                    self.refuse("InstanceLockedForSecurity", 403, message);
                }
                Some(_) => {}
            }
        }
        if self.is_by_instance() {
            return;
        }
        match interface.status.as_str() {
            "InUse" | "Available" => {}
            "" => self.removal.unchecked.push("interface status"),
            other => {
                let message = format!("interface {} is {other}, not InUse or Available", interface.id);
                self.refuse("InvalidOperation.InvalidEniState", 400, message);
            }
        }
        if interface.region.is_none() {
            let message =
                format!("the region of {} is not in the export and the call needs it", interface.id);
            self.refuse("MissingParameter.RegionId", 400, message);
        }
    }

    /// Law 6.2: what a cloud product manages is not ours to change (A24 for replacement lists).
    fn ownership(&mut self) {
        let interface = self.graph.interface(self.removal.interface);
        let mut is_group_unchecked = false;
        for group in [Some(self.removal.group), self.removal.join].into_iter().flatten() {
            match self.graph.group(group).and_then(|described| described.service_managed) {
                Some(true) => {
                    let message = format!("{} is managed by a cloud product", self.graph.group_id(group));
                    self.refuse("InvalidOperation.ResourceManagedByCloudProduct", 403, message);
                }
                Some(false) => {}
                None => is_group_unchecked = true,
            }
        }
        if is_group_unchecked {
            self.removal.unchecked.push("management of the group");
        }
        match interface.service_managed {
            Some(true) => {
                let message = format!("interface {} is managed by a cloud product", interface.id);
                self.refuse("InvalidOperation.EniServiceManaged", 403, message);
            }
            Some(false) => {}
            None => self.removal.unchecked.push("management of the interface"),
        }
        if interface.kind == InterfaceKind::Other {
            let message = format!("interface {} is neither a primary nor a secondary one", interface.id);
            self.refuse("InvalidOperation.InvalidEniType", 403, message);
        }
    }

    /// Law 6.2: at least one group must remain; removals of one interface are judged together.
    fn remaining(&mut self) {
        let interface = self.removal.interface;
        if !self.after.groups_of(interface).is_some_and(|groups| groups.is_empty()) {
            return;
        }
        let id = &self.graph.interface(interface).id;
        let together = self.all.iter().filter(|other| other.interface == interface).count();
        let message = if together == 1 {
            format!("{} is the last group of {id}", self.graph.group_id(self.removal.group))
        } else {
            format!("the {together} removals of {id} together leave it in no group")
        };
        let code = if self.is_by_instance() {
            "InstanceLastSecurityGroup"
        } else {
            "InvalidOperation.AtLeastInOneGroup"
        };
        self.refuse(code, 403, message);
    }

    /// Law 6.2, 6.3: what stands against joining the new group.
    fn joining(&mut self) {
        let Some(join) = self.removal.join else { return };
        let interface = self.removal.interface;
        let id = self.graph.interface(interface).id.clone();
        let joined = self.graph.group_id(join).clone();
        let baseline = self.graph.baseline();
        if baseline.is_member(interface, join) {
            self.refuse("InvalidInstanceId.AlreadyExists", 403, format!("{id} is already in {joined}"));
        }
        let twice =
            self.all.iter().filter(|other| other.interface == interface && other.join == Some(join)).count();
        if twice > 1 {
            let message = format!("{joined} stands {twice} times in the new list of {id}");
            self.refuse("InvalidParameter.SecurityGroupIdRepeated", 404, message);
        }
        self.network(join);
        let is_mixed = self.types();
        // Types that do not mix can only be swapped in one call; else the group is joined before the old one is left.
        let mut at_most: BTreeSet<GroupIx> =
            self.after.groups_of(interface).unwrap_or_default().iter().copied().collect();
        if !is_mixed {
            at_most.extend(baseline.groups_of(interface).unwrap_or_default().iter());
        }
        if at_most.len() > self.quotas.groups_per_interface {
            let message = format!(
                "{id} would be in {} groups, quota {}",
                at_most.len(),
                self.quotas.groups_per_interface
            );
            self.refuse("JoinedGroupLimitExceed", 400, message);
        }
        let rules: usize = at_most.iter().map(|group| rule_cost(self.graph, *group)).sum();
        if at_most.iter().any(|group| !self.knows_cost(*group)) {
            self.removal.unchecked.push("number of rules of every group in the new list");
        }
        if rules > self.quotas.rules_per_interface {
            let message =
                format!("{id} would carry {rules} rules, quota {}", self.quotas.rules_per_interface);
            self.refuse("AclLimitExceed", 403, message);
        }
        self.capacity(join);
    }

    fn network(&mut self, join: GroupIx) {
        let id = self.graph.interface(self.removal.interface).id.clone();
        let joined = self.graph.group_id(join).clone();
        let here = &self.graph.interface(self.removal.interface).network;
        let Some(there) = self.graph.group(join).map(|group| &group.network) else {
            self.removal.unchecked.push("network of the group to join");
            return;
        };
        match there {
            Network::Unknown => self.removal.unchecked.push("network of the group to join"),
            Network::Classic => {
                let code = if self.is_by_instance() {
                    "InvalidSecurityGroupType.NotSupportClassic"
                } else {
                    "InvalidSecurityGroupId.NotVpc"
                };
                self.refuse(code, 404, format!("{joined} is a group of the classic network"));
            }
            Network::Vpc(_) if there != here => {
                let (code, http) = if self.is_by_instance() {
                    ("InvalidSecurityGroupVpc.NotBelongToOneVpc", 404)
                } else {
                    ("InvalidOperation.VpcMismatch", 403)
                };
                self.refuse(code, http, format!("{joined} serves another VPC than {id}"));
            }
            Network::Vpc(_) => {}
        }
    }

    /// Refuses a mixed list; tells whether old and new types differ, so that only one replacing call can do it.
    fn types(&mut self) -> bool {
        let interface = self.removal.interface;
        let known = |view: &View<'_>| -> BTreeSet<SecurityGroupType> {
            let groups = view.groups_of(interface).unwrap_or_default();
            groups.iter().filter_map(|group| self.graph.group(*group).and_then(|g| g.group_type)).collect()
        };
        let (before, after) = (known(&self.graph.baseline()), known(self.after));
        let groups = self.after.groups_of(interface).unwrap_or_default();
        if groups.iter().any(|group| self.graph.group(*group).and_then(|g| g.group_type).is_none()) {
            self.removal.unchecked.push("type of every group in the new list");
        }
        if after.len() > 1 {
            let message =
                format!("{} would be in basic and enterprise groups", self.graph.interface(interface).id);
            let (code, http) = if self.is_by_instance() {
                ("EnterpriseGroupLimited.MutliGroupType", 403)
            } else {
                ("InvalidOperation.MultiGroupType", 400)
            };
            self.refuse(code, http, message);
        }
        before != after
    }

    /// Tells whether all rules and lists of a group are known, so that their number is.
    fn knows_cost(&self, group: GroupIx) -> bool {
        let inventory = self.graph.inventory();
        self.graph.group(group).is_some_and(|described| {
            described.rule_gaps.is_empty()
                && described.rules.iter().all(|rule| match (&rule.peer, &rule.ports) {
                    (RulePeer::PrefixList(id), _) if !inventory.prefix_lists.contains_key(id) => false,
                    (_, RulePorts::List(id)) => inventory.port_lists.contains_key(id),
                    _ => true,
                })
        })
    }

    /// Law 3: a basic group is full by private addresses, an enterprise group by interfaces.
    fn capacity(&mut self, join: GroupIx) {
        let joined = self.graph.group_id(join).clone();
        let members = self.after.members_of(join);
        if self.graph.group(join).and_then(|g| g.group_type) == Some(SecurityGroupType::Enterprise) {
            if members.len() > self.quotas.interfaces_per_enterprise_group {
                let message = format!(
                    "{joined} would hold {} interfaces, quota {}",
                    members.len(),
                    self.quotas.interfaces_per_enterprise_group
                );
                self.refuse("InvalidOperation.NetworkInterfaceCountExceeded", 403, message);
            }
            return;
        }
        let addresses: usize =
            members.iter().map(|member| self.graph.interface(*member).addresses.len()).sum();
        if addresses > self.quotas.addresses_per_group {
            let message = format!(
                "{joined} would hold {addresses} addresses, quota {}",
                self.quotas.addresses_per_group
            );
            self.refuse("SecurityGroupInstanceLimitExceeded", 403, message);
        }
    }
}
