//! Exact sets of traffic.
//!
//! Traffic lies on one integer line without gaps: ICMPv6, the destination ports of TCP, those of UDP, ICMP, and every
//! other protocol by its number. So everything IPv4 can carry, which has no ICMPv6, is one run. A set is a sorted list of
//! bands on that line; a band carries the source ports it is limited to, which is rare. Bands that could be one are one,
//! so equal sets are equal lists.

use std::ops::ControlFlow;
use std::sync::Arc;

use smallvec::{Array, SmallVec};

use super::protocol::{END, ICMP, ICMPV6, OTHER, PORTS, TCP, TCP_NUMBER, UDP, UDP_NUMBER};
use super::{Family, IpProtocol, Packet, PortRange, PortSet};

/// `None` means every source port.
pub(super) type Sources = Option<Arc<PortSet>>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Band {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) sources: Sources,
}

/// A set of (protocol, source port, destination port). Equal sets compare equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TransportSet {
    pub(super) bands: Bands,
}

/// Few sets have more than two.
pub(super) type Bands = SmallVec<[Band; 2]>;

/// Where a set grows; what becomes of it takes no more room than it needs.
pub(super) type Growing = SmallVec<[Band; 16]>;

/// Appends a band behind all others, merging it with its neighbour where they read the same.
pub(super) fn push<A: Array<Item = Band>>(bands: &mut SmallVec<A>, first: u32, last: u32, sources: Sources) {
    if let Some(previous) = bands.last_mut()
        && previous.last + 1 == first
        && previous.sources == sources
    {
        previous.last = last;
        return;
    }
    bands.push(Band { first, last, sources });
}

/// A run of the line, and the source ports of two sets there.
struct Piece<'s> {
    first: u32,
    last: u32,
    left: Option<&'s Sources>,
    right: Option<&'s Sources>,
}

/// The parts of the line that people tell apart.
const STRETCHES: [(u32, u32); 5] =
    [(ICMPV6, ICMPV6), (TCP + 1, TCP + PORTS), (UDP + 1, UDP + PORTS), (ICMP, ICMP), (OTHER, END)];

impl TransportSet {
    /// Returns the set without traffic.
    #[must_use]
    pub const fn empty() -> Self {
        Self { bands: SmallVec::new_const() }
    }

    /// Returns every protocol number and port.
    #[must_use]
    pub fn everything() -> Self {
        let mut set = Self::empty();
        set.push(ICMPV6, END, None);
        set
    }

    /// Returns all the traffic a pair of this family can carry (law AM2): IPv4 has no ICMPv6, IPv6 no ICMPv4.
    #[must_use]
    pub fn universe(family: Family) -> Self {
        let mut set = Self::empty();
        match family {
            Family::Ipv4 => set.push(ICMPV6 + 1, END, None),
            Family::Ipv6 => {
                set.push(ICMPV6, ICMP - 1, None);
                set.push(ICMP + 1, END, None);
            }
        }
        set
    }

    /// Returns the traffic of one protocol field; ports limit TCP and UDP only.
    #[must_use]
    pub fn of(protocol: IpProtocol, destinations: &PortSet, sources: &PortSet) -> Self {
        let mut set = Self::empty();
        match protocol {
            IpProtocol::All => return Self::everything(),
            IpProtocol::Number(TCP_NUMBER) => set.push_ports(TCP, destinations, sources),
            IpProtocol::Number(UDP_NUMBER) => set.push_ports(UDP, destinations, sources),
            IpProtocol::Number(other) => {
                let position = Packet::other(other).position();
                set.push(position, position, None);
            }
        }
        set
    }

    /// Returns the set of exactly this packet.
    #[must_use]
    pub fn single(packet: Packet) -> Self {
        let one = |port: u16| PortRange::new(port, port).into_iter().collect::<PortSet>();
        Self::of(IpProtocol::Number(packet.protocol), &one(packet.destination_port), &one(packet.source_port))
    }

