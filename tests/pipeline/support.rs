//! What the pipeline tests share: fixtures, names for endpoints, and lines to compare.

pub(crate) mod notation;
pub(crate) mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use sgleave::evaluate::{Endpoint, Flow};
use sgleave::graph::{InterfaceIx, SecurityGraph};
use sgleave::inventory::{InterfaceKind, Inventory, LoadError, Source, load};
use sgleave::netset::{IpBlock, IpProtocol, Packet};
use sgleave::simulate::{Certainty, Isolation, OrphanKind, OrphanRisk, Removal, Simulation};

/// Returns the folder of the fixtures.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Loads a fixture: a file, or every JSON file of a folder.
pub(crate) fn load_fixture(name: &str) -> Result<Inventory, LoadError> {
    let path = fixtures().join(name);
    let mut files = vec![path.clone()];
    if path.is_dir() {
        files = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    }
    let source = |file: PathBuf| Source {
        name: file.file_name().unwrap().to_str().unwrap().to_owned(),
        bytes: fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
    };
    load(files.into_iter().map(source).collect())
}

/// Reads `target:group` and, for a move, `target:old:new`.
pub(crate) fn removal(text: &str) -> Removal {
    let words: Vec<&str> = text.split(':').collect();
    Removal {
        target: words[0].to_owned(),
        group: words[1].to_owned(),
        join: words.get(2).map(|group| (*group).to_owned()),
    }
}

/// Names places of a graph as the fixtures do.
#[derive(Clone, Copy)]
pub(crate) struct Names<'g>(pub(crate) &'g SecurityGraph);

impl Names<'_> {
    /// Returns the instance of a primary interface, else the interface itself.
    pub(crate) fn interface(self, ix: InterfaceIx) -> String {
        let interface = self.0.interface(ix);
        match &interface.instance {
            Some(instance) if interface.kind == InterfaceKind::Primary => instance.to_string(),
            _ => interface.id.to_string(),
        }
    }

    /// Finds what [`Self::interface`] names; the id of the interface is understood too.
    pub(crate) fn find(self, name: &str) -> InterfaceIx {
        self.0
            .interfaces()
            .find(|ix| self.interface(*ix) == name || self.0.interface(*ix).id.as_str() == name)
            .unwrap_or_else(|| panic!("no interface `{name}`"))
    }

    pub(crate) fn address(self, ix: InterfaceIx, block: IpBlock) -> String {
        if let [_] = &self.0.interface(ix).addresses[..] {
            return self.interface(ix);
        }
        let text = if block.is_single() { block.address().to_string() } else { block.to_string() };
        format!("{}@{text}", self.0.interface(ix).id)
    }

    /// Reads `i-a`, `eni-a@10.0.0.1`, `203.0.113.9` (external) or `load-balancer`.
    pub(crate) fn endpoint(self, text: &str) -> Endpoint {
        if text == "load-balancer" {
            return Endpoint::LoadBalancer;
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Endpoint::External(address);
        }
        let (name, address) = text.split_once('@').map_or((text, None), |(name, ip)| (name, Some(ip)));
        let interface = self.find(name);
        let address = match (address, &self.0.interface(interface).addresses[..]) {
            (Some(address), _) => address.parse().unwrap(),
            (None, [only]) => only.block.address(),
            (None, _) => panic!("`{name}` has several addresses"),
        };
        Endpoint::Interface { interface, address }
    }

    /// Reads one question.
    pub(crate) fn flow(self, from: &str, to: &str, traffic: &str, source_port: u16) -> Flow {
        let (protocol, port) = traffic.split_once('/').unwrap_or((traffic, "0"));
        let port = port.parse().unwrap();
        let packet = match IpProtocol::parse(protocol).unwrap() {
            IpProtocol::TCP => Packet::tcp(source_port, port),
            IpProtocol::UDP => Packet::udp(source_port, port),
            IpProtocol::Number(number) => Packet::other(number),
            IpProtocol::All => panic!("a question has one protocol"),
        };
        Flow { source: self.endpoint(from), destination: self.endpoint(to), packet }
    }
}

/// Writes the new isolations, such as `i-a from-all` or `i-b from-removed possible`.
pub(crate) fn isolation_lines(simulation: &Simulation<'_>) -> BTreeSet<String> {
    let names = Names(simulation.graph);
    let line = |one: &Isolation| {
        let doubt = if one.certainty == Certainty::Possible { " possible" } else { "" };
        format!("{} {}{doubt}", names.interface(one.interface), one.extent.name())
    };
    simulation.impact.isolated.iter().filter(|one| one.new).map(line).collect()
}

/// Writes the new orphan risks, such as `empty sg-a`.
pub(crate) fn orphan_lines(simulation: &Simulation<'_>) -> BTreeSet<String> {
    let (graph, names) = (simulation.graph, Names(simulation.graph));
    let line = |orphan: &OrphanRisk| match &orphan.kind {
        OrphanKind::InterfaceWithoutGroup(interface) => {
            format!("without-group {}", names.interface(*interface))
        }
        OrphanKind::EmptyGroup(group) => format!("empty {}", graph.group_id(*group)),
        OrphanKind::DanglingReference(group, rules) => {
            let rules: Vec<String> = rules
                .iter()
                .map(|by| format!("{} {}", graph.group_id(by.rule.group), by.direction))
                .collect();
            format!("dangling {} by {}", graph.group_id(*group), rules.join(", "))
        }
        OrphanKind::ExternalConsumer { group, consumer, consumer_id, interfaces } => {
            let interfaces: Vec<String> = interfaces.iter().map(|ix| names.interface(*ix)).collect();
            format!(
                "consumer {consumer} {consumer_id} of {}: {}",
                graph.group_id(*group),
                interfaces.join(", ")
            )
        }
    };
    simulation.impact.orphans.iter().filter(|one| one.new).map(line).collect()
}

/// Writes what the API would refuse: removal to codes; a removal it would take is not in it.
pub(crate) fn refusal_lines(simulation: &Simulation<'_>) -> BTreeMap<String, Vec<String>> {
    let (graph, names) = (simulation.graph, Names(simulation.graph));
    let mut lines = BTreeMap::new();
    for removal in simulation.removals.iter().filter(|removal| !removal.refusals.is_empty()) {
        let join = removal.join.map(|group| format!(":{}", graph.group_id(group))).unwrap_or_default();
        let name = format!("{}:{}{join}", names.interface(removal.interface), graph.group_id(removal.group));
        let codes = removal.refusals.iter().map(|refusal| format!("{} {}", refusal.http, refusal.code));
        lines.insert(name, codes.collect());
    }
    lines
}
