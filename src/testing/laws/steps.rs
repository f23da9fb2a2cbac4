//! Laws of several removals: steps, waves and the way back.

use super::ground::{Answers, Checked, Dice, Effect, broken, effect, flows, named, pairs, run};
use super::leaving::new_group;
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{InnerAccessPolicy, Inventory, Memberships};
use crate::simulate::SimulationVerdict;
use crate::testing::notation::sort;
use crate::testing::{ArbRemoval, apply, baseline};

/// The export that would be taken after the removals.
pub(super) fn afterwards(inventory: &Inventory, removals: &[ArbRemoval]) -> Inventory {
    let mut other = inventory.clone();
    let state = apply(&baseline(inventory), removals);
    for (interface, groups) in other.interfaces.iter_mut().zip(state) {
        if let Some(groups) = groups {
            interface.memberships = Memberships::Known(groups.into_iter().collect());
        }
    }
    other
}

/// MR-13: nothing leaves, nothing changes.
pub fn nothing_leaves(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let graph = SecurityGraph::new(inventory.clone());
    let simulation = run(&graph, &[], Dice::of(inventory, removals).readings())?;
    let impact = &simulation.impact;
    let is_quiet = impact.changes.is_empty()
        && impact.session_risks.is_empty()
        && impact.isolated.iter().all(|one| !one.new)
        && impact.orphans.iter().all(|one| !one.new)
        && simulation.verdict != SimulationVerdict::Impact;
    if is_quiet { Ok(()) } else { broken(format!("nothing leaves, and {impact:?}")) }
}

/// Every removal as a move that can be undone: who joins nothing joins a silent group.
fn undoable(inventory: &Inventory, removals: &[ArbRemoval]) -> (Inventory, Vec<ArbRemoval>) {
    let mut other = inventory.clone();
    let mut moves: Vec<ArbRemoval> = Vec::new();
    for removal in removals {
        let name = format!("silent-{}", moves.len());
        let Some(silent) = new_group(inventory, &removal.leave, &name, InnerAccessPolicy::Drop) else {
            continue;
        };
        // Two removals into one group could not be told apart on the way back.
        let is_free = |join: &&crate::inventory::SecurityGroupId| {
            moves
                .iter()
                .all(|known| known.interface != removal.interface || known.join.as_ref() != Some(join))
        };
        let join = removal.join.as_ref().filter(is_free).cloned();
        let join = join.unwrap_or_else(|| silent.id.clone());
        moves.push(ArbRemoval { join: Some(join), ..removal.clone() });
        other.groups.push(silent);
    }
    sort(&mut other);
    (other, moves)
}

/// MR-11: what a change takes away is what undoing it gives back, and the reverse.
pub fn back_and_forth(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let (here, forth) = undoable(inventory, removals);
    let there = afterwards(&here, &forth);
    let back: Vec<ArbRemoval> = forth
        .iter()
        .filter_map(|one| {
            Some(ArbRemoval {
                interface: one.interface,
                leave: one.join.clone()?,
                join: Some(one.leave.clone()),
            })
        })
        .collect();
    let pairs = pairs(&[&here], &forth, &mut dice);
    let (names_forth, names_back) = (named(&here, &forth), named(&there, &back));
    let (first, second) = (SecurityGraph::new(here), SecurityGraph::new(there));
    let (one, two) = (run(&first, &names_forth, readings)?, run(&second, &names_back, readings)?);
    for pair in pairs {
        let (away, home) = (effect(&one, pair), effect(&two, pair));
        let mirrored =
            Effect { lost: home.gained.clone(), gained: home.lost.clone(), open: home.open.clone() };
        if away != mirrored {
            return broken(format!("{pair:?}: forth {away:?}, back {home:?}"));
        }
    }
    Ok(())
}

/// Halves of the removals, by interface, so that each is a change of its own.
fn halves(removals: &[ArbRemoval]) -> (Vec<ArbRemoval>, Vec<ArbRemoval>) {
    let (first, second) = removals.split_at(removals.len() / 2);
    (first.to_vec(), second.to_vec())
}

