//! Laws of plans: no state on the way is worse, and calls taken literally lead where the simulation says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;
use sgleave::evaluate::{Compiled, Endpoint, Evaluator, Readings};
use sgleave::graph::{InterfaceIx, SecurityGraph, View};
use sgleave::inventory::{Inventory, Memberships};
use sgleave::netset::{Family, TransportSet};
use sgleave::plan::{
    Api, DraftError, DraftOptions, Plan, Progress, carried_out, draft, read_plan, to_json, verify,
};
use sgleave::policy::{POLICIES, PolicySet, Reviewer, Today};
use sgleave::simulate::{Options, Quotas, Removal, Simulator};
use sgleave::testing::{Shape, arb_inventory, arb_removals, named_removals, probe_addresses, sample};

const TODAY: Today = Today::constant(2026, 1, 1);

fn lenient() -> PolicySet {
    let levels: String =
        POLICIES.iter().filter(|one| one.is_default).map(|one| format!("  {}: inform\n", one.code)).collect();
    let mut set = PolicySet::standard();
    set.layer("lenient.yaml", &format!("version: 1\nlevels:\n{levels}")).unwrap();
    set
}

fn drafted(graph: &SecurityGraph, removals: &[Removal], api: Api) -> Result<Plan, DraftError> {
    let set = lenient();
    let bound = set.bind(graph).unwrap();
    let simulator = Simulator::new(graph);
    let simulation = simulator.simulate(removals, &Options::default()).unwrap();
    let reviewer = Reviewer::new(&simulator, &bound, Options::default().readings, TODAY);
    let review = reviewer.review(&simulation);
    let options = DraftOptions {
        api,
        quotas: Quotas::default(),
        created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        max_age_seconds: 60,
        taken_at: None,
        not_before: None,
        not_after: None,
        account: Some("1234".to_owned()),
        region: None,
        max_wave: 2,
        soak_seconds: 0,
        wait_seconds: 0,
        rollback_attested: false,
        inventory_digest: "",
        tool_version: "",
        lowered: &[],
        asks_rego: false,
    };
    draft(&review.clear().unwrap(), &options)
}

/// The groups of every interface.
type State = BTreeMap<String, Vec<String>>;

fn state(inventory: &Inventory) -> State {
    let groups = |memberships: &Memberships| match memberships {
        Memberships::Known(groups) => groups.iter().map(ToString::to_string).collect(),
        Memberships::Unknown => Vec::new(),
    };
    inventory.interfaces.iter().map(|one| (one.id.to_string(), groups(&one.memberships))).collect()
}

/// One estate, asked about states of itself by plain evaluation, pair by pair.
struct Judge<'g> {
    graph: &'g SecurityGraph,
    compiled: Compiled<'g>,
    outside: Vec<Endpoint>,
}

impl<'g> Judge<'g> {
    fn new(graph: &'g SecurityGraph) -> Self {
        let addresses = [Family::Ipv4, Family::Ipv6].into_iter();
        let addresses = addresses.flat_map(|family| probe_addresses(graph.inventory(), family));
        Self { graph, compiled: Compiled::new(graph), outside: addresses.map(Endpoint::External).collect() }
    }

