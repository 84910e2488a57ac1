"""Aggregated data (11 CCR 962(b)): counted, suppressed, audited, beside all that went out before.

A year that was published with the same dimensions and scope is closed: it goes out again as it
was, whatever late records say. What is published in another grouping is protected together with
every earlier table, whose values are constants for the attacker.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from extracts.aggregate_policy import COUNTED, COUNTY, but_shown, check_beside
from extracts.cells import YEAR, AggregateSpec, dimensions, tabulate
from extracts.explaining import explained
from extracts.published_arrow import from_arrow, to_arrow
from extracts.suppression.auditing import AuditReport, audit
from extracts.suppression.errors import AuditFellError
from extracts.suppression.pattern import Progress
from extracts.suppression.policy import SuppressionPolicy
from extracts.suppression.published import PublishedRow, PublishedTable
from extracts.suppression.suppressing import Pattern, publish
from extracts.suppression.tables import CellTable, Dimension
from extracts.suppression.together import Job, suppress_all
from systems.model import System

if TYPE_CHECKING:
    import duckdb

__all__ = ["Aggregate", "AggregateSpec", "build", "tabulate"]


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
        frozen: years that went out as they had been published.
        exempt: whether county totals went out whatever their size, by policy.
        revised: cells of frozen years whose true values are others now.
    """

    table: pa.Table
    cells: pa.Table
    explanation: pa.Table
    audit: AuditReport
    frozen: tuple[int, ...]
    revised: int
    exact: bool = False
    exempt: bool = False


