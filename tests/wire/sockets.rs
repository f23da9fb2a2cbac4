//! Sockets that do not block, and what is sent through them.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::ipproto::{ICMP, ICMPV6, TCP, UDP};
use rustix::net::{
    AddressFamily, Protocol, RawProtocol, RecvFlags, SendFlags, SocketFlags, SocketType, bind, connect,
    listen, recv, recvfrom, sendto, socket_with, sockopt,
};

/// Bare packets begin like a GRE header that says nothing; then they say that they are ours.
const MARK: [u8; 12] = *b"\0\0\0\0\0\0\0\0wire";

fn open(address: IpAddr, kind: SocketType, protocol: Protocol) -> OwnedFd {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    socket_with(family, kind, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC, Some(protocol)).unwrap()
}

/// A port that a server listens on may be a source port too, and of several probes.
fn share(socket: &OwnedFd) {
    sockopt::set_socket_reuseaddr(socket, true).unwrap();
    sockopt::set_socket_reuseport(socket, true).unwrap();
}

/// Returns a TCP server on every address of this namespace and family.
pub fn tcp_server(any: IpAddr, port: u16) -> OwnedFd {
    let socket = open(any, SocketType::STREAM, TCP);
    share(&socket);
    if any.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true).unwrap();
    }
    bind(&socket, &SocketAddr::new(any, port)).unwrap();
    listen(&socket, 4096).unwrap();
    socket
}

/// Begins to connect.
pub fn tcp_client(from: SocketAddr, to: SocketAddr) -> OwnedFd {
    let socket = open(from.ip(), SocketType::STREAM, TCP);
    share(&socket);
    // A reset at the end leaves neither side waiting for late packets.
    sockopt::set_socket_linger(&socket, Some(Duration::ZERO)).unwrap();
    bind(&socket, &from).unwrap();
    match connect(&socket, &to) {
        Ok(()) | Err(Errno::INPROGRESS) => socket,
        Err(error) => panic!("tcp {from} -> {to}: {error}"),
    }
}

/// Says how a connect ended.
pub fn connected(socket: &OwnedFd) -> Result<(), Errno> {
    sockopt::socket_error(socket).unwrap()
}

/// Accepts and closes everything that waits. The client, who may not have looked yet, is the one to reset.
pub fn accept_all(server: &OwnedFd) {
    while rustix::net::accept_with(server, SocketFlags::NONBLOCK).is_ok() {}
}

pub fn udp_server(at: SocketAddr) -> OwnedFd {
    let socket = open(at.ip(), SocketType::DGRAM, UDP);
    share(&socket);
    bind(&socket, &at).unwrap();
    socket
}

/// Sends one datagram; its answer comes back to the same socket.
pub fn udp_client(from: SocketAddr, to: SocketAddr, number: u32) -> OwnedFd {
    let socket = udp_server(from);
    connect(&socket, &to).unwrap();
    rustix::net::send(&socket, &number.to_be_bytes(), SendFlags::empty())
        .unwrap_or_else(|error| panic!("udp {from} -> {to}: {error}"));
    socket
}

/// Sends every datagram back where it came from.
pub fn echo_all(server: &OwnedFd) {
    let mut buffer = [0; 64];
    while let Ok((_, length, Some(peer))) = recvfrom(server, &mut buffer, RecvFlags::empty()) {
        // The answer has its own way back; if it is lost the probe shows it.
        let _ = sendto(server, &buffer[..length], SendFlags::empty(), &peer);
    }
}

/// Sends an ICMP echo request; the kernel of the other side answers.
pub fn ping(from: IpAddr, to: IpAddr) -> OwnedFd {
    let (protocol, request) = if from.is_ipv4() { (ICMP, 8) } else { (ICMPV6, 128) };
    let socket = open(from, SocketType::DGRAM, protocol);
    bind(&socket, &SocketAddr::new(from, 0)).unwrap();
    connect(&socket, &SocketAddr::new(to, 0)).unwrap();
    let message = [request, 0, 0, 0, 0, 0, 0, 1, b'w', b'i', b'r', b'e'];
    rustix::net::send(&socket, &message, SendFlags::empty())
        .unwrap_or_else(|error| panic!("ping {from} -> {to}: {error}"));
    socket
}

/// Tells whether an answer arrived.
pub fn is_answered(socket: &OwnedFd) -> Result<(), Errno> {
    recv(socket, &mut [0; 64], RecvFlags::empty()).map(drop)
}

/// Returns a socket for bare packets of a protocol without ports, to one host's address or from it.
pub fn bare(at: IpAddr, protocol: u8) -> OwnedFd {
    let protocol = Protocol::from_raw(RawProtocol::new(u32::from(protocol)).unwrap());
    let socket = open(at, SocketType::RAW, protocol);
    bind(&socket, &SocketAddr::new(at, 0)).unwrap();
    socket
}

/// Sends one bare packet.
pub fn send_bare(socket: &OwnedFd, to: IpAddr, number: u32) {
    let mut message = MARK.to_vec();
    message.extend(number.to_be_bytes());
    sendto(socket, &message, SendFlags::empty(), &SocketAddr::new(to, 0))
        .unwrap_or_else(|error| panic!("bare packet to {to}: {error}"));
}

/// Returns the numbers of the bare packets that arrived.
pub fn received(socket: &OwnedFd, at: IpAddr) -> Vec<u32> {
    let mut buffer = [0; 128];
    let mut numbers = Vec::new();
    while let Ok((_, length)) = recv(socket, &mut buffer, RecvFlags::empty()) {
        // IPv4 hands out its header, IPv6 does not.
        let header = if at.is_ipv4() { usize::from(buffer[0] & 15) * 4 } else { 0 };
        let message = &buffer[header.min(length)..length];
        if let Some(number) = message.strip_prefix(&MARK).and_then(|rest| rest.try_into().ok()) {
            numbers.push(u32::from_be_bytes(number));
        }
    }
    numbers
}
