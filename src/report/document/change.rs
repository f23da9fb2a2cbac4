//! Traffic whose answer changes.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::cause::ExplanationEntry;
use super::endpoint::{Endpoint, Endpoints};
use super::names::Names;
use crate::graph::InterfaceIx;
use crate::netset::{Family, PortSet, TrafficItem, TransportSet};
use crate::simulate::{Change, ChangeKind, PairEnds, SessionEffect};

/// Traffic whose answer changes, between every source and every destination of the entry.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Change")]
pub struct ChangeEntry<'a> {
    /// What happens to the traffic.
    pub change: ChangeName,
    /// Who opens the session; an interface is never paired with itself.
    #[schemars(with = "Vec<Endpoint<'_>>")]
    pub sources: Endpoints<'a>,
    /// Who is asked.
    #[schemars(with = "Vec<Endpoint<'_>>")]
    pub destinations: Endpoints<'a>,
    /// What changes.
    pub traffic: Vec<Traffic>,
    /// The answer before.
    pub before: ExplanationEntry<'a>,
    /// The answer after.
    pub after: ExplanationEntry<'a>,
    /// The removals that are responsible.
    pub removed_by: Vec<Membership<'a>>,
    /// Which of them are responsible for one pair of the entry: those of these ends of it.
    pub removals_of: PairEndsName,
    /// What becomes of sessions that are established when it happens; absent for traffic that is gained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sessions: Option<SessionName>,
    /// The address family of both sides.
    #[serde(skip)]
    pub(in crate::report) family: Family,
    /// What a pair of the family can carry besides the traffic.
    #[serde(skip)]
    pub(in crate::report) lacking: Vec<Traffic>,
}

/// What happens to the traffic of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ChangeKind")]
pub enum ChangeName {
    /// Accepted before and not after, under every reading.
    Lost,
    /// Not accepted before and accepted after, under every reading.
    Gained,
    /// The answer changes under some reading, but not in the same way under all.
    Undetermined,
    /// Stays accepted, but established sessions may break; in `session_risks` only.
    SessionRisk,
}

/// Ends of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "PairEnds")]
pub enum PairEndsName {
    /// The source.
    Sources,
    /// The destination.
    Destinations,
    /// Both.
    Both,
}

/// What becomes of established sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "SessionEffect")]
pub enum SessionName {
    /// They can break the moment the membership goes.
    #[serde(rename = "may-break-at-once")]
    MayBreakAtOnce,
    /// They may be cut at any time up to 910 seconds.
    #[serde(rename = "may-last-910-seconds")]
    MayLast910Seconds,
}

/// One kind of traffic.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Traffic {
    /// `all`, `tcp`, `udp`, `icmp`, `icmpv6`, `gre`, a number, or a range of numbers such as `59-255`.
    pub protocol: String,
    /// Destination ports such as `22-79,443`; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<String>,
    /// Source ports; absent means all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ports: Option<String>,
    /// Destination ports as ranges.
    #[serde(skip)]
    pub(in crate::report) destination_ports: PortSet,
}

/// An interface and the group it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Membership<'a> {
    /// The interface.
    pub interface_id: &'a str,
    /// The group.
    pub group_id: &'a str,
    /// The interface in the graph.
    #[serde(skip)]
    pub(in crate::report) ix: InterfaceIx,
}

impl<'a> ChangeEntry<'a> {
    /// `name` is given for session risks, whose kind upstream says nothing about the traffic.
    pub(super) fn new(change: &'a Change, name: Option<ChangeName>, names: &Arc<Names<'a>>) -> Self {
        Self {
            change: name.unwrap_or(match change.kind {
                ChangeKind::Lost => ChangeName::Lost,
                ChangeKind::Gained => ChangeName::Gained,
                ChangeKind::Undetermined => ChangeName::Undetermined,
            }),
            sources: Endpoints::new(&change.sources, names),
            destinations: Endpoints::new(&change.destinations, names),
            traffic: change.traffic.items(change.family).into_iter().map(Traffic::from).collect(),
            before: ExplanationEntry::new(&change.before, names),
            after: ExplanationEntry::new(&change.after, names),
            removed_by: change
                .removed_by
                .iter()
                .map(|(interface, group)| Membership {
                    interface_id: names.interface(*interface),
                    group_id: names.group(*group),
                    ix: *interface,
                })
                .collect(),
            removals_of: match change.removals_of {
                PairEnds::Sources => PairEndsName::Sources,
                PairEnds::Destinations => PairEndsName::Destinations,
                PairEnds::Both => PairEndsName::Both,
            },
            sessions: change.sessions.map(|effect| match effect {
                SessionEffect::MayBreakAtOnce => SessionName::MayBreakAtOnce,
                SessionEffect::MayLast910Seconds => SessionName::MayLast910Seconds,
            }),
            family: change.family,
            lacking: TransportSet::universe(change.family)
                .difference(&change.traffic)
                .items(change.family)
                .into_iter()
                .map(Traffic::from)
                .collect(),
        }
    }
}

/// `tcp/22,443 udp/53 icmp`, with source ports where not all.
pub(in crate::report) fn traffic_text(traffic: &[Traffic]) -> String {
    let one = |item: &Traffic| {
        let ports = item.ports.as_ref().map(|ports| format!("/{ports}")).unwrap_or_default();
        let sources =
            item.source_ports.as_ref().map(|ports| format!(" from port {ports}")).unwrap_or_default();
        format!("{}{ports}{sources}", item.protocol)
    };
    traffic.iter().map(one).collect::<Vec<_>>().join(" ")
}

impl From<TrafficItem> for Traffic {
    fn from(item: TrafficItem) -> Self {
        let text = |ports: &PortSet| (!ports.is_all()).then(|| ports.to_string());
        Self {
            protocol: item.protocol,
            ports: text(&item.ports),
            source_ports: text(&item.source_ports),
            destination_ports: item.ports,
        }
    }
}
