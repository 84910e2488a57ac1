"""Expected error rates after a review: what a reviewer settled is expected no longer, it is decided.

A reviewer's word is taken as right. Pairs left open keep their probability: as matches they would be missed.
"""

import pyarrow as pa

from matching.arrow import pc
from matching.reports.report import Rate

_PAIR = (
    "cohort_id",
    "match_weight",
    "match_probability",
)  # of a row and an identity, whatever its records


def rates_after_review(
    false: Rate, missed: Rate, links: pa.Table, settled: pa.Table
) -> tuple[Rate, Rate]:
    """The rates of false links and of missed matches of what is settled.

    Args:
        false: of the links before the review.
        missed: of the matches before the review.
        links: ``cohort_id, record_id, match_weight, match_probability, decision`` before the review.
        settled: the same after it: ``same`` is a link, ``different`` is gone.
    """
    before, after = (
        {name: _pairs(table, name) for name in ("link", "review")} for table in (links, settled)
    )
    decided = before["review"] - after["review"]
    expected = sum(p for _, _, p in decided)
    count = len(after["link"])
    wrong = false.of * false.expected
    right = count - wrong
    left = max(0.0, missed.of * missed.expected - expected)
    low = max(0.0, missed.of * missed.low - expected)
    high = max(left, missed.of * missed.high - expected)
    return (
        _rate(wrong, false.of * false.low, false.of * false.high, count),
        _rate(left, low, high, right + left),
    )


def _pairs(links: pa.Table, decision: str) -> set[tuple[str, float, float]]:
    chosen = links.filter(pc.equal(links["decision"], decision))
    return set(zip(*(chosen[name].to_pylist() for name in _PAIR), strict=True))


def _rate(expected: float, low: float, high: float, of: float) -> Rate:
    if of <= 0:
        return Rate(0.0, 0.0, 1.0, 0.0)
    share, least, most = (round(min(1.0, n / of), 6) for n in (expected, low, high))
    return Rate(share, least, most, round(of, 3))
