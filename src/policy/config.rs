//! A policy file: YAML in, rules and waivers out, every error with its place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::{DuplicateKeyPolicy, Error, Location, Options, Spanned};

use super::definition::Level;
use super::file_error::{PolicyFileError, Source, nearest};
use super::file_test::{FileTest, WrittenTest};
use super::registry::{POLICIES, policy};
use super::waiver::Waiver;
use super::written::{
    Asked, Between, Blast, GroupScope, Management, Members, NoParameters, Protected, Reach, Scope, Services,
    Sources,
};

/// The version of the form of policy files.
const VERSION: u32 = 1;

/// A policy file of sgleave.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "sgleave policy file")]
struct File {
    /// The version of this form: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    version: Spanned<u32>,
    /// New levels for rules by their ids, or for all rules of a policy by its code.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Level>")]
    levels: BTreeMap<String, Spanned<Level>>,
    /// The rules. A later one replaces an earlier one of the same id.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenRule>")]
    policies: Vec<Spanned<WrittenRule>>,
    /// Exceptions with a reason, an owner and an end.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenWaiver>")]
    waivers: Vec<Spanned<WrittenWaiver>>,
    /// Removals, and what this file has to say about them.
    #[serde(default)]
    #[schemars(with = "Vec<WrittenTest>")]
    tests: Vec<Spanned<WrittenTest>>,
}

/// A rule: exactly one policy by its code, with its parameters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenRule {
    /// Its name; the policy's code where it is not given.
    #[schemars(with = "Option<String>")]
    id: Option<Spanned<String>>,
    /// How much its findings weigh; the policy's own level where it is not given.
    level: Option<Level>,
    /// Why the rule stands.
    #[serde(default)]
    because: String,
    /// The controls of a catalogue that it serves.
    #[serde(default)]
    controls: Vec<String>,
    /// Whether its selectors may match nothing.
    #[serde(default)]
    optional: bool,
    #[schemars(with = "Option<Scope>")]
    last_security_group: Option<Spanned<Scope>>,
    #[schemars(with = "Option<Scope>")]
    refused_removal: Option<Spanned<Scope>>,
    #[schemars(with = "Option<Scope>")]
    isolated_peer: Option<Spanned<Scope>>,
    #[schemars(with = "Option<Between>")]
    traffic_lost: Option<Spanned<Between>>,
    #[schemars(with = "Option<Between>")]
    exposure_increased: Option<Spanned<Between>>,
    #[schemars(with = "Option<Reach>")]
    must_reach: Option<Spanned<Reach>>,
    #[schemars(with = "Option<Reach>")]
    must_not_reach: Option<Spanned<Reach>>,
    #[schemars(with = "Option<Members>")]
    minimum_members: Option<Spanned<Members>>,
    #[schemars(with = "Option<Sources>")]
    minimum_sources: Option<Spanned<Sources>>,
    #[schemars(with = "Option<Protected>")]
    protected: Option<Spanned<Protected>>,
    #[schemars(with = "Option<Blast>")]
    blast_radius: Option<Spanned<Blast>>,
    #[schemars(with = "Option<GroupScope>")]
    emptied_group: Option<Spanned<GroupScope>>,
    #[schemars(with = "Option<GroupScope>")]
    dangling_reference: Option<Spanned<GroupScope>>,
    #[schemars(with = "Option<Scope>")]
    external_consumer: Option<Spanned<Scope>>,
    #[schemars(with = "Option<Management>")]
    management_path: Option<Spanned<Management>>,
    #[schemars(with = "Option<Services>")]
    well_known_service_lost: Option<Spanned<Services>>,
    #[schemars(with = "Option<NoParameters>")]
    undetermined_change: Option<Spanned<NoParameters>>,
    #[schemars(with = "Option<NoParameters>")]
    waiver_expired: Option<Spanned<NoParameters>>,
    #[schemars(with = "Option<NoParameters>")]
    waiver_unused: Option<Spanned<NoParameters>>,
}

impl WrittenRule {
    /// Returns the policies that are named, by code, with their parameters.
    fn asked(self) -> Vec<(&'static str, Location, Asked)> {
        fn one<T>(
            code: &'static str,
            value: Option<Spanned<T>>,
            asked: fn(T) -> Asked,
        ) -> Option<(&'static str, Location, Asked)> {
            value.map(|written| (code, written.referenced, asked(written.value)))
        }
        let nothing = |_: NoParameters| Asked::Nothing;
        let all = [
            one("last-security-group", self.last_security_group, Asked::Scope),
            one("refused-removal", self.refused_removal, Asked::Scope),
            one("isolated-peer", self.isolated_peer, Asked::Scope),
            one("traffic-lost", self.traffic_lost, |between| Asked::Between(Box::new(between))),
            one("exposure-increased", self.exposure_increased, |between| Asked::Between(Box::new(between))),
            one("must-reach", self.must_reach, |reach| Asked::Reach(Box::new(reach))),
            one("must-not-reach", self.must_not_reach, |reach| Asked::Reach(Box::new(reach))),
            one("minimum-members", self.minimum_members, Asked::Members),
            one("minimum-sources", self.minimum_sources, |sources| Asked::Sources(Box::new(sources))),
            one("protected", self.protected, Asked::Protected),
            one("blast-radius", self.blast_radius, Asked::Blast),
            one("emptied-group", self.emptied_group, Asked::Groups),
            one("dangling-reference", self.dangling_reference, Asked::Groups),
            one("external-consumer", self.external_consumer, Asked::Scope),
            one("management-path", self.management_path, |path| Asked::Management(Box::new(path))),
            one("well-known-service-lost", self.well_known_service_lost, |services| {
                Asked::Services(Box::new(services))
            }),
            one("undetermined-change", self.undetermined_change, nothing),
            one("waiver-expired", self.waiver_expired, nothing),
            one("waiver-unused", self.waiver_unused, nothing),
        ];
        all.into_iter().flatten().collect()
    }
}

