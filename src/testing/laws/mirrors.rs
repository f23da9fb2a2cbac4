//! Laws of saying the same in another way: order, repetition, names for one thing, and the way through an export.

use serde_json::Value;

use super::LawViolation;
use super::ground::{Checked, Dice, broken, is_complete, named, run};
use crate::evaluate::Readings;
use crate::graph::SecurityGraph;
use crate::inventory::{InterfaceKind, Inventory, Memberships, SecurityGroupRule, Source, load};
use crate::simulate::{Options, Removal, RemovalError, simulate};
use crate::testing::ArbRemoval;
use crate::testing::export::export;

/// Fails where the second list of removals does something else than the first one.
fn same_impact(inventory: &Inventory, one: &[Removal], other: &[Removal], readings: Readings) -> Checked {
    let graph = SecurityGraph::new(inventory.clone());
    let (first, second) = (run(&graph, one, readings)?, run(&graph, other, readings)?);
    if first.impact == second.impact && first.verdict == second.verdict && first.removals == second.removals {
        Ok(())
    } else {
        broken(format!("{one:?} give {:?}, {other:?} give {:?}", first.impact, second.impact))
    }
}

/// MR-14: the order in which removals are named means nothing.
pub fn order_of_removals(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let names = named(inventory, removals);
    let mut turned = names.clone();
    turned.reverse();
    let most = turned.len();
    turned.rotate_left(dice.roll(most));
    same_impact(inventory, &names, &turned, readings)
}

/// MR-41: a removal named several times is one removal.
pub fn repeated_removals(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let names = named(inventory, removals);
    let thrice = [names.clone(), names.clone(), names.clone()].concat();
    same_impact(inventory, &names, &thrice, readings)
}

/// MR-41: leaving a group one is not in is an error, never nothing; so is what does not exist.
pub fn strangers_are_refused(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let Some(removal) = removals.first() else { return Ok(()) };
    let Some(interface) = inventory.interfaces.get(removal.interface) else { return Ok(()) };
    let Memberships::Known(held) = &interface.memberships else { return Ok(()) };
    let graph = SecurityGraph::new(inventory.clone());
    let ask = |target: &str, group: &str| {
        let removal = Removal { target: target.to_owned(), group: group.to_owned(), join: None };
        simulate(&graph, &[removal], &Options::default()).map(|simulation| simulation.verdict)
    };
    for group in inventory.groups.iter().filter(|group| !held.contains(&group.id)) {
        let said = ask(interface.id.as_str(), group.id.as_str());
        if !matches!(said, Err(RemovalError::NotMember { .. })) {
            return broken(format!("{} is not in {}, and the answer is {said:?}", interface.id, group.id));
        }
    }
    if !matches!(ask(interface.id.as_str(), "sg-~nobody"), Err(RemovalError::UnknownGroup { .. }))
        || !matches!(ask("eni-~nobody", removal.leave.as_str()), Err(RemovalError::UnknownTarget { .. }))
    {
        return broken("what does not exist is not refused");
    }
    Ok(())
}

/// A removal named by instance is the removal of its primary interface (law 7).
pub fn removal_by_instance(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let names = named(inventory, removals);
    let by_instance = |(removal, name): (&ArbRemoval, &Removal)| {
        let interface = inventory.interfaces.get(removal.interface)?;
        let instance = interface.instance.as_ref().and_then(|id| inventory.instance(id));
        let instance = instance.filter(|_| interface.kind == InterfaceKind::Primary)?;
        Some(Removal { target: instance.id.to_string(), ..name.clone() })
    };
    let turned: Vec<Removal> =
        removals.iter().zip(&names).map(|pair| by_instance(pair).unwrap_or_else(|| pair.1.clone())).collect();
    same_impact(inventory, &names, &turned, readings)
}

fn loaded(files: Vec<(String, String)>) -> Result<Inventory, LawViolation> {
    let source = |(name, text): (String, String)| Source { name, bytes: text.into_bytes() };
    let inventory = load(files.into_iter().map(source).collect())
        .map_err(|error| LawViolation { message: format!("the export is refused: {error}") })?;
    Ok(Inventory { issues: Vec::new(), ..inventory })
}

/// MR-31: what is written as raw answers and read again is what it was, when nothing is missing.
pub fn exported_and_loaded(inventory: &Inventory, _removals: &[ArbRemoval]) -> Checked {
    if !is_complete(inventory) || !inventory.gaps.is_empty() {
        return Ok(());
    }
    let mut wanted = Inventory { issues: Vec::new(), ..inventory.clone() };
    // A group cannot hold the same content twice (law 1.1), so reading keeps one of equal rules.
    for group in &mut wanted.groups {
        group.rules.dedup_by(|next, kept| {
            let content = |rule: &SecurityGroupRule| SecurityGroupRule { id: None, ..rule.clone() };
            let same = content(next) == content(kept);
            if same && kept.id.is_none() {
                kept.id = next.id.take();
            }
            same
        });
    }
    let found = loaded(export(inventory))?;
    if found != wanted {
        return broken(format!("written {wanted:?}, read {found:?}"));
    }
    let again = loaded(export(&found))?;
    if again == found { Ok(()) } else { broken("the second time it is something else") }
}

/// Turns every array of an answer around.
fn turned(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().rev().map(turned).collect()),
        Value::Object(object) => {
            Value::Object(object.into_iter().rev().map(|(key, value)| (key, turned(value))).collect())
        }
        other => other,
    }
}

fn rewritten(text: &str) -> Result<String, LawViolation> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| LawViolation { message: format!("the export is no JSON: {error}") })?;
    Ok(format!(" \n{}\t", turned(value)))
}

/// MR-17: the order of files, of records and of white space means nothing.
pub fn order_of_answers(inventory: &Inventory, _removals: &[ArbRemoval]) -> Checked {
    let files = export(inventory);
    let mut other = Vec::new();
    for (name, text) in files.iter().rev() {
        other.push((name.clone(), rewritten(text)?));
    }
    let (one, two) = (loaded(files)?, loaded(other)?);
    if one == two { Ok(()) } else { broken(format!("first {one:?}, then {two:?}")) }
}

/// MR-18: an answer that is there twice is there once.
pub fn duplicate_answers(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let files = export(inventory);
    let mut other = files.clone();
    if let Some((name, text)) = dice.pick(&files) {
        other.push((format!("again-{name}"), text.clone()));
    }
    let (one, two) = (loaded(files)?, loaded(other)?);
    if one == two { Ok(()) } else { broken(format!("once {one:?}, twice {two:?}")) }
}
