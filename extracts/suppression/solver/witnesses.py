"""What the suppressor offers the audit: the true table, and the movements that it found.

The audit checks all of it with equations of its own; what is offered only saves it the search.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from extracts.suppression.audit import Hint, Offer, Place
from extracts.suppression.model import Floats, Stack, SuppressionPolicy, publish
from extracts.suppression.published import PublishedTable
from extracts.suppression.solver.integer_movements import WholeMover
from extracts.suppression.solver.movements import hidden_near
from extracts.suppression.solver.secondary import (
    LARGE,
    Goal,
    Progress,
    Search,
    Witness,
    reached,
    repair,
)

_CLOSE = 1e-6


def offered(stack: Stack, search: Search) -> Hint:
    """The values of the stack and every movement of whole orders, by table and labels."""
    places = _places(stack)
    values = search.system.values
    counts = {
        place: round(float(values[cell]))
        for cell, place in places.items()
        if abs(values[cell] - np.rint(values[cell])) <= _CLOSE
    }
    return Hint(counts, _all_named(places, [*search.witnesses.values(), *search.proofs]))


def named(stack: Stack, movements: Sequence[Witness]) -> tuple[dict[Place, int], ...]:
    """Movements of whole orders, each once, by table and labels."""
    return _all_named(_places(stack), movements)


def demanded(stack: Stack, search: Search) -> dict[Place, tuple[int, int]]:
    """How low and how high each small cell must be able to go, by table and labels."""
    places = _places(stack)
    values = search.system.values
    found: dict[Place, tuple[int, int]] = {}
    for cell in np.flatnonzero(search.primary).tolist():
        steps = [step for _, step in search.needs_of(cell)]
        low, high = min(0.0, *steps), max(0.0, *steps)
        found[places[cell]] = (round(values[cell] + low), round(values[cell] + high))
    return found


def by_cell(stack: Stack, people: Mapping[Place, int]) -> Floats:
    """Persons by table and labels, as a vector over the cells of the stack."""
    found = stack.system.people.copy()
    for cell, place in _places(stack).items():
        found[cell] = people.get(place, found[cell])
    return found


def _all_named(
    places: dict[int, Place], movements: Sequence[Witness]
) -> tuple[dict[Place, int], ...]:
    once = {(c.tobytes(), m.tobytes()): (c, m) for c, m in movements}
    found = (_named(places, movement) for movement in once.values())
    return tuple(change for change in found if change)


def _named(places: dict[int, Place], witness: Witness) -> dict[Place, int] | None:
    cells, moved = witness
    whole = np.rint(moved)
    if np.abs(moved - whole).max(initial=0.0) > _CLOSE:
        return None
    named = zip(cells.tolist(), whole.tolist(), strict=True)
    return {places[cell]: int(step) for cell, step in named if cell in places}


def _places(stack: Stack) -> dict[int, Place]:
    """For each variable of the stack one row that stands for it."""
    found: dict[int, Place] = {}
    for number, (table, at) in enumerate(zip(stack.tables, stack.places, strict=True)):
        for labels, cell in zip(table.labels(), at.tolist(), strict=True):
            found.setdefault(cell, (number, labels))
    for number, rows in enumerate(stack.old, start=len(stack.tables)):
        for labels, cell in rows.items():
            found.setdefault(cell, (number, labels))
    return found


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


_NEAR = (0, 6, 10, 20)  # labels of a dimension among which missing proofs are looked for

_ATTEMPTS = 2  # at proofs, the second with more hidden


def published_tables(stack: Stack, search: Search) -> list[PublishedTable]:
    """The tables with what the search hides taken out."""
    return [publish(t, search.hidden[at]) for t, at in zip(stack.tables, stack.places, strict=True)]


def prove_beforehand(
    stack: Stack,
    search: Search,
    policy: SuppressionPolicy,
    earlier: Sequence[PublishedTable],
    progress: Progress | None,
) -> None:
    """Find proofs for what the movements leave open, before the audit has to search for them.

    The movements of the pattern may move parts of orders, and did not look at persons. A cell that
    gets no proof here is left to the audit, whose own search is quick in a table of usual size; in a
    large one it would take longer than anybody waits, so that more is hidden around the cell first.
    """
    for attempt in range(_ATTEMPTS):
        offer = Offer(
            [*published_tables(stack, search), *earlier],
            threshold=policy.threshold,
            zeros=policy.zeros,
            hint=offered(stack, search),
            demands=demanded(stack, search),
        )
        people = offer.people()
        mover = WholeMover(stack.system, None if people is None else by_cell(stack, people))
        for width in _NEAR:
            cells = [stack.find(*place) for place in offer.unproven()]
            if not cells:
                return
            offer.take(named(stack, add_proofs(search, mover, cells, width)))
        cells = [stack.find(*place) for place in offer.unproven()]
        if not cells or attempt + 1 == _ATTEMPTS or search.hidden.size <= LARGE:
            return
        repair(search, cells, progress)
