//! What the tests need of the machine.

use std::process::{Command, Stdio};

use rustix::process::{Resource, getrlimit, setrlimit};

/// Open files of all tests together: each probe in flight is one.
const FILES: u64 = 16_384;

/// Tells whether the tests can run here. In CI they must.
pub fn are_met() -> bool {
    if let Some(missing) = missing() {
        assert!(!is_ci(), "real packets cannot be tested here: {missing}");
        eprintln!("skipped, real packets cannot be tested here: {missing}");
        return false;
    }
    true
}

/// Tells whether this is the gate, which skips nothing.
pub fn is_ci() -> bool {
    std::env::var("CI").as_deref() == Ok("true")
}

fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("not root".to_owned());
    }
    for (tool, question, package) in
        [("nft", "--version", "nftables"), ("ip", "-V", "iproute2"), ("conntrack", "--version", "conntrack")]
    {
        if !succeeds(Command::new(tool).arg(question)) {
            return Some(format!("no `{tool}`; Debian has it in the package {package}"));
        }
    }
    // Root in a container may lack the right.
    if !succeeds(Command::new("unshare").args(["--net", "true"])) {
        return Some("no new network namespace is allowed".to_owned());
    }
    let mut files = getrlimit(Resource::Nofile);
    if files.current.is_some_and(|current| current < FILES) {
        files.current = Some(FILES);
        files.maximum = files.maximum.map(|maximum| maximum.max(FILES));
        if setrlimit(Resource::Nofile, files).is_err() {
            return Some(format!("fewer than {FILES} open files are allowed"));
        }
    }
    None
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
