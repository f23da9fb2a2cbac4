//! `plan`, its signature, and `verify`: when a plan is written, and what a plan is against a fresh export.

use std::fs;

use serde_json::Value;

use super::hostile::{names, renamed};
use super::{Call, Scene, assert_refused, names_in, run, sgleave};

/// A pair made with `openssl genpkey -algorithm ed25519` for this test, and the public half of another.
const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIIKjvFYKSmuFrLpDpza7H/Y/pYvkiO6ImSOyVyi7QtMz\n-----END PRIVATE KEY-----\n";
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAVUKVg9t+snkluyO5MxTJotP7xckxt1F55MzXlECyEUk=\n-----END PUBLIC KEY-----\n";
const OTHER: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

/// Clear under the usual policies: nothing is lost and nothing opens.
const CLEAR: &str = "i-web-1:sg-web-old";

fn plan(scene: &Scene, removal: &str) -> Call {
    sgleave(["plan", "-i", "fixtures/demo", removal, "--today", "2026-01-01", "--created-at"])
        .args(["2026-01-01T00:00:00Z", "--out"])
        .arg(scene.path("change"))
}

/// A folder with a plan for the demo in `change/`.
fn planned() -> Scene {
    let scene = Scene::new();
    let said = run(plan(&scene, CLEAR));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.starts_with("CLEAR  i-web-1 leaves sg-web-old"), "{}", said.stdout);
    scene
}

fn document(scene: &Scene) -> Value {
    serde_json::from_str(&fs::read_to_string(scene.path("change/plan.json")).unwrap()).unwrap()
}

#[test]
fn a_cleared_change_becomes_a_folder_of_three_files() {
    let scene = planned();
    assert_eq!(names_in(&scene.path("change")), ["plan.json", "plan.md", "runner.py"]);
    let plan = document(&scene);
    assert_eq!(plan["account_id"], "1234567890123456");
    assert_eq!(plan["created_at"], "2026-01-01T00:00:00Z");
    assert_eq!(plan["steps"][0]["action"], "ModifyInstanceAttribute");
    let runner = fs::read_to_string(scene.path("change/runner.py")).unwrap();
    assert_eq!(runner, fs::read_to_string("src/plan/emit/runner.py").unwrap());
    assert!(
        fs::read_to_string(scene.path("change/plan.md")).unwrap().contains("SecurityGroupIds=\\[sg-ops, ")
    );
}

#[test]
fn the_same_change_is_the_same_plan() {
    let written = |threads: &str| {
        let scene = Scene::new();
        assert_eq!(run(plan(&scene, CLEAR).args(["--threads", threads])).code, 0);
        fs::read_to_string(scene.path("change/plan.json")).unwrap()
    };
    assert_eq!(written("1"), written("4"));
}

#[test]
fn what_is_not_cleared_has_no_plan() {
    for (removal, code) in [("i-worker-1:sg-quarantine", 1), ("i-api-1:sg-api-freeze", 4)] {
        let scene = Scene::new();
        let said = run(plan(&scene, removal));
        assert_eq!(said.code, code, "{}", said.stderr);
        assert!(said.stderr.contains("note: there is no plan"), "{}", said.stderr);
        assert!(!scene.path("change").exists());
    }
    for (removal, code, error) in [
        ("i-nobody:sg-web", 3, "no instance or interface `i-nobody`"),
        ("nonsense", 2, "`nonsense` is not of the form"),
    ] {
        let scene = Scene::new();
        assert_refused(plan(&scene, removal), code, error);
        assert!(!scene.path("change").exists());
    }
}

#[test]
fn a_plan_needs_a_folder_of_its_own_and_times_that_can_be_read() {
    let missing = run(sgleave(["plan", "-i", "fixtures/demo", CLEAR]));
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("--out <DIR>"), "{}", missing.stderr);
    let scene = planned();
    let before = fs::read_to_string(scene.path("change/plan.json")).unwrap();
    let again = run(plan(&scene, CLEAR));
    assert_eq!((again.code, again.stdout.as_str()), (2, ""));
    assert!(again.stderr.contains("change` is not empty"), "{}", again.stderr);
    assert_eq!(fs::read_to_string(scene.path("change/plan.json")).unwrap(), before);
    let old = Scene::new();
    let yesterday = ["--taken-at", "2025-12-31T00:00:00Z"];
    assert_refused(plan(&old, CLEAR).args(yesterday), 5, "the export was taken at 2025-12-31T00:00:00Z");
    assert_refused(
        plan(&old, CLEAR).args(["--taken-at", "2026-01-01T00:00:01Z"]),
        5,
        "the export was taken at",
    );
    assert!(!old.path("change").exists());
    let said = run(plan(&old, CLEAR).args(yesterday).args(["--max-age", "90000"]));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(document(&old)["inventory_taken_at"], "2025-12-31T00:00:00Z");
    assert_eq!(document(&old)["expires_at"], "2026-01-01T01:00:00Z");
    let fresh = Scene::new();
    assert_refused(plan(&fresh, CLEAR).args(["--not-after", "tonight"]), 2, "`tonight` is no time");
    assert_eq!(run(plan(&fresh, CLEAR).args(["--max-wave", "0"])).code, 2);
    assert!(!fresh.path("change").exists());
}

