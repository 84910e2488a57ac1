"""The compiled library, opened where there is one that was made from the text beside it, and calls of its functions.

Each call gives arrays to C and gives arrays back; its C file says what is done.
"""

import ctypes
import hashlib
from collections.abc import Callable, Collection, Iterable
from ctypes import Structure, byref, c_double, c_int64, c_uint64, c_void_p
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import Bools, Codes, Floats, Ints, Numbers, Places, Rows, Small, texts

LIBRARY_FILE = Path(__file__).with_name("_pairs.so")


class _Array:
    """An argument that is an array of one type, or None: the library is told where it begins."""

    def __init__(self, kind: str) -> None:
        self._kind = None if kind == "V" else np.dtype(kind)

    def from_param(self, values: npt.NDArray[Any] | None) -> Any:
        """What ctypes hands on, and keeps while the function works: a copy where the array has gaps."""
        if values is None:
            return None
        assert self._kind in (None, values.dtype), "an array of another type than the library reads"
        return np.ascontiguousarray(values).ctypes


# pointer, whole number, real number; arrays are called as numpy calls their types (V: any)
_KINDS: Final[dict[str, Any]] = {
    "p": c_void_p, "n": c_int64, "r": c_double, **{kind: _Array(kind) for kind in "?bBiIqQfdV"},
}  # fmt: skip
# what each function is given; `hatch_build.py` compiles them
_FUNCTIONS: Final[dict[str, tuple[Any, str]]] = {
    "joined": (c_int64, "pnpVinVnnnnqp"),
    "within": (c_int64, "pppVnnnqp"),
    "in_parts": (None, "Q?nnnnQi"),
    "in_buckets": (None, "pnniQ"),
    "by_bucket": (None, "Q?nniBQ"),
    "tallied": (None, "qnnq"),
    "by_row": (None, "qqnnqiiq"),
    "pack": (None, "pinnV"),
    "keyed": (None, "ppBnnnQ?"),
    "refined": (None, "ppninn?Q?"),
    "parted": (None, "Q?nnnIi"),
    "among": (None, "QnQni?"),
    "rows_in_buckets": (c_int64, "Q?nnBi"),
    "count_buckets": (c_int64, "ppnnnni?p"),
    "patterns": (c_int64, "pVViinpiqpi"),
    "answered": (None, "pVViiinpif"),
    "houses": (None, "iBpnnp?i?iB"),
    "propagate_beliefs": (None, "iiidnnnnrrddp"),
    "numbered": (c_int64, "qnq"),
    "renumbered": (c_int64, "iniii"),
    "perhaps_shared": (c_int64, "Vnnnnii"),
    "numbered_texts": (c_int64, "iBnii"),
    "digits": (None, "iBpnnqq"),
    "licences": (None, "iBpnnqq?"),
    "favourite_odds": (None, "iidndd"),
    "candidate_pairs": (c_int64, "qniidinV"),
    "merged": (c_int64, "VnnqVqd"),
    "connected_components": (None, "qqnqn"),
    "dummies": (None, "qqnnqn?"),
    "iso_dates": (None, "iBni"),
    "comparable": (None, "iBnpiBb?"),
    "sounds": (None, "iBnq"),
    "rival_margins": (None, "dIqinQIndd"),
}


def opened() -> Any:
    """The library, or None."""
    if not LIBRARY_FILE.exists():
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY_FILE))
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
    files = sorted(p for p in LIBRARY_FILE.parent.iterdir() if p.suffix in (".c", ".h"))
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


class PairsOut(ctypes.Structure):
    """Where pairs go: packed, with their rules; room for those of a block before they are made distinct; how many fit and are in."""

    _fields_ = [
        *((name, c_void_p) for name in ("pair", "caught", "met", "sorted")),
        *((name, c_int64) for name in ("room", "made", "need")),
    ]


class Pointers:
    """Pointers into arrays for a structure, which live as long as this does."""

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


# numbering.c, numbers.c, streets.c


def number_values(values: Ints) -> tuple[Ints, int]:
    """Each value's number in order of first appearance, and how many values there are."""
    numbers = np.empty(len(values), np.int64)
    return numbers, _known(compiled().numbered(values, len(values), numbers))


def renumber(indices: Codes) -> tuple[Codes, Codes]:
    """The same numbers (-1 stays) in the order in which they appear, and which they were."""
    out, most = np.empty(len(indices), np.int32), int(indices.max(initial=-1)) + 1
    table, order = np.full(most, -1, np.int32), np.empty(most, np.int32)
    count = compiled().renumbered(indices, len(indices), table, out, order)
    return out, order[:count].copy()


