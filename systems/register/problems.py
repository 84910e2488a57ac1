"""What is wrong with register files: table, column, code, how often, and where first."""

from collections.abc import Iterable
from dataclasses import dataclass

from systems.errors import ForbiddenInRegister, RegisterRefused

LISTED = 10  # row numbers kept of each problem: enough to find the place

WHAT = {
    "missing_table": "a required table was not given",
    "unknown_column": "a column that the table does not have",
    "missing_column": "a required column is not in the file",
    "wrong_type": "values that are not of the column's type",
    "missing_value": "values missing where one is required",
    "unknown_code": "codes that are not in the code list",
    "wrong_shape": "values that don't have the column's form",
    "out_of_range": "numbers outside the plausible range",
    "implausible_date": "dates too early, or after the day of loading",
    "date_order": "a date after one that must not come before it",
    "duplicate_key": "rows that repeat a key",
    "orphan": "rows that point to a row which is not there",
    "forbidden_column": "a column that the law does not let into this system's data",
    "forbidden_content": "values that look like what the law does not let into this system's data",
}


@dataclass(frozen=True)
class Problem:
    """One kind of problem in one place; never a value.

    Attributes:
        table: name of the table.
        code: see `WHAT`.
        column: name of a described column, or the place of one that is not ("column 3").
        count: rows concerned.
        rows: the first few, data rows counted from 1.
        detail: of what is forbidden, its name in the system's description.
    """

    table: str
    code: str
    column: str = ""
    count: int = 1
    rows: tuple[int, ...] = ()
    detail: str = ""

    def __str__(self) -> str:
        place = f"{self.table}.{self.column}" if self.column else self.table
        rows = f", first in rows {', '.join(map(str, self.rows))}" if self.rows else ""
        what = f"{WHAT[self.code]}: {self.detail}" if self.detail else WHAT[self.code]
        return f"{place}: {what} ({self.count}{rows})"


def refused(problems: Iterable[Problem]) -> RegisterRefused:
    """Return the error that lists them all; it is raised by the caller."""
    found = tuple(problems)
    forbidden = any(problem.code.startswith("forbidden") for problem in found)
    kind = ForbiddenInRegister if forbidden else RegisterRefused
    error = kind(count=sum(problem.count for problem in found), problems=[_short(p) for p in found])
    error.problems = found
    return error


def _short(problem: Problem) -> str:
    place = f"{problem.table}.{problem.column}" if problem.column else problem.table
    return " ".join(part for part in (place, problem.code, problem.detail) if part)
