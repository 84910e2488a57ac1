"""Make rare histories less rare: cells are emptied, and in the end persons left out, until k are alike.

Works on persons with the whole history of their orders, the measure of the risk report: in the
result every person shares all quasi-identifiers of all rows with at least ``k`` persons, or is not
in it. A class of persons gives way as a whole, so that a class that is large enough never shrinks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.deidentified.risk import histories, keyed
from extracts.errors import ExtractFailed
from extracts.rows import fetched
from systems.database import connect, guarded, quoted

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Suppressed:
    """Rows after local suppression.

    Attributes:
        table: the rows that stay, in their order.
        cells: column → cells that lost their value, in the rows that stay.
        persons_left_out: persons who stay rare with everything emptied: fewer than ``k`` of each
            number of orders. Common rows give nothing up for them.
        rows_left_out: their rows.
    """

    table: pa.Table = field(repr=False)
    cells: dict[str, int]
    persons_left_out: int
    rows_left_out: int

    def as_json(self) -> dict[str, object]:
        """Plain numbers, for the report."""
        return {
            "cells": dict(self.cells),
            "persons_left_out": self.persons_left_out,
            "rows_left_out": self.rows_left_out,
        }


def suppress_locally(
    table: pa.Table, quasi_identifiers: Sequence[str], gives_way: Sequence[str], k: int
) -> Suppressed:
    """Empty cells of persons whose whole history fewer than ``k`` persons share.

    A person's column is emptied in all of the person's rows, column after column. At the end each
    column, the most useful first, is given back where ``k`` persons who lost it stay alike with it.

    Args:
        table: rows with ``person_ref``.
        quasi_identifiers: columns that an attacker may know.
        gives_way: all of them, the least useful first.
        k: persons.

    Raises:
        ExtractFailed: the database gave up, or a quasi-identifier can't give way.
    """
    if set(gives_way) != set(quasi_identifiers):
        raise ExtractFailed(step="local suppression", columns=len(gives_way))
    quasi = tuple(quasi_identifiers)
    with guarded(ExtractFailed, step="local suppression"):
        con = connect()
        con.register("rows_in", table)
        con.execute(
            "CREATE TEMP TABLE original AS SELECT row_number() OVER () AS place, * FROM rows_in"
        )
        con.execute("CREATE TEMP TABLE work AS SELECT * FROM original")
        con.execute("CREATE TEMP TABLE emptied (person_ref VARCHAR, name VARCHAR)")
        for name in gives_way:
            _empty(con, name, quasi, k)
        _find_rare(con, quasi, k)
        persons, rows = con.execute(
            "SELECT count(DISTINCT person_ref), count(*) FROM work SEMI JOIN rare USING (person_ref)"
        ).fetchall()[0]
        con.execute("DELETE FROM work WHERE person_ref IN (SELECT person_ref FROM rare)")
        for name in reversed(gives_way):
            _give_back(con, name, quasi, k)
        cells = {name: _lost(con, name) for name in gives_way}
        names = ", ".join(quoted(name) for name in table.column_names)
        result = fetched(con, f"SELECT {names} FROM work ORDER BY place").cast(table.schema)
        con.close()
    return Suppressed(result, {n: c for n, c in cells.items() if c}, int(persons), int(rows))


def _find_rare(con: "duckdb.DuckDBPyConnection", quasi: Sequence[str], k: int) -> None:
    """Persons of classes that are too small, into ``rare``."""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE rare AS
        WITH people AS ({histories(f"({keyed('work', quasi)})")})
        SELECT person_ref FROM people
        QUALIFY count(*) OVER (PARTITION BY key) < {int(k)}""")


def _empty(con: "duckdb.DuckDBPyConnection", name: str, quasi: Sequence[str], k: int) -> None:
    _find_rare(con, quasi, k)
    column = quoted(name)
    con.execute(
        f"""INSERT INTO emptied SELECT DISTINCT person_ref, $name FROM work
            SEMI JOIN rare USING (person_ref) WHERE {column} IS NOT NULL""",
        {"name": name},
    )
    con.execute(
        f"UPDATE work SET {column} = NULL WHERE person_ref IN (SELECT person_ref FROM rare)"
    )


def _give_back(con: "duckdb.DuckDBPyConnection", name: str, quasi: Sequence[str], k: int) -> None:
    """Restore a column for groups of at least ``k`` that stay alike; who stays behind must be ``k``, too."""
    column = quoted(name)
    restored = ", ".join(f"o.{quoted(one)}" if one == name else f"w.{quoted(one)}" for one in quasi)
    again = f"""(SELECT w.person_ref, {restored} FROM work w JOIN original o USING (place)
                 SEMI JOIN lost ON lost.person_ref = w.person_ref)"""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE lost AS SELECT person_ref FROM emptied WHERE name = $name",
        {"name": name},
    )
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE returning_ AS
        WITH now AS ({histories(f"({keyed('work', quasi)})")}),
             restored AS ({histories(f"({keyed(again, quasi)})")}),
             whole AS (SELECT key, count(*) AS n FROM now GROUP BY key),
             moves AS (SELECT n.key AS old, t.key AS new, count(*) AS m
                       FROM restored t JOIN now n USING (person_ref) GROUP BY ALL HAVING m >= {int(k)}),
             left_over AS (SELECT old, whole.n - sum(m) AS r FROM moves JOIN whole ON whole.key = old
                           GROUP BY old, whole.n),
             allowed AS (SELECT old, new FROM moves JOIN left_over USING (old)
                         QUALIFY r = 0 OR r >= {int(k)}
                           OR row_number() OVER (PARTITION BY old ORDER BY m, new) > 1)
        SELECT t.person_ref FROM restored t JOIN now n USING (person_ref)
        JOIN allowed a ON a.old = n.key AND a.new = t.key""")
    con.execute(f"""
        UPDATE work SET {column} = original.{column} FROM original
        WHERE original.place = work.place
          AND work.person_ref IN (SELECT person_ref FROM returning_)""")


def _lost(con: "duckdb.DuckDBPyConnection", name: str) -> int:
    column = quoted(name)
    row = con.execute(f"""
        SELECT count(*) FROM work JOIN original o USING (place)
        WHERE work.{column} IS NULL AND o.{column} IS NOT NULL""").fetchall()[0]
    return int(row[0])
