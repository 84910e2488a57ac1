"""Smaller patterns without a proof: show a neighbourhood of cells again, and protect it another way.

Large neighbourhood search (Shaw, CP 1998; Ropke and Pisinger, Transportation Science 40, 2006): some
secondary cells that share lines are shown, what lost its witness is protected with prices drawn
anew, and what is no longer needed is shown. What hides no more cells than before is the next start.
The draws come from a seed, so that the same table and seed give the same pattern.
"""

from copy import copy

import numpy as np
from scipy import sparse

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model import Ints
from extracts.suppression.solver.effort import Effort
from extracts.suppression.solver.secondary import (
    Progress,
    Search,
    protect,
    secondary,
    secondary_cells,
    show,
)

_SIZES = (6, 20)  # cells that are shown at once: fewer find nothing new, more take long
_WORSE = 6  # cells more than before, ahead of clean-up: further away nothing was ever found


def search_neighbourhoods(
    search: Search,
    effort: Effort,
    programmes: int,
    least: float,
    chance: np.random.Generator,
    progress: Progress | None,
) -> None:
    """Replace a pattern that protects by smaller ones.

    Args:
        search: the pattern, which is replaced.
        effort: what may be spent in all.
        programmes: linear programmes to spend here.
        least: secondary cells (or their weight) that any pattern needs; with so few it stops.
        chance: the draws.
        progress: called with ``neighbourhoods``, programmes spent, of.
    """
    begun = effort.spent
    near = sparse.csr_array(abs(search.relations.matrix).T @ abs(search.relations.matrix))
    best, prices = _state(search), search.prices
    current = search
    while best[0] > least and effort.spent - begun < programmes and not effort.over:
        trial = _tried(current, near, chance)
        if trial is None:
            continue
        trial.prices = prices
        if _state(trial)[0] <= _state(current)[0]:
            current = trial
        if _state(trial) < best:
            best = _state(trial)
            search.hidden, search.witnesses = trial.hidden.copy(), dict(trial.witnesses)
        if progress:
            progress("neighbourhoods", min(effort.spent - begun, programmes), programmes)


def _state(search: Search) -> tuple[float, float]:
    """How good a pattern is: its secondary cells, or their weight, then their prices."""
    return secondary(search), float(search.prices[secondary_cells(search)].sum())


def _tried(current: Search, near: sparse.csr_array, chance: np.random.Generator) -> Search | None:
    trial = copy(current)
    away = _neighbours(current, near, chance)
    trial.hidden = current.hidden.copy()
    trial.hidden[away] = False
    trial.witnesses = {g: w for g, w in current.witnesses.items() if trial.hidden[w[0]].all()}
    trial.prices = current.weights * (0.5 + chance.random(len(current.prices)))
    try:
        protect(trial)
    except CannotProtectError:  # not where everything was protected before, but for rounding
        return None
    cells = secondary_cells(trial)
    if len(cells) > len(secondary_cells(current)) + _WORSE:
        return None
    added = np.concatenate([cells[~current.hidden[cells]], away[trial.hidden[away]]])
    show(trial, chance.permutation(added))
    if secondary(trial) < secondary(current):
        show(trial, secondary_cells(trial))
    return trial


def _neighbours(search: Search, near: sparse.csr_array, chance: np.random.Generator) -> Ints:
    """Some secondary cells within two lines of one of them, the closest likeliest."""
    cells = secondary_cells(search)
    start = np.zeros(len(search.prices))
    start[chance.choice(cells)] = 1.0
    once = near @ start
    close = (near @ once + 10.0 * once)[cells] * (1.0 + chance.random(len(cells)))
    return cells[np.argsort(-close, kind="stable")[: chance.integers(*_SIZES)]]
