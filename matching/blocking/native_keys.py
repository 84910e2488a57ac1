"""Keys of rules and how often each bucket of them is met, by the library (``keys.c``) or by numpy."""

from collections.abc import Iterable
from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.arrays import Bools, Hashes, buckets
from matching.comparison import Columns
from matching.native import Pointers, compiled
from matching.normalise import NameParts

_ROOM: Final = 15  # bits of the buckets that are counted at a time: 256 kB for both sides
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
        self.columns, self._held = columns, Pointers()
        lists = [self._held(getattr(parts, name), np.int32) for name in _NAME]
        self._parts = _Parts(*lists, len(parts.root) - 1)

    def hashes(self, names: tuple[str, ...], begin: int, stop: int) -> tuple[Hashes, Bools]:
        """A hash of some parts for each row from ``begin`` to ``stop``, and whether the row has them all."""
        kinds = np.array([PARTS.index(name) for name in names], np.uint8)
        size = max(0, min(stop, self.columns.rows) - begin)
        hashes, known = np.empty(size, np.uint64), np.empty(size, np.bool_)
        compiled().keyed(
            byref(self.columns.table), byref(self._parts), kinds.ctypes.data, len(kinds), begin, size,
            hashes.ctypes.data, known.ctypes.data,
        )  # fmt: skip
        return hashes, known


@dataclass(frozen=True)
class Crowds:
    """Pairs of all buckets of a rule, and which of these are crowded (None: no bucket)."""

    usable: bool  # both sides have rows with a key
    total: int
    which: Bools | None


Keys = Iterable[tuple[Hashes, Bools]]  # of a side, by chunks


def crowds(mine: Keys, theirs: Keys, bits: int, cap: int, crowd: int) -> Crowds:
    """Count pairs by bucket.

    Args:
        mine: the cohort's keys; all chunks but the last are of one size.
        theirs: the records'.
        bits: of a bucket's number.
        cap: more pairs make a bucket crowded.
        crowd: so do more records, where a row of the cohort meets them.
    """
    if compiled() is None:
        return _by_arrays(mine, theirs, bits, cap, crowd)
    part_bits = max(0, bits - _ROOM)
    sides = [_Side(keys, bits, part_bits) for keys in (mine, theirs)]
    room = np.empty(2 << (bits - part_bits), np.int32)
    which, found = np.zeros(1 << bits, np.bool_), c_int64(0)
    total = compiled().crowds(
        byref(sides[0].table), byref(sides[1].table), bits, part_bits, cap, crowd,
        room.ctypes.data, which.ctypes.data, byref(found),
    )  # fmt: skip
    usable = bool(sides[0].known and sides[1].known)
    return Crowds(usable, int(total), which if found.value else None)


def _by_arrays(mine: Keys, theirs: Keys, bits: int, cap: int, crowd: int) -> Crowds:
    counts = np.zeros((2, 1 << bits), np.int64)
    for side, keys in zip(counts, (mine, theirs), strict=True):
        for hashes, known in keys:
            np.add.at(side, buckets(hashes[known], bits), 1)
    pairs = counts[0] * counts[1]
    which = (pairs > cap) | ((counts[1] > crowd) & (counts[0] > 0))
    usable = bool(counts[0].any() and counts[1].any())
    return Crowds(usable, int(pairs.sum()), which if which.any() else None)


class _Parted(Structure):
    _fields_ = [("buckets", c_void_p), ("starts", c_void_p), ("chunks", c_int64), ("rows", c_int64)]


class _Side:
    """A side's rows by the upper bits of their buckets: counting goes from one small part to the next."""

    def __init__(self, keys: Keys, bits: int, part_bits: int) -> None:
        parts: list[npt.NDArray[np.uint32]] = []
        starts: list[npt.NDArray[np.int32]] = []
        for hashes, known in keys:
            held, out = Pointers(), np.empty(len(hashes), np.uint32)
            ends = np.empty((1 << part_bits) + 1, np.int32)
            compiled().parted(
                held(hashes, np.uint64), held(known, np.bool_), len(hashes), bits, part_bits,
                out.ctypes.data, ends.ctypes.data,
            )  # fmt: skip
            parts.append(out)
            starts.append(ends)
        self._buckets = np.concatenate([np.empty(0, np.uint32), *parts])
        self._starts = np.concatenate([np.empty(0, np.int32), *starts])
        self.known = sum(int(ends[-1]) for ends in starts)
        rows = len(parts[0]) if parts else 0
        addresses = self._buckets.ctypes.data, self._starts.ctypes.data
        self.table = _Parted(*addresses, len(parts), rows)


def inside(key: tuple[Hashes, Bools], bits: int, which: Bools) -> npt.NDArray[np.int32]:
    """The rows (by place) whose bucket is among some."""
    hashes, known = key
    if compiled() is None:
        return np.flatnonzero(known & which[buckets(hashes, bits)]).astype(np.int32)
    held, rows = Pointers(), np.empty(len(hashes), np.int32)
    count = compiled().inside(
        held(hashes, np.uint64),
        held(known, np.bool_),
        len(hashes),
        bits,
        which.ctypes.data,
        rows.ctypes.data,
    )
    return rows[:count].copy()
