//! Sets of traffic that are asked in turn: the first that holds a packet decides.

use super::TransportSet;
use super::transport::{Band, Bands};

impl TransportSet {
    /// Asks rules in turn, each traffic and whether it accepts it: the first that holds a packet decides. Returns what of
    /// this set is accepted, and what no rule decides.
    #[must_use]
    pub fn decided<'r>(&self, rules: impl Iterator<Item = (&'r Self, bool)>) -> (Self, Self) {
        let (mut open, mut accepted) = (self.clone(), Self::empty());
        // Without source ports a band is a run of numbers, and the buffers are used again and again.
        let (mut next, mut taken) = (Bands::new(), Vec::new());
        for (traffic, accepts) in rules {
            if open.is_empty() {
                break;
            }
            if open.bands.iter().chain(&traffic.bands).any(|band| band.sources.is_some()) {
                if accepts {
                    accepted = accepted.union(&open.intersection(traffic));
                }
                open = open.difference(traffic);
                continue;
            }
            if split(&open.bands, &traffic.bands, &mut next, accepts.then_some(&mut taken)) {
                std::mem::swap(&mut open.bands, &mut next);
            }
        }
        taken.sort_unstable_by_key(|band| band.first);
        let mut runs = Self::empty();
        for band in taken {
            runs.push(band.first, band.last, None);
        }
        (accepted.union(&runs), open)
    }
}

/// Writes the runs of `open` that are in no run of `traffic` into `rest`, and those that are into `hit`. Tells whether
/// there are any of those; `rest` says nothing otherwise.
fn split(open: &[Band], traffic: &[Band], rest: &mut Bands, mut hit: Option<&mut Vec<Band>>) -> bool {
    rest.clear();
    let run = |first, last| Band { first, last, sources: None };
    let (mut ahead, mut is_hit) = (traffic, false);
    for band in open {
        while let [done, more @ ..] = ahead
            && done.last < band.first
        {
            ahead = more;
        }
        let mut from = band.first;
        for other in ahead.iter().take_while(|other| other.first <= band.last) {
            let (first, last) = (other.first.max(band.first), other.last.min(band.last));
            is_hit = true;
            if let Some(hit) = &mut hit {
                hit.push(run(first, last));
            }
            if from < first {
                rest.push(run(from, first - 1));
            }
            from = last + 1;
        }
        if from <= band.last {
            rest.push(run(from, band.last));
        }
    }
    is_hit
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
        for from in 0..rules.len() {
            let (mut open, mut accepted) = (TransportSet::universe(Family::Ipv4), TransportSet::empty());
            for (traffic, accepts) in &rules[from..] {
                if *accepts {
                    accepted = accepted.union(&open.intersection(traffic));
                }
                open = open.difference(traffic);
            }
            let asked = rules[from..].iter().map(|(traffic, accepts)| (traffic, *accepts));
            assert_eq!(TransportSet::universe(Family::Ipv4).decided(asked), (accepted, open), "from {from}");
        }
    }
}
