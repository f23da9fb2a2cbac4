//! The corridor holds: a room knows the rooms to its left and nothing to its right.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in pipeline order; `generate` is a side room for `cli` alone, and `testing` is a side door that uses the
/// rooms up to `simulate`.
const ROOMS: [&str; 10] =
    ["netset", "inventory", "graph", "evaluate", "simulate", "policy", "plan", "report", "generate", "cli"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Returns the text without comments: a doc link may look to the right, code may not.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_room_knows_a_room_to_its_right() {
    let position: BTreeMap<&str, usize> = ROOMS.iter().enumerate().map(|(at, room)| (*room, at)).collect();
    let mut looked_at = 0;
    for room in ROOMS {
        for path in sources(&src().join(room)) {
            let text = code(&path);
            for other in ROOMS.iter().chain(&["testing"]) {
                let names = text.contains(&format!("crate::{other}"));
                let allowed = position.get(other).is_some_and(|at| *at <= position[room]);
                assert!(!names || allowed, "{} knows {other}", path.display());
                looked_at += usize::from(names);
            }
        }
    }
    assert!(looked_at > 20, "the test no longer sees how rooms name each other");
}

#[test]
fn the_generator_knows_no_other_room() {
    for path in sources(&src().join("generate")) {
        assert!(!code(&path).contains("crate::"), "{} knows a room", path.display());
    }
}

#[test]
fn every_folder_of_src_is_a_known_room() {
    for entry in fs::read_dir(src()).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            let name = entry.file_name().into_string().unwrap();
            assert!(ROOMS.contains(&name.as_str()) || name == "testing", "{name} is no room");
        }
    }
}

#[test]
fn the_clock_the_environment_and_the_streams_stay_in_cli() {
    for room in ROOMS.iter().filter(|room| **room != "cli") {
        for path in sources(&src().join(room)) {
            let text = code(&path);
            for word in [
                "std::env::",
                "SystemTime",
                "Instant::now",
                "io::stdout",
                "io::stderr",
                "println!",
                "std::fs",
            ] {
                assert!(!text.contains(word), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn petgraph_stays_in_graph() {
    for room in ROOMS.iter().filter(|room| **room != "graph") {
        for path in sources(&src().join(room)) {
            assert!(!code(&path).contains("petgraph"), "{} uses petgraph", path.display());
        }
    }
}

#[test]
fn no_code_opens_a_socket() {
    for path in sources(&src()) {
        let text = code(&path);
        for word in ["TcpStream", "UdpSocket", "TcpListener", "ToSocketAddrs"] {
            assert!(!text.contains(word), "{} uses {word}", path.display());
        }
    }
}
