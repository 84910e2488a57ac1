"""Values that are nobody's: a number, a date or a name that far more people share than its kind allows counts as missing.

Lists of placeholders are never complete (PENDING, A0000000, 111-22-3333, 01/01/1900, FNU): what gives a
placeholder away is how many different people have it. Both sides are looked at, each by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from matching.arrays import among, in_threads, numbered
from matching.arrow import Ints, Numbers
from matching.native import compiled, perhaps_shared
from matching.normalise.reading import BATCH
from matching.normalise.side import Side

# People (by birth date, or name where there is none) who may share a number: misspelt dates of one person, a number
# borrowed or mistyped. A telephone is a household's, a shelter's or an office's.
_OWNERS: Final = {"ssn": 5, "licence": 5, "phone": 40, "exact": 5}
# A date has some 1 in 20,000; of a register whose people are of one year 1 in 365.
_DATE_SHARE, _DATE_ROWS = 0.01, 40
# Kaur and Singh do not reach that in a register, and say nothing where they do.
_NAME_SHARE, _NAME_ROWS = 0.25, 100
_GOLDEN: Final = np.uint64(
    0x9E3779B97F4A7C15
)  # Fibonacci hashing (Knuth, The Art of Computer Programming, 6.4)


def nobodys_of(side: Side, threads: int | None = None) -> dict[str, list[int]]:
    """The values of each column that are nobody's."""
    found = in_threads(lambda kind: kind[2](side), _KINDS, threads)
    return {kind[0]: values for kind, values in zip(_KINDS, found, strict=True)}


def without_nobodys(
    side: Side, known: Mapping[str, Sequence[int]], own: tuple[str, ...] = ()
) -> tuple[Side, dict[str, int]]:
    """A side whose nobody's values are missing, and how many rows of each column (by its standard name) had one.

    Args:
        side: names, numbers and dates as codes; negative (0 for a birth date) is missing.
        known: of ``nobodys_of``.
        own: names of the user's own columns, whose values are looked at here.
    """
    lost: dict[str, int] = {}
    changed: dict[str, Ints] = {}
    for name, standard, _, missing in _KINDS:
        values, nobodys = getattr(side, name), known[name]
        if nobodys:
            gone = among(values, np.sort(np.array(nobodys, np.int64)))
            lost[standard] = int(gone.sum())
            changed[name] = np.where(gone, np.array(missing, values.dtype), values)
    if "ssn" in changed:  # its last four digits are nobody's as well
        gone = changed["ssn"] != side.ssn
        changed["ssn4"] = np.where(gone, np.array(-1, side.ssn4.dtype), side.ssn4)
    exact = list(side.exact)
    for place, name in enumerate(own):
        nobodys = _of_many(side, exact[place], _OWNERS["exact"])
        gone = among(exact[place], np.sort(np.array(nobodys, np.int64)))
        if gone.any():
            lost[name] = int(gone.sum())
            exact[place] = np.where(gone, np.int32(-1), exact[place])
    return replace(side, **changed, exact=tuple(exact)) if lost else side, lost


def _numbers(name: str) -> Callable[[Side], list[int]]:
    return lambda side: _of_many(side, getattr(side, name), _OWNERS[name])


def _of_many(side: Side, values: Numbers, owners: int) -> list[int]:
    """The values that more people than so many have."""
    here = _perhaps_shared(values, owners)
    _, place, rows = np.unique(values[here], return_inverse=True, return_counts=True)
    here = here[rows[place] > owners]
    who = np.where(side.birth[here] > 0, side.birth[here], -2 - side.last[here]).astype(np.int64)
    which, place = np.unique(values[here], return_inverse=True)
    people = np.bincount(np.unique(place << 32 | numbered(who)[0]) >> 32, minlength=len(which))
    return which[people > owners].tolist()


def _perhaps_shared(values: Numbers, most: int) -> Numbers:
    """The rows whose value more rows than so many may have: whose small hash that many others share."""
    number_bits = max(8, int(np.count_nonzero(values >= 0)).bit_length())
    if compiled() is not None:
        return perhaps_shared(values, number_bits, most)
    bits = np.uint64(number_bits)
    many = np.zeros(1 << int(bits), np.int32)
    small = np.full(len(values), -1, np.int32)
    for begin in range(0, len(values), BATCH):  # in 64 bits, some at a time
        some = values[begin : begin + BATCH]
        known = np.flatnonzero(some >= 0)
        place = (some[known].astype(np.uint64) * _GOLDEN >> (np.uint64(64) - bits)).view(np.int64)
        np.add.at(many, place, 1)
        small[begin + known] = place
    return np.flatnonzero((small >= 0) & (many > most)[small])


def _dates(side: Side) -> list[int]:
    """Full dates; a year alone has many."""
    known = side.birth[side.birth > 0]
    if not len(known):
        return []
    low = int(known.min())
    least = max(_DATE_ROWS, int(_DATE_SHARE * len(known)) + 1)
    frequent = np.flatnonzero(np.bincount(known - low) >= least) + low
    return frequent[frequent % 100 > 0].tolist()


def _names(name: str) -> Callable[[Side], list[int]]:
    def find(side: Side) -> list[int]:
        counts = np.bincount(getattr(side, name) + 1, minlength=1)
        least = max(_NAME_ROWS, int(_NAME_SHARE * (side.rows - counts[0])) + 1)
        return np.flatnonzero(counts[1:] >= least).tolist()

    return find


_KINDS: Final[tuple[tuple[str, str, Callable[[Side], list[int]], int], ...]] = (
    ("ssn", "ssn", _numbers("ssn"), -1),
    ("licence", "driver_license", _numbers("licence"), -1),
    ("phone", "phone", _numbers("phone"), -1),
    ("birth", "birth_date", _dates, 0),
    ("first", "first_name", _names("first"), -1),
    ("middle", "middle_name", _names("middle"), -1),
    ("last", "last_name", _names("last"), -1),
)
