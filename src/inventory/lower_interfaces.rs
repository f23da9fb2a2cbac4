//! Judging instances and interfaces.

use super::addresses::distinct;
use super::ecs::{
    GroupIdText, Instance, Ipv4Prefix, Ipv6, Ipv6Prefix, NestedInterface, NetworkInterface, PrivateIp,
};
use super::facts::{InstanceFact, NestedFact};
use super::few::Few;
use super::id::{InstanceId, NetworkInterfaceId, RegionId, SecurityGroupId, VSwitchId, VpcId};
use super::issue::{IssueLevel, LoadError};
use super::lower::census;
use super::model::{
    self, AddressKind, Addresses, GroupIds, InterfaceAddress, InterfaceKind, Memberships, Network,
};
use super::place::{Notices, Path, excerpt};
use super::scalars::{
    RAW_ANSWER, account, block, element, flag, id, inner, items, label, region_of_zone, required_id, tags,
    word,
};
use super::wire::{List, Shape, Slot, Text};
use crate::netset::{Family, HostBits, IpBlock};

/// Judges an element of DescribeNetworkInterfaces.
pub(super) fn interface(
    raw: &NetworkInterface<'_>,
    path: &Path<'_>,
    notices: &mut Notices<'_>,
) -> Result<model::NetworkInterface, LoadError> {
    census("interface", &raw.unknown, path, notices);
    let id_text = required_id(&raw.network_interface_id, &path.key("NetworkInterfaceId"), notices)?;
    let zone = word(&raw.zone_id, &path.key("ZoneId"), notices)?;
    let network = match id(&raw.vpc_id, &path.key("VpcId"), notices)? {
        Some(vpc) => Network::Vpc(VpcId::from(vpc)),
        None => Network::Unknown,
    };
    let sets = AddressSets {
        primary: (&raw.private_ip_address, "PrivateIpAddress"),
        private: &raw.private_ip_sets,
        v6: &raw.ipv6_sets,
        prefixes4: &raw.ipv4_prefix_sets,
        prefixes6: &raw.ipv6_prefix_sets,
    };
    Ok(model::NetworkInterface {
        id: NetworkInterfaceId::from(id_text),
        name: label(&raw.network_interface_name, &path.key("NetworkInterfaceName"), notices)?.into(),
        kind: kind_of(&raw.kind, path, notices)?.unwrap_or(InterfaceKind::Other),
        status: word(&raw.status, &path.key("Status"), notices)?.unwrap_or_default().into(),
        instance: attached_to(raw, path, notices)?,
        network,
        vswitch: id(&raw.vswitch_id, &path.key("VSwitchId"), notices)?.map(VSwitchId::from),
        region: zone.and_then(region_of_zone).map(RegionId::from),
        owner: account(&raw.owner_id, &path.key("OwnerId"), notices)?.map(|owner| owner.into_owned().into()),
        memberships: memberships(&raw.security_group_ids, id_text, path, notices)?,
        addresses: sets.read(path, notices)?,
        service_managed: flag(&raw.service_managed, &path.key("ServiceManaged"), notices)?,
        tags: tags(&raw.tags, &path.key("Tags"), notices)?,
    })
}

/// The instance: from `InstanceId`, or from `Attachment` where that is empty.
fn attached_to(
    raw: &NetworkInterface<'_>,
    path: &Path<'_>,
    notices: &mut Notices<'_>,
) -> Result<Option<InstanceId>, LoadError> {
    let direct = id(&raw.instance_id, &path.key("InstanceId"), notices)?;
    let attachment = path.key("Attachment");
    let attached = match &raw.attachment {
        Slot::Object(object) => {
            census("attachment", &object.unknown, &attachment, notices);
            id(&object.instance_id, &attachment.key("InstanceId"), notices)?
        }
        Slot::Absent | Slot::Null => None,
        Slot::Other(kind) => {
            return Err(notices.refuse(
                "wrong-type",
                &attachment,
                format!("`{kind}` where an object is expected"),
                RAW_ANSWER,
            ));
        }
    };
    if let (Some(direct), Some(attached)) = (direct, attached)
        && direct != attached
    {
        return Err(notices.refuse(
            "contradictory",
            path,
            format!("the interface says instance `{direct}`, its attachment says `{attached}`"),
            "export DescribeNetworkInterfaces again",
        ));
    }
    Ok(direct.or(attached).map(InstanceId::from))
}

