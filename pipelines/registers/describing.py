"""What a system's tables, columns and codes are called here, for whoever writes a mapping or an export."""

from collections.abc import Sequence

from errors import nearest
from systems.description import Column, System
from systems.errors import NotDescribed
from systems.register import form_of

Rows = list[dict[str, object]]


def describe_system(system: System, what: str | None) -> tuple[str, Sequence[str], Rows]:
    """A title, columns and rows: of all tables, of one table's columns, or of one list's codes.

    Raises:
        NotDescribed: it has no table or code list of this name.
    """
    code = system.code
    if what is None:
        return (
            f"Tables of {code}",
            ("table", "required", "key", "columns", "title"),
            _tables(system),
        )
    if what in system.tables_by_name:
        heads = ("column", "type", "required", "form", "description")
        columns = system.table(what).file_columns
        return f"{code}: {what}", heads, [_column(system, column) for column in columns]
    if what in system.code_lists_by_name:
        codes = system.code_list(what).codes
        rows: Rows = [{"code": c.value, "label": c.label, **c.attributes, "verified": c.verified} for c in codes]  # fmt: skip
        return f"{code}: {system.code_list(what).title}", tuple(rows[0]), rows
    known = [*system.tables_by_name, *system.code_lists_by_name]
    raise NotDescribed(system=code, what="table or code list", **nearest(what, known))


def _tables(system: System) -> Rows:
    return [
        {
            "table": table.name,
            "required": table.required,
            "key": ", ".join(table.primary_key),
            "columns": len(table.file_columns),
            "title": table.title,
        }
        for table in system.tables
    ]


def _column(system: System, column: Column) -> dict[str, object]:
    return {
        "column": column.name,
        "type": column.type,
        "required": not column.nullable,
        "form": form_of(system, column),
        "codes": column.codes,
        "class": column.identifier_class,
        "description": column.description,
    }
