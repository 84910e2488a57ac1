"""Make rare rows less rare: county to region, then cells emptied, until k persons look alike.

Works on single rows (the attacker who knows of one order). Columns give way in a fixed order, the
least useful first, and only in rows whose class is still too small, so common rows keep everything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.arrow import fetched
from extracts.errors import ExtractFailed
from systems.database import connect, guarded, quoted

if TYPE_CHECKING:
    import duckdb


@dataclass(frozen=True)
class Coarser:
    """One way to give up detail: empty a column, or put a coarser value in its place.

    Attributes:
        column: the quasi-identifier that gives way.
        values: value → coarser value; none empties the cell.
    """

    column: str
    values: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Suppressed:
    """Rows after local suppression.

    Attributes:
        table: the rows, in their order.
        cells: column → number of cells that lost detail.
        below: rows whose class is still smaller than k (all quasi-identifiers given up).
    """

    table: pa.Table = field(repr=False)
    cells: dict[str, int]
    below: int


def suppress_locally(
    table: pa.Table, quasi_identifiers: Sequence[str], steps: Sequence[Coarser], k: int
) -> Suppressed:
    """Give up detail in rows whose quasi-identifiers fewer than ``k`` persons share.

    Args:
        table: rows with ``person_ref`` and text quasi-identifiers.
        quasi_identifiers: columns that an attacker may know.
        steps: what gives way, in this order.
        k: persons.

    Raises:
        ExtractFailed: the database gave up.
    """
    with guarded(ExtractFailed, step="local suppression"):
        con = connect()
        con.register("rows_in", table)
        con.execute(
            "CREATE TEMP TABLE work AS SELECT *, row_number() OVER () AS place FROM rows_in"
        )
        cells: dict[str, int] = {}
        for step in steps:
            changed = _give_way(con, step, quasi_identifiers, k)
            cells[step.column] = cells.get(step.column, 0) + changed
        below = con.execute(f"SELECT count(*) FROM ({_rare(quasi_identifiers, k)})").fetchall()[0][
            0
        ]
        names = ", ".join(quoted(name) for name in table.column_names)
        result = fetched(con, f"SELECT {names} FROM work ORDER BY place")
        con.close()
        return Suppressed(result.cast(table.schema), cells, int(below))


def _rare(quasi: Sequence[str], k: int) -> str:
    same = " AND ".join(f"w.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in quasi)
    names = ", ".join(quoted(name) for name in quasi)
    return f"""
        SELECT w.place FROM work w SEMI JOIN (
          SELECT {names} FROM work GROUP BY ALL HAVING count(DISTINCT person_ref) < {int(k)}
        ) s ON {same}"""


def _give_way(con: "duckdb.DuckDBPyConnection", step: Coarser, quasi: Sequence[str], k: int) -> int:
    column = quoted(step.column)
    value = "NULL"
    if step.values is not None:
        steps = pa.table({"fine": list(step.values), "coarse": list(step.values.values())})
        con.register("coarser_values", steps)
        value = f"(SELECT coarse FROM coarser_values WHERE fine = {column})"
    changed = con.execute(f"""
        UPDATE work SET {column} = {value}
        WHERE {column} IS NOT NULL AND place IN ({_rare(quasi, k)})""").fetchall()[0][0]
    return int(changed)
