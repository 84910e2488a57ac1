"""Checks of a de-identified extract: no identifier at all, everything as coarse as the TOML says."""

from expectations.checks import Check
from expectations.context import DeidentifiedContext
from expectations.errors import ContextWrong
from expectations.kinds.facts import (
    Facts,
    code_check,
    columns_exact,
    content_scan,
    no_long_numbers,
    shape_check,
)
from expectations.kinds.identified import is_identifier, leaves
from expectations.kinds.scope import Named, date_order_checks, scope_checks
from expectations.sql import name, rows

REFERENCES = ("person_ref", "order_ref")
_RULE = "§ 962(h)"


def deidentified(facts: Facts, told: DeidentifiedContext) -> list[Check]:
    """Return the checks generated for this extract.

    Raises:
        ContextWrong: The project asks for a column that the system does not release.
    """
    release = facts.system.release.deidentified
    every = {o.name: o for o in release.columns if o.name not in REFERENCES}
    if told.columns is not None and not set(told.columns) <= every.keys() | set(REFERENCES):
        raise ContextWrong(suite="deidentified", facts=["columns"])
    asked = release.finest if told.columns is None else told.columns
    wanted = {c: o for c, o in every.items() if leaves(c, o, asked)}
    named: Named = {c: o for c, o in wanted.items() if c in facts.columns}
    checks: list[Check | None] = [
        columns_exact(facts, "deidentified", (*REFERENCES, *wanted), title="The extract has exactly the approved "
                      "columns", section=_RULE, basis="law"),
        _class_check(facts),
        _no_full_dates(facts, named),
        *(code_check(facts, "deidentified", c, o, told.coarser.get(c, ())) for c, o in named.items()),
        *(shape_check(facts, "deidentified", c, o) for c, o in named.items()),
        *date_order_checks(facts, "deidentified", release, named),
        *scope_checks("deidentified", release, named, told.families, (told.first_year, told.last_year)),
        *content_scan(facts, "deidentified", _scanned(facts), _RULE),
        no_long_numbers(facts, "deidentified", _RULE),
        _complete(facts, told),
    ]  # fmt: skip
    return [c for c in checks if c is not None]


def _class_check(facts: Facts) -> Check:
    """No column that shows an identifier, and no column named like one of the register's."""
    release = facts.system.release.deidentified
    described = {o.name: o for o in release.columns}
    known = {
        c.name for t in facts.system.tables for c in t.columns if c.identifier_class in {"D", "K"}
    }
    wrong = [
        c
        for c in facts.columns
        if (c in described and is_identifier(facts, described[c]))
        or (c not in described and c not in REFERENCES and c in known)
    ]
    return Check("deidentified.no_identifier", "No column holds a direct identifier or a key of the register", _RULE,
                 "law", "critical", violations=len(wrong), elements=len(facts.columns))  # fmt: skip


def _no_full_dates(facts: Facts, named: Named) -> Check | None:
    """No text is a date to the day, save in columns that the TOML releases to the day."""
    allowed = {c for c, o in named.items() if o.type == "date"}
    texts = [c for c in _scanned(facts) if c not in allowed]
    dates = [
        c
        for c, t in facts.columns.items()
        if t.startswith(("DATE", "TIMESTAMP")) and c not in allowed
    ]
    tests = [
        f"coalesce(regexp_matches(CAST(r.{name(c)} AS VARCHAR), '\\b\\d{{4}}-\\d{{2}}-\\d{{2}}\\b|\\b\\d{{1,2}}/\\d{{1,2}}/\\d{{4}}\\b'), false)"
        for c in texts
    ] + [f"r.{name(c)} IS NOT NULL" for c in dates]
    if not tests:
        return None
    return Check("deidentified.no_full_dates", "No date is given to the day, save where the system's rules say so",
                 _RULE, "law", "critical", row=" OR ".join(tests))  # fmt: skip


def _complete(facts: Facts, told: DeidentifiedContext) -> Check | None:
    if told.expected_rows is None:
        return None
    return Check(
        "deidentified.every_order_accounted",
        "Every person and order in scope is in the extract, and nothing else",
        "",
        "policy",
        "critical",
        violations=f"SELECT abs(n - {told.expected_rows}) FROM ({rows(facts.relation).replace('count(*)', 'count(*) AS n')})",
        elements=told.expected_rows,
    )


def _scanned(facts: Facts) -> list[str]:
    return [c for c in facts.text_columns() if c not in REFERENCES]
