"""The one place where Great Expectations runs, with the one result format that leaks nothing.

Measured with 1.24.1: a run without a result format falls back to SUMMARY and copies row values into
its results; BASIC without a partial list keeps them out, but aggregates stay in. So Great
Expectations is only ever shown booleans and counts, the format is fixed here, and its result object
never leaves this module: success and counts are copied out, tracebacks and texts are dropped.

An expectation that raised reports itself as ``success: False``. Here that is an error of its own
(:class:`ValidationBroke`, exit 1): nothing is known about the data then.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

from expectations.checks import Check
from expectations.errors import ValidationBroke

if TYPE_CHECKING:
    import pandas as pd

Form = Literal["rows", "counts"]
_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
_NOISY = ("great_expectations", "great_expectations.metrics")


@dataclass(frozen=True)
class Judgement:
    """What Great Expectations said about one check; ``counts`` are its own, where it counted."""

    success: bool
    observed: int
    counts: tuple[int, int] | None = None  # elements, missing


def silence() -> None:
    """Switch off telemetry, before the import. What the administrator has set stays as it is."""
    for switch, off in (
        ("GX_ANALYTICS_ENABLED", "false"),
        ("GE_USAGE_STATS", "false"),
        ("TQDM_DISABLE", "1"),
    ):
        os.environ.setdefault(switch, off)


def gx_version() -> str:
    """Return the installed version of Great Expectations, without importing it."""
    return version("great_expectations")


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
    silence()
    silenced = {n: logging.getLogger(n).level for n in _NOISY}
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # its texts may quote what it saw
    try:
        results = _run(frame, [expectation(c, form) for c in checks])
        judged = [_copy(r) for r in results]
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
    if "unexpected_count" in found:
        counts = (int(found["element_count"]), int(found["missing_count"]))
        return check, Judgement(bool(result.success), int(found["unexpected_count"]), counts)
    if found.get("observed_value") is None:
        raise ValidationBroke(check=check)
    return check, Judgement(bool(result.success), int(found["observed_value"]))


def _raised(info: Any) -> bool:
    """Read both shapes of ``exception_info``: flat, or keyed by metric."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(v.get("raised_exception", True)) for v in info.values())
