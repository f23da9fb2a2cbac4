//! A team's own rules in Rego, over the JSON of a simulation.
//!
//! As users of Conftest know them: every package is asked for its rules `deny`, `violation` and `warn`, also with a suffix
//! (`deny_ssh`). Each result is a text, or an object with `msg`; a `subject` in it, as findings name them, says what it is
//! about. The rule's id is `PACKAGE.RULE`.

use std::collections::BTreeMap;
use std::fmt;

use regorus::Engine;
use serde::Deserialize;

use super::definition::Level;
use super::finding::{Finding, Origin, Standing, Status, Subject};
use crate::graph::{InterfaceIx, SecurityGraph};
use crate::inventory::InterfaceKind;
use crate::netset::TransportSet;
use crate::simulate::Certainty;

/// Rules in Rego, read and ready.
#[derive(Clone)]
pub struct RegoRules {
    engine: Engine,
    /// The packages with `data.` in front, sorted.
    packages: Vec<String>,
}

impl fmt::Debug for RegoRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegoRules").field("packages", &self.packages).finish_non_exhaustive()
    }
}

/// Rules in Rego that cannot be read or asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegoError {
    /// What is wrong, and where; untrusted text.
    pub message: String,
    /// What to do about it.
    pub help: &'static str,
    /// The line, and marks below it; untrusted text.
    pub excerpt: Option<Box<[String; 2]>>,
}

impl fmt::Display for RegoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegoError {}

/// One result of a rule.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Text(String),
    Object { msg: String, subject: Option<String> },
}

/// The level of a rule by its name; `None` for one that is no result.
fn level_of(rule: &str) -> Option<Level> {
    let is =
        |word: &str| rule.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    match () {
        () if is("deny") || is("violation") => Some(Level::Deny),
        () if is("warn") => Some(Level::Warn),
        () => None,
    }
}

impl RegoRules {
    /// Reads files: their names and texts.
    ///
    /// # Errors
    /// [`RegoError`] for the first that is no Rego. A package may have no rule that says anything: others can call it.
    pub fn read(files: &[(String, String)]) -> Result<Self, RegoError> {
        let mut engine = Engine::new();
        let mut packages = Vec::new();
        for (name, text) in files {
            let package = engine.add_policy(name.clone(), text.clone());
            packages.push(package.map_err(|error| {
                wrong(
                    name,
                    &error.to_string(),
                    "write Rego of version 1, such as `deny contains msg if { … }`",
                )
            })?);
        }
        packages.sort_unstable();
        packages.dedup();
        Ok(Self { engine, packages })
    }

    /// Tells whether a rule could be called so: one of these packages, and the name of a result.
    #[must_use]
    pub fn may_have(&self, id: &str) -> bool {
        let of = |package: &String| {
            let package = package.strip_prefix("data.").unwrap_or(package);
            id.strip_prefix(package)
                .and_then(|rest| rest.strip_prefix('.'))
                .is_some_and(|rule| level_of(rule).is_some())
        };
        self.packages.iter().any(of)
    }

    /// Asks every rule about the JSON of a simulation. `levels` are those that files give to rules by their ids.
    ///
    /// # Errors
    /// [`RegoError`] where a rule cannot be asked, says something that is no result, or is about nobody of the export.
    pub fn ask(
        &self,
        input: &str,
        graph: &SecurityGraph,
        levels: &BTreeMap<String, Level>,
    ) -> Result<Vec<Finding>, RegoError> {
        const RESULT: &str = "a result is a text, or an object with `msg` and perhaps `subject`";
        let mut engine = self.engine.clone();
        let mut found = Vec::new();
        engine.set_input_json(input).map_err(|error| wrong("the input", &error.to_string(), RESULT))?;
        for package in &self.packages {
            let said = engine
                .eval_query(package.clone(), false)
                .map_err(|error| wrong(package, &error.to_string(), "mend the rule"))?;
            let value = said.result.first().and_then(|result| result.expressions.first());
            let Some(value) = value.map(|expression| &expression.value) else { continue };
            let no_result = |error: &dyn fmt::Display| wrong(package, &error.to_string(), RESULT);
            let text = value.to_json_str().map_err(|error| no_result(&error))?;
            let rules: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(&text).map_err(|error| no_result(&error))?;
            for (rule, results) in rules {
                let Some(usual) = level_of(&rule) else { continue };
                let id = format!("{}.{rule}", package.strip_prefix("data.").unwrap_or(package));
                let level = levels.get(&id).copied().unwrap_or(usual);
                let results: Vec<Said> = serde_json::from_value(results)
                    .map_err(|_| wrong(&id, "the rule says something that is no result", RESULT))?;
                for said in results {
                    let (message, subject) = match said {
                        Said::Text(text) => (text, None),
                        Said::Object { msg, subject } => (msg, subject),
                    };
                    let subject = match subject {
                        None => Subject::Whole,
                        Some(name) => subject_of(&name, graph).ok_or_else(|| {
                            let message =
                                format!("`{name}` is no interface, instance or group of the export");
                            wrong(&id, &message, "take the subject from the input")
                        })?,
                    };
                    found.push(finding(&id, level, subject, message));
                }
            }
        }
        found.retain(|finding| finding.level != Level::Off);
        Ok(found)
    }
}

