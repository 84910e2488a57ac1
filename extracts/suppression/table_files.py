"""Tables in files: cells, published tables and hierarchies, as CSV or Parquet; rows to a complete table.

Parquet is read as the same texts that a CSV file would have, and written with real types. Every
margin that is given must be what its cells say, for records exactly, for persons within the bounds
that any set of persons obeys: at least its largest cell, at most all its cells together.
"""

import csv
import re
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from extracts.suppression import errors
from extracts.suppression.codebook import ancestors
from extracts.suppression.model import (
    CellTable,
    Dimension,
    Ints,
    check_level,
    leaves_of,
    spread,
)
from extracts.suppression.published import PublishedRow, PublishedTable
from systems.errors import EncodingUnknown, FormatUnknown, TableEmpty, TableMissing, TableReaderDied
from systems.tabular import native_batches, read_schema

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
    refuse_duplicates(rows, names, "cells")
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
    leaves, up = leaves_of(labels, parent or {})
    return Dimension.tree(name, leaves, up) if up else Dimension.flat(name, leaves)


def _is_inner(dims: Sequence[Dimension], at: tuple[int, ...]) -> bool:
    return all(i < len(d.leaves) for d, i in zip(dims, at, strict=True))


def refuse_duplicates(rows: Sequence[Row], columns: Sequence[str], role: str) -> None:
    """Refuse a table that says a cell twice.

    Raises:
        DuplicateCellError: with the rows.
    """
    seen: set[tuple[str, ...]] = set()
    twice: list[int] = []
    for row in rows:
        if row.labels in seen:
            twice.append(row.number)
        seen.add(row.labels)
    if twice:
        raise errors.DuplicateCellError(
            table=role, columns=list(columns), rows=twice, count=len(twice)
        )


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
_DERIVED = re.compile(r"percent_of_.+|rate_per_\d+")  # what ``rates`` adds to a published table

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

    Without ``dims`` every column but the counts, ``status`` and what ``rates`` adds is a dimension, and
    persons are read where there is such a column.

    Raises:
        TableUnreadableError: no such table or column.
        BadNumberError: a value that is neither empty nor a whole number.
        StatusContradictsError: ``status`` says other than the counts do, or a rate stands beside a hidden count.
        DuplicateCellError: two rows for one cell.
    """
    header = columns_of(path, role)
    if dims is None:
        persons = persons if persons in header else None
        dims = [
            c for c in header if c not in (count, persons, STATUS) and not _DERIVED.fullmatch(c)
        ]
    found = _counted(path, dims, count, persons, role, hidden=True)
    if STATUS in header:
        _check_status(path, [count, *([persons] if persons else [])], role)
    for column in (c for c in header if _DERIVED.fullmatch(c) and c not in dims):
        _check_derived(path, column, count, role)
    refuse_duplicates([Row(number, labels, 0) for number, labels, *_ in found], dims, role)
    rows = tuple(PublishedRow(labels, orders, people) for _, labels, orders, people in found)
    return PublishedTable(tuple(dims), rows, has_persons=persons is not None)


def _check_status(path: Path, counts: Sequence[str], role: str) -> None:
    """What is called suppressed has no number, what is called published has one; there is no third."""
    wrong: dict[str, list[int]] = {}
    for number, record in _records(path, [*counts, STATUS], role):
        shown = {PUBLISHED: True, SUPPRESSED: False}.get(record[STATUS])
        for column in [STATUS] if shown is None else counts:
            if shown is None or bool(record[column].strip()) != shown:
                wrong.setdefault(column, []).append(number)
    for column, rows in wrong.items():
        raise errors.StatusContradictsError(table=role, column=column, rows=rows, count=len(rows))


def _check_derived(path: Path, column: str, count: str, role: str) -> None:
    """A percentage or rate of what is hidden tells it."""
    records = _records(path, [column, count], role)
    if wrong := [n for n, r in records if r[column].strip() and not r[count].strip()]:
        raise errors.StatusContradictsError(table=role, column=column, rows=wrong, count=len(wrong))


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
    bad: dict[str, list[int]] = {}
    for number, record in _records(path, [*dims, count, *([persons] if persons else [])], role):
        orders, people = _whole(record[count]), _whole(record[persons]) if persons else None
        if orders is None and (record[count] or not hidden):
            bad.setdefault(count, []).append(number)
        if persons and people is None and record[persons]:
            bad.setdefault(persons, []).append(number)
        found.append((number, tuple(record[d] for d in dims), orders, people))
    for column, rows in bad.items():
        raise errors.BadNumberError(table=role, column=column, rows=rows, count=len(rows))
    if not found:
        raise errors.TableUnreadableError(table=role, rows=0)
    return found


def read_asked(
    path: Path,
    dims: Sequence[str],
    role: str,
    cells: Mapping[tuple[str, ...], int],
    weight: str | None = None,
) -> list[tuple[int, int, float]]:
    """Read a file about some cells of a table: row, number of the cell, its weight (1 without a column of them).

    Raises:
        TableUnreadableError: no such file or columns.
        CellUnknownError, DuplicateCellError: a row is no cell of the table, or one that was there.
        BadWeightError: a weight is no number from 0.001 to 1,000.
    """
    records = _records(path, [*dims, *([weight] if weight else [])], role)
    rows = [Row(number, tuple(r[d] for d in dims), 0) for number, r in records]
    if lost := [row.number for row in rows if row.labels not in cells]:
        raise errors.CellUnknownError(table=role, columns=list(dims), rows=lost, count=len(lost))
    refuse_duplicates(rows, dims, role)
    weights = [_weight(record[weight]) if weight else 1.0 for _, record in records]
    if bad := [row.number for row, value in zip(rows, weights, strict=True) if value is None]:
        raise errors.BadWeightError(table=role, column=str(weight), rows=bad, count=len(bad))
    return [
        (row.number, cells[row.labels], value or 1.0)
        for row, value in zip(rows, weights, strict=True)
    ]


def _weight(text: str) -> float | None:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,6})?", text.strip()):
        return None
    return value if 0.001 <= (value := float(text)) <= 1000 else None


def read_hierarchy(path: Path, dimension: str) -> dict[str, str]:
    """Read child, parent pairs, one level above the other in any order.

    Raises:
        TableUnreadableError: no such file or columns.
        BadHierarchyError: a child with two parents, a loop, or a parent that is called like the total.
    """
    parents: dict[str, str] = {}
    rows: dict[str, int] = {}
    for number, record in _records(path, ["child", "parent"], "hierarchy"):
        child, parent = record["child"], record["parent"]
        if not child or not parent or parents.setdefault(child, parent) != parent:
            raise errors.BadHierarchyError(dimension=dimension, row=number)
        if "total" in (child.strip().casefold(), parent.strip().casefold()):
            raise errors.BadHierarchyError(dimension=dimension, row=number, named_like_total=1)
        rows[child] = number
    for child, number in rows.items():
        try:
            ancestors(child, parents)
        except errors.BadHierarchyError as broken:
            why: dict[str, Any] = dict(broken.facts)
            raise errors.BadHierarchyError(dimension=dimension, row=number, **why) from None
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
    """Fill a CSV file.

    Raises:
        OSError: it can't be written; see ``systems.outputs.written_together``.
    """
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def columns_of(path: Path, role: str) -> list[str]:
    """The header of a file.

    Raises:
        TableUnreadableError: there is none.
    """
    try:
        if is_parquet(path):
            return list(read_schema(path, role=role)[0].names)
        if path.stat().st_size > _BIGGEST:
            raise errors.TableUnreadableError(table=role, mebibytes_at_most=_BIGGEST >> 20)
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
            batches = native_batches(path, role=role, columns=list(columns))
            rows = (row for batch in batches for row in batch.to_pylist())
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

_UNREADABLE = (
    *(OSError, UnicodeError, csv.Error, pa.ArrowException),
    *(FormatUnknown, EncodingUnknown, TableReaderDied, TableMissing, TableEmpty),
)
_BIGGEST = 256 << 20  # bytes of a table of cells: as rows of texts it takes ten times that


def is_parquet(path: Path) -> bool:
    """Whether a file's name says that it is one."""
    return path.suffix.lower() == ".parquet"


def write_parquet(
    path: Path, names: Sequence[str], rows: Sequence[Sequence[object]], whole: int
) -> None:
    """Fill a Parquet file; ``whole`` columns before the last are numbers.

    Raises:
        OSError: it can't be written; see ``systems.outputs.written_together``.
    """
    numbers = range(len(names) - 1 - whole, len(names) - 1)
    columns = {
        name: pa.array(
            [None if row[at] == "" and at in numbers else row[at] for row in rows],
            pa.int64() if at in numbers else pa.string(),
        )
        for at, name in enumerate(names)
    }
    pq.write_table(pa.table(columns), path, compression="zstd")


READABLE = stat.S_IRUSR | stat.S_IWUSR | stat.S_IRGRP | stat.S_IROTH  # it may be published


def text_of(value: float | None) -> float | str:
    """A value as a file has it: what is hidden or has no bound is empty."""
    return "" if value is None else value
