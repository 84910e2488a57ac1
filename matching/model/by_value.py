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
from matching.model.chance import PRIOR_ROWS, VALUES, Frequencies, near_names
from matching.model.model import FULL_NAME, NEAR_NAME, Model
from matching.model.namesakes import OTHER_NAMES, Kinds, People, full_share, lift_of, likely_share
from matching.normalise import Side

_MIDDLE, _GIVEN = "middle of full name", "middle of first name"
_COUNTED: Final[tuple[str, ...]] = ("firsts", "lasts", "named", "both", "given", "given both")
_LIFTS: Final = ("lift of first", "lift of last")


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
        people: how many share a first name, a last name, a full name with a middle one, all three, a first name with a middle one, and both; and how
            much oftener than by chance each first and each last name goes with names of its kind.
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
        counted = (
            first,
            last,
            full,
            _joined(full, middle),
            first[named],
            _joined(first[named], middle),
        )
        tables: dict[str, ValueTable] = {}
        for name, by_row in table.by_row.items():
            if name == NEAR_NAME:  # which the full names say
                continue
            keys = _KEYS[name](side, dated)
            if name in (FULL_NAME, _MIDDLE, _GIVEN):
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
        kinds = Kinds.of(people, lift_of(people, model))
        for kind, (name, codes) in enumerate(zip(_LIFTS, (first, last), strict=True)):
            counts[name] = ValueTable.of(codes, kinds.lifts(kind, codes))
        return cls(tables, counts, kinds.lift, float(len(people.rows)), dated)

    def frequencies(self, side: Side, model: Model) -> Frequencies:
        """The frequencies of a side's rows under the model that was learnt with these."""
        by_row = {n: t.look_up(_KEYS[n](side, self.dated)) for n, t in self.tables.items()}
        new_ones = {FULL_NAME: self._full_name, _MIDDLE: self._middle, _GIVEN: self._given}
        for name in new_ones.keys() & by_row.keys():
            new = np.flatnonzero(np.isnan(by_row[name]))
            by_row[name][new] = new_ones[name](side.take(new), model)
        found = {name: values.astype(np.float32) for name, values in by_row.items()}
        if FULL_NAME in found:
            found[NEAR_NAME] = near_names(found[FULL_NAME])
        return Frequencies(found)

    def _full_name(self, side: Side, model: Model) -> Floats:
        """Of names that nobody had: what their parts say, as `count_namesakes` fills in what few can't."""
        codes = side.first.astype(np.int64), side.last.astype(np.int64)
        counts = (self.people[n].look_up(c) for n, c in zip(_COUNTED, codes, strict=False))
        lifts = [self.people[name].look_up(c) for name, c in zip(_LIFTS, codes, strict=True)]
        lifts = [np.where(lift > 0, lift, self.lift) for lift in lifts]  # of a name that nobody had
        likely = likely_share([np.maximum(n, 1.0) / max(self.total, 1.0) for n in counts], lifts)
        together = float(model.u[NAMES.index("first")][1]) * float(model.u[NAMES.index("last")][1])
        return np.log(full_share(0.0, likely, self.total) / min(1.0, self.lift * together))

    def _middle(self, side: Side, model: Model) -> Floats:
        """Of people who were not there: as common as their middle name is among their namesakes."""
        return self._share(
            side, _full_name(side, True), ("named", "both"), model.same_middle, model
        )

    def _given(self, side: Side, model: Model) -> Floats:
        """The same among those of their first name."""
        first = side.first.astype(np.int64)
        return self._share(side, first, ("given", "given both"), None, model)

    def _share(
        self, side: Side, of: Ints, counted: tuple[str, str], average: float | None, model: Model
    ) -> Floats:
        chance = float(model.u[NAMES.index("middle")][1])
        average = chance if average is None else average
        beside = self.people[counted[0]].look_up(of)
        both = self.people[counted[1]].look_up(_joined(of, side.middle.astype(np.int64)))
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
    FULL_NAME: _full_name,
    _MIDDLE: _person,
    _GIVEN: _person,
    "heir": lambda side, _dated: np.where(side.sex > 0, side.sex, -1).astype(np.int64),
}
