"""Whoever knows the rule reruns it, under any secret, on every table that fits a published one.

Where a table is small its patterns are enumerated by cost, those of one cost in an order that is drawn whatever
cells hold, and now and then any cell is hidden besides: so every fitting table that a pattern protects may get it. A
pattern *withstands* reruns where for each hidden cell that may be small there are such tables in which it is not; where
all that fit can be tried, ones that have the pattern among their own smallest, and so few others that reruns draw it:
then no secret rules such a table out, and a few secrets hardly ever seem to. Where too many fit, single ones are drawn.
Whether a pattern withstands depends on what is published alone, never on the true table (simulatable auditing;
Kenthapadi, Mishra and Nissim, PODS 2005): that it was taken tells nothing more. Where none of the smallest does, those
that cost more follow, by cost, until one does.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice, takewhile

import numpy as np

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model import Flags, Floats, Ints, Relations
from extracts.suppression.solver.choice import Choice
from extracts.suppression.solver.cutting_planes import Cut, patterns_by_cost
from extracts.suppression.solver.fitting import Draws, fitting
from extracts.suppression.solver.movements import WIDTHS
from extracts.suppression.solver.refuting import Refuting
from extracts.suppression.solver.secondary import (
    Search,
    accept,
    clean_up,
    find_witness,
    hide_neighbourhood,
    secondary,
    secondary_cells,
    start_search,
)

_LARGEST = 64  # cells; larger tables leave so many that fit that some table is always left
_MOST = 400  # tables that fit and are all tried; where there are more single ones are drawn
_PATTERNS = 200  # that are looked at before whole lines are hidden
_RERUNS = 400  # tables whose smallest patterns are looked for
_LIKELY = 0.1  # times that a rerun on the tables that keep a cell draws the pattern, at least
_COUNTED = 20  # smallest patterns of a table; more count as so many
_OTHERS = 4  # tables' smallest patterns that are tried on another before its own are looked for
_WIDER = 4  # lines around cells that no pattern keeps; the last are the whole table
_CLOSE = 1e-6


@dataclass
class _Found:
    """What was found for tables of one shape: smallest patterns by values, what falls by what is published."""

    smallest: dict[bytes, "_Smallest"] = field(default_factory=dict[bytes, "_Smallest"])
    fallen: dict[bytes, Ints] = field(default_factory=dict[bytes, Ints])
    tried: list[Flags] = field(default_factory=list[Flags])  # smallest ones, of use last first


class Reruns:
    """The reruns for one table."""

    def __init__(self, search: Search, found: _Found | None = None) -> None:
        """Prepare them; ``search`` has not begun."""
        self._search, self._found = search, found or _Found()

    def of(self, values: Floats) -> "Reruns":
        """The same for another table of the shape, which shares what was found."""
        return Reruns(self._begun(self._other(values)), self._found)

    @property
    def possible(self) -> bool:
        """Whether the table is one that can be enumerated: small, alone, of persons."""
        one = self._search.relations
        alone = one.shape is not None and not self._search.fixed.any()
        return alone and one.values.size <= _LARGEST and bool((one.values == one.people).all())

    def choose(self, secret: bytes) -> float:
        """Choose a pattern that withstands; returns what any pattern needs by weight.

        Raises:
            CannotProtectError: nothing protects the table, or nothing that may be hidden keeps reruns out.
        """
        needed = next(self._patterns(secret), None)
        if needed is None:
            raise CannotProtectError(cells=1)
        few = len(secondary_cells(needed))
        why = Refuting(self._search)
        besides = Choice(secret, self._search).besides(self._search, few)
        every = self._patterns(secret, besides, why.lacking)
        smallest = next(every)  # whatever protects still does with more hidden
        for trial in chain([smallest], islice(every, _PATTERNS)):
            if not why.lacking(trial.hidden) and self.withstands(trial.hidden):
                return self._take(trial, secondary(needed))
        for lines in range(1, _WIDER + 1):
            trial = copy(smallest)
            trial.hidden = trial.hidden.copy()
            hide_neighbourhood(trial, self.fallen(smallest.hidden).tolist(), lines)
            if self.withstands(trial.hidden):
                return self._take(trial, secondary(needed))
        raise CannotProtectError(cells=len(self.fallen(smallest.hidden)))

    def _patterns(
        self,
        secret: bytes,
        besides: Flags | None = None,
        lacking: Callable[[Flags], Iterable[Cut]] = lambda _: (),
    ) -> Iterator[Search]:
        """Patterns by cost, those of one cost in an order that is drawn: what cells hold has no part in it."""
        trial = self._begun(self._search.relations)
        trial.prices = np.ones_like(trial.prices)
        Choice(secret, trial).vary(trial)
        if besides is not None:
            trial.hidden, trial.fixed = trial.hidden | besides, besides
        return patterns_by_cost(trial, lacking)

    def smallest(self) -> list[Flags]:
        """The patterns that cost least."""
        every = patterns_by_cost(self._begun(self._search.relations))
        first = next(every)
        cost = secondary(first) + _CLOSE
        return [
            first.hidden,
            *(one.hidden for one in takewhile(lambda x: secondary(x) <= cost, every)),
        ]

    def first(self, patterns: list[Flags], secret: bytes) -> Flags:
        """The one of some patterns of one cost that stands first under a secret."""
        draws = Choice(secret, self._search).numbers("prices", self._search.prices.size)
        return min(patterns, key=lambda one: float(draws[one].sum()))

    def withstands(self, hidden: Flags) -> bool:
        """Whether reruns of a pattern prove no hidden cell to be small."""
        return not len(self.fallen(hidden))

    def fallen(self, hidden: Flags) -> Ints:
        """The hidden cells that reruns prove to be small, though what is shown does not, and those that it gives away."""
        key = self._published(hidden)
        if key not in self._found.fallen:
            self._found.fallen[key] = self._proven(hidden)
        return self._found.fallen[key]

    def _published(self, hidden: Flags) -> bytes:
        return np.where(hidden, -1.0, self._search.relations.values).tobytes()

    def _other(self, values: Floats) -> Relations:
        return replace(self._search.relations, values=values, people=values)

    def _proven(self, hidden: Flags) -> Ints:
        one, threshold = self._search.relations, self._search.policy.threshold
        tables = fitting(one, hidden, _MOST)
        if tables is None:
            return self._proven_of_many(hidden)
        large = tables >= threshold
        stake = hidden & large.any(axis=0) & ~large.all(axis=0)
        likely = np.zeros(hidden.size)
        for at in np.argsort(large[:, stake].sum(axis=1), kind="stable").tolist():
            left = stake & (likely < _LIKELY)
            if (large[at] & left).any():
                likely += self._share(tables[at], hidden) * large[at]
        given = hidden & (tables.min(axis=0) == tables.max(axis=0))
        return np.flatnonzero(stake & (likely < _LIKELY) | given)

    def _proven_of_many(self, hidden: Flags) -> Ints:
        """The first hidden cell that may be small, and is large in no drawn table that the pattern protects.

        Such a table may get the pattern: what is hidden besides can be any cells, and whether it withstands does not depend on the table.
        """
        threshold = self._search.policy.threshold
        draws, spoken = Draws(self._search.relations, hidden, threshold), ~hidden
        for cell in draws.cells.tolist():
            if spoken[cell]:
                continue
            for values in draws.with_large(cell):
                if _protects(self._begun(self._other(values)), hidden):
                    spoken |= values >= threshold
                    break
            else:
                if draws.may_be_small(cell):
                    return np.array([cell])
        return np.zeros(0, dtype=np.int64)

    def _share(self, values: Floats, hidden: Flags) -> float:
        """How likely a draw gives a pattern to a table: 0 where it is not among its smallest ones."""
        trial = self._begun(self._other(values))
        cost = float(trial.weights[hidden & ~trial.primary].sum())
        key, known = values.tobytes(), self._found.smallest
        if key in known and known[key].cost < cost - _CLOSE:
            return 0.0
        if not _protects(trial, hidden):
            return 0.0
        if key not in known:
            if self._has_cheaper(trial, cost) or len(known) >= _RERUNS:
                return 0.0
            known[key] = _Smallest(self._begun(self._other(values)))
            self._found.tried.insert(0, known[key].hidden)
        return 1 / known[key].count if cost <= known[key].cost + _CLOSE else 0.0

    def _has_cheaper(self, trial: Search, cost: float) -> bool:
        """Whether it is soon seen that a table has a pattern that costs less: one of another table, or what it was given without a cell."""
        tried = self._found.tried
        for at, other in enumerate(tried[:_OTHERS]):
            dear = float(trial.weights[other & ~trial.primary].sum()) >= cost - _CLOSE
            if not dear and _protects(self._begun(trial.relations), other):
                tried.insert(0, tried.pop(at))
                return True
        clean_up(trial)
        return secondary(trial) < cost - _CLOSE

    def _begun(self, relations: Relations) -> Search:
        trial = start_search(relations, self._search.policy)
        trial.prices = trial.prices * (self._search.weights / trial.weights)
        trial.weights = self._search.weights
        return trial

    def _take(self, trial: Search, needed: float) -> float:
        vars(self._search).update(vars(trial))
        self._search.fixed = np.zeros_like(trial.fixed)  # what was hidden besides is as any other
        return needed


class _Smallest:
    """The smallest patterns of a table: what they cost, and, once somebody asks, how many they are."""

    def __init__(self, search: Search) -> None:
        self._every = patterns_by_cost(search)
        first = next(self._every, None)
        self.cost = np.inf if first is None else secondary(first)
        self.hidden = search.hidden if first is None else first.hidden

    @cached_property
    def count(self) -> int:
        """As far as they are counted."""
        others = (secondary(one) <= self.cost + _CLOSE for one in islice(self._every, _COUNTED - 1))
        return 1 + sum(1 for _ in takewhile(bool, others))


def _protects(trial: Search, hidden: Flags) -> bool:
    """Whether every goal of a search has a witness in a pattern."""
    if (trial.primary & ~hidden).any():
        return False
    trial.hidden = hidden.copy()
    for goal in trial.goals:
        if goal not in trial.witnesses:
            found = find_witness(trial, goal, (*WIDTHS, None))
            if found is None:
                return False
            accept(trial, found)
    return True
