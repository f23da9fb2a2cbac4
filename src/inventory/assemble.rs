//! Joining what the sources say into one inventory.

use std::collections::BTreeMap;

use super::facts::{AnswerFact, At, Facts, Kind, Located};
use super::id::SecurityGroupId;
use super::issue::{InventoryIssue, IssueLevel, LoadError};
use super::model::{Inventory, InventoryGap};
use super::pages::{self, Placed, Survey};
use super::place::{one_line, pointer_text};
use super::sorting::sort_by_id;
use super::{join_groups, join_interfaces, judge_groups};
use crate::parallel;

/// What joining needs to speak about places, and where it leaves what it notices.
pub(super) struct Desk<'n> {
    names: &'n [String],
    answers: Vec<Vec<AnswerFact>>,
    issues: Issues,
    gaps: Vec<InventoryGap>,
}

/// Of each level, code and subject the first, and how many there are.
type Issues = BTreeMap<(IssueLevel, &'static str, String), (InventoryIssue, u64)>;

impl Desk<'_> {
    /// Returns the source and the pointer of a place.
    fn place(&self, at: At, suffix: &str) -> (String, String) {
        let source = self.names.get(at.source()).cloned().unwrap_or_default();
        let answer = self.answers.get(at.source()).and_then(|answers| answers.get(at.answer()));
        let mut pointer = answer.map_or_else(String::new, |answer| answer.root.clone());
        if let (Some(answer), Some(index)) = (answer, at.index()) {
            pointer.push_str(&format!("{}/{index}", answer.list));
        }
        pointer.push_str(suffix);
        (source, pointer_text(&pointer))
    }

    /// Tells whether the export has an answer of DescribeNetworkInterfaces.
    pub(super) fn has_interface_export(&self) -> bool {
        let mut answers = self.answers.iter().flatten();
        answers.any(|answer| answer.kind == Kind::NetworkInterfaces)
    }

    /// Notes something at a place; of each (level, code, subject) the first is shown and the others are counted.
    pub(super) fn note(
        &mut self,
        (level, code): (IssueLevel, &'static str),
        subject: &str,
        place: Option<(At, &str)>,
        message: impl FnOnce() -> String,
        help: &str,
    ) {
        let key = (level, code, subject.to_owned());
        if let Some((_, count)) = self.issues.get_mut(&key) {
            *count += 1;
            return;
        }
        let (source, pointer) = place.map_or_else(Default::default, |(at, suffix)| self.place(at, suffix));
        let issue = InventoryIssue {
            level,
            code,
            source,
            pointer,
            message: one_line(message()),
            help: help.to_owned(),
        };
        self.issues.insert(key, (issue, 1));
    }

    /// Notes that something of the export as a whole was not seen.
    pub(super) fn gap(&mut self, code: &'static str, what: &str) {
        self.gaps.push(InventoryGap { code, what: what.to_owned() });
    }

    /// Returns the error that stops the reading here.
    pub(super) fn refuse(
        &self,
        code: &'static str,
        (at, suffix): (At, &str),
        message: String,
        help: &str,
    ) -> LoadError {
        let (source_name, pointer) = self.place(at, suffix);
        LoadError {
            code,
            source_name,
            pointer: Some(pointer).filter(|pointer| !pointer.is_empty()),
            message: one_line(message),
            help: help.to_owned(),
        }
    }

    /// Returns the error for two records with one id and different content.
    pub(super) fn conflict(&self, id: &str, first: At, second: At) -> LoadError {
        let (source, pointer) = self.place(first, "");
        let at = if pointer.is_empty() { "" } else { " at " };
        self.refuse(
            "conflicting-duplicates",
            (second, ""),
            format!("`{id}` is described differently in {source}{at}{pointer}"),
            "the estate changed while it was exported, or two exports are mixed: export everything again, once",
        )
    }

    /// Keeps the first of records with one id and equal content, sorted by id; different content is an error.
    pub(super) fn unique<T: PartialEq + Sync>(
        &mut self,
        mut records: Vec<Located<T>>,
        id: impl Fn(&T) -> &str + Sync,
    ) -> Result<Vec<Located<T>>, LoadError> {
        // Records of one id stay in the order of their places.
        sort_by_id(&mut records, |record| id(&record.fact));
        let mut conflict: Option<(At, At, String)> = None;
        records.dedup_by(|record, kept| {
            if id(&kept.fact) != id(&record.fact) {
                return false;
            }
            if kept.fact == record.fact {
                self.duplicate(id(&record.fact), record.at);
            } else if conflict.as_ref().is_none_or(|(_, second, _)| record.at < *second) {
                conflict = Some((kept.at, record.at, id(&record.fact).to_owned()));
            }
            true
        });
        match conflict {
            Some((first, second, text)) => Err(self.conflict(&text, first, second)),
            None => Ok(records),
        }
    }

    /// Notes a record that was there before.
    pub(super) fn duplicate(&mut self, id: &str, at: At) {
        self.note(
            (IssueLevel::Note, "duplicate"),
            "",
            Some((at, "")),
            || format!("`{id}` is described twice with the same content"),
            "nothing to do: a record counts once",
        );
    }
}

/// What the sources say that were read so far, in their order.
#[derive(Default)]
pub(super) struct Gathered {
    names: Vec<String>,
    answers: Vec<Vec<AnswerFact>>,
    issues: Issues,
    facts: Facts,
}

impl Gathered {
    /// Adds what a source says. The long lists grow here and nowhere else, so that no record is held twice.
    pub(super) fn add(&mut self, name: String, facts: Facts) {
        self.names.push(name);
        self.answers.push(facts.answers);
        for counted in facts.issues {
            let key = (counted.issue.level, counted.issue.code, counted.subject);
            self.issues
                .entry(key)
                .and_modify(|(_, count)| *count += counted.count)
                .or_insert((counted.issue, counted.count));
        }
        let all = &mut self.facts;
        all.instances.extend(facts.instances);
        all.interfaces.extend(facts.interfaces);
        all.groups.extend(facts.groups);
        all.attributes.extend(facts.attributes);
        all.prefix_lists.extend(facts.prefix_lists);
        all.port_lists.extend(facts.port_lists);
        all.references.extend(facts.references);
        all.gaps.extend(facts.gaps);
        all.consumers.extend(facts.consumers);
    }

    /// Joins the facts.
    pub(super) fn assemble(self) -> Result<Inventory, LoadError> {
        let Self { names, answers, issues, mut facts } = self;
        let gaps = std::mem::take(&mut facts.gaps);
        join(Desk { names: &names, answers, issues, gaps }, facts)
    }
}

fn join(mut desk: Desk<'_>, mut all: Facts) -> Result<Inventory, LoadError> {
    completeness(&mut desk);

    let mut inventory = Inventory::default();
    // The long lists are brought into order meanwhile.
    let (instances, interfaces) = (&mut all.instances, &mut all.interfaces);
    let (groups, ()) = parallel::both(
        || join_groups::groups(&mut desk, all.groups, all.attributes),
        || {
            sort_by_id(instances, |located| located.fact.instance.id.as_str());
            sort_by_id(interfaces, |located| located.fact.id.as_str());
        },
    );
    let mut groups = groups?;
    let lists = join_groups::lists(&mut desk, all.prefix_lists, all.port_lists)?;
    (inventory.prefix_lists, inventory.port_lists) = lists;
    let interfaces = join_interfaces::join(&mut desk, all.instances, all.interfaces, &groups)?;
    judge_groups::finish(&mut desk, &mut groups, &interfaces.interfaces, &all.references, &inventory);

    // A group whose rules are in the inventory is no endpoint that hides something.
    let is_open = |id: &SecurityGroupId| groups.get(id).is_none_or(|group| !group.has_rules);
    inventory.foreign_references = all.references.into_iter().map(|located| located.fact).collect();
    inventory.foreign_references.retain(|reference| is_open(&reference.referencing));
    inventory.foreign_references.sort();
    inventory.foreign_references.dedup();
    inventory.consumers = all.consumers;
    inventory.consumers.sort();
    inventory.consumers.dedup();
    inventory.groups = groups.into_values().map(|group| group.model).collect();
    inventory.instances = interfaces.instances;
    inventory.interfaces = interfaces.interfaces.into_iter().map(|located| located.fact).collect();
    scope(&mut desk, &inventory);

    inventory.gaps = desk.gaps;
    inventory.gaps.sort();
    inventory.gaps.dedup();
    inventory.issues = desk
        .issues
        .into_values()
        .map(|(mut issue, count)| {
            if count > 1 {
                issue.message.push_str(&format!(" (and {} more like it)", count - 1));
            }
            issue
        })
        .collect();
    inventory.issues.sort();
    Ok(inventory)
}

/// Notes what the pages say about what was not seen.
fn completeness(desk: &mut Desk<'_>) {
    let answers = std::mem::take(&mut desk.answers);
    let placed: Vec<Placed<'_>> = answers
        .iter()
        .enumerate()
        .flat_map(|(source, answers)| {
            answers
                .iter()
                .enumerate()
                .filter_map(move |(number, answer)| answer.page.as_ref().map(|page| ((source, number), page)))
        })
        .collect();
    let surveys: Vec<(Kind, Survey)> = [Kind::NetworkInterfaces, Kind::Instances, Kind::SecurityGroups]
        .into_iter()
        .map(|kind| (kind, pages::survey(kind, &placed)))
        .collect();
    desk.answers = answers;
    let has_interfaces = desk.has_interface_export();
    if !has_interfaces {
        desk.note(
            (IssueLevel::Error, "no-interface-export"),
            "",
            None,
            || {
                "no answer of `DescribeNetworkInterfaces`: secondary and unattached interfaces are not seen"
                    .to_owned()
            },
            "export DescribeNetworkInterfaces of every region, all pages, without filters",
        );
        desk.gap("no-interface-export", "interfaces that are not the primary one of an instance");
    }
    for (kind, survey) in surveys {
        report(desk, kind, survey, has_interfaces);
    }
}

fn report(desk: &mut Desk<'_>, kind: Kind, survey: Survey, has_interfaces: bool) {
    let action = kind.action();
    let at = |(source, answer): (usize, usize)| At::new(source, answer, None);
    let hides_interfaces = kind == Kind::NetworkInterfaces || kind == Kind::Instances && !has_interfaces;
    if hides_interfaces && !survey.holes.is_empty() {
        desk.gap("truncated-page", &format!("the rest of the listing of `{action}`"));
    }
    for hole in survey.holes {
        let place = at(hole.at);
        desk.note(
            (IssueLevel::Error, "truncated-page"),
            &format!("{action} {:?} {}", hole.at, hole.key),
            Some((place, &format!("/{}", hole.key))),
            || format!("the listing of `{action}` is not whole: {}", hole.what),
            "export every page: follow NextToken until it is empty, or use `--pager`",
        );
    }
    for place in survey.unchained {
        desk.note(
            (IssueLevel::Note, "unchained-pages"),
            action,
            Some((at(place), "/NextToken")),
            || format!("the pages of `{action}` do not say how they follow each other"),
            "a missing middle page cannot be seen: save each page with its call as `{\"request\": …, \"response\": …}`",
        );
    }
    for (place, filters) in survey.filtered {
        let level = if kind == Kind::NetworkInterfaces {
            desk.gap("filtered-interfaces", "interfaces that a filter of the export hides");
            (IssueLevel::Error, "filtered-interfaces")
        } else if kind == Kind::Instances {
            (IssueLevel::Warning, "filtered-instances")
        } else {
            // Groups that matter and are not listed show up as groups that nobody describes.
            continue;
        };
        desk.note(
            level,
            &filters,
            Some((at(place), "")),
            || format!("the listing of `{action}` was limited by `{}`", super::place::excerpt(&filters)),
            "export the listing again without filters",
        );
    }
    for place in survey.empty {
        desk.note(
            (IssueLevel::Warning, "empty-answer"),
            action,
            Some((at(place), "")),
            || format!("the listing of `{action}` is empty"),
            "an account without the right to list gets the same answer: check that there really is nothing",
        );
    }
}

/// Notes when the export spans several regions or accounts.
fn scope(desk: &mut Desk<'_>, inventory: &Inventory) {
    let mut regions: Vec<&str> = inventory
        .interfaces
        .iter()
        .filter_map(|interface| interface.region.as_ref())
        .chain(inventory.groups.iter().filter_map(|group| group.region.as_ref()))
        .map(|region| region.as_str())
        .collect();
    regions.sort_unstable();
    regions.dedup();
    let mut accounts: Vec<&str> = inventory
        .interfaces
        .iter()
        .filter_map(|interface| interface.owner.as_ref())
        .map(|owner| owner.as_str())
        .collect();
    accounts.sort_unstable();
    accounts.dedup();
    for (code, names) in [("several-regions", regions), ("several-accounts", accounts)] {
        if names.len() > 1 {
            desk.note(
                (IssueLevel::Note, code),
                "",
                None,
                || {
                    let shown: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
                    format!("the export spans {}: {}", names.len(), shown.join(", "))
                },
                "nothing to do",
            );
        }
    }
}
