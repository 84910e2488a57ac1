"""Two snapshots of one register beside each other: which rows were added, changed and deleted, by key.

    with closing(database.connect()) as con:
        earlier.open_in(con, "before"); later.open_in(con, "after")
        changes = compare_tables(con, system)

Each side is a schema of one connection with a view for each table, as `Snapshot.open_in` makes it; ``main`` will do for a
register that is being loaded. Rows are told apart by 64 bits of all their columns, so that memory holds eight bytes a row and
what differs, never a table; among 10⁶ rows that differ on either side one is missed once in 10⁷ comparisons. What comes out
are counts and column names.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from systems.database import guarded, quoted
from systems.description import System, Table
from systems.errors import RegisterUnreadable

BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class TableChanges:
    """What became of one table.

    Attributes:
        table: its name.
        before, after: its rows.
        added, deleted: rows whose key only the later or only the earlier has. Of a table without a key: rows, as often as
            they are there more, or less, often.
        changed: rows of one key with other values; none in a table without a key.
        columns: how many of those differ in it, by column; only columns that do.
    """

    table: str
    before: int
    after: int
    added: int
    changed: int
    deleted: int
    columns: Mapping[str, int]

    @property
    def same(self) -> int:
        """Rows that both have."""
        return self.after - self.added - self.changed


@dataclass(frozen=True)
class PersonChanges:
    """What became of the people among the entries that both have, whatever their ids.

    Attributes:
        before, after: people.
        joined: people of the later whose entries were several people's.
        split: people of the earlier whose entries are several people's now.
    """

    before: int
    after: int
    joined: int
    split: int


def differing_sql(table: Table, before: str = BEFORE, after: str = AFTER) -> str:
    """Return the query for the rows that the two sides don't share: ``side`` and all columns of the table.

    A changed row is there once with ``side`` = 'before' and once with 'after'. Of a table without a key, a row that one side
    has more often is there as often as either has it.

    Args:
        table: its description.
        before: schema with a view of the table as it was.
        after: schema with one as it is.
    """
    print_ = f"hash({', '.join(map(quoted, table.column_names))})"
    name, columns = quoted(table.name), ", ".join(map(quoted, table.column_names))
    sides = {BEFORE: f"{quoted(before)}.{name}", AFTER: f"{quoted(after)}.{name}"}
    signs = " UNION ALL ".join(
        f"SELECT {print_} AS print, {way} AS way FROM {sides[side]}"
        for side, way in ((BEFORE, 1), (AFTER, -1))
    )
    rows = " UNION ALL ".join(
        f"SELECT '{side}' AS side, {columns} FROM {view} WHERE {print_} IN (SELECT print FROM differs)"
        for side, view in sides.items()
    )
    return (
        f"WITH differs AS MATERIALIZED (SELECT print FROM ({signs}) GROUP BY print HAVING sum(way) <> 0) "
        f"{rows}"
    )


def compare_table(con: Any, table: Table, before: str = BEFORE, after: str = AFTER) -> TableChanges:
    """Compare one table of two schemas.

    Raises:
        RegisterUnreadable: a file can't be read.
    """
    with guarded(RegisterUnreadable, table=table.name):
        views = [f"{quoted(side)}.{quoted(table.name)}" for side in (before, after)]
        asked = ", ".join(f"(SELECT count(*) FROM {view})" for view in views)
        [(was, now)] = con.execute(f"SELECT {asked}").fetchall()
        values = [name for name in table.column_names if name not in table.primary_key]
        [counts] = con.execute(_counts_sql(table, values, before, after)).fetchall()
    added, changed, deleted, *moved = (int(count or 0) for count in counts)
    columns = {name: count for name, count in zip(values, moved, strict=False) if count}
    return TableChanges(table.name, was, now, added, changed, deleted, columns)


def _counts_sql(table: Table, values: Sequence[str], before: str, after: str) -> str:
    """One row: added, changed, deleted, and for each column with how many of the changed rows it differs."""
    differing = differing_sql(table, before, after)
    keyed = bool(table.primary_key)
    key = ", ".join(map(quoted, table.primary_key or table.column_names))
    now, then = f"count_if(side = '{AFTER}')", f"count_if(side = '{BEFORE}')"
    if not keyed:
        return (
            "SELECT sum(greatest(now - past, 0)), 0, sum(greatest(past - now, 0)) FROM "
            f"(SELECT {now} AS now, {then} AS past FROM ({differing}) GROUP BY {key})"
        )
    moved = [
        f"any_value({quoted(name)}) FILTER (WHERE side = '{BEFORE}') IS DISTINCT FROM "
        f"any_value({quoted(name)}) FILTER (WHERE side = '{AFTER}') AS moved{at}"
        for at, name in enumerate(values)
    ]
    both = "now > 0 AND past > 0"
    counted = [f"count_if({both} AND moved{at})" for at in range(len(values))]
    shown = ", ".join(["count_if(past = 0)", f"count_if({both})", "count_if(now = 0)", *counted])
    inner = ", ".join([f"{now} AS now", f"{then} AS past", *moved])
    return f"SELECT {shown} FROM (SELECT {inner} FROM ({differing}) GROUP BY {key})"


def compare_tables(
    con: Any,
    system: System,
    before: str = BEFORE,
    after: str = AFTER,
    only: Iterable[str] | None = None,
) -> tuple[TableChanges, ...]:
    """Compare the tables of two schemas, in the order of the description; ``only`` those named, all otherwise.

    Raises:
        RegisterUnreadable: a file can't be read.
    """
    wanted = system.table_names if only is None else tuple(only)
    return tuple(
        compare_table(con, table, before, after) for table in system.tables if table.name in wanted
    )


def compare_persons(con: Any, before: str = BEFORE, after: str = AFTER) -> PersonChanges:
    """Compare who is one person, in two schemas with a ``person_index``.

    Raises:
        RegisterUnreadable: a file can't be read.
    """

    def parted(one: str, other: str) -> str:
        return (
            f"(SELECT count(*) FROM (SELECT {one} FROM shared GROUP BY {one} "
            f"HAVING count(DISTINCT {other}) > 1))"
        )

    earlier, later = (f"{quoted(side)}.person_index" for side in (before, after))
    with guarded(RegisterUnreadable, table="person_index"):
        [found] = con.execute(
            f"WITH shared AS MATERIALIZED (SELECT b.identity AS past, a.identity AS now FROM {earlier} AS b "
            f"JOIN {later} AS a USING (record_id)) "
            f"SELECT (SELECT count(DISTINCT identity) FROM {earlier}), "
            f"(SELECT count(DISTINCT identity) FROM {later}), "
            f"{parted('now', 'past')}, {parted('past', 'now')}"
        ).fetchall()
    return PersonChanges(*found)
