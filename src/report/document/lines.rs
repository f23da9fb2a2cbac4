//! Interfaces as they stand in JSON: one line each, made once.

use std::borrow::Cow;
use std::sync::OnceLock;

use serde_json::value::RawValue;

use super::endpoint::Endpoint;
use crate::graph::InterfaceIx;
use crate::inventory::InterfaceAddress;
use crate::report::json;

/// The addresses an interface was first written with, and the text.
type Line = (Box<[InterfaceAddress]>, Box<RawValue>);

/// The texts of interfaces that were written already; room for them is made when the first is.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    interfaces: usize,
    of: OnceLock<Vec<OnceLock<Line>>>,
}

impl Lines {
    pub(super) const fn new(interfaces: usize) -> Self {
        Self { interfaces, of: OnceLock::new() }
    }

    /// Returns the text of an endpoint, which is this interface at these addresses.
    ///
    /// # Errors
    /// Those of the serializer.
    pub(super) fn of(
        &self,
        interface: InterfaceIx,
        addresses: &[InterfaceAddress],
        endpoint: &Endpoint<'_>,
    ) -> serde_json::Result<Cow<'_, RawValue>> {
        let lines = self.of.get_or_init(|| vec![OnceLock::new(); self.interfaces]);
        let kept = lines.get(interface.at());
        if let Some((known, line)) = kept.and_then(OnceLock::get)
            && **known == *addresses
        {
            return Ok(Cow::Borrowed(line));
        }
        let line = json::fragment(endpoint)?;
        if let Some(kept) = kept {
            // An interface has rarely more than one set of addresses in a document: the first stays.
            let _ = kept.set((addresses.into(), line.clone()));
        }
        Ok(Cow::Owned(line))
    }
}
