"""The compiled library: opened where there is one that was made from the text beside it."""

import ctypes
import hashlib
from ctypes import c_double, c_int64, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_LIBRARY = Path(__file__).with_name("_pairs.so")
_KINDS: Final[dict[str, Any]] = {"p": c_void_p, "n": c_int64, "f": c_double}
# what each function is given; `hatch_build.py` compiles them
_FUNCTIONS: Final[dict[str, tuple[Any, str]]] = {
    "joined": (c_int64, "pnppppnnnnpp"),
    "by_bucket": (None, "ppnnppp"),
    "tallied": (None, "pnnp"),
    "by_row": (None, "ppnnpppp"),
    "pack": (None, "ppnnp"),
    "keyed": (None, "pppnnnpp"),
    "parted": (None, "ppnnnpp"),
    "rows_in_buckets": (c_int64, "ppnnpp"),
    "count_buckets": (c_int64, "ppnnnnppp"),
    "patterns": (c_int64, "pppppnppppp"),
    "answered": (None, "ppppppnppp"),
    "houses": (None, "pppnnpppppp"),
    "propagate_beliefs": (None, "ppppnnnnffppp"),
    "numbered": (c_int64, "pnp"),
    "renumbered": (c_int64, "pnppp"),
    "numbered_texts": (c_int64, "ppnpp"),
    "digits": (None, "pppnnpp"),
    "licences": (None, "pppnnppp"),
    "favourite_odds": (None, "pppnpp"),
    "candidate_pairs": (c_int64, "pnppppnp"),
    "merged": (c_int64, "pnnpppp"),
    "connected_components": (None, "ppnpn"),
    "dummies": (None, "ppnnpnp"),
    "iso_dates": (None, "ppnp"),
    "comparable": (None, "ppnppppp"),
    "sounds": (None, "ppnp"),
    "rival_margins": (None, "ppppnppnpp"),
}


def opened() -> Any:
    """The library, or None."""
    if not _LIBRARY.exists():
        return None
    try:
        library = ctypes.CDLL(str(_LIBRARY))
    except OSError:  # made for another machine
        return None
    if not _of_this_source(library):
        return None
    for name, (result, given) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = [_KINDS[kind] for kind in given]
    return library


def _of_this_source(library: ctypes.CDLL) -> bool:
    """Whether a library was made from the text beside it: another one may read other tables."""
    files = sorted(p for p in _LIBRARY.parent.iterdir() if p.suffix in (".c", ".h"))
    text = b"".join(path.read_bytes() for path in files)
    try:
        made_from = c_uint64.in_dll(library, "source").value
    except ValueError:  # made before libraries said so
        return False
    return made_from == int(hashlib.sha256(text).hexdigest()[:16], 16)


LIBRARY: Any = opened()


def compiled() -> Any:
    """The library, or None where there is none."""
    return LIBRARY


class Pointers:
    """Pointers into arrays, which live as long as this does."""

    def __init__(self) -> None:
        self._arrays: list[npt.NDArray[Any]] = []

    def __call__(self, values: npt.NDArray[Any], kind: Any) -> int:
        """Where an array begins that has the type that the library reads; copied where it has gaps."""
        assert values.dtype == kind, "an array of another type than the library reads"
        self._arrays.append(np.ascontiguousarray(values))
        return address(self._arrays[-1])


def address(values: npt.NDArray[Any]) -> int:
    """Where an array begins (``ctypes.data`` takes ten times as long)."""
    return values.__array_interface__["data"][0]
