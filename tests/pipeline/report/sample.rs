//! One sample that has something of everything; every writer is tested on it.

use sgleave::evaluate::{Cause, Disposition, Evidence, Explanation, Readings};
use sgleave::graph::{GroupIx, InterfaceIx, RuleRef, SecurityGraph};
use sgleave::netset::{Family, IpProtocol, PortRange, PortSet, TransportSet};
use sgleave::report::{RemovalMetadata, ReportContext};
use sgleave::simulate::{
    Certainty, Change, ChangeKind, EndpointSet, Extent, Impact, Isolation, JudgedRemoval, OrphanKind,
    OrphanRisk, PairEnds, Refusal, SessionEffect, Simulation, SimulationVerdict, TargetForm, Totals,
};

pub(super) use super::estate::{HOSTILE, graph, nic};

pub(super) fn context(graph: &SecurityGraph) -> ReportContext {
    ReportContext {
        tool_version: "0.1.0",
        inventory_digest: "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
            .to_owned(),
        inputs: vec!["exports/prod".to_owned(), "it's here".to_owned()],
        metadata: vec![RemovalMetadata {
            interface: interface(graph, "eni-web-1"),
            group: group(graph, "sg-base"),
            ticket: "CHG-7".to_owned(),
            requester: "@alice".to_owned(),
            approver: "bob".to_owned(),
            reason: "retire, then delete\n=1+1".to_owned(),
        }],
    }
}

pub(super) fn simulation(graph: &SecurityGraph) -> Simulation<'_> {
    let (app, db, free, web) = (
        interface(graph, "eni-app-1"),
        interface(graph, "eni-db-1"),
        interface(graph, "eni-free"),
        interface(graph, "eni-web-1"),
    );
    let (base, deny, old) = (group(graph, "sg-base"), group(graph, "sg-deny"), group(graph, "sg-old"));
    let at = |name: &str, index| RuleRef { group: group(graph, name), index };
    let outside = |cidr: &str| EndpointSet::External { blocks: vec![cidr.parse().unwrap()] };
    let ssh = tcp(22, 79).union(&tcp(81, 443));
    let dns = TransportSet::of(IpProtocol::UDP, &ports(53, 53), &ports(1024, 65535));
    let icmp = TransportSet::of(IpProtocol::ICMP, &PortSet::all(), &PortSet::all());
    let lost = Change {
        kind: ChangeKind::Lost,
        family: Family::Ipv4,
        sources: vec![v4(graph, web)],
        destinations: vec![v4(graph, app), v4(graph, db)],
        traffic: ssh.union(&dns).union(&icmp),
        before: accepted(Cause::Default, Cause::InnerAccess(base)),
        after: answer(Disposition::DeniedIn, Cause::Default, Cause::Default),
        removed_by: vec![(web, base)],
        removals_of: PairEnds::Sources,
        sessions: Some(SessionEffect::MayBreakAtOnce),
    };
    let back = Change {
        sources: vec![v4(graph, app)],
        destinations: vec![v4(graph, web)],
        traffic: TransportSet::universe(Family::Ipv4),
        removals_of: PairEnds::Destinations,
        ..lost.clone()
    };
    let six = Change {
        family: Family::Ipv6,
        sources: vec![v6(graph, web)],
        destinations: vec![v6(graph, db)],
        traffic: tcp(443, 443),
        sessions: Some(SessionEffect::MayLast910Seconds),
        ..lost.clone()
    };
    let foreign = Change {
        sources: vec![EndpointSet::ForeignGroup { group: group(graph, "sg-other") }],
        destinations: vec![v4(graph, web)],
        traffic: tcp(8080, 8080),
        removals_of: PairEnds::Destinations,
        ..lost.clone()
    };
    let gained = Change {
        kind: ChangeKind::Gained,
        family: Family::Ipv4,
        sources: vec![outside("0.0.0.0/0")],
        destinations: vec![v4(graph, db)],
        traffic: tcp(3306, 3306),
        before: answer(Disposition::DeniedIn, Cause::External, Cause::Rule(at("sg-deny", 0))),
        after: accepted(Cause::External, Cause::Rule(at("sg-db", 0))),
        removed_by: vec![(db, deny)],
        removals_of: PairEnds::Destinations,
        sessions: None,
    };
    let inside = Change {
        sources: vec![v4(graph, app), v4(graph, web)],
        before: answer(Disposition::DeniedIn, Cause::Default, Cause::Rule(at("sg-deny", 0))),
        after: accepted(Cause::Default, Cause::Rule(at("sg-db", 0))),
        ..gained.clone()
    };
    let open = Cause::Open(vec![Evidence::IntraGroupEgress, Evidence::FurtherRules(old)]);
    let undetermined = Change {
        kind: ChangeKind::Undetermined,
        sources: vec![v4(graph, web)],
        destinations: vec![outside("198.51.100.0/24")],
        traffic: tcp(25, 25),
        before: answer(Disposition::InsufficientInfo, open.clone(), Cause::External),
        after: answer(Disposition::DeniedOut, Cause::Rule(at("sg-web", 0)), Cause::External),
        ..lost.clone()
    };
    let risk = Change {
        sources: vec![v4(graph, db)],
        destinations: vec![v4(graph, web)],
        traffic: tcp(9000, 9000),
        removals_of: PairEnds::Destinations,
        after: accepted(Cause::Default, Cause::Rule(at("sg-deny", 1))),
        ..lost.clone()
    };
    let isolation = |interface, extent, new, certainty| Isolation { interface, extent, new, certainty };
    let orphan = |kind, new| OrphanRisk { kind, new, certainty: Certainty::Certain };
    let removal = |interface, group, form, refusals| JudgedRemoval {
        stays: false,
        interface,
        group,
        join: None,
        form,
        refusals,
        unchecked: vec![],
    };
    let refusal = Refusal {
        code: "InstanceLastSecurityGroup",
        http: 403,
        message: "the interface would be in no group".to_owned(),
    };
    let mut changes = vec![lost, back, six, foreign, gained, inside, undetermined];
    changes.sort();
    Simulation {
        graph,
        readings: Readings::default(),
        removals: vec![
            JudgedRemoval {
                stays: false,
                unchecked: vec!["status of the instance"],
                ..removal(db, deny, TargetForm::Interface, vec![refusal])
            },
            removal(web, base, TargetForm::Instance, vec![]),
        ],
        impact: Impact {
            changes,
            session_risks: vec![risk],
            isolated: vec![
                isolation(app, Extent::FromAll, true, Certainty::Certain),
                isolation(db, Extent::FromRemoved, true, Certainty::Possible),
                isolation(free, Extent::FromAll, false, Certainty::Certain),
            ],
            orphans: vec![
                orphan(OrphanKind::InterfaceWithoutGroup(web), true),
                orphan(OrphanKind::EmptyGroup(deny), true),
                orphan(OrphanKind::DanglingReference(old, graph.authorizations_of(old)), false),
                orphan(
                    OrphanKind::ExternalConsumer {
                        group: deny,
                        consumer: "rds".to_owned(),
                        consumer_id: "rm-1".to_owned(),
                        interfaces: vec![db],
                    },
                    true,
                ),
            ],
            totals: Totals {
                pairs_lost: 4,
                pairs_gained: 2,
                pairs_undetermined: 0,
                external_lost: 1,
                external_gained: 1,
                external_undetermined: 1,
                isolated: 2,
                orphans: 3,
            },
        },
        verdict: SimulationVerdict::Impact,
        undetermined_because: vec![
            "further rules of sg-old".to_owned(),
            "groups beyond the first page (truncated-page)".to_owned(),
        ],
    }
}

