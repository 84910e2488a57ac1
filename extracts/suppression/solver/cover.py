"""The fewest cells that satisfy every inequality known so far: an integer programme.

What each line of the table asks for is known from the start: a cell that is hidden alone in a line
is no secret, and a small cell that must move needs others of its line that can take the change.
"""

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.errors import SolverStoppedError
from extracts.suppression.model import Flags, Floats, Ints
from extracts.suppression.solver.flows import Cut
from extracts.suppression.solver.pattern import Goal, Search

_TIES = 0.45  # cells; what all tie-breaks together may weigh, less than one cell
_GAP = 0.5
_CLOSE = 1e-6
_STATUS = highspy.HighsModelStatus


class Cover:
    """Chooses cells to hide besides those that must be."""

    def __init__(self, search: Search, nodes: int) -> None:
        self.must: Flags = search.primary | search.kept
        self.candidates: Ints = np.flatnonzero(search.system.free & ~self.must)
        self._at = np.full(self.must.size, -1)
        self._at[self.candidates] = np.arange(len(self.candidates))
        self._solver = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", _GAP),
            ("mip_max_nodes", nodes),
        ):
            self._solver.setOptionValue(option, value)
        self._build(search)

    def add(self, cut: Cut) -> None:
        """Require an inequality from now on; cells that are hidden anyway count already."""
        found = self._free_part(cut)
        if found is not None:
            columns, weights, need = found
            self._solver.addRow(need, np.inf, len(columns), columns.astype(np.int32), weights)

    def solve(self) -> tuple[Flags, int]:
        """The hidden cells, and how many besides those that must be hidden are proven necessary.

        Raises:
            SolverStoppedError: there is no answer.
        """
        self._solver.run()
        status = self._solver.getModelStatus()
        values = np.asarray(self._solver.getSolution().col_value)
        if status not in (_STATUS.kOptimal, _STATUS.kSolutionLimit) or not len(values):
            raise SolverStoppedError(cells=len(self.candidates))
        hidden = self.must.copy()
        hidden[self.candidates[values > 0.5]] = True
        bound = float(self._solver.getInfo().mip_dual_bound)
        return hidden, max(0, int(np.ceil(bound - _TIES - _CLOSE)))

    def _free_part(self, cut: Cut) -> tuple[Ints, Floats, float] | None:
        forced = self.must[cut.cells]
        need = cut.need - float(cut.weights[forced].sum())
        if need <= _CLOSE:
            return None
        columns = self._at[cut.cells[~forced]]
        return columns, np.minimum(cut.weights[~forced], need), need

    def _build(self, search: Search) -> None:
        rows = _lines(search)
        found = [r for r in map(self._free_part, _asked(search, rows)) if r]
        found += [r for cells in rows for r in self._together(cells)]
        size = len(self.candidates)
        prices = search.prices[self.candidates]
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = size, len(found)
        lp.col_cost_ = 1.0 + _TIES * prices / max(float(prices.sum()), 1.0)
        lp.col_lower_, lp.col_upper_ = np.zeros(size), np.ones(size)
        lp.row_lower_ = np.array([need for _, _, need in found])
        lp.row_upper_ = np.full(len(found), np.inf)
        lp.integrality_ = [highspy.HighsVarType.kInteger] * size
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lengths = [len(columns) for columns, _, _ in found]
        lp.a_matrix_.start_ = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        columns = [column for c, _, _ in found for column in c.tolist()]
        lp.a_matrix_.index_ = np.array(columns, dtype=np.int32)
        weights = [weight for _, w, _ in found for weight in w.tolist()]
        lp.a_matrix_.value_ = np.array(weights, dtype=np.float64)
        self._solver.passModel(lp)

    def _together(self, line: tuple[Ints, Floats]) -> list[tuple[Ints, Floats, float]]:
        """In a line where nothing must be hidden, no cell is hidden alone."""
        cells, _ = line
        if self.must[cells].any():
            return []
        columns = self._at[cells]
        return [
            (columns, np.where(columns == column, -1.0, 1.0), 0.0) for column in columns.tolist()
        ]


def _lines(search: Search) -> list[tuple[Ints, Floats]]:
    """The movable cells of each equation, with their signs."""
    rows, cells, signs = sparse.find(search.system.matrix)
    kept = np.flatnonzero(search.system.free[cells])
    order = kept[np.lexsort((cells[kept], rows[kept]))]
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    cells_of = np.split(np.asarray(cells[order], dtype=np.int64), starts[1:])
    signs_of = np.split(np.asarray(signs[order], dtype=np.float64), starts[1:])
    return list(zip(cells_of, signs_of, strict=True))


def _asked(search: Search, lines: list[tuple[Ints, Floats]]) -> list[Cut]:
    """What each goal asks of the lines through its cell."""
    through: dict[int, list[int]] = {}
    for number, (cells, _) in enumerate(lines):
        for cell in cells[search.primary[cells]].tolist():
            through.setdefault(cell, []).append(number)
    room = np.maximum(search.system.values - search.system.least, 0.0)
    return [
        _asked_of(goal, *lines[number], room)
        for goal in search.goals
        for number in through.get(goal[0], ())
    ]


def _asked_of(goal: Goal, cells: Ints, signs: Floats, room: Floats) -> Cut:
    own = int(np.flatnonzero(cells == goal[0])[0])
    need = abs(goal[1]) * abs(float(signs[own]))
    others = np.arange(len(cells)) != own
    upwards = signs * (-signs[own] * np.sign(goal[1])) > 0  # this cell would have to grow
    weights = np.where(upwards, need, np.minimum(np.abs(signs) * room[cells], need))
    return Cut(cells[others], weights[others], need)
