"""A glance's tables for the library: see ``glance.h``, and ``screening.py`` for how each number is meant."""

import ctypes
from collections.abc import Sequence
from ctypes import Structure, c_float, c_int64, c_void_p
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from matching.arrays import Bools
from matching.comparison import Words
from matching.native import Pointers

Floats32 = npt.NDArray[np.float32]

_FIELDS, _LEVELS, _LOOKS = 11, 16, 8


class _Glance(Structure):
    _fields_ = [
        ("words", c_void_p),
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


@dataclass(frozen=True)
class Weighing:
    """What a glance adds up."""

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
    """The tables. Holds the arrays that it points to."""

    def __init__(self, words: Words, how: Weighing) -> None:
        held = self._held = Pointers()
        self._words = words
        self.table = _Glance(
            words=ctypes.addressof(words.table),
            similar=how.alike[0],
            close=how.alike[1],
            near_zip=held(how.near_zip, np.bool_),
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
                self.table.frequency[field] = held(table, np.float32)
