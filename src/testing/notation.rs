//! An inventory in a few lines of text, for tests.
//!
//! Statements are separated by line ends or `;`. Their order does not matter.
//!
//! ```text
//! G1{normal,accept}                    a group: type normal|enterprise|?, inner access accept|drop|?
//! G2{enterprise} @vpc-2                … in another VPC than vpc-1; the inner access may be left out
//! G1: in 10 drop tcp 22/22 from 10.0.0.0/8 sport 1/99 local 10.0.0.1 #sgr-1
//! G1: out 1 accept all to sg:G2        peers: a block, sg:G2, sg:1234/G2 (of account 1234), pl:office
//! G1: in 1 accept udp prl:web from ::/0
//! G1: in 1 accept tcp from 10.0.0.0/8 ?     unevaluable
//! G1: gap in                           rules may be missing: in|out|both
//! pl:office = 10.0.0.0/16, 10.2.0.0/16
//! prl:web = 80/80, 443/443
//! A=10.0.1.1,10.0.1.9,fd00::1,prefix 10.0.8.0/28 [G1,G2]     the primary interface eni-A of instance i-A
//! A.2=10.0.1.2 [?] @vpc-2              a secondary one, eni-A.2, whose groups are unknown
//! ```
//!
//! A name becomes an id by its prefix: `sg-G1`, `eni-A`, `i-A`, `pl-office`, `prl-web`. A group that is only held or
//! named stays undescribed; rules need a described one.

use thiserror::Error;

use crate::inventory::{
    AccountId, AddressKind, Direction, GroupIds, InnerAccessPolicy, Instance, InstanceId, InterfaceAddress,
    InterfaceKind, Inventory, Memberships, Network, NetworkInterface, NetworkInterfaceId, PortRangeList,
    PortRangeListId, PrefixList, PrefixListId, RegionId, RuleAction, RuleGap, RulePeer, RulePorts,
    SecurityGroup, SecurityGroupId, SecurityGroupRule, SecurityGroupRuleId, SecurityGroupType, Tags,
    Unevaluable, VpcId,
};
use crate::netset::{Family, IpBlock, IpBlockError, IpProtocol, PortRange, PortSet};

/// A statement that is not in the notation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{statement}`: {message}")]
pub struct NotationError {
    /// The statement.
    pub statement: String,
    /// What is wrong with it.
    pub message: String,
}

type Parsed<T> = Result<T, String>;

/// Builds an inventory from the notation of this module.
///
/// # Errors
/// [`NotationError`] for the first statement that cannot be read.
pub fn world(text: &str) -> Result<Inventory, NotationError> {
    let statements: Vec<&str> =
        text.split(['\n', ';']).map(str::trim).filter(|statement| !statement.is_empty()).collect();
    let mut inventory = Inventory::default();
    // Groups first, so that their rules find them whatever the order of the lines.
    let (groups, others): (Vec<&str>, Vec<&str>) = statements.into_iter().partition(|s| s.contains('{'));
    for statement in groups.into_iter().chain(others) {
        read(&mut inventory, statement)
            .map_err(|message| NotationError { statement: statement.to_owned(), message })?;
    }
    sort(&mut inventory);
    Ok(inventory)
}

