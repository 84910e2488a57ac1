"""Identifying numbers (social security, licence, telephone, ZIP) as whole numbers, for columns.

Whole columns at a time: almost every value is distinct, so a dictionary would not help.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.arrow import EMPTY, NULL, Bools, Ints, Numbers, array, filled, pc
from matching.native import compiled, find_dummies, read_digits, read_licences

MISSING = -1
_WIDTH = 12  # characters of a licence number that count: 36**12 still fits 63 bits


def digits(column: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """The digits of each value as a number, and how many digits there are (0: none).

    Anything else in the value (blanks, dashes, brackets) is left out.
    """
    if compiled() is not None:
        return read_digits(column)
    text = pc.fill_null(column, EMPTY)
    try:
        numbers = pc.cast(pc.if_else(pc.equal(text, EMPTY), NULL, text), pa.int64())
        lengths = pc.utf8_length(text)
    except pa.ArrowInvalid:
        text = pc.replace_substring_regex(text, r"[^0-9]+", "")
        text = pc.utf8_slice_codeunits(text, 0, 18)
        lengths = pc.utf8_length(text)
        numbers = pc.cast(pc.if_else(pc.equal(text, EMPTY), NULL, text), pa.int64())
    values = _ints(filled(numbers))
    return values, np.where(values < 0, 0, _ints(lengths))


def whole_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same texts without the ".0" that a column of numbers with gaps gets on its way through pandas."""
    if not pc.any(pc.ends_with(column, ".0")).as_py():
        return column
    return pc.replace_substring_regex(column, r"^(\d+)\.0+$", r"\1")


def social_security(column: pa.ChunkedArray) -> tuple[Ints, Ints]:
    """Number and last four digits; -1 where missing. Four digits alone give the second only.

    One to three digits are doubtful: the last four without their zeros come as -2 minus their number (``settled``).
    """
    values, lengths = digits(column)
    ok = (lengths >= 4) & (lengths <= 9) & ~_dummy(values, lengths)
    last_four = np.where(ok, values % 10_000, MISSING)
    short = (lengths > 0) & (lengths < 4) & (values > 0)
    last_four = np.where(short, -2 - values, last_four)
    return np.where(ok & (lengths > 4), values, MISSING), last_four


def settled(
    whole: Numbers, last_four: npt.NDArray[np.int16], known: bool | None = None
) -> tuple[npt.NDArray[np.int16], int]:
    """A column's last four digits, and how many got their zeros back: where most of the others are four digits alone.

    ``known``: whether they get them, where an earlier reading has settled it.
    """
    short = last_four < MISSING
    few, full = np.count_nonzero(short), np.count_nonzero(whole >= 0)
    four = np.count_nonzero(last_four >= 0) - full
    padded = few <= four > full - few if known is None else known
    if not few:
        return last_four, 0
    found = np.where(short, -2 - last_four if padded else MISSING, last_four).astype(np.int16)
    return found, int(few) if padded else 0


def telephone(column: pa.ChunkedArray) -> Ints:
    """The last ten digits (a country code is dropped); -1 where missing or fewer than seven."""
    values, lengths = digits(column)
    values = np.where(lengths > 10, values % 10**10, values)
    ok = (lengths >= 7) & ~_dummy(values, lengths, 10)
    return np.where(ok, values, MISSING)


def zip_code(column: pa.ChunkedArray) -> Ints:
    """The first five digits of a ZIP code (or all of a shorter code); -1 where missing."""
    values, lengths = digits(column)
    values = np.where(lengths == 9, values // 10_000, values)
    return np.where((lengths >= 3) & (lengths <= 9) & (values > 0), values, MISSING)


def licence(column: pa.ChunkedArray) -> Ints:
    """Letters and digits of a licence number in base 36, from the right; -1 where missing."""
    values, lengths, same = _base_36(column)
    words = np.isin(values, _NO_LICENCE)
    return np.where((lengths >= 4) & ~same & ~words, values, MISSING)


def _base_36(column: pa.ChunkedArray) -> tuple[Ints, Ints, Bools]:
    """The number of each licence, how many characters it has, and whether they are one and the same."""
    if compiled() is not None:
        return read_licences(column)
    if not len(column):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.bool_)
    text = pc.ascii_upper(pc.fill_null(column, EMPTY))
    if pc.any(pc.match_substring_regex(text, r"[^0-9A-Z]")).as_py():
        text = pc.replace_substring_regex(text, r"[^0-9A-Z]+", "")
    lengths = _ints(pc.binary_length(text))
    text = pc.ascii_lpad(text, _WIDTH, "0")
    text = pc.utf8_slice_codeunits(text, -_WIDTH, None)
    flat = pa.concat_arrays(text.chunks) if text.num_chunks != 1 else text.chunk(0)
    start = np.frombuffer(flat.buffers()[1], np.int32, offset=flat.offset * 4, count=1)[0]
    raw = np.frombuffer(flat.buffers()[2], np.uint8, offset=start, count=len(flat) * _WIDTH)
    figures = raw.reshape(-1, _WIDTH)
    values = np.zeros(len(flat), np.int64)
    same = np.ones(len(flat), np.bool_)
    for place in range(_WIDTH):
        column_bytes = figures[:, place]
        values = values * 36 + np.where(column_bytes >= 65, column_bytes - 55, column_bytes - 48)
        inside = place >= _WIDTH - lengths
        same &= ~inside | (column_bytes == figures[:, -1])
    return values, lengths, same


_NO_LICENCE = np.array([int(w, 36) for w in ("NONE", "UNKNOWN", "UNLICENSED", "NULL", "REFUSED")])
# Woolworth's wallet's, too
_NO_NUMBER = np.array([123_456_789, 987_654_321, 78_051_120, 1_234_567_890])


def _dummy(values: Ints, lengths: Ints, most: int = 18) -> Bools:
    """Numbers that stand for "none": one digit repeated (of ``most`` at the end), or a known one."""
    if compiled() is not None:
        return find_dummies(values, lengths, most, _NO_NUMBER)
    ones = (10 ** np.clip(lengths, 1, most) - 1) // 9
    repeated = (values % np.maximum(ones, 1) == 0) & (values // np.maximum(ones, 1) <= 9)
    return repeated | np.isin(values, _NO_NUMBER)


def _ints(column: pa.ChunkedArray) -> Ints:
    return array(column).astype(np.int64, copy=False)
