//! `check` and `policy`: the gate, its exceptions, and what a policy file is told when it is wrong.

use serde_json::Value;

use super::{Call, Scene, assert_refused, run, sgleave};

const REMOVAL: &str = "i-worker-1:sg-quarantine";

fn check<const N: usize>(more: [&str; N]) -> Call {
    sgleave(["check", "-i", "fixtures/demo", REMOVAL, "--today", "2026-01-01"]).args(more)
}

fn review(call: Call) -> Value {
    let said = run(call.args(["-f", "json"]));
    let document: Value = serde_json::from_str(&said.stdout).unwrap();
    document["review"].clone()
}

#[test]
fn the_exit_code_is_the_decision() {
    let demo = |removal| run(sgleave(["check", "-i", "fixtures/demo", removal])).code;
    assert_eq!(demo("i-web-2:sg-web-old"), 0);
    assert_eq!(demo(REMOVAL), 1);
    assert_eq!(demo("i-api-1:sg-api-freeze"), 4);
    assert_eq!(demo("i-nobody:sg-web"), 3);
    assert_eq!(demo("nonsense"), 2);
}

#[test]
fn the_first_line_names_policy_object_and_numbers() {
    let scene = Scene::new();
    scene.write(
        "team.yaml",
        "version: 1\npolicies:\n  - minimum-members: { group: sg-web-old, at-least: 9 }\n",
    );
    let policy = scene.path("team.yaml");
    let call = sgleave(["check", "-i", "fixtures/demo", "i-web-2:sg-web-old", "-p"]).arg(policy);
    let said = run(call);
    let first = said.stdout.lines().next().unwrap();
    assert!(
        first.starts_with("DENIED  i-web-2 leaves sg-web-old: minimum-members: sg-web-old would keep"),
        "{first}"
    );
    assert!(first.contains("< 9"), "{first}");
}

#[test]
fn an_exception_is_named_in_every_form() {
    let allowed = [
        "exposure-increased:i-worker-1",
        "isolated-peer:i-archive",
        "emptied-group:sg-quarantine",
        "dangling-reference:sg-quarantine",
    ];
    let call = || {
        let call = check(["--reason", "CHG-7"]);
        allowed.iter().fold(call, |call, one| call.args(["--allow", one]))
    };
    let said = run(call());
    assert_eq!(said.code, 0, "{}", said.stdout);
    assert!(
        said.stdout.starts_with(
            "CLEAR  i-worker-1 leaves sg-quarantine: nothing stands against it; 6 findings waived"
        )
    );
    assert!(said.stdout.contains("CHG-7"));
    let document = review(call());
    assert_eq!(
        (document["outcome"].as_str(), document["waivers"].as_array().unwrap().len()),
        (Some("clear"), 4)
    );
    let csv = run(call().args(["-f", "csv"])).stdout;
    let waived: Vec<&str> = csv.lines().filter(|line| line.contains(",waived,")).collect();
    assert_eq!(waived.len(), 6);
    assert!(waived.iter().all(|line| line.contains(",policy/") && line.contains("--allow ")), "{waived:#?}");
}

#[test]
fn an_exception_needs_a_form_a_reason_and_a_policy_that_exists() {
    assert_eq!(run(check(["--allow", "isolated-peer:i-archive"])).code, 2);
    assert_refused(
        check(["--allow", "isolated-peer", "--reason", "x"]),
        2,
        "`isolated-peer` is not of the form",
    );
    assert_refused(
        check(["--allow", "isolated-pear:i-a", "--reason", "x"]),
        2,
        "no policy or rule is called",
    );
    assert_refused(
        check(["--allow", "isolated-peer:i-a", "--reason", " "]),
        2,
        "an exception needs a reason",
    );
    let tomorrow = sgleave(["check", "-i", "fixtures/demo", REMOVAL, "--today", "tomorrow"]);
    assert_refused(tomorrow, 2, "`tomorrow` is no date");
}

