#!/usr/bin/env python3
"""Executes a plan of sgleave with the official SDK of Alibaba Cloud (alibabacloud-ecs20140526).

This file is the same for every plan. Everything that differs is data in plan.json; no text of it becomes code, and no
part of it reaches a shell. The runner decides nothing: it checks that the world is the one the plan was made for, makes
the calls in order, looks before and after each one, and stops at the first deviation.

    python3 runner.py dry-run      read, check every precondition, change nothing
    python3 runner.py apply        make the change
    python3 runner.py resume       go on after an interruption, or after a look at the health of the estate
    python3 runner.py rollback     go back, newest step first
    python3 runner.py status       what the journal and the world say

Exit codes: 0 done; 2 usage; 5 plan and world do not belong together, nothing was changed; 6 stopped after some steps;
7 the way back is incomplete. Credentials come from the SDK's own chain only.
"""

import argparse
import datetime
import email.utils
import fcntl
import hashlib
import ipaddress
import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import time
import urllib.parse

OK, USAGE, STALE, PARTIAL, ROLLBACK_INCOMPLETE = 0, 2, 5, 6, 7

PLAN_VERSION = 1
MAX_SKEW_SECONDS = 120
MAX_TRIES = 5
STATUS_WAIT_SECONDS = 300
LOOKED_AT_TOGETHER = 100
REFERENCES_SHOWN = 100

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")

WRITES = ("ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute", "LeaveSecurityGroup", "JoinSecurityGroup")

# What the API's codes mean for a call that changes something. The exact code counts, never the text of a message.
ALREADY = {"InvalidSecurityGroupAssociation.NotFound", "InstanceNotInSecurityGroup", "InvalidInstanceId.AlreadyExists"}
AGAIN = {"ServiceUnavailable", "InternalError", "RequestTimeout", "OperationConflict", "Operation.Conflict",
         "InvalidOperation.Conflict", "LastTokenProcessing"}
BUSY = {"IncorrectInstanceStatus", "InvalidOperation.InvalidEniState", "InvalidOperation.InvalidEcsState",
        "InvalidStatus.EniOrInstanceIsBeingCreated", "Forbidden.InstanceIsBeingCreated"}
REFUSED = {"InstanceLastSecurityGroup", "InvalidOperation.AtLeastInOneGroup", "InstanceLockedForSecurity",
           "InvalidOperation.ResourceManagedByCloudProduct", "InvalidOperation.EniServiceManaged",
           "InvalidOperation.InvalidEniType", "InvalidOperation.PrimaryEniOnlySupportModifyNameAndDesc",
           "InstanceSecurityGroupLimitExceeded", "SecurityGroupInstanceLimitExceeded", "JoinedGroupLimitExceed",
           "InvalidOperation.EniCountExceeded", "NetworkInterfaceCountExceeded", "AclLimitExceed",
           "InvalidOperation.VpcMismatch", "InvalidOperation.MultiGroupType", "InvalidInstanceId.NotFound",
           "InvalidSecurityGroupId.NotFound", "InvalidEniId.NotFound", "InvalidInstanceId.Mismatch", "NotBelongUser",
           "SignatureDoesNotMatch", "InvalidAction.NotFound", "UnsupportedParameter"}
REFUSED_PREFIXES = ("EnterpriseGroupLimited.", "Forbidden.", "InvalidAccessKeyId.", "InvalidSecurityToken.",
                    "MissingParameter")


class Stop(Exception):
    """The run ends here."""

    def __init__(self, message, hint="", code=None):
        super().__init__(message)
        self.hint, self.code = hint, code


class Failed(Exception):
    """A call that did not answer with a success."""

    def __init__(self, code, status, message, retry_after=None):
        super().__init__(f"{code}: {message}")
        self.code, self.status, self.retry_after = code, status, retry_after

    def kind(self):
        if self.code.startswith("Throttling") or self.code == "Rejected.Throttling" or self.status == 429:
            return "throttled"
        if self.code in ALREADY:
            return "already"
        if self.code in BUSY:
            return "busy"
        if self.code in AGAIN or not self.status or self.status >= 500:
            return "unknown-outcome"
        if self.code in REFUSED or self.code.startswith(REFUSED_PREFIXES) or self.code.endswith(".Malformed"):
            return "refused"
        # A code that is not known says nothing about the outcome; the world is watched as after a time-out.
        return "not-known"


# ---------------------------------------------------------------- the plan


def unique_keys(pairs):
    found = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r} stands twice")
        found[key] = value
    return found


def canonical(plan):
    return json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def load_plan(path):
    try:
        with open(path, "rb") as file:
            plan = json.loads(file.read().decode(), object_pairs_hook=unique_keys)
        if not isinstance(plan, dict) or plan.get("kind") != "plan":
            raise ValueError("it is no plan")
        if plan.get("plan_version") != PLAN_VERSION:
            raise ValueError(f"its version is {plan.get('plan_version')!r}, and this runner knows {PLAN_VERSION}")
        nameless = dict(plan, plan_id="")
        found = "sha256:" + hashlib.sha256(canonical(nameless)).hexdigest()
        if found != plan["plan_id"]:
            raise ValueError("it was changed after it was made")
        if plan["review"] != "clear" or plan["incomplete_inputs"]:
            raise ValueError("it is not cleared, or its evidence is incomplete")
        if [step["id"] for step in plan["steps"]] != plan["order"]:
            raise ValueError("its steps are not in its order")
        if [id for wave in plan["waves"] for id in wave["steps"]] != plan["order"]:
            raise ValueError("its waves are not in its order")
        check_steps(plan)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Stop(f"{path} cannot be used: {error}", "make the plan again with `sgleave plan`") from error
    return plan


