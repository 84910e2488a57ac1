"""The other side of `expectations.judging.apart`, and the one place where Great Expectations runs, with the one result format that leaks nothing.

Measured with 1.24.1: a run without a result format falls back to SUMMARY and copies row values into its results;
BASIC without a partial list keeps them out, but aggregates stay in. So it is only ever shown booleans
and counts, and its result object never leaves this module: success and counts are copied out, tracebacks and texts are dropped.
An expectation that raised reports itself as ``success: False``; here that is no answer at all: nothing is known about the data.
"""

import gc
import json
import os
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from expectations.judging.apart import Form
from expectations.judging.lazy_imports import loaded_when_used
from systems.confinement import confine

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
# Reads databases and buckets, where it is installed: a sixth of what importing takes. `None` is how Python is told that it is not.
_EXTRAS = ("boto3", "botocore", "sqlalchemy")
Answer = tuple[str, bool, int, tuple[int, int] | None]  # check, success, violations, its own counts


def serve() -> None:
    """Judge frame after frame until the other side is gone."""
    import pyarrow as pa

    leave_extras_out()
    gc.disable()  # a sixth of what importing takes, and it finds nothing
    load()
    gc.freeze()
    gc.enable()
    confine()
    channel = Connection(0)
    while True:
        try:
            form, checks = json.loads(channel.recv_bytes())
            with pa.ipc.open_stream(channel.recv_bytes()) as stream:
                frame = stream.read_pandas()
            channel.send_bytes(json.dumps(_judged(frame, checks, form)).encode())
        except (EOFError, OSError):
            return


def _judged(frame: "pd.DataFrame", checks: Sequence[Sequence[str]], form: Form) -> dict[str, Any]:
    try:
        asked = [expectation(check, severity, form) for check, severity in checks]
        return {"judged": [copied(result) for result in run(frame, asked)]}
    except Exception:  # noqa: BLE001  whatever breaks in there is no verdict on the data, and its texts may quote what it saw
        return {"broke": True}


def leave_extras_out() -> None:
    """Have nothing in this process import what Great Expectations needs for other sources than ours alone."""
    absent: dict[str, Any] = dict.fromkeys(_EXTRAS)
    sys.modules.update(absent)


def load() -> None:
    """Import Great Expectations. Its telemetry is switched off first."""
    os.environ |= {"GX_ANALYTICS_ENABLED": "false", "GE_USAGE_STATS": "false", "TQDM_DISABLE": "1"}
    # For expectations and pages that we have none of: a third of what importing it takes.
    with loaded_when_used("altair", "asyncio", "jsonschema", "mistune", "scipy.stats"):
        import great_expectations as _gx

    del _gx


def expectation(check: str, severity: str, form: Form) -> dict[str, Any]:
    """Return one check as an expectation of Great Expectations.

    ``rows``: a boolean column, true where a row breaks the rule, may hold nothing but false.
    ``counts``: a column with the number of violations must not exceed nought.
    """
    common: dict[str, Any] = {"meta": {"id": check}, "severity": severity}
    if form == "rows":
        kwargs: dict[str, Any] = {"column": check, "value_set": [False]}
        return {"type": "expect_column_values_to_be_in_set", "kwargs": kwargs, **common}
    kwargs = {"column": check, "max_value": 0}
    return {"type": "expect_column_max_to_be_between", "kwargs": kwargs, **common}


def run(frame: "pd.DataFrame", expectations: list[dict[str, Any]]) -> list[Any]:
    """Its results for a frame, in an order of its own."""
    import great_expectations as gx
    from great_expectations.data_context.types import base as settings

    kept = settings.InMemoryStoreBackendDefaults(init_temp_docs_sites=False)  # pages need a folder
    silent = settings.ProgressBarsConfig(globally=False)
    config = settings.DataContextConfig(
        store_backend_defaults=kept, progress_bars=silent, analytics_enabled=False
    )
    context = gx.get_context(mode="ephemeral", project_config=config)
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    whole = asset.add_batch_definition_whole_dataframe("whole")
    suite = gx.ExpectationSuite(name="checks", expectations=expectations)
    # A ValidationDefinition would keep suite and results in its stores first, for nobody: a third of the time for counts.
    outcome = whole.get_batch({"dataframe": frame}).validate(suite, result_format=_FORMAT)
    return list(outcome.results)


def copied(result: Any) -> Answer:
    """Copy success and counts.

    Raises:
        ValueError: it raised, or has no count.
    """
    if _raised(result.exception_info):
        raise ValueError
    found: Mapping[str, Any] = result.result
    counts = None
    if "unexpected_count" in found:
        counts = (int(found["element_count"]), int(found["missing_count"]))
    observed = found.get("unexpected_count", found.get("observed_value"))
    if observed is None:
        raise ValueError
    check = str(result.expectation_config.meta["id"])
    return check, bool(result.success), int(observed), counts


def _raised(info: Any) -> bool:
    """Read both shapes of ``exception_info``: flat, or keyed by metric."""
    if not info:
        return False
    if "raised_exception" in info:
        return bool(info["raised_exception"])
    return any(bool(v.get("raised_exception", True)) for v in info.values())
