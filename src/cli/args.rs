//! What was typed. What it means stands in `settings`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use super::exit;
use super::plan_args::{PlanArgs, VerifyArgs};
use super::policy_args::{CheckArgs, PolicyCommandArgs};
use crate::evaluate::ReadingSetting;

/// Tells what breaks and what opens before an ECS instance leaves a security group.
///
/// Reads saved answers of the ECS Describe calls, never calls the cloud, and says which traffic is lost or gained, who is
/// isolated, what is orphaned and what the API would refuse.
#[derive(Debug, Parser)]
#[command(
    name = "sgleave",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = true,
    after_help = TOP_EXAMPLES,
    after_long_help = format!("{TOP_EXAMPLES}\n\n{}", exit::help())
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
    #[command(flatten)]
    pub(super) terminal: TerminalArgs,
}

const TOP_EXAMPLES: &str = "\
Examples:
  sgleave inspect -i export/
  sgleave simulate -i export/ i-web-1:sg-web
  sgleave check -i export/ -p policy.yaml i-web-1:sg-web
  sgleave explain -i export/ i-web-1 i-db-1 tcp/3306 i-web-1:sg-web";

/// The commands.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Inspect(InspectArgs),
    Simulate(SimulateArgs),
    Explain(ExplainArgs),
    Check(CheckArgs),
    Policy(PolicyCommandArgs),
    Plan(Box<PlanArgs>),
    Verify(VerifyArgs),
    Audit(AuditArgs),
    Generate(GenerateArgs),
    Schema(SchemaArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// What was read: counts, issues, and whether it is all there is.
///
/// Counts instances, interfaces, groups and rules by account, region and VPC, and lists everything that is missing or looks
/// wrong. An answer of `simulate` is as good as the export it rests on.
#[derive(Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) table: TableArgs,
    #[command(flatten)]
    pub(super) exit: ExitArgs,
}

const INSPECT_EXAMPLES: &str = "\
Examples:
  sgleave inspect -i export/
  sgleave inspect -i instances.json -i interfaces.json -i groups/ -f json -o inspection.json
  sgleave inspect -i export/ --exit-code -q > /dev/null || echo incomplete";

/// What changes if they leave: lost, gained, isolated, orphaned, refused.
///
/// All removals are judged together. Evidence that is missing and sentences of the documentation that are open make an answer
/// undetermined, never safe.
#[derive(Debug, Args)]
#[command(after_help = SIMULATE_EXAMPLES)]
pub(super) struct SimulateArgs {
    #[command(flatten)]
    pub(super) removals: RemovalArgs,
    #[command(flatten)]
    pub(super) input: InputArgs,
    #[command(flatten)]
    pub(super) semantics: SemanticsArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) table: TableArgs,
    #[command(flatten)]
    pub(super) exit: ExitArgs,
}

const SIMULATE_EXAMPLES: &str = "\
Examples:
  sgleave simulate -i export/ i-web-1:sg-web eni-db-2:sg-db
  sgleave simulate -i export/ --from sg-web i-web-1 i-web-2 i-web-3
  sgleave simulate -i export/ --move i-web-1:sg-old:sg-new
  sgleave simulate -i export/ --removals removals.csv -f json -o result.json --report csv=audit.csv
  sgleave simulate -i export/ --removals - --exit-code < removals.json";

