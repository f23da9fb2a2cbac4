//! What rules decide, worked out once for each distinct list of rules: what the class engine looks up.
//!
//! 1. One side of a pair, in one state of the estate, is a list of the rules that match, strongest first, and a few
//!    facts: is there an intra-group Accept, a default. Under each choice of the open settings that accepts a set of
//!    traffic; those sets are the list's verdict, and equal verdicts have one number.
//! 2. A pair is four verdicts: of both sides, before and after. It is compared once, choice by choice, and then over all
//!    choices (law 10).

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashMapExt as _};
use indexmap::IndexSet;
use smallvec::SmallVec;

use super::by_family::ByFamily;
use super::choice::{Choice, Chosen, Inner};
use super::compiled::Compiled;
use super::delta::{Contact, Judged};
use super::reading::Readings;
use super::rulebook::{Peer, RuleBook};
use super::walk::Outcomes;
use crate::inventory::{Direction, RuleAction};
use crate::netset::{Family, TransportSet};

/// The facts of one side besides its rules, as bits of the first word of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Facts(u32);

impl Facts {
    /// The rules are asked on egress.
    const EGRESS: u32 = 1;
    const IPV6: u32 = 2;
    /// Both ends are in a basic group whose intra-group policy is Accept.
    pub(super) const INNER: u32 = 4;
    /// One of the addresses is neither primary nor secondary IPv4, so A8 decides about the intra-group Accept.
    pub(super) const ANY_DOUBT: u32 = 8;
    /// The remote address is such a one, so A8 decides about references too.
    pub(super) const REMOTE_DOUBT: u32 = 16;
    /// What no rule decides is accepted.
    pub(super) const ACCEPTS: u32 = 32;
    /// The interface is in no group.
    pub(super) const NO_GROUP: u32 = 64;

    pub(super) const fn new(
        direction: Direction,
        family: Family,
        own_plain: bool,
        remote_plain: bool,
    ) -> Self {
        let mut bits = match direction {
            Direction::Egress => Self::EGRESS,
            Direction::Ingress => 0,
        };
        bits |= match family {
            Family::Ipv4 => 0,
            Family::Ipv6 => Self::IPV6,
        };
        if !remote_plain {
            bits |= Self::REMOTE_DOUBT;
        }
        if !own_plain || !remote_plain {
            bits |= Self::ANY_DOUBT;
        }
        Self(bits)
    }

    /// Returns the facts with some more where `holds`.
    pub(super) const fn with(self, bit: u32, holds: bool) -> Self {
        Self(if holds { self.0 | bit } else { self.0 & !bit })
    }

    pub(super) const fn is_egress(self) -> bool {
        self.has(Self::EGRESS)
    }

    pub(super) const fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    const fn family(self) -> Family {
        if self.has(Self::IPV6) { Family::Ipv6 } else { Family::Ipv4 }
    }
}

/// A list of rules that is asked again and again with a few more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base<'a> {
    pub(super) number: u32,
    /// Ascending.
    pub(super) rules: &'a [u32],
}

const NO_BASE: u32 = u32::MAX;
/// The number of the list without rules.
pub(super) const NO_RULES: u32 = 0;

/// What an entry costs besides its key, in numbers of four bytes: what it leads to, and its part of the table.
const ENTRY: usize = 16;

/// An eighth of a gigabyte, for each thread. A realistic VPC of forty thousand memberships holds less than half of it. Where
/// assertions are checked, as in tests, so little that small estates begin anew as well.
const MOST_HELD: usize = if cfg!(debug_assertions) { 1 << 9 } else { 1 << 25 };

/// The accepted traffic under every choice; one entry where they agree.
type Verdict = SmallVec<[TransportSet; 1]>;

/// What one pair feels in one direction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PairAnswer {
    pub(super) lost: TransportSet,
    pub(super) gained: TransportSet,
    pub(super) undetermined: TransportSet,
    pub(super) contact: Contact,
}

impl PairAnswer {
    fn of(outcomes: &Outcomes) -> Self {
        let Judged { lost, gained, undetermined, .. } = outcomes.judged();
        Self { lost, gained, undetermined, contact: outcomes.contact() }
    }

    /// Where all choices agree nothing is open.
    fn of_one(before: &TransportSet, after: &TransportSet) -> Self {
        let (is_before, is_after) = (!before.is_empty(), !after.is_empty());
        Self {
            lost: before.difference(after),
            gained: after.difference(before),
            undetermined: TransportSet::empty(),
            contact: Contact {
                surely_before: is_before,
                maybe_before: is_before,
                surely_after: is_after,
                maybe_after: is_after,
            },
        }
    }
}

