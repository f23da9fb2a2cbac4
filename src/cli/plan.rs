//! `sgleave plan`: what exactly is called, and how to go back.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::args::TerminalArgs;
use super::failure::Failure;
use super::plan_args::{ApiArg, DraftArgs, PlanArgs, PlanCommand, SignArgs, VerifySignatureArgs};
use super::review::{Asked, Reviewed, reviewed};
use super::terminal::Terminal;
use super::{check, exit, folder, input, output};
use crate::plan::{self, Api, DraftError, DraftOptions, Plan, RUNNER, draft, read_plan};

/// A plan is as long as its change; what is larger is another file.
pub(super) const PLAN_LIMIT: u64 = 1 << 30;

/// Keys and signatures are short.
const KEY_LIMIT: u64 = 1 << 16;

pub(super) fn run(args: &PlanArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    match &args.command {
        Some(PlanCommand::Sign(args)) => sign(args, terminal),
        Some(PlanCommand::VerifySignature(args)) => verify_signature(args, terminal),
        None => write(args, common, terminal),
    }
}

fn write(args: &PlanArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let times = Times::of(&args.draft)?;
    let asked = Asked {
        removals: &args.removals,
        input: &args.input,
        policies: &args.policies,
        semantics: &args.semantics,
        output: &args.output,
        table: &args.table,
        isolation_group: args.draft.isolation_group.as_deref(),
    };
    reviewed(&asked, common, terminal, |reviewed, terminal| {
        let note = match reviewed.review.clear() {
            Ok(clearance) => {
                terminal.stage("looking for a safe order");
                let plan = draft(&clearance, &draft_options(&args.draft, reviewed, &times))?;
                let out = args.draft.out.as_deref().unwrap_or(Path::new("."));
                fill(out, &plan)?;
                let (steps, waves) = (plan.steps.len(), plan.waves.len());
                let place = out.join("plan.json");
                format!(
                    "{} holds the plan: steps {steps}, waves {waves}, id {}",
                    place.display(),
                    plan.plan_id
                )
            }
            Err(_) => "there is no plan: the policies do not clear the change".to_owned(),
        };
        reviewed.write(terminal)?;
        terminal.note(&note);
        Ok(check::code_of(reviewed.review.outcome()))
    })
}

fn fill(out: &Path, plan: &Plan) -> Result<(), Failure> {
    use std::io::Write as _;
    let json =
        plan::to_json(plan).map_err(|error| Failure::output(format!("cannot write the plan: {error}")))?;
    let page = plan::to_markdown(plan);
    folder::fill(out, |folder| {
        for (name, text) in [("plan.json", json.as_str()), ("plan.md", &page), ("runner.py", RUNNER)] {
            let mut file = folder.create(name)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
        }
        Ok(())
    })
}

/// The times of a plan.
struct Times {
    created_at: Timestamp,
    taken_at: Option<Timestamp>,
    not_before: Option<Timestamp>,
    not_after: Option<Timestamp>,
}

impl Times {
    fn of(args: &DraftArgs) -> Result<Self, Failure> {
        let time = |text: &Option<String>| text.as_deref().map(time).transpose();
        Ok(Self {
            created_at: time(&args.created_at)?.unwrap_or_else(Timestamp::now),
            taken_at: time(&args.taken_at)?,
            not_before: time(&args.not_before)?,
            not_after: time(&args.not_after)?,
        })
    }
}

fn time(text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| {
        Failure::usage(format!("`{text}` is no time")).with_help("write it as 2026-01-31T22:00:00Z")
    })
}

fn draft_options<'o>(args: &DraftArgs, reviewed: &Reviewed<'o>, times: &Times) -> DraftOptions<'o> {
    DraftOptions {
        api: match args.api {
            ApiArg::Modify => Api::Modify,
            ApiArg::Leave => Api::Leave,
        },
        quotas: reviewed.options.quotas,
        created_at: times.created_at,
        taken_at: times.taken_at,
        max_age_seconds: args.max_age,
        not_before: times.not_before,
        not_after: times.not_after,
        account: args.account.clone(),
        region: args.region.clone(),
        max_wave: usize::from(args.max_wave),
        soak_seconds: args.soak,
        wait_seconds: args.wait,
        rollback_attested: args.rollback_permission_attested,
        inventory_digest: reviewed.inventory_digest,
        tool_version: env!("CARGO_PKG_VERSION"),
        lowered: reviewed.lowered,
        asks_rego: reviewed.policies.asks_rego(),
    }
}

/// Reads a plan.
pub(super) fn read(path: &Path, terminal: &mut Terminal) -> Result<Plan, Failure> {
    let (name, text) = input::read_text(path, PLAN_LIMIT, terminal)?;
    Ok(read_plan(&name, &text)?)
}

fn beside(plan: &Path, given: Option<&PathBuf>) -> PathBuf {
    given.cloned().unwrap_or_else(|| {
        let mut name = plan.as_os_str().to_owned();
        name.push(".sig");
        PathBuf::from(name)
    })
}

fn sign(args: &SignArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let place = beside(&args.plan, args.signature.as_ref());
    output::check_place(&place)?;
    let plan = read(&args.plan, terminal)?;
    let (_, key) = input::read_text(&args.key, KEY_LIMIT, terminal)?;
    let signature = plan::signature::sign(&plan, &key)?;
    output::to_file(&place, &signature)?;
    output::to_stdout(|out| writeln!(out, "SIGNED  {}\n  {}", plan.plan_id, place.display()))?;
    Ok(exit::CLEAR)
}

fn verify_signature(args: &VerifySignatureArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let plan = read(&args.plan, terminal)?;
    let (_, key) = input::read_text(&args.key, KEY_LIMIT, terminal)?;
    let place = beside(&args.plan, args.signature.as_ref());
    let (_, signature) = input::read_text(&place, KEY_LIMIT, terminal)?;
    plan::signature::verify(&plan, &key, &signature)?;
    output::to_stdout(|out| writeln!(out, "SIGNED  {}", plan.plan_id))?;
    Ok(exit::CLEAR)
}

impl From<DraftError> for Failure {
    fn from(error: DraftError) -> Self {
        let (code, help) = match &error {
            DraftError::Nothing => (exit::USAGE, "name a removal"),
            DraftError::Incomplete(_) => {
                (exit::UNDETERMINED, "export what is missing: `sgleave inspect` says which answers are")
            }
            DraftError::Refused(_) => (
                exit::NOT_CLEAR,
                "no call can be made that the API refuses; for the last group of an interface, name --isolation-group",
            ),
            DraftError::NoSafeOrder(_) => (
                exit::NOT_CLEAR,
                "with --api modify all groups of one interface change in one call; else split the change",
            ),
            DraftError::OrderTooHard(_) => (exit::UNDETERMINED, "split the change into smaller ones"),
            DraftError::NoAccount => (exit::INPUT, "name it with --account"),
            DraftError::Accounts(_) => (exit::INPUT, "make a plan for each account"),
            DraftError::NoRegion(_) => (exit::INPUT, "name it with --region"),
            DraftError::OtherTime(_) => {
                (exit::STALE, "export again, or let the plan live longer with --max-age")
            }
            DraftError::Unwritable(_) => (exit::BUG, "please report it"),
        };
        Self::new(code, &error).with_help(help)
    }
}
