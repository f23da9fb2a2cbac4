#![doc = include_str!("../README.md")]

pub mod evaluate;
pub mod graph;
pub mod inventory;
pub mod netset;
pub mod report;
pub mod simulate;
#[cfg(feature = "proptest1")]
pub mod testing;
