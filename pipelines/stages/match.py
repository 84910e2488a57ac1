"""Stage 3: the cohort against the persons of the records that the project may see."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pyarrow as pa

import expectations
import matching
from extracts.arrow import compute as pc
from extracts.candidates import records_in_scope
from matching.errors import LinkageBroke
from pipelines.home import write_private
from pipelines.stages.stage import Product
from systems import database

if TYPE_CHECKING:
    from pipelines.context import Context


def link_cohort(context: "Context") -> Product:
    """Stage ``links``: cohort id, record id, weight, probability, decision.

    Only entries on records inside the project's scope are compared: anything wider would let
    ``matched`` tell of records that the project may not see.
    """
    supplied = context.staged("intake", "supplied")
    attempted = context.staged("intake", "attempted")
    free = attempted.filter(pc.is_null(attempted["code"]))["row_number"]
    rows = supplied.filter(pc.is_in(supplied["row_number"], value_set=free.combine_chunks()))
    cohort = rows.drop_columns(["row_number"]).rename_columns(["cohort_id", *rows.column_names[2:]])
    records = _records(context)
    options = matching.LinkOptions(
        threshold=context.settings.linkage.threshold,
        threads=context.threads,
        shard_rows=context.settings.cluster.shard_rows,
    )
    spread = None
    if context.settings.cluster.scheduler:
        from pipelines.cluster import spread_over

        spread = spread_over(context)
    result = matching.link(cohort, records, options, spread=spread)
    _validate(context, supplied, records, result.links)
    report = context.place("match", "LINKS.json")
    write_private(report, json.dumps(result.report.as_json(), indent=1, default=str))
    page = context.place("match", "LINKS.html")
    write_private(page, matching.quality_page(result.report))
    path = context.stage_table("match", "links", result.links)
    counts = _counts(result.links, cohort.num_rows)
    context.note("cohort_matched", once=True, **counts)
    return Product((path, report, page), {**counts, "attempted": cohort.num_rows, **_rates(result)})


def _records(context: "Context") -> pa.Table:
    con = context.snapshot.connect(context.threads)
    try:
        wanted = records_in_scope(
            con,
            context.system,
            families=context.order_scope,
            years=context.years,
            released_anyway=context.released_anyway,
        )
        con.register("wanted", wanted)
        with database.guarded(LinkageBroke, step="records"):
            return con.sql(
                'SELECT DISTINCT l.* EXCLUDE (role, "group"), i.identity'
                " FROM linkage_records l SEMI JOIN wanted USING (record_id)"
                " JOIN person_index i USING (record_id)"
                " ORDER BY ALL"
            ).to_arrow_table()
    finally:
        con.close()


def _validate(context: "Context", supplied: pa.Table, records: pa.Table, links: pa.Table) -> None:
    con = database.connect(context.threads)
    con.register("links", links)
    con.register("cohort", supplied.select(["row_id"]).rename_columns(["cohort_id"]))
    con.register("records", records.select(["record_id"]).group_by("record_id").aggregate([]))
    con.register(
        "identities",
        records.select(["record_id", "identity"]).group_by(["record_id", "identity"]).aggregate([]),
    )
    told = {
        "cohort": "cohort",
        "records": "records",
        "identities": "identities",
        "threshold": context.settings.linkage.threshold,
    }
    try:
        validation = expectations.validate("links", context.system, con, "links", told)
    finally:
        con.close()
    context.keep_validation("links", validation)
    validation.require()


def _counts(links: pa.Table, rows: int) -> dict[str, int]:
    by_row = (
        links.select(["cohort_id", "decision"]).group_by(["cohort_id", "decision"]).aggregate([])
    )
    linked = set(by_row.filter(pc.equal(by_row["decision"], "link"))["cohort_id"].to_pylist())
    review = set(by_row.filter(pc.equal(by_row["decision"], "review"))["cohort_id"].to_pylist())
    return {
        "linked": len(linked),
        "review": len(review - linked),
        "unmatched": rows - len(linked | review),
    }


def _rates(result: "matching.LinkResult") -> dict[str, object]:
    report = result.report
    rates = {
        "false_match_rate": report.false_match_rate,
        "missed_match_rate": report.missed_match_rate,
    }
    return {"expected": {name: asdict(rate) for name, rate in rates.items()}}
