"""An estate compared pair by pair in SQL, to be measured against.

Takes the folder of a generated estate and prints how many ordered pairs of interfaces lose some traffic and how many
gain some, when all its removals happen. Python fills four tables; DuckDB does the rest.

1. The defaults are rules as well: that of basic groups stands in a group of its own, so that it neither comes nor goes
   while an interface keeps some basic group.
2. A hit is a rule that matches a pair before, after, or both. Only pairs with a hit that comes or goes can change.
3. Pairs with the same hits are one case.
4. What decides about the traffic of a case changes only where a hit begins or ends: at those points the strongest hit
   is found on both sides, before and after. Strengths of accepting rules are odd.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

from export import EVERYTHING, EVERYWHERE, STRONGEST, WEAKEST, Estate, Rule, read

TABLES = """
CREATE TABLE interface(id INTEGER, vpc VARCHAR, changes BOOLEAN);
CREATE TABLE address(interface INTEGER, number UINTEGER);
CREATE TABLE membership(interface INTEGER, "group" VARCHAR, before BOOLEAN, after BOOLEAN);
CREATE TABLE rule("group" VARCHAR, egress BOOLEAN, strength INTEGER, low INTEGER, high INTEGER,
                  first UINTEGER, last UINTEGER, peer VARCHAR);
"""

# A pair of interfaces at one address each. Its local side holds the rules of a hit.
PAIRS = """
CREATE TABLE pair AS
SELECT row_number() OVER () AS id, source.id AS source, target.id AS target,
       here.number AS source_address, there.number AS target_address
FROM interface AS source
JOIN interface AS target ON target.vpc = source.vpc AND target.id <> source.id
JOIN address AS here ON here.interface = source.id
JOIN address AS there ON there.interface = target.id
WHERE source.changes OR target.changes;

CREATE VIEW side AS
SELECT id, true AS egress, source AS local, target AS remote, target_address AS address FROM pair
UNION ALL
SELECT id, false AS egress, target AS local, source AS remote, source_address AS address FROM pair;
"""

HITS = """
CREATE VIEW match AS
SELECT side.id, side.egress, strength, low, high, own.before, own.after
FROM side
JOIN membership AS own ON own.interface = side.local
JOIN rule ON rule."group" = own."group" AND rule.egress = side.egress
WHERE side.address BETWEEN rule.first AND rule.last
UNION ALL
SELECT side.id, side.egress, strength, low, high, own.before AND their.before, own.after AND their.after
FROM side
JOIN membership AS own ON own.interface = side.local
JOIN membership AS their ON their.interface = side.remote
JOIN rule ON rule."group" = own."group" AND rule.egress = side.egress AND rule.peer = their."group";

CREATE TABLE hit AS
SELECT id, egress, strength, low, high, bool_or(before) AS before, bool_or(after) AS after
FROM match
GROUP BY ALL;

DELETE FROM hit WHERE id NOT IN (SELECT id FROM hit WHERE before <> after);
"""

# Hits are numbered so that the lists of them stay small.
CASES = """
CREATE TABLE kind AS
SELECT row_number() OVER () AS kind, * FROM (SELECT DISTINCT * EXCLUDE id FROM hit);

CREATE TABLE decided AS
SELECT row_number() OVER () AS "case", kinds, list(id) AS pairs
FROM (
    SELECT id, list(kind ORDER BY kind) AS kinds
    FROM hit
    JOIN kind USING (egress, strength, low, high, before, after)
    GROUP BY id
)
GROUP BY kinds;

CREATE TABLE case_hit AS
SELECT "case", kind.* FROM (SELECT "case", unnest(kinds) AS kind FROM decided) JOIN kind USING (kind);
"""

ANSWERS = """
CREATE VIEW point AS
SELECT DISTINCT "case", unnest([low, high + 1]) AS point FROM case_hit;

