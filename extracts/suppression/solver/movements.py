"""The suppressor's linear programme: the cheapest movement that takes one cell where it must go.

Sequential linear programmes after Kelly, Golden and Assad (1992), as census offices use them. The
support of the movement is what has to be hidden; the movement itself is the witness that an
attacker can't rule out. A movement is looked for in small windows of the table around the cell
first: one within a window (everything outside stays) is a movement of the whole table, so windows
cost quality at most, never protection.
"""

from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.errors import SolverStoppedError
from extracts.suppression.model import (
    Dimension,
    Flags,
    Floats,
    Ints,
    Relations,
    load,
    solver_with,
)

_COLUMNWISE = int(highspy.MatrixFormat.kColwise)
_MINIMISE = int(highspy.ObjSense.kMinimize)
_TINY = 1e-7  # an order is 1; what the solver leaves below this is rounding


class MovementSolver:
    """Solves for movements on one system of relations, one after the other."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.solved = 0
        self._matrix = sparse.csc_array(relations.matrix)
        self._solver = solver_with(
            presolve="off",  # these programmes are small: presolve costs more than it saves
            solver="simplex",  # vertices of such systems are nearly always whole numbers
        )

    def move(
        self, target: int, amount: float, cells: Ints, costs: Floats, least: Floats
    ) -> tuple[Ints, Floats] | None:
        """Find the cheapest movement of ``cells`` that moves ``target`` by ``amount``.

        Args:
            target: the cell that must move; it is among ``cells``.
            amount: orders, positive up, negative down.
            cells: who may move.
            costs: per order moved, for each of ``cells``.
            least: the value that each of ``cells`` may not go below.

        Returns:
            The cells that move and by how much, or None where there is no such movement.

        Raises:
            SolverStoppedError: neither found nor proven impossible.
        """
        ends, lines, signs = _columns(self._matrix, cells)
        used, inverse = np.unique(lines, return_inverse=True)
        size, nonzeros = len(cells), len(lines)
        room = np.maximum(self.relations.values[cells] - least, 0.0)
        up = np.full(size, np.inf)
        at = int(np.searchsorted(cells, target))
        lower = np.zeros(2 * size)
        upper = np.concatenate([up, room])
        lower[at] = upper[at] = max(amount, 0.0)
        lower[size + at] = upper[size + at] = max(-amount, 0.0)
        rows, entries = len(used), 2 * nonzeros
        self._solver.clearSolver()
        self._solver.passModel(
            2 * size,
            rows,
            entries,
            _COLUMNWISE,
            _MINIMISE,
            0.0,
            np.concatenate([costs, costs]),
            lower,
            upper,
            np.zeros(rows),
            np.zeros(rows),
            np.concatenate([ends, nonzeros + ends[1:]]).astype(np.int32),
            np.concatenate([inverse, inverse]).astype(np.int32),
            np.concatenate([signs, -signs]),
            np.zeros(2 * size, dtype=np.int32),  # all of them continuous
        )
        self._solver.run()
        self.solved += 1
        status = self._solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverStoppedError(cells=size)
        values = np.asarray(self._solver.getSolution().col_value)
        moved = values[:size] - values[size:]
        kept = np.abs(moved) > _TINY
        return cells[kept], moved[kept]


def _columns(matrix: sparse.csc_array, cells: Ints) -> tuple[Ints, Ints, Floats]:
    """The columns of some cells: where each begins, rows, signs (SciPy's own takes longer)."""
    begin = matrix.indptr[cells].astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(matrix.indptr[cells + 1] - begin)])
    at = np.arange(ends[-1]) + np.repeat(begin - ends[:-1], np.diff(ends))
    return ends, matrix.indices[at], matrix.data[at]


# --- windows

WIDTHS = (6, 20)  # nodes per dimension, then everything: counties beside the one that must move
_SMALL = 8  # a dimension of so few nodes is taken as a whole


