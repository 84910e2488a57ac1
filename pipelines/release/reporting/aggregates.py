"""What the report says of an aggregated table: counts of cells, a map of what is hidden."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from expectations.report import Fact, HiddenMap, Item
from pipelines.release.content import closed_years
from pipelines.release.reporting import explaining

if TYPE_CHECKING:
    from pipelines.release.context import Context

_ROWS, _COLUMNS = 60, 12  # what still reads as a map on paper


def shown(context: "Context") -> dict[str, Any]:
    """Facts, maps and outputs of an aggregated release."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    table = context.staged("extract", "extract")
    explanation = context.staged("extract", "explanation")
    cells, hidden = table.num_rows, int(extract["hidden"])
    facts = (
        Fact(label="Cells", value=cells, group="cells"),
        Fact(label="Published", value=cells - hidden, group="cells"),
        Fact(label="Hidden", value=hidden, group="cells"),
        Fact(label="Hidden as small", value=extract["primary"], audience="department"),
        Fact(label="Hidden to protect them", value=extract["secondary"], audience="department"),
        Fact(
            label="Programmes solved by the audit",
            value=extract["programmes"],
            audience="department",
        ),
        Fact(
            label="Earlier tables audited together",
            value=len(extract["earlier_tables"]),
            audience="department",
        ),
        Fact(
            label=f"{explaining.PAGE} and {explaining.CELLS} stand beside this report; keyed digest",
            value=explaining.digest(context),
            audience="department",
        ),
    )
    closed = closed_years.in_words(closed_years.of_release(context))
    facts += tuple(
        Fact(label=year, value=said) for year, said in closed.items() if said.startswith("revised")
    )
    facts += tuple(
        Fact(label=year, value=said, audience="department")
        for year, said in closed.items()
        if not said.startswith("revised")
    )
    outputs = (
        Item(
            text=f"No category stands for fewer than {context.settings.disclosure.threshold} persons",
            section="§ 964(f)(2)",
            source="policy",
        ),
        Item(
            text="The audit attacked the table with all that was published before: no hidden cell"
            " can be shown to be small",
            status="ok" if extract["falls"] == 0 else "fail",
            section="§ 962(b)",
            source="policy",
        ),
    )
    dims, counted = cast("list[str]", extract["dims"]), context.system.record.plural
    hidden_map = _map(table, explanation, dims, counted)
    return {"facts": facts, "maps": (hidden_map,) if hidden_map else (), "outputs": outputs}


def _map(table: pa.Table, explanation: pa.Table, dims: list[str], counted: str) -> HiddenMap | None:
    """The last year, the longest dimension down, another across, totals of the rest."""
    others = [dim for dim in dims if dim != "year"]
    if len(others) < 2:
        return None
    sizes = {dim: len(set(table[dim].to_pylist())) for dim in others}
    down = max(others, key=lambda dim: sizes[dim])
    across = max((dim for dim in others if dim != down), key=lambda dim: sizes[dim])
    year = max(table["year"].to_pylist())
    reasons = {
        tuple(str(row[dim]) for dim in dims): "1" if row["reason"] == "primary" else "2"
        for row in explanation.to_pylist()
    }
    letters: dict[tuple[str, str], str] = {}
    labels: dict[str, dict[str, str]] = {down: {}, across: {}}
    for row in table.to_pylist():
        if row["year"] != year or any(row[d] != "TOTAL" for d in others if d not in {down, across}):
            continue
        for dim in (down, across):
            labels[dim][row[dim]] = str(row.get(f"{dim}_label") or row[dim])
        key = tuple(str(row[d]) for d in dims)
        letters[row[down], row[across]] = _letter(row, key, reasons, counted)
    rows, columns = list(labels[down])[:_ROWS], list(labels[across])[:_COLUMNS]
    return HiddenMap(
        title=f"What is published, {year}",
        row_dim=down,
        column_dim=across,
        row_labels=tuple(labels[down][r] for r in rows),
        column_labels=tuple(labels[across][c] for c in columns),
        cells=tuple("".join(letters.get((r, c), ".") for c in columns) for r in rows),
    )


def _letter(
    row: Mapping[str, Any],
    key: tuple[str, ...],
    reasons: Mapping[tuple[str, ...], str],
    counted: str,
) -> str:
    if row["status"] == "suppressed":
        return reasons.get(key, "h")
    return "0" if row[counted] == 0 else "p"