def check_steps(plan):
    """Every call is the one that its step speaks of, and each step begins where the one before it ended."""
    regions = {region["region_id"] for region in plan["regions"]}
    watch = plan["watch"]
    by_id = [plan["targets"], *(watch[kind] for kind in ("groups", "references", "prefix_lists", "port_lists"))]
    ids = [*regions, *(id for things in by_id for id in things), *(vpc["vpc_id"] for vpc in watch["vpcs"]),
           *(one["region_id"] for things in [watch["vpcs"], *(found.values() for found in by_id)] for one in things)]
    state = {id: target["groups_before"] for id, target in plan["targets"].items()}
    for step in plan["steps"]:
        expect, after = step["expect"], step["after"]["SecurityGroupIds"]
        interface, instance = expect["interface"], expect.get("instance") or {}
        id = interface["NetworkInterfaceId"]
        target, before = plan["targets"][id], state[id]
        ids += [*before, *after, *([instance["InstanceId"]] if instance else [])]
        is_same = (
            interface["SecurityGroupIds"] == before and step["rollback"]["SecurityGroupIds"] == before
            and step["region_id"] == target["region_id"] and step["region_id"] in regions
            and interface["Type"] == target["interface_type"] and interface["VpcId"] == target["vpc_id"]
            and instance.get("InstanceId") == target.get("instance_id"))
        if not is_same or not after or after == before:
            raise ValueError(f"step {step['id']} does not begin where the step before it ended")
        there, back = calls_of(step, before, after)
        if (step["action"], step["params"]) != there or (step["rollback"]["action"], step["rollback"]["params"]) != back:
            raise ValueError(f"the calls of step {step['id']} are not those of its interface and groups")
        if step["reads"] != reads_of(step):
            raise ValueError(f"the reads of step {step['id']} are not those of its interface")
        state[id] = after
    if state != {id: target["groups_after"] for id, target in plan["targets"].items()}:
        raise ValueError("its steps do not end where it says")
    wrong = [id for id in ids if not isinstance(id, str) or not ID.fullmatch(id)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is no id")


def calls_of(step, before, after):
    """The call that makes a step, and the one that undoes it, as (action, parameters)."""
    interface, region = step["expect"]["interface"], step["region_id"]
    is_primary = interface["Type"] == "Primary" and step["expect"].get("instance")
    if step["replaces"]:
        if is_primary:
            action, name, more = "ModifyInstanceAttribute", "SecurityGroupIds", {
                "InstanceId": step["expect"]["instance"]["InstanceId"]}
        else:
            action, name, more = "ModifyNetworkInterfaceAttribute", "SecurityGroupId", {
                "RegionId": region, "NetworkInterfaceId": interface["NetworkInterfaceId"]}
        return (action, {**more, name: after}), (action, {**more, name: before})
    changed = set(before) ^ set(after)
    if len(changed) != 1:
        raise ValueError(f"step {step['id']} changes {len(changed)} memberships in one call")
    params = {"RegionId": region, "SecurityGroupId": changed.pop()}
    if is_primary:
        params["InstanceId"] = step["expect"]["instance"]["InstanceId"]
    else:
        params["NetworkInterfaceId"] = interface["NetworkInterfaceId"]
    actions = ("LeaveSecurityGroup", "JoinSecurityGroup")
    there, back = actions if len(after) < len(before) else reversed(actions)
    return (there, params), (back, params)


def reads_of(step):
    """What a step looks at before and after."""
    region, interface = step["region_id"], step["expect"]["interface"]["NetworkInterfaceId"]
    reads = [{"id": "interface", "action": "DescribeNetworkInterfaces",
              "params": {"RegionId": region, "NetworkInterfaceId": [interface], "MaxResults": 100}}]
    if step["expect"].get("instance"):
        instance = json.dumps([step["expect"]["instance"]["InstanceId"]])
        reads.append({"id": "instance", "action": "DescribeInstances",
                      "params": {"RegionId": region, "InstanceIds": instance, "MaxResults": 10}})
    return reads


def check_signature(plan, options):
    if not options.public_key:
        if not options.allow_unsigned:
            raise Stop("no --public-key is given, so nobody says that this plan was approved",
                       "have it signed (`sgleave plan sign`), or type --allow-unsigned", USAGE)
        return
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    place = options.signature or options.plan + ".sig"
    try:
        with open(options.public_key, "rb") as file:
            key = load_pem_public_key(file.read())
        with open(place, "r", encoding="ascii") as file:
            text = file.read().rstrip()
        if not text.startswith("ed25519:"):
            raise ValueError("it is no Ed25519 signature")
        key.verify(bytes.fromhex(text[len("ed25519:"):]), canonical(plan))
    except (OSError, ValueError, TypeError, AttributeError, InvalidSignature) as error:
        raise Stop(f"{place} is not the signature of this plan and this key ({type(error).__name__})",
                   "have the plan approved again") from error


def how_many(steps):
    return "an unknown number of steps" if steps is None else "1 step" if steps == 1 else f"{steps} steps"


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc).timestamp()


def check_times(plan, is_begun):
    now = time.time()
    if not is_begun and now >= moment(plan["expires_at"]):
        raise Stop(f"the plan expired at {plan['expires_at']}", "export again and make a new plan")
    if not is_begun and now < moment(plan["created_at"]) - MAX_SKEW_SECONDS:
        raise Stop("the plan comes from the future, or the clock of this machine is wrong")
    if plan.get("not_before") and now < moment(plan["not_before"]):
        raise Stop(f"the plan is not to be executed before {plan['not_before']}")
    if plan.get("not_after") and now > moment(plan["not_after"]):
        raise Stop(f"the plan is not to be executed after {plan['not_after']}")


# ---------------------------------------------------------------- facts, in the same form as the plan has them


def digest(form, lines):
    return hashlib.sha256("".join(line + "\n" for line in [form + " 1", *sorted(set(lines))]).encode()).hexdigest()


def inner(answer, outer, key):
    """A list in the API's own wrapping; one that is not there is no empty list."""
    found = answer.get(outer)
    if isinstance(found, dict):
        found = found.get(key)
    if not isinstance(found, list):
        raise Stop(f"the answer of the API has no {outer}.{key}")
    return found


def optional(answer, outer, key):
    found = answer.get(outer)
    if isinstance(found, dict):
        found = found.get(key)
    return found if isinstance(found, list) else []


def text_of(value):
    return str(value).strip() if value is not None else ""


def network(text):
    return ipaddress.ip_network(text.strip(), strict=False)


def block(net):
    return f"4:{int(net[0]):08x}/{net.prefixlen}" if net.version == 4 else f"6:{int(net[0]):032x}/{net.prefixlen}"


def around(prefix, holes):
    """The blocks that hold all of a prefix but some addresses inside."""
    if not holes:
        return [prefix]
    if prefix.prefixlen == prefix.max_prefixlen:
        return []
    halves = prefix.subnets(prefixlen_diff=1)
    return [part for half in halves for part in around(half, [hole for hole in holes if hole.subnet_of(half)])]


def held_blocks(interface):
    """The addresses of an interface and the prefixes delegated to it, as (kind, network)."""
    sets = [("PrivateIpSets", "PrivateIpSet", "PrivateIpAddress"), ("Ipv6Sets", "Ipv6Set", "Ipv6Address")]
    addresses = {network(interface["PrivateIpAddress"])} if text_of(interface.get("PrivateIpAddress")) else set()
    for outer, key, name in sets:
        addresses |= {network(one[name]) for one in optional(interface, outer, key) if text_of(one.get(name))}
    sets = [("Ipv4PrefixSets", "Ipv4PrefixSet", "Ipv4Prefix"), ("Ipv6PrefixSets", "Ipv6PrefixSet", "Ipv6Prefix")]
    prefixes = {network(one[name]) for outer, key, name in sets for one in optional(interface, outer, key)}
    held = [("address", net) for net in addresses]
    for prefix in prefixes:
        same = [other for other in prefixes if other.version == prefix.version and other != prefix]
        if not any(prefix.subnet_of(other) for other in same):
            holes = [net for net in addresses if net.version == prefix.version and net.subnet_of(prefix)]
            held += [("prefix", part) for part in around(prefix, holes)]
    return held


def groups_of(thing):
    return sorted(set(inner(thing, "SecurityGroupIds", "SecurityGroupId")))


def hashed(text):
    return hashlib.sha256((text if isinstance(text, str) else "").encode()).hexdigest()


def label_lines(what, name, thing):
    tags = {}
    for tag in optional(thing, "Tags", "Tag"):
        key, value = tag.get("TagKey") or tag.get("Key") or "", tag.get("TagValue") or tag.get("Value") or ""
        if key or value:
            tags[key] = min(value, tags.get(key, value))
    lines = [f"{what} name {hashed(thing.get(name))}"]
    return lines + [f"{what} tag {hashed(key)} {hashed(value)}" for key, value in tags.items()]


def labels_of(interface, instance):
    lines = label_lines("interface", "NetworkInterfaceName", interface)
    return lines + (label_lines("instance", "InstanceName", instance) if instance else [])


def labels_sha256(interface, instance):
    return digest("labels", labels_of(interface, instance))


def group_labels_sha256(group):
    return digest("labels", [f"name {hashed(group.get('SecurityGroupName'))}"])


def addresses_sha256(interface):
    return digest("addresses", [f"{kind} {block(net)}" for kind, net in held_blocks(interface)])


def peer_sha256(interface, labels=()):
    groups = [f"group {group}" for group in groups_of(interface)]
    return digest("interface", groups + [f"{kind} {block(net)}" for kind, net in held_blocks(interface)] + list(labels))


PROTOCOLS = {"tcp": "6", "udp": "17", "icmp": "1", "icmpv6": "58", "gre": "47", "all": "all"}
KNOWN_KEYS = {
    "SecurityGroupRuleId", "Direction", "Policy", "Priority", "IpProtocol", "PortRange", "PortRangeListId",
    "PortRangeListName", "SourcePortRange", "NicType", "Description", "CreateTime", "SourceCidrIp", "Ipv6SourceCidrIp",
    "SourceGroupId", "SourceGroupName", "SourceGroupOwnerAccount", "SourceGroupOwnerId", "SourcePrefixListId",
    "SourcePrefixListName", "DestCidrIp", "Ipv6DestCidrIp", "DestGroupId", "DestGroupName", "DestGroupOwnerAccount",
    "DestGroupOwnerId", "DestPrefixListId", "DestPrefixListName",
}


