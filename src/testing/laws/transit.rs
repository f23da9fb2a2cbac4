//! Laws of the states between: one removal at a time, in any order.

use super::ground::{Answers, Checked, Dice, broken, flows, is_complete, pinned};
use super::leaving::departures;
use super::steps::afterwards;
use crate::graph::SecurityGraph;
use crate::inventory::{Inventory, RuleAction};
use crate::testing::ArbRemoval;

fn without_drops(inventory: &Inventory) -> Inventory {
    let mut other = inventory.clone();
    for group in &mut other.groups {
        group.rules.retain(|rule| rule.action == RuleAction::Accept);
    }
    other
}

/// Fails where a state between answers `wrong` and both ends answer the opposite.
fn between(inventory: &Inventory, removals: &[ArbRemoval], wrong: bool) -> Checked {
    if !is_complete(inventory) {
        return Ok(());
    }
    let removals = departures(removals);
    let flows = flows(inventory, &mut Dice::of(inventory, &removals));
    let (start, end) =
        (SecurityGraph::new(inventory.clone()), SecurityGraph::new(afterwards(inventory, &removals)));
    let (first, last) = (Answers::new(start.baseline(), pinned()), Answers::new(end.baseline(), pinned()));
    for done in 1..removals.len() {
        let Some((done, _)) = removals.split_at_checked(done) else { continue };
        let graph = SecurityGraph::new(afterwards(inventory, done));
        let middle = Answers::new(graph.baseline(), pinned());
        for flow in &flows {
            let ends = [first.of(*flow), last.of(*flow)];
            if ends == [Some(!wrong); 2] && middle.of(*flow) == Some(wrong) {
                return broken(format!("{flow:?} is {wrong} after {} of the removals only", done.len()));
            }
        }
    }
    Ok(())
}

/// MR-14: no order of departures opens in between what is closed before and after, when no rule drops.
pub fn no_transient_exposure(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    between(&without_drops(inventory), removals, true)
}

/// [`no_transient_exposure`], drops and all (witness W2).
pub(super) fn no_transient_exposure_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    between(inventory, removals, true)
}

/// MR-14: no order of departures closes in between what is open before and after, when no rule drops.
pub fn no_transient_outage(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    between(&without_drops(inventory), removals, false)
}

/// [`no_transient_outage`], drops and all (witness W3).
pub(super) fn no_transient_outage_bare(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    between(inventory, removals, false)
}
