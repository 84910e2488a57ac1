"""Stage 6: prove that the extract may leave, write the report in both editions, attach it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from approvals.custody import Status
from expectations import report
from expectations.validation import validate
from extracts.rows import pairs_in_scope
from pipelines.custody import report_file
from pipelines.home import write_private
from pipelines.release import staged
from pipelines.release.reporting import drifting, explaining, reporting
from pipelines.release.stages.stage import Product
from pipelines.session import today
from systems import database

if TYPE_CHECKING:
    import duckdb

    from expectations.checks import Validation
    from pipelines.release.context import Context


def validate_extract(context: "Context") -> Product:
    """Run the suite of the kind; attach the report whatever the verdict.

    Raises:
        ValidationFailed: a critical check does not hold (exit 4). The report says what, in counts.
    """
    if (before := _attached_before(context)) is not None:
        return before
    verdict, drift = _verdict(context)
    context.keep_validation("extract", verdict)
    if context.order.kind == "aggregated":
        explaining.keep(context)
    model = reporting.model(context, verdict, drift)
    folder = context.report_folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    department = report.render(model, edition="department")
    recipient = report.render(model, edition="recipient")
    write_private(folder / "department.html", department)
    write_private(folder / "recipient.html", recipient)
    write_private(folder / "report.json", model.as_json())
    editions = [text.encode() for text in (department, recipient, model.as_json())]
    write_private(_validated(context), json.dumps(_extract_files(context)))
    drifting.keep(context, drift.profile)
    outcome: dict[str, Any] = {
        "expectations": len(verdict.checks),
        "failed": len(verdict.failed),
    }
    if not verdict.passed:
        # Attached before the failure is recorded: the release must not end up waiting for approval.
        context.releases.attach_report(context.release, *editions)
        context.note("release_validated", outcome="failed", **outcome)
        verdict.require()
    context.note("release_validated", outcome="passed", **outcome)
    attached = context.releases.attach_report(context.release, *editions)
    return _product(attached, verdict)


def _product(report: str, verdict: "Validation") -> Product:
    return Product(
        facts={
            "report": report,
            "checks": len(verdict.checks),
            "warnings": len(verdict.warnings),
            "on": today().isoformat(),
        }
    )


def _attached_before(context: "Context") -> Product | None:
    """What a run that was killed had finished but for this stage's record.

    Another report would have another hour in it: an approval of the first would be lost, and the
    ledger would name two.
    """
    state, verdict = context.state, context.validations().get("extract")
    standing = state.status in {Status.WAITING_APPROVAL, Status.APPROVED}
    if not standing or state.report is None or verdict is None or not verdict.passed:
        return None
    path = _validated(context)
    if not path.is_file() or json.loads(path.read_text("utf-8")) != _extract_files(context):
        return None  # the report is of another extract
    report_file(context, context.order.project, context.release)
    return _product(state.report, verdict)


def _validated(context: "Context") -> Path:
    """Which files a verdict is about."""
    return context.folder / "verdicts" / "extract-files.json"


def _extract_files(context: "Context") -> dict[str, str]:
    record = context.records.verified("extract")
    return {} if record is None else dict(record.files)


def _verdict(context: "Context") -> tuple["Validation", drifting.Compared]:
    con = database.connect(context.threads)
    try:
        staged.view(context, con, "extract", "extract", "extract")
        told = _TOLD[context.order.kind](context, con)
        drift = drifting.compared(context, con)
        grave = context.settings.drift.action == "refuse"
        told |= {
            "drift": drift.drifts,
            "drift_severity": "critical" if grave else "warning",
        }
        kind = context.order.kind
        return validate(kind, context.system, con, "extract", told), drift
    finally:
        con.close()


def _identified(context: "Context", con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    staged.view(context, con, "intake", "supplied", "supplied")
    staged.view(context, con, "intake", "attempted", "attempted")
    con.execute(
        "CREATE TEMP VIEW not_attempted AS SELECT row_id FROM supplied SEMI JOIN "
        "(SELECT row_number FROM attempted WHERE code IS NOT NULL) USING (row_number)"
    )
    staged.view(context, con, "review", "settled", "settled")
    con.execute(
        "CREATE TEMP VIEW linked AS SELECT DISTINCT cohort_id FROM settled WHERE decision = 'link'"
    )
    first, last = context.years
    return {
        "supplied": "supplied",
        "supplied_columns": tuple(staged.columns(context, "intake", "supplied")[2:]),
        "echo_supplied": context.echo_supplied,
        "families": context.order_scope,
        "first_year": first,
        "last_year": last,
        "not_attempted": "not_attempted",
        "linked": "linked",
        "columns": context.columns,
    }


def _deidentified(context: "Context", con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    del con
    first, last = context.years
    suppressed = cast("Mapping[str, int]", context.facts("extract").get("suppressed") or {})
    snapshot = context.snapshot.connect(context.threads)
    try:
        expected = pairs_in_scope(
            snapshot,
            context.system,
            families=context.order_scope,
            years=context.years,
            released_anyway=context.released_anyway,
        )
    finally:
        snapshot.close()
    return {
        "families": context.order_scope,
        "first_year": first,
        "last_year": last,
        "expected_rows": expected - suppressed.get("rows_left_out", 0),
        "columns": context.columns,
    }


def _aggregated(context: "Context", con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    staged.view(context, con, "extract", "cells", "cells")
    facts = context.facts("extract")
    disclosure = context.settings.disclosure
    first, last = context.years
    return {
        "dims": tuple(facts["dims"]),  # type: ignore[arg-type]
        "first_year": first,
        "last_year": last,
        "last_full_year": today().year - 1,
        "falls": facts["falls"],
        "audited_cells": facts["audited_cells"],
        "threshold": disclosure.threshold,
        "zeros": disclosure.zeros,
        "cells": "cells",
        "county_exempt": facts["county_exempt"],
        "frozen_years": tuple(facts["frozen_years"]),  # type: ignore[arg-type]
        "orders": context.system.record.plural,
    }


_TOLD = {
    "identified": _identified,
    "deidentified": _deidentified,
    "aggregated": _aggregated,
}
