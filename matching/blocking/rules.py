"""Which pairs are worth comparing: the rules (``rules.toml``) and the keys they make.

A rule is a list of parts for each side. Two rows meet when all parts are present and equal. A rule
whose value is too frequent is split by its ``refine`` parts, one after the other. The list holds
an address-free and a birth-date-relaxed route, since real linkages lose matches without either
(Zhang et al. 2020, Injury Prevention, needed both for about a fifth of their matches).
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.arrays import buckets, extend_hash, finish_hash, start_hash
from matching.arrow import Bools, Hashes, Ints, Rows
from matching.comparison import Columns
from matching.native import Pointers, address, compiled
from matching.normalise import Encoded, NameParts, Side
from matching.options import LASTING, MOST_EXACT

_ROOM: Final = 15  # bits of the buckets that are counted at a time: 256 kB for both sides
PARTS: Final = (
    "ssn", "licence", "phone", "zip", "birth", "year", "birthday", "first", "last", "first_root", "first_initial",
    "last_initial", "last_sound", "last_head", "last_tail", "double_tail", "address", "whole",
)  # fmt: skip
_NAME: Final = ("root", "initial", "sound", "head", "tail")


Keyed = tuple[Hashes, Bools]  # the key of each row, and whether the row has all its parts


class _Parts(Structure):
    _fields_ = [*((name, c_void_p) for name in _NAME), ("missing", c_int64)]


class HashedSide:
    """A side whose rows are hashed by some of their parts."""

    def __init__(self, columns: Columns, parts: NameParts) -> None:
        self.columns, self._pointers = columns, Pointers()
        lists = [self._pointers(getattr(parts, name), np.int32) for name in _NAME]
        self._parts = _Parts(*lists, len(parts.root) - 1)

    def hashes(self, names: tuple[str, ...], begin: int, stop: int) -> tuple[Hashes, Bools]:
        """A hash of some parts for each row from ``begin`` to ``stop``, and whether the row has them all."""
        kinds = np.array([PARTS.index(name) for name in names], np.uint8)
        size = max(0, min(stop, self.columns.rows) - begin)
        hashes, known = np.empty(size, np.uint64), np.empty(size, np.bool_)
        compiled().keyed(
            byref(self.columns.table), byref(self._parts), kinds, len(kinds), begin, size,
            hashes, known,
        )  # fmt: skip
        return hashes, known

    def refined(
        self, name: str, rows: Rows | None, begin: int, which: Bools | None, key: Keyed
    ) -> Keyed:
        """Keys with one more part: of all rows, or of those that ``which`` marks.

        Args:
            name: the part.
            rows: of each key, from ``begin`` on; None: one after the other.
            begin: where these begin.
            which: None: all.
            key: hashes, and whether each row has all parts.
        """
        hashes, known = key[0].copy(), key[1].copy()
        compiled().refined(
            byref(self.columns.table), byref(self._parts), PARTS.index(name), rows, begin,
            len(hashes), which, hashes, known,
        )  # fmt: skip
        return hashes, known


@dataclass(frozen=True)
class BucketCounts:
    """Pairs of all buckets of a rule, and which of these are frequent (None: no bucket)."""

    usable: bool  # both sides have rows with a key
    total: int
    frequent: Bools | None


Keys = Iterable[tuple[Hashes, Bools]]  # of a side, by chunks


def count_buckets(
    mine: Keys | None, theirs: Keys, bits: int, cap: int, most_records: int
) -> BucketCounts:
    """Count pairs by bucket.

    Args:
        mine: the cohort's keys; None: the same as the records'.
        theirs: the records'.
        bits: of a bucket's number.
        cap: more pairs make a bucket frequent.
        most_records: so do more records, where a row of the cohort meets them.
    """
    if compiled() is None:
        return _by_arrays(mine, theirs, bits, cap, most_records)
    part_bits = max(0, bits - _ROOM)
    sides = [_PartedKeys(keys, bits, part_bits) for keys in (mine, theirs) if keys is not None]
    room = np.empty(2 << (bits - part_bits), np.int32)
    which, found = np.zeros(1 << bits, np.bool_), c_int64(0)
    total = compiled().count_buckets(
        byref(sides[0].table), byref(sides[-1].table), bits, part_bits, cap, most_records,
        room, which, byref(found),
    )  # fmt: skip
    usable = bool(sides[0].known and sides[-1].known)
    return BucketCounts(usable, int(total), which if found.value else None)


def _by_arrays(
    mine: Keys | None, theirs: Keys, bits: int, cap: int, most_records: int
) -> BucketCounts:
    counts = np.zeros((2, 1 << bits), np.int64)
    for side, keys in zip(counts, (mine, theirs), strict=True):
        for hashes, known in () if keys is None else keys:
            np.add.at(side, buckets(hashes[known], bits), 1)
    counts[0] = counts[1] if mine is None else counts[0]
    pairs = counts[0] * counts[1]
    which = (pairs > cap) | ((counts[1] > most_records) & (counts[0] > 0))
    usable = bool(counts[0].any() and counts[1].any())
    return BucketCounts(usable, int(pairs.sum()), which if which.any() else None)


class _Parted(Structure):
    _fields_ = [*((n, c_void_p) for n in ("buckets", "begins", "starts")), ("chunks", c_int64)]


class _PartedKeys:
    """A side's rows by the upper bits of their buckets: counting goes from one small part to the next."""

    def __init__(self, keys: Keys, bits: int, part_bits: int) -> None:
        parts: list[npt.NDArray[np.uint32]] = []
        starts: list[npt.NDArray[np.int32]] = []
        for hashes, known in keys:
            out, ends = np.empty(len(hashes), np.uint32), np.empty((1 << part_bits) + 1, np.int32)
            compiled().parted(hashes, known, len(hashes), bits, part_bits, out, ends)
            parts.append(out[: ends[-1]].copy())
            starts.append(ends)
        self._buckets = np.concatenate([np.empty(0, np.uint32), *parts])
        self._starts = np.concatenate([np.empty(0, np.int32), *starts])
        self.known = sum(int(ends[-1]) for ends in starts)
        self._begins = np.cumsum([0, *map(len, parts)])
        arrays = self._buckets, self._begins, self._starts
        self.table = _Parted(*map(address, arrays), len(parts))


