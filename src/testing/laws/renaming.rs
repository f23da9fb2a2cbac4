//! Laws of ids: what things are called decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::ground::{Checked, Dice, broken, named, pairs, run, same_effects};
use crate::graph::SecurityGraph;
use crate::inventory::{Inventory, Memberships, Network, RulePeer, RulePorts};
use crate::testing::notation::sort;
use crate::testing::{ArbRemoval, End};

/// New names for old ones. Names of one kind never meet those of another, so one table serves all.
struct Names {
    table: BTreeMap<String, String>,
    /// Whether lists get new names too.
    lists: bool,
}

impl Names {
    /// Collects every id of the estate and renames it by its rank among those of its kind.
    fn of(inventory: &Inventory, lists: bool, rename: impl Fn(&str, usize, usize) -> String) -> Self {
        let mut kinds: [BTreeSet<String>; 5] = Default::default();
        let [groups, interfaces, instances, networks, of_lists] = &mut kinds;
        for interface in &inventory.interfaces {
            interfaces.insert(interface.id.to_string());
            instances.extend(interface.instance.iter().map(ToString::to_string));
            networks.extend(interface.network.vpc().map(ToString::to_string));
            if let Memberships::Known(ids) = &interface.memberships {
                groups.extend(ids.iter().map(ToString::to_string));
            }
        }
        instances.extend(inventory.instances.iter().map(|instance| instance.id.to_string()));
        for group in &inventory.groups {
            groups.insert(group.id.to_string());
            networks.extend(group.network.vpc().map(ToString::to_string));
            for rule in &group.rules {
                match &rule.peer {
                    RulePeer::Group { id, .. } => groups.insert(id.to_string()),
                    RulePeer::PrefixList(id) => of_lists.insert(id.to_string()),
                    RulePeer::Block(_) => false,
                };
                if let RulePorts::List(id) = &rule.ports {
                    of_lists.insert(id.to_string());
                }
            }
        }
        of_lists.extend(inventory.prefix_lists.keys().map(ToString::to_string));
        of_lists.extend(inventory.port_lists.keys().map(ToString::to_string));
        for reference in &inventory.foreign_references {
            groups.extend([reference.group.to_string(), reference.referencing.to_string()]);
        }
        groups.extend(inventory.consumers.iter().map(|consumer| consumer.group.to_string()));
        let mut table = BTreeMap::new();
        for kind in kinds {
            let count = kind.len();
            let renamed = kind.into_iter().enumerate();
            table.extend(renamed.map(|(rank, id)| (id.clone(), rename(&id, rank, count))));
        }
        Self { table, lists }
    }

