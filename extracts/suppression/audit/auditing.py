"""The independent audit: attack what is about to be published, with nothing but what is published.

It shares no constraint, no solver set-up and no bound with the suppressor, only the map from labels to
atoms (``codebook``): equations are built here from the labels of the published rows, and every hidden
value is a variable, what levels of several tables leave between them included. A cell *falls*
when the attacker proves what it holds, or proves that it is small; a small value that stands in
the open falls too. Whatever the solver can't prove is an error, never a pass.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Literal

from extracts.suppression.audit.attack import Attack, Bounds, Verdict
from extracts.suppression.audit.contributors import Alone, informed
from extracts.suppression.audit.feasibility import Hint, Place
from extracts.suppression.audit.knowledge import Cell, Knowledge, gather
from extracts.suppression.codebook import Codebook
from extracts.suppression.published import PublishedRow, PublishedTable, Zeros

Progress = Callable[[str, int, int], None]
Counts = Mapping[int, int]  # by the number of the cell
Verdicts = dict[int, Verdict]
How = Literal["exact", "below", "shown", "narrow", "alone"]


@dataclass(frozen=True)
class Fall:
    """One cell that does not hold.

    Attributes:
        labels: the cell, in the order of the table's dimensions.
        table: 0 for the audited table, 1 and more for an earlier one that falls with it.
        how: ``exact``: its count is determined; ``below``: proven under the threshold; ``shown``:
            a small value is published; ``alone``: exact or below, to somebody who is alone in another
            cell; ``narrow``: its interval is smaller than was protection_levels.
        measure: ``count`` or ``persons``.
        low: the least that the attacker must reckon with.
        high: the most, or None where there is no bound.
    """

    labels: tuple[str, ...]
    table: int
    how: How
    measure: Literal["count", "persons"]
    low: int
    high: int | None


@dataclass(frozen=True)
class AuditReport:
    """What an attack on a published table got back.

    Attributes:
        falls: cells that don't hold; empty when the table may leave.
        cells: rows of the table.
        hidden: of them, hidden ones.
        programmes: linear and integer programmes solved.
        threshold: persons.
        bounds: per hidden cell of the audited table, what the attacker must reckon with: exact
            intervals where they were asked for, else an inner part that is proven possible.
        complete: whether ``bounds`` are exact.
    """

    falls: tuple[Fall, ...]
    cells: int
    hidden: int
    programmes: int
    threshold: int
    bounds: dict[tuple[str, ...], Bounds]
    complete: bool

    @property
    def holds(self) -> bool:
        """Whether no cell fell."""
        return not self.falls


def audit_table(
    published: PublishedTable,
    *,
    threshold: int = 10,
    zeros: Zeros = "published",
    earlier: Sequence[PublishedTable] = (),
    book: Codebook | None = None,
    intervals: bool = False,
    hint: Hint | None = None,
    protection_levels: Mapping[Place, tuple[int, int]] | None = None,
    alone: Alone | None = None,
    progress: Progress | None = None,
) -> AuditReport:
    """Attack a published table together with all that was published before it.

    Args:
        published: the table; hidden cells are None.
        threshold: persons under which a cell is small.
        zeros: whether a hidden cell may be zero (``hidden``) or not (``published``).
        earlier: tables over the same population that are public already; what falls in them falls.
        book: what levels stand for, where tables cut a dimension differently: what is left between
            two levels, and is proven to be small, falls too.
        intervals: whether to prove the exact interval of every hidden cell (slower).
        hint: tables that fit, of all tables together, to start from. They are checked like any other
            and only save time: the true ones prove nothing that others would not.
        protection_levels: how low and how high the attacker must deem some cells possible; whoever made
            the table knows which are small, and asks for the whole rule.
        alone: further attackers, each with cells of their own that they know.
        progress: called with stage, done, of.

    Raises:
        AuditInfeasibleError: no table fits what is published.
        AuditUnsolvedError: a bound could not be proven.
    """
    known = gather([published, *earlier], zeros, book)
    attack = Attack(
        known,
        threshold,
        intervals=intervals,
        hint=hint,
        protection_levels=protection_levels or {},
        progress=progress,
        alone=alone,
    )
    attack.run()
    falls = [fall for cell in known.cells for fall in _falls(known, cell, attack, threshold)]
    if alone is not None:
        tables = [published, *earlier]
        past = [*map(_untold, tables[: alone.new]), *tables[alone.new :]]
        before = None if len(tables) == alone.new else lambda: gather(past, zeros, book)
        falls += _falls_to_the_alone(attack, hint, before)
    bounds = {
        labels: attack.bounds(cell) if cell.hidden else Bounds(cell.count or 0, cell.count)
        for cell in known.cells
        for table, labels, shown in cell.places
        if table == 0 and not shown
    }
    return AuditReport(
        tuple(sorted(falls, key=lambda f: (f.table, f.labels, f.how))),
        len(published.rows),
        sum(r.count is None for r in published.rows),
        attack.programmes,
        threshold,
        bounds,
        intervals,
    )


class HintCheck:
    """What offered proofs settle by themselves, before there is an audit that has to search."""

    def __init__(
        self,
        tables: Sequence[PublishedTable],
        *,
        threshold: int,
        zeros: Zeros,
        hint: Hint,
        protection_levels: Mapping[Place, tuple[int, int]],
        book: Codebook | None = None,
        alone: Alone | None = None,
    ) -> None:
        """Check a hint against what the tables say; the arguments are those of ``audit``.

        Raises:
            AuditInfeasibleError: two tables contradict each other.
        """
        self._known = gather(tables, zeros, book)
        self._attack = Attack(
            self._known,
            threshold,
            intervals=False,
            hint=hint,
            protection_levels=protection_levels,
            progress=None,
            alone=alone,
        )
        self._attack.check_hint()

    def take(self, changes: Sequence[Mapping[Place, int]]) -> None:
        """Check further changes of the hint's table."""
        self._attack.take(changes)

    def people(self) -> dict[Place, int] | None:
        """The most persons that each row may have as long as all orders stay; None without persons."""
        found = self._attack.most_people()
        if found is None:
            return None
        return {
            place: int(people)
            for cell, people in zip(self._known.cells, found.tolist(), strict=True)
            for place in cell.names
        }

    def unproven(self) -> list[Place]:
        """Hidden cells that are still open; the audit would have to search for their proofs."""
        return [self._known.cells[n].places[0][:2] for n in self._attack.open_cells()]


