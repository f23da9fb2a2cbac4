//! Every membership of some kin, judged as if it alone went.

use std::collections::{BTreeMap, BTreeSet};

use super::answers::{Answers, Lens};
use super::compiled::Compiled;
use super::delta::{ChangeKind, Effect};
use super::departure::Departure;
use super::difference::Difference;
use super::felt::Departed;
use super::field::{Field, Kin};
use super::member::Member;
use super::profile::Profile;
use super::reachability::Row;
use super::reading::Readings;
use crate::graph::{GroupIx, InterfaceIx, View};
use crate::inventory::Direction;
use crate::netset::TransportSet;

impl<'c> Field<'c, '_> {
    /// Calls `found` for every membership of some kin, judged as if it alone went.
    ///
    /// `foreign` are groups of other accounts that rules name, and for a group those whose rules name it. The cost
    /// follows the distinct cells of peers a group can concern, and for each interface the cells with a rule for its
    /// address that is not for all.
    pub fn departures(
        &self,
        kin: &Kin,
        answers: &mut Answers<'_>,
        foreign: &ForeignNames<'_>,
        mut found: impl FnMut(&Leaving<'_>, &Outside, Departed),
    ) {
        let compiled: &'c Compiled<'c> = self.compiled;
        let before: View<'c> = compiled.graph.baseline();
        let Some(first) = kin.members.first().copied() else { return };
        let profile = Profile::new(self, kin, answers);
        let leaving = |interface, group| Leaving {
            compiled,
            before: &before,
            interface,
            group,
            readings: self.readings,
        };
        let mut departures: Vec<(Departure<'_, '_, '_>, Outside)> = Vec::new();
        for group in self.groups_of(kin).iter().copied() {
            let mut departure = Departure::new(&profile, group, answers);
            let mut outside = departure.outside(answers);
            let naming = foreign.naming.get(&group).unwrap_or(&NOBODY);
            let is_foreign = !naming.is_empty() || departure.names_any(foreign.named);
            if is_foreign || !self.odd().is_empty() {
                let difference = leaving(first, group).difference();
                let rows = rows_by_lens(&difference, kin, first);
                departure.concern(self.odd_among(&rows));
                for change in rows.iter().flat_map(|row| row.foreign(foreign.named, naming)) {
                    for delta in &change.deltas {
                        let Effect::Change(kind) = delta.effect else { continue };
                        outside.add(kind, change.direction, &delta.traffic);
                    }
                }
            }
            departures.push((departure, outside));
        }
        for (position, interface) in (kin.first..).zip(&kin.members) {
            let mut member = Member::new(&profile, kin, *interface, position, answers);
            for (departure, outside) in &departures {
                let leaving = leaving(*interface, departure.group());
                let departed = departure.of(&mut member, &leaving, answers);
                found(&leaving, outside, departed);
            }
        }
    }

    /// Returns the odd interfaces that a change can concern, sorted.
    fn odd_among(&self, rows: &[Row<'_, '_>]) -> Vec<InterfaceIx> {
        if self.odd().is_empty() {
            return Vec::new();
        }
        let candidates = rows.iter().flat_map(|row| row.candidates().into_owned());
        let is_odd = |interface: &InterfaceIx| self.odd().binary_search(interface).is_ok();
        let odd: BTreeSet<InterfaceIx> = candidates.map(|point| point.interface).filter(is_odd).collect();
        odd.into_iter().collect()
    }
}

static NOBODY: BTreeSet<GroupIx> = BTreeSet::new();

/// Returns a row of the interface for each kind of address of the kin.
fn rows_by_lens<'d, 'g>(
    difference: &'d Difference<'g>,
    kin: &Kin,
    interface: InterfaceIx,
) -> Vec<Row<'d, 'g>> {
    let mut seen: BTreeSet<Lens> = BTreeSet::new();
    let rows = difference.rows(interface).into_iter();
    let lens = |row: &Row<'_, '_>| Lens { family: row.range().family(), plain: row.kind().is_plain() };
    rows.filter(|row| kin.lenses.contains(&lens(row)) && seen.insert(lens(row))).collect()
}

/// Groups of other accounts.
#[derive(Debug, Clone, Copy)]
pub struct ForeignNames<'a> {
    /// Those a rule names.
    pub named: &'a BTreeSet<GroupIx>,
    /// For each of our groups, those whose rules name it.
    pub naming: &'a BTreeMap<GroupIx, BTreeSet<GroupIx>>,
}

/// What changes between the one who leaves and whoever is no interface of its VPC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outside {
    /// Which kinds of change there are, by direction.
    pub changes: BTreeSet<(ChangeKind, Direction)>,
    /// All the traffic that is lost.
    pub lost_traffic: TransportSet,
    /// All the traffic that is gained.
    pub gained_traffic: TransportSet,
}

impl Outside {
    /// Adds traffic, if there is any.
    pub(super) fn add(&mut self, kind: ChangeKind, direction: Direction, traffic: &TransportSet) {
        if traffic.is_empty() {
            return;
        }
        self.changes.insert((kind, direction));
        let place = match kind {
            ChangeKind::Lost => &mut self.lost_traffic,
            ChangeKind::Gained => &mut self.gained_traffic,
            ChangeKind::Undetermined => return,
        };
        place.add(traffic);
    }
}

/// One interface that leaves one group, and nothing else.
#[derive(Debug)]
pub struct Leaving<'c> {
    compiled: &'c Compiled<'c>,
    before: &'c View<'c>,
    /// Who leaves.
    pub interface: InterfaceIx,
    /// What it leaves.
    pub group: GroupIx,
    readings: Readings,
}

impl<'c> Leaving<'c> {
    /// Returns the two states, for whoever has to look at single pairs.
    #[must_use]
    pub fn difference(&self) -> Difference<'c> {
        let after = self.before.without([(self.interface, self.group)]);
        Difference::new(self.compiled, self.before, &after, self.readings)
    }
}
