"""What the suppressor offers the audit: the true table, and the movements that it found.

The audit checks all of it with equations of its own; a hint only saves it the search.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from extracts.suppression.audit import Alone, Hint, HintCheck
from extracts.suppression.model import (
    CellTable,
    Floats,
    Ints,
    Place,
    SuppressionPolicy,
    TableSystem,
    join_tables,
    publish,
)
from extracts.suppression.published import PublishedTable
from extracts.suppression.solver.alone import contributors
from extracts.suppression.solver.movements import WIDTHS, IntegerMovementSolver, hidden_near
from extracts.suppression.solver.secondary import (
    LARGE,
    Goal,
    Progress,
    Search,
    Witness,
    accept,
    find_witness,
    reached,
    repair,
    start_search,
)

_CLOSE = 1e-6


class Offer(TypedDict):
    """Arguments of the audit; see ``audit_table``."""

    hint: Hint
    protection_levels: dict[Place, tuple[int, int]]
    alone: Alone | None


def audit_hint(joined: TableSystem, search: Search) -> Hint:
    """The values of the system and every movement of whole orders, by table and labels."""
    values = search.relations.values
    counts = {
        place: round(float(values[cell]))
        for cell, place in joined.places.items()
        if abs(values[cell] - np.rint(values[cell])) <= _CLOSE
    }
    return Hint(counts, movements_by_label(joined, [*search.witnesses.values(), *search.proofs]))


def proofs_of_pattern(table: CellTable, shown: PublishedTable, policy: SuppressionPolicy) -> Offer:
    """What can be offered for a pattern that somebody chose: the suppressor's own rule, tried on it."""
    joined = join_tables(table, (), (), policy.least, shown.scope)
    search = start_search(joined.relations, policy)
    hidden = {row.labels for row in shown.rows if row.count is None}
    search.hidden = np.array([labels in hidden for labels in table.labels()])
    for goal in search.goals:
        if goal not in search.witnesses:
            found = find_witness(search, goal, (*WIDTHS, None))
            if found is not None:
                accept(search, found)
    return offer(joined, search)


def offer(joined: TableSystem, search: Search) -> Offer:
    """All that the audit is offered: proofs, what each small cell must reach, and who is alone."""
    return {
        "hint": audit_hint(joined, search),
        "protection_levels": protection_levels(joined, search),
        "alone": alone_in_cells(joined, search),
    }


def movements_by_label(
    joined: TableSystem, movements: Sequence[Witness]
) -> tuple[dict[Place, int], ...]:
    """Movements of whole orders, each once, by table and labels."""
    found: list[dict[Place, int]] = []
    for cells, moved in {(c.tobytes(), m.tobytes()): (c, m) for c, m in movements}.values():
        whole = np.rint(moved)
        if np.abs(moved - whole).max(initial=0.0) <= _CLOSE:
            named = zip(cells.tolist(), whole.tolist(), strict=True)
            found.append({joined.places[c]: int(s) for c, s in named if c in joined.places})
    return tuple(change for change in found if change)


def protection_levels(joined: TableSystem, search: Search) -> dict[Place, tuple[int, int]]:
    """How low and how high each small cell must be able to go, by table and labels."""
    values = search.relations.values
    found: dict[Place, tuple[int, int]] = {}
    differences = set(joined.unlisted.values())  # of these the audit has a rule of its own
    for cell in np.flatnonzero(search.primary).tolist():
        if cell in differences:
            continue
        steps = [goal.amount for goal in search.needs_of(cell)]
        low, high = min(0.0, *steps), max(0.0, *steps)
        found[joined.places[cell]] = (round(values[cell] + low), round(values[cell] + high))
    return found


def alone_in_cells(joined: TableSystem, search: Search) -> Alone | None:
    """Who knows which hidden cells, and what is small and must be kept from them; empty cells aside."""
    if not search.contributors.any():
        return None
    knows = _known_to_each(joined, search.contributors)
    small = np.flatnonzero(search.apart).tolist()
    return Alone(knows, {joined.places[c] for c in small}, len(joined.tables))


def who_is_alone(table: CellTable) -> list[dict[Place, int]]:
    """For everybody who is alone in cells of one table these cells, with their counts."""
    joined = join_tables(table, (), (), 1, {})
    return _known_to_each(joined, contributors(joined.relations, joined.known))


