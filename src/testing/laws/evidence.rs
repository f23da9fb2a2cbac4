//! Laws of evidence: who knows less may say "open" more often, and nothing else.

use super::ground::{Checked, Dice, broken, effect, named, pairs, run};
use crate::evaluate::{AddressKinds, Order, Readings};
use crate::graph::SecurityGraph;
use crate::inventory::{GroupIds, Inventory, Memberships, RuleGap};
use crate::testing::ArbRemoval;

/// Fails where the second, less certain simulation says more than the first one.
fn says_no_more(
    (inventory, readings): (&Inventory, Readings),
    (other, weaker): (&Inventory, Readings),
    removals: &[ArbRemoval],
) -> Checked {
    let pairs = pairs(&[inventory, other], removals, &mut Dice::of(inventory, removals));
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other.clone()));
    let removals = named(inventory, removals);
    let (one, two) = (run(&first, &removals, readings)?, run(&second, &removals, weaker)?);
    for pair in pairs {
        let (known, less) = (effect(&one, pair), effect(&two, pair));
        let holds = less.lost.is_subset(&known.lost)
            && less.gained.is_subset(&known.gained)
            && known.lost.is_subset(&less.lost.union(&less.open))
            && known.gained.is_subset(&less.gained.union(&less.open))
            && known.open.is_subset(&less.open);
        if !holds {
            return broken(format!("{pair:?}: who knows more says {known:?}, who knows less {less:?}"));
        }
    }
    Ok(())
}

/// Forgets something of the estate and compares.
fn forgetting(
    inventory: &Inventory,
    removals: &[ArbRemoval],
    forget: impl Fn(&mut Inventory, &mut Dice),
) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let mut other = inventory.clone();
    forget(&mut other, &mut dice);
    says_no_more((inventory, readings), (&other, readings), removals)
}

/// MR-35: without the type of a group, what changed is changed or open.
pub fn forgetting_a_type(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, dice| {
        let at = dice.roll(other.groups.len());
        if let Some(group) = other.groups.get_mut(at) {
            group.group_type = None;
        }
    })
}

/// MR-35: without the inner access policy of a group, what changed is changed or open.
pub fn forgetting_a_policy(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, dice| {
        let at = dice.roll(other.groups.len());
        if let Some(group) = other.groups.get_mut(at) {
            group.inner_access = None;
        }
    })
}

/// MR-35: without a rule of a group, and saying so, what changed is changed or open.
pub fn forgetting_rules(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, dice| {
        let at = dice.roll(other.groups.len());
        if let Some(group) = other.groups.get_mut(at) {
            let rule = dice.roll(group.rules.len());
            let direction = group.rules.get(rule).map(|rule| rule.direction);
            if direction.is_some() {
                group.rules.remove(rule);
            }
            group.rule_gaps.push(RuleGap { direction, code: "truncated-page" });
            group.rule_gaps.sort_unstable();
            group.rule_gaps.dedup();
        }
    })
}

/// MR-35: without the entries of a prefix list, what changed is changed or open.
pub fn forgetting_a_prefix_list(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, _| {
        other.prefix_lists.pop_first();
    })
}

/// MR-35: without the entries of a port range list, what changed is changed or open.
pub fn forgetting_a_port_list(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, _| {
        other.port_lists.pop_first();
    })
}

/// MR-35: without a group, whose members still name it, what changed is changed or open.
pub fn forgetting_a_group(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, dice| {
        let at = dice.roll(other.groups.len());
        let held = |id| {
            other.interfaces.iter().any(
                |interface| matches!(&interface.memberships, Memberships::Known(ids) if ids.contains(id)),
            )
        };
        // A group nobody is in leaves no trace: then there is nothing to know less about.
        if other.groups.get(at).is_some_and(|group| held(&group.id)) {
            other.groups.remove(at);
        }
    })
}

/// MR-35: without the groups of somebody who stays, what changed is changed or open.
pub fn forgetting_memberships(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    forgetting(inventory, removals, |other, dice| {
        let at = dice.roll(other.interfaces.len());
        let stays = removals.iter().all(|removal| removal.interface != at);
        // An export in which somebody is in no group does not exist (law AM5).
        if let Some(interface) = other.interfaces.get_mut(at)
            && stays
            && interface.memberships != Memberships::Known(GroupIds::new())
        {
            interface.memberships = Memberships::Unknown;
        }
    })
}

/// Opens one sentence of the law and compares with either of its readings.
fn opening(inventory: &Inventory, removals: &[ArbRemoval], closed: &[Readings], open: Readings) -> Checked {
    for closed in closed {
        says_no_more((inventory, *closed), (inventory, open), removals)?;
    }
    Ok(())
}

/// MR-36: leaving A1 open contradicts neither of its readings.
pub fn opening_egress_order(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let open = Readings { intra_group_egress: None, ..Readings::default() };
    let with = |order| Readings { intra_group_egress: Some(order), ..open };
    opening(inventory, removals, &[Order::AcceptFirst, Order::CustomFirst].map(with), open)
}

/// MR-36: leaving A2 open contradicts neither of its readings.
pub fn opening_ingress_order(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let open = Readings { intra_group_ingress: None, ..Readings::default() };
    let with = |order| Readings { intra_group_ingress: Some(order), ..open };
    opening(inventory, removals, &[Order::AcceptFirst, Order::CustomFirst].map(with), open)
}

/// MR-36: leaving A8 open contradicts neither of its readings.
pub fn opening_address_kinds(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let open = Readings { address_kinds: None, ..Readings::default() };
    let with = |kinds| Readings { address_kinds: Some(kinds), ..open };
    opening(inventory, removals, &[AddressKinds::All, AddressKinds::Ipv4].map(with), open)
}