CREATE TABLE answer AS
SELECT "case",
       coalesce(min(strength) FILTER (egress AND before), 0) % 2 = 1
       AND coalesce(min(strength) FILTER (NOT egress AND before), 0) % 2 = 1 AS before,
       coalesce(min(strength) FILTER (egress AND after), 0) % 2 = 1
       AND coalesce(min(strength) FILTER (NOT egress AND after), 0) % 2 = 1 AS after
FROM point
JOIN case_hit USING ("case")
WHERE point BETWEEN low AND high
GROUP BY "case", point;
"""

# An ordered pair of interfaces counts once whatever its addresses.
COUNTS = """
SELECT count(DISTINCT (source, target)) FILTER (loses), count(DISTINCT (source, target)) FILTER (gains)
FROM (
    SELECT "case", bool_or(before AND NOT after) AS loses, bool_or(after AND NOT before) AS gains
    FROM answer
    GROUP BY "case"
)
JOIN (SELECT "case", unnest(pairs) AS id FROM decided) USING ("case")
JOIN pair USING (id)
"""

# No group is called that.
BASIC = "basic"

Row = tuple[object, ...]


def rule_rows(estate: Estate) -> Iterator[Row]:
    """Yield a row for each piece of traffic and each block of a rule."""

    def rows(group: str, rule: Rule) -> Iterator[Row]:
        strength = 2 * rule.priority + rule.accepts
        blocks: list[tuple[int | None, int | None]] = [
            (int(block.network_address), int(block.broadcast_address)) for block in rule.blocks
        ]
        for low, high in rule.traffic:
            for first, last in blocks or [(None, None)]:
                yield group, rule.egress, strength, low, high, first, last, rule.group

    yield from rows(BASIC, Rule(True, WEAKEST, True, (EVERYTHING,), (EVERYWHERE,), None))
    for id_, group in estate.groups.items():
        for rule in group.rules:
            yield from rows(id_, rule)
        # Read as accept-first, this comes before every rule on both sides.
        if group.is_basic and group.accepts_inner:
            for egress in (True, False):
                yield from rows(id_, Rule(egress, STRONGEST, True, (EVERYTHING,), (), id_))


def membership_rows(estate: Estate) -> Iterator[Row]:
    """Yield a row for each group that an interface is in at some time."""

    def has_basic(groups: frozenset[str]) -> bool:
        return any(estate.groups[group].is_basic for group in groups)

    for at, one in enumerate(estate.interfaces):
        for group in one.before:
            yield at, group, True, group in one.after
        yield at, BASIC, has_basic(one.before), has_basic(one.after)


def fill(connection: duckdb.DuckDBPyConnection, estate: Estate) -> None:
    """Bring the estate into the tables."""
    interfaces = list(enumerate(estate.interfaces))
    tables: dict[str, list[Row]] = {
        "interface": [(at, one.vpc, one.is_changed) for at, one in interfaces],
        "address": [(at, int(address)) for at, one in interfaces for address in one.addresses],
        "membership": list(membership_rows(estate)),
        "rule": list(rule_rows(estate)),
    }
    connection.execute(TABLES)
    for name, rows in tables.items():
        # Column by column in one statement: row by row takes longer than all the rest.
        columns = [list(column) for column in zip(*rows)]
        unnested = ", ".join("unnest(?)" for _ in columns)
        connection.execute(f"INSERT INTO {name} SELECT {unnested}", columns)


def main() -> None:
    """Count the pairs of an estate."""
    folder = Path(sys.argv[1])
    # What does not fit into memory would else be put beside the sources.
    connection = duckdb.connect(config={"temp_directory": str(folder / "spilled")})
    fill(connection, read(folder))
    for step in (PAIRS, HITS, CASES, ANSWERS):
        connection.execute(step)
    counts = connection.execute(COUNTS).fetchone()
    if counts is None:
        raise RuntimeError("an aggregate is always one row")
    print(*counts)


if __name__ == "__main__":
    main()
