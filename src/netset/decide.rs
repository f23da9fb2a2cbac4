//! Sets of traffic that are asked in turn: the first that holds a packet decides.

use super::TransportSet;
use super::transport::{Band, Growing, push};

impl TransportSet {
    /// Asks rules in turn, each traffic and whether it accepts it: the first that holds a packet decides. Returns what of
    /// this set is accepted; what no rule decides is where `by_default` says so.
    #[must_use]
    pub fn decided<'r>(&self, rules: impl Iterator<Item = (&'r Self, bool)>, by_default: bool) -> Self {
        let mut open: Growing = self.bands.iter().cloned().collect();
        let (mut taken, mut accepted) = (Growing::new(), Self::empty());
        for (traffic, accepts) in rules {
            if open.is_empty() {
                break;
            }
            if has_sources(&open) || has_sources(&traffic.bands) {
                let set = Self::of_bands(open);
                if accepts {
                    accepted.add(&set.intersection(traffic));
                }
                open = set.difference(traffic).bands.into_iter().collect();
                continue;
            }
            // Without source ports a band is a run of numbers.
            for band in &traffic.bands {
                take(&mut open, band, accepts.then_some(&mut taken));
            }
        }
        if by_default && has_sources(&open) {
            accepted.add(&Self::of_bands(open));
        } else if by_default {
            taken.append(&mut open);
        }
        taken.sort_unstable_by_key(|band| band.first);
        let mut runs = Growing::new();
        for band in taken {
            push(&mut runs, band.first, band.last, None);
        }
        let runs = Self::of_bands(runs);
        if accepted.is_empty() { runs } else { accepted.union(&runs) }
    }
}

fn has_sources(bands: &[Band]) -> bool {
    bands.iter().any(|band| band.sources.is_some())
}

/// Takes a run out of the open ones; what of them was in it is added to `taken`.
fn take(open: &mut Growing, run: &Band, taken: Option<&mut Growing>) {
    let from = open.partition_point(|band| band.last < run.first);
    let hit = open.get(from..).unwrap_or_default();
    let hit = hit.get(..hit.partition_point(|band| band.first <= run.last)).unwrap_or_default();
    let ([first, ..], [.., last]) = (hit, hit) else { return };
    let plain = |first, last| Band { first, last, sources: None };
    if let Some(taken) = taken {
        taken.extend(hit.iter().map(|band| plain(band.first.max(run.first), band.last.min(run.last))));
    }
    let below = (first.first < run.first).then(|| plain(first.first, run.first - 1));
    let above = (run.last < last.last).then(|| plain(run.last + 1, last.last));
    let to = from + hit.len();
    open.drain(from..to);
    open.insert_many(from, below.into_iter().chain(above));
}

#[cfg(test)]
mod tests {
    use super::super::transport::tests::{ports, tcp};
    use super::*;
    use crate::netset::{Family, IpProtocol, PortSet};

    #[test]
    fn rules_decide_in_turn_as_sets_say() {
        let sourced = TransportSet::of(IpProtocol::TCP, &ports(60, 70), &ports(1024, 2048));
        let everything = TransportSet::everything();
        let rules = [
            (tcp(80, 80), false),
            (tcp(22, 100), true),
            (sourced, true),
            (tcp(50, 443), false),
            (
                tcp(65_535, 65_535).union(&TransportSet::of(IpProtocol::UDP, &ports(1, 53), &PortSet::all())),
                true,
            ),
            (everything.difference(&tcp(1, 9_000)), true),
        ];
        let runs = (0..rules.len()).flat_map(|from| (from..=rules.len()).map(move |to| (from, to)));
        for (from, to) in runs {
            let (mut open, mut accepted) = (TransportSet::universe(Family::Ipv4), TransportSet::empty());
            for (traffic, accepts) in &rules[from..to] {
                if *accepts {
                    accepted = accepted.union(&open.intersection(traffic));
                }
                open = open.difference(traffic);
            }
            let asked = rules[from..to].iter().map(|(traffic, accepts)| (traffic, *accepts));
            let universe = TransportSet::universe(Family::Ipv4);
            assert_eq!(universe.decided(asked.clone(), false), accepted, "from {from} to {to}");
            assert_eq!(universe.decided(asked, true), accepted.union(&open), "from {from} to {to}");
        }
    }
}
