"""Checks of an identified extract: nothing personal but what the researcher supplied.

The supplied values are compared with the intake file's own, row by row; the register's columns may
hold nothing of class D or K, only codes, and only records inside the approval.
"""

from collections.abc import Iterator

from expectations.checks import Check
from expectations.context import IdentifiedContext
from expectations.errors import ContextWrong
from expectations.kinds import facts as shared
from expectations.sql import by_part, by_slice, duplicates, rows
from systems.database import quoted
from systems.description import NUMBERS, OutputColumn

_RULE = "§ 963(a)(3)(A)"


def identified_checks(facts: shared.Facts, context: IdentifiedContext) -> Iterator[Check]:
    """Yield the checks generated for this extract.

    Raises:
        ContextWrong: The project asks for a column that the system does not release.
    """
    release = facts.system.rows("identified")
    every = {o.name: o for o in release.columns}
    if context.columns is not None and not set(context.columns) <= every.keys():
        raise ContextWrong(suite="identified", facts=["columns"])
    asked = release.finest if context.columns is None else context.columns
    wanted = {c: o for c, o in every.items() if leaves(c, o, asked)}
    supplied = [f"supplied_{c}" for c in context.supplied_columns] if context.echo_supplied else []
    named: shared.Named = {c: o for c, o in wanted.items() if c in facts.columns}
    years = (context.first_year, context.last_year)
    # References are random and long, so they are left out.
    scanned = (c for c in facts.text_columns() if c in named and named[c].generalise != "reference")
    title = "The extract has exactly the approved columns"
    yield shared.columns_exact(
        facts, ("row_id", *supplied, "matched", *wanted), title, _RULE, "law"
    )
    identifiers = [c for c, o in named.items() if is_identifier(facts, o)]
    yield Check(
        "identified.no_register_identifier",
        "No column is one that the system describes as an identifier or a key",
        _RULE,
        "law",
        violations=len(identifiers),
        elements=len(named),
    )
    yield from _supplied(facts, context)
    yield from _matching(facts, named)
    yield from _against_inputs(facts, context)
    for column, output in named.items():
        yield from shared.code_check(facts, column, output)
    yield from shared.date_order_checks(facts, release, named)
    yield from shared.scope_checks(facts, release, named, context.families, years)
    yield from shared.content_scan(facts, scanned, _RULE)
    yield from shared.no_long_numbers(facts, _RULE)


def leaves(column: str, output: OutputColumn, approved: tuple[str, ...] | None) -> bool:
    """Say whether a column is expected: references always are, rows could not be told apart else."""
    return approved is None or column in approved or output.generalise == "reference"


def is_identifier(facts: shared.Facts, output: OutputColumn) -> bool:
    """Say whether a column would show a direct identifier or a key (not a reference made from one)."""
    made = output.generalise in {"reference", "present", "band"} or output.combine in NUMBERS
    return not made and facts.system.source(output.source).identifier_class in {"D", "K"}


def _supplied(facts: shared.Facts, context: IdentifiedContext) -> Iterator[Check]:
    """Join the extract's rows (r) with the intake file's (s), either kept alone.

    The suite's file has the same join, so that all checks over it are one pass.
    """
    left, right = (
        f"(SELECT * FROM {quoted(one)} WHERE {by_part('row_id')})"
        for one in (facts.relation, context.supplied)
    )
    for column in context.supplied_columns:
        echoed = f"supplied_{column}"
        if echoed in facts.columns:
            ours, theirs = f"r.{quoted(echoed)}", f"s.{quoted(column)}"
            given = f"r.row_id IS NOT NULL AND coalesce({ours}, {theirs}) IS NOT NULL"
            yield Check(
                f"identified.{echoed}_equal",
                f"Every supplied {column} is the intake file's own value for that row",
                _RULE,
                "law",
                row=f"CASE WHEN {given} THEN {ours} IS DISTINCT FROM {theirs} END",
                over=f"{left} AS r FULL JOIN {right} AS s ON r.row_id = s.row_id",
            )


def _matching(facts: shared.Facts, named: shared.Named) -> Iterator[Check]:
    record = facts.system.record
    if named:
        any_data = " OR ".join(f"r.{quoted(c)} IS NOT NULL" for c in named)
        yield Check(
            "identified.unmatched_empty",
            f"A row without a match carries no {record.noun} data",
            _RULE,
            "law",
            row=f"CASE WHEN r.matched <> 'yes' THEN {any_data} END",
        )
        yield Check(
            "identified.matched_filled",
            f"A matched row carries the data of {record.one}",
            row=f"CASE WHEN r.matched = 'yes' THEN NOT ({any_data}) END",
        )
    if references := [c for c, o in named.items() if o.generalise == "reference"]:
        yield Check(
            f"identified.{record.noun}_once",
            f"No {record.noun} stands twice under one row",
            violations=duplicates(facts.relation, ("row_id", *references), "matched = 'yes'"),
            elements=rows(facts.relation, "matched = 'yes'"),
        )


def _against_inputs(facts: shared.Facts, context: IdentifiedContext) -> Iterator[Check]:
    extract = f"SELECT row_id FROM {quoted(facts.relation)} WHERE matched ="
    if context.not_attempted:
        yield Check(
            "identified.untried_say_so",
            "A row that could not be tried, or whose doubtful pairs were left out, says so",
            violations=_without(
                f"SELECT row_id FROM {quoted(context.not_attempted)} WHERE {by_slice('row_id')}",
                f"{extract} 'not_attempted' AND {by_slice('row_id')}",
            ),
            elements=rows(context.not_attempted),
        )
    if context.linked:
        row_id = "CAST(cohort_id AS VARCHAR)"
        yield Check(
            "identified.matched_are_linked",
            "No row is matched without a link that holds",
            _RULE,
            "law",
            violations=_without(
                f"{extract} 'yes' AND {by_slice('row_id')}",
                f"SELECT {row_id} AS row_id FROM {quoted(context.linked)} WHERE {by_slice(row_id)}",
            ),
            elements=rows(facts.relation, "matched = 'yes'"),
        )


def _without(these: str, those: str) -> str:
    """Return a query for the rows of one query whose row_id is not among the other's."""
    return f"SELECT count(*) FROM ({these}) ANTI JOIN ({those}) USING (row_id)"
