"""Charts of the Department's edition, from what the stages recorded and the extract itself: counts and shares, no person's value.

Of a cohort how links fall on groups and thresholds; of rows what was missing before and after suppression; of a table its years and
counties, as they are published.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any, cast

from approvals.custody import MAKING
from expectations.report import Chart, ChartRow
from extracts.publications import read_published
from pipelines.release.context import ReleaseContext

_LEAST = 10  # rows of a group that is drawn
_Z = 1.96  # of a 95 % interval


def charts(context: ReleaseContext) -> tuple[Chart, ...]:
    """The charts of a release of its kind; none of what there is nothing to draw."""
    return tuple(one for one in _MAKERS[context.order.kind](context) if one is not None)


# ------------------------------------------------------------------ identified


def _identified(context: ReleaseContext) -> tuple[Chart | None, ...]:
    match = cast("Mapping[str, Any]", context.facts("match"))
    return _by_group(match), _threshold(match, context.session.settings.linkage.threshold)


def _by_group(match: Mapping[str, Any]) -> Chart | None:
    """Share of each group's rows that are linked, before review, with Wilson's interval."""
    attempted = int(match["attempted"])
    rows = [_rate_row("all rows", int(match["linked"]), attempted, None)]
    for column, groups in match.get("groups", {}).items():
        for one in groups:
            if (n := int(one["rows"])) >= _LEAST:
                label = f"{column.replace('_', ' ')}: {one['group'] or 'empty'}"
                linked = round(float(one["linked"]) * n)
                rows.append(_rate_row(label, linked, n, float(one["missed"])))
    if len(rows) == 1 or not attempted:
        return None
    return Chart(
        id="linkage-by-group",
        kind="rates",
        title="Linked rows by group",
        heads=("Group", "linked", "low", "high", "rows", "expected missed"),
        units=("share", "share", "share", "count", "share"),
        rows=tuple(rows),
        note="Before review; 95 % intervals. The line is the share of all rows. Groups of fewer than ten rows stand together.",
    )


def _rate_row(label: str, linked: int, rows: int, missed: float | None) -> ChartRow:
    low, high = wilson(linked, rows)
    return ChartRow(label=label, values=(linked / max(rows, 1), low, high, rows, missed))


def wilson(some: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share after Wilson (1927): it stays inside 0 and 1, and is no point at either."""
    if whole <= 0:
        return 0.0, 1.0
    share, square = some / whole, _Z * _Z / whole
    middle = (share + square / 2) / (1 + square)
    reach = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    return round(max(0.0, middle - reach), 6), round(min(1.0, middle + reach), 6)


def _threshold(match: Mapping[str, Any], used: float) -> Chart | None:
    points = match.get("curve", ())
    if not points:
        return None
    rows = tuple(
        ChartRow(
            label=f"{one['threshold']:g}",
            values=(one["links"], one["false_match_rate"], one["missed_match_rate"]),
        )
        for one in points
    )
    return Chart(
        id="threshold",
        kind="lines",
        title="Links and expected errors by threshold",
        heads=("Threshold", "links", "expected false", "expected missed"),
        units=("count", "share", "share"),
        rows=rows,
        note=f"If every pair above it were linked; this release used {used:g}.",
    )


# ------------------------------------------------------------------ de-identified


def _deidentified(context: ReleaseContext) -> tuple[Chart | None, ...]:
    rows, missing = missing_values(context)
    changed = {name: one for name, one in missing.items() if one[0] != one[1]}
    if not changed or not rows:
        return (None,)
    furthest = sorted(changed, key=lambda name: changed[name][0] - changed[name][1])
    chart = Chart(
        id="missingness",
        kind="paired",
        title="Missing values before and after suppression",
        heads=("Column", "missing before", "missing after"),
        units=("share", "share"),
        rows=tuple(
            ChartRow(label=name, values=(changed[name][0] / rows, changed[name][1] / rows))
            for name in furthest
        ),
        note="Of the rows that are released; columns that lost nothing are left out.",
    )
    return (chart,)