def perhaps_shared(values: Numbers, bits: int, most: int) -> Rows:
    """The rows whose value (not negative) more rows than ``most`` may have, by so many bits of its hash."""
    many, rows = np.zeros(1 << bits, np.int32), np.empty(len(values), np.int32)
    wide = values.dtype == np.int64
    assert wide or values.dtype == np.int32, "an array of another type than the library reads"
    count = compiled().perhaps_shared(values, wide, len(values), bits, most, many, rows)
    return rows[:count].copy()


def in_order(values: Codes) -> Rows:
    """The places of values that are not negative in these values' order, as a stable argsort has them."""
    known, bits = values >= 0, max(1, int(values.max(initial=0)).bit_length())
    starts, taken = np.zeros((1 << bits) + 1, np.int32), np.zeros(1 << bits, np.uint8)
    slots = np.empty(int(np.count_nonzero(known)), np.uint64)
    hashes = values.astype(np.uint64) << np.uint64(64 - bits)  # each its own bucket
    compiled().by_bucket(hashes, known, len(values), bits, starts, taken, slots)
    return slots.astype(np.uint32).view(np.int32)


def number_texts(column: pa.ChunkedArray) -> tuple[Codes, Codes]:
    """Each text's number in order of first appearance, and each number's first place. No text is null."""
    flat = column.combine_chunks()
    flat = flat if isinstance(flat, pa.Array) else pa.concat_arrays(flat.chunks)
    numbers, first = np.empty(len(flat), np.int32), np.empty(len(flat), np.int32)
    count = compiled().numbered_texts(*buffers(flat), len(flat), numbers, first)
    return numbers, first[: _known(count)].copy()


