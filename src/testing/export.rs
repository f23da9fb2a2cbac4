//! An inventory written back as the raw answers it could have been read from.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::inventory::{
    AddressKind, Direction, ExternalConsumer, InnerAccessPolicy, Instance, InterfaceAddress, InterfaceKind,
    Inventory, Memberships, NetworkInterface, RegionId, RuleAction, RulePeer, RulePorts, SecurityGroup,
    SecurityGroupRule, SecurityGroupType, Tags, Unevaluable,
};
use crate::netset::{Family, IpProtocol};

/// Writes the answers of the Describe calls that say what the inventory says: file names and their JSON text.
///
/// An inventory without missing evidence is read back as it is, but for its issues. What is missing is left out: an
/// unknown type leaves the group out of the listing, an unknown policy or unknown rules leave its attribute out, unknown
/// groups leave the field out.
#[must_use]
pub fn export(inventory: &Inventory) -> Vec<(String, String)> {
    export_in_pages(inventory, usize::MAX)
}

/// [`export`], with so many records in one page of a listing, at most.
#[must_use]
pub fn export_in_pages(inventory: &Inventory, page: usize) -> Vec<(String, String)> {
    let mut files: Vec<(String, Value)> = Vec::new();
    let instances = inventory.instances.iter().map(|one| instance(inventory, one)).collect();
    listing(&mut files, "instances", page, None, ("Instances", "Instance"), instances);
    let interfaces = inventory.interfaces.iter().map(interface).collect();
    let keys = ("NetworkInterfaceSets", "NetworkInterfaceSet");
    listing(&mut files, "interfaces", page, None, keys, interfaces);
    let mut regions: BTreeMap<Option<&RegionId>, Vec<Value>> = BTreeMap::new();
    for group in inventory.groups.iter().filter(|group| group.group_type.is_some()) {
        regions.entry(group.region.as_ref()).or_default().push(listed_group(group));
    }
    for (number, (region, groups)) in regions.into_iter().enumerate() {
        let name = if number == 0 { "groups".to_owned() } else { format!("groups-{number}") };
        listing(&mut files, &name, page, region, ("SecurityGroups", "SecurityGroup"), groups);
    }
    for group in inventory.groups.iter().filter(|group| group.inner_access.is_some()) {
        if group.rule_gaps.is_empty() {
            files.push((format!("rules-{}.json", group.id), attribute(group)));
        }
    }
    lists(inventory, &mut files);
    surroundings(inventory, &mut files);
    files.into_iter().map(|(name, answer)| (name, format!("{answer:#}\n"))).collect()
}

/// Writes a listing, page by page.
fn listing(
    files: &mut Vec<(String, Value)>,
    name: &str,
    page: usize,
    region: Option<&RegionId>,
    (outer, inner): (&str, &str),
    records: Vec<Value>,
) {
    let total = records.len();
    let size = page.clamp(1, 100.max(total));
    let pages: Vec<&[Value]> = if records.is_empty() { vec![&[]] } else { records.chunks(size).collect() };
    for (number, records) in pages.iter().enumerate() {
        let mut answer = json!({
            "RequestId": "00000000-0000-4000-8000-000000000001", "NextToken": "", "PageNumber": number + 1,
            "PageSize": size, "TotalCount": total, outer: { inner: records },
        });
        if let Some(region) = region {
            put(&mut answer, "RegionId", json!(region.as_str()));
        }
        let suffix = if pages.len() == 1 { String::new() } else { format!("-page-{}", number + 1) };
        files.push((format!("{name}{suffix}.json"), answer));
    }
}

fn put(object: &mut Value, key: &str, value: Value) {
    if let Value::Object(object) = object {
        object.insert(key.to_owned(), value);
    }
}

fn zone(region: &RegionId) -> Value {
    json!(format!("{region}-h"))
}

fn tags(tags: &Tags) -> Value {
    let tag = |(key, value): (&str, &str)| json!({ "TagKey": key, "TagValue": value });
    json!({ "Tag": tags.iter().map(tag).collect::<Vec<_>>() })
}

fn kind_name(kind: InterfaceKind) -> &'static str {
    match kind {
        InterfaceKind::Primary => "Primary",
        InterfaceKind::Secondary => "Secondary",
        InterfaceKind::Other => "Member",
    }
}

