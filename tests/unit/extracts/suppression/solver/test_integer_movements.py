"""Movements in whole orders: where the cheapest one moves parts of orders, a whole one is found beside it."""

from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.suppression.audit.auditing import HintCheck, audit_table
from extracts.suppression.audit.feasibility import Proofs
from extracts.suppression.audit.knowledge import gather
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.table_system import join_tables
from extracts.suppression.model.tables import Dimension, SuppressionPolicy, publish
from extracts.suppression.solver import witnesses
from extracts.suppression.solver.movements import IntegerMovementSolver
from extracts.suppression.solver.secondary import protect, start_search
from extracts.suppression.solver.suppressor import suppress
from extracts.suppression.solver.witnesses import (
    audit_hint,
    find_proofs,
    movements_by_label,
    persons_by_variable,
)
from tests.examples import examples
from tests.unit.extracts.suppression.tables import from_leaves


def table(shape, seed):
    chance = np.random.default_rng(seed)
    counts = chance.poisson(chance.gamma(0.6, 22, shape))
    people = np.where(counts > 0, np.maximum(1, chance.binomial(counts, 0.62)), 0)
    names = "abcd"[: len(shape)]
    dims = [
        Dimension.flat(n, [f"{n}{i}" for i in range(size)])
        for n, size in zip(names, shape, strict=True)
    ]
    return from_leaves(dims, counts, people)


def fractional(movement):
    return bool((np.abs(movement[1] - np.rint(movement[1])) > 1e-6).any())


@pytest.mark.parametrize(
    ("shape", "seed"),
    [
        pytest.param((5, 4, 3, 3), 1, marks=pytest.mark.long),
        pytest.param((5, 4, 3, 3), 5, marks=pytest.mark.long),
        ((7, 6, 3), 4),
    ],
)
def test_the_audit_has_nothing_to_search_where_the_cheapest_movements_move_parts_of_orders(
    shape, seed, monkeypatch
):
    monkeypatch.setattr(witnesses, "LARGE", 0)  # as in a table where a search takes minutes
    one, policy = table(shape, seed), SuppressionPolicy(clean=False)
    joined = join_tables(one, (), (), policy.least, {})
    search = start_search(
        joined.relations, policy, known=joined.known, hidden_before=joined.hidden_before
    )
    protect(search)
    assert any(map(fractional, search.witnesses.values()))  # else this shows nothing
    pattern = suppress(one, policy)
    assert pattern.report.holds
    assert pattern.report.programmes == 0


@pytest.mark.long
def test_where_no_proof_is_found_more_is_hidden_and_the_audit_has_the_last_word(monkeypatch):
    one, policy = table((7, 6, 3), 4), SuppressionPolicy(clean=False, singletons=False)
    before = suppress(one, policy)
    monkeypatch.setattr(witnesses, "LARGE", 0)
    monkeypatch.setattr(witnesses, "_NEAR", ())  # nothing is ever found
    after = suppress(one, policy)
    assert after.hidden.sum() > before.hidden.sum()
    assert audit_table(after.published()).holds


def test_tables_together_leave_their_proofs_to_the_audit(monkeypatch):
    fine, policy = table((6, 4), 3), SuppressionPolicy()
    earlier = [suppress(fine, policy).published()]
    coarse = from_leaves(fine.dims[:1], fine.counts[:6, :4].sum(axis=1), fine.people[:6, 4])
    unproven = suppress(coarse, policy, earlier)
    assert unproven.report.holds
    assert unproven.report.programmes  # the audit searched

    def never(*_):
        raise AssertionError

    monkeypatch.setattr(IntegerMovementSolver, "find", never)
    assert (suppress(coarse, policy, earlier).hidden == unproven.hidden).all()


def reachable(values, hidden, target, amount, caps=None, persons=0):
    """The plain way: every table of 2 x 2 x 2 that keeps the margins differs by one number.

    All of its movements are multiples of +1 and -1 in turn, so that trying them all is easy. All
    margins are published here: a cell has as many persons as its orders and the margins above it
    allow, and each margin needs as many persons as it has among its cells.
    """
    for step in range(-60, 61):
        moved = {p: step * (-1) ** sum(p) for p in product(range(2), repeat=3)}
        stays = all(moved[p] == 0 or p in hidden for p in moved)
        if not (
            stays and moved[target] == amount and all(values[p] + m >= 1 for p, m in moved.items())
        ):
            continue
        if caps is None or has_room(
            {p: values[p] + m for p, m in moved.items()}, hidden, target, caps, persons
        ):
            return True
    return False


def has_room(orders, hidden, target, caps, persons):
    shown, margins = caps
    people = {
        p: min([n, *(margins[m] for m in above(p))]) if p in hidden else shown[p]
        for p, n in orders.items()
    }
    enough = all(
        sum(people[p] for p in people if m in above(p)) >= needed for m, needed in margins.items()
    )
    return enough and people[target] >= persons


