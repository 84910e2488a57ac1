"""The register's own distribution of what an extract shows: every record in scope, counted by category.

An extract of a cohort, or one that was made wrong, is held against it. Only tallies come out.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from extracts.errors import ExtractFailed
from extracts.records import Plan, RowKind, chain, entry_steps, lookups, parameters, plan_for
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb


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
