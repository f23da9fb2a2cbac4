//! Every output is whole, or the previous one stays and the exit code says so.

use std::fs;

use super::{Scene, assert_refused, names_in, run};

#[test]
fn a_result_goes_to_stdout_and_to_every_file_that_was_named() {
    let scene = Scene::new();
    let said = run(scene.sgleave([
        "inspect",
        "-i",
        "export",
        "--report",
        "json=a.json",
        "--report",
        "csv=a.csv",
        "--report",
        "text=a.txt",
    ]));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(scene.path("a.txt")).unwrap(), said.stdout);
    assert_eq!(scene.names(), ["a.csv", "a.json", "a.txt", "export"]);
}

#[test]
fn a_file_takes_the_place_of_stdout_and_the_bytes_are_the_same() {
    let scene = Scene::new();
    let stdout = run(scene.sgleave(["inspect", "-i", "export"])).stdout;
    let said = run(scene.sgleave(["inspect", "-i", "export", "-o", "result.txt", "--color", "always"]));
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "", ""));
    assert_eq!(fs::read_to_string(scene.path("result.txt")).unwrap(), stdout);
    let dash = run(scene.sgleave(["inspect", "-i", "export", "-o", "-"]));
    assert_eq!(dash.stdout, stdout);
}

#[test]
#[cfg(unix)]
fn a_result_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    assert_eq!(run(scene.sgleave(["inspect", "-i", "export", "-o", "result.txt"])).code, 0);
    assert_eq!(fs::metadata(scene.path("result.txt")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_no_place_for_a_file_is_refused_before_anything_is_read() {
    let scene = Scene::new();
    fs::create_dir(scene.path("folder")).unwrap();
    scene.write("file", "");
    for (target, error) in [
        ("folder", "cannot write `folder`: it is a folder"),
        ("missing/result.txt", "cannot write `missing/result.txt`: "),
        ("file/result.txt", "cannot write `file/result.txt`: "),
        ("..", "cannot write `..`: it is no file name"),
    ] {
        assert_refused(scene.sgleave(["inspect", "-i", "missing", "-o", target]), 8, error);
        let report = format!("json={target}");
        assert_refused(scene.sgleave(["inspect", "-i", "missing", "--report", &report]), 8, error);
    }
    for report in ["json", "json=", "yaml=x", "=x"] {
        let command = scene.sgleave(["inspect", "-i", "missing", "--report", report]);
        assert_refused(command, 2, &format!("`{report}` is not of the form `FORMAT=FILE`"));
    }
    assert_refused(
        scene.sgleave(["inspect", "-i", "missing", "--report", "json=-"]),
        2,
        "`--report` writes files",
    );
}

#[test]
#[cfg(unix)]
fn a_link_a_pipe_and_a_device_are_refused_and_left_alone() {
    let scene = Scene::new();
    scene.write("precious", "precious");
    std::os::unix::fs::symlink("precious", scene.path("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", scene.path("dangling")).unwrap();
    assert_eq!(run(scene.shell("mkfifo fifo")).code, 0);
    for (target, what) in [
        ("link", "a symbolic link"),
        ("dangling", "a symbolic link"),
        ("fifo", "no regular file"),
        ("/dev/null", "no regular file"),
    ] {
        let command = scene.sgleave(["inspect", "-i", "export", "-o", target]);
        assert_refused(command, 8, &format!("cannot write `{target}`: it is {what}"));
    }
    assert_eq!(fs::read_to_string(scene.path("precious")).unwrap(), "precious");
    assert!(!scene.path("nowhere").exists());
}

#[test]
fn two_outputs_need_two_files_and_no_output_replaces_an_input() {
    let scene = Scene::new();
    let command = scene.sgleave(["inspect", "-i", "export", "-o", "x", "--report", "json=./x"]);
    assert_refused(command, 2, "two outputs go to `./x`");
    let input = "export/groups.json";
    let before = fs::read(scene.path(input)).unwrap();
    let command = scene.sgleave(["inspect", "-i", input, "-o", "export/../export/groups.json"]);
    assert_refused(command, 2, "`export/../export/groups.json` is an input and an output");
    assert_eq!(fs::read(scene.path(input)).unwrap(), before);
    scene.write("list.csv", "target,group\ni-web-1,sg-web\n");
    let command =
        scene.sgleave(["simulate", "-i", "export", "--removals", "list.csv", "--report", "csv=list.csv"]);
    assert_refused(command, 2, "`list.csv` is an input and an output");
    let said = run(scene.sgleave(["inspect", "-i", "export", "-o", "export/result.txt"]));
    assert_eq!(said.code, 0);
    assert!(said.stderr.contains("lies in a folder that is read as input"), "{}", said.stderr);
}

#[test]
fn a_run_that_fails_leaves_the_previous_result_as_it_was() {
    let scene = Scene::new();
    scene.write("result.txt", "previous");
    scene.write("broken.json", "{");
    assert_refused(scene.sgleave(["inspect", "-i", "broken.json", "-o", "result.txt"]), 3, "broken.json");
    let simulate = ["simulate", "-i", "export", "i-nobody:sg-web", "-o", "result.txt"];
    assert_refused(scene.sgleave(simulate), 3, "no instance or interface `i-nobody`");
    assert_eq!(fs::read_to_string(scene.path("result.txt")).unwrap(), "previous");
    assert_eq!(scene.names(), ["broken.json", "export", "result.txt"]);
}

/// A limit on the size of files is a full disk that needs no privilege.
#[test]
#[cfg(unix)]
fn a_file_that_cannot_be_written_whole_is_eight_and_leaves_nothing_behind() {
    let scene = Scene::new();
    scene.write("result.txt", "previous");
    let line = "trap '' XFSZ; ulimit -f 0; exec $sgleave inspect -i export -o result.txt";
    assert_refused(scene.shell(line), 8, "cannot write `result.txt`: ");
    assert_eq!(fs::read_to_string(scene.path("result.txt")).unwrap(), "previous");
    assert_eq!(scene.names(), ["export", "result.txt"]);
}

/// The disk fills up earlier or later, in the first output, in the last, or never.
#[test]
#[cfg(unix)]
fn a_disk_that_fills_up_at_any_block_leaves_what_was_there() {
    let scene = Scene::new();
    let reports = ["result.txt", "result.json", "result.csv"];
    let simulate = "exec $sgleave simulate -i export i-web-1:sg-web -o result.txt --report json=result.json \
                    --report csv=result.csv";
    let mut refused = 0;
    for blocks in 0.. {
        for name in reports {
            scene.write(name, "previous");
        }
        let line = format!("trap '' XFSZ; ulimit -f {blocks}; {simulate}");
        let said = run(scene.shell(&line));
        assert_eq!(scene.names(), ["export", "result.csv", "result.json", "result.txt"], "{blocks} blocks");
        let are_previous = reports.map(|name| fs::read_to_string(scene.path(name)).unwrap() == "previous");
        if said.code == 0 {
            assert_eq!(are_previous, [false; 3], "{blocks} blocks");
            break;
        }
        assert_eq!((said.code, said.stdout.as_str()), (8, ""), "{blocks} blocks: {}", said.stderr);
        assert!(said.stderr.starts_with("error: cannot write `result."), "{}", said.stderr);
        assert_eq!(are_previous, [true; 3], "{blocks} blocks");
        refused += 1;
    }
    assert!(refused > 2, "the results fit into {refused} blocks");
}

/// Nothing can be made in `/proc`, not even by the superuser, and only the attempt shows it.
#[test]
#[cfg(target_os = "linux")]
fn all_outputs_appear_or_none() {
    let scene = Scene::new();
    let command =
        scene.sgleave(["inspect", "-i", "export", "-o", "first.txt", "--report", "json=/proc/second.json"]);
    assert_refused(command, 8, "cannot write `/proc/second.json`: ");
    assert_eq!(scene.names(), ["export"]);
    for command in ["inspect -i export", "simulate -i export i-web-1:sg-web -f json"] {
        let line = format!("exec $sgleave {command} --report text=first.txt > /dev/full");
        assert_refused(scene.shell(&line), 8, "cannot write to stdout: ");
        assert_eq!(scene.names(), ["export"]);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_stdout_is_eight() {
    let scene = Scene::new();
    for command in [
        "inspect -i export",
        "simulate -i export i-web-1:sg-web",
        "simulate -i export i-web-1:sg-web -f json",
        "simulate -i export i-web-1:sg-web -f csv --exit-code",
        "explain -q -i export i-web-1 i-web-2 tcp/22",
        "schema",
        "schema simulation",
        "man",
        "completions bash",
        "--help",
        "--version",
    ] {
        assert_refused(
            scene.shell(&format!("exec $sgleave {command} > /dev/full")),
            8,
            "cannot write to stdout: ",
        );
    }
}

#[test]
fn a_reader_that_went_away_is_eight_and_is_told_nothing() {
    let scene = Scene::new();
    for arguments in [
        vec!["inspect", "-i", "export"],
        vec!["simulate", "-i", "export", "i-web-1:sg-web"],
        vec!["simulate", "-i", "export", "i-web-1:sg-web", "-f", "json", "--exit-code"],
        vec!["simulate", "-i", "export", "i-web-1:sg-web", "-f", "csv"],
        vec!["explain", "-q", "-i", "export", "i-web-1", "i-web-2", "tcp/22"],
        vec!["man"],
        vec!["schema"],
        vec!["--help"],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = std::process::Command::new(super::program());
        let output =
            command.args(&arguments).current_dir(scene.folder.path()).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(8), "{arguments:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{arguments:?}");
    }
}

#[test]
#[cfg(unix)]
fn the_head_of_a_long_result_is_no_crash() {
    let scene = Scene::new();
    let said = run(scene.shell("{ $sgleave man; echo $? > code; } | head -1"));
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    assert_eq!(said.stdout.lines().count(), 1);
    // Whether the reader left before or after the last byte is up to the two of them.
    let code = fs::read_to_string(scene.path("code")).unwrap();
    assert!(["0\n", "8\n"].contains(&code.as_str()), "{code}");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_stdout_the_answer_is_said_on_stderr() {
    let scene = Scene::new();
    for redirection in [">&-", "> /dev/null"] {
        let said = run(scene.shell(&format!("exec $sgleave inspect -i export {redirection}")));
        assert_eq!(said.code, 0, "{redirection}");
        let expected = "note: stdout is closed or the null device; the answer is: complete\n";
        assert_eq!(said.stderr, expected, "{redirection}");
        let quiet = run(scene.shell(&format!("exec $sgleave inspect -q -i export {redirection}")));
        assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""), "{redirection}");
    }
    let simulate = "exec $sgleave simulate -i export i-web-1:sg-web --exit-code";
    let said = run(scene.shell(&format!("{simulate} >&-")));
    let expected = "note: stdout is closed or the null device; the answer is: impact\n";
    assert_eq!((said.code, said.stderr.as_str()), (1, expected));
    assert_eq!(run(scene.shell(&format!("{simulate} >&- 2>&-"))).code, 1);
    // Whoever names a file has the answer there.
    let said = run(scene.shell(&format!("{simulate} -o result.txt >&-")));
    assert_eq!((said.code, said.stderr.as_str()), (1, ""));
    assert!(fs::read_to_string(scene.path("result.txt")).unwrap().starts_with("IMPACT  "));
    let both = run(scene.shell("exec $sgleave inspect -i export >&- 2>&-"));
    assert_eq!(both.code, 0);
    let failed = run(scene.shell("exec $sgleave inspect -i missing >&- 2>&-"));
    assert_eq!(failed.code, 3);
    assert_eq!(names_in(&scene.path("export")).len(), 5);
}

#[test]
#[cfg(target_os = "linux")]
fn a_stderr_that_is_full_takes_its_message_and_not_the_exit_code() {
    let scene = Scene::new();
    assert_eq!(run(scene.shell("exec $sgleave inspect -i missing 2> /dev/full")).code, 3);
    assert_eq!(run(scene.shell("exec $sgleave inspect -v -i export > out 2> /dev/full")).code, 0);
}
