//! One question: may this packet pass from here to there as the first of a new session?

use std::net::IpAddr;

use crate::graph::InterfaceIx;
use crate::netset::Packet;

/// One end of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// An address of an interface of the inventory, as the interface itself sees it: always private (law 2.1).
    Interface {
        /// The interface.
        interface: InterfaceIx,
        /// One of its addresses, or an address of a prefix delegated to it.
        address: IpAddr,
    },
    /// An address that is no interface of the same VPC: the Internet, on-premises, another VPC (law AM4).
    External(IpAddr),
    /// A load balancer of the platform that forwards to the other end (law 2.2 c).
    LoadBalancer,
}

/// One question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Who opens the session.
    pub source: Endpoint,
    /// Who is asked.
    pub destination: Endpoint,
    /// Protocol and ports.
    pub packet: Packet,
}
