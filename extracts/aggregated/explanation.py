"""The Department's explanation of an aggregated table: why each hidden cell is hidden, how well.

It is kept with the release's reports and never packaged. It repeats what is published and says of
every hidden cell primary or secondary and the interval that an attacker is left with, and holds no
true value of a hidden cell.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from extracts.aggregated.history import counted_in
from extracts.suppression import (
    AuditReport,
    CellTable,
    Labels,
    MapCell,
    PublishedRow,
    SuppressionPolicy,
    heat_map_page,
)


@dataclass(frozen=True)
class Explanation:
    """What is kept.

    Attributes:
        page: the heat map, HTML.
        cells: CSV of the hidden cells: dimensions, ``reason``, ``low``, ``high`` (empty without bound).
    """

    page: str
    cells: str


def explain(
    table: pa.Table,
    reasons: pa.Table,
    dims: Sequence[str],
    *,
    title: str,
    facts: Mapping[str, object],
    exact: bool,
) -> Explanation:
    """Return the explanation of a published table.

    Args:
        table: as it leaves: dimensions with labels, the count of records, ``status``.
        reasons: hidden cells with ``reason``, ``low``, ``high``. Cells of closed years, which went out
            as they had been published, need not be among them.
        dims: the dimensions.
        title: of the project.
        facts: what stands above the map.
        exact: whether the intervals are exact.
    """
    counted = counted_in(table)
    why = {tuple(str(row[d]) for d in dims): row for row in reasons.to_pylist()}
    cells: dict[Labels, MapCell] = {}
    names: dict[str, dict[str, str]] = {d: {} for d in dims}
    for row in table.to_pylist():
        labels = tuple(str(row[d]) for d in dims)
        for dim, code in zip(dims, labels, strict=True):
            names[dim].setdefault(code, str(row.get(f"{dim}_label") or code))
        cells[labels] = _cell(row[counted], why.get(labels))
    names["year"] = {}  # a year is its own name
    page = heat_map_page(dims, cells, title=title, facts=facts, names=names, exact=exact)
    return Explanation(page, _listed(reasons, dims))


def explained(
    counted: CellTable,
    rows: Sequence[PublishedRow],
    report: AuditReport,
    policy: SuppressionPolicy,
    plural: str,
) -> pa.Table:
    """Hidden cells with their true values, the reason, and what the attacker is left with.

    For staging alone. Cells of closed years are among them: the reason is what holds now.
    """
    names = [d.name for d in counted.dims]
    columns: dict[str, list[object]] = {
        n: [] for n in (*names, plural, "persons", "reason", "low", "high")
    }
    orders, persons = counted.counts.ravel(), counted.people.ravel()
    at = {labels: place for place, labels in enumerate(counted.labels())}
    for row in rows:
        if row.count is not None:
            continue
        place, bounds = at[row.labels], report.bounds[row.labels]
        people = int(persons[place])
        small = people < policy.threshold and (people > 0 or policy.zeros == "hidden")
        reason = "primary" if small else "secondary"
        values = (*row.labels, int(orders[place]), people, reason, bounds.low, bounds.high)
        for column, value in zip(columns.values(), values, strict=True):
            column.append(value)
    text = pa.string()
    types = {**dict.fromkeys(names, text), "reason": text}
    return pa.table({n: pa.array(v, types.get(n, pa.int64())) for n, v in columns.items()})


def _cell(orders: int | None, why: Mapping[str, object] | None) -> MapCell:
    if orders is not None:
        return MapCell("published", orders) if orders else MapCell("zero")
    if why is None:
        return MapCell("hidden")
    low, high = why["low"], why["high"]
    state = "primary" if why["reason"] == "primary" else "secondary"
    return MapCell(
        state,
        low=None if low is None else int(str(low)),
        high=None if high is None else int(str(high)),
    )


def _listed(reasons: pa.Table, dims: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [*dims, "reason", "low", "high"]
    writer.writerow(columns)
    for row in reasons.select(columns).to_pylist():
        writer.writerow(["" if value is None else value for value in row.values()])
    return out.getvalue()
