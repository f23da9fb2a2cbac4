//! Asks the wire: many sockets in many namespaces, one loop.
//!
//! 1. Servers stand on every port that is asked, in every namespace: TCP, an UDP echo, bare packets.
//! 2. Probes go out in waves. A probe that hears nothing until the wave's patience ends was dropped: rules drop
//!    silently, so anything else that is heard is a fault of the test and ends it.
//! 3. A packet that answers a probe passes whatever the rules say. So of two ends, one asks first, then the sessions
//!    are forgotten, then the other one asks: with fixed source ports a probe could else pass as an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use sgleave::netset::{Family, Packet};

use crate::estate::{Estate, Probe};
use crate::fabric::{Fabric, enter};
use crate::sockets;

/// Probes in flight, at most; each has a file descriptor.
const WAVE: usize = 4_000;
/// Keys of servers lie behind those of probes.
const SERVERS: u64 = 1 << 32;

enum Server {
    Tcp(OwnedFd),
    Udp(OwnedFd),
    Bare(OwnedFd, IpAddr),
}

pub struct Prober<'a> {
    fabric: &'a Fabric,
    spaces: Vec<File>,
    home: File,
    epoll: OwnedFd,
    servers: Vec<Server>,
    bare: BTreeMap<(IpAddr, u8), usize>,
    /// The number of the first probe of the wave.
    sent: u32,
}

