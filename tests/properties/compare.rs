//! One case: every changed flow of the engine against the oracle, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use sgleave::evaluate::{AddressKinds, Disposition, Endpoint, Evaluator, Flow, Order, Readings};
use sgleave::graph::SecurityGraph;
use sgleave::inventory::{Inventory, Memberships as Known, RuleAction, SecurityGroupRule};
use sgleave::netset::{Family, Packet};
use sgleave::simulate::{Certainty, ChangeKind, Extent, Options, Removal, Simulation, simulate};
use sgleave::testing::{self, Change, End, Memberships, Settings, baseline, change, outcomes};

use crate::classes;
use crate::world::{entries_about, family_of, interface_ends, is_taken, ix_of, share_vpc};

/// A case: an estate, and what leaves.
pub struct Case<'a> {
    pub inventory: &'a Inventory,
    pub graph: &'a SecurityGraph,
    pub removals: &'a [Removal],
    pub after: &'a Memberships,
    pub readings: Readings,
    /// Whether every boundary is looked at, or one of every class.
    pub at_every_boundary: bool,
}

/// What a case met.
#[derive(Debug, Default)]
pub struct Met {
    pub kinds: BTreeSet<ChangeKind>,
    pub flows: usize,
    /// Whether the engine called a flow open that no reading changes; see [`may_be_careful`].
    pub careful: bool,
}

pub fn settings(readings: &Readings) -> Settings {
    let order = |order: Option<Order>| {
        order.map(|order| match order {
            Order::AcceptFirst => testing::Order::AcceptFirst,
            Order::CustomFirst => testing::Order::CustomFirst,
        })
    };
    Settings {
        intra_group_egress: order(readings.intra_group_egress),
        intra_group_ingress: order(readings.intra_group_ingress),
        address_kinds: readings.address_kinds.map(|kinds| match kinds {
            AddressKinds::All => testing::Kinds::All,
            AddressKinds::Ipv4 => testing::Kinds::Ipv4,
        }),
    }
}

fn in_universe(family: Family, packet: Packet) -> bool {
    packet.protocol != if family == Family::Ipv4 { 58 } else { 1 }
}

/// What the engine says of a case.
pub fn simulated<'g>(case: &Case<'g>) -> Result<Simulation<'g>, String> {
    let options = Options { readings: case.readings, ..Options::default() };
    simulate(case.graph, case.removals, &options).map_err(|error| error.to_string())
}

/// Returns what disagrees, as text, or what the case met.
pub fn compare(case: &Case<'_>, simulation: &Simulation<'_>) -> Result<Met, String> {
    let before = baseline(case.inventory);
    let settings = settings(&case.readings);
    let probes = if case.at_every_boundary {
        classes::at_every_boundary(case.inventory)
    } else {
        classes::of_every_class(case.inventory, simulation)
    };
    let ends = interface_ends(case.inventory, &probes.addresses);
    let changed: BTreeSet<usize> = (0..before.len()).filter(|at| before[*at] != case.after[*at]).collect();
    let kinds = simulation.impact.changes.iter().map(|change| change.kind).collect();
    let mut met = Met { kinds, ..Met::default() };
    let mut contacts: BTreeMap<(usize, usize), Contact> = BTreeMap::new();
    let comparison = Comparison { case, packets: &probes.packets, simulation, before: &before, settings };
    for from in &ends {
        let End::Interface { index, .. } = *from else { continue };
        for to in &ends {
            let End::Interface { index: other, .. } = *to else { continue };
            if index == other
                || !share_vpc(case.inventory, index, other)
                || family_of(*from) != family_of(*to)
            {
                continue;
            }
            // Contacts are needed of every pair; changes can only be where something changed, which is checked too.
            let pair = contacts.entry((index.min(other), index.max(other))).or_default();
            comparison.flows(*from, *to, &mut met, Some(pair))?;
        }
        if !changed.contains(&index) {
            continue;
        }
        for address in &probes.addresses {
            if Family::of(*address) != family_of(*from) || is_taken(case.inventory, index, *address) {
                continue;
            }
            comparison.flows(*from, End::External(*address), &mut met, None)?;
            comparison.flows(End::External(*address), *from, &mut met, None)?;
        }
    }
    comparison.isolation(&changed, &contacts, !met.careful)?;
    Ok(met)
}

