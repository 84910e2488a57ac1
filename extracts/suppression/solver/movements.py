"""The suppressor's linear programme: the cheapest movement that takes one cell where it must go.

Sequential linear programmes after Kelly, Golden and Assad (1992), as census offices use them. The
support of the movement is what has to be hidden; the movement itself is the witness that an
attacker can't rule out. A movement is looked for in small windows of the table around the cell
first: one within a window (everything outside stays) is a movement of the whole table, so windows
cost quality at most, never protection.
"""

import highspy
import numpy as np

from extracts.suppression.errors import SolverStoppedError
from extracts.suppression.model import Dimension, Flags, Floats, Ints, Relations

_COLUMNWISE = int(highspy.MatrixFormat.kColwise)
_MINIMISE = int(highspy.ObjSense.kMinimize)
_TINY = 1e-7  # an order is 1; what the solver leaves below this is rounding


class MovementSolver:
    """Solves for movements on one system of relations, one after the other."""

    def __init__(self, relations: Relations) -> None:
        self.relations = relations
        self.solved = 0
        self._solver = highspy.Highs()
        for option, value in (
            ("output_flag", False),
            ("threads", 1),  # the same answer on every machine
            ("presolve", "off"),  # these programmes are small: presolve costs more than it saves
            ("solver", "simplex"),  # vertices of such systems are nearly always whole numbers
        ):
            self._solver.setOptionValue(option, value)

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
        matrix = self.relations.matrix[:, cells]
        used, inverse = np.unique(matrix.indices, return_inverse=True)
        size, nonzeros = len(cells), matrix.nnz
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
            np.concatenate([matrix.indptr, nonzeros + matrix.indptr[1:]]).astype(np.int32),
            np.concatenate([inverse, inverse]).astype(np.int32),
            np.concatenate([matrix.data, -matrix.data]),
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


# --- windows

WIDTHS = (6, 20)  # nodes per dimension, then everything: counties beside the one that must move
_SMALL = 8  # a dimension of so few nodes is taken as a whole


def window(relations: Relations, target: int, costs: Floats, width: int | None) -> Ints:
    """The movable cells around ``target``, sorted; all that are connected to it for None.

    Args:
        relations: the table.
        target: the cell that must move.
        costs: of hiding each cell of the table: cheap neighbours are preferred.
        width: nodes that are taken of each long dimension besides the cell's own and its margins.
    """
    if width is None or relations.shape is None:
        connected = relations.component == relations.component[target]
        return np.flatnonzero(relations.free & connected)
    place = np.unravel_index(target, relations.shape)
    nodes: list[Ints] = []
    for axis, dim in enumerate(relations.dims):
        here = [np.array([int(i)]) for i in place]
        here[axis] = np.arange(relations.shape[axis])
        line = np.ravel_multi_index(np.ix_(*here), relations.shape).ravel()
        nodes.append(_choose(dim, int(place[axis]), line, relations, costs, width))
    cells = np.ravel_multi_index(np.ix_(*nodes), relations.shape).ravel()
    return np.sort(cells[relations.free[cells]])


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
    if len(dim.nodes) <= _SMALL:
        return np.arange(len(dim.nodes))
    price = np.where(relations.free[line], costs[line], np.inf)
    cheapest = [int(i) for i in np.argsort(price, kind="stable")[:width] if np.isfinite(price[i])]
    chosen = {own, *cheapest}
    for group, kids in dim.children:  # bottom-up, so that margins of margins follow
        if chosen.intersection(kids):
            chosen.add(group)
    return np.array(sorted(chosen))
