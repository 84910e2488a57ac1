"""A bound on what a smaller pattern may cost: the same everywhere by work, or by the clock on request."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.cutting_planes import minimise, secondary
from extracts.suppression.solver.effort import Effort
from extracts.suppression.solver.neighbourhoods import search_neighbourhoods
from extracts.suppression.solver.secondary import protect, reaches, start_search
from extracts.suppression.solver.suppressor import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.tables import from_leaves


def four_dimensions(shape=(3, 3, 3, 2), seed=3):
    """Many short dimensions: what an integer programme finds hard."""
    chance = np.random.default_rng(seed)
    dims = [Dimension.flat(f"d{i}", [f"L{j}" for j in range(n)]) for i, n in enumerate(shape)]
    return from_leaves(dims, chance.choice([0, 3, 5, 8, 12, 16, 20, 28, 35], shape))


@pytest.mark.long
def test_a_hard_table_ends_by_work_near_the_best_that_is_known_and_says_how_far_from_the_bound():
    table = four_dimensions()
    pattern = suppress(table, SuppressionPolicy())
    again = suppress(table, SuppressionPolicy())
    assert (pattern.hidden == again.hidden).all()
    assert pattern.programmes < 5_000
    first = suppress(table, SuppressionPolicy(clean=False))
    assert pattern.secondary.sum() <= 0.9 * first.secondary.sum()
    assert 0 < pattern.needed < pattern.secondary.sum()


@pytest.mark.long
def test_seconds_end_it_with_the_best_so_far():
    table = four_dimensions()
    begun = time.monotonic()
    pattern = suppress(table, SuppressionPolicy(seconds=1.0, clean_programmes=10**9))
    assert pattern.report.holds
    assert time.monotonic() - begun < 20  # protecting and the audit are not what is bounded


def test_no_time_at_all_still_protects():
    table = four_dimensions((3, 3, 3))
    pattern = suppress(table, SuppressionPolicy(seconds=0.0))
    plain = suppress(table, SuppressionPolicy(clean=False))
    assert pattern.report.holds
    assert (pattern.hidden == plain.hidden).all()


@pytest.mark.long
@examples(8)
@given(seed=st.integers(0, 10_000))
def test_neighbourhoods_never_hide_more_and_reach_no_less_than_the_optimum(seed):
    search = start_search(
        relations_of(four_dimensions((3, 3, 2), seed), 1), SuppressionPolicy(clean_programmes=400)
    )
    protect(search)
    before = secondary(search)
    effort = Effort(lambda: search.movements.solved, search.movements.solved + 400)
    search_neighbourhoods(search, effort, 400, 0, np.random.default_rng(seed), None)
    assert secondary(search) <= before
    for goal in search.goals:
        cells, _ = search.witnesses[goal]
        assert search.hidden[cells].all()
        assert reaches(search, goal, search.witnesses[goal])
    found = secondary(search)
    assert minimise(search) <= found
