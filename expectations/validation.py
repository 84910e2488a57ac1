"""Run one suite over one relation: DuckDB counts, Great Expectations judges, counts come back.

Up to ``ROWS_TO_SHOW`` rows Great Expectations is shown one boolean for each row and check and counts
for itself; above, it is shown the counts alone. Both are made from the same SQL, and either way
its counts must equal DuckDB's, or the validation is broken.

It runs in a process of its own (`expectations.judging`). An expectation that raised there is an error of its own
(:class:`ValidationBroke`, exit 1): nothing is known about the data.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from expectations.checks import Check, CheckResult, Validation
from expectations.errors import ValidationBroke
from expectations.judging import JUDGE, Form, Judgement, Shown, judge
from expectations.sql import Counts, InStep, count_rows, count_whole, mark_rows, row_count
from expectations.suite import checks_for
from systems.database import unordered
from systems.description import System

if TYPE_CHECKING:
    from concurrent.futures import Future

    import duckdb

# 40 boolean columns of Python objects take 8 bytes each: 200,000 rows are 64 MB and a quarter of a
# second in Great Expectations. Above, counts say the same at no cost (docs/decisions/040).
ROWS_TO_SHOW = 200_000

_log = logging.getLogger(__name__)


def validate(
    suite: str,
    system: System,
    con: "duckdb.DuckDBPyConnection",
    relation: str,
    context: Mapping[str, Any],
    *,
    form: Form | None = None,
) -> Validation:
    """Validate a relation of a connection with a suite.

    Args:
        suite: One of ``expectations.SUITES``.
        system: The data system whose columns and code lists the suite is generated from.
        con: A connection that holds the relation and the relations that the context names.
        relation: A view or table (for ``register``: any view of the snapshot, e.g. ``person``).
        context: The facts of the suite's context (``expectations.context``).
        form: What Great Expectations is shown; by default decided by the number of rows.

    Returns:
        The verdict. Failed checks are data in it; call ``.require()`` to stop on them.

    Raises:
        SuiteUnknown: No such suite.
        ContextWrong: The context has a missing, unknown or wrong fact.
        CountingBroke: A violation could not be counted.
        ValidationBroke: Great Expectations raised or disagrees with the counts.
    """
    return begin(suite, system, con, relation, context, form=form).verdict()


@dataclass(frozen=True)
class Begun:
    """A suite that is counted and being judged."""

    suite: str
    rows: int
    seconds: float
    results: "Future[tuple[CheckResult, ...]]"

    @property
    def waits(self) -> bool:
        """Whether the verdict is not there yet."""
        return not self.results.done()

    def verdict(self) -> Validation:
        """Wait for the verdict.

        Raises:
            ValidationBroke: see `validate`.
        """
        results = self.results.result()
        verdict = Validation(
            suite=self.suite,
            checks=results,
            passed=all(r.success for r in results if r.severity == "critical"),
            rows=self.rows,
            seconds=self.seconds,
            gx_version=version("great_expectations"),
        )
        _log.info(
            "suite %s: %d checks on %d rows, %d failed, %d warnings",
            self.suite, len(results), self.rows, len(verdict.failed), len(verdict.warnings),
        )  # fmt: skip
        return verdict


def begin(
    suite: str,
    system: System,
    con: "duckdb.DuckDBPyConnection",
    relation: str,
    context: Mapping[str, Any],
    *,
    form: Form | None = None,
    in_step: InStep | None = None,
) -> Begun:
    """Count what a suite asks, and have it judged while other work goes on; as `validate`, whose seconds are those of counting.

    ``in_step`` has parts of the relation and of others that the context names; it never changes a count.

    Raises:
        SuiteUnknown, ContextWrong, CountingBroke: as `validate`.
    """
    total = row_count(con, relation)
    checks = checks_for(suite, system, con, relation, context)
    started = time.perf_counter()
    shown = form or ("rows" if total <= ROWS_TO_SHOW else "counts")
    with unordered(con):
        results = _counted(checks, con, relation, shown, in_step)
    return Begun(suite, total, round(time.perf_counter() - started, 3), results)


def _counted(
    checks: Sequence[Check],
    con: "duckdb.DuckDBPyConnection",
    relation: str,
    form: Form,
    in_step: InStep | None = None,
) -> "Future[tuple[CheckResult, ...]]":
    """Count, and have Great Expectations judge: rows while they are counted, the counts then."""
    by_row = [c for c in checks if c.row is not None]
    whole = [c for c in checks if c.row is None]
    total = row_count(con, relation)
    shown = [c for c in by_row if c.over is None] if form == "rows" else []
    JUDGE.begin()  # where none waits
    pool = ThreadPoolExecutor(1, "judging")
    try:
        rows = Shown("rows", mark_rows(con, relation, shown), shown) if shown else None
        first = pool.submit(judge, [rows] if rows else [])
        counts = count_rows(con, relation, by_row, total, in_step)
        counts |= count_whole(con, relation, whole, total)
        counted = [c for c in checks if c not in shown]
        numbers = pa.table({c.id: [counts[c.id].unexpected] for c in counted})
        return pool.submit(_judged, checks, counts, first, Shown("counts", numbers, counted))
    finally:
        pool.shutdown(wait=False)


def _judged(
    checks: Sequence[Check],
    counts: Mapping[str, Counts],
    first: "Future[dict[str, Judgement]]",
    rest: Shown,
) -> tuple[CheckResult, ...]:
    rows, others = first.result(), judge([rest])
    judged = rows | others
    if len(rows) + len(others) != len(checks) or len(judged) != len(checks):
        raise ValidationBroke(checks=len(checks), answered=len(judged))
    return tuple(_result(c, counts[c.id], judged[c.id]) for c in checks)


def _result(check: Check, counts: Counts, judged: Judgement) -> CheckResult:
    """Join DuckDB's counts with the verdict on them; they must tell the same story."""
    agrees = judged.observed == counts.unexpected and judged.success == (counts.unexpected == 0)
    if judged.counts is not None:
        agrees = agrees and judged.counts == (counts.elements, counts.missing)
    if not agrees:
        raise ValidationBroke(check=check.id)
    return CheckResult(
        id=check.id,
        title=check.title,
        section=check.section,
        basis=check.basis,
        severity=check.severity,
        success=judged.success,
        element_count=counts.elements,
        unexpected_count=counts.unexpected,
        missing_count=counts.missing,
        audience=check.audience,
        exempt=check.exempt,
    )
