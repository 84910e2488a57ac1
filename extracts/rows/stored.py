"""What a register holds, worked out once for every approval: who stands on what, and how often each category occurs.

Two tables, made when a register is loaded. A release with one scope and some years takes rows of them and adds up; what comes out is
what `extracts.rows.in_scope` finds in the register's own tables.
"""

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from extracts.errors import ExtractFailed
from extracts.rows.in_scope import Tallies, counted_columns, tallies_sql
from extracts.rows.plan import RowScope, plan_for
from extracts.rows.query import chain, entry_steps, excluded, fetched, in_role, lookups, year_of
from extracts.rows.research_ids import compute as pc
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb

VERSION: Final = 1  # of both tables


def stored_scope(con: "duckdb.DuckDBPyConnection", system: System) -> pa.Table:
    """``record_id, code, year, withheld`` of every party in the released role; each once, in this order.

    ``withheld`` has a bit for each of the system's exclusions that its record meets.

    Raises:
        ExtractFailed: the database gave up.
    """
    plan = plan_for(system, "identified")
    code, year = f"o.{quoted(plan.release.scope.source.partition('.')[2])}", year_of(plan)
    bits = [
        f"({excluded(plan, one)})::INTEGER * {1 << place}"
        for place, one in enumerate(plan.release.exclusions)
    ]
    role = in_role(plan, "p", plan.own_roles)
    key, person = quoted(plan.key), quoted(plan.person)
    query = f"""
    SELECT DISTINCT p.{person} AS record_id, {code}::VARCHAR AS code,
      {year}::SMALLINT AS year, ({" + ".join(bits) or "0"})::INTEGER AS withheld
    FROM {quoted(plan.key_table)} o JOIN {quoted(plan.party_table)} p
      ON p.{key} = o.{key} {role and f"AND {role}"}
    WHERE p.{person} IS NOT NULL AND {code} IS NOT NULL AND {year} IS NOT NULL
    ORDER BY ALL"""
    with guarded(ExtractFailed, step="stored scope"):
        return fetched(con, query)


def records_of(scope: pa.Table, system: System, allowed: RowScope) -> pa.Table:
    """``record_id`` of every party in scope, from ``stored_scope``'s table, as ``records_in_scope`` gives it.

    Raises:
        ScopeEmpty: no family, or an unknown one.
    """
    plan = plan_for(system, "identified")
    codes = pa.array(plan.codes_in_scope(allowed.families))
    withheld = sum(
        1 << place
        for place, one in enumerate(plan.release.exclusions)
        if one.name not in allowed.released_anyway
    )
    kept = pc.is_in(scope["code"], value_set=codes)
    kept = pc.and_(
        kept, pc.equal(pc.bit_wise_and(scope["withheld"], _number(withheld)), _number(0))
    )
    if allowed.years:
        kept = pc.and_(kept, _during(scope["year"], allowed.years))
    ids = scope["record_id"].filter(kept).to_numpy()
    first = np.ones(len(ids), np.bool_)
    first[1:] = ids[1:] != ids[:-1]
    return pa.table({"record_id": ids[first]})


def stored_tallies(con: "duckdb.DuckDBPyConnection", system: System) -> pa.Table:
    """``column, value, code, year, count`` of the categories of identified rows, for every code and year by itself.

    Raises:
        ExtractFailed: the database gave up.
    """
    plan = plan_for(system, "identified", system.rows("identified").column_names)
    names, narrow = counted_columns(plan)
    schema = pa.schema({"column": pa.string(), "value": pa.string(), "code": pa.string(), "year": pa.int16(), "count": pa.int64()})  # fmt: skip
    if not names:
        return schema.empty_table()
    key, by = quoted(plan.key), ("code_", "year_")
    code = quoted(plan.release.scope.source.partition(".")[2])
    rows = f"""(SELECT r.*, o.{code}::VARCHAR AS code_, {year_of(plan)}::SMALLINT AS year_
      FROM released r JOIN scope o ON o.{key} = r.key_)"""
    query = chain(entry_steps(narrow, None, frozenset()), tallies_sql(names, rows, by))
    bound: dict[str, object] = {
        "scope": sorted(code for of in plan.families.values() for code in of)
    }
    with guarded(ExtractFailed, step="stored tallies"), lookups(con, narrow):
        found = con.execute(query, bound).fetchall()
    width = len(names)
    lines = [
        (names[at], row[at], *row[-3:-1], row[-1])
        for row in found
        for at in [next(i for i in range(width) if row[width + i] == 0)]
    ]
    columns = {f.name: [line[i] for line in lines] for i, f in enumerate(schema)}
    return pa.table(columns, schema=schema).sort_by([(f.name, "ascending") for f in schema])


def tallies_of(stored: pa.Table, system: System, allowed: RowScope) -> Tallies:
    """What ``register_tallies`` counts of identified rows, from ``stored_tallies``'s table.

    Raises:
        ScopeEmpty: no family, or an unknown one.
    """
    plan = plan_for(system, "identified", allowed.columns)
    names, _ = counted_columns(plan)
    kept = pc.is_in(stored["code"], value_set=pa.array(plan.codes_in_scope(allowed.families)))
    if allowed.years:
        kept = pc.and_(kept, _during(stored["year"], allowed.years))
    kept = pc.and_(kept, pc.is_in(stored["column"], value_set=pa.array(names, pa.string())))
    added = stored.filter(kept).group_by(["column", "value"]).aggregate([("count", "sum")])
    place = {name: i for i, name in enumerate(names)}
    rows: list[tuple[object, ...]] = []
    for line in added.to_pylist():
        here = place[line["column"]]
        values: list[object] = [None] * len(names)
        values[here] = line["value"]
        rows.append((*values, *(int(i != here) for i in range(len(names))), line["count_sum"]))
    return names, rows


def _during(year: pa.ChunkedArray, years: tuple[int, int]) -> Any:
    first, last = (pa.scalar(y, pa.int16()) for y in years)
    return pc.and_(pc.greater_equal(year, first), pc.less_equal(year, last))


def _number(value: int) -> pa.Scalar:
    return pa.scalar(value, pa.int32())
