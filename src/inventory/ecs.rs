//! The answers as the API writes them: field names and nothing else. Judging them is the work of `lower`.

use serde::de::{Deserialize, Deserializer, MapAccess};

use super::keys::{Key, duplicate};
use super::wire::{Element, List, Object, Slot, Text, wire};

/// Declares a list of bare texts by the key that wraps it.
macro_rules! texts {
    ($($(#[$meta:meta])* $name:ident in $inner:literal),+ $(,)?) => {$(
        $(#[$meta])*
        #[derive(Debug)]
        pub(super) struct $name<'de>(pub(super) Text<'de>);

        impl<'de> Deserialize<'de> for $name<'de> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Text::deserialize(deserializer).map(Self)
            }
        }

        impl<'de> Element<'de> for $name<'de> {
            const INNER: &'static str = $inner;
        }
    )+};
}

texts! {
    /// An id in `SecurityGroupIds`.
    GroupIdText in "SecurityGroupId",
    /// An address in `PrivateIpAddress`, `InnerIpAddress` and the like.
    IpAddressText in "IpAddress",
}

wire! {
    /// Any answer: the union of the top levels of every kind, with the envelopes around them.
    struct Document in "" {
        next_token: Text<'de> = "NextToken",
        page_number: Text<'de> = "PageNumber",
        page_size: Text<'de> = "PageSize",
        total_count: Text<'de> = "TotalCount",
        region_id: Text<'de> = "RegionId",
        request_id: Text<'de> = "RequestId",
        instances: List<'de, Slot<Instance<'de>>> = "Instances",
        security_groups: List<'de, Slot<SecurityGroup<'de>>> = "SecurityGroups",
        security_group_id: Text<'de> = "SecurityGroupId",
        security_group_name: Text<'de> = "SecurityGroupName",
        vpc_id: Text<'de> = "VpcId",
        inner_access_policy: Text<'de> = "InnerAccessPolicy",
        permissions: List<'de, Slot<Permission<'de>>> = "Permissions",
        network_interface_sets: List<'de, Slot<NetworkInterface<'de>>> = "NetworkInterfaceSets",
        prefix_lists: List<'de, Slot<PrefixList<'de>>> = "PrefixLists",
        prefix_list_id: Text<'de> = "PrefixListId",
        address_family: Text<'de> = "AddressFamily",
        max_entries: Text<'de> = "MaxEntries",
        entries: List<'de, Slot<Entry<'de>>> = "Entries",
        port_range_lists: List<'de, Slot<PortRangeList<'de>>> = "PortRangeLists",
        references: List<'de, Slot<Reference<'de>>> = "SecurityGroupReferences",
        vpcs: List<'de, Slot<Vpc<'de>>> = "Vpcs",
        vswitches: List<'de, Slot<VSwitch<'de>>> = "VSwitches",
        db_instance_name: Text<'de> = "DBInstanceName",
        items: List<'de, Slot<Relation<'de>>> = "Items",
        request: Slot<Request<'de>> = "request",
        response: Slot<Box<Document<'de>>> = "response",
        headers: Text<'de> = "headers",
        status_code: Text<'de> = "statusCode",
        body: Slot<Box<Document<'de>>> = "body",
    }
    ignore [
        "AssociationCount", "CreationTime", "Description", "MaxResults", "PortRangeListName",
        "PrefixListName", "SnapshotPolicyIds",
    ]

    /// An element of DescribeInstances.
    struct Instance in "Instance" {
        instance_id: Text<'de> = "InstanceId",
        instance_name: Text<'de> = "InstanceName",
        status: Text<'de> = "Status",
        region_id: Text<'de> = "RegionId",
        zone_id: Text<'de> = "ZoneId",
        network_type: Text<'de> = "InstanceNetworkType",
        vpc_attributes: Slot<VpcAttributes<'de>> = "VpcAttributes",
        security_group_ids: List<'de, GroupIdText<'de>> = "SecurityGroupIds",
        inner_ip_address: List<'de, IpAddressText<'de>> = "InnerIpAddress",
        network_interfaces: List<'de, Slot<NestedInterface<'de>>> = "NetworkInterfaces",
        operation_locks: List<'de, Slot<LockReason<'de>>> = "OperationLocks",
        tags: List<'de, Slot<Tag<'de>>> = "Tags",
    }
    ignore [
        "AdditionalInfo", "AutoReleaseTime", "CPU", "ClockOptions", "ClusterId", "Cpu", "CpuOptions",
        "CreationTime", "CreditSpecification", "DedicatedHostAttribute", "DedicatedInstanceAttribute",
        "DeletionProtection", "DeploymentSetGroupNo", "DeploymentSetId", "Description",
        "DeviceAvailable", "EcsCapacityReservationAttr", "EipAddress", "EnableNVS", "EncryptionOptions",
        "ExpiredTime", "GPUAmount", "GPUSpec", "HibernationOptions", "HostName", "Hostname",
        "HpcClusterId", "ISP", "ImageId", "ImageOptions", "InstanceChargeType", "InstanceType",
        "InstanceTypeFamily", "InternetChargeType", "InternetMaxBandwidthIn", "InternetMaxBandwidthOut",
        "IntranetIp", "IoOptimized", "KeyPairName", "LocalStorageAmount", "LocalStorageCapacity",
        "Memory", "MetadataOptions", "NetworkOptions", "OSName", "OSNameEn", "OSType", "OsType",
        "PrivateDnsNameOptions", "PublicIpAddress", "RdmaIpAddress", "Recyclable", "ResourceGroupId",
        "SaleCycle", "SecurityOptions", "SerialNumber", "SpotDuration", "SpotInterruptionBehavior",
        "SpotPriceLimit", "SpotStrategy", "StartTime", "StoppedMode", "VirtualizationOptions", "VlanId",
    ]

    /// `VpcAttributes` of an instance.
    struct VpcAttributes in "" {
        vpc_id: Text<'de> = "VpcId",
        vswitch_id: Text<'de> = "VSwitchId",
        private_ip_address: List<'de, IpAddressText<'de>> = "PrivateIpAddress",
    }
    ignore ["NatIpAddress"]

    /// An interface inside an instance: without its groups and its vSwitch.
    struct NestedInterface in "NetworkInterface" {
        network_interface_id: Text<'de> = "NetworkInterfaceId",
        kind: Text<'de> = "Type",
        primary_ip_address: Text<'de> = "PrimaryIpAddress",
        private_ip_sets: List<'de, Slot<PrivateIp<'de>>> = "PrivateIpSets",
        ipv6_sets: List<'de, Slot<Ipv6<'de>>> = "Ipv6Sets",
        ipv4_prefix_sets: List<'de, Slot<Ipv4Prefix<'de>>> = "Ipv4PrefixSets",
        ipv6_prefix_sets: List<'de, Slot<Ipv6Prefix<'de>>> = "Ipv6PrefixSets",
    }
    ignore [
        "AssociatedPublicIp", "Attachment", "CreationTime", "DeleteOnRelease", "Description",
        "InstanceId", "MacAddress", "NetworkInterfaceName", "NetworkInterfaceTrafficMode", "OwnerId",
        "PrivateIpAddress", "QueueNumber", "QueuePairNumber", "ResourceGroupId", "SecurityGroupIds",
        "ServiceID", "ServiceManaged", "SourceDestCheck", "Status", "Tags", "VSwitchId", "VpcId",
        "ZoneId",
    ]

    /// An element of `OperationLocks`.
    struct LockReason in "LockReason" {
        lock_reason: Text<'de> = "LockReason",
    }
    ignore ["LockMsg"]

    /// A tag; the VPC API has other names for the same two fields.
    struct Tag in "Tag" {
        tag_key: Text<'de> = "TagKey",
        tag_value: Text<'de> = "TagValue",
        key: Text<'de> = "Key",
        value: Text<'de> = "Value",
    }
    ignore ["Scope"]

    /// An element of DescribeSecurityGroups.
    struct SecurityGroup in "SecurityGroup" {
        security_group_id: Text<'de> = "SecurityGroupId",
        security_group_name: Text<'de> = "SecurityGroupName",
        security_group_type: Text<'de> = "SecurityGroupType",
        vpc_id: Text<'de> = "VpcId",
        service_managed: Text<'de> = "ServiceManaged",
        rule_count: Text<'de> = "RuleCount",
        group_rule_count: Text<'de> = "GroupToGroupRuleCount",
        member_count: Text<'de> = "EcsCount",
        tags: List<'de, Slot<Tag<'de>>> = "Tags",
    }
    ignore [
        "AvailableInstanceAmount", "CreationTime", "Description", "ResourceGroupId", "ServiceID",
    ]

    /// A rule.
    struct Permission in "Permission" {
        rule_id: Text<'de> = "SecurityGroupRuleId",
        direction: Text<'de> = "Direction",
        ip_protocol: Text<'de> = "IpProtocol",
        port_range: Text<'de> = "PortRange",
        port_range_list_id: Text<'de> = "PortRangeListId",
        source_port_range: Text<'de> = "SourcePortRange",
        priority: Text<'de> = "Priority",
        policy: Text<'de> = "Policy",
        source_cidr_ip: Text<'de> = "SourceCidrIp",
        ipv6_source_cidr_ip: Text<'de> = "Ipv6SourceCidrIp",
        source_group_id: Text<'de> = "SourceGroupId",
        source_group_owner_account: Text<'de> = "SourceGroupOwnerAccount",
        source_group_owner_id: Text<'de> = "SourceGroupOwnerId",
        source_prefix_list_id: Text<'de> = "SourcePrefixListId",
        dest_cidr_ip: Text<'de> = "DestCidrIp",
        ipv6_dest_cidr_ip: Text<'de> = "Ipv6DestCidrIp",
        dest_group_id: Text<'de> = "DestGroupId",
        dest_group_owner_account: Text<'de> = "DestGroupOwnerAccount",
        dest_group_owner_id: Text<'de> = "DestGroupOwnerId",
        dest_prefix_list_id: Text<'de> = "DestPrefixListId",
    }
    ignore [
        "CreateTime", "Description", "DestGroupName", "DestPrefixListName", "NicType",
        "PortRangeListName", "SourceGroupName", "SourcePrefixListName",
    ]

    /// An element of DescribeNetworkInterfaces.
    struct NetworkInterface in "NetworkInterfaceSet" {
        network_interface_id: Text<'de> = "NetworkInterfaceId",
        network_interface_name: Text<'de> = "NetworkInterfaceName",
        kind: Text<'de> = "Type",
        status: Text<'de> = "Status",
        instance_id: Text<'de> = "InstanceId",
        vpc_id: Text<'de> = "VpcId",
        vswitch_id: Text<'de> = "VSwitchId",
        zone_id: Text<'de> = "ZoneId",
        security_group_ids: List<'de, GroupIdText<'de>> = "SecurityGroupIds",
        private_ip_address: Text<'de> = "PrivateIpAddress",
        private_ip_sets: List<'de, Slot<PrivateIp<'de>>> = "PrivateIpSets",
        ipv6_sets: List<'de, Slot<Ipv6<'de>>> = "Ipv6Sets",
        ipv4_prefix_sets: List<'de, Slot<Ipv4Prefix<'de>>> = "Ipv4PrefixSets",
        ipv6_prefix_sets: List<'de, Slot<Ipv6Prefix<'de>>> = "Ipv6PrefixSets",
        attachment: Slot<Attachment<'de>> = "Attachment",
        owner_id: Text<'de> = "OwnerId",
        service_managed: Text<'de> = "ServiceManaged",
        tags: List<'de, Slot<Tag<'de>>> = "Tags",
    }
    ignore [
        "AssociatedPublicIp", "BondInterfaceSpecification", "ConnectionTrackingConfiguration",
        "CreationTime", "DeleteOnRelease", "Description", "EnhancedNetwork", "MacAddress",
        "NetworkInterfaceTrafficConfig", "NetworkInterfaceTrafficMode", "QoSConfig", "QueueNumber",
        "QueuePairNumber", "ResourceGroupId", "ServiceID", "SlaveInterfaceSpecification",
        "SourceDestCheck", "TcpOptionAddressEnabled",
    ]

    /// An element of `PrivateIpSets`.
    struct PrivateIp in "PrivateIpSet" {
        private_ip_address: Text<'de> = "PrivateIpAddress",
        primary: Text<'de> = "Primary",
    }
    ignore ["AssociatedPublicIp", "PrivateDnsName"]

    /// An element of `Ipv6Sets`.
    struct Ipv6 in "Ipv6Set" {
        address: Text<'de> = "Ipv6Address",
    }
    ignore []

    /// An element of `Ipv4PrefixSets`.
    struct Ipv4Prefix in "Ipv4PrefixSet" {
        prefix: Text<'de> = "Ipv4Prefix",
    }
    ignore []

    /// An element of `Ipv6PrefixSets`.
    struct Ipv6Prefix in "Ipv6PrefixSet" {
        prefix: Text<'de> = "Ipv6Prefix",
    }
    ignore []

    /// `Attachment` of an interface.
    struct Attachment in "" {
        instance_id: Text<'de> = "InstanceId",
    }
    ignore [
        "AccessToken", "AttachedTime", "Device", "DeviceIndex", "Identifier",
        "MemberNetworkInterfaceIds", "NetworkCardIndex", "Nguid", "NsId", "TargetDevice",
        "TrunkNetworkInterfaceId",
    ]

    /// An element of DescribePrefixLists.
    struct PrefixList in "PrefixList" {
        prefix_list_id: Text<'de> = "PrefixListId",
        max_entries: Text<'de> = "MaxEntries",
    }
    ignore [
        "AddressFamily", "AssociationCount", "CreationTime", "Description", "PrefixListName",
        "ResourceGroupId", "Tags",
    ]

    /// An entry of a prefix list or of a port range list.
    struct Entry in "Entry" {
        cidr: Text<'de> = "Cidr",
        port_range: Text<'de> = "PortRange",
    }
    ignore ["Description"]

    /// An element of DescribePortRangeLists.
    struct PortRangeList in "PortRangeList" {
        port_range_list_id: Text<'de> = "PortRangeListId",
        max_entries: Text<'de> = "MaxEntries",
    }
    ignore [
        "AssociationCount", "CreationTime", "Description", "PortRangeListName", "ResourceGroupId",
        "Tags",
    ]

    /// An element of DescribeSecurityGroupReferences.
    struct Reference in "SecurityGroupReference" {
        security_group_id: Text<'de> = "SecurityGroupId",
        referencing: List<'de, Slot<Referencing<'de>>> = "ReferencingSecurityGroups",
        referencing_flat: List<'de, Slot<Referencing<'de>>> = "SecurityReferencingGroups",
    }
    ignore []

    /// A group whose rules name another one.
    struct Referencing in "ReferencingSecurityGroup" {
        security_group_id: Text<'de> = "SecurityGroupId",
        ali_uid: Text<'de> = "AliUid",
    }
    ignore []

    /// An element of DescribeVpcs.
    struct Vpc in "Vpc" {
        vpc_id: Text<'de> = "VpcId",
        network_acl_num: Text<'de> = "NetworkAclNum",
    }
    ignore [
        "AdvancedResource", "AssociatedCenId", "AssociatedCens", "AssociatedPropagationSources",
        "CenStatus", "CidrBlock", "ClassicLinkEnabled", "CreationTime", "Description",
        "DhcpOptionsSetId", "DhcpOptionsSetStatus", "DnsHostnameStatus", "EnabledIpv6", "Ipv4GatewayId",
        "Ipv6CidrBlock", "Ipv6CidrBlocks", "Ipv6GatewayId", "IsDefault", "NatGatewayIds", "OwnerId",
        "RegionId", "ResourceGroupId", "RouterTableIds", "SecondaryCidrBlocks", "Status",
        "SupportIpv4Gateway", "Tags", "UserCidrs", "VRouterId", "VSwitchIds", "VpcName",
    ]

    /// An element of DescribeVSwitches.
    struct VSwitch in "VSwitch" {
        vswitch_id: Text<'de> = "VSwitchId",
        network_acl_id: Text<'de> = "NetworkAclId",
    }
    ignore [
        "AvailableIpAddressCount", "CidrBlock", "CreationTime", "Description", "EnabledIpv6",
        "Ipv6CidrBlock", "IsDefault", "OwnerId", "ResourceGroupId", "RouteTable", "ShareType", "Status",
        "Tags", "VSwitchName", "VpcId", "ZoneId",
    ]

    /// An element of DescribeSecurityGroupConfiguration of RDS.
    struct Relation in "EcsSecurityGroupRelation" {
        security_group_id: Text<'de> = "SecurityGroupId",
    }
    ignore ["NetType", "NetworkType", "RegionId", "SecurityGroupName"]
}

/// The parameters of a call, in an envelope.
#[derive(Debug, Default)]
pub(super) struct Request<'de> {
    /// In order of appearance.
    pub(super) parameters: Vec<(String, Text<'de>)>,
}

impl<'de> Object<'de> for Request<'de> {
    const INNER: &'static str = "";

    fn read<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut request = Self::default();
        while let Some(Key(key)) = map.next_key()? {
            if request.get(&key).is_some() {
                return Err(duplicate(&key));
            }
            if request.parameters.len() >= Self::LIMIT {
                return Err(serde::de::Error::custom("a request with more than 1024 parameters"));
            }
            let value = map.next_value()?;
            request.parameters.push((key.into_owned(), value));
        }
        Ok(request)
    }
}

impl<'de> Request<'de> {
    /// No call has that many parameters; the cap keeps the search for duplicates cheap.
    const LIMIT: usize = 1024;

    /// Returns a parameter by its name.
    pub(super) fn get(&self, name: &str) -> Option<&Text<'de>> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}
