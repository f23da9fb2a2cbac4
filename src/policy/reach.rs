//! Who reaches whom, before and after: what the checks of reachability share.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::context::{Context, few, short_digest};
use super::finding::{Findings, Standing, Subject};
use super::opener::{Opener, Question};
use super::selector::Ends;
use super::traffic;
use crate::evaluate::{Difference, Endpoint};
use crate::graph::{InterfaceIx, View};
use crate::inventory::{AddressKind, Addresses, NetworkInterface};
use crate::netset::{Family, IpBlock, TransportSet};
use crate::parallel;
use crate::simulate::Certainty;

/// One end of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// An interface.
    Ours(InterfaceIx),
    /// The addresses of a block that no interface of the other end's VPC has.
    Outside(IpBlock),
}

/// A question: who opens the session, and who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) source: End,
    pub(super) destination: End,
}

/// What is surely accepted and what is surely denied, of the traffic that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) accepted: TransportSet,
    pub(super) denied: TransportSet,
    /// Neither.
    pub(super) open: TransportSet,
}

impl Answer {
    pub(super) fn new(wanted: &TransportSet, accepted: &TransportSet, denied: &TransportSet) -> Self {
        let (accepted, denied) = (wanted.intersection(accepted), wanted.intersection(denied));
        let open = wanted.difference(&accepted).difference(&denied);
        Self { accepted, denied, open }
    }
}

/// Which addresses of an interface are asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breadth {
    /// The primary one of the family; of any family where none is given, IPv4 first.
    Primary(Option<Family>),
    /// Every one of the family, or of both.
    Every(Option<Family>),
}

impl Breadth {
    pub(super) fn families(self) -> Vec<Family> {
        match self {
            Self::Primary(Some(family)) | Self::Every(Some(family)) => vec![family],
            Self::Primary(None) | Self::Every(None) => vec![Family::Ipv4, Family::Ipv6],
        }
    }

    /// Returns the addresses of an interface in a family that are asked about.
    pub(super) fn of(self, described: &NetworkInterface, family: Family) -> Addresses {
        let mut held = described.addresses.iter().copied().filter(|held| held.block.family() == family);
        match self {
            Self::Primary(_) => held.find(|held| held.kind == primary_kind(family)).into_iter().collect(),
            Self::Every(_) => held.collect(),
        }
    }
}

/// Answers before and after for every pair of addresses of one family. Empty where an end has no address.
pub(super) fn answers(
    context: &Context<'_>,
    pair: Pair,
    wanted: &TransportSet,
    breadth: Breadth,
) -> Vec<[Answer; 2]> {
    let is_changed = is_changed(context, pair);
    let mut found = Vec::new();
    for family in breadth.families() {
        let wanted = wanted.intersection(&TransportSet::universe(family));
        let sources = ends(context, pair.source, pair.destination, family, breadth);
        let destinations = ends(context, pair.destination, pair.source, family, breadth);
        for source in &sources {
            for destination in &destinations {
                let answer = |view: &View<'_>| {
                    let (accepted, denied) =
                        context.evaluator.answers_of(view, *source, *destination, family);
                    Answer::new(&wanted, &accepted, &denied)
                };
                let before = answer(&context.before);
                let after = if is_changed { answer(&context.after) } else { before.clone() };
                found.push([before, after]);
            }
        }
        // The primary addresses are one pair.
        if matches!(breadth, Breadth::Primary(None)) && !found.is_empty() {
            break;
        }
    }
    found
}

/// Tells whether an end leaves a group; else the answers before and after are the same.
fn is_changed(context: &Context<'_>, pair: Pair) -> bool {
    let leaves = |end: End| matches!(end, End::Ours(interface) if context.leaves(interface));
    leaves(pair.source) || leaves(pair.destination)
}

/// Returns the addresses of one end that have to be asked about, seen from the other end.
fn ends(context: &Context<'_>, end: End, other: End, family: Family, breadth: Breadth) -> Vec<Endpoint> {
    match (end, other) {
        (End::Ours(interface), _) => {
            let addresses: Vec<IpAddr> = match breadth {
                Breadth::Every(_) => context.compiled.addresses(interface, family),
                Breadth::Primary(_) => {
                    let held = breadth.of(context.graph.interface(interface), family);
                    held.iter().map(|held| held.block.address()).collect()
                }
            };
            addresses.into_iter().map(|address| Endpoint::Interface { interface, address }).collect()
        }
        (End::Outside(block), End::Ours(interface)) if block.family() == family => {
            let views = [&context.before, &context.after];
            let addresses = context.compiled.outside(views, interface, block);
            addresses.into_iter().map(Endpoint::External).collect()
        }
        (End::Outside(_), _) => Vec::new(),
    }
}

