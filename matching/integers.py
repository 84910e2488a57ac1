"""Set work on integer arrays by hashing or binary search, where sorting whole arrays would be slow."""

import numpy as np
import numpy.typing as npt

from matching.arrow import array, column

Ints = npt.NDArray[np.int64]


def numbered(values: Ints) -> tuple[Ints, int]:
    """Each value's number in order of first appearance, and how many values there are."""
    encoded = column(values).dictionary_encode()
    return array(encoded.indices).astype(np.int64), len(encoded.dictionary)


def among(values: Ints, sorted_keys: Ints) -> npt.NDArray[np.bool_]:
    """Which values are among a (short, sorted) list of keys."""
    if not len(sorted_keys):
        return np.zeros(len(values), np.bool_)
    place = np.minimum(np.searchsorted(sorted_keys, values), len(sorted_keys) - 1)
    return sorted_keys[place] == values


def count_distinct(values: Ints) -> int:
    """How many different values there are."""
    return numbered(values)[1]
