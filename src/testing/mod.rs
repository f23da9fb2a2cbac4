//! Side door: what a user's own CI can run, and ours does (feature `proptest1`).
//!
//! [`outcomes`] is the oracle: the semantics once more, naive, one packet at a time. [`world`] builds an inventory
//! from a few lines of text; [`arb_inventory`] and [`arb_removals`] draw small ones in which removals matter, and
//! [`sample`] takes one value out of a strategy. [`probe_packets`] and [`probe_addresses`] name the traffic at which
//! an answer can begin or end to differ.

mod export;
mod inventory;
pub mod laws;
mod leaves;
mod notation;
mod oracle;
#[cfg(test)]
mod oracle_gaps;
#[cfg(test)]
mod oracle_laws;
mod outcome;
mod probe;
mod reading;
mod removals;
mod sample;
#[cfg(test)]
mod worked_cases;

pub use export::{export, export_in_pages};
pub use inventory::{Shape, arb_inventory};
pub use leaves::leaves;
pub use notation::{NotationError, world};
pub use oracle::outcomes;
pub use outcome::{Change, End, Kinds, Memberships, Order, Settings, baseline, change};
pub use probe::{probe_addresses, probe_packets};
pub use removals::{ArbRemoval, apply, arb_removals, named_removals};
pub use sample::sample;
