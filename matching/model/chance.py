"""How often two different people agree by chance: over all values, and for each value.

Exact agreement is counted, not sampled: the chance that two rows share a value is the sum of the
products of its shares on both sides. Fuzzy levels come from random pairs, blended with the shipped
prior; levels that hang on another field's agreement, from random pairs that agree on it. Numbers that are meant to be unique keep the prior, since their agreements are matches.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from matching.arrays import in_threads, numbered, some_numbers
from matching.arrow import Floats, Floats32, Ints, Numbers, Rows
from matching.comparison import FIELDS, NAMES, Comparer, compare_pairs
from matching.model.model import (
    CLASSES,
    FULL_NAME,
    NEAR_NAME,
    Model,
    agreeing,
    class_log_posterior,
    unpack,
    uses_chance,
    with_namesakes,
)
from matching.model.namesakes import Namesakes
from matching.native import compiled, in_order
from matching.normalise import Encoded, Side

SAMPLE = 400_000  # random pairs; the fuzzy levels of interest are above 1e-4
_SHARING = 100_000  # random pairs of one first name, and of one street
_TELLING = 30  # expected agreements from which a side's own count is believed
_UNIQUE = frozenset({"ssn", "licence", "phone", "exact"})
_OWNERS = 5  # rows of one number that one person may have
PRIOR_ROWS = 50.0  # what the average frequency is worth for one value, in rows

# as the side has them where it does: 28.8 million rows in 64 bits are 230 MB of each
VALUES: dict[str, Callable[[Side], Numbers]] = {
    "first": lambda s: s.first,
    "last": lambda s: s.last,
    "birth": lambda s: np.where(s.birth > 0, s.birth, np.int32(-1)),
    "ssn": lambda s: s.ssn,
    "licence": lambda s: s.licence,
    "phone": lambda s: s.phone,
    "street": lambda s: s.address,
}
SideValues = dict[
    str, tuple[Numbers, Numbers]
]  # of the cohort's rows and of the records' by field; negative is missing


def values_of(encoded: Encoded) -> SideValues:
    """What is counted of both sides. Addresses are numbered: that is slow, and is done once."""
    if encoded.records is encoded.cohort:  # one table against itself: held once
        own = {name: of(encoded.cohort) for name, of in VALUES.items()}
        own["street"] = _numbers_of(own["street"])
        return {name: (values, values) for name, values in own.items()}
    found = {name: (of(encoded.cohort), of(encoded.records)) for name, of in VALUES.items()}
    number = _numbers_of(np.concatenate(found["street"]))
    return found | {"street": (number[: encoded.cohort.rows], number[encoded.cohort.rows :])}


def _numbers_of(values: Ints) -> Rows:
    """A small number for each value; -1 is missing."""
    number = some_numbers(values)[0].astype(np.int32)
    number[values < 0] = -1
    return number


@dataclass(frozen=True)
class Frequencies:
    """For each record row and field, log of (share of its value / average chance of agreement)."""

    by_row: dict[str, Floats32]

    def rise(self, name: str) -> float:
        """How much the frequency of a value of this field can raise the log odds of a pair."""
        table = self.by_row.get(name)
        return 0.0 if table is None else max(0.0, -float(table.min(initial=0.0)))

    def rises(self, name: str, rows: Rows) -> Floats32:
        """By how much the frequency of its value raises (or lowers) the log odds for each record row."""
        table = self.by_row.get(name)
        return np.zeros(len(rows), np.float32) if table is None else -table[rows]

    def most(self, levels: list[Ints]) -> Floats:
        """How much the frequencies can raise the log odds of pairs with these levels."""
        rises = np.zeros(len(levels[0]))
        for name in self.by_row:
            rises += np.where(agreeing(name, levels), self.rise(name), 0.0)
        return rises

    def adjust(self, joint: Floats, levels: list[Ints], rows: Rows) -> None:
        """Add to ``joint`` (classes x pairs) what the frequency of the shared value says."""
        for name, table in self.by_row.items():
            same = agreeing(name, levels)
            change = np.where(same, table[rows], 0.0)
            for c in np.flatnonzero(uses_chance(name)):
                joint[c] += change


def frequencies(
    of: SideValues, model: Model, namesakes: Namesakes | None = None, threads: int | None = None
) -> Frequencies:
    """Count the values of the records' side."""

    def counted(name: str) -> Floats32 | None:
        values = of[name][1]
        average = float(model.u[NAMES.index(name)][1])
        if name in _UNIQUE:  # shared by many people it was taken out (normalise/nobody.py)
            return _shared(values, average) if name == "phone" else None
        place, counts = _counted(values)
        present = int(counts.sum())
        if not present:
            return None
        share = counts + PRIOR_ROWS * average  # of addresses there are as many as rows: in place
        share /= present + PRIOR_ROWS
        share /= average
        np.log(share, out=share)
        share[counts == 0] = 0.0
        return share.astype(np.float32)[place]

    tables = dict(zip(VALUES, in_threads(counted, VALUES, threads), strict=True))
    if namesakes is not None:
        tables |= {
            FULL_NAME: namesakes.full_name,
            NEAR_NAME: near_names(namesakes.full_name),
            "middle of full name": namesakes.middle,
            "middle of first name": namesakes.given,
            "heir": namesakes.heir,
        }
    return Frequencies({name: table for name, table in tables.items() if table is not None})