fn read(inventory: &mut Inventory, statement: &str) -> Parsed<()> {
    let (body, network) = match statement.split_once('@') {
        Some((body, vpc)) => (body.trim(), Network::Vpc(VpcId::from(vpc.trim()))),
        None => (statement, Network::Vpc(VpcId::from("vpc-1"))),
    };
    if let Some((name, rest)) = body.split_once('{') {
        inventory.groups.push(group(name.trim(), rest, network)?);
    } else if let Some((name, rest)) = body.split_once('=') {
        match name.trim().split_once(':') {
            Some(("pl", name)) => {
                let mut entries: Vec<IpBlock> = rest.split(',').map(block).collect::<Parsed<_>>()?;
                entries.sort_unstable();
                let list = PrefixList { entries, max_entries: None };
                inventory.prefix_lists.insert(PrefixListId::from(format!("pl-{name}")), list);
            }
            Some(("prl", name)) => {
                let list = PortRangeList { entries: ranges(rest)?, max_entries: None };
                inventory.port_lists.insert(PortRangeListId::from(format!("prl-{name}")), list);
            }
            Some((other, _)) => return Err(format!("`{other}` is neither `pl` nor `prl`")),
            None => interface(inventory, name.trim(), rest, network)?,
        }
    } else if let Some((name, rest)) = body.split_once(':') {
        let id = group_id(name);
        let group = inventory.groups.iter_mut().find(|group| group.id == id);
        let group = group.ok_or_else(|| format!("group `{name}` is not described"))?;
        match rest.trim().strip_prefix("gap ") {
            Some(direction) => group.rule_gaps.push(gap(direction.trim())?),
            None => group.rules.push(rule(rest)?),
        }
    } else {
        return Err("no statement of this form exists".to_owned());
    }
    Ok(())
}

fn group_id(name: &str) -> SecurityGroupId {
    SecurityGroupId::from(format!("sg-{}", name.trim()))
}

fn group(name: &str, rest: &str, network: Network) -> Parsed<SecurityGroup> {
    let (inside, behind) = rest.split_once('}').ok_or("the brace is not closed")?;
    if !behind.trim().is_empty() {
        return Err(format!("`{}` behind the brace", behind.trim()));
    }
    let (kind, inner) = inside.split_once(',').map_or((inside, None), |(kind, inner)| (kind, Some(inner)));
    let group_type = match kind.trim() {
        "normal" => Some(SecurityGroupType::Normal),
        "enterprise" => Some(SecurityGroupType::Enterprise),
        "?" => None,
        other => return Err(format!("`{other}` is no group type")),
    };
    let inner_access = match (inner.map(str::trim), group_type) {
        (Some("accept"), _) | (None, Some(SecurityGroupType::Normal)) => Some(InnerAccessPolicy::Accept),
        (Some("drop"), _) | (None, Some(SecurityGroupType::Enterprise)) => Some(InnerAccessPolicy::Drop),
        (Some("?"), _) | (None, None) => None,
        (Some(other), _) => return Err(format!("`{other}` is no inner access policy")),
    };
    Ok(SecurityGroup {
        id: group_id(name),
        name: name.into(),
        network,
        region: Some(RegionId::from("cn-hangzhou")),
        group_type,
        inner_access,
        service_managed: Some(false),
        rules: Vec::new(),
        rule_gaps: Vec::new(),
        tags: Tags::default(),
    })
}

fn gap(direction: &str) -> Parsed<RuleGap> {
    let direction = match direction {
        "in" => Some(Direction::Ingress),
        "out" => Some(Direction::Egress),
        "both" => None,
        other => return Err(format!("`{other}` is no direction")),
    };
    Ok(RuleGap { direction, code: "truncated-page" })
}

fn rule(text: &str) -> Parsed<SecurityGroupRule> {
    let mut words = text.split_whitespace().peekable();
    let mut next = |what: &str| words.next().ok_or_else(|| format!("{what} is missing"));
    let direction = match next("the direction")? {
        "in" => Direction::Ingress,
        "out" => Direction::Egress,
        other => return Err(format!("`{other}` is no direction")),
    };
    let priority = next("the priority")?;
    let priority = priority.parse().map_err(|_| format!("`{priority}` is no priority"))?;
    let action = match next("the action")? {
        "accept" => RuleAction::Accept,
        "drop" => RuleAction::Drop,
        other => return Err(format!("`{other}` is no action")),
    };
    let protocol = IpProtocol::parse(next("the protocol")?).map_err(|error| error.to_string())?;
    let (mut ports, mut source_ports, mut peer, mut local, mut unevaluable, mut id) =
        (RulePorts::Any, None, None, None, None, None);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("`{word}` needs a value"));
        match word {
            "from" | "to" => peer = Some(rule_peer(value()?)?),
            "local" => local = Some(block(value()?)?),
            "sport" => source_ports = Some(range(value()?)?),
            "?" => unevaluable = Some(Unevaluable::UnknownKey("?".into())),
            "-1/-1" => {}
            _ => match (word.strip_prefix('#'), word.strip_prefix("prl:")) {
                (Some(name), _) => id = Some(SecurityGroupRuleId::from(name)),
                (_, Some(name)) => ports = RulePorts::List(PortRangeListId::from(format!("prl-{name}"))),
                _ => ports = RulePorts::Ranges(ranges(word)?.into()),
            },
        }
    }
    Ok(SecurityGroupRule {
        direction,
        priority,
        action,
        protocol,
        ports,
        source_ports,
        peer: peer.ok_or("the peer is missing")?,
        local: local.map(Box::new),
        unevaluable: unevaluable.map(Box::new),
        id,
    })
}

