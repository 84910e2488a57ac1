"""Secondary suppression: which cells to hide so that no small cell can be got back.

Primary cells are those with too few persons. For each of them a movement up and one down must
exist (see ``needs``); cells are hidden until it does. Then what is not needed is shown again, and
what the audit gets back is protected more strictly.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model import Flags, Floats, Ints, Relations, SuppressionPolicy
from extracts.suppression.solver.alone import contributors
from extracts.suppression.solver.effort import is_past
from extracts.suppression.solver.movements import WIDTHS, MovementSolver, hidden_near, window

Progress = Callable[[str, int, int], None]
Witness = tuple[Ints, Floats]  # the cells that move, sorted, and by how much


class Goal(NamedTuple):
    """How far a cell must be able to move.

    Attributes:
        cell: its variable.
        amount: orders, positive up, negative down.
        loose: those who are alone in a cell and whose cells may move with it, all others' stay; None
            where anybody's may.
    """

    cell: int
    amount: float
    loose: frozenset[int] | None = None


_HIDDEN_PRICE = 1e-4  # against 1 and more for a cell that is still shown
_MARGIN_PRICE = 1.0  # each dimension in which a cell is a margin makes it dearer by this factor
_GRAND = 10  # dimensions that a grand total counts for: with half a cell each, it weighs six
_ALONE_PRICE = 1e3  # more than any other detour costs
_TINY = 1e-6
LARGE = 5_000  # cells; beyond, the integer programme takes minutes


@dataclass(eq=False)
class Search:
    """The state of one search for a pattern."""

    relations: Relations
    policy: SuppressionPolicy
    primary: Flags
    hidden: Flags
    prices: Floats
    goals: list[Goal] = field(default_factory=list[Goal])
    witnesses: dict[Goal, Witness] = field(default_factory=dict[Goal, Witness])
    proofs: list[Witness] = field(default_factory=list[Witness])  # for the audit, beside witnesses
    fixed: Flags = field(init=False)
    contributors: Ints = field(init=False)  # who is alone in each cell, by number; 0 for nobody
    apart: Flags = field(init=False)  # small cells that must be kept from them
    extra: dict[int, float] = field(default_factory=dict[int, float])
    strict: bool = False
    weights: Floats = field(init=False)  # what hiding each cell costs, 1 for most
    movements: MovementSolver = field(init=False)
    drawn: bool = False  # whether prices are draws, whose order counts
    seed: int = 0  # of what is tried by chance
    decoys: Flags = field(init=False)  # hidden as if they were small
    ends: float | None = field(init=False)  # of what only looks for fewer cells, by the clock
    needs: dict[int, list[Goal]] = field(default_factory=dict[int, list[Goal]])
    staying: dict[frozenset[int] | None, Flags] = field(
        default_factory=dict[frozenset[int] | None, Flags]
    )

    def __post_init__(self) -> None:
        self.movements = MovementSolver(self.relations)
        margins = np.where(self.relations.grand, _GRAND, self.relations.margin)
        self.weights = 1.0 + self.policy.margin_weight * margins
        self.fixed = np.zeros_like(self.primary)
        self.decoys = np.zeros_like(self.primary)
        self.apart = np.zeros_like(self.primary)
        self.contributors = np.zeros(self.primary.size, dtype=np.int64)
        seconds = self.policy.seconds
        self.ends = None if seconds is None else time.monotonic() + seconds

    def needs_of(self, cell: int) -> list[Goal]:
        """What a primary cell must be able to do."""
        found = self.needs.get(cell)
        if found is None:
            found = [self._kept_apart(goal) for goal in needs(self.relations, self.policy, cell)]
            self.needs[cell] = found
        return found

    def _kept_apart(self, goal: Goal) -> Goal:
        """Somebody must be able to reach the threshold while whoever is alone elsewhere stays."""
        if goal.amount < 0 or not self.apart[goal.cell] or not self.contributors.any():
            return goal
        return goal._replace(loose=self.alone_in(np.array([goal.cell])))

    def alone_in(self, cells: Ints) -> frozenset[int]:
        """Those who are alone in any of some cells."""
        found = self.contributors[cells]
        return frozenset(found[found > 0].tolist())

    def may_move(self, goal: Goal, cells: Ints) -> Ints:
        """Of some cells those that may move for a goal."""
        return cells if goal.loose is None else cells[~self.must_stay(goal.loose)[cells]]

    def must_stay(self, loose: frozenset[int] | None) -> Flags:
        """The cells that may not move where only those of some who are alone may; looked up once for each."""
        if loose not in self.staying:
            who = self.contributors
            apart = loose is not None and (who > 0) & ~np.isin(who, list(loose))
            self.staying[loose] = np.broadcast_to(apart, who.shape)
        return self.staying[loose]

    def replace_need(self, goal: Goal, others: Sequence[Goal]) -> None:
        """Ask for other goals in place of one."""
        needed = self.needs_of(goal.cell)
        for goals in (needed, self.goals):
            if goal in goals:
                goals[goals.index(goal) : goals.index(goal) + 1] = others

    def least(self, cells: Ints) -> Floats:
        """How low each cell may go; in strict mode not below its persons (see the audit)."""
        base = self.relations.least[cells]
        return np.maximum(base, self.relations.people[cells]) if self.strict else base


def start_search(
    relations: Relations,
    policy: SuppressionPolicy,
    *,
    known: Flags | None = None,
    hidden_before: Flags | None = None,
    proven_small: Flags | None = None,
) -> Search:
    """Hide the primary cells and list what must be reached.

    Cells whose true value is not ``known`` were hidden earlier and stay so. What an earlier table
    hides stays hidden in every later one: what protected it then was that nobody shows it. Differences that
    no table lists must reach the threshold where they are ``proven_small`` with everything shown.

    Raises:
        CannotProtectError: a small cell is public already.
    """
    known = np.ones(relations.values.size, dtype=bool) if known is None else known
    small = (relations.people < policy.threshold) & known
    primary = small & (relations.values > 0) if policy.least else small
    primary = primary if proven_small is None else primary | proven_small
    if (primary & ~relations.free).any():
        raise CannotProtectError(cells=int((primary & ~relations.free).sum()), published_before=1)
    prices = np.log1p(relations.values) * (1.0 + _MARGIN_PRICE * relations.margin)
    stay = ~known if hidden_before is None else hidden_before | ~known
    hidden = primary | stay
    search = Search(relations, policy, primary, hidden, np.maximum(prices, 0.5))
    search.prices = search.prices * search.weights
    search.fixed = stay
    if policy.singletons:
        search.contributors = contributors(relations, known)
        search.apart = small & (relations.values > 0)
    search.goals = [goal for cell in np.flatnonzero(primary) for goal in search.needs_of(int(cell))]
    return search


def needs(relations: Relations, policy: SuppressionPolicy, cell: int) -> list[Goal]:
    """How far a primary cell must be able to go.

    Up to the threshold and down to its floor; where its orders reach the threshold and only its
    persons don't, ``spread`` orders either way.
    """
    value, floor = float(relations.values[cell]), float(relations.floor[cell])
    if value < policy.threshold:
        up, down = policy.threshold - value, value - floor
    else:
        up, down = float(policy.spread), min(policy.spread, value - floor)
    return [Goal(cell, up)] + ([Goal(cell, -down)] if down > 0 else [])


def protect(search: Search, progress: Progress | None = None) -> None:
    """Hide cells until every goal has a witness.

    Raises:
        CannotProtectError: some goal can't be reached even with everything hidden.
    """
    order = sorted(search.goals, key=lambda g: (-abs(g[1]), g[0]))
    for done, goal in enumerate(order):
        if goal not in search.witnesses:
            _reach(search, goal)
        if progress and done % 50 == 0:
            progress("protect", done, len(order))


def _reach(search: Search, goal: Goal) -> None:
    if not search.relations.free[goal[0]]:  # it is public, or a zero
        raise CannotProtectError(cells=1)
    costs = np.where(search.hidden, _HIDDEN_PRICE, search.prices)
    found = _cheapest(search, goal, costs)
    if found is not None:
        _hide(search, found)
    elif goal.loose is None or search.strict:
        raise CannotProtectError(cells=1, hidden=int(search.hidden.sum()))
    else:
        _keep_from_each(search, goal, costs)


def _cheapest(search: Search, goal: Goal, costs: Floats) -> Witness | None:
    cell, amount, _ = goal
    before = None
    for width in (*WIDTHS, None):
        cells = search.may_move(goal, window(search.relations, cell, costs, width))
        if before is not None and np.array_equal(cells, before):
            continue  # a short dimension is taken whole: what was impossible stays so
        before = cells
        least = least_for(search, cells, cell)
        found = search.movements.move(cell, amount, cells, costs[cells], least)
        if found is not None:
            return found
    return None


def _hide(search: Search, found: Witness) -> None:
    search.hidden[found[0]] = True
    accept(search, found)


def _keep_from_each(search: Search, goal: Goal, costs: Floats) -> None:
    """Protect a cell that those who are alone elsewhere know together (a margin of theirs) from each.

    A movement that moves few of their cells says for whom there must be another one that does not
    move theirs. Where everything hidden does not keep the cell from somebody, what was published
    before gave it away: that is past, and more of it must not follow.
    """
    everybody = search.alone_in(np.arange(search.hidden.size))
    dear = np.where(search.contributors > 0, costs + _ALONE_PRICE, costs)
    public = bool((~search.relations.free & (search.relations.values > 0)).any())
    own = goal.loose or frozenset()
    goals: list[Goal] = []
    found: list[Witness] = []
    left = [frozenset[int](), *(frozenset({one}) for one in sorted(everybody - own))]
    for stays in left:
        if any(stays and g.loose is not None and stays.isdisjoint(g.loose) for g in goals):
            continue
        witness = _cheapest(search, goal._replace(loose=everybody - stays), dear)
        if witness is not None:
            goals.append(goal._replace(loose=own | search.alone_in(witness[0])))
            found.append(witness)
        elif not public or not stays:
            raise CannotProtectError(cells=1, hidden=int(search.hidden.sum()))
    search.replace_need(goal, goals)
    for witness in found:
        _hide(search, witness)


def least_for(search: Search, cells: Ints, target: int) -> Floats:
    """How low each of ``cells`` may go while ``target`` is moved."""
    least = search.least(cells)
    at = int(np.searchsorted(cells, target))
    least[at] = search.relations.least[target]
    return least


def accept(search: Search, found: Witness) -> None:
    """Keep a movement as the witness of every goal that it, or its reverse, reaches."""
    for goal, witness in reached(search, found):
        search.witnesses.setdefault(goal, witness)


def reached(search: Search, found: Witness) -> Iterator[tuple[Goal, Witness]]:
    """The goals that a movement, or its reverse, reaches, each with the one that does."""
    cells, moved = found
    backwards = bool(np.all(search.relations.values[cells] - moved >= search.least(cells) - _TINY))
    small = search.primary[cells] | search.decoys[cells]
    steps = list(zip(cells[small].tolist(), moved[small].tolist(), strict=True))
    alone = search.alone_in(cells)
    for sign in (1.0, -1.0) if backwards else (1.0,):
        witness = cells, moved * sign
        for cell, step in steps:
            for goal in search.needs_of(cell):
                apart = goal.loose is None or alone <= goal.loose
                along = sign * step if goal.amount > 0 else -sign * step
                if apart and along >= abs(goal.amount) - _TINY:
                    yield goal, witness


# --- showing again what need not be hidden, largest cells first

_LARGE_CLEAN = 3_000  # cells; beyond, testing with all of them at once takes minutes for little

Witnesses = dict[Goal, Witness]


def clean_up(search: Search, progress: Progress | None = None) -> None:
    """Show every secondary cell that no goal needs; deterministic."""
    users = _users(search)
    secondary = secondary_cells(search)
    weight = search.prices[secondary]
    last = search.movements.solved + search.policy.clean_programmes
    for done, cell in enumerate(secondary[np.argsort(-weight, kind="stable")]):
        if search.movements.solved > last or is_past(search.ends):
            break
        _try_to_show(search, int(cell), users)
        if progress and done % 20 == 0:
            progress("clean", done, len(secondary))


def show(search: Search, cells: Iterable[int]) -> None:
    """Show those of some hidden cells that no goal needs, in the order given."""
    users = _users(search)
    for cell in cells:
        if is_past(search.ends):
            break
        _try_to_show(search, int(cell), users)


def hidden_for_the_alone(search: Search) -> int:
    """Secondary cells that could be shown again if nobody who is alone in a cell knew to be."""
    if not search.contributors.any():
        return 0
    plain = copy(search)
    plain.contributors = np.zeros_like(search.contributors)
    plain.hidden = search.hidden.copy()
    plain.goals = list(dict.fromkeys(goal._replace(loose=None) for goal in search.goals))
    plain.witnesses = {g._replace(loose=None): w for g, w in search.witnesses.items()}
    plain.needs = {}
    clean_up(plain)
    return len(secondary_cells(search)) - len(secondary_cells(plain))


def secondary_cells(search: Search) -> Ints:
    """Cells that are hidden for the sake of others and may be shown again."""
    return np.flatnonzero(search.hidden & ~search.primary & ~search.fixed & ~search.decoys)


def secondary(search: Search) -> float:
    """What the cells cost that are hidden for the sake of others: how many they are where all weigh 1."""
    return float(search.weights[secondary_cells(search)].sum())


def _users(search: Search) -> dict[int, set[Goal]]:
    users: dict[int, set[Goal]] = {}
    for goal, (cells, _) in search.witnesses.items():
        for cell in cells:
            users.setdefault(int(cell), set()).add(goal)
    return users


def _try_to_show(search: Search, cell: int, users: dict[int, set[Goal]]) -> None:
    search.hidden[cell] = False
    replaced: Witnesses = {}
    open_goals = sorted(users.get(cell, ()), key=lambda g: (-abs(g[1]), g[0]))
    for goal in open_goals:
        if any(reaches(search, goal, witness) for witness in replaced.values()):
            continue
        found = find_witness(search, goal, _widths(search))
        if found is None:
            search.hidden[cell] = True
            return
        replaced[goal] = found
    for goal in open_goals:
        others = (w for w in replaced.values() if reaches(search, goal, w))
        witness = replaced.get(goal) or next(others)
        _replace(search, goal, witness, users)


def reaches(search: Search, goal: Goal, witness: Witness) -> bool:
    """Whether a movement takes the goal's cell as far as it must go."""
    cells, moved = witness
    if goal.loose is not None and not search.alone_in(cells) <= goal.loose:
        return False
    at = int(np.searchsorted(cells, goal[0]))
    if at >= len(cells) or cells[at] != goal[0]:
        return False
    return bool(moved[at] * np.sign(goal[1]) >= abs(goal[1]) - 1e-6)


