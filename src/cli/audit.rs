//! `sgleave audit`: which memberships can go at all?

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::args::{AuditArgs, TerminalArgs};
use super::failure::{Failure, listed};
use super::output::Sink;
use super::terminal::Terminal;
use super::{exit, settings};
use crate::inventory::VpcId;
use crate::report::{AuditReport, AuditWriter};
use crate::simulate::{AuditSummary, Options, Simulator};

/// What is typed for the interfaces that are in no VPC the export names.
const NO_VPC: &str = "none";

/// How many of the worst are kept where the text shows all.
const MOST_KEPT: usize = 10_000;

pub(super) fn run(args: &AuditArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let options = settings::options(&args.semantics)?;
    let outputs = settings::outputs(&args.output, args.table.csv_dialect, common.color, &settings::AUDIT)?;
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    terminal.stage("compiling the rules");
    let simulator = Simulator::new(&estate.graph);
    let scopes = scopes(&simulator, &args.vpc)?;
    let context = estate.context(Vec::new());
    let report = AuditReport::new(&estate.graph, &context, options.readings);
    let mut summary = AuditSummary::new(outputs.limit().unwrap_or(MOST_KEPT));
    outputs.stream(terminal, |sinks, terminal| {
        write(&simulator, &scopes, &options, &report, &mut summary, sinks, terminal)?;
        Ok(if summary.is_clear() { "every membership can go" } else { "leaving changes something" })
    })?;
    Ok(match (args.exit.exit_code, summary.is_clear(), summary.is_undetermined()) {
        (false, ..) | (true, true, _) => exit::CLEAR,
        (true, false, true) => exit::UNDETERMINED,
        (true, false, false) => exit::NOT_CLEAR,
    })
}

/// Returns what is to be judged: the VPCs that were named, or all of the estate.
fn scopes<'s>(simulator: &'s Simulator<'_>, wanted: &[String]) -> Result<Vec<Option<&'s VpcId>>, Failure> {
    let mut scopes: Vec<Option<&VpcId>> = simulator.vpcs().map(Some).collect();
    scopes.push(None);
    if wanted.is_empty() {
        // Who is in no VPC is seldom there, and then nobody waits for a part that is empty.
        scopes.retain(|scope| scope.is_some() || simulator.memberships_of(*scope) > 0);
        return Ok(scopes);
    }
    let name = |scope: &Option<&VpcId>| scope.map_or(NO_VPC, |vpc| vpc.as_str()).to_owned();
    let known: Vec<String> = scopes.iter().map(name).collect();
    if let Some(unknown) = wanted.iter().find(|vpc| !known.contains(vpc)) {
        let message = format!("no interface of the export is in VPC `{unknown}`");
        return Err(Failure::input(message).with_help(format!("there are {}", listed(&known))));
    }
    scopes.retain(|scope| wanted.contains(&name(scope)));
    Ok(scopes)
}

/// Judges one VPC after the other, and writes each when it is judged.
fn write(
    simulator: &Simulator<'_>,
    scopes: &[Option<&VpcId>],
    options: &Options,
    report: &AuditReport<'_>,
    summary: &mut AuditSummary,
    sinks: &mut [Sink<'_>],
    terminal: &mut Terminal,
) -> Result<(), Failure> {
    let mut writers = Vec::with_capacity(sinks.len());
    for sink in sinks {
        let (target, writer) = (&sink.target, AuditWriter::new(report, sink.format, &sink.style, sink.out));
        writers.push((target, writer.map_err(|error| target.failure(&error))?));
    }
    let total: u64 = scopes.iter().map(|scope| simulator.memberships_of(*scope)).sum();
    let done = AtomicU64::new(0);
    for scope in scopes {
        let place = scope.map_or("no VPC".to_owned(), |vpc| format!("VPC {vpc}"));
        let shown = Mutex::new(&mut *terminal);
        let tick = |more: u64| {
            let before = done.fetch_add(more, Ordering::Relaxed);
            let percent = |n: u64| n.saturating_mul(100).checked_div(total).unwrap_or(100);
            if percent(before) != percent(before + more) {
                let text = format!("judging {place}: {} of {total} memberships", before + more);
                // Progress that is lost because another thread failed is no loss.
                if let Ok(mut terminal) = shown.lock() {
                    terminal.stage(&text);
                }
            }
        };
        let audit = simulator.audit(*scope, options, &tick);
        summary.add(&audit);
        terminal.clear();
        for (target, writer) in &mut writers {
            writer.part(&audit).map_err(|error| target.failure(&error))?;
        }
    }
    terminal.clear();
    for (target, writer) in writers {
        writer.finish(summary).map_err(|error| target.failure(&error))?;
    }
    Ok(())
}