#[test]
fn a_baseline_is_written_and_known() {
    let scene = Scene::new();
    let file = scene.path("known.json");
    let said = run(check(["--write-baseline"]).arg(&file));
    assert_eq!(said.code, 1, "{}", said.stderr);
    let known = run(check(["--baseline"]).arg(&file));
    assert_eq!(known.code, 0);
    assert!(known.stdout.contains("6 findings known from the baseline"), "{}", known.stdout);
    assert_refused(check(["--baseline", "fixtures/demo/groups.json"]), 3, "fixtures/demo/groups.json: ");
}

#[test]
fn a_waiver_ends() {
    let scene = Scene::new();
    scene.write(
        "team.yaml",
        "version: 1\nlevels: { exposure-increased: warn, emptied-group: warn, dangling-reference: warn }\n\
         waivers:\n  - { id: w, policy: isolated-peer, subject: i-archive, reason: r, owner: o, until: 2026-06-30 }\n",
    );
    let on = |day: &str| {
        let call = sgleave(["check", "-i", "fixtures/demo", REMOVAL, "--today", day, "-p"]);
        run(call.arg(scene.path("team.yaml")))
    };
    assert_eq!(on("2026-06-30").code, 0);
    let after = on("2026-07-01");
    assert_eq!(after.code, 1);
    assert!(after.stdout.contains("waiver-expired: waiver w ended on 2026-06-30"), "{}", after.stdout);
    assert!(after.stdout.contains("LOWERED"));
}

#[test]
fn an_error_in_a_policy_file_shows_the_word() {
    let scene = Scene::new();
    scene.write("team.yaml", "version: 1\npolicies:\n  - isolated-pear: {}\n");
    let said = run(check(["-p"]).arg(scene.path("team.yaml")));
    assert_eq!((said.code, said.stdout.as_str()), (3, ""));
    assert!(said.stderr.contains("team.yaml:3:5: there is no key `isolated-pear` here"), "{}", said.stderr);
    assert!(said.stderr.contains("  |   - isolated-pear: {}\n  |     ^^^^^^^^^^^^^"), "{}", said.stderr);
    assert!(said.stderr.contains("help: did you mean `isolated-peer`?"));
}

#[test]
fn the_policy_file_of_the_readme_holds_what_it_says() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let block = readme.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    let scene = Scene::new();
    scene.write("team.yaml", block);
    let file = scene.path("team.yaml");
    let said = run(sgleave(["policy", "test", "-i", "fixtures/demo", "-p"]).arg(&file));
    assert!(said.code == 0 && said.stdout.ends_with("1 tests, 0 failed\n"), "{}{}", said.stdout, said.stderr);
    let said = run(sgleave(["policy", "lint", "-i", "fixtures/demo", "-p"]).arg(&file));
    assert_eq!(said.code, 0, "{}", said.stderr);
    scene.write("team.yaml", &block.replace("outcome: denied", "outcome: clear"));
    let said = run(sgleave(["policy", "test", "-i", "fixtures/demo", "-p"]).arg(&file));
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("the review ends denied, and the test expects clear"), "{}", said.stdout);
}

#[test]
fn lint_tells_everything_at_once() {
    let scene = Scene::new();
    let rule = |id: &str| format!("  - id: {id}\n    protected: {{ group: sg-{id} }}\n");
    scene.write("team.yaml", &format!("version: 1\npolicies:\n{}{}", rule("nowhere"), rule("never")));
    let said = run(sgleave(["policy", "lint", "-i", "fixtures/demo", "-p"]).arg(scene.path("team.yaml")));
    assert_eq!(said.code, 3);
    assert_eq!(said.stderr.matches("no group of the export is called so").count(), 2, "{}", said.stderr);
}

