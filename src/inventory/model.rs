//! The validated content of an export. Every list is sorted by id; nothing in here needs a second look.

use std::collections::BTreeMap;
use std::fmt;

use compact_str::CompactString;
use serde::Serialize;
use smallvec::SmallVec;

use super::few::Few;
use super::id::{
    AccountId, InstanceId, NetworkInterfaceId, PortRangeListId, PrefixListId, RegionId, SecurityGroupId,
    SecurityGroupRuleId, VSwitchId, VpcId,
};
use super::issue::InventoryIssue;
use super::shared::SharedText;
use super::tags::Tags;
use crate::netset::{IpBlock, IpProtocol, PortRange, PortSet, TransportSet};

/// The port ranges of a rule, in its own order.
pub type PortRanges = Few<PortRange>;

/// The addresses of an interface.
pub type Addresses = Few<InterfaceAddress>;

/// The groups of an interface; up to three take no memory of their own.
pub type GroupIds = SmallVec<[SecurityGroupId; 3]>;

/// Everything an export says, checked and sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Inventory {
    /// Sorted by id.
    pub instances: Vec<Instance>,
    /// Sorted by id.
    pub interfaces: Vec<NetworkInterface>,
    /// The groups the export describes (their type, their rules or both), sorted by id. A group that is only
    /// mentioned, by an interface or a rule, is not in here.
    pub groups: Vec<SecurityGroup>,
    /// The prefix lists whose entries are known.
    pub prefix_lists: BTreeMap<PrefixListId, PrefixList>,
    /// The port range lists whose entries are known.
    pub port_lists: BTreeMap<PortRangeListId, PortRangeList>,
    /// Groups of other accounts whose rules name a group, from DescribeSecurityGroupReferences.
    pub foreign_references: Vec<ForeignReference>,
    /// Services outside ECS that admit the members of a group (law 8), sorted.
    pub consumers: Vec<ExternalConsumer>,
    /// What the export as a whole does not show. Not empty means: no verdict can be `safe`.
    pub gaps: Vec<InventoryGap>,
    /// What was noticed while reading, sorted.
    #[serde(skip)]
    pub issues: Vec<InventoryIssue>,
}

impl Inventory {
    /// Returns what was noticed while reading, worst first.
    #[must_use]
    pub fn issues(&self) -> &[InventoryIssue] {
        &self.issues
    }

    /// Looks an instance up by id.
    #[must_use]
    pub fn instance(&self, id: &InstanceId) -> Option<&Instance> {
        self.instances.binary_search_by(|i| i.id.cmp(id)).ok().and_then(|at| self.instances.get(at))
    }

    /// Looks an interface up by id.
    #[must_use]
    pub fn interface(&self, id: &NetworkInterfaceId) -> Option<&NetworkInterface> {
        self.interfaces.binary_search_by(|i| i.id.cmp(id)).ok().and_then(|at| self.interfaces.get(at))
    }

    /// Looks a described group up by id.
    #[must_use]
    pub fn group(&self, id: &SecurityGroupId) -> Option<&SecurityGroup> {
        self.groups.binary_search_by(|g| g.id.cmp(id)).ok().and_then(|at| self.groups.get(at))
    }
}

/// Evidence that is missing for the export as a whole: something may exist that was not seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct InventoryGap {
    /// The code of the issue that explains it, such as `truncated-page` or `no-interface-export`.
    pub code: &'static str,
    /// What may be missing, in words.
    pub what: String,
}

/// An ECS instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Its id.
    pub id: InstanceId,
    /// Its display name; untrusted text.
    pub name: CompactString,
    /// `Running`, `Stopped`, …; empty when the export does not say.
    pub status: SharedText,
    /// The region, where the export says.
    pub region: Option<RegionId>,
    /// The reasons of its operation locks, such as `security`, sorted; `None` when the export does not say.
    pub locks: Option<Box<[String]>>,
    /// Tags, sorted by key; untrusted text.
    pub tags: Tags,
}

/// What an interface is to its instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum InterfaceKind {
    /// The one an instance is born with; the API names it by its instance.
    Primary,
    /// Attached later; the API names it by its own id.
    Secondary,
    /// Trunk, member or any other kind.
    Other,
}

/// Which groups an interface is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Memberships {
    /// Exactly these, sorted and without duplicates (law AM1).
    Known(GroupIds),
    /// The export does not say: an instance export lists secondary interfaces without their groups.
    Unknown,
}

/// What kind of address an interface has; the law is certain for the first two only (A8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressKind {
    /// The primary private IPv4 address.
    Primary,
    /// A secondary private IPv4 address.
    Secondary,
    /// An IPv6 address.
    Ipv6,
    /// A delegated prefix of either family.
    Prefix,
}