pub(super) fn quiet(
    graph: &SecurityGraph,
    verdict: SimulationVerdict,
    because: &[&str],
) -> Simulation<'static> {
    // A simulation without any impact needs no more of the graph than the two ends of one removal.
    let graph: &'static SecurityGraph = Box::leak(Box::new(SecurityGraph::new(graph.inventory().clone())));
    Simulation {
        graph,
        readings: Readings::default(),
        removals: vec![JudgedRemoval {
            stays: false,
            interface: interface(graph, "eni-web-1"),
            group: group(graph, "sg-base"),
            join: Some(group(graph, "sg-db")),
            form: TargetForm::Instance,
            refusals: vec![],
            unchecked: vec![],
        }],
        impact: Impact::default(),
        verdict,
        undetermined_because: because.iter().map(ToString::to_string).collect(),
    }
}

pub(super) fn accepted(egress: Cause, ingress: Cause) -> Explanation {
    answer(Disposition::Accepted, egress, ingress)
}

pub(super) fn answer(disposition: Disposition, egress: Cause, ingress: Cause) -> Explanation {
    Explanation { disposition, egress, ingress }
}

pub(super) fn interface(graph: &SecurityGraph, id: &str) -> InterfaceIx {
    graph.find_interface(&id.into()).unwrap()
}

pub(super) fn group(graph: &SecurityGraph, id: &str) -> GroupIx {
    graph.find_group(&id.into()).unwrap()
}

pub(super) fn v4(graph: &SecurityGraph, interface: InterfaceIx) -> EndpointSet {
    addresses(graph, interface, Family::Ipv4)
}

pub(super) fn v6(graph: &SecurityGraph, interface: InterfaceIx) -> EndpointSet {
    addresses(graph, interface, Family::Ipv6)
}

fn addresses(graph: &SecurityGraph, interface: InterfaceIx, family: Family) -> EndpointSet {
    let all = graph.interface(interface).addresses.iter().copied();
    EndpointSet::Interface {
        interface,
        addresses: all.filter(|address| address.block.family() == family).collect(),
    }
}

pub(super) fn tcp(low: u16, high: u16) -> TransportSet {
    TransportSet::of(IpProtocol::TCP, &ports(low, high), &PortSet::all())
}

fn ports(low: u16, high: u16) -> PortSet {
    PortRange::new(low, high).into_iter().collect()
}
