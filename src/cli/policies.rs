//! The policies of a command line: files laid over each other, exceptions, what was found before, and the day.

use std::path::PathBuf;

use jiff::{Timestamp, tz::Offset};

use super::failure::Failure;
use super::input;
use super::policy_args::PolicyArgs;
use super::terminal::Terminal;
use crate::graph::SecurityGraph;
#[cfg(feature = "rego")]
use crate::policy::RegoRules;
use crate::policy::{Baseline, BoundSet, Finding, POLICIES, PolicySet, Reviewer, Today, Waiver};
use crate::report::SimulationReport;
#[cfg(feature = "rego")]
use crate::report::{Format, Style, write_simulation};
use crate::simulate::{Options, Simulator};

/// A policy file is written by hand; what is larger is another file.
const FILE_LIMIT: u64 = 16 << 20;

/// Everything that decides a review besides the estate and the change.
pub(super) struct Policies {
    pub(super) set: PolicySet,
    #[cfg(feature = "rego")]
    rego: Option<RegoRules>,
    allowed: Vec<Waiver>,
    baseline: Option<Baseline>,
    today: Today,
}

/// Reads what the arguments name.
pub(super) fn read(args: &PolicyArgs, terminal: &mut Terminal) -> Result<Policies, Failure> {
    #[cfg(feature = "rego")]
    let rego = rego(&args.rego, terminal)?;
    let set = PolicySet::standard();
    #[cfg(feature = "rego")]
    let set = match rego.clone() {
        Some(rules) => set.beside(move |name| rules.may_have(name)),
        None => set,
    };
    let set = layered(set, &args.policy, terminal)?;
    let reason = args.reason.as_deref().unwrap_or("");
    let allowed = args.allow.iter().map(|text| allowed(text, reason, &set)).collect::<Result<_, _>>()?;
    let baseline = match &args.baseline {
        Some(path) => {
            let (name, text) = input::read_text(path, FILE_LIMIT, terminal)?;
            Some(Baseline::parse(&name, &text)?)
        }
        None => None,
    };
    Ok(Policies {
        set,
        #[cfg(feature = "rego")]
        rego,
        allowed,
        baseline,
        today: today(args.today.as_deref())?,
    })
}

#[cfg(feature = "rego")]
fn rego(files: &[PathBuf], terminal: &mut Terminal) -> Result<Option<RegoRules>, Failure> {
    let read = |path: &PathBuf| input::read_text(path, FILE_LIMIT, terminal);
    let files = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(if files.is_empty() { None } else { Some(RegoRules::read(&files)?) })
}

impl Policies {
    /// Makes ready to review simulations of one estate.
    pub(super) fn reviewer<'r>(
        &'r self,
        simulator: &'r Simulator<'r>,
        bound: &'r BoundSet,
        options: &Options,
    ) -> Reviewer<'r> {
        Reviewer::new(simulator, bound, options.readings, self.today)
            .allowing(self.allowed.clone())
            .knowing(self.baseline.as_ref())
    }

    /// Tells whether there are rules in Rego.
    pub(super) const fn asks_rego(&self) -> bool {
        #[cfg(feature = "rego")]
        return self.rego.is_some();
        #[cfg(not(feature = "rego"))]
        false
    }

    /// Asks the rules in Rego about a simulation.
    #[cfg(feature = "rego")]
    pub(super) fn found_in_rego(
        &self,
        report: &SimulationReport<'_>,
        graph: &SecurityGraph,
    ) -> Result<Vec<Finding>, Failure> {
        let Some(rules) = &self.rego else { return Ok(Vec::new()) };
        let mut input = Vec::new();
        write_simulation(report, Format::Json, &Style::default(), &mut input)
            .map_err(|error| Failure::output(format!("cannot write the input of the rules: {error}")))?;
        let input = String::from_utf8_lossy(&input);
        Ok(rules.ask(&input, graph, self.set.levels_of_others())?)
    }

    /// Without the feature there are no such rules.
    #[cfg(not(feature = "rego"))]
    pub(super) fn found_in_rego(
        &self,
        _: &SimulationReport<'_>,
        _: &SecurityGraph,
    ) -> Result<Vec<Finding>, Failure> {
        Ok(Vec::new())
    }
}

/// Reads policy files and lays them over each other.
pub(super) fn set(files: &[PathBuf], terminal: &mut Terminal) -> Result<PolicySet, Failure> {
    layered(PolicySet::standard(), files, terminal)
}

fn layered(mut set: PolicySet, files: &[PathBuf], terminal: &mut Terminal) -> Result<PolicySet, Failure> {
    for path in files {
        let (name, text) = input::read_text(path, FILE_LIMIT, terminal)?;
        set.layer(&name, &text)?;
    }
    Ok(set)
}

fn allowed(text: &str, reason: &str, set: &PolicySet) -> Result<Waiver, Failure> {
    let wrong = |message: String| {
        Failure::usage(message)
            .with_help("write --allow POLICY:SUBJECT --reason TEXT, with a subject as a finding names it")
    };
    if reason.trim().is_empty() {
        return Err(wrong("an exception needs a reason".to_owned()));
    }
    let (policy, subject) = text
        .split_once(':')
        .filter(|(policy, subject)| !policy.is_empty() && !subject.is_empty())
        .ok_or_else(|| wrong(format!("`{text}` is not of the form `POLICY:SUBJECT`")))?;
    if !set.knows(policy) {
        let codes: Vec<&str> = POLICIES.iter().map(|policy| policy.code).collect();
        let help = format!("the codes are {}", codes.join(", "));
        return Err(Failure::usage(format!("no policy or rule is called `{policy}`")).with_help(help));
    }
    Ok(Waiver {
        id: format!("--allow {text}"),
        policy: policy.to_owned(),
        subject: subject.to_owned(),
        reason: reason.to_owned(),
        owner: String::new(),
        until: None,
        place: None,
    })
}

fn today(given: Option<&str>) -> Result<Today, Failure> {
    match given {
        None => Ok(Offset::UTC.to_datetime(Timestamp::now()).date()),
        Some(text) => text
            .parse()
            .map_err(|_| Failure::usage(format!("`{text}` is no date")).with_help("write it as YYYY-MM-DD")),
    }
}
