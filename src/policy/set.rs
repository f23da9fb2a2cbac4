//! Rules in layers, and looked up in an estate.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_saphyr::Location;
use sha2::{Digest, Sha256};

use super::binding::{Binder, parameters};
use super::config::{Declared, Parsed, parse, standard};
use super::definition::{Level, Rule};
use super::file_error::{PolicyFileError, Source, nearest};
use super::file_test::FileTest;
use super::registry::policy;
use super::waiver::Waiver;
use crate::graph::SecurityGraph;
use crate::hex::hex;

/// The rules a change is reviewed against: those that are asked without a file, and those of files laid over them.
#[derive(Debug, Clone)]
pub struct PolicySet {
    rules: BTreeMap<String, Declared>,
    waivers: Vec<(Waiver, Arc<Source>, Location)>,
    tests: Vec<FileTest>,
    files: Vec<Arc<Source>>,
    /// Rules that others ask, and the levels that files give them.
    others: Others,
}

/// Tells whether a rule could be called so.
type IsCalled = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Rules that are not asked here, such as those in Rego.
#[derive(Clone, Default)]
struct Others {
    are_called: Option<IsCalled>,
    levels: BTreeMap<String, Level>,
}

impl fmt::Debug for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Others").field("levels", &self.levels).finish_non_exhaustive()
    }
}

/// The rules with everything they name looked up in one estate.
#[derive(Debug, Clone)]
pub struct BoundSet {
    /// Sorted by id.
    pub rules: Vec<Rule>,
    /// In the order of the files.
    pub waivers: Vec<Waiver>,
    /// The digest of the files, as `sha256:…`; the same for the same text in the same order, whatever the names.
    pub digest: String,
    /// The files, in the order in which they were laid over each other.
    pub files: Vec<String>,
}

impl Default for PolicySet {
    fn default() -> Self {
        Self::standard()
    }
}

impl PolicySet {
    /// Returns the rules that are asked without a file.
    #[must_use]
    pub fn standard() -> Self {
        let rules = standard().into_iter().map(|rule| (rule.id.clone(), rule)).collect();
        Self { rules, waivers: Vec::new(), tests: Vec::new(), files: Vec::new(), others: Others::default() }
    }

    /// Lets files name rules that are asked elsewhere, for levels and waivers.
    #[must_use]
    pub fn beside(mut self, are_called: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.others.are_called = Some(Arc::new(are_called));
        self
    }

    /// Returns the levels that files give to rules that are asked elsewhere.
    #[must_use]
    pub const fn levels_of_others(&self) -> &BTreeMap<String, Level> {
        &self.others.levels
    }

    /// Lays a file over the rules: a rule replaces the one of the same id, a level holds for what is there so far, and
    /// waivers are added.
    ///
    /// # Errors
    /// [`PolicyFileError`] for the first thing that is wrong in the file, with its place.
    pub fn layer(&mut self, name: &str, text: &str) -> Result<(), PolicyFileError> {
        let Parsed { source, levels, rules, waivers, tests } = parse(name, text)?;
        self.rules.extend(rules.into_iter().map(|rule| (rule.id.clone(), rule)));
        for (id, level) in levels {
            let meant = self.rules.values_mut().filter(|rule| rule.id == id || rule.code == id);
            let changed = meant.map(|rule| rule.level = level.value).count();
            if self.is_of_others(&id) {
                self.others.levels.insert(id, level.value);
            } else if changed == 0 {
                return Err(self.unknown(&source, level.referenced, &id));
            }
        }
        for (waiver, at) in waivers {
            if !self.knows(&waiver.policy) {
                return Err(self.unknown(&source, at, &waiver.policy));
            }
            if let Some((other, _, _)) = self.waivers.iter().find(|(other, _, _)| other.id == waiver.id) {
                let message = format!("two waivers are called `{}`", other.id);
                return Err(source.wrong(at, message, "give each waiver an id of its own"));
            }
            self.waivers.push((waiver, Arc::clone(&source), at));
        }
        self.tests.extend(tests);
        self.files.push(source);
        Ok(())
    }

    fn unknown(&self, source: &Source, at: Location, id: &str) -> PolicyFileError {
        let known = || self.rules.values().flat_map(|rule| [rule.id.as_str(), rule.code]);
        let help = match nearest(id, known()) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "`sgleave policy list` shows them all".to_owned(),
        };
        source.wrong(at, format!("no rule here is called `{id}`"), help)
    }

    /// Tells whether a rule, or the policy of a rule, is called so.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.rules.values().any(|rule| rule.id == name || rule.code == name) || self.is_of_others(name)
    }

    fn is_of_others(&self, name: &str) -> bool {
        self.others.are_called.as_ref().is_some_and(|are_called| are_called(name))
    }

    /// Returns the tests of the files.
    #[must_use]
    pub fn tests(&self) -> &[FileTest] {
        &self.tests
    }

    /// Returns the digest of the files, as `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut all = Sha256::new();
        for file in &self.files {
            all.update(Sha256::digest(file.text.as_bytes()));
        }
        format!("sha256:{}", hex(&all.finalize()))
    }

    /// Looks everything up that the rules name. Linear in the estate for each selector.
    ///
    /// # Errors
    /// [`PolicyFileError`] where something that is not optional names nobody, or asks about too many pairs.
    pub fn bind(&self, graph: &SecurityGraph) -> Result<BoundSet, PolicyFileError> {
        let (bound, mut errors) = self.examine(graph);
        if errors.is_empty() { Ok(bound) } else { Err(errors.swap_remove(0)) }
    }

    /// Looks everything up, and returns all that is wrong besides what is left when the rules in question are left out.
    #[must_use]
    pub fn examine(&self, graph: &SecurityGraph) -> (BoundSet, Vec<PolicyFileError>) {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        let nowhere = Arc::new(Source { name: String::new(), text: String::new() });
        for declared in self.rules.values().filter(|rule| rule.level != Level::Off) {
            let source = declared.place.as_ref().map_or(&nowhere, |(source, _)| source);
            let binder = Binder { graph, source, optional: declared.optional };
            match parameters(&binder, &declared.asked, declared.place.as_ref().map(|(_, at)| *at)) {
                Ok(parameters) => rules.push(Rule {
                    id: declared.id.clone(),
                    code: declared.code,
                    level: declared.level,
                    because: declared.because.clone(),
                    controls: declared.controls.clone(),
                    optional: declared.optional,
                    parameters,
                    place: declared.place.as_ref().map(|(source, at)| (source.name.clone(), at.line())),
                }),
                Err(error) => errors.push(error),
            }
        }
        let bound = BoundSet {
            rules,
            waivers: self.waivers.iter().map(|(waiver, _, _)| waiver.clone()).collect(),
            digest: self.digest(),
            files: self.files.iter().map(|file| file.name.clone()).collect(),
        };
        (bound, errors)
    }

    /// Returns the rules whose level is lower than that of their policy: id, code, level, the policy's level.
    #[must_use]
    pub fn lowered(&self) -> Vec<Lowered> {
        let lowered = self.rules.values().filter_map(|rule| {
            let usual = policy(rule.code)?.default_level;
            (rule.level < usual).then(|| Lowered {
                id: rule.id.clone(),
                code: rule.code,
                level: rule.level,
                usual,
            })
        });
        lowered.collect()
    }
}

/// A rule that weighs less than its policy usually does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lowered {
    /// The rule.
    pub id: String,
    /// The policy's code.
    pub code: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// How much it would weigh if no file said otherwise.
    pub usual: Level,
}
