//! Laws of entries and single flows: what an entry says, the evaluator and the oracle say of its flows.

use std::net::IpAddr;

use super::ground::{Answers, Checked, Dice, broken, entries_between, flows, is_taken, named, run};
use super::steps::afterwards;
use crate::evaluate::{AddressKinds, ChangeKind, Order, Readings};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::Inventory;
use crate::netset::{IpBlock, Packet};
use crate::simulate::{Certainty, Change as Entry, EndpointSet, Extent, JudgedRemoval, Simulation};
use crate::testing::outcome;
use crate::testing::{ArbRemoval, Change, End, Settings, apply, baseline, change, outcomes};

/// How many flows of one entry are replayed, at most.
const MOST_WITNESSES: usize = 6;

/// Returns some ends a side of an entry means.
fn ends_of(side: &[EndpointSet], owner: Option<usize>, inventory: &Inventory) -> Vec<End> {
    let mut ends = Vec::new();
    for set in side {
        match set {
            EndpointSet::Interface { interface, addresses } => {
                let index = interface.at();
                ends.extend(addresses.iter().map(|held| End::Interface {
                    index,
                    address: held.block.family().address(held.block.last()),
                }));
            }
            EndpointSet::External { blocks } => {
                let both = |block: &IpBlock| [block.address(), block.family().address(block.last())];
                let free =
                    |address: &IpAddr| owner.is_some_and(|owner| !is_taken(inventory, owner, *address));
                ends.extend(blocks.iter().flat_map(both).filter(free).map(End::External));
            }
            EndpointSet::ForeignGroup { .. } => {}
        }
    }
    ends
}

fn owner(side: &[EndpointSet]) -> Option<usize> {
    side.iter().find_map(|set| match set {
        EndpointSet::Interface { interface, .. } => Some(interface.at()),
        EndpointSet::External { .. } | EndpointSet::ForeignGroup { .. } => None,
    })
}

/// Picks flows of an entry: ends of its sides, and the corners of its traffic.
fn witnesses(entry: &Entry, inventory: &Inventory, dice: &mut Dice) -> Vec<(End, End, Packet)> {
    let (from, to) = (owner(&entry.sources), owner(&entry.destinations));
    let sources = ends_of(&entry.sources, to, inventory);
    let destinations = ends_of(&entry.destinations, from, inventory);
    let mut packets = entry.traffic.edges();
    packets.extend(entry.traffic.witness());
    let index = |end: &End| match end {
        End::Interface { index, .. } => Some(*index),
        End::External(_) => None,
    };
    let mut found = Vec::new();
    for _ in 0..MOST_WITNESSES {
        if let (Some(from), Some(to), Some(packet)) =
            (dice.pick(&sources), dice.pick(&destinations), dice.pick(&packets))
            && (index(from).is_none() || index(from) != index(to))
        {
            found.push((*from, *to, *packet));
        }
    }
    found
}

/// MR-42: flows of every entry, asked one by one before and after, change as the entry says.
pub fn witnesses_in_the_evaluator(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let anew = SecurityGraph::new(afterwards(inventory, removals));
    let simulation = run(&graph, &named(inventory, removals), readings)?;
    let (before, after) = (Answers::new(graph.baseline(), readings), Answers::new(anew.baseline(), readings));
    for (entries, is_risk) in [(&simulation.impact.changes, false), (&simulation.impact.session_risks, true)]
    {
        for entry in entries {
            for flow in witnesses(entry, inventory, &mut dice) {
                let (was, is) = (before.of(flow), after.of(flow));
                let holds = match entry.kind {
                    _ if is_risk => was == Some(true) && is == Some(true),
                    ChangeKind::Lost => was == Some(true) && is == Some(false),
                    ChangeKind::Gained => was == Some(false) && is == Some(true),
                    ChangeKind::Undetermined => was.is_none() || is.is_none(),
                };
                if !holds {
                    return broken(format!("{flow:?}: {was:?}, then {is:?}, and the entry says {entry:?}"));
                }
            }
        }
    }
    Ok(())
}

