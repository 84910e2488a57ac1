"""Patterns of pairs and their classes, by the library: see ``levels.c``."""

from collections.abc import Callable, Sequence
from ctypes import Structure, byref, c_float, c_int64
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.arrays import Rows
from matching.comparison.native_rows import Columns, Words
from matching.native import Pointers, compiled

Ints = npt.NDArray[np.int64]
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
    held = Pointers()
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
    open_ = compiled().patterns(
        *given, size, byref(table), out.ctypes.data, keys.ctypes.data, byref(asked),
        asking.ctypes.data,
    )  # fmt: skip
    if open_:
        answers = _answers(keys[: asked.value], similar)
        compiled().answered(
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
