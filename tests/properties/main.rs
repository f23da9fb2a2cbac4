//! The engine against the oracle, and laws, over random estates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, also in its helpers"
)]
#![allow(unreachable_pub, reason = "what one test module offers another is public to nobody else")]

mod agreement;
mod bugs;
mod causes;
mod classes;
mod compare;
mod draw;
mod evidence;
mod last_night;
mod laws;
mod leftovers;
mod marks;
mod order;
mod plan;
mod policies;
mod reach;
mod refusals;
mod small_worlds;
mod stored;
mod sweep;
mod what_if;
mod world;