/// Accepted traffic of a pair of interfaces, either direction, over all probed flows.
#[derive(Debug, Default, Clone, Copy)]
struct Contact {
    surely_before: bool,
    maybe_before: bool,
    surely_after: bool,
    maybe_after: bool,
}

struct Comparison<'a> {
    case: &'a Case<'a>,
    packets: &'a [Packet],
    simulation: &'a Simulation<'a>,
    before: &'a Memberships,
    settings: Settings,
}

impl Comparison<'_> {
    fn flows(
        &self,
        from: End,
        to: End,
        met: &mut Met,
        mut contact: Option<&mut Contact>,
    ) -> Result<(), String> {
        let about = entries_about(self.simulation, from, to);
        for packet in self.packets.iter().filter(|packet| in_universe(family_of(from), **packet)) {
            let answers = outcomes(
                self.case.inventory,
                self.before,
                self.case.after,
                &self.settings,
                from,
                to,
                *packet,
            );
            let entries = about.iter().filter(|entry| entry.traffic.contains(*packet));
            let said: Vec<ChangeKind> = entries.clone().map(|entry| entry.kind).collect();
            let expected = match change(&answers) {
                Change::None => vec![],
                Change::Lost => vec![ChangeKind::Lost],
                Change::Gained => vec![ChangeKind::Gained],
                Change::Undetermined => vec![ChangeKind::Undetermined],
            };
            met.flows += 1;
            if said != expected {
                if expected.is_empty()
                    && said == [ChangeKind::Undetermined]
                    && may_be_careful(self.case.inventory, from, to)
                {
                    met.careful = true;
                    continue;
                }
                return Err(format!(
                    "{from:?} -> {to:?} {packet:?}: the engine says {said:?}, the oracle {expected:?} ({answers:?})"
                ));
            }
            for entry in entries {
                self.dispositions(entry, &answers)
                    .map_err(|error| format!("{from:?} -> {to:?} {packet:?}: {error}"))?;
            }
            if let Some(contact) = contact.as_deref_mut() {
                contact.surely_before |= answers.iter().all(|(before, _)| *before);
                contact.maybe_before |= answers.iter().any(|(before, _)| *before);
                contact.surely_after |= answers.iter().all(|(_, after)| *after);
                contact.maybe_after |= answers.iter().any(|(_, after)| *after);
            }
        }
        Ok(())
    }

    /// What an entry says about before and after is what the oracle says.
    fn dispositions(
        &self,
        entry: &sgleave::simulate::Change,
        answers: &BTreeSet<(bool, bool)>,
    ) -> Result<(), String> {
        let named = |disposition| match disposition {
            Disposition::Accepted => Some(true),
            Disposition::DeniedIn | Disposition::DeniedOut => Some(false),
            Disposition::InsufficientInfo => None,
        };
        let certain =
            |values: BTreeSet<bool>| (values.len() == 1).then(|| values.into_iter().next().unwrap());
        let before = certain(answers.iter().map(|(before, _)| *before).collect());
        let after = certain(answers.iter().map(|(_, after)| *after).collect());
        // An entry may call open what shared variables make certain, never the reverse.
        for (said, is, when) in [
            (named(entry.before.disposition), before, "before"),
            (named(entry.after.disposition), after, "after"),
        ] {
            if said.is_some() && said != is {
                return Err(format!("{when}: the entry says {said:?}, the oracle {is:?}"));
            }
        }
        Ok(())
    }

    fn isolation(
        &self,
        changed: &BTreeSet<usize>,
        contacts: &BTreeMap<(usize, usize), Contact>,
        is_precise: bool,
    ) -> Result<(), String> {
        let with = |index: usize, others: &dyn Fn(usize) -> bool| {
            let pairs = contacts
                .iter()
                .filter(|((a, b), _)| (*a == index && others(*b)) || (*b == index && others(*a)));
            pairs.fold(Contact::default(), |total, (_, one)| Contact {
                surely_before: total.surely_before || one.surely_before,
                maybe_before: total.maybe_before || one.maybe_before,
                surely_after: total.surely_after || one.surely_after,
                maybe_after: total.maybe_after || one.maybe_after,
            })
        };
        for index in 0..self.before.len() {
            let removed = with(index, &|other| changed.contains(&other));
            let anybody = with(index, &|_| true);
            let said = self
                .simulation
                .impact
                .isolated
                .iter()
                .find(|one| one.interface == ix_of(self.case.graph, index));
            let said =
                said.filter(|one| one.certainty == Certainty::Certain && one.new).map(|one| one.extent);
            if removed.maybe_after && said.is_some() && !changed.contains(&index) {
                return Err(format!("interface {index} is called isolated and may reach a removed one"));
            }
            if anybody.maybe_after && said == Some(Extent::FromAll) {
                return Err(format!("interface {index} is called isolated from all and may reach one"));
            }
            if !is_precise {
                continue;
            }
            if removed.surely_before && said.is_none() && !removed.maybe_after && !changed.contains(&index) {
                return Err(format!("interface {index} lost all contact with the removed and is not listed"));
            }
            if changed.contains(&index)
                && anybody.surely_before
                && !anybody.maybe_after
                && said != Some(Extent::FromAll)
            {
                return Err(format!("removed interface {index} lost all contact and is not listed"));
            }
        }
        Ok(())
    }
}

