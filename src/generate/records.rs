//! The records of interfaces and instances, with the keys that the API gives them.

use std::fmt;
use std::io::{self, Write};
use std::net::Ipv4Addr;

use super::dice::{Dice, Subject};
use super::layout::Layout;
use super::members::Interface;
use super::names::{Names, Time};
use super::pages::REGION;
use super::rules::Block;

const OWNER: &str = "1234567890123456";
const TEAMS: [&str; 8] =
    ["checkout", "search", "payments", "catalogue", "logistics", "identity", "insight", "platform"];

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", Ipv4Addr::from(self.address), self.bits)
    }
}

/// Writes the records of a layout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Records<'l> {
    pub(super) layout: &'l Layout,
    pub(super) names: Names,
}

/// Writes elements with commas between them.
pub(super) fn each<T>(
    out: &mut dyn Write,
    elements: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut dyn Write, T) -> io::Result<()>,
) -> io::Result<()> {
    for (number, element) in elements.into_iter().enumerate() {
        if number > 0 {
            out.write_all(b",")?;
        }
        write(out, element)?;
    }
    Ok(())
}

/// Writes the tags of a record.
pub(super) fn tags(out: &mut dyn Write, dice: &mut Dice) -> io::Result<()> {
    let (team, ticket, stage) =
        (dice.pick(TEAMS), dice.below(90_000) + 10_000, dice.pick(["prod", "prod", "stage"]));
    write!(
        out,
        r#""Tags":{{"Tag":[{{"TagKey":"team","TagValue":"{team}"}},{{"TagKey":"stage","TagValue":"{stage}"}},{{"TagKey":"ticket","TagValue":"OPS-{ticket}"}},{{"TagKey":"cost-center","TagValue":"cc-{}"}}]}}"#,
        ticket % 400
    )
}