def find_witness(search: Search, goal: Goal, widths: Sequence[int | None]) -> Witness | None:
    """A movement of hidden cells only, in narrow windows first."""
    before = None
    for width in widths:
        near = hidden_near(search.relations, goal.cell, search.hidden, width)
        cells = search.may_move(goal, near)
        if before is not None and np.array_equal(cells, before):
            continue
        before = cells
        costs = np.where(search.primary[cells], 0.01, 1.0)  # lean on what stays hidden anyway
        least = least_for(search, cells, goal.cell)
        found = search.movements.move(goal.cell, goal.amount, cells, costs, least)
        if found is not None:
            return found
    return None


def _widths(search: Search) -> tuple[int | None, ...]:
    return (*WIDTHS, None) if search.relations.values.size <= _LARGE_CLEAN else WIDTHS


def _replace(search: Search, goal: Goal, witness: Witness, users: dict[int, set[Goal]]) -> None:
    for cell in search.witnesses[goal][0]:
        users[int(cell)].discard(goal)
    search.witnesses[goal] = witness
    for cell in witness[0]:
        users.setdefault(int(cell), set()).add(goal)


def hide_decoys(search: Search, cells: Ints, progress: Progress | None = None) -> None:
    """Hide and protect cells as if they were small, then show what nobody needs any more.

    A cell that is hidden anyway, or that nothing protects, is left as it is.
    """
    for cell in cells[~search.hidden[cells]].tolist():
        goals = search.needs_of(cell)
        search.decoys[cell] = search.hidden[cell] = True
        try:
            for goal in goals:
                if goal not in search.witnesses:
                    _reach(search, goal)
        except CannotProtectError:
            search.decoys[cell] = search.hidden[cell] = False
            search.witnesses = {g: w for g, w in search.witnesses.items() if g not in goals}
            continue
        search.goals = search.goals + goals
    if search.decoys.any():
        clean_up(search, progress)