#[test]
fn the_policies_describe_themselves() {
    let list = run(sgleave(["policy", "list"])).stdout;
    assert_eq!(list.lines().count(), 19);
    for line in list.lines() {
        let code = line.split(' ').next().unwrap();
        let said = run(sgleave(["policy", "explain", code])).stdout;
        assert!(said.starts_with(&format!("{code}: ")) && said.contains("version: 1\npolicies:\n"), "{said}");
    }
    assert_refused(sgleave(["policy", "explain", "nothing"]), 2, "no policy is called `nothing`");
    let schema: Value = serde_json::from_str(&run(sgleave(["policy", "schema"])).stdout).unwrap();
    assert!(schema["properties"]["policies"].is_object());
    assert!(run(sgleave(["policy", "init"])).stdout.starts_with("# A policy file"));
}

#[test]
fn hostile_text_of_a_policy_file_steers_nothing() {
    let scene = Scene::new();
    let because = "\\e]52;c;x\\a\\u202e=cmd|' /C calc'!A0";
    scene.write(
        "team.yaml",
        &format!("version: 1\npolicies:\n  - id: \"=1+1\\e[2J\"\n    because: \"{because}\"\n    protected: {{ group: sg-quarantine }}\n"),
    );
    for format in ["text", "csv", "json"] {
        let said = run(check(["-f", format, "-p"]).arg(scene.path("team.yaml")));
        assert!(!said.stdout.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{format}");
        assert!(!said.stdout.contains(",=1+1"), "{format}");
    }
}

const REGO: &str = "package team.net

deny_exposure contains {\"msg\": msg, \"subject\": \"i-worker-1\"} if {
    some change in input.changes
    change.change == \"gained\"
    some end in change.sources
    end.kind == \"external\"
    msg := sprintf(\"opens %s to %v\", [change.traffic[0].ports, end.cidrs])
}

warn contains \"somebody is isolated\" if input.totals.isolated > 0
";

#[test]
fn rules_in_rego_are_policies_like_any_other() {
    let scene = Scene::new();
    scene.write("team.rego", REGO);
    scene.write("team.yaml", "version: 1\nlevels: { team.net.warn: deny }\n");
    let with = |more: &[&str]| review(check(["--rego"]).arg(scene.path("team.rego")).args(more));
    let of_rego = |review: &Value| -> Vec<(String, String, String, String)> {
        let findings = review["findings"].as_array().unwrap().iter().filter(|one| one["origin"] == "rego");
        let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
        let row =
            |one: &Value| (text(one, "rule"), text(one, "level"), text(one, "status"), text(one, "subject"));
        findings.map(row).collect()
    };
    let row = |rule: &str, level: &str, status: &str, subject: &str| {
        (rule.to_owned(), level.to_owned(), status.to_owned(), subject.to_owned())
    };
    let exposure = || row("team.net.deny_exposure", "deny", "new", "eni-worker-1");
    assert_eq!(of_rego(&with(&[])), [exposure(), exposure(), row("team.net.warn", "warn", "new", "*")]);
    let file = scene.path("team.yaml");
    let raised = with(&["-p", file.to_str().unwrap()]);
    assert!(of_rego(&raised).contains(&row("team.net.warn", "deny", "new", "*")), "{raised}");
    let allowed = with(&["--allow", "team.net.deny_exposure:i-worker-1", "--reason", "CHG-7"]);
    assert_eq!(of_rego(&allowed).iter().filter(|one| one.2 == "waived").count(), 2);
}

#[test]
fn the_rule_of_the_readme_finds_something() {
    let readme = std::fs::read_to_string("README.md").unwrap();
    let block = readme.split("```rego\n").nth(1).unwrap().split("```").next().unwrap();
    let scene = Scene::new();
    scene.write("team.rego", block);
    let review = review(check(["--rego"]).arg(scene.path("team.rego")));
    let findings = review["findings"].as_array().unwrap().iter().filter(|one| one["origin"] == "rego");
    let messages: Vec<&str> = findings.filter_map(|one| one["message"].as_str()).collect();
    assert!(messages.contains(&"eni-worker-1 loses tcp/873"), "{messages:?}");
}

#[test]
fn an_error_in_rego_has_file_and_line() {
    let scene = Scene::new();
    scene.write("team.rego", &REGO.replace("if {", "iff {"));
    let said = run(check(["--rego"]).arg(scene.path("team.rego")));
    assert_eq!((said.code, said.stdout.as_str()), (3, ""));
    assert!(said.stderr.contains("team.rego:3:"), "{}", said.stderr);
}

/// Rules under which a single removal of the web servers is fine, and two together are not.
const BUDGET: &str = "version: 1
levels: { isolated-peer: off, well-known-service-lost: off, emptied-group: off, dangling-reference: off, refused-removal: off,
  last-security-group: off, management-path: off, exposure-increased: off, undetermined-change: off, external-consumer: off }
policies:
  - minimum-members: { group: sg-web-mesh, at-least: 1 }
";

fn sample(scene: &Scene, sets: &str) -> Call {
    let call = sgleave(["check", "-i", "fixtures/demo", "--sample", sets, "--select", "group=sg-web*", "-p"]);
    call.arg(scene.path("team.yaml")).args(["--regressions"]).arg(scene.path("failed.txt"))
}

#[test]
fn a_sample_finds_the_pair_and_keeps_it() {
    let scene = Scene::new();
    scene.write("team.yaml", BUDGET);
    let singles = run(sample(&scene, "5"));
    assert_eq!((singles.code, singles.stderr.as_str()), (0, ""));
    assert!(
        singles
            .stdout
            .starts_with("CLEAR  5 sets of removals: 0 that failed before, 5 single, 0 pairs, 0 drawn")
    );
    assert!(!scene.path("failed.txt").exists());

    let found = run(sample(&scene, "400"));
    assert_eq!(found.code, 1);
    assert!(
        found.stdout.starts_with("DENIED  2 interfaces leave sg-web-mesh: minimum-members"),
        "{}",
        found.stdout
    );
    let command = found.stderr.split("replay with: sgleave check ").nth(1).unwrap().lines().next().unwrap();
    assert!(command.ends_with(" eni-web-1:sg-web-mesh eni-web-2:sg-web-mesh"), "{command}");
    let replayed = run(sgleave(["check"]).args(command.split(' ')));
    assert_eq!((replayed.code, replayed.stdout.as_str()), (1, found.stdout.as_str()));
    assert_eq!(
        std::fs::read_to_string(scene.path("failed.txt")).unwrap(),
        "eni-web-1:sg-web-mesh eni-web-2:sg-web-mesh\n"
    );

    // What failed is tried first from now on, and the number of threads changes nothing.
    let again = run(sample(&scene, "1").args(["--threads", "1"]));
    assert!(again.stderr.contains("set 1 of 2 (seed 0) is not clear"), "{}", again.stderr);
    assert_eq!(again.stdout, found.stdout);
    assert_eq!(std::fs::read_to_string(scene.path("failed.txt")).unwrap().lines().count(), 1);
}

#[test]
fn a_drawn_set_is_shrunk_to_what_is_needed() {
    let scene = Scene::new();
    scene.write(
        "team.yaml",
        &BUDGET
            .replace("minimum-members: { group: sg-web-mesh, at-least: 1 }", "blast-radius: { removals: 2 }"),
    );
    let found = run(sample(&scene, "400"));
    assert_eq!(found.code, 1, "{}", found.stderr);
    let kept = std::fs::read_to_string(scene.path("failed.txt")).unwrap();
    assert_eq!(kept.split_whitespace().count(), 3, "{kept}");
}

#[test]
fn a_sample_of_nobody_is_an_error() {
    let call =
        |select: &'static str| sgleave(["check", "-i", "fixtures/demo", "--sample", "5", "--select", select]);
    assert_refused(call("group=sg-nowhere"), 3, "no membership of the export is selected");
    assert_refused(call("color=red"), 2, "`color` is no key of a selector");
    assert_refused(call("group"), 2, "`group` is not of the form");
}