/// Writes the addresses of an interface; `primary` is the key of its first one.
fn addresses(object: &mut Value, primary: &str, addresses: &[InterfaceAddress]) {
    let (mut private, mut v6, mut prefixes4, mut prefixes6) = (vec![], vec![], vec![], vec![]);
    for held in addresses {
        let text = held.block.address().to_string();
        match (held.kind, held.block.family()) {
            (AddressKind::Primary, _) => {
                put(object, primary, json!(text));
                private.push(json!({ "PrivateIpAddress": text, "Primary": true }));
            }
            (AddressKind::Secondary, _) => {
                private.push(json!({ "PrivateIpAddress": text, "Primary": false }));
            }
            (AddressKind::Ipv6, _) => v6.push(json!({ "Ipv6Address": text })),
            (AddressKind::Prefix, Family::Ipv4) => {
                prefixes4.push(json!({ "Ipv4Prefix": held.block.to_string() }));
            }
            (AddressKind::Prefix, Family::Ipv6) => {
                prefixes6.push(json!({ "Ipv6Prefix": held.block.to_string() }));
            }
        }
    }
    put(object, "PrivateIpSets", json!({ "PrivateIpSet": private }));
    put(object, "Ipv6Sets", json!({ "Ipv6Set": v6 }));
    put(object, "Ipv4PrefixSets", json!({ "Ipv4PrefixSet": prefixes4 }));
    put(object, "Ipv6PrefixSets", json!({ "Ipv6PrefixSet": prefixes6 }));
}

fn memberships(object: &mut Value, memberships: &Memberships) {
    if let Memberships::Known(ids) = memberships {
        let ids: Vec<&str> = ids.iter().map(|id| id.as_str()).collect();
        put(object, "SecurityGroupIds", json!({ "SecurityGroupId": ids }));
    }
}

fn instance(inventory: &Inventory, instance: &Instance) -> Value {
    let locks: Vec<Value> =
        instance.locks.iter().flatten().map(|lock| json!({ "LockReason": lock })).collect();
    let mut answer = json!({
        "InstanceId": instance.id.as_str(), "InstanceName": instance.name, "Status": instance.status,
        "InstanceNetworkType": "vpc", "OperationLocks": { "LockReason": locks }, "Tags": tags(&instance.tags),
    });
    if let Some(region) = &instance.region {
        put(&mut answer, "RegionId", json!(region.as_str()));
        put(&mut answer, "ZoneId", zone(region));
    }
    let own =
        inventory.interfaces.iter().filter(|interface| interface.instance.as_ref() == Some(&instance.id));
    let mut nested = Vec::new();
    for interface in own {
        let mut inside =
            json!({ "NetworkInterfaceId": interface.id.as_str(), "Type": kind_name(interface.kind) });
        addresses(&mut inside, "PrimaryIpAddress", &interface.addresses);
        nested.push(inside);
        if interface.kind == InterfaceKind::Primary {
            memberships(&mut answer, &interface.memberships);
            let primary = interface.addresses.iter().filter(|held| held.kind == AddressKind::Primary);
            let primary: Vec<String> = primary.map(|held| held.block.address().to_string()).collect();
            let mut vpc = json!({ "PrivateIpAddress": { "IpAddress": primary }, "NatIpAddress": "" });
            if let Some(id) = interface.network.vpc() {
                put(&mut vpc, "VpcId", json!(id.as_str()));
            }
            if let Some(id) = &interface.vswitch {
                put(&mut vpc, "VSwitchId", json!(id.as_str()));
            }
            put(&mut answer, "VpcAttributes", vpc);
        }
    }
    put(&mut answer, "NetworkInterfaces", json!({ "NetworkInterface": nested }));
    answer
}

