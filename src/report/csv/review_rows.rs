//! What the policies found, as rows: `rule_id` is `policy/` and the id of the rule.

use std::borrow::Cow;

use super::row::{Place, Row, Severity};
use crate::policy::{Level, Subject};
use crate::report::document::{FindingEntry, FindingStatus, Names, ReviewEntry};

/// Returns the rows of a review, unsorted.
pub(super) fn of<'a>(review: &'a ReviewEntry<'a>, names: &'a Names<'a>) -> impl Iterator<Item = Row<'a>> {
    review.findings.iter().map(|finding| row(finding, names))
}

fn row<'a>(finding: &'a FindingEntry<'a>, names: &Names<'a>) -> Row<'a> {
    let severity = match (finding.status, finding.level) {
        (FindingStatus::New, Level::Deny) => Severity::Error,
        (FindingStatus::New, Level::Warn) => Severity::Warning,
        _ => Severity::Note,
    };
    let (place, group) = match finding.about {
        Subject::Interface(interface) => (Place::of(interface, names), None),
        Subject::Membership(interface, group) => (Place::of(interface, names), Some(group)),
        Subject::Group(group) => (Place::of_group(group, names), Some(group)),
        Subject::Whole => (Place::default(), None),
    };
    let mut row = Row::new(format!("policy/{}", finding.rule), severity, place);
    row.new = finding.new;
    row.status = match finding.status {
        FindingStatus::New | FindingStatus::Existing => None,
        FindingStatus::Waived => Some("waived"),
        FindingStatus::Baseline => Some("baseline"),
    };
    row.message = finding.message.to_owned();
    if let Some(group) = group {
        row.group_ids = names.group(group).to_owned();
        row.group_names = names.group_name(group).to_owned();
    }
    row.waiver_id = finding.waiver_id.unwrap_or("");
    row.waiver_until = finding.waiver_until.clone().unwrap_or_default();
    row.control_ids = finding.controls.join(" ");
    row.remediation = Cow::Borrowed(finding.help);
    row.content.add(&finding.key);
    row
}
