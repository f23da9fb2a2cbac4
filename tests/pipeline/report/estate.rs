//! The estate of the sample: three instances, one free interface, and names that mean harm.

use sgleave::graph::SecurityGraph;
use sgleave::inventory::{
    AddressKind, Direction, ExternalConsumer, InnerAccessPolicy, Instance, InterfaceAddress, InterfaceKind,
    Inventory, InventoryGap, InventoryIssue, IssueLevel, Memberships, Network, NetworkInterface, RuleAction,
    RulePeer, RulePorts, SecurityGroup, SecurityGroupRule, SecurityGroupType, Tags,
};
use sgleave::netset::{Family, IpBlock, IpProtocol, PortRange};

/// A formula, line breaks, quotes, a clipboard write and a reversed name, as a tenant may call anything.
pub(super) const HOSTILE: &str = "=cmd|' /C calc'!A0\r\nrow,\"two\"\u{1b}]52;c;aGk=\u{7}\u{202e}gpj";

pub(super) fn graph() -> SecurityGraph {
    SecurityGraph::new(Inventory {
        instances: vec![
            instance("i-app-1", HOSTILE, "Stopped"),
            instance("i-db-1", "orders db", "Running"),
            instance("i-web-1", "shop front", "Running"),
        ],
        interfaces: vec![
            nic("eni-app-1", Some("i-app-1"), &["sg-base"], &["10.0.0.3"]),
            nic("eni-db-1", Some("i-db-1"), &["sg-base", "sg-db", "sg-deny"], &["10.0.0.2", "2001:db8::2"]),
            nic("eni-free", None, &["sg-web"], &["10.0.0.9"]),
            nic("eni-web-1", Some("i-web-1"), &["sg-base", "sg-web"], &["10.0.0.1", "2001:db8::1"]),
        ],
        groups: vec![
            sg("sg-base", "base", vec![]),
            sg(
                "sg-db",
                "db",
                vec![rule(
                    Direction::Ingress,
                    2,
                    RuleAction::Accept,
                    3306,
                    block("0.0.0.0/0"),
                    Some("sgr-db-1"),
                )],
            ),
            sg(
                "sg-deny",
                HOSTILE,
                vec![
                    rule(
                        Direction::Ingress,
                        1,
                        RuleAction::Drop,
                        3306,
                        block("0.0.0.0/0"),
                        Some("sgr-deny-1"),
                    ),
                    rule(Direction::Ingress, 3, RuleAction::Accept, 22, peer("sg-old", None), None),
                ],
            ),
            sg(
                "sg-web",
                "",
                vec![rule(
                    Direction::Egress,
                    1,
                    RuleAction::Drop,
                    25,
                    peer("sg-other", Some("1234567890123456")),
                    Some("sgr-web-1"),
                )],
            ),
        ],
        consumers: vec![ExternalConsumer {
            group: "sg-deny".into(),
            kind: "rds".to_owned(),
            id: "rm-1".to_owned(),
        }],
        gaps: vec![InventoryGap { code: "truncated-page", what: "groups beyond the first page".to_owned() }],
        issues: vec![
            InventoryIssue {
                level: IssueLevel::Error,
                code: "truncated-page",
                source: "groups-\u{1b}[2J.json".to_owned(),
                pointer: "/NextToken".to_owned(),
                message: "the answer goes on".to_owned(),
                help: "export the next page".to_owned(),
            },
            InventoryIssue {
                level: IssueLevel::Note,
                code: "unknown-key",
                source: "interfaces.json".to_owned(),
                pointer: String::new(),
                message: "`Colour` is not known".to_owned(),
                help: String::new(),
            },
        ],
        ..Inventory::default()
    })
}

fn block(cidr: &str) -> RulePeer {
    RulePeer::Block(cidr.parse().unwrap())
}

fn peer(id: &str, owner: Option<&str>) -> RulePeer {
    RulePeer::Group { id: id.into(), owner: owner.map(Into::into) }
}

fn rule(
    direction: Direction,
    priority: u16,
    action: RuleAction,
    port: u16,
    peer: RulePeer,
    id: Option<&str>,
) -> SecurityGroupRule {
    SecurityGroupRule {
        direction,
        priority,
        action,
        protocol: IpProtocol::TCP,
        ports: RulePorts::Ranges(PortRange::new(port, port).into_iter().collect()),
        source_ports: None,
        peer,
        local: None,
        unevaluable: None,
        id: id.map(Into::into),
    }
}

fn instance(id: &str, name: &str, status: &str) -> Instance {
    Instance {
        id: id.into(),
        name: name.into(),
        status: status.into(),
        region: Some("cn-hangzhou".into()),
        locks: Some(Box::default()),
        tags: Tags::default(),
    }
}

pub(super) fn nic(id: &str, instance: Option<&str>, groups: &[&str], addresses: &[&str]) -> NetworkInterface {
    let address = |text: &&str| {
        let block = IpBlock::single(text.parse().unwrap());
        let kind = match block.family() {
            Family::Ipv4 => AddressKind::Primary,
            Family::Ipv6 => AddressKind::Ipv6,
        };
        InterfaceAddress { block, kind }
    };
    NetworkInterface {
        id: id.into(),
        name: "".into(),
        kind: InterfaceKind::Primary,
        status: if instance.is_some() { "InUse" } else { "Available" }.into(),
        instance: instance.map(Into::into),
        network: Network::Vpc("vpc-1".into()),
        vswitch: None,
        region: Some("cn-hangzhou".into()),
        owner: Some("1111222233334444".into()),
        memberships: Memberships::Known(groups.iter().map(|id| (*id).into()).collect()),
        addresses: addresses.iter().map(address).collect(),
        service_managed: Some(false),
        tags: Tags::default(),
    }
}

fn sg(id: &str, name: &str, rules: Vec<SecurityGroupRule>) -> SecurityGroup {
    SecurityGroup {
        id: id.into(),
        name: name.into(),
        network: Network::Vpc("vpc-1".into()),
        region: Some("cn-hangzhou".into()),
        group_type: Some(SecurityGroupType::Normal),
        inner_access: Some(InnerAccessPolicy::Accept),
        service_managed: Some(false),
        rules,
        rule_gaps: Vec::new(),
        tags: Tags::default(),
    }
}
