"""Tables that tests make from their inner cells."""

import numpy as np

from extracts.suppression.model.tables import CellTable, spread


def from_leaves(dims, counts, persons=None):
    """Sum the inner cells up to every margin; persons of a margin: the largest of its cells."""
    people = None if persons is None else _largest(dims, persons)
    return CellTable(tuple(dims), spread(dims, counts), people)


def _largest(dims, leaves):
    """Inner cells to all cells, margins as maxima."""
    out = np.asarray(leaves, dtype=np.int64)
    for axis, dim in enumerate(dims):
        parts = [out.take(np.flatnonzero(span), axis=axis).max(axis=axis) for span in dim.spans]
        out = np.stack(parts, axis=axis)
    return out
