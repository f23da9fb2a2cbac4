//! An estate in which everything that a tenant, a file name or a change request can say was said by an enemy.

use sgleave::graph::SecurityGraph;
use sgleave::inventory::{
    ExternalConsumer, ForeignReference, Inventory, InventoryGap, InventoryIssue, IssueLevel, Unevaluable,
};
use sgleave::report::{
    ExplanationReport, Format, InspectionReport, RemovalMetadata, ReportContext, SimulationReport, Style,
    write_explanation, write_inspection, write_simulation,
};
use sgleave::simulate::{Options, judge, simulate};
use sgleave::testing::named_removals;

use super::draw::Draw;
use super::estate::Estate;

/// Everything that is written about one estate.
pub(super) struct Written {
    pub(super) simulation: Vec<u8>,
    pub(super) inspection: Vec<u8>,
    /// Empty for CSV, which has no form for it.
    pub(super) explanation: Vec<u8>,
}

/// Draws an estate, fills it with drawn texts and writes all reports about it; `None` where nothing is left by anyone.
pub(super) fn write(bytes: &[u8], format: Format, style: &Style) -> Option<Written> {
    let mut draw = Draw::new(bytes);
    let Estate { mut inventory, removals, .. } = Estate::draw(&mut draw);
    if removals.is_empty() {
        return None;
    }
    poison(&mut inventory, &mut draw);
    let removed = named_removals(&inventory, &removals);
    let graph = SecurityGraph::new(inventory);
    let options = Options::default();
    let simulation = simulate(&graph, &removed, &options).unwrap();
    let judged = judge(&graph, &removed, &options).unwrap();
    let paper = judged.iter().map(|removal| RemovalMetadata {
        interface: removal.interface,
        group: removal.group,
        ticket: draw.text(),
        requester: draw.text(),
        approver: draw.text(),
        reason: draw.text(),
    });
    let context = ReportContext {
        tool_version: "0.0.0",
        metadata: paper.collect(),
        inventory_digest: graph.inventory().digest(),
        inputs: vec![draw.text(), draw.text()],
    };
    let mut written = Written { simulation: Vec::new(), inspection: Vec::new(), explanation: Vec::new() };
    let report = SimulationReport::new(&simulation, &context);
    write_simulation(&report, format, style, &mut written.simulation).unwrap();
    let report = InspectionReport::new(&graph, &context);
    write_inspection(&report, format, style, &mut written.inspection).unwrap();
    if format != Format::Csv {
        explain(&graph, &context, format, style, &mut written.explanation);
    }
    Some(written)
}

fn explain(graph: &SecurityGraph, context: &ReportContext, format: Format, style: &Style, out: &mut Vec<u8>) {
    use sgleave::evaluate::{Endpoint, Flow, Readings, evaluate};
    use sgleave::netset::Packet;
    let mut ends = graph.interfaces().map(|interface| {
        let address = graph.interface(interface).addresses[0].block.address();
        Endpoint::Interface { interface, address }
    });
    let (source, destination) = (ends.next().unwrap(), ends.next().unwrap());
    let flow = Flow { source, destination, packet: Packet::tcp(50_000, 22) };
    let readings = Readings::default();
    let before = evaluate(&graph.baseline(), &flow, &readings);
    let report = ExplanationReport::new(graph, context, &flow, &before, Some(&before), &readings);
    write_explanation(&report, format, style, out).unwrap();
}

/// Ids of what rules and removals refer to stay, so that the estate keeps its meaning.
fn poison(inventory: &mut Inventory, draw: &mut Draw<'_>) {
    for instance in &mut inventory.instances {
        instance.name = draw.text().into();
        instance.status = draw.text().into();
        instance.locks = Some([draw.text()].into());
        instance.tags.insert(&draw.text(), &draw.text());
    }
    for interface in &mut inventory.interfaces {
        interface.name = draw.text().into();
        interface.owner = Some(draw.text().into());
        interface.region = Some(draw.text().into());
        interface.vswitch = Some(draw.text().into());
        interface.status = draw.text().into();
    }
    for group in &mut inventory.groups {
        group.name = draw.text().into();
        group.region = Some(draw.text().into());
        for rule in &mut group.rules {
            rule.id = Some(draw.text().into());
            if rule.unevaluable.is_some() {
                rule.unevaluable = Some(Box::new(Unevaluable::Protocol(draw.text().into())));
            }
        }
        inventory.consumers.push(ExternalConsumer {
            group: group.id.clone(),
            kind: draw.text(),
            id: draw.text(),
        });
        inventory.foreign_references.push(ForeignReference {
            group: group.id.clone(),
            referencing: draw.text().into(),
            owner: Some(draw.text().into()),
        });
    }
    inventory.gaps.push(InventoryGap { code: "truncated-page", what: draw.text() });
    inventory.issues.push(InventoryIssue {
        level: *draw.pick(&[IssueLevel::Error, IssueLevel::Warning, IssueLevel::Note]),
        code: "truncated-page",
        source: draw.text(),
        pointer: draw.text(),
        message: draw.text(),
        help: draw.text(),
    });
}
