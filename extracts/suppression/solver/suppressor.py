"""Suppressing a table: pattern, clean-up, independent audit, repair, in that order; several at once.

The audit knows more than the suppressor's linear programme: whole numbers, and persons that are
bounded by published persons. What falls there is protected again, more strictly, until nothing
falls; if something still does, nothing comes back.

Independent tables are suppressed one in each process, and the result does not depend on how many.
The solver holds a core for seconds, so processes scale where threads do not (most of the time goes
to Python between small programmes). Processes are spawned: a fork of a process with a database's
threads in it can hang.
"""

import logging
import multiprocessing
import os
import signal
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from extracts.suppression import model
from extracts.suppression.audit import AuditReport, audit_table
from extracts.suppression.codebook import Codebook
from extracts.suppression.errors import AuditFellError, CannotProtectError
from extracts.suppression.published import PublishedTable
from extracts.suppression.solver import witnesses
from extracts.suppression.solver.choice import Choice
from extracts.suppression.solver.cutting_planes import minimise
from extracts.suppression.solver.reruns import Reruns
from extracts.suppression.solver.secondary import (
    LARGE,
    Progress,
    Search,
    clean_up,
    hidden_for_the_alone,
    hide_decoys,
    hide_neighbourhood,
    protect,
    repair,
    start_search,
)
from extracts.suppression.solver.wishes import Wishes

_ROUNDS = 8  # each one hides more; tables seen so far needed at most two
_WIDER = 4  # then whole neighbourhoods, one line further in each; the last are most of a table
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
        weight: what the secondary cells cost, in this table and the linked ones together, those left out that
            earlier tables hide: how many they are where all weigh 1.
        needed: of that what any pattern needs (0: nothing is proven).
        for_alone: of the secondary cells, in all tables together, those that the rule for people who
            are alone in a cell asked for; None where that was not tried.
        linked: patterns of the tables that were protected together with this one.
    """

    table: model.CellTable
    hidden: model.Flags
    primary: model.Flags
    report: AuditReport
    programmes: int
    needed: float = 0
    weight: float = 0
    for_alone: int | None = None
    linked: tuple["Pattern", ...] = ()

    @property
    def secondary(self) -> model.Flags:
        """Cells that are hidden for the sake of others."""
        return self.hidden & ~self.primary

    def published(self) -> PublishedTable:
        """The table as it may leave."""
        return model.publish(self.table, self.hidden)


def suppress(
    table: model.CellTable,
    policy: model.SuppressionPolicy,
    earlier: Sequence[PublishedTable] = (),
    *,
    linked: Sequence[model.CellTable] = (),
    scope: model.Levels | None = None,
    book: Codebook | None = None,
    intervals: bool = False,
    wishes: Wishes | None = None,
    priced: bool = True,
    progress: Progress | None = None,
) -> Pattern:
    """Hide what must be hidden, no more than needed, and prove it.

    Args:
        table: the true values.
        policy: the rule.
        earlier: tables over the same population that are public: constants for the attacker.
        linked: other groupings of the same population, published together with this one.
        scope: fixed levels of dimensions that the tables don't have.
        book: what levels stand for, where tables cut a dimension differently.
        intervals: whether the report proves the exact interval of every hidden cell.
        wishes: cells of ``table`` that must stay open, and what hiding each costs.
        priced: whether to say what the rule for people who are alone in a cell costs, which takes as long as
            a quarter of all else.
        progress: called with stage, done, of.

    Returns:
        A pattern from which no small cell can be got back.

    Raises:
        CannotProtectError: what is public already determines a small cell.
        RevisedError: a public value is another one now.
        TablesDisagreeError: the tables contradict each other.
        AuditFellError: the audit still got cells back after the repairs.
        AuditUnsolvedError: the audit could not prove a bound.
        CantStayOpenError: a cell that must stay open is small, or nothing protects another one without it.
    """
    joined = model.join_tables(
        table, linked, earlier, policy.least, scope or {}, book, policy.threshold
    )
    try:
        found = _suppress(
            joined, policy, earlier, wishes, progress, intervals=intervals, priced=priced
        )
        if wishes is None or not (found.hidden.ravel() & wishes.stay_open).any():
            return found
    except (CannotProtectError, AuditFellError):
        if wishes is None or not wishes.stay_open.any():
            raise
    joined = model.join_tables(
        table, linked, earlier, policy.least, scope or {}, book, policy.threshold
    )
    quick = replace(policy, clean=False)
    found = _suppress(
        joined, quick, earlier, wishes.eased(), progress, intervals=False, priced=False
    )
    raise wishes.refused(found.hidden, small=int(found.primary.ravel()[wishes.stay_open].sum()))


def _suppress(
    joined: model.TableSystem,
    policy: model.SuppressionPolicy,
    earlier: Sequence[PublishedTable],
    wishes: Wishes | None,
    progress: Progress | None,
    *,
    intervals: bool,
    priced: bool,
) -> Pattern:
    if wishes is not None:
        wishes.hold_open(joined)
    search = start_search(
        joined.relations,
        policy,
        known=joined.known,
        hidden_before=joined.hidden_before,
        proven_small=joined.proven_small,
    )
    if wishes is not None:
        wishes.weigh(search, joined.variables[0])
    needed = choose(search, progress)
    witnesses.prove_beforehand(joined, search, progress)
    fallen = 0
    for done in range(_ROUNDS + _WIDER + 1):
        # All joined tables together; the report of the first holds every fall.
        shown = witnesses.published_tables(joined, search)
        report = audit_table(
            shown[0],
            threshold=policy.threshold,
            zeros=policy.zeros,
            earlier=[*shown[1:], *earlier],
            book=joined.book,
            intervals=intervals,
            progress=progress,
            **witnesses.offer(joined, search),
        )
        if report.holds:
            return _pattern(joined, search, report, needed, priced=priced)
        fallen = len(report.falls)
        _log.info("the audit got %d cells back; protecting them more strictly", fallen)
        cells = [joined.variable_of(fall.table, fall.labels) for fall in report.falls]
        if done < _ROUNDS:
            repair(search, cells, progress)
        else:
            hide_neighbourhood(search, cells, 1 + done - _ROUNDS)
    raise AuditFellError(cells=fallen)


def choose(search: Search, progress: Progress | None = None) -> float:
    """Hide what the rule asks for, as the policy's secret chooses; see ``minimise`` for what is returned."""
    secret = search.policy.secret
    if secret is None:
        return _protected(search, progress)
    reruns = Reruns(search)
    if reruns.possible:
        return reruns.choose(secret)
    Choice(secret, search).vary(search)
    needed = _protected(search, progress)
    hide_decoys(search, Choice(secret, search).decoys(search), progress)
    return needed