def read_digits(column: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """The digits of each text as a number (-1: none), and how many there are."""
    values, lengths = (np.empty(len(column), np.int64) for _ in range(2))
    _each(column, compiled().digits, values, lengths)
    return values, lengths


def find_dummies(values: Ints, lengths: Ints, most: int, known: Ints) -> Bools:
    """Which numbers of so many digits (at most ``most``) are one digit repeated, or known to stand for "none"."""
    found = np.empty(len(values), np.bool_)
    compiled().dummies(values, lengths, len(values), most, known, len(known), found)
    return found


def read_licences(column: pa.ChunkedArray) -> tuple[Ints, Ints, Bools]:
    """Letters and digits in base 36, how many there are, and whether they are one and the same."""
    values, lengths = (np.empty(len(column), np.int64) for _ in range(2))
    same = np.empty(len(column), np.bool_)
    _each(column, compiled().licences, values, lengths, same)
    return values, lengths, same


def read_iso_dates(values: list[str]) -> Codes:
    """Dates written yyyy-mm-dd as yyyymmdd (0: no date); -1 for all others."""
    dates = np.empty(len(values), np.int32)
    compiled().iso_dates(*buffers(texts(values)), len(values), dates)
    return dates


def read_houses(text: pa.Array, doors: Iterable[str]) -> tuple[Codes, Bools, pa.Array]:
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
    compiled().houses(
        offsets, data, _valid(text), text.offset, len(text), listed, begins, house, odd, ends, out
    )
    made = [None, pa.py_buffer(ends), pa.py_buffer(out)]
    return house, odd, pa.Array.from_buffers(pa.string(), len(text), made)


def _each(column: pa.ChunkedArray, work: Callable[..., None], *out: npt.NDArray[Any]) -> None:
    """Work on each chunk's texts, into the place of the chunk."""
    at = 0
    for chunk in column.chunks:
        places = (values[at:] for values in out)
        work(*buffers(chunk), _valid(chunk), chunk.offset, len(chunk), *places)
        at += len(chunk)


def _valid(text: pa.Array) -> int | None:
    """Where the bits begin that say which texts are not null; None: all."""
    bits = text.buffers()[0]
    return None if bits is None else bits.address


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


# names.c: see ``normalise/names.py`` for what is done


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
        self._pointers = Pointers()
        self.endings = list[str]()
        lists: list[_List] = []
        for name, words in zip(
            _LISTS, (nothing, placeholders, between, endings, particles), strict=True
        ):
            packed = sorted((_packed(word), word) for word in words)
            if name == "endings":
                self.endings = [word for _, word in packed]
            numbers = np.array([key for key, _ in packed], np.uint64).reshape(-1)
            lists.append(_List(self._pointers(numbers, np.uint64), len(packed)))
        self.table = _Lists(*lists)


def _packed(word: str) -> tuple[int, int]:
    known = word.encode()
    assert len(known) <= _LONGEST, "a longer word than the library compares"
    assert known.isalnum(), "a word that folded names can't have"
    whole = known.ljust(_LONGEST, b"\0")
    return int.from_bytes(whole[:8], "little"), int.from_bytes(whole[8:], "little")


def comparable_names(values: list[str], lists: NameLists) -> tuple[list[str], Small, Places]:
    """Comparable names (empty: says nothing), the place of the ending that each has, and which are left to others."""
    size = len(values)
    offsets, data = buffers(texts(values))
    ends, out = np.empty(size + 1, np.int32), np.empty(int(offsets[-1]) + 1, np.uint8)
    ending, odd = np.empty(size, np.int8), np.empty(size, np.bool_)
    compiled().comparable(offsets, data, size, byref(lists.table), ends, out, ending, odd)
    made = pa.Array.from_buffers(pa.string(), size, [None, pa.py_buffer(ends), pa.py_buffer(out)])
    return made.to_pylist(), ending, np.flatnonzero(odd)


def sound_keys(words: list[str]) -> Ints:
    """The sound of each text's first word as the bytes of a number; -1: left to others."""
    keys = np.empty(len(words), np.int64)
    compiled().sounds(*buffers(texts(words)), len(words), keys)
    return keys


# graphs.c


_NEAR = np.dtype([("key", np.int64), ("weaker", np.float64)])


def favourite_odds(b: Rows, record: Rows, odds: Floats) -> Floats:
    """The odds of each pair whose record no other cohort row likes more; -inf for others."""
    out, favourite = np.empty(len(odds)), np.full(int(record.max(initial=0)) + 1, -np.inf)
    compiled().favourite_odds(b, record, odds, len(odds), favourite, out)
    return out


def candidate_pairs(
    order: Numbers, a: Rows, b: Rows, own: Floats, record: Rows, most: int
) -> tuple[Ints, Floats]:
    """Pairs of record rows that are candidates of one cohort row, each once (sorted; the lower row in the upper bits).

    Args:
        order: places of the candidates, by cohort row.
        a: cohort row of each candidate.
        b: its record row.
        own: its odds; the weaker one's at best come with a pair.
        record: of each record row; rows of one record are no pair.
        most: candidates of a cohort row that are looked at.
    """
    work = compiled().candidate_pairs
    given = order.astype(np.int64, copy=False), len(order), a, b, own, record, most
    pairs = np.empty(work(*given, None), _NEAR)
    work(*given, pairs)
    starts, room = np.zeros(len(record) + 1, np.int64), np.empty_like(pairs)
    keys, through = np.empty(len(pairs), np.int64), np.empty(len(pairs))
    count = compiled().merged(pairs, len(pairs), len(record), starts, room, keys, through)
    return keys[:count], through[:count]


def connected_components(label: Ints, left: Numbers, right: Numbers) -> None:
    """Follow links: ``label`` has for each node the smallest one that it is connected with, itself to begin with."""
    ends = (side.astype(np.int64, copy=False) for side in (left, right))
    compiled().connected_components(*ends, len(left), label, len(label))


# propagation.c


_SCRATCH: Final = (
    "most", "without", "largest", "value", "fresh_row", "fresh_identity", "here", "moves",
)  # fmt: skip


class _Room(Structure):
    _fields_ = [(name, c_void_p) for name in _SCRATCH]


def propagate_beliefs(
    ends: tuple[Codes, Codes],
    part: Codes,
    odds: Floats,
    *,
    both: bool,
    rounds: int,
    least: float,
    worth: float,
) -> tuple[Floats, Floats]:
    """How free row and identity are for each edge once all had their say.

    Args:
        ends: numbers of each edge's row and identity.
        part: the connected part of each edge.
        odds: of each edge.
        both: whether an identity, too, is shared.
        rounds: at most.
        least: a change below it is none.
        worth: parts that have settled are left out when fewer than this share of the edges is left.
    """
    size = len(odds)
    groups = max(int(side.max(initial=-1)) + 1 for side in ends)
    parts = int(part.max(initial=-1)) + 1
    scratch = [
        np.empty(groups), np.empty(groups), np.empty(groups, np.int32),
        np.empty(size), np.empty(size), np.empty(size), np.empty(size, np.int32), np.empty(parts, np.uint8),
    ]  # fmt: skip
    free = np.ones((2, size))
    room = byref(_Room(*(address(values) for values in scratch)))
    compiled().propagate_beliefs(
        *ends, part, odds, size, parts, both, rounds, least, worth, *free, room
    )
    return free[0], free[1]