    fn push_ports(&mut self, base: u32, destinations: &PortSet, sources: &PortSet) {
        if sources.is_empty() {
            return;
        }
        let sources = if sources.is_all() { None } else { Some(Arc::new(sources.clone())) };
        for range in destinations.ranges() {
            self.push(base + u32::from(range.low()), base + u32::from(range.high()), sources.clone());
        }
    }

    fn push(&mut self, first: u32, last: u32, sources: Sources) {
        push(&mut self.bands, first, last, sources);
    }

    /// Returns the set of bands in order, none of which could be one with the next.
    pub(super) fn of_bands(grown: Growing) -> Self {
        let mut bands = Bands::new();
        bands.reserve_exact(grown.len());
        bands.extend(grown);
        Self { bands }
    }

    /// Tells whether the set holds no traffic.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bands.is_empty()
    }

    /// Tells whether the packet is in the set.
    #[must_use]
    pub fn contains(&self, packet: Packet) -> bool {
        let position = packet.position();
        let at = self.bands.partition_point(|band| band.last < position);
        self.bands.get(at).is_some_and(|band| {
            band.first <= position && band.sources.as_ref().is_none_or(|set| set.contains(packet.source_port))
        })
    }

    /// Returns the traffic that is in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_empty() {
            return other.clone();
        }
        if other.is_empty() {
            return self.clone();
        }
        self.combine(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => Some(union_of(a, b)),
            (one, None) | (None, one) => one.cloned(),
        })
    }

    /// Adds the traffic of another set.
    pub fn add(&mut self, other: &Self) {
        if !other.is_empty() {
            *self = self.union(other);
        }
    }

    /// Returns the traffic that is in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::empty();
        }
        self.combine(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => intersection_of(a, b),
            _ => None,
        })
    }

    /// Returns the traffic of this set that is not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return self.clone();
        }
        self.combine(other, |a, b| match (a, b) {
            (Some(a), Some(b)) => difference_of(a, b),
            (Some(a), None) => Some(a.clone()),
            (None, _) => None,
        })
    }

    /// Tells whether the sets share no traffic.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.walk(other, |piece| match (piece.left, piece.right) {
            (Some(a), Some(b)) if intersection_of(a, b).is_some() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .is_continue()
    }

    /// Tells whether every packet of this set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.walk(other, |piece| match (piece.left, piece.right) {
            (Some(a), Some(b)) if difference_of(a, b).is_none() => ControlFlow::Continue(()),
            (Some(_), _) => ControlFlow::Break(()),
            (None, _) => ControlFlow::Continue(()),
        })
        .is_continue()
    }

    /// Asks `pick` for the source ports of each piece. Linear.
    fn combine(
        &self,
        other: &Self,
        pick: impl Fn(Option<&Sources>, Option<&Sources>) -> Option<Sources>,
    ) -> Self {
        let mut result = Growing::new();
        let _ = self.walk(other, |Piece { first, last, left, right }| {
            if let Some(sources) = pick(left, right) {
                push(&mut result, first, last, sources);
            }
            ControlFlow::<()>::Continue(())
        });
        Self::of_bands(result)
    }

    /// Cuts the line where either set changes and shows `see` each piece that is in one of them, until it has seen enough.
    fn walk<B>(&self, other: &Self, mut see: impl FnMut(Piece<'_>) -> ControlFlow<B>) -> ControlFlow<B> {
        let (mut left, mut right) = (self.bands.as_slice(), other.bands.as_slice());
        let mut next = 0_u32;
        loop {
            // Drop bands that end before the current position.
            while let [band, rest @ ..] = left
                && band.last < next
            {
                left = rest;
            }
            while let [band, rest @ ..] = right
                && band.last < next
            {
                right = rest;
            }
            let start = match (left.first(), right.first()) {
                (None, None) => return ControlFlow::Continue(()),
                (Some(band), None) | (None, Some(band)) => next.max(band.first),
                (Some(a), Some(b)) => next.max(a.first.min(b.first)),
            };
            let covers = |bands: &'_ [Band]| bands.first().is_some_and(|band| band.first <= start);
            let end_of = |bands: &[Band]| match bands.first() {
                Some(band) if band.first <= start => band.last,
                Some(band) => band.first - 1,
                None => u32::MAX,
            };
            let end = end_of(left).min(end_of(right));
            let left_sources = left.first().filter(|_| covers(left)).map(|band| &band.sources);
            let right_sources = right.first().filter(|_| covers(right)).map(|band| &band.sources);
            see(Piece { first: start, last: end, left: left_sources, right: right_sources })?;
            next = end + 1;
        }
    }

    /// Returns some packet of the set: the lowest port of TCP, of UDP, ICMP, the lowest of the other protocols, or ICMPv6,
    /// with its lowest source port.
    #[must_use]
    pub fn witness(&self) -> Option<Packet> {
        let lasting = self.bands.iter().find(|band| band.last > ICMPV6).or(self.bands.first());
        lasting.map(|band| {
            let source =
                band.sources.as_ref().and_then(|set| set.ranges().first().copied()).map_or(1, |r| r.low());
            Packet::at(band.first.max(ICMPV6 + 1).min(band.last), source)
        })
    }

    /// Returns a witness of the edges of every band within each protocol: the packets where an answer could begin or end to
    /// differ.
    #[must_use]
    pub fn edges(&self) -> Vec<Packet> {
        let mut packets = Vec::new();
        for band in &self.bands {
            let sources: Vec<u16> = match &band.sources {
                None => vec![1, u16::MAX],
                Some(set) => set.ranges().iter().flat_map(|r| [r.low(), r.high()]).collect(),
            };
            for (first, last) in STRETCHES {
                let (first, last) = (first.max(band.first), last.min(band.last));
                if first <= last {
                    let ends = [first, last].into_iter();
                    packets.extend(
                        ends.flat_map(|end| sources.iter().map(move |source| Packet::at(end, *source))),
                    );
                }
            }
        }
        packets.sort_unstable();
        packets.dedup();
        packets
    }

    /// Returns how many destination ports and port-less protocols the set touches.
    #[must_use]
    pub fn breadth(&self) -> u64 {
        self.bands.iter().map(|band| u64::from(band.last - band.first) + 1).sum()
    }
}

