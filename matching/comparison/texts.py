"""rapidfuzz, wrapped: similarities of many pairs of texts at once, each distinct pair once; rows and texts for the library.

Before any metric runs, letters are counted: two texts that share too few can't be similar. The
bound never is below the similarity (a property test holds it against rapidfuzz).
"""

from ctypes import Structure, byref, c_int64, c_void_p
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import JaroWinkler
from rapidfuzz.process import cpdist

from matching.arrow import Codes, Floats32, Hashes, Ints, Places, Rows
from matching.native import Pointers, address, compiled
from matching.normalise import NameParts, Side

_LONGEST = 32  # bytes of a text that is bounded; longer ones always go to the metric
SLACK = 1e-4  # the bound is in 32 bits
_AT_A_TIME = 1 << 16  # texts whose letters are counted together


@dataclass(frozen=True)
class Texts:
    """Texts by code, with what bounds their similarity."""

    objects: npt.NDArray[np.object_]
    length: Floats32  # characters; 0: not bounded
    once: Hashes  # which letters it has
    twice: Hashes  # which it has at least twice
    surplus: npt.NDArray[np.uint8]  # how many letters beyond two of a kind
    head: npt.NDArray[np.uint32]  # its first four characters

    @classmethod
    def of(cls, texts: list[str]) -> "Texts":
        """Count the letters of each text."""
        objects = np.empty(len(texts), dtype=object)
        objects[:] = texts
        parts = [
            _counted(texts[i : i + _AT_A_TIME]) for i in range(0, max(1, len(texts)), _AT_A_TIME)
        ]
        return cls(objects, *(np.concatenate(column) for column in zip(*parts, strict=True)))

    def jaro_winkler(self, x: Codes, y: Codes, least: float) -> Floats32:
        """Similarity of each pair of codes; 0 where it is below ``least``."""
        result = np.zeros(len(x), np.float32)
        maybe = np.flatnonzero(self.bound(x, y) >= least - SLACK)
        if len(maybe):
            left, right, place = distinct_pairs(x[maybe], y[maybe])
            found = jaro_winkler(self.objects[left], self.objects[right], least)
            result[maybe] = found[place]
        return result

    def bound(self, x: Codes, y: Codes) -> Floats32:
        """A similarity that the pair's own never exceeds.

        Jaro's matching characters are at most the letters in common, k; with lengths m and n it is at
        most (k/m + k/n + 1) / 3. Winkler adds a tenth of the rest for each shared first character, up to four.
        """
        common = np.bitwise_count(self.once[x] & self.once[y])
        common += np.bitwise_count(self.twice[x] & self.twice[y])
        common += np.minimum(self.surplus[x], self.surplus[y])
        m, n = self.length[x], self.length[y]
        apart = self.head[x] ^ self.head[y]
        prefix = (apart < 1 << 24).astype(np.float32)
        for bits in (16, 8, 0):
            prefix += apart < (1 << bits)
        shared = common.astype(np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            jaro = (shared / m + shared / n + np.float32(1)) * np.float32(1 / 3)
        jaro = np.where(common == 0, np.float32(0), np.minimum(jaro, np.float32(1)))
        jaro += prefix * np.float32(0.1) * (np.float32(1) - jaro)
        return np.where((m == 0) | (n == 0), np.float32(1), jaro)


def jaro_winkler(a: npt.NDArray[np.object_], b: npt.NDArray[np.object_], least: float) -> Floats32:
    """Jaro-Winkler similarity of each pair; 0 where it is below ``least`` (cheaper)."""
    if not len(a):
        return np.empty(0, np.float32)
    return cpdist(
        a, b, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float32, workers=1
    )


def distinct_pairs(a: Codes, b: Codes) -> tuple[Codes, Codes, Places]:
    """Distinct unordered pairs of codes, and for each given pair its place among them."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    keys, place = np.unique(low << 32 | high, return_inverse=True)
    return (keys >> 32).astype(np.int32), (keys & 0xFFFFFFFF).astype(np.int32), place


def _counted(
    texts: list[str],
) -> tuple[Floats32, Hashes, Hashes, npt.NDArray[np.uint8], npt.NDArray[np.uint32]]:
    """Length, letters, letters twice, surplus and first characters of each text."""
    whole = "".join(texts)
    sizes = map(len, texts) if whole.isascii() else (len(text.encode()) for text in texts)
    offsets = np.zeros(len(texts) + 1, np.int64)
    np.cumsum(np.fromiter(sizes, np.int64, len(texts)), out=offsets[1:])
    letters = np.frombuffer(whole.encode(), np.uint8)
    starts, lengths = offsets[:-1], np.diff(offsets)
    plain = lengths <= _LONGEST
    once, twice = np.zeros(len(texts), np.uint64), np.zeros(len(texts), np.uint64)
    surplus, head = np.zeros(len(texts), np.uint8), np.zeros(len(texts), np.uint32)
    for place in range(min(_LONGEST, int(lengths.max(initial=0)))):
        here = np.flatnonzero(place < lengths)
        letter = letters[starts[here] + place]
        plain[here[letter > 127]] = False
        bit = _BITS[letter]
        again = once[here] & bit
        third = twice[here] & again
        surplus[here] += third > 0
        twice[here] |= again
        once[here] |= bit
        if place < 4:
            head[here] |= letter.astype(np.uint32) << np.uint32(24 - 8 * place)
    return np.where(plain, lengths, 0).astype(np.float32), once, twice, surplus, head


def _letter_bits() -> Hashes:
    bits = np.full(256, 1 << 63, np.uint64)
    for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz0123456789 "):
        bits[ord(letter)] = np.uint64(1 << i)
    return bits


_BITS = _letter_bits()


# rows and texts as the library reads them: see ``rows.h``

Packed = npt.NDArray[np.void]
_COLUMNS: Final = {
    "licence": np.int64, "phone": np.int64,
    **dict.fromkeys(("first", "last", "middle", "street", "city", "zip", "county", "house", "ssn", "birth", "whole"), np.int32),
    "ssn4": np.int16, "sex": np.int8, "suffix": np.int8,
}  # fmt: skip
NICKNAMES, SPELLINGS = range(2)
"""Lists of pairs of names."""
_ROW: Final = 64  # bytes of a row or a text: one line of a cache
_ROOM: Final = 256 << 20  # bytes of a side's rows that are kept packed
_PACKED: Final = np.dtype((np.void, _ROW))
_TEXT: Final = np.dtype(
    [
        *((name, np.uint64) for name in ("once", "twice")),
        *((name, np.int32) for name in ("head", "tail", "sound", "initial")),
        *(
            ("begin", np.uint32),
            ("length", np.float32),
            ("letters", np.uint64),
            ("voice", np.int32),
        ),
        *((name, np.uint8) for name in ("surplus", "single", "listed")),
        ("rest", np.void, 9),
    ]
)


class _Columns(Structure):
    _fields_ = [(name, c_void_p) for name in _COLUMNS]


class _Words(Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("names", "streets", "pairs")),
        ("pair_count", c_int64),
    ]


class Columns:
    """A side's columns. Holds the arrays that it points to."""

    def __init__(self, side: Side) -> None:
        self._pointers = Pointers()
        self.side, self.rows = side, side.rows
        self._all: Packed | None = None
        self._lock, self._chosen = Lock(), 0
        self.table = _Columns(
            *(
                self._pointers(getattr(side, name).astype(kind, copy=False), kind)
                for name, kind in _COLUMNS.items()
            )
        )

    def packed(self) -> Packed:
        """Rows with all columns of each in 64 bytes of its own: one line of a cache."""
        return self._packed(None, self.rows) if self._all is None else self._all

    def packed_at(self, rows: Rows) -> Packed:
        """The same, of which only some rows hold anything."""
        packed = lines(self.rows, _PACKED)
        packed[rows] = self._packed(rows, len(rows))
        return packed

    def chosen(self, rows: Rows) -> tuple[Packed, Rows]:
        """Packed rows, and where among them the chosen ones are. All rows are packed where they have room and as many were chosen so far."""
        with self._lock:
            self._chosen += len(rows)
            if self._all is None and self._chosen >= self.rows and self.rows * _ROW <= _ROOM:
                self._all = self._packed(None, self.rows)
        if self._all is not None:
            return self._all, rows
        return self._packed(rows, len(rows)), np.arange(len(rows), dtype=np.int32)

    def _packed(self, rows: Rows | None, size: int) -> Packed:
        packed = lines(size, _PACKED)
        compiled().pack(byref(self.table), rows, 0, size, packed)
        return packed


class Words:
    """What is known of each name and street. Holds the arrays that it points to."""

    def __init__(self, parts: NameParts, names: Texts, streets: Texts, pairs: Ints) -> None:
        pointer = self._pointers = Pointers()
        known = _texts(names)
        for name in ("head", "tail", "sound", "voice", "initial", "letters", "single"):
            known[name] = getattr(parts, name)[: len(known)]
        for number in (NICKNAMES, SPELLINGS):
            here = pairs[pairs >> 31 & 1 == number]
            heads = np.concatenate([here >> 32, here & 0x7FFFFFFF])
            known["listed"] |= np.isin(known["head"], heads).view(np.uint8) << np.uint8(number)
        self.table = _Words(
            pointer(known, _TEXT),
            pointer(_texts(streets), _TEXT),
            pointer(pairs, np.int64),
            len(pairs),
        )


def _texts(texts: Texts) -> npt.NDArray[Any]:
    known = lines(len(texts.length), _TEXT)
    known[:] = np.zeros(1, _TEXT)
    for name in ("once", "twice", "surplus", "length"):
        known[name] = getattr(texts, name)
    known["begin"] = texts.head
    return known


def lines(size: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Room for elements of 64 bytes, each of which begins where a line of a cache begins."""
    room = np.empty((size + 1) * _ROW, np.uint8)
    begin = -address(room) % _ROW
    return room[begin : begin + size * _ROW].view(kind)