def near_names(full_name: Floats32) -> Floats32:
    """What the share of a full name says of pairs whose names agree but for a slip.

    Of a common name only: that one is rare may be the slip, of a name that is common.
    """
    return np.maximum(full_name, np.float32(0))


def _counted(values: Numbers) -> tuple[Numbers, Ints]:
    """A number for each row's value, and how many rows have each; missing ones (negative) are not counted."""
    place, numbers = some_numbers(values)
    counts = np.bincount(place, minlength=numbers)
    counts[place[np.flatnonzero(values < 0)]] = 0
    return place, counts


def _shared(values: Numbers, average: float) -> Floats32 | None:
    """Log of (share / average) for each row whose number more than a few rows have; None: no row."""
    present = values[values >= 0]
    ordered = np.sort(present)
    many = ordered[_OWNERS:][ordered[_OWNERS:] == ordered[:-_OWNERS]]
    if not len(many):
        return None
    keys, more = np.unique(many, return_counts=True)
    share = np.maximum(average, more / len(present))
    place = np.minimum(np.searchsorted(keys, values), len(keys) - 1)
    raised = np.log(share / average)[place]
    return np.where(keys[place] == values, raised, 0.0).astype(np.float32)


def fit_chance(
    model: Model,
    encoded: Encoded,
    comparer: Comparer,
    seed: int,
    threads: int | None = None,
    values: SideValues | None = None,
) -> Model:
    """The model with its ``u`` fitted to these two tables."""
    values = values or values_of(encoded)
    rng = np.random.default_rng(seed)
    size = min(SAMPLE, max(1, encoded.cohort.rows * encoded.records.rows))
    if not encoded.cohort.rows or not encoded.records.rows:
        return model
    a = rng.integers(0, encoded.cohort.rows, size, dtype=np.int32)
    b = rng.integers(0, encoded.records.rows, size, dtype=np.int32)
    a, b = _by_record(a, b)
    c, r = encoded.cohort, encoded.records
    shared = [(c.first, r.first), (c.street, r.street)]
    for x, y in shared:  # one after the other: each holds some 20 bytes a row
        near_a, near_b = _by_record(*Sharing.of(x, y).drawn(min(size, _SHARING), rng))
        a, b = np.concatenate([a, near_a]), np.concatenate([b, near_b])
    patterns = compare_pairs(comparer, a, b, threads)
    place, count = numbered(patterns)
    distinct = np.zeros(count, np.int32)
    distinct[place] = patterns
    apart = a != b if encoded.cohort is encoded.records else np.ones(len(a), np.bool_)
    everywhere = np.bincount(place[apart], minlength=len(distinct))
    drawn = np.bincount(place[:size][apart[:size]], minlength=len(distinct))
    levels = unpack(distinct)
    posterior = np.exp(class_log_posterior(model, levels))
    random = posterior[CLASSES.index("random")] > 0.5  # matches and relatives fall in by chance
    names = [name for name in VALUES if name not in _UNIQUE]

    def agreeing(name: str) -> float:
        return collision(*values[name], model.u[NAMES.index(name)][1])

    counted = dict(zip(names, in_threads(agreeing, names, threads), strict=True))
    u: list[Floats] = []
    for f, field in enumerate(FIELDS):
        if field.name in _UNIQUE:
            u.append(model.u[f])
            continue
        prior = model.u[f]
        used = np.where(random, everywhere if len(field.groups) > 1 else drawn, 0)
        seen = np.bincount(levels[f], weights=used, minlength=len(field.levels))
        new = np.ones(len(field.levels))
        for group in field.groups:
            g = list(group)
            n = seen[g].sum()
            new[g] = (seen[g] + 1) / (n + 1 / prior[g])  # each shipped chance is worth one hit
            new[g] /= new[g].sum()
        if field.name in VALUES:
            new = _exact(new, counted[field.name])
        u.append(new)
    return with_namesakes(replace(model, u=tuple(u)))


