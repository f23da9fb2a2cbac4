//! Laws that every simulation obeys, as plain functions over an inventory and removals.
//!
//! None needs a specification of the semantics: each compares the answers for one estate with those for another one
//! that differs in a known way, or a result with itself. So they hold for anybody's inventory, and what both the
//! engine and the oracle may have misread in the same way still shows.
//!
//! [`LAWS`] lists them all. A law that holds under a condition only makes the condition true first, by taking out what
//! stands against it; [`Condition`] has the bare law and an estate that breaks it.

mod changes;
mod entries;
mod evidence;
mod frame;
mod ground;
mod leaving;
mod mirrors;
mod registry;
mod renaming;
mod rules;
mod steps;
#[cfg(test)]
mod tests;
mod transit;

use thiserror::Error;

use super::removals::ArbRemoval;
use crate::inventory::Inventory;

pub use changes::{
    change_has_a_changed_end, changes_are_disjoint, changes_are_sorted, families_agree,
    totals_count_the_entries, verdict_follows_the_impact,
};
pub use entries::{
    isolation_agrees_with_flows, no_entry_no_change, removals_are_responsible, responsibility_is_exact,
    threads_do_not_matter, witnesses_in_the_evaluator, witnesses_in_the_oracle,
};
pub use evidence::{
    forgetting_a_group, forgetting_a_policy, forgetting_a_port_list, forgetting_a_prefix_list,
    forgetting_a_type, forgetting_memberships, forgetting_rules, opening_address_kinds, opening_egress_order,
    opening_ingress_order,
};
pub use frame::{
    families_are_independent_v4, families_are_independent_v6, names_do_not_matter, rule_ids_do_not_matter,
    tcp_and_udp_are_alike, translation_of_addresses, unrelated_interface, unrelated_vpc,
};
pub use leaving::{
    larger_removals_lose_more, leaving_a_connected_group_alone, leaving_a_silent_group,
    leaving_drops_only_gains, leaving_without_drops_only_loses, moving_to_a_clone,
    moving_without_drops_only_adds,
};
pub use mirrors::{
    duplicate_answers, exported_and_loaded, order_of_answers, order_of_removals, removal_by_instance,
    repeated_removals, strangers_are_refused,
};
pub use registry::{LAWS, LEFT_OUT};
pub use renaming::{disjoint_vpcs_add_up, renaming_in_order, renaming_in_reverse};
pub use rules::{
    accept_never_closes, all_is_every_number, drop_never_opens, duplicate_rule,
    members_stand_for_their_group, priorities_are_ranks, shadowed_rule, split_block, split_ports,
    without_accept_nothing_opens, without_drop_nothing_closes,
};
pub use steps::{
    back_and_forth, joined_and_left, nothing_leaves, steps_lose_what_the_whole_loses, view_is_a_new_export,
    waves_end_alike,
};
pub use transit::{no_transient_exposure, no_transient_outage};

/// A law that does not hold of an estate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct LawViolation {
    /// What was found, with the flow or the entry.
    pub message: String,
}

/// What a law is: a question that every estate and every removal answers with yes.
pub type Check = fn(&Inventory, &[ArbRemoval]) -> Result<(), LawViolation>;

/// One law.
#[derive(Debug, Clone, Copy)]
pub struct Law {
    /// A short name.
    pub name: &'static str,
    /// What holds.
    pub statement: &'static str,
    /// The number of the metamorphic relation, `MR-` and 1 to 42, or what else it follows from.
    pub reference: &'static str,
    /// The law. Removals name interfaces whose groups are known, and groups they are in.
    pub check: Check,
    /// What it depends on, where it does not hold of everything.
    pub condition: Option<Condition>,
}

/// Why a law is not unconditional.
#[derive(Debug, Clone, Copy)]
pub struct Condition {
    /// What must be so; the check makes it so.
    pub text: &'static str,
    /// The law without its condition.
    pub bare: Check,
    /// An estate, in the notation of [`world`](super::world), of which the bare law does not hold.
    pub world: &'static str,
    /// What leaves: names of interfaces, groups left and groups joined instead, as `A@G1` or `A@G1>G2`.
    pub leaves: &'static str,
}
