//! Single values: the first byte says which, the others are its text.

use sgleave::cli::parse_traffic;
use sgleave::evaluate::{ReadingSetting, Readings};
use sgleave::netset::{HostBits, IpBlock, IpProtocol, PortRange, TransportSet};
use sgleave::simulate::{check_id, parse_move, parse_removal};

/// A value that is read means what its own text means.
pub(super) fn single_values(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 8 {
        0 => block(text),
        1 => ports(text),
        2 => protocol(text),
        3 => traffic(text),
        4 => reading(text),
        5 => {
            if check_id(text).is_ok() {
                assert!(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
        6 => {
            if let Ok(removal) = parse_removal(text) {
                assert_eq!(format!("{}:{}", removal.target, removal.group), text);
            }
        }
        _ => {
            if let Ok(removal) = parse_move(text) {
                let (target, old, new) = (removal.target, removal.group, removal.join.unwrap());
                assert_eq!(format!("{target}:{old}:{new}"), text);
            }
        }
    }
}

fn block(text: &str) {
    let Ok((block, bits)) = IpBlock::parse(text) else {
        assert!(text.parse::<IpBlock>().is_err(), "{text}");
        return;
    };
    assert!(block.first() <= block.last());
    assert!(block.last() - block.first() <= block.family().last());
    assert!(block.contains(&IpBlock::single(block.address())));
    assert_eq!(IpBlock::parse(&block.to_string()), Ok((block, HostBits::Clear)));
    assert_eq!(
        bits == HostBits::Clear,
        text.split('/').next().unwrap().parse() == Ok(block.address()),
        "{text}"
    );
}

fn ports(text: &str) {
    let Ok(range) = PortRange::parse(text) else { return };
    assert!((1..=range.high()).contains(&range.low()));
    assert_eq!(PortRange::parse(&format!("{}/{}", range.low(), range.high())), Ok(range));
}

fn protocol(text: &str) {
    let Ok(protocol) = IpProtocol::parse(text) else { return };
    assert_eq!(IpProtocol::parse(&protocol.to_string()), Ok(protocol));
}

fn traffic(text: &str) {
    let Ok(packet) = parse_traffic(text) else { return };
    assert!(TransportSet::everything().contains(packet), "{text} is {packet:?}");
    assert!(TransportSet::single(packet).contains(packet));
    assert_eq!(parse_traffic(&packet.to_string()), Ok(packet));
}

fn reading(text: &str) {
    let Ok(setting) = text.parse::<ReadingSetting>() else { return };
    let settings = Readings::default().with(setting).settings();
    assert!(settings.iter().any(|(name, value)| format!("{name}={value}") == text), "{text}");
}
