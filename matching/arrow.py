"""pyarrow's compute functions (made at run time, so a type checker can't see them), and its arrays.

``column`` and ``texts`` do what ``pa.array`` does, which imports pandas to ask whether it was given one
of its objects: half a second for a command line that needs none of it.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

pc: Final[Any] = pyarrow.compute
_KINDS: Final = {
    "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint32": pa.uint32(), "uint64": pa.uint64(), "float32": pa.float32(), "float64": pa.float64(),
}  # fmt: skip


def column(values: npt.NDArray[Any]) -> pa.Array:
    """An Arrow array of numbers without copying them; nothing is null."""
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(_KINDS[values.dtype.name], len(values), buffers)


def texts(values: list[str]) -> pa.Array:
    """An Arrow array of texts; nothing is null."""
    coded = [value.encode() for value in values]
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum([len(value) for value in coded], out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(coded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)
