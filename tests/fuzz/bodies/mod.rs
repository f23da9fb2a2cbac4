//! The bodies of the fuzzers: bytes come in, a promise is checked, a broken one panics.
//!
//! A body is fed by `tests/fuzz/targets` with new bytes and by `tests/replay` with the corpora, so what a fuzzer found
//! once is tested for good.

mod agreement;
mod draw;
mod estate;
mod export;
mod hostile;
mod inventory;
mod plans;
mod policies;
mod removals;
mod scalars;
mod writers;

/// Takes what a fuzzer made up; panics where a promise is broken.
pub type Body = fn(&[u8]);

/// Every body by the name of its target and its corpus.
pub const BODIES: [(&str, Body); 12] = [
    ("agreement", agreement::engine_agrees_with_oracle),
    ("inventory_bytes", inventory::any_bytes_are_read_or_refused),
    ("inventory_export", export::a_damaged_export_is_read_or_refused),
    ("inventory_order", inventory::order_changes_nothing),
    ("plan_json", plans::json),
    ("policy_yaml", policies::yaml),
    ("removals_csv", removals::csv),
    ("removals_json", removals::json),
    ("scalars", scalars::single_values),
    ("writer_csv", writers::csv),
    ("writer_json", writers::json),
    ("writer_text", writers::text),
];

/// Runs the body of that name.
pub fn run(target: &str, bytes: &[u8]) {
    let (_, body) = BODIES.iter().find(|(name, _)| *name == target).expect("the target has a body");
    body(bytes);
}
