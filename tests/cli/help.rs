//! What every command says about itself.

use super::{assert_refused, run, sgleave};

#[test]
fn every_command_has_a_help_of_its_own() {
    insta::assert_snapshot!("sgleave", run(sgleave(["--help"])).stdout);
    for command in [
        "inspect",
        "simulate",
        "explain",
        "check",
        "policy",
        "plan",
        "verify",
        "audit",
        "generate",
        "schema",
        "completions",
        "man",
    ] {
        let said = run(sgleave([command, "--help"]));
        assert_eq!((said.code, said.stderr.as_str()), (0, ""));
        insta::assert_snapshot!(command, said.stdout);
    }
}

#[test]
fn the_short_help_fits_a_screen() {
    for command in ["inspect", "simulate", "explain", "check", "plan", "verify", "audit", "generate"] {
        let said = run(sgleave([command, "-h"]));
        assert_eq!(said.code, 0);
        assert!(said.stdout.lines().count() < 60, "{}", said.stdout);
        assert!(said.stdout.lines().all(|line| line.chars().count() <= 100), "{}", said.stdout);
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(run(sgleave(["--version"])).stdout, concat!("sgleave ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn without_a_command_the_help_is_a_usage_error() {
    let said = run(sgleave([]));
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("Usage: sgleave"), "{}", said.stderr);
}

#[test]
fn the_manual_covers_every_command_and_exit_code() {
    let said = run(sgleave(["man"]));
    assert_eq!(said.code, 0);
    assert!(said.stdout.contains("\n.TH sgleave 1 "), "{}", said.stdout);
    for command in [
        "inspect",
        "simulate",
        "explain",
        "check",
        "policy",
        "audit",
        "generate",
        "schema",
        "completions",
        "man",
    ] {
        assert!(said.stdout.contains(&format!("\n.SS sgleave {command}\n")), "{command}");
    }
    for option in [
        "\\-\\-removals",
        "\\-\\-reading",
        "\\-\\-report",
        "\\-\\-source\\-port",
        "\\-\\-max\\-input\\-bytes",
    ] {
        assert!(said.stdout.contains(option), "{option}");
    }
    for code in ["0", "1", "2", "3", "4", "8", "70"] {
        assert!(said.stdout.contains(&format!("\n\\fB{code}\\fR\n")), "{code}");
    }
    for section in [".SH NAME", ".SH SYNOPSIS", ".SH COMMANDS", ".SH EXIT STATUS"] {
        assert_eq!(said.stdout.lines().filter(|line| *line == section).count(), 1, "{section}");
    }
}

#[test]
fn four_shells_get_a_script_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let said = run(sgleave(["completions", shell]));
        assert_eq!(said.code, 0, "{shell}");
        for word in ["inspect", "simulate", "explain", "generate", "schema", "removals", "csv-dialect"] {
            assert!(said.stdout.contains(word), "{shell} {word}");
        }
    }
    assert_eq!(run(sgleave(["completions", "tcsh"])).code, 2);
}

#[test]
fn the_schemas_are_listed_and_each_is_json() {
    let names = run(sgleave(["schema"])).stdout;
    assert!(names.lines().any(|name| name == "simulation"), "{names}");
    for name in names.lines() {
        let said = run(sgleave(["schema", name]));
        assert_eq!(said.code, 0);
        assert!(said.stdout.starts_with('{') && said.stdout.ends_with("}\n"), "{}", said.stdout);
    }
    let stderr = assert_refused(sgleave(["schema", "simulatoin"]), 2, "no document is called `simulatoin`");
    assert!(stderr.contains("`simulation`"), "{stderr}");
}