def rows_in_buckets(key: tuple[Hashes, Bools], bits: int, which: npt.NDArray[np.uint8]) -> Rows:
    """The rows (by place) whose bucket is among some, of which each has a bit (the lowest first)."""
    hashes, known = key
    if compiled() is None:
        here = np.unpackbits(which, bitorder="little")[buckets(hashes, bits)]
        return np.flatnonzero(known & (here > 0)).astype(np.int32)
    rows = np.empty(len(hashes), np.int32)
    count = compiled().rows_in_buckets(hashes, known, len(hashes), bits, which, rows)
    return rows[:count].copy()


@dataclass(frozen=True)
class Rule:
    """One route into the candidates."""

    name: str
    parts: tuple[str, ...]
    record_parts: tuple[str, ...] = ()  # where the records' side differs (swapped names)
    refine: tuple[str, ...] = ()
    most_records: int = 0  # of one value; above it is split (0: only a cap on pairs counts)
    wide: bool = False  # only used where the tables are small enough for it to be cheap
    always: bool = False  # its pairs are kept without a prefilter

    def of(self, records: bool) -> tuple[str, ...]:
        """The parts of one side."""
        return self.record_parts if records and self.record_parts else self.parts


def _rules() -> Iterator[Rule]:
    text = Path(__file__).with_name("rules.toml").read_text("utf-8")
    for row in tomllib.loads(text)["rules"]:
        lists: dict[str, Any] = {k: tuple(v) for k, v in row.items() if isinstance(v, list)}
        yield Rule(**row | lists)


RULES: tuple[Rule, ...] = tuple(_rules())


def rules_of(encoded: Encoded) -> tuple[Rule, ...]:
    """The rules of a linkage: those of every one, and one for each column of the user's own."""
    names = [name.removesuffix(LASTING) for name in encoded.exact]
    own = (Rule(f"exact: {name}", (_OWN[i],), always=True) for i, name in enumerate(names))
    return (*RULES, *own)


