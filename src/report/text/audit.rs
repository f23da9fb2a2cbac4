//! An audit as text: the numbers, the memberships of most concern, what can go.

use std::io;

use super::page::{Page, Paint};
use super::source;
use super::wording::{group, interface, plural, traffic};
use crate::report::audit::AuditReport;
use crate::report::command;
use crate::report::context::Style;
use crate::report::document::{AuditHeader, MembershipEntry, Names, StandingEntry, SummaryEntry, lacking};
use crate::simulate::{AuditSummary, AuditedMembership};

pub(in crate::report) fn write(
    report: &AuditReport<'_>,
    summary: &AuditSummary,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let header = AuditHeader::new(&report.names, report.context, &report.readings);
    let sums = SummaryEntry::new(summary);
    let mut page = Page::new(style, out);
    let of = |effect: &str| sums.effects.get(effect).copied().unwrap_or(0);
    let (idle, refused) = (of("none"), of("refused"));
    let (paint, title) = if summary.is_clear() {
        (Paint::Good, "CLEAR")
    } else if summary.is_undetermined() {
        (Paint::Unsure, "UNDETERMINED")
    } else {
        (Paint::Bad, "AUDITED")
    };
    let memberships = plural(sums.memberships, "membership", "memberships");
    page.verdict(paint, title, &format!("{memberships}, each as if it alone went: {idle} change nothing"))?;
    page.line(2, header.inventory.digest)?;
    page.heading(Paint::Plain, "EFFECT", "of leaving")?;
    for (effect, text) in [
        ("both", "lose traffic and open other"),
        ("gains", "open traffic that was denied"),
        ("loses", "lose traffic"),
        ("orphans", "leave a group or a service behind, and change no traffic"),
        ("undetermined", "may change something: evidence is missing or a reading is open"),
        ("none", "change nothing"),
    ] {
        if of(effect) > 0 {
            page.line(2, &format!("{} {text}", of(effect)))?;
        }
    }
    if refused > 0 {
        page.line(2, &format!("{refused} would be refused by the API, whatever they change"))?;
    }
    consequences(&mut page, &sums)?;
    worst(&mut page, report, summary, sums.memberships - idle)?;
    can_go(&mut page, &report.names, summary)?;
    standing(&mut page, &report.names, summary)?;
    source::write_issues(&mut page, &header.inventory)?;
    if page.is_cut() {
        page.heading(Paint::Plain, "ALL", "rows are in the same command with -f csv or -f jsonl")?;
    }
    page.finish()
}

fn consequences(page: &mut Page<'_>, sums: &SummaryEntry) -> io::Result<()> {
    let of = |name: &str| sums.consequences.get(name).copied().unwrap_or(0);
    let rows = [
        ("opens-to-outside", "open something to addresses outside the VPC"),
        ("isolates-itself", "leave the interface without any accepted traffic"),
        ("cuts-peers", "cut some peer off from the interface"),
        ("opens-inside", "open something inside the VPC"),
        ("loses-service", "end the admission to a service outside ECS"),
        ("loses-traffic", "lose some traffic and cut nobody off"),
        ("empties-group", "leave a group without members"),
    ];
    if rows.iter().all(|(name, _)| of(name) == 0) {
        return Ok(());
    }
    page.heading(Paint::Plain, "WORST CONSEQUENCE", "of each")?;
    for (name, text) in rows {
        if of(name) > 0 {
            page.line(2, &format!("{} {text}", of(name)))?;
        }
    }
    Ok(())
}

fn worst(
    page: &mut Page<'_>,
    report: &AuditReport<'_>,
    summary: &AuditSummary,
    total: u64,
) -> io::Result<()> {
    if summary.worst.is_empty() {
        return Ok(());
    }
    page.heading(Paint::Bad, "OF MOST CONCERN", "")?;
    let shown = page.shown(summary.worst.len());
    for one in summary.worst.iter().take(shown) {
        let entry = MembershipEntry::new(one, &report.names);
        page.line(2, &headline(&entry, &report.names))?;
        for line in details(one, &entry) {
            page.line(4, &line)?;
        }
    }
    let hidden = total.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
    if hidden > 0 {
        page.cut();
        page.line(2, &format!("... {hidden} more of {total} memberships"))?;
    }
    let options = command::options(&report.context.inputs, report.readings.settings());
    let first = summary.worst.first().map(|one| MembershipEntry::new(one, &report.names));
    if let (Some(options), Some(first)) = (options, first)
        && let Some(command) = command::one_simulation(&options, &first)
    {
        page.line(2, "the first of them in full:")?;
        page.verbatim(4, &command)?;
    }
    Ok(())
}

