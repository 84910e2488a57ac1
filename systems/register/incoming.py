"""One file on its way into a snapshot: typed, checked row by row, staged encrypted, in batches.

A value that does not fit is counted and its row noted; the value itself goes nowhere. What needs
more than one row (keys, references) is for `systems.register.checks`.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from crypto.resting import staged_writer
from crypto.secret import StagingKey
from systems import database
from systems.database import literal, quoted
from systems.description import Column, System, Table
from systems.errors import RegisterUnreadable
from systems.register.checks import CONTENT, LISTED, Problem, content_conditions, header_problems
from systems.register.sources import Incoming

ARROW_TYPES: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "text": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "boolean": pa.bool_(),
}


@dataclass
class Staged:
    """A table as staged: rows, the described columns that its file had, and what is wrong."""

    rows: int
    columns: tuple[str, ...]
    problems: list[Problem]


def stage_table(
    con: Any,
    system: System,
    table: Table,
    incoming: Incoming,
    target: Path,
    key: StagingKey,
    on: dt.date,
) -> Staged:
    """Check one table and write its encrypted copy; with unfitting columns nothing is written.

    One connection serves all tables, since opening one takes longer than checking a small table. It keeps
    nothing of this one, unless this raises: then whoever opened it closes it.

    Raises:
        CodedError: of `systems.tabular`, where the file can't be read.
    """
    schema = incoming.schema
    problems = [
        *header_problems(system, table, schema.names),
        *_column_problems(table, schema.names),
    ]
    if problems:
        return Staged(0, (), problems)
    names = tuple(c.name for c in table.file_columns if c.name in schema.names)
    plan = Plan(system, table, schema, on)
    tally = Tally(plan)
    staged_schema = pa.schema([(c.name, ARROW_TYPES[c.type]) for c in table.columns])
    rows = 0
    with staged_writer(target, staged_schema, key) as writer:
        for batch in incoming.batches:
            with database.guarded(RegisterUnreadable, table=table.name):
                numbered = _numbered(batch, rows)
                con.register("incoming", numbered)
                con.execute(f"CREATE OR REPLACE TEMP TABLE typed AS {plan.typed_sql()}")
                tally.add(con)
                kept: pa.Table = con.sql(plan.kept_sql()).to_arrow_table()
                con.unregister("incoming")
            writer.write(kept.cast(staged_schema))
            rows += batch.num_rows
    con.execute("DROP TABLE IF EXISTS typed")
    return Staged(rows, names, tally.problems())


def _numbered(batch: pa.Table, before: int) -> pa.Table:
    """Add the data row's number, counted from 1."""
    import numpy as np

    numbers = pa.array(np.arange(before + 1, before + batch.num_rows + 1, dtype=np.int64))
    return batch.append_column(ROW, numbers)


def _column_problems(table: Table, names: list[str]) -> Iterator[Problem]:
    """Unknown columns by place, since an unknown name may be a value of a file without header."""
    known = {column.name for column in table.file_columns}
    for place, name in enumerate(names, start=1):
        if name not in known:
            yield Problem(table.name, "unknown_column", f"column {place}")
    for column in table.file_columns:
        if not column.nullable and column.name not in names:
            yield Problem(table.name, "missing_column", column.name)


# -- the SQL that types one batch and counts what does not fit, made from a table's description

ROW = "#row"  # the data row's number, counted from 1
_WHOLE = r"[+-]?\d{1,18}"  # what fits into 64 bits
_DAY = r"\d{4}-\d{2}-\d{2}"
_YES = "('true', 't', 'yes', 'y', '1')"
_NO = "('false', 'f', 'no', 'n', '0')"


@dataclass(frozen=True)
class Check:
    """A condition that a bad row meets."""

    code: str
    column: str
    bad: str
    detail: str = ""


