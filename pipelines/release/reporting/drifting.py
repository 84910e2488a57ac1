"""Drift of a release: its categories against the project's last release, and against the register.

A release's profile (counts of categories) is kept with its project, encrypted under the project's
document key: the next release of that kind is compared with it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from approvals.custody import OUT, Status
from crypto.resting import decrypt_document, encrypt_document
from expectations import drift
from expectations.drift import Drift, Profile
from expectations.errors import CountingBroke
from extracts.rows import register_tallies
from systems.database import guarded, quoted

if TYPE_CHECKING:
    import duckdb

    from extracts.rows import RowKind
    from pipelines.release.context import Context

_FILE = "profile.enc"
_OUT = frozenset({Status.SEALED, *OUT, Status.DESTROYED})


@dataclass(frozen=True)
class Compared:
    """What a release was compared with, and how far each column moved."""

    drifts: tuple[Drift, ...]
    profile: Profile
    earlier: str | None


def compared(context: "Context", con: "duckdb.DuckDBPyConnection") -> Compared:
    """Compare the extract (the connection's ``extract``, ``cells``) with what went before.

    A table of counts is compared with the last release alone: it is the register's own count.
    """
    limits, kind = context.settings.drift, context.order.kind
    earlier, before = _last(context)
    if kind == "aggregated":
        now = _margins(context, con)
        return Compared(drift.compare(now, before, "release", limits.limit_release), now, earlier)
    named, register = _register(context)
    where = "matched = 'yes'" if kind == "identified" else "true"
    now = drift.profile(con, "extract", named, where)
    limit = limits.limit_cohort if kind == "identified" else limits.limit_register
    drifts = drift.compare(now, before, "release", limits.limit_release)
    # Values that were taken out or made coarser on purpose are no drift from the register.
    untouched = {name: now[name] for name in now if name not in _altered(context, named)}
    return Compared((*drifts, *drift.compare(untouched, register, "register", limit)), now, earlier)


def _altered(context: "Context", named: Sequence[str]) -> frozenset[str]:
    """Columns in which local suppression or a coarser plan changed values of this extract."""
    done = cast("dict[str, dict[str, int]] | None", context.facts("extract").get("suppressed"))
    changed = {name for name, cells in (done or {"cells": {}})["cells"].items() if cells}
    coarser = set(context.order.coarser)
    return frozenset(named) if coarser & {"all", "dates"} else frozenset(changed | coarser)


def keep(context: "Context", profile: Profile) -> None:
    """Keep a release's profile for the next one, encrypted."""
    content = json.dumps(profile, sort_keys=True).encode()
    key = context.keyring.document_key(context.order.project, create=True)
    encrypt_document(content, context.report_folder / _FILE, key)


def _last(context: "Context") -> tuple[str | None, Profile]:
    """The newest earlier release of the project and kind that went out, and its profile."""
    folder = context.report_folder.parent
    for state in reversed(context.releases.list(context.order.project)):
        stored = folder / state.release / _FILE
        if state.release == context.release or state.kind != context.order.kind:
            continue
        if state.status in _OUT and stored.is_file():
            key = context.keyring.document_key(context.order.project)
            kept = json.loads(decrypt_document(stored, key))
            return state.release, cast("Profile", kept)
    return None, {}


def _register(context: "Context") -> tuple[tuple[str, ...], Profile]:
    kind = cast("RowKind", context.order.kind)
    con = context.snapshot.connect(context.threads)
    try:
        named, found = register_tallies(
            con,
            context.system,
            kind,
            families=context.order_scope,
            years=context.years,
            columns=context.columns,
        )
    finally:
        con.close()
    return named, drift.read_profile(named, found)


def _margins(context: "Context", con: "duckdb.DuckDBPyConnection") -> Profile:
    """Records by the values of each dimension but the year, over all years, before suppression."""
    dims = [d for d in cast("list[str]", context.facts("extract")["dims"]) if d != "year"]
    described, counted = context.system.release.aggregated, quoted(context.system.record.plural)
    found: dict[str, dict[str, int]] = {}
    for dim in dims:
        parent = described.dimension(dim).parent
        codes = described.dimension(dim).codes
        listed = (
            context.system.code_list(codes).attribute(parent).values() if codes and parent else ()
        )
        others = " AND ".join(f"{quoted(d)} = 'TOTAL'" for d in dims if d != dim) or "true"
        with guarded(CountingBroke, check="profile"):
            rows = con.execute(
                f"SELECT {quoted(dim)}::VARCHAR, sum({counted})::BIGINT FROM cells WHERE {others} "
                f"AND {quoted(dim)} <> 'TOTAL' GROUP BY 1"
            ).fetchall()
        groups = set(listed)
        found[dim] = {str(value): int(count) for value, count in rows if value not in groups}
    return found
