"""Scope of a release of rows: the years and the families of records that the project was approved for."""

from expectations.checks import Check, Severity
from expectations.kinds.facts import Facts
from expectations.sql import name, texts
from systems.description import OutputColumn, RowRelease

Named = dict[str, OutputColumn]  # column in the extract -> its description


def by_source(named: Named, source: str) -> list[str]:
    """Return the columns of the extract that are made from a source column."""
    return [
        c
        for c, o in named.items()
        if o.source == source and o.generalise in {"none", "month", "year"}
    ]


def scope_checks(
    facts: Facts,
    suite: str,
    release: RowRelease,
    named: Named,
    families: tuple[str, ...],
    years: tuple[int | None, int | None],
) -> list[Check]:
    """Return the checks that every record lies inside the approved families and years."""
    checks: list[Check] = []
    for column, output in named.items():
        if (output.source, output.attribute) == (release.scope.source, release.scope.attribute):
            value = f"CAST(r.{name(column)} AS VARCHAR)"
            checks.append(
                _check(suite, f"{column}_in_scope", "Every record belongs to a scope that the project was approved for",
                       "§ 964(a)", f"{value} NOT IN {texts(families)}")
            )  # fmt: skip
    first, last = years
    if first is None or last is None:
        return checks
    for column in by_source(named, release.year_source):
        outside = f"coalesce(TRY_CAST(left(CAST(r.{name(column)} AS VARCHAR), 4) AS INTEGER) NOT BETWEEN {first} AND {last}, true)"
        if facts.columns[column] == "DATE":
            outside = f"r.{name(column)} NOT BETWEEN DATE '{first}-01-01' AND DATE '{last}-12-31'"
        checks.append(
            _check(suite, f"{column}_in_years", f"Every record lies in the approved years, {first} to {last}",
                   "§ 964(b)", f"CASE WHEN r.{name(column)} IS NOT NULL THEN {outside} END")
        )  # fmt: skip
    return checks


def date_order_checks(facts: Facts, suite: str, release: RowRelease, named: Named) -> list[Check]:
    """Return the checks of dates: the orders that the TOML states, and service inside the order's life.

    A date order of the register's own table must hold, since ``register load`` refused what breaks it.
    Service and proofs come from other tables, kept by other people: there it is a warning.
    """
    checks: list[Check] = []
    dates = {c: o for c, o in named.items() if o.type in {"date", "month", "year"}}
    for before, first in dates.items():
        for after, second in dates.items():
            if _stated(facts, first, second):
                checks.append(_ordered(facts, suite, before, after, "critical"))
            elif first.source == release.year_source and first.table != second.table:
                checks.append(_ordered(facts, suite, before, after, "warning"))
    return checks


def _stated(facts: Facts, first: OutputColumn, second: OutputColumn) -> bool:
    orders = facts.system.table(first.table).date_orders if first.table == second.table else ()
    return any((o.before, o.after) == (first.column, second.column) for o in orders)


def _ordered(facts: Facts, suite: str, before: str, after: str, severity: Severity) -> Check:
    """Dates cut to different widths are compared as far as both go."""
    start, end = (f"CAST(r.{name(c)} AS VARCHAR)" for c in (before, after))
    width = f"least(length({start}), length({end}))"
    wrong = f"left({end}, {width}) < left({start}, {width})"
    if facts.columns[before] == facts.columns[after] == "DATE":  # ten times as fast
        wrong = f"r.{name(after)} < r.{name(before)}"
    return Check(
        f"{suite}.{after}_after_{before}",
        f"No {after} lies before the {before}",
        "",
        "policy",
        severity,
        row=wrong,
    )


def _check(suite: str, what: str, title: str, section: str, row: str) -> Check:
    return Check(f"{suite}.{what}", title, section, "law", "critical", row=row)
