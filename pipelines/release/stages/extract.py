"""Stage 5: the extract of the order's kind, and nothing that the approval does not name."""

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from extracts.identified import CohortRows, Extract, begin_identified
from extracts.package import DataDictionary, check_formats
from extracts.rows import ContentScan, ScanReport, check_content
from extracts.rows import compute as pc
from extracts.shares import Checks, Looked
from pipelines import registers
from pipelines.release import content
from pipelines.release.approved import ApprovedRelease
from pipelines.release.context import ReleaseContext
from pipelines.release.given_rows import digest_of
from pipelines.release.stages.stage import Product
from pipelines.release.staging import FactValue, Staging
from systems import database


def make_extract(context: ReleaseContext) -> Product:
    """Stage ``extract`` (and what its audit or risk report needs), by kind."""
    return _MAKERS[context.order.kind](context)


def _identified(context: ReleaseContext) -> Product:
    approved, staging = context.approved, context.staging
    system, rows = approved.system, approved.rows
    index, stored = context.index, None
    if index is not None:
        links = staging.read("review", "settled")
        stored = registers.released_of(index, system, rows, links, context.ahead)
    connect = context.snapshot.connect if index is None else database.connect
    with connect(context.threads) as con:
        staging.view(con, "intake", "supplied", "supplied")
        staging.view(con, "intake", "attempted", "attempted")
        staging.view(con, "review", "settled", "links")
        made = begin_identified(con, system, rows, context.ids, stored)
    batches = staging.batches("intake", "supplied")
    supplied = (pa.Table.from_batches([batch]) for batch in batches)
    parts = made.shares(supplied, context.session.settings.cluster.shard_rows)
    checks = _checks(approved, made.schema)
    # Without a file for a statistics program there is little but reading and writing, which stays here either way.
    workers = context.workers() if checks.formats else None
    looked = workers.extract(parts, checks) if workers else (checks.work(one) for one in parts)
    path, scanned = _stage_rows(staging, looked, made.schema)
    return _product(context, made, path, scanned)


def _deidentified(context: ReleaseContext) -> Product:
    rows = content.make_rows(context)
    table = rows.extract.table
    checks = _checks(context.approved, table.schema)
    path, scanned = _stage_rows(
        context.staging, (checks.look(one) for one in [table]), table.schema
    )
    return _product(
        context,
        rows.extract,
        path,
        scanned,
        rows_digest=digest_of(table),
        risk=rows.report.as_json(),
        limit=context.approved.row_limit.as_json(),
        within_limit=rows.within,
        suppressed=dict(rows.suppressed) if rows.suppressed is not None else None,
        values={name: one.as_json() for name, one in rows.values.items()},
        withheld=dict(rows.withheld),
    )


def _stage_rows(
    staging: Staging, parts: Generator[Looked], schema: "pa.Schema"
) -> tuple[Path, ScanReport]:
    """Stage an extract part by part, as each was looked at: the file appears only where all is well."""
    scan = ContentScan()

    def batches() -> Iterator[pa.RecordBatch]:
        for part in parts:
            scan.add(part.rows, part.hits)
            yield from part.rows.combine_chunks().to_batches()
        check_content(scan.report)

    with closing(parts):
        return staging.write("extract", "extract", batches(), schema), scan.report


def _product(
    context: ReleaseContext,
    made: Extract | CohortRows,
    path: Path,
    scanned: ScanReport,
    **facts: FactValue,
) -> Product:
    rows, individuals = scanned.rows, made.persons
    context.note("extract_made", rows=rows, individuals=individuals)
    return Product(
        (path,),
        {
            "rows": rows,
            "individuals": individuals,
            "counts": dict(made.counts),
            "supplied": list(made.supplied),
            "scanned": scanned.columns,
            **facts,
        },
    )


def _checks(approved: ApprovedRelease, schema: "pa.Schema") -> Checks:
    """What rows are looked at for; an ordered file format decides what they can be."""
    formats = approved.order.formats
    described = content.data_dictionary(approved, schema) if formats else DataDictionary("", ())
    return Checks(formats, described)


def _aggregated(context: ReleaseContext) -> Product:
    found, staging = content.make_aggregate(context), context.staging
    made = found.made
    checks = _checks(context.approved, made.table.schema)
    check_formats(checks.formats, checks.dictionary, made.table)
    files = (
        staging.write("extract", "extract", made.table),
        staging.write("extract", "cells", made.cells),
        staging.write("extract", "explanation", made.explanation),
    )
    revised = [y for y, one in made.closed.items() if one.how == "revised"]
    frozen = [one.reason for one in made.closed.values() if one.how == "frozen"]
    noise = context.approved.noise
    by_noise: dict[str, Any] = {"method": noise.method} if noise else {}
    rows, hidden = made.table.num_rows, _count(made.table["status"], "suppressed")
    context.note(
        "extract_made",
        rows=rows,
        cells=rows,
        hidden=hidden,
        years_revised=len(revised),
        years_frozen=len(frozen),
        **by_noise,
        reasons=tuple(sorted(set(frozen))),
    )
    return Product(
        files,
        {
            "rows": rows,
            "hidden": hidden,
            "dims": list(found.dims),
            "primary": _count(made.explanation["reason"], "primary"),
            "secondary": _count(made.explanation["reason"], "secondary"),
            "falls": len(made.audit.falls),
            "audited_cells": made.audit.cells,
            "programmes": made.audit.programmes,
            "earlier_tables": found.earlier,
            "frozen_years": list(made.frozen),
            "revised_years": sorted(revised),
            "closed_years": content.describe_closed_years(made.closed),
            "exact": made.exact,
            "county_exempt": made.exempt,
            "proposals": found.proposals,
        },
    )


def _count(column: "pa.ChunkedArray", value: str) -> int:
    return int(pc.sum(pc.equal(column, value)).as_py() or 0)


_MAKERS: Mapping[str, Callable[[ReleaseContext], Product]] = {
    "identified": _identified,
    "deidentified": _deidentified,
    "aggregated": _aggregated,
}
