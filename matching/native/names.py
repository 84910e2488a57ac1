"""Many names at a time, by the library: see ``names.c``, and ``normalise/names.py`` for what is done."""

from collections.abc import Collection
from ctypes import Structure, byref, c_int64, c_void_p
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import texts
from matching.native.library import Pointers, compiled
from matching.native.texts import buffers

Ints = npt.NDArray[np.int64]

_LONGEST: Final = 16  # letters of a listed word
_LISTS: Final = ("nothing", "placeholders", "between", "endings", "particles")


class _List(Structure):
    _fields_ = [("words", c_void_p), ("count", c_int64)]


class _Lists(Structure):
    _fields_ = [(name, _List) for name in _LISTS]


class NameLists:
    """What names are looked through for. Holds the arrays that it points to."""

    def __init__(
        self,
        nothing: Collection[str],
        placeholders: Collection[str],
        between: Collection[str],
        endings: Collection[str],
        particles: Collection[str] = (),
    ) -> None:
        self._held = Pointers()
        self.endings = list[str]()
        lists: list[_List] = []
        for name, words in zip(
            _LISTS, (nothing, placeholders, between, endings, particles), strict=True
        ):
            packed = sorted((_packed(word), word) for word in words)
            if name == "endings":
                self.endings = [word for _, word in packed]
            numbers = np.array([key for key, _ in packed], np.uint64).reshape(-1)
            lists.append(_List(self._held(numbers, np.uint64), len(packed)))
        self.table = _Lists(*lists)


def _packed(word: str) -> tuple[int, int]:
    known = word.encode()
    assert len(known) <= _LONGEST, "a longer word than the library compares"
    assert known.isalnum(), "a word that folded names can't have"
    whole = known.ljust(_LONGEST, b"\0")
    return int.from_bytes(whole[:8], "little"), int.from_bytes(whole[8:], "little")


def comparable_names(
    values: list[str], lists: NameLists
) -> tuple[list[str], npt.NDArray[np.int8], npt.NDArray[np.intp]]:
    """Comparable names (empty: says nothing), the place of the ending that each has, and which are left to others."""
    size = len(values)
    offsets, data = buffers(texts(values))
    ends, out = np.empty(size + 1, np.int32), np.empty(int(offsets[-1]) + 1, np.uint8)
    ending, odd = np.empty(size, np.int8), np.empty(size, np.bool_)
    compiled().comparable(
        offsets.ctypes.data, data.ctypes.data, size, byref(lists.table),
        ends.ctypes.data, out.ctypes.data, ending.ctypes.data, odd.ctypes.data,
    )  # fmt: skip
    made = pa.Array.from_buffers(pa.string(), size, [None, pa.py_buffer(ends), pa.py_buffer(out)])
    return made.to_pylist(), ending, np.flatnonzero(odd)


def sound_keys(words: list[str]) -> Ints:
    """The sound of each text's first word as the bytes of a number; -1: left to others."""
    offsets, data = buffers(texts(words))
    keys = np.empty(len(words), np.int64)
    compiled().sounds(offsets.ctypes.data, data.ctypes.data, len(words), keys.ctypes.data)
    return keys
