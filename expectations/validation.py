"""Run one suite over one relation: DuckDB counts, Great Expectations judges, counts come back.

Up to ``ROWS_TO_SHOW`` rows Great Expectations is shown one boolean for each row and check and counts
for itself; above, it is shown the counts alone. Both are made from the same SQL, and either way
its counts must equal DuckDB's, or the validation is broken.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from expectations.checks import Check, CheckResult, Validation
from expectations.counting import Counts, count_rows, count_whole, mark_rows, row_count, unordered
from expectations.errors import ValidationBroke
from expectations.runner import Form, Judgement, gx_version, judge
from expectations.suite import checks_for
from systems.description import System

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

# 40 boolean columns of Python objects take 8 bytes each: 200,000 rows are 64 MB and a quarter of a
# second in Great Expectations. Above, counts say the same at no cost (docs/decisions/040).
ROWS_TO_SHOW = 200_000

_CHATTY = "great_expectations.data_context.types.base"
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
    total = row_count(con, relation)
    checks = checks_for(suite, system, con, relation, context)
    _load()
    started = time.perf_counter()
    shown = form or ("rows" if total <= ROWS_TO_SHOW else "counts")
    with unordered(con):
        results = run_checks(checks, con, relation, shown)
    verdict = Validation(
        suite=suite,
        checks=results,
        passed=all(r.success for r in results if r.severity == "critical"),
        rows=total,
        seconds=round(time.perf_counter() - started, 3),
        gx_version=gx_version(),
    )
    _log.info(
        "suite %s: %d checks on %d rows, %d failed, %d warnings",
        suite, len(results), total, len(verdict.failed), len(verdict.warnings),
    )  # fmt: skip
    return verdict


def run_checks(
    checks: Sequence[Check], con: "duckdb.DuckDBPyConnection", relation: str, form: Form
) -> tuple[CheckResult, ...]:
    """Count and judge; the results stand in the order of the checks."""
    import pandas as pd

    by_row = [c for c in checks if c.row is not None]
    whole = [c for c in checks if c.row is None]
    total = row_count(con, relation)
    counts = count_rows(con, relation, by_row, total) | count_whole(con, relation, whole, total)
    shown = [c for c in by_row if c.over is None] if form == "rows" else []
    judged: dict[str, Judgement] = {}
    if shown:
        judged |= judge(_booleans(con, relation, shown), shown, "rows")
    counted = [c for c in checks if c not in shown]
    frame = pd.DataFrame({c.id: [counts[c.id].unexpected] for c in counted})
    judged |= judge(frame, counted, "counts")
    return tuple(_result(c, counts[c.id], judged[c.id]) for c in checks)


def _booleans(
    con: "duckdb.DuckDBPyConnection", relation: str, checks: Sequence[Check]
) -> "pd.DataFrame":
    return mark_rows(con, relation, checks).to_pandas()


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
    )


def _load() -> None:
    """Import Great Expectations now, so that the seconds of a validation are its own."""
    from expectations.runner import silence

    silence()
    __import__(_CHATTY)
    logging.getLogger(_CHATTY).setLevel(logging.WARNING)  # it sets itself to INFO
