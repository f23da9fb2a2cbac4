//! An inspection as text.

use std::io;

use super::page::{Page, Paint};
use super::source;
use super::wording::plural;
use crate::report::context::Style;
use crate::report::document::{Estate, InspectionReport, Unknowns};

pub(in crate::report) fn write(
    report: &InspectionReport<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = report.document();
    let mut page = Page::new(style, out);
    let (paint, title) =
        if document.complete { (Paint::Good, "COMPLETE") } else { (Paint::Unsure, "INCOMPLETE") };
    page.heading(paint, title, &source::read(&document.inventory))?;
    page.line(2, document.inventory.digest)?;
    unknown(&mut page, &document.unknown)?;
    source::write_issues(&mut page, &document.inventory)?;
    let estates = &document.estates;
    for estate in estates.iter().take(page.shown(estates.len())) {
        write_estate(&mut page, estate)?;
    }
    page.more(0, estates.len(), "networks")?;
    if page.is_cut() {
        page.heading(Paint::Plain, "ALL", "the same command with --all, or -f json")?;
    }
    page.finish()
}

fn unknown(page: &mut Page<'_>, unknown: &Unknowns) -> io::Result<()> {
    let rows = [
        (unknown.memberships, "interface without its groups", "interfaces without their groups"),
        (unknown.groups, "group that is named but not described", "groups that are named but not described"),
        (unknown.group_types, "group without its type", "groups without their type"),
        (
            unknown.inner_access,
            "group without its intra-group policy",
            "groups without their intra-group policy",
        ),
        (unknown.rules, "group that may have further rules", "groups that may have further rules"),
        (unknown.unevaluable_rules, "rule that is not understood", "rules that are not understood"),
    ];
    if *unknown == Unknowns::default() {
        return Ok(());
    }
    page.heading(Paint::Unsure, "NOT KNOWN", "answers that rest on these are undetermined")?;
    for (n, one, many) in rows {
        if n > 0 {
            page.line(2, &plural(n, one, many))?;
        }
    }
    Ok(())
}

fn write_estate(page: &mut Page<'_>, estate: &Estate<'_>) -> io::Result<()> {
    let part = |label: &str, id: Option<&str>| format!("{label} {}", id.unwrap_or("not exported"));
    let place =
        [part("account", estate.account_id), part("region", estate.region_id), part("VPC", estate.vpc_id)];
    page.heading(Paint::Plain, "NETWORK", &place.join(", "))?;
    let groups = &estate.groups;
    let mut kinds = vec![
        plural(estate.instances, "instance", "instances"),
        plural(estate.interfaces, "interface", "interfaces"),
        plural(groups.normal, "basic group", "basic groups"),
        plural(groups.enterprise, "enterprise group", "enterprise groups"),
    ];
    if groups.unknown > 0 {
        kinds.push(plural(groups.unknown, "group of unknown type", "groups of unknown type"));
    }
    kinds.push(plural(estate.rules, "rule", "rules"));
    kinds.push(plural(estate.memberships, "membership", "memberships"));
    page.line(2, &kinds.join(", "))
}