/// MR-12: what is lost from the first to the last state is lost, or open, in one of the steps between; so for gains
/// and for what is open.
pub fn steps_lose_what_the_whole_loses(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let (first, second) = halves(removals);
    let middle = afterwards(inventory, &first);
    let pairs = pairs(&[inventory], removals, &mut dice);
    let (start, rest) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(middle));
    let whole = run(&start, &named(inventory, removals), readings)?;
    let one = run(&start, &named(inventory, &first), readings)?;
    let two = run(&rest, &named(rest.inventory(), &second), readings)?;
    for pair in pairs {
        let (all, one, two) = (effect(&whole, pair), effect(&one, pair), effect(&two, pair));
        let open = one.open.union(&two.open);
        let lost = one.lost.union(&two.lost).union(&open);
        let gained = one.gained.union(&two.gained).union(&open);
        if !all.lost.is_subset(&lost)
            || !all.gained.is_subset(&gained)
            || !all.open.is_subset(&one.changed().union(&two.changed()))
        {
            return broken(format!("{pair:?}: the whole {all:?}, the steps {one:?} and {two:?}"));
        }
    }
    Ok(())
}

type Membership = (InterfaceIx, GroupIx);

fn indices(graph: &SecurityGraph, removals: &[ArbRemoval]) -> (Vec<Membership>, Vec<Membership>) {
    let interfaces: Vec<InterfaceIx> = graph.interfaces().collect();
    let (mut gone, mut joined) = (Vec::new(), Vec::new());
    for removal in removals {
        if let Some(interface) = interfaces.get(removal.interface) {
            gone.extend(graph.find_group(&removal.leave).map(|group| (*interface, group)));
            let join = removal.join.as_ref().and_then(|group| graph.find_group(group));
            joined.extend(join.map(|group| (*interface, group)));
        }
    }
    (gone, joined)
}

/// MR-15: waves of removals end where all of them at once end.
pub fn waves_end_alike(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let (gone, joined) = indices(&graph, removals);
    let at_once = Answers::new(graph.baseline().without(gone).with(joined), readings);
    let mut view = graph.baseline();
    for one in removals.iter().rev() {
        let (gone, joined) = indices(&graph, std::slice::from_ref(one));
        view = view.without(gone).with(joined);
    }
    let in_waves = Answers::new(view, readings);
    for flow in flows(inventory, &mut dice) {
        if at_once.of(flow) != in_waves.of(flow) {
            return broken(format!("{flow:?} depends on the waves"));
        }
    }
    Ok(())
}

/// MR-15: the state after removals answers like a new export that is taken after them.
pub fn view_is_a_new_export(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let graph = SecurityGraph::new(inventory.clone());
    let (gone, joined) = indices(&graph, removals);
    let seen = Answers::new(graph.baseline().without(gone).with(joined), readings);
    let anew = SecurityGraph::new(afterwards(inventory, removals));
    let exported = Answers::new(anew.baseline(), readings);
    for flow in flows(inventory, &mut dice) {
        let (view, export) = (seen.of(flow), exported.of(flow));
        if view != export {
            return broken(format!("{flow:?}: {view:?} as a view, {export:?} as an export"));
        }
    }
    Ok(())
}

/// Joining a group that is left again, or leaving one that is joined again, ends where it began.
pub fn joined_and_left(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let graph = SecurityGraph::new(inventory.clone());
    let (gone, joined) = indices(&graph, removals);
    let baseline = graph.baseline();
    let away = baseline.without(gone.iter().copied()).with(joined.iter().copied());
    let home = away.without(joined).with(gone);
    if home.changed().next().is_some() {
        return broken("the way back does not end at the beginning");
    }
    for group in graph.groups() {
        if home.members_of(group) != baseline.members_of(group) {
            return broken(format!("the members of {} are others", graph.group_id(group)));
        }
    }
    Ok(())
}