fn rule_peer(text: &str) -> Parsed<RulePeer> {
    if let Some(name) = text.strip_prefix("sg:") {
        let (owner, name) = name.split_once('/').map_or((None, name), |(owner, name)| (Some(owner), name));
        return Ok(RulePeer::Group { id: group_id(name), owner: owner.map(AccountId::from) });
    }
    match text.strip_prefix("pl:") {
        Some(name) => Ok(RulePeer::PrefixList(PrefixListId::from(format!("pl-{name}")))),
        None => Ok(RulePeer::Block(block(text)?)),
    }
}

fn interface(inventory: &mut Inventory, name: &str, rest: &str, network: Network) -> Parsed<()> {
    let (addresses, groups) = rest.split_once('[').ok_or("the groups are missing")?;
    let groups = groups.trim().strip_suffix(']').ok_or("the bracket is not closed")?;
    let (instance, kind) = match name.split_once('.') {
        Some((instance, _)) => (instance, InterfaceKind::Secondary),
        None => (name, InterfaceKind::Primary),
    };
    let instance_id = InstanceId::from(format!("i-{instance}"));
    inventory.interfaces.push(NetworkInterface {
        id: NetworkInterfaceId::from(format!("eni-{name}")),
        name: name.into(),
        kind,
        status: "InUse".into(),
        instance: Some(instance_id.clone()),
        network,
        vswitch: None,
        region: Some(RegionId::from("cn-hangzhou")),
        owner: None,
        memberships: memberships(groups),
        addresses: interface_addresses(addresses)?.into(),
        service_managed: Some(false),
        tags: Tags::default(),
    });
    if inventory.instances.iter().all(|other| other.id != instance_id) {
        inventory.instances.push(Instance {
            id: instance_id,
            name: instance.into(),
            status: "Running".into(),
            region: Some(RegionId::from("cn-hangzhou")),
            locks: Some(Box::default()),
            tags: Tags::default(),
        });
    }
    Ok(())
}

fn memberships(text: &str) -> Memberships {
    if text.trim() == "?" {
        return Memberships::Unknown;
    }
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let mut ids: GroupIds = names.map(group_id).collect();
    ids.sort_unstable();
    ids.dedup();
    Memberships::Known(ids)
}

/// The first IPv4 address is the primary one, as the API lists it.
fn interface_addresses(text: &str) -> Parsed<Vec<InterfaceAddress>> {
    let mut addresses: Vec<InterfaceAddress> = Vec::new();
    for word in text.split(',').map(str::trim) {
        let (block, kind) = match word.strip_prefix("prefix ") {
            Some(prefix) => (block(prefix)?, AddressKind::Prefix),
            None => {
                let block = block(word)?;
                if !block.is_single() {
                    return Err(format!("`{word}` is no single address"));
                }
                let first = addresses.iter().all(|other| other.kind != AddressKind::Primary);
                let kind = match block.family() {
                    Family::Ipv6 => AddressKind::Ipv6,
                    Family::Ipv4 if first => AddressKind::Primary,
                    Family::Ipv4 => AddressKind::Secondary,
                };
                (block, kind)
            }
        };
        addresses.push(InterfaceAddress { block, kind });
    }
    addresses.sort_unstable();
    Ok(addresses)
}

