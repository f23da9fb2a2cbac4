//! Room 2: an [`Inventory`](crate::inventory::Inventory) becomes a [`SecurityGraph`].
//!
//! Nodes are instances, interfaces, groups and lists; edges say who is attached to whom, who is a member of what
//! (membership), and whose rules name whom (authorization). The graph is never changed: what an estate looks like
//! after a removal is a [`View`] of the same graph, so indices stay valid and before and after are read by the same
//! code.

mod held;
mod positions;
mod security_graph;
mod view;

pub use security_graph::{Authorization, GroupIx, InterfaceIx, RuleRef, SecurityGraph};
pub use view::View;
