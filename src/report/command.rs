//! Commands a reader can copy: they ask again about exactly what a row or a section says.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::document::{
    InterfaceEndpoint, MembershipEntry, RemovalEntry, SimulationReport, TargetName, Traffic,
};
use super::rectangle::{Peers, Rectangle};
use crate::evaluate::Readings;
use crate::inventory::AddressKind;
use crate::netset::{Family, IpBlock, PortRange};
use crate::steering::steers;

/// Builds commands for one report.
pub(super) struct Commands<'r, 'a> {
    report: &'r SimulationReport<'a>,
    /// ` -i PATH…` and the readings that differ from the defaults; `None` where an argument cannot be shown.
    options: Option<String>,
    /// Every address an external example must not be taken for.
    internal: BTreeSet<IpBlock>,
    /// The same for delegated prefixes, which are few.
    delegated: Vec<IpBlock>,
}

impl<'r, 'a> Commands<'r, 'a> {
    pub(super) fn new(report: &'r SimulationReport<'a>) -> Self {
        let interfaces = report.names.graph.inventory().interfaces.iter();
        let addresses = interfaces.flat_map(|interface| &interface.addresses);
        let (internal, delegated): (Vec<IpBlock>, Vec<IpBlock>) =
            addresses.map(|address| address.block).partition(IpBlock::is_single);
        let readings = report.document.readings.iter().map(|(name, value)| (*name, *value));
        let options = options(&report.context.inputs, readings);
        Self { report, options, internal: internal.into_iter().collect(), delegated }
    }

    /// Returns the command that runs this simulation again; `None` where it would be too long to read.
    pub(super) fn simulate(&self, more: &str) -> Option<String> {
        let options = self.options.as_deref()?;
        let removals = &self.report.document.removals;
        let arguments = if removals.len() > 4 {
            " REMOVAL...".to_owned()
        } else {
            removals.iter().map(removal_argument).collect::<Option<String>>()?
        };
        Some(format!("sgleave simulate{options}{arguments} {more}"))
    }

    /// Returns the command that explains one packet of a rectangle; `None` where no command can ask that.
    pub(super) fn explain(
        &self,
        rectangle: &Rectangle<'_, 'a>,
        traffic: &Traffic,
        ports: Option<PortRange>,
    ) -> Option<String> {
        let options = self.options.as_deref()?;
        let changed = self.end(rectangle.changed)?;
        let (peer, peer_ix) = match &rectangle.peers {
            Peers::Interfaces(interfaces) => {
                let peer = interfaces.first()?;
                (self.end(peer)?, Some(peer.ix))
            }
            Peers::External(blocks) => (self.outside(blocks)?.to_string(), None),
            Peers::ForeignGroup(_) => return None,
        };
        let (from, to) = if rectangle.outgoing { (changed, peer) } else { (peer, changed) };
        // The answer depends on the groups of the two ends and of nobody else.
        let ends = [Some(rectangle.changed.ix), peer_ix];
        let removals = self.report.document.removals.iter();
        let arguments: String = removals
            .filter(|removal| ends.contains(&Some(removal.ix)))
            .map(removal_argument)
            .collect::<Option<String>>()?;
        let packet = packet_text(traffic, ports);
        let source = match &traffic.source_ports {
            Some(ports) => format!(" --source-port {}", ports.split([',', '-']).next()?),
            None => String::new(),
        };
        Some(format!("sgleave explain{options}{source} {from} {to} {packet}{arguments}"))
    }

    /// An interface by its id, which means its primary address; else by its id and one of the addresses meant.
    fn end(&self, end: &InterfaceEndpoint<'a>) -> Option<String> {
        let id = plain(end.interface_id)?;
        if end.addresses.iter().any(|own| own.kind == AddressKind::Primary) {
            return Some(id.to_owned());
        }
        let address = end.addresses.first()?.block.address();
        Some(format!("{id}@{address}"))
    }

    /// Some address of the blocks that is no address of the inventory.
    fn outside(&self, blocks: &[&IpBlock]) -> Option<IpAddr> {
        let family = blocks.first()?.family();
        // The addresses reserved for examples say at a glance that any other would do.
        let example = match family {
            Family::Ipv4 => IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1)),
            Family::Ipv6 => IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        };
        let holds = |address: IpAddr| blocks.iter().any(|block| block.contains(&IpBlock::single(address)));
        let free = |address: IpAddr| {
            let single = IpBlock::single(address);
            !self.internal.contains(&single) && !self.delegated.iter().any(|block| block.contains(&single))
        };
        if holds(example) && free(example) {
            return Some(example);
        }
        blocks.iter().find_map(|block| {
            // The first address of a subnet is its name; the ones behind it look like hosts.
            let first = block.first().saturating_add(1).min(block.last());
            (first..=block.last())
                .take(256)
                .map(|number| family.address(number))
                .find(|address| free(*address))
        })
    }
}

