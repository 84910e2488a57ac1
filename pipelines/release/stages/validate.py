"""Stage 6: prove that the extract may leave, write the report in both editions, attach it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from approvals.custody import Status
from expectations import report, validation
from expectations.sql import InStep
from extracts.rows import pairs_in_scope
from matching.arrays import prefetch
from pipelines.custody import report_file
from pipelines.home import write_private
from pipelines.release import content, reporting
from pipelines.release.context import ReleaseContext
from pipelines.release.given_rows import refuse_other_rows
from pipelines.release.in_step import in_step
from pipelines.release.stages.stage import Product
from pipelines.release.staging import Records
from pipelines.session import today
from systems import database

if TYPE_CHECKING:
    import duckdb


def validate_extract(context: ReleaseContext) -> Product:
    """Run the suite of the kind; attach the report whatever the verdict.

    Raises:
        ValidationFailed: a critical check does not hold (exit 4). The report says what, in counts.
        OtherRowsGiven: the project has other de-identified rows (exit 3).
    """
    if (before := _attached_before(context)) is not None:
        return before
    begun, drift = _begun(context)
    if context.order.kind == "aggregated":
        reporting.keep_explanation(context)
    if context.order.kind == "identified":
        reporting.keep_linkage(context)
        if context.session.settings.disclosure.linkage_rates:
            context.write_report_file(content.RATES_FILE, content.linkage_rates(context))
        else:  # one of a run before, under other settings, goes out with no approval
            (context.report_folder / content.RATES_FILE).unlink(missing_ok=True)
    report.prepare()
    verdict = begun.verdict()
    context.keep_validation("extract", verdict)
    model = reporting.report_model(context, verdict, drift)
    texts = {
        "department.html": report.render(model, edition="department"),
        "recipient.html": report.render(model, edition="recipient"),
        "report.json": model.as_json(),
    }
    for name, text in texts.items():
        context.write_report_file(name, text)
    editions = [text.encode() for text in texts.values()]
    beside = {p.name: p.read_bytes() for p in _beside(context.report_folder) if p.name not in texts}
    write_private(_validated_files(context.folder), json.dumps(_extract_files(context.records)))
    reporting.keep_profile(context, drift.profile)
    tally = _tally(context)
    outcome: dict[str, Any] = {"expectations": tally.checks, "failed": tally.fail}
    if not verdict.passed:
        # Attached before the failure is recorded: the release must not end up waiting for approval.
        context.session.releases.attach_report(context.release, *editions, beside=beside)
        context.note("release_validated", outcome="failed", **outcome)
        verdict.require()
    refuse_other_rows(context)
    context.note("release_validated", outcome="passed", **outcome)
    attached = context.session.releases.attach_report(context.release, *editions, beside=beside)
    return _product(attached, tally)


def _tally(context: ReleaseContext) -> report.Tally:
    """How all checks of the release stand, as its report counts them: of every suite, not of the extract's alone."""
    return report.tally_of(report.check_lines(*context.validations().values()))


def _beside(folder: Path) -> Iterator[Path]:
    """What else is there to be read before an approval; what rests encrypted, nobody reads."""
    return (path for path in folder.iterdir() if path.is_file() and path.suffix != ".enc")


def _product(digest: str, tally: report.Tally) -> Product:
    return Product(
        facts={
            "report": digest,
            "checks": tally.checks,
            "warnings": tally.warn,
            "nothing": tally.nothing,
            "tally": tally.in_words,
            "on": today().isoformat(),
        }
    )


def _attached_before(context: ReleaseContext) -> Product | None:
    """What a run that was killed had finished but for this stage's record.

    Another report would have another hour in it: an approval of the first would be lost, and the
    ledger would name two.
    """
    state, verdict = context.state, context.validations().get("extract")
    standing = state.status in {Status.WAITING_APPROVAL, Status.RETURNED, Status.APPROVED}
    if not standing or state.report is None or verdict is None or not verdict.passed:
        return None
    path = _validated_files(context.folder)
    if not path.is_file() or json.loads(path.read_text("utf-8")) != _extract_files(context.records):
        return None  # the report is of another extract
    report_file(context.session, context.order.project, context.release)
    return _product(state.report, _tally(context))


def _validated_files(folder: Path) -> Path:
    """Which files a verdict is about."""
    return folder / "verdicts" / "extract-files.json"


def _extract_files(records: Records) -> dict[str, str]:
    record = records.verified("extract")
    return {} if record is None else dict(record.files)


