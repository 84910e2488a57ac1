"""How far one cell can move when only some cells may: by one programme that is solved again and again.

Where a cell can't move far enough, the programme's prices say why: an inequality that every pattern
which protects the cell satisfies (Fischetti and Salazar-González, Management Science 47, 2001).
"""

from dataclasses import dataclass

import highspy
import numpy as np

from extracts.suppression.errors import SolverStoppedError
from extracts.suppression.model import Floats, Ints, Relations
from extracts.suppression.solver.pattern import Goal, Witness

_FAR = 1e5  # orders; more than any movement of a small cell needs
_TINY = 1e-7
_PRIMAL = 4  # the solver's own number: bounds and one cost change, the last basis nearly fits


@dataclass(frozen=True, eq=False)
class Cut:
    """``weights`` times 1 for each hidden one of ``cells`` must come to ``need`` at least."""

    cells: Ints
    weights: Floats
    need: float


class Flows:
    """All movements of a system whose hidden cells may be chosen anew."""

    def __init__(self, system: Relations) -> None:
        self.cells = np.flatnonzero(system.free)
        self.solved = 0
        self._at = np.full(system.values.size, -1)
        self._at[self.cells] = np.arange(len(self.cells))
        self._room = np.maximum(system.values - system.least, 0.0)[self.cells]
        self._size = len(self.cells)
        self._top = np.zeros(2 * self._size)
        self._solver = self._build(system)

    def open(self, share: Floats) -> None:
        """Let cells move: ``share`` of each cell of the system is 1 where hidden, between in part."""
        part = share[self.cells]
        self._top = np.concatenate([part * _FAR, part * self._room])
        columns = np.arange(2 * self._size, dtype=np.int32)
        self._solver.changeColsBounds(
            2 * self._size, columns, np.zeros(2 * self._size), self._top.copy()
        )

    def reach(self, goal: Goal) -> Witness | Cut:
        """A movement that reaches the goal, or what every pattern needs for there to be one.

        Raises:
            SolverStoppedError: neither.
        """
        cell, amount = goal
        need = abs(amount)
        at = int(self._at[cell])
        along, against = (at, self._size + at) if amount > 0 else (self._size + at, at)
        self._solver.changeColCost(along, -1.0)
        self._solver.changeColBounds(along, 0.0, need)
        self._solver.changeColBounds(against, 0.0, 0.0)
        self._run()
        solution = self._solver.getSolution()
        values = np.asarray(solution.col_value)
        found: Witness | Cut
        if values[along] >= need - 1e-6:
            moved = values[: self._size] - values[self._size :]
            kept = np.abs(moved) > _TINY
            found = self.cells[kept], moved[kept]
        else:
            prices = np.maximum(-np.asarray(solution.col_dual), 0.0)
            prices[[along, against]] = 0.0
            found = self._cut(prices, need)
        self._solver.changeColCost(along, 0.0)
        self._solver.changeColBounds(along, 0.0, float(self._top[along]))
        self._solver.changeColBounds(against, 0.0, float(self._top[against]))
        return found

    def _cut(self, prices: Floats, need: float) -> Cut:
        up, down = prices[: self._size], prices[self._size :] * self._room
        weights = np.minimum(np.where(up > _TINY, need, 0.0) + down, need)
        used = np.flatnonzero(weights > _TINY)
        return Cut(self.cells[used], weights[used], need)

    def _run(self) -> None:
        self._solver.run()
        self.solved += 1
        if self._solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            return
        self._solver.clearSolver()  # a basis gone wrong: from nothing once, then no answer
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise SolverStoppedError(cells=self._size)

    def _build(self, system: Relations) -> highspy.Highs:
        solver = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("presolve", "off"),
            ("solver", "simplex"),
            ("simplex_strategy", _PRIMAL),
        ):
            solver.setOptionValue(option, value)
        matrix = system.matrix[:, self.cells]
        used, inverse = np.unique(matrix.indices, return_inverse=True)
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = 2 * self._size, len(used)
        lp.col_cost_ = np.zeros(2 * self._size)
        lp.col_lower_ = lp.col_upper_ = np.zeros(2 * self._size)
        lp.row_lower_ = lp.row_upper_ = np.zeros(len(used))
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_ = np.concatenate([matrix.indptr, matrix.nnz + matrix.indptr[1:]])
        lp.a_matrix_.index_ = np.concatenate([inverse, inverse])
        lp.a_matrix_.value_ = np.concatenate([matrix.data, -matrix.data])
        solver.passModel(lp)
        return solver
