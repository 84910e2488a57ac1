"""What can be wrong with register files: each problem by table, column, code, how often, and where first.

A column name is compared in one spelling (``FirstName``, ``first name`` and ``FIRST_NAME`` are one), texts by the
patterns of the system's description. What is found is named by its place, never quoted.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from systems.database import guarded, literal, quoted, unordered
from systems.description import Column, ForeignKey, System, Table, spelled
from systems.errors import RegisterUnreadable

LISTED = 10  # row numbers kept of each problem: enough to find the place

WHAT: dict[str, str] = json.loads(Path(__file__).with_name("problems.json").read_text("utf-8"))


@dataclass(frozen=True)
class Problem:
    """One kind of problem in one place; never a value.

    Attributes:
        table: name of the table.
        code: see `WHAT`.
        column: name of a described column, or the place of one that is not ("column 3").
        count: rows concerned.
        rows: the first few, data rows counted from 1.
        detail: of what is forbidden, its name in the system's description.
        source: the table of theirs that the rows are counted in, where it is not called like ours.
        expected: what values look like there, where not as the description says.
    """

    table: str
    code: str
    column: str = ""
    count: int = 1
    rows: tuple[int, ...] = ()
    detail: str = ""
    source: str = ""
    expected: str = ""

    def __str__(self) -> str:
        place = ".".join(part for part in (self.table or self.source, self.column) if part)
        rows = f", first in rows {', '.join(map(str, self.rows))}" if self.rows else ""
        what = f"{WHAT[self.code]}: {self.detail}" if self.detail else WHAT[self.code]
        return f"{place}: {what} ({self.count}{rows})"


# -- what the law does not let into a system's data: found by column names and by what texts hold

HEADER, CONTENT = "forbidden_column", "forbidden_content"


def header_problems(system: System, table: Table, names: Sequence[str]) -> Iterator[Problem]:
    """Yield the columns of a file whose names say that they hold what must not be there."""
    for place, name in enumerate(names, start=1):
        if name in table.by_name:
            continue
        for entry in system.forbidden:
            if entry.header and re.search(entry.header, spelled(name)):
                yield Problem(table.name, HEADER, f"column {place}", detail=entry.name)


def content_conditions(system: System, table: Table, column: Column) -> Iterator[tuple[str, str]]:
    """Yield (name of what is forbidden, SQL condition that a bad value meets) for a text column.

    Codes are left alone: a value outside its list is refused anyway.
    """
    if column.type != "text" or column.codes or column.joined_from:
        return
    for entry in system.forbidden:
        if entry.content and f"{table.name}.{column.name}" not in entry.spared:
            value = quoted(column.name)
            yield entry.name, f"regexp_matches({value}, {literal(entry.content)})"


# -- what needs more than one row: keys that repeat, and references that lead nowhere


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
    with unordered(con):
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
    missed = f"AS here ANTI JOIN {quoted(key.table)} AS there ON {joined} WHERE {filled}"
    with unordered(con):
        [(count,)] = con.execute(f"SELECT count(*) FROM {quoted(table.name)} {missed}").fetchall()
    if count:  # only now are the rows numbered, one after the other
        numbered = f"(SELECT row_number() OVER () AS nr, * FROM {quoted(table.name)})"
        [(first,)] = con.execute(f"SELECT min(nr, {LISTED}) FROM {numbered} {missed}").fetchall()
        yield Problem(table.name, "orphan", ", ".join(key.columns), count, tuple(sorted(first)))
