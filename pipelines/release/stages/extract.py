"""Stage 5: the extract of the order's kind, and nothing that the approval does not name."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.identified import IdentifiedSpec, begin_identified
from extracts.package import check_formats
from extracts.rows import ContentScan, check_content
from extracts.rows import compute as pc
from pipelines.release import staged
from pipelines.release.content import aggregates, closed_years, deidentifying
from pipelines.release.content import package as contents
from pipelines.release.records import FactValue
from pipelines.release.stages.stage import Product

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from extracts.identified import CohortRows, Extract
    from extracts.rows import ScanReport
    from pipelines.release.context import Context


def make_extract(context: "Context") -> Product:
    """Stage ``extract`` (and what its audit or risk report needs), by kind."""
    return _MAKERS[context.order.kind](context)


def _identified(context: "Context") -> Product:
    con = context.snapshot.connect(context.threads)
    try:
        staged.view(context, con, "intake", "supplied", "supplied")
        staged.view(context, con, "intake", "attempted", "attempted")
        staged.view(context, con, "review", "settled", "links")
        spec = IdentifiedSpec(
            families=context.order_scope,
            years=context.years,
            echo_supplied=context.echo_supplied,
            released_anyway=context.released_anyway,
            columns=context.columns,
        )
        made = begin_identified(con, context.system, spec, context.ids)
    finally:
        con.close()
    batches = context.staged_parts("intake", "supplied")
    parts = made.parts(pa.Table.from_batches([batch]) for batch in batches)
    staged_at, looked_at = _staged(context, parts, made.schema)
    return _product(context, made, staged_at, looked_at)


def _deidentified(context: "Context") -> Product:
    made = deidentifying.build(context)
    extract = made.extract
    staged_at, looked_at = _staged(context, [extract.table], extract.table.schema)
    return _product(
        context,
        extract,
        staged_at,
        looked_at,
        risk=made.report.as_json(),
        limit=context.row_limit.as_json(),
        within_limit=made.within,
        suppressed=dict(made.suppressed) if made.suppressed is not None else None,
    )


def _staged(
    context: "Context", parts: "Iterable[pa.Table]", schema: "pa.Schema"
) -> "tuple[Path, ScanReport]":
    """Stage an extract part by part, each looked at: the file appears only where all is well."""
    look = ContentScan()

    def batches() -> "Iterator[pa.RecordBatch]":
        for part in parts:
            look.at(part)
            _check_formats(context, part)
            yield from part.to_batches()
        check_content(look.report)

    return context.stage_table("extract", "extract", batches(), schema), look.report


def _product(
    context: "Context",
    made: "Extract | CohortRows",
    staged_at: "Path",
    looked_at: "ScanReport",
    **facts: FactValue,
) -> Product:
    rows, individuals = looked_at.rows, made.persons
    context.note("extract_made", rows=rows, individuals=individuals)
    return Product(
        (staged_at,),
        {
            "rows": rows,
            "individuals": individuals,
            "counts": dict(made.counts),
            "supplied": list(made.supplied),
            "scanned": looked_at.columns,
            **facts,
        },
    )


def _check_formats(context: "Context", table: "pa.Table") -> None:
    """Find now, and not after the approval, what an ordered file format can't hold."""
    if context.order.formats:
        described = contents.dictionary(context, table.schema)
        check_formats(context.order.formats, described, table)


def _aggregated(context: "Context") -> Product:
    made = aggregates.build(context)
    _check_formats(context, made.table)
    files = (
        context.stage_table("extract", "extract", made.table),
        context.stage_table("extract", "cells", made.cells),
        context.stage_table("extract", "explanation", made.explanation),
    )
    revised = [y for y, one in made.closed.items() if one.how == "revised"]
    frozen = [one.reason for one in made.closed.values() if one.how == "frozen"]
    hidden = int(pc.sum(pc.equal(made.table["status"], "suppressed")).as_py() or 0)
    context.note(
        "extract_made",
        rows=made.table.num_rows,
        cells=made.table.num_rows,
        hidden=hidden,
        years_revised=len(revised),
        years_frozen=len(frozen),
        reasons=tuple(sorted(set(frozen))),
    )
    return Product(
        files,
        {
            "rows": made.table.num_rows,
            "hidden": hidden,
            "dims": list(made.dims),
            "primary": made.primary,
            "secondary": made.secondary,
            "falls": len(made.audit.falls),
            "audited_cells": made.audit.cells,
            "programmes": made.audit.programmes,
            "earlier_tables": made.earlier,
            "frozen_years": list(made.frozen),
            "revised_years": sorted(revised),
            "closed_years": closed_years.told(made.closed),
            "exact": made.exact,
            "county_exempt": made.exempt,
            "proposals": made.proposals,
        },
    )


_MAKERS: Mapping[str, "Callable[[Context], Product]"] = {
    "identified": _identified,
    "deidentified": _deidentified,
    "aggregated": _aggregated,
}
