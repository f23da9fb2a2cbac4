//! What a removal does, as values: every later room reads these and computes nothing.

use crate::evaluate::{ChangeKind, Explanation};
use crate::graph::{Authorization, GroupIx, InterfaceIx};
use crate::inventory::Addresses;
use crate::netset::{Family, IpBlock, TransportSet};

/// One side of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndpointSet {
    /// Addresses of one interface that are treated alike, sorted.
    Interface {
        /// The interface.
        interface: InterfaceIx,
        /// Its addresses, or parts of its delegated prefixes.
        addresses: Addresses,
    },
    /// Every address in these blocks that is no address of an interface of the same VPC, sorted.
    External {
        /// The blocks.
        blocks: Vec<IpBlock>,
    },
    /// The members of a group of another account.
    ForeignGroup {
        /// The group.
        group: GroupIx,
    },
}

/// Traffic whose answer changes, between every source and every destination of the entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Lost, gained or undetermined.
    pub kind: ChangeKind,
    /// The address family of both sides.
    pub family: Family,
    /// Sorted. An interface is never paired with itself.
    pub sources: Vec<EndpointSet>,
    /// Sorted.
    pub destinations: Vec<EndpointSet>,
    /// What changes.
    pub traffic: TransportSet,
    /// The answer before and what decided it.
    pub before: Explanation,
    /// The answer after and what decides it.
    pub after: Explanation,
    /// The removals that are responsible, sorted.
    pub removed_by: Vec<(InterfaceIx, GroupIx)>,
    /// Which of them are responsible for one pair of the entry: those of these ends of it.
    pub removals_of: PairEnds,
    /// What becomes of sessions that are established when the change happens; `None` for gains.
    pub sessions: Option<SessionEffect>,
}

/// PairEnds of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PairEnds {
    /// The source.
    Sources,
    /// The destination.
    Destinations,
    /// Both.
    Both,
}

impl PairEnds {
    /// Tells whether the source is meant.
    #[must_use]
    pub const fn has_sources(self) -> bool {
        matches!(self, Self::Sources | Self::Both)
    }

    /// Tells whether the destination is meant.
    #[must_use]
    pub const fn has_destinations(self) -> bool {
        matches!(self, Self::Destinations | Self::Both)
    }
}

/// What becomes of established sessions (law 4, A4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionEffect {
    /// They live on the intra-group Accept and can break the moment it goes.
    MayBreakAtOnce,
    /// They may be cut at any time up to 910 seconds.
    MayLast910Seconds,
}

impl SessionEffect {
    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MayBreakAtOnce => "may-break-at-once",
            Self::MayLast910Seconds => "may-last-910-seconds",
        }
    }
}

/// How isolated an interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// It had accepted traffic with a removed interface and has none now, in either direction.
    FromRemoved,
    /// It has no accepted traffic with any interface of the inventory, in either direction.
    FromAll,
}

impl Extent {
    /// Returns the name the outputs use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FromRemoved => "from-removed",
            Self::FromAll => "from-all",
        }
    }
}

/// How sure a statement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// Under every reading.
    Certain,
    /// Under some reading.
    Possible,
}

/// An interface that is cut off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Isolation {
    /// The interface.
    pub interface: InterfaceIx,
    /// From whom.
    pub extent: Extent,
    /// False when it was so before.
    pub new: bool,
    /// Whether it holds under every reading.
    pub certainty: Certainty,
}

/// Something that is left behind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrphanKind {
    /// An interface in no group.
    InterfaceWithoutGroup(InterfaceIx),
    /// A group without members.
    EmptyGroup(GroupIx),
    /// A group without members that rules still name.
    DanglingReference(GroupIx, Vec<Authorization>),
    /// A service outside ECS that admits the members of a group an interface leaves (law 8).
    ExternalConsumer {
        /// The group.
        group: GroupIx,
        /// The kind of service, such as `rds`.
        consumer: String,
        /// The id of the service's instance.
        consumer_id: String,
        /// The interfaces that lose their admission, sorted.
        interfaces: Vec<InterfaceIx>,
    },
}

/// An orphan risk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OrphanRisk {
    /// What is left behind.
    pub kind: OrphanKind,
    /// False when it was so before.
    pub new: bool,
    /// `Possible` where members may exist that the export does not show.
    pub certainty: Certainty,
}

/// Counts over all entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Ordered pairs of interfaces that lose some traffic.
    pub pairs_lost: u64,
    /// Ordered pairs of interfaces that gain some traffic.
    pub pairs_gained: u64,
    /// Ordered pairs of interfaces with some undetermined change.
    pub pairs_undetermined: u64,
    /// Changed interfaces that lose traffic with external addresses, counted per direction.
    pub external_lost: u64,
    /// Changed interfaces that gain traffic with external addresses, counted per direction.
    pub external_gained: u64,
    /// Changed interfaces with an undetermined change with external addresses or foreign groups, per direction.
    pub external_undetermined: u64,
    /// New isolations.
    pub isolated: u64,
    /// New orphan risks.
    pub orphans: u64,
}

/// Everything that changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Impact {
    /// Sorted; the products of their sides and traffic are disjoint within one kind.
    pub changes: Vec<Change>,
    /// Traffic that stays accepted, but whose established sessions may break because they live on an intra-group
    /// Accept that goes (law 4). `kind` is `Lost` by convention and means the session, not the traffic.
    pub session_risks: Vec<Change>,
    /// Sorted by interface.
    pub isolated: Vec<Isolation>,
    /// Sorted.
    pub orphans: Vec<OrphanRisk>,
    /// Counts.
    pub totals: Totals,
}
