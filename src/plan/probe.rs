//! New connections that show whether the promise holds. Established sessions outlive a change (law 4) and show nothing.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::chain::Unit;
use super::step::{Probe, ProbeEnd, ProbeExpectation};
use crate::evaluate::{ChangeKind, Compiled, Endpoint, Evaluator};
use crate::graph::{InterfaceIx, SecurityGraph, View};
use crate::netset::{Family, IpProtocol, Packet, TransportSet};
use crate::simulate::{EndpointSet, Simulation};

/// At most so many for what changes.
const CHANGED: usize = 200;

/// At most so many for what an interface keeps.
const KEPT: usize = 10;

/// Names probes for every change that is certain, and for some of what stays.
pub(super) fn probes(simulation: &Simulation<'_>, compiled: &Compiled<'_>, units: &[Unit]) -> Vec<Probe> {
    let graph = simulation.graph;
    let mut probes: Vec<Probe> = Vec::new();
    let mut add = |expect, because: &str, from: ProbeEnd, to: ProbeEnd, packet: Packet| {
        let (protocol, port, source_port) = parts(packet);
        if probes.iter().any(|known| known.from == from && known.to == to && known.because == because)
            && because == "kept"
        {
            return;
        }
        let id = format!("p-{:04}", probes.len() + 1);
        probes.push(Probe { id, expect, because: because.to_owned(), from, to, protocol, port, source_port });
    };
    let certain = simulation.impact.changes.iter().filter(|change| change.kind != ChangeKind::Undetermined);
    for change in certain.take(CHANGED) {
        let of = |sets: &[EndpointSet]| sets.iter().find_map(|set| end(graph, set));
        let ends = (of(&change.sources), of(&change.destinations));
        let (Some(from), Some(to), Some(packet)) = (ends.0, ends.1, change.traffic.witness()) else {
            continue;
        };
        let expect = match change.kind {
            ChangeKind::Lost => ProbeExpectation::Fail,
            _ => ProbeExpectation::Pass,
        };
        add(expect, change.kind.name(), from, to, packet);
    }
    let evaluator = Evaluator::of(compiled, simulation.readings);
    let (before, after) = (simulation.before(), simulation.after());
    for unit in units {
        let mut left = KEPT;
        for peer in partners(graph, unit, &before, &after) {
            for (source, destination) in [(unit.interface, peer), (peer, unit.interface)] {
                let views = [&before, &after];
                if let Some((from, to, packet)) = kept(compiled, &evaluator, views, source, destination)
                    && left > 0
                {
                    left -= 1;
                    add(
                        ProbeExpectation::Pass,
                        "kept",
                        ours(graph, source, from),
                        ours(graph, destination, to),
                        packet,
                    );
                }
            }
            if left == 0 {
                break;
            }
        }
    }
    probes
}

/// Returns interfaces that probably stay connected: those in a group that stays, then those its rules or theirs name.
fn partners(
    graph: &SecurityGraph,
    unit: &Unit,
    before: &View<'_>,
    after: &View<'_>,
) -> BTreeSet<InterfaceIx> {
    let mut found = BTreeSet::new();
    for group in unit.start.intersection(&unit.end) {
        let named = graph.authorizations_of(*group).into_iter().map(|one| one.rule.group);
        for group in named.chain([*group]) {
            let members =
                before.members_of(group).into_iter().filter(|member| after.is_member(*member, group));
            found.extend(members.filter(|member| *member != unit.interface).take(KEPT));
        }
    }
    found
}

fn kept(
    compiled: &Compiled<'_>,
    evaluator: &Evaluator<'_>,
    views: [&View<'_>; 2],
    source: InterfaceIx,
    destination: InterfaceIx,
) -> Option<(IpAddr, IpAddr, Packet)> {
    let graph = compiled.graph();
    let vpc = |interface| graph.interface(interface).network.vpc();
    if vpc(source) != vpc(destination) {
        return None;
    }
    let family = Family::Ipv4;
    let from = *compiled.addresses(source, family).first()?;
    let to = *compiled.addresses(destination, family).first()?;
    let ends = [(source, from), (destination, to)];
    let [source, destination] = ends.map(|(interface, address)| Endpoint::Interface { interface, address });
    let [before, after]: [TransportSet; 2] =
        views.map(|view| evaluator.answers_of(view, source, destination, family).0);
    Some((from, to, before.intersection(&after).witness()?))
}

fn end(graph: &SecurityGraph, set: &EndpointSet) -> Option<ProbeEnd> {
    match set {
        EndpointSet::Interface { interface, addresses } => {
            Some(ours(graph, *interface, addresses.first()?.block.address()))
        }
        EndpointSet::External { blocks } => Some(ProbeEnd {
            interface_id: None,
            instance_id: None,
            address: blocks.first()?.address().to_string(),
        }),
        // Nobody here knows an address of theirs.
        EndpointSet::ForeignGroup { .. } => None,
    }
}

fn ours(graph: &SecurityGraph, interface: InterfaceIx, address: IpAddr) -> ProbeEnd {
    let described = graph.interface(interface);
    ProbeEnd {
        interface_id: Some(described.id.to_string()),
        instance_id: described.instance.as_ref().map(ToString::to_string),
        address: address.to_string(),
    }
}

/// The name of the protocol and the ports; of the source ports only one that is not the lowest, which any would be.
fn parts(packet: Packet) -> (String, Option<u16>, Option<u16>) {
    let port = |port: u16, least: u16| Some(port).filter(|port| *port > least);
    let protocol = IpProtocol::Number(packet.protocol).to_string();
    (protocol, port(packet.destination_port, 0), port(packet.source_port, 1))
}
