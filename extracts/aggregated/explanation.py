"""The Department's explanation of an aggregated table: why each hidden cell is hidden, how well.

It is kept with the release's reports and never packaged. It repeats what is published and says of
every hidden cell primary or secondary and the interval that an attacker is left with, and holds no
true value of a hidden cell.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa

from extracts import suppression as sdc
from extracts.aggregated.history import counted_in


class Explanation(NamedTuple):
    """What is kept: the heat map (HTML), and the hidden cells as CSV.

    Columns of the CSV: dimensions, ``reason``, ``low``, ``high`` (empty without bound).
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
    cells: dict[sdc.Labels, sdc.MapCell] = {}
    names: dict[str, dict[str, str]] = {d: {} for d in dims}
    for row in table.to_pylist():
        labels = tuple(str(row[d]) for d in dims)
        for dim, code in zip(dims, labels, strict=True):
            names[dim].setdefault(code, str(row.get(f"{dim}_label") or code))
        cells[labels] = _cell(row[counted], why.get(labels))
    names["year"] = {}  # a year is its own name
    page = sdc.heat_map_page(dims, cells, title=title, facts=facts, names=names, exact=exact)
    return Explanation(page, _listed(reasons, dims))


def explained(
    counted: sdc.CellTable,
    rows: Sequence[sdc.PublishedRow],
    report: sdc.AuditReport,
    policy: sdc.SuppressionPolicy,
    plural: str,
) -> pa.Table:
    """Hidden cells with their true values, the reason, and what the attacker is left with.

    For staging alone. Cells of closed years are among them: the reason is what holds now.
    """
    texts = {d.name: pa.string() for d in counted.dims}
    numbers = {plural: pa.int64(), "persons": pa.int64()}
    left = {"reason": pa.string(), "low": pa.int64(), "high": pa.int64()}
    true = zip(counted.counts.ravel().tolist(), counted.people.ravel().tolist(), strict=True)
    at = dict(zip(counted.labels(), true, strict=True))
    found: list[dict[str, object]] = []
    schema = pa.schema(texts | numbers | left)
    for labels in (row.labels for row in rows if row.count is None):
        (orders, people), bounds = at[labels], report.bounds[labels]
        small = people < policy.threshold and (people > 0 or policy.zeros == "hidden")
        reason = "primary" if small else "secondary"
        values = (*labels, orders, people, reason, bounds.low, bounds.high)
        found.append(dict(zip(schema.names, values, strict=True)))
    return pa.Table.from_pylist(found, schema)


def _cell(orders: int | None, why: Mapping[str, object] | None) -> sdc.MapCell:
    if orders is not None:
        return sdc.MapCell("published", orders) if orders else sdc.MapCell("zero")
    if why is None:
        return sdc.MapCell("hidden")
    low, high = (None if v is None else int(str(v)) for v in (why["low"], why["high"]))
    return sdc.MapCell("primary" if why["reason"] == "primary" else "secondary", low=low, high=high)


def _listed(reasons: pa.Table, dims: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = [*dims, "reason", "low", "high"]
    writer.writerow(columns)
    for row in reasons.select(columns).to_pylist():
        writer.writerow(["" if value is None else value for value in row.values()])
    return out.getvalue()