/// A pair in one direction: verdict numbers before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct PairKey {
    pub(super) egress: (u32, u32),
    pub(super) ingress: (u32, u32),
}

/// What the rules of others can tell of an address besides the address itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Lens {
    pub(super) family: Family,
    pub(super) plain: bool,
}

/// Verdicts of a class on one address of the one who leaves: by direction and kind of the class's address.
pub(super) type Slots = [u32; 4];

/// What hangs on nothing else: what a class says of an address, where it names no group of the kin and shares none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct StrangerKey {
    /// The number of the class among those of the VPC.
    pub(super) note: u32,
    /// The number of the list of its rules that hold the address but not every one of the VPC.
    pub(super) list: u32,
    pub(super) lens: Lens,
    /// Which kinds of addresses the class is asked for.
    pub(super) kinds: (bool, bool),
}

/// The answers of one VPC under given settings, as they are worked out. Grows with the distinct questions; whoever has
/// very many of them begins anew between two kin, when [`Answers::is_full`] says so.
#[derive(Debug)]
pub struct Answers<'b> {
    book: &'b RuleBook,
    choices: Vec<Choice>,
    universes: ByFamily<TransportSet>,
    by_rules: HashMap<Box<[u32]>, u32>,
    verdicts: Numbered<Verdict>,
    by_pair: HashMap<PairKey, u32>,
    pairs: Numbered<PairAnswer>,
    lists: HashMap<Box<[u32]>, u32>,
    /// What strangers say.
    strangers: HashMap<StrangerKey, Slots>,
    /// How much is remembered, in numbers of four bytes.
    held: usize,
    /// Room for one question at a time: its key, and its rules in order.
    key: Vec<u32>,
    rules: Vec<u32>,
}

/// Distinct values, numbered in the order they came.
type Numbered<T> = IndexSet<T, RandomState>;

impl<'b> Answers<'b> {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(compiled: &'b Compiled<'_>, readings: Readings) -> Self {
        Self {
            book: &compiled.book,
            choices: Choice::all(readings),
            universes: ByFamily::new(TransportSet::universe),
            by_rules: HashMap::new(),
            verdicts: Numbered::default(),
            by_pair: HashMap::new(),
            pairs: Numbered::default(),
            lists: HashMap::from_iter([(Box::default(), NO_RULES)]),
            strangers: HashMap::new(),
            held: 0,
            key: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Tells whether so much is remembered that it is better forgotten. Where nearly everybody has groups of its own, few
    /// questions come twice, and what is remembered of them would fill any memory.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.held > MOST_HELD
    }

    /// Returns the number of the verdict of these rules: those that match, strongest first, without repetitions.
    pub(super) fn verdict(&mut self, facts: Facts, rules: impl Iterator<Item = u32>) -> u32 {
        self.verdict_upon(facts, &Base { number: NO_BASE, rules: &[] }, rules)
    }

    /// Returns the number of the verdict of a list of rules that is known by number and some more, all in order.
    pub(super) fn verdict_upon(
        &mut self,
        facts: Facts,
        base: &Base<'_>,
        more: impl Iterator<Item = u32>,
    ) -> u32 {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.extend([facts.0, base.number]);
        key.extend(more);
        let number = match self.by_rules.get(key.as_slice()) {
            Some(known) => *known,
            None => {
                let mut rules = std::mem::take(&mut self.rules);
                rules.clear();
                rules.extend(base.rules.iter().chain(key.get(2..).unwrap_or_default()));
                rules.sort_unstable();
                let number = number_of(self.verdicts.insert_full(self.decide(facts, &rules)).0);
                self.rules = rules;
                self.by_rules.insert(key.as_slice().into(), number);
                self.held += key.len() + ENTRY;
                number
            }
        };
        self.key = key;
        number
    }

    /// Returns what a stranger says, if it was asked before.
    pub(super) fn stranger(&self, key: &StrangerKey) -> Option<Slots> {
        self.strangers.get(key).copied()
    }

    pub(super) fn remember(&mut self, key: StrangerKey, said: Slots) {
        self.strangers.insert(key, said);
        self.held += ENTRY;
    }

    /// Returns the number of a list of rules.
    pub(super) fn list(&mut self, rules: &[u32]) -> u32 {
        if let Some(known) = self.lists.get(rules) {
            return *known;
        }
        let number = number_of(self.lists.len());
        self.lists.insert(rules.into(), number);
        self.held += rules.len() + ENTRY;
        number
    }

    /// Returns the number of the verdict of somebody who is not ours: everything is accepted.
    pub(super) fn everything(&mut self, family: Family) -> u32 {
        let facts = Facts::new(Direction::Egress, family, true, true).with(Facts::ACCEPTS, true);
        self.verdict(facts, std::iter::empty())
    }

