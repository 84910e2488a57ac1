"""The equations of one table: which cells may move, and how far.

A *movement* y is a change of all cells at once that the attacker can't tell from none: A y = 0,
y = 0 on everything that is published, and no cell below its least value. `Relations` holds A and
the bounds, of one table or of several that are joined (`table_system`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from extracts.suppression.model.tables import (
    CellTable,
    Dimension,
    Flags,
    Ints,
    spread,
)

Floats = npt.NDArray[np.float64]


@dataclass(eq=False)
class Relations:
    """Equations over the cells of one table, or of several tables that are joined.

    Attributes:
        values: what each cell holds.
        people: persons of each cell (the values themselves where they are persons).
        least: the least value that the attacker must reckon with.
        free: cells that may move at all (a published zero and what is public already may not).
        matrix: one row per margin: +1 its cells, -1 itself; one column per cell.
        margin: in how many dimensions the cell is a margin.
        grand: whether it is one in all dimensions that have margins: the total of a table, or of a year.
        floor: how far down a small cell must be able to go.
        component: number of the connected part of the table that the cell belongs to.
        shape: axes of the table where all cells are those of one table, else None.
        dims: its dimensions.
    """

    values: Floats
    people: Floats
    least: Floats
    free: Flags
    matrix: sparse.csc_array
    margin: Ints
    grand: Flags
    floor: Floats
    component: npt.NDArray[np.int32]
    shape: tuple[int, ...] | None
    dims: tuple[Dimension, ...]


def relations_of(table: CellTable, least: int) -> Relations:
    """The equations of one table; ``least`` is 1 where a hidden cell can't be zero, else 0."""
    values = table.counts.ravel().astype(np.float64)
    leaves = table.leaf_mask().ravel() & (values > 0)
    free = values > 0 if least else np.ones(values.size, dtype=bool)
    matrix = equations(table.dims, table.shape)
    places = np.indices(table.shape).reshape(len(table.dims), -1).T
    leaves_of = np.array([len(d.leaves) for d in table.dims])
    floor = _beneath(table, leaves) if least else np.zeros(values.size)
    return Relations(
        values,
        table.people.ravel().astype(np.float64),
        np.full(values.size, float(least)),
        free,
        matrix,
        (places >= leaves_of).sum(axis=1),
        is_grand(table.dims, places),
        np.maximum(floor, least),
        parts(matrix, free),
        table.shape,
        table.dims,
    )


def is_grand(dims: Sequence[Dimension], places: Ints) -> Flags:
    """Whether each place (a row of nodes) is the last margin of every dimension that has any."""
    with_margin = [axis for axis, dim in enumerate(dims) if dim.groups]
    last = np.array([len(dims[axis].nodes) - 1 for axis in with_margin])
    return (places[:, with_margin] == last).all(axis=1) & bool(with_margin)


def equations(dims: Sequence[Dimension], shape: tuple[int, ...]) -> sparse.csc_array:
    """One row for each margin node of each dimension, at each combination of the others."""
    index = np.arange(int(np.prod(shape))).reshape(shape)
    rows: list[npt.NDArray[np.int64]] = []
    cols: list[npt.NDArray[np.int64]] = []
    signs: list[Floats] = []
    height = 0
    for axis, dim in enumerate(dims):
        along = np.moveaxis(index, axis, 0).reshape(shape[axis], -1)
        for group, kids in dim.children:
            width = along.shape[1]
            numbers = height + np.arange(width)
            for node, sign in ((group, -1.0), *((k, 1.0) for k in kids)):
                rows.append(numbers)
                cols.append(along[node])
                signs.append(np.full(width, sign))
            height += width
    if not rows:
        return sparse.csc_array((0, index.size))
    entries = (np.concatenate(signs), (np.concatenate(rows), np.concatenate(cols)))
    return sparse.csc_array(entries, shape=(height, index.size))


def parts(matrix: sparse.csc_array, free: Flags) -> npt.NDArray[np.int32]:
    """Number the parts of the table that no equation over movable cells connects."""
    moving = abs(matrix) @ sparse.diags_array(free.astype(float))
    _, labels = connected_components(moving.T @ moving, directed=False)
    return np.asarray(labels, dtype=np.int32)


def _beneath(table: CellTable, leaves: Flags) -> Floats:
    """Non-zero inner cells beneath each cell: no margin can be less than them."""
    inner = leaves.reshape(table.shape)[tuple(slice(len(d.leaves)) for d in table.dims)]
    return spread(table.dims, inner.astype(np.int64)).ravel().astype(np.float64)