/// ` -i PATH…` and the readings that differ from the defaults; `None` where an argument cannot be shown.
pub(super) fn options<'s>(
    inputs: &[String],
    readings: impl IntoIterator<Item = (&'s str, &'s str)>,
) -> Option<String> {
    if inputs.is_empty() {
        return None;
    }
    let mut text = String::new();
    for input in inputs {
        text.push_str(" -i ");
        text.push_str(&shell_quoted(input)?);
    }
    let usual = Readings::default().settings();
    for (name, chosen) in readings.into_iter().filter(|reading| !usual.contains(reading)) {
        text.push_str(&format!(" --reading {name}={chosen}"));
    }
    Some(text)
}

/// Returns the command that simulates one membership of an audit.
pub(super) fn one_simulation(options: &str, entry: &MembershipEntry<'_>) -> Option<String> {
    let (interface, group) = (plain(entry.interface_id)?, plain(entry.group_id)?);
    Some(format!("sgleave simulate{options} {interface}:{group}"))
}

fn removal_argument(removal: &RemovalEntry<'_>) -> Option<String> {
    let target = match (removal.target, removal.instance_id) {
        (TargetName::Instance, Some(instance)) => plain(instance)?,
        _ => plain(removal.interface_id)?,
    };
    let group = plain(removal.group_id)?;
    Some(match removal.join_group_id {
        None => format!(" {target}:{group}"),
        Some(join) => format!(" --move {target}:{group}:{}", plain(join)?),
    })
}

/// The lowest packet of one run of ports, as the command line writes it.
fn packet_text(traffic: &Traffic, ports: Option<PortRange>) -> String {
    let protocol = traffic.protocol.as_str();
    match protocol {
        // Any packet answers for all of them; a familiar one is easier to read.
        "all" => "tcp/443".to_owned(),
        "tcp" | "udp" => format!("{protocol}/{}", ports.map_or(1, |range| range.low())),
        _ => protocol.split('-').next().unwrap_or(protocol).to_owned(),
    }
}

/// Returns a command with options and arguments, each value quoted where a shell needs it; `None` where one cannot stand on a
/// readable line.
#[must_use]
pub fn command_line<'w>(
    command: &str,
    options: &[(&'static str, String)],
    arguments: impl IntoIterator<Item = &'w str>,
) -> Option<String> {
    let mut text = command.to_owned();
    for (flag, value) in options {
        text.push_str(&format!(" {flag} {}", shell_quoted(value)?));
    }
    for argument in arguments {
        text.push_str(&format!(" {}", shell_quoted(argument)?));
    }
    Some(text)
}

/// Returns the id if a shell and a reader take it as it stands.
fn plain(id: &str) -> Option<&str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '/' | '-');
    (!id.is_empty() && !id.starts_with('-') && id.chars().all(is_plain)).then_some(id)
}

/// Returns the argument quoted for a POSIX shell; `None` where it cannot stand on one readable line.
fn shell_quoted(argument: &str) -> Option<Cow<'_, str>> {
    if steers(argument) {
        return None;
    }
    if argument == "-" || plain(argument).is_some() {
        return Some(Cow::Borrowed(argument));
    }
    Some(Cow::Owned(format!("'{}'", argument.replace('\'', r"'\''"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(shell_quoted("exports/prod").unwrap(), "exports/prod");
        assert_eq!(shell_quoted("-").unwrap(), "-");
        assert_eq!(shell_quoted("my export").unwrap(), "'my export'");
        assert_eq!(shell_quoted("a'b;$(c)").unwrap(), r"'a'\''b;$(c)'");
        assert_eq!(shell_quoted("a\nb"), None);
    }

    #[test]
    fn only_plain_ids_enter_a_command() {
        assert_eq!(plain("i-a/primary"), Some("i-a/primary"));
        for id in ["", "-rf", "a b", "$(x)", "=1", "\u{202e}a"] {
            assert_eq!(plain(id), None, "{id}");
        }
    }
}
