"""Reruns on every fitting table: the tables are all of them, and no small cell is proven by what was published."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from extracts.suppression.audit.auditing import audit_table
from extracts.suppression.model.relations import relations_of
from extracts.suppression.model.tables import Dimension, SuppressionPolicy
from extracts.suppression.solver.reruns import Reruns, fitting
from extracts.suppression.solver.secondary import start_search
from extracts.suppression.solver.suppressor import choose, drawn, suppress
from tests.examples import examples
from tests.unit.extracts.suppression.optimum import equations
from tests.unit.extracts.suppression.tables import from_leaves

POLICY = SuppressionPolicy(secret=b"home" * 8)


def table_of(counts):
    counts = np.array(counts)
    dims = [Dimension.flat("abc"[i], [f"{i}{j}" for j in range(n)]) for i, n in enumerate(counts.shape)]  # fmt: skip
    return from_leaves(dims, counts)


@examples(60)
@given(
    counts=st.lists(st.integers(1, 5), min_size=6, max_size=6),
    hidden=st.lists(st.booleans(), min_size=12, max_size=12),
)
def test_the_fitting_tables_are_all_that_there_are(counts, hidden):
    table = table_of(np.reshape(counts, (2, 3)))
    away = np.array(hidden)
    matrix, values = equations(table), table.counts.ravel()
    inner = np.flatnonzero(away.reshape(3, 4)[:2, :3].ravel())
    found = fitting(relations_of(table, 1), away)
    assume(found is not None)
    for one in found:
        assert not np.abs(matrix @ one).any()
        assert (one[~away] == values[~away]).all()
    assert len(np.unique(found, axis=0)) == len(found)
    if len(inner) > 4:
        return
    chosen = np.array(list(product(range(1, 11), repeat=len(inner))))
    leaves = np.tile(counts, (len(chosen), 1))
    leaves[:, inner] = chosen
    whole = leaves.reshape(-1, 2, 3)
    whole = np.concatenate([whole, whole.sum(axis=1, keepdims=True)], axis=1)
    whole = np.concatenate([whole, whole.sum(axis=2, keepdims=True)], axis=2).reshape(-1, 12)
    fits = whole[(whole[:, ~away] == values[~away]).all(axis=1)]
    assert {tuple(one) for one in fits.tolist()} <= {tuple(one) for one in found.tolist()}


FALLEN = [
    [11, 9, 28],
    [14, 2, 11],
]  # B y is 1 to 10, and who is alone in A y of the last has other patterns


@pytest.mark.long
def test_a_pattern_that_reruns_would_prove_is_not_taken():
    table = table_of(FALLEN)
    start = start_search(relations_of(table, 1), POLICY)
    reruns = Reruns(start, drawn)
    plain = start_search(relations_of(table, 1), POLICY)
    drawn(plain, b"home" * 8)
    assert not reruns.withstands(plain.hidden)
    made = suppress(table, POLICY)
    assert (made.hidden >= made.primary).all()
    assert made.hidden.sum() > plain.hidden.sum()
    assert audit_table(made.published(), intervals=True).holds
    assert (suppress(table, POLICY).hidden == made.hidden).all()


@pytest.mark.long
@examples(4)
@given(y=st.integers(1, 9), number=st.integers(1, 200))
def test_every_table_that_the_draw_gives_a_taken_pattern_gets_it_from_the_whole_rule(y, number):
    """So that what is published rules out no more tables than the draw alone does."""
    table = table_of([[18 + y, 23 - y, 28], [58 - y, y, 40]])
    search = start_search(relations_of(table, 1), POLICY)
    reruns = Reruns(search, drawn)
    choose(search)
    tables = fitting(relations_of(table, 1), search.hidden)
    assert reruns.withstands(search.hidden)
    secret = number.to_bytes(32, "big")
    for values in tables[:6]:
        one = replace(relations_of(table, 1), values=values, people=values)
        policy = replace(POLICY, secret=secret)
        first, whole = start_search(one, policy), start_search(one, policy)
        drawn(first, secret)
        if (first.hidden == search.hidden).all():
            choose(whole)
            assert (whole.hidden == first.hidden).all()