def _by_record(a: Rows, b: Rows) -> tuple[Rows, Rows]:
    """Pairs in the records' order: a million rows picked at random miss the cache each time."""
    both = np.sort(b.astype(np.int64) << 32 | a)  # faster than an argsort
    return (both & 0xFFFFFFFF).astype(np.int32), (both >> 32).astype(np.int32)


def _exact(u: Floats, counted: float) -> Floats:
    """Put the counted chance of exact agreement in the place of the sampled one."""
    rest = u[2:] * ((1 - counted) / u[2:].sum())
    return np.concatenate([[1.0, counted], rest])


def collision(mine: Numbers, theirs: Numbers, prior: float) -> float:
    """Chance that a row of each side share their value, if they are different people.

    The smallest of three estimates, since true matches inflate the one across the sides and repeated
    entries those within a side.
    """
    if mine is theirs:
        counts = _counted(mine)[1]
        x = y = counts[counts > 0].astype(np.float64)
    else:
        place, both = _counted(np.concatenate([mine, theirs]))
        known = both > 0
        x, y = (
            np.bincount(side, minlength=len(both))[known].astype(np.float64)
            for side in (place[: len(mine)], place[len(mine) :])
        )
    found = [((x * y).sum(), x.sum() * y.sum())]
    expected = max(prior, found[0][0] / max(found[0][1], 1))
    for n in (x, y):  # a side too small to show agreements says nothing by showing none
        pairs = n.sum() * (n.sum() - 1)
        if pairs * expected >= _TELLING:
            found.append(((n * (n - 1)).sum(), pairs))
    weight = 0.05 / max(prior, 1e-9)  # so a table too small to show one agreement keeps the prior
    return min(1 - 1e-06, *((hits + weight * prior) / (pairs + weight) for hits, pairs in found))


@dataclass(frozen=True)
class Sharing:
    """Pairs of rows that share a value.

    The other side's rows in the order of their values, the values of the rows, where those of each value end (-1 first), and the
    pairs of all rows up to each.
    """

    order: Rows
    values: Rows
    ends: Ints
    many: Ints

    @classmethod
    def of(cls, x: Rows, y: Rows) -> "Sharing":
        """Count the pairs of two columns of codes (negative is missing)."""
        counts = np.bincount(y + 1, minlength=int(x.max(initial=-1)) + 2)
        ends = np.cumsum(counts) - counts[0]
        if compiled() is not None:
            order = in_order(y)
        else:
            order = np.argsort(y, kind="stable")[counts[0] :].astype(np.int32)
        mine = counts[x + 1]
        mine[x < 0] = 0
        return cls(order, x, ends, np.cumsum(mine, out=mine))

    def drawn(self, size: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Random pairs, at most ``size``."""
        if not len(self.many) or not self.many[-1]:
            return np.empty(0, np.int32), np.empty(0, np.int32)
        pick = rng.integers(0, self.many[-1], min(size, int(self.many[-1])))
        order = np.argsort(pick)  # a search at random misses the cache each time
        a = np.empty(len(pick), np.intp)
        a[order] = np.searchsorted(self.many, pick[order], "right")
        return a.astype(np.int32), self.order[self.ends[self.values[a] + 1] - (self.many[a] - pick)]
