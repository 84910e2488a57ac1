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
from systems.model import ForeignKey


def register(facts: Facts, told: RegisterContext) -> list[Check]:
    """Return the checks of every table that the system describes."""
    del told  # the fixed checks use it
    return [c for t in facts.system.tables for c in _table(facts, t)]


def _table(facts: Facts, table: Table) -> Iterator[Check]:
    """Rules over rows are counted in one pass over the table: a snapshot's tables are encrypted files."""
    if table.primary_key:
        yield _check(table, "key_unique", f"No two rows of {table.name} have the same key",
                     violations=duplicates(table.name, table.primary_key))  # fmt: skip
    if required := [c.name for c in table.columns if not c.nullable]:
        missing = " OR ".join(f"r.{name(c)} IS NULL" for c in required)
        yield _check(
            table, "required_present", f"No required value is missing in {table.name}", row=missing
        )
    for key in table.foreign_keys:
        named = " and ".join(key.columns)
        title = f"Every {named} of {table.name} stands in {key.table}"
        yield _check(
            table, f"{'_'.join(key.columns)}_refers", title, violations=_orphans(table, key)
        )
    if coded := [c for c in table.columns if c.codes]:
        wrong = " OR ".join(_outside(facts, c) for c in coded)
        yield _check(table, "codes_known", f"Every code in {table.name} is in its list", row=wrong)
    for order in table.date_orders:
        yield _check(
            table,
            f"{order.before}_{order.after}_order",
            f"In {table.name}, {order.before} is never after {order.after}",
            row=f"r.{name(order.before)} > r.{name(order.after)}",
        )


def _orphans(table: Table, key: ForeignKey) -> str:
    """Rows that refer to nothing; a table that was not delivered refutes nobody."""
    pairs = " AND ".join(
        f"t.{name(there)} = f.{name(here)}"
        for here, there in zip(key.columns, key.references, strict=True)
    )
    given = " AND ".join(f"f.{name(c)} IS NOT NULL" for c in key.columns)
    return (
        f"SELECT count(*) FROM {name(table.name)} f WHERE {given} AND EXISTS (SELECT 1 FROM {name(key.table)}) "
        f"AND NOT EXISTS (SELECT 1 FROM {name(key.table)} t WHERE {pairs})"
    )


def _outside(facts: Facts, column: Column) -> str:
    assert column.codes is not None
    values = facts.system.code_list(column.codes).values
    return f"coalesce(CAST(r.{name(column.name)} AS VARCHAR) NOT IN {texts(values)}, false)"


def _check(
    table: Table, what: str, title: str, *, row: str | None = None, violations: str | None = None
) -> Check:
    return Check(
        f"register.{table.name}.{what}",
        title,
        "",
        "policy",
        "critical",
        row=row,
        violations=violations,
        elements=rows(table.name) if row is None else None,
        over=f"{name(table.name)} AS r" if row else None,
    )
