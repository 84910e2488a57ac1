"""The smallest pattern by cutting planes (Fischetti and Salazar-González, Management Science 47, 2001).

Each round hides the fewest cells that satisfy what is known to be necessary (the integer programme
of `MasterProblem`), and asks for each goal whether it can be reached so (`Separation`). Where it
can't, the programme's prices say why: an inequality that every pattern which protects the cell
satisfies. A round in which everything can be reached ends with a pattern that no other beats, and
that is proven.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass

import highspy
import numpy as np
from scipy import sparse

from extracts.suppression.errors import SolverStoppedError
from extracts.suppression.model import Flags, Floats, Ints, Relations, load, solver_with
from extracts.suppression.solver.effort import Effort, is_past
from extracts.suppression.solver.movements import WIDTHS
from extracts.suppression.solver.neighbourhoods import search_neighbourhoods
from extracts.suppression.solver.secondary import (
    Goal,
    Progress,
    Search,
    Witness,
    clean_up,
    find_witness,
    protect,
    reached,
    secondary,
)

# --- separation: how far one cell can move when only some cells may

_FAR = 1e5  # orders; more than any movement of a small cell needs
_TINY = 1e-7
_PRIMAL = 4  # the solver's own number: bounds and one cost change, the last basis nearly fits


@dataclass(frozen=True, eq=False)
class Cut:
    """``weights`` times 1 for each hidden one of ``cells`` must come to ``need`` at least."""

    cells: Ints
    weights: Floats
    need: float


class Separation:
    """All movements of a system whose hidden cells may be chosen anew."""

    def __init__(self, relations: Relations) -> None:
        self.cells = np.flatnonzero(relations.free)
        self.solved = 0
        self._at = np.full(relations.values.size, -1)
        self._at[self.cells] = np.arange(len(self.cells))
        self._room = np.maximum(relations.values - relations.least, 0.0)[self.cells]
        self._size = len(self.cells)
        self._top = np.zeros(2 * self._size)
        self._solver = self._build(relations)

    def open(self, share: Floats) -> None:
        """Let cells move: ``share`` of each cell of the system is 1 where hidden, between in part."""
        part = share[self.cells]
        self._top = np.concatenate([part * _FAR, part * self._room])
        columns = np.arange(2 * self._size, dtype=np.int32)
        self._solver.changeColsBounds(
            2 * self._size, columns, np.zeros(2 * self._size), self._top.copy()
        )

    def reach(self, goal: Goal, still: Ints) -> Witness | Cut:
        """A movement that reaches the goal, or what every pattern needs for there to be one.

        ``still`` are cells that may not move for it, hidden or not.

        Raises:
            SolverStoppedError: neither.
        """
        cell, amount, _ = goal
        need = abs(amount)
        places = self._at[still]
        stay = np.concatenate([places, self._size + places]).astype(np.int32)
        nothing = np.zeros(len(stay))
        self._solver.changeColsBounds(len(stay), stay, nothing, nothing)
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
            prices[stay] = 0.0
            found = self._cut(prices, need)
        self._solver.changeColCost(along, 0.0)
        self._solver.changeColBounds(along, 0.0, float(self._top[along]))
        self._solver.changeColBounds(against, 0.0, float(self._top[against]))
        self._solver.changeColsBounds(len(stay), stay, nothing, self._top[stay])
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

    def _build(self, relations: Relations) -> highspy.Highs:
        solver = solver_with(presolve="off", solver="simplex", simplex_strategy=_PRIMAL)
        matrix = relations.matrix[:, self.cells]
        used, inverse = np.unique(matrix.indices, return_inverse=True)
        ends = np.concatenate([matrix.indptr, matrix.nnz + matrix.indptr[1:]])
        entries = np.concatenate([matrix.data, -matrix.data]), np.tile(inverse, 2), ends
        both_ways = sparse.csc_array(entries, shape=(len(used), 2 * self._size))
        columns, rows = np.zeros(2 * self._size), np.zeros(len(used))
        load(solver, columns, (columns, columns), (rows, rows), both_ways)
        return solver


# --- master problem: the fewest cells that satisfy every inequality known so far

_TIES = 0.45  # cells; what all tie-breaks together may weigh, less than one cell
_GAP = 0.5
_CLOSE = 1e-6
_GRIDS = (1.0, 0.5, 0.25)
_FEW = 300  # candidates up to which the cheapest of the smallest choices is found, where prices are drawn
_STATUS = highspy.HighsModelStatus
_ENDS = _STATUS.kOptimal, _STATUS.kSolutionLimit, _STATUS.kInterrupt, _STATUS.kInfeasible


class MasterProblem:
    """Chooses cells to hide besides those that must be."""

    def __init__(self, search: Search, nodes: int) -> None:
        self.must: Flags = search.primary | search.fixed
        self.candidates: Ints = np.flatnonzero(search.relations.free & ~self.must)
        self._at = np.full(self.must.size, -1)
        self._at[self.candidates] = np.arange(len(self.candidates))
        # What each candidate costs. All patterns cost multiples of the grid, which is the unit of gap and
        # tie-breaks; where there is none, as with weights that somebody wishes, it is the cheapest.
        self._costs = search.weights[self.candidates]
        grids = (g for g in _GRIDS if not (self._costs % g).any())
        self._grid = next(grids, 0.0)
        self._unit = self._grid or float(self._costs.min(initial=1.0))
        ties = search.drawn and len(self.candidates) <= _FEW
        gap = (_CLOSE if ties else _GAP) * self._unit
        self._solver = solver_with(mip_rel_gap=0.0, mip_abs_gap=gap, mip_max_nodes=nodes)
        self.steps = 0  # of the simplex, in the last programme
        self.asked = 0  # whether to go on, in the last programme
        self._ends, self._most = search.ends, 0
        self._solver.cbMipInterrupt.subscribe(self._stop)
        self._build(search)

    def add(self, cut: Cut) -> None:
        """Require an inequality from now on; cells that are hidden anyway count already."""
        found = self._free_part(cut)
        if found is not None:
            columns, weights, need = found
            self._solver.addRow(need, np.inf, len(columns), columns.astype(np.int32), weights)

    def exclude(self, hidden: Flags) -> None:
        """Never choose exactly these cells again."""
        chosen, size = hidden[self.candidates], len(self.candidates)
        columns, signs = np.arange(size, dtype=np.int32), np.where(chosen, -1.0, 1.0)
        self._solver.addRow(1.0 - float(chosen.sum()), np.inf, size, columns, signs)

    def solve(self, most: int) -> tuple[Flags | None, float]:
        """The hidden cells, and how many (or what cost) besides those that must be is proven necessary.

        ``most`` is how often the solver may ask whether to go on, which it does at the same points on
        every machine. No cells where it ended before any choice was found, or where there is none.

        Raises:
            SolverStoppedError: there is no answer.
        """
        self.asked, self._most = 0, most
        self._solver.run()
        info, status = self._solver.getInfo(), self._solver.getModelStatus()
        self.steps = max(0, int(info.simplex_iteration_count))
        if status not in _ENDS:
            raise SolverStoppedError(cells=len(self.candidates))
        bound = float(info.mip_dual_bound) - _TIES * self._unit - _CLOSE
        if self._grid:
            bound = np.ceil(bound / self._grid) * self._grid
        least = max(0.0, bound) if np.isfinite(bound) else 0.0
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None, least
        values = np.asarray(self._solver.getSolution().col_value)
        hidden = self.must.copy()
        hidden[self.candidates[values > 0.5]] = True
        return hidden, least

    def _stop(self, event: highspy.HighsCallbackEvent) -> None:
        self.asked += 1
        event.interrupt(
            self.asked > self._most or is_past(self._ends)
        )  # it remembers the last answer

    def _free_part(self, cut: Cut) -> tuple[Ints, Floats, float] | None:
        forced = self.must[cut.cells]
        need = cut.need - float(cut.weights[forced].sum())
        if need <= _CLOSE:
            return None
        columns = self._at[cut.cells[~forced]]
        return columns, np.minimum(cut.weights[~forced], need), need

    def _build(self, search: Search) -> None:
        rows = _equations(search)
        found = [r for r in map(self._free_part, _required(search, rows)) if r]
        found += [r for cells in rows for r in self._never_alone(cells)]
        size = len(self.candidates)
        prices = search.prices[self.candidates]
        none = np.zeros(0)
        ends = np.cumsum([0, *(len(columns) for columns, _, _ in found)])
        columns = np.concatenate([none, *(c for c, _, _ in found)])
        weights = np.concatenate([none, *(w for _, w, _ in found)])
        needs = np.array([need for _, _, need in found])
        rows = sparse.csr_array((weights, columns.astype(np.int32), ends), (len(found), size))
        costs = self._costs + self._unit * _TIES * prices / max(float(prices.sum()), 1.0)
        bounds = np.zeros(size), np.ones(size)
        least = needs, np.full(len(found), np.inf)
        load(self._solver, costs, bounds, least, rows, whole=True)

    def _never_alone(self, line: tuple[Ints, Floats]) -> list[tuple[Ints, Floats, float]]:
        """In a line where nothing must be hidden, no cell is hidden alone."""
        cells, _ = line
        if self.must[cells].any():
            return []
        columns = self._at[cells]
        return [
            (columns, np.where(columns == column, -1.0, 1.0), 0.0) for column in columns.tolist()
        ]


def _equations(search: Search) -> list[tuple[Ints, Floats]]:
    """The movable cells of each equation, with their signs."""
    rows, cells, signs = sparse.find(search.relations.matrix)
    kept = np.flatnonzero(search.relations.free[cells])
    order = kept[np.lexsort((cells[kept], rows[kept]))]
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    cells_of = np.split(np.asarray(cells[order], dtype=np.int64), starts[1:])
    signs_of = np.split(np.asarray(signs[order], dtype=np.float64), starts[1:])
    return list(zip(cells_of, signs_of, strict=True))


def _required(search: Search, lines: list[tuple[Ints, Floats]]) -> list[Cut]:
    """What each goal asks of the lines through its cell."""
    through: dict[int, list[int]] = {}
    for number, (cells, _) in enumerate(lines):
        for cell in cells[search.primary[cells]].tolist():
            through.setdefault(cell, []).append(number)
    room = np.maximum(search.relations.values - search.relations.least, 0.0)
    return [
        _required_of(search, goal, *lines[number], room)
        for goal in search.goals
        for number in through.get(goal.cell, ())
    ]


def _required_of(search: Search, goal: Goal, cells: Ints, signs: Floats, room: Floats) -> Cut:
    own = int(np.flatnonzero(cells == goal.cell)[0])
    need = abs(goal.amount) * abs(float(signs[own]))
    others = ~search.must_stay(goal.loose)[cells] & (cells != goal.cell)
    upwards = signs * (-signs[own] * np.sign(goal.amount)) > 0  # this cell would have to grow
    weights = np.where(upwards, need, np.minimum(np.abs(signs) * room[cells], need))
    return Cut(cells[others], weights[others], need)


# --- rounds

_NODES = 500  # of one integer programme; those of 1,239 cells need fewer than ten
_ROUNDS = 60  # such tables need about ten
_HARD = 3_000  # simplex steps of one integer programme; those of 1,239 cells need up to 800
_EASY = 40  # questions whether to go on, of the first integer programme; those tables' ask up to 22
_WHOLE = 1_000_000
_SMALL = 64  # candidates up to which every integer programme ends soon
_CONTRIBUTORS = (
    2  # times the programmes where small cells are kept from who is alone in another, too
)
_NEIGHBOURS = 2_000  # linear programmes spent on neighbourhoods after each hard one


class _Pool:
    """Movements found so far, which serve again while all their cells are hidden."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._kept: list[tuple[Witness, list[tuple[Goal, Witness]]]] = []
        for witness in search.witnesses.values():
            self.add(witness)

    def add(self, found: Witness) -> list[tuple[Goal, Witness]]:
        """Keep a movement; returns the goals that it reaches."""
        goals = list(reached(self._search, found))
        self._kept.append((found, goals))
        return goals

    def serving(self, hidden: Flags) -> dict[Goal, Witness]:
        """Witnesses of as many goals as possible that move hidden cells only."""
        found: dict[Goal, Witness] = {}
        for (cells, _), goals in self._kept:
            if hidden[cells].all():
                for goal, witness in goals:
                    found.setdefault(goal, witness)
        return found


