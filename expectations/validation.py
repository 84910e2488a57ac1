"""Run one suite over one relation: DuckDB counts, Great Expectations judges, counts come back.

Up to ``ROWS_TO_SHOW`` rows Great Expectations is shown one boolean for each row and check and counts
for itself; above, it is shown the counts alone. Both are made from the same SQL, and either way
its counts must equal DuckDB's, or the validation is broken.

This is the one place where it runs, with the one result format that leaks nothing. Measured with
1.24.1: a run without a result format falls back to SUMMARY and copies row values into its results;
BASIC without a partial list keeps them out, but aggregates stay in. So it is only ever shown booleans
and counts, and its result object never leaves this module: success and counts are copied out,
tracebacks and texts are dropped. An expectation that raised reports itself as ``success: False``;
here that is an error of its own (:class:`ValidationBroke`, exit 1): nothing is known about the data.
"""

import logging
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from expectations.checks import Check, CheckResult, Validation
from expectations.errors import ValidationBroke
from expectations.lazy_imports import loaded_when_used
from expectations.sql import Counts, count_rows, count_whole, mark_rows, row_count
from expectations.suite import checks_for
from systems.database import unordered
from systems.description import System

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

Form = Literal["rows", "counts"]

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
    total = row_count(con, relation)
    checks = checks_for(suite, system, con, relation, context)
    load()
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
        gx_version=version("great_expectations"),
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
        judged |= judge(mark_rows(con, relation, shown).to_pandas(), shown, "rows")
    counted = [c for c in checks if c not in shown]
    frame = pd.DataFrame({c.id: [counts[c.id].unexpected] for c in counted})
    judged |= judge(frame, counted, "counts")
    return tuple(_result(c, counts[c.id], judged[c.id]) for c in checks)


@dataclass(frozen=True)
class Judgement:
    """What Great Expectations said about one check; ``counts`` are its own, where it counted."""

    success: bool
    observed: int
    counts: tuple[int, int] | None = None  # elements, missing


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


# --- Great Expectations

_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
_NOISY = ("great_expectations", "great_expectations.metrics")
_CHATTY = "great_expectations.data_context.types.base"


def load() -> None:
    """Import Great Expectations now, so that the seconds of a validation are its own.

    Its telemetry is switched off first. What the administrator has set stays as it is.
    """
    for switch, off in (
        ("GX_ANALYTICS_ENABLED", "false"),
        ("GE_USAGE_STATS", "false"),
        ("TQDM_DISABLE", "1"),
    ):
        os.environ.setdefault(switch, off)
    # For expectations and pages that we have none of: a third of what importing it takes.
    with loaded_when_used("altair", "scipy.stats"):
        __import__(_CHATTY)
    logging.getLogger(_CHATTY).setLevel(logging.WARNING)  # it sets itself to INFO


def expectation(check: Check, form: Form) -> dict[str, Any]:
    """Return one check as an expectation of Great Expectations.

    ``rows``: a boolean column, true where a row breaks the rule, may hold nothing but false.
    ``counts``: a column with the number of violations must not exceed nought.
    """
    common: dict[str, Any] = {"meta": {"id": check.id}, "severity": check.severity}
    if form == "rows":
        kwargs: dict[str, Any] = {"column": check.id, "value_set": [False]}
        return {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs, **common}
    kwargs = {"column": check.id, "max_value": 0}
    return {"type": "expect_column_max_to_be_between", "kwargs": kwargs, **common}


def judge(frame: "pd.DataFrame", checks: Sequence[Check], form: Form) -> dict[str, Judgement]:
    """Let Great Expectations judge a frame of booleans or of counts.

    Raises:
        ValidationBroke: An expectation raised, is missing from the result, or came twice.
    """
    if not checks:
        return {}
    load()
    silenced = {n: logging.getLogger(n).level for n in _NOISY}
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # its texts may quote what it saw
    try:
        judged = [_copy(r) for r in _run(frame, [expectation(c, form) for c in checks])]
    except (ValidationBroke, MemoryError):
        raise
    except Exception:  # noqa: BLE001  whatever breaks in there is no verdict on the data
        raise ValidationBroke(checks=len(checks)) from None
    finally:
        for noisy, level in silenced.items():
            logging.getLogger(noisy).setLevel(level)
    by_id = dict(judged)
    if len(by_id) != len(judged) or by_id.keys() != {c.id for c in checks}:
        raise ValidationBroke(checks=len(checks), answered=len(by_id))
    return by_id


def _run(frame: "pd.DataFrame", expectations: list[dict[str, Any]]) -> list[Any]:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole")
    suite = context.suites.add(gx.ExpectationSuite(name="checks", expectations=expectations))
    run = gx.ValidationDefinition(name="validation", data=batch, suite=suite)
    definition = context.validation_definitions.add(run)
    outcome = definition.run(batch_parameters={"dataframe": frame}, result_format=_FORMAT)
    return list(outcome.results)


def _copy(result: Any) -> tuple[str, Judgement]:
    """Copy success and counts; refuse what raised or has no counts."""
    check = str(result.expectation_config.meta["id"])
    if _raised(result.exception_info):
        raise ValidationBroke(check=check)
    found: Mapping[str, Any] = result.result
    counts = None
    if "unexpected_count" in found:
        counts = (int(found["element_count"]), int(found["missing_count"]))
    observed = found.get("unexpected_count", found.get("observed_value"))
    if observed is None:
        raise ValidationBroke(check=check)
    return check, Judgement(bool(result.success), int(observed), counts)


def _raised(info: Any) -> bool:
    """Read both shapes of ``exception_info``: flat, or keyed by metric."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(v.get("raised_exception", True)) for v in info.values())
