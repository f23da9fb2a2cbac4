//! The page for the ticket.

use std::fmt::Write as _;

use crate::plan::step::{Plan, ProbeEnd, ProbeExpectation, RollbackPermission, Step, Value};
use crate::steering::is_steering;

/// How many probes the page shows; the document has all.
const PROBES: usize = 40;

/// Returns the page. Text that people wrote is escaped: it cannot become a link, a heading or HTML.
#[must_use]
pub fn to_markdown(plan: &Plan) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = page(plan, &mut out);
    out
}

fn page(plan: &Plan, out: &mut String) -> std::fmt::Result {
    writeln!(out, "# Plan {}\n", short(&plan.plan_id))?;
    writeln!(
        out,
        "{} and {} in {}: verdict **{}**, review **{}**.",
        count(plan.steps.len(), "step"),
        count(plan.waves.len(), "wave"),
        count(plan.targets.len(), "interface"),
        escaped(&plan.verdict),
        escaped(&plan.review)
    )?;
    writeln!(out, "\n| | |\n|---|---|")?;
    let window = match (&plan.not_before, &plan.not_after) {
        (None, None) => "any time before it expires".to_owned(),
        (from, to) => {
            format!("from {} to {}", from.as_deref().unwrap_or("now"), to.as_deref().unwrap_or("its expiry"))
        }
    };
    let permission = match plan.rollback_permission {
        RollbackPermission::SameCall => "the way back is the same call",
        RollbackPermission::Attested => "attested when the plan was made",
        RollbackPermission::NotKnown => "**not known**: the runner asks for it to be attested",
    };
    let regions: Vec<&str> = plan.regions.iter().map(|region| region.region_id.as_str()).collect();
    for (name, value) in [
        ("plan", plan.plan_id.as_str()),
        ("account", &plan.account_id),
        ("regions", &regions.join(", ")),
        ("made", &plan.created_at),
        ("to be begun before", &plan.expires_at),
        ("window", &window),
        ("export", &plan.inventory_digest),
        ("policies", &plan.policy_digest),
    ] {
        writeln!(out, "| {name} | {} |", escaped(value))?;
    }
    writeln!(out, "| permission to go back | {permission} |")?;
    let promise = &plan.promise;
    writeln!(
        out,
        "\n## What it does\n\n{} lose traffic, {} gain, {} undetermined; {} newly isolated.",
        count_of(promise.pairs_lost, "pair"),
        promise.pairs_gained,
        promise.pairs_undetermined,
        promise.isolated
    )?;
    writeln!(out, "\n| interface | instance | groups before | groups after |\n|---|---|---|---|")?;
    for (id, target) in &plan.targets {
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            escaped(id),
            escaped(target.instance_id.as_deref().unwrap_or("")),
            escaped(&target.groups_before.join(", ")),
            escaped(&target.groups_after.join(", "))
        )?;
    }
    writeln!(out, "\n## Steps\n\n{} {}\n", escaped(&plan.api.why), escaped(&plan.api.hazard))?;
    for wave in &plan.waves {
        let canary = if wave.canary { " (canary)" } else { "" };
        writeln!(out, "**Wave {}**{canary}\n", wave.wave)?;
        for step in plan.steps.iter().filter(|step| wave.steps.contains(&step.id)) {
            writeln!(out, "* {}: {}", escaped(&step.id), call(step))?;
        }
        writeln!(out, "\nThen wait {} s and look at the health of the estate.\n", plan.soak_seconds)?;
    }
    writeln!(out, "{}", escaped(&plan.stop_rule))?;
    writeln!(
        out,
        "\nDo not delete these groups while the way back may be needed: {}.",
        escaped(&plan.keep_groups.join(", "))
    )?;
    exceptions(plan, out)?;
    probes(plan, out)?;
    let attested = match plan.rollback_permission {
        RollbackPermission::NotKnown => " --rollback-permission-attested",
        RollbackPermission::SameCall | RollbackPermission::Attested => "",
    };
    writeln!(
        out,
        "\n## How to execute it\n\n```\npip install alibabacloud-ecs20140526\npython3 runner.py dry-run --public-key \
         approver.pem{attested}\npython3 runner.py apply --public-key approver.pem{attested}\npython3 runner.py resume \
         --public-key approver.pem --healthy \"who: what was seen\"\npython3 runner.py status --public-key \
         approver.pem\npython3 runner.py rollback --public-key approver.pem\n```"
    )
}

