"""The SQL that turns register tables into one row per person's entry on a record in scope.

Each step is a function that returns its name and its SQL; `entry_steps` lists them and they are
read as one WITH chain. Identifiers and conditions come from the system's description alone; what
differs between releases (codes in scope, years) is bound.
"""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from extracts.rows.plan import Plan, Reach
from systems.database import literal, quoted
from systems.description import AMOUNTS, NUMBERS, Exclusion, OutputColumn

if TYPE_CHECKING:
    import duckdb

Step = tuple[str, str]
Years = tuple[int, int] | None


def chain(steps: Sequence[Step], final: str) -> str:
    """Return the steps as one query."""
    listed = ",\n".join(f"{name} AS ({sql}\n)" for name, sql in steps)
    return f"WITH {listed}\n{final}"


def fetched(
    con: "duckdb.DuckDBPyConnection", query: str, bound: dict[str, object] | None = None
) -> pa.Table:
    """Return the whole result of a query as an Arrow table, without a copy in between."""
    result: Any = con.sql(query, params=bound or {})  # DuckDB has no types for it
    return result.to_arrow_table()


def parameters(plan: Plan, families: tuple[str, ...], years: Years) -> dict[str, object]:
    """Return what `entry_steps` binds.

    Raises:
        ScopeEmpty: no family is named, or one that the system does not have.
    """
    bound: dict[str, object] = {"scope": plan.codes_in_scope(families)}
    if years:
        bound |= {"first": years[0], "last": years[1]}
    return bound


def entry_steps(
    plan: Plan, years: Years, released_anyway: frozenset[str], among: str | None = None
) -> list[Step]:
    """Return all steps up to ``entries`` (withheld ones too) and ``released`` (without them).

    ``released_anyway`` names the exclusions that policy switched off, ``among`` a relation with the
    keys of the records that matter, where not all do.
    """
    exclusions = [e for e in plan.release.exclusions if e.name not in released_anyway]
    return [scope(plan, years, exclusions, among), entries(plan), *facts(plan), released(plan)]


def scope(
    plan: Plan, years: Years, exclusions: Sequence[Exclusion], among: str | None = None
) -> Step:
    """Records of the approved codes and years, and whether each must be left out.

    A flag is set by an act (a court's order, an enrolment), so a missing flag is no flag.
    """
    matter = f" SEMI JOIN {among} USING ({quoted(plan.key)})" if among else ""
    during = f"AND {year_of(plan)} BETWEEN $first AND $last"
    flags = " OR ".join(excluded(plan, one) for one in exclusions)
    return (
        "scope",
        f"""
    SELECT o.*, ({flags or "false"}) AS release_withheld
    FROM {quoted(plan.key_table)} o{matter}
    WHERE list_contains($scope, o.{_column(plan.release.scope.source)})
      AND o.{_column(plan.release.year_source)} IS NOT NULL {during if years else ""}""",
    )


def entries(plan: Plan) -> Step:
    """Each record's persons, in the released role where there are roles, once each."""
    key, person = quoted(plan.key), quoted(plan.person)
    role = in_role(plan, "p", plan.own_roles)
    if unless := plan.release.person_unless:
        role += f" AND NOT coalesce(p.{quoted(unless)}, true)"  # who may be one is left out, too
    return (
        "entries",
        f"""
    SELECT s.{key}, p.{person}, any_value(s.release_withheld) AS withheld
    FROM scope s JOIN {quoted(plan.party_table)} p ON p.{key} = s.{key} {role and f"AND {role}"}
    WHERE p.{person} IS NOT NULL
    GROUP BY ALL""",
    )


def facts(plan: Plan) -> list[Step]:
    """One step for each source table, role and condition that values are taken from."""
    return [
        (f"facts_{number}", _facts(plan, columns))
        for number, columns in enumerate(_by_source(plan.columns))
    ]