def build(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    spec: AggregateSpec,
    policy: SuppressionPolicy,
    earlier: Sequence[pa.Table] = (),
    *,
    county_exempt: bool = False,
    progress: Progress | None = None,
) -> Aggregate:
    """Make an aggregated extract that may leave.

    Args:
        con: connection to a snapshot.
        system: the data system.
        spec: years, scope, dimensions.
        policy: threshold and zeros.
        earlier: every table that was ever published from this system, to whomever.
        county_exempt: whether a table by county and year alone goes out whatever its counts are.
        progress: called with stage, done, of.

    Raises:
        YearNotFullError: a year that is not full.
        RevisedError: an open value of an earlier table in another grouping is another one now.
        CannotProtectError: earlier tables already determine a small cell.
        AuditFellError: the audit got cells back.
        CountyExemptRefused: another table of these years has gone out.
        RolesMixed: a table of these years that counts other persons has gone out.
        CodedError: see ``tabulate`` and ``suppress``.
    """
    before = [from_arrow(t) for t in earlier]
    counted = tabulate(con, system, spec)
    names = tuple(d.name for d in counted.dims)
    scope = _scope(system, spec, names)
    exempt = county_exempt and set(names) == {YEAR, COUNTY}
    check_beside(before, spec.all_years, names, scope, exempt=exempt)
    closed = {y: t for y in spec.all_years for t in before if _same(t, y, counted, scope)}
    rows: list[PublishedRow] = []
    reports: list[AuditReport] = []
    patterns: list[Pattern] = []
    fresh = [y for y in spec.all_years if y not in closed]
    share = replace(policy, clean_programmes=policy.clean_programmes // max(1, len(fresh)))
    jobs = [
        Job(
            _slice(counted, year),
            share,
            tuple(t for t in (_only(b, [year]) for b in before) if t.rows),
            scope,
        )
        for year in fresh
    ]  # years share no record, so that each is a table of its own
    for pattern in [] if exempt else suppress_all(jobs, progress=progress):
        patterns.append(pattern)
        rows += pattern.published().rows
        reports.append(pattern.report)
    shown = [publish(job.table, np.zeros(job.table.shape, bool), scope) for job in jobs]
    for kept in [*(shown if exempt else []), *(_only(t, [y]) for y, t in closed.items())]:
        rows += kept.rows
        found = audit(kept, threshold=policy.threshold, zeros=policy.zeros, progress=progress)
        reports.append(but_shown(found) if exempt else found)
    whole = _merge(reports, policy.threshold)
    if not whole.holds:
        raise AuditFellError(cells=len(whole.falls))
    order = {labels: i for i, labels in enumerate(counted.labels())}
    rows.sort(key=lambda r: order[r.labels])
    parents = publish(counted, np.zeros(counted.shape, bool)).parents
    about = PublishedTable(names, (), parents, has_persons=True, scope=scope)
    revised = _revised(rows, counted, set(closed))
    return Aggregate(
        to_arrow(about, _labels(system, spec), rows, system.record.plural),
        _exact(counted, system.record.plural),
        explained(counted, rows, whole, policy, system.record.plural),
        whole,
        tuple(sorted(closed)),
        revised,
        whole.complete,
        exempt,
    )


def _scope(system: System, spec: AggregateSpec, names: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The families, where they are no dimension of the table."""
    release = system.release.aggregated
    own = [d for d in release.dimensions if d.codes == release.scope.codes]
    scope = {d.name: tuple(sorted(spec.families)) for d in own if d.name not in names}
    if release.person_role is None or not release.person_roles:
        return scope
    return scope | {COUNTED: (release.person_role,)}


def _slice(table: CellTable, year: int) -> CellTable:
    """One year of a table of several."""
    at = table.dims[0].position[str(year)]
    dims = (Dimension.flat(YEAR, [str(year)], total=False), *table.dims[1:])
    return CellTable(dims, table.counts[at : at + 1], table.people[at : at + 1])


def _only(table: PublishedTable, years: Sequence[int]) -> PublishedTable:
    """The slice of some years; years share no record, so that the others say nothing about them."""
    axis = table.dims.index(YEAR)
    wanted = {str(y) for y in years}
    rows = tuple(r for r in table.rows if r.labels[axis] in wanted)
    return PublishedTable(
        table.dims, rows, table.parents, has_persons=table.has_persons, scope=table.scope
    )


def _same(
    table: PublishedTable, year: int, counted: CellTable, scope: dict[str, tuple[str, ...]]
) -> bool:
    """Whether a table published this year with the same cells."""
    if table.dims != tuple(d.name for d in counted.dims) or dict(table.scope) != scope:
        return False
    rows = {r.labels for r in table.rows if r.labels[0] == str(year)}
    return bool(rows) and rows == {x for x in counted.labels() if x[0] == str(year)}


def _merge(reports: Sequence[AuditReport], threshold: int) -> AuditReport:
    return AuditReport(
        tuple(f for r in reports for f in r.falls),
        sum(r.cells for r in reports),
        sum(r.hidden for r in reports),
        sum(r.programmes for r in reports),
        threshold,
        {labels: b for r in reports for labels, b in r.bounds.items()},
        all(r.complete for r in reports),
    )


def _revised(rows: Sequence[PublishedRow], counted: CellTable, closed: set[int]) -> int:
    """How many open cells of closed years have other true values now."""
    now = dict(zip(counted.labels(), counted.counts.ravel(), strict=True))
    return sum(
        r.count is not None and int(r.labels[0]) in closed and r.count != int(now[r.labels])
        for r in rows
    )


def _labels(system: System, spec: AggregateSpec) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for described in dimensions(system, spec):
        if described.codes is not None:
            labels = dict(system.code_list(described.codes).labels)
            found[described.name] = labels
    for described in dimensions(system, spec):
        if described.parent in found:
            found[described.name] |= found[described.parent]
    return found


def _exact(counted: CellTable, plural: str) -> pa.Table:
    """Every cell and margin with its true values: dimensions as text, records, ``persons``."""
    labels = list(counted.labels())
    columns: dict[str, pa.Array] = {
        dim.name: pa.array([label[axis] for label in labels], pa.string())
        for axis, dim in enumerate(counted.dims)
    }
    columns[plural] = pa.array(counted.counts.ravel(), pa.int64())
    columns["persons"] = pa.array(counted.people.ravel(), pa.int64())
    return pa.table(columns)