/// Why a flow passes or not: the deciding rule on each side, before and after.
///
/// FROM and TO are an instance (its primary interface and address), an interface (its primary address), ID@ADDRESS, a bare
/// IP address, or `slb` for a load balancer of the platform. An address that no interface of the inventory has is external.
#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES, mut_arg("format", |format| format.value_parser(formats(["text", "json"]))))]
pub(super) struct ExplainArgs {
    /// Who opens the session: an instance, an interface, ID@ADDRESS, an IP address, or slb
    #[arg(value_name = "FROM")]
    pub(super) from_end: String,
    /// Who is asked, in the same forms
    #[arg(value_name = "TO")]
    pub(super) to_end: String,
    /// tcp/22, udp/53, icmp, icmpv6, gre, or the number of an IP protocol
    #[arg(value_name = "TRAFFIC")]
    pub(super) traffic: String,
    #[command(flatten)]
    pub(super) removals: RemovalArgs,
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// The source port of a TCP or UDP flow [default: 49152]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = None::<&str>)]
    pub(super) source_port: Option<u16>,
    #[command(flatten)]
    pub(super) semantics: SemanticsArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  sgleave explain -i export/ i-web-1 i-db-1 tcp/3306
  sgleave explain -i export/ 203.0.113.7 eni-web-1@10.0.0.4 tcp/443 --source-port 1024
  sgleave explain -i export/ slb i-web-1 tcp/80 i-web-1:sg-web";

/// Every membership of the estate judged: what would leaving do?
///
/// Each is judged as if it alone went, as `simulate` would. Text shows the sums and what is of most concern; jsonl and csv
/// hold everything and are written VPC by VPC. VPCs are independent: --vpc splits the work over machines or repeats a part
/// of it.
#[derive(Debug, Args)]
#[command(after_help = AUDIT_EXAMPLES, mut_arg("format", |format| format.value_parser(formats(["text", "jsonl", "csv"]))))]
pub(super) struct AuditArgs {
    #[command(flatten)]
    pub(super) input: InputArgs,
    /// Judge the memberships of this VPC only; `none` means interfaces in no VPC the export names. Repeatable
    #[arg(long, value_name = "VPC", action = ArgAction::Append)]
    pub(super) vpc: Vec<String>,
    #[command(flatten)]
    pub(super) semantics: SemanticsArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) table: TableArgs,
    #[command(flatten)]
    pub(super) exit: ExitArgs,
}

const AUDIT_EXAMPLES: &str = "\
Examples:
  sgleave audit -i export/
  sgleave audit -i export/ --vpc vpc-a -f jsonl -o audit-vpc-a.jsonl
  sgleave audit -i export/ -f csv -o audit.csv --report text=audit.txt";

/// A synthetic estate of any size, and a list of removals to try on it.
///
/// Writes DIR/export, as the API would answer, and DIR/removals.csv. A realistic estate is skewed as real ones are; the other
/// shapes each push one thing to its end. The same options give the same bytes on every machine.
#[derive(Debug, Args)]
#[command(after_help = GENERATE_EXAMPLES)]
pub(super) struct GenerateArgs {
    /// How many network interfaces
    #[arg(long, value_name = "N")]
    pub(super) interfaces: u64,
    /// How many security groups [default: one for each 50 interfaces, and two a VPC]
    #[arg(long, value_name = "N")]
    pub(super) groups: Option<u64>,
    /// About how many rules [default: 100 a group]
    #[arg(long, value_name = "N")]
    pub(super) rules: Option<u64>,
    /// How many VPCs [default: two, and one for each 25000 interfaces]
    #[arg(long, value_name = "N")]
    pub(super) vpcs: Option<u64>,
    /// What the estate is made to show
    #[arg(long, value_name = "NAME", value_enum, default_value_t = ShapeArg::Realistic)]
    pub(super) shape: ShapeArg,
    /// Another seed is another estate of the same kind
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
    /// At most how many removals
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(super) removals: u64,
    /// The folder to fill: empty, or not there yet
    #[arg(long, value_name = "DIR")]
    pub(super) out: PathBuf,
}

const GENERATE_EXAMPLES: &str = "\
Examples:
  sgleave generate --interfaces 1000 --out estate
  sgleave generate --interfaces 100000 --shape unique-group-sets --seed 7 --out estate
  sgleave simulate -i estate/export --removals estate/removals.csv";

/// The JSON Schemas of the written documents.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sgleave schema\n  sgleave schema simulation > simulation.schema.json")]
pub(super) struct SchemaArgs {
    /// The document; without it, the names are listed
    #[arg(value_name = "NAME")]
    pub(super) name: Option<String>,
}

/// A completion script for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sgleave completions bash > /etc/bash_completion.d/sgleave")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

/// The manual page of the whole tool.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sgleave man > /usr/local/share/man/man1/sgleave.1")]
pub(super) struct ManArgs {}

#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(super) struct InputArgs {
    /// A saved answer, or a folder of them, read with all it holds; `-` is stdin. Repeatable
    #[arg(short, long = "input", value_name = "PATH", required = true, action = ArgAction::Append)]
    pub(super) input: Vec<PathBuf>,
    /// Refuse to read more than this in all
    ///
    /// The whole export is held in memory, and a limit that is said beats a process that is killed.
    #[arg(long, value_name = "BYTES", default_value_t = 4 << 30, hide_short_help = true)]
    pub(super) max_input_bytes: u64,
    /// Keep what is read in this folder, so that the next run over the same files need not judge them again
    ///
    /// An answer is the same with and without it: an entry belongs to the names and bytes of all inputs and to this very
    /// program, and one that is damaged is replaced. What lies there is believed, so the folder must be your own; it is made
    /// if it is not there, and may be emptied at any time.
    #[arg(long, value_name = "DIR")]
    pub(super) cache: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Removals")]
