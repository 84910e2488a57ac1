"""Suppressing one table: pattern, clean-up, independent audit, repair, in that order.

The audit knows more than the suppressor's linear programme: whole numbers, and persons that are
bounded by published persons. What falls there is protected again, more strictly, until nothing
falls; if something still does, nothing comes back.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from extracts.suppression.audit import AuditReport, Fall, Offer, audit_table
from extracts.suppression.errors import AuditFellError
from extracts.suppression.model import (
    CellTable,
    Flags,
    PublishedRow,
    PublishedTable,
    Stack,
    SuppressionPolicy,
    stacked,
)
from extracts.suppression.solver.cleanup import clean
from extracts.suppression.solver.offered import by_cell, demanded, named, offered
from extracts.suppression.solver.pattern import Progress, Search, protect, start
from extracts.suppression.solver.repair import add_proofs, repair, widen
from extracts.suppression.solver.smallest import shrink
from extracts.suppression.solver.whole import WholeMover

_ROUNDS = 8  # each one hides more; tables seen so far needed at most two
_WIDER = 4  # then whole neighbourhoods, one line further in each; the last are most of a table
_NEAR = (0, 6, 10, 20)  # labels of a dimension among which missing proofs are looked for
_ATTEMPTS = 2  # at proofs, the second with more hidden
_LARGE = 5_000  # cells; beyond, the integer programme takes minutes
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Pattern:
    """What is hidden, and the proof that it stays so.

    Attributes:
        table: the true values.
        hidden: cells that are not published, in the shape of the table.
        primary: of them, those that are small themselves.
        report: the audit of exactly this pattern.
        programmes: linear programmes of the suppressor.
        needed: secondary cells that any pattern needs, in this table and the linked ones together
            (0: nothing is proven).
        linked: patterns of the tables that were protected together with this one.
    """

    table: CellTable
    hidden: Flags
    primary: Flags
    report: AuditReport
    programmes: int
    needed: int = 0
    linked: tuple["Pattern", ...] = ()

    @property
    def secondary(self) -> Flags:
        """Cells that are hidden for the sake of others."""
        return self.hidden & ~self.primary

    def published(self) -> PublishedTable:
        """The table as it may leave."""
        return publish(self.table, self.hidden)


Levels = Mapping[str, tuple[str, ...]]


def publish(table: CellTable, hidden: Flags, scope: Levels | None = None) -> PublishedTable:
    """Take the hidden values out of a table."""
    people = None if table.persons is None else table.persons.ravel()
    rows = tuple(
        PublishedRow(labels, None, None)
        if away
        else PublishedRow(labels, int(count), None if people is None else int(people[i]))
        for i, (labels, away, count) in enumerate(
            zip(table.labels(), hidden.ravel(), table.counts.ravel(), strict=True)
        )
    )
    parents = {d.name: {kid: group for group, kids in d.groups for kid in kids} for d in table.dims}
    names = tuple(d.name for d in table.dims)
    return PublishedTable(
        names, rows, parents, has_persons=people is not None, scope=dict(scope or {})
    )


def suppress(
    table: CellTable,
    policy: SuppressionPolicy,
    earlier: Sequence[PublishedTable] = (),
    *,
    linked: Sequence[CellTable] = (),
    scope: Levels | None = None,
    intervals: bool = False,
    progress: Progress | None = None,
) -> Pattern:
    """Hide what must be hidden, no more than needed, and prove it.

    Args:
        table: the true values.
        policy: threshold, zeros, spread.
        earlier: tables over the same population that are public: constants for the attacker.
        linked: other groupings of the same population, published together with this one.
        scope: fixed levels of dimensions that the tables don't have.
        intervals: whether the report proves the exact interval of every hidden cell.
        progress: called with stage, done, of.

    Returns:
        A pattern from which no small cell can be got back.

    Raises:
        CannotProtectError: what is public already determines a small cell.
        RevisedError: a public value is another one now.
        TablesDisagreeError: the tables contradict each other.
        AuditFellError: the audit still got cells back after the repairs.
        AuditUnsolvedError: the audit could not prove a bound.
    """
    stack = stacked(table, linked, earlier, policy.least, scope or {})
    search = start(stack.system, policy, known=stack.known, withheld=stack.withheld)
    protect(search, progress)
    needed = _improve(search, progress) if policy.clean else 0
    _prepare(stack, search, policy, earlier, progress)
    falls: tuple[Fall, ...] = ()
    for done in range(_ROUNDS + _WIDER + 1):
        report = _attack(stack, search, policy, earlier, intervals, progress)
        falls = report.falls
        if not falls:
            return _pattern(stack, search, report, needed)
        _log.info("the audit got %d cells back; protecting them more strictly", len(falls))
        cells = [stack.find(fall.table, fall.labels) for fall in falls]
        if done < _ROUNDS:
            repair(search, cells, progress)
        else:
            widen(search, cells, 1 + done - _ROUNDS)
    raise AuditFellError(cells=len(falls))


def _improve(search: Search, progress: Progress | None) -> int:
    """Fewer cells: the fewest where the table is small enough, else none that isn't needed."""
    if search.system.values.size <= _LARGE:
        return shrink(search, progress)
    clean(search, progress)
    return 0


def _attack(
    stack: Stack,
    search: Search,
    policy: SuppressionPolicy,
    earlier: Sequence[PublishedTable],
    intervals: bool,
    progress: Progress | None,
) -> AuditReport:
    """Audit all tables of the stack together; the report of the first holds every fall."""
    shown = _shown(stack, search)
    return audit_table(
        shown[0],
        threshold=policy.threshold,
        zeros=policy.zeros,
        earlier=[*shown[1:], *earlier],
        intervals=intervals,
        hint=offered(stack, search),
        demands=demanded(stack, search),
        progress=progress,
    )


def _shown(stack: Stack, search: Search) -> list[PublishedTable]:
    return [publish(t, search.hidden[at]) for t, at in zip(stack.tables, stack.places, strict=True)]


def _prepare(
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
            [*_shown(stack, search), *earlier],
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
        if not cells or attempt + 1 == _ATTEMPTS or search.hidden.size <= _LARGE:
            return
        repair(search, cells, progress)


def _pattern(stack: Stack, search: Search, report: AuditReport, needed: int) -> Pattern:
    patterns = [
        Pattern(
            t,
            search.hidden[at].reshape(t.shape),
            search.primary[at].reshape(t.shape),
            report,
            search.mover.solved,
            needed,
        )
        for t, at in zip(stack.tables, stack.places, strict=True)
    ]
    first = patterns[0]
    return Pattern(
        first.table,
        first.hidden,
        first.primary,
        first.report,
        first.programmes,
        needed,
        tuple(patterns[1:]),
    )


def hidden_share(pattern: Pattern) -> float:
    """Hidden cells among those that are not zero."""
    full = pattern.table.counts > 0
    return float(np.sum(pattern.hidden & full) / max(1, np.sum(full)))
