"""Belief propagation by the library: see ``competing.c``."""

from ctypes import Structure, byref, c_void_p
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.native.library import Pointers, compiled

Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]


_SCRATCH: Final = (
    "most", "without", "largest", "value", "fresh_row", "fresh_identity", "here", "moves",
)  # fmt: skip


class _Room(Structure):
    _fields_ = [(name, c_void_p) for name in _SCRATCH]


def propagate_beliefs(
    ends: tuple[Codes, Codes],
    part: Codes,
    odds: Floats,
    *,
    both: bool,
    rounds: int,
    least: float,
    worth: float,
) -> tuple[Floats, Floats]:
    """How free row and identity are for each edge once all had their say.

    Args:
        ends: numbers of each edge's row and identity.
        part: the connected part of each edge.
        odds: of each edge.
        both: whether an identity, too, is shared.
        rounds: at most.
        least: a change below it is none.
        worth: parts that have settled are left out when fewer than this share of the edges is left.
    """
    held, size = Pointers(), len(odds)
    groups = max(int(side.max(initial=-1)) + 1 for side in ends)
    parts = int(part.max(initial=-1)) + 1
    scratch = [
        np.empty(groups), np.empty(groups), np.empty(groups, np.int32),
        np.empty(size), np.empty(size), np.empty(size), np.empty(size, np.int32), np.empty(parts, np.uint8),
    ]  # fmt: skip
    free = np.ones((2, size))
    compiled().settle(
        *(held(side, np.int32) for side in ends), held(part, np.int32), held(odds, np.float64), size, parts,
        both, rounds, least, worth, free[0].ctypes.data, free[1].ctypes.data,
        byref(_Room(*(values.ctypes.data for values in scratch))),
    )  # fmt: skip
    return free[0], free[1]
