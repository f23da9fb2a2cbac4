//! Real packets: random estates as packet filters of this machine's kernel, before and after a removal.
//!
//! An estate is compiled to nftables, without any code of the engine, in network namespaces of our own: one is the
//! vSwitch, one stands behind each interface, one is the outside. TCP connects, UDP and ICMP echoes and bare IP
//! packets say what passes. The removal is applied to the running rules, and both states and their difference must be
//! what the engine says.
//!
//! This proves that engine, rules and kernel agree on order, ranges, directions, families and sessions. It proves
//! nothing about the cloud's own reading of its documents: each run closes the open sentences on both sides alike.
//!
//! It needs root, `nft`, `ip` and `conntrack`. Where they are missing the tests say so and pass, except with
//! `CI=true`. `SGLEAVE_WIRE_ESTATES` is the number of estates, `SGLEAVE_WIRE_SEED` where they start;
//! without them the gate asks many and an ordinary run a few.

// Network namespaces exist nowhere else.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails, also in its helpers; what a run met is worth reading"
)]
#![allow(unreachable_pub, reason = "what one test module offers another is public to nobody else")]

mod engine;
mod estate;
mod fabric;
mod fault;
mod prober;
mod requirements;
mod ruleset;
mod session;
mod sockets;
mod wire;
#[path = "../properties/world.rs"]
#[allow(dead_code, reason = "the shares of the random comparison are of no use here")]
mod world;
