"""Namesakes: names depend on where they come from, so agreeing on a full name is worth the share of people who have it.

First, middle and last names of one community go together: among those called Kulwinder and Mann, nearly all
have Kaur between, and one Min Kim in ten is a Min Jun. The product of three shares takes such an agreement for
proof. Here the people of each full name are counted in the records themselves, by their birth dates,
and what a count of few can't say is filled in from the parts of the name. Those of one home are counted by sex: fathers hand
their names on to sons, and mothers hardly ever to daughters.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.arrays import (
    bits_for,
    buckets,
    extend_hash,
    finish_hash,
    in_parts,
    numbered,
    start_hash,
)
from matching.arrow import Floats32, Ints, Rows
from matching.comparison import NAMES, birth_levels, level
from matching.model.model import Model, shipped_number
from matching.normalise import Side

SHAPE = 0.2  # of the gamma distribution of a full name's share around what its parts say: names are uneven
_TOGETHER = 8.0  # so many times more often than by chance two names of one origin go together, to begin with
_PAIRS = 10.0  # pairs of namesakes that chance is worth for their middle names
OTHER_NAMES = 1.0  # people that the average of all names is worth for one name's middle names


@dataclass(frozen=True)
class Namesakes:
    """How often people share a full name.

    Attributes:
        average: chance that two different people have one first and last name.
        same_middle: chance that two such people share a middle name, where both have one.
        full_name: for each record row, log of (share of people with its first and last name / average).
        middle: for each record row, log of (share of its namesakes with its middle name / ``same_middle``).
        heir: for each record row, log of (share of its sex among namesakes of one home / among all); nought where it is not known.
    """

    average: float
    same_middle: float
    full_name: Floats32
    middle: Floats32
    heir: Floats32


def count_namesakes(people: "People", side: Side, model: Model) -> Namesakes:
    """Count the people of each full name.

    Args:
        people: of ``side``, which is a sample of the population.
        side: its rows.
        model: its ``u`` says how often names agree by chance.
    """
    heirs = _heirs(people, side)
    together, same_middle = _together(model), float(model.u[NAMES.index("middle")][1])
    total, lift = float(len(people.rows)), lift_of(people, model)
    average = min(1.0, lift * together)
    counts = [np.bincount(of) for of in (people.name, people.first, people.last)]
    full_name = np.zeros(len(people.rows), np.float32)
    for part in people.parts():  # a column in 64 bits of 29 million people is 230 MB
        others = (counts[0][people.name[part]] - 1).astype(np.float64)
        shares = [
            many[of[part]] / total
            for many, of in zip(counts[1:], (people.first, people.last), strict=True)
        ]
        likely = np.minimum(shares[0] * shares[1] * lift, np.minimum(*shares))
        share = (SHAPE + others) / (SHAPE / likely + total)
        full_name[part] = np.log(share / average)
    same, middle = people.middles(same_middle)
    names = people.by_row(full_name), people.by_row(middle)
    return Namesakes(average, same, *names, heirs)


def _heirs(people: "People", side: Side) -> Floats32:
    """The share of each row's sex among people who bear the name of another one of their home, against its share among all, as a log.

    They are two people where their full birth dates are more than a slip apart.
    """
    heirs, counts = np.zeros(2, np.int64), np.bincount(people.name)
    for part in people.parts():
        rows, name = people.rows[part], people.name[part]
        here = (counts[name] > 1) & (side.birth[rows] > 0) & (side.street[rows] >= 0)
        some, name = side.take(rows[here]), name[here].astype(np.int64)
        home = some.address
        # most share their home with no namesake: these are not sorted
        small = buckets(finish_hash(extend_hash(start_hash(name), home)), bits_for(len(name)))
        perhaps = np.flatnonzero((np.bincount(small) > 1)[small])
        key = name[perhaps] << 32 | numbered(home[perhaps])[0]
        order = np.argsort(key, kind="stable")
        same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
        x, y = perhaps[order[same]], perhaps[order[same + 1]]
        apart = birth_levels(some.birth[x], some.birth[y]) >= level("birth", "near year")
        heirs += np.bincount(some.sex[x[apart]], minlength=3)[1:3]
    everybody = np.bincount(side.sex, minlength=3)[1:3]
    men, worth = shipped_number("heirs", "men"), shipped_number("heirs", "pairs")
    share = (heirs + worth * np.array([men, 1 - men])) / (heirs.sum() + worth)
    ratio = share * (everybody.sum() + 2) / (everybody + 1)
    return np.r_[0.0, np.log(ratio), 0.0].astype(np.float32)[side.sex]


def lift_of(people: "People", model: Model) -> float:
    """How much oftener than by chance people share a first and last name."""
    total, bearers = float(len(people.rows)), np.bincount(people.name)
    shared = float((bearers * (bearers - 1)).sum())
    return max(1.0, (shared + _TOGETHER) / (total * (total - 1.0) * _together(model) + 1.0))


def _together(model: Model) -> float:
    """The chance that two people share a first and last name, were these independent."""
    first, last = (float(model.u[NAMES.index(name)][1]) for name in ("first", "last"))
    return first * last


@dataclass(frozen=True)
class People:
    """People told apart by first name, last name and birth date, with the codes of their names.

    ``name`` numbers first and last name together; ``rows`` are a record row of each; ``which`` is the person of each record row, or -1 where a name is missing. Rows without a
    birth date are one person's, or each a person where no row has one. People of one name stand in one part; ``ends`` says where each
    part ends.
    """

    which: Rows
    rows: Rows
    name: Rows
    first: Rows
    last: Rows
    middle: Rows
    ends: tuple[int, ...]

    @classmethod
    def of(cls, side: Side) -> "People":
        """Tell them apart."""
        known = np.flatnonzero((side.first >= 0) & (side.last >= 0)).astype(np.int32)
        dated = bool((side.birth[known] > 0).any())
        which = np.full(side.rows, -1, np.int32)
        found, names, ends = list[tuple[Rows, Rows]](), 0, [0]
        for here in in_parts(side.first, side.last, known):
            name, distinct = numbered(side.first[here].astype(np.int64) << 32 | side.last[here])
            person, many = numbered(
                name << 32 | (side.birth[here] if dated else np.arange(len(here)))
            )
            rows, name_of = np.empty(many, np.int32), np.empty(many, np.int32)
            rows[person], name_of[person] = here, name + names
            named = side.middle[here] >= 0  # a row that has a middle name stands for the others
            rows[person[named]] = here[named]
            which[here] = person + ends[-1]
            found.append((rows, name_of))
            names, ends = names + distinct, [*ends, ends[-1] + many]
        rows, name_of = (np.concatenate(one) for one in zip(*found, strict=True))
        first, last, middle = (codes[rows] for codes in (side.first, side.last, side.middle))
        return cls(which, rows, name_of, first, last, middle, tuple(ends[1:]))

    def parts(self) -> Iterator[slice]:
        """People some at a time, those of a name together."""
        return map(slice, (0, *self.ends[:-1]), self.ends)

    def by_row(self, values: Floats32) -> Floats32:
        """Values of people for their rows; nought for rows without a name."""
        return np.append(values, np.float32(0))[self.which]

    def middles(self, chance: float) -> tuple[float, Floats32]:
        """Chance that namesakes share a middle name, and log of each one's own against it."""
        result, counts = np.zeros(len(self.rows), np.float32), np.bincount(self.name)
        found = list[tuple[Rows, Rows, Rows]]()
        for part in self.parts():
            name, middle = self.name[part], self.middle[part]
            here = np.flatnonzero((counts[name] > 1) & (middle >= 0)).astype(np.int32)
            own = numbered(name[here])[0]
            both = numbered(own << 32 | middle[here])[0]
            found.append((here + np.int32(part.start), _others(own), _others(both)))
        beside_all, both_all = (sum(int(one[k].sum()) for one in found) for k in (1, 2))
        if not any(len(named) for named, _, _ in found):
            return chance, result
        average = (both_all + _PAIRS * chance) / (beside_all + _PAIRS)
        average = float(np.clip(average, chance, 0.99))
        for named, beside, both in found:
            share = (both + OTHER_NAMES * average) / (beside + OTHER_NAMES)
            result[named] = np.log(np.maximum(share, chance) / average)
        return average, result


def _others(number: Ints) -> Rows:
    """How many others have each one's number."""
    return (np.bincount(number)[number] - 1).astype(np.int32)
