"""Different people under one record id: told with counts, refused where most records of several rows are so."""

from collections.abc import Iterator
from typing import Final

import numpy as np

from matching.arrow import Bools, Numbers, Rows
from matching.errors import SharedIds
from matching.findings import Finding
from matching.normalise import Side

_ROWS_OF_OTHERS: Final = 10  # from which it is no slip


def different_people(side: Side, record: Rows, first_row: Rows) -> Iterator[Finding]:
    """What must be said of records whose rows are no variants of one person: other names and another birth date.

    Args:
        side: the records' rows.
        record: the record of each row.
        first_row: each record's first row; the others are compared with it.

    Raises:
        SharedIds: most of the records of several rows are so.
    """
    first = first_row[record]
    more = np.flatnonzero(first != np.arange(len(record)))
    if not len(more):
        return
    others = more[_different(side, first[more], more)]
    shared = len(np.unique(record[others]))
    several = len(np.unique(record[more]))
    if 2 * shared > several and len(others) >= _ROWS_OF_OTHERS:
        raise SharedIds(file="records", ids=shared, ids_of_several_rows=several)
    if shared:
        what = "ids of several rows hold people of other names and another birth date, not one person's variants"
        yield Finding("ids_shared", "records", "", shared, several, what)


def _different(side: Side, one: Numbers, other: Numbers) -> Bools:
    """Whether two rows have no name in common and birth dates more than a slip apart, and no number alike."""
    born, also = side.birth[one], side.birth[other]
    known = (born % 100 > 0) & (also % 100 > 0)
    parts = [(born // p % m, also // p % m) for p, m in ((10_000, 10_000), (100, 100), (1, 100))]
    (year, year2), (month, month2), (day, day2) = parts
    apart = sum((a != b).astype(np.int8) for a, b in parts) > 1
    swapped = (year == year2) & (month == day2) & (day == month2)
    named = np.ones(len(one), np.bool_)
    for mine in (side.first[one], side.last[one]):
        for theirs in (side.first[other], side.last[other]):
            named &= (mine != theirs) & (mine >= 0) & (theirs >= 0)
    alike = np.zeros(len(one), np.bool_)
    for numbers in (side.ssn, side.licence):
        alike |= (numbers[one] == numbers[other]) & (numbers[one] >= 0)
    return known & apart & ~swapped & named & ~alike
