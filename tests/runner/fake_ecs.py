"""An ECS service on the loopback interface: it keeps state, answers in pages, and misbehaves when told to."""

import copy
import email.utils
import http.server
import json
import threading
import time
import urllib.parse

WRITES = ("ModifyInstanceAttribute", "ModifyNetworkInterfaceAttribute", "LeaveSecurityGroup", "JoinSecurityGroup")


class Refusal(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class World:
    """Everything the service knows. Interfaces, instances and groups are the raw elements of an export, by id."""

    def __init__(self, account, interfaces, instances, groups, rules, prefix_lists, port_lists):
        self.account, self.interfaces, self.instances = account, interfaces, instances
        self.groups, self.rules, self.prefix_lists, self.port_lists = groups, rules, prefix_lists, port_lists
        self.foreign, self.capacity = {}, 2_000

    def memberships(self):
        return {id: sorted(one["SecurityGroupIds"]["SecurityGroupId"]) for id, one in self.interfaces.items()}

    def primary(self, instance):
        for one in self.interfaces.values():
            if one.get("InstanceId") == instance and one["Type"] == "Primary":
                return one
        raise Refusal(404, "InvalidInstanceId.NotFound")

    def write(self, action, query):
        if action == "ModifyNetworkInterfaceAttribute":
            target = self.interfaces.get(query["NetworkInterfaceId"])
            if target is None:
                raise Refusal(404, "InvalidEniId.NotFound")
            if target["Type"] == "Primary":
                raise Refusal(404, "InvalidOperation.PrimaryEniOnlySupportModifyNameAndDesc")
            return self.replace(target, listed(query, "SecurityGroupId"))
        if action == "ModifyInstanceAttribute":
            self.check_instance(query["InstanceId"])
            return self.replace(self.primary(query["InstanceId"]), listed(query, "SecurityGroupIds"))
        if "InstanceId" in query:
            self.check_instance(query["InstanceId"])
            target = self.primary(query["InstanceId"])
        else:
            target = self.interfaces.get(query["NetworkInterfaceId"])
        group, groups = query["SecurityGroupId"], target["SecurityGroupIds"]["SecurityGroupId"]
        if group not in self.groups:
            raise Refusal(404, "InvalidSecurityGroupId.NotFound")
        if action == "LeaveSecurityGroup":
            if group not in groups:
                raise Refusal(400, "InvalidSecurityGroupAssociation.NotFound")
            if len(groups) == 1:
                raise Refusal(403, "InstanceLastSecurityGroup")
            return self.replace(target, [one for one in groups if one != group])
        if group in groups:
            raise Refusal(403, "InvalidInstanceId.AlreadyExists")
        return self.replace(target, groups + [group])

    def check_instance(self, id):
        if id not in self.instances:
            raise Refusal(404, "InvalidInstanceId.NotFound")
        if self.instances[id]["Status"] not in ("Running", "Stopped"):
            raise Refusal(403, "IncorrectInstanceStatus")

    def replace(self, interface, groups):
        missing = [group for group in groups if group not in self.groups]
        if missing:
            raise Refusal(404, "InvalidSecurityGroupId.NotFound")
        if not groups:
            raise Refusal(403, "InvalidOperation.AtLeastInOneGroup")
        if len({self.groups[group]["SecurityGroupType"] for group in groups}) > 1:
            raise Refusal(403, "EnterpriseGroupLimited.MutliGroupType")
        # ECS keeps no order of groups.
        interface["SecurityGroupIds"]["SecurityGroupId"] = list(reversed(groups))
        if interface["Type"] == "Primary" and interface.get("InstanceId") in self.instances:
            self.instances[interface["InstanceId"]]["SecurityGroupIds"]["SecurityGroupId"] = list(groups)
        return {}

    def read(self, action, query):
        if action == "GetCallerIdentity":
            return {"AccountId": self.account, "IdentityType": "Account"}
        if action == "DescribeNetworkInterfaces":
            wanted = listed(query, "NetworkInterfaceId")
            found = [one for id, one in sorted(self.interfaces.items())
                     if (not wanted or id in wanted) and query.get("VpcId", one["VpcId"]) == one["VpcId"]]
            return self.paged(query, "NetworkInterfaceSets", "NetworkInterfaceSet", found)
        if action == "DescribeInstances":
            wanted = json.loads(query["InstanceIds"])
            found = [one for id, one in sorted(self.instances.items()) if id in wanted]
            return self.paged(query, "Instances", "Instance", found)
        if action == "DescribeSecurityGroups":
            wanted = json.loads(query["SecurityGroupIds"])
            found = [self.counted(one, query) for id, one in sorted(self.groups.items()) if id in wanted]
            return self.paged(query, "SecurityGroups", "SecurityGroup", found)
        if action == "DescribeSecurityGroupAttribute":
            id = query["SecurityGroupId"]
            if id not in self.groups:
                raise Refusal(404, "InvalidSecurityGroupId.NotFound")
            answer = copy.deepcopy(self.rules[id])
            return {**answer, **self.paged(query, "Permissions", "Permission", answer["Permissions"]["Permission"])}
        if action == "DescribeSecurityGroupReferences":
            references = []
            for id in listed(query, "SecurityGroupId"):
                naming = [{"SecurityGroupId": other, "AliUid": self.account} for other, answer in sorted(self.rules.items())
                          if any(id in (rule.get("SourceGroupId"), rule.get("DestGroupId"))
                                 for rule in answer["Permissions"]["Permission"])]
                naming += [{"SecurityGroupId": other, "AliUid": "9"} for other in self.foreign.get(id, [])]
                references.append({"SecurityGroupId": id, "ReferencingSecurityGroups": {"ReferencingSecurityGroup": naming}})
            return {"SecurityGroupReferences": {"SecurityGroupReference": references}}
        if action == "DescribePrefixListAttributes":
            return self.prefix_lists[query["PrefixListId"]]
        if action == "DescribePortRangeListEntries":
            return self.port_lists[query["PortRangeListId"]]
        raise Refusal(404, "InvalidAction.NotFound")

    def counted(self, group, query):
        """How many a group holds and could hold is only said to who asks for it."""
        held = room = 0
        if query.get("IsQueryEcsCount") == "true":
            held = sum(group["SecurityGroupId"] in one["SecurityGroupIds"]["SecurityGroupId"] for one in self.interfaces.values())
            room = self.capacity - held
        return {**group, "EcsCount": held, "AvailableInstanceAmount": room}

    @staticmethod
    def paged(query, outer, key, found):
        size, first = min(int(query.get("MaxResults", 10)), 3), int(query.get("NextToken") or 0)
        more = str(first + size) if first + size < len(found) else ""
        return {outer: {key: found[first:first + size]}, "NextToken": more}


def listed(query, name):
    found, nth = [], 1
    while f"{name}.{nth}" in query:
        found.append(query[f"{name}.{nth}"])
        nth += 1
    return found


class Service:
    """A running service. `faults` says what the nth changing call meets; `hooks` are run before the nth call of any kind."""

    def __init__(self):
        self.world, self.log, self.faults, self.hooks = None, [], {}, {}
        self.lag, self.stale, self.storm, self.skew = 0, {}, 0, None
        self.lock = threading.Lock()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                service.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self, world):
        with self.lock:
            self.world, self.log, self.faults, self.hooks = world, [], {}, {}
            self.lag, self.stale, self.storm, self.skew = 0, {}, 0, None

    def writes(self):
        return [entry for entry in self.log if entry[0] in WRITES]

    def answer(self, handler):
        length = int(handler.headers.get("content-length") or 0)
        handler.rfile.read(length)
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(handler.path).query, keep_blank_values=True))
        action, version = handler.headers.get("x-acs-action"), handler.headers.get("x-acs-version")
        with self.lock:
            self.log.append((action, query))
            hook = self.hooks.pop(len(self.log), None)
            if hook:
                hook(self.world)
            status, body, fault = self.decide(action, version, query)
        if fault in ("reset", "applied-reset"):
            handler.connection.close()
            return
        data = b"<html>gateway</html>" if fault == "applied-garbage" else json.dumps({"RequestId": "R-1", **body}).encode()
        handler.send_response_only(status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(data)))
        if self.skew is not None:
            handler.send_header("date", email.utils.formatdate(time.time() + self.skew, usegmt=True))
        handler.end_headers()
        handler.wfile.write(data)

    def decide(self, action, version, query):
        """Returns status, body and what happens to the connection."""
        if version != ("2015-04-01" if action == "GetCallerIdentity" else "2014-05-26"):
            return 400, {"Code": "InvalidVersion", "Message": "version"}, None
        if self.storm > 0:
            self.storm -= 1
            return 429, {"Code": "Throttling.User", "Message": "slow down"}, None
        try:
            if action not in WRITES:
                return 200, self.lagging(action, query), None
            fault = self.faults.get(len(self.writes()))
            if fault and not fault.startswith("applied"):
                refused = {"throttled": (429, "Throttling.User"), "internal": (500, "InternalError"),
                           "unavailable": (503, "ServiceUnavailable"), "denied": (403, "Forbidden.RAM"),
                           "quota": (403, "SecurityGroupInstanceLimitExceeded"), "unknown-code": (400, "Strange.NewCode"),
                           "reset": (500, ""), "ignored": (200, "")}[fault]
                if fault == "reset":
                    return 500, {}, "reset"
                if fault == "ignored":
                    return 200, {}, None
                raise Refusal(*refused)
            before = copy.deepcopy((self.world.interfaces, self.world.instances))
            body = self.world.write(action, query)
            if self.lag:
                self.stale = {"left": self.lag, "was": before}
            if fault == "applied-504":
                return 504, {"Code": "RequestTimeout", "Message": "late"}, None
            if fault == "applied-unknown-code":
                return 400, {"Code": "Strange.NewCode", "Message": "what"}, None
            return 200, body, fault
        except Refusal as refusal:
            return refusal.status, {"Code": refusal.code, "Message": "no"}, None

    def lagging(self, action, query):
        if not self.stale or action not in ("DescribeNetworkInterfaces", "DescribeInstances"):
            return self.world.read(action, query)
        self.stale["left"] -= 1
        now = (self.world.interfaces, self.world.instances)
        self.world.interfaces, self.world.instances = self.stale["was"]
        try:
            return copy.deepcopy(self.world.read(action, query))
        finally:
            self.world.interfaces, self.world.instances = now
            if self.stale["left"] <= 0:
                self.stale = {}
