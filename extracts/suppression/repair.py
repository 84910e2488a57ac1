"""What is done about cells that the audit got back: stricter witnesses, then whole neighbourhoods."""

from collections.abc import Sequence

import numpy as np

from extracts.suppression.cleanup import rewitness
from extracts.suppression.errors import CannotProtectError
from extracts.suppression.pattern import Goal, Progress, Search, protect, reached
from extracts.suppression.windows import WIDTHS


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


def add_proofs(search: Search, cells: Sequence[int]) -> None:
    """Look for movements of hidden cells that keep persons, and keep them beside the others.

    Where no cell sinks below its persons, persons may rise with orders, so that the rule's own
    goals are enough. One movement serves all goals that it, or its reverse, reaches.
    """
    before, search.strict = search.strict, True
    served: set[Goal] = set()
    try:
        for cell in cells:
            for goal in search.needs_of(cell) if search.primary[cell] else [(cell, 1.0)]:
                found = None if goal in served else rewitness(search, goal, WIDTHS[:1])
                if found is None:
                    continue
                search.proofs.append(found)
                for other, witness in reached(search, found):
                    if other not in served:
                        served.add(other)
                        search.proofs.append(witness)
    finally:
        search.strict = before
