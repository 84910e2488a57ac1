"""Aggregated data (11 CCR 962(b)): counted, suppressed, audited, beside all that went out before.

A year that was published with the same dimensions and scope is closed: it goes out again as it
was, but where late records may revise it (see ``closed_years``). What is published in another
grouping is protected together with every earlier table, whose values are constants for the attacker.

County exemption: § 964(f)(2) names geographic information "other than state and county-level
information", which some read as leaving counts by county alone out of the rule. It is none by
default. Where policy switches it on, it holds for a table by county and year alone, and only as long
as nothing else of those years has gone out: a published county total of 3 proves that every cell
beneath it is small. A stratified table that comes later is protected together with the county
totals, and refused where they determine a small cell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from extracts import suppression as sdc
from extracts.aggregated import tabulation
from extracts.aggregated.atoms import codebook_of
from extracts.aggregated.closed_years import ClosedYear, closed_year
from extracts.aggregated.explanation import explained
from extracts.aggregated.history import from_arrow, to_arrow
from extracts.errors import (
    CountyExemptRefused,
    LevelsTogetherRefused,
    MethodsMixed,
    RolesMixed,
)
from extracts.perturbation import PERTURBED
from systems.description import BETWEEN, System

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True, eq=False)
class Aggregate:
    """An aggregated extract.

    Attributes:
        table: what leaves: dimensions with labels, the count of records, ``persons``, ``status``.
        cells: for the Department alone: every cell with its true values, before suppression.
        explanation: for the Department alone, true values included: each hidden cell with its
            reason (``primary``, ``secondary``) and the interval that the attacker is left with.
        audit: the attack on exactly this table with all earlier ones; it holds.
        exact: whether the intervals of the explanation are exact.
        closed: what became of each year that was published before, and why.
        exempt: whether county totals went out whatever their size, by policy.
    """

    table: pa.Table
    cells: pa.Table
    explanation: pa.Table
    audit: sdc.AuditReport
    closed: Mapping[int, ClosedYear]
    exact: bool = False
    exempt: bool = False

    @property
    def frozen(self) -> tuple[int, ...]:
        """Years whose published values are those of an earlier release."""
        return tuple(sorted(y for y, one in self.closed.items() if one.how != "revised"))


def build_aggregate(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: tabulation.AggregateSpec,
    policy: sdc.SuppressionPolicy,
    earlier: Sequence[pa.Table] = (),
    *,
    county_exempt: bool = False,
    revise: bool = True,
    progress: sdc.Progress | None = None,
) -> Aggregate:
    """Make an aggregated extract that may leave.

    Args:
        con: connection to a snapshot.
        system: the data system.
        spec: years, scope, dimensions.
        policy: threshold and zeros.
        earlier: every table that was ever published from this system, to whomever.
        county_exempt: whether a table by county and year alone goes out whatever its counts are.
        revise: whether late records may revise a closed year where no small group shows.
        progress: called with stage, done, of.

    Raises:
        YearNotFullError: a year that is not full.
        RevisedError: an open value of an earlier table in another grouping is another one now.
        CannotProtectError: earlier tables already determine a small cell.
        AuditFellError: the audit got cells back.
        CountyExemptRefused: another table of these years has gone out.
        RolesMixed: a table of these years that counts other persons has gone out.
        LevelsTogetherRefused: one that has these levels apart, or otherwise together.
        MethodsMixed: a perturbed table of these records has gone out.
        CodedError: see ``tabulate`` and ``suppress``.
    """
    before = [from_arrow(t) for t in earlier]
    book = codebook_of(system, before)
    counted = tabulation.tabulate(con, system, spec)
    names = tuple(d.name for d in counted.dims)
    scope = scope_of(system, spec, names)
    exempt = county_exempt and set(names) == {tabulation.YEAR, COUNTY}
    check_earlier_tables(before, spec.all_years, names, scope, exempt=exempt)
    check_levels(before, spec.all_years, counted)
    check_methods(system, before, spec, scope)
    before = exact_tables(before)
    closed = closed_years(counted, before, scope, policy, revise=revise)
    rows: list[sdc.PublishedRow] = []
    reports: list[sdc.AuditReport] = []
    fresh = [y for y in spec.all_years if y not in closed]
    share = replace(policy, clean_programmes=policy.clean_programmes // max(1, len(fresh)))
    jobs = [
        sdc.Job(
            tabulation.one_year(counted, str(year)),
            share,
            tabulation.published_in(before, str(year)),
            scope,
            book,
        )
        for year in fresh
    ]  # years share no record, so that each is a table of its own
    for pattern in [] if exempt else sdc.suppress_all(jobs, progress=progress):
        rows += pattern.published().rows
        reports.append(pattern.report)
    shown = [sdc.publish(job.table, np.zeros(job.table.shape, bool), scope) for job in jobs]
    for shown_table in [*(shown if exempt else []), *(one.table for one in closed.values())]:
        rows += shown_table.rows
        found = sdc.audit_table(
            shown_table, threshold=policy.threshold, zeros=policy.zeros, progress=progress
        )
        reports.append(without_shown(found) if exempt else found)
    whole = _merge(reports, policy.threshold)
    if not whole.holds:
        raise sdc.AuditFellError(cells=len(whole.falls))
    order = {labels: i for i, labels in enumerate(counted.labels())}
    rows.sort(key=lambda r: order[r.labels])
    parents = sdc.publish(counted, np.zeros(counted.shape, bool)).parents
    about = sdc.PublishedTable(names, (), parents, has_persons=True, scope=scope)
    return Aggregate(
        to_arrow(about, labels_of(system, spec), rows, system.record.plural),
        exact_cells(counted, system.record.plural),
        explained(counted, rows, whole, policy, system.record.plural),
        whole,
        closed,
        whole.complete,
        exempt,
    )


def closed_years(
    counted: sdc.CellTable,
    before: Sequence[sdc.PublishedTable],
    scope: dict[str, tuple[str, ...]],
    policy: sdc.SuppressionPolicy,
    *,
    revise: bool,
) -> dict[int, ClosedYear]:
    """What becomes of each year that was published before with the same cells."""
    found: dict[int, ClosedYear] = {}
    for year in counted.dims[0].leaves:
        every, now = tabulation.published_in(before, year), tabulation.one_year(counted, year)
        if same := [t for t in every if same_cells(t, now, scope)]:
            alone = len(same) == len(every)
            found[int(year)] = closed_year(same, now, policy, alone=alone, revise=revise)
    return found


def published_before(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: tabulation.AggregateSpec,
    policy: sdc.SuppressionPolicy,
    earlier: Sequence[pa.Table],
    *,
    revise: bool = True,
) -> dict[int, ClosedYear]:
    """What a release would make of years that were published before, without making one.

    Raises:
        CodedError: see ``tabulate``.
    """
    counted = tabulation.tabulate(con, system, spec)
    scope = scope_of(system, spec, tuple(d.name for d in counted.dims))
    before = [from_arrow(t) for t in earlier]
    exact = closed_years(counted, exact_tables(before), scope, policy, revise=revise)
    return other_method(counted, before, scope) | exact


def has_version(tables: Sequence[pa.Table], year: int, version: sdc.PublishedTable) -> bool:
    """Whether one of these published tables has exactly this version of the year."""
    slices = tabulation.published_in(map(from_arrow, tables), str(year))
    wanted = set(version.rows)
    return any(
        s.dims == version.dims and dict(s.scope) == dict(version.scope) and set(s.rows) == wanted
        for s in slices
    )


def scope_of(
    system: System, spec: tabulation.AggregateSpec, names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The families, where they are no dimension of the table."""
    release = system.release.aggregated
    own = [d for d in release.dimensions if d.single.codes == release.scope.codes]
    scope = {d.name: tuple(sorted(spec.families)) for d in own if d.name not in names}
    if release.person_role is None or not release.person_roles:
        return scope
    return scope | {COUNTED: (release.person_role,)}


