//! CIDR blocks of both families as numbers.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use super::packed::Packed;

/// The address family; addresses of different families never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// IPv4, 32 bits.
    Ipv4,
    /// IPv6, 128 bits.
    Ipv6,
}

impl Family {
    /// Returns the width of an address in bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Ipv4 => 32,
            Self::Ipv6 => 128,
        }
    }

    /// Returns the highest address of the family as a number.
    #[must_use]
    pub const fn last(self) -> u128 {
        match self {
            Self::Ipv4 => u32::MAX as u128,
            Self::Ipv6 => u128::MAX,
        }
    }

    /// Returns the family of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// Returns the address with this number; bits beyond the family's width are cut off.
    #[must_use]
    pub const fn address(self, number: u128) -> IpAddr {
        match self {
            Self::Ipv4 => IpAddr::V4(Ipv4Addr::from_bits((number & u32::MAX as u128) as u32)),
            Self::Ipv6 => IpAddr::V6(Ipv6Addr::from_bits(number)),
        }
    }
}

/// Whether a parsed CIDR carried bits behind its mask. They are cut off (law 1.1: the API accepts them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostBits {
    /// The text was canonical.
    Clear,
    /// The text had host bits set, as in `10.159.6.18/12`.
    Masked,
}

/// Why a text is no CIDR block.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IpBlockError {
    /// The part before the slash is no address; leading zeros are refused because they are ambiguous.
    #[error("`{0}` is not an IP address")]
    Address(String),
    /// The part behind the slash is no prefix length of that family.
    #[error("`{0}` is not a prefix length for this address")]
    Length(String),
    /// An IPv4 address in IPv6 clothes: no rule says which family it would match.
    #[error("`{0}` is an IPv4-mapped IPv6 address")]
    Mapped(String),
}

/// A CIDR block, always with its host bits cleared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IpBlock {
    family: Family,
    first: Packed,
    length: u8,
}

impl IpBlock {
    /// Returns the block of one family that holds every address.
    #[must_use]
    pub const fn all(family: Family) -> Self {
        Self { family, first: Packed::new(0), length: 0 }
    }

    /// Returns the block that holds this one address.
    #[must_use]
    pub fn single(address: IpAddr) -> Self {
        let family = Family::of(address);
        Self { family, first: Packed::new(number_of(address)), length: family.bits() }
    }

    /// Returns the block of `length` bits that holds `number`; a length beyond the family's width counts as the width.
    #[must_use]
    pub const fn around(family: Family, number: u128, length: u8) -> Self {
        let length = if length > family.bits() { family.bits() } else { length };
        Self { family, first: Packed::new(number & !host_mask(family, length)), length }
    }

    /// Parses `10.0.0.0/8`, `10.0.0.1`, `2001:db8::/32`; host bits are cut off and reported.
    ///
    /// # Errors
    /// [`IpBlockError`] when the text is neither an address nor a CIDR.
    pub fn parse(text: &str) -> Result<(Self, HostBits), IpBlockError> {
        let (address_text, length_text) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr =
            address_text.parse().map_err(|_| IpBlockError::Address(address_text.to_owned()))?;
        if let IpAddr::V6(v6) = address
            && v6.to_ipv4_mapped().is_some()
        {
            return Err(IpBlockError::Mapped(text.to_owned()));
        }
        let family = Family::of(address);
        let length = match length_text {
            None => family.bits(),
            Some(digits) => Some(digits)
                .filter(|d| !d.is_empty() && d.len() <= 3 && d.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|d| d.parse::<u8>().ok())
                .filter(|length| *length <= family.bits())
                .ok_or_else(|| IpBlockError::Length(digits.to_owned()))?,
        };
        let number = number_of(address);
        let block = Self::around(family, number, length);
        let bits = if block.first() == number { HostBits::Clear } else { HostBits::Masked };
        Ok((block, bits))
    }

    /// Returns the address family.
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
        self.first() | host_mask(self.family, self.length)
    }

    /// Returns the prefix length in bits.
    #[must_use]
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// Returns the lowest address.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.family.address(self.first())
    }

    /// Tells whether the block holds exactly one address.
    #[must_use]
    pub const fn is_single(&self) -> bool {
        self.length == self.family.bits()
    }

    /// Tells whether every address of `other` lies in this block.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.family == other.family && self.first() <= other.first() && other.last() <= self.last()
    }
}

/// Returns the address as a number.
const fn number_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_bits() as u128,
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

const fn host_mask(family: Family, length: u8) -> u128 {
    let host_bits = family.bits().saturating_sub(length) as u32;
    if host_bits >= 128 { u128::MAX } else { (1_u128 << host_bits) - 1 }
}

impl fmt::Display for IpBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address(), self.length)
    }
}

impl FromStr for IpBlock {
    type Err = IpBlockError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map(|(block, _)| block)
    }
}

impl Serialize for IpBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_bits_are_masked_and_reported() {
        let (block, bits) = IpBlock::parse("10.159.6.18/12").unwrap();
        assert_eq!(block.to_string(), "10.144.0.0/12");
        assert_eq!(bits, HostBits::Masked);
        assert_eq!(IpBlock::parse("10.0.0.0/8").unwrap().1, HostBits::Clear);
    }

    #[test]
    fn a_bare_address_is_a_block_of_one() {
        assert!("10.0.0.1".parse::<IpBlock>().unwrap().is_single());
        assert!("2001:db8::1".parse::<IpBlock>().unwrap().is_single());
    }

    #[test]
    fn odd_texts_are_refused() {
        for text in
            ["172.30.03.33", "172.17.**.**", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/08x", ""]
        {
            assert!(text.parse::<IpBlock>().is_err(), "{text}");
        }
        assert!(matches!("::ffff:10.0.0.1".parse::<IpBlock>(), Err(IpBlockError::Mapped(_))));
    }

    #[test]
    fn containment_respects_families_and_edges() {
        let ten: IpBlock = "10.0.0.0/8".parse().unwrap();
        assert!(ten.contains(&"10.255.255.255".parse().unwrap()));
        assert!(!ten.contains(&"11.0.0.0".parse().unwrap()));
        assert!(!ten.contains(&"::a00:1".parse().unwrap()));
        assert!(IpBlock::all(Family::Ipv6).contains(&"::/0".parse().unwrap()));
        assert_eq!(IpBlock::all(Family::Ipv6).last(), u128::MAX);
    }

    #[test]
    fn a_block_knows_its_bounds_and_its_size() {
        let block: IpBlock = "10.1.2.0/23".parse().unwrap();
        assert_eq!((block.first(), block.last()), (0x0a01_0200, 0x0a01_03ff));
        assert_eq!((block.length(), block.is_single()), (23, false));
        assert_eq!(block.address().to_string(), "10.1.2.0");
        assert_eq!((Family::Ipv4.bits(), Family::Ipv4.last()), (32, u128::from(u32::MAX)));
        assert_eq!((Family::Ipv6.bits(), Family::Ipv6.last()), (128, u128::MAX));
    }

    #[test]
    fn a_length_beyond_the_width_is_the_width() {
        for (family, bits) in [(Family::Ipv4, 32), (Family::Ipv6, 128)] {
            let block = IpBlock::around(family, 7, u8::MAX);
            assert_eq!((block.first(), block.last(), block.length()), (7, 7, bits));
        }
    }
}
