"""Tables of whole numbers that fit what a table publishes: all of them where they are few, else single ones."""

import hashlib
from collections.abc import Iterator

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.model import Flags, Floats, Ints, Relations, load, solver_with

_STEPS = 8_000  # of the search for all of them
_FAR = 1e9
_DRAWS = 12  # tables for one cell
_SEVERAL = 2.0  # persons, of whom none is alone


def fitting(relations: Relations, hidden: Flags, most: int) -> Floats | None:
    """Every table of whole numbers that fits what is not hidden, a row each; None where they are more."""
    unknown = np.flatnonzero(hidden)
    rows, cells, signs = sparse.find(relations.matrix)
    whole: Floats = np.zeros(relations.matrix.shape)
    whole[rows, cells] = signs
    left = whole[:, unknown]
    right: Floats = np.negative(relations.matrix @ np.where(hidden, 0.0, relations.values))
    used = left.any(axis=1)
    left, right = left[used], right[used]
    found: list[Floats] = []
    stack = [(relations.least[unknown], np.full(len(unknown), _FAR))]
    for _ in range(_STEPS):
        if not stack:
            break
        narrowed = _narrowed(left, right, *stack.pop())
        if narrowed is None:
            continue
        low, high = narrowed
        open_cells = np.flatnonzero(low < high)
        if not len(open_cells):
            found.append(low)
            if len(found) > most:
                return None
            continue
        at = open_cells[np.argmin((high - low)[open_cells])]
        here, middle = np.arange(len(low)) == at, np.floor((low[at] + high[at]) / 2)
        stack += [(np.where(here, middle + 1, low), high), (low, np.where(here, middle, high))]
    if stack:
        return None
    tables = np.tile(relations.values, (len(found), 1))
    tables[:, unknown] = found
    return tables


def _narrowed(
    left: Floats, right: Floats, low: Floats, high: Floats
) -> tuple[Floats, Floats] | None:
    """Bounds that each equation leaves each cell, given those of the others; None where nothing fits."""
    used = left != 0
    signs = np.where(used, left, 1.0)
    while True:
        ends = (
            np.where(signs > 0, left * low, left * high),
            np.where(signs > 0, left * high, left * low),
        )
        least, most = (e.sum(axis=1, keepdims=True) - e for e in ends)
        tops, bottoms = (right[:, None] - least) / signs, (right[:, None] - most) / signs
        upper = np.where(used, np.maximum(tops, bottoms), np.inf).min(axis=0, initial=np.inf)
        lower = np.where(used, np.minimum(tops, bottoms), -np.inf).max(axis=0, initial=-np.inf)
        lower, upper = (
            np.maximum(low, np.ceil(lower - 1e-6)),
            np.minimum(high, np.floor(upper + 1e-6)),
        )
        if (lower > upper).any():
            return None
        if (lower == low).all() and (upper == high).all():
            return low, high
        low, high = lower, upper


class Draws:
    """Single tables that fit what is not hidden, by integer programmes with drawn costs.

    They depend on what is published alone. A column for each hidden cell, and one that says whether it is large.
    """

    def __init__(self, relations: Relations, hidden: Flags, threshold: int) -> None:
        """Prepare them; a cell counts as large from ``threshold`` on."""
        self._values = np.where(hidden, 0.0, relations.values)
        self.cells: Ints = np.flatnonzero(hidden)
        self._threshold = float(threshold)
        digest = hashlib.sha256(np.where(hidden, -1.0, relations.values).tobytes()).digest()
        self._chance = np.random.default_rng(int.from_bytes(digest[:16]))
        self._least = relations.least[self.cells]
        self._top = float(np.abs(self._values).sum()) + 2.0 * threshold * hidden.size
        self._solver = self._build(relations)

    def with_large(self, cell: int) -> Iterator[Floats]:
        """Some tables in which a hidden cell is large, first such in which nobody is alone in a cell; none where there is none."""
        at = int(np.searchsorted(self.cells, cell))
        for least in (np.maximum(self._least, _SEVERAL), self._least):
            for _ in range(_DRAWS // 2):
                table = self._drawn(at, least)
                if table is None:
                    break
                yield table

    def may_be_small(self, cell: int) -> bool:
        """Whether it is below the threshold in some table."""
        at, size = int(np.searchsorted(self.cells, cell)), len(self.cells)
        most = np.full(size, self._top)
        most[at] = self._threshold - 1
        return self._solved(self._least, most, np.zeros(2 * size)) is not None

    def _drawn(self, at: int, least: Floats) -> Floats | None:
        low = least.copy()
        low[at] = max(low[at], self._threshold)
        found = self._solved(low, np.full(len(low), self._top), self._costs())
        if found is None:
            return None
        table = self._values.copy()
        table[self.cells] = found
        return table

    def _solved(self, least: Floats, most: Floats, costs: Floats) -> Floats | None:
        size = len(self.cells)
        every = np.arange(2 * size, dtype=np.int32)
        self._solver.changeColsBounds(size, every[:size], least, most)
        self._solver.changeColsCost(2 * size, every, costs)
        self._solver.run()
        if self._solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found: Floats = np.asarray(self._solver.getSolution().col_value, dtype=np.float64)
        return np.rint(found[:size])

    def _costs(self) -> Floats:
        """Costs of counts and of large cells: few of these, some, or any."""
        size = len(self.cells)
        mean, spread = ((1.0, 0.3), (0.5, 1.0), (0.0, 1.0))[int(self._chance.integers(3))]
        scale = (1e-3, 1e-2, 1.0)[int(self._chance.integers(3))]
        counts, large = self._chance.normal(0, scale, size), self._chance.normal(mean, spread, size)
        return np.concatenate([counts, large])

    def _build(self, relations: Relations) -> highspy.Highs:
        size = len(self.cells)
        left = relations.matrix[:, self.cells]
        right: Floats = np.negative(relations.matrix @ self._values)
        # x <= threshold - 1 where it is not large, x >= threshold where it is
        one = np.arange(size)
        rows, columns = np.concatenate([one, one]), np.concatenate([one, one + size])
        bounds = [np.concatenate([np.ones(size), np.full(size, -by)]) for by in (self._top, self._threshold)]  # fmt: skip
        matrix = sparse.vstack(
            [
                sparse.hstack([left, sparse.csc_array((left.shape[0], size))]),
                *(sparse.csc_array((of, (rows, columns)), (size, 2 * size)) for of in bounds),
            ]
        )
        none = np.zeros(size)
        limits = (
            np.concatenate([right, none - np.inf, none]),
            np.concatenate([right, none + self._threshold - 1, none + np.inf]),
        )
        width = np.concatenate([self._least, none]), np.concatenate([none + self._top, none + 1])
        solver = solver_with(mip_rel_gap=0.01)
        load(solver, np.zeros(2 * size), width, limits, sparse.csc_array(matrix), whole=True)
        return solver