impl AddressKind {
    /// Tells whether group references and the intra-group policy cover the address under every reading (A8).
    #[must_use]
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::Primary | Self::Secondary)
    }
}

/// An address of an interface, or a prefix delegated to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct InterfaceAddress {
    /// One address, or the block of a delegated prefix.
    pub block: IpBlock,
    /// What kind it is.
    pub kind: AddressKind,
}

/// The network an interface or a group lives in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// A VPC.
    Vpc(VpcId),
    /// The retired classic network; read, never simulated (law 1.2).
    Classic,
    /// The export does not say.
    Unknown,
}

impl Network {
    /// Returns the VPC, if it is one.
    #[must_use]
    pub const fn vpc(&self) -> Option<&VpcId> {
        match self {
            Self::Vpc(id) => Some(id),
            Self::Classic | Self::Unknown => None,
        }
    }
}

/// An elastic network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NetworkInterface {
    /// Its id; `<instance id>/primary` where an instance export gives none.
    pub id: NetworkInterfaceId,
    /// Its display name; untrusted text.
    pub name: CompactString,
    /// What it is to its instance.
    pub kind: InterfaceKind,
    /// `InUse`, `Available`, …; empty when the export does not say.
    pub status: SharedText,
    /// The instance it is attached to.
    pub instance: Option<InstanceId>,
    /// The VPC.
    pub network: Network,
    /// The vSwitch.
    pub vswitch: Option<VSwitchId>,
    /// The region: from the instance, the zone, or the group's answer.
    pub region: Option<RegionId>,
    /// The account that owns it.
    pub owner: Option<AccountId>,
    /// The groups it is in.
    pub memberships: Memberships,
    /// Its addresses, sorted by block; they do not overlap.
    pub addresses: Addresses,
    /// Whether a cloud product manages it; `None` when the export does not say.
    pub service_managed: Option<bool>,
    /// Tags, sorted by key; untrusted text.
    pub tags: Tags,
}

/// Basic or enterprise (law 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecurityGroupType {
    /// Basic: egress is accepted by default, members may reach each other.
    Normal,
    /// Enterprise: nothing is accepted by default.
    Enterprise,
}

/// Traffic inside one basic group (law 2.4, 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InnerAccessPolicy {
    /// Members reach each other; on ingress this comes before every rule.
    Accept,
    /// Members are isolated; weaker than every rule.
    Drop,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecurityGroup {
    /// Its id.
    pub id: SecurityGroupId,
    /// Its display name; untrusted text.
    pub name: CompactString,
    /// The VPC it serves.
    pub network: Network,
    /// The region, where the export says.
    pub region: Option<RegionId>,
    /// Basic or enterprise; `None` when no DescribeSecurityGroups answer covers it.
    pub group_type: Option<SecurityGroupType>,
    /// `None` when no DescribeSecurityGroupAttribute answer covers it (law I06).
    pub inner_access: Option<InnerAccessPolicy>,
    /// Whether a cloud product manages it; `None` when no DescribeSecurityGroups answer says.
    pub service_managed: Option<bool>,
    /// The rules that were read, sorted by direction, priority, action and content.
    pub rules: Vec<SecurityGroupRule>,
    /// Why the rules may not be all there are. Not empty means: in the named direction there may be further rules
    /// of any content.
    pub rule_gaps: Vec<RuleGap>,
    /// Tags, sorted by key; untrusted text.
    pub tags: Tags,
}

impl SecurityGroup {
    /// Tells whether every rule of this direction is known.
    #[must_use]
    pub fn knows_rules(&self, direction: Direction) -> bool {
        self.rule_gaps.iter().all(|gap| gap.direction.is_some_and(|other| other != direction))
    }
}

/// Rules that exist but are not known, or not understood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct RuleGap {
    /// The direction of the unknown rules; `None` when it may be either.
    pub direction: Option<Direction>,
    /// The code of the issue that explains it, such as `truncated-page`.
    pub code: &'static str,
}

/// The direction a rule guards, seen from the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Traffic that arrives.
    Ingress,
    /// Traffic that leaves.
    Egress,
}

impl Direction {
    /// Returns the other direction.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Ingress => Self::Egress,
            Self::Egress => Self::Ingress,
        }
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingress => "ingress",
            Self::Egress => "egress",
        })
    }
}

/// What a rule does; the API calls it `Policy`. Drop sorts first: it wins a tie (law 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleAction {
    /// Discard silently.
    Drop,
    /// Let pass.
    Accept,
}

/// The destination ports of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RulePorts {
    /// Every port; also the ports of a protocol that has none.
    Any,
    /// These.
    Ranges(PortRanges),
    /// The entries of a port range list (law 1.1); unknown when the inventory does not hold it.
    List(PortRangeListId),
}

