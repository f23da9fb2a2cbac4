//! One line that says an estate and what leaves: `G{basic,drop}; G.in 1 accept tcp/22 <- cidr 10.0.0.0/8;
//! a=10.0.0.1[G]; x=203.0.113.9 ext; - a@G`. It is rendered into raw answers, so that it is read like any export.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::{Value, json};
use sgleave::inventory::Source;
use sgleave::simulate::Removal;

/// What a line says.
#[derive(Default)]
pub(crate) struct Estate {
    groups: BTreeMap<String, Group>,
    hosts: BTreeMap<String, (String, Vec<String>)>,
    /// Internet hosts by name.
    pub(crate) externals: BTreeMap<String, IpAddr>,
    /// What leaves.
    pub(crate) removals: Vec<Removal>,
}

#[derive(Default)]
struct Group {
    kind: &'static str,
    inner: &'static str,
    rules: Vec<Value>,
}

impl Estate {
    /// Reads a line.
    pub(crate) fn read(line: &str) -> Self {
        let mut estate = Self::default();
        for part in line.split("; ") {
            if let Some(removal) = part.strip_prefix("- ") {
                let (host, group) = removal.split_once('@').unwrap();
                let (target, group) = (format!("i-{host}"), format!("sg-{group}"));
                estate.removals.push(Removal { target, group, join: None });
            } else if let Some((name, kind)) = part.strip_suffix('}').and_then(|part| part.split_once('{')) {
                let group = estate.groups.entry(name.to_owned()).or_default();
                (group.kind, group.inner) = match kind {
                    "basic,accept" => ("normal", "Accept"),
                    "basic,drop" => ("normal", "Drop"),
                    "ent" => ("enterprise", "Drop"),
                    other => panic!("`{other}` is no kind of group"),
                };
            } else if let Some((name, address)) = part.split_once('=') {
                if let Some(address) = address.strip_suffix(" ext") {
                    estate.externals.insert(name.to_owned(), address.parse().unwrap());
                } else {
                    let (address, groups) = address.strip_suffix(']').unwrap().split_once('[').unwrap();
                    let groups = groups.split(',').map(|group| format!("sg-{group}")).collect();
                    estate.hosts.insert(name.to_owned(), (address.to_owned(), groups));
                }
            } else {
                let (name, rule) = part.split_once('.').unwrap();
                let rules = &mut estate.groups.entry(name.to_owned()).or_default().rules;
                rules.push(permission(&format!("sgr-{name}-{}", rules.len()), rule));
            }
        }
        estate
    }

    /// Renders the answers of the Describe calls.
    pub(crate) fn answers(&self) -> Vec<Source> {
        let mut sources = vec![
            source("instances.json", &json!({ "Instances": { "Instance": self.instances() } })),
            source(
                "interfaces.json",
                &json!({ "NetworkInterfaceSets": { "NetworkInterfaceSet": self.interfaces() } }),
            ),
        ];
        let mut listed = Vec::new();
        for (name, group) in &self.groups {
            let id = format!("sg-{name}");
            listed.push(json!({
                "SecurityGroupId": id, "SecurityGroupName": name, "SecurityGroupType": group.kind, "VpcId": "vpc-1",
                "ServiceManaged": false,
            }));
            let attribute = json!({
                "RegionId": "cn-hangzhou", "SecurityGroupId": id, "VpcId": "vpc-1", "InnerAccessPolicy": group.inner,
                "Permissions": { "Permission": group.rules },
            });
            sources.push(source(&format!("rules-{id}.json"), &attribute));
        }
        let groups = json!({ "RegionId": "cn-hangzhou", "SecurityGroups": { "SecurityGroup": listed } });
        sources.push(source("groups.json", &groups));
        sources
    }

    fn instances(&self) -> Vec<Value> {
        let instance = |(name, (address, groups)): (&String, &(String, Vec<String>))| {
            json!({
                "InstanceId": format!("i-{name}"), "InstanceName": name, "Status": "Running",
                "RegionId": "cn-hangzhou", "ZoneId": "cn-hangzhou-h", "InstanceNetworkType": "vpc",
                "VpcAttributes": { "VpcId": "vpc-1", "PrivateIpAddress": { "IpAddress": [address] } },
                "SecurityGroupIds": { "SecurityGroupId": groups },
                "NetworkInterfaces": { "NetworkInterface": [{
                    "NetworkInterfaceId": format!("eni-{name}"), "Type": "Primary", "PrimaryIpAddress": address,
                }] },
                "OperationLocks": { "LockReason": [] },
            })
        };
        self.hosts.iter().map(instance).collect()
    }

    fn interfaces(&self) -> Vec<Value> {
        let interface = |(name, (address, groups)): (&String, &(String, Vec<String>))| {
            json!({
                "NetworkInterfaceId": format!("eni-{name}"), "Type": "Primary", "Status": "InUse",
                "InstanceId": format!("i-{name}"), "VpcId": "vpc-1", "ZoneId": "cn-hangzhou-h",
                "PrivateIpAddress": address, "SecurityGroupIds": { "SecurityGroupId": groups },
                "ServiceManaged": false,
            })
        };
        self.hosts.iter().map(interface).collect()
    }
}

fn source(name: &str, answer: &Value) -> Source {
    Source { name: name.to_owned(), bytes: serde_json::to_vec(answer).unwrap() }
}

/// Renders `in 1 accept tcp/22-443 <- cidr 10.0.0.0/8`.
fn permission(id: &str, rule: &str) -> Value {
    let words: Vec<&str> = rule.split(' ').collect();
    let [direction, priority, action, what, _, kind, peer] = words.as_slice() else { panic!("`{rule}`") };
    let (direction, side) = if *direction == "in" { ("ingress", "Source") } else { ("egress", "Dest") };
    let (protocol, ports) = what.split_once('/').unwrap_or((what, "-1/-1"));
    let ports = match ports.split_once('-') {
        Some((low, high)) if !low.is_empty() => format!("{low}/{high}"),
        Some(_) => ports.to_owned(),
        None => format!("{ports}/{ports}"),
    };
    let mut permission = json!({
        "SecurityGroupRuleId": id, "Direction": direction, "IpProtocol": protocol.to_uppercase(), "PortRange": ports,
        "SourcePortRange": "", "Priority": priority.parse::<u16>().unwrap(), "Policy": action, "NicType": "intranet",
    });
    let (key, value) = match *kind {
        "cidr" => (format!("{side}CidrIp"), (*peer).to_owned()),
        "sg" => (format!("{side}GroupId"), format!("sg-{peer}")),
        other => panic!("`{other}` is no kind of peer"),
    };
    permission.as_object_mut().unwrap().insert(key, Value::from(value));
    permission
}
