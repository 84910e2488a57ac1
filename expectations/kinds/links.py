"""Links have the same columns for every system: all their checks stand in the suite's file."""

from expectations.checks import Check
from expectations.context import LinksContext
from expectations.kinds.facts import Facts, columns_exact

COLUMNS = ("cohort_id", "record_id", "match_weight", "match_probability", "decision")


def links(facts: Facts, told: LinksContext) -> list[Check]:
    """Return the check of the columns."""
    del told  # the fixed checks use it
    return [
        columns_exact(
            facts,
            "links",
            COLUMNS,
            title="The links have exactly the columns of the contract",
            section="",
            basis="policy",
        )
    ]
