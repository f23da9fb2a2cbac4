//! The two ends and the traffic of `explain`: from what was typed to a flow between interfaces of the inventory.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::failure::{Failure, listed};
use crate::evaluate::{Endpoint, Flow};
use crate::graph::{InterfaceIx, SecurityGraph};
use crate::inventory::{AddressKind, InterfaceKind, NetworkInterface};
use crate::netset::{Family, IpBlock, IpProtocol, Packet, TransportSet};
use crate::simulate::{RemovalError, check_id, unknown_target};

/// The first port that systems take for a session they open: what a rule without source ports makes of it, it makes of
/// nearly every other.
const SOURCE_PORT: u16 = 49_152;

const TRAFFIC_HELP: &str = "write tcp/22, udp/53, icmp, icmpv6, gre, or the number of a protocol";

/// Reads `tcp/22`, `icmp`, `47`.
pub(super) fn parse_traffic(text: &str, source_port: Option<u16>) -> Result<Packet, Failure> {
    let wrong = |what: String| Failure::usage(what).with_help(TRAFFIC_HELP);
    let (name, port) = text.split_once('/').map_or((text, None), |(name, port)| (name, Some(port)));
    let protocol = match IpProtocol::parse(name).map_err(|error| wrong(error.to_string()))? {
        IpProtocol::All => return Err(wrong(format!("`{name}` is not one kind of traffic"))),
        IpProtocol::Number(number) => number,
    };
    if !IpProtocol::Number(protocol).has_ports() {
        if port.is_some() {
            return Err(wrong(format!("`{name}` has no ports")));
        }
        if source_port.is_some() {
            return Err(wrong(format!("`{name}` has no source port")));
        }
        return Ok(Packet::other(protocol));
    }
    let port = port.ok_or_else(|| wrong(format!("`{text}` lacks a port")))?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|port| digits && *port > 0);
    let destination_port = port.ok_or_else(|| wrong(format!("`{text}` has no port between 1 and 65535")))?;
    Ok(Packet { protocol, source_port: source_port.unwrap_or(SOURCE_PORT), destination_port })
}

/// Returns the flow between two ends.
pub(super) fn resolve(graph: &SecurityGraph, from: &str, to: &str, packet: Packet) -> Result<Flow, Failure> {
    let source = endpoint(graph, from)?;
    let destination = endpoint(graph, to)?;
    match (interface_of(source), interface_of(destination)) {
        (None, None) => {
            return Err(Failure::usage(format!(
                "neither `{from}` nor `{to}` is an interface of the inventory"
            ))
            .with_help("at least one end has to be one: name an instance, an interface or its address"));
        }
        (Some(a), Some(b)) if a == b => {
            let id = &graph.interface(a).id;
            return Err(Failure::usage(format!("both ends are the interface `{id}`"))
                .with_help("security groups do not stand between an interface and itself"));
        }
        _ => {}
    }
    let (a, b) = (family_of(source), family_of(destination));
    if let (Some(a), Some(b)) = (a, b)
        && a != b
    {
        return Err(Failure::usage(format!("`{from}` is an {} address and `{to}` is not", name_of(a)))
            .with_help(format!(
                "name both addresses, as ID@ADDRESS; {}",
                addresses_of(graph, [source, destination])
            )));
    }
    if let Some(family) = a.or(b)
        && !TransportSet::universe(family).contains(packet)
    {
        return Err(Failure::usage(format!("there is no `{packet}` between {} addresses", name_of(family)))
            .with_help("icmp belongs to IPv4 and icmpv6 to IPv6"));
    }
    Ok(Flow { source, destination, packet })
}

const fn interface_of(endpoint: Endpoint) -> Option<InterfaceIx> {
    match endpoint {
        Endpoint::Interface { interface, .. } => Some(interface),
        Endpoint::External(_) | Endpoint::LoadBalancer => None,
    }
}

const fn family_of(endpoint: Endpoint) -> Option<Family> {
    match endpoint {
        Endpoint::Interface { address, .. } | Endpoint::External(address) => Some(Family::of(address)),
        Endpoint::LoadBalancer => None,
    }
}

const fn name_of(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "IPv4",
        Family::Ipv6 => "IPv6",
    }
}

fn endpoint(graph: &SecurityGraph, text: &str) -> Result<Endpoint, Failure> {
    if text == "slb" {
        return Ok(Endpoint::LoadBalancer);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return at_address(graph, text, address);
    }
    if text.parse::<IpBlock>().is_ok() {
        return Err(Failure::usage(format!("`{text}` is a block of addresses"))
            .with_help("name one address; a flow has one at each end"));
    }
    let (id, address) = text.split_once('@').map_or((text, None), |(id, address)| (id, Some(address)));
    check_id(id).map_err(|error| Failure::input(error).with_help("type the id again"))?;
    let interface = named(graph, id)?;
    let known = graph.interface(interface);
    let address = match address {
        Some(text) => own_address(known, text)?,
        None => known
            .addresses
            .iter()
            .find(|own| own.kind == AddressKind::Primary)
            .map(|own| own.block.address())
            .ok_or_else(|| {
                Failure::input(format!("the export names no primary address of `{id}`"))
                    .with_help(format!("write ID@ADDRESS; {}", its_addresses(known)))
            })?,
    };
    Ok(Endpoint::Interface { interface, address })
}

