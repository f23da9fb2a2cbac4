//! The runner of plans: with the real SDK against a service on the loopback interface, and its digests against ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Python that has the SDK. In CI there must be one.
fn python() -> Option<PathBuf> {
    let given = std::env::var_os("SGLEAVE_PYTHON").map(PathBuf::from);
    let is_ci = std::env::var("CI").as_deref() == Ok("true");
    assert!(given.is_some() || !is_ci, "SGLEAVE_PYTHON names no Python with alibabacloud-ecs20140526");
    if given.is_none() {
        eprintln!("skipped, the runner cannot be tested here: SGLEAVE_PYTHON names no Python with the SDK");
    }
    given
}

#[test]
fn crashes_faults_and_drifts_end_before_or_after_and_never_between() {
    let Some(python) = python() else { return };
    let mut campaign = Command::new(python);
    campaign.arg(root().join("tests/runner/campaign.py")).arg(env!("CARGO_BIN_EXE_sgleave"));
    if std::env::var("CI").as_deref() != Ok("true") {
        campaign.arg("--quick");
    }
    let done = campaign.stdin(Stdio::null()).output().unwrap();
    let (said, wrong) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    eprintln!("{said}");
    assert!(done.status.success(), "{said}\n{wrong}");
    assert!(said.trim_end().ends_with("runs passed, 0 failed"), "{said}");
}

#[test]
fn the_runner_reads_a_random_estate_as_the_plan_has_it() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let plans = sgleave_plans(folder.path(), 150);
    assert!(plans > 40, "only {plans} estates have a plan");
    let script = root().join("tests/runner/digests.py");
    let done = Command::new(python).arg(script).arg(folder.path()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{said}\n{}", String::from_utf8_lossy(&done.stderr));
    assert_eq!(said.trim(), format!("{plans} plans agree"));
}

/// Writes random estates as exports, and a plan for each that has one; returns how many have.
fn sgleave_plans(folder: &Path, seeds: u64) -> usize {
    use sgleave::testing::{Shape, arb_inventory, arb_removals, export_in_pages, named_removals, sample};
    let levels = sgleave::policy::POLICIES.iter().filter(|policy| policy.is_default);
    let levels: String = levels.map(|policy| format!("  {}: inform\n", policy.code)).collect();
    let policy = folder.join("lenient.yaml");
    fs::write(&policy, format!("version: 1\nlevels:\n{levels}")).unwrap();
    let mut made = 0;
    for seed in 0..seeds {
        let inventory = sample(&arb_inventory(&Shape::default()), seed);
        let removals = named_removals(&inventory, &sample(&arb_removals(&inventory), seed));
        let estate = folder.join(format!("{seed}"));
        fs::create_dir_all(estate.join("export")).unwrap();
        for (name, text) in export_in_pages(&inventory, 1_000) {
            fs::write(estate.join("export").join(name), text).unwrap();
        }
        let mut plan = Command::new(env!("CARGO_BIN_EXE_sgleave"));
        plan.args(["plan", "-q", "--account", "1234", "-p"]).arg(&policy);
        plan.arg("-i").arg(estate.join("export")).arg("--out").arg(estate.join("plan"));
        for removal in removals {
            match removal.join {
                Some(join) => plan.arg("--move").arg(format!("{}:{}:{join}", removal.target, removal.group)),
                None => plan.arg(format!("{}:{}", removal.target, removal.group)),
            };
        }
        made += usize::from(plan.output().unwrap().status.success());
    }
    made
}
