"""Small estates for the runner, as exports and as worlds of the fake service."""

import copy
import json
import os

from fake_ecs import World

ACCOUNT, REGION, VPC = "1000000000000001", "cn-hangzhou", "vpc-run"


def rule(direction="ingress", **more):
    return {"Direction": direction, "Policy": "Accept", "Priority": "1", "IpProtocol": "TCP", "PortRange": "443/443",
            "NicType": "intranet", "SecurityGroupRuleId": "sgr-" + str(abs(hash(str(sorted(more.items())))) % 10**8),
            "Description": more.pop("Description", ""), **more}


def interface(id, instance, kind, address, groups, label=""):
    return {"NetworkInterfaceId": id, "NetworkInterfaceName": label, "Type": kind, "Status": "InUse", "InstanceId": instance,
            "VpcId": VPC, "VSwitchId": "vsw-run", "ZoneId": REGION + "-a", "SecurityGroupIds": {"SecurityGroupId": groups},
            "PrivateIpAddress": address, "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": address, "Primary": True}]},
            "Ipv6Sets": {"Ipv6Set": []}, "OwnerId": ACCOUNT, "ServiceManaged": False, "Description": label,
            "Tags": {"Tag": [{"TagKey": label or "k", "TagValue": label}]}}


def world(count, label=""):
    """`count` machines in three groups, every second with a second interface, and peers that their traffic depends on."""
    interfaces, instances = {}, {}

    def machine(name, number, groups):
        id, address = f"i-{name}", f"10.0.{number // 200}.{number % 200 + 1}"
        interfaces[f"eni-{name}"] = interface(f"eni-{name}", id, "Primary", address, list(groups), label)
        instances[id] = {
            "InstanceId": id, "InstanceName": label, "Description": label, "Status": "Running", "RegionId": REGION,
            "InstanceNetworkType": "vpc", "OperationLocks": {"LockReason": []}, "VpcAttributes": {
                "VpcId": VPC, "VSwitchId": "vsw-run", "PrivateIpAddress": {"IpAddress": [address]}},
            "SecurityGroupIds": {"SecurityGroupId": list(groups)}, "Tags": {"Tag": [{"TagKey": "t", "TagValue": label}]},
            "NetworkInterfaces": {"NetworkInterface": [{"NetworkInterfaceId": f"eni-{name}", "Type": "Primary",
                                                        "PrimaryIpAddress": address, "MacAddress": "00:00:00:00:00:01"}]}}

    for number in range(count):
        machine(f"t{number}", number if number < 100 else number + 400, ["sg-app", "sg-base", "sg-extra"])
        if number % 2:
            id, address = f"eni-s{number}", f"10.0.{9 + number // 200}.{number % 200 + 1}"
            interfaces[id] = interface(id, f"i-t{number}", "Secondary", address, ["sg-base", "sg-app"], label)
            instances[f"i-t{number}"]["NetworkInterfaces"]["NetworkInterface"].append(
                {"NetworkInterfaceId": id, "Type": "Secondary", "PrimaryIpAddress": address})
    machine("peer", 100, ["sg-base", "sg-peer"])
    machine("keeper", 101, ["sg-base", "sg-app", "sg-extra"])
    machine("far", 102, ["sg-far"])
    rules = {
        "sg-app": [rule(SourcePrefixListId="pl-run"), rule(PortRange="8443/8443", SourceGroupId="sg-peer")],
        "sg-base": [rule(PortRange="22/22", SourceCidrIp="10.0.0.0/16"),
                    rule(PortRange="", PortRangeListId="prl-run", SourceCidrIp="10.0.0.0/16")],
        "sg-extra": [rule(PortRange="9100/9100", SourceGroupId="sg-peer")],
        "sg-peer": [rule(PortRange="9000/9000", SourceGroupId="sg-app")],
        "sg-new": [rule(PortRange="8443/8443", SourceGroupId="sg-peer")],
        "sg-far": [rule(SourceCidrIp="192.168.0.0/16"),
                   rule("egress", PortRange="5432/5432", DestCidrIp="172.16.0.0/12", Policy="Drop")],
    }
    groups = {id: {"SecurityGroupId": id, "SecurityGroupName": label, "Description": label, "VpcId": VPC,
                   "SecurityGroupType": "normal", "ServiceManaged": False,
                   "Tags": {"Tag": []}} for id in rules}
    answers = {id: {"SecurityGroupId": id, "RegionId": REGION, "VpcId": VPC, "InnerAccessPolicy": "Drop",
                    "SecurityGroupName": label, "Description": label,
                    "Permissions": {"Permission": [dict(one, Description=label) for one in held]}}
               for id, held in rules.items()}
    answers["sg-base"]["InnerAccessPolicy"] = "Accept"
    prefix_lists = {"pl-run": {"PrefixListId": "pl-run", "PrefixListName": label, "AddressFamily": "IPv4", "MaxEntries": 5,
                               "Entries": {"Entry": [{"Cidr": "10.0.0.0/24"}, {"Cidr": "203.0.113.0/24"}]}}}
    port_lists = {"prl-run": {"Entries": [{"PortRange": "80/80"}, {"PortRange": "81/90"}]}}
    return World(ACCOUNT, interfaces, instances, groups, answers, prefix_lists, port_lists)


def save(world, folder):
    """Writes a world as the answers an export holds."""
    os.makedirs(folder)

    def write(name, answer):
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as file:
            json.dump({"RequestId": "R", **answer}, file)

    write("interfaces", {"NetworkInterfaceSets": {"NetworkInterfaceSet": list(world.interfaces.values())}, "NextToken": ""})
    write("instances", {"Instances": {"Instance": list(world.instances.values())}, "NextToken": ""})
    write("groups", {"SecurityGroups": {"SecurityGroup": list(world.groups.values())}, "NextToken": ""})
    for id, answer in world.rules.items():
        write("rules-" + id, dict(answer, NextToken=""))
    for id, answer in world.prefix_lists.items():
        write("prefix-list-" + id, answer)
    for id, answer in world.port_lists.items():
        write("port-list-" + id, answer)


def copy_of(world):
    return copy.deepcopy(world)