pub(super) struct RemovalArgs {
    /// TARGET:GROUP, where TARGET is an instance (its primary interface) or an interface; with --from, TARGET alone
    #[arg(value_name = "REMOVAL", help_heading = None::<&str>)]
    pub(super) removal: Vec<String>,
    /// The group that every TARGET leaves
    #[arg(long, value_name = "GROUP")]
    pub(super) from: Option<String>,
    /// A list of removals, as CSV (`target,group`) or JSON; `-` is stdin. Repeatable
    ///
    /// The CSV begins with the line `target,group`. Further columns are `join` (the group to join instead), `ticket`,
    /// `requester`, `approver` and `reason`. The JSON is a list of objects with the same keys; `instance_id` or `interface_id`
    /// may stand for `target`, and `group_id` for `group`.
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(super) removals: Vec<PathBuf>,
    /// Replace one group by another: TARGET:OLD:NEW. Repeatable
    #[arg(long = "move", value_name = "TARGET:OLD:NEW", action = ArgAction::Append)]
    pub(super) moves: Vec<String>,
    /// Accept a list that holds no removal
    #[arg(long)]
    pub(super) allow_empty: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Semantics")]
pub(super) struct SemanticsArgs {
    /// Close or open a sentence of the documentation that can be read in two ways. Repeatable
    ///
    /// intra-group-egress and intra-group-ingress take custom-first, accept-first or open; address-kinds takes all, ipv4 or
    /// open. What is open is judged both ways.
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(super) reading: Vec<ReadingSetting>,
    /// A limit of the account that differs from the documented one. Repeatable
    ///
    /// The names are groups-per-interface, rules-per-interface, addresses-per-group and interfaces-per-enterprise-group.
    #[arg(long, value_name = "NAME=N", action = ArgAction::Append)]
    pub(super) quota: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// The format of the result
    #[arg(short, long, value_name = "FORMAT", default_value = "text", value_parser = formats(["text", "json", "csv"]))]
    pub(super) format: FormatArg,
    /// Write the result to a file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write the same result to a file as well. Repeatable
    #[arg(long, value_name = "FORMAT=FILE", action = ArgAction::Append)]
    pub(super) report: Vec<String>,
    /// Show every entry in text
    #[arg(long, conflicts_with = "limit")]
    pub(super) all: bool,
    /// Show this many entries of a list in text [default: 50]
    ///
    /// A list within an entry, such as the interfaces of one change, shows a fifth of it.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct TableArgs {
    /// How CSV is written: for programs, or for a spreadsheet
    #[arg(long, value_name = "DIALECT", value_enum, default_value_t = DialectArg::Raw)]
    pub(super) csv_dialect: DialectArg,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct ExitArgs {
    /// Let the exit code carry the answer: 0 safe or complete, 1 impact, 4 undetermined or incomplete
    #[arg(long)]
    pub(super) exit_code: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Terminal")]
pub(super) struct TerminalArgs {
    /// No notes on stderr, only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// More notes on stderr
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// Colour; `auto` honours NO_COLOR and colours a terminal only
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(super) color: When,
    /// Progress on stderr; `auto` shows it on a terminal only
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    pub(super) progress: When,
    /// The number of threads; the result is the same for any [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    Text,
    Json,
    Jsonl,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ShapeArg {
    /// As real estates are
    Realistic,
    /// Every rule for an address names the same address
    OneAddress,
    /// Nearly every interface is in a set of groups of its own
    UniqueGroupSets,
    /// Base groups accept everything from everywhere
    AllOpen,
    /// Every group names the large base groups as often as it may
    ReferencedEverywhere,
}

/// Some of the formats; not every result has them all.
pub(super) fn formats<const N: usize>(names: [&'static str; N]) -> impl TypedValueParser<Value = FormatArg> {
    PossibleValuesParser::new(names).try_map(|name| FormatArg::from_str(&name, false))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DialectArg {
    Raw,
    Excel,
}
