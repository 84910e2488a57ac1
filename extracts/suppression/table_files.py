"""Tables in files: cells, published tables and hierarchies, as CSV or Parquet; rows to a complete table.

Parquet is read as the same texts that a CSV file would have, and written with real types. Every
margin that is given must be what its cells say, for records exactly, for persons within the bounds
that any set of persons obeys: at least its largest cell, at most all its cells together.
"""

import csv
import io
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from extracts.suppression import errors
from extracts.suppression.model import TOTAL, CellTable, Dimension, Ints, check_level, spread
from extracts.suppression.published import PublishedRow, PublishedTable

# --- from rows to a complete table

_MOST = 1_000_000_000  # the audit's programmes bound a hidden value by this


@dataclass(frozen=True)
class Row:
    """One row of an outside table; ``number`` is its 1-based data row."""

    number: int
    labels: tuple[str, ...]
    count: int
    persons: int | None = None


def table_from_rows(
    names: Sequence[str],
    rows: Sequence[Row],
    parents: Mapping[str, Mapping[str, str]] | None = None,
    *,
    with_persons: bool = False,
) -> CellTable:
    """Build the complete table of an outside list of cells and margins.

    ``parents`` is child to parent, for dimensions with a hierarchy. Levels are sorted by name, never
    by a value.

    Raises:
        BadLevelError: an empty level, or one like TOTAL.
        DuplicateCellError: two rows for one cell.
        MarginMismatchError: a margin that is not the sum of its cells.
        PersonsMismatchError: persons that can't be true.
        BadNumberError: a computed margin of more than nine digits.
        BadHierarchyError: a hierarchy that is no tree.
        TableUnreadableError: no inner cell at all.
    """
    for row in rows:
        for name, label in zip(names, row.labels, strict=True):
            check_level(label, name, row.number)
    _refuse_duplicates(rows)
    dims = tuple(
        _dimension(name, {r.labels[i] for r in rows}, (parents or {}).get(name))
        for i, name in enumerate(names)
    )
    cells = [
        (tuple(d.position[label] for d, label in zip(dims, r.labels, strict=True)), r) for r in rows
    ]
    leaves = np.zeros(tuple(len(d.leaves) for d in dims), dtype=np.int64)
    inner = [(at, r) for at, r in cells if _is_inner(dims, at)]
    if not inner:
        raise errors.TableUnreadableError(inner_cells=0)
    for at, row in inner:
        leaves[at] = row.count
    counts = spread(dims, leaves)
    if counts.max() >= _MOST:
        raise errors.BadNumberError(table="margins", count=int((counts >= _MOST).sum()))
    wrong = [r.number for at, r in cells if counts[at] != r.count]
    if wrong:
        raise errors.MarginMismatchError(rows=wrong, count=len(wrong))
    if not with_persons:
        return CellTable(dims, counts)
    return CellTable(dims, counts, _persons(dims, counts, cells))


def _dimension(name: str, labels: set[str], parent: Mapping[str, str] | None) -> Dimension:
    leaves = sorted(labels - {TOTAL} - set((parent or {}).values()))
    return Dimension.tree(name, leaves, parent) if parent else Dimension.flat(name, leaves)


def _is_inner(dims: Sequence[Dimension], at: tuple[int, ...]) -> bool:
    return all(i < len(d.leaves) for d, i in zip(dims, at, strict=True))


def _refuse_duplicates(rows: Sequence[Row]) -> None:
    seen: set[tuple[str, ...]] = set()
    twice: list[int] = []
    for row in rows:
        if row.labels in seen:
            twice.append(row.number)
        seen.add(row.labels)
    if twice:
        raise errors.DuplicateCellError(rows=twice, count=len(twice))


def _persons(
    dims: tuple[Dimension, ...], counts: Ints, cells: Sequence[tuple[tuple[int, ...], Row]]
) -> Ints:
    """Persons of every cell: as given, a missing margin takes the largest of its cells."""
    given = np.full(counts.shape, -1, dtype=np.int64)
    numbers = np.zeros(counts.shape, dtype=np.int64)
    for at, row in cells:
        given[at] = -1 if row.persons is None else row.persons
        numbers[at] = row.number
        if row.persons is None and _is_inner(dims, at):
            raise errors.PersonsMismatchError(rows=[row.number])
    inner = CellTable(dims, counts).leaf_mask()
    given[inner & (given < 0)] = 0  # a missing inner cell is a zero
    people = given.copy()
    _fill_margins(dims, people)
    wrong = (people > counts) | ((people == 0) != (counts == 0))
    for axis, dim in enumerate(dims):
        along = np.moveaxis(people, axis, 0)
        bad = np.moveaxis(wrong, axis, 0)  # a view: marks are written through it
        for group, kids in dim.children:
            below = along[list(kids)]
            bad[group] |= (along[group] < below.max(axis=0)) | (along[group] > below.sum(axis=0))
    if wrong.any():
        raise errors.PersonsMismatchError(
            rows=sorted({int(n) for n in numbers[wrong] if n}), count=int(wrong.sum())
        )
    return people


def _fill_margins(dims: tuple[Dimension, ...], people: Ints) -> None:
    """Write into each missing margin the largest of the cells that lie beneath it."""
    for axis, dim in enumerate(dims):
        along = np.moveaxis(people, axis, 0)
        for group, kids in dim.children:
            fill = along[list(kids)].max(axis=0)
            along[group] = np.where(along[group] < 0, fill, along[group])