fn kind_of(
    text: &Text<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<InterfaceKind>, LoadError> {
    Ok(word(text, &path.key("Type"), notices)?.map(|word| {
        if word.eq_ignore_ascii_case("primary") {
            InterfaceKind::Primary
        } else if word.eq_ignore_ascii_case("secondary") {
            InterfaceKind::Secondary
        } else {
            InterfaceKind::Other
        }
    }))
}

/// Reads a list of groups. Nothing is in no group (law AM5), so an empty list says that the answer does not know.
fn memberships(
    list: &List<'_, GroupIdText<'_>>,
    subject: &str,
    path: &Path<'_>,
    notices: &mut Notices<'_>,
) -> Result<Memberships, LoadError> {
    let outer = path.key("SecurityGroupIds");
    let at = inner(&outer, list.shape, "SecurityGroupId");
    let elements = items(list, &outer, notices)?;
    let mut groups = GroupIds::with_capacity(elements.len());
    for (index, text) in elements.iter().enumerate() {
        groups.push(SecurityGroupId::from(required_id(&text.0, &at.index(index), notices)?));
    }
    if groups.is_empty() {
        return Ok(Memberships::Unknown);
    }
    let count = groups.len();
    groups.sort_unstable();
    groups.dedup();
    if groups.len() < count {
        notices.add(
            (IssueLevel::Note, "repeated-group"),
            "",
            &outer,
            || format!("`{}` lists a group twice", excerpt(subject)),
            "nothing to do: a group counts once",
        );
    }
    Ok(Memberships::Known(groups))
}

struct AddressSets<'a, 'de> {
    primary: (&'a Text<'de>, &'static str),
    private: &'a List<'de, Slot<PrivateIp<'de>>>,
    v6: &'a List<'de, Slot<Ipv6<'de>>>,
    prefixes4: &'a List<'de, Slot<Ipv4Prefix<'de>>>,
    prefixes6: &'a List<'de, Slot<Ipv6Prefix<'de>>>,
}

impl AddressSets<'_, '_> {
    fn read(&self, path: &Path<'_>, notices: &mut Notices<'_>) -> Result<Addresses, LoadError> {
        let mut addresses = Vec::with_capacity(1);
        let single =
            |text: &Text<'_>, at: &Path<'_>, family, kind, notices: &Notices<'_>, out: &mut Vec<_>| {
                if let Some(block) = address(text, at, family, notices)? {
                    out.push(InterfaceAddress { block, kind });
                }
                Ok::<(), LoadError>(())
            };
        let (text, key) = self.primary;
        single(text, &path.key(key), Family::Ipv4, AddressKind::Primary, notices, &mut addresses)?;

        let outer = path.key("PrivateIpSets");
        let at = inner(&outer, self.private.shape, "PrivateIpSet");
        for (index, slot) in items(self.private, &outer, notices)?.iter().enumerate() {
            let at = at.index(index);
            let set = element(slot, &at, notices)?;
            census("private address", &set.unknown, &at, notices);
            let kind = if flag(&set.primary, &at.key("Primary"), notices)? == Some(true) {
                AddressKind::Primary
            } else {
                AddressKind::Secondary
            };
            let place = at.key("PrivateIpAddress");
            single(&set.private_ip_address, &place, Family::Ipv4, kind, notices, &mut addresses)?;
        }

        let outer = path.key("Ipv6Sets");
        let at = inner(&outer, self.v6.shape, "Ipv6Set");
        for (index, slot) in items(self.v6, &outer, notices)?.iter().enumerate() {
            let at = at.index(index);
            let set = element(slot, &at, notices)?;
            census("IPv6 address", &set.unknown, &at, notices);
            let place = at.key("Ipv6Address");
            single(&set.address, &place, Family::Ipv6, AddressKind::Ipv6, notices, &mut addresses)?;
        }

        let outer = path.key("Ipv4PrefixSets");
        let at = inner(&outer, self.prefixes4.shape, "Ipv4PrefixSet");
        for (index, slot) in items(self.prefixes4, &outer, notices)?.iter().enumerate() {
            let at = at.index(index);
            let set = element(slot, &at, notices)?;
            census("prefix", &set.unknown, &at, notices);
            prefix(&set.prefix, &at.key("Ipv4Prefix"), Family::Ipv4, notices, &mut addresses)?;
        }

        let outer = path.key("Ipv6PrefixSets");
        let at = inner(&outer, self.prefixes6.shape, "Ipv6PrefixSet");
        for (index, slot) in items(self.prefixes6, &outer, notices)?.iter().enumerate() {
            let at = at.index(index);
            let set = element(slot, &at, notices)?;
            census("prefix", &set.unknown, &at, notices);
            prefix(&set.prefix, &at.key("Ipv6Prefix"), Family::Ipv6, notices, &mut addresses)?;
        }
        Ok(distinct(addresses))
    }
}

/// Reads one address of the family.
fn address(
    text: &Text<'_>,
    path: &Path<'_>,
    family: Family,
    notices: &Notices<'_>,
) -> Result<Option<IpBlock>, LoadError> {
    let Some(text) = word(text, path, notices)? else {
        return Ok(None);
    };
    let (block, _) = block(text, path, notices)?;
    if block.family() != family || !block.is_single() || text.contains('/') {
        return Err(notices.refuse(
            "invalid-address",
            path,
            format!("`{}` where one address is expected", excerpt(text)),
            RAW_ANSWER,
        ));
    }
    Ok(Some(block))
}

/// Reads a delegated prefix of the family.
fn prefix(
    text: &Text<'_>,
    path: &Path<'_>,
    family: Family,
    notices: &Notices<'_>,
    out: &mut Vec<InterfaceAddress>,
) -> Result<(), LoadError> {
    let Some(text) = word(text, path, notices)? else {
        return Ok(());
    };
    let (block, bits) = block(text, path, notices)?;
    if block.family() != family || bits == HostBits::Masked {
        return Err(notices.refuse(
            "invalid-address",
            path,
            format!("`{}` where a delegated prefix is expected", excerpt(text)),
            RAW_ANSWER,
        ));
    }
    out.push(InterfaceAddress { block, kind: AddressKind::Prefix });
    Ok(())
}

/// Judges an element of DescribeInstances.
pub(super) fn instance(
    raw: &Instance<'_>,
    path: &Path<'_>,
    notices: &mut Notices<'_>,
) -> Result<InstanceFact, LoadError> {
    census("instance", &raw.unknown, path, notices);
    let id_text = required_id(&raw.instance_id, &path.key("InstanceId"), notices)?;
    let zone = word(&raw.zone_id, &path.key("ZoneId"), notices)?;
    let region = id(&raw.region_id, &path.key("RegionId"), notices)?.or(zone.and_then(region_of_zone));
    let vpc_path = path.key("VpcAttributes");
    let is_classic = word(&raw.network_type, &path.key("InstanceNetworkType"), notices)?
        .is_some_and(|word| word.eq_ignore_ascii_case("classic"));
    let (mut network, mut vswitch, mut addresses) = (Network::Unknown, None, Vec::new());
    match &raw.vpc_attributes {
        Slot::Object(vpc) => {
            census("VpcAttributes", &vpc.unknown, &vpc_path, notices);
            if let Some(vpc) = id(&vpc.vpc_id, &vpc_path.key("VpcId"), notices)? {
                network = Network::Vpc(VpcId::from(vpc));
            }
            vswitch = id(&vpc.vswitch_id, &vpc_path.key("VSwitchId"), notices)?.map(VSwitchId::from);
            let outer = vpc_path.key("PrivateIpAddress");
            addresses.extend(ip_addresses(&vpc.private_ip_address, &outer, notices)?);
        }
        Slot::Absent | Slot::Null => {}
        Slot::Other(kind) => {
            return Err(notices.refuse(
                "wrong-type",
                &vpc_path,
                format!("`{kind}` where an object is expected"),
                RAW_ANSWER,
            ));
        }
    }
    if is_classic {
        if network.vpc().is_some() {
            return Err(notices.refuse(
                "contradictory",
                &vpc_path.key("VpcId"),
                format!("classic instance `{id_text}` names a VPC"),
                "export DescribeInstances again",
            ));
        }
        network = Network::Classic;
        addresses.extend(ip_addresses(&raw.inner_ip_address, &path.key("InnerIpAddress"), notices)?);
    }
    let addresses = distinct(addresses);
    Ok(InstanceFact {
        memberships: memberships(&raw.security_group_ids, id_text, path, notices)?,
        interfaces: nested(&raw.network_interfaces, &addresses, path, notices)?,
        instance: model::Instance {
            id: InstanceId::from(id_text),
            name: label(&raw.instance_name, &path.key("InstanceName"), notices)?.into(),
            status: word(&raw.status, &path.key("Status"), notices)?.unwrap_or_default().into(),
            region: region.map(RegionId::from),
            locks: locks(raw, path, notices)?,
            tags: tags(&raw.tags, &path.key("Tags"), notices)?,
        },
        network,
        vswitch,
        addresses,
    })
}

/// Reads the operation locks. An answer without their list does not say that there are none.
fn locks(
    raw: &Instance<'_>,
    path: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Option<Box<[String]>>, LoadError> {
    let outer = path.key("OperationLocks");
    let at = inner(&outer, raw.operation_locks.shape, "LockReason");
    let elements = items(&raw.operation_locks, &outer, notices)?;
    if !matches!(raw.operation_locks.shape, Shape::Nested | Shape::Flat) {
        return Ok(None);
    }
    let mut locks = Vec::new();
    for (index, slot) in elements.iter().enumerate() {
        let at = at.index(index);
        let reason = &element(slot, &at, notices)?.lock_reason;
        locks.extend(word(reason, &at.key("LockReason"), notices)?.map(str::to_owned));
    }
    locks.sort_unstable();
    locks.dedup();
    Ok(Some(locks.into()))
}

fn ip_addresses(
    list: &List<'_, super::ecs::IpAddressText<'_>>,
    outer: &Path<'_>,
    notices: &Notices<'_>,
) -> Result<Vec<InterfaceAddress>, LoadError> {
    let at = inner(outer, list.shape, "IpAddress");
    let mut addresses = Vec::new();
    for (index, text) in items(list, outer, notices)?.iter().enumerate() {
        if let Some(block) = address(&text.0, &at.index(index), Family::Ipv4, notices)? {
            let kind = AddressKind::Primary;
            addresses.push(InterfaceAddress { block, kind });
        }
    }
    Ok(addresses)
}

/// Reads the interfaces inside an instance. Old answers do not say which one is primary; its address does.
fn nested(
    list: &List<'_, Slot<NestedInterface<'_>>>,
    primary: &[InterfaceAddress],
    path: &Path<'_>,
    notices: &mut Notices<'_>,
) -> Result<Few<NestedFact>, LoadError> {
    let outer = path.key("NetworkInterfaces");
    let at = inner(&outer, list.shape, "NetworkInterface");
    let elements = items(list, &outer, notices)?;
    let mut facts = Vec::with_capacity(elements.len());
    for (index, slot) in elements.iter().enumerate() {
        let at = at.index(index);
        let raw = element(slot, &at, notices)?;
        census("interface of an instance", &raw.unknown, &at, notices);
        let id_text = required_id(&raw.network_interface_id, &at.key("NetworkInterfaceId"), notices)?;
        let sets = AddressSets {
            primary: (&raw.primary_ip_address, "PrimaryIpAddress"),
            private: &raw.private_ip_sets,
            v6: &raw.ipv6_sets,
            prefixes4: &raw.ipv4_prefix_sets,
            prefixes6: &raw.ipv6_prefix_sets,
        };
        let addresses = sets.read(&at, notices)?;
        let shares = |other: &InterfaceAddress| addresses.iter().any(|own| own.block == other.block);
        let kind = match kind_of(&raw.kind, &at, notices)? {
            Some(kind) => kind,
            None if elements.len() == 1 || primary.iter().any(shares) => InterfaceKind::Primary,
            None => InterfaceKind::Other,
        };
        facts.push(NestedFact { id: NetworkInterfaceId::from(id_text), kind, addresses });
    }
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(facts.into())
}