def released(plan: Plan) -> Step:
    """The entries with all their output columns, in the order of the plan."""
    joins: list[str] = []
    made: dict[str, str] = {}
    for number, columns in enumerate(_by_source(plan.columns)):
        key = f"{quoted(plan.key)}, {quoted(plan.person)}"
        own = _own(plan.reach(columns[0].table, columns[0].role))
        joins.append(f"LEFT JOIN facts_{number} USING ({key if own else quoted(plan.key)})")
        for column in columns:
            name = quoted(column.name)
            made[column.name] = f"{where_missing(column, f'facts_{number}.{name}')} AS {name}"
    outputs = ",\n      ".join(made[column.name] for column in plan.columns)
    return (
        "released",
        f"""
    SELECT entries.{quoted(plan.key)} AS key_, entries.{quoted(plan.person)} AS entry_,
      {outputs}
    FROM entries {" ".join(joins)}
    WHERE NOT entries.withheld""",
    )


def _facts(plan: Plan, columns: Sequence[OutputColumn]) -> str:
    first = columns[0]
    reach = plan.reach(first.table, first.role)
    key, person = quoted(plan.key), quoted(plan.person)
    keys = f"e.{key}, e.{person}" if _own(reach) else f"s.{key}"
    values = ",\n      ".join(f"{value(c, 't', plan)} AS {quoted(c.name)}" for c in columns)
    return f"""
    SELECT {keys},
      {values}
    FROM {_joined(plan, first, reach)}
    {_conditions(plan, first, reach)}
    GROUP BY {keys}"""


def _joined(plan: Plan, column: OutputColumn, reach: Reach) -> str:
    table, party = quoted(column.table), quoted(plan.party_table)
    key, person = quoted(plan.key), quoted(plan.person)
    match reach:
        case Reach.KEY:
            return f"(SELECT * FROM scope) t JOIN scope s ON s.{key} = t.{key}"
        case Reach.RECORD | Reach.PARTY:
            return f"scope s JOIN {table} t ON t.{key} = s.{key}"
        case Reach.OWN_PARTY:
            return f"entries e JOIN {table} t ON t.{key} = e.{key} AND t.{person} = e.{person}"
        case Reach.OWN_PERSON:
            return f"entries e JOIN {table} t ON t.{person} = e.{person}"
        case Reach.PARTY_PERSON:
            return (
                f"scope s JOIN {party} p ON p.{key} = s.{key} "
                f"JOIN {table} t ON t.{person} = p.{person}"
            )
        case Reach.PARENT:
            pairs = plan.parent_join(column.table)
            same = " AND ".join(f"t.{quoted(theirs)} = s.{quoted(ours)}" for ours, theirs in pairs)
            return f"scope s JOIN {table} t ON {same}"


def _conditions(plan: Plan, column: OutputColumn, reach: Reach) -> str:
    tests: list[str] = []
    own = column.role in {None, plan.release.person_role}
    roles = plan.own_roles if own else (str(column.role),)
    if reach in {Reach.PARTY, Reach.OWN_PARTY}:
        tests.append(in_role(plan, "t", roles))
    if reach is Reach.PARTY_PERSON:
        tests.append(in_role(plan, "p", roles))
    tests = [test for test in tests if test]
    for name, values in sorted(column.where.items()):
        tests.append(f"t.{quoted(name)}::VARCHAR IN {_listed(values)}")
    return f"WHERE {' AND '.join(tests)}" if tests else ""


def in_role(plan: Plan, alias: str, roles: tuple[str, ...]) -> str:
    """The condition on the role; empty in a system without roles."""
    if plan.role is None or not roles:
        return ""
    return f"{alias}.{quoted(plan.role)} IN {_listed(roles)}"


def excluded(plan: Plan, exclusion: Exclusion) -> str:
    """The condition that an exclusion makes of record ``o``."""
    table, _, column = exclusion.source.partition(".")
    if plan.reach(table, None) is Reach.KEY:
        return f"coalesce(o.{quoted(column)}, false)"
    key, person = quoted(plan.key), quoted(plan.person)
    joined, on = f"{quoted(table)} x", f"x.{key} = o.{key}"
    if plan.key not in plan.system.table(table).column_names:
        joined += f" JOIN {quoted(plan.party_table)} p ON p.{person} = x.{person}"
        on = f"p.{key} = o.{key}"
    return f"EXISTS (SELECT 1 FROM {joined} WHERE {on} AND x.{quoted(column)})"


