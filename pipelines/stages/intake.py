"""Stage 2: the cohort, as registered and confirmed, checked, linked to itself and staged."""

from typing import TYPE_CHECKING

import pyarrow as pa

import expectations
import matching
from extracts.arrow import compute as pc
from pipelines import cohorts
from pipelines.errors import CohortTooLong
from pipelines.office import today
from pipelines.stages.stage import Product
from systems import database

if TYPE_CHECKING:
    from pipelines.context import Context


def take_in(context: "Context") -> Product:
    """Stage ``supplied`` (rows as given) and ``attempted`` (a code where a row is left alone).

    Rows that plausibly describe one person are withheld (design, step 2): a cohort with one name
    and many birth dates would make the register answer questions.

    Raises:
        CohortTooLong: more rows than the application allows.
        ValidationFailed: the intake suite's critical checks do not hold.
    """
    digest = context.order.cohort_digest or ""
    cohort = cohorts.load(context, context.order.project, digest)
    allowed = context.max_rows
    if allowed is not None and cohort.rows > allowed:
        raise CohortTooLong(rows=cohort.rows, allowed=allowed)
    table = cohort.table
    validation = _validated(context, table, allowed or cohort.rows)
    context.keep_validation("intake", validation)
    validation.require()
    refused = cohorts.refusals(table, today())
    withheld = _withheld(table)
    attempted = _attempted(table, refused, withheld)
    earlier = [c.digest for c in context.project.cohorts if c.digest != digest]
    repeated = cohorts.overlap(context, context.order.project, cohort, earlier)
    files = (
        context.stage_table("intake", "supplied", table),
        context.stage_table("intake", "attempted", attempted),
    )
    facts = {
        "rows": cohort.rows,
        "refused": refused.num_rows,
        "withheld": len(withheld),
        "overlap": repeated,
        "warnings": len(validation.warnings),
        "refusal_codes": _tally(refused["code"]),
    }
    context.note(
        "intake_taken",
        rows=cohort.rows,
        refused=refused.num_rows,
        withheld=len(withheld),
        overlap=repeated,
        warnings=len(validation.warnings),
    )
    return Product(files, facts)


def _validated(context: "Context", table: pa.Table, maximum: int) -> "expectations.Validation":
    con = database.connect(context.threads)
    con.register(
        "cohort",
        table.drop_columns(["row_number"]).rename_columns(["cohort_id", *table.column_names[2:]]),
    )
    told = {"maximum_rows": maximum, "on": today(), "id_column": "cohort_id"}
    try:
        return expectations.validate("intake", context.system, con, "cohort", told)
    finally:
        con.close()


def _withheld(table: pa.Table) -> set[str]:
    """Row ids in groups of two or more that look like one person."""
    rows = table.drop_columns(["row_number"]).rename_columns(["cohort_id", *table.column_names[2:]])
    groups = matching.self_link(rows)
    return set(groups["cohort_id"].to_pylist())


def _attempted(table: pa.Table, refused: pa.Table, withheld: set[str]) -> pa.Table:
    codes = dict(zip(refused["row_number"].to_pylist(), refused["code"].to_pylist(), strict=True))
    rows = zip(table["row_number"].to_pylist(), table["row_id"].to_pylist(), strict=True)
    marked = [
        codes.get(n) or ("looks_like_another_row" if i in withheld else None) for n, i in rows
    ]
    return pa.table({"row_number": table["row_number"], "code": pa.array(marked, pa.string())})


def _tally(codes: pa.ChunkedArray) -> dict[str, object]:
    counted = pc.value_counts(codes)
    return {str(item["values"]): int(item["counts"]) for item in counted.to_pylist()}
