"""What the suppressor offers the audit: the true table, and the movements that it found.

The audit checks all of it with equations of its own; what is offered only saves it the search.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from extracts.suppression.audit import Hint, Place
from extracts.suppression.model import Floats, Stack
from extracts.suppression.solver.pattern import Search, Witness

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
