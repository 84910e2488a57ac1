"""What a snapshot holds, in counts: rows, empty values, codes, years; one pass over each table."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from systems import database
from systems.database import quoted
from systems.description import Column, System, Table
from systems.errors import RegisterUnreadable
from systems.register.snapshot import SnapshotInfo

FEW = 10  # rows of which nothing is shown: the ten of § 964(f)(2), here by policy


class Part(BaseModel):
    """A part of what is kept; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ColumnProfile(Part):
    """One column.

    Attributes:
        empty: rows without a value.
        codes: rows of each code, of a column with a code list and of a truth value.
        first, last: years between which all dates lie but the nine earliest and the nine latest, which may be anybody's
            slip; none where there are fewer than `FEW` dates.
    """

    empty: int
    codes: dict[str, int] | None = None
    first: int | None = None
    last: int | None = None


class TableProfile(Part):
    """One table: its rows, and its columns by name."""

    rows: int
    columns: dict[str, ColumnProfile]


class Profile(Part):
    """A snapshot in counts.

    Attributes:
        tables: those that were given.
        years: records of each calendar year, by the system's own date (orders, arrests, referrals, prescriptions, stops).
        entries, persons, persons_lower: as the manifest has them.
        months: records of each month, see `count_months`; None of a snapshot that was loaded before they were counted.
    """

    tables: dict[str, TableProfile]
    years: dict[int, int]
    entries: int
    persons: int
    persons_lower: int
    months: dict[str, int] | None = None

    @property
    def records(self) -> int:
        """Records with a date."""
        return sum(self.years.values())


def record_table(system: System) -> tuple[str, str]:
    """The table of the system's records, and their date."""
    table, _, column = system.release.aggregated.year_source.partition(".")
    return table, column


def make_profile(con: Any, system: System, info: SnapshotInfo) -> Profile:
    """Count what a snapshot holds.

    Args:
        con: a connection with its views.
        system: its description.
        info: its manifest.

    Raises:
        RegisterUnreadable: a file can't be read.
    """
    given = [table for table in system.tables if table.name in info.tables]
    table, column = record_table(system)
    with database.guarded(RegisterUnreadable, table=table):
        years = con.execute(
            f"SELECT year({quoted(column)}) AS y, count(*) FROM {quoted(table)} "
            f"WHERE {quoted(column)} IS NOT NULL GROUP BY y ORDER BY y"
        ).fetchall()
    return Profile(
        tables={one.name: _table(con, one) for one in given},
        years=dict(years),
        entries=info.entries,
        persons=info.persons,
        persons_lower=info.persons_lower,
        months=count_months(con, system),
    )


def count_months(con: Any, system: System) -> dict[str, int]:
    """Records of each calendar month (``2026-01``), one pass over the one column of their date.

    From the first month to the last that has `FEW` records or more, those without any between them, too: what is
    outside may be slips of a date.

    Raises:
        RegisterUnreadable: the file can't be read.
    """
    table, column = record_table(system)
    with database.guarded(RegisterUnreadable, table=table):
        counted = con.execute(
            f"SELECT 12 * year({quoted(column)}) + month({quoted(column)}) - 1 AS m, count(*)"
            f" FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL GROUP BY m"
        ).fetchall()
    found: dict[int, int] = dict(counted)
    sure = [month for month, records in found.items() if records >= FEW]
    between = range(min(sure), max(sure) + 1) if sure else ()
    return {f"{month // 12}-{month % 12 + 1:02}": found.get(month, 0) for month in between}


def _table(con: Any, table: Table) -> TableProfile:
    asked = [part for column in table.columns for part in _asked(column)]
    with database.guarded(RegisterUnreadable, table=table.name):
        [(rows, *found)] = con.execute(
            f"SELECT count(*), {', '.join(asked)} FROM {quoted(table.name)}"
        ).fetchall()
    answers = iter(found)
    columns: dict[str, ColumnProfile] = {}
    for column in table.columns:
        filled, codes, earliest, latest = (next(answers) for _ in range(4))
        ends = [days[-1].year if days and len(days) == FEW else None for days in (earliest, latest)]
        columns[column.name] = ColumnProfile(
            empty=rows - filled, codes=codes, first=ends[0], last=ends[1]
        )
    return TableProfile(rows=rows, columns=columns)


def _asked(column: Column) -> tuple[str, str, str, str]:
    """What is asked of a column: rows with a value, codes, earliest and latest dates."""
    name, none = quoted(column.name), "NULL"
    counted = column.codes is not None or column.type == "boolean"
    codes = f"coalesce(histogram(CAST({name} AS VARCHAR)), MAP {{}})" if counted else none
    dated = column.type == "date"
    earliest, latest = (f"{end}({name}, {FEW})" if dated else none for end in ("min", "max"))
    return f"count({name})", codes, earliest, latest
