"""What must hold before anything leaves: suites, the one runner of Great Expectations, the report.

DuckDB counts, Great Expectations judges the counts, and a :class:`Validation` carries the verdict
in counts alone: no person's value enters a result, a report or an error of this room.

    validation = validate("identified", system, con, "extract", context)
    validation.require()                      # ValidationFailed (exit 4) unless all critical checks hold
    html = report.render(model, edition="recipient")

This room knows nothing of approvals, of keys, or of how an extract is made. Importing it is cheap;
Great Expectations (some ten seconds) is loaded when a suite runs.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from expectations import report as report
    from expectations.checks import Check as Check
    from expectations.checks import CheckResult as CheckResult
    from expectations.checks import Validation as Validation
    from expectations.runner import quiet as quiet
    from expectations.suite import SUITES as SUITES
    from expectations.suite import checks_for as checks_for
    from expectations.suite import suite_json as suite_json
    from expectations.validation import validate as validate

_HOMES = {
    "Check": "expectations.checks",
    "CheckResult": "expectations.checks",
    "Validation": "expectations.checks",
    "quiet": "expectations.runner",
    "SUITES": "expectations.suite",
    "checks_for": "expectations.suite",
    "suite_json": "expectations.suite",
    "validate": "expectations.validation",
}

__all__ = [
    "SUITES",
    "Check",
    "CheckResult",
    "Validation",
    "checks_for",
    "quiet",
    "report",
    "suite_json",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name == "report":
        return importlib.import_module("expectations.report")
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'expectations' has no attribute {name!r}")