def same_cells(
    table: sdc.PublishedTable, now: sdc.CellTable, scope: dict[str, tuple[str, ...]]
) -> bool:
    """Whether a year was published with the same cells."""
    if table.dims != tuple(d.name for d in now.dims) or dict(table.scope) != scope:
        return False
    return {row.labels for row in table.rows} == set(now.labels())


def _merge(reports: Sequence[sdc.AuditReport], threshold: int) -> sdc.AuditReport:
    return sdc.AuditReport(
        tuple(f for r in reports for f in r.falls),
        sum(r.cells for r in reports),
        sum(r.hidden for r in reports),
        sum(r.programmes for r in reports),
        threshold,
        {labels: b for r in reports for labels, b in r.bounds.items()},
        all(r.complete for r in reports),
    )


def labels_of(system: System, spec: tabulation.AggregateSpec) -> dict[str, dict[str, str]]:
    """For each dimension its codes' labels, groups' among them."""
    described = tabulation.dimensions(system, spec)
    found = {d.name: dict(system.code_list(d.codes).labels) for d in described if d.codes}
    for one in described:
        if one.parent in found:
            found[one.name] |= found[one.parent]
    return found


def exact_cells(counted: sdc.CellTable, plural: str) -> pa.Table:
    """Every cell and margin with its true values, for the Department alone: dimensions as text, records, ``persons``."""
    labels = list(counted.labels())
    columns: dict[str, pa.Array] = {
        dim.name: pa.array([label[axis] for label in labels], pa.string())
        for axis, dim in enumerate(counted.dims)
    }
    columns[plural] = pa.array(counted.counts.ravel(), pa.int64())
    columns["persons"] = pa.array(counted.people.ravel(), pa.int64())
    return pa.table(columns)


