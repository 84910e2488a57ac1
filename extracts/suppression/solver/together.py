"""Several independent tables at once, one in each process; the result does not depend on how many.

The solver holds a core for seconds and years share nothing, so processes scale where threads do not
(most of the time goes to Python between small programmes). Processes are spawned: a fork of a
process with a database's threads in it can hang.
"""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

from extracts.suppression.model import CellTable, PublishedTable, SuppressionPolicy
from extracts.suppression.solver.pattern import Progress
from extracts.suppression.solver.suppressing import Pattern, suppress

_WORTH_IT = 5_000  # cells in all: below, starting a process takes longer than the work


@dataclass(frozen=True, eq=False)
class Job:
    """What ``suppress`` is asked for one table."""

    table: CellTable
    policy: SuppressionPolicy
    earlier: tuple[PublishedTable, ...] = ()
    scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def suppress_all(
    jobs: Sequence[Job], *, workers: int | None = None, progress: Progress | None = None
) -> list[Pattern]:
    """Suppress tables that share nothing; the patterns stand in the order of the jobs.

    Args:
        jobs: the tables.
        workers: processes; as many as there are cores where none are given.
        progress: called with ``tables``, done, of.

    Raises:
        CodedError: what ``suppress`` raises for the first table that can't be protected.
    """
    count = min(workers or os.cpu_count() or 1, len(jobs))
    if count > 1 and sum(job.table.size for job in jobs) >= _WORTH_IT:
        try:
            return _spread(jobs, count, progress)
        except (BrokenProcessPool, FileNotFoundError):
            pass  # a main program that can't be started again: one process does it all
    return [_told(number, len(jobs), _one(job), progress) for number, job in enumerate(jobs, 1)]


def _spread(jobs: Sequence[Job], count: int, progress: Progress | None) -> list[Pattern]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        return [
            _told(number, len(jobs), pattern, progress)
            for number, pattern in enumerate(pool.map(_one, jobs), 1)
        ]


def _one(job: Job) -> Pattern:
    return suppress(job.table, job.policy, job.earlier, scope=job.scope)


def _told(done: int, of: int, pattern: Pattern, progress: Progress | None) -> Pattern:
    if progress is not None:
        progress("tables", done, of)
    return pattern