fn headline(entry: &MembershipEntry<'_>, names: &Names<'_>) -> String {
    let who = interface(entry.interface_id, entry.instance_id, names.name_of(entry.ix));
    let group = group(entry.group_id, names.group_name(entry.group));
    let consequence = match entry.consequence {
        "opens-to-outside" => "opens to the outside",
        "isolates-itself" => "isolates itself",
        "cuts-peers" => "cuts peers off",
        "opens-inside" => "opens inside",
        "loses-service" => "loses a service",
        "loses-traffic" => "loses traffic",
        "empties-group" => "empties the group",
        "unknown" => "not known",
        _ => "changes nothing",
    };
    format!("{who} leaves {group}: {consequence}")
}

fn details(one: &AuditedMembership, entry: &MembershipEntry<'_>) -> Vec<String> {
    let peers = |n| plural(n, "interface", "interfaces");
    let mut lines = Vec::new();
    let [not_lost, not_gained] = [&one.lost_traffic, &one.gained_traffic].map(lacking);
    for (name, touched, items, lacking) in [
        ("lost", entry.lost, &entry.lost_traffic, &not_lost),
        ("gained", entry.gained, &entry.gained_traffic, &not_gained),
    ] {
        let outside: Vec<&str> =
            entry.outside.iter().filter_map(|one| one.strip_prefix(name)?.strip_prefix('-')).collect();
        if touched.peers == 0 && outside.is_empty() {
            continue;
        }
        let with = match (touched.peers, outside.is_empty()) {
            (0, _) => format!("the outside ({})", outside.join(", ")),
            (n, true) => peers(n),
            (n, false) => format!("{} and the outside ({})", peers(n), outside.join(", ")),
        };
        lines.push(format!("{name}: {} with {with}", traffic(items, lacking)));
    }
    if entry.undetermined_peers > 0 {
        lines.push(format!("undetermined with {}", peers(entry.undetermined_peers)));
    }
    if entry.cut_peers > 0 {
        lines.push(format!("{} cut off from it", peers(entry.cut_peers)));
    }
    if !entry.orphans.is_empty() {
        lines.push(format!("left behind: {}", entry.orphans.join(", ")));
    }
    lines.extend(entry.refusal_texts.iter().map(|text| format!("refused: {text}")));
    lines
}

fn can_go(page: &mut Page<'_>, names: &Names<'_>, summary: &AuditSummary) -> io::Result<()> {
    if summary.idle.is_empty() {
        return Ok(());
    }
    page.heading(Paint::Good, "CAN GO", "one at a time, without any effect")?;
    let mut groups: Vec<_> = summary.idle.iter().collect();
    groups.sort_by_key(|(group, count)| (std::cmp::Reverse(**count), **group));
    let shown = page.shown_within(groups.len());
    for (ix, count) in groups.iter().take(shown) {
        let members = plural(**count, "membership", "memberships");
        page.line(2, &format!("{members} of {}", group(names.group(**ix), names.group_name(**ix))))?;
    }
    page.more_within(2, groups.len(), "groups")
}

fn standing(page: &mut Page<'_>, names: &Names<'_>, summary: &AuditSummary) -> io::Result<()> {
    let total: u64 = summary.standing.values().sum();
    if total == 0 {
        return Ok(());
    }
    page.heading(Paint::Unsure, "AT RISK ALREADY", "before anybody leaves")?;
    for (kind, text) in [
        ("isolated-interface", "interfaces without accepted traffic with any other one"),
        ("interface-without-group", "interfaces in no group"),
        ("dangling-reference", "groups without members that rules still name"),
        ("empty-group", "groups without members"),
        ("single-member-group", "groups with one member"),
        ("carried-by-one-membership", "memberships that carry all traffic of an interface"),
        ("rule-across-vpcs", "rules that name a group of another VPC"),
        ("rule-without-address", "rules for private addresses that no interface of the VPC has"),
    ] {
        let count = summary.standing.get(kind).copied().unwrap_or(0);
        if count == 0 {
            continue;
        }
        let kept = summary.risks.get(kind);
        let ids: Vec<String> = kept
            .into_iter()
            .flatten()
            .take(page.shown_within(usize::MAX))
            .map(|risk| name(&StandingEntry::new(risk, names)))
            .collect();
        let hidden = count.saturating_sub(u64::try_from(ids.len()).unwrap_or(u64::MAX));
        let more = if hidden > 0 { format!(", and {hidden} more") } else { String::new() };
        if hidden > 0 {
            page.cut();
        }
        page.line(2, &format!("{count} {text}: {}{more}", ids.join(", ")))?;
    }
    Ok(())
}

fn name(entry: &StandingEntry<'_>) -> String {
    let parts = match entry.risk {
        "carried-by-one-membership" => [entry.interface_id, entry.group_id],
        "rule-across-vpcs" | "rule-without-address" => [entry.group_id, entry.rule_ids.first().copied()],
        _ => [entry.interface_id.filter(|_| entry.group_id.is_none()), entry.group_id],
    };
    parts.into_iter().flatten().collect::<Vec<_>>().join(":")
}
