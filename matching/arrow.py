"""Arrays: names for the numpy ones that this room's functions take and give, and the way to Arrow's and back.

``pc`` are pyarrow's compute functions (made at run time, so a type checker can't see them). ``column``, ``texts`` and the
constants do what ``pa.array`` and ``pa.scalar`` do without a copy, and without importing pandas to ask whether they were given one of its
objects (so does every compute function that is given a Python value), also where nobody called
`systems.without_pandas.leave_pandas_out`, which a process with a database does.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

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

pc: Final[Any] = pyarrow.compute
_KINDS: Final = {
    "int8": pa.int8(), "int16": pa.int16(), "int32": pa.int32(), "int64": pa.int64(),
    "uint8": pa.uint8(), "uint32": pa.uint32(), "uint64": pa.uint64(), "float32": pa.float32(), "float64": pa.float64(),
}  # fmt: skip


def column(values: npt.NDArray[Any]) -> pa.Array:
    """An Arrow array of numbers without copying them; nothing is null."""
    values = np.ascontiguousarray(values)
    buffers = [None, pa.py_buffer(values)]
    return pa.Array.from_buffers(_KINDS[values.dtype.name], len(values), buffers)


def texts(values: list[str]) -> pa.Array:
    """An Arrow array of texts; nothing is null."""
    whole = np.frombuffer("\0".join(values).encode(), np.uint8)
    ends = np.flatnonzero(whole == 0)
    if len(ends) == len(values) - 1:
        data, lengths = whole[whole != 0], np.diff(ends, prepend=-1, append=len(whole)) - 1
    else:  # no text at all, or one with that character inside
        coded = [value.encode() for value in values]
        data, lengths = np.frombuffer(b"".join(coded), np.uint8), [len(value) for value in coded]
    offsets = np.zeros(len(values) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


EMPTY: Final[Any] = texts([""])[0]
NULL: Final[Any] = pa.nulls(1, pa.string())[0]
MINUS_ONE: Final[dict[str, Any]] = {
    name: column(np.array([-1], name))[0] for name in ("int8", "int16", "int32", "int64")
}


def filled(numbers: Any) -> Any:
    """The numbers with -1 for null."""
    return pc.fill_null(numbers, MINUS_ONE[str(numbers.type)])


def array(values: Any) -> npt.NDArray[Any]:
    """Numbers or truth values without nulls as a numpy array; chunks are put together."""
    if pa.types.is_boolean(values.type):
        return array(pc.cast(values, pa.uint8())).view(np.bool_)
    kind = np.dtype(values.type.to_pandas_dtype())
    parts = [
        np.frombuffer(chunk.buffers()[1], kind, len(chunk), chunk.offset * kind.itemsize)
        for chunk in (values.chunks if isinstance(values, pa.ChunkedArray) else [values])
        if len(chunk)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0, kind), *parts])
