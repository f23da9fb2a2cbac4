//! Room 1: export bytes become an [`Inventory`].
//!
//! An export is a folder of raw answers of the ECS Describe calls, as saved by the API explorer, the command line or
//! an SDK. Raw data is judged once, in `lower`; from here on types carry the proof.

mod addresses;
mod assemble;
mod bytes;
mod counts;
mod digest;
mod ecs;
mod facts;
mod few;
mod foreign;
mod id;
mod issue;
mod join_groups;
mod join_interfaces;
mod judge_groups;
mod keys;
mod load;
mod lower;
mod lower_interfaces;
mod lower_lists;
mod lower_rules;
mod lower_surroundings;
mod model;
mod pages;
mod place;
mod scalars;
mod shared;
mod sorting;
mod stored;
mod stored_model;
mod tags;
mod wire;

pub use few::Few;
pub use id::{
    AccountId, InstanceId, NetworkInterfaceId, PortRangeListId, PrefixListId, RegionId, SecurityGroupId,
    SecurityGroupRuleId, VSwitchId, VpcId,
};
pub use issue::{InventoryIssue, IssueLevel, LoadError};
pub use load::{Source, load, load_each};
pub use model::{
    AddressKind, Addresses, Direction, ExternalConsumer, ForeignReference, GroupIds, InnerAccessPolicy,
    Instance, InterfaceAddress, InterfaceKind, Inventory, InventoryGap, Memberships, Network,
    NetworkInterface, PortRangeList, PortRanges, PrefixList, RuleAction, RuleGap, RulePeer, RulePorts,
    SecurityGroup, SecurityGroupRule, SecurityGroupType, Unevaluable,
};
pub use shared::SharedText;
pub use tags::Tags;
