"""No pattern of the whole table hides fewer cells: against one large integer programme."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.suppression.errors import CannotProtectError
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.table_system import join_tables
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.cutting_planes import minimise, secondary
from extracts.suppression.solver.secondary import protect, start_search
from extracts.suppression.solver.suppressor import suppress
from tests.examples import examples
from tests.unit.extracts.suppression.optimum import cheapest, fewest
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy()
PLAIN = SuppressionPolicy(singletons=False)
TOTALS = SuppressionPolicy(singletons=False, margin_weight=0.5)


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


def weights_of(table, policy):
    """A cell weighs 1; a total half a cell more for each dimension, and that of all five more."""
    margins = np.array([sum(label == "TOTAL" for label in x) for x in table.labels()])
    return 1 + policy.margin_weight * np.where(margins == len(table.dims), 10, margins)


@pytest.mark.parametrize(
    "policy", [PLAIN, POLICY, TOTALS], ids=["plain", "singletons", "totals weigh more"]
)
@examples(10)
@given(table=tables())
def test_the_pattern_is_as_small_as_any_can_be(policy, table):
    search = start_search(relations_of(table, 1), policy)
    weights, nowhere = weights_of(table, policy), np.zeros(table.size, bool)
    least = cheapest(table, weights, nowhere, singletons=policy.singletons)
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
    assert needed == secondary(search) == pytest.approx(least)


def test_the_total_of_a_small_register_is_hidden_for_fewer_cells_unless_totals_weigh_more():
    dims = [Dimension.flat("county", ["A", "B"]), Dimension.flat("sex", ["F", "M"])]
    table = from_leaves(dims, np.array([[3, 0], [0, 50]]))
    fewest, kept = (suppress(table, policy) for policy in (PLAIN, TOTALS))
    assert fewest.hidden[-1, -1]
    assert not kept.hidden[-1, -1]
    assert fewest.secondary.sum() < kept.secondary.sum()
    assert kept.weight == kept.needed == weights_of(table, TOTALS)[kept.secondary.ravel()].sum()


def test_the_grand_total_of_linked_and_earlier_tables_is_each_ones_own():
    county, sex = Dimension.flat("county", ["A", "B"]), Dimension.flat("sex", ["F", "M"])
    table = from_leaves([county, sex], np.array([[3, 11], [20, 12]]))
    other = from_leaves([county], table.counts[:2, 2])
    joined = join_tables(table, [other], [], 1, {})
    for one, at in zip(joined.tables, joined.variables, strict=True):
        grand = [set(labels) == {"TOTAL"} for labels in one.labels()]
        assert joined.relations.grand[at].tolist() == grand
    years = Dimension.flat("year", ["2024", "2025"], total=False)
    by_year = from_leaves([years, sex], np.array([[3, 11], [20, 12]]))
    assert np.flatnonzero(relations_of(by_year, 1).grand).tolist() == [2, 5]


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
