"""Movements in whole orders that leave room for the persons that are published.

The cheapest movement of a table of three or more dimensions often moves halves of orders, and it
does not look at persons: nothing that an attacker has to reckon with. Here orders and persons are
variables of one programme. Its sparse solution without whole numbers says which cells should move;
an integer programme of these few finds a movement of whole orders nearly always.

Persons need no whole numbers of their own: where orders are whole, the most persons that each cell
may have are, since every rule about them is a minimum or a sum (see ``proofs``).
"""

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.model import Flags, Floats, Ints, Relations

_TINY = 1e-6
_FAR = 1e5  # orders; more than any movement of a small cell needs
_FEW = 1_000  # cells that are all tried in the end; more take seconds
_NODES = 200  # of one integer programme; most need one, and a budget in seconds would be no rule
_TURNS = 4  # each with other costs: another movement, other cells


@dataclass(frozen=True, eq=False)
class _Programme:
    """Columns: orders up, orders down, persons; the cells in the order in which they were given."""

    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats


class IntegerMovementSolver:
    """Solves for movements on one system of relations, one after the other."""

    def __init__(self, relations: Relations, people: Floats | None) -> None:
        """Sort the equations into margins and what adds up to them.

        Args:
            relations: of the table, or of several joined tables.
            people: the most persons that each cell may have as long as all orders stay, by all that
                is published; None where the table has none.
        """
        self.relations = relations
        self.people = people
        self.solved = 0
        rows, cells, signs = sparse.find(relations.matrix)
        shape = relations.matrix.shape
        self._orders = sparse.csr_array(relations.matrix)
        added = signs > 0
        ones = np.ones(int(added.sum()))
        self._parts = sparse.csr_array((ones, (rows[added], cells[added])), shape=shape)
        self._heads = np.full(self._orders.indptr.size - 1, -1, dtype=np.int64)
        self._heads[rows[~added]] = cells[~added]

    def find(
        self, target: int, amount: float, cells: Ints, persons: float
    ) -> tuple[Ints, Floats] | None:
        """Find a movement of ``cells`` that moves ``target`` by ``amount``.

        Args:
            target: the cell that must move; it is among ``cells``.
            amount: orders, positive up, negative down, no further than the cell has room.
            cells: who may move, sorted; all of them hidden.
            persons: how many the target must be able to have then.

        Returns:
            The cells that move and by how many whole orders, or None where none was found.
        """
        programme = self._programme(target, amount, cells, persons)
        if (programme.lower > programme.upper).any():
            return None
        size = len(cells)
        chance = np.random.default_rng(0)  # the same for every cell and on every machine
        moved: Floats | None = None
        may_move = np.zeros(size, dtype=bool)
        for turn in range(_TURNS):
            solver = _solver(programme, 1.0 + turn * chance.random(2 * size))
            moved = self._solve(solver, size)
            if moved is None or np.abs(moved - np.rint(moved)).max() <= _TINY:
                break
            last = turn == _TURNS - 1 and size <= _FEW
            may_move |= last | (np.abs(moved) > _TINY)
            moved = self._whole(solver, programme, may_move)
            if moved is not None:
                break
        if moved is None:
            return None
        moved = np.rint(moved)
        return cells[moved != 0], moved[moved != 0]

    def _solve(self, solver: highspy.Highs, size: int) -> Floats | None:
        solver.run()
        self.solved += 1
        info = solver.getInfo()
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        found = np.asarray(solver.getSolution().col_value)
        return found[:size] - found[size : 2 * size]

    def _whole(
        self, solver: highspy.Highs, programme: _Programme, may_move: Flags
    ) -> Floats | None:
        """Solve for any whole orders of some cells; the others stay, though persons need not."""
        size = len(may_move)
        columns = np.arange(2 * size, dtype=np.int32)
        lower, upper = programme.lower[: 2 * size], programme.upper[: 2 * size].copy()
        upper[np.concatenate([~may_move, ~may_move])] = 0.0
        kinds = np.full(2 * size, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        solver.setOptionValue("presolve", "on")
        solver.changeColsBounds(2 * size, columns, lower, upper)
        solver.changeColsCost(2 * size, columns, np.zeros(2 * size))
        solver.changeColsIntegrality(2 * size, columns, kinds)
        return self._solve(solver, size)

    def _programme(self, target: int, amount: float, cells: Ints, persons: float) -> _Programme:
        size = len(cells)
        orders = self._orders[:, cells]
        used = np.flatnonzero(np.diff(orders.indptr))
        orders = orders[used]
        room = np.floor(np.maximum(self.relations.values[cells] - self.relations.least[cells], 0.0))
        lower = np.zeros(2 * size)
        upper = np.concatenate([np.full(size, _FAR), room])
        at = int(np.searchsorted(cells, target))
        lower[[at, size + at]] = upper[[at, size + at]] = max(amount, 0.0), max(-amount, 0.0)
        matrix = sparse.hstack([orders, -orders])
        zeros = np.zeros(len(used))
        if self.people is None:
            return _Programme(sparse.csr_array(matrix), zeros, zeros, lower, upper)
        least, most, beside, beyond = self._persons(cells, used)
        least[at] = max(least[at], persons)
        empty = sparse.csr_array((len(beyond), 2 * size))
        one = sparse.eye_array(size)
        matrix = sparse.vstack(
            [
                sparse.hstack([matrix, sparse.csr_array((len(used), size))]),
                sparse.hstack([empty, beside]),
                sparse.hstack([one, -one, -one]),  # persons never exceed orders
            ]
        )
        row_lower = np.concatenate([zeros, beyond, -self.relations.values[cells]])
        row_upper = np.concatenate([zeros, np.full(len(row_lower) - len(used), np.inf)])
        return _Programme(
            sparse.csr_array(matrix),
            row_lower,
            row_upper,
            np.concatenate([lower, least]),
            np.concatenate([upper, most]),
        )

    def _persons(self, cells: Ints, used: Ints) -> tuple[Floats, Floats, sparse.csr_array, Floats]:
        """Bounds of the persons of ``cells``, and rows with their least values; the others' stay.

        A margin has no more persons than its cells together, and no fewer than each of them.
        """
        people = self.people
        assert people is not None
        size = len(cells)
        place = np.full(people.size, -1, dtype=np.int64)
        place[cells] = np.arange(size)
        used = used[self._heads[used] >= 0]
        parts = self._parts[used]
        line = np.repeat(np.arange(len(used)), np.diff(parts.indptr))
        below, above = np.asarray(parts.indices, dtype=np.int64), self._heads[used]
        part, head = place[below], place[above]
        moves, moved_above = part >= 0, (head >= 0)[line]
        least = np.asarray(self.relations.least[cells], dtype=np.float64)
        most = np.full(size, _FAR)
        capped, carried = moves & ~moved_above, ~moves & moved_above
        np.minimum.at(most, part[capped], people[above[line[capped]]])
        np.maximum.at(least, head[line[carried]], people[below[carried]])

        others = np.bincount(line[~moves], people[below[~moves]], minlength=len(used))
        fixed = np.asarray(np.where(head < 0, people[above], 0.0), dtype=np.float64)
        mine = np.flatnonzero(head >= 0)
        together = _rows(
            (line[moves], part[moves]), (mine, head[mine]), (len(used), size)
        )  # its cells together, less the margin
        pairs = np.flatnonzero(moves & moved_above)
        number = np.arange(len(pairs))
        each = _rows(
            (number, head[line[pairs]]), (number, part[pairs]), (len(pairs), size)
        )  # the margin, less one of its cells
        rows = sparse.csr_array(sparse.vstack([together, each]))
        return least, most, rows, np.concatenate([fixed - others, np.zeros(len(pairs))])


def _rows(
    plus: tuple[Ints, Ints], minus: tuple[Ints, Ints], shape: tuple[int, int]
) -> sparse.csr_array:
    rows, cols = np.concatenate([plus[0], minus[0]]), np.concatenate([plus[1], minus[1]])
    signs = np.concatenate([np.ones(len(plus[0])), -np.ones(len(minus[0]))])
    return sparse.csr_array((signs, (rows, cols)), shape=shape)


def _solver(programme: _Programme, costs: Floats) -> highspy.Highs:
    """The programme without whole numbers; as few orders as possible move."""
    solver = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),  # the same answer on every machine
        ("presolve", "off"),  # costs more than it saves before there are whole numbers
        ("mip_max_nodes", _NODES),
        ("mip_max_improving_sols", 1),  # one is as good as another
    ):
        solver.setOptionValue(option, value)
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(programme.lower), len(programme.row_lower)
    lp.col_cost_ = np.concatenate([costs, np.zeros(len(programme.lower) - len(costs))])
    lp.col_lower_, lp.col_upper_ = programme.lower, programme.upper
    lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.asarray(programme.matrix.indptr, dtype=np.int32)
    lp.a_matrix_.index_ = np.asarray(programme.matrix.indices, dtype=np.int32)
    lp.a_matrix_.value_ = np.asarray(programme.matrix.data, dtype=np.float64)
    solver.passModel(lp)
    return solver
