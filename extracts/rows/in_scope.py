"""What the register holds in the approved scope: entries to link to, rows to expect, and tallies.

A cohort may be linked to parties of records in scope alone: linking wider would let ``matched``
tell of records that the project may not see. Records that are left out (a minor's confidentiality,
a protected address) are no candidates either. An extract of a cohort, or one that was made wrong,
is compared with the register's own distribution; only tallies come out.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.errors import ExtractFailed
from extracts.rows.arrow import fetched
from extracts.rows.plan import Plan, RowKind, plan_for
from extracts.rows.query import Step, chain, entry_steps, lookups, parameters
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb
from collections.abc import Sequence


def records_in_scope(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    *,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    released_anyway: tuple[str, ...] = (),
) -> pa.Table:
    """Return ``record_id`` (int64) of every party, in the released role, of an order in scope.

    Args:
        con: a snapshot's connection.
        system: the data system.
        families: order families that the project may see.
        years: first and last year of issue, or none.
        released_anyway: names of the system's exclusions that policy has switched off.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        ExtractFailed: the database gave up.
    """
    query, bound, plan = _entries(system, families, years, released_anyway, "identified")
    person = quoted(plan.person)
    final = f"SELECT DISTINCT {person} AS record_id FROM entries WHERE NOT withheld ORDER BY 1"
    with guarded(ExtractFailed, step="candidates"), lookups(con, plan):
        return fetched(con, chain(query, final), bound)


def pairs_in_scope(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    *,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    released_anyway: tuple[str, ...] = (),
) -> int:
    """Count persons (by the index) with an order in scope, once each: the rows to expect.

    Counted without any of the output columns, so that a join that doubles or loses rows shows.
    """
    query, bound, plan = _entries(system, families, years, released_anyway, "deidentified")
    key, person = quoted(plan.key), quoted(plan.person)
    final = f"""
    SELECT count(*) FROM (
      SELECT DISTINCT e.{key}, i.identity FROM entries e
      JOIN person_index i ON i.record_id = e.{person} WHERE NOT e.withheld)"""
    with guarded(ExtractFailed, step="pairs"), lookups(con, plan):
        return int(con.execute(chain(query, final), bound).fetchall()[0][0])


def _entries(
    system: System,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    released_anyway: tuple[str, ...],
    kind: RowKind,
) -> tuple[list[Step], dict[str, object], Plan]:
    plan = plan_for(system, kind)
    bound = parameters(plan, families, years)
    steps = entry_steps(plan, years, frozenset(released_anyway))
    return [step for step in steps if step[0] in {"scope", "entries"}], bound, plan


# --- distribution of categories


def categories(
    system: System, kind: RowKind, columns: tuple[str, ...] | None = None
) -> tuple[str, ...]:
    """Return the columns of an extract that hold one of a few known values: codes, yes or no, years."""
    return _categories(plan_for(system, kind, columns))


def register_tallies(
    con: "duckdb.DuckDBPyConnection",
    system: System,
    kind: RowKind,
    *,
    families: tuple[str, ...],
    years: tuple[int, int] | None,
    columns: tuple[str, ...] | None = None,
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Count the categories of every person's entry on a record in scope.

    Args:
        con: a snapshot's connection.
        system: the data system.
        kind: ``identified`` or ``deidentified``.
        families: families of records that the project may see.
        years: first and last year of the records, or none.
        columns: register columns that the approval names; all by default.

    Returns:
        The categorical columns, and rows of (their values…, GROUPING of each…, count): one row for
        each value of each column.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        ExtractFailed: the database gave up.
    """
    plan = plan_for(system, kind, columns)
    named = _categories(plan)
    if not named:
        return (), []
    kept = tuple(c for c in plan.columns if c.name in named)
    narrow = Plan(system, kind, plan.release.model_copy(update={"columns": kept}))
    query, bound = _query(narrow, named, families, years)
    with guarded(ExtractFailed, step="population"), lookups(con, narrow):
        return named, con.execute(query, bound).fetchall()


def _categories(plan: Plan) -> tuple[str, ...]:
    return tuple(
        c.name
        for c in plan.columns
        if c.type in {"yes/no", "year"} or (c.codes is not None and c.type == "text")
    )


def _query(
    plan: Plan, named: Sequence[str], families: tuple[str, ...], years: tuple[int, int] | None
) -> tuple[str, dict[str, object]]:
    cast = ", ".join(f"CAST({quoted(c)} AS VARCHAR) AS {quoted(c)}" for c in named)
    values = ", ".join(quoted(c) for c in named)
    which = ", ".join(f"GROUPING({quoted(c)})" for c in named)
    sets = ", ".join(f"({quoted(c)})" for c in named)
    final = (
        f"SELECT {values}, {which}, count(*) FROM (SELECT {cast} FROM released) "
        f"GROUP BY GROUPING SETS ({sets})"
    )
    steps = entry_steps(plan, years, frozenset())
    return chain(steps, final), parameters(plan, families, years)
