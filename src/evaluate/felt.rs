//! What peers feel when an interface leaves a group, and the counts over many of them.

use std::collections::BTreeMap;

use smallvec::SmallVec;

use super::answers::Answers;
use super::delta::{ChangeKind, Contact};
use crate::graph::InterfaceIx;
use crate::inventory::Direction;
use crate::netset::{Family, TransportSet};

const KINDS: [ChangeKind; 3] = [ChangeKind::Lost, ChangeKind::Gained, ChangeKind::Undetermined];

/// In which way a peer is touched: for each kind of change, whether in the egress and the ingress of the one who
/// leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Touch(u8);

impl Touch {
    const fn bit(kind: ChangeKind, direction: Direction) -> u8 {
        let at = match kind {
            ChangeKind::Lost => 0,
            ChangeKind::Gained => 2,
            ChangeKind::Undetermined => 4,
        };
        let side = match direction {
            Direction::Egress => 0,
            Direction::Ingress => 1,
        };
        1 << (at + side)
    }

    /// Adds a change.
    pub(super) const fn add(&mut self, kind: ChangeKind, direction: Direction) {
        self.0 |= Self::bit(kind, direction);
    }

    /// Tells whether there is such a change in this direction.
    pub(super) const fn has(self, kind: ChangeKind, direction: Direction) -> bool {
        self.0 & Self::bit(kind, direction) != 0
    }

    /// Tells whether there is such a change in any direction.
    pub(super) const fn any(self, kind: ChangeKind) -> bool {
        self.has(kind, Direction::Egress) || self.has(kind, Direction::Ingress)
    }
}

/// What one peer feels, over all addresses of both and both directions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Felt {
    pub(super) touch: Touch,
    pub(super) contact: Contact,
    /// Numbers of the answers that change something, sorted.
    pub(super) answers: SmallVec<[u32; 2]>,
}

impl Felt {
    /// Adds the answer of one pair of addresses.
    pub(super) fn add(&mut self, answers: &Answers<'_>, number: u32, direction: Direction) {
        let answer = answers.answer(number);
        let sets = [&answer.lost, &answer.gained, &answer.undetermined];
        let mut changes = false;
        for (kind, set) in KINDS.into_iter().zip(sets) {
            if !set.is_empty() {
                self.touch.add(kind, direction);
                changes = true;
            }
        }
        self.contact = self.contact.or(answer.contact);
        if changes && let Err(at) = self.answers.binary_search(&number) {
            self.answers.insert(at, number);
        }
    }
}

/// What all peers of one who leaves feel together.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    /// By kind: pairs in egress, pairs in ingress, peers.
    counts: [[i64; 3]; 3],
    surely_cut: i64,
    maybe_cut: i64,
    /// How often each answer that changes something is felt.
    answers: BTreeMap<u32, i64>,
}

impl Tally {
    /// Adds `peers` that feel the same; a negative number takes them away.
    pub(super) fn add(&mut self, felt: &Felt, peers: i64) {
        for (kind, counts) in KINDS.into_iter().zip(&mut self.counts) {
            let flags = [
                felt.touch.has(kind, Direction::Egress),
                felt.touch.has(kind, Direction::Ingress),
                felt.touch.any(kind),
            ];
            for (count, flag) in counts.iter_mut().zip(flags) {
                *count += if flag { peers } else { 0 };
            }
        }
        match is_cut(felt.touch, felt.contact) {
            Some(true) => self.surely_cut += peers,
            Some(false) => self.maybe_cut += peers,
            None => {}
        }
        for answer in &felt.answers {
            *self.answers.entry(*answer).or_insert(0) += peers;
        }
    }

