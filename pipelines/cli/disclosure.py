"""``suppress``, ``audit`` and ``rates``: disclosure control alone, on any additive table."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errors.coded import Exit
from pipelines.cli.console import CONSOLE, command, emit, hint, show, show_pairs
from pipelines.errors import OptionsDisagree

if TYPE_CHECKING:
    from extracts.suppression import Zeros as ZerosPolicy

Dims = Annotated[str, typer.Option("--dims", metavar="a,b", help="The dimensions, by comma.")]
Count = Annotated[str, typer.Option("--count", metavar="c", help="The column of counts.")]
Persons = Annotated[
    str | None, typer.Option("--persons", metavar="p", help="The column of distinct persons.")
]
Threshold = Annotated[
    int, typer.Option("--threshold", min=2, help="Persons below which a cell is hidden.")
]
Zeros = Annotated[str, typer.Option("--zeros", help="published or hidden.")]
With = Annotated[
    list[Path] | None,
    typer.Option("--with", metavar="EARLIER.csv", help="A table published before."),
]

Hierarchy = Annotated[
    list[str] | None,
    typer.Option("--hierarchy", metavar="DIM=FILE", help="A CSV with child,parent by row."),
]


@command
def suppress(
    cells: Annotated[Path, typer.Argument(help="Cells, CSV or Parquet; margins say TOTAL.")],
    dims: Dims,
    count: Count,
    out: Annotated[Path, typer.Option("--out", metavar="OUT.csv")],
    persons: Persons = None,
    threshold: Threshold = 10,
    zeros: Zeros = "published",
    hierarchy: Hierarchy = None,
    linked: Annotated[
        list[Path] | None,
        typer.Option("--linked", metavar="OTHER.csv", help="Another table of the same set."),
    ] = None,
    earlier: With = None,
    explain: Annotated[
        Path | None,
        typer.Option("--explain", help="Primary, secondary, intervals: for the Department alone."),
    ] = None,
    clean_up: Annotated[
        int | None,
        typer.Option(
            "--clean-up",
            metavar="N",
            min=0,
            help="Linear programmes spent on hiding fewer cells: 0 for none, 5000 by default.",
        ),
    ] = None,
    heat_map: Annotated[
        Path | None,
        typer.Option("--heat-map", metavar="F.html", help="A page of the same; needs --explain."),
    ] = None,
) -> None:
    """Hide small cells and as few others as needed.

    Nothing is written unless the audit, which attacks the result, gets no small cell back. Where
    most is hidden, coarser tables are proposed.
    """
    from extracts.suppression import proposals_for, suppress_file, write_heat_map

    if heat_map is not None and explain is None:
        raise OptionsDisagree(option="--heat-map needs --explain")

    outcome = suppress_file(
        cells,
        dims=_names(dims),
        count=count,
        persons=persons,
        threshold=threshold,
        zeros=_zeros(zeros),
        clean_programmes=clean_up,
        hierarchy=_hierarchies(hierarchy or []),
        linked=linked or [],
        earlier=earlier or [],
        out=out,
        explain=explain,
    )
    written = [str(path) for path in outcome.written]
    if heat_map is not None and explain is not None:
        write_heat_map(out, explain, _names(dims), count, heat_map, threshold=threshold)
        written.append(str(heat_map))
    facts: dict[str, object] = {
        "cells": outcome.cells,
        "not zero": outcome.nonzero,
        "hidden as small": outcome.primary,
        "hidden to protect them": outcome.secondary,
        "programmes solved": outcome.programmes,
        "cells that fall": len(outcome.report.falls),
        "written": written,
    }
    proposals = proposals_for(
        outcome, cells, _names(dims), count, persons, _hierarchies(hierarchy or []),
        threshold=threshold, zeros=_zeros(zeros),
    )  # fmt: skip
    if proposals:
        facts["coarser tables"] = [one.as_json() for one in proposals]
    show_pairs("Suppression", facts)
    if proposals:
        hint("Most is hidden. A coarser table publishes at least what is shown here; persons of cells "
             "put together are counted at their lower bound.")  # fmt: skip


@command
def audit(
    table: Annotated[
        Path, typer.Argument(help="A published table, CSV or Parquet; hidden cells are empty.")
    ],
    dims: Dims,
    count: Count,
    persons: Persons = None,
    threshold: Threshold = 10,
    zeros: Zeros = "published",
    hierarchy: Hierarchy = None,
    earlier: With = None,
) -> None:
    """Attack a published table; exit 4 when a cell falls."""
    from extracts.suppression import audit_file

    report = audit_file(
        table,
        dims=_names(dims),
        count=count,
        persons=persons,
        threshold=threshold,
        zeros=_zeros(zeros),
        hierarchy=_hierarchies(hierarchy or []),
        earlier=earlier or [],
    )
    falls = [
        {
            "cell": dict(zip(_names(dims), fall.labels, strict=False)),
            "how": fall.how,
            "measure": fall.measure,
            "low": fall.low,
            "high": fall.high,
            "table": fall.table,
        }
        for fall in report.falls
    ]
    facts: dict[str, object] = {
        "cells": report.cells,
        "hidden": report.hidden,
        "programmes": report.programmes,
        "threshold": report.threshold,
        "falls": falls,
    }
    if CONSOLE.json:
        emit(facts)
    else:
        show_pairs("Audit", facts | {"falls": len(falls)})
        if falls:
            rows = [(" · ".join(f.labels), f.how, f.measure, f.low, f.high) for f in report.falls]
            show("Cells that fall", ("cell", "how", "of", "at least", "at most"), rows, falls)
    if report.falls:
        raise typer.Exit(int(Exit.FAILED))


@command
def rates(
    table: Annotated[Path, typer.Argument(help="A published table, as suppress writes it.")],
    dims: Dims,
    count: Count,
    out: Annotated[Path, typer.Option("--out", metavar="OUT.csv")],
    percent_of: Annotated[
        str | None,
        typer.Option(
            "--percent-of", metavar="a", help="Per cent of the TOTAL over this dimension."
        ),
    ] = None,
    population: Annotated[
        Path | None,
        typer.Option("--population", metavar="F.csv", help="Dimensions and population."),
    ] = None,
    per: Annotated[int, typer.Option("--per", min=1, help="Inhabitants of a rate.")] = 100_000,
) -> None:
    """Add percentages and rates to a published table.

    They are derived from published counts alone: where one is hidden, what would need it is empty.
    """
    from extracts.suppression import derive_file

    if percent_of is None and population is None:
        raise OptionsDisagree(option="one of --percent-of and --population")
    made = derive_file(
        table,
        dims=_names(dims),
        count=count,
        percent_of=percent_of,
        population=population,
        per=per,
        out=out,
    )
    show_pairs("Rates", made | {"written": str(out)})


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise OptionsDisagree(option="--dims names no column")
    return names


def _zeros(text: str) -> "ZerosPolicy":
    if text == "published" or text == "hidden":  # narrows the type
        return text
    raise OptionsDisagree(option="--zeros is published or hidden")


def _hierarchies(items: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for item in items:
        name, equals, path = item.partition("=")
        if not equals or not name or not path:
            raise OptionsDisagree(option="--hierarchy wants DIM=FILE")
        found[name] = Path(path)
    return found


def attach(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("suppress")(suppress)
    app.command("audit")(audit)
    app.command("rates")(rates)