def _protected(search: Search, progress: Progress | None) -> float:
    protect(search, progress)
    return _improve(search, progress) if search.policy.clean else 0


def _improve(search: Search, progress: Progress | None) -> float:
    """Fewer cells: the fewest where the table is small enough, else none that isn't needed."""
    if search.relations.values.size <= LARGE:
        return minimise(search, progress)
    clean_up(search, progress)
    return 0


def _pattern(
    joined: model.TableSystem, search: Search, report: AuditReport, needed: float, *, priced: bool
) -> Pattern:
    tried = (
        priced and search.policy.singletons and search.policy.clean and search.hidden.size <= LARGE
    )
    price = hidden_for_the_alone(search) if tried else None
    chosen = (
        search.hidden & ~search.primary & ~search.fixed
    )  # what earlier tables hide costs nothing now
    weight = float(search.weights[chosen].sum())
    first, *others = (
        Pattern(
            table,
            search.hidden[at].reshape(table.shape),
            search.primary[at].reshape(table.shape),
            report,
            search.movements.solved,
            needed,
            weight,
            price,
        )
        for table, at in zip(joined.tables, joined.variables, strict=True)
    )
    return replace(first, linked=tuple(others))


# --- several independent tables

_WORTH_IT = 5_000  # cells in all: below, starting a process takes longer than the work


@dataclass(frozen=True, eq=False)
class Job:
    """What ``suppress`` is asked for one table."""

    table: model.CellTable
    policy: model.SuppressionPolicy
    earlier: tuple[PublishedTable, ...] = ()
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    book: Codebook | None = None


def suppress_all(
    jobs: Sequence[Job], *, workers: int | None = None, progress: Progress | None = None
) -> list[Pattern]:
    """Suppress tables that share nothing; the patterns stand in the order of the jobs.

    ``workers`` are processes, as many as there are cores where none are given; ``progress`` is
    called with ``tables``, done, of.

    Raises:
        CodedError: what ``suppress`` raises for the first table that can't be protected.
    """
    count = min(workers or os.cpu_count() or 1, len(jobs))
    if count > 1 and sum(job.table.size for job in jobs) >= _WORTH_IT:
        context = multiprocessing.get_context("spawn")
        try:
            pool = ProcessPoolExecutor(count, mp_context=context, initializer=_hear_no_key)
            with pool, _ended_at_once():
                return _collected(pool.map(_one, jobs), len(jobs), progress)
        except (BrokenProcessPool, FileNotFoundError):
            pass  # a main program that can't be started again: one process does it all
    return _collected(map(_one, jobs), len(jobs), progress)


def _hear_no_key() -> None:
    """Ctrl-C is for the process that waits; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _ended_at_once() -> Generator[None, None, None]:
    """Let nobody wait for tables that are no longer wanted: a pool waits for its processes."""
    try:
        yield
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()
        raise


def _one(job: Job) -> Pattern:
    one = job.table, job.policy, job.earlier
    return suppress(*one, scope=job.scope, book=job.book, priced=False)


def _collected(patterns: Iterable[Pattern], of: int, progress: Progress | None) -> list[Pattern]:
    found: list[Pattern] = []
    for pattern in patterns:
        found.append(pattern)
        if progress is not None:
            progress("tables", len(found), of)
    return found
