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
        place = {atom: n for n, atom in enumerate(inner)}
        shown = [([place[a] for a in cells], total) for cells, total in self.shown]
        # Of each atom: the lines that it is in, how much is left in them, and which it is the last one of.
        self.lines = [
            [n for n, (cells, _) in enumerate(shown) if i in cells] for i in range(len(inner))
        ]
        self.last = [
            {n for n in mine if max(shown[n][0]) == i} for i, mine in enumerate(self.lines)
        ]
        self.left = [total for _, total in shown]
        self.lowest = [
            self.least[self.sets.index(alone)] if (alone := frozenset([a])) in self.sets else 0
            for a in inner
        ]
        self.needs = [
            ([place[a] for a in cells], low)
            for cells, low in zip(self.sets, self.least, strict=True)
            if low
        ]
        return self._more([], len(self.sets[number]), fits)

    def _more(self, found, asked, fits):
        self.steps += 1
        if self.steps > _STEPS:
            reject()
        here = len(found)
        if here == asked and not fits(sum(found)):
            return False
        if here == len(self.lines):
            return all(sum(found[a] for a in cells) >= low for cells, low in self.needs)
        left = self.left
        rooms = [(line, left[line]) for line in self.lines[here]]
        most = min([room for _, room in rooms], default=_FAR)
        # The last one of its line takes what is left.
        least = max([self.lowest[here], *[left[line] for line in self.last[here]]])
        for n in range(least, most + 1):
            for line, room in rooms:
                left[line] = room - n
            found.append(n)
            if self._more(found, asked, fits):
                return True
            found.pop()
        for line, room in rooms:
            left[line] = room
        return False

    def proves(self, number, threshold):
        """Whether a cell is exact, or proven to be under the threshold."""
        if not self.possible(number, lambda n: n >= threshold):
            return True
        few = self.possible(number, lambda n: n < threshold)
        return not few and not self.possible(number, lambda n: n > threshold)
