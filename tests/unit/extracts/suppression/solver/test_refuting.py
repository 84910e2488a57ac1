"""What is proven of a pattern holds: it falls, and so does each later one that lacks what it lacks.

By an integer programme of the tests, which is exact: one table, and for each of its small cells a movement that leaves those
who are alone elsewhere where they are.
"""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.cutting_planes import patterns_by_cost
from extracts.suppression.solver.refuting import Refuting
from extracts.suppression.solver.reruns import Reruns
from extracts.suppression.solver.secondary import start_search
from extracts.suppression.solver.suppressor import choose
from tests.unit.extracts.suppression.optimum import equations
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(secret=b"\x11" * 32)
LARGE, FAR = 10, 300  # persons; no cell of these can become larger
# Without proofs half a dozen patterns are tried of one, 38 of another, and 200 of the last, before whole lines are hidden.
SEVERAL = [[32, 32, 0, 12, 4], [6, 3, 0, 5, 4], [98, 4, 1, 5, 5], [23, 9, 29, 2, 4]]
MANY = [[80, 20, 40, 5, 5], [2, 2, 40, 14, 14], [20, 5, 9, 14, 5], [5, 5, 2, 5, 0]]
TOO_MANY = [
    [14, 40, 5, 80, 5, 9, 40], [0, 5, 80, 5, 40, 20, 9], [5, 2, 14, 5, 14, 20, 2],
    [2, 20, 5, 80, 40, 40, 5], [5, 9, 0, 2, 40, 0, 5], [5, 9, 2, 0, 0, 20, 80],
]  # fmt: skip