fn pack(set: PortSet) -> Option<Sources> {
    if set.is_empty() {
        None
    } else if set.is_all() {
        Some(None)
    } else {
        Some(Some(Arc::new(set)))
    }
}

fn union_of(a: &Sources, b: &Sources) -> Sources {
    match (a, b) {
        (Some(a), Some(b)) => pack(a.union(b)).flatten(),
        _ => None,
    }
}

fn intersection_of(a: &Sources, b: &Sources) -> Option<Sources> {
    match (a, b) {
        (None, one) | (one, None) => Some(one.clone()),
        (Some(a), Some(b)) => pack(a.intersection(b)),
    }
}

fn difference_of(a: &Sources, b: &Sources) -> Option<Sources> {
    match (a, b) {
        (_, None) => None,
        (None, Some(b)) => pack(PortSet::all().difference(b)),
        (Some(a), Some(b)) => pack(a.difference(b)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::netset) fn ports(low: u16, high: u16) -> PortSet {
        PortRange::new(low, high).into_iter().collect()
    }

    pub(in crate::netset) fn tcp(low: u16, high: u16) -> TransportSet {
        TransportSet::of(IpProtocol::TCP, &ports(low, high), &PortSet::all())
    }

    fn text(set: &TransportSet) -> String {
        set.items(Family::Ipv4).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn protocols_are_read_by_name_and_number() {
        assert_eq!(IpProtocol::parse("TCP").unwrap(), IpProtocol::parse("6").unwrap());
        assert_eq!(IpProtocol::parse("ICMPv6").unwrap(), IpProtocol::Number(58));
        for text in ["300", "-1", "SCTP", "", "6.0", " 6"] {
            assert!(IpProtocol::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn subtraction_is_exact_at_the_edges() {
        let left = tcp(22, 443).difference(&tcp(80, 80));
        assert_eq!(text(&left), "tcp/22-79,81-443");
        assert_eq!(left.union(&tcp(80, 80)), tcp(22, 443));
        assert!(left.is_disjoint(&tcp(80, 80)));
    }

    #[test]
    fn source_ports_are_a_second_dimension() {
        let narrow = TransportSet::of(IpProtocol::TCP, &ports(22, 22), &ports(7000, 8000));
        let rest = tcp(22, 22).difference(&narrow);
        assert!(narrow.contains(Packet::tcp(7500, 22)));
        assert!(!rest.contains(Packet::tcp(7500, 22)));
        assert!(rest.contains(Packet::tcp(9000, 22)));
        assert_eq!(text(&rest), "tcp/22 from port 1-6999,8001-65535");
        assert_eq!(rest.union(&narrow), tcp(22, 22));
    }

    #[test]
    fn the_universe_depends_on_the_family() {
        let v4 = TransportSet::universe(Family::Ipv4);
        let v6 = TransportSet::universe(Family::Ipv6);
        assert!(v4.contains(Packet::other(1)) && !v4.contains(Packet::other(58)));
        assert!(v6.contains(Packet::other(58)) && !v6.contains(Packet::other(1)));
        assert_eq!(text(&v4), "all");
        assert_eq!(
            text(&v4.difference(&tcp(80, 80))),
            "tcp/1-79,81-65535 udp icmp gre 0 2-5 7-16 18-46 48-57 59-255"
        );
    }

    #[test]
    fn all_ports_of_all_protocols_is_everything() {
        let mut set = TransportSet::empty();
        for number in 0..=255 {
            set = set.union(&TransportSet::of(IpProtocol::Number(number), &PortSet::all(), &PortSet::all()));
        }
        assert_eq!(set, TransportSet::everything());
        assert_eq!(set, TransportSet::of(IpProtocol::All, &PortSet::all(), &PortSet::all()));
        assert!(TransportSet::everything().difference(&set).is_empty());
    }

    #[test]
    fn a_witness_is_in_its_set() {
        let set = TransportSet::of(IpProtocol::UDP, &ports(53, 60), &ports(1024, 2000));
        assert_eq!(set.witness(), Some(Packet::udp(1024, 53)));
        assert!(set.edges().iter().all(|packet| set.contains(*packet)));
        assert_eq!(TransportSet::empty().witness(), None);
    }

    #[test]
    fn every_known_protocol_is_read_and_written_by_its_name() {
        for (name, number) in [("tcp", 6), ("udp", 17), ("icmp", 1), ("icmpv6", 58), ("gre", 47)] {
            assert_eq!(IpProtocol::parse(name), Ok(IpProtocol::Number(number)));
            assert_eq!(IpProtocol::Number(number).to_string(), name);
        }
        assert_eq!(IpProtocol::parse("ALL"), Ok(IpProtocol::All));
        assert_eq!(
            (IpProtocol::All.to_string(), IpProtocol::Number(132).to_string()),
            ("all".into(), "132".into())
        );
        for text in ["+6", "0006", "1e0"] {
            assert!(IpProtocol::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_tcp_and_udp_have_ports() {
        let with_ports: Vec<u8> = (0..=u8::MAX).filter(|n| IpProtocol::Number(*n).has_ports()).collect();
        assert_eq!(with_ports, [6, 17]);
        assert!(!IpProtocol::All.has_ports());
        assert_eq!(Packet::udp(7, 53).to_string(), "udp/53");
        assert_eq!(Packet::other(47).to_string(), "gre");
    }

    #[test]
    fn one_packet_is_a_set_of_its_own() {
        for packet in [
            Packet::tcp(7, 1),
            Packet::tcp(7, u16::MAX),
            Packet::udp(u16::MAX, 1),
            Packet::udp(1, u16::MAX),
            Packet::other(0),
            Packet::other(u8::MAX),
        ] {
            let set = TransportSet::single(packet);
            assert_eq!((set.witness(), set.edges(), set.breadth()), (Some(packet), vec![packet], 1));
            assert!(set.is_subset(&TransportSet::everything()));
            assert!(!TransportSet::everything().is_subset(&set));
            assert!(!set.is_disjoint(&TransportSet::everything()));
            assert_eq!(TransportSet::everything().intersection(&set), set);
            assert!(TransportSet::everything().difference(&set).is_disjoint(&set));
        }
    }

    #[test]
    fn every_packet_has_a_place_of_its_own() {
        let ports = |packet: fn(u16, u16) -> Packet| (1..=u16::MAX).map(move |port| packet(7, port));
        let others =
            (0..=u8::MAX).filter(|number| !IpProtocol::Number(*number).has_ports()).map(Packet::other);
        let packets: Vec<Packet> = ports(Packet::tcp).chain(ports(Packet::udp)).chain(others).collect();
        let mut places: Vec<u32> = packets.iter().map(|packet| packet.position()).collect();
        assert!(
            places
                .iter()
                .zip(&packets)
                .all(|(place, packet)| Packet::at(*place, packet.source_port) == *packet)
        );
        places.sort_unstable();
        assert_eq!(places, (ICMPV6..=END).collect::<Vec<_>>());
    }

    #[test]
    fn the_edges_of_all_traffic_are_those_of_every_protocol() {
        let (first, last) = (Packet::tcp(1, 1), Packet::udp(u16::MAX, u16::MAX));
        for family in [Family::Ipv4, Family::Ipv6] {
            let all = TransportSet::universe(family);
            assert_eq!(all.witness(), Some(first));
            assert!(all.edges().contains(&first) && all.edges().contains(&last));
            assert!(
                all.edges().contains(&Packet::tcp(1, u16::MAX)) && all.edges().contains(&Packet::udp(1, 1))
            );
        }
        let icmpv6 = TransportSet::single(Packet::other(58));
        assert_eq!(icmpv6.witness(), Some(Packet::other(58)));
        assert_eq!(icmpv6.union(&TransportSet::single(Packet::other(47))).witness(), Some(Packet::other(47)));
    }

    #[test]
    fn edges_and_breadth_count_destinations() {
        assert_eq!(tcp(22, 443).breadth(), 422);
        assert_eq!(TransportSet::of(IpProtocol::Number(132), &PortSet::all(), &PortSet::all()).breadth(), 1);
        let narrow = TransportSet::of(IpProtocol::UDP, &ports(53, 54), &ports(7, 8));
        assert_eq!(
            narrow.edges(),
            [Packet::udp(7, 53), Packet::udp(7, 54), Packet::udp(8, 53), Packet::udp(8, 54)]
        );
    }

    #[test]
    fn a_cut_leaves_the_last_port() {
        assert_eq!(tcp(22, 443).difference(&tcp(22, 442)), tcp(443, 443));
        assert_eq!(tcp(22, 442).difference(&tcp(22, 443)), TransportSet::empty());
    }

    #[test]
    fn source_ports_are_joined_and_met() {
        let from = |low, high| TransportSet::of(IpProtocol::TCP, &ports(22, 22), &ports(low, high));
        assert_eq!(text(&from(1, 10).union(&from(20, 30))), "tcp/22 from port 1-10,20-30");
        assert_eq!(from(1, 10).intersection(&from(5, 30)), from(5, 10));
        assert!(from(1, 10).is_disjoint(&from(11, 30)));
        assert_eq!(from(1, 10).intersection(&tcp(1, 100)), from(1, 10));
        assert_eq!(tcp(1, 100).intersection(&from(1, 10)), from(1, 10));
        assert!(from(1, 10).is_subset(&tcp(22, 22)) && !tcp(22, 22).is_subset(&from(1, 10)));
        assert!(from(5, 10).is_subset(&from(1, 10)) && !from(5, 11).is_subset(&from(1, 10)));
        assert!(!from(1, 10).is_disjoint(&from(10, 30)) && from(1, 10).is_disjoint(&tcp(23, 30)));
        let mut sum = from(1, 10);
        sum.add(&TransportSet::empty());
        assert_eq!(sum, from(1, 10));
        sum.add(&tcp(22, 23));
        assert_eq!(sum, tcp(22, 23));
    }
}
