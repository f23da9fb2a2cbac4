//! Side door: what a user's own CI can run, and ours does (feature `proptest1`).
//!
//! [`outcomes`] is the oracle: the semantics once more, naive, one packet at a time. [`world`] builds an inventory
//! from a few lines of text.

mod notation;
mod oracle;
#[cfg(test)]
mod worked_cases;

pub use notation::{NotationError, world};
pub use oracle::{Change, End, Kinds, Memberships, Order, Settings, baseline, change, outcomes};
