"""A whole table joined with itself, one rule after the other: who shares a key stands side by side.

Rows lie in buckets of their keys' hashes (each key is made twice for each part of the buckets that is filled at a time), and the pairs of
a bucket are looked at while its rows are in a core's cache. A pair that several rules make is looked at for each of them.
"""

from collections.abc import Callable, Iterable, Iterator
from ctypes import Structure, byref, c_void_p
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
_A_BUCKET = 2  # bits: rows that one holds, or twice as many
_BUCKETS = 1 << 14  # that are joined by one task
_FEWEST = 8  # bits of a bucket's number
_SLOTS = 16_000_000  # rows of both sides that are in buckets at a time: 128 MB; twice as much where the next ones are filled meanwhile


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
        """The pairs that rules (each with its number) make, some buckets at a time; of shorter tables the next ones are filled meanwhile."""
        filled = self._indexed(rules)
        if self.encoded.records.rows <= _SLOTS:
            filled = arrays.prefetch(filled)
        for rule, own, buckets in filled:
            work = partial(self._within, own[0], own[-1], rule, buckets)
            yield from arrays.in_threads(work, range(0, buckets, _BUCKETS), self.threads)
            del own, work

    def _indexed(
        self, rules: Iterable[tuple[int, Planned]]
    ) -> Iterator[tuple[int, list[tuple[Rows, Hashes]], int]]:
        """Some buckets of each rule: the rows by their key, and by the key that they have as records where that is another."""
        rows = self.encoded.records.rows
        bits = max(_FEWEST, arrays.bits_for(rows) - _A_BUCKET)
        for rule, planned in rules:
            sides = (False, True) if planned.rule.record_parts else (False,)
            parts = min(1 << bits, -(-len(sides) * rows // _SLOTS) or 1)
            bounds = [(1 << bits) * part // parts for part in range(parts + 1)]
            for first, stop in pairwise(bounds):
                count = stop - first
                yield (
                    rule,
                    [self._in_buckets(planned, of, bits, first, count) for of in sides],
                    count,
                )

    def _in_buckets(
        self, planned: Planned, records: bool, bits: int, first: int, count: int
    ) -> tuple[Rows, Hashes]:
        """Where each of some buckets begins, and their rows in their order. Keys are made twice: once to count them."""
        starts = np.zeros(count + 2, np.int32)
        for _, keys in self._keys(planned, records):
            native.compiled().count_rows(*keys, len(keys[0]), bits, first, count, starts)
        np.cumsum(starts, out=starts)
        slots = np.empty(int(starts[-1]), np.uint64)
        for row, keys in self._keys(planned, records):
            native.compiled().place_rows(
                *keys, len(keys[0]), row, bits, first, count, starts, slots
            )
        return starts, slots

    def _keys(self, planned: Planned, records: bool) -> Iterator[tuple[int, Keys]]:
        made: Callable[[int], Keys] = partial(self._chunk, planned, records)
        begins = range(0, self.encoded.records.rows, CHUNK)
        yield from zip(begins, arrays.in_threads(made, begins, self.threads), strict=True)

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

    def _within(
        self, mine: tuple[Rows, Hashes], theirs: tuple[Rows, Hashes], rule: int, last: int, at: int
    ) -> Joined:
        pointer, stop = native.Pointers(), min(at + _BUCKETS, last)
        sides = [
            _Buckets(pointer(starts, np.int32), pointer(slots, np.uint64))
            for starts, slots in (mine, theirs)
        ]
        table = None if self.prefilter is None else byref(self.prefilter.table)
        made, found = np.zeros(rule + 1, np.int64), [(np.empty(0, np.int64), np.empty(0, np.int64))]
        room, wanted, buffers = 0, _ROOM, list[Ints]()
        while at < stop:
            if room < wanted:
                room = wanted
                buffers = [np.empty(room, np.int64) for _ in range(2)]
            out = native.PairsOut(*map(native.address, buffers), None, None, room, 0, 0)
            at = native.compiled().within(
                *map(byref, sides), table, self.packed, rule, at, stop, made, byref(out)
            )
            wanted = max(wanted, out.need)
            found.append((buffers[0][: out.made].copy(), buffers[1][: out.made].copy()))
        pair, caught = map(np.concatenate, zip(*found, strict=True))
        return Joined(rule, pair, caught, int(made[rule]))
