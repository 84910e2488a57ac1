"""Small of birth dates and identifying numbers, by arithmetic on whole arrays."""

from functools import cache

import numpy as np
import numpy.typing as npt

from matching.arrow import Bools, Ints, Numbers, Rows, Small
from matching.comparison.fields import level

Nibbles = npt.NDArray[np.uint32]


def birth_levels(x: Numbers, y: Numbers) -> Small:
    """Small of birth dates as ``yyyymmdd`` (0 missing; month or day 0 unknown)."""
    return nibble_levels(nibbles(x), nibbles(y))


def nibbles(date: Numbers) -> Nibbles:
    """A date with each of its eight digits in four bits of its own: digits are compared by masks."""
    year = date // 10_000
    return _DIGITS[year] << np.uint32(16) | _DIGITS[date - year * 10_000]


def nibble_levels(x: Nibbles, y: Nibbles) -> Small:
    """Small of birth dates written by ``nibbles``."""
    result = np.zeros(len(x), np.int8)
    same = (x == y) & (x & np.uint32(0xFF) > 0)
    result[same] = 1
    rest = np.flatnonzero((x > 0) & (y > 0) & ~same)
    u, v = x[rest], y[rest]
    apart = u ^ v
    places = _occupied(apart)
    year = (apart >> np.uint32(16)) == 0
    month, day = (apart & np.uint32(0xFF00)) == 0, (apart & np.uint32(0xFF)) == 0
    turned = (v & np.uint32(0xFFFF0000)) | (v & np.uint32(0xFF)) << np.uint32(8)
    turned |= (v >> np.uint32(8)) & np.uint32(0xFF)
    near_year = np.abs(_year(u) - _year(v)) <= 1
    # weakest first: what follows overwrites
    found = np.where(near_year, _NEAR_YEAR, _DIFFERENT)
    found[year.view(np.int8) + month.view(np.int8) + day.view(np.int8) >= 2] = level(
        "birth", "two parts"
    )
    found[year & (_default(u) | _default(v))] = level("birth", "default day")
    swaps = np.flatnonzero(places == 2)
    found[swaps[_neighbours(u[swaps], v[swaps])]] = level("birth", "one digit")
    found[places == 1] = level("birth", "one digit")
    found[year & (u == turned)] = level("birth", "day and month swapped")
    result[rest] = found
    return result


def _year(date: Nibbles) -> Rows:
    return _YEARS[date >> np.uint32(16)]


def _occupied(nibbles: Nibbles) -> npt.NDArray[np.uint8]:
    """How many groups of four bits are not zero."""
    some = nibbles | nibbles >> np.uint32(2)
    some |= some >> np.uint32(1)
    return np.bitwise_count(some & np.uint32(0x11111111))


def _neighbours(u: Nibbles, v: Nibbles) -> Bools:
    """Whether two numbers that differ in two digits differ by a swap of neighbouring ones."""
    result = np.zeros(len(u), np.bool_)
    for place in range(7):
        low, high = np.uint32(4 * place), np.uint32(4 * place + 4)
        mask = np.uint32(0xF)
        here = ((u >> low) & mask) != ((v >> low) & mask)
        here &= ((u >> high) & mask) == ((v >> low) & mask)
        here &= ((u >> low) & mask) == ((v >> high) & mask)
        result |= here
    return result


_DIGITS = np.array([int(f"{n:04}", 16) for n in range(10_000)], np.uint32)
_YEARS = np.zeros(1 << 16, np.int32)
_YEARS[_DIGITS] = np.arange(10_000)
_NEAR_YEAR, _DIFFERENT = (np.int8(level("birth", name)) for name in ("near year", "different"))


def ssn_levels(x: Numbers, y: Numbers, x_last: Numbers, y_last: Numbers) -> Small:
    """Small of social security numbers; the last four are compared where a side has only those."""
    result = number_levels(x, y, 10)
    result[result == 3] = level("ssn", "different")
    short = (x_last >= 0) & (y_last >= 0) & ((x < 0) | (y < 0))
    result[short] = level("ssn", "different")
    result[short & (x_last == y_last)] = level("ssn", "last four")
    return result


def number_levels(x: Numbers, y: Numbers, base: int) -> Small:
    """0 missing (negative), 1 same, 2 one place or a swap of neighbours, 3 different."""
    present = (x >= 0) & (y >= 0)
    same = present & (x == y)
    result = np.where(same, 1, np.where(present, 3, 0)).astype(np.int8)
    rest = np.flatnonzero(present & ~same)
    result[rest[one_off(x[rest].astype(np.int64), y[rest].astype(np.int64), base)]] = 2
    return result


def one_off(x: Ints, y: Ints, base: int) -> Bools:
    """Whether two numbers differ in one place or by a swap of neighbours, when written in ``base``.

    Such a difference is k·base^j or k·(base-1)·base^j with k < base: a search in that short list
    throws nearly all pairs away before any digit is looked at.
    """
    gap = np.abs(x - y)
    candidates = gaps(base)
    place = np.minimum(np.searchsorted(candidates, gap), len(candidates) - 1)
    maybe = np.flatnonzero(candidates[place] == gap)
    result = np.zeros(len(x), np.bool_)
    if len(maybe):
        result[maybe] = _by_digit(x[maybe], y[maybe], base)
    return result


def _by_digit(x: Ints, y: Ints, base: int) -> Bools:
    different = np.zeros(len(x), np.int64)
    swaps = np.zeros(len(x), np.int64)
    x, y = x.copy(), y.copy()
    for _ in range(18 if base == 10 else 12):
        here = x % base != y % base
        different += here
        swaps += here & (x % base == y // base % base) & (y % base == x // base % base)
        x //= base
        y //= base
    return (different == 1) | ((different == 2) & (swaps == 1))


@cache
def gaps(base: int) -> Ints:
    """The differences (sorted) that two such numbers can have."""
    powers = [base**j for j in range(18 if base == 10 else 12)]
    steps = [k * f * p for p in powers for k in range(1, base) for f in (1, base - 1)]
    return np.unique(np.array([g for g in steps if g < 2**63], np.int64))


def _default(date: Nibbles) -> Bools:
    """1 January, the first of an unknown month, or an unknown day: what clerks write for "no idea"."""
    return ((date & np.uint32(0xFFFF)) == 0x0101) | ((date & np.uint32(0xFF)) == 0)