@dataclass
class Plan:
    """How one file becomes one staged table."""

    system: System
    table: Table
    schema: pa.Schema
    on: dt.date
    checks: list[Check] = field(default_factory=list[Check])

    def __post_init__(self) -> None:
        for column in self.table.columns:
            self.checks += self._column_checks(column)
        for order in self.table.date_orders:
            before, after = quoted(order.before), quoted(order.after)
            self.checks.append(Check("date_order", order.after, f"{before} > {after}"))

    def typed_sql(self) -> str:
        """One row per row: each column typed, and whether its file had a value at all."""
        parts = [quoted(ROW)]
        for column in self.table.file_columns:
            raw, value = self._raw(column), quoted(column.name)
            parts.append(f"{raw} IS NOT NULL AS {quoted('had ' + column.name)}")
            parts.append(f"{self._value(column)} AS {value}")
        return f"SELECT *, {self._joined()} FROM (SELECT {', '.join(parts)} FROM incoming)"

    def counts_sql(self) -> str:
        """One row: for each check, how many rows meet it."""
        counted = [f"count_if({check.bad})" for check in self.checks]
        return f"SELECT {', '.join(counted) or '1'} FROM typed"

    def rows_sql(self, met: Sequence[int]) -> str:
        """One row: for each of some checks, by their places, the first rows that meet it."""
        bad = [self.checks[place].bad for place in met]
        first = [f"min({quoted(ROW)}, {LISTED}) FILTER (WHERE {condition})" for condition in bad]
        return f"SELECT {', '.join(first)} FROM typed"

    def kept_sql(self) -> str:
        """The columns of the description, in the order of the file's rows."""
        names = ", ".join(quoted(column.name) for column in self.table.columns)
        return f"SELECT {names} FROM typed ORDER BY {quoted(ROW)}"

    def _joined(self) -> str:
        """Columns that the files don't bring, made of others."""
        made = [
            " || ':' || ".join(quoted(name) for name in column.joined_from)
            + f" AS {quoted(column.name)}"
            for column in self.table.columns
            if column.joined_from
        ]
        return ", ".join(made) or "NULL AS nothing"

    def _raw(self, column: Column) -> str:
        """The value as the file has it; NULL where empty or where the file has no such column."""
        if column.name not in self.schema.names:
            return "NULL"
        name, kind = quoted(column.name), self.schema.field(column.name).type
        if pa.types.is_floating(kind):
            return f"CASE WHEN isnan({name}) THEN NULL ELSE {name} END"
        if _native(column, kind) and column.type != "text":
            return name
        return f"nullif(CAST({name} AS VARCHAR), '')"

    def _value(self, column: Column) -> str:
        raw = self._raw(column)
        if raw == "NULL":
            return f"CAST(NULL AS {column.sql_type})"
        kind = self.schema.field(column.name).type
        if column.type == "integer" and pa.types.is_floating(kind):
            return f"CASE WHEN {raw} = trunc({raw}) THEN TRY_CAST({raw} AS BIGINT) END"
        if _native(column, kind):
            return f"TRY_CAST({raw} AS {column.sql_type})"
        text = f"CAST({raw} AS VARCHAR)"
        if column.type == "integer":
            return f"CASE WHEN regexp_full_match({text}, '{_WHOLE}') THEN TRY_CAST({text} AS BIGINT) END"
        if column.type == "date":
            return (
                f"CASE WHEN regexp_full_match({text}, '{_DAY}') THEN TRY_CAST({text} AS DATE) END"
            )
        if column.type == "boolean":
            low = f"lower({text})"
            return f"CASE WHEN {low} IN {_YES} THEN true WHEN {low} IN {_NO} THEN false END"
        return f"TRY_CAST({text} AS {column.sql_type})"

    def _column_checks(self, column: Column) -> list[Check]:
        value, name = quoted(column.name), column.name
        checks: list[Check] = []
        if not column.joined_from:
            had = quoted("had " + name)
            checks.append(Check("wrong_type", name, f"{had} AND {value} IS NULL"))
            if not column.nullable:
                checks.append(Check("missing_value", name, f"NOT {had}"))
        if column.codes:
            listed = ", ".join(map(literal, self.system.code_list(column.codes).values))
            checks.append(Check("unknown_code", name, f"{value} NOT IN ({listed})"))
        if column.pattern:
            match = f"NOT regexp_full_match({value}, {literal(column.pattern)})"
            checks.append(Check("wrong_shape", name, match))
        bounds = [f"{value} < {column.minimum}"] if column.minimum is not None else []
        bounds += [f"{value} > {column.maximum}"] if column.maximum is not None else []
        if bounds:
            checks.append(Check("out_of_range", name, " OR ".join(bounds)))
        days = [f"{value} < DATE '{column.earliest}'"] if column.earliest else []
        days += [f"{value} > DATE '{self.on}'"] if column.not_future else []
        if days:
            checks.append(Check("implausible_date", name, " OR ".join(days)))
        for what, bad in content_conditions(self.system, self.table, column):
            checks.append(Check(CONTENT, name, bad, what))
        return checks


def _native(column: Column, kind: pa.DataType) -> bool:
    """Whether the file's type already says what the column's type says."""
    types = pa.types
    return {
        "integer": types.is_integer(kind),
        "date": types.is_date(kind),
        "time": types.is_time(kind),
        "boolean": types.is_boolean(kind),
        "text": types.is_string(kind) or types.is_large_string(kind),
    }[column.type]


class Tally:
    """Counts of each check over all batches."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._counts = [0] * len(plan.checks)
        self._rows: list[list[int]] = [[] for _ in plan.checks]

    def add(self, con: Any) -> None:
        """Add one batch, which is ``typed`` now: the count of each check, the first rows of those that are met."""
        counts = con.execute(self._plan.counts_sql()).fetchall()[0][: len(self._counts)]
        met = [place for place, count in enumerate(counts) if count]
        for place in met:
            self._counts[place] += counts[place]
        if met:
            answer = con.execute(self._plan.rows_sql(met)).fetchall()[0]
            for place, rows in zip(met, answer, strict=True):
                self._rows[place] += rows

    def problems(self) -> list[Problem]:
        """What any row met."""
        return [
            Problem(
                self._plan.table.name,
                check.code,
                check.column,
                count,
                tuple(sorted(rows)[:LISTED]),
                check.detail,
            )
            for check, count, rows in zip(self._plan.checks, self._counts, self._rows, strict=True)
            if count
        ]