fn finding(id: &str, level: Level, subject: Subject, message: String) -> Finding {
    Finding {
        rule: id.to_owned(),
        code: id.to_owned(),
        subject,
        aspect: message.clone(),
        standing: Standing::New,
        certainty: Certainty::Certain,
        level,
        message,
        traffic: TransportSet::empty(),
        help: "",
        because: String::new(),
        controls: Vec::new(),
        origin: Origin::Rego,
        status: Status::Effective,
    }
}

/// Finds what an id names: an interface, an instance (its primary interface), a group, or interface and group with a colon.
fn subject_of(name: &str, graph: &SecurityGraph) -> Option<Subject> {
    let interface = |id: &str| -> Option<InterfaceIx> {
        let is_primary = |at: &InterfaceIx| graph.interface(*at).kind == InterfaceKind::Primary;
        graph
            .find_interface(&id.into())
            .or_else(|| graph.interfaces_of(&id.into()).into_iter().find(is_primary))
    };
    if name == "*" {
        return Some(Subject::Whole);
    }
    if let Some((left, right)) = name.split_once(':') {
        return Some(Subject::Membership(interface(left)?, graph.find_group(&right.into())?));
    }
    interface(name).map(Subject::Interface).or_else(|| graph.find_group(&name.into()).map(Subject::Group))
}

/// Takes place and excerpt out of what the engine says: a place behind `-->`, the line behind `N |`, marks, and the words.
fn wrong(about: &str, said: &str, help: &'static str) -> RegoError {
    let lines: Vec<&str> = said.lines().map(str::trim_end).collect();
    let place = lines.iter().find_map(|line| line.trim_start().strip_prefix("--> "));
    let words =
        lines.iter().rev().find_map(|line| line.trim_start().strip_prefix("error: ")).unwrap_or_else(|| {
            lines.iter().rev().copied().find(|line| !line.trim().is_empty()).unwrap_or(said)
        });
    let bar =
        |line: &str| line.split_once('|').map(|(_, rest)| rest.strip_prefix(' ').unwrap_or(rest).to_owned());
    let marks =
        lines.iter().position(|line| bar(line).is_some_and(|rest| rest.trim_start().starts_with('^')));
    let excerpt = marks.and_then(|at| {
        let line = bar(lines.get(at.checked_sub(1)?)?)?;
        Some(Box::new([line, bar(lines.get(at)?)?]))
    });
    RegoError { message: format!("{}: {}", place.unwrap_or(about), words.trim()), help, excerpt }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RegoRules, RegoError> {
        RegoRules::read(&[("team.rego".to_owned(), text.to_owned())])
    }

    fn ask(text: &str) -> Result<Vec<Finding>, RegoError> {
        let graph = SecurityGraph::new(crate::inventory::Inventory::default());
        read(text)?.ask("{\"totals\": {\"isolated\": 2}}", &graph, &BTreeMap::new())
    }

    #[test]
    fn results_are_texts_or_objects() {
        let found = ask("package team.net\n\
             deny contains msg if { input.totals.isolated > 1; msg := \"too many\" }\n\
             warn_late contains {\"msg\": \"late\"} if input.totals.isolated > 1\n\
             violation contains msg if { input.totals.isolated > 2; msg := \"never\" }\n\
             limit := 3\n");
        let said: Vec<_> = found.unwrap().into_iter().map(|one| (one.rule, one.level, one.message)).collect();
        let expected =
            [("team.net.deny", Level::Deny, "too many"), ("team.net.warn_late", Level::Warn, "late")];
        assert_eq!(said, expected.map(|(rule, level, message)| (rule.to_owned(), level, message.to_owned())));
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let error = read("package team\n\ndeny contains msg if { msg := }\n").unwrap_err();
        assert!(error.message.starts_with("team.rego:3:"), "{error}");
        assert!(error.excerpt.unwrap()[1].trim_start().starts_with('^'));
        for text in [
            "package t\ndeny := true\n",
            "package t\ndeny contains 3\n",
            "package t\ndeny contains {\"subject\": \"x\"}\n",
        ] {
            assert!(ask(text).unwrap_err().message.contains("no result"), "{text}");
        }
        let error =
            ask("package t\ndeny contains {\"msg\": \"m\", \"subject\": \"i-nobody\"}\n").unwrap_err();
        assert!(error.message.contains("`i-nobody`"), "{error}");
        let error = ask("package t\ndeny contains msg if msg := nothing_like_it(input)\n").unwrap_err();
        assert!(error.message.starts_with("team.rego:2:"), "{error}");
    }

    #[test]
    fn a_rule_is_named_by_package_and_name() {
        let rules = read("package team.net\ndeny contains 1 if false\n").unwrap();
        assert!(rules.may_have("team.net.deny") && rules.may_have("team.net.warn_x"));
        assert!(
            !rules.may_have("team.deny") && !rules.may_have("team.net.denying") && !rules.may_have("deny")
        );
    }
}