const fn primary_kind(family: Family) -> AddressKind {
    match family {
        Family::Ipv4 => AddressKind::Primary,
        Family::Ipv6 => AddressKind::Ipv6,
    }
}

/// What a rule wants of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// All of the traffic passes.
    Reach,
    /// None of it does.
    NotReach,
}

/// What stands against a demand.
#[derive(Debug, Clone)]
pub(super) struct Breach {
    pub(super) pair: Pair,
    pub(super) standing: Standing,
    pub(super) certainty: Certainty,
    pub(super) traffic: TransportSet,
}

/// Looks for breaches over every pair of two selections. Cost: for each source one look at every destination and one
/// evaluation for each class of destinations in its VPC; for pairs that meet as addresses outside one evaluation each, and
/// one more where an end leaves.
pub(super) fn breaches(
    context: &Context<'_>,
    demand: Demand,
    [from, to]: [&Ends; 2],
    wanted: &TransportSet,
    breadth: Breadth,
) -> Vec<Breach> {
    let all = |ends: &Ends| -> Vec<End> {
        let ours = ends.interfaces.iter().copied().map(End::Ours);
        ours.chain(ends.outside.iter().copied().map(End::Outside)).collect()
    };
    let (sources, destinations) = (all(from), all(to));
    let readings = context.simulation.readings;
    let difference = Difference::new(context.compiled, &context.before, &context.after, readings);
    let question = Question { context, demand, wanted, breadth };
    let of_source = parallel::each(&sources[..], |source| {
        let mut opener = match source {
            End::Ours(source) => Some(Opener::new(question, &difference, *source)),
            End::Outside(_) => None,
        };
        let pairs =
            destinations.iter().map(|destination| Pair { source: *source, destination: *destination });
        let is_asked = |pair: &Pair| {
            let is_ours = |end: End| matches!(end, End::Ours(_));
            pair.source != pair.destination && (is_ours(pair.source) || is_ours(pair.destination))
        };
        let of_pair = |pair: Pair| {
            let by_class = match (opener.as_mut(), pair.destination) {
                (Some(opener), End::Ours(destination)) => opener.breach(pair, destination),
                _ => None,
            };
            by_class.unwrap_or_else(|| breach(context, demand, pair, wanted, breadth))
        };
        pairs.filter(is_asked).flat_map(of_pair).collect::<Vec<_>>()
    });
    of_source.into_iter().flatten().collect()
}

/// Traffic that stands against a demand.
pub(super) type Part = ((Standing, Certainty), TransportSet);

/// Returns what of two answers stands against a demand.
pub(super) fn against(demand: Demand, before: &Answer, after: &Answer) -> Vec<Part> {
    let (bad_before, bad_after, good_before) = match demand {
        Demand::Reach => (&before.denied, &after.denied, &before.accepted),
        Demand::NotReach => (&before.accepted, &after.accepted, &before.denied),
    };
    let parts = [
        ((Standing::New, Certainty::Certain), bad_after.difference(bad_before)),
        ((Standing::Existing, Certainty::Certain), bad_after.intersection(bad_before)),
        ((Standing::New, Certainty::Possible), after.open.intersection(good_before)),
        ((Standing::Existing, Certainty::Possible), after.open.difference(good_before)),
    ];
    parts.into_iter().filter(|(_, part)| !part.is_empty()).collect()
}

/// What stands against a demand over all addresses of a pair.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<(Standing, Certainty), TransportSet>);

impl Sums {
    pub(super) fn add(&mut self, parts: &[Part]) {
        for (key, part) in parts {
            self.0.entry(*key).or_default().add(part);
        }
    }

    /// Returns at most one breach for each standing and certainty.
    pub(super) fn breaches(self, pair: Pair) -> Vec<Breach> {
        let breach = |((standing, certainty), traffic)| Breach { pair, standing, certainty, traffic };
        self.0.into_iter().map(breach).collect()
    }
}

