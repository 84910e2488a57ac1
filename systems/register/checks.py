"""What needs more than one row: keys that repeat, and references that lead nowhere."""

from collections.abc import Iterator
from typing import Any

from systems.database import guarded, quoted
from systems.description import ForeignKey, System, Table
from systems.errors import RegisterUnreadable
from systems.register.problems import LISTED, Problem


def key_problems(con: Any, system: System, given: set[str]) -> Iterator[Problem]:
    """Yield repeated keys and orphans among the tables given.

    Args:
        con: a connection with a view for each table.
        system: the description.
        given: tables that files were given for; a reference to another table is not checked.
    """
    for table in system.tables:
        if table.name not in given:
            continue
        with guarded(RegisterUnreadable, table=table.name):
            if table.primary_key:
                yield from _repeated(con, table)
            for key in table.foreign_keys:
                if key.table in given:
                    yield from _orphans(con, table, key)


def _repeated(con: Any, table: Table) -> Iterator[Problem]:
    """Rows beyond the first of each key."""
    key = ", ".join(map(quoted, table.primary_key))
    [(rows, keys)] = con.execute(
        f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {quoted(table.name)})) "
        f"FROM {quoted(table.name)}"
    ).fetchall()
    if rows == keys:
        return
    numbered = f"(SELECT row_number() OVER () AS nr, {key} FROM {quoted(table.name)})"
    [(first,)] = con.execute(
        f"SELECT min(nr, {LISTED}) FROM (SELECT nr, row_number() OVER (PARTITION BY {key} "
        f"ORDER BY nr) AS nth FROM {numbered}) WHERE nth > 1"
    ).fetchall()
    yield Problem(
        table.name, "duplicate_key", ", ".join(table.primary_key), rows - keys, tuple(sorted(first))
    )


def _orphans(con: Any, table: Table, key: ForeignKey) -> Iterator[Problem]:
    """Rows whose reference is filled in and leads nowhere."""
    joined = " AND ".join(
        f"here.{quoted(mine)} = there.{quoted(theirs)}"
        for mine, theirs in zip(key.columns, key.references, strict=True)
    )
    filled = " AND ".join(f"here.{quoted(name)} IS NOT NULL" for name in key.columns)
    [(count, first)] = con.execute(
        f"SELECT count(*), min(nr, {LISTED}) FROM (SELECT row_number() OVER () AS nr, * "
        f"FROM {quoted(table.name)}) AS here ANTI JOIN {quoted(key.table)} AS there ON {joined} "
        f"WHERE {filled}"
    ).fetchall()
    if count:
        yield Problem(table.name, "orphan", ", ".join(key.columns), count, tuple(sorted(first)))