/// The settings as the oracle calls them.
pub(super) fn settings(readings: &Readings) -> Settings {
    let order = |order| match order {
        Order::AcceptFirst => outcome::Order::AcceptFirst,
        Order::CustomFirst => outcome::Order::CustomFirst,
    };
    let kinds = |kinds| match kinds {
        AddressKinds::All => outcome::Kinds::All,
        AddressKinds::Ipv4 => outcome::Kinds::Ipv4,
    };
    Settings {
        intra_group_egress: readings.intra_group_egress.map(order),
        intra_group_ingress: readings.intra_group_ingress.map(order),
        address_kinds: readings.address_kinds.map(kinds),
    }
}

/// MR-42: flows of every entry, asked of the oracle, change as the entry says.
pub fn witnesses_in_the_oracle(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let simulation = run(&graph, &named(inventory, removals), readings)?;
    let before = baseline(inventory);
    let after = apply(&before, removals);
    for entry in &simulation.impact.changes {
        for (from, to, packet) in witnesses(entry, inventory, &mut dice) {
            let said = change(&outcomes(inventory, &before, &after, &settings(&readings), from, to, packet));
            let wanted = match entry.kind {
                ChangeKind::Lost => Change::Lost,
                ChangeKind::Gained => Change::Gained,
                ChangeKind::Undetermined => Change::Undetermined,
            };
            if said != wanted {
                return broken(format!(
                    "{from:?} to {to:?}, {packet:?}: the oracle says {said:?} to {entry:?}"
                ));
            }
        }
    }
    Ok(())
}

/// MR-42, the other way round: where no entry speaks, the answers before and after are the same.
pub fn no_entry_no_change(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let anew = SecurityGraph::new(afterwards(inventory, removals));
    let simulation = run(&graph, &named(inventory, removals), readings)?;
    let (before, after) = (Answers::new(graph.baseline(), readings), Answers::new(anew.baseline(), readings));
    // Addresses outside are judged for interfaces that change only, and nobody else's answers change.
    for flow @ (from, to, packet) in flows(inventory, &mut dice) {
        let entries = entries_between(&simulation.impact.changes, (from, to));
        let speaks = entries.iter().any(|entry| entry.traffic.contains(packet));
        let (was, is) = (before.of(flow), after.of(flow));
        if !speaks && was != is {
            return broken(format!("{flow:?}: {was:?}, then {is:?}, and no entry says so"));
        }
    }
    Ok(())
}

/// MR-37: who is listed as isolated has no accepted flow left: with anybody, or with those who left.
pub fn isolation_agrees_with_flows(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let anew = SecurityGraph::new(afterwards(inventory, removals));
    let simulation = run(&graph, &named(inventory, removals), readings)?;
    let after = Answers::new(anew.baseline(), readings);
    let changed = |index: usize| removals.iter().any(|removal| removal.interface == index);
    for flow @ (from, to, _) in flows(inventory, &mut dice) {
        let (End::Interface { index, .. }, End::Interface { index: other, .. }) = (from, to) else {
            continue;
        };
        let cut = |one: usize, with: usize| {
            simulation.impact.isolated.iter().any(|listed| {
                listed.interface.at() == one
                    && listed.certainty == Certainty::Certain
                    && (listed.extent == Extent::FromAll || changed(with))
            })
        };
        if (cut(index, other) || cut(other, index)) && after.of(flow) != Some(false) {
            return broken(format!("{flow:?} passes, and one end is listed as isolated from the other"));
        }
    }
    Ok(())
}

/// Every entry names removals that were proposed, and at least one.
pub fn removals_are_responsible(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let graph = SecurityGraph::new(inventory.clone());
    let simulation: Simulation<'_> = run(&graph, &named(inventory, removals), readings)?;
    for entry in simulation.impact.changes.iter().chain(&simulation.impact.session_risks) {
        let proposed = |(interface, group): &(InterfaceIx, GroupIx)| {
            let is =
                |one: &ArbRemoval| one.interface == interface.at() && one.leave == *graph.group_id(*group);
            removals.iter().any(is)
        };
        if entry.removed_by.is_empty() || !entry.removed_by.iter().all(proposed) {
            return broken(format!("nobody proposed what this names: {entry:?}"));
        }
    }
    Ok(())
}

