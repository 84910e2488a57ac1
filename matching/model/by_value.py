"""Frequencies by the values that they are of: what one table taught, looked up for the rows of another.

A value that the first table did not have counts as one that a single row had. So what a pair of rows is worth depends on
the two rows and on the first table alone, whatever stands beside them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from matching.arrays import extend_hash, finish_hash, first_places, numbered, start_hash
from matching.arrow import Floats, Floats32, Ints
from matching.comparison import NAMES
from matching.model.chance import PRIOR_ROWS, VALUES, Frequencies
from matching.model.model import Model
from matching.model.namesakes import OTHER_NAMES, SHAPE, People, lift_of
from matching.normalise import Side

_FULL_NAME, _MIDDLE = "full name", "middle of full name"
_COUNTED: Final[tuple[str, ...]] = ("firsts", "lasts", "named", "both")


@dataclass(frozen=True)
class ValueTable:
    """A number for each value, by sorted keys."""

    keys: Ints
    values: Floats
    unseen: float = 0.0

    @classmethod
    def of(cls, keys: Ints, values: Floats | Floats32, unseen: float = 0.0) -> "ValueTable":
        """Rows with the keys of their values (negative is missing) and a number that is the same wherever the key is."""
        known = np.flatnonzero(keys >= 0)
        first = known[first_places(numbered(keys[known])[0])]
        first = first[np.argsort(keys[first])]
        return cls(keys[first], values[first].astype(np.float64), unseen)

    @classmethod
    def counts(cls, keys: Ints) -> "ValueTable":
        """How many rows have each key."""
        keys = keys[keys >= 0]
        number, many = numbered(keys)
        distinct, counts = keys[first_places(number)], np.bincount(number, minlength=many)
        order = np.argsort(distinct)
        return cls(distinct[order], counts[order].astype(np.float64))

    def look_up(self, keys: Ints) -> Floats:
        """The number of each key; nought where it is missing."""
        if not len(self.keys):
            return np.where(keys < 0, 0.0, self.unseen)
        place = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        found = np.where(self.keys[place] == keys, self.values[place], self.unseen)
        return np.where(keys < 0, 0.0, found)


@dataclass(frozen=True)
class ByValue:
    """What one table's values are worth.

    Attributes:
        tables: by the name of a frequency; of a full name or a person that is new they have no number.
        people: how many share a first name, a last name, a full name with a middle one, and all three.
        lift: how much oftener than by chance first and last names go together.
        dated: people were told apart by their birth dates.
    """

    tables: dict[str, ValueTable]
    people: dict[str, ValueTable]
    lift: float
    total: float
    dated: bool

    @classmethod
    def of(cls, side: Side, table: Frequencies, model: Model) -> "ByValue":
        """Take apart the frequencies of a side."""
        people = People.of(side)
        named = people.middle >= 0
        dated = bool((side.birth[(side.first >= 0) & (side.last >= 0)] > 0).any())
        first, last = people.first.astype(np.int64), people.last.astype(np.int64)
        full, middle = (first << 32 | last)[named], people.middle[named].astype(np.int64)
        counted = first, last, full, _joined(full, middle)
        tables: dict[str, ValueTable] = {}
        for name, by_row in table.by_row.items():
            keys = _KEYS[name](side, dated)
            if name in (_FULL_NAME, _MIDDLE):
                unseen = float("nan")
            elif name in ("phone", "heir"):
                unseen = 0.0
            else:
                average = float(model.u[NAMES.index(name)][1])
                present = np.count_nonzero(keys >= 0)
                share = (1 + PRIOR_ROWS * average) / (present + PRIOR_ROWS)
                unseen = float(np.log(share / average))
            tables[name] = ValueTable.of(keys, by_row, unseen)
        counts: dict[str, ValueTable] = dict(
            zip(_COUNTED, map(ValueTable.counts, counted), strict=True)
        )
        return cls(tables, counts, lift_of(people, model), float(len(people.rows)), dated)

    def frequencies(self, side: Side, model: Model) -> Frequencies:
        """The frequencies of a side's rows under the model that was learnt with these."""
        by_row = {n: t.look_up(_KEYS[n](side, self.dated)) for n, t in self.tables.items()}
        for name, new_ones in ((_FULL_NAME, self._full_name), (_MIDDLE, self._middle)):
            if name in by_row:
                new = np.flatnonzero(np.isnan(by_row[name]))
                by_row[name][new] = new_ones(side.take(new), model)
        return Frequencies({name: values.astype(np.float32) for name, values in by_row.items()})

    def _full_name(self, side: Side, model: Model) -> Floats:
        """Of names that nobody had: what their parts say, as `count_namesakes` fills in what few can't."""
        shares = [
            np.maximum(self.people[kind].look_up(codes.astype(np.int64)), 1.0)
            / max(self.total, 1.0)
            for kind, codes in (("firsts", side.first), ("lasts", side.last))
        ]
        likely = np.minimum(shares[0] * shares[1] * self.lift, np.minimum(*shares))
        together = float(model.u[NAMES.index("first")][1]) * float(model.u[NAMES.index("last")][1])
        share = SHAPE / (SHAPE / likely + self.total)
        return np.log(share / min(1.0, self.lift * together))

    def _middle(self, side: Side, model: Model) -> Floats:
        """Of people who were not there: as common as their middle name is among their namesakes."""
        chance, full = float(model.u[NAMES.index("middle")][1]), _full_name(side, True)
        average = chance if model.same_middle is None else model.same_middle
        beside = self.people["named"].look_up(full)
        both = self.people["both"].look_up(_joined(full, side.middle.astype(np.int64)))
        share = (both + OTHER_NAMES * average) / (beside + OTHER_NAMES)
        known = (side.middle >= 0) & (beside > 0)
        return np.where(known, np.log(np.maximum(share, chance) / average), 0.0)


def _joined(first: Ints, *more: Ints) -> Ints:
    """Several numbers as one that is not negative."""
    made = start_hash(first)
    for part in more:
        made = extend_hash(made, part)
    return (finish_hash(made) >> np.uint64(1)).view(np.int64)


def _full_name(side: Side, _dated: bool) -> Ints:
    first, last = side.first.astype(np.int64), side.last.astype(np.int64)
    return np.where((first >= 0) & (last >= 0), first << 32 | last, -1)


def _person(side: Side, dated: bool) -> Ints:
    """As `People` tells them apart; where no row has a birth date each is a person, and what counts is its middle name."""
    full, third = _full_name(side, dated), side.birth if dated else side.middle
    return np.where(full >= 0, _joined(full, third.astype(np.int64)), -1)


def _of_field(name: str) -> Callable[[Side, bool], Ints]:
    return lambda side, _dated: VALUES[name](side).astype(np.int64, copy=False)


_KEYS: Final[dict[str, Callable[[Side, bool], Ints]]] = {
    **{name: _of_field(name) for name in VALUES},
    _FULL_NAME: _full_name,
    _MIDDLE: _person,
    "heir": lambda side, _dated: np.where(side.sex > 0, side.sex, -1).astype(np.int64),
}