/// Looks for breaches of one pair: at most one for each standing and certainty.
pub(super) fn breach(
    context: &Context<'_>,
    demand: Demand,
    pair: Pair,
    wanted: &TransportSet,
    breadth: Breadth,
) -> Vec<Breach> {
    let found = answers(context, pair, wanted, breadth);
    let has_address = |end: End| match end {
        End::Ours(interface) => !context.graph.interface(interface).addresses.is_empty(),
        End::Outside(_) => true,
    };
    if found.is_empty() {
        // Two interfaces without addresses of one family have no pair of addresses to reach each other by; an interface
        // without any address is one the export does not describe.
        let is_ours = |end: End| matches!(end, End::Ours(_));
        let without_pair = demand == Demand::Reach && is_ours(pair.source) && is_ours(pair.destination);
        let is_unknown = without_pair || !has_address(pair.source) || !has_address(pair.destination);
        let standing = if is_changed(context, pair) { Standing::New } else { Standing::Existing };
        let breach = Breach { pair, standing, certainty: Certainty::Possible, traffic: wanted.clone() };
        return is_unknown.then_some(breach).into_iter().collect();
    }
    let mut sums = Sums::default();
    for [before, after] in &found {
        sums.add(&against(demand, before, after));
    }
    sums.breaches(pair)
}

/// Makes findings of breaches: one for each interface, direction, standing and certainty. The interface is the one that
/// leaves; the source, or the one that is ours, where none or both do.
pub(super) fn report(
    context: &Context<'_>,
    demand: Demand,
    found: Vec<Breach>,
    help: &'static str,
    findings: &mut Findings<'_>,
) {
    let mut grouped: BTreeMap<(InterfaceIx, bool, Standing, Certainty), Vec<Breach>> = BTreeMap::new();
    for breach in found {
        let (subject, is_source) = match (breach.pair.source, breach.pair.destination) {
            (End::Ours(source), End::Ours(destination)) => {
                let is_source = context.leaves(source) || !context.leaves(destination);
                (if is_source { source } else { destination }, is_source)
            }
            (End::Ours(source), End::Outside(_)) => (source, true),
            (End::Outside(_), End::Ours(destination)) => (destination, false),
            (End::Outside(_), End::Outside(_)) => continue,
        };
        let key = (subject, is_source, breach.standing, breach.certainty);
        grouped.entry(key).or_default().push(breach);
    }
    for ((subject, is_source, standing, certainty), breaches) in grouped {
        let sum = breaches.iter().fold(TransportSet::empty(), |sum, breach| sum.union(&breach.traffic));
        let other = |breach: &Breach| if is_source { breach.pair.destination } else { breach.pair.source };
        let mut others: Vec<End> = breaches.iter().map(other).collect();
        others.sort_unstable();
        others.dedup();
        let who = context.who(subject);
        let others = few(others.iter().map(|end| name(context, *end)));
        let verb = verb(demand, standing, certainty);
        let (source, destination) = if is_source { (&who, &others) } else { (&others, &who) };
        let traffic = traffic::name(&sum);
        let exact: Vec<String> = breaches
            .iter()
            .map(|breach| format!("{} {}", name(context, other(breach)), traffic::exact(&breach.traffic)))
            .collect();
        let side = if is_source { "out" } else { "in" };
        findings
            .add(Subject::Interface(subject), format!("{source} {verb} {destination} on {traffic}"))
            .aspect(format!("{side} {}", short_digest(&exact.join("\n"))))
            .standing(standing == Standing::New)
            .certainty(certainty)
            .traffic(sum)
            .help(help);
    }
}

const fn verb(demand: Demand, standing: Standing, certainty: Certainty) -> &'static str {
    match (demand, standing, certainty) {
        (Demand::Reach, Standing::New, Certainty::Certain) => "would no longer reach",
        (Demand::Reach, Standing::New, Certainty::Possible) => "may no longer reach",
        (Demand::Reach, Standing::Existing, Certainty::Certain) => {
            "did not reach before, and does not reach,"
        }
        (Demand::Reach, Standing::Existing, Certainty::Possible) => "may not have reached before",
        (Demand::NotReach, Standing::New, Certainty::Certain) => "would now reach",
        (Demand::NotReach, Standing::New, Certainty::Possible) => "may now reach",
        (Demand::NotReach, Standing::Existing, Certainty::Certain) => "reached before, and still reaches,",
        (Demand::NotReach, Standing::Existing, Certainty::Possible) => "may have reached before",
    }
}

pub(super) fn name(context: &Context<'_>, end: End) -> String {
    match end {
        End::Ours(interface) => context.who(interface),
        End::Outside(block) => block.to_string(),
    }
}
