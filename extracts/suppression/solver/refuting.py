"""Why a pattern falls to reruns, where that can be proven, and what others need so as not to fall for the same reason.

A pattern withstands if for each small cell some fitting table in which it is large is protected. Where making the cell large leaves
others a single person, and these, who know their cells, stay, another one may be small and unable to become large: then no such
table is protected. All of this are bounds of linear programmes, and the prices of each say what it takes to lift it: patterns that
lift none of them fall as this one did. Such inequalities (combinatorial Benders cuts; Codato and Fischetti, Operations Research 54,
2006) leave out patterns that fall, and no other.
"""

from collections.abc import Iterator
from dataclasses import replace

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.model import Flags, Floats, Ints, load, solver_with
from extracts.suppression.solver.alone import contributors
from extracts.suppression.solver.cutting_planes import Cut
from extracts.suppression.solver.secondary import Search

_FAR = 1e6  # orders; more than any cell of a small table
_TINY = 1e-6
_SINGLE = 2.0  # persons: whoever has fewer in a cell is alone there
_PRIMAL = 4  # the solver's own number: costs change, bases stay


class Refuting:
    """Proofs for patterns of one table of persons."""

    def __init__(self, search: Search) -> None:
        """``search`` has not begun."""
        one = search.relations
        self._search, self._last = search, (b"", list[Cut]())
        # where a hidden cell may be empty nobody is known to be alone in it
        self._able = search.policy.singletons and search.policy.least > 0
        may = one.free & (one.floor < _SINGLE)
        # cells of which one person may have several: whoever is alone in one of them may move there
        self._groups = contributors(replace(one, people=np.where(may, 1.0, _SINGLE)), may)

    def lacking(self, hidden: Flags) -> list[Cut]:
        """What every pattern needs that withstands, and this one lacks; nothing where it is not proven that it falls."""
        if self._able and self._last[0] != hidden.tobytes():
            bounds = _Bounds(self._search, hidden, self._groups)
            small = np.flatnonzero(self._search.primary & hidden).tolist()
            found = {
                cut.weights.tobytes() + cut.cells.tobytes(): cut
                for cell in small
                for cut in bounds.refuting(cell)
            }
            self._last = hidden.tobytes(), list(found.values())
        return self._last[1]


class _Bounds:
    """How large cells may be in tables that fit what one pattern shows, and what it takes to lift that."""

    def __init__(self, search: Search, hidden: Flags, groups: Ints) -> None:
        one = search.relations
        self._threshold = float(search.policy.threshold)
        self._cells = np.flatnonzero(hidden)
        self._groups, self._least = groups[self._cells], one.least[self._cells]
        self._shown = one.free & ~hidden
        self._room = np.maximum(one.values - one.least, 0.0)
        self._back = sparse.csr_array(one.matrix.T)
        right: Floats = np.negative(one.matrix @ np.where(hidden, 0.0, one.values))
        self._solver = solver_with(presolve="off", solver="simplex", simplex_strategy=_PRIMAL)
        size = len(self._cells)
        columns = self._least, np.full(size, _FAR)
        load(self._solver, np.zeros(size), columns, (right, right), one.matrix[:, self._cells])

    def refuting(self, cell: int) -> Iterator[Cut]:
        """For each proof that no table in which a small cell is large is protected: what it takes to lift it."""
        at = int(np.searchsorted(self._cells, cell))
        self._solver.changeColBounds(at, self._threshold, _FAR)
        small = dict[int, tuple[float, Floats]]()
        for other in range(len(self._cells)):
            if (found := self._most(other)) is not None:
                small[other] = found
        self._solver.changeColBounds(at, float(self._least[at]), _FAR)
        single = np.array(
            [k for k, (most, _) in small.items() if most < _SINGLE - _TINY], dtype=np.int64
        )
        for other in small if len(single) else ():
            stay = single[self._groups[single] != self._groups[other]]
            self._hold(stay, 1.0)
            found = self._most(other)
            self._hold(stay, _FAR)
            if found is not None:
                needed = stay[found[1][self._cells[stay]] > _TINY].tolist()
                lifts = [self._lift(*small[k], _SINGLE) for k in needed]
                lifts += [self._lift(*bound, self._threshold) for bound in (small[other], found)]
                weights = np.max(lifts, axis=0)
                cells = np.flatnonzero(weights > _TINY)
                yield Cut(cells, weights[cells], 1.0)

    def _most(self, at: int) -> tuple[float, Floats] | None:
        """The most that a cell can have, with what each cell's count adds to it; None where it may be large."""
        self._solver.changeColCost(at, -1.0)
        self._solver.run()
        solution, status = self._solver.getSolution(), self._solver.getModelStatus()
        self._solver.changeColCost(at, 0.0)
        if status != highspy.HighsModelStatus.kOptimal:
            return None
        most = float(solution.col_value[at])
        if most >= self._threshold - _TINY:
            return None
        adds: Floats = self._back @ np.asarray(solution.row_dual)
        adds[self._cells[at]] += 1.0
        return most, adds

    def _hold(self, cells: Ints, most: float) -> None:
        size = len(cells)
        self._solver.changeColsBounds(
            size, cells.astype(np.int32), np.ones(size), np.full(size, most)
        )

    def _lift(self, most: float, adds: Floats, aim: float) -> Floats:
        """How much of the way to an aim hiding each shown cell lifts a bound."""
        lifted = np.where(adds > _TINY, 1.0, np.minimum(-adds * self._room / (aim - most), 1.0))
        return np.where(self._shown, lifted, 0.0)
