//! The list of removals: what is not understood is refused before the export is read.

use super::{Scene, assert_refused, run};

/// A command with removals and an export that is not there: what is refused is the removals.
fn refused(scene: &Scene, arguments: &[&str], code: i32, error: &str) -> String {
    let command = scene.sgleave(["simulate", "-i", "missing"]).args(arguments);
    assert_refused(command, code, error)
}

#[test]
fn no_removal_is_a_usage_error() {
    let scene = Scene::new();
    scene.write("empty.csv", "target,group\n");
    scene.write("empty.json", "[]");
    refused(&scene, &[], 2, "there is no removal");
    refused(&scene, &["--removals", "empty.csv"], 2, "there is no removal");
    refused(&scene, &["--removals", "empty.json"], 2, "there is no removal");
    refused(&scene, &["--from", "sg-web"], 2, "there is no removal");
    let explain = ["explain", "-i", "missing", "i-web-1", "i-web-2", "tcp/22", "--removals", "empty.csv"];
    assert_refused(scene.sgleave(explain), 2, "there is no removal");
}

#[test]
fn an_empty_list_is_accepted_on_request() {
    let scene = Scene::new();
    scene.write("empty.csv", "target,group\n");
    let accepted = ["simulate", "-i", "export", "--removals", "empty.csv", "--allow-empty"];
    let said = run(scene.sgleave(accepted).args(["--exit-code", "-f", "json"]));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert!(said.stdout.contains(r#""verdict": "safe""#), "{}", said.stdout);
}

#[test]
fn an_argument_of_another_form_is_a_usage_error() {
    let scene = Scene::new();
    refused(&scene, &["i-web-1"], 2, "`i-web-1` is not of the form `TARGET:GROUP`");
    refused(&scene, &["i-web-1:sg-a:sg-b"], 2, "`i-web-1:sg-a:sg-b` is not of the form `TARGET:GROUP`");
    refused(&scene, &["--move", "i-web-1:sg-a"], 2, "`i-web-1:sg-a` is not of the form `TARGET:OLD:NEW`");
    refused(
        &scene,
        &["--from", "sg-web", "i-web-1:sg-web"],
        2,
        "`i-web-1:sg-web` names a group of its own beside `--from sg-web`",
    );
}

#[test]
fn an_id_with_a_character_that_no_id_has_is_named_by_code_point() {
    let scene = Scene::new();
    refused(&scene, &["i-web-1\u{200b}:sg-web"], 3, "the id `i-web-1\\u{200b}` holds U+200B at character 8");
    refused(
        &scene,
        &["--from", "sg-w\u{435}b", "i-web-1"],
        3,
        "the id `sg-w\\u{435}b` holds U+0435 at character 5",
    );
    refused(&scene, &["--move", "i-web-1: sg-a:sg-b"], 3, "the id ` sg-a` holds U+0020 at character 1");
    scene.write("list.csv", "target,group\ni-web-1,sg-web\u{a0}\n");
    refused(
        &scene,
        &["--removals", "list.csv"],
        3,
        "list.csv at line 2: the id `sg-web\\u{a0}` holds U+00A0",
    );
}

#[test]
fn a_list_with_a_fault_is_refused_with_its_place() {
    let scene = Scene::new();
    scene.write("columns.csv", "target,group,owner,zone\n");
    refused(
        &scene,
        &["--removals", "columns.csv"],
        3,
        "columns.csv at line 1: unknown columns `owner`, `zone`",
    );
    scene.write("both.json", r#"[{"instance_id":"i-web-1","interface_id":"eni-web-1","group":"sg-web"}]"#);
    let stderr = refused(&scene, &["--removals", "both.json"], 3, "both.json at entry 1: both ");
    assert!(stderr.contains("InvalidParam.EniIdAndInstanceId.Conflict"), "{stderr}");
    scene.write("keys.json", r#"[{"target":"i-web-1","sg":"sg-web"}]"#);
    refused(&scene, &["--removals", "keys.json"], 3, "keys.json at line 1 column 25: unknown field `sg`");
    std::fs::write(scene.path("latin.csv"), b"target,group,reason\ni-web-1,sg-web,caf\xe9\n").unwrap();
    refused(&scene, &["--removals", "latin.csv"], 3, "latin.csv at byte 38: not valid UTF-8");
    refused(&scene, &["--removals", "missing.csv"], 3, "cannot read `missing.csv`: ");
    refused(&scene, &["--removals", "export"], 3, "cannot read `export`: it is a folder");
}

#[test]
fn paperwork_that_contradicts_itself_is_refused() {
    let scene = Scene::new();
    scene.write("list.csv", "target,group,ticket\ni-web-1,sg-web,CHG-1\ni-web-1,sg-web,CHG-2\n");
    let error = "the removal of `i-web-1` from `sg-web` is listed twice, with ticket `CHG-1` and `CHG-2`";
    refused(&scene, &["--removals", "list.csv"], 3, error);
}

#[test]
fn a_repetition_is_counted_once_and_said() {
    let scene = Scene::new();
    scene.write("list.csv", "target,group\ni-web-1,sg-web\ni-web-1,sg-web\n");
    let stderr = refused(&scene, &["--removals", "list.csv", "i-web-1:sg-web"], 3, "cannot read `missing`");
    assert!(stderr.starts_with("note: 2 removals are named more than once and counted once\n"), "{stderr}");
    let quiet = refused(&scene, &["-q", "--removals", "list.csv"], 3, "cannot read `missing`");
    assert!(!quiet.contains("note: "), "{quiet}");
}

#[test]
fn stdin_brings_one_list_or_one_export() {
    let scene = Scene::new();
    let list = "target,group,owner\n";
    let command = scene.sgleave(["simulate", "-i", "missing", "--removals", "-"]).stdin(list);
    assert_refused(command, 3, "<stdin> at line 1: unknown column `owner`");
    for arguments in [["-i", "-", "--removals", "-"], ["--removals", "-", "--removals", "-"]] {
        let command = scene.sgleave(["simulate", "-i", "missing"]).args(arguments).stdin(list);
        assert_refused(command, 2, "stdin is named twice");
    }
}