    pub(super) fn finish(self, answers: &Answers<'_>) -> Departed {
        let mut departed = Departed::default();
        let count = |n: i64| u64::try_from(n).unwrap_or(0);
        let places = [&mut departed.lost, &mut departed.gained, &mut departed.undetermined];
        for (place, [egress, ingress, peers]) in places.into_iter().zip(self.counts) {
            *place = Touched { egress: count(egress), ingress: count(ingress), peers: count(peers) };
        }
        departed.surely_cut = count(self.surely_cut);
        departed.maybe_cut = count(self.maybe_cut);
        for (number, _) in self.answers.iter().filter(|(_, times)| **times > 0) {
            let answer = answers.answer(*number);
            departed.lost_traffic.add(&answer.lost);
            departed.gained_traffic.add(&answer.gained);
        }
        departed
    }
}

/// Tells whether a peer that loses something is cut off from the one who leaves: surely, perhaps, or not.
pub(super) const fn is_cut(touch: Touch, contact: Contact) -> Option<bool> {
    let loses = touch.any(ChangeKind::Lost) || touch.any(ChangeKind::Undetermined);
    if contact.surely_before && !contact.maybe_after {
        Some(true)
    } else if loses && contact.maybe_before && !contact.surely_after {
        Some(false)
    } else {
        None
    }
}

/// How many are touched by one kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Touched {
    /// Peers that the one who leaves opens sessions to.
    pub egress: u64,
    /// Peers that open sessions to it.
    pub ingress: u64,
    /// Peers in either direction.
    pub peers: u64,
}

impl Touched {
    /// Returns the pairs: a peer counts once a direction.
    #[must_use]
    pub const fn pairs(self) -> u64 {
        self.egress + self.ingress
    }

    fn add(&mut self, touch: Touch, kind: ChangeKind) {
        self.egress += u64::from(touch.has(kind, Direction::Egress));
        self.ingress += u64::from(touch.has(kind, Direction::Ingress));
        self.peers += u64::from(touch.any(kind));
    }
}

/// What one interface leaving one group does to the interfaces of its VPC.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Departed {
    /// Who surely loses traffic.
    pub lost: Touched,
    /// Who surely gains traffic.
    pub gained: Touched,
    /// Whose traffic changes under some reading only.
    pub undetermined: Touched,
    /// Peers that have no accepted traffic left with the one who leaves, and had some.
    pub surely_cut: u64,
    /// Peers of which that holds under some reading only.
    pub maybe_cut: u64,
    /// The contact with others, as far as it was looked at: until it is known that there is some before and after.
    pub contact: Contact,
    /// Whether nobody else has to be looked at.
    pub is_complete: bool,
    /// All the traffic that some interface loses.
    pub lost_traffic: TransportSet,
    /// All the traffic that some interface gains.
    pub gained_traffic: TransportSet,
    /// Traffic that goes on as before, where nothing changes.
    pub witness: Option<Witness>,
}

/// Traffic that is accepted before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// With whom.
    pub peer: InterfaceIx,
    /// Egress: the one who leaves opens the sessions.
    pub direction: Direction,
    /// The family of the addresses.
    pub family: Family,
    /// All of it between these two.
    pub traffic: TransportSet,
}

impl Departed {
    /// Tells whether no interface loses or gains anything, surely or perhaps.
    #[must_use]
    pub const fn is_nothing(&self) -> bool {
        self.lost.peers == 0 && self.gained.peers == 0 && self.undetermined.peers == 0
    }

    /// Adds traffic that somebody loses or gains.
    pub fn note(&mut self, kind: ChangeKind, traffic: &TransportSet) {
        let place = match kind {
            ChangeKind::Lost => &mut self.lost_traffic,
            ChangeKind::Gained => &mut self.gained_traffic,
            ChangeKind::Undetermined => return,
        };
        place.add(traffic);
    }

    /// Adds a peer that was looked at alone.
    pub(super) fn add(&mut self, touch: Touch, contact: Contact) {
        self.lost.add(touch, ChangeKind::Lost);
        self.gained.add(touch, ChangeKind::Gained);
        self.undetermined.add(touch, ChangeKind::Undetermined);
        match is_cut(touch, contact) {
            Some(true) => self.surely_cut += 1,
            Some(false) => self.maybe_cut += 1,
            None => {}
        }
        self.contact = self.contact.or(contact);
    }
}
