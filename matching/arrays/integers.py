"""Set work on integer arrays by hashing or binary search, where sorting whole arrays would be slow."""

from typing import Any

import numpy as np
import numpy.typing as npt

from matching.arrow import array, column
from matching.native import library, texts

Ints = npt.NDArray[np.int64]
_ROOMY = 4  # numbers for each value that need not be used


def numbered(values: npt.NDArray[np.signedinteger[Any]]) -> tuple[Ints, int]:
    """Each value's number in order of first appearance, and how many values there are."""
    if not len(values):
        return np.empty(0, np.int64), 0
    if bool((values[1:] >= values[:-1]).all()):  # as rows of sorted pairs are
        number = np.zeros(len(values), np.int64)
        np.cumsum(values[1:] != values[:-1], out=number[1:])
        return number, int(number[-1]) + 1
    if library.LIBRARY is not None:
        most = min(_ROOMY * len(values), np.iinfo(np.int32).max)
        if int(values.min()) >= 0 and int(values.max()) < most:
            small, which = texts.renumbered(values.astype(np.int32, copy=False))
            return small.astype(np.int64), len(which)
        return texts.numbered(values.astype(np.int64, copy=False))
    encoded = column(values).dictionary_encode()
    return array(encoded.indices).astype(np.int64), len(encoded.dictionary)


def some_numbers(values: Ints) -> tuple[Ints, int]:
    """A number for each value, in some order, and a bound of them: values close together number themselves."""
    if not len(values):
        return values, 0
    low = int(values.min())
    room = int(values.max()) - low + 1
    return (values - low, room) if room <= _ROOMY * len(values) else numbered(values)


def among(values: Ints, sorted_keys: Ints) -> npt.NDArray[np.bool_]:
    """Which values are among a (short, sorted) list of keys."""
    if not len(sorted_keys):
        return np.zeros(len(values), np.bool_)
    place = np.minimum(np.searchsorted(sorted_keys, values), len(sorted_keys) - 1)
    return sorted_keys[place] == values


def within(numbers: npt.NDArray[np.signedinteger[Any]], chosen: Ints) -> npt.NDArray[np.bool_]:
    """Which numbers (small, not negative) are among the chosen ones."""
    flags = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
    flags[chosen] = True
    return flags[numbers]


def count_distinct(numbers: npt.NDArray[np.signedinteger[Any]]) -> int:
    """How many different numbers (small, not negative) there are."""
    flags = np.zeros(int(numbers.max(initial=-1)) + 1, np.bool_)
    flags[numbers] = True
    return int(flags.sum())
