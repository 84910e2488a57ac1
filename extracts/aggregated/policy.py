"""Switches of aggregated releases that change what may stand beside what.

County exemption: § 964(f)(2) names geographic information "other than state and county-level
information", which some read as leaving counts by county alone out of the rule. It is none by
default. Where policy switches it on, it holds for a table by county and year alone, and only as long as
nothing else of those years has gone out: a published county total of 3 proves that every cell
beneath it is small. A stratified table that comes later is protected together with the county
totals, and refused where they determine a small cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from extracts.aggregated.cells import YEAR
from extracts.aggregated.errors import CountyExemptRefused, RolesMixed
from extracts.suppression import AuditReport, PublishedTable

COUNTY = "county"
COUNTED = "counted"  # in a table's scope: whose persons it counts, where not the released role's


def check_beside(
    before: Sequence[PublishedTable],
    years: Sequence[int],
    dims: Sequence[str],
    scope: Mapping[str, tuple[str, ...]],
    *,
    exempt: bool,
) -> None:
    """Refuse a table that may not stand beside an earlier one of the same years.

    Raises:
        RolesMixed: an earlier one counts other persons.
        CountyExemptRefused: county totals are to be exempt, and another table has gone out.
    """
    wanted = {str(year) for year in years}
    overlapping = [table for table in before if _years(table) & wanted]
    mixed = [t for t in overlapping if t.scope.get(COUNTED) != scope.get(COUNTED)]
    if mixed:
        raise RolesMixed(tables=len(mixed))
    others = [t for t in overlapping if t.dims != tuple(dims) or dict(t.scope) != dict(scope)]
    if exempt and others:
        raise CountyExemptRefused(tables=len(others))


def but_shown(report: AuditReport) -> AuditReport:
    """The same attack without the small values that policy lets stand in the open."""
    return replace(report, falls=tuple(fall for fall in report.falls if fall.how != "shown"))


def _years(table: PublishedTable) -> set[str]:
    axis = table.dims.index(YEAR)
    return {row.labels[axis] for row in table.rows}
