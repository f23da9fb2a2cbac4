//! An explanation as text.

use std::io;

use super::page::{Page, Paint};
use super::{changes, source, wording};
use crate::report::context::Style;
use crate::report::document::{
    DispositionName, ExplanationDocument, ExplanationReport, FlowEnd, FlowEntry, OutcomeName,
};

pub(in crate::report) fn write(
    report: &ExplanationReport<'_>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let document = report.document();
    let mut page = Page::new(style, out);
    let (paint, title) = title(document);
    let flow = &document.flow;
    let question = format!("{} {} -> {}", packet(flow), short(&flow.source), short(&flow.destination));
    page.heading(paint, title, &question)?;
    end(&mut page, "from", &flow.source)?;
    end(&mut page, "to", &flow.destination)?;
    match &document.after {
        None => changes::answer(&mut page, "answer", &document.before)?,
        Some(after) => {
            changes::answer(&mut page, "before", &document.before)?;
            changes::answer(&mut page, "after", after)?;
        }
    }
    source::write_basis(&mut page, &document.readings, &document.assumptions)?;
    page.finish()
}

const fn title(document: &ExplanationDocument<'_>) -> (Paint, &'static str) {
    match document.outcome {
        Some(OutcomeName::Lost) => (Paint::Bad, "LOST"),
        Some(OutcomeName::Gained) => (Paint::Bad, "GAINED"),
        Some(OutcomeName::Undetermined) => (Paint::Unsure, "UNDETERMINED"),
        Some(OutcomeName::Unchanged) => match document.before.disposition {
            DispositionName::Accepted => (Paint::Good, "STILL ACCEPTED"),
            _ => (Paint::Plain, "STILL DENIED"),
        },
        None => match document.before.disposition {
            DispositionName::Accepted => (Paint::Good, "ACCEPTED"),
            DispositionName::InsufficientInfo => (Paint::Unsure, "UNDETERMINED"),
            DispositionName::DeniedIn | DispositionName::DeniedOut => (Paint::Bad, "DENIED"),
        },
    }
}

fn packet(flow: &FlowEntry<'_>) -> String {
    match flow.destination_port {
        Some(port) => format!("{}/{port}", flow.protocol),
        None => flow.protocol.clone(),
    }
}

fn short(end: &FlowEnd<'_>) -> String {
    match end {
        FlowEnd::Interface { interface_id, instance_id, .. } => {
            instance_id.unwrap_or(interface_id).to_owned()
        }
        FlowEnd::External { address } => address.clone(),
        FlowEnd::LoadBalancer => "load balancer".to_owned(),
    }
}

fn end(page: &mut Page<'_>, label: &str, end: &FlowEnd<'_>) -> io::Result<()> {
    let text = match end {
        FlowEnd::Interface { interface_id, instance_id, name, address, group_ids } => {
            let groups = match group_ids.as_deref() {
                None => "groups not in the export".to_owned(),
                Some([]) => "in no group".to_owned(),
                Some(groups) => format!("in {}", groups.join(" ")),
            };
            let who = wording::interface(interface_id, *instance_id, name);
            format!("{who} {address}, {groups}")
        }
        FlowEnd::External { address } => format!("{address}, outside"),
        FlowEnd::LoadBalancer => "a load balancer of the platform".to_owned(),
    };
    page.labelled(4, Paint::Quiet, label, changes::LABEL, &text)
}
