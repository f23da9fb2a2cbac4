//! One number, one meaning.

use std::fs;

use super::{Scene, assert_refused, run, sgleave};

#[test]
fn an_answer_that_was_written_is_zero() {
    let scene = Scene::new();
    for format in ["text", "json", "csv"] {
        let said = run(scene.sgleave(["inspect", "-i", "export", "-f", format]));
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{format}");
        assert!(!said.stdout.is_empty());
    }
    assert_eq!(run(scene.sgleave(["inspect", "-i", "export", "--exit-code"])).code, 0);
}

#[test]
fn the_exit_code_carries_the_answer_only_on_request() {
    let scene = Scene::new();
    let simulate = ["simulate", "-i", "export", "i-web-1:sg-web"];
    assert_eq!(run(scene.sgleave(simulate)).code, 0);
    assert_eq!(run(scene.sgleave(simulate).arg("--exit-code")).code, 1);
    // Without its attributes a group may or may not let its members reach each other.
    fs::remove_file(scene.path("export/sg-web.json")).unwrap();
    assert_eq!(run(scene.sgleave(simulate)).code, 0);
    assert_eq!(run(scene.sgleave(simulate).arg("--exit-code")).code, 4);
    assert_eq!(run(scene.sgleave(["inspect", "-i", "export"])).code, 0);
    assert_eq!(run(scene.sgleave(["inspect", "-i", "export", "--exit-code"])).code, 4);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let scene = Scene::new();
    let simulate = ["simulate", "-i", "export", "i-web-1:sg-web", "-f", "json"];
    let one = run(scene.sgleave(simulate).args(["--threads", "1"])).stdout;
    assert_eq!(run(scene.sgleave(simulate).args(["--threads", "7"])).stdout, one);
}

#[test]
fn a_command_line_that_cannot_be_understood_is_two() {
    let scene = Scene::new();
    for arguments in [
        vec!["unknown"],
        vec!["inspect"],
        vec!["inspect", "-i", "export", "--nope"],
        vec!["inspect", "-i", "export", "-f", "yaml"],
        vec!["inspect", "-i", "export", "-q", "-v"],
        vec!["inspect", "-i", "export", "--threads", "0"],
        vec!["inspect", "-i", "export", "--all", "--limit", "3"],
        vec!["explain", "-i", "export", "i-web-1", "i-web-2"],
        vec!["explain", "-i", "export", "i-web-1", "i-web-2", "tcp/22", "-f", "csv"],
        vec!["explain", "-i", "export", "i-web-1", "i-web-2", "tcp/22", "--source-port", "0"],
        vec!["simulate", "-i", "export", "i-web-1:sg-web", "--reading", "intra-group-egress=perhaps"],
        vec!["simulate", "-i", "export", "i-web-1:sg-web", "--reading", "session-model=cut"],
    ] {
        let command = arguments.iter().fold(scene.sgleave([]), |command, argument| command.arg(argument));
        let said = run(command);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(said.stderr.starts_with("error: "), "{}", said.stderr);
    }
}

#[test]
fn a_setting_is_refused_by_name() {
    let scene = Scene::new();
    let with =
        |arguments: [&str; 2]| scene.sgleave(["simulate", "-i", "export", "i-web-1:sg-web"]).args(arguments);
    assert_refused(with(["--quota", "rules=5"]), 2, "no quota is called `rules`");
    assert_refused(
        with(["--quota", "rules-per-interface=many"]),
        2,
        "`rules-per-interface=many` is not of the form",
    );
    assert_refused(
        with(["--quota", "rules-per-interface=1"]).args(["--quota", "rules-per-interface=2"]),
        2,
        "the quota `rules-per-interface` is set in two ways",
    );
    assert_refused(
        with(["--reading", "address-kinds=all"]).args(["--reading", "address-kinds=ipv4"]),
        2,
        "one reading is set in two ways",
    );
}