    fn new_of(&self, id: &str) -> String {
        self.table.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn apply(&self, inventory: &Inventory) -> Inventory {
        let mut other = inventory.clone();
        let network = |network: &mut Network| {
            if let Network::Vpc(id) = network {
                *id = self.new_of(id.as_str()).into();
            }
        };
        for instance in &mut other.instances {
            instance.id = self.new_of(instance.id.as_str()).into();
        }
        for interface in &mut other.interfaces {
            interface.id = self.new_of(interface.id.as_str()).into();
            interface.instance = interface.instance.as_ref().map(|id| self.new_of(id.as_str()).into());
            network(&mut interface.network);
            if let Memberships::Known(ids) = &mut interface.memberships {
                *ids = ids.iter().map(|id| self.new_of(id.as_str()).into()).collect();
                ids.sort_unstable();
            }
        }
        for group in &mut other.groups {
            group.id = self.new_of(group.id.as_str()).into();
            network(&mut group.network);
            for rule in &mut group.rules {
                match &mut rule.peer {
                    RulePeer::Group { id, .. } => *id = self.new_of(id.as_str()).into(),
                    RulePeer::PrefixList(id) if self.lists => *id = self.new_of(id.as_str()).into(),
                    RulePeer::PrefixList(_) | RulePeer::Block(_) => {}
                }
                if let RulePorts::List(id) = &mut rule.ports
                    && self.lists
                {
                    *id = self.new_of(id.as_str()).into();
                }
            }
        }
        if self.lists {
            let prefixes = std::mem::take(&mut other.prefix_lists).into_iter();
            other.prefix_lists = prefixes.map(|(id, list)| (self.new_of(id.as_str()).into(), list)).collect();
            let ports = std::mem::take(&mut other.port_lists).into_iter();
            other.port_lists = ports.map(|(id, list)| (self.new_of(id.as_str()).into(), list)).collect();
        }
        for reference in &mut other.foreign_references {
            reference.group = self.new_of(reference.group.as_str()).into();
            reference.referencing = self.new_of(reference.referencing.as_str()).into();
        }
        for consumer in &mut other.consumers {
            consumer.group = self.new_of(consumer.group.as_str()).into();
        }
        other.foreign_references.sort_unstable();
        other.consumers.sort_unstable();
        sort(&mut other);
        other
    }

    fn removals(&self, other: &Inventory, inventory: &Inventory, removals: &[ArbRemoval]) -> Vec<ArbRemoval> {
        let renamed = |removal: &ArbRemoval| {
            Some(ArbRemoval {
                interface: self.position(other, inventory, removal.interface)?,
                leave: self.new_of(removal.leave.as_str()).into(),
                join: removal.join.as_ref().map(|id| self.new_of(id.as_str()).into()),
            })
        };
        removals.iter().filter_map(renamed).collect()
    }

    fn position(&self, other: &Inventory, inventory: &Inventory, index: usize) -> Option<usize> {
        let id = self.new_of(inventory.interfaces.get(index)?.id.as_str());
        other.interfaces.iter().position(|interface| interface.id.as_str() == id)
    }

    fn end(&self, other: &Inventory, inventory: &Inventory, end: End) -> End {
        match end {
            End::Interface { index, address } => {
                End::Interface { index: self.position(other, inventory, index).unwrap_or(index), address }
            }
            End::External(_) => end,
        }
    }
}

/// MR-16: other ids in the same order give the very same impact.
pub fn renaming_in_order(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let readings = Dice::of(inventory, removals).readings();
    let names = Names::of(inventory, false, |id, rank, _| {
        let kind = id.split('-').next().unwrap_or_default();
        format!("{kind}-renamed{rank:06}")
    });
    let other = names.apply(inventory);
    let renamed = names.removals(&other, inventory, removals);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let one = run(&first, &named(inventory, removals), readings)?;
    let two = run(&second, &named(second.inventory(), &renamed), readings)?;
    if one.impact == two.impact && one.verdict == two.verdict {
        Ok(())
    } else {
        broken(format!("first {:?}, then {:?}", one.impact, two.impact))
    }
}

/// MR-16: other ids in any order give the same effects between the same ends, and the same counts.
pub fn renaming_in_reverse(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let names = Names::of(inventory, true, |id, rank, count| {
        let kind = id.split('-').next().unwrap_or_default();
        format!("{kind}-{:06}", count - rank)
    });
    let other = names.apply(inventory);
    let renamed = names.removals(&other, inventory, removals);
    let pairs = pairs(&[inventory], removals, &mut dice);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(other));
    let one = run(&first, &named(inventory, removals), readings)?;
    let two = run(&second, &named(second.inventory(), &renamed), readings)?;
    same_effects(&one, &two, &pairs, |end| names.end(second.inventory(), inventory, end))?;
    if one.impact.totals == two.impact.totals {
        Ok(())
    } else {
        broken(format!("first {:?}, then {:?}", one.impact.totals, two.impact.totals))
    }
}

/// MR-39: what happens in two estates that share nothing is what happens in each.
pub fn disjoint_vpcs_add_up(inventory: &Inventory, removals: &[ArbRemoval]) -> Checked {
    let mut dice = Dice::of(inventory, removals);
    let readings = dice.readings();
    let names = Names::of(inventory, false, |id, _, _| format!("{id}-twin"));
    let twin = names.apply(inventory);
    let mut both = inventory.clone();
    both.instances.extend(twin.instances);
    both.interfaces.extend(twin.interfaces);
    both.groups.extend(twin.groups);
    both.foreign_references.extend(twin.foreign_references);
    both.consumers.extend(twin.consumers);
    both.foreign_references.sort_unstable();
    both.consumers.sort_unstable();
    sort(&mut both);
    let pairs = pairs(&[inventory], removals, &mut dice);
    let (first, second) = (SecurityGraph::new(inventory.clone()), SecurityGraph::new(both));
    let one = run(&first, &named(inventory, removals), readings)?;
    let both = second.inventory();
    let same = Names { table: BTreeMap::new(), lists: false };
    let mut all = same.removals(both, inventory, removals);
    all.extend(names.removals(both, inventory, removals));
    let two = run(&second, &named(both, &all), readings)?;
    same_effects(&one, &two, &pairs, |end| same.end(both, inventory, end))?;
    same_effects(&one, &two, &pairs, |end| names.end(both, inventory, end))?;
    let (once, twice) = (one.impact.totals, two.impact.totals);
    let counts = |totals: crate::simulate::Totals| {
        [totals.pairs_lost, totals.pairs_gained, totals.pairs_undetermined, totals.external_lost]
    };
    if counts(once).map(|count| count * 2) == counts(twice) {
        Ok(())
    } else {
        broken(format!("one estate counts {once:?}, two count {twice:?}"))
    }
}
