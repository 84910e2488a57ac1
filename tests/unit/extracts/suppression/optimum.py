"""The fewest cells, the slow way: one integer programme with a movement of its own for each goal.

Written from the rule alone, with SciPy's interface: nothing of the suppressor is in it.
"""

from itertools import product

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, milp

_FAR = 60.0  # more than any movement of these small tables


def equations(table):
    """One row for each margin: its cells, less itself."""
    at = {labels: i for i, labels in enumerate(table.labels())}
    rows = []
    for axis, dim in enumerate(table.dims):
        others = [d.nodes if i != axis else ("",) for i, d in enumerate(table.dims)]
        for group, kids in dim.groups:
            for labels in product(*others):
                row = np.zeros(len(at))
                for node, sign in ((group, -1), *((kid, 1) for kid in kids)):
                    row[at[(*labels[:axis], node, *labels[axis + 1 :])]] = sign
                rows.append(row)
    return np.array(rows)


def alone(table):
    """The cells of each inner cell of one person that hold nobody else; the counts are persons."""
    labels = list(table.labels())
    counts = dict(zip(labels, table.counts.ravel().tolist(), strict=True))
    inner = (x for x, leaf in zip(labels, table.leaf_mask().ravel(), strict=True) if leaf)
    return [
        [i for i, x in enumerate(labels) if counts[x] == 1 and _lies_in(table, one, x)]
        for one in inner
        if counts[one] == 1
    ]


def _lies_in(table, inner, labels):
    return all(
        dim.spans[dim.position[x], dim.position[leaf]]
        for dim, leaf, x in zip(table.dims, inner, labels, strict=True)
    )


def fewest(table, threshold=10, *, singletons=False):
    """How many cells have to be hidden besides the small ones, or None where nothing helps.

    ``singletons``: whether each small cell must reach the threshold while nobody's cell moves who is
    alone in another one.
    """
    open_ones = np.zeros(table.size, bool)
    found = cheapest(table, np.ones(table.size), open_ones, threshold, singletons=singletons)
    return None if found is None else round(found)


def cheapest(table, weights, stay_open, threshold=10, *, singletons=False):
    """The least weight of cells hidden besides the small ones where some stay open; None where nothing helps."""
    values = table.counts.ravel().astype(float)
    matrix = equations(table)
    size = len(values)
    inner = table.leaf_mask().ravel() & (values > 0)
    floors = np.zeros(size)
    for i, labels in enumerate(table.labels()):
        beneath = [
            dim.spans[dim.position[x]] > 0 for dim, x in zip(table.dims, labels, strict=True)
        ]
        cells = inner.reshape(table.shape)[tuple(slice(len(d.leaves)) for d in table.dims)]
        floors[i] = cells[np.ix_(*beneath)].sum()
    primary = (values > 0) & (values < threshold)
    goals = [(i, threshold - values[i]) for i in np.flatnonzero(primary)]
    goals += [(i, floors[i] - values[i]) for i in np.flatnonzero(primary) if floors[i] < values[i]]
    if not goals:
        return 0
    count = len(goals)
    movements = sparse.block_diag([matrix] * count)
    still = sparse.csr_array((movements.shape[0], size))
    kept = LinearConstraint(sparse.hstack([still, movements]), 0, 0)
    own = sparse.vstack([sparse.eye_array(size)] * count)
    moves = sparse.eye_array(size * count)
    room = sparse.diags_array(np.maximum(values - 1, 0))
    down = sparse.vstack([room] * count)
    up_bound = LinearConstraint(sparse.hstack([own * _FAR, -moves]), 0, np.inf)
    down_bound = LinearConstraint(sparse.hstack([down, moves]), 0, np.inf)
    low, high = np.full(size * (count + 1), -_FAR), np.full(size * (count + 1), _FAR)
    low[:size], high[:size] = primary, (values > 0) & ~stay_open
    if (primary & stay_open).any():
        return None
    for n, (cell, step) in enumerate(goals):
        low[size * (n + 1) + cell] = high[size * (n + 1) + cell] = step
        for others in alone(table) if singletons and step > 0 else []:
            if cell not in others:
                stay = size * (n + 1) + np.array(others)
                low[stay] = high[stay] = 0.0
    found = milp(
        np.concatenate([weights, np.zeros(size * count)]),
        constraints=[kept, up_bound, down_bound],
        bounds=Bounds(low, high),
        integrality=np.concatenate([np.ones(size), np.zeros(size * count)]),
    )
    return None if found.x is None else found.fun - float(weights[primary].sum())
