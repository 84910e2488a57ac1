"""A register as a connection sees it: one view per table, and the records as linkage reads them.

Tables that a register does not have are empty views with the right columns, so that nobody needs
a case for them.
"""

from collections.abc import Mapping
from typing import Any

from systems.database import literal, quoted
from systems.description import LinkageColumn, System, Table

# DuckDB 2.0 can't decrypt a column of which a filter lets it skip pages ("Computed AES tag
# differs"). An offset keeps filters from being pushed into the file; columns still are.
_BARRIER = "OFFSET 0"


def table_view(
    table: Table, scan: str | None, present: tuple[str, ...], schema: str = "main"
) -> str:
    """SQL of the view on one table.

    Args:
        table: its description.
        scan: table expression of its file, or none for an empty view.
        present: columns that the file holds.
        schema: where the view stands.
    """
    columns = ", ".join(
        quoted(c.name)
        if scan and c.name in present
        else f"CAST(NULL AS {c.sql_type}) AS {quoted(c.name)}"
        for c in table.columns
    )
    rows = f"FROM {scan} {_BARRIER}" if scan else "WHERE false"
    name = f"{quoted(schema)}.{quoted(table.name)}"
    return f"CREATE OR REPLACE VIEW {name} AS SELECT {columns} {rows}"


def index_view(name: str, scan: str, schema: str = "main") -> str:
    """SQL of the view on the person index."""
    return f"CREATE OR REPLACE VIEW {quoted(schema)}.{name} AS SELECT * FROM {scan} {_BARRIER}"


def create_code_lists(con: Any, system: System) -> None:
    """Create ``ref_<list>(code, label, <attributes>)`` for each code list, in the list's order."""
    for codes in system.code_lists:
        names = codes.attribute_names
        rows = ", ".join(
            "("
            + ", ".join(_text(v) for v in (c.value, c.label, *map(c.attributes.get, names)))
            + ")"
            for c in codes.codes
        )
        columns = ", ".join(("code", "label", *map(quoted, names)))
        con.execute(
            f"CREATE OR REPLACE VIEW {quoted('ref_' + codes.name)} AS "
            f"SELECT * FROM (VALUES {rows}) AS listed({columns})"
        )


def create_linkage_records(con: Any, system: System) -> None:
    """Create ``linkage_records(record_id, role, <standard columns>, "group")``.

    One row for each entry, role and variant of name and address; all standard columns are text, null
    where missing. ``group`` is the order that the entry stands on: two entries of one group are two
    people. It is null where an entry stands on several, or where the system knows no groups.
    """
    con.execute(f"CREATE OR REPLACE VIEW linkage_records AS {linkage_sql(system)}")


def entries_sql(system: System, among: str) -> str:
    """Return the query for each variant of some entries once, like ``linkage_records`` without role and group.

    Args:
        system: the data system.
        among: a relation with their ``record_id``; nothing is worked out for others.
    """
    shown, joins = _together(system, among)
    table, key = system.linkage.person_table, system.linkage.person_key
    return (
        f"SELECT entry.{quoted(key)} AS record_id{shown} "
        f"FROM {quoted(table)} AS entry {' '.join(joins)} WHERE entry.{_among(key, among)}"
    )


def linkage_sql(system: System, among: str | None = None) -> str:
    """The query behind ``linkage_records``; ``among``: a relation with the ``record_id`` of the entries that are wanted."""
    linkage = system.linkage
    table, key = linkage.person_table, linkage.person_key
    shown, joins = _together(system, among)
    if roles := _role_sql(system, key, among):
        joins.append(f"LEFT JOIN ({roles}) AS party USING ({quoted(key)})")
    role = "party.role" if roles else "CAST(NULL AS VARCHAR) AS role"
    group = "party.grouped" if linkage.group and roles else "CAST(NULL AS BIGINT)"
    return (
        f'SELECT entry.{quoted(key)} AS record_id, {role}{shown}, {group} AS "group" '
        f"FROM {quoted(table)} AS entry {' '.join(joins)}"
        + (f" WHERE entry.{_among(key, among)}" if among else "")
    )


