"""A generated estate as plain values, for the contestants that are written in Python.

All traffic is one line of numbers: TCP port p is p, UDP port p is 65535 + p, then come ICMP, GRE, and one number for
the protocols that no rule names, which are decided alike. What generated estates do not hold is refused, never
guessed.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

Interval = tuple[int, int]

UDP = 65535
ICMP = 2 * UDP + 1
GRE = ICMP + 1
EVERYTHING: Interval = (1, GRE + 1)
EVERYWHERE = IPv4Network("0.0.0.0/0")

# Around the priorities of rules, which are 1 to 100.
STRONGEST, WEAKEST = 0, 1000


@dataclass(frozen=True)
class Rule:
    """A rule whose lists are resolved; the other side is a group or else blocks."""

    egress: bool
    priority: int
    accepts: bool
    traffic: tuple[Interval, ...]
    blocks: tuple[IPv4Network, ...]
    group: str | None


@dataclass(frozen=True)
class Group:
    """A group with its own rules and the intra-group policy."""

    is_basic: bool
    accepts_inner: bool
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Interface:
    """An interface with its groups before and after the removals."""

    id: str
    vpc: str
    addresses: tuple[IPv4Address, ...]
    before: frozenset[str]
    after: frozenset[str]

    @property
    def is_changed(self) -> bool:
        """Tell whether it leaves a group."""
        return self.before != self.after


@dataclass(frozen=True)
class Estate:
    """Everything that decides about traffic."""

    interfaces: list[Interface]
    groups: dict[str, Group]


Answer = tuple[dict[str, Any], dict[str, Any]]


def read(folder: Path) -> Estate:
    """Read an estate as the generator writes it."""
    answers: dict[str, list[Answer]] = {}
    for path in sorted((folder / "export").iterdir()):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                answer = json.loads(line)
                request, response = answer["request"], answer["response"]
                answers.setdefault(request["Action"], []).append((request, response))
    prefixes = {
        request["PrefixListId"]: tuple(IPv4Network(entry["Cidr"]) for entry in response["Entries"]["Entry"])
        for request, response in answers.get("DescribePrefixListAttributes", [])
    }
    ports = {
        request["PortRangeListId"]: tuple(entry["PortRange"] for entry in response["Entries"])
        for request, response in answers.get("DescribePortRangeListEntries", [])
    }
    basic = {
        group["SecurityGroupId"]: group["SecurityGroupType"] == "normal"
        for _, response in answers["DescribeSecurityGroups"]
        for group in response["SecurityGroups"]["SecurityGroup"]
    }
    groups = {
        response["SecurityGroupId"]: Group(
            is_basic=basic[response["SecurityGroupId"]],
            accepts_inner=response["InnerAccessPolicy"] == "Accept",
            rules=tuple(rule(fields, prefixes, ports) for fields in response["Permissions"]["Permission"]),
        )
        for _, response in answers["DescribeSecurityGroupAttribute"]
    }
    leaving = removals(folder / "removals.csv")
    return Estate(list(interfaces(answers["DescribeNetworkInterfaces"], leaving)), groups)


def removals(path: Path) -> dict[str, set[str]]:
    """Read which groups an instance or an interface leaves."""
    leaving: dict[str, set[str]] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            leaving.setdefault(row["target"], set()).add(row["group"])
    return leaving


def interfaces(answers: list[Answer], leaving: dict[str, set[str]]) -> Iterator[Interface]:
    """Read the interfaces; an instance stands for its primary one."""
    for _, response in answers:
        for fields in response["NetworkInterfaceSets"]["NetworkInterfaceSet"]:
            for kind in ("Ipv6Sets", "Ipv4PrefixSets", "Ipv6PrefixSets"):
                refuse_unless(not any(fields[kind].values()), fields)
            left = set(leaving.get(fields["NetworkInterfaceId"], ()))
            if fields["Type"] == "Primary":
                left |= leaving.get(fields["InstanceId"], set())
            before = frozenset(fields["SecurityGroupIds"]["SecurityGroupId"])
            yield Interface(
                id=fields["NetworkInterfaceId"],
                vpc=fields["VpcId"],
                addresses=tuple(
                    IPv4Address(address["PrivateIpAddress"]) for address in fields["PrivateIpSets"]["PrivateIpSet"]
                ),
                before=before,
                after=before - left,
            )


def rule(
    fields: dict[str, Any],
    prefixes: dict[str, tuple[IPv4Network, ...]],
    ports: dict[str, tuple[str, ...]],
) -> Rule:
    """Read a rule and resolve its lists."""
    egress = fields["Direction"] == "egress"
    far, near = ("Dest", "Source") if egress else ("Source", "Dest")
    narrowing = [fields[f"{near}CidrIp"], fields[f"Ipv6{near}CidrIp"], fields[f"Ipv6{far}CidrIp"]]
    refuse_unless(not any([*narrowing, fields["SourcePortRange"]]), fields)
    cidr, group, prefix_list = (fields[f"{far}{kind}"] for kind in ("CidrIp", "GroupId", "PrefixListId"))
    blocks = (IPv4Network(cidr),) if cidr else prefixes[prefix_list] if prefix_list else ()
    refuse_unless(bool(blocks) != bool(group) and STRONGEST < fields["Priority"] < WEAKEST, fields)
    refuse_unless(fields["Policy"] in ("Accept", "Drop"), fields)
    return Rule(
        egress=egress,
        priority=fields["Priority"],
        accepts=fields["Policy"] == "Accept",
        traffic=traffic(fields, ports),
        blocks=blocks,
        group=group or None,
    )


def traffic(fields: dict[str, Any], ports: dict[str, tuple[str, ...]]) -> tuple[Interval, ...]:
    """Read protocol and ports of a rule."""
    protocol, port_list = fields["IpProtocol"], fields["PortRangeListId"]
    ranges = ports[port_list] if port_list else (fields["PortRange"],)
    if protocol in ("TCP", "UDP"):
        base = UDP if protocol == "UDP" else 0
        bounds = [range_.split("/") for range_ in ranges]
        return tuple((base + int(low), base + int(high)) for low, high in bounds)
    refuse_unless(ranges == ("-1/-1",), fields)
    return {"ALL": (EVERYTHING,), "ICMP": ((ICMP, ICMP),), "GRE": ((GRE, GRE),)}[protocol]


def refuse_unless(is_known: bool, fields: dict[str, Any]) -> None:
    """Stop at what generated estates do not hold."""
    if not is_known:
        raise ValueError(f"no generated record is like this: {fields}")
