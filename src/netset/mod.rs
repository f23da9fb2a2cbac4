//! Room 0: sets of addresses, ports and protocols. No cloud word enters.
//!
//! [`IpBlock`] is a CIDR block, [`IpRange`] a run of addresses, [`PortRange`] the `22/22` notation,
//! [`TransportSet`] a set of (protocol, source port, destination port) with exact algebra and one canonical form.

mod decide;
mod ip_block;
mod ip_range;
mod packed;
mod port_range;
mod protocol;
mod traffic_item;
mod transport;

pub use ip_block::{Family, HostBits, IpBlock, IpBlockError};
pub use ip_range::{IpRange, blocks_of};
pub use port_range::{PortRange, PortRangeError, PortSet};
pub use protocol::{IpProtocol, Packet, ProtocolError};
pub use traffic_item::TrafficItem;
pub use transport::TransportSet;
