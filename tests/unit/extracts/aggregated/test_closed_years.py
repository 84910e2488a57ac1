"""Late records: a closed year is revised only where nobody can subtract a small group out of it."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.aggregated.closed_years import (
    _discloses,
    closed_year,
    differences,
    newest,
    renewed,
)
from extracts.errors import HistoryUnreadableError
from extracts.suppression.audit import Fall
from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.tables import CellTable, Dimension, SuppressionPolicy, publish
from extracts.suppression.solver.suppressor import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.tables import from_leaves

TEN = SuppressionPolicy()
DIMS = (
    Dimension.flat("year", ["2024"], total=False),
    Dimension.flat("county", list("ABC")),
    Dimension.flat("family", ["CH", "DV", "GV"]),
)
WORKED = [[40, 50, 3], [60, 70, 30], [80, 90, 35]]  # docs/suppression.md; A·CH, A·GV, B·CH, B·GV go


def table(leaves, persons=None):
    people = None if persons is None else np.array([persons])
    return from_leaves(DIMS, np.array([leaves]), people)


def published(now, policy=TEN):
    return suppress(now, policy).published()


def late(*more, of=WORKED, persons=True):
    """The worked table with more orders: (row, column, orders, persons)."""
    leaves = np.array(of)
    people = leaves.copy()
    for row, column, orders, new in more:
        leaves[row, column] += orders
        people[row, column] += new
    return CellTable(DIMS, *(_margins(v) for v in (leaves, people if persons else leaves)))


def _margins(leaves):
    return table(leaves).counts


@pytest.fixture(scope="module")
def old():
    return published(CellTable(DIMS, _margins(WORKED), _margins(WORKED)))


def test_nothing_new_changes_nothing(old):
    found = closed_year([old], late(), TEN)
    assert (found.how, found.table, found.changes) == ("unchanged", old, ())


def test_fifty_new_orders_on_forty_persons_are_a_revision(old):
    found = closed_year([old], late((2, 1, 50, 40)), TEN)
    assert (found.how, found.reason) == ("revised", "none")
    shown = {r.labels: (r.count, r.persons) for r in found.table.rows}
    assert shown["2024", "C", "DV"] == (140, 130)
    assert shown["2024", "TOTAL", "TOTAL"] == (508, 498)
    assert shown["2024", "A", "GV"] == (None, None)
    assert found.report.holds
    assert {c.labels[1:]: c.more for c in found.changes} == dict.fromkeys(
        [("C", "DV"), ("C", "TOTAL"), ("TOTAL", "DV"), ("TOTAL", "TOTAL")], (50, 40)
    )


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (late((2, 1, 3, 3)), "small-group"),
        (late((2, 1, 30, 3)), "small-group"),  # thirty orders on three persons are a small group
        (late((2, 1, 30, 0)), "small-group"),  # thirty orders on persons who were there already
        (late((2, 1, 20, 20), (2, 0, 4, 4)), "small-group"),
        (late((2, 1, -20, -20)), "withdrawn"),
        (late((2, 1, 20, 20), (2, 0, -20, -20)), "withdrawn"),
        (late((0, 2, -3, -3)), "withdrawn"),
        # A·CH gained 16 orders of which neither its row (32) nor its column (28) says how many persons
        (late((0, 0, 16, 16), (0, 1, 16, 16), (2, 0, 12, 12)), "derivable"),
    ],
)
def test_a_change_that_shows_a_small_group_freezes_the_year(old, now, reason):
    found = closed_year([old], now, TEN)
    assert (found.how, found.reason, found.table) == ("frozen", reason, old)


def test_a_hidden_cell_that_took_a_margins_whole_change_has_its_persons(old):
    """A·CH gained 12: its row and its column say so, and of how many persons."""
    assert closed_year([old], late((0, 0, 12, 12)), TEN).how == "revised"
    assert closed_year([old], late((0, 0, 12, 9)), TEN).reason == "small-group"


@pytest.mark.parametrize(("low", "told"), [(20, False), (25, True)])
def test_a_hidden_margin_that_changed_as_a_published_part_has_its_persons(low, told):
    """A as a whole gained what its open cell DV did: whoever came there, came to A; all of A and the year are hidden."""
    before = CellTable(DIMS, _margins(WORKED), _margins(WORKED))
    hidden = np.zeros(before.counts.shape, bool)
    hidden[0, 0, [2, 3]] = hidden[0, 3, [2, 3]] = True
    shown = differences(publish(before, hidden), late((0, 1, 20, 20)))
    fall = Fall(("2024", "A", "TOTAL"), 0, "exact", "count", low, low)
    assert _discloses(fall, shown, TEN) is told


def test_a_hidden_remainder_of_six_is_derived(old):
    """Row A gains 16, its open cell DV gains 10: the two hidden cells gained 6 together."""
    found = closed_year([old], late((0, 1, 10, 10), (0, 0, 6, 6), (1, 2, 10, 10)), TEN)
    assert (found.how, found.reason) == ("frozen", "small-group")  # column CH shows the 6 at once
    more = late((0, 1, 10, 10), (0, 0, 3, 3), (0, 2, 3, 3), (1, 0, 10, 10), (1, 2, 10, 10))
    found = closed_year([old], more, TEN)
    assert (found.how, found.reason) == ("frozen", "derivable")


def test_what_policy_freezes_and_other_tables_freeze(old):
    now = late((2, 1, 50, 40))
    assert closed_year([old], now, TEN, revise=False).reason == "policy"
    assert closed_year([old], now, TEN, alone=False).reason == "other-table"


def test_a_pattern_that_no_longer_protects_freezes_the_year(old):
    """A higher threshold makes B·GV (30) small: the old pattern was not made for it."""
    found = closed_year([old], late((2, 1, 60, 60)), SuppressionPolicy(threshold=38))
    assert (found.how, found.reason) == ("frozen", "small-cell")
    open_year = late((2, 1, 60, 60))
    wider = publish(open_year, suppress(open_year, TEN).hidden)
    found = closed_year([wider], late((2, 1, 120, 120)), SuppressionPolicy(threshold=34))
    assert (found.how, found.reason) == ("frozen", "pattern")


def test_what_was_shown_twice_is_subtracted_twice(old):
    """Each step adds enough; a third table must add enough to both."""
    second = closed_year([old], late((2, 1, 50, 40)), TEN).table
    third = late((2, 1, 54, 44))
    assert closed_year([old], third, TEN).how == "revised"
    assert closed_year([old, second], third, TEN).reason == "small-group"
    assert closed_year([second, old], late((2, 1, 100, 90)), TEN).how == "revised"
    assert newest([second, old]) is second


def test_versions_that_contradict_the_rule_stop_everything(old):
    other = renewed(old, late((2, 1, 50, 40)))
    mixed = renewed(old, late((1, 1, 50, 40)))
    with pytest.raises(HistoryUnreadableError):
        newest([other, mixed])


# ------------------------------------------------------------------ against a plain oracle

SMALL = SuppressionPolicy(threshold=3, spread=2)
TWO = (
    Dimension.flat("year", ["2024"], total=False),
    Dimension.flat("a", ["a0", "a1", "a2"]),
    Dimension.flat("b", ["b0", "b1"]),
)
CAP = 10  # more than any hidden inner cell of these tables needs
MOST = 4  # hidden inner cells that are enumerated


def fits(shown, floor):
    """Every table of whole numbers, inner cells up to CAP, that fits: one row each, cells in order."""
    labels = [r.labels for r in shown]
    inner = [x for x in labels if "TOTAL" not in x]
    value = {r.labels: r.count for r in shown}
    hidden = [x for x in inner if value[x] is None]
    guesses = np.indices([CAP + 1 - floor] * len(hidden)).reshape(
        len(hidden), (CAP + 1 - floor) ** len(hidden)
    )
    guesses = guesses + floor
    cells = {x: value[x] for x in inner} | dict(zip(hidden, guesses, strict=True))
    whole = np.array(
        [
            np.broadcast_to(sum(v for y, v in cells.items() if lies(y, x)), guesses.shape[1:])
            for x in labels
        ]
    )
    known = np.array([-1 if value[x] is None else value[x] for x in labels])[:, None]
    return whole[:, ((known == -1) | (whole == known)).all(axis=0)].T


def lies(cell, margin):
    return all(m in (c, "TOTAL") for c, m in zip(cell, margin, strict=True))


def small_change(differences):
    """Whether a hidden difference is known, or known to be small, and not known to be none."""
    possible = fits(differences, 0)
    for place, row in enumerate(differences):
        values = set(possible[:, place].tolist())
        whole = {r.count for r in differences if lies(row.labels, r.labels)}
        known = len(values) == 1 and not values & whole  # else it has the persons of that margin
        if row.count is None and values != {0} and (known or max(values) < SMALL.threshold):
            return True
    return False


@examples(15, derandomize=True)
@given(
    st.lists(st.sampled_from([1, 2, 4, 5, 6]), min_size=6, max_size=6),
    st.lists(st.sampled_from([0, 0, 0, 0, 1, 3, 4]), min_size=6, max_size=6),
)
def test_the_rule_is_what_plain_enumeration_says(before, more):
    then = from_leaves(TWO, np.reshape(before, (1, 3, 2)))
    now = from_leaves(TWO, np.reshape(np.add(before, more), (1, 3, 2)))
    try:
        shown = suppress(then, SMALL).published()
    except CannotProtectError:
        return
    found = closed_year([shown], now, SMALL)
    true = dict(zip(now.labels(), map(int, now.counts.ravel()), strict=True))
    inner = [r for r in shown.rows if "TOTAL" not in r.labels]
    assume(sum(r.count is None for r in inner) <= MOST)
    open_cells = [r for r in shown.rows if r.count is not None]
    rows = [
        type(r)(r.labels, None if r.count is None else true[r.labels] - r.count) for r in shown.rows
    ]
    plain = [true[r.labels] - r.count for r in open_cells]
    if not any(plain):
        assert found.how == "unchanged"
    elif any(0 < d < SMALL.threshold for d in plain):
        assert found.reason == "small-group"
    elif small_change(rows):
        assert found.reason == "derivable"
    else:
        assert (found.how, found.reason) in {("revised", "none"), ("frozen", "pattern")}
    if found.how == "revised":
        attacked(shown, found.table)


def attacked(old, new):
    """Whoever has both tables: every old table that fits, with every change that leads to the new."""
    then, after = fits(old.rows, 1), fits(new.rows, 1)
    grown = (after[None, :, :] >= then[:, None, :]).all(axis=2)
    assert grown.any()
    possible = {0: then[grown.any(axis=1)], 1: after[grown.any(axis=0)]}
    for place, row in enumerate(new.rows):
        for tables in possible.values():
            if row.count is None:
                assert len(set(tables[:, place].tolist())) > 1
                assert tables[:, place].max() >= SMALL.threshold
