"""The runner with the real SDK against a service that misbehaves: every crash point, every fault, every drift.

    python3 tests/runner/campaign.py SGLEAVE [--quick] [--only PART]

SGLEAVE is the program that makes the plans. Every run is a process of its own that can be killed at any point; time
passes as fast as it is waited for. Ends with the number of runs, or with the first run that did not end as it must.
"""

import argparse
import concurrent.futures
import copy
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

import estate  # noqa: E402
from fake_ecs import WRITES, Service  # noqa: E402

KILLED = 137


class FakeTime:
    """Waiting costs nothing, and the clock moves as if it did."""

    def __init__(self, start):
        self.now, self.strftime, self.gmtime = start, time.strftime, time.gmtime

    def time(self):
        return self.now

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


class Lab:
    def __init__(self, program):
        self.program, self.service, self.runs, self.folder = program, Service(), 0, tempfile.mkdtemp()
        self.plans = {}
        for name in list(os.environ):
            if name.lower().endswith("_proxy"):
                del os.environ[name]
        os.environ.update(ALIBABA_CLOUD_ACCESS_KEY_ID="testid", ALIBABA_CLOUD_ACCESS_KEY_SECRET="testsecret",
                          ALIBABA_CLOUD_ECS_METADATA_DISABLED="true")
        import importlib.util
        spec = importlib.util.spec_from_file_location("runner", os.path.join(HERE, "../../src/plan/emit/runner.py"))
        self.runner = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.runner)
        # Loaded once; a run is a copy of this process.
        import alibabacloud_credentials.client  # noqa: F401
        import alibabacloud_ecs20140526.client  # noqa: F401
        import alibabacloud_tea_openapi.client  # noqa: F401
        import alibabacloud_tea_openapi.utils_models  # noqa: F401
        import cryptography.hazmat.primitives.serialization  # noqa: F401
        import darabonba.runtime  # noqa: F401

    def plan(self, name, count, removals, *options):
        """Makes a plan; returns (world, plan folder)."""
        key = (name, count, *removals, *options)
        if key not in self.plans:
            world, folder = estate.world(count), os.path.join(self.folder, f"plan-{len(self.plans)}")
            estate.save(world, folder + "-export")
            command = [self.program, "plan", "-q", "-i", folder + "-export", "--out", folder, *options, *removals]
            command += [] if "--soak" in options else ["--soak", "0"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            check(done.returncode == 0, f"{' '.join(command[:20])}: {done.returncode} {done.stderr} {done.stdout[-2000:]}")
            self.plans[key] = (world, folder, json.load(open(folder + "/plan.json", encoding="utf-8")))
        return self.plans[key]

    def begin(self, plan):
        """A fresh world and an empty journal."""
        world, folder, document = plan
        for name in os.listdir(folder):
            if "journal" in name:
                os.remove(os.path.join(folder, name))
        self.service.reset(estate.copy_of(world))
        return folder, document

    def run(self, folder, *argv, kill_at=None, torn=False, later=0.0):
        """Runs the runner in a process of its own. Returns its exit code; with `kill_at`, it is killed at that event."""
        self.runs += 1
        sys.stdout.flush()
        self.child = child = os.fork()
        if child == 0:
            code = 99
            try:
                out = os.open(os.path.join(folder, "out"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
                os.dup2(out, 1)
                os.dup2(out, 2)
                self.arm(kill_at, torn, later)
                argv = [*argv, "--plan", os.path.join(folder, "plan.json"), "--endpoint", self.service.endpoint,
                        "--timeout", "5"]
                if "--public-key" not in argv:
                    argv.append("--allow-unsigned")
                code = self.runner.main(argv)
            except SystemExit as stop:
                code = stop.code
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    def arm(self, kill_at, torn, later):
        runner, events = self.runner, itertools.count(1)
        runner.time = FakeTime(time.time() + later)

        def tick(cut=None):
            if next(events) == kill_at:
                if cut:
                    cut()
                os._exit(KILLED)

        add, send = runner.Journal.add, runner.Cloud.send

        def torn_add(journal, event, **more):
            def cut():
                if torn:
                    with open(journal.path, "ab") as file:
                        file.write(b"0123456789abcdef {\"event\": \"int")
            tick(cut)
            add(journal, event, **more)
            tick()

        def counted_send(cloud, client, action, version, query):
            if action in WRITES:
                tick()
            answer = send(cloud, client, action, version, query)
            if action in WRITES:
                tick()
            return answer

        runner.Journal.add, runner.Cloud.send = torn_add, counted_send

    def output(self, folder):
        with open(os.path.join(folder, "out"), encoding="utf-8") as file:
            return file.read()[-3000:]


def check(is_so, message):
    if not is_so:
        raise AssertionError(message)


def states(world, document):
    """The memberships after each number of steps."""
    now = world.memberships()
    found = [dict(now)]
    for step in document["steps"]:
        now[step["expect"]["interface"]["NetworkInterfaceId"]] = step["after"]["SecurityGroupIds"]
        found.append(dict(now))
    return found


def call_log_holds(lab, document):
    """No write without a look at its interface since the write before it."""
    interface_of = {}
    for step in document["steps"]:
        id = step["expect"]["interface"]["NetworkInterfaceId"]
        for name in ("InstanceId", "NetworkInterfaceId"):
            if name in step["params"]:
                interface_of[step["params"][name]] = id
    seen = set()
    for action, query in lab.service.log:
        if action == "DescribeNetworkInterfaces":
            seen |= {value for name, value in query.items() if name.startswith("NetworkInterfaceId.")}
        if action in WRITES:
            target = interface_of[query.get("InstanceId") or query.get("NetworkInterfaceId")]
            check(target in seen, f"a write to {target} without a look before it: {lab.service.log}")
            seen.clear()


def finish(lab, plan, folder, document, way, context, *more, later=0.0):
    """Goes on or back until it is over, and checks that the world is one of the two it may be."""
    before_after = states(plan[0], document)
    begun = os.path.exists(folder + "/plan.json.journal") and "begin" in open(folder + "/plan.json.journal", encoding="utf-8",
                                                                            errors="replace").read()
    for _ in range(4 + len(document["waves"])):
        if way == "resume":
            command = ["resume", "--healthy", "test: fine"] if begun else ["apply", "--rollback-permission-attested"]
        else:
            command = ["rollback"]
        code = lab.run(folder, *command, *more, later=later)
        if code == 0 or (way == "rollback" and not begun):
            break
        begun = True
    now = lab.service.world.memberships()
    wanted = before_after[-1] if way == "resume" else before_after[0]
    check(now == wanted, f"{context}, {way}: the world is neither before nor after: {code}\n{lab.output(folder)}")
    check(code == 0 or not begun, f"{context}, {way}: ended with {code}\n{lab.output(folder)}")
    call_log_holds(lab, document)


def events_of(lab, plan):
    """How many events a whole run has."""
    folder, document = lab.begin(plan)
    low, high = 1, 400
    while low < high:
        middle = (low + high) // 2
        lab.begin(plan)
        if lab.run(folder, "apply", "--probe-command", "true", "--rollback-permission-attested", kill_at=middle) == KILLED:
            low = middle + 1
        else:
            high = middle
    return low - 1


def plans(lab):
    one = lab.plan("one", 1, ["i-t0:sg-app"])
    yield one
    yield lab.plan("one by one", 1, ["i-t0:sg-app", "i-t0:sg-extra"], "--api", "leave")
    yield lab.plan("secondary", 2, ["eni-s1:sg-app", "i-t0:sg-app", "i-t1:sg-extra"])
    yield lab.plan("move", 2, [], "--move", "i-t0:sg-app:sg-new", "--move", "i-t1:sg-app:sg-new")
    yield lab.plan("join and leave", 2, [], "--move", "i-t0:sg-app:sg-new", "--move", "eni-s1:sg-app:sg-new", "--api", "leave")
    yield lab.plan("six", 4, ["i-t0:sg-app", "i-t1:sg-app", "i-t2:sg-app", "i-t3:sg-app", "eni-s1:sg-app", "eni-s3:sg-app"],
                   "--max-wave", "3")
    yield lab.plan("eight", 4, [f"i-t{n}:{g}" for n in range(4) for g in ("sg-app", "sg-extra")], "--api", "leave",
                   "--max-wave", "8")


def crashes(lab, quick):
    """Killed at every event, then on or back; sometimes killed again."""
    chance = random.Random(1)
    for nth, plan in enumerate(plans(lab)):
        total = events_of(lab, plan)
        check(total >= 4 * len(plan[2]["steps"]), f"only {total} events")
        points = range(1, total + 1) if not quick else chance.sample(range(1, total + 1), 4)
        for at in points:
            for way in ("resume", "rollback"):
                folder, document = lab.begin(plan)
                probe = ("--probe-command", "true")
                # What a killed call did may take a while to be seen.
                lab.service.lag = chance.choice((0, 0, 3, 9))
                # Where nothing is late, half of the runs go on when an old state can be believed at once.
                later = 0.0 if lab.service.lag else chance.choice((0.0, 120.0))
                code = lab.run(folder, "apply", "--rollback-permission-attested", *probe, kill_at=at, torn=at % 2 == 0)
                check(code == KILLED, f"plan {nth}: not killed at {at} but {code}\n{lab.output(folder)}")
                if chance.random() < 0.5 and os.path.exists(folder + "/plan.json.journal"):
                    again = ("resume", "--healthy", "test") if way == "resume" else ("rollback",)
                    lab.run(folder, *again, *probe, kill_at=chance.randint(1, 8), torn=True)
                finish(lab, plan, folder, document, way, f"plan {nth}, killed at {at}", later=later)


def faults(lab, quick):
    """Every fault at every changing call; on where that is possible, and back."""
    retried = ("throttled", "internal", "unavailable", "reset", "applied-504", "applied-reset", "applied-garbage",
               "applied-unknown-code")
    stopped = ("denied", "quota", "unknown-code", "ignored")
    for nth, plan in enumerate(plans(lab)):
        steps = len(plan[2]["steps"])
        for fault in retried + stopped:
            for at in range(1, steps + 1) if not quick else [steps]:
                folder, document = lab.begin(plan)
                lab.service.faults = {at: fault}
                context = f"plan {nth}, {fault} at write {at}"
                code = lab.run(folder, "apply", "--probe-command", "true", "--rollback-permission-attested")
                if fault in retried:
                    check(code == 0, f"{context}: {code}\n{lab.output(folder)}")
                    check(lab.service.world.memberships() == states(plan[0], document)[-1], context)
                    call_log_holds(lab, document)
                    lab.service.faults = {}
                    finish(lab, plan, folder, document, "rollback", context)
                    continue
                check(code == (5 if at == 1 else 6), f"{context}: {code}\n{lab.output(folder)}")
                check(lab.service.world.memberships() == states(plan[0], document)[at - 1], context)
                check(len(lab.service.writes()) == at, f"{context}: tried again blindly")
                finish(lab, plan, folder, document, "rollback", context)


def slow_reads(lab, quick):
    """Reads that show an old state for a while, and more throttling than is waited for."""
    for lag in (1, 8) if quick else (1, 2, 3, 5, 8, 13):
        for plan in plans(lab):
            folder, document = lab.begin(plan)
            lab.service.lag = lag
            code = lab.run(folder, "apply", "--probe-command", "true", "--rollback-permission-attested")
            check(code == 0, f"lag {lag}: {code}\n{lab.output(folder)}")
            check(lab.service.world.memberships() == states(plan[0], document)[-1], f"lag {lag}")
            call_log_holds(lab, document)
        folder, document = lab.begin(plan)
        lab.service.storm = lag
        check(lab.run(folder, "dry-run", "--rollback-permission-attested") == (0 if lag <= 5 else 5), f"a storm of {lag}\n{lab.output(folder)}")


def drifts():
    """One fact each that the verdict rests on: a name and what happens to the world."""
    def groups(id, *held):
        return lambda w: w.replace(w.interfaces[id], list(held))

    def edit(where, id, **more):
        return lambda w: getattr(w, where)[id].update(more)

    def rules(id, change):
        return lambda w: change(w.rules[id]["Permissions"]["Permission"])

    def first(**more):
        return lambda held: held[0].update(more)

    new = estate.interface("eni-new", "", "Secondary", "10.0.7.7", ["sg-peer"])
    yield "the target left already", groups("eni-t0", "sg-base", "sg-extra")
    yield "the target is in one more group", groups("eni-t0", "sg-app", "sg-base", "sg-extra", "sg-new")
    yield "the target is in its last group", groups("eni-t0", "sg-app")
    yield "the instance is starting", edit("instances", "i-t0", Status="Starting")
    yield "the instance is locked", edit("instances", "i-t0", OperationLocks={"LockReason": [{"LockReason": "security"}]})
    yield "the interface is managed", edit("interfaces", "eni-t0", ServiceManaged=True)
    yield "the interface is of another type", edit("interfaces", "eni-t0", Type="Secondary")
    yield "the interface is in another VPC", edit("interfaces", "eni-t0", VpcId="vpc-other")
    yield "the interface is detaching", edit("interfaces", "eni-t0", Status="Detaching")
    yield "the interface is attached elsewhere", edit("interfaces", "eni-t0", InstanceId="i-peer")
    yield "the interface has another address", edit("interfaces", "eni-t0", PrivateIpSets={"PrivateIpSet": [
        {"PrivateIpAddress": "10.0.0.77", "Primary": True}]}, PrivateIpAddress="10.0.0.77")
    yield "the interface has an IPv6 address", edit("interfaces", "eni-t0", Ipv6Sets={"Ipv6Set": [{"Ipv6Address": "fd00::1"}]})
    yield "the instance is gone", lambda w: w.instances.pop("i-t0")
    yield "the interface is gone", lambda w: w.interfaces.pop("eni-t0")
    for group in ("sg-app", "sg-base", "sg-extra", "sg-peer"):
        yield f"a rule of {group} has another port", rules(group, first(PortRange="444/444", PortRangeListId=""))
        yield f"a rule of {group} drops", rules(group, first(Policy="Drop"))
        yield f"a rule of {group} has another priority", rules(group, first(Priority="2"))
        yield f"a rule of {group} has another protocol", rules(group, first(IpProtocol="UDP"))
        yield f"a rule of {group} guards the other direction", rules(group, lambda held: held.append(
            estate.rule("egress", DestCidrIp="10.9.0.0/16")))
        yield f"a rule of {group} is gone", rules(group, lambda held: held.pop())
        yield f"a rule of {group} is narrowed to source ports", rules(group, first(SourcePortRange="1024/65535"))
        yield f"a rule of {group} has a key nobody knows", rules(group, first(OnlyOnSundays="true"))
        yield f"{group} has another inner access policy", lambda w, group=group: w.rules[group].update(
            InnerAccessPolicy="Drop" if w.rules[group]["InnerAccessPolicy"] == "Accept" else "Accept")
        yield f"{group} is of another type", edit("groups", group, SecurityGroupType="enterprise")
        yield f"{group} is gone", lambda w, group=group: w.groups.pop(group)
    yield "a peer joined a group", groups("eni-peer", "sg-base", "sg-peer", "sg-far")
    yield "a peer left a group", groups("eni-peer", "sg-base")
    yield "a peer has another address", edit("interfaces", "eni-peer", PrivateIpAddress="10.0.3.3", PrivateIpSets={
        "PrivateIpSet": [{"PrivateIpAddress": "10.0.3.3", "Primary": True}]})
    yield "a peer is gone", lambda w: w.interfaces.pop("eni-keeper")
    yield "a peer is new", lambda w: w.interfaces.update({"eni-new": json.loads(json.dumps(new))})
    yield "the prefix list has one more entry", lambda w: w.prefix_lists["pl-run"]["Entries"]["Entry"].append(
        {"Cidr": "198.51.100.0/24"})
    yield "the prefix list has one entry less", lambda w: w.prefix_lists["pl-run"]["Entries"]["Entry"].pop()
    yield "the port list has another entry", lambda w: w.port_lists["prl-run"]["Entries"].append({"PortRange": "95/95"})
    yield "a group of another account names the group", lambda w: w.foreign.update({"sg-app": ["sg-foreign"]})
    yield "a group that names the group is new", lambda w: w.rules["sg-new"]["Permissions"]["Permission"].append(
        estate.rule(SourceGroupId="sg-app", PortRange="1/1"))
    yield "the credentials are of another account", lambda w: setattr(w, "account", "2000000000000002")


def drift(lab, quick):
    first, later = lab.plan("drift", 1, ["i-t0:sg-app"]), lab.plan("drift, later", 2, ["i-t0:sg-app", "i-t1:sg-app"])
    for name, change in drifts():
        folder, document = lab.begin(first)
        change(lab.service.world)
        for command in ("dry-run", "apply"):
            code = lab.run(folder, command)
            check(code == 5, f"{name}: {command} ended with {code}\n{lab.output(folder)}")
        check(not lab.service.writes(), f"{name}: something was written")
        if name.startswith(("the target", "the instance", "the interface", "the credentials")) or quick:
            continue
        # The same between the first step and the second.
        folder, document = lab.begin(later)
        check(lab.run(folder, "apply") == 6, "the canary waits for evidence")
        change(lab.service.world)
        code = lab.run(folder, "resume", "--healthy", "test: fine")
        check(code == 6, f"{name}, after one step: {code}\n{lab.output(folder)}")
        check(len(lab.service.writes()) == 1, f"{name}, after one step: something was written")
    # Names and tags are watched where rules select by them, and nowhere else.
    policy = os.path.join(lab.folder, "team.yaml")
    with open(policy, "w", encoding="utf-8") as file:
        file.write("version: 1\npolicies:\n  - protected: { of: { tag: { freeze: \"*\" } } }\n    optional: true\n")
    named = lab.plan("drift, labels", 1, ["i-t0:sg-app"], "-p", policy)
    freeze = {"Tag": [{"TagKey": "freeze", "TagValue": "yes"}]}
    for kind, id, more in (("instances", "i-t0", {"Tags": freeze}), ("interfaces", "eni-t0", {"Tags": freeze}),
                           ("instances", "i-t0", {"InstanceName": "x"}), ("interfaces", "eni-peer", {"NetworkInterfaceName": "x"}),
                           ("instances", "i-peer", {"Tags": freeze}), ("groups", "sg-app", {"SecurityGroupName": "x"})):
        for plan, wanted in ((named, 5), (first, 0)):
            folder, document = lab.begin(plan)
            check(lab.run(folder, "dry-run") == 0, f"nothing moved\n{lab.output(folder)}")
            getattr(lab.service.world, kind)[id].update(more)
            check(lab.run(folder, "dry-run") == wanted, f"{id} {more}: not {wanted}\n{lab.output(folder)}")
    # What is no part of the cone does not stop anybody.
    for change in (lambda w: w.instances["i-far"].update(InstanceName="x"),
                   lambda w: w.rules["sg-app"]["Permissions"]["Permission"][0].update(Description="y", CreateTime="z"),
                   lambda w: w.rules["sg-app"]["Permissions"]["Permission"].reverse(),
                   lambda w: w.interfaces["eni-peer"]["SecurityGroupIds"]["SecurityGroupId"].reverse(),
                   lambda w: w.rules["sg-new"]["Permissions"]["Permission"].clear()):
        folder, document = lab.begin(first)
        change(lab.service.world)
        check(lab.run(folder, "dry-run") == 0, f"a change without meaning stops the plan\n{lab.output(folder)}")


def manners(lab, _quick):
    """Approval, age, windows, locks, replays, and ways back that are closed."""
    plan = lab.plan("manners", 2, ["i-t0:sg-app", "i-t1:sg-app"])
    folder, document = lab.begin(plan)
    for later, wanted in ((3400, 0), (3700, 5), (-3600, 5)):
        lab.service.skew = later
        check(lab.run(folder, "dry-run", later=later) == wanted, f"a plan of another time: {later}\n{lab.output(folder)}")
    lab.service.skew = 600
    check(lab.run(folder, "dry-run") == 5, "a wrong clock")
    lab.service.skew = 0
    key, public = folder + "/key.pem", folder + "/public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    subprocess.run([lab.program, "plan", "sign", folder + "/plan.json", "--key", key], check=True, stdout=subprocess.DEVNULL)
    check(lab.run(folder, "dry-run", "--public-key", public) == 0, f"a signed plan\n{lab.output(folder)}")
    text = open(folder + "/plan.json", "rb").read()
    chance = random.Random(2)
    for _ in range(200):
        at = chance.randrange(len(text))
        flipped = text[:at] + bytes([text[at] ^ (1 << chance.randrange(8))]) + text[at + 1:]
        open(folder + "/plan.json", "wb").write(flipped)
        try:
            same = json.loads(flipped) == json.loads(text)
        except ValueError:
            same = False
        code = lab.run(folder, "dry-run", "--public-key", public)
        check(code == (0 if same else 5), f"a flipped bit at {at}: {code}")
    open(folder + "/plan.json", "wb").write(text)
    signature = open(folder + "/plan.json.sig", encoding="ascii").read()
    open(folder + "/plan.json.sig", "w", encoding="ascii").write(signature.replace("a", "b", 1))
    check(lab.run(folder, "dry-run", "--public-key", public) == 5, "another signature")
    check(not lab.service.writes(), "something was written")
    # Twice, and two at a time.
    folder, document = lab.begin(plan)
    check(lab.run(folder, "apply", "--probe-command", "true") == 0, lab.output(folder))
    check(lab.run(folder, "apply") == 5, "a plan is executed once")
    import fcntl
    with open(folder + "/plan.json.journal.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        check(lab.run(folder, "rollback") == 5, "two runners")
    # The journal of another plan is neither ours nor damaged.
    other = lab.plan("manners, other", 1, ["i-t0:sg-extra"])[1]
    for command in ("apply", "rollback", "resume"):
        code = lab.run(other, command, "--journal", folder + "/plan.json.journal", "--from-world")
        check(code == 2 and os.path.exists(folder + "/plan.json.journal"), f"another plan's journal: {code}\n{lab.output(other)}")
    # The way back is closed: the group is gone, full, or the interface was moved on.
    lab.service.world.replace(lab.service.world.interfaces["eni-t0"], ["sg-base", "sg-new"])
    check(lab.run(folder, "rollback") == 7, f"moved on\n{lab.output(folder)}")
    check("aliyun ecs ModifyInstanceAttribute" in lab.output(folder), "no recipe")
    check(lab.service.world.memberships()["eni-t1"] == ["sg-app", "sg-base", "sg-extra"], "the other one goes back all the same")
    leave = lab.plan("manners, leave", 1, ["i-t0:sg-app"], "--api", "leave")
    folder, document = lab.begin(leave)
    for command in ("dry-run", "apply"):
        check(lab.run(folder, command) == 5 and not lab.service.writes(), "nobody attests the way back")
    check(lab.run(folder, "apply", "--rollback-permission-attested") == 0, lab.output(folder))
    lab.service.world.rules["sg-peer"]["Permissions"]["Permission"].pop()
    check(lab.run(folder, "rollback") == 7, f"rules changed\n{lab.output(folder)}")
    lab.service.faults = {2: "quota"}
    check(lab.run(folder, "rollback", "--accept-changed-rules") == 7, f"no room to go back\n{lab.output(folder)}")
    check("aliyun ecs JoinSecurityGroup --InstanceId i-t0 --RegionId cn-hangzhou --SecurityGroupId sg-app" in lab.output(folder),
          f"no recipe\n{lab.output(folder)}")
    lab.service.faults = {}
    check(lab.run(folder, "rollback", "--accept-changed-rules") == 0, f"back at last\n{lab.output(folder)}")
    # Somebody else changes the same interface between the last look and the call.
    folder, document = lab.begin(plan)
    write = lab.service.world.write

    def concurrent(action, query):
        answer = write(action, query)
        lab.service.world.replace(lab.service.world.interfaces["eni-t0"], ["sg-base", "sg-extra", "sg-new"])
        return answer

    lab.service.world.write = concurrent
    check(lab.run(folder, "apply") == 6 and "somebody else changed" in lab.output(folder), f"a lost update\n{lab.output(folder)}")
    # A step fails in the second wave: the wave goes back, or all of it.
    many = lab.plan("manners, waves", 4, [f"i-t{n}:sg-app" for n in range(4)], "--max-wave", "3")
    for way, made in (("rollback-wave", 1), ("rollback-all", 0), ("stop", 2)):
        folder, document = lab.begin(many)
        lab.service.faults = {3: "denied"}
        code = lab.run(folder, "apply", "--probe-command", "true", "--on-failure", way)
        check(code == 6, f"{way}: {code}\n{lab.output(folder)}")
        check(lab.service.world.memberships() == states(many[0], document)[made], f"{way}\n{lab.output(folder)}")
    # Reverted while the wave rests.
    soaking = lab.plan("manners, soak", 1, ["i-t0:sg-app"], "--soak", "910")
    for code, reads in ((6, 60), (0, 10_000)):
        folder, document = lab.begin(soaking)
        lab.service.hooks = {reads: lambda w: w.replace(w.interfaces["eni-t0"], ["sg-app", "sg-base", "sg-extra"])}
        check(lab.run(folder, "apply", "--probe-command", "true") == code, f"reverted\n{lab.output(folder)}")
    check(lab.run(folder, "status") == 0, lab.output(folder))
    # A probe that fails ends it.
    folder, document = lab.begin(plan)
    check(lab.run(folder, "apply", "--probe-command", "false") == 6, "an unhealthy canary")
    check(len(lab.service.writes()) == 1, "the second wave was begun")
    # A torn or damaged journal is recovered, or refused.
    data = open(folder + "/plan.json.journal", "rb").read()
    for cut in range(len(data)):
        open(folder + "/plan.json.journal", "wb").write(data[:cut])
        events = len(lab.runner.Journal(folder + "/plan.json.journal", document["plan_id"]).events)
        check(events == data[:cut].count(b"\n"), f"cut at {cut}")
    middle = data.index(b"\n") // 2
    open(folder + "/plan.json.journal", "wb").write(data[:middle] + b"#" + data[middle + 1:])
    for command, wanted in (("resume", 6), ("rollback", 7), ("status", 6)):
        check(lab.run(folder, command) == wanted, f"a damaged journal: {command}\n{lab.output(folder)}")
    check(lab.run(folder, "rollback", "--from-world") == 0, f"a damaged journal, back\n{lab.output(folder)}")
    check(lab.service.world.memberships() == states(plan[0], document)[0], "the world shows what is to be undone")
    check(os.path.exists(folder + "/plan.json.journal.damaged-1"), "what is damaged is kept")


def sealed(folder, document):
    """Puts a plan that somebody made up in the place of the real one, with a digest that is right."""
    import hashlib
    nameless = dict(document, plan_id="")
    text = json.dumps(nameless, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    with open(folder + "/plan.json", "w", encoding="utf-8") as file:
        json.dump(dict(document, plan_id="sha256:" + hashlib.sha256(text).hexdigest()), file)


def made_up(lab, _quick):
    """A plan that nobody signed makes no other call than those of its steps, and none on another host."""
    plan = lab.plan("made up", 2, ["i-t0:sg-app", "eni-s1:sg-app"], "--api", "leave")
    folder, document = lab.begin(plan)
    text = open(folder + "/plan.json", "rb").read()

    def step(change, nth=0):
        return lambda d: change(d["steps"][nth])

    lies = [
        step(lambda s: s.update(action="DeleteInstance")),
        step(lambda s: s["reads"][0].update(action="DeleteInstance")),
        step(lambda s: s["reads"][1]["params"].update(Force="true")),
        step(lambda s: s["reads"].append({"id": "x", "action": "StopInstance", "params": {}})),
        step(lambda s: s["params"].update(InstanceId="i-far")),
        step(lambda s: s["params"].update(Password="x")),
        step(lambda s: s["params"].update(SecurityGroupId="sg-base")),
        step(lambda s: s["params"].pop("RegionId")),
        step(lambda s: s["rollback"]["params"].update(InstanceId="i-far")),
        step(lambda s: s["rollback"].update(action="ModifyInstanceAttribute")),
        step(lambda s: s["rollback"].update(SecurityGroupIds=["sg-far"])),
        step(lambda s: s["after"].update(SecurityGroupIds=["sg-extra"])),
        step(lambda s: s["after"].update(SecurityGroupIds=[])),
        step(lambda s: s["expect"]["interface"].update(NetworkInterfaceId="eni-far"), 1),
        step(lambda s: s["expect"]["interface"].update(SecurityGroupIds=["sg-app"])),
        step(lambda s: s["expect"].pop("instance")),
        step(lambda s: s.update(region_id="cn-beijing")),
        lambda d: d["steps"].pop(),
        lambda d: d["steps"].reverse(),
        lambda d: d["waves"].pop(),
        lambda d: d["targets"]["eni-t0"].update(groups_after=["sg-base"]),
        lambda d: d["regions"][0].update(region_id="evil.example/"),
        lambda d: d["watch"]["vpcs"][0].update(region_id="evil.example/"),
        lambda d: d["watch"]["groups"]["sg-app"].update(region_id="evil.example#"),
        lambda d: d.update(review="denied"),
        lambda d: d.update(incomplete_inputs=["a page"]),
        lambda d: d.update(plan_version=2),
    ]
    for nth, lie in enumerate(lies):
        changed = copy.deepcopy(document)
        lie(changed)
        sealed(folder, changed)
        for command in ("dry-run", "apply"):
            code = lab.run(folder, command, "--rollback-permission-attested")
            check(code == 5, f"lie {nth}: {command} ended with {code}\n{lab.output(folder)}")
    check(not lab.service.log, f"a call was made: {lab.service.log[:3]}")
    everywhere = json.loads(json.dumps(document).replace("cn-hangzhou", "evil.example/"))
    sealed(folder, everywhere)
    check(lab.run(folder, "dry-run") == 5 and not lab.service.log, "a host of somebody else")
    open(folder + "/plan.json", "wb").write(text)
    # Who asks for the account asks STS, whatever the endpoint of ECS is.
    options = argparse.Namespace(endpoint="https://ecs-vpc.cn-hangzhou.aliyuncs.com", sts_endpoint=None, timeout=1)
    cloud, asked = lab.runner.Cloud(document, options), []
    cloud.send = lambda client, action, *_: asked.append(client._endpoint) or {"AccountId": "1"}
    cloud.account()
    check(asked == ["sts.cn-hangzhou.aliyuncs.com"], f"{asked}")
    for place in ("http://ecs.cn-hangzhou.aliyuncs.com", "https://aliyuncs.com.evil.example", "https://evil.example/.aliyuncs.com"):
        try:
            cloud.config("cn-hangzhou", place)
        except lab.runner.Stop:
            continue
        raise AssertionError(f"{place} is no endpoint")


def stops(lab, _quick):
    """What is found wrong changes nothing, what fails goes back only if it was asked to, and the exit code tells which."""
    plan = lab.plan("stops", 4, [f"i-t{n}:sg-app" for n in range(4)], "--max-wave", "3")
    world, document = plan[0], plan[2]
    way = states(world, document)
    probe = ("--probe-command", "true")

    def now():
        return lab.service.world.memberships()

    def canary():
        folder, _ = lab.begin(plan)
        check(lab.run(folder, "apply") == 6 and now() == way[1], f"the canary\n{lab.output(folder)}")
        return folder

    # A plan that is done stays done, whatever is asked about it.
    folder, _ = lab.begin(plan)
    check(lab.run(folder, "apply", *probe) == 0, lab.output(folder))
    for command, wanted in (("dry-run", 5), ("apply", 5), ("status", 0)):
        code = lab.run(folder, command, "--on-failure", "rollback-all")
        check(code == wanted and now() == way[4], f"{command} of a plan that is done: {code}\n{lab.output(folder)}")
    # What is wrong before the first call of a process does not send anybody back.
    for change in (lambda w: setattr(w, "account", "2000000000000002"),
                   lambda w: w.rules["sg-app"]["Permissions"]["Permission"].append(estate.rule(SourceCidrIp="0.0.0.0/0")),
                   lambda w: w.replace(w.interfaces["eni-peer"], ["sg-base"])):
        for more in ((), ("--recheck", "wave")):
            folder = canary()
            change(lab.service.world)
            code = lab.run(folder, "resume", "--healthy", "x", "--on-failure", "rollback-all", *more)
            check(code == 6 and len(lab.service.writes()) == 1, f"a moved world: {code}\n{lab.output(folder)}")
    # In the middle of a wave, with the whole world looked at once a wave, and an interruption in between.
    folder = canary()
    lab.service.faults = {3: "denied"}
    check(lab.run(folder, "resume", "--healthy", "x", "--recheck", "wave") == 6 and now() == way[2], lab.output(folder))
    lab.service.world.rules["sg-peer"]["Permissions"]["Permission"].append(estate.rule(SourceCidrIp="0.0.0.0/0"))
    code = lab.run(folder, "resume", "--healthy", "x", "--recheck", "wave")
    check(code == 6 and now() == way[2], f"resumed in a moved world: {code}\n{lab.output(folder)}")
    # The same in one process: a wave that is healthy stays, whatever is found wrong before the next one.
    def moves(w):
        w.replace(w.interfaces["eni-peer"], ["sg-base"])

    for way_back in ("rollback-wave", "rollback-all"):
        folder, _ = lab.begin(plan)
        # The probe of the first wave is the signal for the world to move.
        write = lab.service.world.write

        def write_and_move(action, query, write=write):
            answer = write(action, query)
            lab.service.hooks = {len(lab.service.log) + 6: moves}
            return answer

        lab.service.world.write = write_and_move
        code = lab.run(folder, "apply", *probe, "--on-failure", way_back, "--recheck", "wave")
        check(code == 6 and now() == dict(way[1], **{"eni-peer": ["sg-base"]}), f"a healthy wave went back\n{lab.output(folder)}")
    # A failure in a wave whose groups changed meanwhile: going back would not restore what was.
    folder = canary()
    lab.service.faults = {3: "denied"}
    rules = lab.service.world.rules["sg-app"]["Permissions"]["Permission"]
    calls = len(lab.service.log)
    write = lab.service.world.write

    def write_and_open(action, query):
        answer = write(action, query)
        rules.append(estate.rule(SourceCidrIp="0.0.0.0/0", PortRange="22/22"))
        return answer

    lab.service.world.write = write_and_open
    code = lab.run(folder, "resume", "--healthy", "x", "--recheck", "wave", "--on-failure", "rollback-wave")
    check(code == 7 and now() == way[2] and calls, f"back into changed rules: {code}\n{lab.output(folder)}")
    check("accept-changed-rules" in lab.output(folder), lab.output(folder))
    # The wave that failed goes back, and it is said what stays.
    folder = canary()
    lab.service.faults = {3: "denied"}
    check(lab.run(folder, "resume", "--healthy", "x", "--on-failure", "rollback-wave") == 6 and now() == way[1], lab.output(folder))
    check("undone: s-0002, s-0003; still made: s-0001" in lab.output(folder), lab.output(folder))
    check(lab.run(folder, "resume", "--healthy", "x") == 6 and now() == way[1], "on after the way back")
    check(lab.run(folder, "rollback") == 0 and now() == way[0], lab.output(folder))
    # A probe that cannot be started is no evidence.
    folder, _ = lab.begin(plan)
    code = lab.run(folder, "apply", "--on-failure", "rollback-wave", "--probe-command", "/nowhere/probe")
    check(code == 6 and now() == way[0], f"no probe: {code}\n{lab.output(folder)}")
    # Somebody takes the canary back before the next wave.
    folder = canary()
    lab.service.world.replace(lab.service.world.interfaces["eni-t0"], ["sg-app", "sg-base", "sg-extra"])
    check(lab.run(folder, "resume", "--healthy", "x") == 6 and len(lab.service.writes()) == 1, lab.output(folder))
    check("reverted by somebody else" in lab.output(folder), lab.output(folder))
    # The journal is lost.
    folder = canary()
    os.remove(folder + "/plan.json.journal")
    for command, wanted in (("apply", 5), ("resume", 6), ("rollback", 7), ("status", 0)):
        check(lab.run(folder, command) == wanted, f"no journal: {command}\n{lab.output(folder)}")
    check(lab.run(folder, "rollback", "--from-world") == 0 and now() == way[0], lab.output(folder))
    # An undo that is refused: what comes before it stays made, for a gap was never judged.
    folder, _ = lab.begin(plan)
    check(lab.run(folder, "apply", *probe) == 0, lab.output(folder))
    lab.service.faults = {6: "quota"}
    check(lab.run(folder, "rollback") == 7 and now() == way[3 - 0], f"an undo is refused\n{lab.output(folder)}")
    check(lab.output(folder).count("by hand: aliyun ecs Modify") == 3, lab.output(folder))
    lab.service.faults = {}
    check(lab.run(folder, "rollback") == 0 and now() == way[0], lab.output(folder))
    # A plan that was undone is over, and says so; also where the way back was cut off in between.
    for kill_at in (None, 3, 4, 5):
        folder = canary()
        code = lab.run(folder, "rollback", kill_at=kill_at)
        check(code == (KILLED if kill_at else 0), f"{kill_at}: {code}")
        check(lab.run(folder, "rollback") == 0 and now() == way[0], lab.output(folder))
        for command in ("dry-run", "apply", "resume"):
            check(lab.run(folder, command, "--healthy", "x") == 5 and "is over" in lab.output(folder), lab.output(folder))
    # An old journal was put back: what it does not know is not undone in silence.
    folder, _ = lab.begin(plan)
    check(lab.run(folder, "apply", *probe) == 0, lab.output(folder))
    lines = open(folder + "/plan.json.journal", "rb").read().split(b"\n")
    open(folder + "/plan.json.journal", "wb").write(b"\n".join(lines[:1]) + b"\n")
    check(lab.run(folder, "rollback") == 7 and now() == way[4], f"an old journal\n{lab.output(folder)}")
    check(lab.run(folder, "rollback", "--from-world") == 0 and now() == way[0], lab.output(folder))
    # A target is released: the others are seen and go back all the same, with a journal and without.
    for is_lost in (False, True):
        folder, _ = lab.begin(plan)
        check(lab.run(folder, "apply", *probe) == 0, lab.output(folder))
        lab.service.world.interfaces.pop("eni-t1")
        check(lab.run(folder, "status") == 6 and "eni-t3: sg-base" in lab.output(folder), f"status\n{lab.output(folder)}")
        if is_lost:
            os.remove(folder + "/plan.json.journal")
        code = lab.run(folder, "rollback", *["--from-world"] * is_lost)
        wanted = {id: groups for id, groups in way[0].items() if id != "eni-t1"}
        check(code == 7 and now() == wanted, f"released: {code}\n{lab.output(folder)}")
        check("i-t1" in lab.output(folder) and "by hand: aliyun ecs" in lab.output(folder), lab.output(folder))
    # A list that the groups lean on was opened.
    folder = canary()
    lab.service.world.prefix_lists["pl-run"]["Entries"]["Entry"].append({"Cidr": "0.0.0.0/0"})
    check(lab.run(folder, "rollback") == 7 and now() == way[1], f"an opened list\n{lab.output(folder)}")
    check(lab.run(folder, "rollback", "--accept-changed-rules") == 0 and now() == way[0], lab.output(folder))
    # What a call did is seen late, after the runner was killed or interrupted directly behind it.
    for lag in (6, 10, 13):
        for is_killed in (True, False):
            folder, _ = lab.begin(plan)
            lab.service.lag = lag
            if is_killed:
                check(lab.run(folder, "apply", kill_at=6) == KILLED and now() == way[1], "killed behind the call")
            else:
                write = lab.service.world.write

                def write_and_stop(action, query, write=write):
                    os.kill(lab.child, 15)
                    return write(action, query)

                lab.service.world.write = write_and_stop
                check(lab.run(folder, "apply") == 6 and now() == way[1], f"interrupted behind the call\n{lab.output(folder)}")
                lab.service.world.write = write
            check(lab.run(folder, "rollback") == 0 and now() == way[0], f"lag {lag}\n{lab.output(folder)}")
    # The last answer of a service that never works is said.
    folder, _ = lab.begin(plan)
    lab.service.faults = {nth: "unavailable" for nth in range(1, 20)}
    check(lab.run(folder, "apply") == 5 and "the last one: ServiceUnavailable" in lab.output(folder), lab.output(folder))
    # There is no room to go back any more: the next wave is not begun. A count that nobody made says nothing.
    folder = canary()
    lab.service.world.capacity = sum("sg-app" in groups for groups in now().values())
    check(lab.run(folder, "resume", "--healthy", "x") == 6 and len(lab.service.writes()) == 1, lab.output(folder))
    check("has room for 0 members" in lab.output(folder), lab.output(folder))
    lab.service.world.counted = lambda group, _: {**group, "EcsCount": 0, "AvailableInstanceAmount": 0}
    check(lab.run(folder, "resume", "--healthy", "x", *probe) == 0, lab.output(folder))
    # The window ends between two waves.
    ends = lab.plan("stops, window", 2, ["i-t0:sg-app", "i-t1:sg-app"], "--not-after", time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1800)))
    folder, _ = lab.begin(ends)
    check(lab.run(folder, "apply") == 6, lab.output(folder))
    check(lab.run(folder, "resume", "--healthy", "x", later=2000) == 6 and "not to be executed" in lab.output(folder), lab.output(folder))
    check(lab.run(folder, "rollback", later=2000) == 0, "the way back has no window")
    # Reads that are throttled directly after a write, for longer than a minute.
    one = lab.plan("stops, storm", 1, ["i-t0:sg-app"])
    for storm in (1, 2, 3, 4, 5):
        folder, _ = lab.begin(one)
        write = lab.service.world.write

        def write_and_storm(action, query, write=write, storm=storm):
            lab.service.storm = storm
            return write(action, query)

        lab.service.world.write = write_and_storm
        check(lab.run(folder, "apply", *probe) == 0, f"a storm of {storm} after the write\n{lab.output(folder)}")
    # An interrupt ends it between two calls, and it can be gone on with.
    soaking = lab.plan("stops, soak", 1, ["i-t0:sg-app"], "--soak", "910")
    for at in (3, 12, 20, 30):
        folder, _ = lab.begin(soaking)
        lab.service.hooks = {at: lambda w: os.kill(lab.child, 15)}
        code = lab.run(folder, "apply", *probe, "--on-failure", "rollback-all")
        writes = len(lab.service.writes())
        check(code == (6 if writes else 5), f"interrupted at {at}: {code}\n{lab.output(folder)}")
        check("interrupted by SIGTERM" in lab.output(folder), lab.output(folder))
        command = ("resume",) if os.path.exists(folder + "/plan.json.journal") else ("apply",)
        check(lab.run(folder, *command, *probe) == 0, f"interrupted at {at}, on\n{lab.output(folder)}")
        check(len(lab.service.writes()) == 1, "twice")
    # Many targets are looked at together.
    many = lab.plan("stops, many", 310, [f"i-t{n}:sg-app" for n in range(310)], "--max-wave", "400")
    folder, _ = lab.begin(many)
    check(lab.run(folder, "dry-run") == 0, f"many\n{lab.output(folder)}")
    looks = sum("NetworkInterfaceId.1" in query for _, query in lab.service.log)
    check(looks < 1_000, f"{looks} looks at 310 interfaces, three a page")
    # References in the other form of the documents.
    folder, _ = lab.begin(one)
    read = lab.service.world.read

    def other_form(action, query):
        answer = read(action, query)
        for reference in answer.get("SecurityGroupReferences", {}).get("SecurityGroupReference", []):
            named = reference.pop("ReferencingSecurityGroups")["ReferencingSecurityGroup"]
            reference["SecurityReferencingGroups"] = {"SecurityReferencingGroup": named}
        return answer

    lab.service.world.read = other_form
    check(lab.run(folder, "dry-run") == 0, lab.output(folder))
    lab.service.world.foreign["sg-app"] = ["sg-foreign"]
    check(lab.run(folder, "dry-run") == 5, lab.output(folder))
    # An answer without what was asked for is no answer.
    for missing in ("NetworkInterfaceSets", "Instances", "SecurityGroups", "Permissions", "SecurityGroupReferences", "Entries"):
        folder, _ = lab.begin(one)
        read = lab.service.world.read
        lab.service.world.read = lambda action, query, read=read, missing=missing: {
            key: value for key, value in read(action, query).items() if key != missing}
        check(lab.run(folder, "apply") == 5 and not lab.service.writes(), f"no {missing}\n{lab.output(folder)}")


PAYLOADS = ["'; touch /tmp/pwned; '", "$(touch /tmp/pwned)", "\"]}; import os", "<script>alert(1)</script>", "=cmd|'/c'!A1",
            "](javascript:alert(1))", "\u202egnp.exe", "\x1b[31mred", "{{7*7}}", "%s%n", "`id`", "a\nb", "\\u0000", "| x | y |"]


def hostile(lab, quick):
    """Names, tags and descriptions of strangers reach nothing."""
    runner = open(os.path.join(HERE, "../../src/plan/emit/runner.py"), "rb").read()
    chance = random.Random(3)
    for nth in range(20 if quick else 200):
        lab.runs += 1
        payload = "".join(chance.sample(PAYLOADS, 2)) + f" MARK{nth}"
        folder = os.path.join(lab.folder, f"hostile-{nth}")
        estate.save(estate.world(2, payload), folder + "-export")
        command = [lab.program, "plan", "-q", "-i", folder + "-export", "--out", folder, "i-t0:sg-app", "eni-s1:sg-app"]
        done = subprocess.run(command, capture_output=True, check=False)
        check(done.returncode == 0, f"{payload!r}: {done.stdout} {done.stderr}")
        check(open(folder + "/runner.py", "rb").read() == runner, f"{payload!r} changes the runner")
        for name in ("plan.json", "plan.md"):
            check(f"MARK{nth}" not in open(folder + "/" + name, encoding="utf-8").read(), f"{payload!r} is in {name}")


PARTS = {"faults": faults, "crashes": crashes, "drift": drift, "slow reads": slow_reads, "manners": manners,
         "hostile": hostile, "made up": made_up, "stops": stops}


def one_part(program, name, quick):
    """Runs one part in this process; returns the number of runs."""
    lab = Lab(program)
    try:
        PARTS[name](lab, quick)
    finally:
        shutil.rmtree(lab.folder, ignore_errors=True)
    return lab.runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    if options.only:
        print(one_part(program, options.only, options.quick))
        return

    def part(name):
        """Each part has a process and a service of its own; as many run at once as there are processors."""
        begun = time.time()
        command = [sys.executable, __file__, program, "--only", name, *["--quick"] * options.quick]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        check(done.returncode == 0, f"{name}: failed\n{done.stdout}")
        runs = int(done.stdout.split()[-1])
        print(f"{name}: {runs} runs, {time.time() - begun:.0f} s", flush=True)
        return runs

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = sum(pool.map(part, PARTS))
    check(options.quick or runs >= 1000, f"only {runs} runs")
    print(f"runner: {runs} runs passed, 0 failed")


if __name__ == "__main__":
    main()