def linkage_tables(system: System) -> Mapping[str, list[str]]:
    """The tables that `linkage_sql` and `entries_sql` read, and of each the columns that they look at: its key of entries first."""
    linkage = system.linkage
    read: dict[str, dict[str, None]] = {linkage.person_table: {linkage.person_key: None}}
    looked_at = [(column.source, column.where) for column in linkage.columns]
    looked_at += [(s, {}) for s in (linkage.role, linkage.group) if linkage.role and s]
    for source, where in looked_at:
        table, _, name = source.partition(".")
        columns = read.setdefault(table, {linkage.person_key: None})
        columns.update(dict.fromkeys([name, *where]))
    return {table: list(columns) for table, columns in read.items()}


def _together(system: System, among: str | None) -> tuple[str, list[str]]:
    """The standard columns of an entry as they are selected, and the joins that bring them together."""
    linkage = system.linkage
    table, key = linkage.person_table, linkage.person_key
    joins: list[str] = []
    shown: dict[str, str] = {}
    for number, (source, columns) in enumerate(_parts(linkage.columns).items()):
        alias = f"part{number}"
        if source[0] == table and not source[1]:
            alias = "entry"
        else:
            part = _part_sql(source, columns, key, among)
            joins.append(f"LEFT JOIN ({part}) AS {alias} USING ({quoted(key)})")
        for column in columns:
            field = column.source.split(".")[1] if alias == "entry" else column.name
            shown[column.name] = (
                f"CAST({alias}.{quoted(field)} AS VARCHAR) AS {quoted(column.name)}"
            )
    return "".join(f", {shown[column.name]}" for column in linkage.columns), joins


_Source = tuple[str, tuple[tuple[str, tuple[str, ...]], ...], bool]


def _parts(columns: tuple[LinkageColumn, ...]) -> Mapping[_Source, list[LinkageColumn]]:
    """Columns that come from the same rows of one table belong together."""
    parts: dict[_Source, list[LinkageColumn]] = {}
    for column in columns:
        table = column.source.split(".")[0]
        parts.setdefault((table, tuple(column.where.items()), column.variants), []).append(column)
    return parts


def _among(key: str, among: str) -> str:
    return f"{quoted(key)} IN (SELECT record_id FROM {among})"


def _part_sql(source: _Source, columns: list[LinkageColumn], key: str, among: str | None) -> str:
    """Rows of one part: every variant, or one row whose values go together."""
    table, where, variants = source
    conditions = [
        f"{quoted(name)} IN ({', '.join(map(literal, values))})" for name, values in where
    ]
    conditions += [_among(key, among)] if among else []
    fields = [quoted(column.source.split(".")[1]) for column in columns]
    named = [quoted(column.name) for column in columns]
    filter_sql = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    if variants:
        picked = ", ".join(f"{f} AS {n}" for f, n in zip(fields, named, strict=True))
        return f"SELECT DISTINCT {quoted(key)}, {picked} FROM {quoted(table)} {filter_sql}"
    picked = ", ".join(
        f"arg_min({f}, {fields[0]}) AS {n}" for f, n in zip(fields, named, strict=True)
    )
    return f"SELECT {quoted(key)}, {picked} FROM {quoted(table)} {filter_sql} GROUP BY ALL"


def _role_sql(system: System, key: str, among: str | None) -> str:
    """Role and group of every entry, or of some; empty where entries have neither."""
    linkage = system.linkage
    if linkage.role is None:
        return ""
    group = quoted((linkage.group or linkage.role).split(".")[1])
    return (
        f"SELECT {quoted(key)}, {quoted(linkage.role_column or '')} AS role, "
        f"CASE WHEN min({group}) = max({group}) THEN min({group}) END AS grouped "
        f"FROM {quoted(linkage.party_table)} {f'WHERE {_among(key, among)} ' if among else ''}GROUP BY ALL"
    )


def _text(value: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if value is None else literal(value)
