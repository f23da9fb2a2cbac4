//! IP protocols, packets, and their places on the line of traffic.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

/// The place of TCP port 0, which no traffic has, and of UDP port 0: the ports follow.
pub(super) const TCP: u32 = 0;
pub(super) const UDP: u32 = TCP + PORTS;
/// How many ports there are, from 1.
pub(super) const PORTS: u32 = 65_535;
/// ICMPv6 comes before, and ICMP behind the ports.
pub(super) const ICMPV6: u32 = 0;
pub(super) const ICMP: u32 = UDP + PORTS + 1;
/// All other protocols, by number.
pub(super) const OTHER: u32 = ICMP + 1;
pub(super) const END: u32 = OTHER + 255 - PLACED.len() as u32;
/// The protocols with a place of their own, ascending.
const PLACED: [u8; 4] = [ICMP_NUMBER, TCP_NUMBER, UDP_NUMBER, ICMPV6_NUMBER];
pub(super) const TCP_NUMBER: u8 = 6;
pub(super) const UDP_NUMBER: u8 = 17;
pub(super) const ICMP_NUMBER: u8 = 1;
pub(super) const ICMPV6_NUMBER: u8 = 58;
pub(super) const GRE_NUMBER: u8 = 47;

/// Why a text is no protocol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is no protocol name or number")]
pub struct ProtocolError(pub String);

/// The protocol field of a rule: all, or one IANA protocol number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IpProtocol {
    /// Every protocol and every port.
    All,
    /// One protocol by its IANA number; 6 is TCP, 17 UDP, 1 ICMP, 58 ICMPv6, 47 GRE.
    Number(u8),
}

impl IpProtocol {
    /// TCP.
    pub const TCP: Self = Self::Number(TCP_NUMBER);
    /// UDP.
    pub const UDP: Self = Self::Number(UDP_NUMBER);
    /// ICMP of IPv4.
    pub const ICMP: Self = Self::Number(ICMP_NUMBER);
    /// ICMP of IPv6.
    pub const ICMPV6: Self = Self::Number(ICMPV6_NUMBER);
    /// GRE.
    pub const GRE: Self = Self::Number(GRE_NUMBER);

    /// Parses a name in any letter case, or a decimal number 0-255.
    ///
    /// # Errors
    /// [`ProtocolError`] for any other text.
    pub fn parse(text: &str) -> Result<Self, ProtocolError> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "all" => Self::All,
            "tcp" => Self::TCP,
            "udp" => Self::UDP,
            "icmp" => Self::ICMP,
            "icmpv6" => Self::ICMPV6,
            "gre" => Self::GRE,
            digits
                if !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Self::Number(digits.parse().map_err(|_| ProtocolError(text.to_owned()))?)
            }
            _ => return Err(ProtocolError(text.to_owned())),
        })
    }

    /// Tells whether the protocol has ports.
    #[must_use]
    pub const fn has_ports(self) -> bool {
        matches!(self, Self::Number(TCP_NUMBER | UDP_NUMBER))
    }
}

impl fmt::Display for IpProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Number(number) => match name_of(*number) {
                Some(name) => f.write_str(name),
                None => write!(f, "{number}"),
            },
        }
    }
}

impl Serialize for IpProtocol {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

pub(super) const fn name_of(number: u8) -> Option<&'static str> {
    match number {
        TCP_NUMBER => Some("tcp"),
        UDP_NUMBER => Some("udp"),
        ICMP_NUMBER => Some("icmp"),
        ICMPV6_NUMBER => Some("icmpv6"),
        GRE_NUMBER => Some("gre"),
        _ => None,
    }
}

/// One kind of packet: protocol and, for TCP and UDP, both ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Packet {
    /// The IANA protocol number.
    pub protocol: u8,
    /// The source port; 0 for protocols without ports.
    pub source_port: u16,
    /// The destination port; 0 for protocols without ports.
    pub destination_port: u16,
}

impl Packet {
    /// Returns a TCP packet.
    #[must_use]
    pub const fn tcp(source_port: u16, destination_port: u16) -> Self {
        Self { protocol: TCP_NUMBER, source_port, destination_port }
    }

    /// Returns a UDP packet.
    #[must_use]
    pub const fn udp(source_port: u16, destination_port: u16) -> Self {
        Self { protocol: UDP_NUMBER, source_port, destination_port }
    }

    /// Returns a packet of a protocol without ports.
    #[must_use]
    pub const fn other(protocol: u8) -> Self {
        Self { protocol, source_port: 0, destination_port: 0 }
    }

    pub(super) fn position(self) -> u32 {
        match self.protocol {
            TCP_NUMBER => TCP + u32::from(self.destination_port),
            UDP_NUMBER => UDP + u32::from(self.destination_port),
            ICMP_NUMBER => ICMP,
            ICMPV6_NUMBER => ICMPV6,
            other => {
                OTHER + PLACED.iter().fold(u32::from(other), |rank, placed| rank - u32::from(*placed < other))
            }
        }
    }

    pub(super) fn at(position: u32, source_port: u16) -> Self {
        let port = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
        match position {
            ICMPV6 => Self::other(ICMPV6_NUMBER),
            ICMP => Self::other(ICMP_NUMBER),
            tcp if tcp <= UDP => Self::tcp(source_port, port(tcp - TCP)),
            udp if udp < ICMP => Self::udp(source_port, port(udp - UDP)),
            other => {
                let number = PLACED
                    .iter()
                    .fold(other - OTHER, |number, placed| number + u32::from(u32::from(*placed) <= number));
                Self::other(u8::try_from(number).unwrap_or(u8::MAX))
            }
        }
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = IpProtocol::Number(self.protocol);
        if protocol.has_ports() {
            write!(f, "{protocol}/{}", self.destination_port)
        } else {
            write!(f, "{protocol}")
        }
    }
}