def port_range(text):
    if text == "-1/-1":
        return (1, 65535)
    low, high = (int(part) for part in text.split("/"))
    if not 1 <= low <= high <= 65535:
        raise ValueError(f"port range {text!r}")
    return (low, high)


def ports_of(ranges):
    return ",".join(f"{low}-{high}" for low, high in sorted(set(ranges)))


def rule_line(rule):
    """One rule as a line; ValueError for what is not understood."""
    unknown = [key for key in rule if key not in KNOWN_KEYS and rule[key] not in (None, "", [], {})]
    if unknown:
        raise ValueError(f"the key {sorted(unknown)[0]!r}")
    direction = {"ingress": "ingress", "egress": "egress"}[text_of(rule["Direction"]).lower()]
    action = {"accept": "accept", "allow": "accept", "drop": "drop"}[text_of(rule["Policy"]).lower()]
    priority = int(text_of(rule["Priority"]))
    name = text_of(rule["IpProtocol"]).lower()
    protocol = PROTOCOLS.get(name) or str(int(name))
    has_ports = protocol in ("6", "17")
    written, listed = text_of(rule.get("PortRange")), text_of(rule.get("PortRangeListId"))
    if written:
        ranges = [port_range(part) for part in written.split(",")]
        if not has_ports and written != "-1/-1":
            raise ValueError("ports without a protocol that has ports")
        ports = "*" if not has_ports or (1, 65535) in ranges else ports_of(ranges)
    elif has_ports:
        if not listed:
            raise ValueError("a rule without ports")
        ports = f"list:{listed}"
    else:
        if listed:
            raise ValueError("ports without a protocol that has ports")
        ports = "*"
    source = text_of(rule.get("SourcePortRange"))
    if source and source != "-1/-1":
        if not has_ports:
            raise ValueError("ports without a protocol that has ports")
        source = port_range(source)
        source = "*" if source == (1, 65535) else f"{source[0]}-{source[1]}"
    else:
        source = "*"
    remote, local = ("Source", "Dest") if direction == "ingress" else ("Dest", "Source")
    if text_of(rule.get(local + "GroupId")) or text_of(rule.get(local + "PrefixListId")):
        raise ValueError("a group or list on the own side of a rule")

    def cidr(side):
        given = text_of(rule.get(side + "CidrIp")) or text_of(rule.get(f"Ipv6{side}CidrIp"))
        return block(network(given)) if given else None

    peer = cidr(remote)
    if not peer and text_of(rule.get(remote + "GroupId")):
        peer = "group:" + text_of(rule.get(remote + "GroupId"))
    if not peer and text_of(rule.get(remote + "PrefixListId")):
        peer = "list:" + text_of(rule.get(remote + "PrefixListId"))
    if not peer:
        raise ValueError("a rule without its other side")
    return f"{direction} {priority} {action} {protocol} {ports} {source} {peer} {cidr(local) or '*'}"


def rules_sha256(rules):
    return digest("rules", [rule_line(rule) for rule in rules])


def prefix_list_sha256(entries):
    return digest("list", [block(network(entry["Cidr"])) for entry in entries])


def port_list_sha256(entries):
    """Ranges that meet or touch are one."""
    merged = []
    for low, high in sorted(port_range(entry["PortRange"]) for entry in entries):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return digest("list", [f"{low}-{high}" for low, high in merged])


def naming(answer, id):
    """The groups whose rules name a group; the documents have two names for the list."""
    found = set()
    for reference in inner(answer, "SecurityGroupReferences", "SecurityGroupReference"):
        if reference.get("SecurityGroupId") != id:
            continue
        names = [("ReferencingSecurityGroups", "ReferencingSecurityGroup"), ("SecurityReferencingGroups", "SecurityReferencingGroup")]
        shown = [pair for pair in names if pair[0] in reference]
        if len(shown) != 1:
            raise Stop(f"the answer of the API does not say which groups name {id}")
        found |= {one.get("SecurityGroupId") for one in inner(reference, *shown[0])}
    return found


# ---------------------------------------------------------------- the cloud


def is_on_this_machine(endpoint):
    return urllib.parse.urlsplit(endpoint or "").hostname in ("127.0.0.1", "localhost", "::1")


class Cloud:
    """The calls a runner makes, one after the other, no faster than the plan says, and none of them repeated blindly."""

    def __init__(self, plan, options):
        self.plan, self.options, self.clients, self.last, self.skew = plan, options, {}, {}, None
        self.waited = 0.0
        if options.endpoint and len(plan["regions"]) > 1:
            raise Stop("an endpoint is one region's, and the plan is for several", "make a plan for each region", USAGE)

    def clock(self):
        """Seconds that passed without those in which this runner waited for its own pace or because it was throttled."""
        return time.monotonic() - self.waited

    def wait(self, seconds):
        self.waited += seconds
        pause(seconds)

    def config(self, region, endpoint):
        from alibabacloud_credentials.client import Client as Credentials
        from alibabacloud_tea_openapi.utils_models import Config
        config = Config(credential=Credentials(), region_id=region)
        if endpoint:
            place = urllib.parse.urlsplit(endpoint)
            if not is_on_this_machine(endpoint) and not (place.scheme == "https" and (place.hostname or "").endswith(".aliyuncs.com")):
                raise Stop(f"{endpoint} is no endpoint of Alibaba Cloud, and not on this machine", code=USAGE)
            config.endpoint, config.protocol = place.netloc, place.scheme
        return config

    def client(self, region):
        if region not in self.clients:
            from alibabacloud_ecs20140526.client import Client
            self.clients[region] = Client(self.config(region, self.options.endpoint))
        return self.clients[region]

    def pace(self, action):
        rate = self.plan["rate"]["writes_per_minute" if action in WRITES else "reads_per_minute"]
        now = time.monotonic()
        due = self.last.get(action, now - 60) + 60 / max(1, rate)
        if due > now and not self.options.no_pace:
            self.wait(due - now)
        self.last[action] = time.monotonic()

    def call(self, region, action, params):
        """One call, sent once; a changing one was paced before the look that precedes it. Returns the answer as it came;
        Failed for everything else.

        The answer is not read through the models of the SDK: they drop every key they do not know, and a key that narrows
        a rule must not be dropped.
        """
        if action not in WRITES:
            self.pace(action)
        query = {}
        for name, value in params.items():
            if isinstance(value, list):
                query.update({f"{name}.{nth + 1}": one for nth, one in enumerate(value)})
            else:
                query[name] = str(value)
        return self.send(self.client(region), action, "2014-05-26", query)

    def send(self, client, action, version, query):
        from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
        from darabonba.runtime import RuntimeOptions
        params = Params(action=action, version=version, protocol=client._protocol or "HTTPS", method="POST", auth_type="AK",
                        style="RPC", pathname="/", req_body_type="formData", body_type="json")
        timeout = int(self.options.timeout * 1000)
        runtime = RuntimeOptions(connect_timeout=timeout, read_timeout=timeout, autoretry=False)
        try:
            response = client.call_api(params, OpenApiRequest(query=query), runtime)
            body = response["body"]
            if not isinstance(body, dict):
                raise ValueError("the answer is no JSON object")
        except Exception as error:  # Whatever it is, it says nothing about the state of the world.
            if type(error).__module__.startswith("alibabacloud_credentials"):
                raise Stop(f"no usable credentials: {error}", "see the SDK's chain of credentials") from error
            code, status = getattr(error, "code", None), getattr(error, "status_code", None)
            wait = getattr(error, "retry_after", None)
            raise Failed(text_of(code) or type(error).__name__, status if isinstance(status, int) else None,
                         text_of(getattr(error, "message", None)) or str(error), wait) from error
        self.note_clock(response.get("headers") or {})
        return body

    def note_clock(self, headers):
        date = next((value for key, value in headers.items() if key.lower() == "date"), None)
        try:
            server = email.utils.parsedate_to_datetime(date).timestamp() if date else None
        except (TypeError, ValueError):
            server = None
        if server is not None:
            self.skew = abs(server - time.time())

    def read(self, region, action, params, outer=None, key=None):
        """One reading call with all its pages; tried again where the service is busy."""
        found, token, pages = [], "", 0
        while True:
            page = dict(params, **({"NextToken": token} if token else {}))
            answer = self.patiently(action, lambda: self.call(region, action, page))
            if outer is None:
                return answer
            found += inner(answer, outer, key)
            next_token, pages = text_of(answer.get("NextToken")), pages + 1
            if not next_token:
                return found
            if next_token == token or pages > 100_000:
                raise Stop(f"the pages of {action} do not end")
            token = next_token

    def account(self):
        """Who is asking? The caller's account, as the service knows it."""
        from alibabacloud_tea_openapi.client import Client
        region = self.plan["regions"][0]["region_id"]
        config = self.config(region, self.options.sts_endpoint or f"https://sts.{region}.aliyuncs.com")
        client = Client(config)
        answer = self.patiently("GetCallerIdentity", lambda: self.send(client, "GetCallerIdentity", "2015-04-01", {}))
        return text_of(answer.get("AccountId"))

    def patiently(self, action, attempt):
        """The answer of a call that changes nothing; it is made again where the service is busy."""
        for nth in range(MAX_TRIES + 1):
            try:
                return attempt()
            except Failed as error:
                if error.kind() not in ("throttled", "unknown-outcome") or nth == MAX_TRIES:
                    raise Stop(f"{action} failed: {error}") from error
                self.wait(back_off(nth, error))
        raise Stop(f"{action} failed")


