//! A synthetic estate is written whole or not at all.

use std::fs;

use super::{Scene, assert_refused, names_in, run};

#[test]
fn an_estate_is_complete_and_its_removals_are_judged() {
    let scene = Scene::new();
    let said = run(scene.sgleave([
        "generate",
        "--interfaces",
        "300",
        "--seed",
        "7",
        "--removals",
        "4",
        "--out",
        "estate",
    ]));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert!(said.stdout.starts_with("GENERATED  "), "{}", said.stdout);
    assert!(said.stdout.contains(" 300 interfaces, 12 groups, "), "{}", said.stdout);
    assert_eq!(names_in(&scene.path("estate")), ["export", "removals.csv"]);
    let inspect = run(scene.sgleave(["inspect", "-i", "estate/export", "--exit-code"]));
    assert_eq!((inspect.code, inspect.stderr.as_str()), (0, ""));
    assert!(inspect.stdout.starts_with("COMPLETE  "), "{}", inspect.stdout);
    let simulate = ["simulate", "-i", "estate/export", "--removals", "estate/removals.csv"];
    let said = run(scene.sgleave(simulate));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.starts_with("IMPACT  "), "{}", said.stdout);
}

#[test]
fn every_size_that_is_named_counts() {
    let scene = Scene::new();
    let sizes =
        "generate --interfaces 200 --groups 30 --rules 900 --vpcs 3 --removals 10 --shape all-open --out a/";
    let mut call = scene.sgleave([]);
    call = call.args(sizes.split(' '));
    let said = run(call);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert!(said.stdout.contains(" 200 interfaces, 30 groups, "), "{}", said.stdout);
    assert!(said.stdout.contains(", 10 removals\n  a/export and a/removals.csv\n"), "{}", said.stdout);
}

#[test]
fn only_an_empty_folder_is_filled() {
    let scene = Scene::new();
    fs::create_dir(scene.path("empty")).unwrap();
    scene.write("file", "previous");
    assert_eq!(run(scene.sgleave(["generate", "--interfaces", "20", "--out", "empty"])).code, 0);
    let again = ["generate", "--interfaces", "20", "--out", "empty"];
    assert_refused(scene.sgleave(again), 2, "`empty` is not empty");
    assert_refused(
        scene.sgleave(["generate", "--interfaces", "20", "--out", "file"]),
        2,
        "`file` is no folder",
    );
    let deep = ["generate", "--interfaces", "20", "--out", "no/folder"];
    assert_refused(scene.sgleave(deep), 8, "cannot write to `no/folder`: ");
    assert_eq!(fs::read_to_string(scene.path("file")).unwrap(), "previous");
    assert_eq!(scene.names(), ["empty", "export", "file"]);
}

#[test]
fn an_estate_that_cannot_be_is_a_usage_error_and_leaves_nothing() {
    let scene = Scene::new();
    let none = ["generate", "--interfaces", "0", "--out", "estate"];
    assert_refused(scene.sgleave(none), 2, "`0` interfaces: ");
    let few = ["generate", "--interfaces", "100", "--groups", "3", "--out", "estate"];
    assert_refused(scene.sgleave(few), 2, "`3` groups for `2` VPCs: ");
    let many = ["generate", "--interfaces", "100", "--rules", "9000", "--out", "estate"];
    assert_refused(scene.sgleave(many), 2, "`9000` rules in `12` groups: ");
    assert_eq!(scene.names(), ["export"]);
}

/// A limit on the size of files is a full disk that needs no privilege.
#[test]
#[cfg(unix)]
fn a_disk_that_fills_up_leaves_no_estate() {
    let scene = Scene::new();
    for (blocks, folder) in [(0, "new"), (20, "new"), (200, "empty")] {
        let _ = fs::create_dir(scene.path("empty"));
        let line = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec $sgleave generate --interfaces 400 --out {folder}"
        );
        assert_refused(scene.shell(&line), 8, &format!("cannot write to `{folder}`: "));
        assert_eq!(scene.names(), ["empty", "export"], "{blocks} blocks");
        assert_eq!(names_in(&scene.path("empty")), [""; 0], "{blocks} blocks");
    }
}
