"""What is done about cells that the audit got back: stricter witnesses, then whole neighbourhoods."""

from collections.abc import Iterator, Sequence

import numpy as np

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.pattern import (
    Goal,
    Progress,
    Search,
    Witness,
    least_for,
    protect,
    reached,
)
from extracts.suppression.windows import hidden_near

_TINY = 1e-6
_MANY = 3_000  # cells; an integer programme of more takes longer than hiding some more


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


def add_proofs(search: Search, cells: Sequence[int], width: int) -> list[Witness]:
    """Look for movements of hidden cells that the audit will take, and keep them beside the others.

    What it does not take moves parts of orders, or leaves no room for the persons that are published.
    One movement serves all goals that it, or its reverse, reaches.

    Args:
        search: a pattern that protects.
        cells: which the audit could not settle so far.
        width: labels of each long dimension among whose hidden cells a movement is looked for;
            with 0, only among the cells of the witness that the search has.

    Returns:
        The movements that were added.
    """
    served: set[Goal] = set()
    added: list[Witness] = []
    for cell in cells:
        for goal in search.needs_of(cell) if search.primary[cell] else [(cell, 1.0)]:
            for found in () if goal in served else _attempts(search, goal, width):
                added.append(found)
                for other, witness in reached(search, found):
                    if other not in served:
                        served.add(other)
                        added.append(witness)
    search.proofs += added
    return added


def _attempts(search: Search, goal: Goal, width: int) -> Iterator[Witness]:
    """Movements in whole orders that reach a goal: by its witness's cells, then by those around, too.

    Where no cell sinks below its persons, persons may rise with orders, so that this holds whenever
    it is possible; most often persons have to sink with the orders of a cell, and can.
    """
    known = search.witnesses.get(goal)
    moving = np.zeros(0, dtype=np.int64) if known is None else known[0]
    if known is not None and (np.abs(known[1] - np.rint(known[1])) > _TINY).any():
        found = search.mover.whole(*goal, moving, least_for(search, moving, goal[0]))
        if found is not None:
            yield found
            return
    if width == 0:
        return
    near = np.union1d(moving, hidden_near(search.system, goal[0], search.hidden, width))
    if len(near) > _MANY:
        return
    before = search.strict
    for strict in (True, False):
        search.strict = strict
        least = least_for(search, near, goal[0])
        search.strict = before
        found = search.mover.whole(*goal, near, least)
        if found is not None:
            yield found
            if strict:
                return