#[test]
fn a_plan_says_what_it_was_asked_for() {
    let scene = Scene::new();
    let asked = ["--api", "leave", "--soak", "60", "--wait", "20", "--max-age", "600", "--max-wave", "2"];
    let windows = ["--not-before", "2026-01-01T00:05:00Z", "--not-after", "2026-01-01T00:09:00Z"];
    let said = run(plan(&scene, CLEAR).args(asked).args(windows).arg("--rollback-permission-attested"));
    assert_eq!(said.code, 0, "{}", said.stderr);
    let plan = document(&scene);
    assert_eq!(plan["steps"][0]["action"], "LeaveSecurityGroup");
    assert_eq!(plan["soak_seconds"], 60);
    assert_eq!(plan["expires_at"], "2026-01-01T00:10:00Z");
    assert_eq!(plan["not_before"], "2026-01-01T00:05:00Z");
    assert_eq!(plan["not_after"], "2026-01-01T00:09:00Z");
    assert_eq!(plan["rollback_permission"], "attested");
}

#[test]
fn a_signature_is_of_the_plan_that_was_signed() {
    let scene = planned();
    scene.write("private.pem", PRIVATE);
    scene.write("public.pem", PUBLIC);
    scene.write("other.pem", OTHER);
    let said = run(scene.sgleave(["plan", "sign", "change/plan.json", "--key", "private.pem"]));
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.starts_with("SIGNED  sha256:"), "{}", said.stdout);
    let check = |key| scene.sgleave(["plan", "verify-signature", "change/plan.json", "--key", key]);
    assert_eq!(run(check("public.pem")).code, 0);
    assert_refused(check("other.pem"), 5, "the signature");
    assert_refused(check("private.pem"), 3, "no Ed25519 public key");
    assert_refused(check("nowhere.pem"), 3, "cannot read `nowhere.pem`");
    let text = fs::read_to_string(scene.path("change/plan.json")).unwrap();
    scene.write("change/plan.json", &text.replace("\"soak_seconds\": 910", "\"soak_seconds\": 0"));
    assert_refused(check("public.pem"), 5, "change/plan.json ");
    fs::remove_file(scene.path("change/plan.json.sig")).unwrap();
    scene.write("change/plan.json", &text);
    assert_refused(check("public.pem"), 3, "cannot read `change/plan.json.sig`");
}

/// Copies the demo into `fresh/`, each file changed by the function.
fn fresh(scene: &Scene, change: impl Fn(&str, String) -> String) {
    fs::create_dir(scene.path("fresh")).unwrap();
    for name in names_in("fixtures/demo".as_ref()) {
        let text = fs::read_to_string(format!("fixtures/demo/{name}")).unwrap();
        fs::write(scene.path("fresh").join(&name), change(&name, text)).unwrap();
    }
}

/// Takes `sg-web-old` from `i-web-1` wherever an answer tells the groups of an interface or an instance.
fn carried_out(_: &str, text: String) -> String {
    let mut answer: Value = serde_json::from_str(&text).unwrap();
    for items in ["/Instances/Instance", "/NetworkInterfaceSets/NetworkInterfaceSet"] {
        for one in answer.pointer_mut(items).and_then(Value::as_array_mut).into_iter().flatten() {
            if one["InstanceId"] == "i-web-1" {
                let groups = one["SecurityGroupIds"]["SecurityGroupId"].as_array_mut().unwrap();
                groups.retain(|group| group != "sg-web-old");
            }
        }
    }
    answer.to_string()
}

