//! What the fuzzers found interesting, again, in every run of the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails, also in its helpers"
)]
#![allow(unreachable_pub, reason = "what one test module offers another is public to nobody else")]

#[path = "../fuzz/bodies/mod.rs"]
mod bodies;
#[path = "../properties/classes.rs"]
mod classes;
#[path = "../properties/compare.rs"]
#[allow(dead_code, reason = "shared with the property tests, which use all of it")]
mod compare;
#[path = "../properties/world.rs"]
#[allow(dead_code, reason = "shared with the property tests, which use all of it")]
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn names(folder: &str) -> BTreeSet<String> {
    let stem = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    entries(&fuzz().join(folder)).into_iter().map(stem).collect()
}

#[test]
fn every_target_has_a_body_and_a_corpus_and_the_reverse() {
    let bodies: BTreeSet<String> = bodies::BODIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(bodies, names("targets"));
    assert_eq!(bodies, names("corpus"));
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for name in &bodies {
        let target = fs::read_to_string(fuzz().join(format!("targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("bodies::run(\"{name}\"")), "the target {name} runs another body");
        assert!(manifest.contains(&format!("path = \"targets/{name}.rs\"")), "{name} is not in the manifest");
        assert!(!entries(&fuzz().join("corpus").join(name)).is_empty(), "the corpus of {name} is empty");
    }
}

#[test]
fn every_corpus_passes_its_body() {
    let mut failures: Vec<String> = bodies::BODIES
        .iter()
        .flat_map(|(name, _)| {
            entries(&fuzz().join("corpus").join(name)).into_iter().map(move |file| (*name, file))
        })
        .collect::<Vec<_>>()
        .into_par_iter()
        .filter_map(|(name, file)| {
            let bytes = fs::read(&file).unwrap();
            let result = catch_unwind(AssertUnwindSafe(|| bodies::run(name, &bytes)));
            result.is_err().then(|| file.display().to_string())
        })
        .collect();
    failures.sort();
    assert!(failures.is_empty(), "{failures:#?}");
}

/// What is not read as a plan shows nothing about plans.
#[test]
fn the_corpus_of_plans_holds_plans() {
    for name in ["modify", "leave"] {
        let text = fs::read_to_string(fuzz().join("corpus/plan_json").join(name)).unwrap();
        // The fuzzers cut longer inputs off.
        assert!(text.len() < 4096, "{name}: {}", text.len());
        serde_json::from_str::<sgleave::plan::Plan>(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
