"""Rules that the attacker on de-identified rows mines: what columns are worth for an emptied one.

A rule rests on ten rows or more, and chance would make it less than once in a million (Chernoff). It says a
value, or that none is recorded, which is a value like any other: the companions of columns tell it from an emptied cell. Like all of the attacker's it
shares nothing with those that suppress and measure.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float64]

SUPPORT = 10  # rows (for a person's other rows: persons) that a rule is mined from, at least
EXACT, NEAR = 1.0, 0.95  # confidence of the two rounds
SURPRISE = math.log(
    1e6
)  # a rule that chance would make more often than once in a million is not believed
_DENSE = 1 << 21  # cells of a table of counts; above, patterns are sorted


@dataclass(frozen=True)
class Places:
    """Numbers of few patterns among too many for a table; 0 of any other."""

    pattern: Ints
    place: Ints

    def __getitem__(self, asked: Ints) -> Ints:
        here = np.searchsorted(self.pattern, asked).clip(max=self.pattern.size - 1)
        return np.where(self.pattern[here] == asked, self.place[here], 0)


@dataclass(frozen=True)
class Rule:
    """Patterns of the sources that are believed, ascending: value, share and number of rows of each.

    ``width`` is more than any pattern.
    """

    pattern: Ints
    value: Ints
    sure: Floats
    size: Ints
    width: int

    def places(self, place: Ints) -> Ints | Places:
        """What, indexed by patterns, says ``place`` of those that are believed (one at least), and 0 of others."""
        if self.width > _DENSE:
            return Places(self.pattern, place)
        table = np.zeros(self.width, np.int32)
        table[self.pattern] = place
        return table

    def find(self, asked: Ints) -> tuple[Ints, Ints]:
        """The asked patterns that are believed: their places there, and here."""
        if not self.pattern.size:
            return self.pattern, self.pattern
        place = self.places(np.arange(1, self.pattern.size + 1))[asked]
        there = np.flatnonzero(place)
        return there, place[there] - 1


class Shown(Protocol):
    """Rows in codes, a column at a time."""

    def __getitem__(self, name: str, /) -> Ints: ...
    def __len__(self) -> int: ...


class Likes:
    """Distinct rows: a code each by column, and how many rows each stands for."""

    def __init__(self, table: Mapping[str, Ints], many: Floats) -> None:
        self._table, self.many = table, many

    def __getitem__(self, name: str) -> Ints:
        return self._table[name]

    def __len__(self) -> int:
        return self.many.size


def key_of(sources: Sequence[str], table: Shown, levels: Mapping[str, int]) -> Ints:
    """One number for what the sources show; ``levels``: each column's values, the empty cell apart."""
    if not sources:
        return np.zeros(len(table), np.int64)
    key = table[sources[0]]
    for name in sources[1:]:
        key = key * (levels[name] + 1) + table[name]
    return key


def mine(
    sources: Sequence[str],
    targets: Iterable[str],
    likes: Likes,
    levels: Mapping[str, int],
    many: Mapping[str, Ints],
) -> Iterator[tuple[str, Rule]]:
    """What the release says of each target by these columns; ``many``: rows by a target's code."""
    key, width = key_of(sources, likes, levels), math.prod(levels[s] + 1 for s in sources)
    if width <= _DENSE:
        pattern = np.flatnonzero(np.bincount(key, minlength=width))
        place = np.zeros(width, np.int64)
        place[pattern] = np.arange(pattern.size)
        key = place[key]
    else:
        pattern, key = np.unique(key, return_inverse=True)
    for target in sorted(set(targets).difference(sources)):
        last, base = levels[target], many[target]
        size, most, value = _majorities(key, likes[target], likes.many, pattern.size, last)
        sure = most / np.maximum(size, 1)
        found = np.flatnonzero((sure >= NEAR) & (size >= SUPPORT))
        if sources:
            shares = base[:last] / max(1, base[:last].sum())
            news = size[found] * _divergence(sure[found], shares[value[found]])
            found = found[news >= SURPRISE]
        if found.size:
            yield target, Rule(pattern[found], value[found], sure[found], size[found], width)


def rule_of_persons(person: Ints, seen: Ints, levels: int) -> Rule:
    """What all a person's other rows say, where persons with several seldom contradict themselves."""
    known, people = seen < levels, int(person.max()) + 1
    person, seen, said = person[known], seen[known], np.full(people, -1, np.int64)
    said[person] = seen
    differs = np.bincount(person, said[person] != seen, people) > 0
    several = np.bincount(person, minlength=people) > 1
    tried, same = int(several.sum()), ~differs & (said >= 0)
    share = int((several & same).sum()) / max(1, tried)
    kept = np.flatnonzero(same & (tried >= SUPPORT) & (share >= NEAR))
    sure, size = np.full(kept.size, share), np.full(kept.size, tried)
    return Rule(kept, said[kept], sure, size, people)


def _majorities(
    key: Ints, seen: Ints, many: Floats, width: int, levels: int
) -> tuple[Ints, Ints, Ints]:
    """For each pattern: rows that show the target, those of its commonest value, and it."""
    joint = key * (levels + 1) + seen
    if width * (levels + 1) <= _DENSE:
        flat = np.bincount(joint, many, width * (levels + 1)).astype(np.int64)
        shown = flat.reshape(width, levels + 1)[:, :levels]
        return shown.sum(axis=1), shown.max(axis=1), shown.argmax(axis=1)
    cells, at = np.unique(joint, return_inverse=True)
    counts = np.bincount(at, many).astype(np.int64)
    of, value = np.divmod(cells, levels + 1)
    size, most, best = np.zeros((3, width), np.int64)
    there = value < levels
    of, value, counts = of[there], value[there], counts[there]
    np.add.at(size, of, counts)
    order = np.lexsort((-value, counts))  # last is written the commonest value, the lowest of them
    most[of[order]], best[of[order]] = counts[order], value[order]
    return size, most, best


def _divergence(sure: Floats, base: Floats) -> Floats:
    """Kullback-Leibler divergence per row of a share from its base rate, 0 where it is no higher.

    Chernoff: chance makes such a share of n rows with a probability of at most exp(-n times this).
    """
    p, q = np.clip(base, 1e-12, 1 - 1e-12), np.clip(sure, 1e-12, 1 - 1e-12)
    return np.where(sure > base, q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)), 0.0)