class Parts:
    """Every part that a rule may name, as integers; negative is missing. Each is made when asked for."""

    def __init__(
        self, encoded: Encoded, side: Side, keyed: HashedSide | None = None, begin: int = 0
    ) -> None:
        """``keyed`` is a whole side for the library, of which ``side`` is the part from ``begin`` on."""
        self._encoded, self.side = encoded, side
        self._made: dict[str, Ints] = {}
        self._keyed, self._begin = keyed, begin if keyed else 0

    def __getitem__(self, name: str) -> Ints:
        """The part of each row."""
        if name not in self._made:
            self._made[name] = _PARTS[name](self.side, self._encoded.parts)
        return self._made[name]

    def hashes(self, names: tuple[str, ...]) -> tuple[Hashes, Bools]:
        """A hash of some parts for each row, and whether the row has them all."""
        if compiled() is not None and names[0] not in _OWN:
            self._keyed = self._keyed or HashedSide(Columns(self.side), self._encoded.parts)
            return self._keyed.hashes(names, self._begin, self._begin + self.side.rows)
        part = self[names[0]]
        made, signs = start_hash(part), part
        for name in names[1:]:
            part = self[name]
            made, signs = extend_hash(made, part), signs | part
        return finish_hash(made), signs >= 0

    def refined(
        self, key: Keyed, name: str, which: Bools | None = None, rows: Rows | None = None
    ) -> Keyed:
        """Keys (of all rows, or of ``rows``) with one more part, where ``which`` says so; a row without the part has no key."""
        if compiled() is not None and name not in _OWN:
            self._keyed = self._keyed or HashedSide(Columns(self.side), self._encoded.parts)
            return self._keyed.refined(name, rows, self._begin, which, key)
        hashes, known = key
        part = self[name] if rows is None else self[name][rows]
        finer, has = finish_hash(extend_hash(hashes, part)), part >= 0
        if which is None:
            return finer, known & has
        return np.where(which, finer, hashes), known & (has | ~which)


def _double_tail(side: Side, names: NameParts) -> Ints:
    """The end of a surname of several parts; missing where there is one part."""
    tail = names.tail[side.last].astype(np.int64)
    return np.where(tail == names.head[side.last], -1, tail)


def _own(place: int) -> Callable[[Side, NameParts], Ints]:
    return lambda side, _: side.exact[place].astype(np.int64)


_OWN: Final = tuple(f"own {place}" for place in range(MOST_EXACT))
_PARTS: dict[str, Callable[[Side, NameParts], Ints]] = {
    "ssn": lambda s, _: s.ssn.astype(np.int64),
    "licence": lambda s, _: s.licence,
    "phone": lambda s, _: s.phone,
    "zip": lambda s, _: s.zip.astype(np.int64),
    "birth": lambda s, _: np.where(s.birth > 0, s.birth, -1).astype(np.int64),
    "year": lambda s, _: np.where(s.birth > 0, s.birth // 10_000, -1).astype(np.int64),
    "birthday": lambda s, _: np.where(s.birth % 10_000 > 0, s.birth % 10_000, -1).astype(np.int64),
    "first": lambda s, _: s.first.astype(np.int64),
    "last": lambda s, _: s.last.astype(np.int64),
    "first_root": lambda s, n: n.root[s.first].astype(np.int64),
    "first_initial": lambda s, n: n.initial[s.first].astype(np.int64),
    "last_initial": lambda s, n: n.initial[s.last].astype(np.int64),
    "last_sound": lambda s, n: n.sound[s.last].astype(np.int64),
    "last_head": lambda s, n: n.head[s.last].astype(np.int64),
    "last_tail": lambda s, n: n.tail[s.last].astype(np.int64),
    "double_tail": _double_tail,
    "address": lambda s, _: s.address,
    "whole": lambda s, _: s.whole.astype(np.int64),
    **{name: _own(place) for place, name in enumerate(_OWN)},
}
