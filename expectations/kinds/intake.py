"""Checks of a cohort file: can its rows be used, and do its numbers look like what they claim.

A file without any usable identifier stops; a bad value keeps its row and is a warning.
"""

from collections.abc import Iterator

from expectations.checks import Check
from expectations.context import IntakeContext, LinksContext
from expectations.kinds.facts import Facts, columns_exact
from expectations.sql import is_full, texts
from systems.database import quoted
from systems.dates import birth_date_sql

# Standard column -> (what it must look like, words). Shapes are wide on purpose: other states'
# licences differ, and researchers write numbers in their own ways.
_SHAPES: dict[str, tuple[str, str]] = {
    "ssn": (r"\d{9}|\d{3}[- ]\d{2}[- ]\d{4}", "social security number"),
    "driver_license": (r"[A-Za-z0-9][A-Za-z0-9 *-]{3,19}", "driver's licence number"),
    "phone": (r"[+]?1?[ .-]?\(?\d{3}\)?[ .-]?\d{3}[ .-]?\d{4}", "telephone number"),
    "zip": (r"\d{5}(-?\d{4})?", "ZIP code"),
    "dl_state": (r"[A-Za-z]{2}", "state of a licence"),
    "sex": (r"(?i)m|f|x|u|male|female|nonbinary|unknown", "sex"),
}
_OLDEST = 120  # years; nobody in a cohort is older


def intake_checks(facts: Facts, context: IntakeContext) -> Iterator[Check]:
    """Yield the checks for the standard columns that the file has."""
    yield _identifiable(facts)
    for column, (pattern, words) in _SHAPES.items():
        if column in facts.columns:
            fits = is_full(f"trim(r.{quoted(column)})", pattern)
            yield _warning(
                f"{column}_shape",
                f"Every {words} has the shape of one",
                row=f"CASE WHEN {_filled(column)} THEN NOT {fits} END",
            )
    if "birth_date" in facts.columns:
        yield from _birth_date(context)
    # By a hash of all values: of ten million rows two that differ share one once in 400,000 files.
    if content := ", ".join(quoted(c) for c in facts.columns if c != context.id_column):
        yield _warning(
            "rows_differ",
            "No two rows say the same under different ids",
            violations="SELECT coalesce(sum(n - 1), 0)::BIGINT FROM (SELECT count(*) AS n FROM "
            f"{quoted(facts.relation)} GROUP BY hash({content}) HAVING count(*) > 1)",
        )


def _identifiable(facts: Facts) -> Check:
    """At least one row must hold a name with a birth date, or a number of its own."""
    present = facts.columns.keys()
    ways = [_filled(c) for c in ("ssn", "driver_license") if c in present]
    if {"last_name", "birth_date"} <= present:
        ways.append(f"{_filled('last_name')} AND {_filled('birth_date')}")
    if {"first_name", "last_name"} <= present and present & {"street", "phone", "zip", "city"}:
        ways.append(f"{_filled('first_name')} AND {_filled('last_name')}")
    if "full_name" in present and present & {"birth_date", "street", "phone", "zip", "city"}:
        ways.append(_filled("full_name"))
    if not ways:
        return Check(
            "intake.rows_identifiable",
            "The file has columns that identify a person",
            "§ 963(a)(3)(A)",
            "law",
            violations=1,
            elements=1,
        )
    usable = " OR ".join(f"({w})" for w in ways)
    return _warning(
        "rows_identifiable",
        "Every row names a person: a name with a birth date or an address, a social security "
        "number or a licence",
        row=f"NOT coalesce({usable}, false)",
    )


def _birth_date(context: IntakeContext) -> Iterator[Check]:
    parsed = birth_date_sql("r.birth_date")
    today = f"DATE '{context.on.isoformat()}'"
    yield _warning(
        "birth_date_parses",
        "Every birth date reads as a date",
        row=f"CASE WHEN {_filled('birth_date')} THEN {parsed} IS NULL END",
    )
    yield _warning(
        "birth_date_plausible",
        f"No birth date lies in the future or more than {_OLDEST} years back",
        row=f"{parsed} > {today} OR {parsed} < {today} - INTERVAL {_OLDEST} YEAR",
    )


def _filled(column: str) -> str:
    return f"coalesce(trim(r.{quoted(column)}), '') <> ''"


def _warning(
    what: str, title: str, *, row: str | None = None, violations: str | None = None
) -> Check:
    return Check(f"intake.{what}", title, severity="warning", row=row, violations=violations)


# -- links: the same columns for every system; all other checks stand in the suite's file

_COLUMNS = ("cohort_id", "record_id", "match_weight", "match_probability", "decision")


def links_checks(facts: Facts, context: LinksContext) -> Iterator[Check]:
    """Yield the check of the columns, and of who may be matched where it is not those whose records these are."""
    yield columns_exact(facts, _COLUMNS, "The links have exactly the columns of the contract")
    if context.parties is not None:
        yield Check(
            "links.in_linked_role",
            "Every link ends at somebody in the role that the application names, at no child and on no confidential record",
            "§ 963(a)(3)(A)",
            violations=f"SELECT count(*) FROM {quoted(facts.relation)} l WHERE NOT EXISTS (SELECT 1 FROM "
            f"{quoted(context.parties)} p WHERE CAST(p.record_id AS VARCHAR) = CAST(l.record_id AS VARCHAR) "
            f"AND p.role IN {texts(context.roles)} AND NOT p.barred AND NOT p.flagged)",
        )