fn exceptions(plan: &Plan, out: &mut String) -> std::fmt::Result {
    if !plan.waivers.is_empty() || !plan.lowered.is_empty() || !plan.known_findings.is_empty() {
        writeln!(out, "\n## Exceptions\n")?;
    }
    for waiver in &plan.waivers {
        let owner =
            if waiver.owner.is_empty() { String::new() } else { format!(", {}", escaped(&waiver.owner)) };
        let until = waiver.until.as_ref().map(|until| format!(", until {}", escaped(until)));
        writeln!(
            out,
            "* waiver {} for {} of {}: {}{owner}{}",
            escaped(&waiver.id),
            escaped(&waiver.policy),
            escaped(&waiver.subject),
            escaped(&waiver.reason),
            until.unwrap_or_default()
        )?;
    }
    for rule in &plan.lowered {
        let words = [&rule.id, &rule.level, &rule.usual].map(|text| escaped(text));
        writeln!(out, "* rule {} weighs {} instead of {}", words[0], words[1], words[2])?;
    }
    for finding in &plan.known_findings {
        writeln!(out, "* known before: {}", escaped(finding))?;
    }
    if !plan.assumptions.is_empty() {
        writeln!(out, "\n## Assumptions\n")?;
    }
    for assumption in &plan.assumptions {
        writeln!(out, "* {}", escaped(assumption))?;
    }
    Ok(())
}

fn probes(plan: &Plan, out: &mut String) -> std::fmt::Result {
    if plan.probes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\n## Connections to try\n\nOpen new ones: established sessions live up to 910 seconds.\n"
    )?;
    writeln!(out, "| | from | to | what | must | because | from when |\n|---|---|---|---|---|---|---|")?;
    let end = |end: &ProbeEnd| match (&end.instance_id, &end.interface_id) {
        (Some(id), _) | (None, Some(id)) => format!("{} {}", escaped(id), escaped(&end.address)),
        (None, None) => match &end.any_of {
            Some(block) => format!("any of {}", escaped(block)),
            None => escaped(&end.address),
        },
    };
    for probe in plan.probes.iter().take(PROBES) {
        let port = probe.port.map(|port| format!("/{port}")).unwrap_or_default();
        let source = probe.source_port.map(|port| format!(" from port {port}")).unwrap_or_default();
        let must = match probe.expect {
            ProbeExpectation::Pass => "pass",
            ProbeExpectation::Fail => "fail",
        };
        writeln!(
            out,
            "| {} | {} | {} | {}{port}{source} | {must} | {} | {} |",
            escaped(&probe.id),
            end(&probe.from),
            end(&probe.to),
            escaped(&probe.protocol),
            escaped(&probe.because),
            probe
                .after_step
                .as_deref()
                .map_or_else(|| "always".to_owned(), |step| format!("after {}", escaped(step)))
        )?;
    }
    match plan.probes.len().checked_sub(PROBES).filter(|more| *more > 0) {
        Some(more) => writeln!(out, "\n{} more stand in plan.json.", count(more, "connection")),
        None => Ok(()),
    }
}

fn call(step: &Step) -> String {
    let params = step.params.iter().map(|(name, value)| match value {
        Value::Text(text) => format!("{name}={text}"),
        Value::Number(number) => format!("{name}={number}"),
        Value::List(list) => format!("{name}=[{}]", list.join(", ")),
    });
    let params: Vec<String> = params.collect();
    let wait =
        if step.wait_seconds > 0 { format!("wait {} s, then ", step.wait_seconds) } else { String::new() };
    format!("{wait}{} {}", escaped(&step.action), escaped(&params.join(" ")))
}

fn short(id: &str) -> String {
    escaped(&id.chars().skip_while(|letter| *letter != ':').skip(1).take(12).collect::<String>())
}

fn count(n: usize, noun: &str) -> String {
    count_of(u64::try_from(n).unwrap_or(u64::MAX), noun)
}

fn count_of(n: u64, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// Returns text in which nothing has a meaning for Markdown or HTML, on one line and without control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            letter if is_steering(letter) => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '~' | '@' => {
                out.push('\\');
                out.push(letter);
            }
            letter => out.push(letter),
        }
    }
    // An address of the web would become a link of its own.
    out.replace("://", ":\u{2060}//").replace("www.", "www\u{2060}.")
}
