//! Services by their usual ports that would no longer be reached.

use crate::netset::{IpProtocol, PortRange, PortSet, TransportSet};
use crate::policy::changes::{Narrowed, Sought, sums};
use crate::policy::context::Context;
use crate::policy::definition::{Level, Policy, Rule};
use crate::policy::finding::Findings;
use crate::policy::parameters::Parameters;

pub(in crate::policy) const POLICY: Policy = Policy {
    code: "well-known-service-lost",
    summary: "A service on its usual port would no longer be reached.",
    explanation: "Ports are only a hint of what listens there, so this warns. `to` says whose services count, and `service` \
        which: ssh, rdp, http, https, dns, ntp, smtp, ldap, nfs, smb, mysql, postgresql, sqlserver, oracle, redis, memcached, \
        mongodb, elasticsearch, kafka, zookeeper, etcd, rabbitmq, kubernetes-api.",
    default_level: Level::Warn,
    is_default: true,
    example: "well-known-service-lost: { to: { tag: { tier: db } }, service: [mysql, redis] }",
    check,
};

/// A service, and where it usually listens: TCP ports, and UDP ports.
type Service = (&'static str, &'static [u16], &'static [u16]);

const SERVICES: [Service; 23] = [
    ("ssh", &[22], &[]),
    ("rdp", &[3389], &[3389]),
    ("http", &[80], &[]),
    ("https", &[443], &[443]),
    ("dns", &[53], &[53]),
    ("ntp", &[], &[123]),
    ("smtp", &[25, 465, 587], &[]),
    ("ldap", &[389, 636], &[]),
    ("nfs", &[2049], &[]),
    ("smb", &[445], &[]),
    ("mysql", &[3306], &[]),
    ("postgresql", &[5432], &[]),
    ("sqlserver", &[1433], &[]),
    ("oracle", &[1521], &[]),
    ("redis", &[6379], &[]),
    ("memcached", &[11211], &[]),
    ("mongodb", &[27017], &[]),
    ("elasticsearch", &[9200], &[]),
    ("kafka", &[9092], &[]),
    ("zookeeper", &[2181], &[]),
    ("etcd", &[2379], &[]),
    ("rabbitmq", &[5672], &[]),
    ("kubernetes-api", &[6443], &[]),
];

/// Returns the names that a rule may give.
pub(in crate::policy) fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|(name, _, _)| *name)
}

fn traffic_of((_, tcp, udp): &Service) -> TransportSet {
    let ports =
        |ports: &[u16]| -> PortSet { ports.iter().filter_map(|port| PortRange::new(*port, *port)).collect() };
    let of = |protocol, numbers: &[u16]| match numbers {
        [] => TransportSet::empty(),
        numbers => TransportSet::of(protocol, &ports(numbers), &PortSet::all()),
    };
    of(IpProtocol::TCP, tcp).union(&of(IpProtocol::UDP, udp))
}

fn check(context: &Context<'_>, rule: &Rule, findings: &mut Findings<'_>) {
    let Parameters::Services { from, to, names } = &rule.parameters else { return };
    let asked = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
    let services: Vec<(&str, TransportSet)> = SERVICES
        .iter()
        .filter(|(name, _, _)| asked(name))
        .map(|service| (service.0, traffic_of(service)))
        .collect();
    let all = services.iter().fold(TransportSet::empty(), |all, (_, traffic)| all.union(traffic));
    let narrowed = Narrowed { from: from.as_ref(), to: to.as_ref(), traffic: Some(&all) };
    for (key, sum) in sums(context, Sought::Loss, narrowed) {
        let lost: Vec<&str> = services
            .iter()
            .filter(|(_, traffic)| !traffic.is_disjoint(&sum.traffic))
            .map(|(name, _)| *name)
            .collect();
        let what = if lost.len() == services.len() && names.is_empty() {
            "all well-known services".to_owned()
        } else {
            lost.join(", ")
        };
        findings
            .add(key.subject, key.sentence(context, ["would lose", "may lose"], &what, &sum))
            .aspect(key.aspect(&sum))
            .certainty(key.certainty)
            .traffic(sum.traffic)
            .help("make sure that nobody uses these services, or accept them in a group that stays");
    }
}
