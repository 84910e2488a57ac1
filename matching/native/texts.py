"""Numbers of values and numbers in texts, by the library: see ``numbering.c`` and ``numbers.c``."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import texts
from matching.native.library import Pointers, compiled

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]


def number_values(values: Ints) -> tuple[Ints, int]:
    """Each value's number in order of first appearance, and how many values there are."""
    held, numbers = Pointers(), np.empty(len(values), np.int64)
    count = compiled().numbered(held(values, np.int64), len(values), numbers.ctypes.data)
    return numbers, _known(count)


def renumber(indices: Codes) -> tuple[Codes, Codes]:
    """The same numbers (-1 stays) in the order in which they appear, and which they were."""
    held, out = Pointers(), np.empty(len(indices), np.int32)
    most = int(indices.max(initial=-1)) + 1
    table, order = np.full(most, -1, np.int32), np.empty(most, np.int32)
    count = compiled().renumbered(
        held(indices, np.int32), len(indices), table.ctypes.data, out.ctypes.data, order.ctypes.data
    )
    return out, order[:count].copy()


def number_texts(column: pa.ChunkedArray) -> tuple[Codes, Codes]:
    """Each text's number in order of first appearance, and each number's first place. No text is null."""
    flat = column.combine_chunks()
    flat = flat if isinstance(flat, pa.Array) else pa.concat_arrays(flat.chunks)
    numbers, first = np.empty(len(flat), np.int32), np.empty(len(flat), np.int32)
    offsets, data = buffers(flat)
    count = compiled().numbered_texts(
        offsets.ctypes.data, data.ctypes.data, len(flat), numbers.ctypes.data, first.ctypes.data
    )
    return numbers, first[: _known(count)].copy()


def read_digits(column: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """The digits of each text as a number (-1: none), and how many there are."""
    values, lengths = (np.empty(len(column), np.int64) for _ in range(2))
    _each(column, compiled().digits, values, lengths)
    return values, lengths


def find_dummies(values: Ints, lengths: Ints, most: int, known: Ints) -> npt.NDArray[np.bool_]:
    """Which numbers of so many digits (at most ``most``) are one digit repeated, or known to stand for "none"."""
    held, found = Pointers(), np.empty(len(values), np.bool_)
    compiled().dummies(
        held(values, np.int64), held(lengths, np.int64), len(values), most,
        held(known, np.int64), len(known), found.ctypes.data,
    )  # fmt: skip
    return found


def read_licences(column: pa.ChunkedArray) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """Letters and digits in base 36, how many there are, and whether they are one and the same."""
    values, lengths = (np.empty(len(column), np.int64) for _ in range(2))
    same = np.empty(len(column), np.bool_)
    _each(column, compiled().licences, values, lengths, same)
    return values, lengths, same


def read_iso_dates(values: list[str]) -> Codes:
    """Dates written yyyy-mm-dd as yyyymmdd (0: no date); -1 for all others."""
    offsets, data = buffers(texts(values))
    dates = np.empty(len(values), np.int32)
    compiled().iso_dates(offsets.ctypes.data, data.ctypes.data, len(values), dates.ctypes.data)
    return dates


def read_houses(
    text: pa.Array, doors: Iterable[str]
) -> tuple[Codes, npt.NDArray[np.bool_], pa.Array]:
    """House numbers (-1: none), which texts begin in an odd way, and the streets in small letters.

    Streets end before the first word that begins a door; odd texts stay as they are.
    """
    words = sorted(doors)
    listed = b"".join(word.encode() + b"\0" for word in words) + b"\0"
    begins = np.zeros(256, np.bool_)
    begins[[ord(word[0]) for word in words]] = True
    offsets, data = buffers(text)
    house, odd = np.empty(len(text), np.int32), np.empty(len(text), np.bool_)
    ends = np.empty(len(text) + 1, np.int32)
    out = np.empty(int(offsets[-1] - offsets[0]) + 1, np.uint8)
    valid = text.buffers()[0]
    compiled().houses(
        offsets.ctypes.data, data.ctypes.data, None if valid is None else valid.address, text.offset, len(text),
        listed, begins.ctypes.data, house.ctypes.data, odd.ctypes.data, ends.ctypes.data, out.ctypes.data,
    )  # fmt: skip
    made = [None, pa.py_buffer(ends), pa.py_buffer(out)]
    return house, odd, pa.Array.from_buffers(pa.string(), len(text), made)


def _each(column: pa.ChunkedArray, work: Callable[..., None], *out: npt.NDArray[Any]) -> None:
    """Work on each chunk's texts, into the place of the chunk."""
    at = 0
    for chunk in column.chunks:
        offsets, data = buffers(chunk)
        valid = chunk.buffers()[0]
        work(
            offsets.ctypes.data, data.ctypes.data, None if valid is None else valid.address, chunk.offset,
            len(chunk), *(values[at:].ctypes.data for values in out),
        )  # fmt: skip
        at += len(chunk)


def buffers(texts: pa.Array) -> tuple[Codes, npt.NDArray[np.uint8]]:
    """Offsets and bytes of texts."""
    assert texts.type == pa.string(), "texts of another type than the library reads"
    _, offsets, data = texts.buffers()
    if not len(texts):
        return np.zeros(1, np.int32), np.zeros(1, np.uint8)
    known = np.frombuffer(offsets, np.int32, len(texts) + 1, 4 * texts.offset)
    return known, np.frombuffer(data or b"\0", np.uint8)


def _known(count: int) -> int:
    if count < 0:
        raise MemoryError
    return count