/// An address of the inventory is that interface, any other is somewhere outside.
fn at_address(graph: &SecurityGraph, text: &str, address: IpAddr) -> Result<Endpoint, Failure> {
    if let IpAddr::V6(v6) = address
        && v6.to_ipv4_mapped().is_some()
    {
        return Err(Failure::usage(format!("`{text}` is an IPv4 address in IPv6 form"))
            .with_help("write the IPv4 address"));
    }
    let holders: Vec<InterfaceIx> =
        graph.interfaces().filter(|ix| holds(graph.interface(*ix), address)).collect();
    match holders.as_slice() {
        [] => Ok(Endpoint::External(address)),
        [interface] => Ok(Endpoint::Interface { interface: *interface, address }),
        several => {
            let ids: BTreeSet<String> =
                several.iter().map(|ix| format!("{}@{address}", graph.interface(*ix).id)).collect();
            let ids: Vec<String> = ids.into_iter().collect();
            Err(Failure::usage(format!("several interfaces of the inventory have the address `{text}`"))
                .with_help(format!("say which one: {}", listed(&ids))))
        }
    }
}

fn holds(interface: &NetworkInterface, address: IpAddr) -> bool {
    let wanted = IpBlock::single(address);
    interface.addresses.iter().any(|own| own.block.contains(&wanted))
}

fn own_address(interface: &NetworkInterface, text: &str) -> Result<IpAddr, Failure> {
    let address: IpAddr = text.parse().map_err(|_| {
        Failure::usage(format!("`{text}` is not an IP address")).with_help("write ID@ADDRESS")
    })?;
    if holds(interface, address) {
        return Ok(address);
    }
    Err(Failure::input(format!("`{address}` is no address of `{}`", interface.id))
        .with_help(its_addresses(interface)))
}

fn its_addresses(interface: &NetworkInterface) -> String {
    let addresses: Vec<String> = interface
        .addresses
        .iter()
        .map(
            |own| if own.block.is_single() { own.block.address().to_string() } else { own.block.to_string() },
        )
        .collect();
    if addresses.is_empty() {
        return format!("the export names no address of `{}`", interface.id);
    }
    format!("`{}` has {}", interface.id, listed(&addresses))
}

fn addresses_of(graph: &SecurityGraph, ends: [Endpoint; 2]) -> String {
    let interfaces = ends.into_iter().filter_map(interface_of);
    interfaces.map(|ix| its_addresses(graph.interface(ix))).collect::<Vec<_>>().join("; ")
}