#[test]
fn what_a_flow_needs_is_checked_before_anything_is_read() {
    let scene = Scene::new();
    for (traffic, error) in [
        ("tcp", "`tcp` lacks a port"),
        ("tcp/0", "`tcp/0` has no port between 1 and 65535"),
        ("icmp/8", "`icmp` has no ports"),
        ("all", "`all` is not one kind of traffic"),
        ("sctp", "`sctp` is no protocol name or number"),
    ] {
        assert_refused(scene.sgleave(["explain", "-i", "missing", "i-web-1", "i-web-2", traffic]), 2, error);
    }
}

#[test]
fn two_external_ends_are_no_question() {
    let scene = Scene::new();
    let command = scene.sgleave(["explain", "-i", "export", "203.0.113.1", "203.0.113.2", "tcp/22"]);
    assert_refused(command, 2, "neither `203.0.113.1` nor `203.0.113.2` is an interface of the inventory");
}

#[test]
fn an_input_that_cannot_be_read_is_three() {
    let scene = Scene::new();
    fs::create_dir(scene.path("empty")).unwrap();
    scene.write("empty/README", "nothing to see");
    scene.write("empty/.hidden.json", "{");
    scene.write("broken.json", "{\"Instances\":");
    let inspect = |input: &str| scene.sgleave(["inspect", "-i", input]);
    assert_refused(inspect("missing.json"), 3, "cannot read `missing.json`: ");
    assert_refused(inspect("empty"), 3, "there is no file to read in `empty`");
    assert_refused(inspect("broken.json"), 3, "broken.json");
    assert_refused(inspect("export").args(["-i", "missing.json"]), 3, "cannot read `missing.json`: ");
    assert_refused(inspect("export").args(["--max-input-bytes", "100"]), 3, "`export/");
}

#[test]
fn what_is_larger_than_the_limit_is_refused_before_it_is_read() {
    let scene = Scene::new();
    let sparse = fs::File::create(scene.path("sparse.json")).unwrap();
    sparse.set_len(8 << 30).unwrap();
    let command = scene.sgleave(["inspect", "-i", "sparse.json"]);
    assert_refused(command, 3, "`sparse.json` goes beyond the limit of 4294967296 bytes");
    let stdin = scene.sgleave(["inspect", "-i", "-", "--max-input-bytes", "3"]).stdin("{  }");
    assert_refused(stdin, 3, "`<stdin>` goes beyond the limit of 3 bytes");
}

#[test]
#[cfg(unix)]
fn a_pipe_or_a_device_is_no_file() {
    let scene = Scene::new();
    assert_eq!(run(scene.shell("mkfifo fifo; mkdir mixed; mkfifo mixed/fifo; cp export/* mixed")).code, 0);
    assert_refused(scene.sgleave(["inspect", "-i", "fifo"]), 3, "cannot read `fifo`: it is no regular file");
    assert_refused(
        scene.sgleave(["inspect", "-i", "/dev/zero"]),
        3,
        "cannot read `/dev/zero`: it is no regular",
    );
    assert_refused(scene.shell("$sgleave inspect -i - < /dev/zero"), 3, "cannot read stdin: it is a device");
    let said = run(scene.sgleave(["inspect", "-i", "mixed"]));
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (0, "note: `mixed/fifo` is skipped: it is no regular file\n")
    );
}

#[test]
#[cfg(unix)]
fn a_link_that_leads_back_is_refused_and_one_that_leads_to_a_file_is_followed() {
    let scene = Scene::new();
    std::os::unix::fs::symlink("../export", scene.path("export").join("again")).unwrap();
    assert_refused(scene.sgleave(["inspect", "-i", "export"]), 3, "`export/again` is a link that leads back");
    fs::remove_file(scene.path("export").join("again")).unwrap();
    fs::create_dir(scene.path("linked")).unwrap();
    std::os::unix::fs::symlink("../export/groups.json", scene.path("linked").join("groups.json")).unwrap();
    let said = run(scene.sgleave(["inspect", "-v", "-i", "linked"]));
    assert!(said.stderr.contains("read 1 sources"), "{}", said.stderr);
    std::os::unix::fs::symlink("nowhere", scene.path("linked").join("dangling.json")).unwrap();
    assert_refused(scene.sgleave(["inspect", "-i", "linked"]), 3, "cannot read `linked/dangling.json`: ");
}

