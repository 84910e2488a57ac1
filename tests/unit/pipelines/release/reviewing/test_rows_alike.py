"""Rows withheld because they look like one person: two people may tell them apart, in small groups alone."""

import pyarrow as pa
import pytest

from pipelines.release.errors import PairUnknown
from pipelines.release.orders import ReviewPolicy
from pipelines.release.reviewing import Said, decide, opened, released_rows, settle
from pipelines.release.stages.intake import has_rows_told_apart
from tests.unit.pipelines.release.reviewing.reviewing_home import PAIRS, RELEASE

ROWS = [("c4", "=1"), ("c5", "=1")]
WAIT = ReviewPolicy(second_share=0.0, alike_rows=3, alike="wait")


def apart(session, verdict="different", rows=ROWS):
    return decide(session, RELEASE, [Said(key, verdict) for key in rows])


def test_one_persons_word_keeps_them_withheld_and_two_let_them_be_looked_for(
    acting, context_of, events
):
    one, two = acting("rey-1"), acting("ann-1")
    apart(one)
    assert released_rows(context_of(one)) == set()
    assert not has_rows_told_apart(context_of(one))
    apart(two)
    assert released_rows(context_of(two)) == {"c4", "c5"}
    assert has_rows_told_apart(context_of(two))  # the cohort is taken in again when the run goes on
    told = events(one, "row_decided")
    assert [(e["decision"], e["look"], e["second"]) for e in told] == [
        ("different", "first", True), ("different", "first", True),
        ("different", "second", True), ("different", "second", True),
    ]  # fmt: skip


def test_where_two_differ_a_third_settles_it(acting, context_of):
    one, two, three = acting("rey-1"), acting("ann-1"), acting("max-1")
    apart(one)
    apart(two, "same")
    assert released_rows(context_of(two)) == set()
    apart(three, rows=ROWS[:1])
    assert released_rows(context_of(three)) == {"c4"}


def test_the_same_person_stays_withheld_on_one_word(acting):
    one = acting("rey-1")
    apart(one, "same")
    with opened(one, RELEASE) as table:
        assert {table.standing(key).task for key in ROWS} == {"settled"}


def test_a_large_group_is_nobodys_to_release(acting, context_of):
    """One name with many birth dates would make the register answer questions."""
    session = acting("rey-1")
    context = context_of(session)
    group = {"cohort_id": ["c1", "c2", "c4", "c5"], "group": [1] * 4, "probability": [0.99] * 4}
    context.staging.write("intake", "alike", pa.table(group))
    with pytest.raises(PairUnknown):
        apart(session)
    assert released_rows(context) == set()


def test_the_run_waits_for_them_where_the_order_says_so(acting, context_of):
    one, two = acting("rey-1", WAIT), acting("ann-1")
    decide(one, RELEASE, [Said((row, str(record)), "different") for row, record, _ in PAIRS])
    assert str(one.releases.show(RELEASE).status) == "waiting_review"
    assert (
        settle(context_of(one), wait=True).undecided,
        settle(context_of(one), wait=True).rows,
    ) == (0, 2)
    apart(one)
    apart(two)
    assert settle(context_of(two), wait=True).rows == 0
    assert str(one.releases.show(RELEASE).status) == "reviewed"
