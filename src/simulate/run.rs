//! From removals to a [`Simulation`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

use super::attribution::{Attribution, RemovedBy, Responsible, Who};
use super::entry::{Finding, Key, Peers, Range, entries};
use super::impact::{Certainty, Change, Impact, Totals};
use super::isolation::isolations;
use super::judge::{judge, outcome};
use super::orphan::Standing;
use super::removal::{JudgedRemoval, Removal};
use super::simulation::{Options, RemovalError, Simulation, SimulationVerdict};
use crate::evaluate::{
    Cause, ChangeKind, Compiled, Delta, Difference, Effect, Endpoint, Evaluator, Evidence, ForeignChange,
    PeerPiece, Row,
};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::inventory::{Direction, Network, NetworkInterface, RulePeer};
use crate::parallel;

/// Simulates removals judged together: what is lost, gained, isolated and orphaned, and what the API would refuse.
///
/// A [`Simulator`] answers many proposals about one estate without compiling it each time.
///
/// # Errors
/// [`RemovalError`] when an id does not exist, or a target is not in its group.
pub fn simulate<'g>(
    graph: &'g SecurityGraph,
    removals: &[Removal],
    options: &Options,
) -> Result<Simulation<'g>, RemovalError> {
    Simulator::new(graph).simulate(removals, options)
}

/// One estate, compiled once, for any number of what-ifs; may be shared between threads.
///
/// Making it is linear in the estate, besides sorting. A what-if costs, for each changed interface, one pass over the
/// addresses of its VPC and one evaluation for each distinct class of peers that the change can concern.
#[derive(Debug)]
pub struct Simulator<'g> {
    pub(super) compiled: Compiled<'g>,
    pub(super) foreign: ForeignGroups,
    pub(super) standing: Standing,
    /// Some interface's VPC is not in the export.
    pub(super) unknown_network: bool,
}

impl<'g> Simulator<'g> {
    /// Compiles an estate.
    #[must_use]
    pub fn new(graph: &'g SecurityGraph) -> Self {
        let is_unknown = |interface: &NetworkInterface| interface.network == Network::Unknown;
        let (compiled, (foreign, standing)) =
            parallel::both(|| Compiled::new(graph), || (ForeignGroups::new(graph), Standing::new(graph)));
        let unknown_network = graph.inventory().interfaces.iter().any(is_unknown);
        Self { compiled, foreign, standing, unknown_network }
    }

    /// Simulates removals judged together, as [`simulate`] does.
    ///
    /// # Errors
    /// [`RemovalError`] when an id does not exist, or a target is not in its group.
    pub fn simulate(&self, removals: &[Removal], options: &Options) -> Result<Simulation<'g>, RemovalError> {
        Ok(self.simulate_judged(judge(self.compiled.graph(), removals, options)?, options))
    }

    /// Returns the groups of other accounts.
    pub(crate) const fn foreign(&self) -> &ForeignGroups {
        &self.foreign
    }

    /// Returns what was compiled.
    #[must_use]
    pub const fn compiled(&self) -> &Compiled<'g> {
        &self.compiled
    }

    /// Tells whether a gap of the export, or an interface whose groups are unknown, may hide a member of a group.
    #[must_use]
    pub const fn may_hide_members(&self) -> bool {
        self.standing.may_hide_members()
    }

    /// Simulates removals that were judged; also part of them, for a state on the way to the end.
    #[must_use]
    pub fn simulate_judged(&self, removals: Vec<JudgedRemoval>, options: &Options) -> Simulation<'g> {
        let graph = self.compiled.graph();
        let (before, after) = (graph.baseline(), outcome(graph, &removals));
        let difference = Difference::new(&self.compiled, &before, &after, options.readings);
        let evaluator = Evaluator::of(&self.compiled, options.readings);
        let attribution =
            Attribution { removals: &removals, before: &before, after: &after, evaluator: &evaluator };
        let rows = parallel::each(difference.changed(), |interface| {
            row_findings(&difference, *interface, &attribution, &self.foreign)
        });
        let mut totals = Totals::default();
        let mut findings = Vec::new();
        let mut losing = Vec::new();
        for mut row in rows {
            add_up(&mut totals, &row);
            losing.append(&mut row.losing);
            findings.append(&mut row.findings);
        }
        losing.sort_unstable();
        losing.dedup();
        let isolated = isolations(&difference, &losing);
        let orphans = self.standing.orphans(&before, &after, &removals);
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        totals.isolated = count(isolated.iter().filter(|one| one.new).count());
        totals.orphans = count(orphans.iter().filter(|one| one.new).count());
        let (changes, session_risks) = entries(findings);
        let impact = Impact { changes, session_risks, isolated, orphans, totals };
        let (verdict, undetermined_because) = conclude(graph, &removals, &impact, self.unknown_network);
        Simulation { graph, readings: options.readings, removals, impact, verdict, undetermined_because }
    }
}

