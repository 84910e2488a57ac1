"""Rows and texts as the library reads them: see ``rows.h``."""

from ctypes import Structure, byref, c_int64, c_void_p
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.arrays import Rows
from matching.comparison.strings import Texts
from matching.native import Pointers, address, compiled
from matching.normalise import NameParts, Side

Packed = npt.NDArray[np.void]
_COLUMNS: Final = {
    "licence": np.int64, "phone": np.int64,
    **dict.fromkeys(("first", "last", "middle", "street", "city", "zip", "county", "house", "ssn", "birth"), np.int32),
    "ssn4": np.int16, "sex": np.int8, "suffix": np.int8,
}  # fmt: skip
_ROW: Final = 64  # bytes of a row or a text: one line of a cache
_ROOM: Final = 256 << 20  # bytes of a side's rows that are kept packed
_PACKED: Final = np.dtype((np.void, _ROW))
_TEXT: Final = np.dtype(
    [
        *((name, np.uint64) for name in ("once", "twice")),
        *((name, np.int32) for name in ("head", "tail", "sound", "initial")),
        *(("begin", np.uint32), ("length", np.float32)),
        *((name, np.uint8) for name in ("surplus", "single", "nicknamed")),
        ("rest", np.void, 21),
    ]
)


class _Columns(Structure):
    _fields_ = [(name, c_void_p) for name in _COLUMNS]


class _Words(Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("names", "streets", "nicknames")),
        ("nickname_count", c_int64),
    ]


class Columns:
    """A side's columns. Holds the arrays that it points to."""

    def __init__(self, side: Side) -> None:
        self._held = Pointers()
        self.side, self.rows = side, side.rows
        self._all: Packed | None = None
        self._lock = Lock()
        self.table = _Columns(
            *(
                self._held(getattr(side, name).astype(kind, copy=False), kind)
                for name, kind in _COLUMNS.items()
            )
        )

    def packed(self, begin: int = 0, stop: int | None = None) -> Packed:
        """Rows with all columns of each in 64 bytes of its own: one line of a cache."""
        if self._all is not None:
            return self._all[begin:stop]
        size = (self.rows if stop is None else min(stop, self.rows)) - begin
        return self._packed(None, begin, size)

    def chosen(self, rows: Rows) -> tuple[Packed, Rows]:
        """Packed rows, and where among them the chosen ones are. All rows are packed where they have room."""
        with self._lock:
            if self._all is None and self.rows * _ROW <= _ROOM:
                self._all = self._packed(None, 0, self.rows)
        if self._all is not None:
            return self._all, rows
        return self._packed(rows, 0, len(rows)), np.arange(len(rows), dtype=np.int32)

    def _packed(self, rows: Rows | None, begin: int, size: int) -> Packed:
        packed = lines(size, _PACKED)
        chosen = None if rows is None else np.ascontiguousarray(rows)
        compiled().pack(
            byref(self.table),
            None if chosen is None else chosen.ctypes.data,
            begin,
            size,
            packed.ctypes.data,
        )
        return packed


class Words:
    """What is known of each name and street. Holds the arrays that it points to."""

    def __init__(
        self, parts: NameParts, names: Texts, streets: Texts, nicknames: npt.NDArray[np.int64]
    ) -> None:
        held = self._held = Pointers()
        known = _texts(names)
        for name in ("head", "tail", "sound", "initial", "single"):
            known[name] = getattr(parts, name)[: len(known)]
        heads = np.concatenate([nicknames >> 32, nicknames & 0xFFFFFFFF])
        known["nicknamed"] = np.isin(known["head"], heads)
        self.table = _Words(
            held(known, _TEXT),
            held(_texts(streets), _TEXT),
            held(nicknames, np.int64),
            len(nicknames),
        )


def _texts(texts: Texts) -> npt.NDArray[Any]:
    known = lines(len(texts.length), _TEXT)
    known[:] = np.zeros(1, _TEXT)
    for name in ("once", "twice", "surplus", "length"):
        known[name] = getattr(texts, name)
    known["begin"] = texts.head
    return known


def lines(size: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """Room for elements of 64 bytes, each of which begins where a line of a cache begins."""
    room = np.empty((size + 1) * _ROW, np.uint8)
    begin = -address(room) % _ROW
    return room[begin : begin + size * _ROW].view(kind)
