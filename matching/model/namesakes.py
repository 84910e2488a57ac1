"""Namesakes: names depend on where they come from, so agreeing on a full name is worth the share of people who have it.

First, middle and last names of one community go together: among those called Kulwinder and Mann, nearly all
have Kaur between, and one Min Kim in ten is a Min Jun. The product of three shares takes such an agreement for
proof. Here the people of each full name are counted in the records themselves, by their birth dates,
and what a count of few can't say is filled in from the parts of the name. Those of one home are counted by sex: fathers hand
their names on to sons, and mothers hardly ever to daughters.
"""

from dataclasses import dataclass

import numpy as np

from matching.arrays import bits_for, buckets, extend_hash, finish_hash, numbered, start_hash
from matching.arrow import Bools, Floats, Floats32, Numbers, Rows
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
    together, same_middle = _together(model), float(model.u[NAMES.index("middle")][1])
    others, total, lift = _others(people.name), float(len(people.rows)), lift_of(people, model)
    shares = [people.share(name) for name in (people.first, people.last)]
    likely = np.minimum(shares[0] * shares[1] * lift, np.minimum(*shares))
    share = (SHAPE + others) / (SHAPE / likely + total)
    average = min(1.0, lift * together)
    same, middle = people.middles(same_middle, others > 0)
    names = people.by_row(np.log(share / average)), people.by_row(middle)
    return Namesakes(average, same, *names, _heirs(people, side))


def _heirs(people: "People", side: Side) -> Floats32:
    """The share of each row's sex among people who bear the name of another one of their home, against its share among all, as a log.

    They are two people where their full birth dates are more than a slip apart.
    """
    rows = people.rows[_others(people.name) > 0]
    rows = rows[(side.birth[rows] > 0) & (side.street[rows] >= 0)]
    name, home = people.name[people.which[rows]].astype(np.int64), side.address[rows]
    # most share their home with no namesake: these are not sorted
    small = buckets(finish_hash(extend_hash(start_hash(name), home)), bits_for(len(rows)))
    perhaps = np.flatnonzero((np.bincount(small) > 1)[small])
    rows = rows[perhaps]
    key = name[perhaps] << 32 | numbered(home[perhaps])[0]
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
    x, y = rows[order[same]], rows[order[same + 1]]
    apart = birth_levels(side.birth[x], side.birth[y]) >= level("birth", "near year")
    heirs, everybody = (
        np.bincount(sex, minlength=3)[1:3] for sex in (side.sex[x[apart]], side.sex)
    )
    men, worth = shipped_number("heirs", "men"), shipped_number("heirs", "pairs")
    share = (heirs + worth * np.array([men, 1 - men])) / (heirs.sum() + worth)
    ratio = share * (everybody.sum() + 2) / (everybody + 1)
    return np.r_[0.0, np.log(ratio), 0.0].astype(np.float32)[side.sex]


def lift_of(people: "People", model: Model) -> float:
    """How much oftener than by chance people share a first and last name."""
    total, shared = float(len(people.rows)), float(_others(people.name).sum())
    return max(1.0, (shared + _TOGETHER) / (total * (total - 1.0) * _together(model) + 1.0))


def _together(model: Model) -> float:
    """The chance that two people share a first and last name, were these independent."""
    first, last = (float(model.u[NAMES.index(name)][1]) for name in ("first", "last"))
    return first * last


@dataclass(frozen=True)
class People:
    """People told apart by first name, last name and birth date, with the codes of their names.

    ``name`` numbers first and last name together; ``rows`` are a record row of each; ``which`` is the person of each record row, or -1 where a name is missing. Rows without a
    birth date are one person's, or each a person where no row has one.
    """

    which: Rows
    rows: Rows
    name: Rows
    first: Rows
    last: Rows
    middle: Rows

    @classmethod
    def of(cls, side: Side) -> "People":
        """Tell them apart."""
        known = np.flatnonzero((side.first >= 0) & (side.last >= 0)).astype(np.int32)
        name, _ = numbered(side.first[known].astype(np.int64) << 32 | side.last[known])
        birth = side.birth[known].astype(np.int64)
        dated = bool((birth > 0).any())
        person, many = numbered(name << 32 | (birth if dated else np.arange(len(known))))
        rows = np.empty(many, np.int32)
        rows[person] = known
        named = side.middle[known] >= 0  # a row that has a middle name stands for the others
        rows[person[named]] = known[named]
        which = np.full(side.rows, -1, np.int32)
        which[known] = person
        name_of = np.empty(many, np.int32)
        name_of[person] = name
        return cls(which, rows, name_of, *(x[rows] for x in (side.first, side.last, side.middle)))

    def by_row(self, values: Floats) -> Floats32:
        """Values of people for their rows; nought for rows without a name."""
        return np.append(values, 0.0).astype(np.float32)[self.which]

    def share(self, name: Rows) -> Floats:
        """The share of people with each one's name."""
        return np.bincount(name)[name] / max(len(name), 1)

    def middles(self, chance: float, namesakes: Bools) -> tuple[float, Floats]:
        """Chance that namesakes share a middle name, and log of each one's own against it."""
        result = np.zeros(len(self.rows))
        named = np.flatnonzero(namesakes & (self.middle >= 0))
        if not len(named):
            return chance, result
        name = self.name[named]
        beside, both = (
            _others(name),
            _others(numbered(name.astype(np.int64) << 32 | self.middle[named])[0]),
        )
        average = (both.sum() + _PAIRS * chance) / (beside.sum() + _PAIRS)
        average = float(np.clip(average, chance, 0.99))
        share = (both + OTHER_NAMES * average) / (beside + OTHER_NAMES)
        result[named] = np.log(np.maximum(share, chance) / average)
        return average, result


def _others(number: Numbers) -> Floats:
    """How many others have each one's number."""
    return (np.bincount(number)[number] - 1).astype(np.float64)
