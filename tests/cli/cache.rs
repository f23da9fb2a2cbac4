//! A cache changes how long a run takes, and nothing that it says.

use std::fs;
use std::path::{Path, PathBuf};

use super::samples::{first_membership, samples};
use super::{Call, Said, Scene, assert_refused, names_in, run};

const FORMATS: [&str; 3] = ["text", "json", "csv"];
pub(super) const REMOVAL: &str = "i-web-1:sg-web";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

impl Scene {
    /// `simulate` over the export, with the cache in `cache/`.
    pub(super) fn cached(&self) -> Call {
        self.sgleave(["simulate", "-v", "-i", "export", "--cache", "cache", "-f", "json", REMOVAL])
    }

    /// The one entry.
    pub(super) fn entry(&self) -> PathBuf {
        let names = names_in(&self.path("cache"));
        assert!(names.len() == 1 && names[0].ends_with(".inventory"), "{names:?}");
        self.path("cache").join(&names[0])
    }
}

fn is_hit(said: &Said) -> bool {
    said.stderr
        .lines()
        .any(|line| line.starts_with("note: `cache/") && line.ends_with("` holds what they say"))
}

/// Runs it, and asserts that the answer is this one and whether the cache had it.
#[track_caller]
pub(super) fn assert_says(call: Call, expected: &Said, hit: bool) -> Said {
    let said = run(call);
    assert_eq!((said.code, &said.stdout), (expected.code, &expected.stdout), "{}", said.stderr);
    assert_eq!(is_hit(&said), hit, "{}", said.stderr);
    said
}

/// Runs a command over a file or folder three times: without a cache, with an empty one, and with one that has it.
#[track_caller]
fn assert_same(arguments: &[&str], input: &Path) {
    let scene = Scene::new();
    let call = || scene.sgleave([]).args(arguments).arg("-i").arg(input);
    let expected = run(call());
    for round in 0..2 {
        let said = run(call().args(["--cache", "cache"]));
        let context = format!("{arguments:?} {} round {round}", input.display());
        assert_eq!(said.stdout, expected.stdout, "{context}");
        assert_eq!((said.code, said.stderr), (expected.code, expected.stderr.clone()), "{context}");
    }
    // Only an error of the export itself leaves nothing to keep.
    let is_kept = expected.code == 0 || expected.stderr.contains("no instance or interface");
    assert_eq!(
        names_in(&scene.path("cache")).len(),
        usize::from(is_kept),
        "{arguments:?} {}",
        input.display()
    );
}

#[test]
fn every_answer_is_the_same_in_every_format() {
    let demo = fixtures().join("demo");
    let whole = fixtures().join("inventory/whole");
    for format in FORMATS {
        assert_same(&["inspect", "-f", format], &demo);
        assert_same(&["inspect", "-f", format], &whole);
        for removal in ["i-worker-1:sg-quarantine", "i-web-2:sg-web-old", "i-nobody:sg-none"] {
            assert_same(&["simulate", "-f", format, removal], &demo);
        }
    }
    assert_same(&["explain", "i-worker-1", "i-db-1", "tcp/5432", "i-worker-1:sg-quarantine"], &demo);
}

#[test]
fn issues_and_gaps_are_the_same() {
    for entry in fs::read_dir(fixtures().join("inventory")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_same(&["inspect", "-f", "json"], &path);
        }
    }
    for entry in fs::read_dir(fixtures().join("law")).unwrap() {
        assert_same(&["inspect", "-f", "json"], &entry.unwrap().path());
    }
}

#[test]
fn every_sample_is_read_or_refused_as_without_a_cache() {
    let Some(root) = samples() else { return };
    for folder in [root.clone(), root.join("synthetic")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() || path.ends_with("SOURCES.md") {
                continue;
            }
            assert_same(&["inspect", "-f", "json"], &path);
            if let Some(removal) = first_membership(&path) {
                assert_same(&["simulate", "-f", "json", &removal], &path);
            }
        }
    }
}

