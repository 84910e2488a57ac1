"""Checks of a table for publication: whole years, known codes, totals that add up, exact source.

Whether hidden cells can be uncovered is the audit's question, and its verdict a fact of the
context; here stands what can be seen in the table itself.
"""

from expectations.checks import Check
from expectations.context import AggregatedContext
from expectations.kinds.facts import Facts, columns_exact, groups_of, known_values
from expectations.sql import duplicates, is_full, texts
from systems.database import literal, quoted


def aggregated_checks(facts: Facts, context: AggregatedContext) -> list[Check]:
    """Return the checks on columns, dimensions, totals and, where given, the exact cells."""
    wanted = (*context.dims, context.orders, context.persons, "status")
    labels = tuple(
        c
        for c in facts.columns
        if c.removesuffix("_label") in context.dims and c not in context.dims
    )
    checks = [
        columns_exact(facts, "aggregated", (*wanted, *labels), title="The table has exactly the approved dimensions "
                      "and measures", section="§ 962(b)", basis="law"),
        Check("aggregated.cells_once", "Every cell stands in the table once", "", "policy", "critical",
              violations=duplicates(facts.relation, context.dims)),
        _grand_total(facts, context),
    ]  # fmt: skip
    checks += [_dimension(facts, context, d) for d in context.dims]
    checks += [_totals(facts, context, d) for d in context.dims]
    return checks + (_against_exact(facts, context) if context.cells else [])


def _grand_total(facts: Facts, context: AggregatedContext) -> Check:
    """Years stand apart (no total over them is asked for): each has one total over all the rest."""
    rest = [d for d in context.dims if d != facts.year_dimension]
    total = (
        " AND ".join(f"CAST({quoted(d)} AS VARCHAR) = {literal(context.total)}" for d in rest)
        or "true"
    )
    by_year = (
        f" GROUP BY {quoted(str(facts.year_dimension))}"
        if facts.year_dimension in context.dims
        else ""
    )
    lines = (
        f"SELECT count(*) FILTER (WHERE {total}) AS totals FROM {quoted(facts.relation)}{by_year}"
    )
    return Check(
        "aggregated.grand_total",
        "Every year has one total over everything else",
        "",
        "policy",
        "critical",
        violations=f"SELECT count(*) FROM ({lines}) WHERE totals <> 1",
        elements=f"SELECT count(*) FROM ({lines})",
    )


def _dimension(facts: Facts, context: AggregatedContext, dim: str) -> Check:
    column = f"CAST(r.{quoted(dim)} AS VARCHAR)"
    inner = f"{column} <> {literal(context.total)}"
    if dim == facts.year_dimension:
        last = min(context.last_year, context.last_full_year)
        fits = (
            f"{is_full(column, '[0-9]{4}')} AND TRY_CAST({column} AS INTEGER) "
            f"BETWEEN {context.first_year} AND {last}"
        )
        title = f"Only full calendar years from {context.first_year} to {last}"
        return Check(f"aggregated.{dim}_full_years", title, "§ 962(b)", "law", "critical",
                     row=f"coalesce({inner} AND NOT coalesce({fits}, false), true)")  # fmt: skip
    codes = known_values(facts, dim)
    known = f"{column} IN {texts([*codes, context.total])}" if codes else f"{column} IS NOT NULL"
    title = f"Every {dim} is in the code list" if codes else f"Every cell has a {dim}"
    return Check(
        f"aggregated.{dim}_known",
        title,
        "",
        "policy",
        "critical",
        row=f"NOT coalesce({known}, false)",
    )


