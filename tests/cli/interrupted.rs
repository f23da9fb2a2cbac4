//! A signal leaves the results of the previous run, or those of this one, and nothing of the way between them.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::{Scene, names_in, program, run};

/// A run that has written its file beside its place and is stuck on a stdout that nobody reads: its result is longer than a
/// pipe takes without a reader.
fn stuck(scene: &Scene) -> Child {
    let generate = ["generate", "--interfaces", "200", "--out", "estate"];
    assert_eq!(run(scene.sgleave(generate)).code, 0);
    let child = Command::new(program())
        .args(["simulate", "-f", "json", "--report", "text=result.txt", "-i", "estate/export"])
        .args(["--removals", "estate/removals.csv"])
        .current_dir(scene.folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !scene.names().iter().any(|name| name.ends_with(".part")) {
        sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_signal_ends_the_run_and_takes_the_unfinished_file_along() {
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let scene = Scene::new();
        scene.write("result.txt", "previous");
        let child = stuck(&scene);
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
        // The reader comes only after the end: until then the run could not go on.
        let mut child = child;
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(number));
        assert_eq!(scene.names(), ["estate", "export", "result.txt"]);
        assert_eq!(fs::read_to_string(scene.path("result.txt")).unwrap(), "previous");
    }
}

#[test]
fn without_a_signal_the_same_run_gives_its_file_the_name() {
    let scene = Scene::new();
    let output = stuck(&scene).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.len() > 65_536, "the result fits into a pipe, so the run was never stuck");
    assert_eq!(scene.names(), ["estate", "export", "result.txt"]);
}

#[test]
fn a_signal_takes_an_unfinished_estate_along() {
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let scene = Scene::new();
        let mut child = Command::new(program())
            .args(["generate", "--interfaces", "1000000", "--out", "estate"])
            .current_dir(scene.folder.path())
            .spawn()
            .unwrap();
        let estate = scene.path("estate");
        let is_begun = || {
            let parts = fs::read_dir(&estate).into_iter().flatten();
            parts.flatten().any(|part| part.path().join("export").is_dir())
        };
        while !is_begun() {
            sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().signal(), Some(number));
        assert_eq!(names_in(&estate), [""; 0]);
    }
}

#[test]
fn a_signal_takes_the_unfinished_parts_of_an_audit_along() {
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let scene = Scene::new();
        let generate = ["generate", "--interfaces", "200", "--out", "estate"];
        assert_eq!(run(scene.sgleave(generate)).code, 0);
        scene.write("audit.csv", "previous");
        let before = scene.names();
        let mut child = Command::new(program())
            .args(["audit", "-i", "estate/export", "-f", "jsonl", "--report", "csv=audit.csv"])
            .current_dir(scene.folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        while !scene.names().iter().any(|name| name.ends_with(".part")) {
            sleep(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
        assert_eq!(
            child.wait().unwrap().signal(),
            Some(number),
            "nobody read, so it could not end by itself"
        );
        assert_eq!(scene.names(), before);
        assert_eq!(fs::read_to_string(scene.path("audit.csv")).unwrap(), "previous");
    }
}
