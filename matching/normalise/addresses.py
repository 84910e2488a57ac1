"""Streets, lightly parsed: a house number and a street name in one spelling.

Nearly every address is digits, a blank and a street: whole columns of those are taken apart by their bytes. The few that
begin otherwise go through the regular expression that says what a house number is.
"""

import numpy as np
import pyarrow as pa

from matching.arrow import EMPTY, Bools, Ints, array, filled, pc
from matching.arrow import column as arrow_column
from matching.native import compiled, read_houses
from matching.normalise.names import fold
from matching.normalise.vocabulary import MISSING

_TYPES = {
    "street": "st", "str": "st", "avenue": "av", "ave": "av", "boulevard": "bl", "blvd": "bl",
    "road": "rd", "drive": "dr", "lane": "ln", "court": "ct", "place": "pl", "circle": "cir",
    "terrace": "ter", "highway": "hwy", "parkway": "pkwy", "square": "sq", "crescent": "cres",
    "north": "n", "south": "s", "east": "e", "west": "w", "saint": "st", "mount": "mt",
    "first": "1", "1st": "1", "second": "2", "2nd": "2", "third": "3", "3rd": "3", "fourth": "4",
    "4th": "4", "fifth": "5", "5th": "5", "sixth": "6", "6th": "6", "seventh": "7", "7th": "7",
    "eighth": "8", "8th": "8", "ninth": "9", "9th": "9", "tenth": "10", "10th": "10",
}  # fmt: skip
# from there on it is a door, not a street
DOORS = frozenset([
    "apartment", "apt", "unit", "suite", "ste", "rm", "room", "spc", "space", "lot", "fl", "bldg", "no",
])  # fmt: skip
# House number at the start, perhaps with a letter ("12B"); it is cut off before this runs.
NUMBER = r"^\s*(\d{1,9})[A-Za-z]?(?:[-/]\d+)?(?:\s|,|$)"


def street_name(text: str) -> str:
    """The name of a street: ``"Main Street, Apt 4"`` → ``"main st"``."""
    if text.isascii() and text.replace(" ", "").isalnum():
        words = text.lower().split()
    else:
        words = fold(text.partition("#")[0]).split()
    if not DOORS.isdisjoint(words):
        words = words[: next(i for i, word in enumerate(words) if word in DOORS)]
    return " ".join(map(_TYPES.get, words, words))


def place_name(text: str) -> str:
    """A city or county name in one spelling (leading zeros of a county code are kept)."""
    return " ".join(["st" if word == "saint" else word for word in fold(text).split()])


_MOST = 9  # digits of a house number
_HOUSE = r"^\s*(?P<n>\d{1,9})[A-Za-z]?(?:[-/]\d+)?(?:[\s,]|$)"
_AFTER = np.zeros(256, np.bool_)
_AFTER[[ord(" "), ord(",")]] = True
_BLANK = np.zeros(256, np.bool_)
_BLANK[[ord(c) for c in " \t\n\v\f\r"]] = True


def house_and_street(column: pa.ChunkedArray) -> tuple[Ints, pa.ChunkedArray]:
    """The house number of each row (-1: none) and what is left, not yet normalised."""
    text = pc.fill_null(column, EMPTY).combine_chunks()
    if isinstance(text, pa.ChunkedArray):
        text = text.chunk(0) if text.num_chunks else pa.nulls(0, pa.string())
    if not len(text):
        return np.empty(0, np.int64), pa.chunked_array([text], pa.string())
    house, odd, rest = _by_bytes(text) if compiled() is None else read_houses(text, DOORS)
    few = np.flatnonzero(odd)
    if len(few):
        given = text.take(arrow_column(few))
        number = pc.cast(pc.struct_field(pc.extract_regex(given, _HOUSE), "n"), pa.int64())
        house[few] = array(filled(number))
        cut = pc.replace_substring_regex(given, NUMBER, "")
        mask = pa.Array.from_buffers(
            pa.bool_(), len(odd), [None, pa.py_buffer(np.packbits(odd, bitorder="little"))]
        )
        rest = pc.replace_with_mask(rest, mask, cut)
    return house.astype(np.int64), pa.chunked_array([rest], pa.string())


def _by_bytes(text: pa.Array) -> tuple[Ints, Bools, pa.Array]:
    """House numbers (-1: none), which texts begin in an odd way, and what follows the numbers."""
    rest = pc.ascii_ltrim(text, "0123456789")
    offsets = np.frombuffer(text.buffers()[1], np.int32)[text.offset : text.offset + len(text) + 1]
    start, length = offsets[:-1].astype(np.int64), np.diff(offsets)
    digits = length - array(pc.binary_length(rest))
    data = np.frombuffer(text.buffers()[2] or b"\0", np.uint8)
    last = len(data) - 1
    # what a byte beyond the text says is not looked at: its length is checked
    after = _AFTER[data[np.minimum(start + digits, last)]] & (digits < length)
    odd = (digits > 0) & ~(after & (digits <= _MOST))
    odd |= (length > 0) & _BLANK[data[np.minimum(start, last)]]
    house = np.where((digits > 0) & ~odd, 0, MISSING)
    for place in range(_MOST):
        here = np.flatnonzero((place < digits) & ~odd)
        if not len(here):
            break
        house[here] = house[here] * 10 + data[start[here] + place] - ord("0")
    return house, odd, rest
