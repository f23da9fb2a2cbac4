//! What the tests need of the machine.

use std::process::{Command, Stdio};

/// Tells whether the tests can run here. In CI they must.
pub fn are_met() -> bool {
    let Some(missing) = missing() else { return true };
    assert!(std::env::var("CI").as_deref() != Ok("true"), "real packets cannot be tested here: {missing}");
    eprintln!("skipped, real packets cannot be tested here: {missing}");
    false
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
    None
}

fn succeeds(command: &mut Command) -> bool {
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
