"""Scope of a release of rows: the years and the families of orders that the project was approved for."""

from expectations.checks import Check
from expectations.sql import name, texts
from systems.releases import OutputColumn, RowRelease

Named = dict[str, OutputColumn]  # column in the extract -> its description


def by_source(named: Named, source: str) -> list[str]:
    """Return the columns of the extract that are made from a source column."""
    return [
        c
        for c, o in named.items()
        if o.source == source and o.generalise in {"none", "month", "year"}
    ]


def scope_checks(
    suite: str,
    release: RowRelease,
    named: Named,
    families: tuple[str, ...],
    years: tuple[int, int],
) -> list[Check]:
    """Return the checks that every order lies inside the approved families and years."""
    checks: list[Check] = []
    for column, output in named.items():
        if (output.source, output.attribute) == (release.scope.source, release.scope.attribute):
            value = f"CAST(r.{name(column)} AS VARCHAR)"
            checks.append(
                _check(suite, f"{column}_in_scope", "Every order belongs to a family that the project was approved for",
                       "§ 964(a)", f"{value} NOT IN {texts(families)}")
            )  # fmt: skip
    for column in by_source(named, release.year_source):
        year = f"TRY_CAST(left(CAST(r.{name(column)} AS VARCHAR), 4) AS INTEGER)"
        checks.append(
            _check(suite, f"{column}_in_years", f"Every order was issued in the approved years, {years[0]} to {years[1]}",
                   "§ 964(b)", f"CASE WHEN r.{name(column)} IS NOT NULL THEN "
                   f"coalesce({year} NOT BETWEEN {years[0]} AND {years[1]}, true) END")
        )  # fmt: skip
    return checks


def date_order_checks(suite: str, release: RowRelease, named: Named) -> list[Check]:
    """Return the checks of dates against the date of issue: expiry never, service hardly, before it."""
    issued = by_source(named, release.year_source)
    if not issued:
        return []
    first = issued[0]
    checks: list[Check] = []
    for column, output in named.items():
        if column in issued or output.type not in {"date", "month", "year"}:
            continue
        critical = output.column == "expiration_date"
        start, end = (f"CAST(r.{name(c)} AS VARCHAR)" for c in (first, column))
        width = f"least(length({start}), length({end}))"
        checks.append(
            Check(f"{suite}.{column}_after_issue", f"No {column} lies before the date of issue", "", "policy",
                  "critical" if critical else "warning", row=f"left({end}, {width}) < left({start}, {width})")
        )  # fmt: skip
    return checks


def _check(suite: str, what: str, title: str, section: str, row: str) -> Check:
    return Check(f"{suite}.{what}", title, section, "law", "critical", row=row)
