"""Checks of an identified extract: nothing personal but what the researcher supplied.

The supplied values are compared with the intake file's own, row by row; the register's columns may
hold nothing of class D or K, only codes, and only records inside the approval.
"""

from expectations.checks import Check
from expectations.context import IdentifiedContext
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
)
from expectations.sql import by_slice, duplicates
from systems.database import quoted
from systems.description import OutputColumn

_RULE = "§ 963(a)(3)(A)"


def identified_checks(facts: Facts, context: IdentifiedContext) -> list[Check]:
    """Return the checks generated for this extract.

    Raises:
        ContextWrong: The project asks for a column that the system does not release.
    """
    release = facts.system.rows("identified")
    every = {o.name: o for o in release.columns}
    if context.columns is not None and not set(context.columns) <= every.keys():
        raise ContextWrong(suite="identified", facts=["columns"])
    wanted = {c: o for c, o in every.items() if leaves(c, o, context.columns)}
    supplied = [f"supplied_{c}" for c in context.supplied_columns] if context.echo_supplied else []
    named: Named = {c: o for c, o in wanted.items() if c in facts.columns}
    checks: list[Check | None] = [
        columns_exact(facts, "identified", ("row_id", *supplied, "matched", *wanted), title="The extract has exactly "
                      "the approved columns", section=_RULE, basis="law"),
        _class_check(facts, named),
        *(_supplied(facts, context, c) for c in context.supplied_columns if f"supplied_{c}" in facts.columns),
        *_matching(facts, context, named),
        *(code_check(facts, "identified", c, o) for c, o in named.items()),
        *date_order_checks(facts, "identified", release, named),
        *scope_checks(facts, "identified", release, named, context.families, (context.first_year, context.last_year)),
        *content_scan(facts, "identified", _scanned(facts, named), _RULE),
        no_long_numbers(facts, "identified", _RULE),
    ]  # fmt: skip
    return [c for c in checks if c is not None]


def leaves(column: str, output: OutputColumn, approved: tuple[str, ...] | None) -> bool:
    """Say whether a column is expected: references always are, rows could not be told apart else."""
    return approved is None or column in approved or output.generalise == "reference"


def _class_check(facts: Facts, named: Named) -> Check:
    """No column of the register's own direct identifiers or keys, whatever it is called."""
    wrong = [c for c, o in named.items() if is_identifier(facts, o)]
    return Check("identified.no_register_identifier", "No column holds an identifier or a key of the register", _RULE,
                 "law", "critical", violations=len(wrong), elements=len(named))  # fmt: skip


def is_identifier(facts: Facts, output: OutputColumn) -> bool:
    """Say whether a column would show a direct identifier or a key (not a reference made from one)."""
    shown = output.generalise not in {"reference", "present", "band"} and output.combine != "count"
    return shown and facts.system.source(output.source).identifier_class in {"D", "K"}


def beside_supplied(extract: str, supplied: str) -> str:
    """Return the join of the extract's rows (r) with the intake file's (s), either kept alone.

    The suite's file has it too, so that all checks over it are one pass.
    """
    left, right = (
        f"(SELECT * FROM {quoted(one)} WHERE {by_slice('row_id')})" for one in (extract, supplied)
    )
    return f"{left} AS r FULL JOIN {right} AS s ON r.row_id = s.row_id"


def _supplied(facts: Facts, context: IdentifiedContext, column: str) -> Check:
    return Check(
        f"identified.supplied_{column}_equal",
        f"Every supplied {column} is the intake file's own value for that row",
        _RULE,
        "law",
        "critical",
        row=f"CASE WHEN r.row_id IS NOT NULL THEN r.{quoted(f'supplied_{column}')} IS DISTINCT FROM s.{quoted(column)} END",
        over=beside_supplied(facts.relation, context.supplied),
    )


def _matching(facts: Facts, context: IdentifiedContext, named: Named) -> list[Check]:
    checks: list[Check] = []
    record = facts.system.record
    if named:
        any_data = " OR ".join(f"r.{quoted(c)} IS NOT NULL" for c in named)
        checks.append(
            Check(
                "identified.unmatched_empty",
                f"A row without a match carries no {record.noun} data",
                _RULE,
                "law",
                "critical",
                row=f"CASE WHEN r.matched <> 'yes' THEN {any_data} END",
            )
        )
        checks.append(
            Check(
                "identified.matched_filled",
                f"A matched row carries the data of {record.one}",
                "",
                "policy",
                "critical",
                row=f"CASE WHEN r.matched = 'yes' THEN NOT ({any_data}) END",
            )
        )
    references = [c for c, o in named.items() if o.generalise == "reference"]
    if references:
        keys = ("row_id", *references)
        checks.append(
            Check(
                f"identified.{record.noun}_once",
                f"No {record.noun} stands twice under one row",
                "",
                "policy",
                "critical",
                violations=duplicates(facts.relation, keys, "matched = 'yes'"),
            )
        )
    if context.not_attempted:
        checks.append(_untried(facts, context.not_attempted))
    if context.linked:
        checks.append(_linked(facts, context.linked))
    return checks


def _untried(facts: Facts, not_attempted: str) -> Check:
    return Check(
        "identified.untried_say_so",
        "A row that could not be tried says so",
        "",
        "policy",
        "critical",
        violations=_without(
            f"SELECT row_id FROM {quoted(not_attempted)} WHERE {by_slice('row_id')}",
            f"SELECT row_id FROM {quoted(facts.relation)} WHERE matched = 'not_attempted' AND {by_slice('row_id')}",
        ),
        elements=f"SELECT count(*) FROM {quoted(not_attempted)}",
    )


def _linked(facts: Facts, linked: str) -> Check:
    return Check(
        "identified.matched_are_linked",
        "No row is matched without a link that holds",
        _RULE,
        "law",
        "critical",
        violations=_without(
            f"SELECT row_id FROM {quoted(facts.relation)} WHERE matched = 'yes' AND {by_slice('row_id')}",
            f"SELECT CAST(cohort_id AS VARCHAR) AS row_id FROM {quoted(linked)} WHERE {by_slice('CAST(cohort_id AS VARCHAR)')}",
        ),
        elements=f"SELECT count(*) FROM {quoted(facts.relation)} WHERE matched = 'yes'",
    )


def _without(these: str, those: str) -> str:
    """Return a query for the rows of one query whose row_id is not among the other's."""
    return f"SELECT count(*) FROM ({these}) ANTI JOIN ({those}) USING (row_id)"


def _scanned(facts: Facts, named: Named) -> list[str]:
    """Text columns of the register's data; references are random and long, so they are left out."""
    return [c for c in facts.text_columns() if c in named and named[c].generalise != "reference"]
