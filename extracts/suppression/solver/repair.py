"""What is done about cells that the audit got back: stricter witnesses, then whole neighbourhoods."""

from collections.abc import Sequence

import numpy as np

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.solver.pattern import Goal, Progress, Search, Witness, protect, reached
from extracts.suppression.solver.whole import WholeMover
from extracts.suppression.solver.windows import hidden_near


def repair(search: Search, cells: Sequence[int], progress: Progress | None) -> None:
    """Give fallen cells witnesses that hold in whole numbers and for persons, too.

    Such a witness lets no cell sink below its persons. Where there is none, everything in the lines
    through the cell is hidden instead: then persons may sink with their orders.
    """
    search.strict = True
    goals: list[Goal] = []
    for cell in cells:
        value = float(search.system.values[cell])
        search.hidden[cell] = True
        search.kept[cell] = True
        margin = 1.0 + search.extra.get(cell, 0.0)
        search.extra[cell] = margin
        goals.append((cell, max(search.policy.threshold - value, 0.0) + margin))
        goals += [g for g in search.needs_of(cell) if search.primary[cell] and g not in goals]
    search.goals = goals
    for goal in goals:
        search.witnesses.pop(goal, None)
    for cell in cells:
        search.goals = [goal for goal in goals if goal[0] == cell]
        try:
            protect(search, progress)
        except CannotProtectError:
            widen(search, [cell], 1)
    search.goals = goals


def widen(search: Search, cells: Sequence[int], steps: int) -> None:
    """Hide all that may be hidden within so many lines of some cells: the worst case of a repair."""
    near = np.zeros(search.hidden.size, dtype=bool)
    near[list(cells)] = True
    matrix = abs(search.system.matrix)
    for _ in range(steps):
        near |= (matrix.T @ (matrix @ near.astype(float))) > 0
    search.hidden |= near & search.system.free
    search.kept |= near & search.system.free


def add_proofs(
    search: Search, mover: WholeMover, cells: Sequence[int], width: int
) -> list[Witness]:
    """Look for movements of hidden cells that the audit will take, and keep them beside the others.

    What it does not take moves parts of orders, or leaves no room for the persons that are published.
    One movement serves all goals that it, or its reverse, reaches.

    Args:
        search: a pattern that protects.
        mover: for the system of the search.
        cells: which the audit could not settle so far.
        width: labels of each long dimension among whose hidden cells a movement is looked for;
            with 0, only among the cells of the witness that the search has.

    Returns:
        The movements that were added.
    """
    served: set[Goal] = set()
    added: list[Witness] = []
    before = mover.solved
    for cell in cells:
        for goal in search.needs_of(cell) if search.primary[cell] else [(cell, 1.0), (cell, -1.0)]:
            found = None if goal in served else _whole(search, mover, goal, width)
            if found is None:
                continue
            added.append(found)
            for other, witness in reached(search, found):
                if other not in served:
                    served.add(other)
                    added.append(witness)
            if not search.primary[cell]:
                break  # either way is enough: nobody knows then what the cell holds
    search.proofs += added
    search.mover.solved += mover.solved - before
    return added


def _whole(search: Search, mover: WholeMover, goal: Goal, width: int) -> Witness | None:
    """A movement in whole orders that reaches a goal: by its witness's cells and by those around."""
    cell, amount = goal
    known = search.witnesses.get(goal)
    may_move = np.array([cell]) if known is None else known[0]
    if width:
        near = hidden_near(search.system, cell, search.hidden, width)
        may_move = np.union1d(may_move, near)
    elif known is None:
        return None
    room = search.system.values[cell] - search.system.least[cell]
    if -amount > room:
        return None
    persons = search.policy.threshold if search.primary[cell] and amount > 0 else 0
    return mover.find(cell, amount, may_move, persons)
