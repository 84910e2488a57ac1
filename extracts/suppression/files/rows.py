"""Rows to a complete table: missing inner cells are zero, missing margins are computed.

Every margin that is given must be what its cells say, for orders exactly, for persons within the
bounds that any set of persons obeys: at least its largest cell, at most all its cells together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from extracts.suppression.errors import (
    BadNumberError,
    DuplicateCellError,
    MarginMismatchError,
    PersonsMismatchError,
    TableUnreadableError,
)
from extracts.suppression.model import TOTAL, CellTable, Dimension, Ints, check_level, spread

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
    """Build the complete table of an outside list of cells.

    Args:
        names: the dimensions, in the order of each row's labels.
        rows: the cells and margins that are given.
        parents: child to parent, for dimensions with a hierarchy.
        with_persons: whether the rows carry persons.

    Returns:
        The table with every margin; levels are sorted by name, never by a value.

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
        raise TableUnreadableError(inner_cells=0)
    for at, row in inner:
        leaves[at] = row.count
    counts = spread(dims, leaves)
    if counts.max() >= _MOST:
        raise BadNumberError(table="margins", count=int((counts >= _MOST).sum()))
    wrong = [r.number for at, r in cells if counts[at] != r.count]
    if wrong:
        raise MarginMismatchError(rows=wrong, count=len(wrong))
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
        raise DuplicateCellError(rows=twice, count=len(twice))


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
            raise PersonsMismatchError(rows=[row.number])
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
        raise PersonsMismatchError(
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
