"""The SQL of one output value: read, made coarser, and several rows of an order made one."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa

from extracts.records.plan import Plan
from systems.database import literal, quoted
from systems.description import OutputColumn

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    "text": "VARCHAR",
    "list": "VARCHAR",
    "date": "DATE",
    "month": "VARCHAR",
    "year": "SMALLINT",
    "number": "BIGINT",
    "yes/no": "BOOLEAN",
}


@contextmanager
def lookups(con: "duckdb.DuckDBPyConnection", plan: Plan) -> Generator[None]:
    """Register the code lists of a plan's system beside the snapshot's views, and take them away."""
    tables = {"release_codes": _codes(plan), "release_bands": _bands(plan)}
    for name, table in tables.items():
        con.register(name, table)
    try:
        yield
    finally:
        for name in tables:
            con.unregister(name)


def value(column: OutputColumn, alias: str, plan: Plan) -> str:
    """Return the aggregate expression of ``column`` over the rows of ``alias``."""
    combined = _combined(column, _single(column, f"{alias}.{quoted(column.column)}", plan), alias)
    if column.generalise == "reference":
        return combined
    return f"{combined}::{_TYPES[column.type]}"


def where_missing(column: OutputColumn, made: str) -> str:
    """Return the value that leaves where no row was found: none, zero, no, or the unknown code."""
    if column.unknown is not None:
        return f"coalesce({made}, {literal(column.unknown)})"
    if column.combine == "count":
        return f"coalesce({made}, 0)"
    if column.generalise == "present":
        return f"coalesce({made}, false)"
    return made


def _single(column: OutputColumn, raw: str, plan: Plan) -> str:
    """One row's value, as coarse as it may leave."""
    if column.attribute:
        source = plan.system.source(column.source).codes or ""
        raw = _mapped(source, column.attribute, raw)
    elif column.unknown is not None and column.codes and column.generalise == "none":
        raw = _mapped(column.codes, "", raw)  # an unlisted code is unknown
    match column.generalise:
        case "month":
            return f"strftime({raw}, '%Y-%m')"
        case "year":
            return f"year({raw})"
        case "band":
            return f"""(SELECT min(b.code) FROM release_bands b
              WHERE b.list = {literal(column.codes or "")} AND {raw} BETWEEN b.lowest AND b.highest)"""
        case "present":
            return f"({raw} IS NOT NULL)"
        case "none" | "reference":
            return raw


def _mapped(codes: str, attribute: str, raw: str) -> str:
    return f"""(SELECT min(m.mapped) FROM release_codes m
              WHERE m.list = {literal(codes)} AND m.attribute = {literal(attribute)}
                AND m.value = {raw}::VARCHAR)"""


def _combined(column: OutputColumn, single: str, alias: str) -> str:
    if column.generalise == "present":
        return f"bool_or({single})"
    by = f"{alias}.{quoted(column.combine_by)}" if column.combine_by else single
    match column.combine:
        case "one":
            return f"min({single})"
        case "first":
            return f"first({single} ORDER BY {by} ASC NULLS LAST, {single} ASC NULLS LAST)"
        case "last":
            return f"first({single} ORDER BY {by} DESC NULLS LAST, {single} DESC NULLS LAST)"
        case "join":
            text = f"({single})::VARCHAR"
            return f"string_agg(DISTINCT {text}, ';' ORDER BY {text})"
        case "any":
            return f"bool_or({single})"
        case "sum":
            return f"sum({single})"
        case "count":
            return "count(*)"


def _codes(plan: Plan) -> pa.Table:
    """Every code with itself (attribute empty) and with each attribute."""
    rows = [
        (codes.name, attribute, code.value, mapped)
        for codes in plan.system.code_lists
        for code in codes.codes
        for attribute, mapped in [("", code.value), *code.attributes.items()]
    ]
    return _texts(("list", "attribute", "value", "mapped"), rows)


def _bands(plan: Plan) -> pa.Table:
    rows = [
        (codes.name, code.value, code.attributes["lowest"], code.attributes["highest"])
        for codes in plan.system.code_lists
        for code in codes.codes
        if {"lowest", "highest"} <= code.attributes.keys()
    ]
    table = _texts(("list", "code", "lowest", "highest"), rows)
    for place, name in enumerate(("lowest", "highest"), start=2):
        table = table.set_column(place, name, table[name].cast(pa.int64()))
    return table


def _texts(names: tuple[str, ...], rows: list[tuple[str, ...]]) -> pa.Table:
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in names]))
