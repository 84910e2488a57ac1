"""What an attacker proves who knows the method, its numbers and all that was published, and lacks only the keys.

Each shown value leaves a range of true ones; margins are true sums; persons of a margin are at least as many as
in any of its cells and at most as many as in all. Ranges and sums together are an integer programme. A cell falls where all
tables that fit give it the same persons or records, or fewer persons than the threshold and not none. The true table, where it is offered, is
one that fits, and so is each table with one record more or less; it is believed only after it was added up here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from extracts.perturbation.noise import PERTURBED, Noise
from extracts.suppression import (
    AuditInfeasibleError,
    AuditUnsolvedError,
    Knowledge,
    PublishedRow,
    PublishedTable,
    RevisedError,
    Zeros,
    gather,
)

Labels = tuple[str, ...]
_Shown = tuple[int, int | None] | None  # records, persons
Floats = npt.NDArray[np.float64]
_DIRECTIONS = 12  # random ones; fewer undecided cells are solved one by one
_SECONDS = 120.0  # of one programme; reaching it is an error, never an answer


@dataclass(frozen=True)
class Proven:
    """A cell that is known in spite of its noise, and between what its persons (or records) are proven to be."""

    labels: Labels
    how: Literal["exact", "below"]
    low: int
    high: int


@dataclass(frozen=True)
class Attacked:
    """What was proven, of how many cells, by how many integer programmes."""

    proven: tuple[Proven, ...]
    cells: int
    programmes: int


def attack(
    tables: Sequence[PublishedTable],
    noise: Noise,
    *,
    zeros: Zeros = "published",
    true: Mapping[Labels, tuple[int, int]] | None = None,
) -> Attacked:
    """Attack perturbed tables of the same records (of one year) together.

    Args:
        tables: all with this noise; the first is the one about to be published.
        noise: the method.
        zeros: ``hidden``: a cell that is proven to be empty falls, too.
        true: records and persons of each cell of the first table: a proof that is checked, where it is the only table.

    Raises:
        RevisedError: two tables show one cell differently: records came between them.
        AuditInfeasibleError: no table fits, which noise of this kind can't bring about.
        AuditUnsolvedError: a programme found no answer in time.
    """
    known, shown = _gathered(tables, zeros)
    found = _Programme(known, shown, noise, persons=any(t.has_persons for t in tables))
    listed = [(cell.number, cell.places[0][1]) for cell in known.cells if cell.listed]
    if true is not None and len(tables) == 1 and len(listed) == len(known.cells):
        found.offer(np.array([true[labels] for _, labels in listed], dtype=float))
    least = 1 if zeros == "published" else 0
    found.explore([cell for cell, _ in listed], noise.threshold, least)
    proven: list[Proven] = []
    for cell, labels in listed:
        low, high = found.people(cell, noise.threshold, least)
        if high < noise.threshold and (low > 0 or zeros == "hidden"):
            proven.append(Proven(labels, "below", low, high))
            continue
        low, high = (low, high) if low == high else found.records(cell)
        if low == high and high > 0:
            proven.append(Proven(labels, "exact", low, high))
    return Attacked(tuple(proven), len(listed), found.solved)


def _gathered(tables: Sequence[PublishedTable], zeros: Zeros) -> tuple[Knowledge, list[_Shown]]:
    """Sets of records and their sums, and what is shown of each."""
    bare = [
        replace(
            table,
            rows=tuple(PublishedRow(row.labels, None) for row in table.rows),
            scope={name: levels for name, levels in table.scope.items() if name != PERTURBED},
            has_persons=False,
        )
        for table in tables
    ]  # a shown zero is none for certain: to the equations every value is unknown
    known = gather(bare, zeros)
    values = [{row.labels: (row.count or 0, row.persons) for row in t.rows} for t in tables]
    every = [{values[t][labels] for t, labels, _ in cell.places} for cell in known.cells]
    if differing := sum(len(one) > 1 for one in every):
        raise RevisedError(cells=differing)
    return known, [one.pop() if one else None for one in every]


# --- tables that fit


class _Programme:
    """All true tables that fit: persons of each cell, then its records where both are shown."""

    def __init__(
        self, known: Knowledge, shown: Sequence[_Shown], noise: Noise, *, persons: bool
    ) -> None:
        self.solved = 0
        self._size, self._both = len(shown), persons
        seen = [(0, None) if one is None else one for one in shown]
        most = sum(count for count, _ in seen) + 4.0 * noise.reach * self._size
        ends = [
            (0, most) if one is None else noise.persons_behind(one[0] if one[1] is None else one[1])
            for one in shown
        ]
        self._low, self._high = np.array(ends, dtype=float).T
        self._rows: list[tuple[dict[int, float], float, float]] = []
        self._sums = sorted(known.sums)
        self._tighten()
        for margin, parts in self._sums:
            self._add_sum(margin, parts)
        if persons:
            self._low = np.concatenate([self._low, self._low])
            self._high = np.concatenate([self._high, np.full(self._size, most)])
            each = max(count for count, _ in seen) + 4.0 * noise.reach + 1_000
            for cell, (count, people) in enumerate(seen):
                self._add_further(cell, count - (people or 0), people or 0, noise, each)
        self._matrix, self._least, self._most = self._built()
        self.seen_low = np.full(len(self._low), np.inf)
        self.seen_high = np.full(len(self._low), -np.inf)

    def _tighten(self) -> None:
        """Narrow each range by those of its sums, until none gets narrower: most proofs need no more."""
        low, high, before = self._low, self._high, np.inf
        while (high - low).sum() < before:
            before = (high - low).sum()
            for margin, parts in self._sums:
                at = list(parts)
                least = low[at].max() if self._both else low[at].sum()
                low[margin] = max(low[margin], least)
                high[margin] = min(high[margin], high[at].sum())
                taken = np.zeros(len(at)) if self._both else low[at].sum() - low[at]
                high[at] = np.minimum(high[at], high[margin] - taken)
                low[at] = np.maximum(low[at], low[margin] - (high[at].sum() - high[at]))

    def _add_sum(self, margin: int, parts: Sequence[int]) -> None:
        sums = {margin: -1.0, **dict.fromkeys(parts, 1.0)}
        if not self._both:
            self._rows.append((sums, 0.0, 0.0))
            return
        self._rows.append(({self._size + i: sign for i, sign in sums.items()}, 0.0, 0.0))
        self._rows.append((sums, 0.0, np.inf))
        self._rows += [({margin: 1.0, part: -1.0}, 0.0, np.inf) for part in parts]

    def _add_further(self, cell: int, shown: int, people: int, noise: Noise, most: float) -> None:
        """Records beyond one a person; where none is shown, no more than that there are none without a person."""
        records = self._size + cell
        low, high = 0.0, np.inf
        if people:
            low, high = map(float, noise.further_behind(shown))
            if (
                self._low[cell] <= noise.reach
            ):  # what 0 takes from so few persons' records was made up
                low, high = max(0.0, shown - 2.0 * noise.reach), float(shown + noise.reach)
        self._rows.append(({records: 1.0, cell: -1.0}, low, high))
        if self._low[cell] == 0:
            self._rows.append(({records: 1.0, cell: -most}, -np.inf, 0.0))

    def _built(self) -> tuple[Any, Floats, Floats]:
        at = [(row, column) for row, (terms, _, _) in enumerate(self._rows) for column in terms]
        values = np.array([v for terms, _, _ in self._rows for v in terms.values()], dtype=float)
        rows, columns = np.array(at, dtype=np.int64).reshape(-1, 2).T
        least, most = (np.array([row[i] for row in self._rows], dtype=float) for i in (1, 2))
        shape = (len(self._rows), len(self._low))
        return sparse.csr_array((values, (rows, columns)), shape=shape), least, most

    def offer(self, pairs: Floats) -> None:
        """Believe a table (records, persons) that fits, and those with one record of a new person more or less."""
        whole = np.concatenate([pairs[:, 1], pairs[:, 0]]) if self._both else pairs[:, 1]
        if not self._fits(whole):
            return
        self._learn(whole)
        above: dict[int, set[int]] = {i: {i} for i in range(self._size)}
        for _ in range(self._size):
            grown = False
            for margin, parts in self._sums:
                for part in parts:
                    missing = above[margin] - above[part]
                    grown = grown or bool(missing)
                    above[part] |= missing
            if not grown:
                break
        inner = set(range(self._size)) - {margin for margin, _ in self._sums}
        for cell in inner:
            moved = sorted(above[cell])
            up = (self._high[moved] - whole[moved]).min()
            for by in {up, -1.0, -whole[cell]} - {0.0}:
                self._try(whole, moved, by)

    def _try(self, whole: Floats, moved: list[int], by: float) -> None:
        other = whole.copy()
        other[moved] += by
        if self._both:
            other[[self._size + i for i in moved]] += by
        if self._fits(other):
            self._learn(other)

    def _fits(self, whole: Floats) -> bool:
        sums = self._matrix @ whole
        inside = ((whole >= self._low) & (whole <= self._high)).all()
        return bool(inside and ((sums >= self._least) & (sums <= self._most)).all())

    def _learn(self, whole: Floats) -> None:
        self.seen_low = np.minimum(self.seen_low, whole)
        self.seen_high = np.maximum(self.seen_high, whole)

    def explore(self, cells: Sequence[int], threshold: int, least: int) -> None:
        """Learn tables at ends in random directions: a few of them settle most cells at once."""
        directions = np.random.default_rng(0)
        for _ in range(_DIRECTIONS):
            undecided = [
                cell
                for cell in cells
                if (self._small(cell, threshold, least) or self._one(cell))
                and (self._high[cell] >= threshold or self._low[cell] < least)
            ]
            if len(undecided) < _DIRECTIONS:
                return
            costs = np.zeros(len(self._low))
            costs[undecided] = directions.choice([-1.0, 1.0], len(undecided))
            self._solve(costs)

    def _small(self, cell: int, threshold: int, least: int) -> bool:
        return self.seen_high[cell] < threshold and self.seen_low[cell] >= least

    def _one(self, cell: int) -> bool:
        both = (cell, self._size + cell) if self._both else (cell,)
        return any(self.seen_low[i] >= self.seen_high[i] for i in both)

    def people(self, cell: int, threshold: int, least: int) -> tuple[int, int]:
        """Persons of a cell: outer bounds where these prove it small, else exact ones, or inner ones that prove that it need not be."""
        if self._high[cell] < threshold and self._low[cell] >= least:
            return int(self._low[cell]), int(self._high[cell])
        for up in (True, False):
            if self._small(cell, threshold, least):
                self._bound(cell, threshold, up=up)
        return self._ends(cell)

    def records(self, cell: int) -> tuple[int, int]:
        """The same of records."""
        return self._ends(self._size + cell if self._both else cell)

    def _ends(self, variable: int) -> tuple[int, int]:
        for up in (True, False):
            if self.seen_low[variable] >= self.seen_high[variable]:
                self._bound(variable, self.seen_high[variable] + 1, up=up)
        return int(self.seen_low[variable]), int(self.seen_high[variable])

    def _bound(self, variable: int, enough: float, *, up: bool) -> None:
        """Solve for the least or the most of a variable, up to what is enough, and learn the table that has it."""
        costs, most = np.zeros(len(self._low)), self._high[variable]
        costs[variable] = -1.0 if up else 1.0
        if self.seen_low[variable] < enough:  # a table below it is known
            self._high[variable] = min(most, enough)
        try:
            self._solve(costs)
        finally:
            self._high[variable] = most

    def _solve(self, costs: Floats) -> None:
        """Learn the table that costs least."""
        import scipy.optimize  # slow to load

        solve: Any = scipy.optimize  # its stubs know no arrays as bounds
        self.solved += 1
        result: Any = solve.milp(
            costs,
            integrality=np.ones(len(costs)),
            bounds=solve.Bounds(self._low, self._high),
            constraints=solve.LinearConstraint(self._matrix, self._least, self._most),
            options={"time_limit": _SECONDS, "mip_rel_gap": 0.0},
        )
        if result.status == 2:  # infeasible
            raise AuditInfeasibleError(unknown=len(costs))
        if result.status != 0 or not self._fits(np.rint(result.x)):
            raise AuditUnsolvedError(unknown=len(costs))
        self._learn(np.rint(result.x))
