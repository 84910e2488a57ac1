"""The aggregated extract of one release, protected together with everything published before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import pyarrow as pa

from approvals.application import Application
from approvals.project import ProjectState
from extracts.aggregated import (
    AggregateSpec,
    ClosedYear,
    build_aggregate,
    coarser_versions,
    load_published,
    published_before,
)
from extracts.rows import compute as pc
from extracts.suppression import AuditReport, SuppressionPolicy
from pipelines.release.content import closed_years
from pipelines.session import Session, today
from systems.description import load_system
from systems.register import SnapshotInfo

if TYPE_CHECKING:
    from pipelines.release.context import Context


@dataclass(frozen=True)
class Made:
    """A table that may be published, and what the Department keeps about it."""

    table: pa.Table
    cells: pa.Table
    explanation: pa.Table
    audit: AuditReport
    dims: tuple[str, ...]
    primary: int
    secondary: int
    frozen: tuple[int, ...]
    closed: Mapping[int, ClosedYear]
    earlier: list[str]
    exact: bool
    exempt: bool
    proposals: int


def build(context: "Context") -> Made:
    """Count, suppress and audit for the order's years, dimensions and scope."""
    disclosure = context.settings.disclosure
    names = context.history_names()
    earlier = load_published(context.home.history / context.order.system)
    dims = context.dimensions
    spec = AggregateSpec(
        years=context.years,
        families=context.order_scope,
        on=today(),
        dims=dims,
        covered=_covered(context.snapshot.info, context.system.collected_since),
        only=context.order.only_years,
    )
    policy = SuppressionPolicy(threshold=disclosure.threshold, zeros=disclosure.zeros)
    con = context.snapshot.connect(context.threads)
    try:
        made = build_aggregate(
            con,
            context.system,
            spec,
            policy,
            earlier,
            county_exempt=disclosure.county_exempt == "oneway",
            revise=disclosure.late_records != "freeze",
        )
        proposals = coarser_versions(con, context.system, spec, policy, earlier, made)
    finally:
        con.close()
    closed_years.keep_changes(context, made.closed)
    if proposals:
        context.keep_proposals([one.as_json() for one in proposals])
    reasons = made.explanation["reason"]
    return Made(
        table=made.table,
        cells=made.cells,
        explanation=made.explanation,
        audit=made.audit,
        dims=tuple(
            n
            for n in made.table.column_names
            if n in context.system.release.aggregated.dimension_names
        ),
        primary=int(pc.sum(pc.equal(reasons, "primary")).as_py() or 0),
        secondary=int(pc.sum(pc.equal(reasons, "secondary")).as_py() or 0),
        frozen=made.frozen,
        closed=made.closed,
        earlier=names,
        exact=made.exact,
        exempt=made.exempt,
        proposals=len(proposals),
    )


def look_back(
    session: Session, project: ProjectState, form: Application, years: tuple[int, ...]
) -> dict[int, ClosedYear]:
    """What the newest snapshot makes of years that this project's tables published before.

    Raises:
        CodedError: see ``extracts.aggregated.published_before``.
    """
    if not years:
        return {}
    disclosure = session.settings.disclosure
    system = load_system(project.system).counting(disclosure.person_role)
    snapshot = session.registers.newest(project.system)
    spec = AggregateSpec(
        years=(years[0], years[-1]),
        families=form.order_scope or system.order_scope_default,
        on=today(),
        dims=form.dimensions or system.release.aggregated.default_dimensions,
        covered=_covered(snapshot.info, system.collected_since),
        only=years,
    )
    con = snapshot.connect(session.settings.orchestration.threads or None)
    try:
        return published_before(
            con,
            system,
            spec,
            SuppressionPolicy(threshold=disclosure.threshold, zeros=disclosure.zeros),
            load_published(session.home.history / project.system),
            revise=disclosure.late_records != "freeze",
        )
    finally:
        con.close()


def _covered(info: SnapshotInfo, since: date | None = None) -> tuple[date, date] | None:
    """What the snapshot covers, as far as its records tell.

    A register that was loaded after the end of a year and has records of its December is taken to
    cover it: none need fall on the last day. Otherwise it ends with its latest record, so that a
    half year is never published as a whole one (§ 962(b)). It does not begin before ``since``, the
    day from which the system has data at all.
    """
    if info.first_year is None or info.last_day is None:
        return None
    last = info.last_day
    if last.month == 12 and info.created.year > last.year:
        last = date(last.year, 12, 31)
    first = date(info.first_year, 1, 1)
    return max(first, since) if since else first, last