def minimise(search: Search, progress: Progress | None = None) -> float:
    """Replace a pattern that protects by the smallest one, as far as the budget goes.

    Where the integer programme is hard (many short dimensions), neighbourhoods of the best pattern
    are searched before the bound is raised further.

    Returns:
        What any pattern has to hide besides the primary cells, by weight (how many cells where all weigh
        1); the pattern is proven to be the smallest where it has no more.

    Raises:
        SolverStoppedError: the solver gave no answer.
    """
    flows, cover, pool = Separation(search.relations), MasterProblem(search, _NODES), _Pool(search)
    begun, budget = search.movements.solved, search.policy.clean_programmes
    asked = _CONTRIBUTORS if search.contributors.any() else 1
    solved = lambda: search.movements.solved + flows.solved  # noqa: E731
    effort = Effort(solved, begun + asked * budget, search.ends)
    chance = np.random.default_rng(search.seed)
    proven = 0.0
    trial: Search | None = search
    few = len(cover.candidates) <= _SMALL
    took, most = 0, _WHOLE if few else _EASY  # what the last hard round cost, as the next one would
    for _ in range(_ROUNDS):
        so_far = effort.spent
        if secondary(search) <= proven or effort.over or so_far + took > effort.limit:
            break
        hidden, bound = cover.solve(most)
        effort.steps += cover.steps
        proven = max(proven, bound)
        trial = copy(search)
        if hidden is not None:
            trial.hidden, trial.witnesses = hidden, pool.serving(hidden)
            cuts = _test(trial, flows, pool)
            if not cuts:
                break
            for cut in cuts:
                cover.add(cut)
        if cover.steps > _HARD or cover.asked > most:
            _keep_smaller(search, trial, proven, progress)
            trial, most = None, _WHOLE
            effort.limit = begun + budget  # each further round costs as much again
            search_neighbourhoods(search, effort, _NEIGHBOURS, proven, chance, progress)
            took = effort.spent - so_far
        if progress:
            progress("smallest", int(proven), int(secondary(search)))
    if trial is not None:
        _keep_smaller(search, trial, proven, progress)
    return float(proven)


