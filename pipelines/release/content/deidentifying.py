"""The de-identified extract of one release: made, suppressed where approved, measured, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from extracts.deidentified import (
    DeidentifiedSpec,
    RiskLimit,
    RiskReport,
    build_deidentified,
    count_records,
    propose,
    risk_report,
    suppress_locally,
)
from extracts.errors import RiskAboveLimit
from extracts.identified import Extract
from extracts.rows import plan_for

if TYPE_CHECKING:
    import duckdb

    from pipelines.release.context import Context


@dataclass(frozen=True)
class MadeRows:
    """Rows whose risk is within the limit (or that policy lets go with a warning).

    Attributes:
        extract: the rows.
        report: their risk.
        within: whether the limit is kept.
        suppressed: what local suppression took, none where it was not asked for.
    """

    extract: Extract
    report: RiskReport
    within: bool
    suppressed: Mapping[str, object] | None


def build(context: "Context") -> MadeRows:
    """Make the rows of a de-identified release.

    Raises:
        RiskAboveLimit: the risk is above the project's limit; what would pass is kept beside the
            reports as ``proposals.json``.
    """
    con = context.snapshot.connect(context.threads)
    try:
        made = _made(context, con, context.columns)
        limit = context.row_limit
        taken: Mapping[str, object] | None = None
        if context.suppress_locally:
            made, taken = _suppressed(context, made, limit.k)
        report = risk_report(
            made.table, made.quasi_identifiers, sensitive=made.sensitive, threshold=limit.k
        )
        exceeded = limit.exceeded(report)
        if exceeded and context.settings.disclosure.row_risk == "refuse":
            raise _refusal(context, con, report, limit, exceeded)
    finally:
        con.close()
    return MadeRows(made, report, not exceeded, taken)


def _made(
    context: "Context", con: "duckdb.DuckDBPyConnection", columns: tuple[str, ...]
) -> Extract:
    spec = DeidentifiedSpec(
        families=context.order_scope,
        years=context.years,
        released_anyway=context.released_anyway,
        columns=columns,
    )
    return build_deidentified(con, context.system, spec, context.ids)


def _suppressed(context: "Context", made: Extract, k: int) -> tuple[Extract, Mapping[str, object]]:
    plan = plan_for(context.system, "deidentified", context.columns)
    done = suppress_locally(made.table, plan.quasi_identifiers, plan.gives_way, k)
    persons = made.persons - done.persons_left_out
    counts = {
        **made.counts,
        "rows": done.table.num_rows,
        "persons": persons,
        plan.plural: count_records(done.table, plan),
    }
    return replace(made, table=done.table, persons=persons, counts=counts), done.as_json()


def _refusal(
    context: "Context",
    con: "duckdb.DuckDBPyConnection",
    report: RiskReport,
    limit: RiskLimit,
    exceeded: tuple[str, ...],
) -> RiskAboveLimit:
    tried = propose(
        context.system, lambda columns: _made(context, con, columns), context.columns, limit
    )
    passing = [one for one in tried if one.passes]
    context.keep_proposals([one.as_json() for one in passing])
    return RiskAboveLimit(
        above=exceeded,
        persons=report.persons,
        below=report.history.below,
        k=report.history.smallest,
        proposals_that_pass=len(passing),
    )
