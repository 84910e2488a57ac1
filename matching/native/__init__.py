"""The inner loop of a linkage in C, where it could be compiled; elsewhere numpy does the same.

``pairs.c`` joins a chunk of records with the indexed rows of the cohort, makes each pair once and glances at
it (``glance.h``); it also counts what each bucket of keys holds. It is compiled when the product is installed (``hatch_build.py``); without a compiler nothing is
missing but speed: ``LIBRARY`` is None, and ``blocking`` joins and ``screening`` glances with whole
arrays, to the same pairs (``test_native.py``).
"""

import ctypes
import hashlib
from collections.abc import Iterator, Sequence
from ctypes import POINTER, Structure, c_float, c_int64, c_uint64, c_void_p
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.joining import Bools, Hashes, Index, Rows, buckets
from matching.levels_numbers import nibbles
from matching.normalise.encode import Side
from matching.normalise.vocabulary import NameParts
from matching.strings import Texts

Ints = npt.NDArray[np.int64]
Floats32 = npt.NDArray[np.float32]
Packed = npt.NDArray[np.void]
Counts = npt.NDArray[np.int32]

_LIBRARY = Path(__file__).with_name("_pairs.so")
_ROOM = 1 << 17  # pairs that a call may give back
_RULE_BITS = 6  # of a pair's rule, as in blocking.py
_FIELDS, _LEVELS, _LOOKS = 11, 16, 8
_ROW = np.dtype(
    [
        *((name, np.int64) for name in ("licence", "phone")),
        *((n, np.int32) for n in ("first", "last", "middle", "street", "city", "zip", "county")),
        *(("house", np.int32), ("ssn", np.int32), ("date", np.uint32)),
        *(("ssn4", np.int16), ("sex", np.int8), ("suffix", np.int8)),
    ],
    align=True,
)
_NAME = np.dtype(
    [
        *((name, np.uint64) for name in ("once", "twice")),
        *((name, np.int32) for name in ("head", "tail", "sound", "initial")),
        *(("begin", np.uint32), ("length", np.float32)),
        *((name, np.uint8) for name in ("surplus", "single")),
    ],
    align=True,
)


class _Glance(Structure):
    _fields_ = [
        ("names", c_void_p),
        ("nicknames", c_void_p),
        ("nickname_count", c_int64),
        ("similar", c_float),
        ("close", c_float),
        ("frequency", c_void_p * _FIELDS),
        ("near_zip", c_void_p),
        ("near_zips", c_int64),
        ("weight", c_float * _LEVELS * _FIELDS),
        ("base", c_float),
        ("floors", c_float * _LOOKS),
        ("last_floor", c_float),
        ("other", c_float * 2),
        ("streets", c_float * 4),
        ("plain", c_float * 3 * 3),
    ]


class _Rule(Structure):
    _fields_ = [
        ("number", c_int64),
        ("bits", c_int64),
        *((name, c_void_p) for name in ("taken", "starts", "slots", "hashes", "known")),
    ]


class _Out(Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("pair", "caught", "bound", "met", "sorted")),
        *((name, c_int64) for name in ("room", "made", "need")),
    ]


def _opened() -> Any:
    if not _LIBRARY.exists():
        return None
    try:
        library = ctypes.CDLL(str(_LIBRARY))
    except OSError:  # made for another machine
        return None
    if not _of_this_source(library):
        return None
    library.joined.restype = library.crowded.restype = c_int64
    library.joined.argtypes = [
        POINTER(_Rule), c_int64, POINTER(_Glance), c_void_p, c_void_p, c_void_p,
        c_int64, c_int64, c_int64, c_int64, c_void_p, POINTER(_Out),
    ]  # fmt: skip
    library.count.restype = None
    library.count.argtypes = [c_void_p, c_void_p, c_int64, c_int64, c_void_p, c_void_p]
    library.crowded.argtypes = [c_void_p, c_void_p, c_int64, c_int64, c_int64, c_void_p]
    return library


def _of_this_source(library: ctypes.CDLL) -> bool:
    """Whether a library was made from the text beside it: another one may read other tables."""
    text = b"".join(_LIBRARY.with_name(name).read_bytes() for name in ("glance.h", "pairs.c"))
    try:
        made_from = c_uint64.in_dll(library, "source").value
    except ValueError:  # made before libraries said so
        return False
    return made_from == int(hashlib.sha256(text).hexdigest()[:16], 16)


LIBRARY: Any = _opened()


@dataclass(frozen=True)
class Weighing:
    """What a glance adds up: see ``Screen``, which says how each number is meant."""

    weights: Sequence[Floats32]  # by field and level
    frequencies: Sequence[Floats32 | None]  # by field and record row
    base: float
    floors: Sequence[float]  # what the sum must exceed after each look
    last_floor: float  # ... and after the names' letters
    other: Sequence[float]  # first and last names that are not equal
    streets: Sequence[float]  # same, near, on the street, different
    plain: Sequence[Sequence[float]]  # middle name, sex, suffix: equal, other, missing
    near_zip: Bools
    alike: tuple[float, float]  # similarities from which names may be similar, close


