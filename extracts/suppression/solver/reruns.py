"""Whoever knows the rule reruns it, under secrets of their own, on every table that fits a published one.

A pattern *withstands* them where for each hidden cell that may be small a fitting table in which it is not gets the
same pattern under one of ten fixed secrets. Whether it does depends on what is published alone, never on the true
table (simulatable auditing; Kenthapadi, Mishra and Nissim, PODS 2005): that a pattern was taken tells nothing
more, and every fitting table that the draw gives the pattern gets it from the whole rule, too. Where no draw
withstands, patterns are taken over from the fitting tables that would be ruled out: those are theirs.
"""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import replace

import numpy as np
from scipy import sparse

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model import Flags, Floats, Relations
from extracts.suppression.solver.movements import WIDTHS
from extracts.suppression.solver.secondary import (
    Search,
    accept,
    find_witness,
    hide_decoys,
    start_search,
)

Draw = Callable[[Search, bytes], int]

_LARGEST = 64  # cells; larger tables leave so many that fit that some table is always left
_MOST = 60  # tables that fit; with more it is the same
_STEPS = 2_000  # of the search for them
_SECRETS = tuple(
    bytes([number]) * 32 for number in range(10)
)  # no secrets: what an attacker would draw
_RERUNS = 400
_TURNS = 4  # draws of the table itself that are looked at
_FAR = 1e9


class Reruns:
    """The reruns for one table."""

    def __init__(self, search: Search, draw: Draw) -> None:
        """Prepare them; ``search`` has not begun, ``draw`` chooses its pattern under a secret."""
        self._search = search
        self._draw = draw
        self._known: dict[tuple[bytes, bytes], bytes | None] = {}
        self._taken: dict[bytes, bool] = {}

    @property
    def possible(self) -> bool:
        """Whether the table is one that can be enumerated: small, alone, of persons."""
        one = self._search.relations
        alone = one.shape is not None and not self._search.fixed.any()
        return alone and one.values.size <= _LARGEST and bool((one.values == one.people).all())

    def choose(self, secret: bytes) -> int:
        """Choose a pattern that withstands, the first draw where none does; what the draw returns.

        Raises:
            CannotProtectError: nothing protects the table.
        """
        first, needed = self._begun(self._search.relations), 0
        for turn in range(_TURNS):
            trial = self._begun(self._search.relations)
            found = self._draw(trial, secret + bytes([turn]) if turn else secret)
            if not turn:
                first, needed = trial, found
            if self.withstands(trial.hidden):
                return self._take(trial, needed)
        others = [*self._of_others(), *self._larger(first)]
        others.sort(key=lambda hidden: (int(hidden.sum()), hidden.tobytes()))
        for hidden in others:
            trial = self._begun(self._search.relations)
            if self.withstands(hidden) and _protects(trial, hidden):
                return self._take(trial, needed)
        return self._take(first, needed)

    def withstands(self, hidden: Flags) -> bool:
        """Whether reruns of a pattern prove no hidden cell to be small."""
        key = hidden.tobytes()
        if key not in self._taken:
            self._taken[key] = self._tried(hidden)
        return self._taken[key]

    def _tried(self, hidden: Flags) -> bool:
        one, threshold = self._search.relations, self._search.policy.threshold
        tables = fitting(one, hidden)
        if tables is None:
            return True
        large = tables[:, hidden] >= threshold
        need = large.any(axis=0) & ~large.all(axis=0)
        order = np.argsort(-large[:, need].sum(axis=1), kind="stable").tolist()
        pattern = hidden.tobytes()
        for secret in _SECRETS:
            for at in order:
                if (large[at] & need).any() and self._pattern(tables[at], secret) == pattern:
                    need &= ~large[at]
            if not need.any():
                return True
        return False

    def _pattern(self, values: Floats, secret: bytes) -> bytes | None:
        key = values.tobytes(), secret
        if key not in self._known:
            if len(self._known) >= _RERUNS:
                return None
            trial = self._begun(replace(self._search.relations, values=values, people=values))
            try:
                self._draw(trial, secret)
                self._known[key] = trial.hidden.tobytes()
            except CannotProtectError:
                self._known[key] = None
        return self._known[key]

    def _begun(self, relations: Relations) -> Search:
        trial = start_search(relations, self._search.policy)
        if self._search.weights is not None:
            trial.weights = self._search.weights
            trial.prices = trial.prices * trial.weights
        return trial

    def _of_others(self) -> Iterator[Flags]:
        """Patterns of fitting tables that hide all that is small here."""
        for pattern in {p for p in self._known.values() if p} - self._taken.keys():
            hidden = np.frombuffer(pattern, dtype=bool)
            if (hidden >= self._search.primary).all():
                yield hidden

    def _larger(self, found: Search) -> Iterator[Flags]:
        """A pattern with one further cell, hidden as if it were small, for each that may be."""
        for cell in np.flatnonzero(found.relations.free & ~found.hidden & ~found.fixed):
            trial = copy(found)
            trial.hidden, trial.decoys = found.hidden.copy(), found.decoys.copy()
            trial.goals, trial.witnesses = list(found.goals), dict(found.witnesses)
            trial.needs = {at: list(goals) for at, goals in found.needs.items()}
            hide_decoys(trial, np.array([cell]))
            yield trial.hidden

    def _take(self, trial: Search, needed: int) -> int:
        vars(self._search).update(vars(trial))
        return needed


