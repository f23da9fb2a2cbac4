//! The two sides of an entry.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};

use super::names::Names;
use crate::graph::InterfaceIx;
use crate::inventory::InterfaceAddress;
use crate::netset::IpBlock;
use crate::simulate::EndpointSet;

/// One side of an entry: every member of it is treated alike.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Endpoint<'a> {
    /// Addresses of one interface of the inventory.
    Interface(InterfaceEndpoint<'a>),
    /// Addresses that are no address of an inventory interface of the same VPC.
    External(ExternalEndpoint<'a>),
    /// The members of a group of another account.
    ForeignGroup(ForeignGroupEndpoint<'a>),
}

/// Addresses of one interface of the inventory.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct InterfaceEndpoint<'a> {
    /// The interface.
    pub interface_id: &'a str,
    /// The instance it is attached to.
    pub instance_id: Option<&'a str>,
    /// The name of the instance, or of the interface where it has none.
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub name: &'a str,
    /// The status of the instance, or of an unattached interface: `Running`, `Stopped`, ….
    #[serde(skip_serializing_if = "str::is_empty")]
    #[schemars(default)]
    pub status: &'a str,
    /// Its addresses, and delegated prefixes as CIDR blocks, sorted.
    #[serde(serialize_with = "addresses")]
    #[schemars(with = "Vec<String>")]
    pub addresses: &'a [InterfaceAddress],
    /// The interface in the graph.
    #[serde(skip)]
    pub(in crate::report) ix: InterfaceIx,
}

/// Addresses that are no address of an inventory interface of the same VPC.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExternalEndpoint<'a> {
    /// CIDR blocks, sorted.
    #[schemars(with = "Vec<String>")]
    pub cidrs: &'a [IpBlock],
}

/// The members of a group of another account.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ForeignGroupEndpoint<'a> {
    /// The group.
    pub group_id: &'a str,
    /// The account it belongs to, where the export says.
    pub owner_id: Option<&'a str>,
}

/// Everybody on one side of an entry. Who that is, is looked up when it is asked for: a side can be as large as the estate.
///
/// Serialized for `serde_json` only: interfaces are texts that are made once, since each stands on many sides.
#[derive(Debug, Clone)]
pub struct Endpoints<'a> {
    sets: &'a [EndpointSet],
    names: Arc<Names<'a>>,
}

impl<'a> Endpoints<'a> {
    pub(super) fn new(sets: &'a [EndpointSet], names: &Arc<Names<'a>>) -> Self {
        Self { sets, names: Arc::clone(names) }
    }

    /// Returns everybody on this side, sorted.
    pub fn iter(&self) -> impl Iterator<Item = Endpoint<'a>> {
        self.sets.iter().map(|set| Endpoint::new(set, &self.names))
    }

    /// Tells whether some of them are outside addresses.
    #[must_use]
    pub fn has_external(&self) -> bool {
        self.sets.iter().any(|set| matches!(set, EndpointSet::External { .. }))
    }
}

impl Serialize for Endpoints<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_seq(Some(self.sets.len()))?;
        for endpoint in self.iter() {
            match &endpoint {
                Endpoint::Interface(interface) => {
                    let line = self.names.lines.of(interface.ix, interface.addresses, &endpoint);
                    written.serialize_element(&line.map_err(S::Error::custom)?)?;
                }
                Endpoint::External(_) | Endpoint::ForeignGroup(_) => written.serialize_element(&endpoint)?,
            }
        }
        written.end()
    }
}

impl<'a> Endpoint<'a> {
    fn new(set: &'a EndpointSet, names: &Names<'a>) -> Self {
        match set {
            EndpointSet::Interface { interface, addresses } => Self::Interface(InterfaceEndpoint {
                interface_id: names.interface(*interface),
                instance_id: names.instance(*interface),
                name: names.name_of(*interface),
                status: names.status_of(*interface),
                addresses,
                ix: *interface,
            }),
            EndpointSet::External { blocks } => Self::External(ExternalEndpoint { cidrs: blocks }),
            EndpointSet::ForeignGroup { group } => Self::ForeignGroup(ForeignGroupEndpoint {
                group_id: names.group(*group),
                owner_id: names.owner_of(*group),
            }),
        }
    }
}

/// An address as people write it: without a length where it is a single one.
pub(in crate::report) fn address_text(block: &IpBlock) -> String {
    if block.is_single() { block.address().to_string() } else { block.to_string() }
}

fn addresses<S: Serializer>(addresses: &[InterfaceAddress], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(addresses.iter().map(|address| address_text(&address.block)))
}