#[test]
fn the_second_run_takes_what_the_first_one_kept() {
    let scene = Scene::new();
    let expected = assert_says(scene.cached(), &run(scene.cached()), true);
    assert_eq!(names_in(&scene.path("cache")).len(), 1);
    // Nothing of the command belongs to an entry.
    let other = scene.sgleave(["inspect", "-v", "--threads", "1", "-i", "export", "--cache", "cache"]);
    assert!(is_hit(&run(other)));
    let other = scene.sgleave(["simulate", "-i", "export", "i-web-2:sg-base"]);
    let cached = ["simulate", "-v", "-i", "export", "--cache", "cache", "i-web-2:sg-base"];
    assert_says(scene.sgleave(cached), &run(other), true);
    assert_eq!(names_in(&scene.path("cache")).len(), 1);
    assert!(expected.stdout.starts_with('{'));
}

#[test]
fn another_export_is_another_entry() {
    let scene = Scene::new();
    let first = run(scene.cached());
    let groups = fs::read_to_string(scene.path("export/groups.json")).unwrap();
    // One byte that changes the answer, one that does not, and the first again.
    scene.write("export/groups.json", &groups.replace("\"web\"", "\"wEb\""));
    let uncached = || scene.sgleave(["simulate", "-i", "export", "-f", "json", REMOVAL]);
    let changed = assert_says(scene.cached(), &run(uncached()), false);
    assert_ne!(changed.stdout, first.stdout);
    assert_says(scene.cached(), &changed, true);
    scene.write("export/groups.json", &format!("{groups} "));
    assert_says(scene.cached(), &first, false);
    scene.write("export/groups.json", &groups);
    assert_says(scene.cached(), &first, true);
    // The name of a file is in what is said about it.
    fs::rename(scene.path("export/sg-web.json"), scene.path("export/rules.json")).unwrap();
    assert_says(scene.cached(), &run(uncached()), false);
    fs::remove_file(scene.path("export/rules.json")).unwrap();
    let fewer = assert_says(scene.cached(), &run(uncached()), false);
    assert!(fewer.stdout.contains("no-attribute-export"));
    assert_eq!(names_in(&scene.path("cache")).len(), 5);
}

#[test]
fn names_in_issues_are_those_of_this_run() {
    let scene = Scene::new();
    let inspect =
        |export: &str| scene.sgleave(["inspect", "-v", "-f", "json", "--cache", "cache", "-i", export]);
    fs::remove_file(scene.path("export/sg-web.json")).unwrap();
    let first = run(inspect("export"));
    fs::rename(scene.path("export"), scene.path("other")).unwrap();
    let said = run(inspect("other"));
    assert!(!is_hit(&said) && said.stdout.contains("other/groups.json"), "{}", said.stdout);
    assert!(first.stdout.contains("export/groups.json") && !said.stdout.contains("export/groups.json"));
}

#[test]
fn stdin_belongs_to_the_key() {
    let scene = Scene::new();
    let groups = fs::read_to_string(scene.path("export/groups.json")).unwrap();
    fs::remove_file(scene.path("export/groups.json")).unwrap();
    let call = |text: &str| {
        scene.sgleave(["inspect", "-v", "-i", "-", "-i", "export", "--cache", "cache"]).stdin(text)
    };
    let uncached = run(scene.sgleave(["inspect", "-i", "-", "-i", "export"]).stdin(&groups));
    assert_says(call(&groups), &uncached, false);
    assert_says(call(&groups), &uncached, true);
    let other = groups.replace("\"web\"", "\"wEb\"");
    assert!(!is_hit(&run(call(&other))));
}

#[test]
fn errors_and_limits_are_those_of_a_run_without_a_cache() {
    let scene = Scene::new();
    run(scene.cached());
    let limited = ["inspect", "-i", "export", "--cache", "cache", "--max-input-bytes", "100"];
    assert_refused(scene.sgleave(limited), 3, "`export/");
    let doubled = ["inspect", "-v", "-i", "export", "-i", "export/groups.json", "--cache", "cache"];
    let said = run(scene.sgleave(doubled));
    assert!(
        said.stderr.contains("note: `export/groups.json` is a file that was already read"),
        "{}",
        said.stderr
    );
    assert!(is_hit(&said));
    scene.write("export/broken.json", "{");
    assert_refused(scene.cached(), 3, "export/broken.json at line 1 column 1: ");
    assert_refused(scene.cached(), 3, "export/broken.json at line 1 column 1: ");
    assert_eq!(names_in(&scene.path("cache")).len(), 1);
}