def above(cell):
    """The margins over one dimension above an inner cell; 1 + 1 = TOTAL stands at index 2."""
    return [tuple(2 if i == axis else at for i, at in enumerate(cell)) for axis in range(3)]


cubes = st.lists(st.integers(1, 30), min_size=8, max_size=8)


def cube_of(numbers, people, shown, cell):
    dims = [Dimension.flat(n, [f"{n}0", f"{n}1"]) for n in "abc"]
    shaped = None if people is None else np.array(people).reshape(2, 2, 2)
    one = from_leaves(dims, np.array(numbers).reshape(2, 2, 2), shaped)
    inner = list(product(range(2), repeat=3))
    cells = {p: int(np.ravel_multi_index(p, one.shape)) for p in inner}
    hidden = [p for i, p in enumerate(inner) if i not in shown or i == cell]
    return one, inner, cells, hidden


def check(relations, found, target, amount, may):
    moved = np.zeros(relations.values.size)
    moved[found[0]] = found[1]
    assert (moved == np.rint(moved)).all()
    assert moved[target] == amount
    assert np.abs(relations.matrix @ moved).max() == 0
    assert (relations.values + moved >= 1)[may].all()


@examples(60)
@given(
    cubes,
    st.sets(st.integers(0, 7), max_size=2),
    st.integers(0, 7),
    st.integers(-12, 12).filter(bool),
)
def test_a_whole_movement_is_found_exactly_where_there_is_one(numbers, shown, cell, amount):
    assume(numbers[cell] + amount >= 1)  # no goal asks for less
    one, inner, cells, hidden = cube_of(numbers, None, shown, cell)
    relations = relations_of(one, 1)
    may = np.array(sorted(cells[p] for p in hidden))
    found = IntegerMovementSolver(relations, None).find(cells[inner[cell]], float(amount), may, 0)
    values = dict(zip(inner, numbers, strict=True))
    assert (found is not None) == reachable(values, hidden, inner[cell], amount)
    if found is not None:
        check(relations, found, cells[inner[cell]], amount, may)


@examples(100)
@given(
    cubes,
    st.lists(st.floats(0.3, 1), min_size=8, max_size=8),
    st.sets(st.integers(0, 7), max_size=1),
    st.integers(0, 7),
    st.integers(-12, 12).filter(bool),
    st.sampled_from([0, 5, 10]),
)
def test_it_leaves_room_for_the_persons_that_are_published(
    numbers, shares, shown, cell, amount, persons
):
    assume(numbers[cell] + amount >= 1)
    people = [max(1, int(n * s)) for n, s in zip(numbers, shares, strict=True)]
    one, inner, cells, hidden = cube_of(numbers, people, shown, cell)
    relations = relations_of(one, 1)
    may = np.array(sorted(cells[p] for p in hidden))
    margins = {m: int(one.people[m]) for p in inner for m in above(p)}
    open_people = {p: int(one.people[p]) for p in inner}
    most = one.people.ravel().astype(float)
    for p in hidden:
        most[cells[p]] = min([int(one.counts[p]), *(margins[m] for m in above(p))])
    found = IntegerMovementSolver(relations, most).find(
        cells[inner[cell]], float(amount), may, persons
    )
    values = dict(zip(inner, numbers, strict=True))
    caps = (open_people, margins)
    assert (found is not None) == reachable(values, hidden, inner[cell], amount, caps, persons)
    if found is not None:
        check(relations, found, cells[inner[cell]], amount, may)


@pytest.mark.long
@examples(15)
@given(
    st.sampled_from([(5, 4, 3), (4, 3, 3, 2), (6, 5)]),
    st.integers(0, 10_000),
    st.sampled_from([0, 6]),
)
def test_the_audit_takes_every_movement_that_was_found_for_it(shape, seed, width):
    one, policy = table(shape, seed), SuppressionPolicy(clean=False)
    joined = join_tables(one, (), (), policy.least, {})
    search = start_search(
        joined.relations, policy, known=joined.known, hidden_before=joined.hidden_before
    )
    protect(search)
    shown = publish(one, search.hidden)
    hint = audit_hint(joined, search)
    proofs = Proofs(gather([shown], policy.zeros), hint)
    offer = HintCheck([shown], threshold=10, zeros=policy.zeros, hint=hint, protection_levels={})
    integer_movements = IntegerMovementSolver(
        joined.relations, persons_by_variable(joined, offer.people())
    )
    for cell in np.flatnonzero(search.primary)[::4].tolist():
        added = find_proofs(search, integer_movements, [cell], width)[
            :1
        ]  # the rest are reverses of it
        assert all(
            proofs.changed(change) is not None for change in movements_by_label(joined, added)
        )
