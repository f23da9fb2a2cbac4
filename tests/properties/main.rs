//! The engine against the oracle, and laws, over random estates.

mod agreement;
mod order;
mod world;