/// Tells whether the engine may call a flow open that is not. Of an interface whose groups are unknown it holds every
/// rule possible; it does not see that being in a group that matters elsewhere brings that group's own Drop of
/// priority 1 with it. That errs on the safe side only, and rarely: the share is asserted.
fn may_be_careful(inventory: &Inventory, from: End, to: End) -> bool {
    let unknown = |end: End| match end {
        End::Interface { index, .. } => inventory.interfaces[index].memberships == Known::Unknown,
        End::External(_) => false,
    };
    let strongest = |rule: &SecurityGroupRule| rule.priority == 1 && rule.action == RuleAction::Drop;
    (unknown(from) || unknown(to)) && inventory.groups.iter().flat_map(|group| &group.rules).any(strongest)
}

/// The evaluator that explains single flows, in the state before, on a few flows of the case.
pub fn compare_singles(case: &Case<'_>, first_end: usize, first_packet: usize) -> Result<(), String> {
    let probes = classes::at_every_boundary(case.inventory);
    let mut ends = interface_ends(case.inventory, &probes.addresses);
    let turns = first_end % ends.len().max(1);
    ends.rotate_left(turns);
    let step = probes.packets.len().div_ceil(8);
    let evaluator = Evaluator::new(case.graph, case.readings);
    let before = baseline(case.inventory);
    for from in ends.iter().take(3) {
        for to in ends.iter().rev().take(3) {
            let (End::Interface { index, .. }, End::Interface { index: other, .. }) = (*from, *to) else {
                continue;
            };
            if index == other
                || family_of(*from) != family_of(*to)
                || !share_vpc(case.inventory, index, other)
            {
                continue;
            }
            for packet in probes.packets.iter().skip(first_packet % step).step_by(step) {
                if in_universe(family_of(*from), *packet) {
                    compare_single(case, &evaluator, &before, (*from, *to, *packet))?;
                }
            }
        }
    }
    Ok(())
}

fn compare_single(
    case: &Case<'_>,
    evaluator: &Evaluator<'_>,
    before: &Memberships,
    (from, to, packet): (End, End, Packet),
) -> Result<(), String> {
    let graph = case.graph;
    let end = |end: End| match end {
        End::Interface { index, address } => Endpoint::Interface { interface: ix_of(graph, index), address },
        End::External(address) => Endpoint::External(address),
    };
    let flow = Flow { source: end(from), destination: end(to), packet };
    let said = evaluator.evaluate(&graph.baseline(), &flow).disposition;
    let answers: BTreeSet<bool> =
        outcomes(case.inventory, before, before, &settings(&case.readings), from, to, packet)
            .into_iter()
            .map(|(before, _)| before)
            .collect();
    let agrees = match said {
        Disposition::Accepted => answers == BTreeSet::from([true]),
        Disposition::DeniedIn | Disposition::DeniedOut => answers == BTreeSet::from([false]),
        Disposition::InsufficientInfo => answers.len() == 2 || may_be_careful(case.inventory, from, to),
    };
    if agrees {
        Ok(())
    } else {
        Err(format!("{from:?} -> {to:?} {packet:?}: evaluator {said:?}, oracle {answers:?}"))
    }
}
