"""Make rare histories less rare: by emptied cells, by persons left out, by coarser columns.

Local suppression works on persons with the whole history of their orders, the measure of the risk report: in the
result every person shares all quasi-identifiers of all rows with at least ``k`` persons, or is not
in it. A class of persons gives way as a whole, so that a class that is large enough never shrinks. A proposal is made and measured like the release itself: with the coarser
columns that the system's file describes, with local suppression, or with both. It releases nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.deidentified.risk import RiskLimit, RiskReport, histories, keyed, risk_report
from extracts.errors import ExtractFailed
from extracts.identified import Extract
from extracts.rows import fetched, plan_for
from systems.database import connect, guarded, quoted
from systems.description import System

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
    table: pa.Table,
    quasi_identifiers: Sequence[str],
    gives_way: Sequence[str],
    k: int,
    *,
    together: Mapping[str, tuple[str, ...]] | None = None,
    weights: Mapping[str, float] | None = None,
) -> Suppressed:
    """Empty cells of persons whose whole history fewer than ``k`` persons share.

    A person's column is emptied in all of the person's rows, column after column. At the end each
    column, the most useful first, is given back where ``k`` persons who lost it stay alike with it.

    Args:
        table: rows with ``person_ref``.
        quasi_identifiers: columns that an attacker may know.
        gives_way: all of them, the least useful first.
        k: persons.
        together: column → columns that would tell its value: where it is emptied in a row, so are they.
        weights: column → how much its values are worth; 1 where nothing is said.

    Raises:
        ExtractFailed: the database gave up, or a quasi-identifier can't give way.
    """
    del weights
    if set(gives_way) != set(quasi_identifiers):
        raise ExtractFailed(step="local suppression", columns=len(gives_way))
    quasi = tuple(quasi_identifiers)
    with guarded(ExtractFailed, step="local suppression"):
        con = connect()
        con.register("rows_in", table)
        numbered = "SELECT row_number() OVER () AS place, * FROM rows_in"
        con.execute(f"CREATE TEMP TABLE original AS {numbered}")
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
        for name, others in sorted((together or {}).items()):
            _empty_together(con, name, others)
        told = dict.fromkeys(
            [*gives_way, *(n for names in (together or {}).values() for n in names)]
        )
        lost = ", ".join(f"count(o.{c}) - count(w.{c})" for c in map(quoted, told))
        counted = con.execute(
            f"SELECT {lost or '0'} FROM work w JOIN original o USING (place)"
        ).fetchall()[0]
        cells = dict(zip(told, map(int, counted), strict=False))
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


def _empty_together(con: "duckdb.DuckDBPyConnection", name: str, others: Sequence[str]) -> None:
    """Empty what would tell the value of a cell that was emptied, in the same rows."""
    column = quoted(name)
    emptied = ", ".join(f"{quoted(other)} = NULL" for other in others)
    if emptied:
        con.execute(f"""
            UPDATE work SET {emptied} FROM original WHERE original.place = work.place
            AND work.{column} IS NULL AND original.{column} IS NOT NULL""")


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


# --- coarser rows that a project's limit would allow, each with what it would leave

LEVELS = ("dates", "all")  # what ``--coarser`` takes besides names of columns
Make = Callable[[tuple[str, ...]], Extract]


@dataclass(frozen=True)
class RowProposal:
    """One way to make the rows coarser.

    Attributes:
        level: the value of ``--coarser`` of ``run``: nothing, ``dates`` or ``all``.
        coarser: the columns that it makes coarser.
        local: whether rare histories lose cells.
        passes: whether the limit is kept.
        risk: the risk that is left.
        persons: persons who stay; ``of_persons`` without local suppression.
        rows: rows that stay.
        values_kept: share of the quasi-identifiers' values that stay, 0 to 1.
    """

    level: str
    coarser: tuple[str, ...]
    local: bool
    passes: bool
    risk: RiskReport
    persons: int
    of_persons: int
    rows: int
    values_kept: float

    @property
    def options(self) -> str:
        """The options of ``run`` that carry it out."""
        parts = [f"--coarser {self.level}"] if self.level else []
        return " ".join([*parts, "--suppress-locally"] if self.local else parts)

    def as_json(self) -> dict[str, object]:
        """Flat, for a table: what to say to ``run`` and what it would leave."""
        return {
            "options": self.options,
            "k": self.risk.history.smallest,
            "share below": round(self.risk.share_below, 4),
            "persons": self.persons,
            "persons left out": self.of_persons - self.persons,
            "rows": self.rows,
            "values kept": round(self.values_kept, 3),
        }


def propose(
    system: System, make: Make, columns: Sequence[str], limit: RiskLimit
) -> tuple[RowProposal, ...]:
    """Return what was tried, what passes first, then what keeps most values.

    ``make`` makes the extract with the columns that it is given.

    Raises:
        CodedError: see ``deidentified.build_deidentified`` and ``suppress_locally``.
    """
    known = system.rows("deidentified").coarser
    tried: set[tuple[str, ...]] = set()
    found: list[RowProposal] = []
    for level in ("", *LEVELS):
        coarser = tuple(n for n in level_columns(system, level) if n in columns)
        wanted = replaced(columns, coarser, known)
        if wanted not in tried:
            tried.add(wanted)
            made = make(wanted)
            for local in (False, True) if coarser else (True,):
                one = _measured(system, made, wanted, limit, local=local)
                found.append(replace(one, level=level, coarser=coarser))
    return tuple(sorted(found, key=lambda p: (not p.passes, -p.rows * p.values_kept, p.options)))


def replaced(
    columns: Sequence[str], coarser: Sequence[str], known: dict[str, str]
) -> tuple[str, ...]:
    """Columns with some of them replaced by their coarser versions, each once."""
    return tuple(dict.fromkeys(known[n] if n in coarser else n for n in columns))


def level_columns(system: System, level: str) -> tuple[str, ...]:
    """The columns with a coarser version that a level stands for: all, the dates, or none."""
    release = system.rows("deidentified")
    if level == "dates":
        return tuple(n for n in release.coarser if release.column(n).type in {"date", "month"})
    return tuple(release.coarser) if level == "all" else ()


def _measured(
    system: System, made: Extract, wanted: tuple[str, ...], limit: RiskLimit, *, local: bool
) -> RowProposal:
    plan = plan_for(system, "deidentified", wanted)
    quasi = plan.quasi_identifiers
    done = Suppressed(made.table, {}, 0, 0)
    if local:
        done = suppress_locally(made.table, quasi, plan.gives_way, limit.k)
    rows = done.table.num_rows
    report = risk_report(done.table, quasi, threshold=limit.k)
    values = made.table.num_rows * len(quasi)
    kept = rows * len(quasi) - sum(done.cells.values())
    share = kept / values if values else 1.0
    persons, passes = made.persons - done.persons_left_out, not limit.exceeded(report)
    return RowProposal("", (), local, passes, report, persons, made.persons, rows, share)
