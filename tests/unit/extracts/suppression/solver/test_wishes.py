"""Cells that must stay open stay so, and what is cheap to hide is hidden first: against one integer programme."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.suppression.errors import CannotProtectError, CantStayOpenError
from extracts.suppression.model.table_system import join_tables
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.cutting_planes import minimise, secondary
from extracts.suppression.solver.secondary import protect, start_search
from extracts.suppression.solver.suppressor import suppress
from extracts.suppression.solver.wishes import Wishes
from tests.examples import examples
from tests.unit.extracts.suppression.optimum import cheapest
from tests.unit.extracts.suppression.solver.test_cutting_planes import tables
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(singletons=False)  # the rule that `cheapest` knows


@st.composite
def wished(draw):
    table = draw(tables())
    weights = draw(
        st.lists(st.sampled_from([0.5, 1.0, 2.0, 4.0]), min_size=table.size, max_size=table.size)
    )
    asked = draw(st.sets(st.integers(0, table.size - 1), max_size=4))
    stay_open = np.isin(np.arange(table.size), list(asked))
    return table, Wishes(stay_open, np.array(weights), {cell: cell + 1 for cell in asked})  # fmt: skip


def least_weight(table, wishes):
    """What the suppressor's secondary cells weigh, before the audit."""
    joined = join_tables(table, (), (), 1, {})
    wishes.hold_open(joined)
    search = start_search(joined.relations, POLICY)
    wishes.weigh(search, joined.variables[0])
    protect(search)
    assert minimise(search) <= secondary(search) + 1e-6
    assert not search.hidden[wishes.stay_open].any()
    return secondary(search)


@examples(15)
@given(case=wished())
def test_no_pattern_that_keeps_the_wishes_weighs_less(case):
    table, wishes = case
    best = cheapest(table, wishes.weights, wishes.stay_open)
    try:
        found = least_weight(table, wishes)
    except CannotProtectError:
        assert best is None
        return
    assert found == pytest.approx(best)


@examples(8)
@given(case=wished(), more=st.integers(0, 10**6))
def test_what_becomes_dearer_makes_no_pattern_cheaper(case, more):
    table, wishes = case
    cell = more % table.size
    dearer = wishes.weights.copy()
    dearer[cell] *= 4
    try:
        before = least_weight(table, wishes)
    except CannotProtectError:
        return
    after = least_weight(table, Wishes(wishes.stay_open, dearer))
    assert before - 1e-6 <= after <= before + 3 * wishes.weights[cell] + 1e-6


@examples(8)
@given(case=wished())
def test_what_must_be_published_is_or_is_refused_by_its_row(case):
    table, wishes = case
    small = (table.counts > 0) & (table.counts < POLICY.threshold)
    try:
        pattern = suppress(table, POLICY, wishes=wishes)
    except CannotProtectError:
        with pytest.raises(CannotProtectError):
            suppress(table, POLICY)  # with nothing asked there is no pattern, either
    except CantStayOpenError as error:
        rows = error.facts["rows"]
        assert rows
        assert {row - 1 for row in rows} <= set(np.flatnonzero(wishes.stay_open))
        asked = set(np.flatnonzero(wishes.stay_open & small.ravel()))
        assert asked <= {row - 1 for row in rows}
    else:
        assert not pattern.hidden.ravel()[wishes.stay_open].any()
        assert pattern.report.holds


def grid(values):
    dims = [Dimension.flat("a", [f"a{i}" for i in range(len(values))]),
            Dimension.flat("b", [f"b{i}" for i in range(len(values[0]))])]  # fmt: skip
    return from_leaves(dims, np.array(values))


@pytest.mark.parametrize("cheap", [("a1", "b1"), ("a2", "b2"), ("a1", "b2")])
def test_the_cheap_corner_is_taken(cheap):
    """One small cell, four ways to complete a rectangle: the one whose far corner costs least."""
    table = grid([[3, 50, 50], [50, 50, 50], [50, 50, 50]])
    at = list(table.labels()).index(cheap)
    weights = np.ones(table.size)
    weights[at] = 0.1
    pattern = suppress(table, POLICY, wishes=Wishes(np.zeros(table.size, bool), weights))
    hidden = {
        labels for labels, away in zip(table.labels(), pattern.hidden.ravel(), strict=True) if away
    }
    assert hidden == {("a0", "b0"), (cheap[0], "b0"), ("a0", cheap[1]), cheap}


def test_without_wishes_nothing_is_another_pattern():
    table = grid([[3, 50, 41], [20, 60, 70], [80, 9, 50]])
    nothing = Wishes(np.zeros(table.size, bool), np.ones(table.size))
    one, other = suppress(table, POLICY), suppress(table, POLICY, wishes=nothing)
    assert (one.hidden == other.hidden).all()
