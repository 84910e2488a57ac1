"""Checks of a de-identified extract: no identifier at all, everything as coarse as the TOML says."""

from collections.abc import Iterator, Mapping

from expectations.checks import Check, Exemption
from expectations.context import DeidentifiedContext
from expectations.errors import ContextWrong
from expectations.kinds import facts as shared
from expectations.kinds.identified import is_identifier, leaves
from expectations.sql import any_of, duplicates, texts
from systems.companions import RECORDED, STATUSES, statuses_of
from systems.database import quoted

_RULE = "§ 962(h)"
_FULL_DATE = r"'\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}/\d{4}\b'"


def deidentified_checks(facts: shared.Facts, context: DeidentifiedContext) -> Iterator[Check]:
    """Yield the checks generated for this extract.

    Raises:
        ContextWrong: The project asks for a column that the system does not release.
    """
    release = facts.system.rows("deidentified")
    references = [o.name for o in release.columns if o.generalise == "reference"]
    every = {o.name: o for o in release.columns if o.name not in references}
    if context.columns is not None and not set(context.columns) <= every.keys() | set(references):
        raise ContextWrong(suite="deidentified", facts=["columns"])
    asked = release.finest if context.columns is None else context.columns
    wanted = {c: o for c, o in every.items() if leaves(c, o, asked)}
    companions = statuses_of((*wanted, *facts.columns)) if context.emptied else {}
    companions = {c: of for c, of in companions.items() if of in wanted}
    named: shared.Named = {c: o for c, o in wanted.items() if c in facts.columns}
    years = (context.first_year, context.last_year)
    scanned = [c for c in facts.text_columns() if c not in references]
    title = "The extract has exactly the approved columns"
    yield shared.columns_exact(facts, (*references, *wanted, *companions), title, _RULE, "law")
    yield from _references(facts)
    yield _class_check(facts)
    yield from _no_full_dates(facts, named, scanned)
    for column, output in named.items():
        yield from shared.code_check(facts, column, output, context.coarser.get(column, ()))
    for column, output in named.items():
        yield from shared.shape_check(facts, column, output)
    yield from _companions(companions)
    yield from shared.date_order_checks(facts, release, named)
    yield from shared.scope_checks(facts, release, named, context.families, years)
    yield from shared.content_scan(facts, scanned, _RULE)
    yield from shared.no_long_numbers(facts, _RULE)
    yield from _losses(context)
    if context.expected_rows is not None:
        noun, expected = facts.system.record.noun, context.expected_rows
        yield Check(
            f"deidentified.every_{noun}_accounted",
            f"There are as many rows as pairs of person and {noun} in scope",
            violations=f"SELECT abs(count(*) - {expected}) FROM {quoted(facts.relation)}",
            elements=f"SELECT greatest(count(*), {expected}) FROM {quoted(facts.relation)}",
            exempt=tuple(Exemption(words, count) for words, count in context.left_out),
        )


def _companions(companions: Mapping[str, str]) -> Iterator[Check]:
    """A companion says one of three things of every cell, and the value is there exactly where it says so."""
    for companion, column in companions.items():
        status, value = f"r.{quoted(companion)}", f"r.{quoted(column)}"
        yield Check(
            f"deidentified.{companion}_known",
            f"Every {companion} is one of {', '.join(STATUSES)}",
            row=f"coalesce({status} NOT IN {texts(STATUSES)}, true)",
        )
        yield Check(
            f"deidentified.{companion}_true",
            f"{column} has a value exactly where {companion} says so",
            row=f"coalesce(({status} = '{RECORDED}') <> ({value} IS NOT NULL), true)",
        )


def _losses(context: DeidentifiedContext) -> Iterator[Check]:
    """What is empty for a whole sex or race says nothing of it, and may mislead about the others."""
    if context.losses:
        yield Check(
            "deidentified.no_group_without_a_column",
            "No sex or race of a thousand persons or more loses a column wholly",
            severity="warning",
            violations=sum(lost == 1 for lost in context.losses),
            elements=len(context.losses),
            audience="department",
        )


def _references(facts: shared.Facts) -> Iterator[Check]:
    """Every row carries its record's random reference, and stands for one person and one record."""
    noun, reference = facts.system.record.noun, facts.system.record.reference
    keys = ("person_ref", reference)
    if not set(keys) <= facts.columns.keys():
        return
    column = f"r.{quoted(reference)}"
    yield Check(
        f"deidentified.{reference}_present",
        f"Every row has a reference to its {noun}, in the form of a random one",
        _RULE,
        "law",
        row=f"coalesce(NOT regexp_full_match({column}, '[A-Za-z0-9_-]{{10,64}}') OR "
        f"regexp_full_match({column}, '[0-9]*'), true)",
    )
    yield Check(
        f"deidentified.one_row_per_person_{noun}",
        f"One person and one {noun} make one row",
        _RULE,
        violations=duplicates(facts.relation, keys),
    )


def _class_check(facts: shared.Facts) -> Check:
    """No column that shows an identifier, and no column named like one of the register's."""
    described = {o.name: o for o in facts.system.rows("deidentified").columns}
    known = {
        c.name for t in facts.system.tables for c in t.columns if c.identifier_class in {"D", "K"}
    }
    wrong = [
        is_identifier(facts, described[c]) if c in described else c in known for c in facts.columns
    ]
    title = "No column is one that the system describes as a direct identifier or a key"
    return Check(
        "deidentified.no_identifier",
        title,
        _RULE,
        "law",
        violations=sum(wrong),
        elements=len(wrong),
    )


def _no_full_dates(facts: shared.Facts, named: shared.Named, texts: list[str]) -> Iterator[Check]:
    """No text is a date to the day, save in columns that the TOML releases to the day."""
    allowed = {c for c, o in named.items() if o.type == "date"}
    tests = [
        f"regexp_matches(CAST(r.{quoted(c)} AS VARCHAR), {_FULL_DATE})"
        for c in texts
        if c not in allowed
    ] + [
        f"CASE WHEN r.{quoted(c)} IS NOT NULL THEN true END"
        for c, t in facts.columns.items()
        if t.startswith(("DATE", "TIMESTAMP")) and c not in allowed
    ]
    title = "No date is given to the day, save where the system's rules say so"
    if tests:
        yield Check("deidentified.no_full_dates", title, _RULE, "law", row=any_of(tests))
