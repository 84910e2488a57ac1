"""Tables that fit and differ from a known one only around one cell: cheap proofs for the audit.

Any table of whole numbers that fits everything published is one that the attacker can't rule out.
Most hidden cells are settled by changing a small block of labels around them; only the others need
the programme of the whole part. A proof found here is checked against every equation.
"""

from collections.abc import Sequence
from itertools import product

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.audit.feasibility import Cells, Vector, person_ceiling
from extracts.suppression.audit.knowledge import Knowledge

_WIDTHS = (6, 20, None)  # labels taken of each long line; None: all cells of the part
_TOLERANCE = 1e-6
_BESIDE = 2.0  # orders; how far beside a point that does not fit a whole table is looked for
_NODES = 200  # of an integer programme of few cells; what it does not find is sought elsewhere


def _solver(**options: float | str) -> highspy.Highs:
    solver = highspy.Highs()
    for option, value in {"output_flag": False, "threads": 1, **options}.items():
        solver.setOptionValue(option, value)
    return solver


class LocalSearch:
    """Looks for tables that differ from a known one in a few cells of one connected part."""

    def __init__(self, known: Knowledge, group: Sequence[int]) -> None:
        self.known = known
        self.cells = np.array(group, dtype=np.int64)
        self.at = {cell: i for i, cell in enumerate(group)}
        self.solved = 0
        everything = len(known.cells)
        sums = [(m, ps) for m, ps in known.sums if not self.at.keys().isdisjoint((m, *ps))]
        margins = np.array([m for m, ps in sums for _ in ps], dtype=np.int64)
        parts = np.array([p for _, ps in sums for p in ps], dtype=np.int64)
        number = np.repeat(np.arange(len(sums)), [len(ps) for _, ps in sums])
        heads = np.array([m for m, _ in sums], dtype=np.int64)
        rows = np.concatenate([number, np.arange(len(sums))])
        cols = np.concatenate([parts, heads])
        signs = np.concatenate([np.ones(len(parts)), -np.ones(len(heads))])
        shape = (len(sums), everything)
        self.sums = sparse.csr_array((signs, (rows, cols)), shape=shape)
        self.columns = sparse.csc_array(self.sums)[:, self.cells]
        self.ceiling = person_ceiling(known, margins, parts)
        self.margins, self.parts = margins, parts
        self._number, self._heads = number, heads
        mine = {*map(int, margins), *map(int, parts), *group}
        published = [c for c in sorted(mine) if known.cells[c].persons is not None]
        self._published = np.array(published, dtype=np.int64)
        self._published_persons = np.array([float(known.cells[c].persons or 0) for c in published])
        unshown = [c for c in group if known.cells[c].persons is None and known.cells[c].listed]
        self._open = np.array(unshown, dtype=np.int64)
        self.floor = np.array([float(known.floor if known.cells[c].listed else 0) for c in group])
        self._unknown = np.flatnonzero([known.cells[c].count is None for c in group])
        self._block = self.cells[self._unknown].tolist()
        self.lines, self.places = self._lines()
        self._solver = _solver(presolve="off")
        self._integers = _solver(mip_max_nodes=_NODES, mip_max_improving_sols=1)  # any that fits

    def _lines(self) -> tuple[dict[tuple[object, ...], list[str]], dict[tuple[str, ...], int]]:
        """Unknown cells by their labels in the first table, and the labels along each line."""
        lines: dict[tuple[object, ...], list[str]] = {}
        places: dict[tuple[str, ...], int] = {}
        for cell in self.cells:
            for table, labels, _ in self.known.cells[cell].places:
                if table == 0 and self.known.cells[cell].count is None:
                    places[labels] = int(cell)
        for labels in places:
            for axis, label in enumerate(labels):
                lines.setdefault((axis, *labels[:axis], *labels[axis + 1 :]), []).append(label)
        return lines, places

    def change(self, counts: Vector, cell: int, goal: float) -> Vector | None:
        """Move one cell to ``goal`` by changing few others; None where that finds nothing whole."""
        for width in _WIDTHS:
            block = self._around(counts, cell, width)
            found = self._step(counts, cell, goal, block) if block else None
            if found is not None:
                return found
        return None

    def _around(self, counts: Vector, cell: int, width: int | None) -> list[int]:
        """Unknown counts near a cell: those of the most movable labels of each line through it."""
        if width is None:
            return self._block
        home = next((labels for t, labels, _ in self.known.cells[cell].places if t == 0), None)
        if home is None or home not in self.places:
            return []
        axes = [self._axis(counts, home, axis, width) for axis in range(len(home))]
        return sorted({self.places[p] for p in product(*axes) if p in self.places})

    def _step(self, counts: Vector, cell: int, goal: float, block: list[int]) -> Vector | None:
        local = self._unknown if block is self._block else np.array([self.at[c] for c in block])
        lower = np.zeros(2 * len(block))
        room = np.maximum(counts[block] - self.floor[local], 0.0)
        upper = np.concatenate([np.full(len(block), np.inf), room])
        target = block.index(cell)
        step = goal - counts[cell]
        lower[target] = upper[target] = max(step, 0.0)
        lower[len(block) + target] = upper[len(block) + target] = max(-step, 0.0)
        return self._shift(counts, np.array(block), local, (lower, upper))

    def near(self, counts: Vector, guess: Vector) -> Vector | None:
        """A whole table that fits, the nearest to a guess or one beside it; the guess need not fit."""
        local, block = self._unknown, self.cells[self._unknown]
        start = counts.copy()
        start[block] = np.maximum(np.rint(guess[block]), self.floor[local])
        room = start[block] - self.floor[local]
        most = np.concatenate([np.full(len(block), np.inf), room])
        nearest = self._shift(start, block, local, (np.zeros(2 * len(block)), most))
        if nearest is not None:
            return nearest
        lp = self._programme(start, local)
        lp.col_cost_ = np.zeros(len(block))
        lp.col_lower_, lp.col_upper_ = -np.minimum(room, _BESIDE), np.full(len(block), _BESIDE)
        found = self._integer_solution(lp)
        if found is None:
            return None
        start[block] += found
        return start

    def _shift(
        self, start: Vector, block: Cells, local: Cells, bounds: tuple[Vector, Vector]
    ) -> Vector | None:
        """The least change of the block's cells within bounds that makes every equation hold."""
        lp = self._programme(start, local, both_ways=True)
        lp.col_cost_ = np.ones(2 * len(block))
        lp.col_lower_, lp.col_upper_ = bounds
        self._solver.clearSolver()
        self._solver.passModel(lp)
        self._solver.run()
        self.solved += 1
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = np.asarray(self._solver.getSolution().col_value)
        if np.abs(found - np.rint(found)).max() > _TOLERANCE:
            still = np.abs(found) <= _TOLERANCE  # others than a fractional change changes
            lp.col_upper_ = np.where(still, np.maximum(bounds[0], 0.0), bounds[1])
            lp.col_cost_ = np.zeros(len(found))
            whole = self._integer_solution(lp)
            if whole is None:
                return None
            found = whole
        moved = start.copy()
        moved[block] += np.rint(found[: len(block)] - found[len(block) :])
        return moved

    def _programme(
        self, start: Vector, local: Cells, *, both_ways: bool = False
    ) -> highspy.HighsLp:
        """Changes of some cells that make every equation hold; up and down apart where asked for."""
        matrix = self.columns[:, local]
        used, inverse = np.unique(matrix.indices, return_inverse=True)
        ends, rows, values = matrix.indptr, inverse, matrix.data
        if both_ways:
            ends = np.concatenate([ends, matrix.nnz + ends[1:]])
            rows, values = np.concatenate([rows, rows]), np.concatenate([values, -values])
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(ends) - 1, len(used)
        reached: Vector = np.asarray(self.sums.dot(start), dtype=np.float64)
        lp.row_lower_ = lp.row_upper_ = np.negative(reached)[used]
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = ends.tolist(), rows.tolist()
        lp.a_matrix_.value_ = values
        return lp

    def _integer_solution(self, lp: highspy.HighsLp) -> Vector | None:
        """Any whole solution of a programme; None where the budget ends before there is one."""
        lp.integrality_ = [highspy.HighsVarType.kInteger] * lp.num_col_
        self._integers.clearSolver()
        self._integers.passModel(lp)
        self._integers.run()
        self.solved += 1
        status = self._integers.getInfo().primal_solution_status
        if status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        return np.rint(np.asarray(self._integers.getSolution().col_value))

    def _axis(self, counts: Vector, home: tuple[str, ...], axis: int, width: int) -> list[str]:
        """The labels along one line through a cell: its own, and those with most room to move."""
        line = self.lines[(axis, *home[:axis], *home[axis + 1 :])]
        if len(line) <= width + 2:
            return line
        room = [-counts[self.places[(*home[:axis], label, *home[axis + 1 :])]] for label in line]
        best = [line[i] for i in np.argsort(room, kind="stable")[:width]]
        return [*dict.fromkeys([home[axis], "TOTAL", *best])]

    def fits(self, counts: Vector) -> bool:
        """Whether a table of counts satisfies every equation and every least value."""
        if np.abs(self.sums @ counts).max(initial=0.0) > _TOLERANCE:
            return False
        return bool((counts[self.cells] >= self.floor - _TOLERANCE).all())

    def people(self, counts: Vector) -> Vector | None:
        """The most persons that a table of counts allows in every cell, or None where none fit.

        Every rule bounds persons from above by something that grows with persons: orders, margins
        (a margin has all persons of its cells), and cells together (each person of a margin is in
        one). Lowering until all rules hold therefore ends at the greatest solution; if a published
        value had to give way, there is none.
        """
        persons = np.minimum(counts, self.ceiling)
        while True:
            before = persons.copy()
            np.minimum.at(persons, self.parts, persons[self.margins])
            together = np.bincount(self._number, persons[self.parts], minlength=len(self._heads))
            np.minimum.at(persons, self._heads, together)
            if (persons[self._published] < self._published_persons).any():
                return None
            if (persons == before).all():
                break
        return None if (persons[self._open] < self.known.floor).any() else persons
