//! What is cut off, and what is left behind.

use schemars::JsonSchema;
use serde::Serialize;

use super::names::Names;
use crate::graph::{Authorization, GroupIx, InterfaceIx};
use crate::inventory;
use crate::simulate::{Certainty, Extent, Isolation, OrphanKind, OrphanRisk};

/// An interface that is cut off.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Isolation")]
pub struct IsolationEntry<'a> {
    /// The interface.
    pub interface_id: &'a str,
    /// The instance it is attached to.
    pub instance_id: Option<&'a str>,
    /// From whom.
    pub extent: ExtentName,
    /// False when it was so before.
    pub new: bool,
    /// Whether it holds under every reading.
    pub certainty: CertaintyName,
    /// The name of the instance, or of the interface where it has none.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub name: &'a str,
    /// The status of the instance, or of an unattached interface.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub status: &'a str,
    /// The interface in the graph.
    #[serde(skip)]
    pub(in crate::report) ix: InterfaceIx,
}

/// How isolated an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Extent")]
pub enum ExtentName {
    /// It had accepted traffic with a removed interface and has none now, in either direction.
    FromRemoved,
    /// It has no accepted traffic with any interface of the inventory, in either direction.
    FromAll,
}

/// How sure a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Certainty")]
pub enum CertaintyName {
    /// Under every reading.
    Certain,
    /// Under some reading.
    Possible,
}

impl From<Certainty> for CertaintyName {
    fn from(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Certain => Self::Certain,
            Certainty::Possible => Self::Possible,
        }
    }
}

/// Something that is left behind.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(rename = "Orphan")]
pub enum OrphanEntry<'a> {
    /// An interface in no group.
    InterfaceWithoutGroup {
        /// The interface.
        interface_id: &'a str,
        /// The instance it is attached to.
        instance_id: Option<&'a str>,
        /// False when it was so before.
        new: bool,
        /// The interface in the graph.
        #[serde(skip)]
        ix: InterfaceIx,
    },
    /// A group without members.
    EmptyGroup {
        /// The group.
        group_id: &'a str,
        /// False when it was so before.
        new: bool,
        /// Possible where members may exist that the export does not show.
        certainty: CertaintyName,
        /// The group in the graph.
        #[serde(skip)]
        group: GroupIx,
    },
    /// A group without members that rules still name.
    DanglingReference {
        /// The group.
        group_id: &'a str,
        /// The rules that name it.
        referenced_by: Vec<Reference<'a>>,
        /// False when it was so before.
        new: bool,
        /// Possible where members may exist that the export does not show.
        certainty: CertaintyName,
        /// The group in the graph.
        #[serde(skip)]
        group: GroupIx,
    },
    /// A service outside ECS that admits the members of a group which an interface leaves.
    ExternalConsumer {
        /// The group.
        group_id: &'a str,
        /// The kind of service, such as `rds`.
        consumer: &'a str,
        /// The id of the service's instance; empty where the export does not say.
        consumer_id: &'a str,
        /// The interfaces that lose their admission.
        interface_ids: Vec<&'a str>,
        /// False when it was so before.
        new: bool,
        /// The group in the graph.
        #[serde(skip)]
        group: GroupIx,
    },
}

/// A rule that names a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Reference<'a> {
    /// The group that holds the rule.
    pub group_id: &'a str,
    /// The id of the rule; null where the API gave none.
    pub rule_id: Option<&'a str>,
    /// The direction of the rule.
    pub direction: DirectionName,
    /// The rule in one line.
    pub rule: String,
}

/// The direction a rule guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Direction")]
pub enum DirectionName {
    /// Traffic that arrives.
    Ingress,
    /// Traffic that leaves.
    Egress,
}

impl<'a> IsolationEntry<'a> {
    pub(super) fn new(isolation: &Isolation, names: &Names<'a>) -> Self {
        let ix = isolation.interface;
        Self {
            interface_id: names.interface(ix),
            instance_id: names.instance(ix),
            extent: match isolation.extent {
                Extent::FromRemoved => ExtentName::FromRemoved,
                Extent::FromAll => ExtentName::FromAll,
            },
            new: isolation.new,
            certainty: isolation.certainty.into(),
            name: names.name_of(ix),
            status: names.status_of(ix),
            ix,
        }
    }
}

impl<'a> OrphanEntry<'a> {
    pub(super) fn new(orphan: &'a OrphanRisk, names: &Names<'a>) -> Self {
        let (new, certainty) = (orphan.new, orphan.certainty.into());
        match &orphan.kind {
            OrphanKind::InterfaceWithoutGroup(ix) => Self::InterfaceWithoutGroup {
                interface_id: names.interface(*ix),
                instance_id: names.instance(*ix),
                new,
                ix: *ix,
            },
            OrphanKind::EmptyGroup(group) => {
                Self::EmptyGroup { group_id: names.group(*group), new, certainty, group: *group }
            }
            OrphanKind::DanglingReference(group, authorizations) => Self::DanglingReference {
                group_id: names.group(*group),
                referenced_by: authorizations.iter().map(|a| Reference::new(a, names)).collect(),
                new,
                certainty,
                group: *group,
            },
            OrphanKind::ExternalConsumer { group, consumer, consumer_id, interfaces } => {
                Self::ExternalConsumer {
                    group_id: names.group(*group),
                    consumer,
                    consumer_id,
                    interface_ids: interfaces.iter().map(|ix| names.interface(*ix)).collect(),
                    new,
                    group: *group,
                }
            }
        }
    }

    /// Tells whether it holds whatever the export does not show.
    #[must_use]
    pub const fn is_certain(&self) -> bool {
        match self {
            Self::EmptyGroup { certainty, .. } | Self::DanglingReference { certainty, .. } => {
                matches!(certainty, CertaintyName::Certain)
            }
            Self::InterfaceWithoutGroup { .. } | Self::ExternalConsumer { .. } => true,
        }
    }

    /// Tells whether it was not so before.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        match self {
            Self::InterfaceWithoutGroup { new, .. }
            | Self::EmptyGroup { new, .. }
            | Self::DanglingReference { new, .. }
            | Self::ExternalConsumer { new, .. } => *new,
        }
    }
}

impl<'a> Reference<'a> {
    fn new(authorization: &Authorization, names: &Names<'a>) -> Self {
        let rule = names.graph.rule(authorization.rule);
        Self {
            group_id: names.group(authorization.rule.group),
            rule_id: rule.and_then(|rule| rule.id.as_ref()).map(|id| id.as_str()),
            direction: match authorization.direction {
                inventory::Direction::Ingress => DirectionName::Ingress,
                inventory::Direction::Egress => DirectionName::Egress,
            },
            rule: rule.map(ToString::to_string).unwrap_or_default(),
        }
    }
}