/// An exception.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenWaiver {
    /// Its name.
    #[schemars(with = "String")]
    id: Spanned<String>,
    /// The id of a rule, or the code of a policy.
    #[schemars(with = "String")]
    policy: Spanned<String>,
    /// The id of an interface, an instance or a group, or INTERFACE:GROUP; * for findings about the whole change.
    #[schemars(with = "String")]
    subject: Spanned<String>,
    /// Why.
    #[schemars(with = "String")]
    reason: Spanned<String>,
    /// Who answers for it.
    #[schemars(with = "String")]
    owner: Spanned<String>,
    /// The last day it holds, as YYYY-MM-DD.
    #[schemars(with = "String")]
    until: Spanned<String>,
}

/// A rule as it was read, not yet looked up in an estate.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) id: String,
    pub(super) code: &'static str,
    pub(super) level: Level,
    pub(super) because: String,
    pub(super) controls: Vec<String>,
    pub(super) optional: bool,
    pub(super) asked: Asked,
    pub(super) place: Option<(Arc<Source>, Location)>,
}

/// What stands in one file.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) source: Arc<Source>,
    pub(super) levels: Vec<(String, Spanned<Level>)>,
    pub(super) rules: Vec<Declared>,
    pub(super) waivers: Vec<(Waiver, Location)>,
    pub(super) tests: Vec<FileTest>,
}

/// Returns the JSON Schema of policy files, for editors.
#[must_use]
pub fn policy_schema() -> String {
    let schema =
        schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<File>();
    // INVARIANT: numbers and text can always be written.
    serde_json::to_string_pretty(&schema).map_or_else(|_| String::new(), |text| text + "\n")
}

/// Reads a policy file.
///
/// # Errors
/// [`PolicyFileError`] for the first thing that is wrong, with its place.
pub(super) fn parse(name: &str, text: &str) -> Result<Parsed, PolicyFileError> {
    let source = Arc::new(Source { name: name.to_owned(), text: text.to_owned() });
    let file: File =
        serde_saphyr::from_str_with_options(text, options()).map_err(|error| explain(&source, &error))?;
    if file.version.value != VERSION {
        let message = format!("policy files of version {} are not known", file.version.value);
        return Err(source.wrong(file.version.referenced, message, format!("write `version: {VERSION}`")));
    }
    let mut rules: Vec<Declared> = Vec::new();
    for written in file.policies {
        let rule = rule(&source, written)?;
        if rules.iter().any(|other| other.id == rule.id) {
            let at = rule.place.as_ref().map_or(Location::UNKNOWN, |(_, at)| *at);
            let message = format!("two rules are called `{}`", rule.id);
            return Err(source.wrong(at, message, "give each rule of the file an id of its own"));
        }
        rules.push(rule);
    }
    let mut waivers = Vec::new();
    let mut ids = BTreeSet::new();
    for written in file.waivers {
        let at = written.value.id.referenced;
        let waiver = waiver(&source, written.value)?;
        if !ids.insert(waiver.id.clone()) {
            let message = format!("two waivers are called `{}`", waiver.id);
            return Err(source.wrong(at, message, "give each waiver an id of its own"));
        }
        waivers.push((waiver, at));
    }
    let tests = file.tests.into_iter().map(|test| FileTest::read(&source, test)).collect::<Result<_, _>>()?;
    Ok(Parsed { levels: file.levels.into_iter().collect(), rules, waivers, tests, source })
}

fn options() -> Options {
    let mut options = serde_saphyr::options! {
        with_snippet: false,
        strict_booleans: true,
        duplicate_keys: DuplicateKeyPolicy::Error,
    };
    if let Some(budget) = &mut options.budget {
        // An alias saves a few lines and lets a small file grow without end.
        budget.max_aliases = 0;
        budget.max_anchors = 0;
        budget.max_documents = 1;
    }
    options
}

