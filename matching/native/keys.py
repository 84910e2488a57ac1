"""Keys of rules and how often each bucket of them is met, by the library (``keys.c``) or by numpy."""

from ctypes import Structure, byref, c_int64, c_void_p
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.joining import Bools, Hashes, buckets
from matching.native import library
from matching.native.rows import Columns
from matching.normalise.vocabulary import NameParts

Counts = npt.NDArray[np.int32]
PARTS: Final = (
    "ssn", "licence", "phone", "zip", "birth", "year", "birthday", "first", "last", "first_root", "first_initial",
    "last_initial", "last_sound", "last_head", "last_tail", "double_tail", "address",
)  # fmt: skip
_NAME: Final = ("root", "initial", "sound", "head", "tail")


class _Parts(Structure):
    _fields_ = [*((name, c_void_p) for name in _NAME), ("missing", c_int64)]


class Keyed:
    """A side whose rows are hashed by some of their parts."""

    def __init__(self, columns: Columns, parts: NameParts) -> None:
        self.columns, self._held = columns, library.Held()
        lists = [self._held(getattr(parts, name), np.int32) for name in _NAME]
        self._parts = _Parts(*lists, len(parts.root) - 1)

    def hashes(self, names: tuple[str, ...], begin: int, stop: int) -> tuple[Hashes, Bools]:
        """A hash of some parts for each row from ``begin`` to ``stop``, and whether the row has them all."""
        kinds = np.array([PARTS.index(name) for name in names], np.uint8)
        size = max(0, min(stop, self.columns.rows) - begin)
        hashes, known = np.empty(size, np.uint64), np.empty(size, np.bool_)
        library.LIBRARY.keyed(
            byref(self.columns.table), byref(self._parts), kinds.ctypes.data, len(kinds), begin, size,
            hashes.ctypes.data, known.ctypes.data,
        )  # fmt: skip
        return hashes, known


def count(key: tuple[Hashes, Bools], bits: int, counts: Counts, only: Counts | None = None) -> None:
    """Count rows by the bucket of their hash; with ``only``, in buckets that it has counted some in."""
    hashes, known = key
    if library.LIBRARY is None:
        place = buckets(hashes[known], bits)
        np.add.at(counts, place if only is None else place[only[place] > 0], 1)
        return
    held = library.Held()
    limit = None if only is None else only.ctypes.data
    library.LIBRARY.count(
        held(hashes, np.uint64), held(known, np.bool_), len(hashes), bits, limit, counts.ctypes.data
    )


def crowded(mine: Counts, theirs: Counts, cap: int, crowd: int) -> tuple[int, Bools]:
    """Pairs of all buckets, and which have more pairs than ``cap`` or, met by a row, records than ``crowd``."""
    if library.LIBRARY is None:
        pairs = mine.astype(np.int64) * theirs
        return int(pairs.sum()), (pairs > cap) | ((theirs > crowd) & (mine > 0))
    which = np.empty(len(mine), np.bool_)
    total = library.LIBRARY.crowded(
        mine.ctypes.data, theirs.ctypes.data, len(mine), cap, crowd, which.ctypes.data
    )
    return int(total), which


def inside(key: tuple[Hashes, Bools], bits: int, which: Bools) -> npt.NDArray[np.int32]:
    """The rows (by place) whose bucket is among some."""
    hashes, known = key
    if library.LIBRARY is None:
        return np.flatnonzero(known & which[buckets(hashes, bits)]).astype(np.int32)
    held, rows = library.Held(), np.empty(len(hashes), np.int32)
    count = library.LIBRARY.inside(
        held(hashes, np.uint64),
        held(known, np.bool_),
        len(hashes),
        bits,
        which.ctypes.data,
        rows.ctypes.data,
    )
    return rows[:count].copy()