fn interface(interface: &NetworkInterface) -> Value {
    let mut answer = json!({
        "NetworkInterfaceId": interface.id.as_str(), "NetworkInterfaceName": interface.name,
        "Type": kind_name(interface.kind), "Status": interface.status,
        "ServiceManaged": interface.service_managed, "Tags": tags(&interface.tags),
    });
    let ids = [
        ("InstanceId", interface.instance.as_ref().map(|id| id.as_str())),
        ("VpcId", interface.network.vpc().map(|id| id.as_str())),
        ("VSwitchId", interface.vswitch.as_ref().map(|id| id.as_str())),
        ("OwnerId", interface.owner.as_ref().map(|id| id.as_str())),
    ];
    for (key, id) in ids {
        if let Some(id) = id {
            put(&mut answer, key, json!(id));
        }
    }
    if let Some(region) = &interface.region {
        put(&mut answer, "ZoneId", zone(region));
    }
    memberships(&mut answer, &interface.memberships);
    addresses(&mut answer, "PrivateIpAddress", &interface.addresses);
    answer
}

fn listed_group(group: &SecurityGroup) -> Value {
    let kind = match group.group_type {
        Some(SecurityGroupType::Enterprise) => "enterprise",
        Some(SecurityGroupType::Normal) | None => "normal",
    };
    let mut answer = json!({
        "SecurityGroupId": group.id.as_str(), "SecurityGroupName": group.name, "SecurityGroupType": kind,
        "ServiceManaged": group.service_managed, "Tags": tags(&group.tags),
    });
    if group.rule_gaps.is_empty() {
        put(&mut answer, "RuleCount", json!(group.rules.len()));
    }
    if let Some(vpc) = group.network.vpc() {
        put(&mut answer, "VpcId", json!(vpc.as_str()));
    }
    answer
}

fn attribute(group: &SecurityGroup) -> Value {
    let inner = match group.inner_access {
        Some(InnerAccessPolicy::Drop) => "Drop",
        Some(InnerAccessPolicy::Accept) | None => "Accept",
    };
    let mut answer = json!({
        "RequestId": "00000000-0000-4000-8000-000000000002", "SecurityGroupId": group.id.as_str(),
        "SecurityGroupName": group.name, "InnerAccessPolicy": inner,
        "Permissions": { "Permission": group.rules.iter().map(permission).collect::<Vec<_>>() },
    });
    if let Some(vpc) = group.network.vpc() {
        put(&mut answer, "VpcId", json!(vpc.as_str()));
    }
    if let Some(region) = &group.region {
        put(&mut answer, "RegionId", json!(region.as_str()));
    }
    answer
}

/// Writes a rule as DescribeSecurityGroupAttribute does.
fn permission(rule: &SecurityGroupRule) -> Value {
    let (direction, remote, local) = match rule.direction {
        Direction::Ingress => ("ingress", "Source", "Dest"),
        Direction::Egress => ("egress", "Dest", "Source"),
    };
    let policy = match rule.action {
        RuleAction::Accept => "Accept",
        RuleAction::Drop => "Drop",
    };
    let protocol = match rule.protocol {
        IpProtocol::All => "ALL".to_owned(),
        IpProtocol::Number(number) => number.to_string(),
    };
    let mut answer = json!({
        "Direction": direction, "Priority": rule.priority, "Policy": policy, "IpProtocol": protocol,
        "NicType": "intranet", "SourcePortRange": "",
    });
    let any = if rule.protocol.has_ports() { "1/65535" } else { "-1/-1" };
    let text = |ranges: &[crate::netset::PortRange]| {
        ranges.iter().map(|range| format!("{}/{}", range.low(), range.high())).collect::<Vec<_>>().join(",")
    };
    match &rule.ports {
        RulePorts::Any => put(&mut answer, "PortRange", json!(any)),
        RulePorts::Ranges(ranges) => put(&mut answer, "PortRange", json!(text(ranges))),
        RulePorts::List(id) => put(&mut answer, "PortRangeListId", json!(id.as_str())),
    }
    if let Some(range) = rule.source_ports {
        put(&mut answer, "SourcePortRange", json!(text(&[range])));
    }
    let block_key = |side: &str, family| match family {
        Family::Ipv4 => format!("{side}CidrIp"),
        Family::Ipv6 => format!("Ipv6{side}CidrIp"),
    };
    match &rule.peer {
        RulePeer::Block(block) => {
            put(&mut answer, &block_key(remote, block.family()), json!(block.to_string()));
        }
        RulePeer::Group { id, owner } => {
            put(&mut answer, &format!("{remote}GroupId"), json!(id.as_str()));
            if let Some(owner) = owner {
                put(&mut answer, &format!("{remote}GroupOwnerId"), json!(owner.as_str()));
            }
        }
        RulePeer::PrefixList(id) => put(&mut answer, &format!("{remote}PrefixListId"), json!(id.as_str())),
    }
    if let Some(block) = rule.local.as_deref() {
        put(&mut answer, &block_key(local, block.family()), json!(block.to_string()));
    }
    match rule.unevaluable.as_deref() {
        Some(Unevaluable::Protocol(name)) => put(&mut answer, "IpProtocol", json!(name)),
        Some(Unevaluable::AllWithPort(ports)) => put(&mut answer, "PortRange", json!(ports)),
        Some(Unevaluable::UnknownKey(key)) => put(&mut answer, key, json!("?")),
        None => {}
    }
    if let Some(id) = &rule.id {
        put(&mut answer, "SecurityGroupRuleId", json!(id.as_str()));
    }
    answer
}

