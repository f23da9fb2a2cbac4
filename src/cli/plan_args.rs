//! What was typed about plans: `plan`, `plan sign`, `plan verify-signature`, `verify`.

use std::path::PathBuf;

use clap::{Arg, Args, Subcommand, ValueEnum};

use super::args::{InputArgs, OutputArgs, RemovalArgs, SemanticsArgs, TableArgs, formats};
use super::policy_args::PolicyArgs;

/// The executable plan: what is called, in which order, what has to be true before, and how to go back.
///
/// Reviews the change as `check` does. What a policy denies has no plan. Writes DIR/plan.json, DIR/plan.md for the ticket and
/// DIR/runner.py, a program that is the same for every plan and executes it with the official SDK.
#[derive(Debug, Args)]
#[command(
    after_help = PLAN_EXAMPLES,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    mut_args(unless_rare)
)]
pub(super) struct PlanArgs {
    #[command(subcommand)]
    pub(super) command: Option<PlanCommand>,
    #[command(flatten)]
    pub(super) removals: RemovalArgs,
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) policies: PolicyArgs,
    #[command(flatten)]
    pub(super) draft: DraftArgs,
    #[command(flatten)]
    pub(super) semantics: SemanticsArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) table: TableArgs,
}

const PLAN_EXAMPLES: &str = "\
Examples:
  sgleave plan -i export/ -p policy.yaml i-web-1:sg-web --out change
  sgleave plan -i export/ --removals removals.csv --max-wave 10 --out change
  sgleave plan sign change/plan.json --key approver-private.pem";

/// Leaves to the long help what is rarely needed: a plan has many arguments.
fn unless_rare(arg: Arg) -> Arg {
    let is_rare = [
        "all",
        "allow_empty",
        "cache",
        "color",
        "csv_dialect",
        "limit",
        "progress",
        "quota",
        "reading",
        "threads",
    ]
    .contains(&arg.get_id().as_str());
    if is_rare { arg.hide_short_help(true) } else { arg }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Plan")]
pub(super) struct DraftArgs {
    /// The folder to fill: empty, or not there yet
    #[arg(long, value_name = "DIR", required = true)]
    pub(super) out: Option<PathBuf>,
    /// Which calls change memberships
    #[arg(long, value_name = "API", value_enum, default_value_t = ApiArg::Modify)]
    pub(super) api: ApiArg,
    /// The group that an interface joins when it leaves its last one
    #[arg(long, value_name = "GROUP")]
    pub(super) isolation_group: Option<String>,
    /// How many interfaces are changed before the health of the estate is looked at
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) max_wave: u16,
    /// How long to wait after each wave; sessions live up to 910 seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 910, hide_short_help = true)]
    pub(super) soak: u32,
    /// How long to wait between a join and the leave that needs it
    #[arg(long, value_name = "SECONDS", default_value_t = 10, hide_short_help = true)]
    pub(super) wait: u32,
    /// When the export was taken, as 2026-01-31T21:45:00Z; the plan's age counts from there
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    pub(super) taken_at: Option<String>,
    /// How long the plan may wait until it is begun
    #[arg(long, value_name = "SECONDS", default_value_t = 3600, hide_short_help = true)]
    pub(super) max_age: u32,
    /// Not to be executed before, as 2026-01-31T22:00:00Z
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    pub(super) not_before: Option<String>,
    /// Not to be executed after
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    pub(super) not_after: Option<String>,
    /// The time the plan is made, for the same bytes again [default: now]
    #[arg(long, value_name = "TIME", hide_short_help = true)]
    pub(super) created_at: Option<String>,
    /// The account, where the export does not say
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub(super) account: Option<String>,
    /// The region, where the export does not say
    #[arg(long, value_name = "ID", hide_short_help = true)]
    pub(super) region: Option<String>,
    /// You know that the caller may undo every call; the API has no way to ask
    #[arg(long, hide_short_help = true)]
    pub(super) rollback_permission_attested: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ApiArg {
    /// Modify…Attribute with the whole list of groups, as the vendor recommends
    Modify,
    /// LeaveSecurityGroup and JoinSecurityGroup, one membership a call
    Leave,
}

/// What is done with a plan that exists.
#[derive(Debug, Subcommand)]
pub(super) enum PlanCommand {
    /// Signs a plan; the signature stands beside it, in plan.json.sig
    Sign(SignArgs),
    /// Whether a plan is still the one that was signed
    VerifySignature(VerifySignatureArgs),
}

#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// The plan
    #[arg(value_name = "PLAN")]
    pub(super) plan: PathBuf,
    /// An Ed25519 private key, as `openssl genpkey -algorithm ed25519` writes it
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// Where the signature goes [default: PLAN.sig]
    #[arg(long, value_name = "FILE")]
    pub(super) signature: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct VerifySignatureArgs {
    /// The plan
    #[arg(value_name = "PLAN")]
    pub(super) plan: PathBuf,
    /// The approver's public key, as `openssl pkey -pubout` writes it
    #[arg(long, value_name = "FILE")]
    pub(super) key: PathBuf,
    /// The signature [default: PLAN.sig]
    #[arg(long, value_name = "FILE")]
    pub(super) signature: Option<PathBuf>,
}

/// A fresh export against a plan: not yet, partly, done, or drifted.
///
/// Says how far the plan was carried out, which facts that its verdict rests on have moved, and whether the change does in the
/// fresh estate what the plan promises.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLES, mut_arg("format", |format| format.value_parser(formats(["text", "json"]))))]
pub(super) struct VerifyArgs {
    /// The plan
    #[arg(value_name = "PLAN")]
    pub(super) plan: PathBuf,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Exit with 1 unless the plan was carried out so far
    #[arg(long, value_name = "STATE", value_enum)]
    pub(super) expect: Option<ProgressArg>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const VERIFY_EXAMPLES: &str = "\
Examples:
  sgleave verify change/plan.json -i fresh-export/
  sgleave verify change/plan.json -i fresh-export/ --expect done";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressArg {
    NotStarted,
    Partly,
    Done,
}
