"""Tables that fit, offered as proofs: each is checked against every equation before it counts.

Whoever made the pattern knows changes of the true table that leave all published values as they
are. The audit takes them as it takes any table: a change that does not fit proves nothing, and it
is the audit's own equations that say whether it fits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from extracts.suppression.audit.knowledge import Knowledge

Place = tuple[int, tuple[str, ...]]  # number of the table, labels of the row
Vector = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Hint:
    """A table and changes of it.

    Attributes:
        counts: by place; what is not named is what is published, or unknown.
        changes: each by place, in orders.
    """

    counts: Mapping[Place, int]
    changes: Sequence[Mapping[Place, int]] = ()


class Proofs:
    """Checks offered tables; says which cells change in them and by how much."""

    def __init__(self, known: Knowledge, hint: Hint, alone: Cells | None = None) -> None:
        """Check a hint; ``alone`` are cells that have one person in its table."""
        self.known = known
        self._alone = np.zeros(0, dtype=np.int64) if alone is None else alone
        self._number = {place: cell.number for cell in known.cells for place in cell.names}
        size = len(known.cells)
        lengths = np.array([len(parts) for _, parts in known.sums], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(lengths)])
        self._parts = np.array([p for _, ps in known.sums for p in ps], dtype=np.int64)
        self._heads = np.array([m for m, _ in known.sums], dtype=np.int64)
        number = np.arange(len(lengths))
        rows = np.concatenate([np.repeat(number, lengths), number])
        cells = np.concatenate([self._parts, self._heads])
        signs = np.concatenate([np.ones(len(self._parts)), -np.ones(len(self._heads))])
        self._sums = sparse.csc_array((signs, (rows, cells)), shape=(len(lengths), size))
        self._spans = np.asarray(self._sums.indptr, dtype=np.int64)
        self._rows = np.asarray(self._sums.indices, dtype=np.int64)
        self._signs = np.asarray(self._sums.data, dtype=np.float64)
        self._unknown = np.array([c.count is None for c in known.cells])
        self._floor = np.array([float(known.floor if c.listed else 0) for c in known.cells])
        self._published_persons = np.array(
            [-1.0 if c.persons is None else float(c.persons) for c in known.cells]
        )
        self._listed = np.array([c.listed for c in known.cells])
        self.counts = np.array([float(c.count or 0) for c in known.cells])
        for place, count in hint.counts.items():
            number = self._number.get(place)
            if number is not None and self._unknown[number]:
                self.counts[number] = float(count)
        self._limit = person_ceiling(known, np.repeat(self._heads, lengths), self._parts)
        self.people = self.counts
        self.fits = self._fits()

    def _fits(self) -> bool:
        if np.abs(self._sums @ self.counts).max(initial=0.0) > 0:
            return False
        if (self.counts < self._floor)[self._unknown].any():
            return False
        if not self.known.has_persons:
            return True
        most = np.minimum(self.counts, self._limit)
        most[self._alone] = np.minimum(most[self._alone], 1.0)
        people = self._lowered(most, np.arange(len(self._heads)))
        if people is None:
            return False
        self.people = people
        return True

    def changed(self, change: Mapping[Place, int]) -> tuple[Cells, Vector, Vector] | None:
        """Cells, their counts and their persons in the changed table; None where it doesn't fit."""
        found = [(self._number.get(place, -1), step) for place, step in change.items()]
        cells = np.array([number for number, _ in found], dtype=np.int64)
        steps = np.array([float(step) for _, step in found])
        if (cells < 0).any() or len(set(cells.tolist())) != len(cells):
            return None
        counts = self.counts[cells] + steps
        if not self._unknown[cells].all() or (counts < self._floor[cells]).any():
            return None
        rows, balance = self._balance(cells, steps)
        if np.abs(balance).max(initial=0.0) > 0:
            return None
        if not self.known.has_persons:
            return cells, counts, counts
        start = self.people.copy()
        start[cells] = np.minimum(counts, self._limit[cells])
        people = self._lowered(start, rows)
        if people is None:
            return None
        gone = self._alone[people[self._alone] < 1]
        if len(gone) and not np.isin(gone, cells).all():
            return None
        return cells, counts, people[cells]

    def _balance(self, cells: Cells, steps: Vector) -> tuple[Cells, Vector]:
        """The equations that a change touches, and by how much each is off."""
        spans = [np.arange(int(self._spans[c]), int(self._spans[c + 1])) for c in cells.tolist()]
        at = np.concatenate(spans) if spans else np.zeros(0, dtype=np.int64)
        changes = self._signs[at] * np.repeat(steps, [len(s) for s in spans])
        rows, inverse = np.unique(self._rows[at], return_inverse=True)
        balance = np.zeros(len(rows))
        np.add.at(balance, inverse, changes)
        return rows, balance

    def _lowered(self, people: Vector, rows: Cells) -> Vector | None:
        """Lower persons until the given equations and all that they lead to hold; None if none can.

        A cell has no more persons than each margin above it, a margin no more than its cells
        together. Persons only ever sink, so that this ends, and at persons that obey every rule.
        """
        while len(rows):
            before = people.copy()
            lengths = self._starts[rows + 1] - self._starts[rows]
            ends = np.cumsum(lengths)
            at = np.arange(int(ends[-1])) + np.repeat(self._starts[rows] - ends + lengths, lengths)
            parts, heads = self._parts[at], self._heads[rows]
            np.minimum.at(people, parts, people[np.repeat(heads, lengths)])
            number = np.repeat(np.arange(len(rows)), lengths)
            together = np.bincount(number, people[parts], minlength=len(rows))
            np.minimum.at(people, heads, together)
            sunk = np.flatnonzero(people < before)
            if (people[sunk] < self._published_persons[sunk]).any():
                return None
            rows, _ = self._balance(sunk, np.zeros(len(sunk)))
        wrong = (people < self._published_persons) | (
            self._listed & (self._published_persons < 0) & (people < self.known.floor)
        )
        return None if wrong.any() else people


def person_ceiling(known: Knowledge, margins: Cells, parts: Cells) -> Vector:
    """The most persons of each cell by the published margins above it."""
    ceiling = np.array([np.inf if c.persons is None else float(c.persons) for c in known.cells])
    while True:
        lower = ceiling.copy()
        np.minimum.at(lower, parts, ceiling[margins])
        if (lower == ceiling).all():
            return ceiling
        ceiling = lower
