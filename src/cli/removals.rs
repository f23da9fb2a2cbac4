//! The removals of a command line: arguments and lists, one list without repetitions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::args::{InputArgs, RemovalArgs};
use super::failure::{Failure, NOTHING_HELP};
use super::input;
use super::terminal::Terminal;
use crate::graph::SecurityGraph;
use crate::report::RemovalMetadata;
use crate::simulate::{
    self, Options, ProposedRemoval, Removal, check_id, merge_duplicates, parse_move, parse_removal,
    read_removals,
};

/// A list of removals is small; what is larger is another file.
const LIST_LIMIT: u64 = 256 << 20;

/// Whether a command makes sense without a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// It does not.
    Required,
    /// It does, unless something was said that should have brought one.
    Optional,
}

/// Returns what is proposed, in the order it was named.
pub(super) fn collect(
    args: &RemovalArgs,
    inputs: &InputArgs,
    need: Need,
    terminal: &mut Terminal,
) -> Result<Vec<ProposedRemoval>, Failure> {
    let mut readers = inputs.input.iter().chain(&args.removals).filter(|path| input::is_stdin(path));
    if readers.next().is_some()
        && args.removals.iter().any(|path| input::is_stdin(path))
        && readers.next().is_some()
    {
        return Err(Failure::usage("stdin is named twice")
            .with_help("save one of the two as a file, since stdin can be read once"));
    }
    let mut proposed: Vec<ProposedRemoval> = Vec::new();
    match &args.from {
        Some(group) => proposed.extend(members_of_one(group, &args.removal)?),
        None => {
            for text in &args.removal {
                proposed.push(parse_removal(text)?.into());
            }
        }
    }
    for text in &args.moves {
        proposed.push(parse_move(text)?.into());
    }
    for path in &args.removals {
        let (name, text) = input::read_text(path, LIST_LIMIT, terminal)?;
        proposed.extend(read_removals(&name, &text)?);
    }
    let asked = need == Need::Required || args.from.is_some() || !args.removals.is_empty();
    if proposed.is_empty() && asked && !args.allow_empty {
        return Err(Failure::usage("there is no removal").with_help(NOTHING_HELP));
    }
    let (merged, dropped) = merge_duplicates(proposed).map_err(contradiction)?;
    if dropped > 0 {
        let noun = if dropped == 1 { "removal is" } else { "removals are" };
        terminal.note(&format!("{dropped} {noun} named more than once and counted once"));
    }
    Ok(merged)
}

/// `--from GROUP TARGET…`: every target leaves the one group.
fn members_of_one(group: &str, targets: &[String]) -> Result<Vec<ProposedRemoval>, Failure> {
    let mut proposed = Vec::with_capacity(targets.len());
    for target in targets {
        if target.contains(':') {
            return Err(Failure::usage(format!(
                "`{target}` names a group of its own beside `--from {group}`"
            ))
            .with_help("with --from, name targets only"));
        }
        for id in [target.as_str(), group] {
            check_id(id).map_err(|error| Failure::from(simulate::RemovalTextError::Id(error)))?;
        }
        let removal = Removal { target: target.clone(), group: group.to_owned(), join: None };
        proposed.push(removal.into());
    }
    Ok(proposed)
}

fn contradiction(error: impl std::fmt::Display) -> Failure {
    Failure::input(error).with_help("keep the one that is right")
}

/// Returns the removals without their paperwork.
pub(super) fn bare(proposed: &[ProposedRemoval]) -> Vec<Removal> {
    proposed.iter().map(|proposal| proposal.removal.clone()).collect()
}

/// Returns the paperwork by interface and group. An instance and its primary interface are one target, which only the
/// simulation knows, so paperwork under both names is brought together here.
pub(super) fn metadata(
    graph: &SecurityGraph,
    proposed: &[ProposedRemoval],
    options: &Options,
) -> Result<Vec<RemovalMetadata>, Failure> {
    let mut papers: BTreeMap<_, ProposedRemoval> = BTreeMap::new();
    for proposal in proposed.iter().filter(|proposal| proposal.has_metadata()) {
        for judged in simulate::judge(graph, std::slice::from_ref(&proposal.removal), options)? {
            match papers.entry((judged.interface, judged.group)) {
                Entry::Vacant(place) => {
                    place.insert(proposal.clone());
                }
                Entry::Occupied(mut place) => place.get_mut().adopt(proposal).map_err(contradiction)?,
            }
        }
    }
    let rows = papers.into_iter().map(|((interface, group), paper)| RemovalMetadata {
        interface,
        group,
        ticket: paper.ticket,
        requester: paper.requester,
        approver: paper.approver,
        reason: paper.reason,
    });
    Ok(rows.collect())
}
