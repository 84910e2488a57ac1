"""Drift of a release: its categories against the project's last release, and against the register.

A release's profile (counts of categories) is kept with its project, encrypted under the project's
document key: the next release of that kind is compared with it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from approvals.custody import OUT, Status
from crypto.resting import decrypt_document, encrypt_document
from expectations import drift, errors, report
from expectations.drift import Against, Drift, Profile
from extracts.rows import RowKind, register_tallies, tallies_of
from pipelines.release.context import ReleaseContext
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb

_FILE = "profile.enc"
_OUT = frozenset({Status.SEALED, *OUT, Status.DESTROYED})
_SHOWN = 8  # columns in a plot; every one is in the list of checks
_TITLES: dict[Against, str] = {
    "release": "Moved since the last release",
    "register": "Distance from the register",
}


@dataclass(frozen=True)
class DriftComparison:
    """What a release was compared with, and how far each column moved."""

    drifts: tuple[Drift, ...]
    profile: Profile
    earlier: str | None


def compare_drift(context: ReleaseContext, con: "duckdb.DuckDBPyConnection") -> DriftComparison:
    """Compare the extract (the connection's ``extract``, ``cells``) with what went before.

    A table of counts is compared with the last release alone: it is the register's own count.
    """
    limits, kind = context.session.settings.drift, context.order.kind
    facts = cast("Mapping[str, Any]", context.facts("extract"))
    earlier, before = _last(context)
    if kind == "aggregated":
        now = _margins(con, context.approved.system, facts["dims"])
        return DriftComparison(
            drift.compare(now, before, "release", limits.limit_release), now, earlier
        )
    named, register = _register(context)
    where = "matched = 'yes'" if kind == "identified" else "true"
    now = drift.profile(con, "extract", named, where)
    limit = limits.limit_cohort if kind == "identified" else limits.limit_register
    drifts = drift.compare(now, before, "release", limits.limit_release)
    # Values that were taken out or made coarser on purpose are no drift from the register.
    untouched = {
        name: now[name] for name in now if name not in _altered(facts, context.order.coarser, named)
    }
    return DriftComparison(
        (*drifts, *drift.compare(untouched, register, "register", limit)), now, earlier
    )


def _altered(
    facts: Mapping[str, Any], coarser: Sequence[str], named: Sequence[str]
) -> frozenset[str]:
    """Columns in which local suppression or a coarser plan changed values of this extract."""
    if {"all", "dates"} & set(coarser):
        return frozenset(named)
    cells = (facts.get("suppressed") or {"cells": {}})["cells"]
    return frozenset({name for name, emptied in cells.items() if emptied} | set(coarser))


def keep_profile(context: ReleaseContext, profile: Profile) -> None:
    """Keep a release's profile for the next one, encrypted."""
    content = json.dumps(profile, sort_keys=True).encode()
    key = context.session.keyring.document_key(context.order.project, create=True)
    encrypt_document(content, context.report_folder / _FILE, key)


def _last(context: ReleaseContext) -> tuple[str | None, Profile]:
    """The newest earlier release of the project and kind that went out, and its profile."""
    folder = context.report_folder.parent
    for state in reversed(context.session.releases.list(context.order.project)):
        stored = folder / state.release / _FILE
        if state.release == context.release or state.kind != context.order.kind:
            continue
        if state.status in _OUT and stored.is_file():
            key = context.session.keyring.document_key(context.order.project)
            profile = json.loads(decrypt_document(stored, key))
            return state.release, cast("Profile", profile)
    return None, {}


def _register(context: ReleaseContext) -> tuple[tuple[str, ...], Profile]:
    kind, approved = cast("RowKind", context.order.kind), context.approved
    index = context.index if kind == "identified" else None
    if index is not None:
        named, found = tallies_of(index.read("tallies"), approved.system, approved.rows)
        return named, drift.read_profile(named, found)
    with context.snapshot.connect(context.threads) as con:
        named, found = register_tallies(con, approved.system, kind, approved.rows)
    return named, drift.read_profile(named, found)


def _margins(con: "duckdb.DuckDBPyConnection", system: System, dims: Sequence[str]) -> Profile:
    """Records by the values of each dimension but the year, over all years, before suppression."""
    dims = [dim for dim in dims if dim != "year"]
    described, counted = system.release.aggregated, quoted(system.record.plural)
    found: dict[str, dict[str, int]] = {}
    for dim in dims:
        parent = described.dimension(dim).parent
        codes = described.dimension(dim).codes
        listed = system.code_list(codes).attribute(parent).values() if codes and parent else ()
        others = " AND ".join(f"{quoted(d)} = 'TOTAL'" for d in dims if d != dim) or "true"
        with guarded(errors.CountingBroke, check="profile"):
            rows = con.execute(
                f"SELECT {quoted(dim)}::VARCHAR, sum({counted})::BIGINT FROM cells WHERE {others} "
                f"AND {quoted(dim)} <> 'TOTAL' GROUP BY 1"
            ).fetchall()
        groups = set(listed)
        found[dim] = {str(value): int(count) for value, count in rows if value not in groups}
    return found


def drift_plots(compared: DriftComparison) -> tuple[report.Plot, ...]:
    """One plot for each thing that the release was compared with: how far each column moved."""
    found = ((title, _furthest(compared, against)) for against, title in _TITLES.items())
    return tuple(
        report.Plot(
            title=title,
            unit="per mille of the rows",
            audience="department",
            note="Rows, in thousandths, that would have to be in another category to be alike.",
            bars=tuple(
                report.Bar(
                    label=d.column.replace("_", " "),
                    value=round(1000 * d.distance),
                    status="warn" if d.moved else "info",
                )
                for d in drifts
            ),
        )
        for title, drifts in found
        if drifts
    )


def drift_fact(compared: DriftComparison) -> report.Fact:
    """Which release it was compared with."""
    value = compared.earlier or "none: the project's first of this kind"
    return report.Fact(label="Compared for drift with release", value=value, audience="department")


def _furthest(compared: DriftComparison, against: Against) -> list[Drift]:
    mine = [d for d in compared.drifts if d.against == against]
    return sorted(mine, key=lambda d: (d.moved == 0, -d.distance))[:_SHOWN]