def table_of(counts):
    dims = [Dimension.flat("ab"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(np.shape(counts))]  # fmt: skip
    return from_leaves(dims, np.array(counts))


def begun(table):
    return start_search(relations_of(table, 1), POLICY)


def small(table):
    return np.flatnonzero((table.counts.ravel() > 0) & (table.counts.ravel() < LARGE))


def lines_of(table, hidden):
    """The equations of the hidden cells, and what they add up to."""
    matrix, values = equations(table), table.counts.ravel().astype(float)
    return matrix[:, hidden], -matrix[:, ~hidden] @ values[~hidden]


def beneath(table):
    """The inner cells beneath each cell that hold somebody."""
    inner = np.array(table.counts)[:-1, :-1] > 0
    places = np.argwhere(inner)
    rows, columns = np.indices(table.counts.shape)
    down, right = (n - 1 for n in table.counts.shape)
    return [
        {(i, j) for i, j in places.tolist() if r in (i, down) and c in (j, right)}
        for r, c in zip(rows.ravel().tolist(), columns.ravel().tolist(), strict=True)
    ]


def may_be_large(table, hidden, cell):
    """Whether a fitting table in which a cell is large is protected by a pattern."""
    left, right = lines_of(table, hidden)
    cells, size = np.flatnonzero(hidden), int(hidden.sum())
    lowest = [
        linprog(np.eye(size)[k], A_eq=left, b_eq=right, bounds=[(1, FAR)] * size).fun
        for k in range(size)
    ]
    under = [beneath(table)[cell] for cell in cells]
    stuck = (
        np.array(lowest) > np.array([len(one) for one in under]) + 1e-6
    )  # those may not be small
    # the table, who is small, who is alone, and a movement's end for each cell
    width = 3 * size + size * size
    count, is_small, is_alone = (np.arange(size) + k * size for k in range(3))
    rows, low, high = [], [], []

    def line(entries, least, most):
        row = np.zeros(width)
        for at, by in entries:
            row[at] += by
        rows.append(row)
        low.append(least)
        high.append(most)

    for of in (count, *(3 * size + k * size + np.arange(size) for k in range(size))):
        for coefficients, value in zip(left, right, strict=True):
            line(zip(of, coefficients, strict=True), value, value)
    for k in range(size):
        line([(count[k], 1), (is_small[k], LARGE)], LARGE, np.inf)
        line([(count[k], 1), (is_small[k], FAR)], -np.inf, LARGE - 1 + FAR)
        line([(count[k], 1), (is_alone[k], 1)], 2, np.inf)
        line([(count[k], 1), (is_alone[k], FAR)], -np.inf, 1 + FAR)
        ends = 3 * size + k * size + np.arange(size)
        line([(ends[k], 1), (is_small[k], -LARGE)], 0, np.inf)
        for other in (o for o in range(size) if len(under[o] | under[k]) > 1):  # another person
            line([(ends[other], 1), (is_alone[other], FAR)], -np.inf, 1 + FAR)
    least, most = np.ones(width), np.full(width, float(FAR))
    least[size : 3 * size], most[size : 3 * size] = 0, 1
    most[is_small[stuck]] = 0
    least[count[cells == cell]] = LARGE
    whole = np.zeros(width)
    whole[: 3 * size] = 1
    found = milp(
        np.zeros(width),
        integrality=whole,
        bounds=Bounds(least, most),
        constraints=LinearConstraint(np.array(rows), low, high),
    )
    assert found.status in (0, 2)
    return found.status == 0


def falls(table, hidden):
    return not all(may_be_large(table, hidden, cell) for cell in small(table))


@pytest.mark.long
def test_what_is_proven_to_fall_does_and_so_does_what_lacks_the_same():
    table = table_of(MANY)
    why, cuts, proven = Refuting(begun(table)), [], 0
    for one in islice(patterns_by_cost(begun(table)), 9):
        lacks = any(cut.weights[one.hidden[cut.cells]].sum() < cut.need - 1e-6 for cut in cuts)
        found = why.lacking(one.hidden)
        if lacks or found:
            assert falls(table, one.hidden)
            proven += lacks
        cuts += found
    assert proven > 3
    assert all(not one.hidden[cut.cells].all() for cut in cuts)


@pytest.mark.long
def test_nothing_is_proven_that_does_not_hold():
    """One cell at a time of many tables, whatever is hidden: no pattern with such a proof, or that lacks what it says, has a protected table."""
    chance = np.random.default_rng(2)
    proven = lacked = 0
    for _ in range(300):
        shape = ((3, 3), (3, 4), (4, 4))[int(chance.integers(3))]
        table = table_of(chance.choice([0, 1, 2, 3, 5, 8, 9, 11, 20], shape))
        of, small_ones = np.arange(table.size), small(table)
        if not len(small_ones):
            continue
        cell = int(chance.choice(small_ones))
        some = chance.random(table.size) < chance.choice([0.1, 0.2, 0.3])
        search = begun(table)
        hidden = search.primary | (some & search.relations.free)
        search.primary = of == cell
        cuts = Refuting(search).lacking(hidden)
        proven += bool(cuts)
        assert not cuts or not may_be_large(table, hidden, cell)
        for _ in range(6 if cuts else 0):
            more = chance.random(table.size) < chance.choice([0.05, 0.1, 0.2])
            other = hidden | (more & search.relations.free)
            if any(cut.weights[other[cut.cells]].sum() < cut.need - 1e-6 for cut in cuts):
                lacked += 1
                assert not may_be_large(table, other, cell)
    assert proven > 20
    assert lacked > 80


@pytest.fixture
def tried(monkeypatch):
    """Patterns whose reruns are looked at."""
    found, withstands = [], Reruns.withstands
    monkeypatch.setattr(Reruns, "withstands", lambda self, one: found.append(one) or withstands(self, one))  # fmt: skip
    return found


@pytest.mark.long
def test_the_pattern_is_the_one_that_is_found_by_trying(monkeypatch, tried):
    table = table_of(SEVERAL)
    search = begun(table)
    choose(search)
    few = len(tried)
    monkeypatch.setattr(Refuting, "lacking", lambda *_: [])
    plain = begun(table)
    choose(plain)
    assert (plain.hidden == search.hidden).all()
    assert len(tried) - few > few


@pytest.mark.long
def test_where_hundreds_fall_for_one_reason_the_first_that_does_not_is_found(tried):
    table = table_of(TOO_MANY)
    search = begun(table)
    choose(search)
    assert len(tried) < 10
    assert search.hidden.sum() < 30
    assert all(may_be_large(table, search.hidden, cell) for cell in small(table))


def test_where_nobody_is_known_to_be_alone_nothing_is_proven():
    table = table_of(MANY)
    for other in (replace(POLICY, singletons=False), replace(POLICY, zeros="hidden")):
        one = start_search(relations_of(table, other.least), other)
        assert Refuting(one).lacking(one.relations.free & one.primary) == []
