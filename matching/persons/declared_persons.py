"""Persons of a register whose own numbers say who is who, or in which nothing does.

The index that comes out is the same as `matching.resolve` gives: an entry, its person, and its
person at the lower bound, by which thresholds count.
"""

import numpy as np
import pyarrow as pa

from matching.assignment import components
from matching.errors import BadTable
from matching.tables import check_ids

Ints = np.typing.NDArray[np.int64]


def declared(entries: pa.Table) -> pa.Table:
    """Return the person index of entries whose columns declare who they are.

    Args:
        entries: ``record_id`` (whole number, once each), ``same`` and ``maybe_same`` (text or
            missing). Entries with one ``same`` are one person; with one ``maybe_same`` they may be,
            and the lower bound takes them for one. A missing value says nothing.

    Returns:
        ``record_id, identity, identity_lower`` (whole numbers), ordered by ``record_id``.

    Raises:
        MissingIdColumn, MissingIds, DuplicateIds, BadTable: unusable table.
    """
    check_ids(entries, "record_id", unique=True)
    if entries.num_rows and not pa.types.is_integer(entries["record_id"].type):
        raise BadTable(columns=["record_id"])
    entries = entries.sort_by("record_id")
    ids = entries["record_id"].to_numpy().astype(np.int64)
    left, right = _equal(entries["same"])
    maybe_left, maybe_right = _equal(entries["maybe_same"])
    identity = components(len(ids), left, right)
    lower = components(
        len(ids), np.concatenate([left, maybe_left]), np.concatenate([right, maybe_right])
    )
    return pa.table(
        {
            "record_id": pa.array(ids, pa.int64()),
            "identity": pa.array(ids[identity], pa.int64()),
            "identity_lower": pa.array(ids[lower], pa.int64()),
        }
    )


def _equal(values: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Pairs of rows with one value: each with the first that has it."""
    texts = np.asarray(values.to_pylist(), dtype=object)
    known = np.flatnonzero([text is not None for text in texts])
    if not len(known):
        return known.astype(np.int64), known.astype(np.int64)
    _, first, place = np.unique(texts[known].astype(str), return_index=True, return_inverse=True)
    return known[first[place]].astype(np.int64), known.astype(np.int64)
