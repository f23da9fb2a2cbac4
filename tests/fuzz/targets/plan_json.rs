#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sgleave_fuzz::bodies::run("plan_json", bytes));