impl<'a> Prober<'a> {
    /// Opens the servers of an estate.
    pub fn new(fabric: &'a Fabric, estate: &Estate) -> Self {
        let mut prober = Self {
            fabric,
            spaces: fabric.spaces(),
            home: File::open("/proc/thread-self/ns/net").unwrap(),
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC).unwrap(),
            servers: Vec::new(),
            bare: BTreeMap::new(),
            sent: 0,
        };
        let menus = [Family::Ipv4, Family::Ipv6].map(|family| estate.menu(family));
        for (host, addresses) in estate.hosts().iter().enumerate() {
            enter(&prober.spaces[host]);
            for (any, menu) in [
                (IpAddr::V4(Ipv4Addr::UNSPECIFIED), &menus[0]),
                (IpAddr::V6(Ipv6Addr::UNSPECIFIED), &menus[1]),
            ] {
                let addresses = addresses.iter().copied().filter(|one| one.is_ipv4() == any.is_ipv4());
                prober.serve(any, &addresses.collect::<Vec<_>>(), menu);
            }
        }
        enter(&prober.home);
        for (key, server) in (SERVERS..).zip(&prober.servers) {
            let (Server::Tcp(socket) | Server::Udp(socket) | Server::Bare(socket, _)) = server;
            let data = epoll::EventData::new_u64(key);
            epoll::add(&prober.epoll, socket, data, epoll::EventFlags::IN).unwrap();
        }
        prober
    }

    fn serve(&mut self, any: IpAddr, addresses: &[IpAddr], menu: &[Packet]) {
        for packet in menu {
            let port = packet.destination_port;
            match packet.protocol {
                TCP => self.servers.push(Server::Tcp(sockets::tcp_server(any, port))),
                UDP => {
                    // One socket for each address, so that the answer comes from where the question went.
                    let server = |address: &IpAddr| sockets::udp_server(SocketAddr::new(*address, port));
                    self.servers.extend(addresses.iter().map(server).map(Server::Udp));
                }
                ICMP | ICMPV6 => {}
                protocol => {
                    for address in addresses {
                        self.bare.insert((*address, protocol), self.servers.len());
                        self.servers.push(Server::Bare(sockets::bare(*address, protocol), *address));
                    }
                }
            }
        }
    }

    /// Tells of each probe whether it passes.
    pub fn ask(&mut self, estate: &Estate, probes: &[Probe], patience: Duration) -> Vec<bool> {
        let mut passed = vec![false; probes.len()];
        let (mut there, mut back): (Vec<usize>, Vec<usize>) =
            (0..probes.len()).partition(|at| probes[*at].from < probes[*at].to);
        for part in [&mut there, &mut back] {
            // Few moves between namespaces.
            part.sort_by_key(|at| estate.host_of(probes[*at].from));
            for wave in part.chunks(WAVE) {
                self.fabric.forget_sessions();
                let asked: Vec<Probe> = wave.iter().map(|at| probes[*at]).collect();
                for position in self.wave(estate, &asked, patience) {
                    passed[wave[position]] = true;
                }
            }
        }
        passed
    }

    /// Sends a wave and returns the positions of the probes that passed.
    fn wave(&mut self, estate: &Estate, probes: &[Probe], patience: Duration) -> BTreeSet<usize> {
        let mut flight =
            Flight { first: self.sent, waiting: Vec::with_capacity(probes.len()), passed: BTreeSet::new() };
        self.sent += u32::try_from(probes.len()).unwrap();
        let mut at_host = None;
        for (position, probe) in probes.iter().enumerate() {
            let host = estate.host_of(probe.from);
            if at_host.replace(host) != Some(host) {
                enter(&self.spaces[host]);
            }
            let number = flight.first + u32::try_from(position).unwrap();
            let socket = self.send(probe, number);
            if let Some(socket) = &socket {
                let event =
                    if probe.packet.protocol == TCP { epoll::EventFlags::OUT } else { epoll::EventFlags::IN };
                let key = epoll::EventData::new_u64(u64::try_from(position).unwrap());
                epoll::add(&self.epoll, socket, key, event).unwrap();
            }
            flight.waiting.push(socket);
            // Buffers are small: servers answer while the wave goes out.
            if position % 128 == 127 {
                self.listen(&mut flight, probes, Duration::ZERO);
            }
        }
        enter(&self.home);
        let end = Instant::now() + patience;
        while flight.passed.len() < probes.len() {
            let Some(left) = end.checked_duration_since(Instant::now()) else { break };
            self.listen(&mut flight, probes, left);
        }
        flight.passed
    }

    fn send(&self, probe: &Probe, number: u32) -> Option<OwnedFd> {
        let from = SocketAddr::new(probe.from.address(), probe.packet.source_port);
        let to = SocketAddr::new(probe.to.address(), probe.packet.destination_port);
        match probe.packet.protocol {
            TCP => Some(sockets::tcp_client(from, to)),
            UDP => Some(sockets::udp_client(from, to, number)),
            ICMP | ICMPV6 => Some(sockets::ping(from.ip(), to.ip())),
            protocol => {
                let server = &self.servers[self.bare[&(from.ip(), protocol)]];
                let Server::Bare(socket, _) = server else { unreachable!("it is one of bare packets") };
                sockets::send_bare(socket, to.ip(), number);
                None
            }
        }
    }

    /// Waits for events at most this long, and deals with those that are there.
    fn listen(&self, flight: &mut Flight, probes: &[Probe], patience: Duration) {
        let patience = Timespec::try_from(patience).unwrap();
        let mut events = Vec::with_capacity(1_024);
        match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("{error}"),
        }
        for event in events {
            let key = event.data.u64();
            if let Some(server) = key.checked_sub(SERVERS) {
                match &self.servers[usize::try_from(server).unwrap()] {
                    Server::Tcp(socket) => sockets::accept_all(socket),
                    Server::Udp(socket) => sockets::echo_all(socket),
                    Server::Bare(socket, address) => flight.arrived(&sockets::received(socket, *address)),
                }
                continue;
            }
            let position = usize::try_from(key).unwrap();
            // Closing the socket takes it out of the loop.
            let Some(socket) = flight.waiting[position].take() else { continue };
            let probe = &probes[position];
            let answer = if probe.packet.protocol == TCP {
                sockets::connected(&socket)
            } else {
                sockets::is_answered(&socket)
            };
            if let Err(error) = answer {
                panic!("{probe:?} is neither answered nor dropped: {error}");
            }
            flight.passed.insert(position);
        }
    }
}

/// A wave under way.
struct Flight {
    first: u32,
    waiting: Vec<Option<OwnedFd>>,
    passed: BTreeSet<usize>,
}

impl Flight {
    /// Notes bare packets; those of an earlier wave are too late.
    fn arrived(&mut self, numbers: &[u32]) {
        let positions = numbers.iter().filter_map(|number| number.checked_sub(self.first));
        self.passed.extend(positions.map(|position| usize::try_from(position).unwrap()));
    }
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;
