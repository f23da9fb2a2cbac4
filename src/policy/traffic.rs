//! Traffic as a policy file writes it: `tcp/443`, `tcp/80-90,443`, `udp/53`, `icmp`, `47`, `all`.

use crate::netset::{Family, IpProtocol, PortRange, PortSet, TrafficItem, TransportSet};

/// Reads one item.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn parse(text: &str) -> Result<TransportSet, String> {
    let (name, ports) = text.split_once('/').map_or((text, None), |(name, ports)| (name, Some(ports)));
    let protocol = IpProtocol::parse(name).map_err(|_| format!("`{name}` is no protocol"))?;
    let Some(ports) = ports else { return Ok(TransportSet::of(protocol, &PortSet::all(), &PortSet::all())) };
    if !protocol.has_ports() {
        return Err(format!("`{name}` has no ports"));
    }
    let ranges: Vec<PortRange> = ports.split(',').map(range).collect::<Result<_, _>>()?;
    Ok(TransportSet::of(protocol, &ranges.into_iter().collect(), &PortSet::all()))
}

/// Reads several items.
///
/// # Errors
/// What is wrong with the first that is no traffic.
pub(super) fn of_words(words: &[String]) -> Result<TransportSet, String> {
    if words.is_empty() {
        return Err("no traffic is named".to_owned());
    }
    words.iter().try_fold(TransportSet::empty(), |all, text| Ok(all.union(&parse(text)?)))
}

fn range(text: &str) -> Result<PortRange, String> {
    let port = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u16>().ok().filter(|port| is_number && *port > 0)
    };
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (Some(low), Some(high)) = (port(low), port(high)) else {
        return Err(format!("`{text}` is no port between 1 and 65535, and no range of ports"));
    };
    PortRange::new(low, high).ok_or_else(|| format!("the range `{text}` ends before it begins"))
}

/// Returns traffic in the words it is written in, several items separated by a blank.
pub(super) fn name(traffic: &TransportSet) -> String {
    let [ipv4, ipv6] = [Family::Ipv4, Family::Ipv6].map(|family| traffic.items(family));
    // All that one family can carry is the one item `all`.
    let items = if ipv6.len() < ipv4.len() { ipv6 } else { ipv4 };
    let name = |item: &TrafficItem| {
        let mut text = item.protocol.clone();
        if !item.ports.is_all() {
            text.push('/');
            text.push_str(&item.ports.ranges().iter().map(ToString::to_string).collect::<Vec<_>>().join(","));
        }
        text
    };
    let mut names: Vec<String> = items.iter().map(name).collect();
    names.dedup();
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let names = names.join(" ");
    if more > 0 { format!("{names} and {more} more") } else { names }
}

/// Returns all of it in one text, for comparison and not for reading.
pub(super) fn exact(traffic: &TransportSet) -> String {
    let items = [Family::Ipv4, Family::Ipv6].map(|family| {
        let name = |item: &TrafficItem| {
            let ports =
                |set: &PortSet| set.ranges().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
            format!("{}/{}<{}", item.protocol, ports(&item.ports), ports(&item.source_ports))
        };
        traffic.items(family).iter().map(name).collect::<Vec<_>>().join(" ")
    });
    items.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_named() {
        for text in ["tcp/443", "tcp/80-90,443", "udp/53", "icmp", "gre", "all", "tcp"] {
            assert_eq!(name(&parse(text).unwrap()), text, "{text}");
        }
    }

    #[test]
    fn what_is_no_traffic_is_refused() {
        for text in ["tcp/0", "tcp/", "tcp/90-80", "icmp/8", "tcpp/80", "tcp/1-70000", "", "all/80", "tcp/+1"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
