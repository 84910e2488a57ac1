"""Arrays of strings in which None stands for a missing value."""

from typing import Any

import numpy as np
import numpy.typing as npt

from synthetic.people.names import Strings

Mask = npt.NDArray[np.bool_]


def choose(where: Mask, yes: Any, no: Any) -> Strings:
    """Like ``numpy.where``, for strings and None."""
    return np.asarray(np.where(where, yes, no), dtype=object)


def absent(values: Strings) -> Mask:
    """Where a value is missing."""
    missing: Any = None
    return np.asarray(np.equal(values, missing), dtype=bool)
