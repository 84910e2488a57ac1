"""Patterns of pairs and their classes, by the library: see ``levels.c`` and ``weighing.c``."""

from collections.abc import Callable, Sequence
from ctypes import Structure, byref, c_float, c_int64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.arrays import Rows
from matching.comparison.native_rows import Columns, Words
from matching.native import library

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Similar = Callable[[bool, Rows, Rows], Floats32]  # of streets or names, by codes

_FIELDS = 11
_ASKED = 4  # at most, of a pair: first, last and middle name, street
_STREETS = 62  # bit of a key
_CODE = 31


class _How(Structure):
    _fields_ = [
        *((name, c_float) for name in ("least", "similar", "close", "near_street")),
        ("sizes", c_int64 * _FIELDS),
    ]


@dataclass(frozen=True)
class Levels:
    """From which similarities texts are alike, and how many levels each field has."""

    least: float
    similar: float
    close: float
    near_street: float
    sizes: Sequence[int]


def patterns(
    words: Words,
    sides: tuple[Columns, Columns],
    pairs: tuple[Rows, Rows],
    how: Levels,
    similar: Similar,
) -> Rows:
    """All levels of each pair as one integer.

    Args:
        words: what is known of the texts.
        sides: cohort and records.
        pairs: rows of the two.
        how: see ``Levels``.
        similar: tells the similarity of pairs of texts (each is asked for once).
    """
    held = library.Held()
    size = len(pairs[0])
    chosen = [side.chosen(rows) for side, rows in zip(sides, pairs, strict=True)]
    given = (
        byref(words.table),
        *(held(packed, packed.dtype) for packed, _ in chosen),
        *(held(rows, np.int32) for _, rows in chosen),
    )
    table = _How(
        how.least, how.similar, how.close, how.near_street, (c_int64 * _FIELDS)(*how.sizes)
    )
    out, asking = np.empty(size, np.int32), np.empty(size, np.int32)
    keys, asked = np.empty(_ASKED * size, np.int64), c_int64()
    open_ = library.LIBRARY.patterns(
        *given, size, byref(table), out.ctypes.data, keys.ctypes.data, byref(asked),
        asking.ctypes.data,
    )  # fmt: skip
    if open_:
        answers = _answers(keys[: asked.value], similar)
        library.LIBRARY.answered(
            *given, asking.ctypes.data, open_, byref(table), out.ctypes.data, answers.ctypes.data
        )
    return out


def _answers(keys: Ints, similar: Similar) -> Floats32:
    distinct, place = np.unique(keys, return_inverse=True)
    low, high = (distinct >> _CODE) & ((1 << _CODE) - 1), distinct & ((1 << _CODE) - 1)
    streets = distinct >> _STREETS > 0
    found = np.empty(len(distinct), np.float32)
    for kind in (False, True):
        here = streets == kind
        found[here] = similar(kind, low[here].astype(np.int32), high[here].astype(np.int32))
    return np.ascontiguousarray(found[place])


def against(
    joint: Floats,
    same: npt.NDArray[np.uint32],
    place: Ints,
    b: Rows,
    tables: Sequence[tuple[Floats32, int]],
) -> tuple[Floats, Floats]:
    """How far a match is ahead of its likeliest rival, and each rival behind that one (rivals x pairs).

    Args:
        joint: log share of each class (patterns x classes).
        same: for each pattern, by bits, which frequencies count.
        place: the pattern of each pair.
        b: the record row of each pair.
        tables: frequencies by record row, each with the classes that it raises as bits.
    """
    held = library.Held()
    frequency = np.array([held(table, np.float32) for table, _ in tables], np.uint64)
    classes = np.array([who for _, who in tables], np.uint32)
    ahead = np.empty(len(b))
    behind = np.empty((joint.shape[1] - 1, len(b)))
    library.LIBRARY.against(
        held(joint, np.float64), held(same, np.uint32), held(place, np.int64), held(b, np.int32), len(b),
        held(frequency, np.uint64), held(classes, np.uint32), len(tables),
        ahead.ctypes.data, behind.ctypes.data,
    )  # fmt: skip
    return ahead, behind
