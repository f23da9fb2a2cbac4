"""An estate compared pair by pair with the standard library alone, to be measured against.

Takes the folder of a generated estate and prints how many ordered pairs of interfaces lose some traffic and how many
gain some, when all its removals happen. The steps are those of the naive program in Rust.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from export import EVERYTHING, EVERYWHERE, STRONGEST, WEAKEST, Estate, Interface, Interval, Rule, read


class State(NamedTuple):
    """The groups of an interface, and its rules with the strongest first."""

    groups: frozenset[str]
    egress: list[Rule]
    ingress: list[Rule]


class Member(NamedTuple):
    """An interface in both states."""

    interface: Interface
    before: State
    after: State


def rules_of(estate: Estate) -> dict[str, list[Rule]]:
    """Return the rules of each group and those that come with its kind."""
    rules: dict[str, list[Rule]] = {}
    for id_, group in estate.groups.items():
        rules[id_] = list(group.rules)
        if group.is_basic:
            rules[id_].append(Rule(True, WEAKEST, True, (EVERYTHING,), (EVERYWHERE,), None))
            # Read as accept-first, this comes before every rule on both sides.
            if group.accepts_inner:
                for egress in (True, False):
                    rules[id_].append(Rule(egress, STRONGEST, True, (EVERYTHING,), (), id_))
    return rules


def state(rules: dict[str, list[Rule]], groups: frozenset[str]) -> State:
    """Merge the rules of some groups; Drop wins a tie."""
    merged = sorted((rule for group in groups for rule in rules[group]), key=lambda rule: (rule.priority, rule.accepts))
    return State(groups, [rule for rule in merged if rule.egress], [rule for rule in merged if not rule.egress])


def matches(rule: Rule, address: IPv4Address, groups: frozenset[str]) -> bool:
    """Tell whether the other side is meant."""
    if rule.group is not None:
        return rule.group in groups
    return any(address in block for block in rule.blocks)


def accepted(rules: Iterable[Rule], address: IPv4Address, groups: frozenset[str]) -> list[Interval]:
    """Return what one side accepts, ascending: for each piece of traffic, the first rule that matches decides."""
    found: list[Interval] = []
    undecided = [EVERYTHING]
    for rule in rules:
        if not undecided:
            break
        if not matches(rule, address, groups):
            continue
        for rule_low, rule_high in rule.traffic:
            rest: list[Interval] = []
            for low, high in undecided:
                first, last = max(low, rule_low), min(high, rule_high)
                if first > last:
                    rest.append((low, high))
                    continue
                if rule.accepts:
                    found.append((first, last))
                if low < first:
                    rest.append((low, first - 1))
                if last < high:
                    rest.append((last + 1, high))
            undecided = rest
    return sorted(found)


def passing(source: State, address: IPv4Address, target: State, target_address: IPv4Address) -> list[Interval]:
    """Return what leaves the one side and enters the other."""
    out = accepted(source.egress, target_address, target.groups)
    into = accepted(target.ingress, address, source.groups)
    pieces = ((max(a, c), min(b, d)) for a, b in out for c, d in into)
    return [(first, last) for first, last in pieces if first <= last]


def is_within(part: list[Interval], whole: list[Interval]) -> bool:
    """Tell whether all of one list is in the other; both ascend."""
    for low, high in part:
        for first, last in whole:
            if first <= low <= last:
                low = last + 1
        if low <= high:
            return False
    return True


def compare(source: Member, target: Member) -> tuple[bool, bool]:
    """Tell whether an ordered pair loses some traffic, and whether it gains some, at any of the addresses."""
    loses = gains = False
    for here in source.interface.addresses:
        for there in target.interface.addresses:
            before = passing(source.before, here, target.before, there)
            after = passing(source.after, here, target.after, there)
            loses |= not is_within(before, after)
            gains |= not is_within(after, before)
    return loses, gains


def main() -> None:
    """Count the pairs of an estate."""
    estate = read(Path(sys.argv[1]))
    rules = rules_of(estate)
    members = [Member(one, state(rules, one.before), state(rules, one.after)) for one in estate.interfaces]
    lost = gained = 0
    for at, one in enumerate(members):
        if not one.interface.is_changed:
            continue
        for other_at, other in enumerate(members):
            # A pair of changed interfaces is compared once.
            is_done = other_at < at and other.interface.is_changed
            if other_at == at or other.interface.vpc != one.interface.vpc or is_done:
                continue
            for source, target in ((one, other), (other, one)):
                loses, gains = compare(source, target)
                lost += loses
                gained += gains
    print(lost, gained)


if __name__ == "__main__":
    main()
