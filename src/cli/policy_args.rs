//! What was typed about policies: `check`, `policy`, and what both take.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

use super::args::{InputArgs, OutputArgs, RemovalArgs, SemanticsArgs, TableArgs};

/// May this go ahead? Simulates, then reviews against policies; the gate in CI.
///
/// Without a policy file, isolation, orphans, refusals, exposure and whatever is not known deny the change, and plain losses
/// inform. Files add rules and change levels. What was so before is not charged to the change.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) removals: RemovalArgs,
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policies: PolicyArgs,
    #[command(flatten)]
    pub(super) sample: SampleArgs,
    #[command(flatten)]
    pub(super) semantics: SemanticsArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) table: TableArgs,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  sgleave check -i export/ i-web-1:sg-web
  sgleave check -i export/ -p team.yaml --removals removals.csv --report csv=audit.csv
  sgleave check -i export/ i-web-1:sg-web --allow isolated-peer:i-web-1 --reason 'retired, CHG-7'";

/// The policies: what there is, and whether files of them are in order.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(super) struct PolicyCommandArgs {
    #[command(subcommand)]
    pub(super) command: PolicyCommand,
}

/// The commands about policies.
#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Every policy with its level, whether it is asked without a file, and what it looks at
    List,
    /// What one policy asks for, what counts, and an example
    Explain {
        /// The policy's code
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Whether policy files can be read, and whether everything they name is in an export
    Lint(PolicyLintArgs),
    /// Runs the tests that stand in policy files
    Test(Box<PolicyTestArgs>),
    /// The JSON Schema of policy files, for editors
    Schema,
    /// A policy file to begin with
    Init,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  sgleave policy lint -p base.yaml -p team.yaml\n  sgleave policy lint -p team.yaml -i export/"
)]
pub(super) struct PolicyLintArgs {
    /// A policy file. Repeatable; later files are laid over earlier ones
    #[arg(short, long = "policy", value_name = "FILE", required = true, action = ArgAction::Append)]
    pub(super) policy: Vec<PathBuf>,
    /// An export in which everything that is named has to be. Repeatable
    #[arg(short, long = "input", value_name = "PATH", action = ArgAction::Append)]
    pub(super) input: Vec<PathBuf>,
    /// Refuse to read more than this in all
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 30, hide_short_help = true)]
    pub(super) max_input_bytes: u64,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sgleave policy test -i export/ -p team.yaml")]
pub(super) struct PolicyTestArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policies: PolicyArgs,
    #[command(flatten)]
    pub(super) semantics: SemanticsArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Policies")]
pub(super) struct PolicyArgs {
    /// A policy file in YAML. Repeatable; later ones are laid over earlier ones
    #[arg(short, long = "policy", value_name = "FILE", action = ArgAction::Append)]
    pub(super) policy: Vec<PathBuf>,
    /// An exception for this run, as isolated-peer:i-web-1. Repeatable
    ///
    /// POLICY is a policy's code or a rule's id; SUBJECT is an instance, an interface, a group, INTERFACE:GROUP, or * for what
    /// is about the whole change. It is named in every report.
    #[arg(long, value_name = "POLICY:SUBJECT", requires = "reason", action = ArgAction::Append)]
    pub(super) allow: Vec<String>,
    /// Why the exceptions are made
    #[arg(long, value_name = "TEXT", requires = "allow", hide_short_help = true)]
    pub(super) reason: Option<String>,
    /// A team's own rules in Rego, over the JSON of the simulation. Repeatable
    ///
    /// Every package is asked for its rules deny, violation and warn, also with a suffix such as deny_ssh. A result is a text,
    /// or an object with msg and perhaps subject. `sgleave schema simulation` describes the input.
    #[cfg(feature = "rego")]
    #[arg(long, value_name = "FILE", action = ArgAction::Append, hide_short_help = true)]
    pub(super) rego: Vec<PathBuf>,
    /// Findings of an earlier run that do not count again
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) baseline: Option<PathBuf>,
    /// Write what stands against the change as a baseline for later runs
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(super) write_baseline: Option<PathBuf>,
    /// The day on which exceptions are judged, as YYYY-MM-DD [default: today, in UTC]
    #[arg(long, value_name = "DATE", hide_short_help = true)]
    pub(super) today: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Sample")]
pub(super) struct SampleArgs {
    /// Instead of one change, try so many: every single removal, every pair, then sets drawn from a seed
    ///
    /// The first that is not clear is shrunk to one of which every removal is needed, and reported as a change of its own.
    #[arg(long, value_name = "N", hide_short_help = true, conflicts_with_all = ["removal", "removals", "moves", "from", "write_baseline"])]
    pub(super) sample: Option<u64>,
    /// Which memberships may end: KEY=WORD with instance, interface, name, group, vpc, cidr or tag=NAME. Repeatable
    #[arg(long, value_name = "KEY=WORD", requires = "sample", action = ArgAction::Append, hide_short_help = true)]
    pub(super) select: Vec<String>,
    /// The seed of the sets that are drawn
    #[arg(long, value_name = "N", requires = "sample", default_value_t = 0, hide_short_help = true)]
    pub(super) seed: u64,
    /// A file of sets that failed before, one a line; they are tried first, and a new one is added
    #[arg(long, value_name = "FILE", requires = "sample", hide_short_help = true)]
    pub(super) regressions: Option<PathBuf>,
}