def _totals(facts: Facts, context: AggregatedContext, dim: str) -> Check:
    """Where a total and all its parts are published, the orders add up (persons never need to)."""
    others = [d for d in context.dims if d != dim]
    group = f" GROUP BY {', '.join(quoted(d) for d in others)}" if others else ""
    is_total = f"CAST({quoted(dim)} AS VARCHAR) = {literal(context.total)}"
    groups = groups_of(facts, dim) or ("",)  # margins of their own: no parts of the total
    orders = quoted(context.orders)
    lines = (
        f"SELECT sum({orders}) FILTER (WHERE {is_total}) AS total, "
        f"sum({orders}) FILTER (WHERE NOT {is_total}) AS parts, "
        f"sum({quoted(context.persons)}) FILTER (WHERE NOT {is_total}) AS part_persons, "
        f"max({quoted(context.persons)}) FILTER (WHERE NOT {is_total}) AS most_persons, "
        f"max({quoted(context.persons)}) FILTER (WHERE {is_total}) AS total_persons, "
        "bool_and(status = 'published') AS whole, "
        f"count(*) FILTER (WHERE {is_total}) AS totals, count(*) AS lines "
        f"FROM {quoted(facts.relation)} WHERE CAST({quoted(dim)} AS VARCHAR) NOT IN {texts(groups)}{group}"
    )
    wrong = "total IS DISTINCT FROM parts OR total_persons > part_persons OR total_persons < most_persons"
    return Check(
        f"aggregated.{dim}_adds_up",
        f"Where every part is published, the parts add up to the total over {dim}",
        "",
        "policy",
        "critical",
        violations=f"SELECT count(*) FROM ({lines}) WHERE whole AND totals > 0 AND lines > totals AND ({wrong})",
        elements=f"SELECT count(*) FROM ({lines})",
    )


def _against_exact(facts: Facts, context: AggregatedContext) -> list[Check]:
    same = " AND ".join(
        f"CAST(t.{quoted(d)} AS VARCHAR) IS NOT DISTINCT FROM CAST(c.{quoted(d)} AS VARCHAR)"
        for d in context.dims
    )
    assert context.cells is not None
    pair = f"{quoted(facts.relation)} t LEFT JOIN {quoted(context.cells)} c ON {same}"
    published = "t.status = 'published'"
    year = facts.year_dimension
    if context.frozen_years and year in context.dims:
        listed = texts(str(y) for y in context.frozen_years)
        published += f" AND CAST(t.{quoted(str(year))} AS VARCHAR) NOT IN {listed}"
    orders, persons = quoted(context.orders), quoted(context.persons)
    count = f"SELECT count(*) FROM {quoted(facts.relation)} WHERE status = 'published'"
    return [
        Check("aggregated.values_exact", "Every published count is the one that was tabulated", "", "policy",
              "critical", elements=count,
              violations=f"SELECT count(*) FROM {pair} WHERE {published} AND (t.{orders} IS DISTINCT FROM "
              f"c.{orders} OR t.{persons} IS DISTINCT FROM c.{persons})"),
        _county_exempt(facts, context) if context.county_exempt else Check("aggregated.exact_threshold", f"Counted at the lower bound of the person index, no published cell "
              f"stands for 1 to {context.threshold - 1} persons", "§ 964(f)(2)", "policy", "critical", elements=count,
              violations=f"SELECT count(*) FROM {pair} WHERE {published} AND c.{persons} > 0 AND c.{persons} < {context.threshold}"),
        Check("aggregated.cells_complete", "Every tabulated cell is in the table", "", "policy", "critical",
              elements=f"SELECT count(*) FROM {quoted(context.cells)}",
              violations=f"SELECT count(*) FROM {quoted(context.cells)} c WHERE NOT EXISTS (SELECT 1 FROM "
              f"{quoted(facts.relation)} t WHERE {same})"),
    ]  # fmt: skip


def _county_exempt(facts: Facts, context: AggregatedContext) -> Check:
    """By policy county totals go out whatever they are: then nothing but counties and years is there."""
    year = facts.year_dimension
    stratified = sorted(set(context.dims) - {str(year), "county"})
    return Check(
        "aggregated.county_alone",
        "County totals are exempt from the threshold by policy: the table has counties and years alone",
        "§ 964(f)(2)",
        "policy",
        "critical",
        violations=len(stratified),
        elements=len(context.dims),
    )
