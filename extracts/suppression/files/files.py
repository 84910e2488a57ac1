"""Files in and out: cells, published tables, hierarchies, explanations; CSV, and Parquet for tables."""

import csv
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import IO

from extracts.suppression.errors import (
    BadHierarchyError,
    BadNumberError,
    BadRequestError,
    TableUnreadableError,
    TableUnwritableError,
)
from extracts.suppression.files.columnar import is_parquet, parquet_columns, parquet_records
from extracts.suppression.files.rows import Row
from extracts.suppression.model import PublishedRow, PublishedTable

STATUS = "status"
PUBLISHED = "published"
SUPPRESSED = "suppressed"

# "12.0" is how spreadsheets write a whole number; beyond nine digits the solvers' tolerances end
_WHOLE = re.compile(r"^\d{1,9}(\.0+)?$")


def read_cells(
    path: Path, dims: Sequence[str], count: str, persons: str | None, *, role: str = "cells"
) -> list[Row]:
    """Read a table with true values.

    Raises:
        TableUnreadableError: no such table or column.
        BadNumberError: with the rows.
    """
    rows: list[Row] = []
    bad: list[int] = []
    for number, record in _records(path, [*dims, count, *([persons] if persons else [])], role):
        orders = _whole(record[count])
        people = _whole(record[persons]) if persons else None
        labels = tuple(record[d] for d in dims)
        inner = persons is not None and record[persons] != ""
        if orders is None or (inner and people is None):
            bad.append(number)
            continue
        rows.append(Row(number, labels, orders, people))
    if bad:
        raise BadNumberError(table=role, rows=bad, count=len(bad))
    if not rows:
        raise TableUnreadableError(table=role, rows=0)
    return rows


def read_published(
    path: Path,
    dims: Sequence[str] | None,
    count: str,
    persons: str | None,
    *,
    role: str = "published",
) -> PublishedTable:
    """Read a table as anybody sees it: hidden cells are empty.

    Without ``dims`` every column but the counts and ``status`` is a dimension, and persons are
    read where there is such a column.

    Raises:
        TableUnreadableError: no such table or column.
        BadNumberError: a value that is neither empty nor a whole number.
    """
    if dims is None:
        header = columns_of(path, role)
        persons = persons if persons in header else None
        dims = [c for c in header if c not in (count, persons, STATUS)]
    rows: list[PublishedRow] = []
    bad: list[int] = []
    for number, record in _records(path, [*dims, count, *([persons] if persons else [])], role):
        orders = _whole(record[count])
        people = _whole(record[persons]) if persons else None
        if (orders is None and record[count] != "") or (
            persons and people is None and record[persons] != ""
        ):
            bad.append(number)
        rows.append(PublishedRow(tuple(record[d] for d in dims), orders, people))
    if bad:
        raise BadNumberError(table=role, rows=bad, count=len(bad))
    if not rows:
        raise TableUnreadableError(table=role, rows=0)
    return PublishedTable(tuple(dims), tuple(rows), has_persons=persons is not None)


def read_hierarchy(path: Path, dimension: str) -> dict[str, str]:
    """Read child, parent pairs, one level above the other in any order.

    Raises:
        TableUnreadableError: no such file or columns.
        BadHierarchyError: a child with two parents.
    """
    parents: dict[str, str] = {}
    for number, record in _records(path, ["child", "parent"], "hierarchy"):
        child, parent = record["child"], record["parent"]
        if not child or not parent or parents.setdefault(child, parent) != parent:
            raise BadHierarchyError(dimension=dimension, row=number)
    return parents


def check_columns(dims: Sequence[str], count: str, persons: str | None) -> None:
    """Refuse a request that names no dimension, or one column twice.

    Raises:
        BadRequestError: always says how many names there were.
    """
    names = [*dims, count, *([persons] if persons else [])]
    if not dims or len(set(names)) != len(names) or STATUS in names or "" in names:
        raise BadRequestError(dimensions=len(dims), columns=len(names))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file at once and for the owner alone (0600)."""

    def fill(handle: IO[str]) -> None:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)

    _atomically(path, fill)


def _atomically(path: Path, fill: Callable[[IO[str]], None]) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".doj-", suffix=".tmp")
    except OSError:
        raise TableUnwritableError from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise TableUnwritableError from None


def columns_of(path: Path, role: str) -> list[str]:
    """The header of a file.

    Raises:
        TableUnreadableError: there is none.
    """
    if is_parquet(path):
        return parquet_columns(path, role)
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            return next(csv.reader(handle, strict=True), [])
    except (OSError, UnicodeError, csv.Error):
        raise TableUnreadableError(table=role) from None


def _records(path: Path, columns: Sequence[str], role: str) -> list[tuple[int, dict[str, str]]]:
    """Rows as dictionaries of the named columns, with their data row numbers."""
    header = columns_of(path, role)
    if len(set(header)) != len(header):
        raise TableUnreadableError(table=role, duplicate_columns=len(header) - len(set(header)))
    missing = [i for i, c in enumerate(columns, start=1) if c not in header]
    if missing:
        raise TableUnreadableError(table=role, missing_columns=len(missing))
    if is_parquet(path):
        return parquet_records(path, columns, role)
    found: list[tuple[int, dict[str, str]]] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            next(reader, None)
            at = {c: header.index(c) for c in columns}
            for number, fields in enumerate(reader, start=1):
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise TableUnreadableError(table=role, row=number, fields=len(fields))
                found.append((number, {c: fields[i] for c, i in at.items()}))
    except (OSError, UnicodeError, csv.Error):
        raise TableUnreadableError(table=role) from None
    return found


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text.split(".")[0]) if _WHOLE.match(text) else None
