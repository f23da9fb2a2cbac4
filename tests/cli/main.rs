//! The command line as its users meet it: arguments in, bytes and an exit code out.
//!
//! What an estate means is tested where it is decided; here stand the wiring, the exit codes and the outputs.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the helpers of a test stand outside of a test function, where clippy.toml does not reach"
)]

mod audit;
mod cache;
mod cache_folder;
mod check;
mod exit_codes;
mod generate;
mod help;
mod hostile;
#[cfg(target_os = "linux")]
mod interrupted;
mod outputs;
mod plan;
mod readme;
mod removals;
mod same_bytes;
mod samples;

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// One run of the program that is about to happen.
struct Call {
    command: Command,
    stdin: String,
}

impl Call {
    /// A call that is deaf to the environment of whoever runs the tests.
    fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        Self { command, stdin: String::new() }
    }

    fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.to_owned();
        self
    }
}

/// What a run said and returned.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(mut call: Call) -> Said {
    let streams = call.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().unwrap();
    // A program that refuses its arguments does not read what is piped into it.
    let _ = child.stdin.take().unwrap().write_all(call.stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn sgleave<const N: usize>(arguments: [&str; N]) -> Call {
    Call::new(program()).args(arguments)
}

fn program() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_sgleave"))
}

/// Two instances with one interface each, both in `sg-web` and `sg-base`; each file is one answer of the API.
const EXPORT: &[(&str, &str)] = &[
    (
        "instances.json",
        r#"{"RequestId":"r-1","NextToken":"","Instances":{"Instance":[
            {"InstanceId":"i-web-1","InstanceName":"web-1","Status":"Running","RegionId":"cn-hangzhou",
             "InstanceNetworkType":"vpc","VpcAttributes":{"VpcId":"vpc-1","VSwitchId":"vsw-1"},
             "OperationLocks":{"LockReason":[]},
             "SecurityGroupIds":{"SecurityGroupId":["sg-web","sg-base"]},
             "NetworkInterfaces":{"NetworkInterface":[
                {"NetworkInterfaceId":"eni-web-1","Type":"Primary","PrimaryIpAddress":"10.0.0.1"}]}},
            {"InstanceId":"i-web-2","InstanceName":"web-2","Status":"Running","RegionId":"cn-hangzhou",
             "InstanceNetworkType":"vpc","VpcAttributes":{"VpcId":"vpc-1","VSwitchId":"vsw-1"},
             "OperationLocks":{"LockReason":[]},
             "SecurityGroupIds":{"SecurityGroupId":["sg-web","sg-base"]},
             "NetworkInterfaces":{"NetworkInterface":[
                {"NetworkInterfaceId":"eni-web-2","Type":"Primary","PrimaryIpAddress":"10.0.0.2"}]}}]}}"#,
    ),
    (
        "interfaces.json",
        r#"{"RequestId":"r-2","NextToken":"","NetworkInterfaceSets":{"NetworkInterfaceSet":[
            {"NetworkInterfaceId":"eni-web-1","Type":"Primary","Status":"InUse","InstanceId":"i-web-1",
             "VpcId":"vpc-1","VSwitchId":"vsw-1","PrivateIpAddress":"10.0.0.1","OwnerId":"1000",
             "ServiceManaged":false,
             "PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"10.0.0.1","Primary":true}]},
             "Ipv6Sets":{"Ipv6Set":[]},"SecurityGroupIds":{"SecurityGroupId":["sg-web","sg-base"]}},
            {"NetworkInterfaceId":"eni-web-2","Type":"Primary","Status":"InUse","InstanceId":"i-web-2",
             "VpcId":"vpc-1","VSwitchId":"vsw-1","PrivateIpAddress":"10.0.0.2","OwnerId":"1000",
             "ServiceManaged":false,
             "PrivateIpSets":{"PrivateIpSet":[{"PrivateIpAddress":"10.0.0.2","Primary":true}]},
             "Ipv6Sets":{"Ipv6Set":[]},"SecurityGroupIds":{"SecurityGroupId":["sg-web","sg-base"]}}]}}"#,
    ),
    (
        "groups.json",
        r#"{"RequestId":"r-3","RegionId":"cn-hangzhou","NextToken":"","SecurityGroups":{"SecurityGroup":[
            {"SecurityGroupId":"sg-base","SecurityGroupName":"base","SecurityGroupType":"normal","VpcId":"vpc-1",
             "ServiceManaged":false,"RuleCount":0,"GroupToGroupRuleCount":0},
            {"SecurityGroupId":"sg-web","SecurityGroupName":"web","SecurityGroupType":"normal","VpcId":"vpc-1",
             "ServiceManaged":false,"RuleCount":0,"GroupToGroupRuleCount":0}]}}"#,
    ),
    (
        "sg-base.json",
        r#"{"RequestId":"r-4","RegionId":"cn-hangzhou","SecurityGroupId":"sg-base","VpcId":"vpc-1",
            "InnerAccessPolicy":"Drop","NextToken":"","Permissions":{"Permission":[]}}"#,
    ),
    (
        "sg-web.json",
        r#"{"RequestId":"r-5","RegionId":"cn-hangzhou","SecurityGroupId":"sg-web","VpcId":"vpc-1",
            "InnerAccessPolicy":"Accept","NextToken":"","Permissions":{"Permission":[]}}"#,
    ),
];

/// A folder for one test, with an export in `export/`.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(scene.path("export")).unwrap();
        for (name, content) in EXPORT {
            fs::write(scene.path("export").join(name), content).unwrap();
        }
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    /// The program, run in this folder.
    fn sgleave<const N: usize>(&self, arguments: [&str; N]) -> Call {
        sgleave(arguments).within(self.folder.path())
    }

    /// A command line of the shell, run in this folder; the program is `$sgleave`.
    fn shell(&self, line: &str) -> Call {
        let mut call = Call::new("sh").args(["-c", line]).within(self.folder.path());
        call.command.env("sgleave", program());
        call
    }

    /// The names in the folder, hidden ones too, sorted.
    fn names(&self) -> Vec<String> {
        names_in(self.folder.path())
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Asserts the code and the beginning of what is said; every refusal is one line of error and one of help.
#[track_caller]
fn assert_refused(call: Call, code: i32, error: &str) -> String {
    let said = run(call);
    assert_eq!(said.code, code, "{}", said.stderr);
    assert_eq!(said.stdout, "");
    let lines: Vec<&str> = said.stderr.lines().filter(|line| !line.starts_with("note: ")).collect();
    assert!(lines[0].starts_with(&format!("error: {error}")), "{}", said.stderr);
    assert!(lines.len() == 2 && lines[1].starts_with("help: "), "{}", said.stderr);
    said.stderr
}
