//! What the fuzzers run. The bodies are shared with `tests/replay`, which feeds them the committed corpora.

pub mod bodies;
#[path = "../properties/classes.rs"]
mod classes;
#[path = "../properties/compare.rs"]
#[allow(dead_code, reason = "shared with the property tests, which use all of it")]
mod compare;
#[path = "../properties/world.rs"]
#[allow(dead_code, reason = "shared with the property tests, which use all of it")]
mod world;
