//! `sgleave explain`: why does this flow pass or not?

use super::args::{DialectArg, ExplainArgs, TerminalArgs};
use super::endpoint;
use super::failure::Failure;
use super::removals::{self, Need};
use super::terminal::Terminal;
use super::{exit, settings};
use crate::evaluate::evaluate;
use crate::report::{ExplanationReport, Format, write_explanation};
use crate::simulate;

pub(super) fn run(args: &ExplainArgs, common: &TerminalArgs, terminal: &mut Terminal) -> Result<u8, Failure> {
    let packet = endpoint::parse_traffic(&args.traffic, args.source_port)?;
    let options = settings::options(&args.semantics)?;
    let outputs =
        settings::outputs(&args.output, DialectArg::Raw, common.color, &[Format::Text, Format::Json])?;
    outputs.keep_clear_of(&args.removals.removals, terminal)?;
    let proposed = removals::collect(&args.removals, &args.input, Need::Optional, terminal)?;
    let estate = settings::estate(&args.input, &outputs, terminal)?;
    let graph = &estate.graph;
    let flow = endpoint::resolve(graph, &args.from_end, &args.to_end, packet)?;
    if packet.source_port != 0 && args.source_port.is_none() {
        terminal.note(&format!(
            "the source port is taken to be {}; --source-port names another",
            packet.source_port
        ));
    }

    let baseline = graph.baseline();
    let before = evaluate(&baseline, &flow, &options.readings);
    let after = if proposed.is_empty() {
        None
    } else {
        let judged = simulate::judge(graph, &removals::bare(&proposed), &options)?;
        let left = judged.iter().map(|removal| (removal.interface, removal.group));
        let joined = judged.iter().filter_map(|removal| Some((removal.interface, removal.join?)));
        Some(evaluate(&baseline.without(left).with(joined), &flow, &options.readings))
    };

    let context = estate.context(removals::metadata(graph, &proposed, &options)?);
    let report = ExplanationReport::new(graph, &context, &flow, &before, after.as_ref(), &options.readings);
    let answer = after.as_ref().unwrap_or(&before).disposition.name();
    outputs.write(answer, terminal, |format, style, out| write_explanation(&report, format, style, out))?;
    Ok(exit::CLEAR)
}
