"""Expected error rates after a review: by hand, and that what is decided is expected no longer."""

import pyarrow as pa
import pytest

from matching.reports import Rate, rates_after_review

# row, record, weight, probability, decision; the two records of r0 are one identity
LINKS = [("r0", 1, 20.0, 0.99, "link"), ("r0", 2, 20.0, 0.99, "link"), ("r1", 3, 15.0, 0.95, "link"),
         ("r2", 4, 5.0, 0.6, "review"), ("r3", 5, 4.0, 0.5, "review"), ("r4", 6, 3.0, 0.4, "review")]  # fmt: skip
FALSE = Rate(0.03, 0.0, 0.2, 2.0)  # of 2 links 0.06 are expected to be false
MISSED = Rate(0.45, 0.2, 0.6, 3.6)  # of 3.6 matches 1.62: the three in review, and 0.12 unseen


def table(rows):
    names = ("cohort_id", "record_id", "match_weight", "match_probability", "decision")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def test_what_a_reviewer_settled_is_decided():
    settled = [*LINKS[:3], (*LINKS[3][:4], "link"), LINKS[5]]  # same, different, unsure
    false, missed = rates_after_review(FALSE, MISSED, table(LINKS), table(settled))
    assert (false.of, false.expected) == (3, pytest.approx(0.06 / 3))
    left = 1.62 - 0.6 - 0.5  # the pair that is unsure, and what nobody saw
    assert missed.expected == pytest.approx(left / (3 - 0.06 + left), abs=1e-5)
    assert false.low <= false.expected <= false.high
    assert missed.low <= missed.expected <= missed.high


def test_without_a_decision_nothing_changes():
    false, missed = rates_after_review(FALSE, MISSED, table(LINKS), table(LINKS))
    assert (false.expected, false.high) == (FALSE.expected, FALSE.high)
    assert missed.expected == pytest.approx(MISSED.expected, abs=0.01)


def test_no_link_at_all():
    none = Rate(0.0, 0.0, 1.0, 0.0)
    empty = table(LINKS[:1]).slice(0, 0)
    assert rates_after_review(none, none, empty, empty) == (none, none)