/// Contract 3: something certain is an impact; else missing evidence or an open reading leaves it undetermined.
fn conclude(
    graph: &SecurityGraph,
    removals: &[JudgedRemoval],
    impact: &Impact,
    unknown_network: bool,
) -> (SimulationVerdict, Vec<String>) {
    let mut open: BTreeSet<String> = BTreeSet::new();
    for change in impact.changes.iter().filter(|change| change.kind == ChangeKind::Undetermined) {
        open.extend(evidence(change).map(|evidence| evidence.reason(graph)));
        // An answer that is open without saying why is open all the same.
        if evidence(change).next().is_none() {
            open.insert("what some answers depend on".to_owned());
        }
    }
    if impact.isolated.iter().any(|one| one.certainty == Certainty::Possible) {
        open.insert("whether some interface is isolated".to_owned());
    }
    if impact.orphans.iter().any(|one| one.new && one.certainty == Certainty::Possible) {
        open.insert("some group is empty unless the export does not show all its members".to_owned());
    }
    open.extend(graph.inventory().gaps.iter().map(|gap| format!("{} ({})", gap.what, gap.code)));
    if unknown_network {
        open.insert(
            "the VPC of some interface is not in the export, so it is judged as an outside address"
                .to_owned(),
        );
    }
    for removal in removals {
        let interface = graph.interface(removal.interface);
        for what in &removal.unchecked {
            open.insert(format!("the {what} of {} is not in the export", interface.id));
        }
        if interface.network.vpc().is_none() {
            open.insert(format!(
                "{} is in no VPC the export names, so its traffic is not simulated",
                interface.id
            ));
        }
        if interface.addresses.is_empty() {
            open.insert(format!("the export names no address of {}", interface.id));
        }
    }
    let certain = impact.changes.iter().any(|change| change.kind != ChangeKind::Undetermined)
        || impact.isolated.iter().any(|one| one.new && one.certainty == Certainty::Certain)
        || impact.orphans.iter().any(|one| one.new && one.certainty == Certainty::Certain)
        || removals.iter().any(|removal| !removal.refusals.is_empty());
    (SimulationVerdict::of(certain, !open.is_empty()), open.into_iter().collect())
}

/// Returns what an undetermined change hangs on, before or after, on either side.
fn evidence(change: &Change) -> impl Iterator<Item = &Evidence> {
    [&change.before, &change.after].into_iter().flat_map(|answer| [&answer.egress, &answer.ingress]).flat_map(
        |cause| match cause {
            Cause::Open(evidence) => evidence.as_slice(),
            _ => &[],
        },
    )
}

/// Groups of other accounts: those a rule names with an owner that is not ours, and those that name ours.
#[derive(Debug)]
pub(crate) struct ForeignGroups {
    pub(super) named: BTreeSet<GroupIx>,
    /// For each of our groups, the foreign groups whose rules name it.
    pub(super) naming: BTreeMap<GroupIx, BTreeSet<GroupIx>>,
}

