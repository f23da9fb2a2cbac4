//! Many changes tried against the policies: which of them would be denied?
//!
//! First what failed before, then every single removal, then every pair, then sets drawn from a seed. The first that is not
//! clear is shrunk to one of which every removal is needed.

use super::review::{Outcome, Reviewer};
use crate::graph::{GroupIx, InterfaceIx, SecurityGraph};
use crate::parallel;
use crate::simulate::{Options, Removal, RemovalError, Simulator};

/// How many sets are tried before it is looked whether one failed.
const BATCH: u64 = 256;

/// How many removals a drawn set holds, at most.
const LARGEST: usize = 8;

/// The sets to try.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The memberships that may end, sorted.
    candidates: Vec<(InterfaceIx, GroupIx)>,
    /// What failed before.
    before: Vec<Vec<Removal>>,
    seed: u64,
    sets: u64,
}

/// A set of removals that is not clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFailure {
    /// Its place among those that were tried, from 1.
    pub number: u64,
    /// The set as it was tried.
    pub tried: Vec<Removal>,
    /// What is left of it when nothing more can be taken away.
    pub least: Vec<Removal>,
    /// How its review ends.
    pub outcome: Outcome,
}

impl Sample {
    /// Makes a sample of so many sets, besides those that failed before.
    #[must_use]
    pub fn new(
        candidates: impl IntoIterator<Item = (InterfaceIx, GroupIx)>,
        before: Vec<Vec<Removal>>,
        sets: u64,
        seed: u64,
    ) -> Self {
        let mut candidates: Vec<(InterfaceIx, GroupIx)> = candidates.into_iter().collect();
        candidates.sort_unstable();
        candidates.dedup();
        Self { candidates, before, seed, sets }
    }

    /// Returns how many sets there are in all.
    #[must_use]
    pub fn sets(&self) -> u64 {
        let before = u64::try_from(self.before.len()).unwrap_or(u64::MAX);
        if self.candidates.is_empty() { before } else { before.saturating_add(self.sets) }
    }

    /// Returns how many of the sets are single removals, pairs, and drawn.
    #[must_use]
    pub fn parts(&self) -> [u64; 3] {
        let single = u64::try_from(self.candidates.len()).unwrap_or(u64::MAX);
        if single == 0 {
            return [0; 3];
        }
        let pairs = single.saturating_mul(single - 1) / 2;
        let singles = self.sets.min(single);
        let pairs = (self.sets - singles).min(pairs);
        [singles, pairs, self.sets - singles - pairs]
    }

    /// Returns a set by its place, from 0. The same whatever else is tried.
    fn set(&self, graph: &SecurityGraph, at: u64) -> Vec<Removal> {
        let before = u64::try_from(self.before.len()).unwrap_or(u64::MAX);
        if let Some(set) = usize::try_from(at).ok().and_then(|at| self.before.get(at)) {
            return set.clone();
        }
        let at = at - before;
        let [singles, pairs, _] = self.parts();
        let places: Vec<u64> = if at < singles {
            vec![at]
        } else if at - singles < pairs {
            let [first, second] = pair(at - singles);
            vec![first, second]
        } else {
            let mut dice =
                fastrand::Rng::with_seed(self.seed.wrapping_add(at.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
            let size = dice.usize(3..=LARGEST).min(self.candidates.len());
            let mut places = dice.choose_multiple(0..singles, size);
            places.sort_unstable();
            places
        };
        let named = places.into_iter().filter_map(|place| self.candidates.get(usize::try_from(place).ok()?));
        let removal = |(interface, group): &(InterfaceIx, GroupIx)| Removal {
            target: graph.interface(*interface).id.to_string(),
            group: graph.group_id(*group).to_string(),
            join: None,
        };
        named.map(removal).collect()
    }

    /// Tries the sets in order; whatever the number of threads, the first that is not clear is the one that is returned.
    ///
    /// # Errors
    /// [`RemovalError`] where something that failed before is not in the estate any more.
    pub fn run(
        &self,
        simulator: &Simulator<'_>,
        reviewer: &Reviewer<'_>,
        options: &Options,
        mut progress: impl FnMut(u64),
    ) -> Result<Option<SampleFailure>, RemovalError> {
        let graph = simulator.compiled().graph();
        let outcome = |set: &[Removal]| -> Result<Outcome, RemovalError> {
            let simulation = simulator.simulate(set, options)?;
            Ok(reviewer.review(&simulation).outcome())
        };
        let total = self.sets();
        let mut first = 0;
        while first < total {
            let last = total.min(first.saturating_add(BATCH));
            let places: Vec<u64> = (first..last).collect();
            let outcomes = parallel::each(&places[..], |at| outcome(&self.set(graph, *at)));
            for (at, found) in places.iter().zip(outcomes) {
                if found? != Outcome::Clear {
                    let tried = self.set(graph, *at);
                    let least = shrink(tried.clone(), |set| Ok(outcome(set)? != Outcome::Clear))?;
                    let outcome = outcome(&least)?;
                    return Ok(Some(SampleFailure { number: at + 1, tried, least, outcome }));
                }
            }
            first = last;
            progress(first);
        }
        Ok(None)
    }
}

/// Returns the pair of this number: (0,1), (0,2), (1,2), (0,3), …
fn pair(number: u64) -> [u64; 2] {
    let mut second = 1;
    let mut first = number;
    // Steps that grow with the square root of the number.
    while first >= second {
        first -= second;
        second += 1;
    }
    [first, second]
}

/// Takes away whatever is not needed to fail.
fn shrink(
    mut set: Vec<Removal>,
    fails: impl Fn(&[Removal]) -> Result<bool, RemovalError>,
) -> Result<Vec<Removal>, RemovalError> {
    let mut at = 0;
    while at < set.len() && set.len() > 1 {
        let mut less = set.clone();
        less.remove(at);
        if fails(&less)? {
            set = less;
            at = 0;
        } else {
            at += 1;
        }
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_pair_has_one_number() {
        let pairs: BTreeSet<[u64; 2]> = (0..45).map(pair).collect();
        assert_eq!(pairs.len(), 45);
        assert!(pairs.iter().all(|[first, second]| first < second && *second < 10));
    }

    #[test]
    fn only_what_is_needed_stays() {
        let removal = |n: u32| Removal { target: format!("i-{n}"), group: "sg-g".to_owned(), join: None };
        let set: Vec<Removal> = (0..8).map(removal).collect();
        let needs = [removal(2), removal(5)];
        let least = shrink(set, |set| Ok(needs.iter().all(|one| set.contains(one)))).unwrap();
        assert_eq!(least, needs);
    }
}