impl Records<'_> {
    const fn zone(place: u64) -> char {
        match Layout::switch(place) % 3 {
            0 => 'h',
            1 => 'i',
            _ => 'j',
        }
    }

    fn group_ids(self, out: &mut dyn Write, interface: &Interface) -> io::Result<()> {
        out.write_all(br#""SecurityGroupIds":{"SecurityGroupId":["#)?;
        each(out, &interface.groups, |out, group| write!(out, r#""{}""#, self.names.group(*group)))?;
        out.write_all(b"]}")
    }

    /// The addresses as an instance shows them.
    fn short_addresses(out: &mut dyn Write, interface: &Interface) -> io::Result<()> {
        let addresses = [Some(interface.address), interface.second_address];
        out.write_all(br#""PrivateIpSets":{"PrivateIpSet":["#)?;
        each(out, addresses.into_iter().flatten().enumerate(), |out, (number, address)| {
            let (address, primary) = (Ipv4Addr::from(address), number == 0);
            write!(out, r#"{{"PrivateIpAddress":"{address}","Primary":{primary}}}"#)
        })?;
        out.write_all(b"]}")
    }

    /// The addresses as DescribeNetworkInterfaces shows them.
    fn addresses(out: &mut dyn Write, interface: &Interface) -> io::Result<()> {
        let addresses = [Some(interface.address), interface.second_address];
        out.write_all(br#""PrivateIpSets":{"PrivateIpSet":["#)?;
        each(out, addresses.into_iter().flatten().enumerate(), |out, (number, address)| {
            let (shown, primary) = (Ipv4Addr::from(address), number == 0);
            write!(
                out,
                r#"{{"PrivateIpAddress":"{shown}","Primary":{primary},"PrivateDnsName":"ip-{address:08x}.{REGION}.ecs.internal","AssociatedPublicIp":{{"PublicIpAddress":"","AllocationId":""}}}}"#
            )
        })?;
        out.write_all(b"]}")
    }

    fn mac(interface: &Interface) -> String {
        let [_, a, b, c] = (interface.index as u32).to_be_bytes();
        format!("00:16:3e:{a:02x}:{b:02x}:{c:02x}")
    }

    /// Writes an element of DescribeNetworkInterfaces.
    pub(super) fn interface(self, out: &mut dyn Write, interface: &Interface) -> io::Result<()> {
        let mut dice = self.layout.dice(Subject::Interface, interface.index);
        let Interface { index, vpc, place, primary, address, .. } = *interface;
        let instance = self.names.instance(primary);
        let (id, time) = (self.names.interface(index), Time(dice.next()));
        let (kind, device) = if interface.is_primary() { ("Primary", 0) } else { ("Secondary", 1) };
        let (mac, zone) = (Self::mac(interface), Self::zone(place));
        write!(
            out,
            r#"{{"NetworkInterfaceId":"{id}","NetworkInterfaceName":"node-{vpc}-{place}-eth{device}","Description":"eth{device} of node-{vpc}-{place}","Type":"{kind}","Status":"InUse","InstanceId":"{instance}","VpcId":"{}","VSwitchId":"{}","ZoneId":"{REGION}-{zone}","PrivateIpAddress":"{}","MacAddress":"{mac}","#,
            self.names.vpc(vpc),
            self.names.switch(vpc, Layout::switch(place)),
            Ipv4Addr::from(address),
        )?;
        Self::addresses(out, interface)?;
        out.write_all(b",")?;
        self.group_ids(out, interface)?;
        write!(
            out,
            r#","Ipv6Sets":{{"Ipv6Set":[]}},"Ipv4PrefixSets":{{"Ipv4PrefixSet":[]}},"Ipv6PrefixSets":{{"Ipv6PrefixSet":[]}},"AssociatedPublicIp":{{"PublicIpAddress":"","AllocationId":""}},"Attachment":{{"InstanceId":"{instance}","DeviceIndex":{device},"NetworkCardIndex":0,"TrunkNetworkInterfaceId":"","MemberNetworkInterfaceIds":{{"MemberNetworkInterfaceId":[]}},"AttachedTime":"{time}"}},"OwnerId":"{OWNER}","ResourceGroupId":"rg-acfmxwaaaaaaaaa","ServiceManaged":false,"ServiceID":0,"DeleteOnRelease":true,"SourceDestCheck":false,"NetworkInterfaceTrafficMode":"Standard","QueueNumber":2,"QueuePairNumber":0,"TcpOptionAddressEnabled":"","ConnectionTrackingConfiguration":{{"TcpEstablishedTimeout":910,"TcpClosedAndTimeWaitTimeout":3,"UdpTimeout":30}},"EnhancedNetwork":{{"EnableSriov":false,"EnableRss":false}},"NetworkInterfaceTrafficConfig":{{"NetworkInterfaceTrafficMode":"Standard","QueueNumber":2,"QueuePairNumber":0}},"QoSConfig":{{}},"SlaveInterfaceSpecification":{{}},"BondInterfaceSpecification":{{}},"CreationTime":"{time}","#
        )?;
        tags(out, &mut dice)?;
        out.write_all(b"}")
    }

    /// Writes an element of DescribeInstances: a primary interface, and a secondary one where there is one.
    pub(super) fn instance(
        self,
        out: &mut dyn Write,
        primary: &Interface,
        secondary: Option<&Interface>,
    ) -> io::Result<()> {
        let mut dice = self.layout.dice(Subject::Instance, primary.index);
        let Interface { index, vpc, place, address, .. } = *primary;
        let status = if dice.percent(96) { "Running" } else { "Stopped" };
        let (zone, time) = (Self::zone(place), Time(dice.next()));
        write!(
            out,
            r#"{{"InstanceId":"{}","InstanceName":"node-{vpc}-{place}","HostName":"node-{vpc}-{place}","Description":"","Status":"{status}","RegionId":"{REGION}","ZoneId":"{REGION}-{zone}","InstanceNetworkType":"vpc","InstanceType":"ecs.g7.large","VpcAttributes":{{"VpcId":"{}","VSwitchId":"{}","NatIpAddress":"","PrivateIpAddress":{{"IpAddress":["{}"]}}}},"#,
            self.names.instance(index),
            self.names.vpc(vpc),
            self.names.switch(vpc, Layout::switch(place)),
            Ipv4Addr::from(address),
        )?;
        self.group_ids(out, primary)?;
        out.write_all(br#","NetworkInterfaces":{"NetworkInterface":["#)?;
        each(out, [Some(primary), secondary].into_iter().flatten(), |out, interface| {
            let kind = if interface.is_primary() { "Primary" } else { "Secondary" };
            write!(
                out,
                r#"{{"NetworkInterfaceId":"{}","Type":"{kind}","PrimaryIpAddress":"{}","MacAddress":"{}","#,
                self.names.interface(interface.index),
                Ipv4Addr::from(interface.address),
                Self::mac(interface),
            )?;
            Self::short_addresses(out, interface)?;
            out.write_all(b"}")
        })?;
        write!(
            out,
            r#"]}},"PublicIpAddress":{{"IpAddress":[]}},"InnerIpAddress":{{"IpAddress":[]}},"EipAddress":{{"AllocationId":"","IpAddress":"","InternetChargeType":""}},"OperationLocks":{{"LockReason":[]}},"ResourceGroupId":"","DeletionProtection":false,"CreationTime":"{time}","#
        )?;
        tags(out, &mut dice)?;
        out.write_all(b"}")
    }
}
