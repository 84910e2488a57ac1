"""Checks of a table for publication: whole years, known codes, totals that add up, exact source.

Whether hidden cells can be uncovered is the audit's question, and its verdict a fact of the
context; here stands what can be seen in the table itself.
"""

from collections.abc import Iterator

from expectations.checks import Check, Exemption
from expectations.context import AggregatedContext
from expectations.kinds.facts import Facts, columns_exact, known_values
from expectations.sql import duplicates, is_full, rows, texts
from systems.database import literal, quoted


def aggregated_checks(facts: Facts, context: AggregatedContext) -> Iterator[Check]:
    """Yield the checks on columns, dimensions, totals and, where given, the exact cells."""
    dims = context.dims
    labels = (c for c in facts.columns if c.removesuffix("_label") in dims and c not in dims)
    wanted = (*dims, context.orders, context.persons, "status", *labels)
    title = "The table has exactly the approved dimensions and measures"
    yield columns_exact(facts, wanted, title, "§ 962(b)", "law")
    yield Check(
        "aggregated.cells_once",
        "Every cell stands in the table once",
        violations=duplicates(facts.relation, dims),
    )
    yield _grand_total(facts, context)
    yield from (_dimension(facts, context, d) for d in dims)
    if not context.noise:  # each margin has noise of its own
        yield from (_totals(facts, context, d) for d in dims)
    if context.cells:
        yield from _against_exact(facts, context, context.cells)


_AS_BEFORE = "years that stand as they had been published before"


def _grand_total(facts: Facts, context: AggregatedContext) -> Check:
    """Years stand apart (no total over them is asked for): each has one total over all the rest."""
    year = facts.year_dimension
    rest = [d for d in context.dims if d != year]
    total = " AND ".join(_is_total(d, context) for d in rest) or "true"
    by_year = f" GROUP BY {quoted(str(year))}" if year in context.dims else ""
    lines = (
        f"SELECT count(*) FILTER (WHERE {total}) AS totals FROM {quoted(facts.relation)}{by_year}"
    )
    return Check(
        "aggregated.grand_total",
        "Every year has one total over everything else",
        violations=f"SELECT count(*) FROM ({lines}) WHERE totals <> 1",
        elements=f"SELECT count(*) FROM ({lines})",
    )


def _is_total(dim: str, context: AggregatedContext) -> str:
    return f"CAST({quoted(dim)} AS VARCHAR) = {literal(context.total)}"


def _dimension(facts: Facts, context: AggregatedContext, dim: str) -> Check:
    column = f"CAST(r.{quoted(dim)} AS VARCHAR)"
    if dim == facts.year_dimension:
        last = min(context.last_year, context.last_full_year)
        fits = (
            f"{is_full(column, '[0-9]{4}')} AND TRY_CAST({column} AS INTEGER) "
            f"BETWEEN {context.first_year} AND {last}"
        )
        inner = f"{column} <> {literal(context.total)}"
        return Check(
            f"aggregated.{dim}_full_years",
            f"Only full calendar years from {context.first_year} to {last}",
            "§ 962(b)",
            "law",
            row=f"coalesce({inner} AND NOT coalesce({fits}, false), true)",
        )
    codes, _ = known_values(facts, dim)
    known = f"{column} IN {texts([*codes, context.total])}" if codes else f"{column} IS NOT NULL"
    title = f"Every {dim} is in the code list" if codes else f"Every cell has a {dim}"
    return Check(f"aggregated.{dim}_known", title, row=f"NOT coalesce({known}, false)")