/// The authorization object of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RulePeer {
    /// The addresses of a CIDR block.
    Block(IpBlock),
    /// The private addresses of the members of a group.
    Group {
        /// The named group.
        id: SecurityGroupId,
        /// The account it belongs to, where the rule names another one.
        owner: Option<AccountId>,
    },
    /// The entries of a prefix list; unknown when the inventory does not hold it.
    PrefixList(PrefixListId),
}

/// One security group rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SecurityGroupRule {
    /// The direction it guards.
    pub direction: Direction,
    /// Smaller is stronger.
    pub priority: u16,
    /// What it does.
    pub action: RuleAction,
    /// The protocol.
    pub protocol: IpProtocol,
    /// Destination ports.
    pub ports: RulePorts,
    /// Source ports, where limited.
    pub source_ports: Option<PortRange>,
    /// The remote side.
    pub peer: RulePeer,
    /// Narrowing to these local addresses of the members (law 1.1, quintuple), which hardly any rule has.
    pub local: Option<Box<IpBlock>>,
    /// Why it is not known whether this rule matches traffic of its direction (law 2.6, unevaluable); the content
    /// above then bounds nothing but action and priority.
    pub unevaluable: Option<Box<Unevaluable>>,
    /// The API's id, where the answer has one.
    pub id: Option<SecurityGroupRuleId>,
}

/// Why a rule cannot be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unevaluable {
    /// The protocol is no known name or number (A13).
    Protocol(SharedText),
    /// `ALL` with a concrete port (A14).
    AllWithPort(SharedText),
    /// A filled key that this version does not know and that may narrow or widen the rule.
    UnknownKey(SharedText),
}

impl SecurityGroupRule {
    /// Returns the traffic of the rule for this set of destination ports, which a list has resolved.
    #[must_use]
    pub fn traffic(&self, destinations: &PortSet) -> TransportSet {
        let sources = self.source_ports.into_iter().collect::<PortSet>();
        let sources = if self.source_ports.is_some() { sources } else { PortSet::all() };
        TransportSet::of(self.protocol, destinations, &sources)
    }
}

impl fmt::Display for SecurityGroupRule {
    /// Writes the one-line notation: `in accept tcp 22/22 from 10.0.0.0/8 prio 1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (direction, side) = match self.direction {
            Direction::Ingress => ("in", "from"),
            Direction::Egress => ("out", "to"),
        };
        let action = match self.action {
            RuleAction::Accept => "accept",
            RuleAction::Drop => "drop",
        };
        write!(f, "{direction} {action} {}", self.protocol)?;
        match &self.ports {
            RulePorts::Any => {}
            RulePorts::Ranges(ranges) => {
                for (position, range) in ranges.iter().enumerate() {
                    let separator = if position == 0 { ' ' } else { ',' };
                    write!(f, "{separator}{}/{}", range.low(), range.high())?;
                }
            }
            RulePorts::List(id) => write!(f, " {id}")?,
        }
        if let Some(range) = &self.source_ports {
            write!(f, " sport {}/{}", range.low(), range.high())?;
        }
        match &self.peer {
            RulePeer::Block(block) => write!(f, " {side} {block}")?,
            RulePeer::Group { id, owner: None } => write!(f, " {side} {id}")?,
            RulePeer::Group { id, owner: Some(owner) } => write!(f, " {side} {owner}/{id}")?,
            RulePeer::PrefixList(id) => write!(f, " {side} {id}")?,
        }
        if let Some(local) = &self.local {
            write!(f, " local {local}")?;
        }
        write!(f, " prio {}", self.priority)
    }
}

/// A prefix list with its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PrefixList {
    /// The entries, sorted.
    pub entries: Vec<IpBlock>,
    /// How many rules of quota it costs, where the export says.
    pub max_entries: Option<u32>,
}

/// A port range list with its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortRangeList {
    /// The entries, sorted and merged.
    pub entries: Vec<PortRange>,
    /// How many rules of quota it costs, where the export says.
    pub max_entries: Option<u32>,
}

/// A group of another account whose rules name one of ours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ForeignReference {
    /// The group that is named.
    pub group: SecurityGroupId,
    /// The group whose rules name it.
    pub referencing: SecurityGroupId,
    /// The account of the referencing group.
    pub owner: Option<AccountId>,
}

/// A service outside ECS that admits the members of a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ExternalConsumer {
    /// The group whose members are admitted.
    pub group: SecurityGroupId,
    /// The kind of service: `rds`, `redis`, ….
    pub kind: String,
    /// The id of the service's instance, where the export says.
    pub id: String,
}
