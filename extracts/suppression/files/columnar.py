"""Cells in Parquet files: read as the same texts that a CSV file would have, written with real types."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from extracts.suppression.errors import TableUnreadableError, TableUnwritableError

SUFFIX = ".parquet"


def is_parquet(path: Path) -> bool:
    """Whether a file's name says that it is one."""
    return path.suffix.lower() == SUFFIX


def parquet_columns(path: Path, role: str) -> list[str]:
    """The columns.

    Raises:
        TableUnreadableError: it can't be read.
    """
    try:
        return list(pq.read_schema(path).names)
    except (OSError, pa.ArrowException):
        raise TableUnreadableError(table=role) from None


def parquet_records(
    path: Path, columns: Sequence[str], role: str
) -> list[tuple[int, dict[str, str]]]:
    """Rows as dictionaries of texts, numbered from 1; what is missing is empty.

    Raises:
        TableUnreadableError: it can't be read.
    """
    try:
        rows = pq.read_table(path, columns=list(columns)).to_pylist()
    except (OSError, pa.ArrowException):
        raise TableUnreadableError(table=role) from None
    return [
        (number, {c: "" if row[c] is None else str(row[c]) for c in columns})
        for number, row in enumerate(rows, start=1)
    ]


def write_parquet(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[object]], whole: int
) -> None:
    """Write rows at once, for the owner alone (0600); ``whole`` columns before the last are numbers.

    Raises:
        TableUnwritableError: it can't be written.
    """
    numbers = range(len(names) - 1 - whole, len(names) - 1)
    columns = {
        name: pa.array(
            [None if row[at] == "" and at in numbers else row[at] for row in rows],
            pa.int64() if at in numbers else pa.string(),
        )
        for at, name in enumerate(names)
    }
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".doj-", suffix=".tmp")
        with os.fdopen(handle, "wb") as stream:
            pq.write_table(pa.table(columns), stream, compression="zstd")
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except OSError:
        raise TableUnwritableError from None
