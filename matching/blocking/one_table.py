"""A whole table joined with itself, one rule after the other: who shares a key stands side by side.

Each chunk's keys are made once and lie by their upper bits; all chunks' rows of a part are then put into buckets, and their pairs looked at,
while they are in a core's cache. A pair that several rules make is looked at for each of them.
"""

from collections.abc import Callable, Iterable, Iterator
from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from matching import arrays, comparison, native
from matching.arrow import Hashes, Ints, Rows
from matching.blocking.pair_filter import Prefilter
from matching.blocking.planning import CHUNK, Keys, Planned
from matching.normalise import Encoded

_ROOM = 1 << 17  # pairs that a call may give back
_PART = 15  # bits of a part's buckets: a core's cache holds them with their rows
_FEWEST = 8  # bits of a bucket's number
_ROWS = 1 << 25  # of both sides that are held with a key at a time: 256 MB
assert CHUNK <= 1 << 16, "a row's place in its chunk has 16 bits in pairs.c"


class _Buckets(Structure):
    _fields_ = [("starts", c_void_p), ("slots", c_void_p)]


class Joined(NamedTuple):
    """Packed pairs of a rule that were kept, in no order, the rule of each as a bit, and how many it made."""

    rule: int
    pair: Ints
    caught: Ints
    made: int


@dataclass(frozen=True)
class OneTable:
    """A table as it is joined with itself: its rows as comparisons read them, and what is known to be worth nothing."""

    encoded: Encoded
    packed: comparison.Packed
    prefilter: Prefilter | None
    threads: int | None

    def joined(self, rules: Iterable[tuple[int, Planned]]) -> Iterator[Joined]:
        """The pairs that rules (each with its number) make, some parts at a time; of shorter tables the next ones are filled meanwhile."""
        bits = max(_FEWEST, self.encoded.records.rows.bit_length())  # one row a bucket, or less
        own = min(bits - 1, _PART)
        filled = self._in_parts(rules, bits - own)
        if 2 * self.encoded.records.rows <= _ROWS:
            filled = arrays.prefetch(filled)
        for rule, sides in filled:
            work = partial(self._within, rule, sides, own)
            yield from arrays.in_threads(work, range(sides[0].parts), self.threads)
            del sides, work

    def _in_parts(
        self, rules: Iterable[tuple[int, Planned]], bits: int
    ) -> Iterator[tuple[int, list["_Parts"]]]:
        """Some parts of each rule: the rows by their key, and by the key that they have as records where that is another."""
        rows = self.encoded.records.rows
        for rule, planned in rules:
            kinds = (False, True) if planned.rule.record_parts else (False,)
            turns = min(1 << bits, -(-len(kinds) * rows // _ROWS) or 1)
            bounds = [(1 << bits) * turn // turns for turn in range(turns + 1)]
            for first, stop in pairwise(bounds):
                work = [
                    partial(self._chunk_in_parts, planned, of, bits, first, stop) for of in kinds
                ]
                yield rule, [_Parts(self._of_chunks(one), stop - first) for one in work]

    def _of_chunks(self, work: Callable[[int], tuple[Hashes, Rows]]) -> list[tuple[Hashes, Rows]]:
        begins = range(0, self.encoded.records.rows, CHUNK)
        return list(arrays.in_threads(work, begins, self.threads))

    def _chunk_in_parts(
        self, planned: Planned, records: bool, bits: int, first: int, stop: int, begin: int
    ) -> tuple[Hashes, Rows]:
        """The rows of a chunk by the upper bits of their hash, and where each part begins."""
        hashes, known = self._chunk(planned, records, begin)
        rows, starts = np.empty(len(hashes), np.uint64), np.empty(stop - first + 1, np.int32)
        native.compiled().in_parts(
            hashes, known, len(hashes), bits, first, stop - first, rows, starts
        )
        count = int(starts[-1])
        return rows if count == len(rows) else rows[:count].copy(), starts

    def _chunk(self, planned: Planned, records: bool, begin: int) -> Keys:
        if not records:
            return planned.rows(self.encoded, begin, begin + CHUNK)
        keys = planned.chunk(self.encoded, begin)
        if keys.places is None:
            return keys.hashes, keys.known
        size = min(CHUNK, self.encoded.records.rows - begin)
        hashes, known = np.zeros(size, np.uint64), np.zeros(size, np.bool_)
        hashes[keys.places], known[keys.places] = keys.hashes, keys.known
        return hashes, known

    def _within(self, rule: int, sides: list["_Parts"], bits: int, part: int) -> Joined:
        """The pairs of a part, whose rows are put into buckets by further bits of their hash."""
        kept = [side.in_buckets(part, bits) for side in sides]
        pointer, at, stop = native.Pointers(), 0, 1 << bits
        mine, *others = [
            _Buckets(pointer(starts, np.int32), pointer(slots, np.uint64)) for starts, slots in kept
        ]
        theirs = others[0] if others else mine
        table = None if self.prefilter is None else byref(self.prefilter.table)
        made, found = np.zeros(rule + 1, np.int64), [(np.empty(0, np.int64), np.empty(0, np.int64))]
        room, wanted, buffers = 0, _ROOM, list[Ints]()
        while at < stop:
            if room < wanted:
                room = wanted
                buffers = [np.empty(room, np.int64) for _ in range(2)]
            out = native.PairsOut(*map(native.address, buffers), None, None, room, 0, 0)
            at = native.compiled().within(
                byref(mine), byref(theirs), table, self.packed, rule, at, stop, made, byref(out)
            )
            wanted = max(wanted, out.need)
            found.append((buffers[0][: out.made].copy(), buffers[1][: out.made].copy()))
        pair, caught = map(np.concatenate, zip(*found, strict=True))
        return Joined(rule, pair, caught, int(made[rule]))


class _PartedTable(Structure):
    _fields_ = [
        *((n, c_void_p) for n in ("chunks", "starts")),
        *((n, c_int64) for n in ("count", "rows", "parts")),
    ]


class _Parts:
    """A table's rows by the upper bits of their hashes, chunk by chunk."""

    def __init__(self, chunks: list[tuple[Hashes, Rows]], parts: int) -> None:
        """Chunks in their order, as ``in_parts`` makes them: the rows, and where each part begins."""
        self.parts = parts
        self._pointers = native.Pointers()
        rows = [self._pointers(rows, np.uint64) for rows, _ in chunks]
        starts = np.array([starts for _, starts in chunks], np.int32).reshape(-1, parts + 1)
        self._sizes = np.diff(starts).sum(axis=0)
        self._table = _PartedTable(
            self._pointers(np.array(rows, np.uint64), np.uint64),
            self._pointers(starts, np.int32),
            len(chunks),
            CHUNK,
            parts,
        )

    def in_buckets(self, part: int, bits: int) -> tuple[Rows, Hashes]:
        """Where each bucket of a part begins, and its rows in their order."""
        starts = np.empty((1 << bits) + 2, np.int32)
        slots = np.empty(self._sizes[part], np.uint64)
        native.compiled().in_buckets(byref(self._table), part, bits, starts, slots)
        return starts, slots