# --- repairs: stricter witnesses, then whole neighbourhoods


def repair(search: Search, cells: Sequence[int], progress: Progress | None) -> None:
    """Give fallen cells witnesses that hold in whole numbers and for persons, too.

    Such a witness lets no cell sink below its persons. Where there is none, everything in the lines
    through the cell is hidden instead: then persons may sink with their orders.
    """
    search.strict = True
    goals: list[Goal] = []
    for cell in cells:
        value = float(search.relations.values[cell])
        search.hidden[cell] = True
        search.fixed[cell] = True
        margin = 1.0 + search.extra.get(cell, 0.0)
        search.extra[cell] = margin
        own = search.needs_of(cell) if search.primary[cell] else []
        ways = [g.loose for g in own if g.amount > 0] or [None]
        more = max(search.policy.threshold - value, 0.0) + margin
        goals += [g for g in [*(Goal(cell, more, w) for w in ways), *own] if g not in goals]
    search.goals = goals
    for goal in goals:
        search.witnesses.pop(goal, None)
    for cell in cells:
        search.goals = [goal for goal in goals if goal[0] == cell]
        try:
            protect(search, progress)
        except CannotProtectError:
            hide_neighbourhood(search, [cell], 1)
    search.goals = goals


def hide_neighbourhood(search: Search, cells: Sequence[int], steps: int) -> None:
    """Hide all that may be hidden within so many lines of some cells: the worst case of a repair."""
    near = np.zeros(search.hidden.size, dtype=bool)
    near[list(cells)] = True
    matrix = abs(search.relations.matrix)
    for _ in range(steps):
        near |= (matrix.T @ (matrix @ near.astype(float))) > 0
    search.hidden |= near & search.relations.free
    search.fixed |= near & search.relations.free
