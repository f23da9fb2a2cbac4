//! What keeps an instance in the hands of its operators.

use crate::graph::InterfaceIx;
use crate::netset::{IpBlock, IpProtocol, PortRange, PortSet, TransportSet};
use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;
use crate::policy::parameters::Parameters;
use crate::policy::reach::{Breach, Breadth, Demand, End, Pair, breach, report};

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "management-path",
    summary: "Whoever leaves stays in the hands of its operators.",
    explanation: "Cloud Assistant needs tcp/443 to 100.100.0.0/16, and names are asked of 100.100.2.136 and 100.100.2.138 on \
        udp/53; `cloud-assistant: false` and `dns: false` leave them out. A rule with `bastion` or `executor` also asks that \
        these reach whoever is managed, on tcp/22 or tcp/3389 unless `traffic` says otherwise; a bastion that leaves has to \
        go on reaching everybody it reached. The change must not cut the branch it is made from.",
    default_level: Level::Deny,
    is_default: true,
    example: "management-path: { bastion: { name: bastion-* }, executor: 10.0.9.7, traffic: tcp/22 }",
    check,
};

/// Where Cloud Assistant is, and the platform's name servers.
const CLOUD_ASSISTANT: &str = "100.100.0.0/16";
const NAME_SERVERS: [&str; 2] = ["100.100.2.136/32", "100.100.2.138/32"];

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Management { of, bastion, executor, traffic, cloud_assistant, dns } = &rule.parameters
    else {
        return;
    };
    let managed: Vec<InterfaceIx> = match of {
        Some(ends) => ends.interfaces.clone(),
        None => context.leaving.clone(),
    };
    let mut found: Vec<Breach> = Vec::new();
    let mut ask = |pair: Pair, traffic: &TransportSet| {
        found.extend(breach(context, Demand::Reach, pair, traffic, Breadth::Primary(None)));
    };
    let port = |protocol, port| {
        let ports: PortSet = PortRange::new(port, port).into_iter().collect();
        TransportSet::of(protocol, &ports, &PortSet::all())
    };
    let (https, names) = (port(IpProtocol::TCP, 443), port(IpProtocol::UDP, 53));
    let platform = Some((CLOUD_ASSISTANT, &https)).filter(|_| *cloud_assistant).into_iter();
    let platform = platform.chain(NAME_SERVERS.map(|server| (server, &names)).into_iter().filter(|_| *dns));
    for (block, wanted) in platform {
        let Ok((block, _)) = IpBlock::parse(block) else { continue };
        for interface in &managed {
            ask(Pair { source: End::Ours(*interface), destination: End::Outside(block) }, wanted);
        }
    }
    let hosts = bastion.iter().chain(executor).flat_map(|ends| &ends.interfaces);
    for host in hosts {
        // Everybody in the VPC of a host that itself leaves may have been managed by it.
        let vpc =
            context.graph.interface(*host).network.vpc().filter(|_| of.is_none() && context.leaves(*host));
        let everybody = vpc.map_or(&[][..], |vpc| context.compiled.interfaces_of(vpc));
        let mut asked: Vec<InterfaceIx> = managed.iter().chain(everybody).copied().collect();
        asked.sort_unstable();
        asked.dedup();
        for interface in asked.into_iter().filter(|interface| interface != host) {
            ask(Pair { source: End::Ours(*host), destination: End::Ours(interface) }, traffic);
        }
    }
    for block in bastion.iter().chain(executor).flat_map(|ends| &ends.outside) {
        for interface in &managed {
            ask(Pair { source: End::Outside(*block), destination: End::Ours(*interface) }, traffic);
        }
    }
    report(
        context,
        Demand::Reach,
        found,
        "accept this traffic in a group that stays, before the removal",
        findings,
    );
}
