//! What the engine says of a probe: its answer before and after, and the change it reports.

use sgleave::evaluate::{Disposition, Endpoint, Evaluator, Flow};
use sgleave::graph::{SecurityGraph, View};
use sgleave::simulate::{ChangeKind, Options, Simulation, simulate};
use sgleave::testing::{End, named_removals};

use crate::estate::{Estate, Probe};
use crate::world::{entries_about, ix_of};

pub struct Engine<'g> {
    graph: &'g SecurityGraph,
    evaluator: Evaluator<'g>,
    pub simulation: Simulation<'g>,
    pub before: View<'g>,
    pub after: View<'g>,
}

impl<'g> Engine<'g> {
    pub fn new(graph: &'g SecurityGraph, estate: &Estate) -> Self {
        let options = Options { readings: estate.readings, ..Options::default() };
        let removals = named_removals(&estate.inventory, &estate.removals);
        let simulation = simulate(graph, &removals, &options).unwrap();
        let group = |id| graph.find_group(id).unwrap();
        let left = estate.removals.iter().map(|one| (ix_of(graph, one.interface), group(&one.leave)));
        let joined = estate
            .removals
            .iter()
            .filter_map(|one| one.join.as_ref().map(|join| (ix_of(graph, one.interface), group(join))));
        let before = graph.baseline();
        let after = before.without(left).with(joined);
        Self { graph, evaluator: Evaluator::new(graph, estate.readings), simulation, before, after }
    }

    /// Tells whether the flow passes in one state. Nothing is open, so there is an answer.
    pub fn accepts(&self, view: &View<'_>, probe: &Probe) -> bool {
        let end = |end| match end {
            End::Interface { index, address } => {
                Endpoint::Interface { interface: ix_of(self.graph, index), address }
            }
            End::External(address) => Endpoint::External(address),
        };
        let flow = Flow { source: end(probe.from), destination: end(probe.to), packet: probe.packet };
        let explanation = self.evaluator.evaluate(view, &flow);
        match explanation.disposition {
            Disposition::Accepted => true,
            Disposition::DeniedOut | Disposition::DeniedIn => false,
            Disposition::InsufficientInfo => panic!("{flow:?} stays open: {explanation:?}"),
        }
    }

    /// Returns the changes that are reported of the flow.
    pub fn changes(&self, probe: &Probe) -> Vec<ChangeKind> {
        let entries = entries_about(&self.simulation, probe.from, probe.to).into_iter();
        entries.filter(|entry| entry.traffic.contains(probe.packet)).map(|entry| entry.kind).collect()
    }
}