/// Returns the interface of that id, or the primary one of that instance, as the API does.
fn named(graph: &SecurityGraph, id: &str) -> Result<InterfaceIx, Failure> {
    if let Some(instance) = graph.inventory().instance(&id.into()) {
        let mut interfaces = graph.interfaces_of(&instance.id).into_iter();
        return interfaces
            .find(|ix| graph.interface(*ix).kind == InterfaceKind::Primary)
            .ok_or_else(|| RemovalError::NoPrimary { instance: id.to_owned() }.into());
    }
    graph.find_interface(&id.into()).ok_or_else(|| unknown_target(graph, id).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{GroupIds, Instance, InterfaceAddress, Inventory, Memberships, Network};

    fn interface(
        id: &str,
        kind: InterfaceKind,
        vpc: &str,
        addresses: &[(&str, AddressKind)],
    ) -> NetworkInterface {
        NetworkInterface {
            id: id.into(),
            name: "".into(),
            kind,
            status: "".into(),
            instance: Some(id.replace("eni", "i").trim_end_matches("-2").into()),
            network: Network::Vpc(vpc.into()),
            vswitch: None,
            region: None,
            owner: None,
            memberships: Memberships::Known(GroupIds::new()),
            addresses: addresses
                .iter()
                .map(|(block, kind)| InterfaceAddress { block: block.parse().unwrap(), kind: *kind })
                .collect(),
            service_managed: Some(false),
            tags: crate::inventory::Tags::default(),
        }
    }

    fn estate() -> SecurityGraph {
        let instance = |id: &str| Instance {
            id: id.into(),
            name: "".into(),
            status: "".into(),
            region: None,
            locks: Some(Box::default()),
            tags: crate::inventory::Tags::default(),
        };
        let (primary, secondary) = (InterfaceKind::Primary, InterfaceKind::Secondary);
        let (first, v6, prefix) = (AddressKind::Primary, AddressKind::Ipv6, AddressKind::Prefix);
        SecurityGraph::new(Inventory {
            instances: vec![instance("i-a"), instance("i-b"), instance("i-c")],
            interfaces: vec![
                interface("eni-a", primary, "vpc-1", &[("10.0.0.1", first), ("2001:db8::1", v6)]),
                interface("eni-a-2", secondary, "vpc-1", &[("10.0.0.2", first)]),
                interface("eni-b", primary, "vpc-1", &[("10.0.0.3", first), ("10.0.9.0/28", prefix)]),
                interface("eni-c-2", secondary, "vpc-2", &[("10.0.0.3", first)]),
            ],
            ..Inventory::default()
        })
    }

    fn flow(from: &str, to: &str) -> Result<Flow, Failure> {
        resolve(&estate(), from, to, Packet::tcp(SOURCE_PORT, 22))
    }

    fn at(id: &str, address: &str) -> Endpoint {
        let interface = estate().find_interface(&id.into()).unwrap();
        Endpoint::Interface { interface, address: address.parse().unwrap() }
    }

    #[test]
    fn an_end_is_named_by_instance_interface_or_address() {
        for (text, expected) in [
            ("i-a", at("eni-a", "10.0.0.1")),
            ("eni-a-2", at("eni-a-2", "10.0.0.2")),
            ("i-a@2001:db8::1", at("eni-a", "2001:db8::1")),
            ("eni-b@10.0.9.7", at("eni-b", "10.0.9.7")),
            ("10.0.9.15", at("eni-b", "10.0.9.15")),
            ("10.0.9.16", Endpoint::External("10.0.9.16".parse().unwrap())),
            ("slb", Endpoint::LoadBalancer),
        ] {
            assert_eq!(endpoint(&estate(), text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_end_that_cannot_be_meant_is_refused_with_what_can() {
        for (from, to, code, message, help) in [
            ("10.0.0.3", "i-a", 2, "several interfaces", "`eni-b@10.0.0.3`, `eni-c-2@10.0.0.3`"),
            ("8.8.8.8", "9.9.9.9", 2, "neither `8.8.8.8` nor `9.9.9.9`", "name an instance"),
            ("slb", "8.8.8.8", 2, "neither `slb`", "name an instance"),
            ("i-a", "eni-a@2001:db8::1", 2, "both ends are the interface `eni-a`", ""),
            ("2001:db8::9", "i-a", 2, "`2001:db8::9` is an IPv6 address and `i-a` is not", "`2001:db8::1`"),
            ("::ffff:10.0.0.1", "i-b", 2, "IPv4 address in IPv6 form", ""),
            ("10.0.0.0/24", "i-b", 2, "is a block", ""),
            ("i-a@10.0.0.2", "i-b", 3, "`10.0.0.2` is no address of `eni-a`", "`10.0.0.1`"),
            ("i-a@x", "i-b", 2, "`x` is not an IP address", ""),
            ("i-c", "i-b", 3, "no primary interface", ""),
            ("eni-aa", "i-b", 3, "no instance or interface `eni-aa`", "did you mean `eni-a`"),
            ("i-a\u{200b}", "i-b", 3, "U+200B", ""),
        ] {
            let failure = flow(from, to).unwrap_err();
            assert_eq!(failure.code, code, "{from} {to}");
            assert!(failure.message.as_ref().unwrap().contains(message), "{failure:?}");
            assert!(failure.help.as_ref().unwrap().contains(help), "{failure:?}");
        }
    }

    #[test]
    fn traffic_is_one_protocol_and_one_port_where_it_has_ports() {
        assert_eq!(parse_traffic("tcp/22", None).unwrap(), Packet::tcp(SOURCE_PORT, 22));
        assert_eq!(parse_traffic("UDP/53", Some(1024)).unwrap(), Packet::udp(1024, 53));
        assert_eq!(parse_traffic("6/22", None).unwrap(), Packet::tcp(SOURCE_PORT, 22));
        assert_eq!(parse_traffic("gre", None).unwrap(), Packet::other(47));
        assert_eq!(parse_traffic("132", None).unwrap(), Packet::other(132));
        for text in ["tcp", "tcp/", "tcp/0", "tcp/65536", "tcp/+22", "icmp/8", "all", "sctp", "", "256", "6"]
        {
            assert_eq!(parse_traffic(text, None).unwrap_err().code, 2, "{text}");
        }
        assert!(parse_traffic("icmp", Some(1024)).is_err());
    }

    #[test]
    fn icmp_keeps_to_its_family() {
        let ask = |from, to, number| resolve(&estate(), from, to, Packet::other(number));
        assert!(ask("i-a", "i-b", 1).is_ok());
        assert!(ask("i-a@2001:db8::1", "2001:db8::9", 58).is_ok());
        assert_eq!(ask("i-a", "i-b", 58).unwrap_err().code, 2);
        assert_eq!(ask("i-a@2001:db8::1", "2001:db8::9", 1).unwrap_err().code, 2);
    }
}
