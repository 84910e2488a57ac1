"""The de-identified extract of one release: made, suppressed where approved, measured, or refused."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from extracts import errors, identified, rows
from extracts.deidentified import (
    Attack,
    Counted,
    RiskLimit,
    RiskReport,
    build_deidentified,
    count_records,
    count_values,
    defend,
    lost_by_group,
    measure,
    propose,
    rounded,
    treat,
)
from pipelines.release.context import ReleaseContext


@dataclass(frozen=True)
class ReleaseRows:
    """Rows whose risk is within the limit (or that policy lets go with a warning).

    Attributes:
        extract: the rows.
        report: their risk.
        within: whether the limit is kept.
        suppressed: what local suppression took, none where it was not asked for.
        values: what became of each column's values, as whoever has the rows can count.
        withheld: rows that stay out, rounded: by policy, and as too rare; none where too few persons are behind them.
    """

    extract: identified.Extract
    report: RiskReport
    within: bool
    suppressed: Mapping[str, object] | None
    values: Mapping[str, Counted]
    withheld: Mapping[str, int | None]


def make_rows(context: ReleaseContext) -> ReleaseRows:
    """Make the rows of a de-identified release.

    Raises:
        RiskAboveLimit: the risk is above the project's limit; what would pass is kept beside the
            reports as ``proposals.json``.
    """
    approved = context.approved
    with context.snapshot.connect(context.threads) as con:

        def build(columns: tuple[str, ...]) -> identified.Extract:
            allowed = replace(approved.rows, columns=columns)
            return build_deidentified(con, approved.system, allowed, context.ids)

        made, limit = build(approved.columns), approved.row_limit
        plan = rows.plan_for(approved.system, "deidentified", approved.columns)
        taken, attacked = None, None
        if approved.suppress_locally:
            made, taken, attacked = _suppress(made, plan, limit, approved.keep)
        report = measure(made.table, plan, limit, attacked)
        exceeded = limit.exceeded(report)
        if exceeded and context.session.settings.disclosure.row_risk == "refuse":
            tried = propose(approved.system, build, approved.columns, limit, treat, approved.keep)
            passing = [one for one in tried if one.passes]
            context.keep_proposals([one.as_json() for one in passing])
            raise _refusal(report, exceeded, len(passing))
    threshold = context.session.settings.disclosure.threshold
    left = (taken or {}).get("rows_left_out", 0), (taken or {}).get("persons_left_out", 0)
    withheld = {
        "by_policy": rounded(
            made.counts[f"{plan.plural}_withheld"], made.counts["persons_withheld"], threshold
        ),
        "as_rare": rounded(*left, threshold),
    }
    values = count_values(made.table, plan, threshold)
    return ReleaseRows(made, report, not exceeded, taken, values, withheld)


def _suppress(
    made: identified.Extract, plan: rows.Plan, limit: RiskLimit, weights: Mapping[str, float]
) -> tuple[identified.Extract, Mapping[str, Any], Attack]:
    defended = defend(made.table, plan, limit, weights)
    done = defended.suppressed
    persons = made.persons - done.persons_left_out
    counts = {
        **made.counts,
        "rows": done.table.num_rows,
        "persons": persons,
        plan.plural: count_records(done.table, plan),
    }
    taken = {
        **done.as_json(),
        **defended.as_json(),
        "by_group": lost_by_group(made.table, done.table, plan),
    }
    return replace(made, table=done.table, persons=persons, counts=counts), taken, defended.attack


def _refusal(report: RiskReport, exceeded: tuple[str, ...], passing: int) -> errors.RiskAboveLimit:
    return errors.RiskAboveLimit(
        above=exceeded,
        persons=report.persons,
        below=report.history.below,
        k=report.history.smallest,
        proposals_that_pass=passing,
    )
