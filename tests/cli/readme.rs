//! The README's console blocks are run, and what they show is what happens.
//!
//! `TRYCMD=overwrite cargo test --all-features --test cli readme` writes the new output after a deliberate change.

#[test]
fn every_console_block_of_the_readme_is_true() {
    trycmd::TestCases::new().env("NO_COLOR", "1").case("README.md");
}
