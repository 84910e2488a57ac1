"""What the register holds in the approved scope: entries to link to, rows to expect, and tallies.

A cohort may be linked to parties of records in scope alone: linking wider would let ``matched``
tell of records that the project may not see. Records that are left out (a minor's confidentiality,
a protected address) are no candidates either. An extract of a cohort, or one that was made wrong,
is compared with the register's own distribution; only tallies come out.
"""

from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.errors import ExtractFailed
from extracts.rows.plan import Plan, RowKind, RowScope, plan_for
from extracts.rows.query import chain, entry_steps, fetched, lookups, parameters
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb


# The categorical columns, and rows of (their values…, GROUPING of each…, count)
Tallies = tuple[tuple[str, ...], list[tuple[object, ...]]]


def records_in_scope(
    con: "duckdb.DuckDBPyConnection", system: System, allowed: RowScope
) -> pa.Table:
    """Return ``record_id`` (int64) of every party, in the released role, of a record in scope.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        ExtractFailed: the database gave up.
    """
    plan = plan_for(system, "identified")
    final = f"""
    SELECT DISTINCT {quoted(plan.person)} AS record_id FROM entries WHERE NOT withheld ORDER BY 1"""
    with guarded(ExtractFailed, step="candidates"), lookups(con, plan):
        return fetched(con, *_entries(plan, allowed, final))


def pairs_in_scope(con: "duckdb.DuckDBPyConnection", system: System, allowed: RowScope) -> int:
    """Count persons (by the index) with a record in scope, once each: the rows to expect.

    Counted without any of the output columns, so that a join that doubles or loses rows shows.
    """
    plan = plan_for(system, "deidentified")
    final = f"""
    SELECT count(*) FROM (
      SELECT DISTINCT e.{quoted(plan.key)}, i.identity FROM entries e
      JOIN person_index i ON i.record_id = e.{quoted(plan.person)} WHERE NOT e.withheld)"""
    with guarded(ExtractFailed, step="pairs"), lookups(con, plan):
        return int(con.execute(*_entries(plan, allowed, final)).fetchall()[0][0])


def _entries(plan: Plan, allowed: RowScope, final: str) -> tuple[str, dict[str, object]]:
    """A query over ``entries`` alone, and what it binds."""
    bound = parameters(plan, allowed.families, allowed.years)
    steps = entry_steps(plan, allowed.years, frozenset(allowed.released_anyway))
    return chain([step for step in steps if step[0] in {"scope", "entries"}], final), bound


# --- distribution of categories


def register_tallies(
    con: "duckdb.DuckDBPyConnection", system: System, kind: RowKind, allowed: RowScope
) -> Tallies:
    """Count the categories of every person's entry on a record in scope, exclusions or not.

    Categories are columns that hold one of a few known values: codes, yes or no, years.

    Returns:
        The categorical columns, and rows of (their values…, GROUPING of each…, count): one row for
        each value of each column.

    Raises:
        ScopeEmpty: no family, or an unknown one.
        ExtractFailed: the database gave up.
    """
    plan = plan_for(system, kind, allowed.columns)
    names, narrow = counted_columns(plan)
    if not names:
        return (), []
    query = chain(entry_steps(narrow, allowed.years, frozenset()), tallies_sql(names, "released"))
    bound = parameters(narrow, allowed.families, allowed.years)
    with guarded(ExtractFailed, step="population"), lookups(con, narrow):
        return names, con.execute(query, bound).fetchall()


def counted_columns(plan: Plan) -> tuple[tuple[str, ...], Plan]:
    """The categorical columns of a plan, and the plan of these alone."""
    kept = tuple(
        c
        for c in plan.columns
        if c.type in {"yes/no", "year"} or (c.codes is not None and c.type == "text")
    )
    narrow = Plan(plan.system, plan.kind, plan.release.model_copy(update={"columns": kept}))
    return tuple(c.name for c in kept), narrow


def tallies_sql(columns: tuple[str, ...], relation: str, by: tuple[str, ...] = ()) -> str:
    """Rows of (values…, GROUPING of each…, ``by``…, count): one for each value of each column, and each of ``by``."""
    names, others = [quoted(c) for c in columns], "".join(f", {name}" for name in by)
    cast = ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in names)
    which = ", ".join(f"GROUPING({name})" for name in names)
    sets = ", ".join(f"({name}{others})" for name in names)
    return (
        f"SELECT {', '.join(names)}, {which}{others}, count(*) FROM (SELECT {cast}{others} FROM {relation}) "
        f"GROUP BY GROUPING SETS ({sets})"
    )
