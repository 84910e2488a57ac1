"""Checks of a de-identified extract: no identifier at all, everything as coarse as the TOML says."""

from expectations.checks import Check
from expectations.context import DeidentifiedContext
from expectations.errors import ContextWrong
from expectations.kinds.facts import (
    Facts,
    Named,
    code_check,
    columns_exact,
    content_scan,
    date_order_checks,
    no_long_numbers,
    scope_checks,
    shape_check,
)
from expectations.kinds.identified import is_identifier, leaves
from expectations.sql import duplicates, rows
from systems.database import quoted

_RULE = "§ 962(h)"


def deidentified_checks(facts: Facts, context: DeidentifiedContext) -> list[Check]:
    """Return the checks generated for this extract.

    Raises:
        ContextWrong: The project asks for a column that the system does not release.
    """
    release = facts.system.rows("deidentified")
    references = references_of(facts)
    every = {o.name: o for o in release.columns if o.name not in references}
    if context.columns is not None and not set(context.columns) <= every.keys() | set(references):
        raise ContextWrong(suite="deidentified", facts=["columns"])
    asked = release.finest if context.columns is None else context.columns
    wanted = {c: o for c, o in every.items() if leaves(c, o, asked)}
    named: Named = {c: o for c, o in wanted.items() if c in facts.columns}
    checks: list[Check | None] = [
        columns_exact(facts, "deidentified", (*references, *wanted), title="The extract has exactly the approved "
                      "columns", section=_RULE, basis="law"),
        *_references(facts),
        _class_check(facts),
        _no_full_dates(facts, named),
        *(code_check(facts, "deidentified", c, o, context.coarser.get(c, ())) for c, o in named.items()),
        *(shape_check(facts, "deidentified", c, o) for c, o in named.items()),
        *date_order_checks(facts, "deidentified", release, named),
        *scope_checks(facts, "deidentified", release, named, context.families, (context.first_year, context.last_year)),
        *content_scan(facts, "deidentified", _scanned(facts), _RULE),
        no_long_numbers(facts, "deidentified", _RULE),
        _complete(facts, context),
    ]  # fmt: skip
    return [c for c in checks if c is not None]


def references_of(facts: Facts) -> tuple[str, ...]:
    """Return the columns of an extract that are research ids."""
    release = facts.system.rows("deidentified")
    return tuple(o.name for o in release.columns if o.generalise == "reference")


def _references(facts: Facts) -> list[Check]:
    """Every row carries its record's random reference, and stands for one person and one record."""
    noun, reference = facts.system.record.noun, facts.system.record.reference
    if not {"person_ref", reference} <= facts.columns.keys():
        return []
    column = quoted(reference)
    keys = ("person_ref", reference)
    return [
        Check(
            f"deidentified.{reference}_present",
            f"Every row carries a random reference to its {noun}",
            _RULE,
            "law",
            "critical",
            row=f"coalesce(NOT regexp_full_match(r.{column}, '[A-Za-z0-9_-]{{10,64}}') OR "
            f"regexp_full_match(r.{column}, '[0-9]*'), true)",
        ),
        Check(
            f"deidentified.one_row_per_person_{noun}",
            f"One person and one {noun} make one row",
            _RULE,
            "policy",
            "critical",
            violations=duplicates(facts.relation, keys),
        ),
    ]


def _class_check(facts: Facts) -> Check:
    """No column that shows an identifier, and no column named like one of the register's."""
    release = facts.system.rows("deidentified")
    described = {o.name: o for o in release.columns}
    known = {
        c.name for t in facts.system.tables for c in t.columns if c.identifier_class in {"D", "K"}
    }
    wrong = [
        c
        for c in facts.columns
        if (c in described and is_identifier(facts, described[c]))
        or (c not in described and c in known)
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
        f"coalesce(regexp_matches(CAST(r.{quoted(c)} AS VARCHAR), '\\b\\d{{4}}-\\d{{2}}-\\d{{2}}\\b|\\b\\d{{1,2}}/\\d{{1,2}}/\\d{{4}}\\b'), false)"
        for c in texts
    ] + [f"r.{quoted(c)} IS NOT NULL" for c in dates]
    if not tests:
        return None
    return Check("deidentified.no_full_dates", "No date is given to the day, save where the system's rules say so",
                 _RULE, "law", "critical", row=" OR ".join(tests))  # fmt: skip


def _complete(facts: Facts, context: DeidentifiedContext) -> Check | None:
    if context.expected_rows is None:
        return None
    return Check(
        f"deidentified.every_{facts.system.record.noun}_accounted",
        f"Every person and {facts.system.record.noun} in scope is in the extract, and nothing else",
        "",
        "policy",
        "critical",
        violations=f"SELECT abs(n - {context.expected_rows}) FROM ({rows(facts.relation).replace('count(*)', 'count(*) AS n')})",
        elements=context.expected_rows,
    )


def _scanned(facts: Facts) -> list[str]:
    return [c for c in facts.text_columns() if c not in references_of(facts)]