#[test]
fn one_file_by_two_paths_is_read_once() {
    let scene = Scene::new();
    let said =
        run(scene.sgleave(["inspect", "-v", "-i", "export/groups.json", "-i", "./export", "-i", "export"]));
    assert_eq!(said.code, 0);
    assert!(said.stderr.contains("read 5 sources"), "{}", said.stderr);
}

#[test]
fn the_order_and_the_way_of_the_inputs_change_nothing() {
    let scene = Scene::new();
    let first = run(scene.sgleave(["inspect", "-i", "export/groups.json", "-i", "export/sg-web.json"]));
    let second = run(scene.sgleave(["inspect", "-i", "export/sg-web.json", "-i", "export/groups.json"]));
    assert_eq!((first.code, &first.stdout), (second.code, &second.stdout));
}

#[test]
fn an_export_can_come_from_stdin() {
    let scene = Scene::new();
    let said = run(scene.sgleave(["inspect", "-v", "-i", "-"]).stdin(super::EXPORT[2].1));
    assert!(said.stderr.contains("read 1 sources"), "{}", said.stderr);
    let stderr = assert_refused(scene.sgleave(["inspect", "-i", "-"]).stdin("{"), 3, "<stdin>");
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn an_unknown_target_is_three() {
    let scene = Scene::new();
    let command = scene.sgleave(["simulate", "-i", "export", "i-nobody:sg-web"]);
    assert_refused(
        command,
        3,
        "no instance or interface `i-nobody` in the inventory (`InvalidInstanceId.NotFound`)",
    );
}

#[test]
fn nothing_typed_or_named_steers_the_terminal() {
    let scene = Scene::new();
    let hostile = "\u{1b}]52;c;aGk=\u{7}\u{202e}";
    let simulate = ["simulate", "-i", "export"];
    for command in [
        scene.sgleave(["inspect", "-i", hostile]),
        scene.sgleave(["inspect", "-i", "export", "-o", &format!("{hostile}/x")]),
        scene.sgleave(simulate).arg(hostile),
        scene.sgleave(simulate).arg(format!("{hostile}:sg-web")),
        scene.sgleave(simulate).args(["i-web-1:sg-web", "--quota", hostile]),
        scene.sgleave(simulate).args(["i-web-1:sg-web", "--reading", hostile]),
        scene.sgleave(simulate).arg(format!("--{hostile}")),
        sgleave([hostile]),
    ] {
        let said = run(command);
        assert!([2, 3, 8].contains(&said.code), "{}", said.code);
        assert!(said.stderr.starts_with("error: "), "{:?}", said.stderr);
        assert!(!said.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{:?}", said.stderr);
    }
}

#[test]
fn colour_is_a_choice_and_a_pipe_has_none() {
    let scene = Scene::new();
    let refused = |when: &str| run(scene.sgleave(["inspect", "-i", "missing", "--color", when])).stderr;
    assert!(refused("always").starts_with("\u{1b}["));
    assert!(refused("never").starts_with("error: "));
    assert!(refused("auto").starts_with("error: "));
}

#[test]
fn progress_is_for_a_terminal_unless_it_is_asked_for() {
    let scene = Scene::new();
    let progress = |when: &str| run(scene.sgleave(["inspect", "-i", "export", "--progress", when])).stderr;
    assert_eq!(progress("auto"), "");
    assert_eq!(progress("never"), "");
    assert!(progress("always").starts_with("progress: reading 5 files\n"));
}