# --- what may stand beside what

COUNTY = "county"
COUNTED = "counted"  # in a table's scope: whose persons it counts, where not the released role's


def check_earlier_tables(
    before: Sequence[sdc.PublishedTable],
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


def check_levels(
    before: Sequence[sdc.PublishedTable], years: Sequence[int], counted: sdc.CellTable
) -> None:
    """Refuse levels that are put together in this table and not, or otherwise, in one of the same years.

    Raises:
        LevelsTogetherRefused: how many tables.
    """
    wanted = {str(year) for year in years}
    own = {d.name: {leaf for leaf in d.leaves if BETWEEN in leaf} for d in counted.dims}
    other = [
        table
        for table in before
        if _years(table) & wanted
        and any(
            {label for label in {row.labels[axis] for row in table.rows} if BETWEEN in label}
            != own[name]
            for axis, name in enumerate(table.dims)
            if name in own
        )
    ]
    if other:
        raise LevelsTogetherRefused(tables=len(other))


def check_methods(
    system: System,
    before: Sequence[sdc.PublishedTable],
    spec: tabulation.AggregateSpec,
    scope: Mapping[str, tuple[str, ...]],
) -> None:
    """Refuse exact values beside perturbed ones of the same year and families, or beside other noise.

    Raises:
        MethodsMixed: an earlier table is protected by another method.
    """
    wanted = {str(year) for year in spec.all_years}
    other = [t for t in before if t.scope.get(PERTURBED) != scope.get(PERTURBED)]
    mixed = [t for t in other if _years(t) & wanted and _families(system, t) & set(spec.families)]
    if mixed:
        raise MethodsMixed(tables=len(mixed))


def exact_tables(before: Sequence[sdc.PublishedTable]) -> list[sdc.PublishedTable]:
    """Tables without noise: what is public of perturbed ones is no constant for an attacker."""
    return [table for table in before if PERTURBED not in table.scope]


def other_method(
    counted: sdc.CellTable,
    before: Sequence[sdc.PublishedTable],
    scope: Mapping[str, tuple[str, ...]],
) -> dict[int, ClosedYear]:
    """Years that went out with these cells by another method: they stay as they are."""
    found: dict[int, ClosedYear] = {}
    for table in before:
        own = {name: levels for name, levels in table.scope.items() if name != PERTURBED}
        own |= {name: levels for name, levels in scope.items() if name == PERTURBED}
        for year in counted.dims[0].leaves if dict(own) != dict(table.scope) else ():
            now = tabulation.one_year(counted, year)
            for one in tabulation.published_in([table], year):
                if same_cells(replace(one, scope=own), now, dict(scope)):
                    found[int(year)] = ClosedYear("frozen", "method", one)
    return found


def _families(system: System, table: sdc.PublishedTable) -> set[str]:
    """The families that a table is about: its scope's, else those of its rows."""
    release = system.release.aggregated
    found: set[str] = set()
    for name in (d.name for d in release.dimensions if d.single.codes == release.scope.codes):
        found |= set(table.scope.get(name, ()))
        if name in table.dims:
            at = table.dims.index(name)
            found |= {part for row in table.rows for part in row.labels[at].split(BETWEEN)}
    return found


def without_shown(report: sdc.AuditReport) -> sdc.AuditReport:
    """The same attack without the small values that policy lets stand in the open."""
    return replace(report, falls=tuple(fall for fall in report.falls if fall.how != "shown"))


def _years(table: sdc.PublishedTable) -> set[str]:
    axis = table.dims.index(tabulation.YEAR)
    return {row.labels[axis] for row in table.rows}
