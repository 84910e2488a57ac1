"""Showing again what need not be hidden, largest cells first.

A secondary cell may be shown when every witness that used it can be replaced by one that moves
only cells which stay hidden. Each test costs a few small linear programmes.
"""

from collections.abc import Sequence

import numpy as np

from extracts.suppression.solver.pattern import Goal, Progress, Search, Witness, least_for
from extracts.suppression.solver.windows import WIDTHS, hidden_near

_LARGE = 3_000  # cells; beyond, testing with all of them at once takes minutes for little

Witnesses = dict[Goal, Witness]


def clean(search: Search, progress: Progress | None = None) -> None:
    """Show every secondary cell that no goal needs; deterministic."""
    users = _users(search)
    secondary = np.flatnonzero(search.hidden & ~search.primary & ~search.kept)
    weight = search.prices[secondary]
    last = search.mover.solved + search.policy.clean_programmes
    for done, cell in enumerate(secondary[np.argsort(-weight, kind="stable")]):
        if search.mover.solved > last:
            break
        _try_to_show(search, int(cell), users)
        if progress and done % 20 == 0:
            progress("clean", done, len(secondary))


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
        if any(reaches(goal, witness) for witness in replaced.values()):
            continue
        found = rewitness(search, goal, _widths(search))
        if found is None:
            search.hidden[cell] = True
            return
        replaced[goal] = found
    for goal in open_goals:
        witness = replaced.get(goal) or next(w for w in replaced.values() if reaches(goal, w))
        _replace(search, goal, witness, users)


def reaches(goal: Goal, witness: Witness) -> bool:
    """Whether a movement takes the goal's cell as far as it must go."""
    cells, moved = witness
    at = int(np.searchsorted(cells, goal[0]))
    if at >= len(cells) or cells[at] != goal[0]:
        return False
    return bool(moved[at] * np.sign(goal[1]) >= abs(goal[1]) - 1e-6)


def rewitness(search: Search, goal: Goal, widths: Sequence[int | None]) -> Witness | None:
    """A movement of hidden cells only, in narrow windows first."""
    for width in widths:
        cells = hidden_near(search.system, goal[0], search.hidden, width)
        costs = np.where(search.primary[cells], 0.01, 1.0)  # lean on what stays hidden anyway
        found = search.mover.move(*goal, cells, costs, least_for(search, cells, goal[0]))
        if found is not None:
            return found
    return None


def _widths(search: Search) -> tuple[int | None, ...]:
    return (*WIDTHS, None) if search.system.values.size <= _LARGE else WIDTHS


def _replace(search: Search, goal: Goal, witness: Witness, users: dict[int, set[Goal]]) -> None:
    for cell in search.witnesses[goal][0]:
        users[int(cell)].discard(goal)
    search.witnesses[goal] = witness
    for cell in witness[0]:
        users.setdefault(int(cell), set()).add(goal)
