"""Checks of a register snapshot, generated from the TOML: keys, references, code lists, ranges.

``register load`` has refused bad files already, by its own code; this is the second look, in
counts, that the report carries.
"""

from collections.abc import Iterator

from expectations.checks import Check
from expectations.context import RegisterContext
from expectations.kinds.facts import Facts
from expectations.sql import duplicates, name, rows, texts
from systems import Column, Table


def register(facts: Facts, told: RegisterContext) -> list[Check]:
    """Return the checks of every table that the system describes."""
    del told  # the fixed checks use it
    return [c for t in facts.system.tables for c in _table(facts, t)]


def _table(facts: Facts, table: Table) -> Iterator[Check]:
    if table.primary_key:
        yield _check(table, "key_unique", f"No two rows of {table.name} have the same key",
                     duplicates(table.name, table.primary_key))  # fmt: skip
    required = [c.name for c in table.columns if not c.nullable]
    if required:
        missing = " OR ".join(f"{name(c)} IS NULL" for c in required)
        yield _check(
            table,
            "required_present",
            f"No required value is missing in {table.name}",
            rows(table.name, missing),
        )
    for key in table.foreign_keys:
        pairs = " AND ".join(
            f"t.{name(o)} = f.{name(c)}" for c, o in zip(key.columns, key.references, strict=True)
        )
        given = " AND ".join(f"f.{name(c)} IS NOT NULL" for c in key.columns)
        yield _check(
            table,
            f"{'_'.join(key.columns)}_refers",
            f"Every {' and '.join(key.columns)} of {table.name} stands in {key.table}",
            f"SELECT count(*) FROM {name(table.name)} f WHERE {given} AND EXISTS (SELECT 1 FROM {name(key.table)}) "
            f"AND NOT EXISTS (SELECT 1 FROM {name(key.table)} t WHERE {pairs})",
        )
    coded = [c for c in table.columns if c.codes]
    if coded:
        wrong = " OR ".join(_outside(facts, c) for c in coded)
        yield _check(
            table,
            "codes_known",
            f"Every code in {table.name} is in its list",
            rows(table.name, wrong),
        )
    for order in table.date_orders:
        yield _check(
            table,
            f"{order.before}_{order.after}_order",
            f"In {table.name}, {order.before} is never after {order.after}",
            rows(table.name, f"{name(order.before)} > {name(order.after)}"),
        )


def _outside(facts: Facts, column: Column) -> str:
    assert column.codes is not None
    values = facts.system.code_list(column.codes).values
    return f"coalesce(CAST({name(column.name)} AS VARCHAR) NOT IN {texts(values)}, false)"


def _check(table: Table, what: str, title: str, violations: str) -> Check:
    return Check(
        f"register.{table.name}.{what}",
        title,
        "",
        "policy",
        "critical",
        violations=violations,
        elements=rows(table.name),
    )
