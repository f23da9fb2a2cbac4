"""Computes every digest of many plans from the raw answers of their exports, with the functions of the runner.

    python3 tests/runner/digests.py FOLDER      FOLDER/*/export and FOLDER/*/plan/plan.json
"""

import importlib.util
import json
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
spec = importlib.util.spec_from_file_location("runner", os.path.join(HERE, "../../src/plan/emit/runner.py"))
runner = importlib.util.module_from_spec(spec)
spec.loader.exec_module(runner)


def documents(folder):
    for path, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(path, name), encoding="utf-8") as file:
                yield json.load(file)


def agree(folder):
    plan = runner.load_plan(os.path.join(folder, "plan/plan.json"))
    interfaces, instances, groups, rules, prefix_lists = {}, {}, {}, {}, {}
    for answer in documents(os.path.join(folder, "export")):
        for one in runner.optional(answer, "NetworkInterfaceSets", "NetworkInterfaceSet"):
            interfaces[one["NetworkInterfaceId"]] = one
        for one in runner.optional(answer, "Instances", "Instance"):
            instances[one["InstanceId"]] = one
        for one in runner.optional(answer, "SecurityGroups", "SecurityGroup"):
            groups[one["SecurityGroupId"]] = one
        if "Permissions" in answer:
            rules.setdefault(answer["SecurityGroupId"], []).extend(answer["Permissions"]["Permission"])
        if "PrefixListId" in answer and "Entries" in answer:
            prefix_lists[answer["PrefixListId"]] = answer["Entries"]["Entry"]
    checked = 0
    is_labelled = plan["watch"]["labels"]

    def instance_of(one):
        return instances.get(runner.text_of(one.get("InstanceId")))

    for id, target in plan["targets"].items():
        assert runner.addresses_sha256(interfaces[id]) == target["addresses_sha256"], f"addresses of {id}"
        if is_labelled:
            labels = runner.labels_sha256(interfaces[id], instance_of(interfaces[id]))
            assert labels == target["labels_sha256"], f"labels of {id}: {interfaces[id]}"
        assert runner.groups_of(interfaces[id]) == target["groups_before"], f"groups of {id}"
    for vpc in plan["watch"]["vpcs"]:
        blocks, watched, now = [runner.network(text) for text in vpc["blocks"]], set(vpc["groups"]), {}
        for id, one in interfaces.items():
            if id in plan["targets"] or one.get("VpcId") != vpc["vpc_id"]:
                continue
            held = [net for _, net in runner.held_blocks(one)]
            is_inside = any(block.version == net.version and block.overlaps(net) for block in blocks for net in held)
            if vpc["everything"] or is_inside or watched & set(runner.groups_of(one)):
                now[id] = runner.peer_sha256(one, runner.labels_of(one, instance_of(one)) if is_labelled else ())
        assert now == vpc["interfaces"], f"peers in {vpc['vpc_id']}: {now} is not {vpc['interfaces']}"
        checked += len(now)
    for id, group in plan["watch"]["groups"].items():
        if is_labelled:
            assert runner.group_labels_sha256(groups[id]) == group["labels_sha256"], f"name of {id}"
        assert runner.rules_sha256(rules.get(id, [])) == group["rules_sha256"], f"rules of {id}: {rules.get(id)}"
        checked += 1
    for id, wanted in plan["watch"]["prefix_lists"].items():
        assert runner.prefix_list_sha256(prefix_lists[id]) == wanted["sha256"], f"entries of {id}"
    return checked


def main(folder):
    plans = checked = 0
    for name in sorted(os.listdir(folder)):
        if os.path.exists(os.path.join(folder, name, "plan/plan.json")):
            try:
                checked += agree(os.path.join(folder, name))
            except AssertionError as error:
                sys.exit(f"{name}: {error}")
            plans += 1
    assert checked > 3 * plans, "hardly anything was compared"
    print(f"{plans} plans agree")


if __name__ == "__main__":
    main(sys.argv[1])
