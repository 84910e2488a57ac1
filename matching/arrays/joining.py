"""A hash join on whole arrays: rows of the cohort by key, probed by chunks of records.

A rule's parts become one 64-bit hash. The cohort's rows are sorted by the upper bits (their bucket);
a record looks its bucket up and compares the lower bits. Two different values share all 64 bits
with a chance of about 1 in 10^19, and then a pair is only compared in vain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.arrow import Bools, Hashes, Ints, Places, Rows

_FEWEST, _MOST = 12, 24  # bits of a bucket's number; the tables of a rule stay below 200 MB
_BLOCK = 1 << 15  # pairs made at a time: their columns stay in a core's cache
_LOWER = np.uint64(0xFFFFFFFF)
_STEP, _LAST = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)


def start_hash(part: Ints) -> Hashes:
    """The hash of a first part."""
    return part.view(np.uint64) * _STEP


def extend_hash(hashes: Hashes, part: Ints) -> Hashes:
    """The hash with one more part; the order of parts matters."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * _LAST
    mixed += part.view(np.uint64)
    mixed *= _STEP
    return mixed


def finish_hash(hashes: Hashes) -> Hashes:
    """Spread over all bits, since buckets are taken from the upper ones."""
    mixed = (hashes ^ (hashes >> np.uint64(32))) * _LAST
    mixed ^= mixed >> np.uint64(29)
    return mixed


def bits_for(rows: int) -> int:
    """Bits of a bucket's number for so many rows: about a quarter of the buckets are taken."""
    return min(_MOST, max(_FEWEST, int(rows).bit_length() + 2))


def buckets(hashes: Hashes, bits: int) -> Ints:
    """The bucket of each hash."""
    return (hashes >> np.uint64(64 - bits)).view(np.int64)


@dataclass(frozen=True)
class Index:
    """Rows by bucket. ``slots[starts[b] : starts[b + 1]]`` are those of bucket ``b``."""

    bits: int
    taken: Bools  # which buckets have a row: a byte each, so that more of them fit into a cache
    starts: npt.NDArray[np.int32]
    slots: Hashes  # lower half of each row's hash, then the row

    @classmethod
    def of(cls, hashes: Hashes, known: Bools) -> "Index":
        """Index the rows whose key is known; a row's number is its place.

        Args:
            hashes: of each row.
            known: rows that have all parts.
        """
        here = np.flatnonzero(known)
        bits = bits_for(len(here))
        place = buckets(hashes[here], bits)
        count = np.bincount(place, minlength=1 << bits)
        order = np.sort(place << 32 | np.arange(len(here))) & 0xFFFFFFFF
        chosen = here[order]
        starts = np.zeros(len(count) + 1, np.int32)
        np.cumsum(count, out=starts[1:])
        return cls(
            bits, count > 0, starts, hashes[chosen] << np.uint64(32) | chosen.view(np.uint64)
        )

    def probe(self, hashes: Hashes, known: Bools) -> Iterator[tuple[Rows, Rows]]:
        """Pairs (place of the indexed row, of the probing row) of equal hashes, some millions at a time."""
        if not len(self.slots):
            return
        place = buckets(hashes, self.bits)
        hit = np.flatnonzero(self.taken[place] & known)
        first = self.starts[place[hit]].astype(np.int64)
        lengths = self.starts[place[hit] + 1] - first
        ends = np.cumsum(lengths)
        begin = 0
        while begin < len(hit):
            done = ends[begin - 1] if begin else 0
            stop = max(begin + 1, int(np.searchsorted(ends, done + _BLOCK, "right")))
            part = slice(begin, stop)
            yield self._pairs(hit[part], first[part], lengths[part], hashes)
            begin = stop

    def _pairs(
        self,
        hit: Places,
        first: Ints,
        lengths: Ints,
        hashes: Hashes,
    ) -> tuple[Rows, Rows]:
        shift = first - (np.cumsum(lengths) - lengths)
        found = self.slots[np.arange(int(lengths.sum())) + np.repeat(shift, lengths)]
        mine = np.repeat(hit, lengths)
        same = found >> np.uint64(32) == hashes[mine] & _LOWER
        return (found[same] & _LOWER).astype(np.int32), mine[same].astype(np.int32)
