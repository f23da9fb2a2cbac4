//! What decides a side in one state: the universe cut by causes.

use super::reading::Evidence;
use super::rulebook::RuleBook;
use super::side::{Side, Slot, State};
use super::verdict::Cause;
use crate::inventory::RuleAction;
use crate::netset::{Family, TransportSet};

/// Traffic of one side in one state that the same cause decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) traffic: TransportSet,
    pub(crate) cause: Cause,
    /// `None` where the cause is open.
    pub(crate) accepts: Option<bool>,
}

impl Side {
    /// Cuts the universe by what decides it in one state.
    pub(crate) fn pieces(&self, book: &RuleBook, family: Family, state: State) -> Vec<Piece> {
        let mut pieces =
            Pieces { waiting: vec![(TransportSet::universe(family), Vec::new())], done: Vec::new() };
        let unknown: Vec<Evidence> = self
            .further
            .iter()
            .filter(|further| if state == State::Before { further.before } else { further.after })
            .map(|further| further.unknown.evidence())
            .collect();
        let everything = TransportSet::universe(family);
        let mut in_custom = false;
        let mut outranked = false;
        for line in &self.lines {
            let presence = if state == State::Before { &line.before } else { &line.after };
            let Some(variables) = presence else { continue };
            if line.rank(book).is_some() {
                if !in_custom {
                    pieces.open(&everything, &unknown, RuleAction::Drop);
                    in_custom = true;
                }
                let strongest = matches!(line.slot, Slot::Rule(n) if book.body(n).is_strongest_drop());
                if !outranked && !strongest {
                    pieces.open(&everything, &unknown, RuleAction::Accept);
                    outranked = true;
                }
            }
            let (traffic, action) = line.effect(book, &everything);
            if variables.is_empty() {
                pieces.close(traffic, action, &line.cause(book));
            } else {
                let evidence: Vec<Evidence> = variables.iter().map(|v| book.evidence(*v)).collect();
                pieces.open(traffic, &evidence, action);
            }
        }
        if !outranked {
            pieces.open(&everything, &unknown, RuleAction::Accept);
        }
        pieces.close(&everything, RuleAction::Drop, &Cause::Default);
        pieces.done
    }
}

/// The universe while it is cut by causes. Each waiting piece knows the open lines it has passed.
struct Pieces {
    waiting: Vec<(TransportSet, Vec<(Evidence, RuleAction)>)>,
    done: Vec<Piece>,
}

impl Pieces {
    fn open(&mut self, traffic: &TransportSet, evidence: &[Evidence], action: RuleAction) {
        if evidence.is_empty() {
            return;
        }
        let mut next = Vec::with_capacity(self.waiting.len() + 1);
        for (set, opens) in std::mem::take(&mut self.waiting) {
            let hit = set.intersection(traffic);
            if hit.is_empty() {
                next.push((set, opens));
                continue;
            }
            let rest = set.difference(traffic);
            if !rest.is_empty() {
                next.push((rest, opens.clone()));
            }
            let mut opens = opens;
            opens.extend(evidence.iter().map(|one| (one.clone(), action)));
            next.push((hit, opens));
        }
        self.waiting = next;
    }

    fn close(&mut self, traffic: &TransportSet, action: RuleAction, cause: &Cause) {
        for (set, opens) in &mut self.waiting {
            let hit = set.intersection(traffic);
            if hit.is_empty() {
                continue;
            }
            *set = set.difference(traffic);
            // Open lines of the same action change who decides, not what is decided (law 2.6).
            let (cause, accepts) = if opens.iter().all(|(_, other)| *other == action) {
                (cause.clone(), Some(action == RuleAction::Accept))
            } else {
                let mut names: Vec<Evidence> = opens.iter().map(|(evidence, _)| evidence.clone()).collect();
                names.sort_unstable();
                names.dedup();
                (Cause::Open(names), None)
            };
            match self.done.iter_mut().find(|piece| piece.cause == cause && piece.accepts == accepts) {
                Some(piece) => piece.traffic.add(&hit),
                None => self.done.push(Piece { traffic: hit, cause, accepts }),
            }
        }
        self.waiting.retain(|(set, _)| !set.is_empty());
    }
}