/// Of each pair of an entry, those removals are responsible that alone change the answer, or without which it would not
/// change; or all of the pair, where no single one is.
pub fn responsibility_is_exact(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let simulation = run(&graph, &named(inventory, removals), readings)?;
    let answers = |done: &[&JudgedRemoval]| {
        let left = done.iter().filter(|removal| !removal.stays).map(|one| (one.interface, one.group));
        let joined = done.iter().filter_map(|one| Some((one.interface, one.join?)));
        Answers::new(graph.baseline().without(left).with(joined), readings)
    };
    let all: Vec<&JudgedRemoval> = simulation.removals.iter().collect();
    let (before, after) = (answers(&[]), answers(&all));
    for entry in simulation.impact.changes.iter().chain(&simulation.impact.session_risks) {
        for flow @ (from, to, _) in witnesses(entry, inventory, &mut dice) {
            let is_end = |interface: InterfaceIx, end: End| matches!(end, End::Interface { index, .. } if index == interface.at());
            let is_of_pair =
                |removal: &&&JudgedRemoval| is_end(removal.interface, from) || is_end(removal.interface, to);
            let candidates: Vec<&JudgedRemoval> = all.iter().filter(is_of_pair).copied().collect();
            let is_responsible = |removal: &&&JudgedRemoval| {
                let others: Vec<&JudgedRemoval> =
                    candidates.iter().filter(|other| other != removal).copied().collect();
                answers(&[**removal]).of(flow) != before.of(flow)
                    || answers(&others).of(flow) != after.of(flow)
            };
            let name = |removal: &&JudgedRemoval| (removal.interface, removal.group);
            let mut found: Vec<_> = candidates.iter().filter(is_responsible).map(name).collect();
            if found.is_empty() {
                found = candidates.iter().map(name).collect();
            }
            let is_said = |(interface, _): &&(InterfaceIx, GroupIx)| {
                (entry.removals_of.has_sources() && is_end(*interface, from))
                    || (entry.removals_of.has_destinations() && is_end(*interface, to))
            };
            let said: Vec<_> = entry.removed_by.iter().filter(is_said).copied().collect();
            if said != found {
                return broken(format!("{flow:?}: {found:?} are responsible, and not {said:?} of {entry:?}"));
            }
        }
    }
    Ok(())
}

/// MR-33: one thread and three say the same.
pub fn threads_do_not_matter(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let graph = SecurityGraph::new(inventory.clone());
    let names = named(inventory, removals);
    let with = |threads| {
        let pool = match rayon::ThreadPoolBuilder::new().num_threads(threads).build() {
            Ok(pool) => pool,
            Err(error) => return broken(format!("no threads: {error}")),
        };
        let work = || pool.install(|| run(&graph, &names, readings).map(|simulation| simulation.impact));
        // Waited for by a thread of nobody's pool: one that waits for another pool takes up the caller's next case
        // meanwhile, which waits as well, and so on down the stack.
        match std::thread::scope(|scope| scope.spawn(work).join()) {
            Ok(impact) => impact,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    };
    if with(1)? == with(3)? { Ok(()) } else { broken("the number of threads changes the impact") }
}

/// Where pairs are looked at is what the removals touch.
#[cfg(test)]
mod tests {
    use super::super::ground::pairs;
    use super::*;
    use crate::testing::world;

    #[test]
    fn pairs_and_flows_are_found() {
        let inventory = world("A=10.0.0.1 [G]; B=10.0.0.2 [G]; G{normal}").unwrap();
        let removals = [ArbRemoval { interface: 0, leave: "sg-G".into(), join: None }];
        assert!(pairs(&[&inventory], &removals, &mut Dice::of(&inventory, &removals)).len() > 4);
        assert!(flows(&inventory, &mut Dice::of(&inventory, &removals)).len() > 50);
    }
}
