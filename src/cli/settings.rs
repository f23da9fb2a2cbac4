//! What the arguments mean: formats chosen, targets checked, settings merged.

use std::mem::ManuallyDrop;
use std::path::PathBuf;

use super::args::{
    DialectArg, FormatArg, GenerateArgs, InputArgs, OutputArgs, SemanticsArgs, ShapeArg, TerminalArgs, When,
};
use super::cache::{self, Cache};
use super::entry::Understood;
use super::failure::Failure;
use super::input::{self, Inputs};
use super::output::{Output, Outputs, Target};
use super::terminal::{self, Terminal};
use crate::evaluate::{ReadingSetting, Readings};
use crate::generate::{EstateOptions, EstateShape};
use crate::graph::SecurityGraph;
use crate::report::{CsvDialect, Format, RemovalMetadata, ReportContext, Style};
use crate::simulate::{Options, Quotas};

/// The forms of a result with findings.
pub(super) const FINDINGS: [Format; 3] = [Format::Text, Format::Json, Format::Csv];

/// The forms of a document without findings.
pub(super) const DOCUMENT: [Format; 2] = [Format::Text, Format::Json];

/// The forms of an audit, which may be longer than memory.
pub(super) const AUDIT: [Format; 3] = [Format::Text, Format::Lines, Format::Csv];

/// How many entries of a list the text shows unless it is told otherwise.
const LIMIT: usize = 50;

/// Returns the outputs that were asked for.
///
/// # Errors
/// A form that the command does not write, or a file that cannot be written.
pub(super) fn outputs(
    args: &OutputArgs,
    dialect: DialectArg,
    colour: When,
    forms: &[Format],
) -> Result<Outputs, Failure> {
    let first = match &args.output {
        Some(path) if !input::is_stdin(path) => Target::File(path.clone()),
        _ => Target::Stdout,
    };
    let mut outputs = vec![Output { format: format_of(args.format), target: first }];
    for report in &args.report {
        outputs.push(report_of(report, forms)?);
    }
    let dialect = match dialect {
        DialectArg::Raw => CsvDialect::Raw,
        DialectArg::Excel => CsvDialect::Excel,
    };
    let limit = if args.all { None } else { Some(args.limit.unwrap_or(LIMIT)) };
    Outputs::new(outputs, Style { colour: terminal::colours_stdout(colour), limit, dialect })
}

const fn format_of(format: FormatArg) -> Format {
    match format {
        FormatArg::Text => Format::Text,
        FormatArg::Json => Format::Json,
        FormatArg::Jsonl => Format::Lines,
        FormatArg::Csv => Format::Csv,
    }
}

/// Reads one `--report FORMAT=FILE`.
fn report_of(text: &str, forms: &[Format]) -> Result<Output, Failure> {
    let form = || {
        let names: Vec<String> = forms.iter().map(|form| format!("--report {}=FILE", form.name())).collect();
        let names = match names.split_last() {
            Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
            _ => names.concat(),
        };
        Failure::usage(format!("`{text}` is not of the form `FORMAT=FILE`"))
            .with_help(format!("write {names}"))
    };
    let (format, file) = text.split_once('=').filter(|(_, file)| !file.is_empty()).ok_or_else(form)?;
    let format = *forms.iter().find(|known| known.name() == format).ok_or_else(form)?;
    if file == "-" {
        return Err(Failure::usage("`--report` writes files only")
            .with_help("choose the format on stdout with --format, and give --report a file"));
    }
    Ok(Output { format, target: Target::File(PathBuf::from(file)) })
}

/// Returns the settings of the semantics.
pub(super) fn options(args: &SemanticsArgs) -> Result<Options, Failure> {
    Ok(Options { readings: readings(&args.reading)?, quotas: quotas(&args.quota)? })
}

pub(super) fn readings(settings: &[ReadingSetting]) -> Result<Readings, Failure> {
    let mut readings = Readings::default();
    for (at, setting) in settings.iter().enumerate() {
        let same = |other: &ReadingSetting| std::mem::discriminant(other) == std::mem::discriminant(setting);
        if settings.iter().take(at).any(|other| same(other) && other != setting) {
            return Err(Failure::usage("one reading is set in two ways").with_help("keep one of the two"));
        }
        readings = readings.with(*setting);
    }
    Ok(readings)
}