    fn view(&self, state: &State) -> View<'g> {
        let baseline = self.graph.baseline();
        let (mut gone, mut new) = (Vec::new(), Vec::new());
        for interface in self.graph.interfaces() {
            let was = baseline.groups_of(interface).unwrap_or_default();
            let is: Vec<_> = state[self.graph.interface(interface).id.as_str()]
                .iter()
                .filter_map(|id| self.graph.find_group(&id.as_str().into()))
                .collect();
            gone.extend(was.iter().filter(|group| !is.contains(group)).map(|group| (interface, *group)));
            new.extend(is.iter().filter(|group| !was.contains(group)).map(|group| (interface, *group)));
        }
        baseline.without(gone).with(new)
    }

    /// Whether every flow of a changed interface has, in a state, its answer of before or its answer of after.
    fn is_good(&self, before: &State, half: &State, after: &State) -> bool {
        let views = [before, half, after].map(|state| self.view(state));
        let changed = |interface: &InterfaceIx| {
            let id = self.graph.interface(*interface).id.as_str();
            before[id] != half[id] || before[id] != after[id]
        };
        let readings = Readings::default().closed();
        self.graph.interfaces().filter(changed).all(|interface| {
            readings.iter().all(|reading| {
                let evaluator = Evaluator::of(&self.compiled, *reading);
                [Family::Ipv4, Family::Ipv6]
                    .into_iter()
                    .all(|family| self.is_good_for(&evaluator, &views, interface, family))
            })
        })
    }

    fn is_good_for(
        &self,
        evaluator: &Evaluator<'_>,
        views: &[View<'_>; 3],
        interface: InterfaceIx,
        family: Family,
    ) -> bool {
        let own = self.compiled.addresses(interface, family);
        let vpc = |interface: InterfaceIx| self.graph.interface(interface).network.vpc();
        let peers = self.graph.interfaces().filter(|peer| *peer != interface && vpc(*peer) == vpc(interface));
        let peers = peers.flat_map(|interface| {
            let addresses = self.compiled.addresses(interface, family).into_iter();
            addresses.map(move |address| Endpoint::Interface { interface, address })
        });
        let outside =
            self.outside.iter().copied().filter(|end| match end {
                Endpoint::External(address) => {
                    Family::of(*address) == family
                        && !self.graph.interfaces().any(|other| {
                            vpc(other) == vpc(interface)
                                && self.graph.interface(other).addresses.iter().any(|held| {
                                    held.block.contains(&sgleave::netset::IpBlock::single(*address))
                                })
                        })
                }
                _ => false,
            });
        let others: Vec<Endpoint> = peers.chain(outside).collect();
        own.iter().all(|address| {
            let own = Endpoint::Interface { interface, address: *address };
            others.iter().flat_map(|other| [(own, *other), (*other, own)]).all(|(from, to)| {
                let [before, half, after] =
                    views.each_ref().map(|view| evaluator.answers_of(view, from, to, family).0);
                let opens = half.difference(&before).difference(&after);
                let breaks = before.intersection(&after).difference(&half);
                [opens, breaks].iter().all(TransportSet::is_empty)
            })
        })
    }
}

/// Tries every order of the calls: is there one without a worse state?
fn has_good_order(
    judge: &Judge<'_>,
    plan_like: &[(String, Vec<String>, Vec<String>)],
    before: &State,
) -> bool {
    fn go(
        judge: &Judge<'_>,
        left: &[(String, Vec<String>, Vec<String>)],
        now: &State,
        ends: [&State; 2],
    ) -> bool {
        if left.is_empty() {
            return true;
        }
        (0..left.len()).any(|at| {
            let mut rest = left.to_vec();
            let (interface, leaves, joins) = rest.remove(at);
            // A move joins before it leaves; here every call is one membership.
            let mut next = now.clone();
            let groups = next.get_mut(&interface).unwrap();
            groups.retain(|group| !leaves.contains(group));
            groups.extend(joins);
            groups.sort();
            groups.dedup();
            (rest.is_empty() || judge.is_good(ends[0], &next, ends[1])) && go(judge, &rest, &next, ends)
        })
    }
    let mut after = before.clone();
    for (interface, leaves, joins) in plan_like {
        let groups = after.get_mut(interface).unwrap();
        groups.retain(|group| !leaves.contains(group));
        groups.extend(joins.iter().cloned());
        groups.sort();
        groups.dedup();
    }
    go(judge, plan_like, before, [before, &after])
}

