"""What a refused load says besides its error: each problem with its place, its count and what was expected, as rows of a file.

What was expected is told by the description alone: a form with an example that is nobody's, never a value of the files.
"""

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast

from systems.description import Column, System
from systems.errors import ForbiddenInRegister, RegisterRefused
from systems.outputs import written_together
from systems.register.checks import WHAT, Problem

COLUMNS = ("table", "column", "code", "problem", "count", "source", "first_rows", "expected")

_FORMS: Mapping[str, str] = {
    "integer": "a whole number, as 12",
    "text": "text",
    "date": "a day, as 2026-03-31",
    "time": "a time of day, as 14:05:00",
    "boolean": "true or false",
}
_MAPPED: Mapping[str, str] = {
    "mapped_table_missing": "a table or file of this name, or that the pattern fits",
    "mapped_column_missing": "a column of this name, spelled like this",
    "unmapped_column": "named under columns, or under ignore",
    "untaken_table": "named in a from, or under ignore",
    "table_twice": "one table of each name",
    "untaken_rows": "a value that a where names, or [[skip]]",
    "join_key_twice": "each key once",
    "unjoined": 'a row for each of them, or others = "drop"',
}
_FEW = 4  # codes named of a list
_PARTS = re.compile(r"\((?:[^()]*)\)\?|(?P<one>\\d|\[[^\]]+\]|[^\\\[\](){}])(?:\{(?P<least>\d+)(?:,\d+)?\})?")  # fmt: skip


def refused(system: System, problems: Iterable[Problem]) -> RegisterRefused:
    """Return the error that has them all; it is raised by the caller."""
    found = tuple(problems)
    forbidden = any(problem.code.startswith("forbidden") for problem in found)
    kind = ForbiddenInRegister if forbidden else RegisterRefused
    error = kind(count=sum(problem.count for problem in found), problems=[_short(p) for p in found])
    error.problems, error.listed = found, tuple(listed(system, found))
    return error


def _short(problem: Problem) -> str:
    place = ".".join(part for part in (problem.table or problem.source, problem.column) if part)
    return " ".join(part for part in (place, problem.code, problem.detail) if part)


def listed(system: System, problems: Sequence[Problem]) -> list[dict[str, object]]:
    """Each problem as a row of `COLUMNS`, most rows first."""
    return [
        {
            "table": one.table,
            "column": one.column,
            "code": one.code,
            "problem": f"{WHAT[one.code]}: {one.detail}" if one.detail else WHAT[one.code],
            "count": one.count,
            "source": one.source,
            "first_rows": list(one.rows),
            "expected": one.expected or expected(system, one),
        }
        for one in sorted(problems, key=lambda one: -one.count)
    ]


def write_report(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """Write rows of `listed` as CSV (RFC 4180), row numbers apart by blanks; a report that stands there is replaced.

    Raises:
        OutputUnwritable: it can't be written.
    """
    with written_together([path]) as (part,), part.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        for row in rows:
            first = cast("Sequence[int]", row["first_rows"])
            out.writerow(
                [*(row[n] for n in COLUMNS[:6]), " ".join(map(str, first)), row["expected"]]
            )


def is_report(path: Path) -> bool:
    """Whether a file is one that `write_report` wrote, so that another may take its place."""
    try:
        with path.open("rb") as file:
            return file.readline(200).strip() == ",".join(COLUMNS).encode()
    except OSError:
        return False


def expected(system: System, problem: Problem) -> str:
    """What would have fitted, in the words of the system's description."""
    if problem.code in _MAPPED:
        return _MAPPED[problem.code]
    table = system.tables_by_name[problem.table]
    column = table.by_name.get(problem.column)
    match problem.code:
        case "missing_table":
            return f"a file {table.name}.csv, .parquet or .xlsx"
        case "unknown_column":
            return f"columns of {table.name} alone: {', '.join(c.name for c in table.file_columns)}"
        case "duplicate_key":
            return "each key once"
        case "deleted_unknown":
            return "keys of rows that the base has; of a table without a key the rows as they were"
        case "deleted_and_given":
            return "a row that is gone or one that came, not both"
        case "orphan":
            (key,) = (k for k in table.foreign_keys if ", ".join(k.columns) == problem.column)
            return f"a row of {key.table} with the same {', '.join(key.references)}"
        case "forbidden_column" | "forbidden_content":
            return "nothing of the kind: leave it out of the export"
        case "date_order":
            before = [o.before for o in table.date_orders if o.after == problem.column]
            return f"no day before {', '.join(before)}"
        case _:
            return "" if column is None else form_of(system, column)


def form_of(system: System, column: Column) -> str:
    """A column's form: its codes, its pattern or its type, and its bounds."""
    if column.codes:
        values = system.code_list(column.codes).values
        some = ", ".join(values[:_FEW])
        return f"a code of {column.codes}: {some}{f' … ({len(values)})' * (len(values) > _FEW)}"
    form = (
        f"{column.pattern}, as {example(column.pattern)}" if column.pattern else _FORMS[column.type]
    )
    bounds = [f"from {v}" for v in (column.minimum, column.earliest) if v is not None]
    bounds += [f"to {column.maximum}"] * (column.maximum is not None)
    bounds += ["to the day of loading"] * column.not_future
    if column.minimum is not None or column.maximum is not None:
        form = "a whole number"
    return " ".join([form, *bounds])


def example(pattern: str) -> str:
    """The shortest text of a pattern of the descriptions (classes, counts, a group that may be missing)."""
    made: list[str] = []
    for part in _PARTS.finditer(pattern):
        if one := part["one"]:
            letter = "0" if one == r"\d" else one[1] if one.startswith("[") else one
            made.append(letter * int(part["least"] or 1))
    return "".join(made)