fn lists(inventory: &Inventory, files: &mut Vec<(String, Value)>) {
    for (id, list) in &inventory.prefix_lists {
        let entries: Vec<Value> =
            list.entries.iter().map(|block| json!({ "Cidr": block.to_string() })).collect();
        let mut answer = json!({ "PrefixListId": id.as_str(), "Entries": { "Entry": entries } });
        if let Some(most) = list.max_entries {
            put(&mut answer, "MaxEntries", json!(most));
        }
        files.push((format!("prefix-list-{id}.json"), answer));
    }
    for (id, list) in &inventory.port_lists {
        let entry = |range: &crate::netset::PortRange| json!({ "PortRange": format!("{}/{}", range.low(), range.high()) });
        let entries: Vec<Value> = list.entries.iter().map(entry).collect();
        let answer = json!({
            "request": { "Action": "DescribePortRangeListEntries", "PortRangeListId": id.as_str() },
            "response": { "RequestId": "00000000-0000-4000-8000-000000000003", "Entries": { "Entry": entries } },
        });
        files.push((format!("{id}.json"), answer));
        if let Some(most) = list.max_entries {
            let listed = json!([{ "PortRangeListId": id.as_str(), "MaxEntries": most }]);
            let answer = json!({ "PortRangeLists": { "PortRangeList": listed } });
            files.push((format!("port-range-list-of-{id}.json"), answer));
        }
    }
}

fn surroundings(inventory: &Inventory, files: &mut Vec<(String, Value)>) {
    let mut by_group: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for reference in &inventory.foreign_references {
        let mut from = Map::new();
        from.insert("SecurityGroupId".to_owned(), json!(reference.referencing.as_str()));
        from.extend(reference.owner.as_ref().map(|owner| ("AliUid".to_owned(), json!(owner.as_str()))));
        by_group.entry(reference.group.as_str()).or_default().push(Value::Object(from));
    }
    if !by_group.is_empty() {
        let named = |(group, by): (&str, Vec<Value>)| {
            let by = json!({ "ReferencingSecurityGroup": by });
            json!({ "SecurityGroupId": group, "ReferencingSecurityGroups": by })
        };
        let references: Vec<Value> = by_group.into_iter().map(named).collect();
        let answer = json!({ "SecurityGroupReferences": { "SecurityGroupReference": references } });
        files.push(("references.json".to_owned(), answer));
    }
    let mut services: BTreeMap<(&str, &str), Vec<&ExternalConsumer>> = BTreeMap::new();
    for consumer in &inventory.consumers {
        services.entry((&consumer.kind, &consumer.id)).or_default().push(consumer);
    }
    for (number, ((kind, id), admitted)) in services.into_iter().enumerate() {
        let relations: Vec<Value> =
            admitted.iter().map(|one| json!({ "SecurityGroupId": one.group.as_str() })).collect();
        let parameter = if kind == "redis" { "InstanceId" } else { "DBInstanceId" };
        let answer = json!({
            "request": { parameter: id }, "response": { "Items": { "EcsSecurityGroupRelation": relations } },
        });
        files.push((format!("service-{number}.json"), answer));
    }
}