def back_off(nth, error):
    """How long to wait: as long as the service asks for, and when throttled at least to the next minute."""
    wait = min(60, 2 ** nth) * (0.5 + random.random() / 2)
    if error.kind() == "throttled":
        wait = max(wait, 60 - time.time() % 60)
    if error.retry_after:
        wait = max(wait, float(error.retry_after) / 1000)
    return wait


class Signals:
    """An interrupt ends the run between two calls; one that comes again ends it at once."""

    came = None

    @classmethod
    def watch(cls):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, cls.note)

    @classmethod
    def note(cls, number, _frame):
        cls.came = signal.Signals(number).name
        signal.signal(number, signal.SIG_DFL)

    @classmethod
    def check(cls):
        if cls.came:
            raise Stop(f"interrupted by {cls.came}", "go on with `resume`, or go back with `rollback`")


def pause(seconds):
    """Waits, in short parts, so that an interrupt does not have to."""
    until = time.monotonic() + seconds
    while True:
        Signals.check()
        left = until - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 1.0))


# ---------------------------------------------------------------- the journal


class Journal:
    """What was done, written before it is done. Lines of JSON, each with a check sum; on the disk before a call goes out."""

    def __init__(self, path, plan_id):
        self.path, self.plan_id, self.events, self.torn, self.damage = path, plan_id, [], False, ""
        try:
            with open(path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            data = b""
        lines = data.split(b"\n")
        torn = lines.pop()
        for nth, line in enumerate(lines):
            event = self.parse(line)
            if event is None:
                self.events, self.damage = [], f"line {nth + 1} of {path} is damaged"
                return
            if event["plan_id"] != plan_id:
                raise Stop(f"{path} belongs to another plan", "name another --journal", USAGE)
            self.events.append(event)
        self.torn = bool(torn)

    @staticmethod
    def parse(line):
        try:
            check, text = line.split(b" ", 1)
            if hashlib.sha256(text).hexdigest()[:16].encode() != check:
                return None
            event = json.loads(text)
            return event if isinstance(event, dict) and "event" in event and "plan_id" in event else None
        except ValueError:
            return None

    def add(self, event, **more):
        entry = {"event": event, "plan_id": self.plan_id, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **more}
        text = json.dumps(entry, sort_keys=True).encode()
        is_new = not os.path.exists(self.path)
        if self.torn:
            self.drop_torn()
        with open(self.path, "ab") as file:
            file.write(hashlib.sha256(text).hexdigest()[:16].encode() + b" " + text + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            folder = os.open(os.path.dirname(os.path.abspath(self.path)), os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        self.events.append(entry)

    def set_aside(self):
        """Keeps a journal that cannot be used under another name, and begins a new one."""
        for nth in range(1, 1_000):
            place = f"{self.path}.damaged-{nth}"
            if not os.path.exists(place):
                os.rename(self.path, place)
                break
        self.events, self.torn, self.damage = [], False, ""

    def drop_torn(self):
        """An event that was not written to its end was not acted on: the call goes out after the end is on the disk."""
        with open(self.path, "r+b") as file:
            data = file.read()
            keep = 0
            for line in data.split(b"\n")[:len(self.events)]:
                keep += len(line) + 1
            file.truncate(keep)
        self.torn = False

    def is_begun(self):
        return any(event["event"] == "begin" for event in self.events)

    def touched(self, steps):
        """Those of some steps for which a call may have gone out, in either direction."""
        found = {event["step"] for event in self.events if event["event"] in ("intent", "undo-intent")}
        return [step for step in steps if step in found]

    def open(self):
        """The calls whose end nobody saw, as {step: (way, when)}."""
        found = {}
        for event in self.events:
            if event["event"] in ("intent", "undo-intent"):
                found[event["step"]] = (event["event"], moment(event["at"]))
            elif event["event"] in ("verified", "unchanged"):
                found.pop(event["step"], None)
        return found

    def made(self):
        """The steps that were seen to be made and not seen to be undone since."""
        found = {}
        for event in self.events:
            if event["event"] == "verified":
                found[event["step"]] = event["way"] == "intent"
        return {step for step, is_made in found.items() if is_made}

    def last(self, *names):
        return next((event for event in reversed(self.events) if event["event"] in names), None)


# ---------------------------------------------------------------- the run


class Run:
    def __init__(self, plan, options, journal):
        self.plan, self.options, self.journal = plan, options, journal
        self.cloud, self.headroom = Cloud(plan, options), {}
        self.steps, self.steps_of = {}, {}
        for step in plan["steps"]:
            self.steps[step["id"]] = step
            self.steps_of.setdefault(step["expect"]["interface"]["NetworkInterfaceId"], []).append(step)
        # The wave in which this process has made a call and that is not healthy yet.
        self.wave, self.has_looked = None, False

    def say(self, event, text, **more):
        if self.options.json:
            print(json.dumps({"event": event, "text": text, **more}, sort_keys=True), flush=True)
        else:
            print(text, flush=True)

    # -------- looking

    def look(self, step):
        """What the API shows of the interface of a step: (groups, deviation in anything else or '')."""
        return self.look_at([step])[0]

    def look_at(self, steps):
        """The same of many, in the fewest calls."""
        interfaces = self.described(
            "DescribeNetworkInterfaces", "NetworkInterfaceSets", "NetworkInterfaceSet", "NetworkInterfaceId",
            [(step["region_id"], step["expect"]["interface"]["NetworkInterfaceId"]) for step in steps])
        instances = self.described(
            "DescribeInstances", "Instances", "Instance", "InstanceId",
            [(step["region_id"], step["expect"]["instance"]["InstanceId"]) for step in steps if step["expect"].get("instance")])
        return [self.compare(step["expect"], interfaces, instances) for step in steps]

    def described(self, action, outer, key, name, wanted):
        """What the API shows of each id, by id; the ids stand beside their regions."""
        by_region, found = {}, {}
        for region, id in sorted(set(wanted)):
            by_region.setdefault(region, []).append(id)
        for region, ids in by_region.items():
            for first in range(0, len(ids), LOOKED_AT_TOGETHER):
                part = ids[first:first + LOOKED_AT_TOGETHER]
                which = {"InstanceIds": json.dumps(part)} if name == "InstanceId" else {name: part}
                answer = self.cloud.read(region, action, {"RegionId": region, "MaxResults": 100, **which}, outer, key)
                for one in answer:
                    if one.get(name) in part:
                        if one[name] in found:
                            raise Stop(f"{action} shows {one[name]} twice")
                        found[one[name]] = one
        return found

    def compare(self, expect, interfaces, instances):
        """The groups of the interface, or None while two answers are of different moments; and every other deviation."""
        wanted, problems = expect["interface"], []
        id = wanted["NetworkInterfaceId"]
        interface = interfaces.get(id)
        if interface is None:
            return [], f"{id} is gone"
        groups, target = groups_of(interface), self.plan["targets"][id]
        for key in ("Type", "VpcId"):
            if interface.get(key) != wanted[key]:
                problems.append(f"{key} is {interface.get(key)!r}, not {wanted[key]!r}")
        if interface.get("Status") not in wanted["Status"]:
            problems.append(f"its status is {interface.get('Status')!r}")
        if bool(interface.get("ServiceManaged")) != wanted["ServiceManaged"]:
            problems.append("a cloud product manages it")
        wanted_instance = expect.get("instance") or {}
        if text_of(interface.get("InstanceId")) != (wanted_instance.get("InstanceId") or ""):
            problems.append(f"it is attached to {interface.get('InstanceId')!r}, not {wanted_instance.get('InstanceId')!r}")
        if addresses_sha256(interface) != target["addresses_sha256"]:
            problems.append("its addresses changed")
        if "labels_sha256" in target and (
                labels_sha256(interface, instances.get(wanted_instance.get("InstanceId"))) != target["labels_sha256"]):
            problems.append("its names or tags changed, and rules select by them")
        if wanted_instance:
            instance = instances.get(wanted_instance["InstanceId"])
            if instance is None:
                return [], f"{wanted_instance['InstanceId']} is gone"
            if instance.get("Status") not in wanted_instance["Status"]:
                problems.append(f"the instance is {instance.get('Status')!r}")
            locks = [one.get("LockReason") for one in optional(instance, "OperationLocks", "LockReason")]
            if locks != wanted_instance["OperationLocks"]:
                problems.append(f"the instance is locked: {locks}")
            vpc = (instance.get("VpcAttributes") or {}).get("VpcId")
            if vpc != wanted_instance["VpcId"]:
                problems.append(f"the instance is in {vpc!r}")
            if wanted_instance.get("SecurityGroupIds") is not None and groups_of(instance) != groups:
                groups = None
        return groups, "; ".join(problems)

    def settle(self, steps):
        """Looks at interfaces until two looks in a row show the same. Returns groups by interface, and deviations.

        Where a call went out a moment ago and nobody saw its end, an old state proves nothing, however often it is seen.
        """
        open_calls = self.open_calls()
        poll, deadline, last = self.plan["steps"][0]["after"]["poll"], None, None
        while True:
            seen = dict(zip(steps, self.look_at(list(steps.values()))))
            groups = {interface: groups for interface, (groups, _) in seen.items()}
            is_late = deadline is not None and self.cloud.clock() > deadline
            is_open = any(open_calls.get(interface, held) != held for interface, held in groups.items())
            if None not in groups.values() and groups == last and (is_late or not is_open):
                return groups, [f"{interface}: {problem}" for interface, (_, problem) in seen.items() if problem]
            last = groups
            deadline = deadline or self.cloud.clock() + poll["for_ms"] / 1000
            # A little longer than an open call is waited for: what is seen at the end of that time has to be seen twice.
            if self.cloud.clock() > deadline + poll["for_ms"] / 1000:
                raise Stop(f"what the API shows of {', '.join(steps)} does not come to rest")
            pause(max(1.0, poll["every_ms"] / 1000))

    def open_calls(self):
        """The groups that the youngest open call of each interface asked for, as long as they may still come."""
        found = {}
        for id, (way, when) in self.journal.open().items():
            step = self.steps[id]
            if time.time() - when <= step["after"]["poll"]["for_ms"] / 1000:
                wanted = step["after"] if way == "intent" else step["rollback"]
                found[step["expect"]["interface"]["NetworkInterfaceId"]] = wanted["SecurityGroupIds"]
        return found

    def made(self):
        """How many steps are made, as the world shows it: the first so many and no other, and nothing else changed."""
        now, problems = self.settle({i: steps[0] for i, steps in self.steps_of.items()})
        state = {id: target["groups_before"] for id, target in self.plan["targets"].items()}
        made, count = (0 if state == now else None), 0
        for step in self.plan["steps"]:
            count += 1
            state[step["expect"]["interface"]["NetworkInterfaceId"]] = step["after"]["SecurityGroupIds"]
            if made is None and state == now:
                made = count
        if made is None:
            for interface, groups in now.items():
                if groups not in self.states_of(interface):
                    problems.append(f"{interface} is in {', '.join(groups) or 'no group'}, where the plan never puts it")
        return made, now, problems

    def states_of(self, interface):
        """The groups of an interface before each of its steps and after the last."""
        steps = self.steps_of[interface]
        return [self.plan["targets"][interface]["groups_before"]] + [step["after"]["SecurityGroupIds"] for step in steps]

    def check_watch(self):
        """Every other fact the verdict rests on. Returns what differs."""
        watch, found = self.plan["watch"], []
        for vpc in watch["vpcs"]:
            region = vpc["region_id"]
            interfaces = self.cloud.read(region, "DescribeNetworkInterfaces", {"RegionId": region, "VpcId": vpc["vpc_id"],
                                         "MaxResults": 500}, "NetworkInterfaceSets", "NetworkInterfaceSet")
            blocks, groups, now = [network(text) for text in vpc["blocks"]], set(vpc["groups"]), {}
            for interface in interfaces:
                id = interface.get("NetworkInterfaceId")
                if id in self.plan["targets"] or interface.get("VpcId") != vpc["vpc_id"]:
                    continue
                held = [net for _, net in held_blocks(interface)]
                is_inside = any(one.version == net.version and one.overlaps(net) for one in blocks for net in held)
                if vpc["everything"] or is_inside or groups & set(groups_of(interface)):
                    now[id] = interface
            now = self.peers_sha256(region, now)
            for id in sorted(set(now) | set(vpc["interfaces"])):
                if now.get(id) != vpc["interfaces"].get(id):
                    what = "is new here" if id not in vpc["interfaces"] else "is gone from here" if id not in now else "changed"
                    found.append(f"peer {id} {what}")
        found += self.check_groups(watch["groups"])
        for id, wanted in watch["references"].items():
            answer = self.cloud.read(wanted["region_id"], "DescribeSecurityGroupReferences",
                                     {"RegionId": wanted["region_id"], "SecurityGroupId": [id]})
            named_by = naming(answer, id)
            if len(named_by) >= REFERENCES_SHOWN:
                found.append(f"{id} is named by {len(named_by)} groups, and the API may know more than it shows")
            elif sorted(named_by - {id}) != wanted["named_by"]:
                found.append(f"other groups name {id} than before")
        return found + self.check_lists()

    def check_lists(self):
        """The lists in the rules of the watched groups."""
        found, watch = [], self.plan["watch"]
        for id, wanted in watch["prefix_lists"].items():
            entries = self.cloud.read(wanted["region_id"], "DescribePrefixListAttributes",
                                      {"RegionId": wanted["region_id"], "PrefixListId": id}, "Entries", "Entry")
            if prefix_list_sha256(entries) != wanted["sha256"]:
                found.append(f"prefix list {id} changed")
        for id, wanted in watch["port_lists"].items():
            entries = self.cloud.read(wanted["region_id"], "DescribePortRangeListEntries",
                                      {"RegionId": wanted["region_id"], "PortRangeListId": id}, "Entries", "Entry")
            if port_list_sha256(entries) != wanted["sha256"]:
                found.append(f"port list {id} changed")
        return found

    def peers_sha256(self, region, interfaces):
        if not self.plan["watch"]["labels"]:
            return {id: peer_sha256(one) for id, one in interfaces.items()}
        attached = [(region, text_of(one.get("InstanceId"))) for one in interfaces.values() if text_of(one.get("InstanceId"))]
        instances = self.described("DescribeInstances", "Instances", "Instance", "InstanceId", attached)
        return {id: peer_sha256(one, labels_of(one, instances.get(text_of(one.get("InstanceId")))))
                for id, one in interfaces.items()}

    def check_groups(self, wanted):
        found, described = [], {}
        by_region = {}
        for id, group in wanted.items():
            by_region.setdefault(group["region_id"], []).append(id)
        for region, ids in by_region.items():
            for first in range(0, len(ids), 50):
                part = ids[first:first + 50]
                answer = self.cloud.read(region, "DescribeSecurityGroups", {"RegionId": region, "MaxResults": 100,
                                         "IsQueryEcsCount": "true", "SecurityGroupIds": json.dumps(part)},
                                         "SecurityGroups", "SecurityGroup")
                described.update({one.get("SecurityGroupId"): one for one in answer})
        # A group that holds nobody and has no room either was not counted.
        counts = {id: (one.get("EcsCount"), one.get("AvailableInstanceAmount")) for id, one in described.items()}
        self.headroom = {id: room for id, (held, room) in counts.items() if isinstance(room, int) and (held or room)}
        for id, group in wanted.items():
            one = described.get(id)
            if one is None:
                found.append(f"group {id} is gone")
                continue
            if text_of(one.get("SecurityGroupType")).lower() != group["group_type"] or one.get("VpcId") != group["vpc_id"]:
                found.append(f"group {id} is of another type or in another VPC")
            if "labels_sha256" in group and group_labels_sha256(one) != group["labels_sha256"]:
                found.append(f"group {id} has another name, and rules select by names")
            inner_access, rules = self.read_rules(group["region_id"], id)
            if inner_access.lower() != group["inner_access_policy"].lower():
                found.append(f"the inner access policy of {id} is {inner_access}")
            try:
                if rules_sha256(rules) != group["rules_sha256"]:
                    found.append(f"the rules of {id} changed")
            except (ValueError, KeyError, TypeError) as error:
                found.append(f"a rule of {id} is not understood: {error}")
        return found

    def read_rules(self, region, id):
        rules, token, policy = [], "", ""
        while True:
            params = {"RegionId": region, "SecurityGroupId": id, "Direction": "all", "MaxResults": 1000}
            answer = self.cloud.read(region, "DescribeSecurityGroupAttribute",
                                     dict(params, **({"NextToken": token} if token else {})))
            rules += inner(answer, "Permissions", "Permission")
            policy = text_of(answer.get("InnerAccessPolicy")) or policy
            if not text_of(answer.get("NextToken")) or answer.get("NextToken") == token:
                return policy, rules
            token = answer["NextToken"]

    def check_account(self):
        account = self.cloud.account()
        if account != self.plan["account_id"]:
            raise Stop(f"the credentials belong to account {account or 'unknown'}, the plan to {self.plan['account_id']}",
                       "choose the right profile")
        skew = getattr(self.cloud, "skew", None)
        if skew is not None and skew > MAX_SKEW_SECONDS:
            raise Stop(f"the clocks of this machine and of the service differ by {skew:.0f} seconds")

    def check_world(self, expected):
        """The whole world the verdict rests on: the targets after so many steps, and everything watched."""
        made, _, problems = self.made()
        if made != expected and not problems:
            problems = [f"of its steps {made if made is not None else 'no known number'} are made, not {expected}"]
        problems += self.check_watch()
        if problems:
            raise Stop("the world is not the one the plan was made for: " + "; ".join(problems),
                       "export again and make a new plan")

    # -------- changing

    def write(self, step, call, wanted, start, intent, result):
        """One call until the world shows what it was made for. `start` and `wanted` are lists of groups."""
        poll = step["after"]["poll"]
        failure = None
        for nth in range(MAX_TRIES):
            Signals.check()
            self.cloud.pace(call["action"])
            looked = time.monotonic()
            groups, problem = self.look(step)
            if groups != start or problem:
                raise Stop(f"{step['id']}: {problem or 'the groups are ' + ', '.join(groups or ['in motion'])}")
            self.journal.add(intent, step=step["id"], attempt=nth + 1)
            outcome = "ok"
            try:
                answer = self.cloud.call(step["region_id"], call["action"], call["params"])
                window = time.monotonic() - looked
                self.journal.add(result, step=step["id"], outcome="ok", request_id=text_of(answer.get("RequestId")))
            except Failed as error:
                outcome, failure, window = error.kind(), error, time.monotonic() - looked
                self.journal.add(result, step=step["id"], outcome=outcome, code=error.code)
            # The answer says nothing that the world does not show.
            patient = outcome not in ("throttled", "refused", "busy")
            seen = self.watch_for(step, wanted, start, poll, patient)
            if seen == "wanted":
                self.journal.add("verified", step=step["id"], way=intent)
                done = "done" if intent == "intent" else "undone"
                self.say("verified", f"{step['id']}: {done}, {call['action']}; {window:.1f} s from the look before to the answer",
                         step=step["id"], window_seconds=round(window, 1))
                return
            self.journal.add("unchanged", step=step["id"], way=intent)
            if outcome == "ok":
                raise Stop(f"{step['id']}: the API said yes and nothing changed")
            if outcome in ("refused", "already", "not-known"):
                raise Stop(f"{step['id']}: the API refused, and the groups are what they were: {failure}")
            if outcome == "busy":
                self.wait_until_ready(step)
            else:
                pause(back_off(nth, failure))
        raise Stop(f"{step['id']}: {MAX_TRIES} attempts had no effect; the last one: {failure or 'the API said yes'}")

    def watch_for(self, step, wanted, start, poll, patient):
        """Looks until two looks in a row show the wanted groups. 'start' when they stay what they were."""
        deadline, hits, rests = self.cloud.clock() + poll["for_ms"] / 1000, 0, 0
        while True:
            groups, problem = self.look(step)
            if groups == []:
                raise Stop(f"{step['id']}: {problem}")
            hits = hits + 1 if groups == wanted else 0
            rests = rests + 1 if groups == start else 0
            if hits >= 2:
                return "wanted"
            if groups is not None and groups not in (wanted, start):
                raise Stop(f"{step['id']}: somebody else changed {step['expect']['interface']['NetworkInterfaceId']} at the "
                           f"same time; it is in {', '.join(groups) or 'no group'}",
                           "a call that replaces the list may have undone their change: ask them")
            if rests >= 2 and not patient:
                return "start"
            if self.cloud.clock() > deadline:
                if rests >= 2:
                    return "start"
                raise Stop(f"{step['id']}: the API does not show within the time whether it was done")
            pause(max(1.0, poll["every_ms"] / 1000))

    def wait_until_ready(self, step):
        deadline = time.monotonic() + STATUS_WAIT_SECONDS
        while time.monotonic() < deadline:
            pause(5)
            _, problem = self.look(step)
            if not problem:
                return
        raise Stop(f"{step['id']}: the resource does not come to rest")

    def go(self, made):
        """Makes the steps that are left, wave by wave."""
        done, order = made, self.plan["order"]
        for wave in self.plan["waves"]:
            last = order.index(wave["steps"][-1]) + 1
            is_open = done < last or not self.is_healthy(wave)
            if not is_open:
                continue
            for id in wave["steps"]:
                if order.index(id) < done:
                    continue
                check_times(self.plan, True)
                step = self.steps[id]
                pause(step["wait_seconds"])
                # Everything is looked at before the first call of this process, whatever an earlier one saw.
                if self.options.recheck == "step" or id == wave["steps"][0] or not self.has_looked:
                    self.check_world(done)
                    self.check_headroom(done)
                self.has_looked = True
                self.wave = wave
                self.write(step, step, step["after"]["SecurityGroupIds"],
                           step["expect"]["interface"]["SecurityGroupIds"], "intent", "result")
                done += 1
            self.wave = wave
            self.soak(wave, done, is_last=last == len(order))
            self.wave = None
        self.journal.add("complete")
        self.say("complete", f"done: {len(order)} of {len(order)} steps; look again after a while with `runner.py status`")
        return OK

    def check_headroom(self, done):
        """Going back needs room in the groups that were left; others may have taken it meanwhile."""
        needed = {}
        for id in self.plan["order"][:done]:
            for group in self.steps[id]["evidence"]["leaves"]:
                needed[group] = needed.get(group, 0) + 1
        for group, members in needed.items():
            room = self.headroom.get(group)
            if room is not None and room < members:
                raise Stop(f"group {group} has room for {room} members, and {members} would have to go back into it")

    def is_healthy(self, wave):
        return any(e["event"] == "healthy" and e["wave"] == wave["wave"] for e in self.journal.events)

    def soak(self, wave, done, is_last):
        self.say("soak", f"wave {wave['wave']}: waiting {self.plan['soak_seconds']} s; sessions live up to 910 s")
        self.journal.add("soaking", wave=wave["wave"])
        deadline = time.monotonic() + self.plan["soak_seconds"]
        while time.monotonic() < deadline:
            pause(min(60, max(0.1, deadline - time.monotonic())))
            made, _, problems = self.made()
            if made != done or problems:
                raise Stop(f"wave {wave['wave']}: reverted by somebody else: {'; '.join(problems) or how_many(made) + ' made'}")
        if self.options.probe_command:
            made = self.plan["order"][:done]
            probes = [probe for probe in self.plan["probes"] if probe.get("after_step") in (None, *made)]
            given = json.dumps({"wave": wave["wave"], "last": is_last, "probes": probes})
            try:
                said = subprocess.run(self.options.probe_command, input=given.encode(), check=False).returncode
            except OSError as error:
                said = error
            if said != 0:
                raise Stop(f"wave {wave['wave']}: the probe command says {said}", "go back with `rollback`")
            self.journal.add("healthy", wave=wave["wave"], evidence="probe command")
        elif not is_last:
            self.journal.add("waiting", wave=wave["wave"])
            raise Stop(f"wave {wave['wave']} is done and nobody says that the estate is healthy",
                       "look, then `runner.py resume --healthy 'who: what was seen'`")
        else:
            self.journal.add("healthy", wave=wave["wave"], evidence="none: nothing follows")
            self.say("probes", f"no probe command: open the {len(self.plan['probes'])} connections of the plan by hand")

    # -------- commands

    def check_may_begin(self):
        self.need_journal()
        if self.journal.last("rolled-back"):
            raise Stop("this plan is over: every step was undone", "make a new plan", STALE)
        if self.journal.is_begun():
            raise Stop("this plan was begun before", "go on with `resume`, or go back with `rollback`", STALE)
        if self.plan["rollback_permission"] == "not-known" and not self.options.rollback_permission_attested:
            raise Stop("nobody says that these credentials may also join the groups again",
                       "check the permissions, then type --rollback-permission-attested")
        self.check_account()
        self.check_world(0)

    def dry_run(self):
        self.check_may_begin()
        waits = len(self.plan["waves"]) * self.plan["soak_seconds"] + sum(step["wait_seconds"] for step in self.plan["steps"])
        self.say("ready", f"everything is as the plan has it; {how_many(len(self.plan['steps']))} to be made, with {waits} s of "
                          "waiting: the credentials must live longer", steps=len(self.plan["steps"]), wait_seconds=waits)
        return OK

    def need_journal(self):
        if self.journal.damage:
            raise Stop(self.journal.damage, "look with `status`; go back with `rollback --from-world`")

    def need_begin(self, hint):
        """A journal that is lost is no plan that was not begun."""
        self.need_journal()
        if self.journal.is_begun():
            return
        made, _, _ = self.made()
        if made == 0:
            raise Stop("this plan was not begun", hint)
        raise Stop(f"there is no journal, and of this plan {how_many(made)} made",
                   "go back with `rollback --from-world`", ROLLBACK_INCOMPLETE if self.options.command == "rollback" else PARTIAL)

    def apply(self):
        self.check_may_begin()
        self.journal.add("begin", sha256=hashlib.sha256(canonical(self.plan)).hexdigest(), attested=self.options.rollback_permission_attested,
                         signed=bool(self.options.public_key))
        return self.go(0)

    def resume(self):
        self.check_account()
        self.need_begin("begin it with `apply`")
        if self.journal.last("rolled-back"):
            raise Stop("this plan is over: every step was undone", "make a new plan", STALE)
        if self.journal.last("rollback-begin"):
            raise Stop("the way back was begun", "finish it with `rollback`")
        made, _, problems = self.made()
        if made is None or problems:
            raise Stop("the world is in no state that the plan passes through: " + ("; ".join(problems) or "out of order"))
        if made < len(self.journal.made()):
            raise Stop(f"reverted by somebody else: {how_many(len(self.journal.made()))} made, and {made} still are",
                       "ask them, then go back with `rollback`")
        done = self.plan["order"][:made]
        touched = self.journal.touched(done)
        unverified = [id for id in done if id not in touched]
        if unverified:
            raise Stop(f"somebody else made {', '.join(unverified)}")
        waiting = self.journal.last("waiting", "healthy")
        if waiting and waiting["event"] == "waiting" and not self.options.probe_command:
            if not self.options.healthy:
                raise Stop(f"wave {waiting['wave']} waits for evidence of health", "type --healthy 'who: what was seen'")
            self.journal.add("healthy", wave=waiting["wave"], evidence=self.options.healthy)
        return self.go(made)

    def rollback(self):
        self.check_account()
        if self.options.from_world:
            steps = self.made_in_world()
        else:
            self.need_begin("so there is nothing to undo")
            steps = self.journal.touched(self.plan["order"])
            others = [id for id in self.made_in_world(only_known=True) if id not in steps]
            if others:
                raise Stop(f"the journal knows nothing of {', '.join(others)}, and the world shows that it is made",
                           "if it was this plan, go back with `rollback --from-world`", ROLLBACK_INCOMPLETE)
        self.check_meaning()
        if self.journal.damage:
            self.journal.set_aside()
        if not self.journal.is_begun():
            self.journal.add("begin", from_world=len(steps))
        return self.go_back(steps, is_all=True)

    def made_in_world(self, only_known=False):
        """The steps that the world shows as made, and those of which it shows nothing that the plan knows."""
        _, now, _ = self.made()
        found = set()
        for interface, steps in self.steps_of.items():
            states = self.states_of(interface)
            is_known = now[interface] in states
            made = max(nth for nth, state in enumerate(states) if state == now[interface]) if is_known else len(steps)
            found |= {step["id"] for step in steps[:made] if is_known or not only_known}
        return [id for id in self.plan["order"] if id in found]

    def check_meaning(self):
        """Going back restores memberships; what they mean is in the rules."""
        changed = [] if self.options.accept_changed_rules else [*self.check_groups(self.plan["watch"]["groups"]), *self.check_lists()]
        if changed:
            raise Stop("the rules are not what they were, so going back does not restore what was: " + "; ".join(changed),
                       "look, then `rollback --accept-changed-rules`")

    def go_back_by_itself(self):
        """After a failure in a wave: its steps are undone, or all."""
        wave = self.plan["order"] if self.options.on_failure == "rollback-all" else self.wave["steps"]
        steps = self.journal.touched([id for id in self.plan["order"] if id in wave])
        self.check_account()
        self.check_meaning()
        return max(PARTIAL, self.go_back(steps, self.options.on_failure == "rollback-all"))

    def go_back(self, steps, is_all):
        """Undoes steps, newest first, so that every state on the way is one that was judged."""
        self.journal.add("rollback-begin", steps=steps)
        failed, blocked, left = [], set(), list(steps)
        while left:
            step = self.steps[left.pop()]
            id, back, interface = step["id"], step["rollback"], step["expect"]["interface"]["NetworkInterfaceId"]
            if interface in blocked:
                failed.append((step, "a later step of the same interface is not undone"))
                continue
            try:
                found, problems = self.settle({interface: step})
                groups = found[interface]
                if groups in self.states_before(step):
                    # An earlier way back came as far as this, or the call never had an effect.
                    self.journal.add("verified", step=id, way="undo-intent")
                    continue
                if problems:
                    raise Stop(f"{id}: {'; '.join(problems)}")
                if groups != step["after"]["SecurityGroupIds"]:
                    raise Stop(f"{id}: {interface} is in {', '.join(groups) or 'no group'}, where this step did not leave it")
            except Stop as stop:
                if Signals.came:
                    raise
                # It is gone or somebody moved it on; the others do not wait for it.
                blocked.add(interface)
                failed.append((step, str(stop)))
                continue
            try:
                self.write(step, back, back["SecurityGroupIds"], groups, "undo-intent", "undo-result")
            except Stop as stop:
                if Signals.came:
                    raise
                # What is left stays made: that is a state that was judged, and a gap in the order is none.
                failed.append((step, str(stop)))
                failed += [(self.steps[id], "not tried, because the step after it is not undone") for id in reversed(left)]
                break
            pause(step["wait_seconds"])
        for step, why in failed:
            self.say("manual", f"not undone: {why}\n  by hand: {recipe(step)}", step=step["id"], recipe=recipe(step))
        if failed:
            return ROLLBACK_INCOMPLETE
        if is_all and self.made()[0] != 0:
            raise Stop("the targets are not where they were before the plan, and the journal does not say why",
                       "look with `status`, then go back with `rollback --from-world`", ROLLBACK_INCOMPLETE)
        if is_all:
            self.journal.add("rolled-back")
            self.say("rolled-back", "every step is undone; the groups are what they were")
        else:
            self.journal.add("wave-rolled-back", steps=steps)
            others = sorted(self.journal.made())
            self.say("wave-rolled-back", f"undone: {', '.join(steps) or 'nothing'}; still made: {', '.join(others) or 'nothing'}",
                     undone=steps, made=others)
        return OK

    def states_before(self, step):
        """The groups of the interface of a step at any time before it."""
        interface = step["expect"]["interface"]["NetworkInterfaceId"]
        nth = self.steps_of[interface].index(step)
        return self.states_of(interface)[:nth + 1]

    def status(self):
        made, now, problems = self.made()
        total = len(self.plan["steps"])
        last = self.journal.last("complete", "rolled-back", "wave-rolled-back", "rollback-begin", "waiting", "intent", "begin")
        state = "elsewhere" if made is None else "not-started" if made == 0 else "done" if made == total else "partly"
        if self.journal.damage:
            problems = [*problems, self.journal.damage]
        text = [f"{state}: {made if made is not None else '?'} of {total} steps are made"]
        text += [f"  {interface}: {', '.join(groups)}" for interface, groups in sorted(now.items())]
        text += [f"  deviation: {problem}" for problem in problems]
        text.append(f"  journal: {last['event'] if last else 'empty'}")
        self.say("status", "\n".join(text), state=state, made=made, total=total, problems=problems)
        return OK if made is not None and not problems else STALE if made == 0 else PARTIAL


def recipe(step):
    """The command that undoes a step by hand, for a shell."""
    words = ["aliyun", "ecs", step["rollback"]["action"]]
    for name, value in sorted(step["rollback"]["params"].items()):
        values = [(f"--{name}.{nth + 1}", one) for nth, one in enumerate(value)] if isinstance(value, list) else [(f"--{name}", str(value))]
        words += [word for pair in values for word in pair]
    return " ".join(shlex.quote(word) for word in words)


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="\n".join(__doc__.splitlines()[6:]),
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    parser.add_argument("command", choices=["status", "dry-run", "apply", "resume", "rollback"])
    parser.add_argument("--plan", default=os.path.join(here, "plan.json"), help="the plan [plan.json beside this file]")
    parser.add_argument("--journal", help="where it is written what was done [PLAN.journal]")
    parser.add_argument("--public-key", help="the approver's Ed25519 public key (PEM)")
    parser.add_argument("--signature", help="the signature of the plan [PLAN.sig]")
    parser.add_argument("--allow-unsigned", action="store_true", help="execute a plan that nobody signed")
    parser.add_argument("--rollback-permission-attested", action="store_true", help="the credentials may undo every call")
    parser.add_argument("--from-world", action="store_true", help="rollback without a journal: undo what the world shows as made")
    parser.add_argument("--accept-changed-rules", action="store_true", help="go back although groups changed meanwhile")
    parser.add_argument("--healthy", metavar="TEXT", help="evidence of health after the last wave, for resume")
    parser.add_argument("--probe-command", metavar="COMMAND", type=shlex.split,
                        help="a program, with its arguments, that gets the probes as JSON on stdin; no shell reads it")
    parser.add_argument("--on-failure", choices=["stop", "rollback-wave", "rollback-all"], default="stop")
    parser.add_argument("--recheck", choices=["step", "wave"], default="step", help="how often everything is looked at")
    parser.add_argument("--endpoint", help="another endpoint of ECS, of Alibaba Cloud or on this machine")
    parser.add_argument("--sts-endpoint", help="another endpoint of STS; it is asked whose credentials these are")
    parser.add_argument("--timeout", type=float, default=10, help="of one call, in seconds")
    parser.add_argument("--no-pace", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of text")
    return parser.parse_args(argv)


def main(argv=None):
    options = arguments(argv)
    if is_on_this_machine(options.endpoint) and not options.sts_endpoint:
        options.sts_endpoint = options.endpoint
    Signals.watch()
    try:
        plan = load_plan(options.plan)
        check_signature(plan, options)
        place = options.journal or options.plan + ".journal"
        if options.command in ("status", "dry-run"):
            return execute(plan, options, place)
        with open(options.plan, "rb") as one, open(place + ".lock", "w", encoding="ascii") as other:
            try:
                for lock in (one, other):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Stop("another runner is at work on this plan") from error
            return execute(plan, options, place)
    except Stop as stop:
        return end(stop, stop.code or STALE)
    except OSError as error:
        return end(Stop(f"cannot go on: {error}"), STALE)


def execute(plan, options, place):
    try:
        run = Run(plan, options, Journal(place, plan["plan_id"]))
    except OSError as error:
        code = {"resume": PARTIAL, "rollback": ROLLBACK_INCOMPLETE}.get(options.command, STALE)
        raise Stop(f"the journal cannot be read: {error}", "give access to it, or name it with --journal", code) from error

    def attempt(method):
        """Returns (exit code, None), or (None, why it stopped)."""
        try:
            return method(), None
        except Stop as stop:
            return None, stop
        except ImportError as error:
            return None, Stop(f"the SDK is not installed: {error}", "pip install alibabacloud-ecs20140526")
        except Exception as error:  # An answer of an unknown form, or a disk that is full: it stops like anything else.
            return None, Stop(f"{type(error).__name__}: {error}", "nothing is known of what this means: look with `status`")

    def command():
        if options.command in ("dry-run", "apply", "resume"):
            check_times(plan, run.journal.is_begun())
        return {"status": run.status, "dry-run": run.dry_run, "apply": run.apply, "resume": run.resume,
                "rollback": run.rollback}[options.command]()

    code, stop = attempt(command)
    if stop is None:
        return code
    was_interrupted, Signals.came = Signals.came, None
    code = code_of(run, stop)
    if run.journal.is_begun() and options.command in ("apply", "resume", "rollback"):
        attempt(lambda: run.journal.add("stopped", why=str(stop)))
    last = run.journal.last("waiting", "healthy", "intent")
    is_waiting = last is not None and last["event"] == "waiting"
    # Only what failed inside of a wave of this process goes back by itself, never what was found wrong before it.
    is_failure = options.command in ("apply", "resume") and run.wave and not is_waiting and not was_interrupted
    if code == PARTIAL and options.on_failure != "stop" and is_failure:
        end(stop, code)
        code, stop = attempt(run.go_back_by_itself)
        if stop is None:
            return code
        code = ROLLBACK_INCOMPLETE
    return end(stop, code)


def end(stop, code):
    print(f"error: {stop}", file=sys.stderr)
    if stop.hint:
        print(f"  help: {stop.hint}", file=sys.stderr)
    return code


def code_of(run, stop):
    """What a stop means: nothing was changed, or something was. Not knowing counts as changed."""
    if stop.code is not None:
        return stop.code
    stopped = ROLLBACK_INCOMPLETE if run.options.command == "rollback" else PARTIAL
    journal = run.journal
    if journal.made():
        return stopped
    if not journal.touched(run.plan["order"]) and not journal.damage:
        return STALE
    try:
        made, _, _ = run.made()
        return STALE if made == 0 else stopped
    except Exception:
        return stopped


if __name__ == "__main__":
    sys.exit(main())
