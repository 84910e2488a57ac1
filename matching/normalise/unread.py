"""Values that were given and could not be read: counted, and said where they are more than a slip here and there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrow import Bools, Places
from matching.findings import Finding
from matching.normalise.names import first_name, fold

_SHARE = 0.05  # of a column's values
_FORMS: Final = {
    "birth_date": "1984-07-12, 7/12/1984, 7/12/84, 12JUL1984, July 12, 1984, 19840712, 07121984, each with a time behind it,"
    " and a spreadsheet's day numbers (30875) where most are such",
    "name_suffix": "Jr, Sr, II to V",
    "sex": "M, F, X, their words, 1 and 2",
    "ssn": "nine figures, or the last four",
    "driver_license": "four letters and figures or more",
    "zip": "five figures or nine",
    "phone": "seven figures or more",
}
_NO_VALUE = frozenset(["u", "n a"])  # beside names' own placeholders


@dataclass(frozen=True)
class Tally:
    """One column's values: how many are there, are not read, mean something of these, and got lost zeros back."""

    given: int = 0
    lost: int = 0
    unread: int = 0
    padded: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.given + other.given, self.lost + other.lost,
            self.unread + other.unread, self.padded + other.padded,
        )  # fmt: skip


@dataclass(frozen=True)
class Unread:
    """The rows of a column of numbers whose value is none, and which of them mean something."""

    rows: Places
    told: Bools

    def behind(self, rows: int) -> "Unread":
        """The same rows of a part that stands behind others."""
        return Unread(self.rows + rows, self.told)

    @classmethod
    def joined(cls, parts: Sequence["Unread"]) -> "Unread":
        """Those of all parts."""
        return cls(np.concatenate([u.rows for u in parts]), np.concatenate([u.told for u in parts]))


def says_something(text: str) -> bool:
    """Whether a value that could not be read is more than a word or a mark for "unknown"."""
    return bool(first_name(text)) and fold(text) not in _NO_VALUE


def unread_findings(side: str, tallies: Mapping[str, Tally]) -> Iterator[Finding]:
    """What must be said of a side's columns."""
    for column, tally in sorted(tallies.items()):
        count = tally.lost if tally.lost == tally.given else tally.unread
        if count > _SHARE * tally.given:
            forms = f"; read are {_FORMS[column]}" if column in _FORMS else ""
            what = f"values are not read, or nobody's{forms}"
            yield Finding("column_unread", side, column, count, tally.given, what)
        if tally.padded:
            what = "values have fewer than four figures: read as last fours that lost their zeros"
            yield Finding("zeros_lost", side, column, tally.padded, tally.given, what)
