//! Laws of one result: what its entries promise about themselves and each other.

use std::collections::BTreeSet;

use super::ground::{Checked, Dice, broken, entries_between, named, pairs, run};
use crate::evaluate::ChangeKind;
use crate::graph::{InterfaceIx, SecurityGraph};
use crate::inventory::{Direction, Inventory};
use crate::netset::TransportSet;
use crate::simulate::{Certainty, Change, EndpointSet, Simulation, SimulationVerdict};
use crate::testing::ArbRemoval;

/// Runs the removals and looks at the result.
fn look(
    inventory: &Inventory,
    removals: &[ArbRemoval],
    at: impl Fn(&Simulation<'_>, &BTreeSet<usize>) -> Checked,
) -> Checked {
    let graph = SecurityGraph::new(inventory.clone());
    let readings = Dice::of(inventory, removals).readings();
    let changed = removals.iter().map(|removal| removal.interface).collect();
    at(&run(&graph, &named(inventory, removals), readings)?, &changed)
}

fn all_entries<'s>(simulation: &'s Simulation<'_>) -> impl Iterator<Item = &'s Change> {
    simulation.impact.changes.iter().chain(&simulation.impact.session_risks)
}

/// No traffic of a pair is in two entries, whatever their kinds.
pub fn changes_are_disjoint(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    look(inventory, removals, |simulation, _| {
        let mut dice = Dice::of(inventory, removals);
        for pair in pairs(&[inventory], removals, &mut dice) {
            for list in [&simulation.impact.changes, &simulation.impact.session_risks] {
                let mut seen = TransportSet::empty();
                for entry in entries_between(list, pair) {
                    if !seen.is_disjoint(&entry.traffic) {
                        return broken(format!("{pair:?}: some traffic is in two entries, one is {entry:?}"));
                    }
                    seen = seen.union(&entry.traffic);
                }
            }
        }
        Ok(())
    })
}

fn is_strictly_sorted<T: Ord>(items: &[T]) -> bool {
    items.is_sorted_by(|a, b| a < b)
}

/// Everything is sorted and nothing is there twice, so equal results are equal bytes.
pub fn changes_are_sorted(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    look(inventory, removals, |simulation, _| {
        let impact = &simulation.impact;
        let lists = is_strictly_sorted(&impact.changes)
            && is_strictly_sorted(&impact.session_risks)
            && is_strictly_sorted(&impact.orphans)
            && impact.isolated.is_sorted_by(|a, b| a.interface < b.interface)
            && is_strictly_sorted(&simulation.removals)
            && is_strictly_sorted(&simulation.undetermined_because);
        if !lists {
            return broken("a list of the result is not sorted");
        }
        for entry in all_entries(simulation) {
            let sides = [&entry.sources, &entry.destinations];
            let sorted = sides.iter().all(|side| {
                is_strictly_sorted(side)
                    && !side.is_empty()
                    && side.iter().all(|set| match set {
                        EndpointSet::Interface { addresses, .. } => {
                            is_strictly_sorted(addresses) && !addresses.is_empty()
                        }
                        EndpointSet::External { blocks } => is_strictly_sorted(blocks) && !blocks.is_empty(),
                        EndpointSet::ForeignGroup { .. } => true,
                    })
            });
            if !sorted || !is_strictly_sorted(&entry.removed_by) {
                return broken(format!("not sorted: {entry:?}"));
            }
        }
        Ok(())
    })
}

/// Addresses and traffic of an entry are of its family, and there is some traffic (law AM2).
pub fn families_agree(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    look(inventory, removals, |simulation, _| {
        for entry in all_entries(simulation) {
            let of_family = |set: &EndpointSet| match set {
                EndpointSet::Interface { addresses, .. } => {
                    addresses.iter().all(|held| held.block.family() == entry.family)
                }
                EndpointSet::External { blocks } => blocks.iter().all(|block| block.family() == entry.family),
                EndpointSet::ForeignGroup { .. } => true,
            };
            let fits = entry.sources.iter().chain(&entry.destinations).all(of_family)
                && !entry.traffic.is_empty()
                && entry.traffic.is_subset(&TransportSet::universe(entry.family));
            if !fits {
                return broken(format!("families mix: {entry:?}"));
            }
        }
        Ok(())
    })
}

fn interfaces(side: &[EndpointSet]) -> impl Iterator<Item = InterfaceIx> {
    side.iter().filter_map(|set| match set {
        EndpointSet::Interface { interface, .. } => Some(*interface),
        EndpointSet::External { .. } | EndpointSet::ForeignGroup { .. } => None,
    })
}

/// One side of every entry is made of interfaces whose groups change: nobody else's traffic does.
pub fn change_has_a_changed_end(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    look(inventory, removals, |simulation, changed| {
        for entry in all_entries(simulation) {
            let moves = |side: &[EndpointSet]| {
                interfaces(side).count() == side.len()
                    && interfaces(side).all(|one| changed.contains(&one.at()))
            };
            if !moves(&entry.sources) && !moves(&entry.destinations) {
                return broken(format!("nobody here leaves anything: {entry:?}"));
            }
        }
        Ok(())
    })
}

/// The counts are those of the entries.
pub fn totals_count_the_entries(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    look(inventory, removals, |simulation, _| {
        let (mut pairs, mut outside) = (BTreeSet::new(), BTreeSet::new());
        for entry in &simulation.impact.changes {
            for source in interfaces(&entry.sources) {
                let others = interfaces(&entry.destinations).filter(|other| *other != source);
                pairs.extend(others.map(|other| (entry.kind, source, other)));
            }
            let is_outside = |side: &[EndpointSet]| interfaces(side).next().is_none();
            if is_outside(&entry.destinations) {
                outside.extend(interfaces(&entry.sources).map(|one| (entry.kind, Direction::Egress, one)));
            }
            if is_outside(&entry.sources) {
                outside
                    .extend(interfaces(&entry.destinations).map(|one| (entry.kind, Direction::Ingress, one)));
            }
        }
        let count = |set: &BTreeSet<(ChangeKind, InterfaceIx, InterfaceIx)>, kind| {
            set.iter().filter(|entry| entry.0 == kind).count()
        };
        let count_outside = |kind| outside.iter().filter(|entry| entry.0 == kind).count();
        let impact = &simulation.impact;
        let totals = &impact.totals;
        let counted = [
            (totals.pairs_lost, count(&pairs, ChangeKind::Lost)),
            (totals.pairs_gained, count(&pairs, ChangeKind::Gained)),
            (totals.pairs_undetermined, count(&pairs, ChangeKind::Undetermined)),
            (totals.external_lost, count_outside(ChangeKind::Lost)),
            (totals.external_gained, count_outside(ChangeKind::Gained)),
            (totals.external_undetermined, count_outside(ChangeKind::Undetermined)),
            (totals.isolated, impact.isolated.iter().filter(|one| one.new).count()),
            (totals.orphans, impact.orphans.iter().filter(|one| one.new).count()),
        ];
        if counted.iter().all(|(said, is)| usize::try_from(*said).is_ok_and(|said| said == *is)) {
            Ok(())
        } else {
            broken(format!("said and counted differ: {counted:?}"))
        }
    })
}

/// The verdict is `impact` exactly when something is certain, and never `safe` when something is open.
pub fn verdict_follows_the_impact(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    look(inventory, removals, |simulation, _| {
        let impact = &simulation.impact;
        let certain = impact.changes.iter().any(|change| change.kind != ChangeKind::Undetermined)
            || impact.isolated.iter().any(|one| one.new && one.certainty == Certainty::Certain)
            || impact.orphans.iter().any(|one| one.new && one.certainty == Certainty::Certain)
            || simulation.removals.iter().any(|removal| !removal.refusals.is_empty());
        let open = impact.changes.iter().any(|change| change.kind == ChangeKind::Undetermined)
            || impact.isolated.iter().any(|one| one.certainty == Certainty::Possible)
            || !inventory.gaps.is_empty();
        let holds = match simulation.verdict {
            SimulationVerdict::Impact => certain,
            SimulationVerdict::Undetermined => !certain && !simulation.undetermined_because.is_empty(),
            SimulationVerdict::Safe => !certain && !open && simulation.undetermined_because.is_empty(),
        };
        if holds {
            Ok(())
        } else {
            broken(format!("{:?} does not follow from {impact:?}", simulation.verdict))
        }
    })
}
