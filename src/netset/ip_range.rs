//! Runs of addresses, and the shortest list of CIDR blocks that covers one exactly.

use std::net::IpAddr;

use super::packed::Packed;
use super::{Family, IpBlock};

/// A run of addresses of one family, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpRange {
    family: Family,
    first: Packed,
    last: Packed,
}

impl IpRange {
    /// Returns the addresses from `first` to `last`.
    #[must_use]
    pub const fn new(family: Family, first: u128, last: u128) -> Self {
        Self { family, first: Packed::new(first), last: Packed::new(last) }
    }

    /// Returns the family of both ends.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Returns the lowest address as a number.
    #[must_use]
    pub const fn first(&self) -> u128 {
        self.first.get()
    }

    /// Returns the highest address as a number.
    #[must_use]
    pub const fn last(&self) -> u128 {
        self.last.get()
    }

    /// Returns the lowest address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.family.address(self.first())
    }
}

impl From<IpBlock> for IpRange {
    fn from(block: IpBlock) -> Self {
        Self::new(block.family(), block.first(), block.last())
    }
}

/// Returns the fewest CIDR blocks whose addresses are exactly those of the range, in ascending order.
#[must_use]
pub fn blocks_of(range: IpRange) -> Vec<IpBlock> {
    let bits = range.family().bits();
    let mut blocks = Vec::new();
    let mut next = range.first();
    loop {
        // The largest block that starts at `next` and ends within the range.
        let aligned =
            if next == 0 { bits } else { bits.min(u8::try_from(next.trailing_zeros()).unwrap_or(bits)) };
        let mut host = aligned;
        while host > 0 && IpBlock::around(range.family(), next, bits - host).last() > range.last() {
            host -= 1;
        }
        let block = IpBlock::around(range.family(), next, bits - host);
        blocks.push(block);
        if block.last() >= range.last() {
            return blocks;
        }
        next = block.last() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(first: u128, last: u128) -> Vec<String> {
        blocks_of(IpRange::new(Family::Ipv4, first, last)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_range_becomes_the_fewest_blocks() {
        assert_eq!(texts(0, u128::from(u32::MAX)), ["0.0.0.0/0"]);
        assert_eq!(texts(1, 6), ["0.0.0.1/32", "0.0.0.2/31", "0.0.0.4/31", "0.0.0.6/32"]);
        assert_eq!(texts(5, 5), ["0.0.0.5/32"]);
        let everything = blocks_of(IpRange::new(Family::Ipv6, 0, u128::MAX));
        assert_eq!(everything, [IpBlock::all(Family::Ipv6)]);
    }
}
