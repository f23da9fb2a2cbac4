//! What one source says, judged record by record and not yet joined with the others.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use compact_str::CompactString;

use super::few::Few;
use super::id::{
    NetworkInterfaceId, PortRangeListId, PrefixListId, RegionId, SecurityGroupId, VSwitchId, VpcId,
};
use super::issue::InventoryIssue;
use super::model::{
    Addresses, Direction, ExternalConsumer, ForeignReference, InnerAccessPolicy, Instance, InterfaceKind,
    InventoryGap, Memberships, Network, NetworkInterface, RuleGap, SecurityGroupRule, SecurityGroupType,
};
use super::tags::Tags;
use crate::netset::{IpBlock, PortRange};

/// The calls whose answers are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Instances,
    SecurityGroups,
    SecurityGroupAttribute,
    NetworkInterfaces,
    PrefixLists,
    PrefixListAttributes,
    PortRangeLists,
    PortRangeListEntries,
    SecurityGroupReferences,
    Vpcs,
    VSwitches,
    DatabaseGroups,
}

impl Kind {
    pub(super) const ALL: [Self; 12] = [
        Self::Instances,
        Self::SecurityGroups,
        Self::SecurityGroupAttribute,
        Self::NetworkInterfaces,
        Self::PrefixLists,
        Self::PrefixListAttributes,
        Self::PortRangeLists,
        Self::PortRangeListEntries,
        Self::SecurityGroupReferences,
        Self::Vpcs,
        Self::VSwitches,
        Self::DatabaseGroups,
    ];

    /// Returns the name of the call.
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::Instances => "DescribeInstances",
            Self::SecurityGroups => "DescribeSecurityGroups",
            Self::SecurityGroupAttribute => "DescribeSecurityGroupAttribute",
            Self::NetworkInterfaces => "DescribeNetworkInterfaces",
            Self::PrefixLists => "DescribePrefixLists",
            Self::PrefixListAttributes => "DescribePrefixListAttributes",
            Self::PortRangeLists => "DescribePortRangeLists",
            Self::PortRangeListEntries => "DescribePortRangeListEntries",
            Self::SecurityGroupReferences => "DescribeSecurityGroupReferences",
            Self::Vpcs => "DescribeVpcs",
            Self::VSwitches => "DescribeVSwitches",
            Self::DatabaseGroups => "DescribeSecurityGroupConfiguration",
        }
    }
}

/// Where a record stands; the pointer is made from it when somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    source: u32,
    answer: u32,
    index: Option<u32>,
}

impl At {
    /// Returns the place of an answer, or of an element of its list.
    pub(super) fn new(source: usize, answer: usize, index: Option<usize>) -> Self {
        Self { source: short(source), answer: short(answer), index: index.map(short) }
    }

    /// Returns the place of an element of the list at this place.
    pub(super) const fn element(self, index: u32) -> Self {
        Self { index: Some(index), ..self }
    }

    pub(super) const fn source(self) -> usize {
        self.source as usize
    }

    pub(super) const fn answer(self) -> usize {
        self.answer as usize
    }

    pub(super) const fn index(self) -> Option<u32> {
        self.index
    }
}

/// No export has four billion of anything.
pub(super) fn short(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A record and its place.
#[derive(Debug, Clone)]
pub(super) struct Located<T> {
    pub(super) at: At,
    pub(super) fact: T,
}

/// What an answer says about the network of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NetworkFact {
    /// A VPC.
    Vpc(VpcId),
    /// `VpcId` is empty: the classic network.
    Classic,
    /// The key is missing in an answer that would have it: the classic network, unless another answer knows better.
    Silent,
    /// The answer has lost its top level.
    Cut,
}

impl NetworkFact {
    /// Joins two answers about one group; `None` when they contradict each other.
    pub(super) fn join(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Vpc(a), Self::Vpc(b)) => (a == b).then(|| self.clone()),
            (Self::Vpc(_), Self::Classic) | (Self::Classic, Self::Vpc(_)) => None,
            (Self::Vpc(_), _) => Some(self.clone()),
            (_, Self::Vpc(_)) => Some(other.clone()),
            (Self::Classic, _) | (_, Self::Classic) => Some(Self::Classic),
            (Self::Silent, _) | (_, Self::Silent) => Some(Self::Silent),
            (Self::Cut, Self::Cut) => Some(Self::Cut),
        }
    }

    pub(super) fn network(&self) -> Network {
        match self {
            Self::Vpc(id) => Network::Vpc(id.clone()),
            Self::Classic | Self::Silent => Network::Classic,
            Self::Cut => Network::Unknown,
        }
    }
}

/// A group as DescribeSecurityGroups shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GroupFact {
    pub(super) id: SecurityGroupId,
    pub(super) name: CompactString,
    pub(super) network: NetworkFact,
    pub(super) region: Option<RegionId>,
    pub(super) group_type: Option<SecurityGroupType>,
    pub(super) service_managed: Option<bool>,
    pub(super) rule_count: Option<u64>,
    /// How many rules name a group.
    pub(super) group_rule_count: Option<u64>,
    /// How many private addresses the members have; 0 says nothing.
    pub(super) member_count: Option<u64>,
    pub(super) tags: Tags,
}

