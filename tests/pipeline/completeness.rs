//! Nothing lies around unused, unnamed or unsaid: files of tests, fixtures, schemas, commands, exit codes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sgleave::evaluate::{Flow, Readings, evaluate};
use sgleave::graph::SecurityGraph;
use sgleave::netset::Packet;
use sgleave::plan::{to_json, verify};
use sgleave::report::{
    AuditReport, AuditWriter, ExplanationReport, Format, InspectionReport, ReportContext, SCHEMAS,
    SimulationReport, Style, VerificationReport, schema, write_explanation, write_inspection,
    write_simulation, write_verification,
};
use sgleave::simulate::{Options, simulate};

use crate::support::{Names, fixtures, load_fixture, removal};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the entries of a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let nested = |path: PathBuf| if path.is_dir() { files_below(&path) } else { BTreeSet::from([path]) };
    entries(folder).into_iter().flat_map(nested).collect()
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// Collects a source file and the modules it declares, each in its file.
fn modules(file: &Path, used: &mut BTreeSet<PathBuf>) {
    used.insert(file.to_owned());
    let folder = match file_name(file) {
        "main.rs" | "mod.rs" => file.parent().unwrap().to_owned(),
        _ => file.with_extension(""),
    };
    let mut elsewhere = None;
    for line in read(file).lines() {
        let line = line.trim_start_matches("pub(crate) ");
        if let Some(name) = line.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) {
            let path = elsewhere.take().unwrap_or_else(|| format!("{name}.rs"));
            modules(&fs::canonicalize(folder.join(path)).unwrap(), used);
        }
        let path = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]"));
        elsewhere = path.map(str::to_owned).or(elsewhere);
    }
}

#[test]
fn every_file_of_the_tests_is_run_by_a_target() {
    let manifest = read("Cargo.toml");
    let mut used = BTreeSet::new();
    for target in entries(&root().join("tests")) {
        // A folder with a manifest of its own names its targets there.
        let own = target.join("Cargo.toml");
        if own.exists() {
            let manifest = read(own.strip_prefix(root()).unwrap());
            let named = files_below(&target).into_iter().filter(|file| {
                manifest.contains(&format!("path = \"{}\"", file.strip_prefix(&target).unwrap().display()))
            });
            used.extend(named.map(|file| fs::canonicalize(file).unwrap()));
            continue;
        }
        let path = format!("path = \"tests/{}/main.rs\"", file_name(&target));
        assert!(manifest.contains(&path), "Cargo.toml has no target with {path}");
        modules(&fs::canonicalize(target.join("main.rs")).unwrap(), &mut used);
    }
    // What a build of the fuzzers leaves behind is no source.
    let built = root().join("tests/fuzz/target");
    let is_source =
        |path: &PathBuf| path.extension().is_some_and(|ending| ending == "rs") && !path.starts_with(&built);
    let there: BTreeSet<PathBuf> = files_below(&root().join("tests")).into_iter().filter(is_source).collect();
    assert_eq!(there.difference(&used).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
}

#[test]
fn every_snapshot_has_its_test() {
    let mut looked_at = 0;
    for path in files_below(&root().join("tests")) {
        let Some(name) = file_name(&path).strip_suffix(".snap") else { continue };
        let snapshot = read(&path);
        let source = snapshot.lines().find_map(|line| line.strip_prefix("source: ")).unwrap();
        let test = name.rsplit("__").next().unwrap();
        assert!(read(source).contains(test), "{source} does not take {name}");
        looked_at += 1;
    }
    assert!(looked_at > 5, "the test no longer sees the snapshots");
}

/// Returns what a text names in backticks; `a01` … `a09` and `a01` to `a09` name everything between them.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut pieces = text.split('`');
    let (mut between, mut previous) = (pieces.next().unwrap_or(""), "");
    while let Some(quoted) = pieces.next() {
        let name = quoted.trim_end_matches('/').rsplit('/').next().unwrap();
        if [" … ", " to "].contains(&between) {
            let (letter, first) = previous.split_at(1);
            let range = first.parse::<u32>().unwrap()..=name[1..].parse().unwrap();
            names.extend(range.map(|number| format!("{letter}{number:02}")));
        }
        names.insert(name.to_owned());
        previous = name;
        between = pieces.next().unwrap_or("");
    }
    names
}