def _falls(known: Knowledge, cell: Cell, attack: Attack, threshold: int) -> list[Fall]:
    if cell.difference:
        table, labels = cell.differences[0]
        return [
            Fall(labels, table, how, measure, low, high)
            for how, measure, low, high in attack.verdict(cell)
        ]
    if cell.hidden:
        return [
            Fall(labels, table, how, measure, low, high)
            for table, labels, _ in cell.places
            for how, measure, low, high in attack.verdict(cell)
        ]
    return [
        fall
        for table, labels, shown in cell.places
        for fall in _known_falls(known, cell, table, labels, threshold, shown=shown)
    ]


def _falls_to_the_alone(
    attack: Attack, hint: Hint | None, before: Callable[[], Knowledge] | None
) -> list[Fall]:
    """What no proof kept from somebody who is alone in a cell, and a search does not, either.

    First whatever all of them together don't get needs no more search. What somebody got from the
    tables ``before`` already, without a value of the new ones, is past.
    """
    found: list[Fall] = []
    others = attack.contributors

    def fallen(known: Knowledge, knows: Counts, cells: AbstractSet[int]) -> Verdicts:
        """The verdicts on those cells that fall to somebody who knows some counts."""
        one = Attack(
            informed(known, knows),
            attack.threshold,
            intervals=False,
            hint=hint,
            protection_levels={},
            progress=None,
            only=cells,
        )
        one.run()
        attack.programmes += one.programmes
        verdicts = {n: one.verdict(known.cells[n]) for n in sorted(cells)}
        return {n: v for n, v in verdicts.items() if any(others.counts(n, w[0]) for w in v)}

    for cells, everybody in others.unanswered():
        together = fallen(attack.known, others.known_to(everybody), cells)
        for who in sorted(everybody) if together else ():
            mine = {n for n in together if others.is_open(n, who)}
            knows = others.known_to({who})
            verdicts = fallen(attack.known, knows, mine) if mine else {}
            past = fallen(before(), knows, set(verdicts)) if verdicts and before else {}
            for number in sorted(verdicts.keys() - past.keys()):
                cell, (_, measure, low, high) = attack.known.cells[number], verdicts[number][0]
                found += [Fall(at, t, "alone", measure, low, high) for t, at, _ in cell.places]
    return list(dict.fromkeys(found))


def _untold(table: PublishedTable) -> PublishedTable:
    """A table of which nothing but its zeros is shown."""
    rows = tuple(r if r.count == 0 else PublishedRow(r.labels, None) for r in table.rows)
    return replace(table, rows=rows)


def _known_falls(
    known: Knowledge,
    cell: Cell,
    table: int,
    labels: tuple[str, ...],
    threshold: int,
    *,
    shown: bool,
) -> list[Fall]:
    """Rows whose count is known from some row: a small one in the open, a hidden one elsewhere."""
    count = cell.count or 0
    counted = not known.has_persons or cell.persons is None
    people = count if counted else (cell.persons or 0)
    measure = "count" if counted else "persons"
    small = 0 < people < threshold or (known.floor == 0 and people == 0)
    if shown:
        return [Fall(labels, table, "shown", measure, people, people)] if small else []
    if table > 0:
        return []  # what was hidden earlier and is shown now harms nobody by itself
    exact = Fall(labels, table, "exact", "count", count, count)
    return [exact, Fall(labels, table, "below", measure, people, people)] if small else [exact]
