//! New connections that show whether the promise holds. Established sessions outlive a change (law 4) and show nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::chain::Unit;
use super::step::{Probe, ProbeEnd, ProbeExpectation};
use crate::evaluate::{ChangeKind, Compiled, Endpoint, Evaluator};
use crate::graph::{InterfaceIx, SecurityGraph, View};
use crate::netset::{Family, IpProtocol, Packet, TransportSet};
use crate::simulate::{EndpointSet, Simulation};

/// At most so many for what changes for one interface, of each kind.
const CHANGED: usize = 10;

/// At most so many for what an interface keeps.
const KEPT: usize = 10;

/// Names probes for every interface that is changed: of what it surely loses and gains, and of what it keeps.
///
/// `last_step` says for an interface the place and the id of its last step: what changes is so only after it, on both sides.
/// What is kept is kept in every state on the way.
pub(super) fn probes(
    simulation: &Simulation<'_>,
    compiled: &Compiled<'_>,
    units: &[Unit],
    last_step: &dyn Fn(InterfaceIx) -> Option<(usize, String)>,
) -> Vec<Probe> {
    let graph = simulation.graph;
    let mut probes: Vec<Probe> = Vec::new();
    let mut known: BTreeSet<(String, String, String, Option<u16>, &str)> = BTreeSet::new();
    let mut add = |because: &'static str, [from, to]: [End; 2], packet: Packet| {
        let (protocol, port, source_port) = parts(packet);
        if !known.insert((from.end.address.clone(), to.end.address.clone(), protocol.clone(), port, because))
        {
            return false;
        }
        let steps = [from.interface, to.interface].into_iter().flatten().filter_map(last_step);
        let expect =
            if because == ChangeKind::Lost.name() { ProbeExpectation::Fail } else { ProbeExpectation::Pass };
        probes.push(Probe {
            id: format!("p-{:04}", probes.len() + 1),
            expect,
            because: because.to_owned(),
            after_step: steps.max().map(|(_, id)| id).filter(|_| because != "kept"),
            from: from.end,
            to: to.end,
            protocol,
            port,
            source_port,
        });
        true
    };
    let mut left: BTreeMap<(InterfaceIx, ChangeKind), usize> = BTreeMap::new();
    for change in simulation.impact.changes.iter().filter(|change| change.kind != ChangeKind::Undetermined) {
        let Some(packet) = change.traffic.witness() else { continue };
        for unit in units {
            let left = left.entry((unit.interface, change.kind)).or_insert(CHANGED);
            for ends in pairs_with(graph, unit.interface, &change.sources, &change.destinations) {
                if *left > 0 && add(change.kind.name(), ends, packet) {
                    *left -= 1;
                }
            }
        }
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
                    let ends = [ours(graph, source, from), ours(graph, destination, to)];
                    left -= usize::from(add("kept", ends, packet));
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

/// One end of a probe, with the interface it is.
struct End {
    interface: Option<InterfaceIx>,
    end: ProbeEnd,
}

/// Returns a pair for each side on which an interface stands: it, and the first other end that anybody can use.
fn pairs_with(
    graph: &SecurityGraph,
    interface: InterfaceIx,
    sources: &[EndpointSet],
    destinations: &[EndpointSet],
) -> Vec<[End; 2]> {
    let own = |sets: &[EndpointSet]| {
        let is_own = |set: &&EndpointSet| matches!(set, EndpointSet::Interface { interface: one, .. } if *one == interface);
        sets.iter().find(is_own).and_then(|set| end(graph, set))
    };
    let other = |sets: &[EndpointSet]| {
        sets.iter().filter_map(|set| end(graph, set)).find(|end| end.interface != Some(interface))
    };
    let as_source = own(sources).zip(other(destinations)).map(|(from, to)| [from, to]);
    let as_destination = own(destinations).zip(other(sources)).map(|(to, from)| [from, to]);
    [as_source, as_destination].into_iter().flatten().collect()
}

fn end(graph: &SecurityGraph, set: &EndpointSet) -> Option<End> {
    match set {
        EndpointSet::Interface { interface, addresses } => {
            Some(ours(graph, *interface, addresses.first()?.block.address()))
        }
        EndpointSet::External { blocks } => {
            let block = blocks.first()?;
            let is_one = block.first() == block.last();
            Some(End {
                interface: None,
                end: ProbeEnd {
                    interface_id: None,
                    instance_id: None,
                    address: block.address().to_string(),
                    any_of: Some(block.to_string()).filter(|_| !is_one),
                },
            })
        }
        // Nobody here knows an address of theirs.
        EndpointSet::ForeignGroup { .. } => None,
    }
}

fn ours(graph: &SecurityGraph, interface: InterfaceIx, address: IpAddr) -> End {
    let described = graph.interface(interface);
    End {
        interface: Some(interface),
        end: ProbeEnd {
            interface_id: Some(described.id.to_string()),
            instance_id: described.instance.as_ref().map(ToString::to_string),
            address: address.to_string(),
            any_of: None,
        },
    }
}

/// The name of the protocol and the ports; of the source ports only one that is not the lowest, which any would be.
fn parts(packet: Packet) -> (String, Option<u16>, Option<u16>) {
    let port = |port: u16, least: u16| Some(port).filter(|port| *port > least);
    let protocol = IpProtocol::Number(packet.protocol).to_string();
    (protocol, port(packet.destination_port, 0), port(packet.source_port, 1))
}
