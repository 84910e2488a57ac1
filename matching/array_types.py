"""Names for the numpy arrays that this room's functions take and give."""

from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.signedinteger[Any]]  # whole numbers of any width
Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]  # in another array
Rows = npt.NDArray[np.int32]  # of a table
Codes = npt.NDArray[np.int32]  # of texts; -1 is missing
Small = npt.NDArray[np.int8]  # levels, decisions and other small numbers
Hashes = npt.NDArray[np.uint64]
