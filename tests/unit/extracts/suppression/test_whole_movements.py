"""Movements in whole orders: where the cheapest one moves parts of orders, a whole one is found beside it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from extracts.suppression import (
    CellTable,
    Dimension,
    SuppressionPolicy,
    audit,
    suppress,
    suppressing,
)
from extracts.suppression.movement import Mover
from extracts.suppression.pattern import protect, start
from extracts.suppression.relations import relations
from extracts.suppression.stack import stacked


def table(shape, seed):
    chance = np.random.default_rng(seed)
    counts = chance.poisson(chance.gamma(0.6, 22, shape))
    people = np.where(counts > 0, np.maximum(1, chance.binomial(counts, 0.62)), 0)
    names = "abcd"[: len(shape)]
    dims = [
        Dimension.flat(n, [f"{n}{i}" for i in range(size)])
        for n, size in zip(names, shape, strict=True)
    ]
    return CellTable.from_leaves(dims, counts, people)


def fractional(movement):
    return bool((np.abs(movement[1] - np.rint(movement[1])) > 1e-6).any())


@pytest.mark.parametrize(("shape", "seed"), [((5, 4, 3, 3), 1), ((5, 4, 3, 3), 5), ((7, 6, 3), 4)])
def test_the_audit_has_nothing_to_search_where_the_cheapest_movements_move_parts_of_orders(
    shape, seed, monkeypatch
):
    monkeypatch.setattr(suppressing, "_LARGE", 0)  # as in a table where a search takes minutes
    one, policy = table(shape, seed), SuppressionPolicy(clean=False)
    stack = stacked(one, (), (), policy.least, {})
    search = start(stack.system, policy, known=stack.known, withheld=stack.withheld)
    protect(search)
    assert any(map(fractional, search.witnesses.values()))  # else this shows nothing
    pattern = suppress(one, policy)
    assert pattern.report.holds
    assert pattern.report.programmes == 0


def test_where_no_proof_is_found_more_is_hidden_and_the_audit_has_the_last_word(monkeypatch):
    one, policy = table((7, 6, 3), 4), SuppressionPolicy(clean=False)
    before = suppress(one, policy)
    monkeypatch.setattr(suppressing, "_LARGE", 0)
    monkeypatch.setattr(suppressing, "_NEAR", ())  # nothing is ever found
    after = suppress(one, policy)
    assert after.hidden.sum() > before.hidden.sum()
    assert audit(after.published()).holds


def reachable(values, hidden, target, amount):
    """The plain way: every table of 2 x 2 x 2 that keeps the margins differs by one number.

    All of its movements are multiples of +1 and -1 in turn, so that trying them all is easy.
    """
    for step in range(-60, 61):
        moved = {p: step * (-1) ** sum(p) for p in product(range(2), repeat=3)}
        stays = all(moved[p] == 0 or p in hidden for p in moved)
        if stays and moved[target] == amount and all(values[p] + m >= 1 for p, m in moved.items()):
            return True
    return False


@settings(max_examples=60)
@given(
    st.lists(st.integers(1, 30), min_size=8, max_size=8),
    st.sets(st.integers(0, 7), max_size=2),
    st.integers(0, 7),
    st.integers(-12, 12).filter(bool),
)
def test_a_whole_movement_is_found_exactly_where_there_is_one(numbers, shown, cell, amount):
    assume(numbers[cell] + amount >= 1)  # no goal asks for less
    values = dict(zip(product(range(2), repeat=3), numbers, strict=True))
    dims = [Dimension.flat(n, [f"{n}0", f"{n}1"]) for n in "abc"]
    one = CellTable.from_leaves(dims, np.array(numbers).reshape(2, 2, 2), None)
    system = relations(one, 1)
    inner = list(values)
    cells = {p: int(np.ravel_multi_index(p, one.shape)) for p in inner}
    hidden = [p for i, p in enumerate(inner) if i not in shown or i == cell]
    may = np.array(sorted(cells[p] for p in hidden))
    found = Mover(system).whole(cells[inner[cell]], float(amount), may, np.ones(len(may)))
    assert (found is not None) == reachable(values, hidden, inner[cell], amount)
    if found is not None:
        moved = np.zeros(system.values.size)
        moved[found[0]] = found[1]
        assert (moved == np.rint(moved)).all()
        assert moved[cells[inner[cell]]] == amount
        assert np.abs(system.matrix @ moved).max() == 0
        assert (system.values + moved >= 1)[may].all()