def missing_values(context: ReleaseContext) -> tuple[int, dict[str, tuple[int, int]]]:
    """Rows of the extract, and of each column that could be emptied how many values were missing before and are now."""
    extract = cast("Mapping[str, Any]", context.facts("extract"))
    cells: Mapping[str, int] = (extract.get("suppressed") or {}).get("cells", {})
    table = context.staging.read("extract", "extract")
    after = {name: table[name].null_count for name in cells if name in table.column_names}
    return table.num_rows, {n: (max(0, now - int(cells[n])), now) for n, now in after.items()}


# ------------------------------------------------------------------ aggregated


def _aggregated(context: ReleaseContext) -> tuple[Chart | None, ...]:
    return _years(context), _counties(context)


def year_totals(context: ReleaseContext) -> dict[str, int | None]:
    """Records of each year over everything else, as they are published; None where hidden."""
    counted = context.approved.system.record.plural
    return {str(row["year"]): row[counted] for row in _totals(context, "year")}


def _totals(context: ReleaseContext, *open_dims: str) -> list[dict[str, Any]]:
    """The published cells in which every other dimension is its total; of what has left, as it stands in the history.

    Looked at one by one: Arrow's comparisons bring pandas with them, which a desk has no use for.
    """
    dims = cast("list[str]", context.facts("extract")["dims"])
    if context.release in context.published_releases():
        [table] = read_published(context.history, {context.release})
    else:
        table = context.staging.read("extract", "extract")
    columns = {name: table[name].to_pylist() for name in table.column_names}
    others = [columns[dim] for dim in dims if dim not in open_dims]
    return [
        {name: values[n] for name, values in columns.items()}
        for n in range(table.num_rows)
        if all(str(values[n]) == "TOTAL" for values in others)
    ]


def _years(context: ReleaseContext) -> Chart | None:
    counted = context.approved.system.record.plural
    if "year" not in cast("list[str]", context.facts("extract")["dims"]):
        return None
    cells = sorted(_totals(context, "year"), key=lambda row: row["year"])
    measures = [name for name in (counted, "persons") if cells and name in cells[0]]
    rows = tuple(
        ChartRow(label=str(row["year"]), values=tuple(row[name] for name in measures))
        for row in cells
    )
    if len(rows) < 2:
        return None
    return Chart(
        id="counts-by-year",
        kind="lines",
        title="Counts by year",
        heads=("Year", *measures),
        units=("count",) * len(measures),
        rows=rows,
        note="As published, over everything else; a gap is hidden.",
    )


def _counties(context: ReleaseContext) -> Chart | None:
    """The counties of the last year."""
    return next(reversed(county_charts(context).values()), None)


def county_charts(context: ReleaseContext) -> dict[int, Chart]:
    """The counties of each year, over everything else, as they are or would be published; none where no county is told."""
    system, dims = (
        context.approved.system,
        cast("list[str]", context.facts("extract").get("dims", [])),
    )
    described = system.release.aggregated
    county = next((d for d in dims if described.dimension(d).codes == "county"), None)
    there = context.release in context.published_releases() or context.state.status in MAKING
    if county is None or "year" not in dims or not there:
        return {}
    known = set(system.code_list("county").values)
    counted = system.record.plural
    found = dict[int, list[ChartRow]]()
    for row in _totals(context, "year", county):
        if row[county] in known:
            label = str(row.get(f"{county}_label") or row[county])
            one = ChartRow(label=label, key=row[county], values=(row[counted],))
            found.setdefault(row["year"], []).append(one)
    return {
        year: Chart(
            id="counties",
            kind="tiles",
            title=f"Counties, {year}",
            heads=("County", counted),
            units=("count",),
            rows=tuple(rows),
            note="As published. A tile a county, the darker the larger; an asterisk is hidden.",
        )
        for year, rows in sorted(found.items())
    }


_MAKERS = {"identified": _identified, "deidentified": _deidentified, "aggregated": _aggregated}