#[test]
fn every_fixture_is_named_where_fixtures_are_described() {
    let names = named(&read("fixtures/README.md"));
    let stem = |path: &Path| file_name(path).split('.').next().unwrap().to_owned();
    for path in entries(&fixtures()) {
        assert!(file_name(&path) == "README.md" || names.contains(file_name(&path)), "{}", path.display());
    }
    for path in entries(&fixtures().join("law")) {
        let is_named = names.contains(&stem(&path)) || names.contains(file_name(&path));
        assert!(is_named, "{}", path.display());
    }
    let names = named(&read("fixtures/inventory/README.md"));
    for path in entries(&fixtures().join("inventory")) {
        let number = stem(&path).split('-').next().unwrap().to_owned();
        assert!(file_name(&path) == "README.md" || names.contains(&number), "{}", path.display());
    }
}

#[test]
fn a_range_of_names_is_all_of_them() {
    let names = named("`law/C08` … `C11`, `demo/` and `i01` to `i02`, `x.json`");
    let expected = ["C08", "C09", "C10", "C11", "demo", "i01", "i02", "x.json"];
    assert_eq!(names, expected.map(str::to_owned).into());
}

/// Writes the document of a schema for the demo.
fn document(name: &str) -> Value {
    let graph = SecurityGraph::new(load_fixture("demo").unwrap());
    let context = ReportContext { tool_version: "0.0.0", ..ReportContext::default() };
    let (style, mut bytes) = (Style::default(), Vec::new());
    let removals = ["i-worker-1:sg-quarantine", "i-cache-1:sg-cache", "i-api-1:sg-api-freeze"].map(removal);
    let simulation = simulate(&graph, &removals, &Options::default()).unwrap();
    match name {
        "simulation" => {
            let report = SimulationReport::new(&simulation, &context);
            write_simulation(&report, Format::Json, &style, &mut bytes)
        }
        "inspection" => {
            let report = InspectionReport::new(&graph, &context);
            write_inspection(&report, Format::Json, &style, &mut bytes)
        }
        "explanation" => {
            let (names, readings) = (Names(&graph), Readings::default());
            let flow = Flow {
                source: names.endpoint("i-worker-1"),
                destination: names.endpoint("i-archive"),
                packet: Packet::tcp(49_152, 873),
            };
            let answer = evaluate(&graph.baseline(), &flow, &readings);
            let report = ExplanationReport::new(&graph, &context, &flow, &answer, Some(&answer), &readings);
            write_explanation(&report, Format::Json, &style, &mut bytes)
        }
        "audit" => {
            let report = AuditReport::new(&graph, &context, Readings::default());
            AuditWriter::new(&report, Format::Lines, &style, &mut bytes).map(|_| ())
        }
        "plan" => {
            bytes = to_json(&crate::plan::of_the_demo(&graph)).unwrap().into_bytes();
            Ok(())
        }
        "verification" => {
            let plan = crate::plan::of_the_demo(&graph);
            let found = verify(&plan, graph.inventory()).unwrap();
            let report = VerificationReport::new(&plan, &found, &context);
            write_verification(&report, Format::Json, &style, &mut bytes)
        }
        other => panic!("the demo gives no `{other}`"),
    }
    .unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn every_schema_describes_what_is_written_of_the_demo() {
    for name in SCHEMAS {
        let schema: Value = serde_json::from_str(&schema(name).unwrap()).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let document = document(name);
        let errors: Vec<String> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0], "{name}");
        assert_eq!(document["kind"], *name);
        assert!(!schema.is_valid(&Value::from(*name)), "{name} describes anything");
    }
}

#[test]
fn every_command_is_in_the_readme() {
    let (readme, arguments) = (read("README.md"), read("src/cli/args.rs"));
    let (_, commands) = arguments.split_once("enum Command {").unwrap();
    let (commands, _) = commands.split_once('}').unwrap();
    let names: Vec<&str> =
        commands.lines().filter_map(|line| line.trim().split_once('(')).map(|(name, _)| name).collect();
    assert!(names.contains(&"Simulate") && names.contains(&"Man"), "{names:?}");
    for name in names {
        let call = format!("`sgleave {}", name.to_lowercase());
        assert!(readme.contains(&call), "the README does not show {call}`");
    }
}

#[test]
fn every_exit_code_is_in_the_readme() {
    let (readme, source) = (read("README.md"), read("src/cli/exit.rs"));
    let constants: Vec<(&str, &str)> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.strip_suffix(';')?.split_once(": u8 = "))
        .collect();
    assert!(constants.contains(&("BUG", "70")), "{constants:?}");
    for (name, code) in constants {
        assert!(readme.contains(&format!("\n| {code} | ")), "the README has no row for {name}");
    }
}

#[test]
fn the_readme_shows_the_test_of_an_estate_that_is_run_here() {
    let test = read("tests/properties/last_night.rs");
    let (_, shown) = test.split_once("\n\n").unwrap();
    assert!(read("README.md").contains(&format!("```rust,ignore\n{shown}```")), "{shown}");
}
