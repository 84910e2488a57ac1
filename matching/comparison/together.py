"""What the levels of a pair say together: one home, one birth, a number of one person, one surname."""

from collections.abc import Sequence

import numpy as np

from matching.arrow import Bools, Numbers
from matching.comparison.fields import NAMES, level

Levels = Sequence[Numbers]  # of pairs, in each field


def are(levels: Levels, field: str, *names: str) -> Bools:
    """Which pairs have one of these levels in a field."""
    here = levels[NAMES.index(field)]
    return np.logical_or.reduce([here == level(field, name) for name in names])


def number_agrees(levels: Levels) -> Bools:
    """A number of one person only: a telephone is a household's."""
    return (
        are(levels, "ssn", "same", "one digit", "last four")
        | are(levels, "licence", "same", "one character")
        | are(levels, "exact", "same")
    )


def one_home(levels: Levels) -> Bools:
    """An address, or a telephone."""
    return are(levels, "street", "same", "near") | are(levels, "phone", "same")


def one_birth(levels: Levels) -> Bools:
    """A birth date, but for a slip."""
    return are(levels, "birth", "same", "day and month swapped", "one digit", "default day")


def one_surname(levels: Levels) -> Bools:
    """A last name, a spelling of it, or a part."""
    return are(levels, "last", "same", "close", "similar", "part")


def other_surname(levels: Levels) -> Bools:
    """Last names that are nothing alike."""
    return are(levels, "last", "different", "different, female")