def _begun(context: ReleaseContext) -> tuple[validation.Begun, reporting.DriftComparison]:
    with database.connect(context.threads) as con:
        context.staging.view(con, "extract", "extract", "extract")
        kind, system = context.order.kind, context.approved.system
        first, last = context.approved.years
        parameters = {"first_year": first, "last_year": last, **_PARAMETERS[kind](context, con)}
        drift = reporting.compare_drift(context, con)
        grave = context.session.settings.drift.action == "refuse"
        parameters |= {
            "drift": drift.drifts,
            "drift_severity": "critical" if grave else "warning",
        }
        parts = _in_step(context) if kind == "identified" else None
        return validation.begin(kind, system, con, "extract", parameters, in_step=parts), drift


def _in_step(context: ReleaseContext) -> InStep:
    """The extract beside what was supplied, part by part: it stands in the cohort's order."""
    staging = context.staging

    def parts() -> Iterator[Mapping[str, pa.Table]]:
        both = staging.batches("intake", "supplied"), staging.batches("extract", "extract")
        for supplied, extract in prefetch(in_step(*both, "row_id")):
            yield {"supplied": supplied, "extract": extract}

    return InStep("row_id", "supplied", parts)


def _identified(context: ReleaseContext, con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    approved, staging = context.approved, context.staging
    staging.view(con, "intake", "supplied", "supplied")
    staging.view(con, "intake", "attempted", "attempted")
    staging.view(con, "review", "settled", "settled")
    con.execute(
        "CREATE TEMP VIEW linked AS SELECT DISTINCT cohort_id FROM settled WHERE decision = 'link'"
    )
    con.execute(  # withheld, unusable, or doubtful and left out
        "CREATE TEMP VIEW not_attempted AS SELECT row_id FROM supplied SEMI JOIN "
        "(SELECT row_number FROM attempted WHERE code IS NOT NULL) USING (row_number) UNION "
        "SELECT cohort_id AS row_id FROM settled ANTI JOIN linked USING (cohort_id) "
        "WHERE decision = 'review'"
    )
    return {
        "supplied": "supplied",
        "supplied_columns": tuple(staging.schema("intake", "supplied").names[2:]),
        "echo_supplied": approved.echo_supplied,
        "families": approved.scope,
        "not_attempted": "not_attempted",
        "linked": "linked",
        "columns": approved.columns,
    }


def _deidentified(context: ReleaseContext, con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    del con
    approved = context.approved
    suppressed = cast("Mapping[str, Any]", context.facts("extract").get("suppressed") or {})
    groups = [g for by in suppressed.get("by_group", {}).values() for g in by.values()]
    large = [g for g in groups if g["persons"] >= _LARGE_GROUP]
    with context.snapshot.connect(context.threads) as snapshot:
        expected = pairs_in_scope(snapshot, approved.system, approved.rows)
    return {
        "families": approved.scope,
        "expected_rows": expected - suppressed.get("rows_left_out", 0),
        "left_out": _left_out(context),
        "losses": tuple(share for g in large for share in g["lost"].values()),
        "columns": approved.columns,
        "emptied": approved.suppress_locally,
    }


def _left_out(context: ReleaseContext) -> tuple[tuple[str, int], ...]:
    """What our rules leave out of a de-identified extract: which, and how many."""
    facts = cast("Mapping[str, Any]", context.facts("extract"))
    plural = context.approved.system.record.plural
    withheld = facts["counts"][f"{plural}_withheld"]
    found = [(f"{plural} withheld by policy", withheld)]
    if taken := facts.get("suppressed"):
        found.append(("rows of persons who would stay rare", taken.get("rows_left_out", 0)))
    return tuple(found)


def _aggregated(context: ReleaseContext, con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
    context.staging.view(con, "extract", "cells", "cells")
    facts = context.facts("extract")
    disclosure, noise = context.approved.policy, context.approved.noise
    return {
        "dims": tuple(facts["dims"]),  # type: ignore[arg-type]
        "last_full_year": today().year - 1,
        "falls": facts["falls"],
        "audited_cells": facts["audited_cells"],
        "threshold": disclosure.threshold,
        "zeros": disclosure.zeros,
        "cells": "cells",
        "county_exempt": facts["county_exempt"],
        "noise": noise.reach if noise else 0,
        "frozen_years": tuple(facts["frozen_years"]),  # type: ignore[arg-type]
        "orders": context.approved.system.record.plural,
    }


_LARGE_GROUP = (
    1000  # persons of a sex or race: fewer may be too rare for a column, whatever is tried
)

_PARAMETERS = {
    "identified": _identified,
    "deidentified": _deidentified,
    "aggregated": _aggregated,
}