    const fn universe(&self, family: Family) -> &TransportSet {
        self.universes.get(family)
    }

    fn decide(&self, facts: Facts, rules: &[u32]) -> Verdict {
        let mut chosen: SmallVec<[Chosen; 8]> =
            self.choices.iter().map(|choice| choice.about(facts)).collect();
        if agree(&chosen) {
            chosen.truncate(1);
        }
        let mut verdict = Verdict::new();
        for (at, one) in chosen.iter().enumerate() {
            // What choices have in common is decided once.
            let first = chosen.iter().position(|other| other == one).unwrap_or(at);
            let accepted = match verdict.get(first) {
                Some(known) => known.clone(),
                None => self.accepted(facts, rules, *one),
            };
            verdict.push(accepted);
        }
        if agree(&verdict) {
            verdict.truncate(1);
        }
        verdict
    }

    /// The order of law 2.4: no group, the intra-group Accept where it comes first, the rules, the intra-group Accept
    /// where it comes last (on egress the default of a basic group says the same), the default.
    fn accepted(&self, facts: Facts, rules: &[u32], chosen: Chosen) -> TransportSet {
        let universe = self.universe(facts.family());
        if facts.has(Facts::NO_GROUP) {
            return TransportSet::empty();
        }
        if chosen.inner == Inner::First {
            return universe.clone();
        }
        let bodies = rules.iter().map(|number| self.book.body(*number));
        let asked = bodies.filter(|body| chosen.references || !matches!(body.peer, Peer::Group(_)));
        let by_default = facts.has(Facts::ACCEPTS) || (chosen.inner == Inner::Last && !facts.is_egress());
        let asked = asked.map(|body| (self.book.traffic(body), body.action == RuleAction::Accept));
        universe.decided(asked, by_default)
    }

    /// Returns what is accepted before and after under every choice that tells something apart.
    fn accepted_by_both(&self, pair: PairKey) -> impl Iterator<Item = [TransportSet; 2]> {
        let of = |number: u32| self.verdicts.get_index(number as usize).map_or(&[][..], |verdict| verdict);
        let states = [(pair.egress.0, pair.ingress.0), (pair.egress.1, pair.ingress.1)];
        let states = states.map(|(out, into)| (of(out), of(into)));
        let choices = states.iter().map(|(out, into)| out.len().max(into.len())).max().unwrap_or(0);
        (0..choices).map(move |at| {
            states.map(|(out, into)| match (under(out, at), under(into, at)) {
                (Some(out), Some(into)) => out.intersection(into),
                _ => TransportSet::empty(),
            })
        })
    }

    /// Returns what a pair can answer over all choices, of what each accepts before and after.
    fn joint(&self, family: Family, accepted: &[[TransportSet; 2]]) -> Outcomes {
        let mut outcomes = Outcomes::default();
        for [before, after] in accepted {
            outcomes.add(&Outcomes {
                kept: before.intersection(after),
                lost: before.difference(after),
                gained: after.difference(before),
                denied: self.universe(family).difference(before).difference(after),
            });
        }
        outcomes
    }

    /// Returns the number of the answer of a pair.
    pub(super) fn pair(&mut self, family: Family, pair: PairKey) -> u32 {
        if let Some(known) = self.by_pair.get(&pair) {
            return *known;
        }
        let accepted: SmallVec<[[TransportSet; 2]; 1]> = self.accepted_by_both(pair).collect();
        let answer = match accepted.as_slice() {
            [[before, after]] => PairAnswer::of_one(before, after),
            several => PairAnswer::of(&self.joint(family, several)),
        };
        let number = number_of(self.pairs.insert_full(answer).0);
        self.by_pair.insert(pair, number);
        self.held += ENTRY;
        number
    }

    /// Returns the traffic of a pair that is surely accepted before and after.
    pub(super) fn kept(&self, family: Family, pair: PairKey) -> TransportSet {
        let accepted: Vec<[TransportSet; 2]> = self.accepted_by_both(pair).collect();
        self.joint(family, &accepted).judged().kept
    }

    #[expect(clippy::indexing_slicing, reason = "an answer's number is only made by `pair`")]
    pub(super) fn answer(&self, number: u32) -> &PairAnswer {
        &self.pairs[number as usize]
    }
}

/// Returns what a verdict says under a choice; one of one entry says the same under every choice.
fn under(verdict: &[TransportSet], choice: usize) -> Option<&TransportSet> {
    verdict.get(choice).or(verdict.first())
}

fn agree<T: PartialEq>(values: &[T]) -> bool {
    values.windows(2).all(|pair| pair.first() == pair.last())
}

/// Returns a position as the number it is kept by.
pub(super) fn number_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
