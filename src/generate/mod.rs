//! Side room: a synthetic estate, written as the API would answer.
//!
//! Options come in and the files of an export go out, one after the other, with a list of removals to try on it.
//!
//! 1. Everything is computed from the seed and an index, so an estate of any size is written without being held: the
//!    same options give the same bytes on every machine, and what is kept is a counter or two a group.
//! 2. A realistic estate is skewed as real ones are: most interfaces stand in a base group of 2,000, a bastion and a
//!    monitor reach everything, teams share their sets of groups, and tickets left address rules behind, few in most
//!    groups and many in some. The other shapes each push one thing to its end.
//! 3. An estate is complete: lists are resolved, pages are chained, counts agree, and no quota is broken.
//!
//! No other room is used here. What is written is read by [`inventory`](crate::inventory) as any other export, which
//! makes the two check each other.

mod dice;
mod export;
mod group_records;
mod layout;
mod lists;
mod members;
mod names;
mod options;
mod pages;
mod records;
mod removals;
mod rules;

pub use export::{EstateTotals, write_estate};
pub use options::{EstateOptions, EstateOptionsError, EstateShape};
