#![doc = include_str!("../README.md")]

pub mod inventory;
pub mod netset;
#[cfg(feature = "proptest1")]
pub mod testing;