def patterns_by_cost(
    search: Search, lacking: Callable[[Flags], Iterable[Cut]] = lambda _: ()
) -> Iterator[Search]:
    """Every pattern of a small table that protects, those that cost least first, then by the prices.

    ``search`` has not begun. Each is a search of its own. The order is exact where weights are multiples of a quarter.
    ``lacking`` says of one that was given what those after it must satisfy.

    Raises:
        CannotProtectError: there is none.
        SolverStoppedError: the solver gave no answer.
    """
    protect(search)
    flows, cover, pool = Separation(search.relations), MasterProblem(search, _NODES), _Pool(search)
    if not len(cover.candidates):
        yield search  # what is small protects itself, or nothing is
        return
    while (hidden := cover.solve(_WHOLE)[0]) is not None:
        trial = copy(search)
        trial.hidden, trial.witnesses = hidden, pool.serving(hidden)
        cuts = _test(trial, flows, pool)
        for cut in cuts:
            cover.add(cut)
        if not cuts:
            yield trial
            cover.exclude(hidden)
            for cut in lacking(hidden):
                cover.add(cut)


def _keep_smaller(search: Search, trial: Search, proven: float, progress: Progress | None) -> None:
    """Finish a trial that the budget ended before everything was protected; keep it if it is smaller."""
    protect(trial)
    if secondary(trial) > proven:
        clean_up(trial, progress)
    if secondary(trial) < secondary(search):
        search.hidden, search.witnesses = trial.hidden, trial.witnesses


def _test(trial: Search, flows: Separation, pool: _Pool) -> list[Cut]:
    """Look for a witness of each goal among the hidden cells; say what is missing for the others."""
    flows.open(trial.hidden.astype(float))
    cuts: list[Cut] = []
    for goal in sorted(trial.goals, key=lambda g: (-abs(g[1]), g[0])):
        if goal in trial.witnesses:
            continue
        found = find_witness(trial, goal, WIDTHS)
        if found is None:
            found = flows.reach(goal, np.flatnonzero(trial.must_stay(goal.loose)))
        if isinstance(found, Cut):
            cuts.append(found)
            continue
        for served, witness in pool.add(found):
            trial.witnesses.setdefault(served, witness)
    return cuts
