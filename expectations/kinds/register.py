"""Checks of a register snapshot, generated from the TOML: keys, references, code lists, ranges.

``register load`` has refused bad files already, by its own code; this is the second look, in
counts, that the report carries.
"""

from collections.abc import Iterator

from expectations.checks import Check
from expectations.context import RegisterContext
from expectations.kinds.facts import Facts
from expectations.sql import any_of, duplicates, rows, texts
from systems.database import literal, quoted
from systems.description import Column, ForeignKey, Table


def register_checks(facts: Facts, context: RegisterContext) -> Iterator[Check]:
    """Yield the checks of every table that the system describes, of persons and of records."""
    yield from _persons(facts)
    yield from _records(facts, context)
    for table in facts.system.tables:
        yield from _table(facts, table)


def _persons(facts: Facts) -> Iterator[Check]:
    """Every entry has its person, and the lower bound joins whole persons."""
    linkage = facts.system.linkage
    table, key = quoted(linkage.person_table), quoted(linkage.person_key)
    yield Check(
        "register.persons_indexed",
        "Every entry is resolved to exactly one person, and no person stands for an unknown entry",
        "§ 964(f)(2)",
        "law",
        violations=f"SELECT (SELECT count(*) FROM {table} ANTI JOIN person_index ON {key} = record_id) + "
        f"(SELECT count(*) FROM person_index ANTI JOIN {table} ON {key} = record_id) + "
        "(SELECT count(*) - count(DISTINCT record_id) FROM person_index)",
        elements=rows(linkage.person_table),
    )
    yield Check(
        "register.lower_bound_coarser",
        "The lower bound joins whole persons: it never splits one",
        "§ 964(f)(2)",
        "law",
        violations="SELECT count(*) FROM (SELECT identity FROM person_index GROUP BY identity "
        "HAVING count(DISTINCT identity_lower) > 1)",
        elements="SELECT count(DISTINCT identity) FROM person_index",
    )


def _records(facts: Facts, context: RegisterContext) -> Iterator[Check]:
    """Every record has its day and its person."""
    system, linkage = facts.system, facts.system.linkage
    release, noun = system.release.aggregated, system.record.noun
    table, _, date = release.year_source.partition(".")
    key = quoted(release.key.partition(".")[2])
    every = rows(table)
    day = quoted(date)
    yield Check(
        "register.issued_by_load",
        f"No {noun} is dated after the day of the load",
        violations=rows(table, f"{day} > CAST('{context.on.isoformat()}' AS DATE)"),
        elements=rows(table, f"{day} IS NOT NULL"),
    )
    yield Check(
        "register.issued_after_1900",
        f"Every {noun} bears a date after 1900",
        "§ 962(b)",
        "law",
        violations=rows(table, f"{day} IS NULL OR {day} < DATE '1900-01-01'"),
        elements=every,
    )
    role = ""
    if linkage.role_column and release.person_role:
        role = f" AND p.{quoted(linkage.role_column)} = {literal(release.person_role)}"
    yield Check(
        f"register.{noun}_has_{release.person_role or 'person'}",
        f"Every {noun} names a {system.record.person}",
        severity="warning",
        violations=f"SELECT count(*) FROM {quoted(table)} o WHERE NOT EXISTS (SELECT 1 FROM "
        f"{quoted(linkage.party_table)} p WHERE p.{key} = o.{key}{role})",
        elements=every,
    )


def _table(facts: Facts, table: Table) -> Iterator[Check]:
    """Rules over rows are counted in one pass over the table: a snapshot's tables are encrypted files."""
    if table.primary_key:
        title = f"No two rows of {table.name} have the same key"
        unique = duplicates(table.name, table.primary_key)
        yield _check(table, "key_unique", title, violations=unique)
    if required := [c.name for c in table.columns if not c.nullable]:
        missing = " OR ".join(f"r.{quoted(c)} IS NULL" for c in required)
        title = f"No required value is missing in {table.name}"
        yield _check(table, "required_present", title, row=missing)
    for key in table.foreign_keys:
        named = " and ".join(key.columns)
        title = f"Every {named} of {table.name} stands in {key.table}"
        what = f"{'_'.join(key.columns)}_refers"
        referring = _referring(table, key)
        orphans = (
            f"{referring} AND NOT EXISTS (SELECT 1 FROM {quoted(key.table)} t WHERE {_joined(key)})"
        )
        yield _check(table, what, title, violations=orphans, elements=referring)
    if coded := [c for c in table.columns if c.codes]:
        wrong = any_of(_outside(facts, c) for c in coded)
        yield _check(table, "codes_known", f"Every code in {table.name} is in its list", row=wrong)
    for order in table.date_orders:
        title = f"In {table.name}, {order.before} is never after {order.after}"
        wrong = f"r.{quoted(order.before)} > r.{quoted(order.after)}"
        yield _check(table, f"{order.before}_{order.after}_order", title, row=wrong)


def _referring(table: Table, key: ForeignKey) -> str:
    """A query for the rows that refer to something; a table that was not delivered refutes nobody."""
    given = " AND ".join(f"f.{quoted(c)} IS NOT NULL" for c in key.columns)
    return (
        f"SELECT count(*) FROM {quoted(table.name)} f WHERE {given} "
        f"AND EXISTS (SELECT 1 FROM {quoted(key.table)})"
    )


def _joined(key: ForeignKey) -> str:
    return " AND ".join(
        f"t.{quoted(there)} = f.{quoted(here)}"
        for here, there in zip(key.columns, key.references, strict=True)
    )


def _outside(facts: Facts, column: Column) -> str:
    assert column.codes is not None
    values = facts.system.code_list(column.codes).values
    return f"CAST(r.{quoted(column.name)} AS VARCHAR) NOT IN {texts(values)}"


def _check(
    table: Table,
    what: str,
    title: str,
    *,
    row: str | None = None,
    violations: str | None = None,
    elements: str | None = None,
) -> Check:
    return Check(
        f"register.{table.name}.{what}",
        title,
        row=row,
        violations=violations,
        elements=(elements or rows(table.name)) if row is None else None,
        over=f"{quoted(table.name)} AS r" if row else None,
    )