impl ForeignGroups {
    fn new(graph: &SecurityGraph) -> Self {
        let inventory = graph.inventory();
        let mut named = BTreeSet::new();
        for rule in inventory.groups.iter().flat_map(|group| &group.rules) {
            // An owner is only kept where it is not the holder's own account. Interfaces of that account in the
            // inventory do not show all its members.
            if let RulePeer::Group { id, owner: Some(_) } = &rule.peer
                && let Some(group) = graph.find_group(id)
                && graph.group(group).is_none()
            {
                named.insert(group);
            }
        }
        let mut naming: BTreeMap<GroupIx, BTreeSet<GroupIx>> = BTreeMap::new();
        for reference in &inventory.foreign_references {
            if let (Some(group), Some(by)) =
                (graph.find_group(&reference.group), graph.find_group(&reference.referencing))
                && graph.group(by).is_none()
            {
                naming.entry(group).or_default().insert(by);
            }
        }
        Self { named, naming }
    }

    /// Returns the foreign groups whose rules name one of these.
    pub(crate) fn naming_any<'a>(&self, groups: impl IntoIterator<Item = &'a GroupIx>) -> BTreeSet<GroupIx> {
        groups.into_iter().filter_map(|group| self.naming.get(group)).flatten().copied().collect()
    }

    /// Returns what may change between a row and the members of foreign groups.
    pub(crate) fn changes(&self, row: &Row<'_, '_>, naming_us: &BTreeSet<GroupIx>) -> Vec<ForeignChange> {
        row.foreign(&self.named, naming_us)
    }
}

/// What one changed interface adds.
#[derive(Default)]
struct RowFindings {
    findings: Vec<Finding>,
    /// Interfaces that lose something with another one, surely or perhaps, sorted; the changed one too.
    losing: Vec<InterfaceIx>,
    /// (kind, direction, peer), sorted: a pair counts once whatever its addresses.
    pairs: Vec<(ChangeKind, Direction, InterfaceIx)>,
    /// (kind, direction) towards external addresses and foreign groups.
    externals: BTreeSet<(ChangeKind, Direction)>,
}

fn add_up(totals: &mut Totals, row: &RowFindings) {
    for (kind, _, _) in &row.pairs {
        *match kind {
            ChangeKind::Lost => &mut totals.pairs_lost,
            ChangeKind::Gained => &mut totals.pairs_gained,
            ChangeKind::Undetermined => &mut totals.pairs_undetermined,
        } += 1;
    }
    for (kind, _) in &row.externals {
        *match kind {
            ChangeKind::Lost => &mut totals.external_lost,
            ChangeKind::Gained => &mut totals.external_gained,
            ChangeKind::Undetermined => &mut totals.external_undetermined,
        } += 1;
    }
}

/// What it hangs on who is responsible where nobody joins a group: no line is there on the way that is not there before. The
/// sides name those lines, and the removals which of them go.
type Pair<'a> = (Direction, (u32, u32), Vec<&'a GroupIx>);