/// Says what the reader of YAML found, in our words where they are better.
fn explain(source: &Source, error: &Error) -> PolicyFileError {
    let at = error.location().unwrap_or(Location::UNKNOWN);
    let (message, help) = match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => {
            let near = nearest(field, expected.iter().copied()).map(|name| format!("did you mean `{name}`?"));
            let help = near.unwrap_or_else(|| format!("here may stand: {}", expected.join(", ")));
            (format!("there is no key `{field}` here"), help)
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            let near =
                nearest(variant, expected.iter().copied()).map(|name| format!("did you mean `{name}`?"));
            let help = near.unwrap_or_else(|| format!("here may stand: {}", expected.join(", ")));
            (format!("`{variant}` is not known here"), help)
        }
        Error::SerdeMissingField { field, .. } => (
            format!("the key `{field}` is missing"),
            "add it; `sgleave policy explain CODE` shows an example".to_owned(),
        ),
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("");
            (format!("the key `{key}` stands twice"), "keep one of the two".to_owned())
        }
        Error::Budget { .. } => (
            "the file uses anchors or aliases, holds several documents, or is nested too deep".to_owned(),
            "write values out where they are used".to_owned(),
        ),
        other => {
            let text = other.to_string();
            let text = text.lines().next().unwrap_or("").to_owned();
            (text, "see `sgleave policy init` for a file to begin with".to_owned())
        }
    };
    source.wrong(at, message, help)
}

fn rule(source: &Arc<Source>, written: Spanned<WrittenRule>) -> Result<Declared, PolicyFileError> {
    let at = written.referenced;
    let mut rule = written.value;
    let (id, level, because) = (rule.id.take(), rule.level, std::mem::take(&mut rule.because));
    let (controls, optional) = (std::mem::take(&mut rule.controls), rule.optional);
    let mut asked = rule.asked().into_iter();
    let (code, _, asked_for) = match (asked.next(), asked.next()) {
        (Some(only), None) => only,
        (None, _) => {
            let message = "the rule names no policy";
            return Err(source.wrong(
                at,
                message,
                "add one, such as `isolated-peer: {}`; see `sgleave policy list`",
            ));
        }
        (Some((first, _, _)), Some((second, at, _))) => {
            let message = format!("the rule names two policies, `{first}` and `{second}`");
            return Err(source.wrong(at, message, "make two rules of it"));
        }
    };
    let at = id.as_ref().map_or(at, |id| id.referenced);
    let id = id.map_or_else(|| code.to_owned(), |id| id.value);
    if id.is_empty() || policy(&id).is_some_and(|other| other.code != code) {
        let message = format!("a rule of `{code}` cannot be called `{id}`");
        return Err(source.wrong(at, message, "choose another id"));
    }
    let default = policy(code).map_or(Level::Deny, |policy| policy.default_level);
    Ok(Declared {
        id,
        code,
        level: level.unwrap_or(default),
        because,
        controls,
        optional,
        asked: asked_for,
        place: Some((Arc::clone(source), at)),
    })
}

fn waiver(source: &Source, written: WrittenWaiver) -> Result<Waiver, PolicyFileError> {
    let texts = [&written.id, &written.policy, &written.subject, &written.reason, &written.owner];
    if let Some(empty) = texts.into_iter().find(|text| text.value.trim().is_empty()) {
        let help = "a waiver has an id, a policy, a subject, a reason, an owner and an end";
        return Err(source.wrong(empty.referenced, "this is empty", help));
    }
    let until = written.until.value.parse().map_err(|_| {
        let message = format!("`{}` is no date", written.until.value);
        source.wrong(written.until.referenced, message, "write the last day it holds as YYYY-MM-DD")
    })?;
    let line = written.id.referenced.line();
    Ok(Waiver {
        id: written.id.value,
        policy: written.policy.value,
        subject: written.subject.value,
        reason: written.reason.value,
        owner: written.owner.value,
        until: Some(until),
        place: Some((source.name.clone(), line)),
    })
}

/// Returns the rules that are asked without a file.
pub(super) fn standard() -> Vec<Declared> {
    let declared = |policy: &super::definition::Policy| {
        let asked = match policy.code {
            "traffic-lost" | "exposure-increased" => Asked::Between(Box::default()),
            "emptied-group" | "dangling-reference" => Asked::Groups(GroupScope::default()),
            "management-path" => Asked::Management(Box::default()),
            "well-known-service-lost" => Asked::Services(Box::default()),
            "undetermined-change" | "waiver-expired" | "waiver-unused" => Asked::Nothing,
            _ => Asked::Scope(Scope::default()),
        };
        Declared {
            id: policy.code.to_owned(),
            code: policy.code,
            level: policy.default_level,
            because: String::new(),
            controls: Vec::new(),
            optional: false,
            asked,
            place: None,
        }
    };
    POLICIES.iter().filter(|policy| policy.is_default).map(declared).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule without parameters means the same whether a file names it or none does; a check that is given parameters of
    /// another policy would find nothing.
    #[test]
    fn what_is_asked_without_a_file_is_what_a_file_would_ask() {
        for rule in standard() {
            let text = format!("version: 1\npolicies:\n  - {}: {{}}\n", rule.code);
            let written = parse("one.yaml", &text).unwrap().rules.remove(0);
            let kind = |asked: &Asked| std::mem::discriminant(asked);
            assert_eq!(
                (kind(&written.asked), written.level),
                (kind(&rule.asked), rule.level),
                "{}",
                rule.code
            );
        }
    }
}
