"""One file on its way into a snapshot: typed, checked row by row, staged encrypted, in batches.

A value that does not fit is counted and its row noted; the value itself goes nowhere. What needs
more than one row (keys, references) is for `systems.register.checks`.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
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
from systems.register.sources import ROW, UNFIT, UNTRANSLATED, Part, numbered

ARROW_TYPES: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "text": pa.string(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "boolean": pa.bool_(),
}


@dataclass
class Staged:
    """A table as staged.

    Attributes:
        parts: the table of theirs, rows, and whether their order says nothing of their numbers.
        columns: described columns that the source had.
        problems: what is wrong.
    """

    parts: list[tuple[str, int, bool]] = field(default_factory=list[tuple[str, int, bool]])
    columns: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list[Problem])

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(rows for _name, rows, _sifted in self.parts)

    def placed(self, problem: Problem) -> Problem:
        """The problem with its rows as they are counted in the part that the first of them is in."""
        start = 0
        for name, rows, sifted in self.parts:
            here = tuple(row - start for row in problem.rows if start < row <= start + rows)
            if here:
                return replace(problem, source=name, rows=() if sifted else here)
            start += rows
        return problem


def stage_table(
    con: Any,
    system: System,
    table: Table,
    parts: Sequence[Part],
    target: Path,
    key: StagingKey,
    on: dt.date,
) -> Staged:
    """Check one table, part by part, and write its encrypted copy; of a part with unfitting columns nothing is written.

    One connection serves all tables, since opening one takes longer than checking a small table. It keeps
    nothing of this one, unless this raises: then whoever opened it closes it.

    Raises:
        CodedError: of the source, where a part can't be read.
    """
    schema = staged_schema(table)
    staged, had = Staged(), set[str]()
    with ExitStack() as stack:
        writer: Any = None
        for part in parts:
            incoming = part.open(con)
            problems, rows = list(incoming.problems), 0
            if incoming.fits:
                names = _plain(incoming.schema)
                problems += header_problems(system, table, names)
                problems += _column_problems(table, names)
            if incoming.fits and not problems:
                had |= set(incoming.schema.names)
                tally = Tally(Plan(system, table, incoming.schema, on))
                writer = writer or stack.enter_context(staged_writer(target, schema, key))
                for batch in incoming.batches:
                    writer.write(_checked(con, table, tally, batch, rows).cast(schema))
                    rows += batch.num_rows
                problems = tally.problems()
            staged.parts.append((part.source, rows, incoming.sifted))
            staged.problems += [
                replace(p, source=p.source or part.source, expected=part.expected.get(p.column, ""))
                for p in problems
            ]
    con.execute("DROP TABLE IF EXISTS typed")
    staged.columns = tuple(c.name for c in table.file_columns if c.name in had)
    return staged


def staged_schema(table: Table) -> pa.Schema:
    """The columns of a table as they are kept."""
    return pa.schema([(c.name, ARROW_TYPES[c.type]) for c in table.columns])


def _plain(schema: pa.Schema) -> list[str]:
    """The names of columns that hold values."""
    return [name for name in schema.names if not name.startswith((ROW, UNFIT, UNTRANSLATED))]


def _checked(con: Any, table: Table, tally: "Tally", batch: pa.Table, before: int) -> pa.Table:
    """The rows of a batch as they are kept; what is wrong with them is counted."""
    with database.guarded(RegisterUnreadable, table=table.name):
        con.register("incoming", numbered(batch, before))
        con.execute(f"CREATE OR REPLACE TEMP TABLE typed AS {tally.plan.typed_sql()}")
        tally.add(con)
        kept: pa.Table = con.sql(tally.plan.kept_sql()).to_arrow_table()
        con.unregister("incoming")
    return kept


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
            flags = [f"coalesce({quoted(f + column.name)}, false)" for f in self._flags(column)]
            had = " OR ".join([f"{raw} IS NOT NULL", *flags])
            parts.append(f"{had} AS {quoted('had ' + column.name)}")
            parts += [quoted(flag + column.name) for flag in self._flags(column)]
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

    def _flags(self, column: Column) -> list[str]:
        """What the source says of a column's values besides them."""
        return [f for f in (UNFIT, UNTRANSLATED) if f + column.name in self.schema.names]

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
            unfit = f"{had} AND {value} IS NULL"
            if UNTRANSLATED in self._flags(column):
                untranslated = quoted(UNTRANSLATED + name)
                checks.append(Check("untranslated_code", name, untranslated))
                unfit += f" AND NOT coalesce({untranslated}, false)"
            checks.append(Check("wrong_type", name, unfit))
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
        self.plan = plan
        self._counts = [0] * len(plan.checks)
        self._rows: list[list[int]] = [[] for _ in plan.checks]

    def add(self, con: Any) -> None:
        """Add one batch, which is ``typed`` now: the count of each check, the first rows of those that are met."""
        counts = con.execute(self.plan.counts_sql()).fetchall()[0][: len(self._counts)]
        met = [place for place, count in enumerate(counts) if count]
        for place in met:
            self._counts[place] += counts[place]
        if met:
            answer = con.execute(self.plan.rows_sql(met)).fetchall()[0]
            for place, rows in zip(met, answer, strict=True):
                self._rows[place] += rows

    def problems(self) -> list[Problem]:
        """What any row met."""
        return [
            Problem(
                self.plan.table.name,
                check.code,
                check.column,
                count,
                tuple(sorted(rows)[:LISTED]),
                check.detail,
            )
            for check, count, rows in zip(self.plan.checks, self._counts, self._rows, strict=True)
            if count
        ]
