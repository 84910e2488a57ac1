"""Namesakes: names depend on where they come from, so agreeing on a full name is worth the share of people who have it.

First, middle and last names of one community go together: among those called Kulwinder and Mann, nearly all
have Kaur between, and one Min Kim in ten is a Min Jun. The product of three shares takes such an agreement for
proof. Here the people of each full name are counted in the records themselves, by their birth dates,
and what a count of few can't say is filled in from the parts of the name and from how often these go with others of their kind: a first name that
a few surnames share stands with these far more often than with all. First and middle names that go together (Lan Thi, Maria Elena) are counted
likewise. Those of one home are counted by sex: fathers hand
their names on to sons, and mothers hardly ever to daughters.
"""

from collections.abc import Iterator, Sequence
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
from matching.arrow import Floats, Floats32, Ints, Rows
from matching.comparison import NAMES, birth_levels, level
from matching.model.model import Model, shipped_number
from matching.normalise import Side, address_numbers

_SHAPE = 1.0  # of the gamma distribution of a full name's share around what its parts say: names are uneven
_TOGETHER = 8.0  # so many times more often than by chance two names of one origin go together, to begin with
_EXPECTED = 0.1  # pairs of namesakes by chance that this is worth for one name
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
        given: for each record row, log of (share of those of its first name with its middle name / chance that any two people share one).
        heir: for each record row, log of (share of its sex among namesakes of one home / among all); nought where it is not known.
    """

    average: float
    same_middle: float
    full_name: Floats32
    middle: Floats32
    given: Floats32
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
    kinds = Kinds.of(people, lift)
    full_name = np.zeros(len(people.rows), np.float32)
    for part in people.parts():  # a column in 64 bits of 29 million people is 230 MB
        others, chances = kinds.pairs(people, part)
        both = (people.first[part], people.last[part])
        shares = [many[of] / total for many, of in zip(kinds.bearers, both, strict=True)]
        own = [  # what others of its kind say: its own namesakes are counted besides
            kinds.lifts(n, of, (others + 1) * others, (others + 1) * chances)
            for n, of in enumerate(both)
        ]
        likely = likely_share(shares, own)
        full_name[part] = np.log(full_share(others, likely, total) / average)
    same, middle = people.middles(people.name, same_middle)
    given = people.middles(people.first, same_middle, same_middle)[1]
    names = people.by_row(full_name), people.by_row(middle), people.by_row(given)
    return Namesakes(average, same, *names, heirs)


def _heirs(people: "People", side: Side) -> Floats32:
    """The share of each row's sex among people who bear the name of another one of their home, against its share among all, as a log.

    They are two people where their full birth dates are more than a slip apart.
    """
    heirs, counts = np.zeros(2, np.int64), np.bincount(people.name)
    for part in people.parts():
        rows, name = people.rows[part], people.name[part]
        here = (counts[name] > 1) & (side.birth[rows] > 0) & (side.street[rows] >= 0)
        rows, name = rows[here], name[here].astype(np.int64)
        home = address_numbers(side.street[rows], side.house[rows])
        # most share their home with no namesake: these are not sorted
        small = buckets(finish_hash(extend_hash(start_hash(name), home)), bits_for(len(name)))
        perhaps = np.flatnonzero((np.bincount(small) > 1)[small])
        key = name[perhaps] << 32 | numbered(home[perhaps])[0]
        order = np.argsort(key, kind="stable")
        same = np.flatnonzero(key[order[1:]] == key[order[:-1]])
        x, y = rows[perhaps[order[same]]], rows[perhaps[order[same + 1]]]
        apart = birth_levels(side.birth[x], side.birth[y]) >= level("birth", "near year")
        heirs += np.bincount(side.sex[x[apart]], minlength=3)[1:3]
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


def full_share(others: Floats | float, likely: Floats, people: float) -> Floats:
    """The share of people with a full name that so many ``others`` of them bear, and that its parts make so ``likely``."""
    return (_SHAPE + others) / (_SHAPE / likely + people)


def likely_share(shares: Sequence[Floats], lifts: Sequence[Floats]) -> Floats:
    """The share of people with a full name, from the shares of first and last name and how much oftener than by chance either goes with names of its kind."""
    lift = np.maximum(np.minimum(*lifts), 1.0)
    return np.minimum(shares[0] * shares[1] * lift, np.minimum(*shares))


@dataclass(frozen=True)
class Kinds:
    """Namesakes that first and last names have with each other, and those that chance would give them, by code of the name.

    Who is called Kulwinder has few of all surnames: so many namesakes more than by chance tell how common Kulwinder and another one of these are
    together, where few people bear both.
    """

    bearers: tuple[Ints, Ints]
    seen: tuple[Floats, Floats]
    chances: tuple[Floats, Floats]  # times the people
    names: Ints
    lift: float
    people: int

    @classmethod
    def of(cls, people: "People", lift: float) -> "Kinds":
        """Count them; ``lift`` is that of all names."""
        codes = people.first, people.last
        bearers = np.bincount(codes[0]), np.bincount(codes[1])
        seen, chances = ((np.zeros(len(bearers[0])), np.zeros(len(bearers[1]))) for _ in range(2))
        made = cls(bearers, seen, chances, np.bincount(people.name), lift, len(people.rows))
        for part in people.parts():
            for sums, pairs in zip((seen, chances), made.pairs(people, part), strict=True):
                for kind, of in enumerate(codes):
                    sums[kind][:] += np.bincount(of[part], pairs, len(sums[kind]))
        return made

    def pairs(self, people: "People", part: slice) -> tuple[Floats, Floats]:
        """How many namesakes some people have, and how many by chance, times the people."""
        first, last = self.bearers[0][people.first[part]], self.bearers[1][people.last[part]]
        chances = (first - 1) * (last - 1)
        return (self.names[people.name[part]] - 1).astype(np.float64), chances.astype(np.float64)

    def lifts(
        self, kind: int, of: Ints | Rows, seen: Floats | float = 0.0, chances: Floats | float = 0.0
    ) -> Floats:
        """How much oftener than by chance first (0) or last names (1) go with those of their kind, ``seen`` pairs, of so many ``chances``, left out."""
        more = self.seen[kind][of] - seen + _EXPECTED * self.lift
        expected = (self.chances[kind][of] - chances) / max(self.people - 1, 1)
        return more / (expected + _EXPECTED)


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

    def middles(
        self, of: Rows, chance: float, average: float | None = None
    ) -> tuple[float, Floats32]:
        """Chance that two people of one name, by its numbers ``of``, share a middle name (None: as counted), and log of each one's own against it."""
        result = np.zeros(len(self.rows), np.float32)
        named = np.flatnonzero(self.middle >= 0).astype(np.int32)
        bearers = np.bincount(of[named])
        named = named[bearers[of[named]] > 1]
        found = list[tuple[Rows, Rows, Rows]]()
        for here in in_parts(of, self.middle, named):
            both = numbered(of[here].astype(np.int64) << 32 | self.middle[here])[0]
            found.append((here, (bearers[of[here]] - 1).astype(np.int32), _others(both)))
        if average is None:
            beside_all, both_all = (sum(int(one[k].sum()) for one in found) for k in (1, 2))
            average = (both_all + _PAIRS * chance) / (beside_all + _PAIRS)
            average = float(np.clip(average, chance, 0.99))
        for here, beside, both in found:
            share = (both + OTHER_NAMES * average) / (beside + OTHER_NAMES)
            result[here] = np.log(np.maximum(share, chance) / average)
        return average, result


def _others(number: Ints) -> Rows:
    """How many others have each one's number."""
    return (np.bincount(number)[number] - 1).astype(np.int32)
