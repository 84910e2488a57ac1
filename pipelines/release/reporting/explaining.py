"""Keeps the explanation of an aggregated release with its reports, and says what is mostly hidden."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from extracts.aggregated import explain
from pipelines.home import write_private
from pipelines.release.content import closed_years

if TYPE_CHECKING:
    from pipelines.release.context import Context

PAGE, CELLS = "explanation.html", "explanation.csv"


def keep(context: "Context") -> None:
    """Write the page and the list of hidden cells beside the reports (0600); nothing is packaged."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    made = explain(
        context.staged("extract", "extract"),
        context.staged("extract", "explanation"),
        cast("list[str]", extract["dims"]),
        title=f"{context.title} ({context.release})",
        facts={
            "Cells": f"{extract['rows']:,}",
            "Published": f"{extract['rows'] - extract['hidden']:,}",
            "Hidden as small": f"{extract['primary']:,}",
            "Hidden to protect them": f"{extract['secondary']:,}",
            "Threshold": f"{context.settings.disclosure.threshold} persons (§ 964(f)(2), by policy)",
            "Earlier tables attacked together": len(extract["earlier_tables"]),
            "Years published as before": ", ".join(map(str, extract["frozen_years"])) or "none",
            **closed_years.in_words(closed_years.of_release(context)),
        },
        exact=bool(extract.get("exact", False)),
    )
    context.report_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(context.report_folder / PAGE, made.page)
    write_private(context.report_folder / CELLS, made.cells)


def digest(context: "Context") -> str:
    """Keyed digest of the page, so that the report that is approved pins it."""
    return context.keyring.digest("explanation", (context.report_folder / PAGE).read_bytes())