def window(relations: Relations, target: int, costs: Floats, width: int | None) -> Ints:
    """The movable cells around ``target``, sorted; all that are connected to it for None.

    ``width`` nodes are taken of each long dimension besides the cell's own and its margins, those
    first whose cells cost least to hide.
    """
    if width is None or relations.shape is None:
        connected = relations.component == relations.component[target]
        return np.flatnonzero(relations.free & connected)
    cells, step = np.zeros(1, dtype=np.int64), relations.values.size
    for dim, size in zip(relations.dims, relations.shape, strict=True):
        step //= size
        if dim.groups and len(dim.nodes) <= _SMALL:
            nodes = np.arange(size)
        else:
            own = target // step % size
            line = target + (np.arange(size) - own) * step
            nodes = _choose(dim, own, line, relations, costs, width)
        cells = (cells[:, None] + nodes * step).ravel()  # sorted, as the nodes are
    return cells[relations.free[cells]]


def hidden_near(relations: Relations, target: int, hidden: Flags, width: int | None) -> Ints:
    """The hidden cells around ``target``: of a window, or of its whole part of the table."""
    price = np.where(hidden, np.log1p(relations.values), np.inf)
    cells = window(relations, target, price, width)
    return cells[hidden[cells]]


def _choose(
    dim: Dimension, own: int, line: Ints, relations: Relations, costs: Floats, width: int
) -> Ints:
    """The nodes of one axis: own, cheapest neighbours, and all margins above any of them."""
    if not dim.groups:
        return np.array([own])
    price = np.where(relations.free[line], costs[line], np.inf)
    cheapest = [int(i) for i in np.argsort(price, kind="stable")[:width] if np.isfinite(price[i])]
    chosen = {own, *cheapest}
    for group, kids in dim.children:  # bottom-up, so that margins of margins follow
        if chosen.intersection(kids):
            chosen.add(group)
    return np.array(sorted(chosen))


# --- movements in whole orders that leave room for the persons that are published

_CLOSE = 1e-6
_FAR = 1e5  # orders; more than any movement of a small cell needs
_FEW = 1_000  # cells that are all tried in the end; more take seconds
_NODES = 200  # of one integer programme; most need one, and a budget in seconds would be no rule
_TURNS = 4  # each with other costs: another movement, other cells


_Entries = tuple[Ints, Ints, Floats]  # rows, columns, values


@dataclass(frozen=True, eq=False)
class _Programme:
    """Columns: orders up, orders down, persons; the cells in the order in which they were given."""

    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    lower: Floats
    upper: Floats


