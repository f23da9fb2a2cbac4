//! Strategies over inventories: small worlds in which leaving a group matters.
//!
//! What is drawn is a plan of independent choices; references are positions that are resolved against what exists.
//! So every named thing exists unless a gap is wanted, and every failure shrinks.

mod build;
mod plan;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::Strategy;

use crate::inventory::Inventory;

/// How large a world is and what it may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Interfaces, at most.
    pub interfaces: usize,
    /// Groups, at most.
    pub groups: usize,
    /// Rules of one group, at most.
    pub rules: usize,
    /// Whether the three numbers are exact, for benches; failures of exact worlds do not shrink in size.
    pub exact: bool,
    /// IPv6 addresses and blocks.
    pub ipv6: bool,
    /// Prefixes delegated to interfaces.
    pub prefixes: bool,
    /// Prefix and port lists.
    pub lists: bool,
    /// Rules limited to source ports or to local addresses.
    pub narrowing: bool,
    /// Enterprise groups.
    pub enterprise: bool,
    /// A second VPC, with the same addresses.
    pub vpcs: bool,
    /// Missing evidence: unknown types, policies, lists, rules, groups and memberships, unevaluable rules.
    pub gaps: bool,
}

impl Default for Shape {
    /// Everything but gaps, small enough to compare packet by packet.
    fn default() -> Self {
        Self {
            interfaces: 4,
            groups: 4,
            rules: 4,
            exact: false,
            ipv6: true,
            prefixes: true,
            lists: true,
            narrowing: true,
            enterprise: true,
            vpcs: true,
            gaps: false,
        }
    }
}

impl Shape {
    fn count(self, most: usize, least: usize) -> SizeRange {
        if self.exact { most.into() } else { (least.min(most)..=most).into() }
    }
}

/// Draws an inventory that keeps every promise of the model.
pub fn arb_inventory(shape: &Shape) -> impl Strategy<Value = Inventory> + use<> {
    let shape = *shape;
    let lists = if shape.lists { 0..=2_usize } else { 0..=0 };
    (
        plan::chance(shape.vpcs, 0.3),
        vec(plan::group_plan(shape), shape.count(shape.groups, 2)),
        vec(plan::interface_plan(shape), shape.count(shape.interfaces, 2)),
        vec(vec(plan::block_plan(shape), 1..=3), lists.clone()),
        vec(vec(plan::ports(), 1..=3), lists),
        plan::motifs(shape),
    )
        .prop_map(move |(second_vpc, groups, interfaces, prefix_lists, port_lists, motifs)| {
            let plan = plan::WorldPlan { motifs, second_vpc, groups, interfaces, prefix_lists, port_lists };
            build::build(shape, &plan)
        })
}
