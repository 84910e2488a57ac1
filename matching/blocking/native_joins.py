"""Pairs of a chunk of records with the cohort's indexed rows, by the library: see ``pairs.c``."""

from collections.abc import Iterator, Sequence
from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.arrays import Bools, Hashes, Rows, bits_for
from matching.blocking.native_filter import Glance
from matching.comparison import Packed
from matching.native import Pointers, compiled

Ints = npt.NDArray[np.int64]

_ROOM = 1 << 19  # pairs that a call may give back
_FEWEST = 8  # bits of a bucket's number
_FLAGS = 3  # bits more of a hash say whether a row has it: most records end there
_RULE_BITS = 6  # of a pair's rule, as in blocking.py


class _Rule(Structure):
    _fields_ = [
        ("number", c_int64),
        ("bits", c_int64),
        *((name, c_void_p) for name in ("taken", "starts", "slots", "hashes", "known")),
    ]


class _Out(Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("pair", "caught", "met", "sorted")),
        *((name, c_int64) for name in ("room", "made", "need")),
    ]


@dataclass(frozen=True)
class Lookup:
    """Rows by the bucket of their hash: ``joining.Index`` as the library reads it."""

    bits: int
    taken: npt.NDArray[np.uint8]  # a bit for each eighth of a bucket
    starts: npt.NDArray[np.int32]
    slots: Hashes

    @classmethod
    def of(cls, hashes: Hashes, known: Bools) -> "Lookup":
        """Index the rows whose key is known; a row's number is its place."""
        count = int(np.count_nonzero(known))
        bits = max(_FEWEST, bits_for(count) - 2)
        taken = np.zeros(1 << (bits + _FLAGS - 3), np.uint8)
        starts = np.zeros((1 << bits) + 1, np.int32)
        slots = np.empty(count, np.uint64)
        held = Pointers()
        compiled().by_bucket(
            held(hashes, np.uint64), held(known, np.bool_), len(hashes), bits,
            starts.ctypes.data, taken.ctypes.data, slots.ctypes.data,
        )  # fmt: skip
        return cls(bits, taken, starts, slots)


@dataclass(frozen=True)
class Indexed:
    """The cohort's rows that are looked up: their numbers, what they hold, and by rule's number an index."""

    rows: Rows
    packed: Packed
    indexes: Sequence[tuple[int, Lookup]]


@dataclass(frozen=True)
class Chunk:
    """Records that look themselves up, from ``begin`` on: what they hold, and their key in each rule."""

    begin: int
    packed: Packed
    keys: Sequence[tuple[Hashes, Bools]]


def joined(
    mine: Indexed, chunk: Chunk, glance: Glance | None, made: Ints, *, same_table: bool
) -> Iterator[tuple[Ints, Ints]]:
    """Pairs of a chunk, packed as in ``blocking``, and the rules that make each as bits.

    ``made`` counts the pairs that each rule makes. Each pair comes once, and not at all where the
    glance says that it can't matter. What is yielded is overwritten by the next.
    """
    held = Pointers()
    used = [k for k, (_, index) in enumerate(mine.indexes) if len(index.slots)]
    rules = (_Rule * len(used))()
    for place, k in enumerate(used):
        number, index = mine.indexes[k]
        hashes, known = chunk.keys[k]
        rules[place] = _Rule(
            number, index.bits, held(index.taken, np.uint8), held(index.starts, np.int32),
            held(index.slots, np.uint64), held(hashes, np.uint64), held(known, np.bool_),
        )  # fmt: skip
    counts = np.zeros(1 << _RULE_BITS, np.int64)
    rows, own, theirs = (
        held(v, v.dtype) for v in (mine.rows, mine.packed, chunk.packed)
    )  # made by this package
    table = None if glance is None else byref(glance.table)
    room, at, size = 0, 0, len(chunk.packed)
    wanted, buffers = _ROOM, list[Ints]()
    while at < size:
        if room < wanted:
            room = wanted
            buffers = [np.empty(room, np.int64) for _ in range(4)]
        out = _Out(*(v.ctypes.data for v in buffers), room, 0, 0)
        at = compiled().joined(
            byref(rules), len(used), table, own, rows, theirs,
            chunk.begin, at, size, same_table, counts.ctypes.data, byref(out),
        )  # fmt: skip
        wanted = max(wanted, out.need)
        yield buffers[0][: out.made], buffers[1][: out.made]
    made += counts[[number for number, _ in mine.indexes]]


def in_order(found: Sequence[tuple[Ints, Ints]], rows: Rows) -> tuple[Rows, Rows, Ints]:
    """Pairs of ``rows`` (sorted) that come in their records' order, by row and record, with their rules."""
    least = int(rows[0]) if len(rows) else 0
    place = np.zeros(int(rows[-1]) - least + 2 if len(rows) else 1, np.int64)
    held, size = Pointers(), 0
    for pair, _ in found:
        compiled().tallied(held(pair, np.int64), len(pair), least, place.ctypes.data)
        size += len(pair)
    np.cumsum(place, out=place)
    a, b, rules = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int64)
    for pair, caught in found:
        compiled().by_row(
            held(pair, np.int64), held(caught, np.int64), len(pair), least, place.ctypes.data,
            a.ctypes.data, b.ctypes.data, rules.ctypes.data,
        )  # fmt: skip
    return a, b, rules