fn row_findings(
    difference: &Difference<'_>,
    interface: InterfaceIx,
    attribution: &Attribution<'_>,
    foreign: &ForeignGroups,
) -> RowFindings {
    let mut found = RowFindings::default();
    let naming_us = foreign.naming_any(&attribution.touched(interface));
    // Where one removal of several joins a group, peers can meet other rules on the way though they meet the same at its ends.
    let is_apart = attribution.own(interface).len() > 1 && attribution.leaving(interface).is_none();
    for mut row in difference.rows(interface) {
        let own = (interface, row.kind(), row.range());
        let mut known: HashMap<Pair<'_>, Arc<Responsible<'_>>> = HashMap::new();
        for group in row.peers(is_apart) {
            let Some(first) = group.peers.first().copied() else { continue };
            let peer = Endpoint::Interface { interface: first.interface, address: first.range.address() };
            let of_ends = || Arc::new(attribution.of_ends(group.direction, [end(&row), peer]));
            let responsible = match attribution.leaving(interface).zip(attribution.leaving(first.interface)) {
                Some((_, by)) => {
                    Arc::clone(known.entry((group.direction, group.sides, by)).or_insert_with(of_ends))
                }
                None => of_ends(),
            };
            // Two interfaces that change meet in the rows of both: they are counted by their source.
            let is_changed = attribution.changes(first.interface);
            let is_counted = !is_changed || group.direction == Direction::Egress;
            let pieces: Arc<[Range]> =
                group.peers.iter().map(|peer| (peer.interface, peer.kind, peer.range)).collect();
            // Peers are counted once a kind, however many deltas there are of it.
            let mut kinds: Vec<ChangeKind> = Vec::new();
            for delta in group.deltas.iter() {
                if let Effect::Change(kind) = delta.effect
                    && is_counted
                    && !kinds.contains(&kind)
                {
                    kinds.push(kind);
                    found.note(kind, group.direction, interface, &group.peers);
                }
                for (removed_by, delta) in responsible.shares(delta) {
                    if !is_changed || is_told(&removed_by, group.direction) {
                        let peers = Peers::Interfaces(Arc::clone(&pieces));
                        found.add(own, group.direction, delta, removed_by, peers);
                    }
                }
            }
        }
        let end = end(&row);
        let shares = |direction: Direction, address: IpAddr, deltas: &[Delta]| -> Vec<(RemovedBy, Delta)> {
            let responsible = attribution.of_ends(direction, [end, Endpoint::External(address)]);
            deltas.iter().flat_map(|delta| responsible.shares(delta)).collect()
        };
        for (group, shares) in row.externals(shares) {
            for delta in group.deltas.iter() {
                if let Effect::Change(kind) = delta.effect {
                    found.externals.insert((kind, group.direction));
                }
            }
            for (removed_by, delta) in shares {
                found.add(own, group.direction, delta, removed_by, Peers::External(group.blocks.clone()));
            }
        }
        for change in foreign.changes(&row, &naming_us) {
            for delta in &change.deltas {
                if let Effect::Change(kind) = delta.effect {
                    found.externals.insert((kind, change.direction));
                }
                let removed_by = attribution.own(interface);
                found.add(own, change.direction, delta.clone(), removed_by, Peers::Foreign(change.group));
            }
        }
    }
    found.pairs.sort_unstable();
    found.pairs.dedup();
    found.losing.sort_unstable();
    found.losing.dedup();
    found
}

/// Tells which of the two rows in which a changed pair meets tells of it: that whose removals are responsible; where those of
/// both are, that of the source.
fn is_told(removed_by: &[(Who, GroupIx)], direction: Direction) -> bool {
    let is_of = |who: Who| removed_by.iter().any(|(one, _)| *one == who);
    is_of(Who::Own) && (!is_of(Who::Peer) || direction == Direction::Egress)
}

impl RowFindings {
    /// Counts peers with which the interface has a change of this kind.
    fn note(&mut self, kind: ChangeKind, direction: Direction, interface: InterfaceIx, peers: &[PeerPiece]) {
        self.pairs.extend(peers.iter().map(|peer| (kind, direction, peer.interface)));
        if kind != ChangeKind::Gained {
            self.losing.push(interface);
            self.losing.extend(peers.iter().map(|peer| peer.interface));
        }
    }

    fn add(&mut self, own: Range, direction: Direction, delta: Delta, removed_by: RemovedBy, peers: Peers) {
        let key = Key { direction, family: own.2.family(), delta, removed_by };
        self.findings.push(Finding { own, key, peers });
    }
}

fn end(row: &Row<'_, '_>) -> Endpoint {
    Endpoint::Interface { interface: row.interface(), address: row.range().address() }
}