def year_of(plan: Plan) -> str:
    """The year of record ``o``."""
    return f"year(o.{_column(plan.release.year_source)})"


def _listed(values: Iterable[str]) -> str:
    return f"({', '.join(literal(one) for one in values)})"


def _by_source(columns: Iterable[OutputColumn]) -> list[list[OutputColumn]]:
    def source(column: OutputColumn) -> tuple[str, str, str]:
        return column.table, column.role or "", repr(sorted(column.where.items()))

    return [list(group) for _, group in groupby(sorted(columns, key=source), key=source)]


def _own(reach: Reach) -> bool:
    """Whether values belong to the person's own entry, not to the record as a whole."""
    return reach in {Reach.OWN_PARTY, Reach.OWN_PERSON}


def _column(source: str) -> str:
    return quoted(source.partition(".")[2])


# --- one output value: read, made coarser, and several rows of a record made one

_TYPES = {
    "text": "VARCHAR",
    "list": "VARCHAR",
    "date": "DATE",
    "month": "VARCHAR",
    "quarter": "VARCHAR",
    "year": "SMALLINT",
    "years": "VARCHAR",
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
    raw = f"{alias}.{quoted(column.column)}"
    if column.combine in AMOUNTS:  # added up as they are
        combined = _banded(column, _combined(column, raw, alias), plan)
    else:
        combined = _combined(column, _single(column, raw, alias, plan), alias)
    if column.generalise == "reference":
        return combined
    return f"{combined}::{_TYPES[column.type]}"


def _banded(column: OutputColumn, amount: str, plan: Plan) -> str:
    """An amount in bands; DuckDB takes no aggregate into a subquery, so that the bands are spelt out."""
    if column.generalise != "band":
        return amount
    bands = [c for c in plan.system.code_list(column.codes or "").codes if "lowest" in c.attributes]
    cases = " ".join(
        f"WHEN {amount} BETWEEN {int(c.attributes['lowest'])} AND {int(c.attributes['highest'])} THEN {literal(c.value)}"
        for c in bands
    )
    return f"CASE {cases} END"


def where_missing(column: OutputColumn, made: str) -> str:
    """Return the value that leaves where no row was found: none, zero, no, or the unknown code."""
    if column.unknown is not None:
        return f"coalesce({made}, {literal(column.unknown)})"
    if column.combine in NUMBERS:
        return f"coalesce({made}, 0)"
    if column.generalise == "present":
        return f"coalesce({made}, false)"
    return made


def _single(column: OutputColumn, raw: str, alias: str, plan: Plan) -> str:
    """One row's value, as coarse as it may leave."""
    if column.since:
        raw = f"date_diff('day', s.{_column(column.since)}, {raw})"
    if column.attribute:
        source = plan.system.source(column.source).codes or ""
        raw = _mapped(source, column.attribute, raw)
    elif column.unknown is not None and column.codes and column.generalise == "none":
        raw = _mapped(column.codes, "", raw)  # an unlisted code is unknown
    if column.instead:
        other = f"{alias}.{_column(column.instead.source)}"
        raw = f"CASE WHEN {other} IS NULL THEN {raw} ELSE {literal(column.instead.code)} END"
    if column.then:
        codes, _, attribute = column.then.partition(".")
        raw = _mapped(codes, attribute, raw)
    match column.generalise:
        case "month":
            return f"strftime({raw}, '%Y-%m')"
        case "quarter":
            return f"(year({raw}) || '-Q' || quarter({raw}))"
        case "year":
            return f"year({raw})"
        case "two_years" | "six_years":
            many = {"two_years": 2, "six_years": 6}[column.generalise]
            first = f"(year({raw}) // {many} * {many})"
            return f"({first} || '-' || ({first} + {many - 1}))"
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
            if column.attribute:  # DuckDB sorts no distinct values of a subquery
                return f"nullif(array_to_string(list_sort(list_distinct(list({text}))), ';'), '')"
            return f"string_agg(DISTINCT {text}, ';' ORDER BY {text})"
        case "any":
            return f"bool_or({single})"
        case "sum":
            return f"sum({single})"
        case "count":
            return "count(*)"
        case "distinct":
            return f"count(DISTINCT {single})"


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