class IntegerMovementSolver:
    """Solves for movements on one system of relations, one after the other.

    The cheapest movement of a table of three or more dimensions often moves halves of orders, and it
    does not look at persons: nothing that an attacker has to reckon with. Here orders and persons are
    variables of one programme. Its sparse solution without whole numbers says which cells should move;
    an integer programme of these few finds a movement of whole orders nearly always.

    Persons need no whole numbers of their own: where orders are whole, the most persons that each cell
    may have are, since every rule about them is a minimum or a sum (see ``Proofs`` of the audit).
    """

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
        self._orders = sparse.csc_array(relations.matrix)
        added = signs > 0
        ones = np.ones(int(added.sum()))
        self._parts = sparse.csr_array((ones, (rows[added], cells[added])), shape=shape)
        self._heads = np.full(self._parts.indptr.size - 1, -1, dtype=np.int64)
        self._heads[rows[~added]] = cells[~added]

    def find(
        self, target: int, amount: float, cells: Ints, persons: float
    ) -> tuple[Ints, Floats] | None:
        """Find a movement of ``cells`` (sorted, all hidden) in whole orders, or None; see ``move``.

        ``amount`` is no further than the target has room; ``persons`` is how many it must be able to
        have then.
        """
        one = self._programme(target, amount, cells, persons)
        if (one.lower > one.upper).any():
            return None
        size = len(cells)
        chance = np.random.default_rng(0)  # the same for every cell and on every machine
        moved: Floats | None = None
        may_move = np.zeros(size, dtype=bool)
        for turn in range(_TURNS):
            solver = _solver(one, 1.0 + turn * chance.random(2 * size))
            moved = self._solve(solver, size)
            if moved is None or np.abs(moved - np.rint(moved)).max() <= _CLOSE:
                break
            last = turn == _TURNS - 1 and size <= _FEW
            may_move |= last | (np.abs(moved) > _CLOSE)
            moved = self._whole(solver, one, may_move)
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

    def _whole(self, solver: highspy.Highs, one: _Programme, may_move: Flags) -> Floats | None:
        """Solve for any whole orders of some cells; the others stay, though persons need not."""
        size = len(may_move)
        columns = np.arange(2 * size, dtype=np.int32)
        lower, upper = one.lower[: 2 * size], one.upper[: 2 * size].copy()
        upper[np.concatenate([~may_move, ~may_move])] = 0.0
        kinds = np.full(2 * size, int(highspy.HighsVarType.kInteger), dtype=np.uint8)
        solver.setOptionValue("presolve", "on")
        solver.changeColsBounds(2 * size, columns, lower, upper)
        solver.changeColsCost(2 * size, columns, np.zeros(2 * size))
        solver.changeColsIntegrality(2 * size, columns, kinds)
        return self._solve(solver, size)

    def _programme(self, target: int, amount: float, cells: Ints, persons: float) -> _Programme:
        size = len(cells)
        ends, lines, signs = _columns(self._orders, cells)
        used, line = np.unique(lines, return_inverse=True)
        column = np.repeat(np.arange(size), np.diff(ends))
        orders = _joined((line, column, signs), (line, size + column, -signs))
        room = np.floor(np.maximum(self.relations.values[cells] - self.relations.least[cells], 0.0))
        lower = np.zeros(2 * size)
        upper = np.concatenate([np.full(size, _FAR), room])
        at = int(np.searchsorted(cells, target))
        lower[[at, size + at]] = upper[[at, size + at]] = max(amount, 0.0), max(-amount, 0.0)
        zeros = np.zeros(len(used))
        if self.people is None:
            return _Programme(_matrix(orders, len(used), 2 * size), zeros, zeros, lower, upper)
        least, most, (rows, columns, ones), beyond = self._persons(cells, used)
        least[at] = max(least[at], persons)
        one, last = np.arange(size), len(used) + len(beyond) + np.arange(size)
        entries = _joined(
            orders,
            (len(used) + rows, 2 * size + columns, ones),
            (last, one, np.ones(size)),  # persons never exceed orders
            (np.tile(last, 2), np.concatenate([size + one, 2 * size + one]), -np.ones(2 * size)),
        )
        row_lower = np.concatenate([zeros, beyond, -self.relations.values[cells]])
        row_upper = np.concatenate([zeros, np.full(len(row_lower) - len(used), np.inf)])
        return _Programme(
            _matrix(entries, len(row_lower), 3 * size),
            row_lower,
            row_upper,
            np.concatenate([lower, least]),
            np.concatenate([upper, most]),
        )

    def _persons(self, cells: Ints, used: Ints) -> tuple[Floats, Floats, _Entries, Floats]:
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
        pairs = np.flatnonzero(moves & moved_above)
        number = len(used) + np.arange(len(pairs))
        rows = _joined(
            (line[moves], part[moves], np.ones(int(moves.sum()))),
            (mine, head[mine], -np.ones(len(mine))),  # its cells together, less the margin
            (number, head[line[pairs]], np.ones(len(pairs))),
            (number, part[pairs], -np.ones(len(pairs))),  # the margin, less one of its cells
        )
        return least, most, rows, np.concatenate([fixed - others, np.zeros(len(pairs))])


def _joined(*some: _Entries) -> _Entries:
    rows, columns, values = (np.concatenate(part) for part in zip(*some, strict=True))
    return rows, columns, values


def _matrix(entries: _Entries, rows: int, columns: int) -> sparse.csr_array:
    return sparse.csr_array((entries[2], entries[:2]), shape=(rows, columns))


def _solver(one: _Programme, costs: Floats) -> highspy.Highs:
    """The programme without whole numbers; as few orders as possible move."""
    solver = solver_with(
        presolve="off",  # costs more than it saves before there are whole numbers
        mip_max_nodes=_NODES,
        mip_max_improving_sols=1,  # one is as good as another
    )
    columns, rows = (one.lower, one.upper), (one.row_lower, one.row_upper)
    padded = np.concatenate([costs, np.zeros(len(one.lower) - len(costs))])
    load(solver, padded, columns, rows, one.matrix)
    return solver
