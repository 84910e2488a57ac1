"""One file on its way into a snapshot: typed, checked row by row, staged encrypted, in batches.

A value that does not fit is counted and its row noted; the value itself goes nowhere. What needs
more than one row (keys, references) is for `systems.register.checks`.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from crypto.resting import staged_writer
from crypto.secret import StagingKey
from systems import database
from systems.description import System, Table
from systems.errors import FormatUnknown, RegisterUnreadable
from systems.register import rules
from systems.register.forbidden import header_problems
from systems.register.problems import Problem
from systems.tabular import read_table

_BATCH = 250_000  # rows checked at a time: memory stays flat, queries stay few
_PARQUET = b"PAR1"

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


def stage(
    system: System, table: Table, source: Path, target: Path, key: StagingKey, on: dt.date
) -> Staged:
    """Check one file and write its encrypted copy; with unfitting columns nothing is written.

    Raises:
        CodedError: of `systems.tabular`, where the file can't be read.
    """
    schema, batches = _batches(source, table.name)
    problems = [
        *header_problems(system, table, schema.names),
        *_column_problems(table, schema.names),
    ]
    if problems:
        return Staged(0, (), problems)
    names = tuple(c.name for c in table.file_columns if c.name in schema.names)
    plan = rules.Plan(system, table, schema, on)
    tally = rules.Tally(plan)
    staged_schema = pa.schema([(c.name, ARROW_TYPES[c.type]) for c in table.columns])
    rows = 0
    with closing(database.connect()) as con, staged_writer(target, staged_schema, key) as writer:
        for batch in batches:
            with database.guarded(RegisterUnreadable, table=table.name):
                numbered = _numbered(batch, rows)
                con.register("incoming", numbered)
                con.execute(f"CREATE OR REPLACE TEMP TABLE typed AS {plan.typed_sql()}")
                tally.add(con.execute(plan.tally_sql()).fetchall()[0])
                kept: pa.Table = con.sql(plan.kept_sql()).to_arrow_table()
                con.unregister("incoming")
            writer.write(kept.cast(staged_schema))
            rows += batch.num_rows
    return Staged(rows, names, tally.problems())


def _numbered(batch: pa.Table, before: int) -> pa.Table:
    """Add the data row's number, counted from 1."""
    import numpy as np

    numbers = pa.array(np.arange(before + 1, before + batch.num_rows + 1, dtype=np.int64))
    return batch.append_column(rules.ROW, numbers)


def _column_problems(table: Table, names: list[str]) -> Iterator[Problem]:
    """Unknown columns by place, since an unknown name may be a value of a file without header."""
    known = {column.name for column in table.file_columns}
    for place, name in enumerate(names, start=1):
        if name not in known:
            yield Problem(table.name, "unknown_column", f"column {place}")
    for column in table.file_columns:
        if not column.nullable and column.name not in names:
            yield Problem(table.name, "missing_column", column.name)


def _batches(source: Path, role: str) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Open a file as pieces: Parquet with its types, anything else as strings."""
    if source.is_file() and source.open("rb").read(4) == _PARQUET:
        return _parquet(source, role)
    table = read_table(source, role=role, allow_empty=True).table
    return table.schema, (table.slice(at, _BATCH) for at in range(0, table.num_rows, _BATCH))


def _parquet(source: Path, role: str) -> tuple[pa.Schema, Iterator[pa.Table]]:
    try:
        file = pq.ParquetFile(source)
    except (pa.ArrowException, OSError):
        raise FormatUnknown(file=role) from None

    def pieces() -> Iterator[pa.Table]:
        with file, database.guarded(FormatUnknown, file=role):
            for batch in file.iter_batches(_BATCH):
                yield pa.Table.from_batches([batch])

    return file.schema_arrow, pieces()
