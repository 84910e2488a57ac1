"""Suppressor and audit against a plain oracle: one integer programme over inner cells for each bound.

The oracle knows nothing of margins as variables, parts, windows or proofs: a margin is the sum of the
inner cells beneath it, each hidden cell is asked for its least and its largest value.
"""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.model.table_system import join_tables
from extracts.suppression.model.tables import Dimension, SuppressionPolicy, publish
from extracts.suppression.solver.secondary import needs, start_search
from extracts.suppression.solver.suppressor import suppress
from tests.examples import first_of
from tests.unit.extracts.suppression.tables import from_leaves

FLAT = {
    "1-D": (6,),
    "2-D": (4, 4),
    "3-D": (3, 2, 2),
    "4-D": (2, 2, 2, 2),
}
VALUES = {
    "dense": ([1, 3, 6, 9, 12, 18, 30, 90], None),
    "sparse": ([0, 0, 0, 2, 8, 25, 400], None),
    "large": ([0, 4, 9, 2_000, 700_000], None),
}


def made(shape, values, seed):
    chance = np.random.default_rng(seed)
    counts = chance.choice(values, shape)
    counts.flat[0] = 60  # never empty
    dims = [
        Dimension.flat("abcd"[i], [f"{'abcd'[i]}{j}" for j in range(n)])
        for i, n in enumerate(shape)
    ]
    return from_leaves(dims, counts)


def tree(seed):
    """Six counties in two regions under one TOTAL, by three kinds."""
    leaves = [f"c{i}" for i in range(6)]
    county = Dimension.tree("county", leaves, {c: f"r{i // 3}" for i, c in enumerate(leaves)})
    counts = np.random.default_rng(seed).choice([0, 2, 5, 9, 14, 40, 80], (6, 3))
    return from_leaves([county, Dimension.flat("kind", ["x", "y", "z"])], counts)


def intervals(table, hidden, least):
    """Least and largest whole value of each hidden cell, and whether anything fits at all."""
    spans = [d.spans for d in table.dims]
    sums = spans[0]
    for more in spans[1:]:
        sums = np.kron(sums, more)
    away = hidden.ravel()
    values = table.counts.ravel()
    shown = LinearConstraint(sums[~away], values[~away], values[~away])
    some = LinearConstraint(sums[away], least, np.inf)
    found = {}
    for number in np.flatnonzero(away):
        low, high = (
            milp(
                sign * sums[number],
                integrality=np.ones(sums.shape[1]),
                bounds=Bounds(0, 1e7),
                constraints=[shown, some],
            )
            for sign in (1, -1)
        )
        assert low.status == high.status == 0
        found[number] = round(low.fun), round(-high.fun)
    return found


def check(table, zeros, *, clean=True):
    policy = SuppressionPolicy(zeros=zeros, clean=clean)
    pattern = suppress(table, policy)
    relations = join_tables(table, (), (), policy.least, {}).relations
    wanted = start_search(relations, policy)
    possible = intervals(table, pattern.hidden, policy.least)
    for number, (low, high) in possible.items():
        assert low < high
        assert high >= policy.threshold
        if wanted.primary[number]:
            for _, step, _ in needs(relations, policy, number):
                goal = table.counts.ravel()[number] + step
                assert low <= goal <= high
    report = audit_table(pattern.published(), zeros=zeros, intervals=True)
    labels = list(table.labels())
    for number, (low, high) in possible.items():
        bounds = report.bounds[labels[number]]
        assert bounds.low == low
        assert (bounds.high if bounds.high is not None else 10**7) >= min(high, 10**7)


@pytest.mark.long
@pytest.mark.parametrize("zeros", ["published", "hidden"])
@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("shape", first_of(FLAT, 2))
def test_every_small_cell_reaches_from_its_floor_to_the_threshold(shape, values, zeros):
    check(made(FLAT[shape], VALUES[values][0], seed=5), zeros, clean=shape == "2-D")


@pytest.mark.parametrize("seed", first_of(range(3)))
def test_so_it_is_under_a_hierarchy(seed):
    check(tree(seed), "published")


@pytest.mark.parametrize("shape", FLAT)
def test_the_audit_gets_back_what_the_programmes_get_back(shape):
    table = made(FLAT[shape], VALUES["dense"][0], seed=11)
    naive = (table.counts > 0) & (table.counts < 10)
    report = audit_table(publish(table, naive))
    fallen = {(f.labels, f.how) for f in report.falls}
    labels = list(table.labels())
    wanted = set()
    for number, (low, high) in intervals(table, naive, 1).items():
        wanted |= {(labels[number], "exact")} if low == high else set()
        wanted |= {(labels[number], "below")} if high < 10 else set()
    assert fallen == wanted
