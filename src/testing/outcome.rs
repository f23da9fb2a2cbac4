//! What the oracle is asked, and what its answer means.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::inventory::{Inventory, NetworkInterface, SecurityGroupId};

/// Which groups each interface is in, in one state of the world: the index is the position in
/// `inventory.interfaces`, `None` means that the export does not say.
pub type Memberships = Vec<Option<BTreeSet<SecurityGroupId>>>;

/// Returns the memberships as exported.
#[must_use]
pub fn baseline(inventory: &Inventory) -> Memberships {
    let of = |interface: &NetworkInterface| match &interface.memberships {
        crate::inventory::Memberships::Known(groups) => Some(groups.iter().cloned().collect()),
        crate::inventory::Memberships::Unknown => None,
    };
    inventory.interfaces.iter().map(of).collect()
}

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum End {
    /// An address of an interface of the inventory.
    Interface {
        /// The position in `inventory.interfaces`.
        index: usize,
        /// One of its addresses, or one inside a prefix delegated to it.
        address: IpAddr,
    },
    /// An address that no interface of the same VPC has (law AM4).
    External(IpAddr),
}

impl End {
    /// Returns the address rules see.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Interface { address, .. } | Self::External(address) => address,
        }
    }

    pub(super) const fn index(self) -> Option<usize> {
        match self {
            Self::Interface { index, .. } => Some(index),
            Self::External(_) => None,
        }
    }
}

/// Where the intra-group rule of a connected basic group stands (law 10, A1 and A2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Before every custom rule.
    AcceptFirst,
    /// After the custom rules, before the default.
    CustomFirst,
}

/// Which addresses group references and the intra-group rule cover (law 10, A8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kinds {
    /// Every address of an interface.
    All,
    /// Its primary and secondary IPv4 addresses only.
    Ipv4,
}

/// The settings of the semantics; `None` leaves one open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Settings {
    /// A1.
    pub intra_group_egress: Option<Order>,
    /// A8.
    pub address_kinds: Option<Kinds>,
    /// A2.
    pub intra_group_ingress: Option<Order>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { intra_group_egress: None, address_kinds: None, intra_group_ingress: Some(Order::AcceptFirst) }
    }
}

/// What becomes of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// The same before and after under every reading.
    None,
    /// Accepted before and not after, under every reading.
    Lost,
    /// Accepted after and not before, under every reading.
    Gained,
    /// It changes under some reading, but not in the same way under all.
    Undetermined,
}

/// Judges the outcomes of one flow.
#[must_use]
pub fn change(outcomes: &BTreeSet<(bool, bool)>) -> Change {
    if outcomes.iter().all(|(before, after)| before == after) {
        Change::None
    } else if outcomes.iter().all(|pair| *pair == (true, false)) {
        Change::Lost
    } else if outcomes.iter().all(|pair| *pair == (false, true)) {
        Change::Gained
    } else {
        Change::Undetermined
    }
}
