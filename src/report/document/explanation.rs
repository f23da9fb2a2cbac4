//! The document of one explanation: one flow, before and after.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::cause::{DispositionName, ExplanationEntry};
use super::names::Names;
use super::source::{Assumption, SCHEMA_VERSION, Tool, assumptions};
use crate::evaluate::{self, Readings};
use crate::graph::SecurityGraph;
use crate::netset::IpProtocol;
use crate::report::context::ReportContext;

/// One explanation, ready to be written in any format.
#[derive(Debug, Clone)]
pub struct ExplanationReport<'a> {
    pub(in crate::report) document: ExplanationDocument<'a>,
}

/// Why a flow passes or not, before and after.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "sgleave explanation")]
pub struct ExplanationDocument<'a> {
    /// Rises when a meaning changes; keys may be added without that.
    pub schema_version: u32,
    /// Always `explanation`.
    pub kind: ExplanationKind,
    /// The program that wrote this.
    pub tool: Tool,
    /// The digest of everything that was read, `sha256:…`.
    pub inventory_digest: &'a str,
    /// The settings of the semantics; `open` means that both answers were judged.
    pub readings: BTreeMap<&'static str, &'static str>,
    /// The question.
    pub flow: FlowEntry<'a>,
    /// The answer as things are.
    pub before: ExplanationEntry<'a>,
    /// The answer after the removals; absent where none were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<ExplanationEntry<'a>>,
    /// How the two answers differ; absent where no removals were given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeName>,
    /// What the answer takes for granted or does not look at.
    pub assumptions: Vec<Assumption>,
}

/// The kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExplanationKind {
    /// The document of one explanation.
    Explanation,
}

/// One question: may this packet pass as the first of a new session?
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Flow")]
pub struct FlowEntry<'a> {
    /// Who opens the session.
    pub source: FlowEnd<'a>,
    /// Who is asked.
    pub destination: FlowEnd<'a>,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `gre` or a number.
    pub protocol: String,
    /// The source port; absent for protocols without ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_port: Option<u16>,
    /// The destination port; absent for protocols without ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination_port: Option<u16>,
}

/// One end of a flow.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FlowEnd<'a> {
    /// An address of an interface of the inventory.
    Interface {
        /// The interface.
        interface_id: &'a str,
        /// The instance it is attached to.
        instance_id: Option<&'a str>,
        /// The name of the instance, or of the interface where it has none.
        #[serde(skip_serializing_if = "str::is_empty")]
        #[schemars(default)]
        name: &'a str,
        /// The address.
        address: String,
        /// The groups it is in before the removals; null where the export does not say.
        group_ids: Option<Vec<&'a str>>,
    },
    /// An address that is no interface of the same VPC.
    External {
        /// The address.
        address: String,
    },
    /// A load balancer of the platform that forwards to the other end.
    LoadBalancer,
}

/// How the answers before and after differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Outcome")]
pub enum OutcomeName {
    /// The same answer before and after.
    Unchanged,
    /// Accepted before and not after.
    Lost,
    /// Not accepted before and accepted after.
    Gained,
    /// At least one answer differs between readings.
    Undetermined,
}

impl<'a> ExplanationReport<'a> {
    /// Returns the report of one question and its answers.
    #[must_use]
    pub fn new(
        graph: &'a SecurityGraph,
        context: &'a ReportContext,
        flow: &evaluate::Flow,
        before: &evaluate::Explanation,
        after: Option<&evaluate::Explanation>,
        readings: &Readings,
    ) -> Self {
        let names = Names::new(graph);
        let before = ExplanationEntry::new(before, &names);
        let after = after.map(|after| ExplanationEntry::new(after, &names));
        let document = ExplanationDocument {
            schema_version: SCHEMA_VERSION,
            kind: ExplanationKind::Explanation,
            tool: Tool::new(context),
            inventory_digest: &context.inventory_digest,
            readings: readings.settings().into_iter().collect(),
            flow: FlowEntry::new(flow, &names),
            outcome: after.as_ref().map(|after| OutcomeName::of(before.disposition, after.disposition)),
            before,
            after,
            assumptions: assumptions(graph, readings),
        };
        Self { document }
    }

    /// Returns the document as it is published.
    #[must_use]
    pub const fn document(&self) -> &ExplanationDocument<'a> {
        &self.document
    }
}

impl OutcomeName {
    const fn of(before: DispositionName, after: DispositionName) -> Self {
        use DispositionName::{Accepted, DeniedIn, DeniedOut, InsufficientInfo};
        match (before, after) {
            (InsufficientInfo, _) | (_, InsufficientInfo) => Self::Undetermined,
            (Accepted, DeniedIn | DeniedOut) => Self::Lost,
            (DeniedIn | DeniedOut, Accepted) => Self::Gained,
            (Accepted, Accepted) | (DeniedIn | DeniedOut, DeniedIn | DeniedOut) => Self::Unchanged,
        }
    }
}

impl<'a> FlowEntry<'a> {
    fn new(flow: &evaluate::Flow, names: &Names<'a>) -> Self {
        let protocol = IpProtocol::Number(flow.packet.protocol);
        let port = |port| protocol.has_ports().then_some(port);
        Self {
            source: FlowEnd::new(&flow.source, names),
            destination: FlowEnd::new(&flow.destination, names),
            protocol: protocol.to_string(),
            source_port: port(flow.packet.source_port),
            destination_port: port(flow.packet.destination_port),
        }
    }
}

impl<'a> FlowEnd<'a> {
    fn new(end: &evaluate::Endpoint, names: &Names<'a>) -> Self {
        match end {
            evaluate::Endpoint::Interface { interface, address } => Self::Interface {
                interface_id: names.interface(*interface),
                instance_id: names.instance(*interface),
                name: names.name_of(*interface),
                address: address.to_string(),
                group_ids: names
                    .graph
                    .baseline()
                    .groups_of(*interface)
                    .map(|groups| groups.iter().map(|group| names.group(*group)).collect()),
            },
            evaluate::Endpoint::External(address) => Self::External { address: address.to_string() },
            evaluate::Endpoint::LoadBalancer => Self::LoadBalancer,
        }
    }
}
