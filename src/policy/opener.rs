//! One source against many destinations: what it opens is worked out by class of those who are asked.

use super::context::Context;
use super::reach::{Answer, Breach, Breadth, Demand, Pair, Part, Sums, against};
use crate::evaluate::{Answered, Difference, Row};
use crate::graph::InterfaceIx;
use crate::inventory::InterfaceAddress;
use crate::netset::{Family, TransportSet};

/// What a rule asks of every pair.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    pub(super) context: &'q Context<'q>,
    pub(super) demand: Demand,
    pub(super) wanted: &'q TransportSet,
    pub(super) breadth: Breadth,
}

/// A source with all its addresses, which meets destinations by class.
pub(super) struct Opener<'q> {
    question: Question<'q>,
    source: InterfaceIx,
    difference: &'q Difference<'q>,
    rows: Vec<OpenerRow<'q>>,
}

/// One address of a source, and what of its answers stands against the demand, by their number.
struct OpenerRow<'q> {
    row: Row<'q, 'q>,
    against: Vec<Option<Vec<Part>>>,
}

impl<'q> Opener<'q> {
    pub(super) fn new(question: Question<'q>, difference: &'q Difference<'q>, source: InterfaceIx) -> Self {
        let is_known = question.context.before.groups_of(source).is_some();
        let rows = if is_known { difference.rows(source) } else { Vec::new() }.into_iter();
        let rows = rows.map(|row| OpenerRow { row, against: Vec::new() }).collect();
        Self { question, source, difference, rows }
    }

    /// Looks for breaches of a pair; `None` where the two have no pair of addresses in one VPC, or the groups of the source are
    /// not known.
    pub(super) fn breach(&mut self, pair: Pair, destination: InterfaceIx) -> Option<Vec<Breach>> {
        let Question { context, breadth, .. } = self.question;
        if !self.difference.share_vpc(self.source, destination) {
            return None;
        }
        let (from, to) = (context.graph.interface(self.source), context.graph.interface(destination));
        let mut is_asked = false;
        let mut sums = Sums::default();
        for family in breadth.families() {
            let (held, asked) = (breadth.of(from, family), breadth.of(to, family));
            for row in self.rows.iter_mut().filter(|row| row.is_of(&held)) {
                for address in &asked {
                    is_asked = true;
                    for number in row.row.reach_of(destination, *address) {
                        sums.add(row.against(self.question, family, number));
                    }
                }
            }
            if is_asked && matches!(breadth, Breadth::Primary(None)) {
                break;
            }
        }
        is_asked.then(|| sums.breaches(pair))
    }
}

impl OpenerRow<'_> {
    /// Tells whether the row is one of these addresses, or of a part of one.
    fn is_of(&self, held: &[InterfaceAddress]) -> bool {
        let range = self.row.range();
        let family = range.family();
        held.iter().any(|held| {
            held.block.family() == family
                && held.block.first() <= range.first()
                && range.last() <= held.block.last()
        })
    }

    fn against(&mut self, question: Question<'_>, family: Family, number: u32) -> &[Part] {
        let at = number as usize;
        if self.against.len() <= at {
            self.against.resize(at + 1, None);
        }
        let Some(place) = self.against.get_mut(at) else { return &[] };
        place.get_or_insert_with(|| {
            let wanted = question.wanted.intersection(&TransportSet::universe(family));
            let answer = |answered: &Answered| Answer::new(&wanted, &answered.accepted, &answered.denied);
            let parts = self
                .row
                .reach(number)
                .map(|reach| against(question.demand, &answer(&reach.before), &answer(&reach.after)));
            parts.unwrap_or_default()
        })
    }
}
