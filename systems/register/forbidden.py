"""What the law does not let into a system's data: found by column names and by what texts hold.

A column name is compared in one spelling (``FirstName``, ``first name`` and ``FIRST_NAME`` are one),
texts by the patterns of the system's description. What is found is told by place, never quoted.
"""

import re
from collections.abc import Iterator, Sequence

from systems.database import literal, quoted
from systems.description import Column, System, Table
from systems.register.problems import Problem

HEADER, CONTENT = "forbidden_column", "forbidden_content"
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_OTHER = re.compile(r"[^a-z0-9]+")


def header_problems(system: System, table: Table, names: Sequence[str]) -> Iterator[Problem]:
    """Yield the columns of a file whose names say that they hold what must not be there."""
    for place, name in enumerate(names, start=1):
        if name in table.by_name:
            continue
        spelled = _OTHER.sub("_", _CAMEL.sub("_", name).lower()).strip("_")
        for entry in system.forbidden:
            if entry.header and re.search(entry.header, spelled):
                yield Problem(table.name, HEADER, f"column {place}", detail=entry.name)


def content_conditions(system: System, table: Table, column: Column) -> Iterator[tuple[str, str]]:
    """Yield (name of what is forbidden, SQL condition that a bad value meets) for a text column.

    Codes are left alone: a value outside its list is refused anyway.
    """
    if column.type != "text" or column.codes or column.joined_from:
        return
    for entry in system.forbidden:
        if entry.content and f"{table.name}.{column.name}" not in entry.spared:
            value = quoted(column.name)
            yield entry.name, f"regexp_matches({value}, {literal(entry.content)})"