def _totals(facts: Facts, context: AggregatedContext, dim: str) -> Check:
    """Where a total and all its parts are published, the orders add up (persons never need to)."""
    others = [d for d in context.dims if d != dim]
    group = f" GROUP BY {', '.join(quoted(d) for d in others)}" if others else ""
    is_total = _is_total(dim, context)
    _, groups = known_values(facts, dim)  # margins of their own: no parts of the total
    orders, persons = quoted(context.orders), quoted(context.persons)
    lines = (
        f"SELECT sum({orders}) FILTER (WHERE {is_total}) AS total, "
        f"sum({orders}) FILTER (WHERE NOT {is_total}) AS parts, "
        f"sum({persons}) FILTER (WHERE NOT {is_total}) AS part_persons, "
        f"max({persons}) FILTER (WHERE NOT {is_total}) AS most_persons, "
        f"max({persons}) FILTER (WHERE {is_total}) AS total_persons, "
        "bool_and(status = 'published') AS whole, "
        f"count(*) FILTER (WHERE {is_total}) AS totals, count(*) AS lines "
        f"FROM {quoted(facts.relation)} WHERE CAST({quoted(dim)} AS VARCHAR) NOT IN {texts(groups or [''])}{group}"
    )
    wrong = "total IS DISTINCT FROM parts OR total_persons > part_persons OR total_persons < most_persons"
    sums = f"SELECT count(*) FROM ({lines}) WHERE whole AND totals > 0 AND lines > totals"
    return Check(
        f"aggregated.{dim}_adds_up",
        f"Where every part is published, the parts add up to the total over {dim}",
        violations=f"{sums} AND ({wrong})",
        elements=sums,
    )


def _against_exact(facts: Facts, context: AggregatedContext, cells: str) -> Iterator[Check]:
    same = " AND ".join(
        f"CAST(t.{quoted(d)} AS VARCHAR) IS NOT DISTINCT FROM CAST(c.{quoted(d)} AS VARCHAR)"
        for d in context.dims
    )
    pair = f"SELECT count(*) FROM {quoted(facts.relation)} t LEFT JOIN {quoted(cells)} c ON {same}"
    published = f"t.status = '{context.shown}'"
    exempt: tuple[Exemption, ...] = ()
    if context.frozen_years and facts.year_dimension in context.dims:
        listed = texts(str(y) for y in context.frozen_years)
        published += f" AND CAST(t.{quoted(str(facts.year_dimension))} AS VARCHAR) NOT IN {listed}"
        exempt = (Exemption(_AS_BEFORE, len(context.frozen_years)),)
    orders, persons = quoted(context.orders), quoted(context.persons)
    count = f"SELECT count(*) FROM {quoted(facts.relation)} t WHERE {published}"
    if context.noise:
        yield Check(
            "aggregated.values_near",
            f"Every count of persons is within {context.noise} of the one that was tabulated, and nought where that is",
            elements=count,
            violations=f"{pair} WHERE {published} AND coalesce(abs(t.{persons} - c.{persons}) > {context.noise} "
            f"OR c.{persons} = 0 AND t.{persons} <> 0, true)",
            exempt=exempt,
        )
    else:
        yield Check(
            "aggregated.values_exact",
            "Every published count is the one that was tabulated",
            elements=count,
            violations=f"{pair} WHERE {published} AND (t.{orders} IS DISTINCT FROM c.{orders} "
            f"OR t.{persons} IS DISTINCT FROM c.{persons})",
            exempt=exempt,
        )
    if context.noise:
        pass  # what is shown is held to the threshold by the suite; what was tabulated may be small
    elif context.county_exempt:
        # By policy county totals go out whatever they are: then nothing but counties and years is there.
        yield Check(
            "aggregated.county_alone",
            "County totals are exempt from the threshold by policy: the table has counties and years alone",
            "§ 964(f)(2)",
            violations=len(set(context.dims) - {str(facts.year_dimension), "county"}),
            elements=len(context.dims),
        )
    else:
        below = context.threshold
        yield Check(
            "aggregated.exact_threshold",
            "Counted at the lower bound of the person index, no published cell stands for 1 to "
            f"{below - 1} persons",
            "§ 964(f)(2)",
            elements=count,
            violations=f"{pair} WHERE {published} AND c.{persons} > 0 AND c.{persons} < {below}",
            exempt=exempt,
        )
    yield Check(
        "aggregated.cells_complete",
        "Every tabulated cell is in the table",
        elements=rows(cells),
        violations=f"SELECT count(*) FROM {quoted(cells)} c WHERE NOT EXISTS "
        f"(SELECT 1 FROM {quoted(facts.relation)} t WHERE {same})",
    )
