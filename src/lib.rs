#![doc = include_str!("../README.md")]

#[cfg(feature = "cli")]
pub mod cli;
pub mod evaluate;
pub mod generate;
pub mod graph;
mod hex;
pub mod inventory;
pub mod netset;
mod parallel;
pub mod plan;
pub mod policy;
pub mod report;
pub mod simulate;
mod steering;
#[cfg(feature = "proptest1")]
pub mod testing;
