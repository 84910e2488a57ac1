"""No pattern of the whole table hides fewer cells: against one large integer programme."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.cutting_planes import minimise, secondary
from extracts.suppression.solver.secondary import protect, start_search
from extracts.suppression.solver.suppressor import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.optimum import fewest
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy()
PLAIN = SuppressionPolicy(singletons=False)


@st.composite
def tables(draw):
    sizes = draw(st.sampled_from([(3, 3), (3, 4), (2, 2, 2), (4, 4), (2, 2, 3)]))
    size = int(np.prod(sizes))
    values = draw(
        st.lists(st.sampled_from([0, 1, 3, 8, 11, 15, 30, 90]), min_size=size, max_size=size)
    )
    dims = [
        Dimension.flat("abc"[i], [f"{'abc'[i]}{j}" for j in range(n)]) for i, n in enumerate(sizes)
    ]
    return from_leaves(dims, np.array(values).reshape(sizes))


@pytest.mark.parametrize("policy", [PLAIN, POLICY], ids=["plain", "singletons"])
@examples(15)
@given(table=tables())
def test_the_pattern_is_as_small_as_any_can_be(policy, table):
    search = start_search(relations_of(table, 1), policy)
    least = fewest(table, singletons=policy.singletons)
    try:
        protect(search)
    except CannotProtectError:
        assert least is None
        return
    if least is None:  # those who are alone know a margin together: kept from each of them instead
        apart = [goal.cell for goal in search.goals if goal.loose is not None]
        assert len(apart) > len(set(apart))
        return
    needed = minimise(search)
    assert needed == secondary(search) == least


@examples(6)
@given(table=tables())
def test_the_audit_seldom_asks_for_more(table):
    """Whole numbers can cost cells beyond the bound of the linear rule, never many."""
    try:
        pattern = suppress(table, POLICY)
    except CannotProtectError:
        assume(False)
        raise
    assert pattern.needed <= pattern.secondary.sum() <= 1.2 * pattern.needed + 1


def test_a_region_between_county_and_state_is_part_of_the_optimum():
    leaves = [f"c{i}" for i in range(4)]
    dim = Dimension.tree("county", leaves, {c: f"r{i // 2}" for i, c in enumerate(leaves)})
    sex = Dimension.flat("sex", ["F", "M"])
    table = from_leaves([dim, sex], np.array([[3, 20], [40, 50], [60, 70], [4, 30]]))
    pattern = suppress(table, PLAIN)
    assert pattern.secondary.sum() == pattern.needed == fewest(table)


@pytest.mark.parametrize("budget", [0, 40, 5_000])
def test_any_budget_ends_with_a_pattern_that_protects(budget):
    chance = np.random.default_rng(5)
    dims = [Dimension.flat(n, [f"{n}{i}" for i in range(6)]) for n in "ab"]
    table = from_leaves(dims, chance.integers(0, 40, (6, 6)))
    pattern = suppress(table, SuppressionPolicy(clean_programmes=budget))
    assert pattern.report.holds
    assert pattern.needed <= pattern.secondary.sum()


def test_a_programme_that_was_stopped_once_is_asked_again():
    """The solver remembers that it was told to stop: the next programme of the same solver must not end at its first question."""
    dims = [Dimension.flat(name, [f"{name}0", f"{name}1"]) for name in "abc"]
    table = from_leaves(dims, np.array([[[3, 1], [0, 11]], [[1, 0], [11, 1]]]))
    search = start_search(relations_of(table, 1), POLICY)
    protect(search)
    assert minimise(search) == secondary(search) == 10
