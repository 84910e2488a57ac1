"""Candidates among themselves and connected parts, by the library: see ``graph.c``."""

from typing import Any

import numpy as np
import numpy.typing as npt

from matching.native.library import Pointers, compiled

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

_NEAR = np.dtype([("key", np.int64), ("weaker", np.float64)])


def favourite_odds(b: Rows, record: Rows, odds: Floats) -> Floats:
    """The odds of each pair whose record no other cohort row likes more; -inf for others."""
    held, out = Pointers(), np.empty(len(odds))
    favourite = np.full(int(record.max(initial=0)) + 1, -np.inf)
    compiled().liked(
        held(b, np.int32), held(record, np.int32), held(odds, np.float64), len(odds),
        favourite.ctypes.data, out.ctypes.data,
    )  # fmt: skip
    return out


def candidate_pairs(
    order: npt.NDArray[np.signedinteger[Any]],
    a: Rows,
    b: Rows,
    own: Floats,
    record: Rows,
    most: int,
) -> tuple[Ints, Floats]:
    """Pairs of record rows that are candidates of one cohort row, each once (sorted; the lower row in the upper bits).

    Args:
        order: places of the candidates, by cohort row.
        a: cohort row of each candidate.
        b: its record row.
        own: its odds; the weaker one's at best come with a pair.
        record: of each record row; rows of one record are no pair.
        most: candidates of a cohort row that are looked at.
    """
    held, work = Pointers(), compiled().neighbours
    given = (
        held(order.astype(np.int64, copy=False), np.int64), len(order), held(a, np.int32), held(b, np.int32),
        held(own, np.float64), held(record, np.int32), most,
    )  # fmt: skip
    pairs = np.empty(work(*given, None), _NEAR)
    work(*given, pairs.ctypes.data)
    starts, room = np.zeros(len(record) + 1, np.int64), np.empty_like(pairs)
    keys, through = np.empty(len(pairs), np.int64), np.empty(len(pairs))
    count = compiled().merged(
        pairs.ctypes.data, len(pairs), len(record), starts.ctypes.data, room.ctypes.data,
        keys.ctypes.data, through.ctypes.data,
    )  # fmt: skip
    return keys[:count], through[:count]


def connected_components(size: int, left: Ints, right: Ints) -> Ints:
    """For each of ``size`` nodes, the smallest node that it is connected with."""
    held, label = Pointers(), np.arange(size)
    compiled().connected(
        held(left.astype(np.int64, copy=False), np.int64), held(right.astype(np.int64, copy=False), np.int64),
        len(left), label.ctypes.data, size,
    )  # fmt: skip
    return label