def _protects(trial: Search, hidden: Flags) -> bool:
    """Whether every goal of a search has a witness in a pattern."""
    trial.hidden = hidden.copy()
    for goal in trial.goals:
        if goal not in trial.witnesses:
            found = find_witness(trial, goal, (*WIDTHS, None))
            if found is None:
                return False
            accept(trial, found)
    return True


def fitting(relations: Relations, hidden: Flags) -> Floats | None:
    """Every table of whole numbers that fits what is not hidden, a row each; None where they are many."""
    unknown = np.flatnonzero(hidden)
    rows, cells, signs = sparse.find(relations.matrix)
    whole: Floats = np.zeros(relations.matrix.shape)
    whole[rows, cells] = signs
    left = whole[:, unknown]
    right: Floats = np.negative(relations.matrix @ np.where(hidden, 0.0, relations.values))
    used = left.any(axis=1)
    left, right = left[used], right[used]
    found: list[Floats] = []
    stack = [(relations.least[unknown], np.full(len(unknown), _FAR))]
    for _ in range(_STEPS):
        if not stack:
            break
        narrowed = _narrowed(left, right, *stack.pop())
        if narrowed is None:
            continue
        low, high = narrowed
        open_cells = np.flatnonzero(low < high)
        if not len(open_cells):
            found.append(low)
            if len(found) > _MOST:
                return None
            continue
        at = open_cells[np.argmin((high - low)[open_cells])]
        if high[at] - low[at] > _MOST:
            return None  # each value of the narrowest cell may have a table
        here = np.arange(len(low)) == at
        values = range(int(low[at]), int(high[at]) + 1)
        stack += [(np.where(here, v, low), np.where(here, v, high)) for v in values]
    if stack:
        return None
    tables = np.tile(relations.values, (len(found), 1))
    tables[:, unknown] = found
    return tables


def _narrowed(
    left: Floats, right: Floats, low: Floats, high: Floats
) -> tuple[Floats, Floats] | None:
    """Bounds that each equation leaves each cell, given those of the others; None where nothing fits."""
    used = left != 0
    signs = np.where(used, left, 1.0)
    while True:
        ends = (
            np.where(signs > 0, left * low, left * high),
            np.where(signs > 0, left * high, left * low),
        )
        least, most = (e.sum(axis=1, keepdims=True) - e for e in ends)
        tops, bottoms = (right[:, None] - least) / signs, (right[:, None] - most) / signs
        upper = np.where(used, np.maximum(tops, bottoms), np.inf).min(axis=0, initial=np.inf)
        lower = np.where(used, np.minimum(tops, bottoms), -np.inf).max(axis=0, initial=-np.inf)
        lower, upper = (
            np.maximum(low, np.ceil(lower - 1e-6)),
            np.minimum(high, np.floor(upper + 1e-6)),
        )
        if (lower > upper).any():
            return None
        if (lower == low).all() and (upper == high).all():
            return low, high
        low, high = lower, upper
