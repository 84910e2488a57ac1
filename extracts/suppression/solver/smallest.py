"""The smallest pattern: fewest cells by an integer programme, tested, and corrected where it fails.

Each round hides the fewest cells that satisfy what is known to be necessary, and asks for each
goal whether it can be reached so. What can't is told as a new inequality. A round in which
everything can be reached ends with a pattern that no other beats, and that is proven.
"""

from copy import copy

import numpy as np

from extracts.suppression.model import Flags
from extracts.suppression.solver.cleanup import clean, rewitness
from extracts.suppression.solver.cover import Cover
from extracts.suppression.solver.flows import Cut, Flows
from extracts.suppression.solver.pattern import Goal, Progress, Search, Witness, protect, reached
from extracts.suppression.solver.windows import WIDTHS

_NODES = 500  # of one integer programme; those of 1,239 cells need fewer than ten
_ROUNDS = 60  # such tables need about ten


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


def shrink(search: Search, progress: Progress | None = None) -> int:
    """Replace a pattern that protects by the smallest one, as far as the budget goes.

    Returns:
        How many cells any pattern has to hide besides the primary ones; the pattern is proven to
        be the smallest where it has no more.

    Raises:
        SolverStoppedError: the solver gave no answer.
    """
    limit = search.mover.solved + search.policy.clean_programmes
    flows, cover, pool = Flows(search.system), Cover(search, _NODES), _Pool(search)
    proven = 0
    trial = search
    for _ in range(_ROUNDS):
        if secondary(search) <= proven or flows.solved + search.mover.solved > limit:
            break
        hidden, bound = cover.solve()
        proven = max(proven, bound)
        trial = copy(search)
        trial.hidden, trial.witnesses = hidden, pool.serving(hidden)
        cuts = _test(trial, flows, pool)
        if not cuts:
            break
        for cut in cuts:
            cover.add(cut)
        if progress:
            progress("smallest", proven, secondary(search))
    protect(trial)  # what the last round left open, where the budget ended it
    if secondary(trial) > proven:
        clean(trial, progress)
    if secondary(trial) < secondary(search):
        search.hidden, search.witnesses = trial.hidden, trial.witnesses
    return proven


def secondary(search: Search) -> int:
    """Cells that are hidden for the sake of others."""
    return int(np.sum(search.hidden & ~search.primary & ~search.kept))


def _test(trial: Search, flows: Flows, pool: _Pool) -> list[Cut]:
    """Look for a witness of each goal among the hidden cells; say what is missing for the others."""
    flows.open(trial.hidden.astype(float))
    cuts: list[Cut] = []
    for goal in sorted(trial.goals, key=lambda g: (-abs(g[1]), g[0])):
        if goal in trial.witnesses:
            continue
        found = rewitness(trial, goal, WIDTHS) or flows.reach(goal)
        if isinstance(found, Cut):
            cuts.append(found)
            continue
        for served, witness in pool.add(found):
            trial.witnesses.setdefault(served, witness)
    return cuts
