//! `sgleave generate`: a synthetic estate to try things on.

use super::args::GenerateArgs;
use super::exit;
use super::failure::Failure;
use super::folder;
use super::output::to_stdout;
use super::settings;
use super::terminal::Terminal;
use crate::generate::{EstateTotals, write_estate};

pub(super) fn run(args: &GenerateArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let options = settings::estate_options(args)?;
    let mut totals = EstateTotals::default();
    folder::fill(&args.out, |folder| {
        totals = write_estate(&options, |name| {
            terminal.stage(&format!("writing {name}"));
            folder.create(name)
        })?;
        Ok(())
    })?;
    terminal.clear();
    let EstateTotals { instances, interfaces, groups, rules, memberships, removals } = totals;
    let places = ["export", "removals.csv"].map(|name| args.out.join(name));
    let [export, list] = places.each_ref().map(|place| place.display());
    to_stdout(|out| {
        writeln!(
            out,
            "GENERATED  {instances} instances, {interfaces} interfaces, {groups} groups, {rules} rules, \
             {memberships} memberships, {removals} removals"
        )?;
        writeln!(out, "  {export} and {list}")
    })?;
    Ok(exit::CLEAR)
}
