//! From the bytes of an export to what the outside sees, room by room.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, also in its helpers"
)]

mod architecture;
mod audit;
mod cases;
mod completeness;
mod demo;
mod generate;
mod inventory;
mod plan;
mod policy;
mod report;
mod simulate;
mod support;
mod wording;
