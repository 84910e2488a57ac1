"""What a register holds, worked out once for every approval: rows as they may leave, who stands on what, how often each category occurs.

Three tables, made when a register is loaded. A release with one scope and some years takes rows of them and adds up: what comes out
is what `extracts.rows.in_scope` and `extracts.rows.query` find in the register's own tables.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from extracts.errors import ExtractFailed
from extracts.rows.in_scope import Tallies, counted_columns, tallies_sql
from extracts.rows.plan import Plan, RowScope, plan_for
from extracts.rows.query import Step, chain, entry_steps, excluded, fetched, lookups, year_of
from extracts.rows.research_ids import compute as pc
from systems.database import guarded, quoted
from systems.description import System

if TYPE_CHECKING:
    import duckdb

VERSION: Final = 2  # of the tables, and of every value in them; a test holds it to both
_STORED, _ENTRIES, _RECORDS = "stored_rows", "stored_entries", "stored_records"


class StoredRows:
    """All identified rows of some entries, withheld ones too, as a connection's temporary table; see the three functions.

    Args:
        con: a snapshot's connection.
        system: the description.
        entries: ``record_id`` of the entries; every one where there is none.

    Raises:
        ExtractFailed: the database gave up.
    """

    def __init__(
        self, con: "duckdb.DuckDBPyConnection", system: System, entries: pa.Table | None = None
    ) -> None:
        self._con = con
        self._plan = plan = _whole_plan(system)
        bits = [
            f"({excluded(plan, one)})::INTEGER * {1 << place}"
            for place, one in enumerate(plan.release.exclusions)
        ]
        everything = frozenset(one.name for one in plan.release.exclusions)
        final = f"""
    SELECT r.*, i.identity AS identity_, {_code(plan)}::VARCHAR AS code_,
      {year_of(plan)}::SMALLINT AS year_, ({" + ".join(bits) or "0"})::INTEGER AS withheld_
    FROM released r JOIN scope o ON o.{quoted(plan.key)} = r.key_
      JOIN person_index i ON i.record_id = r.entry_ SEMI JOIN {_ENTRIES} w ON w.record_id = r.entry_"""
        query = chain(entry_steps(plan, None, everything, _RECORDS), final)
        bound = {"scope": sorted(code for of in plan.families.values() for code in of)}
        if entries is None:
            entries = con.sql("SELECT record_id FROM person_index").to_arrow_table()
        con.register(_ENTRIES, entries)
        records = f"""SELECT DISTINCT {quoted(plan.key)} FROM {quoted(plan.party_table)}
    SEMI JOIN {_ENTRIES} w ON w.record_id = {quoted(plan.person)}"""
        with guarded(ExtractFailed, step="stored rows"), lookups(con, plan):
            con.execute(f"CREATE OR REPLACE TEMP TABLE {_RECORDS} AS {records}")
            con.execute(f"CREATE OR REPLACE TEMP TABLE {_STORED} AS {query}", bound)
        con.unregister(_ENTRIES)

    def drop(self) -> None:
        """Forget the tables."""
        for name in (_STORED, _RECORDS):
            self._con.execute(f"DROP TABLE IF EXISTS {name}")

    def rows(self) -> pa.RecordBatchReader:
        """``key_, entry_``, the columns that may leave, ``identity_, code_, year_, withheld_``; by entry.

        ``withheld_`` has a bit for each of the system's exclusions that the record meets.
        """
        query = f"SELECT * FROM {_STORED} ORDER BY entry_, key_"
        with guarded(ExtractFailed, step="stored rows"):
            return self._con.sql(query).to_arrow_reader(1 << 16)

    def scope(self) -> pa.Table:
        """``record_id, code, year, withheld`` of every entry: each once, by entry."""
        query = f"""
    SELECT DISTINCT entry_ AS record_id, code_ AS code, year_ AS year, withheld_ AS withheld
    FROM {_STORED} ORDER BY ALL"""
        with guarded(ExtractFailed, step="stored scope"):
            return fetched(self._con, query)

    def tallies(self) -> pa.Table:
        """``column, value, code, year, count`` of the categories of what no exclusion holds back."""
        return _tallies(self._con, self._plan)


def tallies_of_rows(con: "duckdb.DuckDBPyConnection", system: System, rows: pa.Table) -> pa.Table:
    """What `StoredRows.tallies` says of rows that were kept."""
    con.register(_STORED, rows)
    try:
        return _tallies(con, _whole_plan(system))
    finally:
        con.unregister(_STORED)


def _tallies(con: "duckdb.DuckDBPyConnection", plan: Plan) -> pa.Table:
    names, _ = counted_columns(plan)
    schema = pa.schema({"column": pa.string(), "value": pa.string(), "code": pa.string(), "year": pa.int16(), "count": pa.int64()})  # fmt: skip
    if not names:
        return schema.empty_table()
    query = tallies_sql(names, f"{_STORED} WHERE withheld_ = 0", ("code_", "year_"))
    with guarded(ExtractFailed, step="stored tallies"):
        found = con.execute(query).fetchall()
    width = len(names)
    lines = [
        (names[at], row[at], *row[-3:-1], row[-1])
        for row in found
        for at in [next(i for i in range(width) if row[width + i] == 0)]
    ]
    columns = {f.name: [line[i] for line in lines] for i, f in enumerate(schema)}
    return pa.table(columns, schema=schema).sort_by([(f.name, "ascending") for f in schema])


def tallies_together(parts: Sequence[pa.Table], without: pa.Table | None = None) -> pa.Table:
    """Tallies of several `StoredRows` as those of all their entries, but for what others counted."""
    gone = [] if without is None else [_negative(without)]
    whole = pa.concat_tables([*parts, *gone])
    by = [name for name in whole.column_names if name != "count"]
    added = whole.group_by(by).aggregate([("count", "sum")]).rename_columns([*by, "count"])
    there = added.filter(pc.not_equal(added["count"], pa.scalar(0, pa.int64())))
    return there.select(whole.column_names).sort_by([(n, "ascending") for n in whole.column_names])


def _negative(tallies: pa.Table) -> pa.Table:
    place = tallies.schema.get_field_index("count")
    return tallies.set_column(place, "count", pa.array(-tallies["count"].to_numpy()))


def touched_entries(
    con: "duckdb.DuckDBPyConnection", system: System, differing: Mapping[str, str], before: str
) -> pa.Table | None:
    """``record_id`` of every entry, there or gone, of which a stored row may be another; None where any may.

    A row holds what stands with its record and with everybody on it.

    Args:
        con: a connection with the tables as they are and, in the schema ``before``, as they were.
        system: the description.
        differing: by table that changed, the query for the rows that are not on both sides.
        before: the schema.
    """
    plan = _whole_plan(system)
    key, person, party = (quoted(n) for n in (plan.key, plan.person, plan.party_table))
    records, persons = ([f"SELECT NULL::BIGINT AS {name} WHERE false"] for name in (key, person))
    for table, query in differing.items():
        names = system.table(table).column_names
        if not {plan.key, plan.person} & set(names):
            return None  # many records may hang on it
        records += [f"SELECT {key} FROM ({query})"] * (plan.key in names)
        persons += [f"SELECT {person} FROM ({query})"] * (plan.person in names)
    query = f"""
    WITH stands AS MATERIALIZED (SELECT {key}, {person} FROM {party} UNION SELECT {key}, {person} FROM {quoted(before)}.{party}),
      people AS MATERIALIZED ({" UNION ".join(persons)}),
      touched AS MATERIALIZED ({" UNION ".join(records)} UNION SELECT {key} FROM stands SEMI JOIN people USING ({person}))
    SELECT DISTINCT {person} AS record_id FROM (SELECT {person} FROM stands SEMI JOIN touched USING ({key}) UNION SELECT {person} FROM people)
    WHERE {person} IS NOT NULL ORDER BY 1"""
    with guarded(ExtractFailed, step="touched entries"):
        return fetched(con, query)


def records_of(scope: pa.Table, system: System, allowed: RowScope) -> pa.Table:
    """``record_id`` of every party in scope, from `StoredRows.scope`, as ``records_in_scope`` gives it.

    Raises:
        ScopeEmpty: no family, or an unknown one.
    """
    plan = plan_for(system, "identified")
    kept = pc.and_(
        _in_scope(scope["code"], scope["year"], plan, allowed),
        pc.equal(pc.bit_wise_and(scope["withheld"], _number(_held(plan, allowed))), _number(0)),
    )
    ids = scope["record_id"].filter(kept).to_numpy()
    first = np.ones(len(ids), np.bool_)
    first[1:] = ids[1:] != ids[:-1]
    return pa.table({"record_id": ids[first]})


def tallies_of(stored: pa.Table, system: System, allowed: RowScope) -> Tallies:
    """What ``register_tallies`` counts of identified rows, from `StoredRows.tallies`.

    Raises:
        ScopeEmpty: no family, or an unknown one.
    """
    plan = plan_for(system, "identified", allowed.columns)
    names, _ = counted_columns(plan)
    kept = pc.and_(
        _in_scope(stored["code"], stored["year"], plan, allowed),
        pc.is_in(stored["column"], value_set=pa.array(names, pa.string())),
    )
    added = stored.filter(kept).group_by(["column", "value"]).aggregate([("count", "sum")])
    place = {name: i for i, name in enumerate(names)}
    rows: list[tuple[object, ...]] = []
    for line in added.to_pylist():
        here = place[line["column"]]
        values: list[object] = [None] * len(names)
        values[here] = line["value"]
        rows.append((*values, *(int(i != here) for i in range(len(names))), line["count_sum"]))
    return names, rows


def stored_columns(plan: Plan) -> Sequence[str]:
    """The columns of the stored rows that an extract by a plan looks at."""
    own = [column.name for column in plan.columns]
    return ["key_", "entry_", *own, "identity_", "code_", "year_", "withheld_"]


def stored_steps(plan: Plan, allowed: RowScope, relation: str) -> list[Step]:
    """``entries`` and ``released`` as ``entry_steps`` makes them, of stored rows; they bind the same parameters."""
    during = "AND year_ BETWEEN $first AND $last" if allowed.years else ""
    rows = f"{relation} WHERE list_contains($scope, code_) {during}"
    withheld = f"(withheld_ & {_held(plan, allowed)}) <> 0"
    key, person = quoted(plan.key), quoted(plan.person)
    outputs = "".join(f", {quoted(column.name)}" for column in plan.columns)
    return [
        (
            "entries",
            f"SELECT key_ AS {key}, entry_ AS {person}, {withheld} AS withheld FROM {rows}",
        ),
        ("released", f"SELECT key_, entry_{outputs} FROM {rows} AND NOT {withheld}"),
    ]


def _whole_plan(system: System) -> Plan:
    """With every column that could leave, the coarser versions of others, too."""
    return plan_for(system, "identified", tuple(system.rows("identified").column_names))


def _code(plan: Plan) -> str:
    return f"o.{quoted(plan.release.scope.source.partition('.')[2])}"


def _held(plan: Plan, allowed: RowScope) -> int:
    """The bits of the exclusions that hold a record back."""
    return sum(
        1 << place
        for place, one in enumerate(plan.release.exclusions)
        if one.name not in allowed.released_anyway
    )


def _in_scope(code: Any, year: Any, plan: Plan, allowed: RowScope) -> Any:
    kept = pc.is_in(code, value_set=pa.array(plan.codes_in_scope(allowed.families)))
    if allowed.years:
        first, last = (pa.scalar(y, pa.int16()) for y in allowed.years)
        kept = pc.and_(kept, pc.and_(pc.greater_equal(year, first), pc.less_equal(year, last)))
    return kept


def _number(value: int) -> pa.Scalar:
    return pa.scalar(value, pa.int32())
