"""Stage 2: the cohort, as registered and confirmed, checked, linked to itself and staged."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from crypto.errors import StagingDoesNotHold
from errors import CodedError
from expectations import report, validation
from expectations.judging import JUDGE
from extracts.rows import compute as pc
from matching import linking, persons
from matching.arrays import prefetch
from pipelines import cohort as cohorts
from pipelines import registers
from pipelines.release.context import ReleaseContext
from pipelines.release.reviewing import ALIKE, released_rows, told_apart_digest
from pipelines.release.stages.stage import Product
from pipelines.session import today
from systems import database
from systems.description import System

_LONG = 1_000_000  # rows; beside the search in a longer cohort another process begins in no time


def intake_cohort(context: ReleaseContext) -> Product:
    """Stage ``supplied`` (rows as given) and ``attempted`` (a code where a row is left alone).

    Rows that plausibly describe one person are withheld (design, step 2): a cohort with one name
    and many birth dates would make the register answer questions.

    Raises:
        CohortTooLong: more rows than the application allows.
        ValidationFailed: the intake suite's critical checks do not hold.
    """
    session, project = context.session, context.order.project
    digest = context.order.cohort_digest or ""
    cohort = cohorts.open_stored(session, project, digest)
    allowed = context.approved.max_rows
    if allowed is not None and cohort.rows > allowed:
        raise cohorts.CohortTooLong(rows=cohort.rows, allowed=allowed)
    begun = _validate(context.approved.system, cohort, allowed or cohort.rows, context.threads)
    with context.required("intake", begun):
        refused = cohorts.unusable_rows(cohort.parts, cohort.columns, today())
        if cohort.rows > _LONG:  # the search is the most that a release holds
            JUDGE.end()
        found = _alike(cohort, context)
        free = sorted(released_rows(context)) if context.staging.has("intake", "alike") else []
        told_apart = pc.is_in(found["cohort_id"], value_set=pa.array(free, pa.string()))
        alike = found.filter(pc.invert(told_apart))["cohort_id"]
        this = context.project.cohort(digest)
        file = this.file if this else digest  # another map of the same file is no other cohort
        earlier = [c.digest for c in context.project.cohorts if c.file != file]
        others = cohorts.open_remaining(session, project, earlier)
        repeated = cohorts.overlap(cohort, others, context.threads)
        report.prepare()  # the first verdict is waited for longest
        if begun.waits:
            _read_ahead(context, cohort)
    files = (
        context.staging.write("intake", "supplied", prefetch(cohort.batches()), cohort.schema),
        context.staging.write("intake", "attempted", _attempted(cohort, refused, alike)),
        context.staging.write("intake", "alike", found),
    )
    counts: dict[str, Any] = {
        "rows": cohort.rows,
        "refused": refused.num_rows,
        "withheld": len(alike),
        "overlap": repeated,
        "warnings": len(context.validations()["intake"].warnings),
    }
    context.note("intake_taken", **counts)
    facts = {
        "refusal_codes": _tally(refused["code"]),
        "told_apart": told_apart_digest(context, free),
    }
    return Product(files, {**counts, **facts})


def _read_ahead(context: ReleaseContext, cohort: cohorts.StoredCohort) -> None:
    """Begin to read what linkage will; where that can't be read, its stage says so."""
    with contextlib.suppress(CodedError):
        if (index := context.index) is not None:
            approved, columns = context.approved, _source(cohort).columns
            registers.read_entries_ahead(
                index, approved.system, approved.rows, columns, context.ahead
            )


def has_rows_told_apart(context: ReleaseContext) -> bool:
    """Whether reviewers have told rows apart since the cohort was taken in: they are attempted then."""
    known = str(context.facts("intake").get("told_apart", ""))
    return told_apart_digest(context, sorted(released_rows(context))) != known


def _validate(
    system: System, cohort: cohorts.StoredCohort, maximum: int, threads: int | None
) -> validation.Begun:
    with database.connect(threads) as con:
        parameters = {"maximum_rows": maximum, "on": today(), "id_column": "cohort_id"}
        with database.guarded(StagingDoesNotHold):
            cohort.view(con, "cohort")
        return validation.begin("intake", system, con, "cohort", parameters)


def _alike(cohort: cohorts.StoredCohort, context: ReleaseContext) -> pa.Table:
    """Rows in groups of two or more that look like one person: ``cohort_id, group, probability``."""
    workers = context.workers()
    return persons.find_duplicates(
        _source(cohort),
        context.words,
        workers and workers.linkage,
        lambda: cohort.read(["row_id"])["row_id"],
    )


def _source(cohort: cohorts.StoredCohort) -> linking.Source:
    standard = cohort.columns[2:]

    def parts() -> Iterator[pa.Table]:
        for part in cohort.parts(["row_id", *standard]):
            yield part.rename_columns(["cohort_id", *standard])

    return linking.parts_source(["cohort_id", *standard], "cohort", parts)


def _attempted(
    cohort: cohorts.StoredCohort, refused: pa.Table, withheld: pa.ChunkedArray
) -> pa.Table:
    rows = cohort.read(["row_number", "row_id"])
    place = pc.index_in(rows["row_number"], value_set=refused["row_number"].combine_chunks())
    alike = pc.is_in(rows["row_id"], value_set=withheld.combine_chunks())
    reasons = pc.if_else(alike, pa.scalar(ALIKE), pa.scalar(None, pa.string()))
    codes = pc.coalesce(refused["code"].take(place), reasons)
    return pa.table({"row_number": rows["row_number"], "code": codes})


def _tally(codes: pa.ChunkedArray) -> dict[str, object]:
    counted = pc.value_counts(codes)
    return {str(item["values"]): int(item["counts"]) for item in counted.to_pylist()}
