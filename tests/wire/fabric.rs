//! Network namespaces: one vSwitch in the middle, hosts around it.
//!
//! Every host has one link to the vSwitch and sends everything there. Neighbours are fixed, so that no packet waits
//! for a resolution and the rules need no exception for it.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::Write as _;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// The vSwitch and its hosts; dropping it removes them.
pub struct Fabric {
    names: Vec<String>,
    vswitch: String,
    home: File,
}

impl Fabric {
    /// Makes a vSwitch and one host for each list of addresses.
    pub fn new(hosts: &[Vec<IpAddr>]) -> Self {
        let run = RandomState::new().hash_one("sgleave") & 0xff_ffff;
        let fabric = Self {
            names: (0..hosts.len()).map(|host| format!("sgleave-{run:06x}-{host}")).collect(),
            vswitch: format!("sgleave-{run:06x}-vswitch"),
            home: File::open("/proc/thread-self/ns/net").unwrap(),
        };
        fabric.make_links();
        fabric.within_vswitch(|| {
            write("net/ipv4/ip_forward", "1");
            write("net/ipv6/conf/all/forwarding", "1");
            // A source is only routed back to where it comes from, but the vSwitch has no address to tell so.
            write("net/ipv4/conf/all/rp_filter", "0");
            let mut lines = String::new();
            for (host, addresses) in hosts.iter().enumerate() {
                lines.push_str(&format!("link set v{host} addrgenmode none up\n"));
                for address in addresses {
                    let mac = mac(host);
                    lines.push_str(&format!("neigh add {address} lladdr {mac} dev v{host} nud permanent\n"));
                    lines.push_str(&format!("route add {address} dev v{host}\n"));
                }
            }
            feed("ip", &["-batch", "-"], &lines);
        });
        for (host, addresses) in hosts.iter().enumerate() {
            fabric.within(host, || {
                write("net/ipv4/ping_group_range", "0 2147483647");
                feed("ip", &["-batch", "-"], &host_lines(addresses));
            });
        }
        fabric
    }

    fn make_links(&self) {
        let mut lines = format!("netns add {}\n", self.vswitch);
        for (host, name) in self.names.iter().enumerate() {
            let vswitch = &self.vswitch;
            lines.push_str(&format!("netns add {name}\n"));
            lines.push_str(&format!(
                "link add v{host} address {GATEWAY} netns {vswitch} type veth \
                 peer name eth0 address {} netns {name}\n",
                mac(host)
            ));
        }
        feed("ip", &["-batch", "-"], &lines);
    }

    /// Runs something in the namespace of a host.
    pub fn within<T>(&self, host: usize, act: impl FnOnce() -> T) -> T {
        self.inside(&self.names[host], act)
    }

    fn within_vswitch<T>(&self, act: impl FnOnce() -> T) -> T {
        self.inside(&self.vswitch, act)
    }

    fn inside<T>(&self, name: &str, act: impl FnOnce() -> T) -> T {
        let space = File::open(format!("/run/netns/{name}")).unwrap();
        // However `act` ends, the thread goes home.
        let _way_back = WayBack(&self.home);
        enter(&space);
        act()
    }

    /// Opens the namespaces of the hosts, for [`enter`].
    pub fn spaces(&self) -> Vec<File> {
        self.names.iter().map(|name| File::open(format!("/run/netns/{name}")).unwrap()).collect()
    }

    /// Gives the vSwitch rules, or changes those it runs on.
    pub fn filter(&self, rules: &str) {
        self.within_vswitch(|| feed("nft", &["-f", "-"], rules));
    }

    /// Makes the vSwitch forget every session: replies to old ones pass whatever the rules say.
    pub fn forget_sessions(&self) {
        self.within_vswitch(|| {
            let output = Command::new("conntrack").arg("-F").stdin(Stdio::null()).output().unwrap();
            assert!(output.status.success(), "conntrack: {}", String::from_utf8_lossy(&output.stderr));
        });
    }
}

impl Drop for Fabric {
    fn drop(&mut self) {
        for name in self.names.iter().chain([&self.vswitch]) {
            if fs::exists(format!("/run/netns/{name}")).unwrap_or(true) {
                let _ = Command::new("ip").args(["netns", "delete", name]).status();
            }
        }
    }
}

struct WayBack<'a>(&'a File);

impl Drop for WayBack<'_> {
    fn drop(&mut self) {
        enter(self.0);
    }
}

/// Moves this thread, and the processes it starts, into a namespace. Sockets stay where they were made.
pub fn enter(space: &File) {
    move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
}

const GATEWAY: &str = "02:00:00:00:00:01";

fn mac(host: usize) -> String {
    format!("02:00:00:00:01:{host:02x}")
}

fn host_lines(addresses: &[IpAddr]) -> String {
    let mut lines = "link set lo up\nlink set eth0 addrgenmode none up\n".to_owned();
    for address in addresses {
        // Without `nodad` an IPv6 address cannot be used for a second.
        lines.push_str(&match address {
            IpAddr::V4(_) => format!("addr add {address}/32 dev eth0\n"),
            IpAddr::V6(_) => format!("addr add {address}/128 dev eth0 nodad\n"),
        });
    }
    for (gateway, everything) in [("169.254.1.1", "0.0.0.0/0"), ("fe80::1", "::/0")] {
        lines.push_str(&format!("neigh add {gateway} lladdr {GATEWAY} dev eth0 nud permanent\n"));
        lines.push_str(&format!("route add {everything} via {gateway} dev eth0 onlink\n"));
    }
    lines
}

/// Sets a value of the kernel for the namespace of this thread.
fn write(key: &str, value: &str) {
    fs::write(format!("/proc/sys/{key}"), value).unwrap_or_else(|error| panic!("{key}: {error}"));
}

fn feed(tool: &str, arguments: &[&str], input: &str) {
    let mut command = Command::new(tool);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{tool}: {}\n{input}", String::from_utf8_lossy(&output.stderr));
}
