//! `sgleave check --sample N`: many changes tried, the first that is not clear shrunk and reported.

use std::path::{Path, PathBuf};

use super::args::TerminalArgs;
use super::failure::Failure;
use super::policy_args::{CheckArgs, PolicyArgs};
use super::terminal::Terminal;
use super::{check, exit, input, output, policies, settings};
use crate::evaluate::Readings;
use crate::policy::{Sample, SampleFailure, Selector};
use crate::report::{Format, SimulationReport, command_line, write_simulation};
use crate::simulate::{Removal, Simulator, judge, parse_removal};

/// A list of sets is small; what is larger is another file.
const LIST_LIMIT: u64 = 16 << 20;

pub(super) fn run(
    sets: u64,
    args: &CheckArgs,
    common: &TerminalArgs,
    terminal: &mut Terminal,
) -> Result<u8, Failure> {
    let options = settings::options(&args.semantics)?;
    let outputs = settings::outputs(&args.output, args.table.csv_dialect, common.color, &settings::FINDINGS)?;
    outputs.keep_clear_of(&args.policies.policy, terminal)?;
    let policies = policies::read(&args.policies, terminal)?;
    if policies.asks_rego() {
        return Err(Failure::usage("rules in Rego are not asked about a sample")
            .with_help("leave --rego out, or check one change"));
    }
    let wrong = |message: String| {
        Failure::usage(message).with_help("write --select group=sg-web or --select tag=tier=web, for example")
    };
    let selector = Selector::of_texts(args.sample.select.iter().map(String::as_str)).map_err(wrong)?;
    let before = match &args.sample.regressions {
        Some(path) => kept(path, terminal)?,
        None => Vec::new(),
    };
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    let bound = policies.set.bind(&estate.graph)?;
    let candidates = selector.memberships(&estate.graph).map_err(wrong)?;
    if candidates.is_empty() {
        return Err(Failure::input("no membership of the export is selected")
            .with_help("check the words of --select, and that the export covers what they name"));
    }
    let all = before.len();
    let before: Vec<Vec<Removal>> =
        before.into_iter().filter(|set| judge(&estate.graph, set, &options).is_ok()).collect();
    if before.len() < all {
        terminal.note(&format!(
            "{} sets that failed before name what the export does not have",
            all - before.len()
        ));
    }
    let simulator = Simulator::new(&estate.graph);
    let reviewer = policies.reviewer(&simulator, &bound, &options);
    let sample = Sample::new(candidates, before, sets, args.sample.seed);
    let total = sample.sets();
    let found = sample.run(&simulator, &reviewer, &options, |done| {
        terminal.stage(&format!("tried {done} of {total} sets"));
    })?;
    terminal.clear();
    let Some(failure) = found else {
        let [singles, pairs, drawn] = sample.parts();
        let again = total - singles - pairs - drawn;
        let text = format!(
            "CLEAR  {total} sets of removals: {again} that failed before, {singles} single, {pairs} pairs, {drawn} drawn from seed {}\n",
            args.sample.seed
        );
        output::to_stdout(|out| out.write_all(text.as_bytes()))?;
        return Ok(exit::CLEAR);
    };
    if let Some(path) = &args.sample.regressions {
        keep(path, &failure, terminal)?;
    }
    say(&failure, total, args, terminal);
    let simulation = simulator.simulate(&failure.least, &options)?;
    let review = reviewer.review(&simulation);
    let context = estate.context(Vec::new());
    let lowered = policies.set.lowered();
    let report = SimulationReport::new(&simulation, &context).reviewed(&review, &lowered);
    outputs.write(failure.outcome.name(), terminal, |format: Format, style, out| {
        write_simulation(&report, format, style, out)
    })?;
    Ok(check::code_of(failure.outcome))
}

fn say(failure: &SampleFailure, total: u64, args: &CheckArgs, terminal: &mut Terminal) {
    let SampleFailure { number, tried, least, .. } = failure;
    let seed = args.sample.seed;
    let (tried, left) = (tried.len(), least.len());
    terminal.note(&format!(
        "set {number} of {total} (seed {seed}) is not clear; of its {tried} removals {left} are needed for that"
    ));
    if let Some(command) = replay(least, args) {
        terminal.note(&format!("replay with: {command}"));
    }
}

/// Returns the command that checks one set alone, under everything that decided about the sample.
fn replay(set: &[Removal], args: &CheckArgs) -> Option<String> {
    let mut options: Vec<(&'static str, String)> = Vec::new();
    let mut add = |flag: &'static str, value: String| options.push((flag, value));
    let paths = |paths: &[PathBuf]| paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let PolicyArgs { policy, allow, reason, baseline, today, .. } = &args.policies;
    paths(&args.input.input).into_iter().for_each(|path| add("-i", path));
    paths(policy).into_iter().for_each(|path| add("-p", path));
    allow.iter().for_each(|allowed| add("--allow", allowed.clone()));
    reason.iter().for_each(|reason| add("--reason", reason.clone()));
    paths(baseline.as_slice()).into_iter().for_each(|path| add("--baseline", path));
    today.iter().for_each(|day| add("--today", day.clone()));
    let usual = Readings::default().settings();
    let readings = settings::readings(&args.semantics.reading).ok()?.settings().into_iter();
    for (name, value) in readings.filter(|reading| !usual.contains(reading)) {
        add("--reading", format!("{name}={value}"));
    }
    args.semantics.quota.iter().for_each(|quota| add("--quota", quota.clone()));
    command_line("sgleave check", &options, line_of(set).split(' '))
}

/// One set, as it stands on a line and on a command line.
fn line_of(set: &[Removal]) -> String {
    set.iter().map(|removal| format!("{}:{}", removal.target, removal.group)).collect::<Vec<_>>().join(" ")
}

/// Reads the sets that failed before; a file that is not there yet has none.
fn kept(path: &Path, terminal: &mut Terminal) -> Result<Vec<Vec<Removal>>, Failure> {
    output::check_place(path)?;
    if !path.exists() {
        return Ok(Vec::new());
    }
    let (_, text) = input::read_text(path, LIST_LIMIT, terminal)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let set = |line: &str| line.split_whitespace().map(|text| Ok(parse_removal(text)?)).collect();
    lines.map(set).collect()
}

/// Adds a set to the file, once.
fn keep(path: &Path, failure: &SampleFailure, terminal: &mut Terminal) -> Result<(), Failure> {
    let mut text =
        if path.exists() { input::read_text(path, LIST_LIMIT, terminal)?.1 } else { String::new() };
    let line = line_of(&failure.least);
    if text.lines().any(|known| known == line) {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&line);
    text.push('\n');
    output::to_file(path, &text)
}