#[test]
fn no_state_on_the_way_is_worse_and_where_no_order_is_found_there_is_none() {
    let [planned, several, orderless] = [(); 3].map(|()| AtomicUsize::new(0));
    (0..1_200_u64).into_par_iter().for_each(|seed| {
        let shape =
            Shape { interfaces: 4, ipv6: seed.is_multiple_of(4), prefixes: false, ..Shape::default() };
        let inventory = sample(&arb_inventory(&shape), seed);
        let removals = arb_removals(&inventory);
        let removals: Vec<Removal> = named_removals(&inventory, &sample(&removals, seed));
        // Moves have a fixed order of their own; they are tried by name in the pipeline.
        let removals: Vec<Removal> = removals.into_iter().filter(|removal| removal.join.is_none()).collect();
        if removals.is_empty() {
            return;
        }
        let graph = SecurityGraph::new(inventory);
        let judge = Judge::new(&graph);
        let start = state(graph.inventory());
        for api in [Api::Modify, Api::Leave] {
            match drafted(&graph, &removals, api) {
                Ok(plan) => {
                    planned.fetch_add(1, Ordering::Relaxed);
                    several.fetch_add(usize::from(plan.steps.len() > 1), Ordering::Relaxed);
                    let at = |made| state(&carried_out(&plan, graph.inventory(), made));
                    let end = at(plan.steps.len());
                    for made in 1..plan.steps.len() {
                        assert!(
                            judge.is_good(&start, &at(made), &end),
                            "seed {seed}, {api:?}, after {made}: {plan:?}"
                        );
                    }
                }
                Err(DraftError::NoSafeOrder(worse)) => {
                    orderless.fetch_add(1, Ordering::Relaxed);
                    let mut calls: Vec<(String, Vec<String>, Vec<String>)> = Vec::new();
                    let judged = sgleave::simulate::judge(&graph, &removals, &Options::default()).unwrap();
                    for removal in judged {
                        let id = graph.interface(removal.interface).id.to_string();
                        let group = graph.group_id(removal.group).to_string();
                        match calls.last_mut() {
                            Some((last, leaves, _)) if api == Api::Modify && *last == id => {
                                leaves.push(group)
                            }
                            _ => calls.push((id, vec![group], Vec::new())),
                        }
                    }
                    assert!(!has_good_order(&judge, &calls, &start), "seed {seed}, {api:?}: {worse:?}");
                }
                Err(_) => {}
            }
        }
    });
    let [planned, several, orderless] = [planned, several, orderless].map(AtomicUsize::into_inner);
    assert!(planned > 400 && several > 100, "{planned} plans, {several} of several steps");
    assert!(orderless > 5, "{orderless} without an order");
}

#[test]
fn calls_lead_to_the_simulated_state_and_every_prefix_is_recognised() {
    let planned = AtomicUsize::new(0);
    (0..600_u64).into_par_iter().for_each(|seed| {
        let inventory = sample(&arb_inventory(&Shape::default()), seed);
        let removals = arb_removals(&inventory);
        let removals: Vec<Removal> = named_removals(&inventory, &sample(&removals, seed));
        let graph = SecurityGraph::new(inventory);
        let simulation = Simulator::new(&graph).simulate(&removals, &Options::default()).unwrap();
        let api = if seed.is_multiple_of(2) { Api::Modify } else { Api::Leave };
        let Ok(plan) = drafted(&graph, &removals, api) else { return };
        planned.fetch_add(1, Ordering::Relaxed);
        assert_eq!(read_plan("plan.json", &to_json(&plan).unwrap()).unwrap(), plan);
        let total = plan.steps.len();
        let after = simulation.after();
        let wanted: State = graph
            .interfaces()
            .map(|interface| {
                let groups = after.groups_of(interface).unwrap_or_default();
                let groups = groups.iter().map(|group| graph.group_id(*group).to_string()).collect();
                (graph.interface(interface).id.to_string(), groups)
            })
            .collect();
        assert_eq!(state(&carried_out(&plan, graph.inventory(), total)), wanted, "seed {seed}");
        for made in 0..=total {
            let found = verify(&plan, &carried_out(&plan, graph.inventory(), made)).unwrap();
            let progress = match made {
                0 => Progress::NotStarted,
                made if made == total => Progress::Done,
                made => Progress::Partly(made),
            };
            assert_eq!(found.progress, progress, "seed {seed}");
            assert_eq!((found.drifts, found.promise_holds), (Vec::new(), Some(true)), "seed {seed}");
        }
    });
    assert!(planned.into_inner() > 150);
}
