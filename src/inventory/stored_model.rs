//! The model as bytes, type by type. What a type says in `model` about its content is looked at in `stored`.

use super::bytes::{Bytes, Stored, put_text, stored_texts};
use super::id::{
    AccountId, InstanceId, NetworkInterfaceId, PortRangeListId, PrefixListId, RegionId, SecurityGroupId,
    SecurityGroupRuleId, VSwitchId, VpcId,
};
use super::issue::{InventoryIssue, IssueLevel};
use super::model::{
    AddressKind, Direction, ExternalConsumer, ForeignReference, InnerAccessPolicy, Instance,
    InterfaceAddress, InterfaceKind, InventoryGap, Memberships, Network, NetworkInterface, PortRangeList,
    PrefixList, RuleAction, RuleGap, RulePeer, RulePorts, SecurityGroup, SecurityGroupRule,
    SecurityGroupType, Unevaluable,
};
use super::shared::SharedText;
use crate::netset::{Family, IpBlock, IpProtocol, PortRange};

/// Field by field, in the order in which they stand here. A field that is left out does not compile.
macro_rules! stored_structs {
    ($($name:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),+ } = self;
                $($field.put(out);)+
            }

            fn take(from: &mut Bytes<'_>) -> Option<Self> {
                Some(Self { $($field: Stored::take(from)?),+ })
            }
        }
    )+};
}

/// The number of the variant, then what it holds. A variant that is left out does not compile.
macro_rules! stored_enums {
    ($($name:ident { $($number:literal => $variant:ident $(($inner:ident))?),+ $(,)? })+) => {$(
        impl Stored for $name {
            fn put(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $(($inner))? => {
                        out.push($number);
                        $($inner.put(out);)?
                    })+
                }
            }

            fn take(from: &mut Bytes<'_>) -> Option<Self> {
                Some(match from.byte()? {
                    $($number => {
                        $(let $inner = Stored::take(from)?;)?
                        Self::$variant $(($inner))?
                    })+
                    _ => return None,
                })
            }
        }
    )+};
}

stored_texts! {
    SharedText, AccountId, InstanceId, NetworkInterfaceId, PortRangeListId, PrefixListId, RegionId, SecurityGroupId,
    SecurityGroupRuleId, VSwitchId, VpcId,
}

stored_structs! {
    Instance { id, name, status, region, locks, tags }
    InterfaceAddress { block, kind }
    NetworkInterface {
        id, name, kind, status, instance, network, vswitch, region, owner, memberships, addresses,
        service_managed, tags,
    }
    SecurityGroup {
        id, name, network, region, group_type, inner_access, service_managed, rules, rule_gaps, tags,
    }
    RuleGap { direction, code }
    SecurityGroupRule {
        direction, priority, action, protocol, ports, source_ports, peer, local, unevaluable, id,
    }
    PrefixList { entries, max_entries }
    PortRangeList { entries, max_entries }
    ForeignReference { group, referencing, owner }
    ExternalConsumer { group, kind, id }
    InventoryGap { code, what }
    InventoryIssue { level, code, source, pointer, message, help }
}

stored_enums! {
    InterfaceKind { 0 => Primary, 1 => Secondary, 2 => Other }
    Memberships { 0 => Unknown, 1 => Known(groups) }
    AddressKind { 0 => Primary, 1 => Secondary, 2 => Ipv6, 3 => Prefix }
    Network { 0 => Unknown, 1 => Classic, 2 => Vpc(id) }
    SecurityGroupType { 0 => Normal, 1 => Enterprise }
    InnerAccessPolicy { 0 => Accept, 1 => Drop }
    Direction { 0 => Ingress, 1 => Egress }
    RuleAction { 0 => Drop, 1 => Accept }
    RulePorts { 0 => Any, 1 => Ranges(ranges), 2 => List(id) }
    Unevaluable { 0 => Protocol(text), 1 => AllWithPort(text), 2 => UnknownKey(text) }
    IssueLevel { 0 => Error, 1 => Warning, 2 => Note }
}

impl Stored for RulePeer {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Block(block) => {
                out.push(0);
                block.put(out);
            }
            Self::Group { id, owner } => {
                out.push(1);
                id.put(out);
                owner.put(out);
            }
            Self::PrefixList(id) => {
                out.push(2);
                id.put(out);
            }
        }
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        Some(match from.byte()? {
            0 => Self::Block(Stored::take(from)?),
            1 => Self::Group { id: Stored::take(from)?, owner: Stored::take(from)? },
            2 => Self::PrefixList(Stored::take(from)?),
            _ => return None,
        })
    }
}

impl Stored for IpBlock {
    fn put(&self, out: &mut Vec<u8>) {
        let first = self.first().to_le_bytes();
        match self.family() {
            Family::Ipv4 => {
                out.push(4);
                out.extend(first.iter().take(4));
            }
            Family::Ipv6 => {
                out.push(6);
                out.extend_from_slice(&first);
            }
        }
        out.push(self.length());
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        let (family, first) = match from.byte()? {
            4 => (Family::Ipv4, u128::from(u32::from_le_bytes(from.array()?))),
            6 => (Family::Ipv6, u128::from_le_bytes(from.array()?)),
            _ => return None,
        };
        let length = from.byte()?;
        let block = Self::around(family, first, length);
        (block.first() == first && block.length() == length).then_some(block)
    }
}

impl Stored for PortRange {
    fn put(&self, out: &mut Vec<u8>) {
        self.low().put(out);
        self.high().put(out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        Self::new(u16::take(from)?, u16::take(from)?)
    }
}

impl Stored for IpProtocol {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::All => None,
            Self::Number(number) => Some(*number),
        }
        .put(out);
    }

    fn take(from: &mut Bytes<'_>) -> Option<Self> {
        let number: Option<u8> = Stored::take(from)?;
        Some(number.map_or(Self::All, Self::Number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::bytes::tests::{bytes_of, read};
    use super::*;

    #[test]
    fn blocks_ranges_and_protocols_come_back() {
        for text in ["0.0.0.0/0", "255.255.255.255", "10.1.2.0/23", "::/0", "2001:db8::/32", "ffff::1"] {
            let block: IpBlock = text.parse().unwrap();
            assert_eq!(read(&bytes_of(&block)), Some(block));
        }
        assert_eq!(read(&bytes_of(&PortRange::ALL)), Some(PortRange::ALL));
        for protocol in [IpProtocol::All, IpProtocol::TCP, IpProtocol::Number(0), IpProtocol::Number(255)] {
            assert_eq!(read(&bytes_of(&protocol)), Some(protocol));
        }
    }

    #[test]
    fn what_is_no_block_or_range_is_not_read() {
        assert_eq!(read::<PortRange>(&[80, 0, 22, 0]), None);
        assert_eq!(read::<PortRange>(&[0, 0, 22, 0]), None);
        let block: IpBlock = "10.0.0.0/8".parse().unwrap();
        let bytes = bytes_of(&block);
        assert_eq!(read(&bytes), Some(block));
        for (at, wrong) in [(0, 5), (1, 1), (5, 33), (5, 6)] {
            let mut bytes = bytes.clone();
            bytes[at] = wrong;
            assert_eq!(read::<IpBlock>(&bytes), None, "{at}");
        }
    }

    #[test]
    fn a_variant_that_is_none_is_not_read() {
        assert_eq!(read::<Network>(&[3]), None);
        assert_eq!(read::<RulePeer>(&[3]), None);
        assert_eq!(read::<Memberships>(&[1, 1]), None);
    }
}