fn quotas(settings: &[String]) -> Result<Quotas, Failure> {
    let mut quotas = Quotas::default();
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for setting in settings {
        let (name, value) = setting
            .split_once('=')
            .and_then(|(name, value)| Some((name, value.parse().ok()?)))
            .ok_or_else(|| {
                Failure::usage(format!("`{setting}` is not of the form `NAME=N`"))
                    .with_help("write --quota rules-per-interface=2000, for example")
            })?;
        if seen.iter().any(|(other, number)| *other == name && *number != value) {
            let message = format!("the quota `{name}` is set in two ways");
            return Err(Failure::usage(message).with_help("keep one of the two"));
        }
        seen.push((name, value));
        let place = match name {
            "groups-per-interface" => &mut quotas.groups_per_interface,
            "rules-per-interface" => &mut quotas.rules_per_interface,
            "addresses-per-group" => &mut quotas.addresses_per_group,
            "interfaces-per-enterprise-group" => &mut quotas.interfaces_per_enterprise_group,
            _ => {
                return Err(Failure::usage(format!("no quota is called `{name}`")).with_help(
                    "there are groups-per-interface, rules-per-interface, addresses-per-group and \
                     interfaces-per-enterprise-group",
                ));
            }
        };
        *place = value;
    }
    Ok(quotas)
}

/// Returns what estate is asked for.
pub(super) fn estate_options(args: &GenerateArgs) -> Result<EstateOptions, Failure> {
    let shape = match args.shape {
        ShapeArg::Realistic => EstateShape::Realistic,
        ShapeArg::OneAddress => EstateShape::OneAddress,
        ShapeArg::UniqueGroupSets => EstateShape::UniqueGroupSets,
        ShapeArg::AllOpen => EstateShape::AllOpen,
        ShapeArg::ReferencedEverywhere => EstateShape::ReferencedEverywhere,
    };
    let mut options = EstateOptions::new(args.interfaces, shape);
    if let Some(vpcs) = args.vpcs {
        options = options.over(vpcs);
    }
    if let Some(groups) = args.groups {
        options = options.among(groups);
    }
    options.rules = args.rules.unwrap_or(options.rules);
    options.removals = args.removals;
    options.seed = args.seed;
    options.check().map_err(|error| {
        Failure::usage(error).with_help("leave a number out, and one that fits the interfaces is taken")
    })?;
    Ok(options)
}

/// Sets the number of threads for the whole process.
pub(super) fn threads(args: &TerminalArgs) -> Result<(), Failure> {
    let Some(threads) = args.threads else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(usize::from(threads))
        .build_global()
        .map_err(|error| Failure::usage(format!("cannot start {threads} threads: {error}")))
}

/// An estate that was read, and what a report says about it.
pub(super) struct Estate {
    pub(super) graph: SecurityGraph,
    digest: String,
    inputs: Vec<String>,
}

/// Reads an export for which nothing is reported.
pub(super) fn graph(args: &InputArgs, terminal: &mut Terminal) -> Result<SecurityGraph, Failure> {
    Ok(SecurityGraph::new(understand(args, terminal)?.inventory))
}

fn understand(args: &InputArgs, terminal: &mut Terminal) -> Result<Understood, Failure> {
    let limit = args.max_input_bytes;
    let cache = match &args.cache {
        Some(folder) => Cache::open(folder, &args.input, limit, terminal)?,
        None => None,
    };
    let inputs = Inputs::find(&args.input, limit, terminal)?;
    cache::understand(cache.as_ref(), inputs, terminal)
}

/// Reads the export. The process ends with its answer, and nobody waits for a million records to be given back one by one.
pub(super) fn estate(
    args: &InputArgs,
    outputs: &Outputs,
    terminal: &mut Terminal,
) -> Result<ManuallyDrop<Estate>, Failure> {
    outputs.keep_clear_of(&args.input, terminal)?;
    let Understood { inventory, digest } = understand(args, terminal)?;
    let mut inputs: Vec<String> = args.input.iter().map(|path| path.display().to_string()).collect();
    // The order in which inputs are named changes no byte of a result.
    inputs.sort();
    inputs.dedup();
    Ok(ManuallyDrop::new(Estate { graph: SecurityGraph::new(inventory), digest, inputs }))
}

impl Estate {
    /// Returns what a report says about its own making.
    pub(super) fn context(&self, metadata: Vec<RemovalMetadata>) -> ReportContext {
        ReportContext {
            tool_version: env!("CARGO_PKG_VERSION"),
            inventory_digest: self.digest.clone(),
            inputs: self.inputs.clone(),
            metadata,
        }
    }
}