#[test]
fn a_fresh_export_is_not_started_done_or_drifted() {
    let verify = |scene: &Scene| scene.sgleave(["verify", "change/plan.json", "-i", "fresh"]);
    let same = planned();
    fresh(&same, |_, text| text);
    let said = run(verify(&same));
    assert_eq!(said.code, 0, "{}", said.stdout);
    assert!(said.stdout.starts_with("NOT-STARTED"), "{}", said.stdout);
    assert_eq!(run(verify(&same).args(["--expect", "done"])).code, 1);
    assert_eq!(run(verify(&same).args(["--expect", "not-started"])).code, 0);

    let done = planned();
    fresh(&done, carried_out);
    let said = run(verify(&done).args(["--expect", "done"]));
    assert_eq!(said.code, 0, "{}", said.stdout);
    assert!(said.stdout.starts_with("DONE"), "{}", said.stdout);

    let moved = planned();
    fresh(&moved, |name, text| {
        if name == "rules-sg-web-mesh.json" {
            text.replace("\"InnerAccessPolicy\": \"Accept\"", "\"InnerAccessPolicy\": \"Drop\"")
        } else {
            text
        }
    });
    let said = run(verify(&moved));
    assert_eq!(said.code, 1, "{}", said.stdout);
    assert!(said.stdout.starts_with("DRIFTED") && said.stdout.contains("sg-web-mesh"), "{}", said.stdout);
    let document: Value = serde_json::from_str(&run(verify(&moved).args(["-f", "json"])).stdout).unwrap();
    assert!(!document["drifts"].as_array().unwrap().is_empty());
}

#[test]
fn a_document_that_is_no_plan_is_named() {
    let scene = planned();
    let verify = |plan: &str| sgleave(["verify"]).arg(scene.path(plan)).args(["-i", "fixtures/demo"]);
    let refused = |call: Call, code: i32, what: &str| {
        let said = run(call);
        assert_eq!((said.code, said.stdout.as_str()), (code, ""), "{}", said.stderr);
        assert!(said.stderr.contains(what), "{}", said.stderr);
    };
    let text = fs::read_to_string(scene.path("change/plan.json")).unwrap();
    for (name, wrong, code, what) in [
        ("garbage.json", "{".to_owned(), 3, "garbage.json "),
        ("other.json", "{\"Instances\":{}}".to_owned(), 3, "other.json "),
        ("more.json", text.replacen('{', "{\"surprise\":1,", 1), 3, "more.json "),
        ("changed.json", text.replacen("sg-ops", "sg-api", 1), 5, "changed.json "),
    ] {
        scene.write(name, &wrong);
        refused(verify(name), code, what);
    }
    refused(verify("nowhere.json"), 3, "nowhere.json");
    refused(verify("change/plan.json").args(["-o"]).arg(scene.path("change/plan.json")), 2, "plan.json");
}

#[test]
fn a_name_reaches_neither_the_runner_nor_a_call() {
    for name in names() {
        let scene = renamed(&name);
        let removals = r#"[{ "target": "i-web-1", "group": "sg-web-old" }]"#;
        scene.write("removals.json", removals);
        // A key that nobody knows makes an answer incomplete, and an instance in no known state cannot be changed.
        for file in names_in(&scene.path("estate")) {
            let text = fs::read_to_string(scene.path("estate").join(&file)).unwrap();
            let mut answer: Value = serde_json::from_str(&text).unwrap();
            readable(&mut answer, &name);
            scene.write(&format!("estate/{file}"), &answer.to_string());
        }
        let call = ["plan", "-i", "estate", "--removals", "removals.json", "--out", "change"];
        let said = run(scene.sgleave(call).args(["--created-at", "2026-01-01T00:00:00Z"]));
        assert_eq!(said.code, 0, "{}{}", said.stdout, said.stderr);
        let runner = fs::read_to_string(scene.path("change/runner.py")).unwrap();
        assert_eq!(runner, fs::read_to_string("src/plan/emit/runner.py").unwrap());
        let clean = planned();
        assert_eq!(document(&scene)["steps"], document(&clean)["steps"]);
        let page = fs::read_to_string(scene.path("change/plan.md")).unwrap();
        assert!(
            !page.contains("<script") && !page.contains('\u{1b}') && !page.contains('\u{202e}'),
            "{page}"
        );
    }
}

/// Takes the unknown keys out, and gives instances and interfaces a state that allows a change.
fn readable(value: &mut Value, unknown: &str) {
    match value {
        Value::Object(map) => {
            map.remove(unknown);
            let state = if map.contains_key("InstanceName") { "Running" } else { "InUse" };
            if let Some(status) = map.get_mut("Status") {
                *status = state.into();
            }
            map.values_mut().for_each(|value| readable(value, unknown));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| readable(item, unknown)),
        _ => {}
    }
}