def _known_to_each(joined: TableSystem, who: Ints) -> list[dict[Place, int]]:
    mine: dict[int, dict[Place, int]] = {}
    for cell in np.flatnonzero(who).tolist():
        own = mine.setdefault(int(who[cell]), {})
        own[joined.places[cell]] = round(float(joined.relations.values[cell]))
    return list(mine.values())


def persons_by_variable(joined: TableSystem, people: Mapping[Place, int]) -> Floats:
    """Persons by table and labels, as a vector over the variables of the system."""
    found = joined.relations.people.copy()
    for cell, place in joined.places.items():
        found[cell] = people.get(place, found[cell])
    return found


def find_proofs(
    search: Search, integer_movements: IntegerMovementSolver, cells: Sequence[int], width: int
) -> list[Witness]:
    """Look for movements of hidden cells that the audit will take, and keep them beside the others.

    What it does not take moves parts of orders, or leaves no room for the persons that are published.
    One movement serves all goals that it, or its reverse, reaches.

    ``cells`` are those that the audit could not settle so far; ``width`` is the labels of each long
    dimension among whose hidden cells a movement is looked for: with 0, only among the cells of the
    witness that the search has. Returns the movements that were added.
    """
    served: set[Goal] = set()
    added: list[Witness] = []
    before = integer_movements.solved
    for cell in cells:
        either = [Goal(cell, 1.0), Goal(cell, -1.0)]
        for goal in search.needs_of(cell) if search.primary[cell] else either:
            if goal in served:
                continue
            found = _integer_movement(search, integer_movements, goal, width)
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
    search.movements.solved += integer_movements.solved - before
    return added


def _integer_movement(
    search: Search, integer_movements: IntegerMovementSolver, goal: Goal, width: int
) -> Witness | None:
    """A movement in whole orders that reaches a goal: by its witness's cells and by those around."""
    cell, amount, _ = goal
    known = search.witnesses.get(goal)
    may_move = np.array([cell]) if known is None else known[0]
    if width:
        near = hidden_near(search.relations, cell, search.hidden, width)
        may_move = np.union1d(may_move, search.may_move(goal, near))
    elif known is None:
        return None
    room = search.relations.values[cell] - search.relations.least[cell]
    if -amount > room:
        return None
    persons = search.policy.threshold if search.primary[cell] and amount > 0 else 0
    return integer_movements.find(cell, amount, may_move, persons)


_NEAR = (0, 6, 10, 20)  # labels of a dimension among which missing proofs are looked for

_ATTEMPTS = 2  # at proofs, the second with more hidden


def published_tables(joined: TableSystem, search: Search) -> list[PublishedTable]:
    """The tables with what the search hides taken out."""
    return [
        publish(t, search.hidden[at]) for t, at in zip(joined.tables, joined.variables, strict=True)
    ]


def prove_beforehand(joined: TableSystem, search: Search, progress: Progress | None) -> None:
    """Find proofs for what the movements leave open, before the audit has to search for them.

    The movements of the pattern may move parts of orders, and did not look at persons. A cell that
    gets no proof here is left to the audit, whose own search is quick in a table of usual size; in a
    large one it would take longer than anybody waits, so that more is hidden around the cell first.

    Several tables together are left to it at once. They have no windows: a movement would be looked for among all
    that any of the tables hides, for each cell anew, while a table that the audit finds settles many cells.
    """
    if joined.relations.shape is None:
        return
    for attempt in range(_ATTEMPTS):
        check = HintCheck(
            published_tables(joined, search),
            threshold=search.policy.threshold,
            zeros=search.policy.zeros,
            book=joined.book,
            **offer(joined, search),
        )
        people = check.people()
        integer_movements = IntegerMovementSolver(
            joined.relations, None if people is None else persons_by_variable(joined, people)
        )
        for width in _NEAR:
            cells = [joined.variable_of(*place) for place in check.unproven()]
            if not cells:
                return
            proofs = find_proofs(search, integer_movements, cells, width)
            check.take(movements_by_label(joined, proofs))
        cells = [joined.variable_of(*place) for place in check.unproven()]
        if not cells or attempt + 1 == _ATTEMPTS or search.hidden.size <= LARGE:
            return
        repair(search, cells, progress)