/// One page of the rules of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttributeFact {
    pub(super) id: SecurityGroupId,
    pub(super) name: CompactString,
    pub(super) network: NetworkFact,
    pub(super) region: Option<RegionId>,
    pub(super) inner_access: Option<InnerAccessPolicy>,
    pub(super) rules: RulesFact,
    /// The token of the next page.
    pub(super) token: Option<String>,
    /// The token this page was asked for with, where the envelope tells; the inner `None` is the first page.
    pub(super) asked: Option<Option<String>>,
    /// The direction the call was limited to.
    pub(super) only: Option<Direction>,
}

/// The rules of one page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct RulesFact {
    /// Whether the answer has a list of rules at all.
    pub(super) returned: bool,
    /// The rules, in the order of the answer.
    pub(super) rules: Vec<SecurityGroupRule>,
    /// The position of each in the answer.
    pub(super) positions: Vec<u32>,
    /// Rules that cannot be used.
    pub(super) gaps: Vec<RuleGap>,
    /// How many elements the list has.
    pub(super) count: u64,
    /// Whether the rules stand in a bare array.
    pub(super) flat: bool,
}

/// An instance with what it says about its primary interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InstanceFact {
    pub(super) instance: Instance,
    /// The groups of the primary interface.
    pub(super) memberships: Memberships,
    pub(super) network: Network,
    pub(super) vswitch: Option<VSwitchId>,
    pub(super) addresses: Addresses,
    pub(super) interfaces: Few<NestedFact>,
}

/// An interface as an instance shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NestedFact {
    pub(super) id: NetworkInterfaceId,
    pub(super) kind: InterfaceKind,
    pub(super) addresses: Addresses,
}

/// A prefix list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PrefixListFact {
    pub(super) id: PrefixListId,
    /// `None` when only the list itself is described.
    pub(super) entries: Option<Vec<IpBlock>>,
    pub(super) max_entries: Option<u32>,
}

/// A port range list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PortListFact {
    pub(super) id: PortRangeListId,
    /// `None` when only the list itself is described.
    pub(super) entries: Option<Vec<PortRange>>,
    pub(super) max_entries: Option<u32>,
}

/// One page of a listing.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) kind: Kind,
    /// The token of the next page.
    pub(super) token: Option<String>,
    pub(super) number: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) region: Option<String>,
    /// The API's id of the call.
    pub(super) request_id: Option<String>,
    /// Hashes of the ids on the page, sorted.
    pub(super) ids: Vec<u64>,
    /// What the envelope tells about the call.
    pub(super) call: Option<Call>,
}

/// What an envelope tells about a call for a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    /// The token the page was asked for with; `None` is the first page.
    pub(super) token: Option<String>,
    /// Parameters that limit what the call lists.
    pub(super) filters: BTreeMap<String, String>,
}

/// Returns a number for an id, so that pages can be compared without keeping their ids.
pub(super) fn fingerprint(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// One answer of a source.
#[derive(Debug)]
pub(super) struct AnswerFact {
    pub(super) kind: Kind,
    /// What stands before the pointers of this answer, such as `doc 2: /response`.
    pub(super) root: String,
    /// The pointer of the elements of its list, without the root.
    pub(super) list: &'static str,
    pub(super) page: Option<Page>,
}

/// Everything one source says.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) answers: Vec<AnswerFact>,
    pub(super) instances: Vec<Located<InstanceFact>>,
    pub(super) interfaces: Vec<Located<NetworkInterface>>,
    pub(super) groups: Vec<Located<GroupFact>>,
    pub(super) attributes: Vec<Located<AttributeFact>>,
    pub(super) prefix_lists: Vec<Located<PrefixListFact>>,
    pub(super) port_lists: Vec<Located<PortListFact>>,
    pub(super) references: Vec<Located<ForeignReference>>,
    pub(super) consumers: Vec<ExternalConsumer>,
    /// What records say that is not understood.
    pub(super) gaps: Vec<InventoryGap>,
    /// By level, code and subject, with how often each was seen beyond the one shown.
    pub(super) issues: Vec<CountedIssue>,
}

impl Facts {
    /// Puts the tags of all records into few texts.
    pub(super) fn share_tags(&mut self) {
        let instances = self.instances.iter_mut().map(|one| &mut one.fact.instance.tags);
        let interfaces = self.interfaces.iter_mut().map(|one| &mut one.fact.tags);
        let groups = self.groups.iter_mut().map(|one| &mut one.fact.tags);
        Tags::share(instances.chain(interfaces).chain(groups));
    }
}

/// An issue with the subject that makes it one and the number of places.
#[derive(Debug)]
pub(super) struct CountedIssue {
    pub(super) subject: String,
    pub(super) issue: InventoryIssue,
    pub(super) count: u64,
}
