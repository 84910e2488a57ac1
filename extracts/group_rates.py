"""Rates by groups of people as published numbers: for whoever asks whether a linkage found some groups worse than others.

A rate gives away who is in it and who is not. So both are cells of a table that is protected and attacked as any that is
published; of a group of which either is hidden no rate stands. What stands is in whole percent.
"""

from collections.abc import Mapping

import numpy as np

from extracts.suppression import TOTAL, CellTable, Dimension, Job, SuppressionPolicy, suppress_all

Outcomes = Mapping[str, tuple[int, int]]  # group → persons who are in the rate, and who are not
_IN, _OUT = "in", "out"


def protected_rates(groups: Outcomes, policy: SuppressionPolicy) -> dict[str, int | None]:
    """Return group → percent, ``TOTAL`` for all together; none where fewer than the policy's persons would show.

    Zero persons are as few as any: a rate of 0 or 100 % stands nowhere. All together are known from elsewhere, other groupings of the
    same persons for one: where they would have to be hidden, nothing stands.

    Raises:
        CodedError: see ``extracts.suppression.suppress_all``; nothing may stand then.
    """
    labels = tuple(groups)
    leaves = np.array([groups[label] for label in labels], np.int64).reshape(len(labels), 2)
    rows = np.vstack([leaves, leaves.sum(axis=0)])
    counts = np.hstack([rows, rows.sum(axis=1, keepdims=True)])
    table = CellTable(
        (Dimension.flat("group", labels), Dimension.flat("outcome", (_IN, _OUT))), counts
    )
    (pattern,) = suppress_all([Job(table, policy)], workers=1)
    shown = {
        place: int(count)
        for place, away, count in zip(
            table.labels(), pattern.hidden.ravel(), counts.ravel(), strict=True
        )
        if not away and pattern.report.holds
    }
    if any((TOTAL, one) not in shown for one in (_IN, _OUT, TOTAL)):
        shown = {}
    return {
        label: round(100 * shown[label, _IN] / shown[label, TOTAL])
        if all((label, one) in shown for one in (_IN, _OUT, TOTAL))
        else None
        for label in (*labels, TOTAL)
    }
