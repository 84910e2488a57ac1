"""The aggregated extract of one release, protected together with everything published before.

And what late records did to years that were published before: in words, in JSON, as a file of changes.
"""

import csv
import functools
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from approvals.application import Application
from approvals.project import ProjectState
from crypto.identifiers import record_keys
from pipelines.home import Disclosure
from pipelines.release.approved import noise_of
from pipelines.release.context import ReleaseContext
from pipelines.session import Session, today
from systems.register import SnapshotInfo

if TYPE_CHECKING:  # the solvers load with them, which whoever only asks the gate does without
    from extracts import aggregated
    from extracts.perturbation import KeyMaker
    from extracts.suppression import SuppressionPolicy

    Closed = Mapping[int, aggregated.ClosedYear]

CHANGES_FILE = "changes.csv"
_REVISED_ELSEWHERE = "it was revised in a release of another project"


@dataclass(frozen=True)
class ReleaseAggregate:
    """A table that may be published, and what the Department keeps about it.

    Attributes:
        made: the table with its cells, explanation and audit.
        dims: its dimensions, in the table's order.
        earlier: releases whose tables it was audited together with.
        proposals: how many coarser versions of it are kept beside the reports.
    """

    made: "aggregated.Aggregate"
    dims: tuple[str, ...]
    earlier: list[str]
    proposals: int


def make_aggregate(context: ReleaseContext) -> ReleaseAggregate:
    """Count, suppress and audit for the order's years, dimensions and scope."""
    from extracts import aggregated

    approved, disclosure = context.approved, context.session.settings.disclosure
    system, names = approved.system, context.published_releases()
    earlier = aggregated.load_published(context.history)
    spec = aggregated.AggregateSpec(
        years=approved.years,
        families=approved.scope,
        on=today(),
        dims=approved.dimensions,
        covered=_covered(context.snapshot.info, system.collected_since),
        only=context.order.only_years,
    )
    policy = _policy(context.session)
    noise, keys = approved.noise, _record_keys(context.session)
    proposals: tuple[aggregated.CoarserVersion, ...] = ()
    with context.snapshot.connect(context.threads) as con:
        if noise is not None:
            made = aggregated.build_perturbed(con, system, spec, policy, noise, keys, earlier)
        else:
            made = aggregated.build_aggregate(
                con,
                system,
                spec,
                policy,
                earlier,
                county_exempt=disclosure.county_exempt == "oneway",
                revise=_revises(disclosure),
            )
            proposals = aggregated.coarser_versions(con, system, spec, policy, earlier, made)
    if changes := _changes_csv(made.closed):
        context.write_report_file(CHANGES_FILE, changes)
    if proposals:
        context.keep_proposals([one.as_json() for one in proposals])
    known = system.release.aggregated.dimension_names
    dims = tuple(name for name in made.table.column_names if name in known)
    return ReleaseAggregate(made, dims, names, len(proposals))


def recount_published_years(
    session: Session, project: ProjectState, form: Application, years: tuple[int, ...]
) -> "dict[int, aggregated.ClosedYear]":
    """What the newest snapshot makes of years that this project's tables published before.

    Raises:
        CodedError: see ``extracts.aggregated.published_before``.
    """
    if not years:
        return {}
    from extracts import aggregated

    disclosure = session.settings.disclosure
    system = session.systems.load(project.system).counting(disclosure.person_role)
    snapshot = session.registers.newest(project.system)
    spec = aggregated.AggregateSpec(
        years=(years[0], years[-1]),
        families=form.order_scope or system.order_scope_default,
        on=today(),
        dims=form.dimensions or system.release.aggregated.default_dimensions,
        covered=_covered(snapshot.info, system.collected_since),
        only=years,
    )
    noise, keys = noise_of(disclosure), _record_keys(session)
    earlier = aggregated.load_published(session.home.history / project.system)
    policy, revise = _policy(session), _revises(disclosure)
    with snapshot.connect(session.settings.orchestration.threads or None) as con:
        if noise is not None:
            return aggregated.perturbed_before(con, system, spec, noise, keys, earlier)
        return aggregated.published_before(con, system, spec, policy, earlier, revise=revise)


def _record_keys(session: Session) -> "KeyMaker":
    """Keys of records under the home's secret."""
    return functools.partial(record_keys, session.keyring.records_secret())


def _policy(session: Session) -> "SuppressionPolicy":
    """The rule by the settings; one of many patterns is chosen under the home's secret."""
    from extracts.suppression import SuppressionPolicy

    disclosure = session.settings.disclosure
    return SuppressionPolicy(
        threshold=disclosure.threshold,
        zeros=disclosure.zeros,
        singletons=disclosure.singletons,
        margin_weight=disclosure.margin_weight,
        secret=session.keyring.patterns_secret().derive("suppression/choice"),
    )


def _revises(disclosure: Disclosure) -> bool:
    """Whether late records may revise closed years."""
    return disclosure.late_records != "freeze"


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


# ------------------------------------------------------------------ closed years


def describe_closed_years(
    closed: "Closed", behind: Collection[int] = ()
) -> list[dict[str, object]]:
    """Each year with what happens to it, why, and how many published cells are others now.

    Args:
        closed: what becomes of each year.
        behind: of them, years that a project has in an older version than others have.
    """
    from extracts import aggregated

    return [
        {
            "year": year,
            "what": "reissued" if year in behind else one.how,
            "why": _REVISED_ELSEWHERE if year in behind else aggregated.REASONS[one.reason],
            "reason": one.reason,
            "changed_cells": len(one.changes),
        }
        for year, one in sorted(closed.items())
    ]


def closed_years_in_words(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The same for a person: years that were revised, and those that stay though records came late."""
    found: dict[str, str] = {}
    for row in rows:
        if row["what"] == "revised":
            found[f"Year {row['year']}"] = f"revised in {row['changed_cells']:,} cells"
        elif row["what"] == "frozen":
            found[f"Year {row['year']}"] = f"as it was published: {row['why']}"
    return found


def changed_cells(closed: "Closed") -> list[dict[str, object]]:
    """The changed cells of revised years: labels, what was published, what would be."""
    return [
        {
            "cell": "/".join(change.labels),
            "count_before": change.counts[0],
            "count": change.counts[1],
            "persons_before": change.persons[0],
            "persons": change.persons[1],
        }
        for _, one in sorted(closed.items())
        if one.how == "revised"
        for change in one.changes
    ]


def _changes_csv(closed: "Closed") -> str | None:
    """The changed cells of revised years as a file, for whoever approves them; None where there are none."""
    rows = changed_cells(closed)
    if not rows:
        return None
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