class Glance:
    """A glance's tables, as the library reads them. Holds the arrays that it points to."""

    def __init__(self, parts: NameParts, texts: Texts, nicknames: Ints, how: Weighing) -> None:
        names = np.zeros(len(texts.length), _NAME)
        for name in ("head", "tail", "sound", "initial", "single"):
            names[name] = getattr(parts, name)[: len(names)]
        for name in ("once", "twice", "surplus", "length"):
            names[name] = getattr(texts, name)
        names["begin"] = texts.head
        self._held: list[npt.NDArray[Any]] = []
        self.table = _Glance(
            names=self._pointer(names, _NAME),
            nicknames=self._pointer(nicknames, np.int64),
            nickname_count=len(nicknames),
            similar=how.alike[0],
            close=how.alike[1],
            near_zip=self._pointer(how.near_zip, np.bool_),
            near_zips=len(how.near_zip),
            base=how.base,
            floors=(c_float * _LOOKS)(*how.floors),
            last_floor=how.last_floor,
            other=(c_float * 2)(*how.other),
            streets=(c_float * 4)(*how.streets),
        )
        for place, three in enumerate(how.plain):
            self.table.plain[place][:] = list(three)
        for field, (weights, table) in enumerate(zip(how.weights, how.frequencies, strict=True)):
            self.table.weight[field][: len(weights)] = weights.tolist()
            if table is not None:
                self.table.frequency[field] = self._pointer(table, np.float32)

    def _pointer(self, values: npt.NDArray[Any], kind: Any) -> int:
        assert values.dtype == kind, "an array of another type than the library reads"
        self._held.append(np.ascontiguousarray(values))
        return self._held[-1].ctypes.data


def packed(side: Side) -> Packed:
    """What a glance needs of each row in 64 bytes of its own: one line of a cache."""
    rows = np.empty(side.rows, _ROW)
    for name in _ROW.names or ():
        rows[name] = nibbles(side.birth) if name == "date" else getattr(side, name)
    return rows


@dataclass(frozen=True)
class Indexed:
    """The cohort's rows that are looked up: their numbers, what they hold, and by rule's number an index."""

    rows: Rows
    packed: Packed
    indexes: Sequence[tuple[int, Index]]


@dataclass(frozen=True)
class Chunk:
    """Records that look themselves up, from ``begin`` on: what they hold, and their key in each rule."""

    begin: int
    packed: Packed
    keys: Sequence[tuple[Hashes, Bools]]


def joined(
    mine: Indexed, chunk: Chunk, glance: Glance | None, made: Ints, *, same_table: bool
) -> Iterator[tuple[Ints, Ints, Floats32]]:
    """Pairs of a chunk, packed as in ``blocking``, the rules that make each, and its glance's sum.

    ``made`` counts the pairs that each rule makes. Each pair comes once, and not at all where the
    glance says that it can't matter.
    """
    held: list[npt.NDArray[Any]] = []

    def pointer(values: npt.NDArray[Any]) -> int:
        held.append(np.ascontiguousarray(values))
        return held[-1].ctypes.data

    used = [k for k, (_, index) in enumerate(mine.indexes) if len(index.slots)]
    rules = (_Rule * len(used))()
    for place, k in enumerate(used):
        number, index = mine.indexes[k]
        bits = np.packbits(index.taken, bitorder="little")
        arrays = (bits, index.starts, index.slots, *chunk.keys[k])
        rules[place] = _Rule(number, index.bits, *map(pointer, arrays))
    counts = np.zeros(1 << _RULE_BITS, np.int64)
    rows, own, theirs = map(pointer, (mine.rows, mine.packed, chunk.packed))
    table = None if glance is None else glance.table
    room, at, size = _ROOM, 0, len(chunk.packed)
    while at < size:
        pair, caught, met, ordered = (np.empty(room, np.int64) for _ in range(4))
        bound = np.empty(room, np.float32)
        buffers = (v.ctypes.data for v in (pair, caught, bound, met, ordered))
        out = _Out(*buffers, room, 0, 0)
        at = LIBRARY.joined(
            rules, len(used), table, own, rows, theirs,
            chunk.begin, at, size, same_table, counts.ctypes.data, out,
        )  # fmt: skip
        room = max(room, out.need)
        yield pair[: out.made], caught[: out.made], bound[: out.made]
    made += counts[[number for number, _ in mine.indexes]]


def count(key: tuple[Hashes, Bools], bits: int, counts: Counts, only: Counts | None = None) -> None:
    """Count rows by the bucket of their hash; with ``only``, in buckets that it has counted some in."""
    hashes, known = key
    if LIBRARY is None:
        place = buckets(hashes[known], bits)
        np.add.at(counts, place if only is None else place[only[place] > 0], 1)
        return
    hashes, known = np.ascontiguousarray(hashes), np.ascontiguousarray(known)
    limit = None if only is None else only.ctypes.data
    LIBRARY.count(
        hashes.ctypes.data, known.ctypes.data, len(hashes), bits, limit, counts.ctypes.data
    )


def crowded(mine: Counts, theirs: Counts, cap: int, crowd: int) -> tuple[int, Bools]:
    """Pairs of all buckets, and which have more pairs than ``cap`` or, met by a row, records than ``crowd``."""
    if LIBRARY is None:
        pairs = mine.astype(np.int64) * theirs
        return int(pairs.sum()), (pairs > cap) | ((theirs > crowd) & (mine > 0))
    which = np.empty(len(mine), np.bool_)
    total = LIBRARY.crowded(
        mine.ctypes.data, theirs.ctypes.data, len(mine), cap, crowd, which.ctypes.data
    )
    return int(total), which