fn block(text: &str) -> Parsed<IpBlock> {
    text.trim().parse().map_err(|error: IpBlockError| error.to_string())
}

fn range(text: &str) -> Parsed<PortRange> {
    let text = text.trim();
    PortRange::parse(text).map_err(|error| format!("`{text}` {error}"))
}

fn ranges(text: &str) -> Parsed<Vec<PortRange>> {
    let set: PortSet = text.split(',').map(range).collect::<Parsed<_>>()?;
    Ok(set.ranges().to_vec())
}

/// Sorts what the statements left in their own order.
pub(in crate::testing) fn sort(inventory: &mut Inventory) {
    inventory.instances.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    inventory.interfaces.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    inventory.groups.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    for group in &mut inventory.groups {
        group.rules.sort_unstable();
        group.rules.dedup();
        group.rule_gaps.sort_unstable();
        group.rule_gaps.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_reads_back_as_the_model_writes_it() {
        for (notation, display) in [
            ("in 10 drop tcp 22/22 from 10.0.0.0/8", "in drop tcp 22/22 from 10.0.0.0/8 prio 10"),
            ("out 1 accept all -1/-1 to sg:G2", "out accept all to sg-G2 prio 1"),
            ("in 1 accept udp prl:web from pl:office", "in accept udp prl-web from pl-office prio 1"),
            (
                "in 1 accept tcp 80/80,443/443 from sg:77/G2 local 10.0.0.1 sport 7/8 #sgr-1",
                "in accept tcp 80/80,443/443 sport 7/8 from 77/sg-G2 local 10.0.0.1/32 prio 1",
            ),
        ] {
            let inventory = world(&format!("G1: {notation}; G1{{normal}}")).unwrap();
            assert_eq!(inventory.groups[0].rules[0].to_string(), display);
        }
    }

    #[test]
    fn an_interface_belongs_to_the_instance_before_the_dot() {
        let text = "A.2=10.0.1.2 [?] @vpc-2; A=10.0.1.9,10.0.1.1,fd00::1,prefix 10.0.8.0/28 [G2,G1]";
        let inventory = world(text).unwrap();
        assert_eq!(inventory.instances.len(), 1);
        let [first, second] = inventory.interfaces.as_slice() else { panic!("two interfaces") };
        assert_eq!((first.id.as_str(), first.kind), ("eni-A", InterfaceKind::Primary));
        assert_eq!(first.memberships, Memberships::Known(vec!["sg-G1".into(), "sg-G2".into()].into()));
        let kinds: Vec<AddressKind> = first.addresses.iter().map(|address| address.kind).collect();
        let expected = [AddressKind::Secondary, AddressKind::Primary, AddressKind::Prefix, AddressKind::Ipv6];
        assert_eq!(kinds, expected);
        assert_eq!((second.id.as_str(), second.kind), ("eni-A.2", InterfaceKind::Secondary));
        assert_eq!(second.memberships, Memberships::Unknown);
        assert_eq!(second.network, Network::Vpc("vpc-2".into()));
    }

    #[test]
    fn what_is_no_port_range_is_said_with_the_text() {
        let error = world("G1{normal}; G1: in 1 accept tcp 443/80 from ::/0").unwrap_err();
        assert_eq!(error.message, "`443/80` has its low port above its high port");
    }

    #[test]
    fn a_statement_that_cannot_be_read_is_named() {
        for text in [
            "G1: in 1 accept tcp from 10.0.0.0/8",
            "G1{normal}; G1: in 1 accept tcp 22/22",
            "G1{normal}; G1: in x accept tcp from ::/0",
            "G1{basic}",
            "A=10.0.0.1",
            "A=10.0.0.0/24 []",
            "px:a = 1/1",
            "hello",
        ] {
            assert!(world(text).is_err(), "{text}");
        }
        let error = world("G1{normal}; hello").unwrap_err();
        assert_eq!(error.to_string(), "`hello`: no statement of this form exists");
    }
}
