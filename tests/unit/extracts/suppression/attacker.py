"""A plain attacker: tries every table of whole numbers. Nothing of the suppressor or of the audit is in it."""

import numpy as np
from hypothesis import reject

_STEPS = 20_000  # of one question; an example that takes more is left out
_FAR = 9  # more than any atom of these tables has, for one that no published margin bounds


def attacker_on(table, hidden, knows=()):
    """The attacker on one table; the atoms are its inner cells."""
    sets = np.ones((1, 1))
    for dim in table.dims:
        sets = np.kron(sets, dim.spans)
    sets = [frozenset(np.flatnonzero(one).tolist()) for one in sets]
    return Attacker(sets, table.counts.ravel().tolist(), hidden.ravel().tolist(), knows)


class Attacker:
    """All tables that fit what is published and what somebody knows.

    ``sets`` are the atoms of each published or hidden cell, of one table or of several; nobody is in a
    hidden cell without at least one.
    """

    def __init__(self, sets, values, hidden, knows=()):
        self.sets = sets
        self.atoms = frozenset().union(*sets)
        known = [n for n, away in enumerate(hidden) if not away or n in knows]
        self.shown = [(self.sets[n], values[n]) for n in known]
        self.least = [1 if n not in known else 0 for n in range(len(values))]

    def possible(self, number, fits):
        """Whether there is a table in which what a cell holds fits; it is tried cell by cell."""
        self.steps = 0
        inner = sorted(self.sets[number]) + sorted(self.atoms - self.sets[number])
        return self._more(inner, {}, number, fits)

    def _more(self, inner, found, number, fits):
        self.steps += 1
        if self.steps > _STEPS:
            reject()
        if len(found) == len(self.sets[number]) and not fits(sum(found.values())):
            return False
        if len(found) == len(inner):
            return all(
                sum(found[c] for c in cells) >= low
                for cells, low in zip(self.sets, self.least, strict=True)
            )
        cell = inner[len(found)]
        alone = frozenset([cell])
        rooms, least = [], self.least[self.sets.index(alone)] if alone in self.sets else 0
        for cells, total in self.shown:
            if cell in cells:
                left = total - sum(found.get(c, 0) for c in cells)
                rooms.append(left)
                if cells - found.keys() == {cell}:
                    least = max(least, left)  # the last one of its line takes what is left
        most = min(rooms, default=_FAR)
        return any(
            self._more(inner, {**found, cell: n}, number, fits) for n in range(least, most + 1)
        )

    def proves(self, number, threshold):
        """Whether a cell is exact, or proven to be under the threshold."""
        if not self.possible(number, lambda n: n >= threshold):
            return True
        few = self.possible(number, lambda n: n < threshold)
        return not few and not self.possible(number, lambda n: n > threshold)