# --- CSV files, and what both formats share

STATUS = "status"
PUBLISHED = "published"
SUPPRESSED = "suppressed"

# "12.0" is how spreadsheets write a whole number; beyond nine digits the solvers' tolerances end
_WHOLE = re.compile(r"\d{1,9}(\.0+)?")


def read_cells(
    path: Path, dims: Sequence[str], count: str, persons: str | None, *, role: str = "cells"
) -> list[Row]:
    """Read a table with true values.

    Raises:
        TableUnreadableError: no such table or column.
        BadNumberError: with the rows.
    """
    return [
        Row(number, labels, orders, people)
        for number, labels, orders, people in _counted(path, dims, count, persons, role)
        if orders is not None
    ]


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
    found = _counted(path, dims, count, persons, role, hidden=True)
    rows = tuple(PublishedRow(labels, orders, people) for _, labels, orders, people in found)
    return PublishedTable(tuple(dims), rows, has_persons=persons is not None)


def _counted(
    path: Path,
    dims: Sequence[str],
    count: str,
    persons: str | None,
    role: str,
    *,
    hidden: bool = False,
) -> list[tuple[int, tuple[str, ...], int | None, int | None]]:
    """Number, labels, count and persons of each row; a count is missing only where it may be hidden."""
    found: list[tuple[int, tuple[str, ...], int | None, int | None]] = []
    bad: list[int] = []
    for number, record in _records(path, [*dims, count, *([persons] if persons else [])], role):
        given = record[count], record[persons] if persons else ""
        orders, people = map(_whole, given)
        empty = not hidden, False  # what has to be there
        if any(
            v is None and (g or e) for v, g, e in zip((orders, people), given, empty, strict=True)
        ):
            bad.append(number)
        found.append((number, tuple(record[d] for d in dims), orders, people))
    if bad:
        raise errors.BadNumberError(table=role, rows=bad, count=len(bad))
    if not found:
        raise errors.TableUnreadableError(table=role, rows=0)
    return found


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
            raise errors.BadHierarchyError(dimension=dimension, row=number)
    return parents


def check_columns(dims: Sequence[str], count: str, persons: str | None) -> None:
    """Refuse a request that names no dimension, or one column twice.

    Raises:
        BadRequestError: always says how many names there were.
    """
    names = [*dims, count, *([persons] if persons else [])]
    if not dims or len(set(names)) != len(names) or STATUS in names or "" in names:
        raise errors.BadRequestError(dimensions=len(dims), columns=len(names))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file at once and for the owner alone (0600)."""

    def fill(stream: IO[bytes]) -> None:
        text = io.TextIOWrapper(stream, "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        text.detach()

    _atomically(path, fill)


def _atomically(path: Path, fill: Callable[[IO[bytes]], None]) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".doj-", suffix=".tmp")
    except OSError:
        raise errors.TableUnwritableError from None
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise errors.TableUnwritableError from None


def columns_of(path: Path, role: str) -> list[str]:
    """The header of a file.

    Raises:
        TableUnreadableError: there is none.
    """
    try:
        if is_parquet(path):
            return list(pq.read_schema(path).names)
        with path.open(encoding="utf-8-sig", newline="") as handle:
            return next(csv.reader(handle, strict=True), [])
    except _UNREADABLE:
        raise errors.TableUnreadableError(table=role) from None


def _records(path: Path, columns: Sequence[str], role: str) -> list[tuple[int, dict[str, str]]]:
    """Rows as dictionaries of the named columns, with their data row numbers; texts from Parquet, too."""
    header = columns_of(path, role)
    if len(set(header)) != len(header):
        raise errors.TableUnreadableError(
            table=role, duplicate_columns=len(header) - len(set(header))
        )
    missing = [i for i, c in enumerate(columns, start=1) if c not in header]
    if missing:
        raise errors.TableUnreadableError(table=role, missing_columns=len(missing))
    found: list[tuple[int, dict[str, str]]] = []
    try:
        if is_parquet(path):
            rows = pq.read_table(path, columns=list(columns)).to_pylist()
            texts = ({c: "" if row[c] is None else str(row[c]) for c in columns} for row in rows)
            return list(enumerate(texts, start=1))
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.reader(handle, strict=True)
            next(reader, None)
            at = {c: header.index(c) for c in columns}
            for number, fields in enumerate(reader, start=1):
                if not fields:
                    continue
                if len(fields) != len(header):
                    raise errors.TableUnreadableError(table=role, row=number, fields=len(fields))
                found.append((number, {c: fields[i] for c, i in at.items()}))
    except _UNREADABLE:
        raise errors.TableUnreadableError(table=role) from None
    return found


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text.split(".")[0]) if _WHOLE.fullmatch(text) else None


# --- Parquet files

_UNREADABLE = (OSError, UnicodeError, csv.Error, pa.ArrowException)


def is_parquet(path: Path) -> bool:
    """Whether a file's name says that it is one."""
    return path.suffix.lower() == ".parquet"


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
    _atomically(path, lambda stream: pq.write_table(pa.table(columns), stream, compression="zstd"))
